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

/* Finds or makes the places of the credentials; under the lock, unless nobody else uses
 * the memory. */
static void take_seats(rc_shared_t *shared, const rc_client_conf_t *conf,
                       int seats[RC_CREDENTIALS_MAX])
{
    char key[RC_KEY_SIZE];
    unsigned kept = 0;
    int k;

    for (k = 0; k < conf->n_credentials; k++) {
        set_key(&conf->credentials[k], key);
        seats[k] = rc_pacer_find_seat(&shared->quota, key);
        kept |= seats[k] < 0 ? 0 : 1u << seats[k];
    }
    for (k = 0; k < conf->n_credentials; k++) {
        if (seats[k] < 0) {
            set_key(&conf->credentials[k], key);
            seats[k] = rc_pacer_take_seat(&shared->quota, key, kept);
            base_secret_clear(&shared->tokens[seats[k]], sizeof shared->tokens[0]);
            rc_token_set_secret(&shared->tokens[seats[k]], &conf->credentials[k]);
            kept |= 1u << seats[k];
        }
    }
}

void rc_client_shared_init(void *memory, const rc_client_conf_t *conf)
{
    int seats[RC_CREDENTIALS_MAX];

    memset(memory, 0, sizeof(rc_shared_t));
    rc_pacer_init(&((rc_shared_t *)memory)->quota, 0, conf->limits);
    take_seats(memory, conf, seats);
}

apr_status_t rc_client_shared_adopt(const base_shared_t *shared,
                                    const rc_client_conf_t *conf, apr_time_t now)
{
    rc_shared_t *memory = shared->memory;
    int seats[RC_CREDENTIALS_MAX], k;
    apr_status_t rv = shared->lock(shared->ctx);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rc_pacer_set_limits(&memory->quota, conf->limits, now);
    take_seats(memory, conf, seats);
    for (k = 0; k < conf->n_credentials; k++) {
        rc_token_set_secret(&memory->tokens[seats[k]], &conf->credentials[k]);
    }
    shared->unlock(shared->ctx);
    return APR_SUCCESS;
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

/* To the places of their seats. */
static void copy_credentials(rc_client_t *c, apr_pool_t *p,
                             const rc_client_conf_t *conf, const int *seats)
{
    rc_credential_t *copies = apr_pcalloc(p, RC_SEATS * sizeof *copies);
    const char **names = apr_pcalloc(p, RC_SEATS * sizeof *names);
    int i, n = 0;

    for (i = 0; i < conf->n_credentials; i++) {
        const rc_credential_t *from = &conf->credentials[i];
        const int seat = seats[i];

        copies[seat].name = names[seat] = apr_pstrdup(p, from->name);
        copies[seat].client_id = apr_pstrdup(p, from->client_id);
        copies[seat].client_secret = apr_pstrdup(p, from->client_secret);
        copies[seat].jwt = apr_pstrdup(p, from->jwt);
        c->secrets[seat] = rc_token_secret(from);
        c->seats |= 1u << seat;
        n = seat < n ? n : seat + 1;
    }
    c->conf.credentials = copies;
    c->pacer.names = names;
    c->pacer.plan = rc_plan_create(p, n);
}

double rc_client_rate(const rc_client_t *c, rc_group_t group)
{
    double calls = 0;
    int k;

    for (k = 0; k < RC_SEATS; k++) {
        const rc_bucket_t *b = &c->pacer.state->quotas[k].buckets[group];

        if (c->seats & 1u << k && !b->limit) {
            return 0;
        }
        calls += c->seats & 1u << k ? (double)b->limit / (double)b->window : 0;
    }
    return calls;
}

rc_client_t *rc_client_create(apr_pool_t *p, const rc_client_conf_t *conf,
                              const rc_transport_t *transport,
                              const base_shared_t *shared)
{
    rc_client_t *c = apr_pcalloc(p, sizeof *c);
    rc_shared_t *memory = shared->memory;
    int seats[RC_CREDENTIALS_MAX];
    const int is_locked = shared->lock(shared->ctx) == APR_SUCCESS;

    take_seats(memory, conf, seats);
    if (is_locked) {
        shared->unlock(shared->ctx);
    }
    c->conf = *conf;
    c->conf.name = apr_pstrdup(p, conf->name);
    c->conf.platform = apr_pstrdup(p, conf->platform);
    copy_credentials(c, p, conf, seats);
    c->conf.lock_file = apr_pstrdup(p, conf->lock_file);
    c->conf.timeout = conf->timeout > 0 ? conf->timeout : USUAL_TIMEOUT;
    c->transport = transport;
    c->shared = shared;
    c->tokens = memory->tokens;
    c->pacer.shared = shared;
    c->pacer.state = &memory->quota;
    c->pacer.background_percent = percent_of(conf);
    c->pacer.max_waiting = conf->max_waiting;
    c->pacer.peers = conf->peers;
    return c;
}
