/* An account in a child: opened at its beginning, used by requests and by background
 * jobs, closed at its end. */
#ifndef MSR_ACCOUNT_H
#define MSR_ACCOUNT_H

#include "msr_config.h"

/* In child_init. When it fails (logged) msr_account_enter() gives NULL. `p` is the
 * child's pool. */
apr_status_t msr_account_open(apr_pool_t *p, msr_account_t *account);

/* The account for a piece of work, which must end with msr_account_leave(); or NULL
 * (then it must not) when it is not open or the child is ending. When its copy was
 * deleted the account is first opened anew, as soon as nobody uses it any more. */
gw_account_t *msr_account_enter(msr_account_t *account, msr_work_t work);
void msr_account_leave(msr_account_t *account, msr_work_t work);

#endif
