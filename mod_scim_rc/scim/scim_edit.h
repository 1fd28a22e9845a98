/* What a POST, PUT, PATCH or DELETE asks of one resource, made ready for the backend:
 * the same for a single request and for an operation of a bulk request. */
#ifndef SCIM_EDIT_H
#define SCIM_EDIT_H

#include <apr_pools.h>
#include <jansson.h>

#include "scim_backend.h"
#include "scim_error.h"
#include "scim_schema.h"

typedef enum { SCIM_POST, SCIM_PUT, SCIM_PATCH, SCIM_DELETE } scim_act_t;

/* The baton of the write that is made from it, and to live as long. */
typedef struct scim_edit_t {
    scim_act_t act;
    const scim_type_t *type;
    unsigned tolerance;
    const char *if_match, *if_none_match; /* of a PUT, PATCH or DELETE; or NULL */
    const json_t *body;                   /* set by scim_edit_prepare() */
} scim_edit_t;

/* Judges `body` (NULL for a DELETE) and fills `write` but for its id. The conditions
 * are looked at by the backend's call of write->change, that is under the lock of the
 * resource: two writers with one If-Match cannot both pass. */
const scim_error_t *scim_edit_prepare(apr_pool_t *p, scim_edit_t *edit,
                                      const json_t *body, scim_write_t *write);

#endif
