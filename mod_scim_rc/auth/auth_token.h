/* Bearer tokens from a file that holds only their hashes. */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base_env.h"

/* The file has a line for each token; '#' begins a comment line:
 *
 *   name:sha256-of-the-token-in-hex:scope,scope:expiry
 *
 * name     1 to 64 of A-Z a-z 0-9 . _ @ - ; unique in the file
 * scopes   of the table in auth_scope.h; empty: all
 * expiry   an RFC 3339 time or a date (the token ends when that day begins, UTC);
 *          empty: never; the last ':' may be left out with it
 * A line that is not of this form makes the file invalid: see auth_tokens_check(). */
typedef struct auth_tokens_t auth_tokens_t;

typedef struct auth_identity_t {
    const char *name;   /* of the token: the user */
    unsigned scopes;    /* AUTH_SCOPE_... */
    apr_time_t expires; /* 0: never */
} auth_identity_t;

typedef enum {
    AUTH_OK,
    AUTH_UNKNOWN, /* no such token */
    AUTH_EXPIRED,
    AUTH_BROKEN /* the file cannot be read or was never valid: nobody is let in */
} auth_verdict_t;

/* For configuration: NULL when the file at `path` is valid and not open to everybody,
 * else what is wrong, with the line number and what would be right, in `p`. */
const char *auth_tokens_check(apr_pool_t *p, const char *path);

/* In each child: a table that is read at first use and again whenever the file has
 * changed (time or size or inode; looked at once a second at most). A changed file
 * that is invalid is logged once and the last valid table goes on; when the file is
 * gone or cannot be read, nobody is let in. Safe for several threads; lives in `p`. */
auth_tokens_t *auth_tokens_create(apr_pool_t *p, const char *path);

/* Whose token is this? All hashes are compared, each in constant time. *identity is
 * filled, in `p`, by AUTH_OK and AUTH_EXPIRED. A token has 1 to 4096 bytes; no other,
 * and not NULL, is anybody's. */
auth_verdict_t auth_tokens_verify(auth_tokens_t *tokens, apr_pool_t *p,
                                  const char *token, const base_env_t *env,
                                  auth_identity_t *identity);

#endif
