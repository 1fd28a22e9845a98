#include "rc_client.h"

#include <string.h>
#include <apr_strings.h>

#include "base_str.h"
#include "rc_call.h"

#define USUAL_TIMEOUT apr_time_from_sec(30)

apr_size_t rc_client_shared_size(void)
{
    return sizeof(rc_shared_t);
}

/* The platform counts by app and user: another secret of the same app changes
 * nothing. */
static void set_key(const rc_credential_t *credential, char key[RC_KEY_SIZE])
{
    apr_snprintf(key, RC_KEY_SIZE,
                 "%016" APR_UINT64_T_HEX_FMT "%016" APR_UINT64_T_HEX_FMT,
                 base_sha256_u64(credential->client_id, strlen(credential->client_id)),
                 base_sha256_u64(credential->jwt, strlen(credential->jwt)));
}

void rc_client_shared_init(void *memory, const rc_client_conf_t *conf)
{
    rc_shared_t *shared = memory;

    int k;

    memset(shared, 0, sizeof *shared);
    rc_pacer_init(&shared->quota, conf->n_credentials, conf->limits);
    for (k = 0; k < conf->n_credentials; k++) {
        set_key(&conf->credentials[k], shared->quota.quotas[k].key);
    }
}

rc_pacer_state_t *rc_client_quota(void *memory)
{
    return &((rc_shared_t *)memory)->quota;
}

static int percent_of(const rc_client_conf_t *conf)
{
    return conf->background_percent >= 1 && conf->background_percent <= 100
               ? conf->background_percent
               : 100;
}

static const rc_credential_t *copy_credentials(apr_pool_t *p,
                                               const rc_client_conf_t *conf)
{
    rc_credential_t *copies =
        apr_palloc(p, conf->n_credentials * sizeof(rc_credential_t));
    int i;

    for (i = 0; i < conf->n_credentials; i++) {
        const rc_credential_t *from = &conf->credentials[i];

        copies[i].name = apr_pstrdup(p, from->name);
        copies[i].client_id = apr_pstrdup(p, from->client_id);
        copies[i].client_secret = apr_pstrdup(p, from->client_secret);
        copies[i].jwt = apr_pstrdup(p, from->jwt);
    }
    return copies;
}

static const char *const *names_of(apr_pool_t *p, const rc_credential_t *credentials,
                                   int n)
{
    const char **names = apr_palloc(p, n * sizeof *names);
    int i;

    for (i = 0; i < n; i++) {
        names[i] = credentials[i].name;
    }
    return names;
}

rc_client_t *rc_client_create(apr_pool_t *p, const rc_client_conf_t *conf,
                              const rc_transport_t *transport,
                              const base_shared_t *shared)
{
    rc_client_t *c = apr_pcalloc(p, sizeof *c);
    rc_shared_t *memory = shared->memory;

    c->conf = *conf;
    c->conf.name = apr_pstrdup(p, conf->name);
    c->conf.platform = apr_pstrdup(p, conf->platform);
    c->conf.credentials = copy_credentials(p, conf);
    c->conf.lock_file = apr_pstrdup(p, conf->lock_file);
    c->conf.timeout = conf->timeout > 0 ? conf->timeout : USUAL_TIMEOUT;
    c->transport = transport;
    c->shared = shared;
    c->tokens = memory->tokens;
    c->pacer.shared = shared;
    c->pacer.state = &memory->quota;
    c->pacer.plan = rc_plan_create(p, conf->n_credentials);
    c->pacer.names = names_of(p, c->conf.credentials, conf->n_credentials);
    c->pacer.background_percent = percent_of(conf);
    c->pacer.max_waiting = conf->max_waiting;
    c->pacer.peers = conf->peers;
    return c;
}
