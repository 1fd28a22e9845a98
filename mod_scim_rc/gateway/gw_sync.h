/* Keeping the copy equal to the account: the first fill and the refreshes. */
#ifndef GW_SYNC_H
#define GW_SYNC_H

#include "gw_account_private.h"

/* Does what is due. Ends early when the quota has nothing left for background work or
 * env->sleep says APR_EINTR; goes on at the next call. */
void gw_sync_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

#endif
