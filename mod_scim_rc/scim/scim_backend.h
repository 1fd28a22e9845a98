/* What the protocol needs from whoever keeps the resources of one type. */
#ifndef SCIM_BACKEND_H
#define SCIM_BACKEND_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "scim_error.h"
#include "scim_filter.h"

/* One resource as the bytes to be sent, except for the base URL of its location,
 * which depends on who asks: that goes in, JSON-escaped, in front of byte `mark`
 * (behind it the bytes go on with "/Users/1001"}}"). */
typedef struct scim_record_t {
    const char *text;
    apr_size_t len;
    apr_size_t mark;
} scim_record_t;

typedef struct scim_query_t {
    const scim_filter_t *filter; /* NULL: all */
    apr_int64_t start_index;     /* 1 or more */
    apr_int64_t count;           /* 0 or more: how many to return at the most */
} scim_query_t;

typedef struct scim_page_t {
    apr_int64_t total;
    apr_array_header_t *records; /* of scim_record_t, in the backend's stable order */
} scim_page_t;

/* Gives the resource as it shall be, made from `current` (not to be changed; without
 * meta.location), owned by `p`; *desired may be `current` itself when nothing
 * changes. */
typedef const scim_error_t *(*scim_change_fn)(void *baton, apr_pool_t *p,
                                              const json_t *current, json_t **desired);

/* All return NULL or an error (made in `p`); results live in `p`. An unknown id is
 * 404. `ctx` is the backend's own. */
typedef struct scim_backend_t {
    const scim_error_t *(*get)(void *ctx, apr_pool_t *p, const char *id,
                               scim_record_t *record);
    const scim_error_t *(*query)(void *ctx, apr_pool_t *p, const scim_query_t *query,
                                 scim_page_t *page);
    /* `resource` is valid by the schema and has no id or meta. */
    const scim_error_t *(*create)(void *ctx, apr_pool_t *p, const json_t *resource,
                                  scim_record_t *record, const char **id);
    /* Calls `change` with the current resource and carries out the difference. Changes
     * of one resource are applied one after the other, across all processes; `change`
     * is called once, or again when the resource had to be read anew. */
    const scim_error_t *(*update)(void *ctx, apr_pool_t *p, const char *id,
                                  scim_change_fn change, void *baton,
                                  scim_record_t *record);
    const scim_error_t *(*remove)(void *ctx, apr_pool_t *p, const char *id);
} scim_backend_t;

#endif
