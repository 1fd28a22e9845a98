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
#include "msr_start.h"
#include "msr_state.h"

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

    return problem ? problem : msr_state_check(p, conf->state_dir);
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
    if (!problem && !msr_jobs_possible()) {
        problem = "background work needs mod_watchdog: LoadModule watchdog_module "
                  "modules/mod_watchdog.so";
    }
    return problem;
}

/* 0: a server that runs goes on without the account. */
static int complain_of_account(apr_pool_t *pconf, server_rec *s, msr_account_t *account,
                               const char *problem)
{
    if (msr_start_is_restart()) {
        account->problem = apr_pstrdup(pconf, problem); /* to be logged later */
        return 0;
    }
    return complain(
        s, account->where,
        apr_psprintf(pconf, "account '%s': %s", account->conf.name, problem));
}

/* A server that runs goes on: its children let nobody in by such a file, and say so. */
static int check_tokens(apr_pool_t *p, server_rec *s, const msr_tokens_t *tokens)
{
    const char *problem =
        msr_start_is_restart() ? NULL : auth_tokens_check(p, tokens->path);

    return problem &&
           complain(s, tokens->where, apr_psprintf(p, "ScimRCTokenFile: %s", problem));
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
        msr_account_t *account = APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        problem = check_account(ptemp, registry, account);
        bad |= problem && complain_of_account(pconf, s, account, problem);
    }
    for (i = 0; i < registry->uses->nelts; i++) {
        msr_use_t *use = APR_ARRAY_IDX(registry->uses, i, msr_use_t *);

        problem = resolve(ptemp, registry, use);
        bad |= problem && complain(s, use->where, problem);
    }
    for (i = 0; i < registry->tokens->nelts; i++) {
        bad |=
            check_tokens(ptemp, s, APR_ARRAY_IDX(registry->tokens, i, msr_tokens_t *));
    }
    msr_check_auth(ptemp, msr_check_handler(ptemp, registry, MSR_HANDLER, &complaints),
                   &complaints);
    msr_check_hooks(ptemp, registry, &complaints);
    return bad || handlers.bad ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
