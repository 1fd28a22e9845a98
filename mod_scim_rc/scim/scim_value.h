/* Values of attributes: what the parts of this layer that read and change them share.
 */
#ifndef SCIM_VALUE_H
#define SCIM_VALUE_H

#include <apr_pools.h>
#include <jansson.h>

#include "scim_error.h"
#include "scim_schema.h"

/* Does `value` say "unassigned" (RFC 7643 section 2.5): null, "" or []? NULL does not:
 * nothing is said. */
int scim_value_is_unset(const json_t *value);

/* Is what a client sends for `attr` to be dropped in silence? */
int scim_attr_is_dropped(const scim_attr_t *attr);

/* What becomes of the member `name` of `where` ("" is the resource) that is no
 * attribute: dropped in silence (NULL), or refused without SCIM_TOLERATE_KEYS. */
const scim_error_t *scim_member_unknown(apr_pool_t *p, const char *where,
                                        const char *name, unsigned tolerance);

/* `text`, cut to what an error's detail can show, valid UTF-8; in `p`. */
const char *scim_excerpt(apr_pool_t *p, const char *text);

/* One element of a multi-valued complex attribute, or a part of one, in canonical form
 * as by scim_value_read(), but without the type that an element gets by default. Owned
 * by `p`. */
const scim_error_t *scim_element_read(apr_pool_t *p, const scim_attr_t *attr,
                                      const json_t *value, unsigned tolerance,
                                      json_t **out);

/* Gives `element` of `attr` the type that it has by default: the first of the canonical
 * types, when there are such and it has none. */
void scim_element_settle(const scim_attr_t *attr, json_t *element);

#endif
