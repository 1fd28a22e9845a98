#include "msr_module.h"
#include "msr_check.h"

#include <string.h>
#include <apr_strings.h>

#include "msr_check_auth.h"
#include "msr_check_hook.h"
#include "msr_config.h"
#include "msr_credential.h"
#include "msr_jobs.h"
#include "msr_peers.h"

/* Logs what is wrong with what a directive set. */
static int complain(server_rec *s, const ap_directive_t *where, const char *problem)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "SCIMRC0001: %s, line %d: %s",
                 where->filename, where->line_num, problem);
    return 1;
}

static const char *check_ca_file(apr_pool_t *p, const char *path)
{
    char line[256];
    int found = 0;
    apr_file_t *file;

    if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, p) !=
        APR_SUCCESS) {
        return apr_psprintf(p, "ScimRCCAFile: '%s' cannot be read", path);
    }
    while (!found && apr_file_gets(line, sizeof line, file) == APR_SUCCESS) {
        found = !strncmp(line, "-----BEGIN ", 11) && strstr(line, " CERTIFICATE-----");
    }
    apr_file_close(file);
    return found ? NULL
                 : apr_psprintf(p,
                                "ScimRCCAFile: '%s' holds no certificate; it must have "
                                "some in PEM form (-----BEGIN CERTIFICATE-----)",
                                path);
}

static const char *check_files(apr_pool_t *p, const gw_account_conf_t *conf)
{
    const char *problem = conf->ca_file ? check_ca_file(p, conf->ca_file) : NULL;
    apr_finfo_t info;

    if (problem) {
        return problem;
    }
    if (apr_stat(&info, conf->state_dir, APR_FINFO_TYPE, p) == APR_SUCCESS &&
        info.filetype != APR_DIR) {
        return apr_psprintf(p, "ScimRCStateDir: '%s' is no directory", conf->state_dir);
    }
    return NULL;
}

static const char *check_account(apr_pool_t *p, const msr_registry_t *registry,
                                 const msr_account_t *account)
{
    const gw_account_conf_t *conf = &account->conf;
    const char *problem = msr_credential_check(p, conf);
    int i;

    problem = problem ? problem : msr_peers_check(p, account);
    problem = problem ? problem : check_files(p, conf);
    for (i = 0; !problem && i < registry->accounts->nelts; i++) {
        const msr_account_t *other =
            APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        if (other != account && !strcmp(other->conf.state_dir, conf->state_dir)) {
            problem = apr_psprintf(p,
                                   "ScimRCStateDir: '%s' is also that of the account "
                                   "'%s'; each needs its own",
                                   conf->state_dir, other->conf.name);
        }
    }
    return problem ? apr_psprintf(p, "account '%s': %s", conf->name, problem) : NULL;
}

/* Finds the account that a location uses. */
static const char *resolve(apr_pool_t *p, const msr_registry_t *registry,
                           msr_use_t *use)
{
    int i;

    for (i = 0; i < registry->accounts->nelts; i++) {
        msr_account_t *account = APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        if (!strcmp(account->conf.name, use->name)) {
            use->account = account;
            return NULL;
        }
    }
    return apr_psprintf(p, "ScimRCUse: bad value '%s'; it must be %s", use->name,
                        msr_check_names(p, registry));
}

typedef struct fault_t {
    server_rec *s;
    int bad;
} fault_t;

static void complain_of_handler(void *baton, const ap_directive_t *where,
                                const char *problem)
{
    fault_t *fault = baton;

    fault->bad |= complain(fault->s, where, problem);
}

int msr_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *s)
{
    const msr_registry_t *registry = msr_registry_get(s);
    fault_t handlers = {s, 0};
    const msr_complaints_t complaints = {complain_of_handler, &handlers};
    const char *problem;
    int i, bad = 0;

    for (i = 0; i < registry->accounts->nelts; i++) {
        const msr_account_t *account =
            APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        problem = check_account(ptemp, registry, account);
        if (!problem && !msr_jobs_possible()) {
            problem = "<ScimRCAccount> needs mod_watchdog: LoadModule watchdog_module "
                      "modules/mod_watchdog.so";
        }
        bad |= problem && complain(s, account->where, problem);
    }
    for (i = 0; i < registry->uses->nelts; i++) {
        msr_use_t *use = APR_ARRAY_IDX(registry->uses, i, msr_use_t *);

        problem = resolve(ptemp, registry, use);
        bad |= problem && complain(s, use->where, problem);
    }
    for (i = 0; i < registry->tokens->nelts; i++) {
        const msr_tokens_t *tokens = APR_ARRAY_IDX(registry->tokens, i, msr_tokens_t *);

        problem = auth_tokens_check(ptemp, tokens->path);
        problem = problem ? apr_psprintf(ptemp, "ScimRCTokenFile: %s", problem) : NULL;
        bad |= problem && complain(s, tokens->where, problem);
    }
    msr_check_auth(ptemp, msr_check_handler(ptemp, registry, MSR_HANDLER, &complaints),
                   &complaints);
    msr_check_hooks(ptemp, registry, &complaints);
    return bad || handlers.bad ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
