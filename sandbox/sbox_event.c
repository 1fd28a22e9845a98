#include "sbox_event.h"

#include <string.h>
#include <apr_strings.h>

#include "sbox_entries.h"
#include "sbox_hook.h"

#define ID "%" APR_INT64_T_FMT

/* One change, as the bodies of its events are made. */
typedef struct event_t {
    sbox_t *box;
    sbox_call_t *call; /* for the views */
    const sbox_extension_t *was, *now;
    const char *type; /* Create, Update, Delete */
    const char *id;
    json_t *hints; /* array */
} event_t;

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static int same_json(const json_t *a, const json_t *b)
{
    return a == b || (!json_array_size(a) && !json_array_size(b)) ||
           json_equal((json_t *)a, (json_t *)b);
}

static int same_info(const sbox_extension_t *a, const sbox_extension_t *b)
{
    int i;

    for (i = 0; i < SBOX_TEXTS; i++) {
        if (i != SBOX_T_PASSWORD && i != SBOX_T_PIN &&
            !same_text(a->text[i], b->text[i])) {
            return 0;
        }
    }
    return a->type == b->type && same_text(a->number, b->number) &&
           a->hidden == b->hidden && a->email_as_login == b->email_as_login &&
           same_json(a->references, b->references) &&
           same_json(a->custom_fields, b->custom_fields);
}

static json_t *hints_of(const sbox_extension_t *was, const sbox_extension_t *now)
{
    json_t *hints = json_array();

    if (was->status != now->status) {
        json_array_append_new(hints, json_string("AccountStatus"));
    }
    if (!same_info(was, now)) {
        json_array_append_new(hints, json_string("ExtensionInfo"));
    }
    if (!same_json(was->roles, now->roles) || was->admin != now->admin) {
        json_array_append_new(hints, json_string("Permissions"));
    }
    return hints;
}

static void add_hints(const event_t *event, json_t *to)
{
    if (json_array_size(event->hints)) {
        json_object_set(to, "hints", event->hints);
    }
}

/* Of .../extension/{id}, and of .../extension in its single form. */
static json_t *single(const event_t *event, const char *owner)
{
    return json_pack("{s:s, s:s, s:s}", "extensionId", event->id, "eventType",
                     event->type, "ownerId", owner);
}

static json_t *extensions_body(const event_t *event, const char *owner)
{
    json_t *one;

    if (sbox_knob_is(event->box->knobs, SBOX_K_EVENT_SHAPE, "single")) {
        return single(event, owner);
    }
    one = json_pack("{s:s, s:s}", "extensionId", event->id, "eventType", event->type);
    add_hints(event, one);
    return json_pack("{s:[o]}", "extensions", one);
}

/* The directory shows fewer extensions: for it a person comes, changes, or goes. */
static json_t *contacts_body(const event_t *event)
{
    int before = event->was && sbox_entries_listed(event->call, event->was);
    int after = event->now && sbox_entries_listed(event->call, event->now);
    json_t *contact;

    if (!before && !after) {
        return NULL;
    }
    contact = after ? sbox_entries_view(event->call, event->now)
                    : json_pack("{s:s, s:s}", "id", event->id, "type",
                                sbox_entries_type(event->was));
    json_object_set_new(contact, "eventType",
                        json_string(!before ? "Create"
                                    : after ? "Update"
                                            : "Delete"));
    return json_pack("{s:[o]}", "contacts", contact);
}

/* NULL: the filter does not want it. */
static json_t *body_for(const event_t *event, const sbox_event_filter_t *filter,
                        const char *owner)
{
    json_t *body = NULL;

    switch (filter->kind) {
    case SBOX_FILTER_EXTENSIONS:
        return extensions_body(event, owner);
    case SBOX_FILTER_EXTENSION:
        if (event->was && filter->extension == event->was->id) {
            body = single(event, owner);
            add_hints(event, body);
        }
        return body;
    case SBOX_FILTER_DIRECTORY:
        return contacts_body(event);
    default:
        return NULL;
    }
}

static void tell_all(event_t *event)
{
    sbox_subscription_t *s;
    int i;

    for (s = sbox_hooks_first(event->box); s; s = s->next) {
        for (i = 0; i < s->filters->nelts && !s->blacklisted; i++) {
            const sbox_event_filter_t *filter =
                &APR_ARRAY_IDX(s->filters, i, sbox_event_filter_t);
            json_t *body = body_for(event, filter, s->user);

            if (body) {
                sbox_hook_post(event->box, s, filter->text, body);
            }
        }
    }
}

/* Takes the reference to `hints`. */
static void raise_event(sbox_t *box, const sbox_extension_t *was,
                        const sbox_extension_t *now, json_t *hints)
{
    sbox_call_t call = {0};
    event_t event = {0};

    call.pool = sbox_hooks_pool(box);
    call.box = box;
    call.language = "en";
    call.account_id = apr_psprintf(call.pool, ID, box->account->id);
    event.box = box;
    event.call = &call;
    event.was = was;
    event.now = now;
    event.type = !was ? "Create" : now ? "Update" : "Delete";
    event.id = apr_psprintf(call.pool, ID, now ? now->id : was->id);
    event.hints = hints;
    tell_all(&event);
    json_decref(hints);
    apr_pool_destroy(call.pool);
}

static void changed(void *ctx, const sbox_extension_t *was, const sbox_extension_t *now)
{
    sbox_t *box = ctx;
    json_t *hints;

    if (!sbox_hooks_first(box)) {
        return;
    }
    hints = was && now ? hints_of(was, now) : NULL;
    if (!hints || json_array_size(hints)) {
        raise_event(box, was, now, hints);
    }
    else {
        json_decref(hints);
    }
}

void sbox_event_watch(sbox_t *box)
{
    box->account->watch = changed;
    box->account->watch_ctx = box;
}

void sbox_event_raise(sbox_t *box, const sbox_extension_t *e, const char *hint)
{
    if (sbox_hooks_first(box)) {
        raise_event(box, e, e, json_pack("[s]", hint));
    }
}
