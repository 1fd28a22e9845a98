/* The platform's errors in the words of the SCIM client (gw_error.c): its catalogue, as
 * answers to a change of a user. */
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_error.h"
#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

#define NOT_FOUND "Resource for parameter [%s] is not found"

/* What the platform says, and what becomes of it. %s is the parameter. */
static const struct {
    int status;
    const char *code, *message, *parameter;
    int scim_status;
    const char *type, *says, *says_too;
} cases[] = {
    /* the texts that Okta's guide explains */
    {400, "CMN-101", "Parameter [%s] value is invalid.",
     "extension.contact.businessAddress.state", 400, "invalidValue",
     "addresses[type eq \"work\"].region: \"TX\" is not accepted by RingCentral",
     "ISO code or the English name"},
    {400, "CMN-102", NOT_FOUND, "site", 400, "invalidValue", "the value of site", NULL},
    {404, "CMN-102", NOT_FOUND, "extensionId", 404, NULL, "no user with the id", NULL},
    {400, "CMN-103", "JSON can't be parsed.", NULL, 400, "invalidSyntax",
     "could not read the data", "unusual characters"},
    {503, "CMN-201", "Service Temporary Unavailable", NULL, 503, NULL,
     "not available at the moment", "nothing was changed"},
    {400, "EXT-998", "Extension already in use", "extensionNumber", 409, "uniqueness",
     "which ones are free", NULL},
    {400, "EXT-999", "Extension number is duplicate", "extensionNumber", 409,
     "uniqueness", "which ones are free", NULL},
    /* the catalogue */
    {400, "CMN-100", "Mandatory parameter [%s] not specified", "contact.firstName", 400,
     "invalidValue", "name.givenName: \"Ann\"", "1 to 64 characters"},
    {400, "CMN-101", "Parameter [%s] value is invalid.", "contact.email", 400,
     "invalidValue", "emails[type eq \"work\"].value: \"ann@example.com\"", "e-mail"},
    {400, "CMN-101", "Parameter [%s] value is invalid.", "contact.jobTitle", 400,
     "invalidValue", "title: \"Boss\" ", "up to 64"},
    {400, "CMN-101", "Parameter [%s] value is invalid.", "contact.department", 400,
     "invalidValue", "extension:enterprise:2.0:User:department", "up to 64"},
    {400, "CMN-101", "Parameter [%s] value is invalid.", "contact.mobilePhone", 400,
     "invalidValue", "phoneNumbers[type eq \"mobile\"].value", "E.164"},
    {400, "CMN-101", "Parameter [%s] value is invalid.", "references", 400,
     "invalidValue", "externalId", NULL},
    {400, "CMN-101", "Parameter [%s] value is invalid.", "password", 400,
     "invalidValue", "password is not accepted", "8 characters"},
    {403, "CMN-101", "Parameter [%s] value is invalid.", "contact.jobTitle", 400,
     "invalidValue", "title: \"Boss\" ", NULL},
    {400, "CMN-101", "Parameter [%s] value is invalid.", "transition", 400,
     "invalidValue", "the value of transition", NULL},
    {400, "CMN-101", "Something is wrong", NULL, 400, "invalidValue",
     "does not accept the data of this user", NULL},
    {404, "CMN-102", NOT_FOUND, "regionalSettings.timezone", 400, "invalidValue",
     "timezone", NULL},
    {400, "CMN-104", "Cannot parse request", NULL, 400, "invalidSyntax",
     "could not read the data", NULL},
    {403, "CMN-109", "Feature not available.", NULL, 403, NULL, "CMN-109", NULL},
    {404, "CMN-120", "Invalid URI", NULL, 502, NULL, "makes no sense", NULL},
    {500, "CMN-201", "Service Temporary Unavailable", NULL, 503, NULL,
     "nothing was changed", NULL},
    {501, "CMN-202", "Operation is not supported", NULL, 503, NULL,
     "nothing was changed", NULL},
    {500, "CMN-203", "Internal Server Error", NULL, 503, NULL, "did not say whether",
     NULL},
    {429, "CMN-301", "Request rate exceeded", NULL, 429, NULL, "Retry-After", NULL},
    {429, "CMN-302", "Request rate exceeded", NULL, 429, NULL, "Retry-After", NULL},
    {429, "CMN-310", "Global request rate exceeded", NULL, 429, NULL, "Retry-After",
     NULL},
    {403, "CMN-401", "[EditExtensions] permission required", NULL, 403, NULL,
     "permission", "EditExtensions"},
    {403, "CMN-408", "[Users] permission required", NULL, 403, NULL, "permission",
     NULL},
    {400, "CMN-406", "Duplicate value for parameter %s: a found in request",
     "contact.email", 409, "uniqueness", "userName or e-mail", NULL},
    {403, "CMN-406", "Duplicate value for parameter %s: 5 found in request",
     "extensionNumber", 409, "uniqueness", "which ones are free", NULL},
    {400, "CMN-406", "Duplicate value for parameter %s: 5 found in request", "id", 400,
     "invalidValue", "the value of id", NULL},
    {403, "CMN-419",
     "In order to call this API endpoint for another extension, user needs to have [X] "
     "permission granted with extended scope",
     NULL, 403, NULL, "may not manage this extension", NULL},
    {400, "EXT-262", "Invalid home country", NULL, 400, "invalidValue", "EXT-262",
     NULL},
    {400, "EXT-356", "[lastName] cannot be specified for non-user extension.", NULL,
     400, "invalidValue", "is no person", "name.familyName"},
    {400, "PWD-002", "Password must contain at least one number", NULL, 400,
     "invalidValue", "password is not accepted", "8 characters"},
    {400, "JWS-1736", "This mailbox has last device of SLG", NULL, 400, "invalidValue",
     "shared line group", NULL},
    {403, "BIL-101", "Billing", NULL, 403, NULL, "BIL-101", NULL},
    {400, "EXT-997", "The login email already in use", "contact.email", 409,
     "uniqueness", "another RingCentral user has this userName", NULL},
    {403, "EXT-996", "License limit has been reached.", NULL, 403, NULL,
     "no licence left", "buy"},
    {400, "EXT-996", "License limit has been reached.", NULL, 403, NULL,
     "no licence left", "release"},
    {409, "DEV-1", "Some conflict", NULL, 400, "invalidValue", "DEV-1", NULL},
};

