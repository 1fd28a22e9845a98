#include "gw_crowd.h"

#include <unistd.h>
#include <apr_atomic.h>
#include <apr_thread_proc.h>

#define LONGEST_GATE 100000 /* naps of at least 10 us */

client_t crowd[CROWD_MAX];

static __thread client_t *self; /* whose thread this is, or NULL */

static crowd_act_t *action;
static const char *leave_op;
static crowd_seen_t *on_leaving;
static volatile apr_uint32_t has_left;
/* While fewer than `expected` wait, time stands still for them. */
static volatile apr_uint32_t expected, waiting;

/* ---- a client's environment ---- */

static apr_time_t now(void *ctx)
{
    const client_t *c = ctx;

    return base_now(&c->w->env);
}

static int is_held(const client_t *c)
{
    return c->naps < LONGEST_GATE &&
           (apr_atomic_read32(&waiting) < apr_atomic_read32(&expected) ||
            (c->is_held && c->is_held()));
}

static apr_status_t nap(void *ctx, apr_interval_time_t t)
{
    client_t *c = ctx;
    apr_status_t rv;

    if (!c->naps++) {
        apr_atomic_inc32(&waiting);
    }
    if (is_held(c)) {
        usleep(10);
        return APR_SUCCESS;
    }
    rv = base_sleep(&c->w->env, t);
    return crowd_has_left() && c->leaves ? APR_EINTR : rv;
}

static void write_line(void *ctx, base_log_level_t level, apr_status_t rv,
                       const char *line)
{
    const client_t *c = ctx;

    base_log(&c->w->env, level, rv, "%s", line);
}

static void watch(fake_rc_t *f, const char *op, void *baton)
{
    if (!self || !leave_op || strcmp(op, leave_op) || crowd_has_left()) {
        return;
    }
    if (on_leaving) {
        on_leaving(self);
    }
    apr_atomic_set32(&has_left, 1);
}

/* ---- the crowd ---- */

void crowd_make(world_t *w, int n)
{
    int i;

    memset(crowd, 0, sizeof crowd);
    for (i = 0; i < n; i++) {
        client_t *c = &crowd[i];

        c->w = w;
        c->patience = 100 * HOUR;
        c->env.ctx = c;
        c->env.now = now;
        c->env.sleep = nap;
        c->env.log = write_line;
    }
    apr_atomic_set32(&waiting, 0);
    crowd_expect(0);
    crowd_leave_at(NULL, NULL);
    w->conf.max_age = 1000 * HOUR;
    w->policy.gather = apr_time_from_msec(250);
    w->rc->bulk_takes = apr_time_from_sec(1);
    w->rc->token_life = 86400; /* while one thread has to wait for the processor, the
                                * naps of the others make an hour pass */
    w->rc->before = watch;
}

void crowd_limit(world_t *w, int medium, int heavy)
{
    const gw_limit_t limits[] = {{medium, WINDOW}, {heavy, WINDOW}};

    w->conf.limits[GW_MEDIUM] = limits[0];
    w->conf.limits[GW_HEAVY] = limits[1];
    gw_shared_init(w->shared.memory, w->p, &w->conf);
}

void crowd_lift(world_t *w)
{
    memset(w->conf.limits, 0, sizeof w->conf.limits);
    gw_shared_init(w->shared.memory, w->p, &w->conf);
}

void crowd_expect(int n)
{
    apr_atomic_set32(&expected, (apr_uint32_t)n);
}

int crowd_waiting(void)
{
    return (int)apr_atomic_read32(&waiting);
}

void crowd_use_up(world_t *w, int n)
{
    const unsigned groups = RC_GROUP_BIT(RC_MEDIUM) | RC_GROUP_BIT(RC_HEAVY);
    rc_caller_t who = {&w->env, w->now, RC_INTERACTIVE, NULL};
    rc_place_t *place;

    do {
        world_pass(w, 6); /* the pacer waits that long for a first answer */
        who.deadline = w->now;
    } while (!rc_place_take(w->account->client, &who, w->p, groups, &place));
    crowd_expect(n);
}

void crowd_leave_at(const char *op, crowd_seen_t *seen)
{
    leave_op = op;
    on_leaving = seen;
    apr_atomic_set32(&has_left, 0);
}

int crowd_has_left(void)
{
    return apr_atomic_read32(&has_left) != 0;
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    self = data;
    action(self);
    return NULL;
}

void crowd_run(int n, crowd_act_t *act)
{
    apr_thread_t *threads[CROWD_MAX];
    apr_pool_t *own;
    apr_status_t rv;
    int i;

    action = act;
    apr_pool_create(&own, NULL);
    for (i = 0; i < n; i++) {
        apr_thread_create(&threads[i], NULL, run, &crowd[i], own);
    }
    for (i = 0; i < n; i++) {
        apr_thread_join(&rv, threads[i]);
    }
    apr_pool_destroy(own);
}

gw_session_t crowd_session(client_t *c)
{
    gw_session_t session = world_session(c->w);

    session.env = &c->env;
    session.deadline = base_now(&c->env) + c->patience;
    return session;
}

void crowd_answer(client_t *c, int status, const scim_error_t *error)
{
    c->status = error ? error->status : status;
    c->retry_after = error ? error->retry_after : 0;
}

int crowd_got(int n, int status)
{
    int i, count = 0;

    for (i = 0; i < n; i++) {
        count += crowd[i].status == status;
    }
    return count;
}
