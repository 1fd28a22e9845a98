#include "sbox_extension.h"

#include <stdlib.h>
#include <string.h>

static const char *const statuses[SBOX_STATUSES] = {
    "Enabled", "Disabled", "Frozen", "NotActivated", "Unassigned",
};

static const char *const types[] = {
    "User",
    "Department",
    "Announcement",
    "Voicemail",
    "DigitalUser",
    "VirtualUser",
    "FaxUser",
    "PagingOnly",
    "SharedLinesGroup",
    "DelegatedLinesGroup",
    "GroupCallPickup",
    "IvrMenu",
    "ApplicationExtension",
    "ProxyAdmin",
    "RoomConnector",
    "ParkLocation",
    "Limited",
    "Bot",
    "Site",
    "Room",
    "FlexibleUser",
    "TieLine",
    "Unknown",
};

static const char *const user_types[] = {"User",    "DigitalUser",  "VirtualUser",
                                         "FaxUser", "FlexibleUser", "Limited"};

static const char *find(const char *const *names, apr_size_t n, const char *name)
{
    apr_size_t i;

    for (i = 0; name && i < n; i++) {
        if (!strcmp(names[i], name)) {
            return names[i];
        }
    }
    return NULL;
}

const char *sbox_status_name(sbox_status_t status)
{
    return statuses[status];
}

sbox_status_t sbox_status_find(const char *name)
{
    int i = 0;

    while (i < SBOX_STATUSES && (!name || strcmp(statuses[i], name))) {
        i++;
    }
    return i;
}

const char *sbox_type_find(const char *name)
{
    return find(types, sizeof(types) / sizeof(types[0]), name);
}

int sbox_type_is_user(const char *type)
{
    return find(user_types, sizeof(user_types) / sizeof(user_types[0]), type) != NULL;
}

sbox_extension_t *sbox_extension_new(apr_int64_t id, const char *type)
{
    sbox_extension_t *e = calloc(1, sizeof(*e));

    if (!e) {
        abort();
    }
    e->id = id;
    e->type = type;
    e->roles = json_array();
    return e;
}

static char *copied(const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy) {
        abort();
    }
    return copy;
}

void sbox_extension_set(sbox_extension_t *e, sbox_text_t slot, const char *text)
{
    char *copy = copied(text);

    free(e->text[slot]);
    e->text[slot] = copy;
}

sbox_extension_t *sbox_extension_copy(const sbox_extension_t *e)
{
    sbox_extension_t *copy = sbox_extension_new(e->id, e->type);
    int i;

    json_decref(copy->roles);
    *copy = *e;
    copy->number = copied(e->number);
    copy->email_key = NULL;
    copy->same_email = copy->next = copy->previous = NULL;
    for (i = 0; i < SBOX_TEXTS; i++) {
        copy->text[i] = copied(e->text[i]);
    }
    copy->references = json_deep_copy(e->references);
    copy->custom_fields = json_deep_copy(e->custom_fields);
    copy->roles = json_deep_copy(e->roles);
    copy->queues = json_deep_copy(e->queues);
    copy->members = json_deep_copy(e->members);
    return copy;
}

void sbox_extension_free(sbox_extension_t *e)
{
    int i;

    if (!e) {
        return;
    }
    for (i = 0; i < SBOX_TEXTS; i++) {
        free(e->text[i]);
    }
    free(e->number);
    free(e->email_key);
    json_decref(e->references);
    json_decref(e->custom_fields);
    json_decref(e->roles);
    json_decref(e->queues);
    json_decref(e->members);
    free(e);
}