static answer_t *ask(world_t *w, const char *id, int status, const char *body)
{
    fake_rc_fault_t fault = {"updateExtension", 0, FAKE_ANSWER, status, body};

    fake_rc_fail(w->rc, &fault);
    /* a write whose answer says nothing may be sent again */
    fake_rc_fail(w->rc, &fault);
    return world_put(w, id,
                     "{" ANN ",'title':'Boss','password':'Hush-1234',"
                     "'addresses':[{'type':'work','country':'US','region':'TX'}]"
                     "}");
}

static void catalogue(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_t *w = world_make(p);
        const char *parameter = cases[i].parameter ? cases[i].parameter : "";
        const char *message =
            strstr(cases[i].message, "%s")
                ? apr_pstrcat(p,
                              apr_pstrndup(p, cases[i].message,
                                           (apr_size_t)(strstr(cases[i].message, "%s") -
                                                        cases[i].message)),
                              parameter, strstr(cases[i].message, "%s") + 2, NULL)
                : cases[i].message;
        const char *name =
            apr_psprintf(p, "%d %s %s", cases[i].status, cases[i].code, message);
        const char *id =
            id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
        answer_t *a;

        world_fill(w);
        a = ask(w, id, cases[i].status,
                fake_rc_error(p, cases[i].code, message, cases[i].parameter));
        is_int(a->status, cases[i].scim_status, name);
        is_str(a->type, cases[i].type, "scimType");
        ok(a->detail && strstr(a->detail, cases[i].says) &&
               (!cases[i].says_too || strstr(a->detail, cases[i].says_too)),
           a->detail ? a->detail : "(no detail)");
        ok(!a->detail || !strstr(a->detail, "Hush"), "with no secret in it");
        ok((a->retry_after > 0) == (a->status == 429 || a->status == 503),
           "and a time to retry where that helps");
        ok(world_logged(w, "SCIMRC0101") ==
               (a->status == 403 && strstr(a->detail, "permission") &&
                !strstr(a->detail, "CMN-419")),
           "an administrator's errors are in the log");
    }
}

