#include "gw_pair.h"

#include <apr_strings.h>

#define SKEW apr_time_from_sec(7)

void pair_hear(world_t *w)
{
    apr_pool_t *own;

    apr_pool_create(&own, w->p);
    gw_account_listen(w->account, own, &w->env);
    apr_pool_destroy(own);
}

void pair_pass(pair_t *t, int seconds)
{
    world_pass(t->a, seconds);
    world_pass(t->b, seconds);
    pair_hear(t->a);
    pair_hear(t->b);
}

void pair_pass_refresh(pair_t *t)
{
    pair_pass(t, 890);
    world_work(t->a); /* who leads goes on leading */
    fake_rc_forget(t->a->rc);
    pair_pass(t, 11);
}

void pair_calm(pair_t *t)
{
    pair_pass(t, 1);
    pair_pass(t, 1);
    pair_pass(t, 1);
}

pair_t *pair_make(apr_pool_t *p)
{
    pair_t *t = apr_pcalloc(p, sizeof *t);

    t->fleet = fake_fleet_make(p);
    t->a = world_make(p);
    t->b = world_make(p);
    t->b->rc = t->a->rc;
    t->b->now += SKEW;
    t->a->conf.peers = fake_peers_make(t->fleet);
    t->b->conf.peers = fake_peers_make(t->fleet);
    return t;
}

pair_t *pair_fill(apr_pool_t *p, int users)
{
    pair_t *t = pair_make(p);
    int i;

    for (i = 0; i < users; i++) {
        fake_rc_user(t->a->rc, "Ann", apr_psprintf(p, "Archer%d", i),
                     apr_psprintf(p, "ann%d@example.com", i));
    }
    world_fill(t->a); /* who asks first leads */
    world_fill(t->b);
    pair_calm(t);
    fake_rc_forget(t->a->rc);
    return t;
}

const char *pair_version(world_t *w, const char *id)
{
    const char *tag = at(w, world_get(w, id)->user, "meta/version");

    return tag ? tag : "none";
}

const char *pair_title(world_t *w, const char *id)
{
    return at(w, world_get(w, id)->user, "title");
}

const char *pair_country(world_t *w, const char *id)
{
    return at(w, world_get(w, id)->user, "addresses/0/country");
}
