#include "msr_module.h"
#include "msr_auth.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include "base_str.h"
#include "msr_config.h"
#include "msr_log.h"

#define TOKEN_CHARS                                                                    \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"

/* What a token said about the caller of a request. */
typedef struct caller_t {
    int known; /* the token is good */
    unsigned scopes;
    const char *error;  /* code of RFC 6750 section 3.1, or NULL */
    const char *detail; /* or NULL */
} caller_t;

/* httpd does not authenticate an internal redirect or a subrequest anew when the same
 * configuration holds for it: then what was said of the original request counts. */
static caller_t *caller_of(const request_rec *r)
{
    caller_t *caller = NULL;

    while (r && !caller) {
        caller = ap_get_module_config(r->request_config, &scim_rc_module);
        r = r->prev ? r->prev : r->main;
    }
    return caller;
}

static int is_bearer(const char *type)
{
    return base_str_same(type, "Bearer");
}

/* The token, "" for one that cannot be one, or NULL when none was presented. */
static const char *presented_token(const request_rec *r)
{
    const char *header = apr_table_get(r->headers_in, "Authorization");
    const char *token, *end;

    if (!header || !is_bearer(ap_getword_white(r->pool, &header))) {
        return NULL;
    }
    token = header;
    end = token + strspn(token, TOKEN_CHARS);
    if (end == token || end[strspn(end, "= \t")]) {
        return "";
    }
    end += strspn(end, "=");
    return apr_pstrmemdup(r->pool, token, end - token);
}

static int refuse(request_rec *r, caller_t *caller, const char *error,
                  const char *detail)
{
    caller->error = error;
    caller->detail = detail;
    ap_note_auth_failure(r);
    return HTTP_UNAUTHORIZED;
}

int msr_auth_check(request_rec *r)
{
    const char *token;
    auth_identity_t identity;
    auth_verdict_t verdict;
    base_env_t env = msr_env_request(r);
    caller_t *caller;
    msr_dir_t conf;

    msr_dir_get(r, &conf);
    if (!is_bearer(ap_auth_type(r)) || !conf.tokens) {
        return DECLINED;
    }
    caller = apr_pcalloc(r->pool, sizeof *caller);
    ap_set_module_config(r->request_config, &scim_rc_module, caller);
    token = presented_token(r);
    if (!token) {
        return refuse(r, caller, NULL,
                      "No bearer token was presented: send the header "
                      "'Authorization: Bearer' with a token of this service");
    }
    verdict = *token ? auth_tokens_verify(conf.tokens->tokens, r->pool, token, &env,
                                          &identity)
                     : AUTH_UNKNOWN;
    if (verdict == AUTH_OK) {
        caller->known = 1;
        caller->scopes = identity.scopes;
        r->user = apr_pstrdup(r->pool, identity.name);
        r->ap_auth_type = apr_pstrdup(r->pool, "Bearer");
        return OK;
    }
    if (verdict == AUTH_BROKEN) {
        caller->detail = "The list of tokens cannot be read; the server's error log "
                         "says why";
        return HTTP_SERVICE_UNAVAILABLE;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "SCIMRC0020: bearer token refused: %s",
                  verdict == AUTH_EXPIRED ? "it has expired" : "it is not known");
    return refuse(r, caller, "invalid_token",
                  verdict == AUTH_EXPIRED ? "The bearer token has expired"
                                          : "The bearer token is not known here");
}

/* Adds `scope` as the scope that is missing, unless it is NULL. */
static void set_challenge(request_rec *r, const char *error, const char *detail,
                          const char *scope)
{
    const char *realm = ap_auth_name(r);
    const char *text = apr_psprintf(r->pool, "Bearer realm=\"%s\"",
                                    ap_escape_quotes(r->pool, realm ? realm : "SCIM"));

    if (error) {
        text = apr_pstrcat(r->pool, text, ", error=\"", error,
                           "\", error_description=\"", detail, "\"", NULL);
    }
    if (scope) {
        text = apr_pstrcat(r->pool, text, ", scope=\"", scope, "\"", NULL);
    }
    apr_table_setn(r->err_headers_out, "WWW-Authenticate", text);
}

int msr_auth_challenge(request_rec *r, const char *type)
{
    caller_t *caller = caller_of(r);

    if (!is_bearer(type) || !caller) {
        return DECLINED;
    }
    if (caller->known) {
        caller->error = "insufficient_scope";
        caller->detail = "The bearer token is good, but does not permit this";
    }
    set_challenge(r, caller->error, caller->detail, NULL);
    return OK;
}

int msr_auth_allows(const request_rec *r, unsigned scope)
{
    const caller_t *caller = caller_of(r);

    if (!caller) {
        return !is_bearer(r->ap_auth_type); /* other ways to sign in know no scopes */
    }
    /* Who may write may read. */
    return (caller->known &&
            ((caller->scopes & scope) || (caller->scopes & AUTH_SCOPE_WRITE)));
}

void msr_auth_note_scope(request_rec *r, unsigned scope)
{
    set_challenge(r, "insufficient_scope", "The bearer token does not permit this",
                  auth_scope_text(r->pool, scope));
}

int msr_auth_status(const request_rec *r)
{
    const caller_t *caller = caller_of(r);

    return r->status == HTTP_UNAUTHORIZED && caller && caller->known ? HTTP_FORBIDDEN
                                                                     : r->status;
}

const char *msr_auth_detail(const request_rec *r)
{
    const caller_t *caller = caller_of(r);

    return caller ? caller->detail : NULL;
}

static authz_status check_scope(request_rec *r, const char *line, const void *parsed)
{
    const unsigned *scopes = parsed;

    if (!r->user) {
        return AUTHZ_DENIED_NO_USER;
    }
    /* Who signed in another way has no scopes, so none is granted. */
    return caller_of(r) && msr_auth_allows(r, *scopes) ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

/* Each word exactly: in a list of the token file "write" would stand for both. */
static const char *parse_scope(cmd_parms *cmd, const char *line, const void **parsed)
{
    unsigned *scopes = apr_pcalloc(cmd->pool, sizeof *scopes);
    const char *rest = line;

    do {
        const char *name = ap_getword_conf(cmd->pool, &rest);
        unsigned scope = auth_scope_parse(name);

        if (!scope) {
            return apr_psprintf(cmd->pool,
                                "Require scim-scope: bad value '%s'; it must be one of "
                                "%s",
                                name, auth_scope_text(cmd->pool, AUTH_SCOPE_ALL));
        }
        *scopes |= scope;
    } while (*rest);
    *parsed = scopes;
    return NULL;
}

const authz_provider msr_auth_scope_provider = {check_scope, parse_scope};
