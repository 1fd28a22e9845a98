#include "rc_client.h"

#include <string.h>
#include <apr_strings.h>

#include "rc_call.h"

#define USUAL_TIMEOUT apr_time_from_sec(30)

apr_size_t rc_client_shared_size(void)
{
    return sizeof(rc_shared_t);
}

void rc_client_shared_init(void *memory, const rc_client_conf_t *conf)
{
    rc_shared_t *shared = memory;

    memset(shared, 0, sizeof *shared);
    rc_pacer_init(&shared->quota, conf->limits);
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

rc_client_t *rc_client_create(apr_pool_t *p, const rc_client_conf_t *conf,
                              const rc_transport_t *transport,
                              const base_shared_t *shared)
{
    rc_client_t *c = apr_pcalloc(p, sizeof *c);
    rc_shared_t *memory = shared->memory;

    c->conf = *conf;
    c->conf.name = apr_pstrdup(p, conf->name);
    c->conf.platform = apr_pstrdup(p, conf->platform);
    c->conf.client_id = apr_pstrdup(p, conf->client_id);
    c->conf.client_secret = apr_pstrdup(p, conf->client_secret);
    c->conf.jwt = apr_pstrdup(p, conf->jwt);
    c->conf.lock_file = apr_pstrdup(p, conf->lock_file);
    c->conf.timeout = conf->timeout > 0 ? conf->timeout : USUAL_TIMEOUT;
    c->transport = transport;
    c->shared = shared;
    c->token = &memory->token;
    c->pacer.shared = shared;
    c->pacer.state = &memory->quota;
    c->pacer.background_percent = percent_of(conf);
    return c;
}
