#include "msr_module.h"
#include "msr_handler.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include "base_str.h"
#include "msr_account.h"
#include "msr_auth.h"
#include "msr_config.h"
#include "msr_io.h"
#include "msr_log.h"
#include "scim_path.h"
#include "scim_service.h"

#define CLOSED_RETRY_AFTER 5
#define LEFT_OUT_RETRY_AFTER 60 /* it takes a restart */
#define NO_FILE "scim-rc:"      /* what stands in for a file name */

int msr_handler_translate(request_rec *r)
{
    if (r->proxyreq || !msr_use_get(r)) {
        return DECLINED;
    }
    r->filename = apr_pstrcat(r->pool, NO_FILE, r->uri, NULL);
    return OK;
}

int msr_handler_no_storage(request_rec *r)
{
    return r->filename && !strncmp(r->filename, NO_FILE, sizeof NO_FILE - 1) ? OK
                                                                             : DECLINED;
}

/* The value of a hexadecimal digit. */
static int hex(char c)
{
    return apr_isdigit(c) ? c - '0' : apr_tolower(c) - 'a' + 10;
}

/* What follows `base` in a path that is still percent-encoded, or NULL. */
static const char *encoded_rest(const char *path, const char *base)
{
    for (; *base; base++) {
        int c = (unsigned char)*path++;

        if (c == '%' && apr_isxdigit(path[0]) && apr_isxdigit(path[1])) {
            c = hex(path[0]) * 16 + hex(path[1]);
            path += 2;
        }
        if (c != (unsigned char)*base) {
            return NULL;
        }
    }
    return path;
}

/* The path below the location, as the client has encoded it. A path that another
 * module has rewritten is encoded anew. */
static const char *path_below(request_rec *r, const char *base)
{
    const char *rest =
        r->parsed_uri.path ? encoded_rest(r->parsed_uri.path, base) : NULL;

    if (rest) {
        return rest;
    }
    return ap_os_escape_path(r->pool, r->uri + strlen(base), 1);
}

/* An authentication scheme of RFC 7643 section 5 for the AuthType in effect. */
static const char *scheme_of(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return base_str_same(type, "Basic")    ? "httpbasic"
           : base_str_same(type, "Digest") ? "httpdigest"
                                           : "oauthbearertoken";
}

/* The tags of a conditional request as we gave them. mod_deflate and mod_brotli mark
 * the tag of an answer that they compress, and the client comes back with that mark. */
static const char *plain_tags(request_rec *r, const char *name)
{
    static const char *const marks[] = {"-gzip\"", "-br\""};
    const char *value = apr_table_get(r->headers_in, name);
    char *tags = apr_pstrdup(r->pool, value), *mark;
    apr_size_t i;

    for (i = 0; tags && i < sizeof marks / sizeof *marks; i++) {
        while ((mark = strstr(tags, marks[i])) != NULL) {
            const char *rest = mark + strlen(marks[i]) - 1; /* from the quote on */

            memmove(mark, rest, strlen(rest) + 1);
        }
    }
    return tags;
}

/* Where the location is, as far as the client knows. ap_construct_url() has
 * ServerName's port where the client sent none, but then it went to the scheme's own
 * port (RFC 9110 section 4.2): the two differ behind a proxy. */
static const char *base_url(request_rec *r, const char *path)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const int is_on = core->use_canonical_name == USE_CANONICAL_NAME_ON ||
                      core->use_canonical_name == USE_CANONICAL_NAME_DNS ||
                      core->use_canonical_phys_port == USE_CANONICAL_PHYS_PORT_ON;

    if (is_on || !r->hostname || r->parsed_uri.port_str) {
        return ap_construct_url(r->pool, path, r);
    }
    return apr_pstrcat(r->pool, ap_http_scheme(r), "://", ap_get_server_name_for_url(r),
                       path, NULL);
}

static void fill_request(request_rec *r, const msr_dir_t *conf, scim_request_t *request)
{
    const apr_table_t *in = r->headers_in;

    request->method = r->header_only ? "GET" : r->method;
    request->path = path_below(r, conf->use->base);
    request->query = r->args;
    request->content_type = apr_table_get(in, "Content-Type");
    request->accept = apr_table_get(in, "Accept");
    request->if_none_match = plain_tags(r, "If-None-Match");
    request->if_match = plain_tags(r, "If-Match");
    request->base_url =
        conf->public_url ? conf->public_url : base_url(r, conf->use->base);
}

/* May this caller do this? NULL, or the error. */
static const scim_error_t *admit(request_rec *r, const msr_dir_t *conf,
                                 const scim_request_t *request)
{
    unsigned scope = scim_request_writes(request->method, request->path)
                         ? AUTH_SCOPE_WRITE
                         : AUTH_SCOPE_READ;

    if (!r->user) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "SCIMRC0021: refused: <Location \"%s\"> lets everybody in; it "
                      "needs AuthType and Require valid-user or scim-scope",
                      conf->use->base);
        return scim_error(r->pool, 403, SCIM_TYPE_NONE,
                          "The server is not configured to find out who is calling");
    }
    if (!msr_auth_allows(r, scope)) {
        msr_auth_note_scope(r, scope);
        return scim_error(r->pool, 403, SCIM_TYPE_NONE,
                          "The token '%s' does not have the scope '%s' that %s needs",
                          r->user, auth_scope_text(r->pool, scope), r->method);
    }
    return NULL;
}

