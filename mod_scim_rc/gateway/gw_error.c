#include "gw_error.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_str.h"
#include "gw_table.h"

#define RETRY_SOON 5

/* What to answer by the platform's code; the first row that fits. */
typedef struct by_code_t {
    const char *code; /* "PWD-*": all that begin so */
    int status;
    scim_error_type_t type;
    const char *say; /* NULL: the parameter tells more */
} by_code_t;

static const by_code_t by_code[] = {
    {"CMN-100", 400, SCIM_INVALID_VALUE, NULL},
    {"CMN-101", 400, SCIM_INVALID_VALUE, NULL},
    {"CMN-102", 400, SCIM_INVALID_VALUE, NULL},
    {"CMN-103", 400, SCIM_INVALID_SYNTAX,
     "RingCentral could not read the data of this user; look for unusual characters"},
    {"CMN-104", 400, SCIM_INVALID_SYNTAX,
     "RingCentral could not read the data of this user; look for unusual characters"},
    {"CMN-406", 400, SCIM_INVALID_VALUE, NULL},
    {"CMN-419", 403, SCIM_TYPE_NONE,
     "the RingCentral user of this gateway may not manage this extension"},
    {"EXT-356", 400, SCIM_INVALID_VALUE,
     "this extension is no person, so it has no name.familyName"},
    {"JWS-1736", 400, SCIM_INVALID_VALUE,
     "the user has the last device of a shared line group; give the group another "
     "device in the RingCentral admin portal first"},
    {"PWD-*", 400, SCIM_INVALID_VALUE, NULL},
};

static int code_fits(const char *pattern, const char *code)
{
    const char *star = strchr(pattern, '*');

    return star ? !strncmp(pattern, code, (apr_size_t)(star - pattern))
                : !strcmp(pattern, code);
}

/* Case does not matter; `word` is lower case. */
static int says(const char *message, const char *word)
{
    for (; *message; message++) {
        apr_size_t i = 0;

        while (word[i] && apr_tolower(message[i]) == word[i]) {
            i++;
        }
        if (!word[i]) {
            return 1;
        }
    }
    return 0;
}

static int is_refusal(const rc_error_t *e)
{
    return e->kind == RC_INVALID || e->kind == RC_FORBIDDEN;
}

int gw_error_is_duplicate(const rc_error_t *e)
{
    if (!strcmp(e->code, "CMN-406")) { /* of any parameter */
        return is_refusal(e) &&
               (says(e->message, "mail") || says(e->message, "extensionnumber"));
    }
    return is_refusal(e) &&
           (says(e->message, "already in use") || says(e->message, "duplicate") ||
            says(e->message, "already exist") || says(e->message, "not unique"));
}

int gw_error_is_password(const rc_error_t *e)
{
    return e->kind == RC_INVALID && (!strncmp(e->code, "PWD-", 4) ||
                                     (e->parameter && says(e->parameter, "password")));
}

int gw_error_is_status(const rc_error_t *e)
{
    /* The platform publishes no code for it: without a parameter it may be the status
     * that it does not like. */
    return e->kind == RC_INVALID && !gw_error_is_password(e) &&
           !gw_error_is_duplicate(e) && (!e->parameter || says(e->parameter, "status"));
}

int gw_error_is_passing(const rc_error_t *e)
{
    return e->kind == RC_BUSY || e->kind == RC_INTERRUPTED ||
           (e->kind == RC_UNAVAILABLE && !e->http_status);
}

/* RingCentral's own words, for whoever looks them up in its documentation. */
static const char *original(apr_pool_t *p, const rc_error_t *e)
{
    return apr_psprintf(p, "(RingCentral: %s%s%s%s%s)", e->code, *e->code ? " " : "",
                        e->message, e->request_id ? ", request " : "",
                        e->request_id ? e->request_id : "");
}

static const scim_error_t *about_parameter(apr_pool_t *p, const rc_error_t *e,
                                           const json_t *user)
{
    const gw_row_t *row = gw_error_is_password(e) ? gw_row_of(GW_PASSWORD)
                                                  : gw_row_of_parameter(e->parameter);
    const char *value;

    if (!row) {
        return scim_error(p, 400, SCIM_INVALID_VALUE,
                          "RingCentral does not accept %s%s of this user %s",
                          e->parameter ? "the value of " : "the data",
                          e->parameter ? e->parameter : "", original(p, e));
    }
    value = user && row->kind != GW_PASSWORD ? gw_row_get(row, user) : NULL;
    return scim_error(p, 400, SCIM_INVALID_VALUE,
                      "%s%s%s%s is not accepted by RingCentral; it wants %s %s",
                      gw_row_path(p, row), value ? ": \"" : "", value ? value : "",
                      value ? "\"" : "", row->hint, original(p, e));
}

static const scim_error_t *duplicate(apr_pool_t *p, const rc_error_t *e)
{
    if (says(e->message, "extension") && !says(e->message, "mail")) {
        return scim_error(p, 409, SCIM_UNIQUENESS,
                          "the extension or its number is in use already; look in the "
                          "RingCentral admin portal which ones are free %s",
                          original(p, e));
    }
    return scim_error(p, 409, SCIM_UNIQUENESS,
                      "another RingCentral user has this userName or e-mail already %s",
                      original(p, e));
}

