/* Whose copy it is. Under an account's name another JWT may be configured: a new one of
 * the same RingCentral account, or that of another company, whose users the copy knows
 * nothing of. So the copy remembers both, the JWT as a hash, and is not believed from
 * the time when the JWT is another until RingCentral has said whose it is; or until it
 * could not be asked, as with a JWT that is not valid: reads go on then. */
#ifndef GW_OWNER_H
#define GW_OWNER_H

#include "gw_account_private.h"

/* Is it the copy of the account that the configured JWTs belong to? */
int gw_owner_is_known(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* The same, or RingCentral could not be asked. */
int gw_owner_is_believed(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* RingCentral was asked in vain. */
void gw_owner_trust(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* An answer of rc_extension_list() says whose it is: the copy is known from now on, or
 * thrown away (logged) when it was another account's. Where the answer does not say it,
 * or the copy never knew, all is left to the end of the list. */
apr_status_t gw_owner_learn(gw_account_t *account, apr_pool_t *p, const json_t *list,
                            const base_env_t *env);

/* Within a transaction, at the end of a complete list: it is the configured one's. */
apr_status_t gw_owner_settle(dir_txn_t *txn, apr_pool_t *p,
                             const gw_account_t *account);

#endif
