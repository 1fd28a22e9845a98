/* What a SCIM operation answers when it cannot do what was asked. */
#ifndef SCIM_ERROR_H
#define SCIM_ERROR_H

#include <apr_pools.h>
#include <jansson.h>

#define SCIM_ERROR_URN "urn:ietf:params:scim:api:messages:2.0:Error"

/* The scimType values (RFC 7644 section 3.12, table 9). */
typedef enum {
    SCIM_TYPE_NONE,
    SCIM_INVALID_FILTER,
    SCIM_TOO_MANY,
    SCIM_UNIQUENESS,
    SCIM_MUTABILITY,
    SCIM_INVALID_SYNTAX,
    SCIM_INVALID_PATH,
    SCIM_NO_TARGET,
    SCIM_INVALID_VALUE,
    SCIM_INVALID_VERS,
    SCIM_SENSITIVE
} scim_error_type_t;

/* Lives in the pool that it was made in. NULL stands for success everywhere. */
typedef struct scim_error_t {
    int status; /* HTTP status, 400 to 599 */
    scim_error_type_t type;
    const char *detail; /* for a person, in the words of the caller */
    int retry_after;    /* seconds, 0: do not say */
    const char *allow;  /* the methods of a 405, NULL otherwise */
} scim_error_t;

scim_error_t *scim_error(apr_pool_t *p, int status, scim_error_type_t type,
                         const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The scimType keyword, NULL for SCIM_TYPE_NONE. */
const char *scim_error_type_name(scim_error_type_t type);

/* The body of RFC 7644 section 3.12: schemas, status (a string), scimType, detail and
 * nothing else; compact JSON text in `p`. */
const char *scim_error_body(apr_pool_t *p, const scim_error_t *error);

#endif
