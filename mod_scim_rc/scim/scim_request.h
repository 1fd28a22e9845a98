/* What a request names: the segments of its path and the parameters of its query. */
#ifndef SCIM_REQUEST_H
#define SCIM_REQUEST_H

#include <apr_pools.h>
#include <jansson.h>

#include "scim_error.h"

#define SCIM_PATH_MAX_SEGMENTS 4

/* "/Users/1001" is {"Users", "1001"}. */
typedef struct scim_target_t {
    int n; /* SCIM_PATH_MAX_SEGMENTS also stands for more */
    const char *segments[SCIM_PATH_MAX_SEGMENTS];
} scim_target_t;

/* Reads a percent-encoded path; empty segments do not count. 400 for what is no
 * percent-encoded UTF-8 text. */
const scim_error_t *scim_target_read(apr_pool_t *p, const char *path,
                                     scim_target_t *target);

/* The parameters of RFC 7644 sections 3.4.2 and 3.9 that are known here. */
typedef struct scim_params_t {
    const char *filter; /* NULL: none; one of white space alone is none */
    const char *attributes;
    const char *excluded;
    const char *sort_by, *sort_order; /* NULL: none */
    apr_int64_t start_index;          /* 1 or more */
    apr_int64_t count;                /* 0 or more, -1: not given */
} scim_params_t;

/* Reads a percent-encoded query (NULL: none). Names in any letter case, unknown ones
 * are ignored. Errors are 400 invalidValue. */
const scim_error_t *scim_params_read_query(apr_pool_t *p, const char *query,
                                           scim_params_t *params);

/* Reads a SearchRequest (RFC 7644 section 3.4.3) over `params`. */
const scim_error_t *scim_params_read_search(apr_pool_t *p, const json_t *body,
                                            scim_params_t *params);

/* Is this a media type that SCIM messages come in, in UTF-8? NULL: nothing is said,
 * which is fine. */
int scim_content_type_is_known(apr_pool_t *p, const char *content_type);

#endif
