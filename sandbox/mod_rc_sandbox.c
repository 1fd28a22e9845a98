/* A RingCentral platform to try and to test against, for a private httpd. */
#include <malloc.h>
#include <stddef.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_core.h>
#include <http_protocol.h>
#include <ap_mpm.h>
#include <apr_strings.h>

#include "base_str.h"
#include "sbox_httpd.h"
#include "sbox_state.h"

#define HANDLER "rc-sandbox"
#define SCALE_MAX 100000

typedef struct server_conf_t {
    sbox_settings_t settings;
    sbox_t *box;        /* made in the child */
    server_rec *server; /* whose log it writes to */
} server_conf_t;

module AP_MODULE_DECLARE_DATA rc_sandbox_module;

static server_conf_t *conf_of(server_rec *s)
{
    return ap_get_module_config(s->module_config, &rc_sandbox_module);
}

static void *create_server_conf(apr_pool_t *p, server_rec *s)
{
    server_conf_t *conf = apr_pcalloc(p, sizeof(*conf));
    sbox_settings_t *settings = &conf->settings;

    settings->users = 100;
    settings->unassigned = 20;
    settings->sites = 3;
    settings->queues = 3;
    settings->roles = 3;
    settings->seed = 1;
    settings->time_scale = 1;
    settings->limits = 1;
    settings->apps = apr_array_make(p, 2, sizeof(sbox_app_t));
    settings->jwts = apr_array_make(p, 2, sizeof(sbox_jwt_t));
    settings->pairs = apr_array_make(p, 2, sizeof(sbox_pair_t));
    return conf;
}

/* There is one sandbox: virtual hosts share it. */
static void *merge_server_conf(apr_pool_t *p, void *base, void *add)
{
    return base;
}

static const struct {
    const char *name;
    apr_size_t offset;
    int max;
} numbers[] = {
    {"SandboxUsers", offsetof(sbox_settings_t, users), 1000000},
    {"SandboxUnassigned", offsetof(sbox_settings_t, unassigned), 1000000},
    {"SandboxSites", offsetof(sbox_settings_t, sites), 1000},
    {"SandboxQueues", offsetof(sbox_settings_t, queues), 10000},
    {"SandboxRoles", offsetof(sbox_settings_t, roles), 1000},
    {"SandboxSeed", offsetof(sbox_settings_t, seed), 1000000000},
};

static const char *wrong_value(cmd_parms *cmd, const char *value, const char *right)
{
    return apr_psprintf(cmd->pool, "%s: \"%s\" is not %s", cmd->cmd->name, value,
                        right);
}

static const char *set_number(cmd_parms *cmd, void *unused, const char *value)
{
    char *settings = (char *)&conf_of(cmd->server)->settings;
    apr_int64_t n;
    apr_size_t i = 0;

    while (strcasecmp(numbers[i].name, cmd->cmd->name)) {
        i++;
    }
    if (!base_str_to_int(value, 0, numbers[i].max, &n)) {
        return wrong_value(
            cmd, value,
            apr_psprintf(cmd->pool, "a number from 0 to %d", numbers[i].max));
    }
    *(int *)(settings + numbers[i].offset) = (int)n;
    return NULL;
}

static const char *set_scale(cmd_parms *cmd, void *unused, const char *value)
{
    char *end;
    double scale = strtod(value, &end);

    if (end == value || *end || !(scale >= 0.001 && scale <= SCALE_MAX)) {
        return wrong_value(cmd, value, "a number from 0.001 to 100000");
    }
    conf_of(cmd->server)->settings.time_scale = scale;
    return NULL;
}

static const char *set_limits(cmd_parms *cmd, void *unused, const char *value)
{
    int is_real = base_str_same(value, "real");

    if (!is_real && !base_str_same(value, "off")) {
        return wrong_value(cmd, value, "\"real\" or \"off\"");
    }
    conf_of(cmd->server)->settings.limits = is_real;
    return NULL;
}

static const char *add_app(cmd_parms *cmd, void *unused, const char *id,
                           const char *secret, const char *permissions)
{
    sbox_app_t *app = apr_array_push(conf_of(cmd->server)->settings.apps);

    app->client_id = id;
    app->client_secret = secret;
    app->permissions = permissions;
    return NULL;
}

static const char *set_jwt(cmd_parms *cmd, sbox_jwt_t *jwt, const char *token,
                           const char *owner)
{
    if (!sbox_jwt_looks_right(token)) {
        return apr_pstrcat(cmd->pool, cmd->cmd->name,
                           ": a JWT has three parts in base64url, separated by dots",
                           NULL);
    }
    jwt->token = token;
    jwt->owner = owner;
    return NULL;
}

