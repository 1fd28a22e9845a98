#include "fleet_peers.h"

#include <string.h>
#include <apr_escape.h>
#include <apr_strings.h>
#include <openssl/rand.h>

#include "fleet_private.h"

apr_size_t fleet_shared_size(void)
{
    return sizeof(fleet_shared_t);
}

apr_status_t fleet_shared_init(void *memory, const void *old)
{
    fleet_shared_t *shared = memory;
    unsigned char id[FLEET_ID_SIZE / 2];

    if (old) {
        memcpy(memory, old, sizeof *shared);
        return APR_SUCCESS;
    }
    memset(shared, 0, sizeof *shared);
    if (RAND_bytes(id, sizeof id) != 1) {
        return APR_EGENERAL;
    }
    apr_escape_hex(shared->id, id, sizeof id, 0, NULL);
    return APR_SUCCESS;
}

void fleet_shared_settle(void *memory, const fleet_address_t *address)
{
    fleet_shared_t *shared = memory;
    const apr_uint64_t print = base_sha256_u64(address->name, strlen(address->name));

    apr_atomic_set32(&shared->misread, 0);
    apr_atomic_set32(&shared->mended, 0);
    if (shared->address != print) {
        shared->address = print;
        apr_atomic_set32(&shared->reached, 0);
        apr_atomic_set32(&shared->away, 0);
        apr_atomic_set32(&shared->run, 0);
        apr_atomic_set32(&shared->marker, 0);
        apr_atomic_inc32(&shared->epoch);
    }
}

const char *fleet_key(const fleet_t *fleet, apr_pool_t *p, const char *kind,
                      const char *name)
{
    return apr_pstrcat(p, fleet->conf->scope, ":", kind, ":", name, NULL);
}

void fleet_add_time(fleet_command_t *command, apr_pool_t *p, apr_interval_time_t t)
{
    fleet_command_add_number(command, p, t > 0 ? (t - 1) / 1000 + 1 : 0);
}

void fleet_say_misread(fleet_t *fleet, const base_env_t *env)
{
    if (!apr_atomic_cas32(&fleet->shared->misread, 1, 0)) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0503: %s: what another gateway left in %s cannot be opened; it "
                 "is as if it were not there. All must have the same secret",
                 fleet->conf->name, fleet->conf->address->name);
    }
}

static int is_here(void *ctx)
{
    fleet_t *fleet = ctx;

    return fleet_state_is_open(fleet->shared);
}

static apr_uint32_t epoch(void *ctx)
{
    fleet_t *fleet = ctx;

    return apr_atomic_read32(&fleet->shared->epoch);
}

static const base_peers_t functions = {
    .is_here = is_here,
    .epoch = epoch,
    .take = fleet_take,
    .mark = fleet_mark,
    .close = fleet_close,
    .get = fleet_get,
    .set = fleet_set,
    .lead = fleet_lead,
    .resign = fleet_resign,
    .tell = fleet_tell,
    .hear = fleet_hear,
};

static apr_status_t forget_key(void *data)
{
    fleet_t *fleet = data;

    base_secret_clear(fleet->key, sizeof fleet->key);
    return APR_SUCCESS;
}

apr_status_t fleet_open(const base_peers_t **peers, apr_pool_t *p,
                        const fleet_conf_t *conf, void *memory)
{
    fleet_t *fleet = apr_pcalloc(p, sizeof *fleet);
    apr_status_t rv = fleet_scripts_init(&fleet->scripts);

    rv = rv == APR_SUCCESS ? fleet_seal_key(conf->secret, conf->scope, fleet->key) : rv;
    apr_pool_cleanup_register(p, fleet, forget_key, apr_pool_cleanup_null);
    fleet->peers = functions;
    fleet->peers.ctx = fleet;
    fleet->peers.share = conf->share;
    fleet->conf = conf;
    fleet->shared = memory;
    fleet->link.address = conf->address;
    fleet->link.name = conf->name;
    fleet->link.share = conf->share;
    fleet->link.shared = memory;
    fleet->link.probe = fleet_key(fleet, p, "probe", fleet->shared->id);
    rv = rv == APR_SUCCESS ? fleet_link_init(&fleet->link, p) : rv;
    *peers = rv == APR_SUCCESS ? &fleet->peers : NULL;
    return rv;
}
