/* The subscription by which RingCentral sends its events to the account's webhook:
 * made, renewed and made anew by the background job. What is known of it is a named
 * value of the copy, so that a lost copy leads to a new subscription. */
#ifndef GW_SUBSCRIPTION_H
#define GW_SUBSCRIPTION_H

#include "gw_account_private.h"

/* Does what is due. */
void gw_subscription_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* Have events come without a gap since the full list that was begun at `synced`? */
int gw_subscription_is_live(gw_account_t *account, apr_pool_t *p, apr_time_t synced,
                            const base_env_t *env);

/* Is this the token that the account's events carry? Compared in constant time. */
int gw_subscription_has_token(gw_account_t *account, apr_pool_t *p, const char *token,
                              const base_env_t *env);

#endif
