/* What a caller may do. */
#ifndef AUTH_SCOPE_H
#define AUTH_SCOPE_H

#include <apr_pools.h>

#define AUTH_SCOPE_READ 1u  /* "read": look at resources and discovery */
#define AUTH_SCOPE_WRITE 2u /* "write": create, change, delete; implies read */
#define AUTH_SCOPE_ALL 3u

/* The bit of a scope's name, 0 when there is no such scope. */
unsigned auth_scope_parse(const char *name);

/* A comma- or space-separated list of names, as bits. NULL, or what is wrong, in
 * `p`. An empty list is AUTH_SCOPE_ALL. */
const char *auth_scope_parse_list(apr_pool_t *p, const char *list, unsigned *scopes);

/* "read write", in `p`. */
const char *auth_scope_text(apr_pool_t *p, unsigned scopes);

#endif
