#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "rc_call.h"

#define V1 "/restapi/v1.0/subscription"

enum { LIST, CREATE, READ, RENEW, DELETE };

static const rc_endpoint_t endpoints[] = {
    [LIST] = {"listSubscriptions", "GET", V1, RC_LIGHT, RC_FIRST_ONLY, NULL},
    [CREATE] = {"createSubscription", "POST", V1, RC_MEDIUM, RC_WRITES | RC_FIRST_ONLY,
                NULL},
    [READ] = {"readSubscription", "GET", V1 "/{id}", RC_LIGHT,
              RC_WORD_ID | RC_FIRST_ONLY, "subscriptionId"},
    [RENEW] = {"renewSubscription", "POST", V1 "/{id}/renew", RC_LIGHT,
               RC_WRITES | RC_WORD_ID | RC_FIRST_ONLY, "subscriptionId"},
    [DELETE] = {"deleteSubscription", "DELETE", V1 "/{id}", RC_MEDIUM,
                RC_WRITES | RC_WORD_ID | RC_FIRST_ONLY | RC_NO_ANSWER,
                "subscriptionId"},
};

/* What matters of a subscription, in `p`. 0 when it has no id. */
static int take(apr_pool_t *p, const json_t *from, rc_subscription_t *s)
{
    const char *id = base_json_string(from, "id");
    const char *address = base_json_string(from, "deliveryMode.address");
    const char *status = base_json_string(from, "status");

    memset(s, 0, sizeof *s);
    if (!id) {
        return 0;
    }
    s->id = apr_pstrdup(p, id);
    s->address = apr_pstrdup(p, address ? address : "");
    s->status = apr_pstrdup(p, status ? status : "");
    s->seconds_left = (apr_int64_t)base_json_int(from, "expiresIn", 0);
    s->disabled = (int)json_array_size(json_object_get(from, "disabledFilters"));
    return 1;
}

static rc_error_t *call_for_one(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                const rc_call_t *call, rc_subscription_t *s)
{
    json_t *document;
    rc_error_t *e = rc_call(c, who, p, call, &document);

    if (!e && !take(p, document, s)) {
        e = rc_error(p, call->endpoint->flags & RC_WRITES ? RC_LOST : RC_PROTOCOL,
                     "the answer to %s has no subscription", call->endpoint->name);
    }
    return e;
}

rc_error_t *rc_subscription_list(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                 apr_array_header_t **subscriptions)
{
    rc_call_t call = {&endpoints[LIST], NULL, NULL, NULL};
    rc_subscription_t one;
    json_t *document, *records, *each;
    rc_error_t *e = rc_call(c, who, p, &call, &document);
    size_t i;

    if (e) {
        return e;
    }
    records = json_object_get(document, "records");
    if (!json_is_array(records)) {
        return rc_error(p, RC_PROTOCOL, "the answer to %s has no records",
                        call.endpoint->name);
    }
    *subscriptions = apr_array_make(p, 4, sizeof one);
    json_array_foreach(records, i, each)
    {
        if (take(p, each, &one)) {
            APR_ARRAY_PUSH(*subscriptions, rc_subscription_t) = one;
        }
    }
    return NULL;
}

rc_error_t *rc_subscription_create(rc_client_t *c, const rc_caller_t *who,
                                   apr_pool_t *p, const rc_subscription_wish_t *wish,
                                   rc_subscription_t *s)
{
    json_t *filters = json_array(), *body;
    int i;

    for (i = 0; wish->filters[i]; i++) {
        json_array_append_new(filters, json_string(wish->filters[i]));
    }
    body = base_json_own(
        p, json_pack("{s:o, s:I, s:{s:s, s:s, s:s}}", "eventFilters", filters,
                     "expiresIn", (json_int_t)apr_time_sec(wish->life), "deliveryMode",
                     "transportType", "WebHook", "address", wish->address,
                     "verificationToken", wish->token));
    if (!body) {
        return rc_error(p, RC_INVALID, "the address of the webhook is no UTF-8");
    }
    return call_for_one(c, who, p, &(rc_call_t){&endpoints[CREATE], NULL, NULL, body},
                        s);
}

rc_error_t *rc_subscription_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                 const char *id, rc_subscription_t *s)
{
    return call_for_one(c, who, p, &(rc_call_t){&endpoints[READ], id, NULL, NULL}, s);
}

rc_error_t *rc_subscription_renew(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                  const char *id, rc_subscription_t *s)
{
    return call_for_one(c, who, p, &(rc_call_t){&endpoints[RENEW], id, NULL, NULL}, s);
}

rc_error_t *rc_subscription_delete(rc_client_t *c, const rc_caller_t *who,
                                   apr_pool_t *p, const char *id)
{
    rc_call_t call = {&endpoints[DELETE], id, NULL, NULL};
    json_t *nothing;

    return rc_call(c, who, p, &call, &nothing);
}