/* Reads the body. OK and maybe *error, or what the handler has to return. */
static int read_body(request_rec *r, const msr_dir_t *conf, scim_request_t *request,
                     const scim_error_t **error)
{
    const int bulk =
        conf->bulk_operations && scim_request_is_bulk(request->method, request->path);
    const apr_size_t max = bulk ? conf->bulk_body : conf->max_body;
    int status = msr_io_read(r, max, &request->body, &request->body_len);
    const char *encoding;

    if (status == HTTP_REQUEST_ENTITY_TOO_LARGE) {
        *error = scim_error(r->pool, status, SCIM_TYPE_NONE,
                            "The request body is larger than %" APR_SIZE_T_FMT
                            " bytes, the most that is taken here%s",
                            max, bulk ? " (maxPayloadSize)" : "");
        return OK;
    }
    /* Asked only now: an input filter that decodes takes the header away. */
    encoding = apr_table_get(r->headers_in, "Content-Encoding");
    if (status == OK && request->body && encoding &&
        !base_str_same(encoding, "identity")) {
        *error = scim_error(r->pool, HTTP_UNSUPPORTED_MEDIA_TYPE, SCIM_TYPE_NONE,
                            "The body has the Content-Encoding '%s'; send it as it is",
                            encoding);
    }
    return status;
}

static void serve(request_rec *r, const msr_dir_t *conf, gw_account_t *gateway,
                  const scim_request_t *request, scim_response_t *response)
{
    const gw_policy_t policy = {
        .create = (gw_create_t)conf->create,
        .remove = (gw_delete_t)conf->remove,
        .new_status = (gw_new_status_t)conf->new_status,
        .welcome_mail = conf->welcome_mail,
        .tolerant = conf->tolerance != 0,
        .patience = conf->patience,
        .gather = conf->gather,
        .bulk_patience = conf->bulk_patience,
        .batch_provisioning = conf->batch_provisioning,
    };
    const base_env_t env = msr_env_request(r);
    gw_session_t session = {
        .account = gateway,
        .policy = &policy,
        .env = &env,
        .deadline = apr_time_now() + conf->patience, /* its body is here */
    };
    const scim_binding_t bindings[] = {{&scim_type_user, &gw_user_backend, &session}};
    const scim_service_t service = {
        .bindings = bindings,
        .n_bindings = sizeof bindings / sizeof *bindings,
        .tolerance = (unsigned)(conf->tolerance | conf->patch_missing),
        .max_results = conf->max_results,
        .max_operations = conf->bulk_operations,
        .max_bulk_body = (apr_int64_t)conf->bulk_body,
        .documentation = conf->documentation,
        .auth_scheme = scheme_of(r),
    };

    scim_service_handle(&service, r->pool, request, response);
}

/* Why nobody answers. */
static const scim_error_t *closed_error(apr_pool_t *p, const msr_account_t *account)
{
    scim_error_t *error;

    if (account->problem) {
        error = scim_error(p, 503, SCIM_TYPE_NONE,
                           "The account '%s' could not be opened when the server was "
                           "last restarted; the server's error log says why "
                           "(SCIMRC0002)",
                           account->conf.name);
        error->retry_after = LEFT_OUT_RETRY_AFTER;
        return error;
    }
    error = scim_error(p, 503, SCIM_TYPE_NONE,
                       "The account '%s' is not open; the server's error log says why",
                       account->conf.name);
    error->retry_after = CLOSED_RETRY_AFTER;
    return error;
}

/* Lets the account answer, or answers in its place with `error` unless that is NULL. */
static void answer(request_rec *r, const msr_dir_t *conf, const scim_request_t *request,
                   const scim_error_t *error, scim_response_t *response)
{
    msr_account_t *account = conf->use->account;
    gw_account_t *gateway = error ? NULL : msr_account_enter(account, MSR_REQUEST);

    if (gateway) {
        serve(r, conf, gateway, request, response);
        msr_account_leave(account, MSR_REQUEST);
        return;
    }
    scim_response_error(r->pool, error ? error : closed_error(r->pool, account),
                        request->accept, response);
}

static void log_answer(request_rec *r, const scim_request_t *request,
                       const scim_response_t *response)
{
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r,
                  "%s %s: %d, %" APR_SIZE_T_FMT " bytes in %" APR_TIME_T_FMT " ms",
                  r->method, request->path, response->status, response->length,
                  apr_time_as_msec(apr_time_now() - r->request_time));
    if (response->status >= 500) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "SCIMRC0022: %s %s answered %d: %s", r->method, request->path,
                      response->status,
                      response->error_detail ? response->error_detail : "");
    }
    else if (response->status < 400 && response->error_detail) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "SCIMRC0024: %s %s: %s", r->method,
                      request->path, response->error_detail);
    }
}

int msr_handler(request_rec *r)
{
    msr_dir_t conf;
    scim_request_t request = {0};
    scim_response_t response = {0};
    const scim_error_t *error = NULL;
    apr_bucket_brigade *bb;
    int status;

    if (!r->handler || strcmp(r->handler, MSR_HANDLER) != 0) {
        return DECLINED;
    }
    msr_dir_get(r, &conf);
    if (!conf.use) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "SCIMRC0023: SetHandler " MSR_HANDLER " without ScimRCUse: say "
                      "which account %s serves",
                      r->uri);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    fill_request(r, &conf, &request);
    error = admit(r, &conf, &request);
    status = error ? OK : read_body(r, &conf, &request, &error);
    if (status != OK) {
        return status;
    }
    answer(r, &conf, &request, error, &response);
    log_answer(r, &request, &response);
    bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    msr_io_answer(r, &response, bb);
    ap_pass_brigade(r->output_filters, bb);
    return OK;
}
