/* Secrets that come from a file or from a program. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <apr_pools.h>

#define BASE_SECRET_MAX 65536

/* Reads what `source` names, for example at start-up:
 *   file:/path           the file's content; refused when others may read the file
 *   exec:/path arg ...   what the program prints; no shell; killed after 10 seconds
 *   anything else        the text itself
 * White space at the end of what is read is cut off. 1 to BASE_SECRET_MAX bytes.
 * Returns NULL and *secret in `p`, or what is wrong and what would be right, in `p`;
 * that text names the source, never the secret. */
const char *base_secret_read(apr_pool_t *p, const char *source, const char **secret);

/* Is the secret written into `source` itself, rather than referred to? */
int base_secret_is_inline(const char *source);

#endif
