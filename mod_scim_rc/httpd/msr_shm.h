/* The memory that all children share, and its lock. Both outlive a graceful restart,
 * so that old and new children keep one account of the quota. */
#ifndef MSR_SHM_H
#define MSR_SHM_H

#include "msr_config.h"

/* In pre_config: makes the lock known to the Mutex directive as "scim-rc". */
apr_status_t msr_shm_register(apr_pool_t *pconf);

/* In the parent: sets account->shared and account->fleet to the account's memory, new
 * or found again. Needs account->conf complete and its state directory present. */
apr_status_t msr_shm_attach(msr_account_t *account, server_rec *s, apr_pool_t *ptemp);

/* In each child, before the lock is used. */
apr_status_t msr_shm_child_init(apr_pool_t *p, server_rec *s);

/* In the parent, when the server stops for good: keeps what is worth keeping. */
void msr_shm_save(const msr_account_t *account, apr_pool_t *p);

#endif
