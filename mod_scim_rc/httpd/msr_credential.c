#include "msr_module.h"
#include "msr_credential.h"

#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base_secret.h"
#include "base_str.h"
#include "msr_config_parse.h"

#define NAME_MAX_BYTES 64

#define SOURCES                                                                        \
    "file:/path/of/a/file or exec:/path/of/a/program (with arguments in quotes: "      \
    "\"exec:/path/of/a/program argument\")"

/* The values of a credential, and what they are called in ScimRCCredential and by the
 * directives of the first credential. */
typedef struct value_t {
    apr_size_t offset;
    int inline_allowed;
    const char *what, *directive;
} value_t;

static const value_t values[] = {
    {offsetof(gw_credential_t, client_id), 1, "client id", "ScimRCClientId"},
    {offsetof(gw_credential_t, client_secret), 0, "client secret",
     "ScimRCClientSecret"},
    {offsetof(gw_credential_t, jwt), 0, "JWT", "ScimRCJWT"},
};

#define N_VALUES (int)(sizeof values / sizeof *values)

static const char **place_of(gw_credential_t *credential, const value_t *value)
{
    return (const char **)((char *)credential + value->offset);
}

static const char *source_of(const gw_credential_t *credential, const value_t *value)
{
    return *(const char *const *)((const char *)credential + value->offset);
}

static const char *not_it(apr_pool_t *p, const char *arg, int inline_allowed)
{
    return apr_psprintf(p, "bad value '%s'; it must be %s" SOURCES, arg,
                        inline_allowed ? "one word, or " : "");
}

const char *msr_source_parse(apr_pool_t *p, const char *arg, int inline_allowed,
                             const char **source)
{
    if (!*arg) {
        return not_it(p, "\"\"", inline_allowed);
    }
    if (base_secret_is_inline(arg)) {
        *source = arg;
        return inline_allowed ? NULL
                              : "the secret itself must not stand in the "
                                "configuration; write " SOURCES;
    }
    if (!arg[5] || (*arg == 'e' && arg[5] != '/')) {
        return not_it(p, arg, 0);
    }
    *source = *arg == 'e'
                  ? apr_pstrdup(p, arg)
                  : apr_pstrcat(p, "file:", ap_server_root_relative(p, arg + 5), NULL);
    return NULL;
}

const char *msr_credential_set(cmd_parms *cmd, void *dir, const char *args)
{
    const msr_slot_t *slot = cmd->info;
    const char *problem = msr_outside_account(cmd);
    const char *all = args, *arg = ap_getword_conf(cmd->pool, &args);
    const int inline_allowed = slot->min == MSR_INLINE_ALLOWED;
    char *account = (char *)msr_registry_get(cmd->server)->current;

    if (problem) {
        return problem;
    }
    if (!*arg || *args) {
        problem =
            not_it(cmd->pool, *arg && strncmp(arg, "exec:", 5) ? "(not shown)" : all,
                   inline_allowed);
    }
    else {
        problem = msr_source_parse(cmd->pool, arg, inline_allowed,
                                   (const char **)(account + slot->offset));
    }
    return problem ? apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", problem, NULL) : NULL;
}

/* NULL, or why a further credential cannot have this name. */
static const char *check_name(apr_pool_t *p, const gw_account_conf_t *conf,
                              const char *name)
{
    int i;

    if (!*name || strlen(name) > NAME_MAX_BYTES || name[strspn(name, MSR_NAME_CHARS)]) {
        return apr_psprintf(p, "bad name '%s'; it must be 1 to %d of A-Z a-z 0-9 . _ -",
                            name, NAME_MAX_BYTES);
    }
    for (i = 0; i < conf->n_credentials; i++) {
        if (!strcmp(conf->credentials[i].name, name)) {
            return apr_psprintf(p, "bad name '%s'; %s has it already", name,
                                i ? "another credential"
                                  : "the credential of ScimRCClientId");
        }
    }
    if (conf->n_credentials == GW_CREDENTIALS_MAX) {
        return apr_psprintf(p, "an account can have %d credentials at most",
                            GW_CREDENTIALS_MAX);
    }
    return NULL;
}

const char *msr_credential_add(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *problem = msr_outside_account(cmd);
    msr_account_t *account = msr_registry_get(cmd->server)->current;
    gw_credential_t *credential;
    int i;

    if (problem) {
        return problem;
    }
    if (argc != N_VALUES + 1) {
        return apr_psprintf(cmd->pool,
                            "%s: must have four values: a name, the client id, the "
                            "client secret and the JWT",
                            cmd->cmd->name);
    }
    problem = check_name(cmd->pool, &account->conf, argv[0]);
    if (problem) {
        return apr_psprintf(cmd->pool, "%s: %s", cmd->cmd->name, problem);
    }
    credential = &account->credentials[account->conf.n_credentials];
    credential->name = apr_pstrdup(cmd->pool, argv[0]);
    for (i = 0; i < N_VALUES; i++) {
        problem = msr_source_parse(cmd->pool, argv[i + 1], values[i].inline_allowed,
                                   place_of(credential, &values[i]));
        if (problem) {
            return apr_psprintf(cmd->pool, "%s %s, %s: %s", cmd->cmd->name,
                                credential->name, values[i].what, problem);
        }
    }
    account->conf.n_credentials++;
    return NULL;
}

