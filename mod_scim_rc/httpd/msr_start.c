#include "msr_module.h"
#include "msr_start.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <http_core.h>
#include <unixd.h>

#include "msr_account.h"
#include "msr_config.h"
#include "msr_credential.h"
#include "msr_jobs.h"
#include "msr_peers.h"
#include "msr_shm.h"

/* The parent, as the cleanup below must know it: children inherit pconf. */
typedef struct parent_t {
    const msr_registry_t *registry;
    pid_t pid;
} parent_t;

static uid_t children_uid(void)
{
    return geteuid() == 0 ? ap_unixd_config.user_id : geteuid();
}

/* Opens the directory itself, not what a link points to, and looks at it there. */
static const char *check_state_dir(apr_pool_t *p, const char *path, int fresh)
{
    const char *problem = NULL;
    struct stat info;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return apr_psprintf(p, "ScimRCStateDir: '%s' is no directory of its own: %s",
                            path, strerror(errno));
    }
    if (fresh && geteuid() == 0 &&
        fchown(fd, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        problem = apr_psprintf(p, "ScimRCStateDir: '%s' cannot be given to the user %s",
                               path, ap_unixd_config.user_name);
    }
    if (!problem && fstat(fd, &info) == 0 && info.st_mode & (S_IWGRP | S_IWOTH)) {
        problem = apr_psprintf(p,
                               "ScimRCStateDir: others may write to '%s' (mode %04o); "
                               "take that away: chmod go-w '%s'",
                               path, (unsigned)info.st_mode & 07777, path);
    }
    if (!problem && (fstat(fd, &info) != 0 || info.st_uid != children_uid())) {
        problem =
            apr_psprintf(p,
                         "ScimRCStateDir: '%s' must belong to the user of httpd's "
                         "children (%s)",
                         path, ap_unixd_config.user_name);
    }
    close(fd);
    return problem;
}

static const char *prepare_state_dir(apr_pool_t *p, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *parent = apr_pstrmemdup(p, path, slash ? slash - path : 0);
    int made;

    if (*parent) {
        apr_dir_make_recursive(parent, APR_FPROT_OS_DEFAULT, p);
    }
    made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST) {
        return apr_psprintf(p, "ScimRCStateDir: '%s' cannot be made: %s", path,
                            strerror(errno));
    }
    return check_state_dir(p, path, made);
}

static const char *prepare(msr_account_t *account, apr_pool_t *pconf, apr_pool_t *ptemp,
                           server_rec *s)
{
    gw_account_conf_t *conf = &account->conf;
    const char *problem = msr_credential_read(account, pconf, ptemp);
    apr_status_t rv;

    problem = problem ? problem : msr_peers_read(account, pconf, ptemp);
    problem = problem ? problem : prepare_state_dir(ptemp, conf->state_dir);
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
        msr_shm_save(APR_ARRAY_IDX(accounts, i, msr_account_t *), p);
    }
    apr_pool_destroy(p);
    return APR_SUCCESS;
}

int msr_start_parent(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *s)
{
    const msr_registry_t *registry = msr_registry_get(s);
    parent_t *parent;
    int i;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG ||
        registry->accounts->nelts == 0) {
        return OK;
    }
    gw_global_init();
    for (i = 0; i < registry->accounts->nelts; i++) {
        msr_account_t *account = APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);
        const char *problem = prepare(account, pconf, ptemp, s);

        if (problem) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "SCIMRC0002: account '%s': %s",
                         account->conf.name, problem);
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

void msr_start_child(apr_pool_t *p, server_rec *s)
{
    const msr_registry_t *registry = msr_registry_get(s);
    apr_status_t locked = APR_SUCCESS;
    int i;

    if (registry->accounts->nelts) {
        locked = msr_shm_child_init(p, s);
    }
    for (i = 0; i < registry->accounts->nelts; i++) {
        msr_account_t *account = APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);
        apr_status_t rv = locked == APR_SUCCESS ? msr_account_open(p, account) : locked;

        if (rv != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_ERR, rv, account->server,
                         "SCIMRC0003: account '%s' cannot be opened: all its requests "
                         "are answered 503",
                         account->conf.name);
        }
    }
    for (i = 0; i < registry->tokens->nelts; i++) {
        open_tokens(p, s, APR_ARRAY_IDX(registry->tokens, i, msr_tokens_t *));
    }
}
