#include "msr_module.h"
#include "msr_peers.h"

#include <string.h>
#include <apr_strings.h>

#include "base_secret.h"
#include "base_str.h"
#include "fleet_peers.h"
#include "msr_config_parse.h"
#include "msr_credential.h"

#define SHARE 50

#define RIGHT                                                                          \
    FLEET_ADDRESS_RIGHT                                                                \
    ", or, when it has a password, file:/path/of/a/file or exec:/path/of/a/program "   \
    "that gives it"

typedef struct msr_peers_t {
    const char *source; /* the URL; or, until msr_peers_read(), what names it */
    int share;
    fleet_address_t address;
    fleet_conf_t conf;
    apr_pool_t *pool; /* of this child */
} msr_peers_t;

/* --- The directive ---------------------------------------------------------------- */

/* The URL as it may be shown. */
static const char *mask(apr_pool_t *p, const char *url)
{
    const char *at = strrchr(url, '@');
    const char *begin = strstr(url, "://");

    return at && begin && begin < at
               ? apr_psprintf(p, "%.*s(not shown)%s", (int)(begin + 3 - url), url, at)
           : at ? "(not shown)"
                : url;
}

static const char *check_inline(apr_pool_t *p, const char *url)
{
    fleet_address_t address;
    const char *right = fleet_address_parse(p, url, &address);

    if (right) {
        return apr_psprintf(p, "bad value '%s'; it must be %s", mask(p, url),
                            strcmp(right, FLEET_ADDRESS_RIGHT) ? right : RIGHT);
    }
    return address.password
               ? "the password must not stand in the configuration; write the whole "
                 "URL into a file, and here file:/path/of/the/file, or exec: and the "
                 "path of a program that prints it"
               : NULL;
}

static const char *set(cmd_parms *cmd, msr_peers_t *peers, const char *arg,
                       const char *percent)
{
    static const msr_slot_t share = {.min = 1, .max = 100};
    const char *problem, *right;

    problem = base_secret_is_inline(arg)
                  ? check_inline(cmd->pool, arg)
                  : msr_source_parse(cmd->pool, arg, 0, &peers->source);
    if (problem) {
        return problem;
    }
    peers->source = peers->source ? peers->source : arg;
    right =
        percent ? msr_parse_number(cmd->pool, &share, percent, &peers->share) : NULL;
    return right ? apr_psprintf(cmd->pool,
                                "bad value '%s'; it must be %s, the percent "
                                "of each limit that this gateway may use while the "
                                "Redis is away",
                                percent, right)
                 : NULL;
}

const char *msr_peers_set(cmd_parms *cmd, void *dir, const char *arg,
                          const char *percent)
{
    const char *problem = msr_outside_account(cmd);
    msr_peers_t *peers = apr_pcalloc(cmd->pool, sizeof *peers);

    if (problem) {
        return problem;
    }
    peers->share = SHARE;
    problem = set(cmd, peers, arg, percent);
    msr_registry_get(cmd->server)->current->peers = peers;
    return problem ? apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", problem, NULL) : NULL;
}

/* --- The URL ---------------------------------------------------------------------- */

/* NULL, or what is wrong with a URL that came from somewhere. */
static const char *parse(apr_pool_t *p, const char *source, const char *url,
                         fleet_address_t *address)
{
    const char *right = fleet_address_parse(p, url, address);

    return right ? apr_psprintf(p, "what '%s' gives is not right; it must be %s",
                                source, right)
                 : NULL;
}

const char *msr_peers_check(apr_pool_t *p, const msr_account_t *account)
{
    const msr_peers_t *peers = account->peers;
    fleet_address_t address;
    const char *url, *problem;

    if (!peers) {
        return NULL;
    }
    problem = msr_source_check(p, peers->source, &url);
    if (!problem && url) {
        problem = parse(p, peers->source, url, &address);
        base_secret_clear((char *)url, strlen(url));
    }
    return problem ? apr_psprintf(p, "ScimRCShared: %s", problem) : NULL;
}

static apr_status_t forget(void *data)
{
    base_secret_clear(data, strlen(data));
    return APR_SUCCESS;
}

/* What all gateways of the account have in common, and no others. */
static const char *scope_of(apr_pool_t *p, const gw_account_conf_t *conf)
{
    const char *text = apr_pstrcat(p, conf->platform, "\n", conf->name, "\n",
                                   conf->credentials[0].client_id, NULL);

    /* The braces keep all of it in one place, should there be several. */
    return apr_psprintf(p, "scim-rc:{%.32s}", base_sha256_hex(p, text, strlen(text)));
}

const char *msr_peers_read(msr_account_t *account, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    msr_peers_t *peers = account->peers;
    const char *source, *problem;

    if (!peers) {
        return NULL;
    }
    source = peers->source;
    problem = msr_source_read(pconf, ptemp, &peers->source);
    problem = problem ? problem : parse(pconf, source, peers->source, &peers->address);
    if (problem) {
        return apr_psprintf(ptemp, "ScimRCShared: %s", problem);
    }
    if (peers->address.password) {
        apr_pool_cleanup_register(pconf, peers->address.password, forget,
                                  apr_pool_cleanup_null);
    }
    peers->conf = (fleet_conf_t){
        .name = apr_psprintf(pconf, "account '%s'", account->conf.name),
        .address = &peers->address,
        .share = peers->share,
        .scope = scope_of(pconf, &account->conf),
        .secret = account->conf.credentials[0].client_secret,
    };
    return NULL;
}

void msr_peers_settle(const msr_account_t *account)
{
    if (account->peers) {
        fleet_shared_settle(account->fleet, &account->peers->address);
    }
}

/* --- In a child ------------------------------------------------------------------- */

apr_status_t msr_peers_open(msr_account_t *account)
{
    msr_peers_t *peers = account->peers;
    apr_status_t rv;

    if (!peers) {
        return APR_SUCCESS;
    }
    /* Of no parent, as the account's: it must outlive the gateway, which may be opened
     * anew meanwhile. */
    rv = apr_pool_create(&peers->pool, NULL);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(peers->pool, "scim_rc_peers");
    rv = fleet_open(&account->conf.peers, peers->pool, &peers->conf, account->fleet);
    if (rv != APR_SUCCESS) {
        msr_peers_close(account);
    }
    return rv;
}

void msr_peers_close(msr_account_t *account)
{
    msr_peers_t *peers = account->peers;

    if (peers && peers->pool) {
        account->conf.peers = NULL;
        apr_pool_destroy(peers->pool);
        peers->pool = NULL;
    }
}
