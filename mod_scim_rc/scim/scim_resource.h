/* A resource as JSON: checked, changed, cut to what was asked for, and back to text. */
#ifndef SCIM_RESOURCE_H
#define SCIM_RESOURCE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "scim_backend.h"
#include "scim_error.h"
#include "scim_path.h"
#include "scim_schema.h"

/* `body` brought to canonical form, a new document owned by `p`: names spelt as in the
 * schema, values of the kind that the schema wants (string booleans where tolerated),
 * canonical values in the schema's letter case, an element without a type with the
 * first of the canonical types, a single value where an array belongs wrapped into one,
 * dotted and URN keys resolved and unknown members dropped where tolerated (else
 * invalidSyntax), members that are ignored or readOnly dropped. null, "" and [] stay as
 * they are: they say "clear". Errors: 400 invalidValue that names the path, the value
 * and what would be right; two spellings of one attribute are invalidSyntax. */
const scim_error_t *scim_resource_read(apr_pool_t *p, const scim_type_t *type,
                                       const json_t *body, unsigned tolerance,
                                       json_t **resource);

/* The value of one attribute (or sub-attribute) brought to canonical form in the same
 * way; `path` is for the error's detail. Owned by `p`. */
const scim_error_t *scim_value_read(apr_pool_t *p, const scim_attr_t *attr,
                                    const json_t *value, const char *path,
                                    unsigned tolerance, json_t **out);

/* Without null, "", [], {} at any depth, and without elements that have nothing but a
 * type and primary; every required attribute is there, else 400 invalidValue. In
 * place. */
const scim_error_t *scim_resource_finish(apr_pool_t *p, const scim_type_t *type,
                                         json_t *resource);

/* The same for a resource that came from a change of `current`: a required attribute
 * that is missing there already (the account may hold such users) is not missed. */
const scim_error_t *scim_resource_settle(apr_pool_t *p, const scim_type_t *type,
                                         const json_t *current, json_t *resource);

/* What a PUT of `body` (in canonical form) makes of `current`: what is omitted stays,
 * what is null or empty goes, a complex attribute is merged member by member, a
 * multi-valued one is replaced (RFC 7644 section 3.5.1 leaves this to the server).
 * A new document owned by `p`. */
const scim_error_t *scim_resource_replace(apr_pool_t *p, const scim_type_t *type,
                                          const json_t *current, const json_t *body,
                                          json_t **desired);

#define SCIM_PROJECTION_MAX_NAMES 200

/* What attributes= and excludedAttributes= ask for (RFC 7644 section 3.9). */
typedef struct scim_projection_t {
    apr_array_header_t *include; /* of scim_path_t; NULL: the default */
    apr_array_header_t *exclude; /* of scim_path_t; NULL: nothing */
} scim_projection_t;

/* Reads two comma-separated lists (NULL or empty: absent). Unknown names are ignored;
 * both lists at once or too many names are 400 invalidValue. *projection is NULL when
 * nothing was asked. */
const scim_error_t *scim_projection_read(apr_pool_t *p, const scim_type_t *type,
                                         const char *attributes, const char *excluded,
                                         const scim_projection_t **projection);

/* `record` cut down to the projection, with its location under `base_url`; JSON text
 * in `p`. Attributes that are returned always stay, those never returned never do. */
const scim_error_t *scim_resource_project(apr_pool_t *p, const scim_type_t *type,
                                          const scim_record_t *record,
                                          const char *base_url,
                                          const scim_projection_t *projection,
                                          const char **text, apr_size_t *len);

#endif
