#include "msr_module.h"
#include "msr_check.h"

#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base_secret.h"
#include "base_str.h"
#include "msr_config.h"
#include "msr_jobs.h"

/* Logs what is wrong with what a directive set. */
static int complain(server_rec *s, const ap_directive_t *where, const char *problem)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "SCIMRC0001: %s, line %d: %s",
                 where->filename, where->line_num, problem);
    return 1;
}

/* NULL when `source` can be read, as far as can be seen without starting a program. */
static const char *check_source(apr_pool_t *p, const char *name, const char *source)
{
    const char *secret = NULL, *problem;
    char **argv;

    if (!source) {
        return apr_psprintf(p, "%s is missing", name);
    }
    if (!strncmp(source, "exec:", 5)) {
        if (apr_tokenize_to_argv(source + 5, &argv, p) != APR_SUCCESS ||
            access(argv[0], X_OK) != 0) {
            return apr_psprintf(p, "%s: '%s' is no program that can be started", name,
                                source + 5);
        }
        return NULL;
    }
    problem = base_secret_read(p, source, &secret);
    if (problem) {
        return apr_psprintf(p, "%s: %s", name, problem);
    }
    base_secret_clear((char *)secret, strlen(secret));
    return NULL;
}

static const char *check_files(apr_pool_t *p, const gw_account_conf_t *conf)
{
    apr_finfo_t info;
    apr_file_t *file;

    if (conf->ca_file) {
        if (apr_file_open(&file, conf->ca_file, APR_FOPEN_READ, 0, p) != APR_SUCCESS) {
            return apr_psprintf(p, "ScimRCCAFile: '%s' cannot be read", conf->ca_file);
        }
        apr_file_close(file);
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
    const char *problem = check_source(p, "ScimRCClientId", conf->client_id);
    int i;

    problem =
        problem ? problem : check_source(p, "ScimRCClientSecret", conf->client_secret);
    problem = problem ? problem : check_source(p, "ScimRCJWT", conf->jwt);
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
    const char *names = "";
    int i;

    for (i = 0; i < registry->accounts->nelts; i++) {
        msr_account_t *account = APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        if (!strcmp(account->conf.name, use->name)) {
            use->account = account;
            return NULL;
        }
        names = apr_pstrcat(p, names, *names ? ", " : "", account->conf.name, NULL);
    }
    return apr_psprintf(p,
                        "ScimRCUse: bad value '%s'; it must be the name of a "
                        "<ScimRCAccount>%s%s",
                        use->name, *names ? ": " : ", and there is none", names);
}

int msr_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *s)
{
    const msr_registry_t *registry = msr_registry_get(s);
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
    return bad ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
