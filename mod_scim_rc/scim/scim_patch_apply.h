/* One change of a PATCH on the copy of the resource. */
#ifndef SCIM_PATCH_APPLY_H
#define SCIM_PATCH_APPLY_H

#include <apr_pools.h>
#include <jansson.h>

#include "scim_error.h"
#include "scim_path.h"

typedef enum {
    SCIM_PATCH_ADD,
    SCIM_PATCH_REPLACE,
    SCIM_PATCH_REMOVE,
    SCIM_PATCH_OPS
} scim_patch_op_t;

/* What all changes of one PATCH share. */
typedef struct scim_patch_t {
    apr_pool_t *p;
    const scim_type_t *type;
    unsigned tolerance;
    const json_t *current;
    json_t
        *resource; /* what they change: it shares with `current` what is not touched */
} scim_patch_t;

typedef struct scim_change_t {
    scim_patch_op_t op;
    scim_path_t path;
    const json_t *value; /* NULL: none given, with REMOVE alone */
    int is_member;       /* of an object: what is readOnly is dropped, not refused */
} scim_change_t;

/* Carries out one change (RFC 7644 sections 3.5.2.1 to 3.5.2.3). */
const scim_error_t *scim_patch_change(const scim_patch_t *patch,
                                      const scim_change_t *change);

/* Carries out a change for each member of `object`, which names attributes of `schema`;
 * of the core schema also extensions by their URN and, where tolerated, paths. */
const scim_error_t *scim_patch_members(const scim_patch_t *patch, scim_patch_op_t op,
                                       const scim_schema_t *schema,
                                       const json_t *object);

#endif
