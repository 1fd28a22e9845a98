#include "msr_module.h"
#include "msr_config.h"

#include <string.h>
#include <apr_fnmatch.h>
#include <apr_strings.h>

#include "base_str.h"
#include "msr_config_parse.h"
#include "msr_credential.h"
#include "msr_peers.h"
#include "scim_path.h"

#define ACCOUNT_NAME_MAX 64

/* --- Setting values -------------------------------------------------------------- */

static msr_registry_t *registry_of(const cmd_parms *cmd)
{
    return msr_registry_get(cmd->server);
}

/* What is wrong with a value and what would be right. */
static const char *refuse(const cmd_parms *cmd, const char *arg, const char *right)
{
    return apr_psprintf(cmd->pool, "%s: bad value '%s'; it must be %s", cmd->cmd->name,
                        arg, right);
}

/* Lets the directive's slot read `arg` into its member of `conf`. */
static const char *store(const cmd_parms *cmd, void *conf, const char *arg)
{
    const msr_slot_t *slot = cmd->info;
    const char *right = slot->parse(cmd->pool, slot, arg, (char *)conf + slot->offset);

    return right ? refuse(cmd, arg, right) : NULL;
}

/* Takes the one word, quoted or not, that must follow the directive. */
static const char *take_word(const cmd_parms *cmd, const char *args, const char *right,
                             const char **word)
{
    const char *rest = args;

    *word = ap_getword_conf(cmd->pool, &rest);
    return **word && !*rest ? NULL : refuse(cmd, args, right);
}

/* The same for a value that the directive's slot reads. */
static const char *store_word(const cmd_parms *cmd, void *conf, const char *args)
{
    const char *rest = args, *word = ap_getword_conf(cmd->pool, &rest);

    /* No slot takes a text with a space in it, so it says what is wrong with that. */
    return store(cmd, conf, *rest ? args : word);
}

/* NULL when a directive of locations stands where it may. */
static const char *misplaced(cmd_parms *cmd)
{
    if (registry_of(cmd)->current) {
        return apr_psprintf(cmd->pool,
                            "%s: is about a location; it must stand in <Location>, "
                            "not in <ScimRCAccount>",
                            cmd->cmd->name);
    }
    return ap_check_cmd_context(cmd, NOT_IN_DIRECTORY | NOT_IN_LIMIT | NOT_IN_PROXY |
                                         NOT_IN_HTACCESS);
}

static const char *set_account(cmd_parms *cmd, void *dir, const char *args)
{
    const char *problem = msr_outside_account(cmd);

    return problem ? problem : store_word(cmd, registry_of(cmd)->current, args);
}

static const char *set_location(cmd_parms *cmd, void *dir, const char *args)
{
    const char *problem = misplaced(cmd);

    return problem ? problem : store_word(cmd, dir, args);
}

static const char *set_delete(cmd_parms *cmd, void *dir, const char *args)
{
    msr_dir_t *conf = dir;
    const char *problem = set_location(cmd, dir, args);

    if (!problem && conf->remove == GW_DELETE_DISABLE) {
        registry_of(cmd)->deletes_by_disabling = 1;
    }
    return problem;
}

/* --- Directives of accounts ------------------------------------------------------ */

#define A_FILE "the path of a file"

static const char *set_ca_file(cmd_parms *cmd, void *dir, const char *args)
{
    const char *arg, *problem = msr_outside_account(cmd);

    problem = problem ? problem : take_word(cmd, args, A_FILE, &arg);
    if (problem) {
        return problem;
    }
    return store(cmd, registry_of(cmd)->current,
                 ap_server_root_relative(cmd->pool, arg));
}

static const char *set_state_dir(cmd_parms *cmd, void *dir, const char *args)
{
    const char *arg, *problem = msr_outside_account(cmd);
    apr_size_t len;

    problem = problem ? problem : take_word(cmd, args, "the path of a directory", &arg);
    if (problem) {
        return problem;
    }
    len = strlen(arg);
    while (len > 1 && arg[len - 1] == '/') { /* so that one folder has one name */
        len--;
    }
    return store(
        cmd, registry_of(cmd)->current,
        ap_runtime_dir_relative(cmd->pool, apr_pstrmemdup(cmd->pool, arg, len)));
}

