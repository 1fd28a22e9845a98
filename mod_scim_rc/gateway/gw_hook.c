#include "gw_hook.h"

#include <string.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "gw_numbers.h"
#include "gw_stale.h"
#include "gw_subscription.h"

#define DEPTH 16

/* One event on its way. */
typedef struct arrival_t {
    gw_account_t *account;
    apr_pool_t *p;
    const base_env_t *env;
    gw_stale_event_t event;
} arrival_t;

/* Parts of an extension that the copy has nothing of. One that is not named here is
 * taken for something. */
static const char *const of_no_concern[] = {
    "ProfileImage", "Permissions",    "Features",       "Limits",
    "DialingPlan",  "AnsweringRules", "CompanyNumbers", "VideoConfiguration"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int concerns(const json_t *hint)
{
    apr_size_t i;

    for (i = 0; i < COUNT(of_no_concern); i++) {
        if (base_str_same(json_string_value(hint), of_no_concern[i])) {
            return 0;
        }
    }
    return 1;
}

static int is_numbers(const json_t *hint)
{
    return base_str_same(json_string_value(hint), "CompanyNumbers");
}

/* Ids are text, or numbers. */
static apr_uint64_t id_in(const json_t *object, const char *name)
{
    const char *text = base_json_string(object, name);
    json_int_t number = base_json_int(object, name, 0);

    return text ? gw_id_parse(text) : number > 0 ? (apr_uint64_t)number : 0;
}

static void add_id(arrival_t *a, apr_uint64_t id, int deleted)
{
    gw_stale_id_t said = {id, deleted};

    APR_ARRAY_PUSH(a->event.ids, gw_stale_id_t) = said;
}

static int shows_direct(const arrival_t *a)
{
    return a->account->conf->numbers & GW_NUMBER_DIRECT;
}

/* {extensionId, eventType, hints}, alone or one of a list. */
static void take_extension(arrival_t *a, const json_t *said)
{
    const json_t *hints = json_object_get(said, "hints");
    int deleted = base_str_same(base_json_string(said, "eventType"), "Delete");
    int concerned = deleted || !json_array_size(hints);
    apr_uint64_t id = id_in(said, "extensionId");
    json_t *hint;
    size_t i;

    json_array_foreach(hints, i, hint)
    {
        concerned |= concerns(hint);
        a->event.numbers |= shows_direct(a) && is_numbers(hint);
    }
    if (id && concerned) {
        add_id(a, id, deleted);
    }
}

/* Members of a directory entry, and where the copy has them. */
static const struct {
    const char *entry, *state;
} mirrored[] = {
    {"status", "status"},
    {"firstName", "contact.firstName"},
    {"lastName", "contact.lastName"},
    {"email", "contact.email"},
    {"department", "contact.department"},
    {"jobTitle", "contact.jobTitle"},
    {"extensionNumber", "extensionNumber"},
};

static int same(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

/* Does the entry say what the copy has? */
static int is_known(const json_t *entry, const json_t *state)
{
    apr_size_t i;

    for (i = 0; i < COUNT(mirrored); i++) {
        const char *told = base_json_string(entry, mirrored[i].entry);

        if (told && !same(told, base_json_string(state, mirrored[i].state))) {
            return 0;
        }
    }
    return 1;
}

/* An event of the directory has the whole entry, so that most of them, which come
 * beside one of the extension, are seen to bring nothing new. */
static void take_contact(arrival_t *a, const json_t *entry)
{
    int deleted = base_str_same(base_json_string(entry, "eventType"), "Delete");
    apr_uint64_t id = id_in(entry, "id");
    dir_record_t record;
    gw_item_t item;

    if (!id) {
        return;
    }
    if (gw_copy_get(a->account, a->p, id, &item, &record, a->env) != APR_SUCCESS) {
        if (!deleted) {
            add_id(a, id, 0);
            a->event.numbers |= shows_direct(a);
        }
        return;
    }
    if (deleted || !is_known(entry, item.state)) {
        add_id(a, id, 0); /* an entry may go and the extension stay */
    }
    if (shows_direct(a) && (!json_object_get(entry, "phoneNumbers") ||
                            !same(gw_numbers_direct(entry),
                                  base_json_string(item.state, "directNumber")))) {
        a->event.numbers = 1;
    }
}

static json_t *parse(apr_pool_t *p, const char *body, apr_size_t len)
{
    json_t *envelope = body && len <= GW_HOOK_MAX_BODY
                           ? base_json_parse(p, body, len, DEPTH, 0, NULL)
                           : NULL;

    return json_is_object(json_object_get(envelope, "body")) ? envelope : NULL;
}

int gw_hook_knows(gw_account_t *account, apr_pool_t *p, const char *token,
                  const base_env_t *env)
{
    return account->conf->webhook && gw_subscription_has_token(account, p, token, env);
}

int gw_hook_is_event(apr_pool_t *p, const char *body, apr_size_t len)
{
    return parse(p, body, len) != NULL;
}

apr_status_t gw_hook_event(gw_account_t *account, apr_pool_t *p, const char *body,
                           apr_size_t len, const base_env_t *env)
{
    const json_t *envelope = parse(p, body, len), *said;
    arrival_t a = {account, p, env, {base_now(env), NULL, 0}};
    json_t *each;
    size_t i;

    if (!envelope) {
        return APR_EINVAL;
    }
    said = json_object_get(envelope, "body");
    base_time_parse(base_json_string(envelope, "timestamp"), &a.event.sent);
    a.event.ids = apr_array_make(p, 4, sizeof(gw_stale_id_t));
    json_array_foreach(json_object_get(said, "extensions"), i, each)
    {
        take_extension(&a, each);
    }
    json_array_foreach(json_object_get(said, "contacts"), i, each)
    {
        take_contact(&a, each);
    }
    take_extension(&a, said);
    /* Without a webhook lists come as ever, and an event is a late one. */
    return account->conf->webhook ? gw_stale_note(account, p, &a.event, env)
                                  : APR_SUCCESS;
}
