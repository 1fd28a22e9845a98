/* Attribute paths (RFC 7644 section 3.5.2, figure 7, and section 3.10). */
#ifndef SCIM_PATH_H
#define SCIM_PATH_H

#include <apr_pools.h>

#include "scim_error.h"
#include "scim_schema.h"

struct scim_filter_t;

/* What clients send beside the grammar. A set of these is the service's tolerance. */
#define SCIM_TOLERATE_FILTER                                                           \
    1 /* emails[type eq "work"].value eq "x", email eq "x", unquoted values */
#define SCIM_TOLERATE_BOOL 2     /* "True", "false" where a boolean belongs */
#define SCIM_TOLERATE_OP 4       /* "Add", "REPLACE": PATCH operations in any case */
#define SCIM_TOLERATE_KEYS 8     /* members that are spelt as paths, or unknown */
#define SCIM_TOLERATE_SCHEMAS 16 /* resources without schemas, or with others */
#define SCIM_TOLERATE_ALL 31
#define SCIM_PATCH_CREATES 32 /* replace on a valuePath without match adds it */

typedef struct scim_path_t {
    const scim_schema_t *schema;        /* of the attribute; never NULL */
    const scim_attr_t *attr;            /* NULL: the whole of `schema` */
    const struct scim_filter_t *filter; /* of attr[filter], NULL without */
    const scim_attr_t *sub;             /* NULL: the attribute itself */
} scim_path_t;

#define SCIM_PATH_NO_FILTER 1 /* attr[filter] is an error */
#define SCIM_PATH_WHOLE 2     /* the core schema's URN alone is none: for attributes= */

/* Reads `text` as a path of `type`: attr, attr.sub, attr[filter], attr[filter].sub,
 * each also behind a schema's URN and ':', or an extension's URN alone. *path and its
 * filter live in `p`. Errors: 400 invalidPath for bad syntax or an unknown name (the
 * detail names it and its position); invalidFilter for a bad filter in brackets. */
const scim_error_t *scim_path_parse(apr_pool_t *p, const scim_type_t *type,
                                    const char *text, unsigned tolerance, int flags,
                                    scim_path_t *path);

/* The path in its plainest spelling, without a filter: "name.givenName",
 * "urn:...:User:department". In `p`. */
const char *scim_path_text(apr_pool_t *p, const scim_type_t *type,
                           const scim_path_t *path);

#endif