/* The platform's own words and number stay behind ours. */
static void originals(void)
{
    world_t *w = world_make(p);
    const char *id =
        id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
    answer_t *a;

    world_fill(w);
    a = ask(w, id, 400,
            fake_rc_error(p, "CMN-101", "Parameter [contact.jobTitle] is invalid.",
                          "contact.jobTitle"));
    ok(strstr(a->detail, "(RingCentral: CMN-101 Parameter [contact.jobTitle] is "
                         "invalid., request request-") != NULL,
       a->detail);
}

/* What never was an answer. */
static void kinds(void)
{
    static const struct {
        rc_error_kind_t kind;
        int retry_after, status, scim_retry_after;
        const char *says;
    } of[] = {
        {RC_UNREACHED, 0, 503, 5, "nothing was changed"},
        {RC_UNAVAILABLE, 17, 503, 17, "nothing was changed"},
        {RC_BUSY, 61, 429, 61, "Retry-After"},
        {RC_LOST, 0, 503, 5, "repeating the request is safe"},
        {RC_CREDENTIALS, 0, 503, 5, "cannot sign in"},
        {RC_PROTOCOL, 0, 502, 0, "makes no sense"},
        {RC_INTERRUPTED, 0, 503, 5, "could not finish the request"},
        {RC_NOT_FOUND, 0, 404, 0, "any more"},
    };
    world_t *w = world_make(p);
    apr_size_t i;

    for (i = 0; i < sizeof of / sizeof *of; i++) {
        rc_error_t *e = rc_error(p, of[i].kind, "told you");
        const scim_error_t *error;

        e->retry_after = of[i].retry_after;
        error = gw_error(p, e, NULL, &w->env);
        is_int(error->status, of[i].status, of[i].says);
        is_int(error->retry_after, of[i].scim_retry_after, "retry after");
        ok(strstr(error->detail, of[i].says) != NULL, error->detail);
    }
    is_int(gw_error_store(p, APR_EGENERAL)->status, 503, "a copy that cannot be used");
    is_int(gw_error_not_found(p, "7")->status, 404, "nobody");
}

static void duplicates(void)
{
    static const struct {
        rc_error_kind_t kind;
        const char *code, *message;
        int is;
    } of[] = {
        {RC_INVALID, "EXT-1", "Email ALREADY IN USE", 1},
        {RC_FORBIDDEN, "EXT-1", "It already exists", 1},
        {RC_INVALID, "EXT-1", "The value is not unique", 1},
        {RC_INVALID, "EXT-1", "is already", 0}, /* the text ends amid the words */
        {RC_INVALID, "EXT-1", "", 0},
        {RC_BUSY, "CMN-304", "Duplicate concurrent request. Try again later", 0},
        {RC_LOST, "", "already in use", 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof of / sizeof *of; i++) {
        /* where reading on behind the text would be noticed */
        char *message = strdup(of[i].message);
        rc_error_t *e = rc_error(p, of[i].kind, "%s", "");

        e->code = of[i].code;
        e->message = message;
        is_int(gw_error_is_duplicate(e), of[i].is, of[i].message);
        free(message);
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    catalogue();
    originals();
    kinds();
    duplicates();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