static const scim_error_t *no_licence(apr_pool_t *p, const rc_error_t *e)
{
    return scim_error(
        p, 403, SCIM_TYPE_NONE,
        "the RingCentral account has no licence left for another user: buy "
        "one in the admin portal, or release an unused extension %s",
        original(p, e));
}

static const scim_error_t *no_permission(apr_pool_t *p, const rc_error_t *e,
                                         const base_env_t *env)
{
    base_log(env, BASE_LOG_ERROR, APR_SUCCESS,
             "SCIMRC0101: RingCentral refuses a call for lack of a permission: %s %s; "
             "give it to the app and to the user whose JWT credential is configured",
             e->code, e->message);
    return scim_error(p, 403, SCIM_TYPE_NONE,
                      "RingCentral does not let this gateway do that; its "
                      "administrator must give the app or its user the permission %s",
                      original(p, e));
}

/* RC_INVALID or RC_FORBIDDEN: some codes come with either status. */
static const scim_error_t *refused(apr_pool_t *p, const rc_error_t *e,
                                   const json_t *user, const base_env_t *env)
{
    const by_code_t *row = by_code, *end = by_code + sizeof by_code / sizeof *by_code;

    if (gw_error_is_duplicate(e)) {
        return duplicate(p, e);
    }
    if (says(e->message, "licen")) {
        return no_licence(p, e);
    }
    while (row < end && !code_fits(row->code, e->code)) {
        row++;
    }
    if (row < end && row->say) {
        return scim_error(p, row->status, row->type, "%s %s", row->say, original(p, e));
    }
    return row == end && e->kind == RC_FORBIDDEN ? no_permission(p, e, env)
                                                 : about_parameter(p, e, user);
}

const scim_error_t *gw_error(apr_pool_t *p, const rc_error_t *e, const json_t *user,
                             const base_env_t *env)
{
    scim_error_t *answer;

    switch (e->kind) {
    case RC_INVALID:
    case RC_FORBIDDEN:
        return refused(p, e, user, env);
    case RC_NOT_FOUND:
        return scim_error(p, 404, SCIM_TYPE_NONE,
                          "RingCentral does not have this user any more %s",
                          original(p, e));
    case RC_BUSY:
        answer = scim_error(p, 429, SCIM_TYPE_NONE,
                            "RingCentral allows no more calls for now; repeat the "
                            "request when Retry-After has passed");
        break;
    case RC_LOST:
        answer = scim_error(p, 503, SCIM_TYPE_NONE,
                            "RingCentral did not say whether the change was made; "
                            "repeating the request is safe %s",
                            original(p, e));
        break;
    case RC_CREDENTIALS:
        answer = scim_error(p, 503, SCIM_TYPE_NONE,
                            "the gateway cannot sign in to RingCentral; its "
                            "administrator finds the reason in the server's error log");
        break;
    case RC_PROTOCOL:
        answer = scim_error(p, 502, SCIM_TYPE_NONE,
                            "RingCentral gave an answer that makes no sense %s",
                            original(p, e));
        break;
    case RC_INTERRUPTED:
        answer = scim_error(p, 503, SCIM_TYPE_NONE,
                            "the server could not finish the request (%s)", e->message);
        break;
    default:
        answer = scim_error(p, 503, SCIM_TYPE_NONE,
                            "RingCentral is not available at the moment; nothing was "
                            "changed %s",
                            original(p, e));
        break;
    }
    if (answer->status != 502) {
        answer->retry_after = e->retry_after > 0 ? e->retry_after : RETRY_SOON;
    }
    return answer;
}

rc_error_t *gw_error_after_loss(rc_error_t *lost, rc_error_t *error)
{
    if (!error || error->kind == RC_NOT_FOUND || is_refusal(error)) {
        return error;
    }
    lost->retry_after = error->retry_after;
    return lost;
}

const scim_error_t *gw_error_taken(apr_pool_t *p, const char *login, const char *id)
{
    return scim_error(p, 409, SCIM_UNIQUENESS,
                      "userName \"%s\" already belongs to the user with the id %s",
                      login, id);
}

const scim_error_t *gw_error_kept(apr_pool_t *p, const char *login, const char *id)
{
    return scim_error(p, 409, SCIM_UNIQUENESS,
                      "userName \"%s\" still belongs to a user who was deleted by "
                      "disabling the extension %s; create that userName to bring the "
                      "user back, or delete the extension in the RingCentral admin "
                      "portal to free the name",
                      login, id);
}

const scim_error_t *gw_error_not_found(apr_pool_t *p, const char *id)
{
    return scim_error(p, 404, SCIM_TYPE_NONE, "there is no user with the id \"%s\"",
                      id);
}

const scim_error_t *gw_error_store(apr_pool_t *p, apr_status_t rv)
{
    char text[120];
    scim_error_t *answer = scim_error(
        p, 503, SCIM_TYPE_NONE,
        "the gateway's copy of the directory cannot be used at the moment (%s)",
        apr_strerror(rv, text, sizeof text));

    answer->retry_after = RETRY_SOON;
    return answer;
}
