#include "msr_module.h"
#include "msr_jobs.h"

#include <apr_allocator.h>
#include <apr_atomic.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <mod_watchdog.h>

#include "base_lock.h"
#include "msr_account.h"
#include "msr_log.h"

#define INTERVAL apr_time_from_sec(1)
#define KEPT_MEMORY (1024 * 1024)

/* A kind of background work. One process at a time does it; each has a thread and a
 * lock of its own, so that none waits for another. */
typedef struct job_t {
    const char *prefix; /* of its watchdog's name; none begins like another */
    const char *lock_file;
    void (*work)(msr_account_t *account, gw_account_t *gateway, apr_pool_t *p,
                 const base_env_t *env);
} job_t;

typedef struct task_t {
    const job_t *job;
    msr_account_t *account;
    int is_broken; /* the lock cannot be used, which was logged */
} task_t;

static void run(msr_account_t *account, gw_account_t *gateway, apr_pool_t *p,
                const base_env_t *env)
{
    gw_account_work(gateway, p, env);
}

/* As long as there is somebody to listen to, the gateway is usable and the process is
 * not about to end. */
static void listen_on(msr_account_t *account, gw_account_t *gateway, apr_pool_t *p,
                      const base_env_t *env)
{
    apr_pool_t *own;
    int again;

    apr_pool_create(&own, p);
    apr_pool_tag(own, "scim_rc_listen");
    do {
        again = gw_account_listen(gateway, own, env);
        apr_pool_clear(own);
    } while (again && !apr_atomic_read32(&account->closing) &&
             !gw_account_is_lost(gateway) && base_sleep(env, 0) == APR_SUCCESS);
    apr_pool_destroy(own);
}

static const job_t work_job = {"_scim_rc_", "jobs.lock", run};
static const job_t news_job = {"_scim_rc.news_", "news.lock", listen_on};

/* The watchdog's mutex does not hold between the children of two generations, nor
 * between two servers that share a directory; this lock does. */
static void work(task_t *task, gw_account_t *gateway, apr_pool_t *p)
{
    msr_account_t *account = task->account;
    const base_env_t env = msr_env_server(account->server);
    const char *path =
        apr_pstrcat(p, account->conf.state_dir, "/", task->job->lock_file, NULL);
    base_lock_t *lock;
    apr_status_t rv = base_lock_acquire(&lock, p, path, 0, 0, &env);

    if (rv == APR_SUCCESS) {
        task->job->work(account, gateway, p, &env);
        base_lock_release(lock);
    }
    else if (rv != APR_TIMEUP && rv != APR_EINTR && !task->is_broken) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, account->server,
                     "SCIMRC0006: account '%s': no background work without the lock %s",
                     account->conf.name, path);
    }
    task->is_broken = rv != APR_SUCCESS && rv != APR_TIMEUP && rv != APR_EINTR;
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
    task_t *task = data;
    msr_account_t *account = task->account;
    gw_account_t *gateway =
        state == AP_WATCHDOG_STATE_RUNNING ? msr_account_enter(account, MSR_JOB) : NULL;
    apr_pool_t *p;

    if (gateway) {
        p = round_pool(ptemp);
        if (p) {
            work(task, gateway, p);
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

static apr_status_t register_job(const job_t *job, msr_account_t *account,
                                 apr_pool_t *pconf)
{
    const char *name = apr_pstrcat(pconf, job->prefix, account->conf.name, "_", NULL);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    task_t *task = apr_pcalloc(pconf, sizeof *task);
    ap_watchdog_t *watchdog;
    apr_status_t rv = get(&watchdog, name, 0, 1, pconf);

    task->job = job;
    task->account = account;
    return rv == APR_SUCCESS ? add(watchdog, INTERVAL, task, on_tick) : rv;
}

apr_status_t msr_jobs_register(msr_account_t *account, apr_pool_t *pconf)
{
    apr_status_t rv = register_job(&work_job, account, pconf);

    return rv == APR_SUCCESS && account->peers ? register_job(&news_job, account, pconf)
                                               : rv;
}
