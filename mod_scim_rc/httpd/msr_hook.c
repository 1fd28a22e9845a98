#include "msr_module.h"
#include "msr_hook.h"

#include <string.h>
#include <http_protocol.h>

#include "gw_hook.h"
#include "msr_account.h"
#include "msr_config.h"
#include "msr_io.h"
#include "msr_log.h"

#define CHECK_TOKEN_MAX 200
#define CHECK_BODY_MAX 1024
#define CHECK_TOKEN_CHARS                                                              \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

/* RingCentral's documents have events carry one or the other header; the check of the
 * address always has the latter. */
#define EVENT_TOKEN "Verification-Token"
#define CHECK_TOKEN "Validation-Token"

static int finish(request_rec *r, int status)
{
    r->status = status;
    r->status_line = NULL;
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, 0);
    return OK;
}

static int refuse(request_rec *r, const char *why)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "SCIMRC0030: webhook: refused: %s",
                  why);
    return finish(r, HTTP_FORBIDDEN);
}

/* Echoed as it is, so that it must be nothing that a header could be misused with. */
static int answer_check(request_rec *r, const char *token)
{
    apr_size_t len = strlen(token);

    if (!len || len > CHECK_TOKEN_MAX || token[strspn(token, CHECK_TOKEN_CHARS)]) {
        return refuse(r, "a check of the address without a proper token");
    }
    apr_table_setn(r->headers_out, CHECK_TOKEN, token);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "SCIMRC0031: webhook: the address was checked");
    return finish(r, HTTP_OK);
}

static int take_event(request_rec *r, gw_account_t *gateway, const base_slice_t *body)
{
    base_env_t env = msr_env_request(r);
    apr_status_t rv = gw_hook_event(gateway, r->pool, body->data, body->len, &env);

    if (rv == APR_EINVAL) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "SCIMRC0032: webhook: an event that makes no sense");
        return finish(r, HTTP_BAD_REQUEST);
    }
    return finish(r, rv == APR_SUCCESS ? HTTP_OK : HTTP_SERVICE_UNAVAILABLE);
}

static int serve(request_rec *r, gw_account_t *gateway, const base_slice_t *body)
{
    base_env_t env = msr_env_request(r);
    const char *verification = apr_table_get(r->headers_in, EVENT_TOKEN);
    const char *validation = apr_table_get(r->headers_in, CHECK_TOKEN);
    const char *token = verification ? verification : validation;

    if (!token) {
        return refuse(r, "no token");
    }
    if (!verification && body->len <= CHECK_BODY_MAX &&
        !gw_hook_is_event(r->pool, body->data, body->len)) {
        return answer_check(r, validation);
    }
    if (!gw_hook_knows(gateway, r->pool, token, &env)) {
        return refuse(r, "another token than that of this account's subscription");
    }
    return take_event(r, gateway, body);
}

int msr_hook(request_rec *r)
{
    gw_account_t *gateway;
    base_slice_t body;
    msr_dir_t conf;
    int status;

    if (!r->handler || strcmp(r->handler, MSR_HOOK_HANDLER) != 0) {
        return DECLINED;
    }
    msr_dir_get(r, &conf);
    if (!conf.use) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "SCIMRC0033: SetHandler " MSR_HOOK_HANDLER " without ScimRCUse: "
                      "say which account %s is the webhook of",
                      r->uri);
        return finish(r, HTTP_INTERNAL_SERVER_ERROR);
    }
    if (r->method_number != M_POST) {
        apr_table_setn(r->headers_out, "Allow", "POST");
        return finish(r, HTTP_METHOD_NOT_ALLOWED);
    }
    status = msr_io_read(r, GW_HOOK_MAX_BODY, &body.data, &body.len);
    if (status != OK) {
        return status == HTTP_REQUEST_ENTITY_TOO_LARGE ? finish(r, status) : status;
    }
    gateway = msr_account_enter(conf.use->account, MSR_REQUEST);
    if (!gateway) {
        return finish(r, HTTP_SERVICE_UNAVAILABLE);
    }
    status = serve(r, gateway, &body);
    msr_account_leave(conf.use->account, MSR_REQUEST);
    return status;
}
