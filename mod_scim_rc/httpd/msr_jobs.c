#include "msr_module.h"
#include "msr_jobs.h"

#include <apr_allocator.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <mod_watchdog.h>

#include "base_lock.h"
#include "msr_account.h"
#include "msr_log.h"

#define INTERVAL apr_time_from_sec(1)
#define KEPT_MEMORY (1024 * 1024)
#define LOCK_FILE "jobs.lock"

/* The watchdog's mutex does not hold between the children of two generations, nor
 * between two servers that share a directory; this lock does. */
static void work(msr_account_t *account, gw_account_t *gateway, apr_pool_t *p)
{
    const base_env_t env = msr_env_server(account->server);
    const char *path = apr_pstrcat(p, account->conf.state_dir, "/" LOCK_FILE, NULL);
    base_lock_t *lock;
    apr_status_t rv = base_lock_acquire(&lock, p, path, 0, 0, &env);

    if (rv == APR_SUCCESS) {
        gw_account_work(gateway, p, &env);
        base_lock_release(lock);
    }
    else if (rv != APR_TIMEUP && rv != APR_EINTR && !account->jobs_broken) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, account->server,
                     "SCIMRC0006: account '%s': no background work without the lock %s",
                     account->conf.name, path);
    }
    account->jobs_broken = rv != APR_SUCCESS && rv != APR_TIMEUP && rv != APR_EINTR;
}

/* A pool with memory of its own: a full reading of a large account would otherwise stay
 * with the child for good. */
static apr_pool_t *round_pool(apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return NULL;
    }
    apr_allocator_max_free_set(allocator, KEPT_MEMORY);
    if (apr_pool_create_ex(&p, parent, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return NULL;
    }
    apr_allocator_owner_set(allocator, p);
    apr_pool_tag(p, "scim_rc_job");
    return p;
}

static apr_status_t on_tick(int state, void *data, apr_pool_t *ptemp)
{
    msr_account_t *account = data;
    gw_account_t *gateway =
        state == AP_WATCHDOG_STATE_RUNNING ? msr_account_enter(account, MSR_JOB) : NULL;
    apr_pool_t *p;

    if (gateway) {
        p = round_pool(ptemp);
        if (p) {
            work(account, gateway, p);
            apr_pool_destroy(p);
        }
        msr_account_leave(account, MSR_JOB);
    }
    return APR_SUCCESS;
}

int msr_jobs_possible(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance) &&
           APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
}

apr_status_t msr_jobs_register(msr_account_t *account, apr_pool_t *pconf)
{
    const char *name = apr_pstrcat(pconf, "_scim_rc_", account->conf.name, "_", NULL);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    apr_status_t rv = get(&watchdog, name, 0, 1, pconf);

    return rv == APR_SUCCESS ? add(watchdog, INTERVAL, account, on_tick) : rv;
}
