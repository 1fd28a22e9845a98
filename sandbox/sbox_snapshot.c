#include "sbox_snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_time.h"
#include "sbox_field.h"
#include "sbox_queue.h"

static json_t *id_json(apr_int64_t id)
{
    return json_integer((json_int_t)id);
}

static json_t *number_json(const sbox_number_t *number)
{
    return json_pack("{s:o, s:s, s:s, s:o, s:o}", "id", id_json(number->id),
                     "phoneNumber", number->phone, "usageType", number->usage,
                     "extensionId", id_json(number->extension), "deviceId",
                     id_json(number->device));
}

static json_t *numbers_of(const sbox_extension_t *e)
{
    json_t *list = json_array();
    const sbox_number_t *number;

    for (number = e->numbers; number; number = number->same_extension) {
        json_array_append_new(list, number_json(number));
    }
    return list;
}

static json_t *extension_json(const sbox_extension_t *e)
{
    json_t *to =
        json_pack("{s:o, s:s, s:s, s:I, s:b, s:b}", "id", id_json(e->id), "type",
                  e->type, "status", sbox_status_name(e->status), "created",
                  (json_int_t)e->created, "hidden", e->hidden, "admin", e->admin);
    int i, n;
    const sbox_field_t *fields = sbox_field_all(&n);

    for (i = 0; i < n; i++) {
        if (e->text[fields[i].slot]) {
            base_json_set_at(to, fields[i].path, json_string(e->text[fields[i].slot]));
        }
    }
    base_json_set_at(to, "contact.emailAsLoginName", json_boolean(e->email_as_login));
    if (e->number) {
        json_object_set_new(to, "extensionNumber", json_string(e->number));
    }
    json_object_set(to, "references", e->references);
    json_object_set(to, "customFields", e->custom_fields);
    json_object_set(to, "roles", e->roles);
    json_object_set(to, "queues", e->queues);
    json_object_set_new(to, "phoneNumbers", numbers_of(e));
    return to;
}

json_t *sbox_snapshot_extensions(const sbox_account_t *account, apr_table_t *query)
{
    const char *id = query ? apr_table_get(query, "id") : NULL;
    const char *number = query ? apr_table_get(query, "extensionNumber") : NULL;
    const char *email = query ? apr_table_get(query, "email") : NULL;
    json_t *list = json_array();
    const sbox_extension_t *e = id ? sbox_account_extension(account, apr_atoi64(id))
                                : number ? sbox_account_by_number(account, number)
                                         : account->first;

    for (; e; e = id || number ? NULL : e->next) {
        const char *its = e->text[SBOX_T_EMAIL];

        if ((!number || (e->number && !strcmp(number, e->number))) &&
            (!email || (its && !strcasecmp(email, its)))) {
            json_array_append_new(list, extension_json(e));
        }
    }
    return list;
}

json_t *sbox_snapshot_json(const sbox_account_t *account)
{
    json_t *numbers = json_array();
    const sbox_number_t *number;

    for (number = account->first_number; number; number = number->next) {
        json_array_append_new(numbers, number_json(number));
    }
    return json_pack(
        "{s:I, s:I, s:i, s:I, s:s, s:O, s:O, s:O, s:o, s:o}", "accountId",
        (json_int_t)account->id, "nextId", (json_int_t)account->next_id, "nextNumber",
        account->next_number, "nextPhone", (json_int_t)account->next_phone,
        "defaultRole", account->default_role, "sites", account->sites, "roles",
        account->roles, "customFieldDefinitions", account->custom_fields, "extensions",
        sbox_snapshot_extensions(account, NULL), "numbers", numbers);
}

static json_t *array_copy(const json_t *from, const char *name)
{
    json_t *list = json_object_get(from, name);

    return json_is_array(list) && json_array_size(list) ? json_deep_copy(list) : NULL;
}

