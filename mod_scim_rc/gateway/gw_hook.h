/* Events that RingCentral sends to the account's webhook. */
#ifndef GW_HOOK_H
#define GW_HOOK_H

#include "gw_account.h"

#define GW_HOOK_MAX_BODY (1024 * 1024)

/* Is this the token that the account's events carry? Compared in constant time; nothing
 * is the token of an account without a webhook. */
int gw_hook_knows(gw_account_t *account, apr_pool_t *p, const char *token,
                  const base_env_t *env);

/* Is `body` (NULL: none) that of an event, rather than of RingCentral's check of the
 * address? */
int gw_hook_is_event(apr_pool_t *p, const char *body, apr_size_t len);

/* Notes in the copy what an event says; no call to the platform. APR_SUCCESS, also when
 * the event does not concern us; APR_EINVAL when it is none; or what the copy said. */
apr_status_t gw_hook_event(gw_account_t *account, apr_pool_t *p, const char *body,
                           apr_size_t len, const base_env_t *env);

#endif
