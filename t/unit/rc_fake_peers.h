/* What several gateways share, in memory and by the clock of whoever asks: budgets,
 * values, leadership. Holds no pointer, so that processes can share it. */
#ifndef T_RC_FAKE_PEERS_H
#define T_RC_FAKE_PEERS_H

#include <string.h>
#include <apr_strings.h>

#include "base_peers.h"

#define PEERS_BUDGETS 12
#define PEERS_UNITS 1200
#define PEERS_VALUES 8
#define PEERS_VALUE_SIZE 5000

typedef struct peers_unit_t {
    apr_uint64_t id;
    apr_time_t until;
} peers_unit_t;

typedef struct peers_budget_t {
    char name[64];
    apr_time_t closed_until;
    peers_unit_t units[PEERS_UNITS];
} peers_budget_t;

/* A value, or who leads. */
typedef struct peers_value_t {
    char name[64];
    apr_time_t until;
    apr_size_t len;
    int leader;
    char data[PEERS_VALUE_SIZE];
} peers_value_t;

typedef struct peers_common_t {
    apr_uint64_t last_id;
    peers_budget_t budgets[PEERS_BUDGETS];
    peers_value_t values[PEERS_VALUES], leaders[PEERS_VALUES];
} peers_common_t;

/* One gateway's view: the ctx of its base_peers_t. */
typedef struct peers_view_t {
    peers_common_t *common;
    int id; /* 1 and more */
    int away;
    int lies; /* is_here() says 1 all the same */
    apr_uint32_t epoch;
    int takes, marks, closes, gets, sets, leads;
    int locked; /* somebody came with a lock: see `is_locked` */
    int (*is_locked)(void);
    int (*is_away)(void); /* or NULL */
    apr_status_t (*lock)(void);
    void (*unlock)(void);
    void (*on_away)(void); /* what being away costs the caller */
    void (*on_ask)(void);  /* happens before the next take() or lead(), once */
} peers_view_t;

static void peers_happen(peers_view_t *v)
{
    void (*happens)(void) = v->on_ask;

    v->on_ask = NULL;
    if (happens) {
        happens();
    }
}

static int peers_begin(peers_view_t *v)
{
    v->locked |= v->is_locked && v->is_locked();
    v->away |= v->is_away && v->is_away();
    if (v->away) {
        if (v->on_away) {
            v->on_away();
        }
        return 0;
    }
    if (v->lock) {
        v->lock();
    }
    return 1;
}

static apr_status_t peers_end(peers_view_t *v, apr_status_t rv)
{
    if (v->unlock) {
        v->unlock();
    }
    return rv;
}

static int peers_is_here(void *ctx)
{
    peers_view_t *v = ctx;

    if (v->is_away) {
        v->away = v->is_away();
    }
    return !v->away || v->lies;
}

static apr_uint32_t peers_epoch(void *ctx)
{
    return ((peers_view_t *)ctx)->epoch;
}

static peers_budget_t *peers_budget(peers_common_t *c, const char *name)
{
    int i = 0;

    while (c->budgets[i].name[0] && strcmp(c->budgets[i].name, name) != 0) {
        i++;
    }
    apr_cpystrn(c->budgets[i].name, name, sizeof c->budgets[i].name);
    return &c->budgets[i];
}

/* How many units count; *wait until there are less than `limit`, if so. */
static int peers_used(const peers_budget_t *b, apr_time_t now, int limit,
                      apr_interval_time_t *wait)
{
    int i, k, used = 0;

    for (i = 0; i < PEERS_UNITS; i++) {
        used += b->units[i].until > now;
    }
    for (i = 0; used >= limit && i < PEERS_UNITS; i++) {
        int later = 0, same = 0;

        for (k = 0; k < PEERS_UNITS; k++) {
            later += b->units[k].until > b->units[i].until;
            same += b->units[k].until == b->units[i].until;
        }
        if (b->units[i].until > now && later < limit && later + same >= limit) {
            *wait = b->units[i].until - now;
        }
    }
    return used;
}

static apr_status_t peers_take(void *ctx, const base_env_t *env,
                               const base_budget_t *budget, apr_interval_time_t longest,
                               char claim[BASE_CLAIM_SIZE], apr_interval_time_t *wait)
{
    const apr_time_t now = base_now(env);
    peers_view_t *v = ctx;
    peers_budget_t *b;
    int i = 0;

    v->takes++;
    peers_happen(v);
    if (!peers_begin(v)) {
        return APR_ENOTIMPL;
    }
    b = peers_budget(v->common, budget->name);
    *wait = b->closed_until - now;
    if (*wait > 0 || peers_used(b, now, budget->limit, wait) >= budget->limit) {
        return peers_end(v, APR_EAGAIN);
    }
    while (b->units[i].until > now) {
        i++;
    }
    b->units[i].id = ++v->common->last_id;
    b->units[i].until = now + longest + budget->window;
    apr_snprintf(claim, BASE_CLAIM_SIZE, "%d", (int)b->units[i].id);
    return peers_end(v, APR_SUCCESS);
}

