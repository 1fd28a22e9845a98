/* Writes that wait for the quota at the same time go out in one call. */
#ifndef GW_GATHER_H
#define GW_GATHER_H

#include "gw_board.h"
#include "gw_job.h"

/* One for each account and child; ends with `p`. Needs the account's shared memory and
 * lock file. APR_SUCCESS, or why the lock file cannot be used. */
typedef struct gw_gather_t gw_gather_t;
apr_status_t gw_gather_create(gw_gather_t **gather, apr_pool_t *p,
                              const gw_account_t *account);

/* Sends `n` prepared jobs that all ask for an update, or all for a removal, and waits
 * for what becomes of them: job->e. One that fails does not fail another. One job alone
 * goes out at once when the quota allows; several, and those of other requests that
 * wait as well, in this child or another, share calls.
 *
 * Returns early when the session's deadline comes or its client goes. A job that was
 * not sent until then has RC_BUSY or RC_INTERRUPTED. Of a job that is on its way
 * jobs[i] becomes NULL: it belongs to whoever waits for the rest of its call, or to
 * nobody, and the copy will be right in any case. */
void gw_gather_send(gw_session_t *session, gw_job_t **jobs, int n);

/* Takes the lock of a user for the rest of the request. A lock ends with its request,
 * but a call that carries what was asked may go on: its end is waited for as well, lest
 * it overtake what the caller is going to send. */
const scim_error_t *gw_gather_lock(gw_session_t *session, apr_pool_t *p,
                                   apr_uint64_t id, base_lock_t **lock);

/* For who has the lock in another way: is nothing of this user under way any more? What
 * those that have gone left of it is cleared up; that may take a call, and the copy may
 * be in doubt afterwards. */
int gw_gather_is_clear(gw_session_t *session, apr_uint64_t id);

/* The board of the session's child. */
gw_board_t *gw_gather_board(const gw_session_t *session);

/* Background work: every few seconds it takes down what children left behind that
 * died, be it a password, and looks after calls that nobody waits for. */
void gw_gather_work(gw_gather_t *gather, gw_account_t *account, apr_pool_t *p,
                    const base_env_t *env);

#endif