static sbox_extension_t *load_extension(const json_t *from)
{
    const char *type = sbox_type_find(base_json_string(from, "type"));
    sbox_status_t status = sbox_status_find(base_json_string(from, "status"));
    json_int_t id = base_json_int(from, "id", 0);
    const char *number = base_json_string(from, "extensionNumber");
    json_t *roles = array_copy(from, "roles");
    sbox_extension_t *e;
    int i, n;
    const sbox_field_t *fields = sbox_field_all(&n);

    if (!type || status == SBOX_STATUSES || id <= 0) {
        json_decref(roles);
        return NULL;
    }
    e = sbox_extension_new(id, type);
    e->status = status;
    e->created = base_json_int(from, "created", 0);
    e->hidden = base_json_true(from, "hidden");
    e->admin = base_json_true(from, "admin");
    e->email_as_login = base_json_true(from, "contact.emailAsLoginName");
    e->number = number ? strdup(number) : NULL;
    for (i = 0; i < n; i++) {
        sbox_extension_set(e, fields[i].slot, base_json_string(from, fields[i].path));
    }
    e->references = array_copy(from, "references");
    e->custom_fields = array_copy(from, "customFields");
    if (roles) {
        json_decref(e->roles);
        e->roles = roles;
    }
    return e;
}

static void load_numbers(sbox_account_t *account, const json_t *numbers)
{
    json_t *one;
    size_t i;

    json_array_foreach(numbers, i, one)
    {
        const char *usage = sbox_usage_find(base_json_string(one, "usageType"));
        const char *phone = base_json_string(one, "phoneNumber");
        sbox_number_t *number;

        if (!usage || !phone) {
            continue;
        }
        number =
            sbox_number_add(account, usage, base_json_int(one, "extensionId", 0), 0);
        apr_hash_set(account->number_by_id, &number->id, sizeof(number->id), NULL);
        number->id = base_json_int(one, "id", number->id);
        apr_hash_set(account->number_by_id, &number->id, sizeof(number->id), number);
        number->device = base_json_int(one, "deviceId", 0);
        apr_cpystrn(number->phone, phone, sizeof(number->phone));
    }
}

static void load_queues(sbox_account_t *account, const json_t *extensions)
{
    json_t *one, *id;
    size_t i, j;

    json_array_foreach(extensions, i, one)
    {
        json_array_foreach(json_object_get(one, "queues"), j, id)
        {
            const char *text = json_string_value(id);
            sbox_extension_t *member =
                sbox_account_extension(account, base_json_int(one, "id", 0));
            sbox_extension_t *queue =
                text ? sbox_account_extension(account, apr_atoi64(text)) : NULL;

            if (member && queue) {
                sbox_queue_join(queue, member);
            }
        }
    }
}

static void replace_list(json_t **slot, const json_t *document, const char *name)
{
    json_t *copy = array_copy(document, name);

    if (copy) {
        json_decref(*slot);
        *slot = copy;
    }
}

const char *sbox_snapshot_load(sbox_account_t **result, apr_pool_t *p,
                               apr_pool_t *scratch, const json_t *document)
{
    static const sbox_change_t silent = {0, 0};
    const json_t *extensions = json_object_get(document, "extensions");
    const char *role = base_json_string(document, "defaultRole");
    json_int_t id = base_json_int(document, "accountId", 0);
    sbox_account_t *account;
    json_t *one;
    size_t i;

    if (id <= 0 || !json_is_array(extensions)) {
        return "the document has no accountId or no extensions";
    }
    account = sbox_account_create(p, id);
    replace_list(&account->sites, document, "sites");
    replace_list(&account->roles, document, "roles");
    replace_list(&account->custom_fields, document, "customFieldDefinitions");
    account->default_role = apr_pstrdup(p, role ? role : "4");
    json_array_foreach(extensions, i, one)
    {
        sbox_extension_t *e = load_extension(one);

        if (!e) {
            return apr_psprintf(scratch, "extension %d has no id, type or status",
                                (int)i);
        }
        sbox_account_add(account, e, &silent);
    }
    if (!sbox_account_extension(account, id)) {
        return "there is no system extension: its id is the account's";
    }
    /* Above all that are there: loading gives each number an id for a moment. */
    account->next_id = base_json_int(document, "nextId", account->next_id);
    load_numbers(account, json_object_get(document, "numbers"));
    load_queues(account, extensions);
    account->next_id = base_json_int(document, "nextId", account->next_id);
    account->next_number = (int)base_json_int(document, "nextNumber", 101);
    account->next_phone = base_json_int(document, "nextPhone", account->next_phone);
    *result = account;
    return NULL;
}
