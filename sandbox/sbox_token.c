#include "sbox_token.h"

#include <string.h>
#include <apr_strings.h>

#include "sbox_credential.h"
#include "sbox_session.h"

static const sbox_problem_t *bad_token(sbox_call_t *call, sbox_token_state_t state)
{
    const char *expired = sbox_knob_text(call->box->knobs, SBOX_K_EXPIRED_OUTER);

    if (sbox_knob_is(call->box->knobs, SBOX_K_API_401_WWW, "on")) {
        apr_table_setn(
            call->answer->headers, "WWW-Authenticate",
            "Bearer realm=\"RingCentral REST API\", error=\"invalid_token\"");
    }
    switch (state) {
    case SBOX_TOKEN_EXPIRED:
        return sbox_problem_token(call->pool, apr_pstrdup(call->pool, expired),
                                  "OAU-128", "Access token expired");
    case SBOX_TOKEN_REVOKED:
        return sbox_problem_token(call->pool, "TokenInvalid", "OAU-213",
                                  "Token not found");
    default:
        return sbox_problem_token(call->pool, "TokenInvalid", "OAU-149",
                                  "OAuth token is invalid");
    }
}

const sbox_problem_t *sbox_token_check(sbox_call_t *call)
{
    const char *header = apr_table_get(call->request->headers, "Authorization");
    sbox_token_state_t state;
    sbox_session_t *s;

    if (!header) {
        return sbox_problem_token(call->pool, NULL, "AGW-401",
                                  "Authorization header is not specified");
    }
    if (strncasecmp(header, "Bearer ", 7)) {
        return sbox_problem_token(call->pool, NULL, "AGW-402",
                                  "Invalid Authorization header");
    }
    s = sbox_session_of_access(call->box, header + 7, &state);
    if (state != SBOX_TOKEN_GOOD) {
        return bad_token(call, state);
    }
    call->session = s;
    call->app = apr_pstrdup(call->pool, s->app);
    call->user = apr_pstrdup(call->pool, s->user);
    return NULL;
}

static int has_word(const char *words, const char *word)
{
    apr_size_t len = strlen(word);
    const char *at = words;

    while ((at = strstr(at, word))) {
        if ((at == words || at[-1] == ' ') && (!at[len] || at[len] == ' ')) {
            return 1;
        }
        at += len;
    }
    return 0;
}

const sbox_problem_t *sbox_token_permit(sbox_call_t *call)
{
    const sbox_operation_t *op = call->operation;
    const sbox_knobs_t *knobs = call->box->knobs;

    if (sbox_credential_refused(call->box, call->app, call->user) == 403) {
        return sbox_problem(call->pool, "CMN-408",
                            op->user_permission ? op->user_permission : "Users");
    }
    if (op->app_permission &&
        (!has_word(call->session->scope, op->app_permission) ||
         has_word(sbox_knob_text(knobs, SBOX_K_MISSING_APP_PERMISSIONS),
                  op->app_permission))) {
        return sbox_problem(call->pool, "CMN-401", op->app_permission);
    }
    if (op->user_permission &&
        has_word(sbox_knob_text(knobs, SBOX_K_MISSING_USER_PERMISSIONS),
                 op->user_permission)) {
        return sbox_problem(call->pool, "CMN-408", op->user_permission);
    }
    return NULL;
}

const char *sbox_token_scopes(apr_pool_t *p)
{
    const char *scopes = "";
    int i, n;
    const sbox_operation_t *all = sbox_operation_all(&n);

    for (i = 0; i < n; i++) {
        const char *permission = all[i].app_permission;

        if (permission && !has_word(scopes, permission)) {
            scopes = apr_pstrcat(p, scopes, *scopes ? " " : "", permission, NULL);
        }
    }
    return scopes;
}
