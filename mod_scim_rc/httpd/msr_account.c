#include "msr_module.h"
#include "msr_account.h"

#include <unistd.h>
#include <ap_mpm.h>
#include <apr_atomic.h>
#include <scoreboard.h>

#include "msr_log.h"
#include "msr_peers.h"

#define LONGEST_END apr_time_from_sec(10)
#define LONGEST_REOPENING apr_time_from_sec(2)
#define RETRY_AFTER apr_time_from_sec(5)
#define NAP apr_time_from_msec(10)

/* A server that is restarted goes on with what it did for all gateways: its children
 * to come are the same to the others. Of a child that ends alone nobody can tell it
 * from the end of the server. */
static int server_restarts(void)
{
    const global_score *global = ap_get_scoreboard_global();
    int generation;

    return global && ap_mpm_query(AP_MPMQ_GENERATION, &generation) == APR_SUCCESS &&
           global->running_generation != generation;
}

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
        if (account->gateway && !server_restarts()) {
            const base_env_t env = msr_env_start(account->server);

            gw_account_resign(account->gateway, &env);
        }
        if (account->pool) {
            apr_pool_destroy(account->pool);
        }
        msr_peers_close(account);
    }
    return APR_SUCCESS;
}

static apr_status_t open_gateway(msr_account_t *account)
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
        account->pool = NULL;
    }
    return rv;
}

apr_status_t msr_account_open(apr_pool_t *p, msr_account_t *account)
{
    apr_status_t rv = msr_peers_open(account);

    rv = rv == APR_SUCCESS ? open_gateway(account) : rv;
    if (rv == APR_SUCCESS) {
        apr_pool_pre_cleanup_register(p, account, on_child_end);
    }
    else {
        msr_peers_close(account);
    }
    return rv;
}

/* --- A copy that was deleted under the server ------------------------------------- */

/* What `state` says. Only who has set REOPENING changes the gateway, and only when
 * nobody else is counted in `users`; who enters counts before looking at the state. */
enum {
    AS_OPENED, /* the gateway is what msr_account_open() or the last reopening made */
    REOPENING, /* one thread is at it */
    SHUT       /* closed, because opening it again failed */
};

static int is_usable(msr_account_t *account)
{
    /* Not just read: the gateway must be looked at after the state. */
    const apr_uint32_t state = apr_atomic_cas32(&account->state, AS_OPENED, AS_OPENED);

    return state == AS_OPENED && !apr_atomic_read32(&account->closing) &&
           account->gateway && !gw_account_is_lost(account->gateway);
}

/* Waits until the caller, who is counted, is the only user. Whoever else is in works
 * with what is lost and ends soon. */
static int is_alone(msr_account_t *account)
{
    const apr_time_t end = apr_time_now() + LONGEST_REOPENING;

    while (apr_atomic_read32(&account->users[MSR_REQUEST]) +
               apr_atomic_read32(&account->users[MSR_JOB]) >
           1) {
        if (apr_time_now() >= end || apr_atomic_read32(&account->closing)) {
            return 0;
        }
        apr_sleep(NAP);
    }
    return 1;
}

/* Closes what is lost and opens it anew. AS_OPENED or SHUT. */
static apr_uint32_t replace_gateway(msr_account_t *account)
{
    apr_status_t rv;

    if (account->gateway) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, account->server,
                     "SCIMRC0007: account '%s': its copy in %s was deleted while the "
                     "server runs; it is begun anew",
                     account->conf.name, account->conf.state_dir);
        account->gateway = NULL;
        apr_pool_destroy(account->pool);
        account->pool = NULL;
    }
    rv = open_gateway(account);
    if (rv == APR_SUCCESS) {
        return AS_OPENED;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR, rv, account->server,
                 "SCIMRC0008: account '%s' cannot be opened again: its requests are "
                 "answered 503; trying again in %d s",
                 account->conf.name, (int)apr_time_sec(RETRY_AFTER));
    account->retry_at = apr_time_now() + RETRY_AFTER;
    return SHUT;
}

/* For who is counted and found the account not usable. 1 when it is open again. */
static int reopen(msr_account_t *account)
{
    const apr_uint32_t before = apr_atomic_read32(&account->state);
    apr_uint32_t after = before;

    if (before == REOPENING || (before == AS_OPENED && !account->pool) ||
        (before == SHUT && apr_time_now() < account->retry_at) ||
        apr_atomic_read32(&account->closing) ||
        apr_atomic_cas32(&account->state, REOPENING, before) != before) {
        return 0;
    }
    if (is_alone(account)) {
        /* Another thread may have done it since this one looked. */
        after = account->gateway && !gw_account_is_lost(account->gateway)
                    ? AS_OPENED
                    : replace_gateway(account);
    }
    apr_atomic_set32(&account->state, after);
    return after == AS_OPENED && is_usable(account);
}

gw_account_t *msr_account_enter(msr_account_t *account, msr_work_t work)
{
    const apr_time_t end = apr_time_now() + LONGEST_REOPENING;

    for (;;) {
        apr_atomic_inc32(&account->users[work]);
        if (is_usable(account) || reopen(account)) {
            return account->gateway;
        }
        msr_account_leave(account, work);
        if (apr_atomic_read32(&account->state) != REOPENING || apr_time_now() >= end) {
            return NULL;
        }
        apr_sleep(NAP);
    }
}

void msr_account_leave(msr_account_t *account, msr_work_t work)
{
    apr_atomic_dec32(&account->users[work]);
}
