#include "msr_module.h"
#include "msr_start.h"

#include <errno.h>
#include <unistd.h>
#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_core.h>
#include <unixd.h>

#include "msr_account.h"
#include "msr_config.h"
#include "msr_credential.h"
#include "msr_jobs.h"
#include "msr_peers.h"
#include "msr_shm.h"
#include "msr_state.h"

/* The parent, as the cleanup below must know it: children inherit pconf. */
typedef struct parent_t {
    const msr_registry_t *registry;
    pid_t pid;
} parent_t;

int msr_start_is_restart(void)
{
    int generation;

    return ap_mpm_query(AP_MPMQ_GENERATION, &generation) == APR_SUCCESS &&
           generation > 0;
}

static const char *prepare(msr_account_t *account, apr_pool_t *pconf, apr_pool_t *ptemp,
                           server_rec *s)
{
    gw_account_conf_t *conf = &account->conf;
    const char *problem = msr_credential_read(account, pconf, ptemp);
    apr_status_t rv;

    problem = problem ? problem : msr_peers_read(account, pconf, ptemp);
    problem = problem ? problem : msr_state_prepare(ptemp, conf->state_dir);
    if (problem) {
        return problem;
    }
    conf->disabled_may_be_gone = msr_registry_get(s)->deletes_by_disabling;
    rv = msr_shm_attach(account, s, ptemp);
    if (rv != APR_SUCCESS) {
        return apr_psprintf(ptemp, "no shared memory: %pm", &rv);
    }
    msr_peers_settle(account);
    rv = msr_jobs_register(account, pconf);
    return rv == APR_SUCCESS ? NULL
                             : apr_psprintf(ptemp, "no background jobs: %pm", &rv);
}

/* Runs whenever a configuration ends; only the last one ends with the server. */
static apr_status_t on_end(void *data)
{
    const parent_t *parent = data;
    const apr_array_header_t *accounts = parent->registry->accounts;
    apr_pool_t *p;
    int i;

    if (getpid() != parent->pid ||
        ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_EXITING ||
        apr_pool_create(&p, NULL) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    for (i = 0; i < accounts->nelts; i++) {
        const msr_account_t *account = APR_ARRAY_IDX(accounts, i, msr_account_t *);

        /* The directory may be what was wrong with it. */
        if (!account->problem || !msr_state_check(p, account->conf.state_dir)) {
            msr_shm_save(account, p);
        }
    }
    apr_pool_destroy(p);
    return APR_SUCCESS;
}

int msr_start_parent(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *s)
{
    const msr_registry_t *registry = msr_registry_get(s);
    const int goes_on = msr_start_is_restart();
    parent_t *parent;
    int i;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG ||
        registry->accounts->nelts == 0) {
        return OK;
    }
    gw_global_init();
    for (i = 0; i < registry->accounts->nelts; i++) {
        msr_account_t *account = APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);
        const char *problem =
            account->problem ? account->problem : prepare(account, pconf, ptemp, s);

        if (problem) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "SCIMRC0002: account '%s': %s%s",
                         account->conf.name, problem,
                         goes_on ? "; the server goes on without this account, whose "
                                   "requests are answered 503 until a restart finds "
                                   "it in order"
                                 : "");
            account->problem = apr_pstrdup(pconf, problem);
        }
        if (problem && !goes_on) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    parent = apr_palloc(pconf, sizeof *parent);
    parent->registry = registry;
    parent->pid = getpid();
    apr_pool_cleanup_register(pconf, parent, on_end, apr_pool_cleanup_null);
    return OK;
}

static void open_tokens(apr_pool_t *p, server_rec *s, msr_tokens_t *tokens)
{
    tokens->tokens = auth_tokens_create(p, tokens->path);
    if (access(tokens->path, R_OK) != 0) {
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, s,
                     "SCIMRC0004: ScimRCTokenFile: the user of httpd's children (%s) "
                     "must be able to read %s",
                     ap_unixd_config.user_name, tokens->path);
    }
}

/* The accounts that the parent has prepared. */
static void open_accounts(apr_pool_t *p, server_rec *s, const msr_registry_t *registry)
{
    apr_status_t locked = APR_SUCCESS, rv;
    int i, n = 0;

    for (i = 0; i < registry->accounts->nelts; i++) {
        msr_account_t *account = APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        if (account->problem) {
            continue;
        }
        if (n++ == 0) { /* without any there may be no lock */
            locked = msr_shm_child_init(p, s);
        }
        rv = locked == APR_SUCCESS ? msr_account_open(p, account) : locked;
        if (rv != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_ERR, rv, account->server,
                         "SCIMRC0003: account '%s' cannot be opened: all its requests "
                         "are answered 503",
                         account->conf.name);
        }
    }
}

void msr_start_child(apr_pool_t *p, server_rec *s)
{
    const msr_registry_t *registry = msr_registry_get(s);
    int i;

    open_accounts(p, s, registry);
    for (i = 0; i < registry->tokens->nelts; i++) {
        open_tokens(p, s, APR_ARRAY_IDX(registry->tokens, i, msr_tokens_t *));
    }
}
