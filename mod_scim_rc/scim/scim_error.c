#include "scim_error.h"

#include <stdarg.h>
#include <apr_strings.h>

#include "base_json.h"

static const char *const type_names[] = {
    [SCIM_TYPE_NONE] = NULL,
    [SCIM_INVALID_FILTER] = "invalidFilter",
    [SCIM_TOO_MANY] = "tooMany",
    [SCIM_UNIQUENESS] = "uniqueness",
    [SCIM_MUTABILITY] = "mutability",
    [SCIM_INVALID_SYNTAX] = "invalidSyntax",
    [SCIM_INVALID_PATH] = "invalidPath",
    [SCIM_NO_TARGET] = "noTarget",
    [SCIM_INVALID_VALUE] = "invalidValue",
    [SCIM_INVALID_VERS] = "invalidVers",
    [SCIM_SENSITIVE] = "sensitive",
};

scim_error_t *scim_error(apr_pool_t *p, int status, scim_error_type_t type,
                         const char *fmt, ...)
{
    scim_error_t *error = apr_pcalloc(p, sizeof *error);
    va_list ap;

    error->status = status;
    error->type = type;
    va_start(ap, fmt);
    error->detail = apr_pvsprintf(p, fmt, ap);
    va_end(ap);
    return error;
}

const char *scim_error_type_name(scim_error_type_t type)
{
    return type_names[type];
}

const char *scim_error_body(apr_pool_t *p, const scim_error_t *error)
{
    const char *name = scim_error_type_name(error->type);

    return apr_psprintf(p,
                        "{\"schemas\":[\"" SCIM_ERROR_URN "\"],\"status\":\"%d\","
                        "%s%s%s\"detail\":\"%s\"}",
                        error->status, name ? "\"scimType\":\"" : "", name ? name : "",
                        name ? "\"," : "", base_json_escape(p, error->detail));
}