static const msr_choice_t groups[] = {{"light", GW_LIGHT},
                                      {"medium", GW_MEDIUM},
                                      {"heavy", GW_HEAVY},
                                      {"auth", GW_AUTH},
                                      {NULL, 0}};

static const char *set_limit(cmd_parms *cmd, void *dir, const char *group,
                             const char *calls, const char *window)
{
    static const msr_slot_t group_slot = {.choices = groups};
    static const msr_slot_t calls_slot = {.min = 1, .max = GW_CALLS_MAX};
    static const msr_slot_t window_slot = {.min = APR_USEC_PER_SEC,
                                           .max = 3600 * APR_USEC_PER_SEC};
    const char *right, *problem = msr_outside_account(cmd);
    gw_limit_t *limit;
    int index;

    if (problem) {
        return problem;
    }
    right = msr_parse_choice(cmd->pool, &group_slot, group, &index);
    if (right) {
        return refuse(cmd, group, right);
    }
    limit = &registry_of(cmd)->current->conf.limits[index];
    if (base_str_same(calls, "off")) {
        limit->calls = 0;
        return window ? refuse(cmd, window, "left out after off") : NULL;
    }
    right = msr_parse_number(cmd->pool, &calls_slot, calls, &limit->calls);
    if (right) {
        return refuse(cmd, calls, apr_pstrcat(cmd->pool, right, ", or off", NULL));
    }
    right = window ? msr_parse_duration(cmd->pool, &window_slot, window, &limit->window)
                   : NULL;
    return right ? refuse(cmd, window, right) : NULL;
}

static msr_account_t *account_create(const cmd_parms *cmd, const char *name)
{
    msr_account_t *account = apr_pcalloc(cmd->pool, sizeof *account);
    const apr_interval_time_t minute = apr_time_from_sec(60);

    account->where = cmd->directive;
    account->server = cmd->server;
    account->credentials[0].name = "main";
    account->conf = (gw_account_conf_t){
        .name = name,
        .credentials = account->credentials,
        .n_credentials = 1,
        .max_waiting = 500,
        .platform = "https://platform.ringcentral.com",
        .state_dir = ap_runtime_dir_relative(
            cmd->pool, apr_pstrcat(cmd->pool, "scim-rc/", name, NULL)),
        .user_agent = "mod_scim_rc/" SCIMRC_VERSION,
        .max_connections = 16,
        .connect_timeout = apr_time_from_sec(5),
        .timeout = apr_time_from_sec(30),
        .max_answer = 16 * 1024 * 1024,
        .limits = {{50, minute}, {40, minute}, {10, minute}, {5, minute}},
        .background_percent = 50,
        .refresh = 15 * minute,
        .webhook_refresh = 360 * minute,
        .max_age = 5 * minute,
        .address_form = GW_ADDRESS_ISO,
    };
    return account;
}

/* Only our own directives may stand in the container: others would take effect on the
 * server around it. */
static const char *foreign_child(const cmd_parms *cmd)
{
    const ap_directive_t *child;

    for (child = cmd->directive->first_child; child; child = child->next) {
        if (strncasecmp(child->directive, "ScimRC", 6) != 0) {
            return apr_psprintf(cmd->pool,
                                "%s (line %d): must not stand in <ScimRCAccount>",
                                child->directive, child->line_num);
        }
    }
    return NULL;
}

