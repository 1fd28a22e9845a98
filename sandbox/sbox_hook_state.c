#include "sbox_hook_state.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "sbox_hook_private.h"

/* Times are kept as milliseconds of the sandbox's clock, from or until now: another run
 * of the sandbox has another clock. */
static json_int_t since(const sbox_t *box, apr_time_t at)
{
    return at ? (sbox_clock_now(&box->clock) - at) / 1000 : -1;
}

static apr_time_t ago(const sbox_t *box, const json_t *from, const char *name)
{
    json_int_t ms = base_json_int(from, name, -1);

    return ms < 0 ? 0 : sbox_clock_now(&box->clock) - (apr_time_t)ms * 1000;
}

static json_t *subscription_json(const sbox_t *box, const sbox_subscription_t *s)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:o, s:I, s:I, s:I, s:I, s:I, "
                     "s:I, s:s?}",
                     "id", s->id, "uri", s->uri, "user", s->user, "app", s->app,
                     "address", s->address, "token", s->token, "eventFilters",
                     sbox_subscription_filters(s), "created", (json_int_t)s->created,
                     "lifeMs", (json_int_t)(s->life / 1000), "leftMs",
                     -since(box, s->until), "failingMs", since(box, s->failing),
                     "blacklistedMs", since(box, s->blacklisted), "blacklistedAt",
                     (json_int_t)s->blacklisted_at, "reason", s->reason);
}

void sbox_hooks_save(sbox_t *box, json_t *document)
{
    json_t *list = json_array();
    const sbox_subscription_t *s;

    for (s = sbox_hooks_first(box); s; s = s->next) {
        json_array_append_new(list, subscription_json(box, s));
    }
    json_object_set_new(document, "subscriptions", list);
    json_object_set_new(document, "subscriptionSerial",
                        json_integer((json_int_t)box->hooks->serial));
}

/* A member that is text, in `p`; NULL when it is not. */
static const char *text_of(apr_pool_t *p, const json_t *from, const char *name)
{
    return apr_pstrdup(p, base_json_string(from, name));
}

/* NULL: it is not complete. */
static sbox_subscription_t *load_one(sbox_t *box, apr_pool_t *scratch,
                                     const json_t *from, const char *account)
{
    apr_pool_t *p = sbox_hooks_pool(box);
    sbox_subscription_t *s = apr_pcalloc(p, sizeof(*s));
    const sbox_problem_t *problem;
    sbox_call_t call = {.box = box, .pool = scratch};

    s->pool = p;
    s->id = text_of(p, from, "id");
    s->uri = text_of(p, from, "uri");
    s->user = text_of(p, from, "user");
    s->app = text_of(p, from, "app");
    s->address = text_of(p, from, "address");
    s->token = text_of(p, from, "token");
    s->reason = text_of(p, from, "reason");
    call.account_id = account;
    call.user = s->user;
    s->filters =
        sbox_event_filters(&call, p, json_object_get(from, "eventFilters"), &problem);
    s->created = base_json_int(from, "created", 0);
    s->life = (apr_interval_time_t)base_json_int(from, "lifeMs", 0) * 1000;
    s->until = sbox_clock_now(&box->clock) +
               (apr_interval_time_t)base_json_int(from, "leftMs", 0) * 1000;
    s->failing = ago(box, from, "failingMs");
    s->blacklisted = ago(box, from, "blacklistedMs");
    s->blacklisted_at = base_json_int(from, "blacklistedAt", 0);
    if (s->id && s->uri && s->user && s->app && s->address && s->filters &&
        (!s->blacklisted || s->reason)) {
        return s;
    }
    apr_pool_destroy(p);
    return NULL;
}

static void take_over(sbox_t *box, const json_t *document,
                      const apr_array_header_t *loaded)
{
    sbox_hooks_t *hooks = box->hooks;
    apr_uint64_t serial =
        (apr_uint64_t)base_json_int(document, "subscriptionSerial", 0);
    int i;

    while (hooks->first) {
        sbox_hooks_cancel(box, hooks->first);
    }
    hooks->generation++;
    hooks->serial = serial > hooks->serial ? serial : hooks->serial;
    for (i = 0; i < loaded->nelts; i++) {
        sbox_hooks_add(box, APR_ARRAY_IDX(loaded, i, sbox_subscription_t *));
    }
    sbox_hooks_wake(box);
}

const char *sbox_hooks_load(sbox_t *box, apr_pool_t *scratch, const json_t *document)
{
    const json_t *list = json_object_get(document, "subscriptions");
    const char *account =
        apr_psprintf(scratch, "%" APR_INT64_T_FMT,
                     (apr_int64_t)base_json_int(document, "accountId", 0));
    apr_array_header_t *loaded =
        apr_array_make(scratch, 4, sizeof(sbox_subscription_t *));
    json_t *one;
    size_t i;

    if (!list) {
        return NULL;
    }
    json_array_foreach(list, i, one)
    {
        sbox_subscription_t *s = load_one(box, scratch, one, account);

        if (!s) {
            while (loaded->nelts) {
                apr_pool_destroy(
                    (*(sbox_subscription_t **)apr_array_pop(loaded))->pool);
            }
            return apr_psprintf(scratch, "subscription %d is not complete", (int)i);
        }
        APR_ARRAY_PUSH(loaded, sbox_subscription_t *) = s;
    }
    take_over(box, document, loaded);
    return NULL;
}
