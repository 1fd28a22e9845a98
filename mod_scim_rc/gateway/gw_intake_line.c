/* The line, and leading: whoever leads waits for the quota on behalf of all in it. A
 * Medium call is for the first of them, a Heavy one for the first ten. A few do without
 * Heavy calls while changes wait for these, too: one carries up to 500 of them. */
#include "gw_intake_private.h"

#include "gw_error.h"
#include "gw_gather.h"
#include "gw_turn.h"

#define LOOK apr_time_from_msec(20) /* so often a leader sees how the line stands */
#define MANY RC_BATCH_PROVISION_MAX
#define WORTH (MANY / 2) /* so many are worth the two Heavy calls that they cost */
#define SPARES apr_time_from_sec(60) /* so long after changes were seen to wait */

#define MEDIUM RC_GROUP_BIT(RC_MEDIUM)
#define HEAVY RC_GROUP_BIT(RC_HEAVY)

/* ---- the line; under the mutex ---- */

void gw_line_enqueue(gw_intake_t *n, gw_entry_t *b, const gw_session_t *session)
{
    b->state = GW_ENTRY_QUEUED;
    b->since = base_now(session->env);
    b->overdue = b->since + (session->deadline - b->since) / GW_INTAKE_SHARE;
    b->next = NULL;
    *n->end = b;
    n->end = &b->next;
    n->waiting++;
}

gw_entry_t *gw_line_next(gw_intake_t *n)
{
    gw_entry_t *b = n->first;

    if (b) {
        n->waiting--;
        n->first = b->next;
        n->end = n->first ? n->end : &n->first;
    }
    return b;
}

void gw_line_withdraw(gw_intake_t *n, const gw_entry_t *b)
{
    gw_entry_t **at = &n->first;

    while (*at != b) {
        at = &(*at)->next;
    }
    *at = b->next;
    n->end = b->next ? n->end : at;
    n->waiting--;
}

/* Must a change follow a batch of the next ones? */
static int lacks(const gw_intake_t *n)
{
    const gw_entry_t *b = n->first;
    int i, found = 0;

    for (i = 0; b && i < MANY; i++, b = b->next) {
        found |= b->lacks;
    }
    return found;
}

/* ---- what is waited for ---- */

/* How it stands with those in the line. */
typedef enum {
    FEW,     /* others may come: nothing but a Medium call yet */
    SPARING, /* a Heavy call only if no Medium call comes in time */
    ENOUGH,  /* the first Medium or Heavy call */
    BRIEFLY, /* ... if it comes before those who are held have waited long enough */
    SINGLES  /* nothing but Medium calls: batches are barred */
} stand_t;

/* A line that is waited for, and a clock that stops the wait when it stands
 * differently. */
typedef struct watch_t {
    base_env_t env;
    gw_request_t *r;
    stand_t stand;
    int changed;
} watch_t;

/* Under the mutex. */
static stand_t stand_of(const gw_intake_t *n, const gw_session_t *session)
{
    apr_time_t now = base_now(session->env);

    if (n->barred_until > now) {
        return SINGLES;
    }
    if (!n->first || n->lets_go) {
        return FEW;
    }
    if (n->waiting < MANY) {
        if (n->under_way ? n->first->overdue > now
                         : n->first->since + session->policy->gather > now &&
                               (n->last <= 1 || n->waiting < n->last)) {
            return FEW;
        }
    }
    if (n->waiting < WORTH && n->spares_until > now) {
        return SPARING;
    }
    return n->n_held ? BRIEFLY : ENOUGH;
}

/* Do changes or deletions wait for a Heavy call? For a while they count as if they did:
 * who changes its mind stands at the end of the line for the quota again. */
static void look_for_others(gw_request_t *r)
{
    const apr_time_t now = base_now(r->session->env);
    gw_board_t *board = gw_gather_board(r->session);
    gw_board_news_t updates, removals;

    gw_board_read(board, GW_BOARD_UPDATES, &updates);
    gw_board_read(board, GW_BOARD_REMOVALS, &removals);
    if (updates.posted || removals.posted) {
        apr_thread_mutex_lock(r->n->mutex);
        r->n->spares_until = now + SPARES;
        apr_thread_mutex_unlock(r->n->mutex);
    }
}

static apr_time_t watch_now(void *ctx)
{
    const watch_t *w = ctx;

    return base_now(w->r->session->env);
}

static apr_status_t watch_sleep(void *ctx, apr_interval_time_t t)
{
    watch_t *w = ctx;
    const base_env_t *env = w->r->session->env;
    apr_time_t end = base_now(env) + t;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && !w->changed && (t = end - base_now(env)) > 0) {
        rv = base_sleep(env, t < LOOK ? t : LOOK);
        look_for_others(w->r);
        apr_thread_mutex_lock(w->r->n->mutex);
        w->changed = stand_of(w->r->n, w->r->session) != w->stand;
        apr_thread_mutex_unlock(w->r->n->mutex);
    }
    return w->changed ? APR_EINTR : rv;
}