static const char *account_section(cmd_parms *cmd, void *dir, const char *arg)
{
    msr_registry_t *registry = registry_of(cmd);
    const char *end = strrchr(arg, '>');
    const char *rest = end ? apr_pstrmemdup(cmd->pool, arg, end - arg) : "";
    const char *name = ap_getword_conf(cmd->pool, &rest);
    const char *problem = foreign_child(cmd);
    int i;

    if (!end || !*name || *rest || *name == '.' || strlen(name) > ACCOUNT_NAME_MAX ||
        name[strspn(name, MSR_NAME_CHARS)]) {
        return apr_psprintf(cmd->pool,
                            "%s name>: bad value '%s'; the name must be 1 to %d of A-Z "
                            "a-z 0-9 . _ - and not begin with '.'",
                            cmd->cmd->name,
                            end ? apr_pstrmemdup(cmd->pool, arg, end - arg) : arg,
                            ACCOUNT_NAME_MAX);
    }
    if (problem) {
        return problem;
    }
    for (i = 0; i < registry->accounts->nelts; i++) {
        const msr_account_t *other =
            APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        if (!strcmp(other->conf.name, name)) {
            return apr_psprintf(cmd->pool,
                                "%s %s>: is there already, in line %d of %s; "
                                "an account must be defined once",
                                cmd->cmd->name, name, other->where->line_num,
                                other->where->filename);
        }
    }
    registry->current = account_create(cmd, name);
    APR_ARRAY_PUSH(registry->accounts, msr_account_t *) = registry->current;
    problem = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    registry->current = NULL;
    return problem;
}

/* --- Directives of locations ----------------------------------------------------- */

static const char *set_use(cmd_parms *cmd, void *dir, const char *args)
{
    const ap_directive_t *section = cmd->directive->parent;
    const char *arg, *problem = misplaced(cmd);
    msr_use_t *use;
    apr_size_t len;

    problem =
        problem ? problem : take_word(cmd, args, "the name of a <ScimRCAccount>", &arg);
    if (problem) {
        return problem;
    }
    if (!section || !base_str_same(section->directive, "<Location") ||
        section->args[strspn(section->args, " \t")] == '~' || !cmd->path ||
        *cmd->path != '/' || apr_fnmatch_test(cmd->path)) {
        return apr_psprintf(
            cmd->pool,
            "%s: cannot stand in %s %s; it must stand directly in a "
            "<Location \"/path\"> with '/' at its beginning and without "
            "wildcards: the SCIM paths begin below it",
            cmd->cmd->name, section ? section->directive : "the server",
            section ? section->args : "");
    }
    use = apr_pcalloc(cmd->pool, sizeof *use);
    use->name = arg;
    use->where = cmd->directive;
    len = strlen(cmd->path);
    while (len && cmd->path[len - 1] == '/') {
        len--;
    }
    use->base = apr_pstrmemdup(cmd->pool, cmd->path, len);
    APR_ARRAY_PUSH(registry_of(cmd)->uses, msr_use_t *) = use;
    msr_server_set_scim(cmd->server);
    ((msr_dir_t *)dir)->use = use;
    return NULL;
}

static const char *set_token_file(cmd_parms *cmd, void *dir, const char *args)
{
    apr_array_header_t *all = registry_of(cmd)->tokens;
    const char *arg, *path = NULL, *problem = misplaced(cmd);
    msr_tokens_t *tokens;
    int i;

    problem = problem ? problem : take_word(cmd, args, A_FILE, &arg);
    path = problem ? NULL : ap_server_root_relative(cmd->pool, arg);
    if (!path) {
        return problem ? problem : refuse(cmd, arg, A_FILE);
    }
    for (i = 0; i < all->nelts; i++) {
        tokens = APR_ARRAY_IDX(all, i, msr_tokens_t *);
        if (!strcmp(tokens->path, path)) {
            ((msr_dir_t *)dir)->tokens = tokens;
            return NULL;
        }
    }
    tokens = apr_pcalloc(cmd->pool, sizeof *tokens);
    tokens->path = path;
    tokens->where = cmd->directive;
    APR_ARRAY_PUSH(all, msr_tokens_t *) = tokens;
    ((msr_dir_t *)dir)->tokens = tokens;
    return NULL;
}

static const char *set_public_url(cmd_parms *cmd, void *dir, const char *args)
{
    const char *problem = set_location(cmd, dir, args);

    if (problem || cmd->path) {
        return problem;
    }
    return apr_psprintf(cmd->pool, "%s: must stand in <Location>: it is that one's URL",
                        cmd->cmd->name);
}

/* --- The table ------------------------------------------------------------------- */

static const msr_choice_t address_forms[] = {
    {"iso", GW_ADDRESS_ISO}, {"name", GW_ADDRESS_NAME}, {NULL, 0}};

