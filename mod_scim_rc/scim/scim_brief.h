/* Briefs: the values of a resource in a form that is quick to search. A filter over
 * many resources reads their briefs in place of their JSON text and finds the same. */
#ifndef SCIM_BRIEF_H
#define SCIM_BRIEF_H

#include <apr_pools.h>
#include <jansson.h>

#include "base_str.h"
#include "scim_filter.h"
#include "scim_schema.h"

/* The brief of `resource` of `type` (without meta.location), in `p`. An empty one when
 * the resource holds what a brief cannot (an array within an array, a member that the
 * schema does not know, more than 64 KiB): that resource is to be searched itself. */
base_slice_t scim_brief_make(apr_pool_t *p, const scim_type_t *type,
                             const json_t *resource);

/* A text that is another one when the briefs of `type` are made in another way, so that
 * kept ones are of no use: after an attribute was added, say. In `p`. */
const char *scim_brief_format(apr_pool_t *p, const scim_type_t *type);

/* A filter made ready for briefs of one type. Not changed by use. */
typedef struct scim_search_t scim_search_t;

/* In `p`; points into `filter`, which is to be one for resources of `type`. */
const scim_search_t *scim_search_make(apr_pool_t *p, const scim_type_t *type,
                                      const scim_filter_t *filter);

/* Does the resource of which this is the brief, not an empty one, pass? The answer is
 * that of scim_filter_match(). Allocates nothing. The bytes need no alignment; wrong
 * ones give a wrong answer and do no harm. */
int scim_search_match(const scim_search_t *search, const base_slice_t *brief);

#endif