const char *msr_source_check(apr_pool_t *p, const char *source, const char **value)
{
    char **argv;

    *value = NULL;
    if (strncmp(source, "exec:", 5) != 0) {
        return base_secret_read(p, source, value);
    }
    return apr_tokenize_to_argv(source + 5, &argv, p) != APR_SUCCESS ||
                   access(argv[0], X_OK) != 0
               ? apr_psprintf(p, "'%s' is no program that can be started", source + 5)
               : NULL;
}

/* The platform would count the calls of both together. */
static const char *check_twins(apr_pool_t *p, const gw_credential_t *credentials, int n)
{
    int i, k;

    for (i = 1; i < n; i++) {
        for (k = 0; k < i; k++) {
            const gw_credential_t *a = &credentials[i];
            const gw_credential_t *b = &credentials[k];

            if (!strcmp(a->client_id, b->client_id) && !strcmp(a->jwt, b->jwt)) {
                return apr_psprintf(
                    p,
                    "ScimRCCredential %s: has the client id and the JWT "
                    "of '%s'; it must be another app or another user",
                    a->name, b->name);
            }
        }
    }
    return NULL;
}

/* *seen becomes the value of `credential` at `value`; or, when a program gives it, what
 * names that. */
static const char *look_at(apr_pool_t *p, const gw_credential_t *credential,
                           const value_t *value, int is_first, const char **seen)
{
    const char *source = source_of(credential, value), *problem;

    if (!source) { /* only of the first */
        return apr_psprintf(p, "%s is missing", value->directive);
    }
    problem = msr_source_check(p, source, seen);
    if (problem) {
        return is_first ? apr_psprintf(p, "%s: %s", value->directive, problem)
                        : apr_psprintf(p, "ScimRCCredential %s, %s: %s",
                                       credential->name, value->what, problem);
    }
    *seen = *seen ? *seen : apr_pstrdup(p, source);
    return NULL;
}

static void forget_values(gw_credential_t *credential)
{
    int i;

    for (i = 0; i < N_VALUES; i++) {
        const char *value = source_of(credential, &values[i]);

        if (value) {
            base_secret_clear((char *)value, strlen(value));
        }
    }
}

const char *msr_credential_check(apr_pool_t *p, const gw_account_conf_t *conf)
{
    gw_credential_t seen[GW_CREDENTIALS_MAX] = {{.name = NULL}};
    const char *problem = NULL;
    int i, k;

    for (k = 0; k < conf->n_credentials; k++) {
        const gw_credential_t *credential = &conf->credentials[k];

        seen[k].name = credential->name;
        for (i = 0; i < N_VALUES && !problem; i++) {
            problem = look_at(p, credential, &values[i], k == 0,
                              place_of(&seen[k], &values[i]));
        }
    }
    problem = problem ? problem : check_twins(p, seen, conf->n_credentials);
    for (k = 0; k < conf->n_credentials; k++) {
        forget_values(&seen[k]);
    }
    return problem;
}

static apr_status_t forget(void *data)
{
    base_secret_clear(data, strlen(data));
    return APR_SUCCESS;
}

const char *msr_source_read(apr_pool_t *pconf, apr_pool_t *ptemp, const char **source)
{
    const char *secret;
    const char *problem = base_secret_read(ptemp, *source, &secret);

    if (!problem) {
        *source = apr_pstrdup(pconf, secret);
        apr_pool_cleanup_register(pconf, *source, forget, apr_pool_cleanup_null);
        base_secret_clear((char *)secret, strlen(secret));
    }
    return problem;
}

const char *msr_credential_read(msr_account_t *account, apr_pool_t *pconf,
                                apr_pool_t *ptemp)
{
    int i, k;

    for (k = 0; k < account->conf.n_credentials; k++) {
        for (i = 0; i < N_VALUES; i++) {
            const char *problem = msr_source_read(
                pconf, ptemp, place_of(&account->credentials[k], &values[i]));

            if (problem) {
                return apr_psprintf(ptemp, "credential '%s', %s: %s",
                                    account->credentials[k].name, values[i].what,
                                    problem);
            }
        }
    }
    return check_twins(ptemp, account->credentials, account->conf.n_credentials);
}