static const msr_choice_t numbers[] = {{"none", 0},
                                       {"direct", GW_NUMBER_DIRECT},
                                       {"extension", GW_NUMBER_EXTENSION},
                                       {"both", GW_NUMBER_DIRECT | GW_NUMBER_EXTENSION},
                                       {NULL, 0}};

static const msr_choice_t tolerances[] = {
    {"tolerant", SCIM_TOLERATE_ALL}, {"strict", 0}, {NULL, 0}};

static const msr_choice_t missing[] = {
    {"error", 0}, {"create", SCIM_PATCH_CREATES}, {NULL, 0}};

static const msr_choice_t creates[] = {{"extension", GW_CREATE_EXTENSION},
                                       {"unassigned", GW_CREATE_UNASSIGNED},
                                       {NULL, 0}};

static const msr_choice_t deletes[] = {{"release", GW_DELETE_RELEASE},
                                       {"disable", GW_DELETE_DISABLE},
                                       {"remove", GW_DELETE_REMOVE},
                                       {NULL, 0}};

static const msr_choice_t new_statuses[] = {
    {"NotActivated", GW_NEW_NOT_ACTIVATED}, {"Enabled", GW_NEW_ENABLED}, {NULL, 0}};

static const msr_choice_t flags[] = {{"On", 1}, {"Off", 0}, {NULL, 0}};

#define SLOT(...) ((void *)&(const msr_slot_t){__VA_ARGS__})
#define ACCOUNT(member) .offset = offsetof(msr_account_t, conf.member)
#define MAIN(member) .offset = offsetof(msr_account_t, credentials[0].member)
#define DIR(member) .offset = offsetof(msr_dir_t, member)
#define RANGE(low, high) .min = (low), .max = (high)
#define SECONDS(n) ((n)*APR_USEC_PER_SEC)
#define MILLION (1024 * 1024)
#define ANYWHERE (RSRC_CONF | ACCESS_CONF)

