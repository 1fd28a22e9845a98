#include <apr_general.h>
#include <jansson.h>

#include "base_json.h"
#include "scim_error.h"
#include "tap.h"

static const struct {
    scim_error_type_t type;
    const char *name;
} types[] = {
    {SCIM_TYPE_NONE, NULL},
    {SCIM_INVALID_FILTER, "invalidFilter"},
    {SCIM_TOO_MANY, "tooMany"},
    {SCIM_UNIQUENESS, "uniqueness"},
    {SCIM_MUTABILITY, "mutability"},
    {SCIM_INVALID_SYNTAX, "invalidSyntax"},
    {SCIM_INVALID_PATH, "invalidPath"},
    {SCIM_NO_TARGET, "noTarget"},
    {SCIM_INVALID_VALUE, "invalidValue"},
    {SCIM_INVALID_VERS, "invalidVers"},
    {SCIM_SENSITIVE, "sensitive"},
};

int main(void)
{
    apr_pool_t *p;
    scim_error_t *error;
    size_t i;

    apr_initialize();
    apr_pool_create(&p, NULL);
    for (i = 0; i < sizeof types / sizeof *types; i++) {
        is_str(scim_error_type_name(types[i].type), types[i].name,
               types[i].name ? types[i].name : "none");
    }

    error = scim_error(p, 409, SCIM_UNIQUENESS, "userName \"%s\" is taken", "a\tb");
    is_int(error->status, 409, "status");
    is_int(error->type, SCIM_UNIQUENESS, "type");
    is_str(error->detail, "userName \"a\tb\" is taken", "detail is formatted");
    is_int(error->retry_after, 0, "no Retry-After by itself");
    is_str(error->allow, NULL, "no Allow by itself");
    is_str(scim_error_body(p, error),
           "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],"
           "\"status\":\"409\",\"scimType\":\"uniqueness\","
           "\"detail\":\"userName \\\"a\\tb\\\" is taken\"}",
           "body with scimType, detail escaped");

    error = scim_error(p, 404, SCIM_TYPE_NONE, "no user has the id 7");
    error->retry_after = 5;
    error->allow = "GET";
    is_str(scim_error_body(p, error),
           "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],"
           "\"status\":\"404\",\"detail\":\"no user has the id 7\"}",
           "body without scimType, and nothing that the RFC does not define");

    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