static void watch_log(void *ctx, base_log_level_t level, apr_status_t rv,
                      const char *line)
{
    const watch_t *w = ctx;

    base_log(w->r->session->env, level, rv, "%s", line);
}

/* ---- leading ---- */

/* Waits as it stands with the line. */
static rc_error_t *find_place(gw_request_t *r, watch_t *watch, apr_pool_t *p,
                              rc_place_t **place)
{
    const unsigned mark = RC_FOR_LINE(gw_line_of_creates());
    rc_client_t *client = r->session->account->client;
    rc_caller_t who = gw_session_caller(r->session);
    unsigned groups = MEDIUM;
    rc_error_t *e;

    look_for_others(r);
    watch->r = r;
    watch->env.ctx = watch;
    watch->env.now = watch_now;
    watch->env.sleep = watch_sleep;
    watch->env.log = watch_log;
    watch->changed = 0;
    apr_thread_mutex_lock(r->n->mutex);
    watch->stand = stand_of(r->n, r->session);
    if (watch->stand == BRIEFLY && r->n->hold_until < who.deadline) {
        who.deadline = r->n->hold_until;
    }
    apr_thread_mutex_unlock(r->n->mutex);
    who.env = &watch->env;
    if (watch->stand == ENOUGH || watch->stand == BRIEFLY) {
        groups |= HEAVY;
    }
    e = rc_place_take(client, &who, p, groups | mark, place);
    if (watch->stand == SPARING && e && e->kind == RC_BUSY && !watch->changed) {
        e = rc_place_take(client, &who, p, MEDIUM | HEAVY | mark, place);
    }
    return e;
}

/* There was none. 1: it is worth while to look again at once; under the mutex. */
static int do_without(gw_request_t *r, const watch_t *watch, const rc_error_t *e)
{
    int busy = e->kind == RC_BUSY;

    if (watch->changed) {
        return 1;
    }
    if (busy && watch->stand == FEW) {
        return 0; /* others come, or a Heavy call will do */
    }
    if (busy && watch->stand == BRIEFLY && r->n->hold_until < r->session->deadline) {
        r->n->lets_go = r->n->n_held > 0; /* there will be no further batch so soon */
        return 1;
    }
    gw_line_withdraw(r->n, r->b);
    r->b->state = GW_ENTRY_OVER;
    r->error = gw_error(r->p, e, NULL, r->session->env);
    return 1;
}

/* The first one goes alone; under the mutex. 0: there is none. */
static int let_go_alone(gw_intake_t *n, rc_place_t *place, apr_pool_t *p)
{
    gw_entry_t *b = gw_line_next(n);

    if (b) {
        b->state = GW_ENTRY_ALONE;
        b->place = place;
        b->place_pool = p;
    }
    return b != NULL;
}

/* A Heavy call is for a batch. When a change must follow that, and no call is kept for
 * the change yet, it is kept instead. Under the mutex. 0: there is nobody. */
static int let_go_together(gw_intake_t *n, rc_place_t *place, apr_pool_t *p,
                           gw_intake_batch_t **batch)
{
    if (!n->first) {
        return 0;
    }
    if (lacks(n) && !n->reserve) {
        n->reserve = place;
        n->reserve_pool = p;
        n->must_keep = n->waiting < WORTH;
    }
    else {
        *batch = gw_intake_batch_embark(n, p, place);
    }
    return 1;
}

/* 0: there is nothing to do but to wait. */
int gw_line_lead(gw_request_t *r)
{
    gw_intake_t *n = r->n;
    rc_place_t *place = NULL;
    gw_intake_batch_t *batch = NULL;
    int used = 0, more = 1;
    watch_t watch;
    apr_pool_t *p;
    rc_error_t *e;

    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_intake");
    e = find_place(r, &watch, p, &place);
    apr_thread_mutex_lock(n->mutex);
    n->led = 0;
    if (e) {
        more = do_without(r, &watch, e);
    }
    else if (rc_place_group(place) == RC_HEAVY) {
        used = let_go_together(n, place, p, &batch);
    }
    else {
        used = let_go_alone(n, place, p);
    }
    apr_thread_mutex_unlock(n->mutex);
    if (batch) {
        gw_intake_batch_deliver(r, batch);
    }
    if (!used) {
        gw_session_end_place(r->session, place, p);
    }
    return more;
}

void gw_line_spare(gw_request_t *r)
{
    gw_intake_t *n = r->n;
    rc_place_t *place = NULL;
    apr_pool_t *p = NULL;

    apr_thread_mutex_lock(n->mutex);
    if (!n->n_held && !n->coming && n->waiting < WORTH && !n->must_keep &&
        n->spares_until > base_now(r->session->env)) {
        place = n->reserve;
        p = n->reserve_pool;
        n->reserve = NULL;
        n->reserve_pool = NULL;
    }
    apr_thread_mutex_unlock(n->mutex);
    gw_session_end_place(r->session, place, p);
}