const command_rec msr_commands[] = {
    AP_INIT_RAW_ARGS("<ScimRCAccount", account_section, NULL, RSRC_CONF,
                     "name of a RingCentral account; its directives follow"),
    AP_INIT_RAW_ARGS("ScimRCPlatform", set_account,
                     SLOT(.parse = msr_parse_platform, ACCOUNT(platform)), RSRC_CONF,
                     "URL of the RingCentral platform"),
    AP_INIT_RAW_ARGS("ScimRCClientId", msr_credential_set,
                     SLOT(MAIN(client_id), .min = MSR_INLINE_ALLOWED), RSRC_CONF,
                     "client id of the RingCentral app: itself, file: or exec:"),
    AP_INIT_RAW_ARGS("ScimRCClientSecret", msr_credential_set,
                     SLOT(MAIN(client_secret)), RSRC_CONF,
                     "client secret of the RingCentral app: file: or exec:"),
    AP_INIT_RAW_ARGS("ScimRCJWT", msr_credential_set, SLOT(MAIN(jwt)), RSRC_CONF,
                     "JWT credential of the RingCentral service user: file: or exec:"),
    AP_INIT_TAKE_ARGV("ScimRCCredential", msr_credential_add, NULL, RSRC_CONF,
                      "a further credential: name, client id, client secret, JWT"),
    AP_INIT_TAKE12("ScimRCShared", msr_peers_set, NULL, RSRC_CONF,
                   "URL of a Redis, itself, file: or exec:, through which gateways of "
                   "the account share; percent of the limits while it is away"),
    AP_INIT_RAW_ARGS("ScimRCStateDir", set_state_dir,
                     SLOT(.parse = msr_parse_text, ACCOUNT(state_dir)), RSRC_CONF,
                     "directory of the local copy of the account"),
    AP_INIT_RAW_ARGS("ScimRCCAFile", set_ca_file,
                     SLOT(.parse = msr_parse_text, ACCOUNT(ca_file)), RSRC_CONF,
                     "PEM file of the authorities that may vouch for the platform"),
    AP_INIT_RAW_ARGS("ScimRCOutboundProxy", set_account,
                     SLOT(.parse = msr_parse_proxy, ACCOUNT(proxy)), RSRC_CONF,
                     "URL of the proxy on the way to the platform"),
    AP_INIT_RAW_ARGS(
        "ScimRCConnections", set_account,
        SLOT(.parse = msr_parse_number, ACCOUNT(max_connections), RANGE(1, 256)),
        RSRC_CONF, "connections to the platform, of each child process"),
    AP_INIT_RAW_ARGS("ScimRCConnectTimeout", set_account,
                     SLOT(.parse = msr_parse_duration, ACCOUNT(connect_timeout),
                          RANGE(SECONDS(1) / 10, SECONDS(60))),
                     RSRC_CONF, "time to connect to the platform"),
    AP_INIT_RAW_ARGS("ScimRCTimeout", set_account,
                     SLOT(.parse = msr_parse_duration, ACCOUNT(timeout),
                          RANGE(SECONDS(1) / 10, SECONDS(600))),
                     RSRC_CONF, "time for a whole call to the platform"),
    AP_INIT_RAW_ARGS(
        "ScimRCMaxAnswer", set_account,
        SLOT(.parse = msr_parse_size, ACCOUNT(max_answer), RANGE(65536, 256 * MILLION)),
        RSRC_CONF, "size of the largest answer that is taken from the platform"),
    AP_INIT_TAKE23(
        "ScimRCLimit", set_limit, NULL, RSRC_CONF,
        "throttling group, calls and window to begin with; or group and off"),
    AP_INIT_RAW_ARGS(
        "ScimRCBackgroundShare", set_account,
        SLOT(.parse = msr_parse_number, ACCOUNT(background_percent), RANGE(1, 100)),
        RSRC_CONF, "percent of the limits that background work may use"),
    AP_INIT_RAW_ARGS(
        "ScimRCMaxWaiting", set_account,
        SLOT(.parse = msr_parse_number, ACCOUNT(max_waiting), RANGE(1, GW_WAITING_MAX)),
        RSRC_CONF, "calls that may wait for the quota at a time"),
    AP_INIT_RAW_ARGS("ScimRCRefresh", set_account,
                     SLOT(.parse = msr_parse_duration, ACCOUNT(refresh),
                          RANGE(SECONDS(1), SECONDS(7 * 24 * 3600))),
                     RSRC_CONF,
                     "time from one full reading of the account to the next"),
    AP_INIT_RAW_ARGS("ScimRCWebhook", set_account,
                     SLOT(.parse = msr_parse_webhook, ACCOUNT(webhook)), RSRC_CONF,
                     "address that RingCentral is to send changes to"),
    AP_INIT_RAW_ARGS("ScimRCWebhookRefresh", set_account,
                     SLOT(.parse = msr_parse_duration, ACCOUNT(webhook_refresh),
                          RANGE(SECONDS(1), SECONDS(7 * 24 * 3600))),
                     RSRC_CONF, "time between full readings while the webhook works"),
    AP_INIT_RAW_ARGS("ScimRCMaxAge", set_account,
                     SLOT(.parse = msr_parse_duration, ACCOUNT(max_age),
                          RANGE(0, SECONDS(24 * 3600))),
                     RSRC_CONF, "age of a copy that is still trusted without asking"),
    AP_INIT_RAW_ARGS("ScimRCAddressForm", set_account,
                     SLOT(.parse = msr_parse_choice, ACCOUNT(address_form),
                          .choices = address_forms),
                     RSRC_CONF, "spelling of countries and regions: iso or name"),
    AP_INIT_RAW_ARGS(
        "ScimRCReportNumbers", set_account,
        SLOT(.parse = msr_parse_choice, ACCOUNT(numbers), .choices = numbers),
        RSRC_CONF,
        "RingCentral's numbers in phoneNumbers: none, direct, extension or both"),

    AP_INIT_RAW_ARGS("ScimRCUse", set_use, NULL, ACCESS_CONF,
                     "name of the account that this location serves"),
    AP_INIT_RAW_ARGS("ScimRCTokenFile", set_token_file, NULL, ANYWHERE,
                     "file of the hashed tokens for AuthType Bearer"),
    AP_INIT_RAW_ARGS("ScimRCPublicURL", set_public_url,
                     SLOT(.parse = msr_parse_base, DIR(public_url)), ANYWHERE,
                     "URL of this location as clients know it"),
    AP_INIT_RAW_ARGS("ScimRCDocumentation", set_location,
                     SLOT(.parse = msr_parse_link, DIR(documentation)), ANYWHERE,
                     "URL of help, for ServiceProviderConfig"),
    AP_INIT_RAW_ARGS(
        "ScimRCTolerance", set_location,
        SLOT(.parse = msr_parse_choice, DIR(tolerance), .choices = tolerances),
        ANYWHERE, "what clients send beside the RFC: tolerant or strict"),
    AP_INIT_RAW_ARGS(
        "ScimRCPatchMissing", set_location,
        SLOT(.parse = msr_parse_choice, DIR(patch_missing), .choices = missing),
        ANYWHERE, "replace on a path that matches nothing: error or create"),
    AP_INIT_RAW_ARGS("ScimRCCreate", set_location,
                     SLOT(.parse = msr_parse_choice, DIR(create), .choices = creates),
                     ANYWHERE, "how a user is made: extension or unassigned"),
    AP_INIT_RAW_ARGS("ScimRCDelete", set_delete,
                     SLOT(.parse = msr_parse_choice, DIR(remove), .choices = deletes),
                     ANYWHERE, "how a user is deleted: release, disable or remove"),
    AP_INIT_RAW_ARGS(
        "ScimRCNewUserStatus", set_location,
        SLOT(.parse = msr_parse_choice, DIR(new_status), .choices = new_statuses),
        ANYWHERE, "status of a new user: NotActivated or Enabled"),
    AP_INIT_RAW_ARGS(
        "ScimRCWelcomeMail", set_location,
        SLOT(.parse = msr_parse_choice, DIR(welcome_mail), .choices = flags), ANYWHERE,
        "RingCentral's welcome mail to a new user: On or Off"),
    AP_INIT_RAW_ARGS(
        "ScimRCPatience", set_location,
        SLOT(.parse = msr_parse_duration, DIR(patience), RANGE(0, SECONDS(600))),
        ANYWHERE, "how long a request may wait before it is put off"),
    AP_INIT_RAW_ARGS("ScimRCMaxResults", set_location,
                     SLOT(.parse = msr_parse_number, DIR(max_results), RANGE(1, 10000)),
                     ANYWHERE, "resources on one page of a list"),
    AP_INIT_RAW_ARGS(
        "ScimRCMaxBody", set_location,
        SLOT(.parse = msr_parse_size, DIR(max_body), RANGE(1024, 64 * MILLION)),
        ANYWHERE, "size of the largest request body"),
    AP_INIT_RAW_ARGS(
        "ScimRCBulkMaxOperations", set_location,
        SLOT(.parse = msr_parse_number, DIR(bulk_operations), RANGE(0, 10000)),
        ANYWHERE, "operations of a bulk request; 0 for no bulk requests"),
    AP_INIT_RAW_ARGS(
        "ScimRCBulkMaxBody", set_location,
        SLOT(.parse = msr_parse_size, DIR(bulk_body), RANGE(1024, 64 * MILLION)),
        ANYWHERE, "size of the largest body of a bulk request"),
    AP_INIT_RAW_ARGS(
        "ScimRCBulkPatience", set_location,
        SLOT(.parse = msr_parse_duration, DIR(bulk_patience), RANGE(0, SECONDS(3600))),
        ANYWHERE, "how long a bulk request may take"),
    AP_INIT_RAW_ARGS(
        "ScimRCBatchProvisioning", set_location,
        SLOT(.parse = msr_parse_choice, DIR(batch_provisioning), .choices = flags),
        ANYWHERE, "new users in batches of ten, enabled at once: On or Off"),
    AP_INIT_RAW_ARGS(
        "ScimRCGatherTime", set_location,
        SLOT(.parse = msr_parse_duration, DIR(gather), RANGE(0, SECONDS(10))), ANYWHERE,
        "how long a write may wait for others to share a call; 0 for never"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};
