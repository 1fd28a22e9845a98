/* Background work of the accounts: each has a thread of mod_watchdog's, in one of the
 * children. */
#ifndef MSR_JOBS_H
#define MSR_JOBS_H

#include "msr_config.h"

/* Is mod_watchdog there? */
int msr_jobs_possible(void);

/* In the parent, in post_config. */
apr_status_t msr_jobs_register(msr_account_t *account, apr_pool_t *pconf);

#endif