static apr_status_t peers_mark(void *ctx, const base_env_t *env,
                               const base_budget_t *budget, const char *claim,
                               apr_interval_time_t time)
{
    peers_view_t *v = ctx;
    peers_budget_t *b;
    int i;

    v->marks++;
    if (!peers_begin(v)) {
        return APR_ENOTIMPL;
    }
    b = peers_budget(v->common, budget->name);
    for (i = 0; i < PEERS_UNITS; i++) {
        if (b->units[i].id == (apr_uint64_t)apr_atoi64(claim)) {
            b->units[i].until = base_now(env) + time;
        }
    }
    return peers_end(v, APR_SUCCESS);
}

static apr_status_t peers_close(void *ctx, const base_env_t *env, const char *budget,
                                apr_interval_time_t time)
{
    peers_view_t *v = ctx;

    v->closes++;
    if (!peers_begin(v)) {
        return APR_ENOTIMPL;
    }
    peers_budget(v->common, budget)->closed_until = base_now(env) + time;
    return peers_end(v, APR_SUCCESS);
}

static peers_value_t *peers_value(peers_value_t *values, const char *name)
{
    int i = 0;

    while (values[i].name[0] && strcmp(values[i].name, name) != 0) {
        i++;
    }
    apr_cpystrn(values[i].name, name, sizeof values[i].name);
    return &values[i];
}

static apr_status_t peers_get(void *ctx, const base_env_t *env, apr_pool_t *p,
                              const char *name, base_slice_t *value)
{
    peers_view_t *v = ctx;
    const peers_value_t *found;

    v->gets++;
    if (!peers_begin(v)) {
        return APR_ENOTIMPL;
    }
    found = peers_value(v->common->values, name);
    if (found->until <= base_now(env)) {
        return peers_end(v, APR_NOTFOUND);
    }
    value->data = apr_pmemdup(p, found->data, found->len);
    value->len = found->len;
    return peers_end(v, APR_SUCCESS);
}

static apr_status_t peers_set(void *ctx, const base_env_t *env, const char *name,
                              const base_slice_t *value, apr_interval_time_t time)
{
    peers_view_t *v = ctx;
    peers_value_t *found;

    v->sets++;
    if (!peers_begin(v)) {
        return APR_ENOTIMPL;
    }
    found = peers_value(v->common->values, name);
    found->until = value ? base_now(env) + time : 0;
    found->len = value ? value->len : 0;
    if (value) {
        memcpy(found->data, value->data, value->len);
    }
    return peers_end(v, APR_SUCCESS);
}

static apr_status_t peers_lead(void *ctx, const base_env_t *env, const char *what,
                               apr_interval_time_t time, int *leads)
{
    peers_view_t *v = ctx;
    peers_value_t *found;
    apr_time_t now;

    v->leads++;
    peers_happen(v);
    *leads = 0;
    if (!peers_begin(v)) {
        return APR_ENOTIMPL;
    }
    now = base_now(env);
    found = peers_value(v->common->leaders, what);
    if (found->until <= now || found->leader == v->id) {
        found->leader = v->id;
        found->until = now + time;
        *leads = 1;
    }
    return peers_end(v, APR_SUCCESS);
}

static apr_status_t peers_resign(void *ctx, const base_env_t *env, const char *what)
{
    peers_view_t *v = ctx;
    peers_value_t *found;

    if (!peers_begin(v)) {
        return APR_ENOTIMPL;
    }
    found = peers_value(v->common->leaders, what);
    if (found->leader == v->id) {
        found->until = 0;
    }
    return peers_end(v, APR_SUCCESS);
}

static apr_status_t peers_tell(void *ctx, const base_env_t *env,
                               const base_slice_t *texts, int n)
{
    return APR_ENOTIMPL;
}

static apr_status_t peers_hear(void *ctx, const base_env_t *env, apr_pool_t *p,
                               char since[BASE_NEWS_SIZE], int max,
                               apr_interval_time_t wait, apr_array_header_t **news)
{
    return APR_ENOTIMPL;
}

static inline base_peers_t peers_of(peers_view_t *view, int share)
{
    return (base_peers_t){.ctx = view,
                          .share = share,
                          .is_here = peers_is_here,
                          .epoch = peers_epoch,
                          .take = peers_take,
                          .mark = peers_mark,
                          .close = peers_close,
                          .get = peers_get,
                          .set = peers_set,
                          .lead = peers_lead,
                          .resign = peers_resign,
                          .tell = peers_tell,
                          .hear = peers_hear};
}

#endif
