#include <apr_strings.h>

#include "base_json.h"
#include "rc_call.h"

#define V1 "/restapi/v1.0/account/~/extension"
#define V2 "/restapi/v2/accounts/~/"
#define REMOVE_MAX 50

enum { LIST, READ, CREATE, UPDATE, RELEASE, REMOVE, WELCOME };

static const rc_endpoint_t endpoints[] = {
    [LIST] = {"listExtensions", "GET", V1, RC_MEDIUM, 0, NULL},
    [READ] = {"readExtension", "GET", V1 "/{id}", RC_LIGHT, 0, "extensionId"},
    [CREATE] = {"createExtension", "POST", V1, RC_MEDIUM, RC_WRITES, NULL},
    [UPDATE] = {"updateExtension", "PUT", V1 "/{id}", RC_MEDIUM, RC_WRITES,
                "extensionId"},
    [RELEASE] = {"deleteExtension", "DELETE",
                 V1 "/{id}?savePhoneLines=true&savePhoneNumbers=true", RC_MEDIUM,
                 RC_WRITES | RC_NO_ANSWER, "extensionId"},
    [REMOVE] = {"bulkDeleteUsersV2", "DELETE", V2 "extensions", RC_HEAVY, RC_WRITES,
                NULL},
    [WELCOME] = {"sendWelcomeEmailV2", "POST", V2 "send-welcome-email", RC_MEDIUM,
                 RC_WRITES | RC_NO_ANSWER, NULL},
};

rc_error_t *rc_extension_list(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              const rc_extension_query_t *query, json_t **list)
{
    rc_call_t call = {&endpoints[LIST], NULL, NULL, NULL};
    rc_error_t *e;

    if (query->page) {
        call.query = rc_query_add(p, call.query, "page", apr_itoa(p, query->page));
    }
    if (query->per_page) {
        call.query =
            rc_query_add(p, call.query, "perPage", apr_itoa(p, query->per_page));
    }
    if (query->email) {
        call.query = rc_query_add(p, call.query, "email", query->email);
    }
    if (query->status) {
        call.query = rc_query_add(p, call.query, "status", query->status);
    }
    e = rc_call(c, who, p, &call, list);
    if (!e && !json_is_array(json_object_get(*list, "records"))) {
        e = rc_error(p, RC_PROTOCOL, "the answer to %s has no records",
                     call.endpoint->name);
    }
    return e;
}

/* A call about one extension. An answer about anything else leaves open what was
 * done. */
static rc_error_t *call_for_one(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                const rc_call_t *call, json_t **extension)
{
    rc_error_t *e = rc_call(c, who, p, call, extension);
    json_int_t id = e ? 0 : base_json_int(*extension, "id", 0);

    if (e || (id > 0 && (!call->id || apr_atoi64(call->id) == id))) {
        return e;
    }
    return rc_error(p, call->endpoint->flags & RC_WRITES ? RC_LOST : RC_PROTOCOL,
                    "the answer to %s is not about the extension",
                    call->endpoint->name);
}

rc_error_t *rc_extension_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              const char *id, json_t **extension)
{
    rc_call_t call = {&endpoints[READ], id, NULL, NULL};

    return call_for_one(c, who, p, &call, extension);
}

rc_error_t *rc_extension_create(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                const json_t *body, json_t **extension)
{
    rc_call_t call = {&endpoints[CREATE], NULL, NULL, body};

    return call_for_one(c, who, p, &call, extension);
}

rc_error_t *rc_extension_update(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                const char *id, const json_t *body, json_t **extension)
{
    rc_call_t call = {&endpoints[UPDATE], id, NULL, body};

    return call_for_one(c, who, p, &call, extension);
}

rc_error_t *rc_extension_release(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                 const char *id)
{
    rc_call_t call = {&endpoints[RELEASE], id, NULL, NULL};
    json_t *nothing;

    return rc_call(c, who, p, &call, &nothing);
}

rc_error_t *rc_extension_remove(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                const char *const *ids, int n_ids, json_t **result)
{
    json_t *records = json_array();
    rc_call_t call = {&endpoints[REMOVE], NULL, NULL,
                      base_json_own(p, json_pack("{s:b,s:o}", "keepAssetsInInventory",
                                                 1, "records", records))};
    int i;

    if (n_ids < 1 || n_ids > REMOVE_MAX) {
        return rc_error(p, RC_INVALID, "%d extensions to remove: 1 to %d are possible",
                        n_ids, REMOVE_MAX);
    }
    for (i = 0; i < n_ids; i++) {
        json_array_append_new(records, json_pack("{s:s}", "id", ids[i]));
    }
    return rc_call(c, who, p, &call, result);
}

rc_error_t *rc_welcome_send(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                            const char *email)
{
    json_t *body = base_json_own(p, json_pack("{s:s}", "email", email)), *nothing;
    rc_call_t call = {&endpoints[WELCOME], NULL, NULL, body};

    if (!body) {
        return rc_error(p, RC_INVALID, "the e-mail address is no UTF-8");
    }
    return rc_call(c, who, p, &call, &nothing);
}
