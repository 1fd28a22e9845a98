#include "msr_module.h"
#include "msr_account.h"

#include <unistd.h>
#include <apr_atomic.h>

#include "msr_log.h"

#define LONGEST_END apr_time_from_sec(10)
#define NAP apr_time_from_msec(10)

/* Runs before anything of the child's is taken down.
 *
 * mod_watchdog's threads outlive the child's pool, so a background round is waited for;
 * it learns of the end when it sleeps. What is still in use ends with the process.
 *
 * A request under way means that prefork ends the child in the handler of a signal, in
 * the thread of the request and maybe in the midst of malloc(): nothing can be taken
 * down there without the risk of waiting for ever. */
static apr_status_t on_child_end(void *data)
{
    msr_account_t *account = data;
    const apr_time_t end = apr_time_now() + LONGEST_END;

    if (apr_atomic_read32(&account->users[MSR_REQUEST])) {
        _exit(0);
    }
    apr_atomic_set32(&account->closing, 1);
    while (apr_atomic_read32(&account->users[MSR_JOB]) && apr_time_now() < end) {
        apr_sleep(NAP);
    }
    if (!apr_atomic_read32(&account->users[MSR_JOB])) {
        apr_pool_destroy(account->pool);
    }
    return APR_SUCCESS;
}

apr_status_t msr_account_open(apr_pool_t *p, msr_account_t *account)
{
    const base_env_t env = msr_env_start(account->server);
    /* Of its own: the threads of an account allocate there while those of another do
     * the same. And of no parent: see on_child_end(). */
    apr_status_t rv = apr_pool_create(&account->pool, NULL);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(account->pool, "scim_rc_account");
    rv = gw_account_open(&account->gateway, account->pool, &account->conf,
                         &account->shared, &env);
    if (rv != APR_SUCCESS) {
        account->gateway = NULL;
        apr_pool_destroy(account->pool);
        return rv;
    }
    apr_pool_pre_cleanup_register(p, account, on_child_end);
    return APR_SUCCESS;
}

gw_account_t *msr_account_enter(msr_account_t *account, msr_work_t work)
{
    apr_atomic_inc32(&account->users[work]);
    if (account->gateway && !apr_atomic_read32(&account->closing)) {
        return account->gateway;
    }
    msr_account_leave(account, work);
    return NULL;
}

void msr_account_leave(msr_account_t *account, msr_work_t work)
{
    apr_atomic_dec32(&account->users[work]);
}
