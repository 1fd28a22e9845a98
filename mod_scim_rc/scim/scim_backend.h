/* What the protocol needs from whoever keeps the resources of one type. */
#ifndef SCIM_BACKEND_H
#define SCIM_BACKEND_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "scim_error.h"
#include "scim_filter.h"
#include "scim_sort.h"

/* One resource as the bytes to be sent, except for the base URL of its location,
 * which depends on who asks: that goes in, JSON-escaped, in front of byte `mark`
 * (behind it the bytes go on with "/Users/1001"}}"). */
typedef struct scim_record_t {
    const char *text;
    apr_size_t len;
    apr_size_t mark;
    const char *version; /* the value of meta.version, W/"...": the ETag */
} scim_record_t;

typedef struct scim_query_t {
    const scim_filter_t *filter; /* NULL: all */
    const scim_sort_t *sort;     /* NULL: in the backend's own order, which also
                                  * decides between equals */
    apr_int64_t start_index;     /* 1 or more */
    apr_int64_t count;           /* 0 or more: how many to return at the most */
    const char *escaped_url;     /* NULL: give records; or the base URL of locations,
                                  * JSON-escaped: the page may be given as pieces */
} scim_query_t;

typedef struct scim_page_t {
    apr_int64_t total;
    apr_array_header_t *records; /* of scim_record_t, in the order asked for */
    /* Or, unless NULL, base_slice_t: the resources as they are sent, commas between
     * them. `n` is how many resources these are. */
    apr_array_header_t *pieces;
    int n;
} scim_page_t;

/* A resource as it is before a write; lives as long as the call that is given it. */
typedef struct scim_current_t {
    const json_t *resource; /* without meta.location; not to be changed */
    /* The version under which it was shown before more of it became known, nobody
     * having changed it: in an If-Match it means the same as meta.version. NULL: none.
     */
    const char *former;
} scim_current_t;

/* Gives the resource as it shall be, made from `current`, owned by `p`; *desired may be
 * current->resource itself when nothing changes. */
typedef const scim_error_t *(*scim_change_fn)(void *baton, apr_pool_t *p,
                                              const scim_current_t *current,
                                              json_t **desired);

typedef enum { SCIM_CREATE, SCIM_UPDATE, SCIM_REMOVE } scim_verb_t;

/* One of several writes that were asked for at once. */
typedef struct scim_write_t {
    scim_verb_t verb;
    const char *id;         /* of an update or a remove; of a create: a result */
    const json_t *resource; /* of a create */
    scim_change_fn change;  /* of an update; of a remove a condition, or NULL */
    void *baton;            /* of `change` */
    /* Results: */
    scim_record_t record;      /* of a create or an update */
    const scim_error_t *error; /* NULL: it was carried out */
} scim_write_t;

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
    /* `condition` (or NULL) sees the current resource, in the way of `change`, and
     * refuses by an error; what it desires does not matter. */
    const scim_error_t *(*remove)(void *ctx, apr_pool_t *p, const char *id,
                                  scim_change_fn condition, void *baton);
    /* Carries out writes that do not depend on each other, in any order and several
     * at a time; one that fails does not hinder another. No two of them name the same
     * id. `change` may be called by other threads, but by one at a time for each
     * baton; each result lives in `p`. */
    void (*write_many)(void *ctx, apr_pool_t *p, scim_write_t *writes, int n);
} scim_backend_t;

#endif
