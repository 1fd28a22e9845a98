/* Filters (RFC 7644 section 3.4.2.2): text to tree, tree on a resource. */
#ifndef SCIM_FILTER_H
#define SCIM_FILTER_H

#include <apr_pools.h>
#include <apr_time.h>
#include <jansson.h>

#include "scim_path.h"

#define SCIM_FILTER_MAX_DEPTH 32
#define SCIM_FILTER_MAX_BYTES 8192

typedef enum {
    SCIM_EQ,
    SCIM_NE,
    SCIM_CO,
    SCIM_SW,
    SCIM_EW,
    SCIM_GT,
    SCIM_GE,
    SCIM_LT,
    SCIM_LE,
    SCIM_PR
} scim_op_t;

typedef enum { SCIM_AND, SCIM_OR, SCIM_NOT, SCIM_COMPARE } scim_filter_kind_t;

typedef struct scim_filter_t {
    scim_filter_kind_t kind;
    const struct scim_filter_t *left, *right; /* AND, OR; NOT has only left */
    /* COMPARE: `path` op `value`. In the brackets of a valuePath path.attr is the
     * sub-attribute and path.sub is NULL. A valuePath that stands alone, as
     * emails[type eq "work"], is COMPARE with SCIM_PR. */
    scim_path_t path;
    scim_op_t op;
    json_t *value;      /* string, number, true, false or null; owned by the pool */
    const char *folded; /* a string value ready for comparison: folded, or as it is
                         * when the attribute is caseExact; NULL otherwise */
    apr_time_t time;    /* the value of a comparison of dateTimes */
} scim_filter_t;

/* Parses `text` for resources of `type`. Errors are 400 invalidFilter with the
 * position (1-based character) of what is wrong and what would be right: grammar,
 * unknown operators and attributes, an order operator on a boolean, a value of the
 * wrong type, more than SCIM_FILTER_MAX_DEPTH or SCIM_FILTER_MAX_BYTES. */
const scim_error_t *scim_filter_parse(apr_pool_t *p, const scim_type_t *type,
                                      const char *text, unsigned tolerance,
                                      const scim_filter_t **filter);

/* Does the resource, or the element of a multi-valued attribute, pass? A multi-valued
 * attribute passes when one of its values does. What is absent, null or empty equals
 * null and nothing else, so that "ne" passes; all other operators fail on it. `p` is
 * for scratch. */
int scim_filter_match(apr_pool_t *p, const scim_filter_t *filter,
                      const json_t *resource);
int scim_filter_match_value(apr_pool_t *p, const scim_filter_t *filter,
                            const json_t *element);

/* Does `order`, the sign of value minus operand, fit an operator of order or equality?
 * Others fit none. */
int scim_op_fits(scim_op_t op, int order);

/* When every match must have attr (or attr.sub) eq a string: that comparison, found
 * at the top or among the operands of ANDs. NULL when there is none. `name` is a path
 * of the core schema such as "userName" or "emails.value"; the tolerated
 * emails[type eq "work"].value eq "x" counts for "emails.value" too. */
const scim_filter_t *scim_filter_find_eq(const scim_filter_t *filter, const char *name);

#endif
