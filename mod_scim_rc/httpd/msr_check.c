#include "msr_module.h"
#include "msr_check.h"

#include <string.h>
#include <unistd.h>
#include <apr_fnmatch.h>
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

/* "the name of a <ScimRCAccount>: a, b": what ScimRCUse may say. */
static const char *account_names(apr_pool_t *p, const msr_registry_t *registry)
{
    const char *text = "the name of a <ScimRCAccount>";
    int i;

    for (i = 0; i < registry->accounts->nelts; i++) {
        const msr_account_t *account =
            APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        text = apr_pstrcat(p, text, i ? ", " : ": ", account->conf.name, NULL);
    }
    return i ? text : apr_pstrcat(p, text, ", and there is none", NULL);
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
                        account_names(p, registry));
}

/* --- SetHandler ------------------------------------------------------------------ */

/* Where a directive stands. */
typedef struct place_t {
    const ap_directive_t *section; /* the outermost but <VirtualHost>, or NULL */
    const ap_directive_t *host;    /* the <VirtualHost>, or NULL */
    const char *path; /* of the <Location>, "/" for a whole server; NULL: a pattern or a
                       * condition, which cannot be compared with paths */
    int of_files;     /* it is about what lies on the disk */
} place_t;

/* The first word behind a directive's name. */
static const char *first_word(apr_pool_t *p, const ap_directive_t *directive)
{
    const char *args = directive->args;
    const char *end = *directive->directive == '<' ? strrchr(args, '>') : NULL;

    args = end ? apr_pstrmemdup(p, args, (apr_size_t)(end - args)) : args;
    return ap_getword_conf(p, &args);
}

static void find_place(apr_pool_t *p, const ap_directive_t *directive, place_t *place)
{
    const ap_directive_t *section;

    *place = (place_t){.path = "/"};
    for (section = directive->parent; section; section = section->parent) {
        if (base_str_same(section->directive, "<VirtualHost")) {
            place->host = section;
            continue;
        }
        place->section = section;
        place->path = NULL;
        if (base_str_same(section->directive, "<Location")) {
            const char *path = first_word(p, section);

            place->path = *path != '/' || apr_fnmatch_test(path) ? NULL : path;
        }
        place->of_files |= !strncasecmp(section->directive, "<Directory", 10) ||
                           !strncasecmp(section->directive, "<Files", 6);
    }
}

/* Does some ScimRCUse take effect there, as far as can be told? */
static int is_used(apr_pool_t *p, const msr_registry_t *registry, const place_t *place)
{
    int i;

    for (i = 0; i < registry->uses->nelts; i++) {
        const msr_use_t *use = APR_ARRAY_IDX(registry->uses, i, msr_use_t *);
        const apr_size_t len = strlen(use->base);
        place_t other;

        find_place(p, use->where, &other);
        if ((!other.host || !place->host || other.host == place->host) &&
            (!place->path || (!strncmp(place->path, use->base, len) &&
                              (!place->path[len] || place->path[len] == '/')))) {
            return 1;
        }
    }
    return 0;
}

/* What is wrong with a SetHandler scim-rc, which does nothing without a ScimRCUse. */
static const char *check_handler(apr_pool_t *p, const msr_registry_t *registry,
                                 const ap_directive_t *directive)
{
    const char *where = "outside of <Location>";
    place_t place;

    find_place(p, directive, &place);
    if (!place.of_files && is_used(p, registry, &place)) {
        return NULL;
    }
    if (place.section) {
        where =
            apr_psprintf(p, "in %s %s", place.section->directive, place.section->args);
    }
    if (place.of_files || !place.section) {
        return apr_psprintf(p,
                            "SetHandler: bad value '" MSR_HANDLER "' %s; it must stand "
                            "in the <Location \"/path\"> that has a ScimRCUse",
                            where);
    }
    return apr_psprintf(p,
                        "SetHandler: bad value '" MSR_HANDLER
                        "' %s, where no ScimRCUse "
                        "is in effect; there must be one, with %s",
                        where, account_names(p, registry));
}

static int check_handlers(apr_pool_t *p, const msr_registry_t *registry, server_rec *s,
                          const ap_directive_t *directive)
{
    int bad = 0;

    for (; directive; directive = directive->next) {
        if (base_str_same(directive->directive, "SetHandler") &&
            !strcmp(first_word(p, directive), MSR_HANDLER)) {
            const char *problem = check_handler(p, registry, directive);

            bad |= problem && complain(s, directive, problem);
        }
        bad |= check_handlers(p, registry, s, directive->first_child);
    }
    return bad;
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
    bad |= check_handlers(ptemp, registry, s, ap_conftree);
    return bad ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
