/* Sorting (RFC 7644 section 3.4.2.3): from sortBy and sortOrder to keys that are
 * compared byte by byte. */
#ifndef SCIM_SORT_H
#define SCIM_SORT_H

#include <apr_pools.h>
#include <jansson.h>

#include "base_str.h"
#include "scim_path.h"

typedef struct scim_sort_t {
    scim_path_t path; /* of a value that is not complex; without a filter */
    int descending;
    unsigned leaf;    /* the value's number in briefs */
    unsigned primary; /* that of the "primary" beside it; 0: there is none */
} scim_sort_t;

/* Reads `by`, a path in the notation of section 3.10, and `order` (NULL: ascending; in
 * any letter case with SCIM_TOLERATE_FILTER) for resources of `type`. A multi-valued
 * attribute that is named as a whole is sorted by its "value", where it has such.
 * Errors are 400 invalidValue: an unknown attribute, one that is complex or never
 * shown, what is no path, another order. */
const scim_error_t *scim_sort_parse(apr_pool_t *p, const scim_type_t *type,
                                    const char *by, const char *order,
                                    unsigned tolerance, const scim_sort_t **sort);

#define SCIM_SORT_ROOM 16

/* The key of the resource of which this is the brief, not an empty one. Of two
 * resources the one whose key is less by memcmp(), or shorter and else the same, comes
 * first when ascending. Its data is NULL when there is no value, or one of another type
 * than the schema's: such resources come last when ascending. A key of more than
 * SCIM_SORT_ROOM bytes lies in the brief, a shorter one there or in `room`. Of a
 * multi-valued attribute the primary value counts, or else the first one. Wrong bytes
 * give a wrong key and do no harm. */
base_slice_t scim_sort_key(const scim_sort_t *sort, const base_slice_t *brief,
                           char room[SCIM_SORT_ROOM]);

/* The same of the resource itself, for one that has no brief; lies in `p` or in
 * `room`. */
base_slice_t scim_sort_key_of(apr_pool_t *p, const scim_sort_t *sort,
                              const json_t *resource, char room[SCIM_SORT_ROOM]);

#endif