static const char *add_jwt(cmd_parms *cmd, void *unused, const char *token,
                           const char *owner)
{
    return set_jwt(cmd, apr_array_push(conf_of(cmd->server)->settings.jwts), token,
                   owner);
}

/* id, secret, JWT, number ("-": the administrator), permissions */
static const char *add_pair(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    sbox_pair_t *pair = apr_array_push(conf_of(cmd->server)->settings.pairs);

    if (argc < 3 || argc > 5) {
        return apr_pstrcat(cmd->pool, cmd->cmd->name,
                           " takes three to five arguments, ", cmd->cmd->errmsg, NULL);
    }
    pair->app.client_id = argv[0];
    pair->app.client_secret = argv[1];
    pair->app.permissions = argc > 4 ? argv[4] : NULL;
    return set_jwt(cmd, &pair->jwt, argv[2],
                   argc > 3 && strcmp(argv[3], "-") ? argv[3] : NULL);
}

static const char *set_state_file(cmd_parms *cmd, void *unused, const char *name)
{
    conf_of(cmd->server)->settings.state_file =
        ap_server_root_relative(cmd->pool, name);
    return NULL;
}

static const command_rec commands[] = {
    AP_INIT_TAKE1("SandboxUsers", set_number, NULL, RSRC_CONF,
                  "people in the sample company (100)"),
    AP_INIT_TAKE1("SandboxUnassigned", set_number, NULL, RSRC_CONF,
                  "unassigned extensions with a line (20)"),
    AP_INIT_TAKE1("SandboxSites", set_number, NULL, RSRC_CONF,
                  "sites beside the main site (3)"),
    AP_INIT_TAKE1("SandboxQueues", set_number, NULL, RSRC_CONF, "call queues (3)"),
    AP_INIT_TAKE1("SandboxRoles", set_number, NULL, RSRC_CONF, "custom roles (3)"),
    AP_INIT_TAKE1("SandboxSeed", set_number, NULL, RSRC_CONF,
                  "another number makes another company (1)"),
    AP_INIT_TAKE1("SandboxTimeScale", set_scale, NULL, RSRC_CONF,
                  "seconds of the platform that pass in one second (1)"),
    AP_INIT_TAKE1("SandboxLimits", set_limits, NULL, RSRC_CONF,
                  "rate limits: real or off (real)"),
    AP_INIT_TAKE23("SandboxApp", add_app, NULL, RSRC_CONF,
                   "an app: client id, client secret, and its permissions in quotes"),
    AP_INIT_TAKE12("SandboxJWT", add_jwt, NULL, RSRC_CONF,
                   "a JWT credential and its owner's extension number"),
    AP_INIT_TAKE_ARGV("SandboxCredential", add_pair, NULL, RSRC_CONF,
                      "an app with a JWT of its own: client id, client secret, JWT, "
                      "the owner's extension number and the app's permissions"),
    AP_INIT_TAKE1("SandboxState", set_state_file, NULL, RSRC_CONF,
                  "a file to load the company from and to save it to"),
    {NULL, {NULL}, NULL, 0, NO_ARGS, NULL},
};

static int post_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *s)
{
    int processes = 1;

    if (ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &processes) == APR_SUCCESS &&
        processes > 1 && ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_CONFIG) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "SBOX0001: the sandbox lives in one process: \"ServerLimit 1\" is "
                     "missing, or the MPM has no threads");
    }
    return OK;
}

/* What is wrong with the state file; NULL: nothing. */
static void complain(const server_conf_t *conf, const char *wrong)
{
    if (wrong) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, conf->server, "SBOX0002: %s: %s",
                     conf->settings.state_file, wrong);
    }
}

static apr_status_t save(void *data)
{
    server_conf_t *conf = data;

    complain(conf, sbox_state_save(conf->box));
    return APR_SUCCESS;
}

/* One thread works at a time, on large documents that come and go: memory that is given
 * back to the system, or kept for each thread, only costs. */
static void keep_memory(void)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
#endif
}

static void child_init(apr_pool_t *p, server_rec *s)
{
    server_conf_t *conf = conf_of(s);

    keep_memory();
    conf->server = s;
    conf->box = sbox_create(p, &conf->settings);
    complain(conf, sbox_state_load(conf->box));
    apr_pool_pre_cleanup_register(p, conf, save);
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, s, "SBOX0003: sandbox with %d extensions",
                 conf->box->account->n_extensions);
}

static int handler(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, HANDLER)) {
        return DECLINED;
    }
    return sbox_httpd_serve(conf_of(r->server)->box, r);
}

static void register_hooks(apr_pool_t *p)
{
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(rc_sandbox) = {
    STANDARD20_MODULE_STUFF, NULL,     NULL,           create_server_conf,
    merge_server_conf,       commands, register_hooks, AP_MODULE_FLAG_NONE,
};
