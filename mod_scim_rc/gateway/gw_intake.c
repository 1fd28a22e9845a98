/* As in the gatherer, each request thread that waits looks again and again what there
 * is to do for all. So nothing depends on any of them staying. One of them leads the
 * line (gw_intake_line.c), and whichever sees that it is time sends the change that
 * follows a batch (gw_intake_rest.c). */
#include "gw_intake_private.h"

#include "base_json.h"
#include "gw_error.h"
#include "gw_gather.h"
#include "gw_turn.h"

#define FIRST_NAP apr_time_from_msec(1)
#define LONGEST_NAP apr_time_from_msec(20)

#define GROUPS (RC_GROUP_BIT(RC_MEDIUM) | RC_GROUP_BIT(RC_HEAVY))

gw_intake_t *gw_intake_make(apr_pool_t *p)
{
    gw_intake_t *n = apr_pcalloc(p, sizeof *n);

    n->end = &n->first;
    apr_thread_mutex_create(&n->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    return n;
}

/* ---- one request ---- */

static void set_state(gw_request_t *r, gw_entry_state_t state)
{
    apr_thread_mutex_lock(r->n->mutex);
    gw_entry_end_coming(r->n, r->b);
    r->b->state = state;
    apr_thread_mutex_unlock(r->n->mutex);
}

static void store(gw_request_t *r)
{
    if (!r->error) {
        r->error = gw_maker_store(r->b->m, r->p, r->record, r->id);
    }
}

static void go_alone(gw_request_t *r)
{
    gw_entry_t *b = r->b;

    b->m->place = b->place;
    r->error = gw_maker_create(b->m);
    gw_session_end_place(r->session, b->place, b->place_pool);
    b->place = NULL;
    store(r);
    set_state(r, GW_ENTRY_OVER);
}

/* The change that follows could not be made. */
static void say_incomplete(gw_request_t *r, const scim_error_t *error)
{
    r->error = gw_batch_incomplete(r->session, r->p, *r->id, error);
}

/* The batch is over. */
static void take_result(gw_request_t *r)
{
    const scim_error_t *error = NULL;
    gw_entry_t *b = r->b;
    int partly;

    r->error = gw_batch_take(b->m, b->verdict, &b->item, &partly);
    store(r);
    base_lock_release(b->m->lock);
    b->job = !r->error && partly ? gw_entry_prepare(r->session, b, r->p, &error) : NULL;
    if (error) {
        say_incomplete(r, error);
    }
    if (!b->job) {
        set_state(r, GW_ENTRY_OVER);
        return;
    }
    apr_thread_mutex_lock(r->n->mutex);
    gw_entry_end_coming(r->n, b);
    gw_rest_hold(r->n, b, r->session);
    apr_thread_mutex_unlock(r->n->mutex);
}

/* The change that follows is over, or needs a second try. */
static void take_change(gw_request_t *r)
{
    gw_entry_t *b = r->b;
    const scim_error_t *error;

    if (b->told == GW_VOYAGE_ALONE) {
        gw_job_send(b->job, NULL);
    }
    else if (b->told == GW_VOYAGE_AGAIN) {
        gw_gather_send(r->session, &b->job, 1);
    }
    error =
        b->job ? gw_job_finish(b->job, r->p, r->record) : gw_job_left(r->session, r->p);
    if (error) {
        say_incomplete(r, error);
    }
    set_state(r, GW_ENTRY_OVER);
}

/* What this thread does next. */
typedef enum { NAP, LEAD, GO, TAKE, SEND, LOOK, TAKE_CHANGE, END } act_t;

static act_t choose(gw_request_t *r, gw_rest_t **rest)
{
    gw_intake_t *n = r->n;
    gw_entry_t *b = r->b;
    apr_time_t now = base_now(r->session->env);
    act_t act = NAP;

    apr_thread_mutex_lock(n->mutex);
    switch (b->state) {
    case GW_ENTRY_QUEUED:
        act = n->led ? NAP : LEAD;
        n->led = 1;
        break;
    case GW_ENTRY_ALONE:
        act = GO;
        break;
    case GW_ENTRY_ABOARD:
        break;
    case GW_ENTRY_LANDED:
        act = TAKE;
        break;
    case GW_ENTRY_HELD:
        if (gw_rest_is_due(n, now)) {
            *rest = gw_rest_take(n);
            act = SEND;
        }
        break;
    case GW_ENTRY_CHANGES:
        *rest = b->rest;
        act = gw_rest_attend(b->rest, now) ? LOOK : NAP;
        break;
    case GW_ENTRY_CHANGED:
        act = TAKE_CHANGE;
        break;
    case GW_ENTRY_OVER:
        act = END;
        break;
    }
    apr_thread_mutex_unlock(n->mutex);
    return act;
}

/* 1: something was done, 0: nothing is to be done now, -1: it is over. */
static int work(gw_request_t *r)
{
    gw_rest_t *rest = NULL;
    act_t act;

    gw_line_spare(r);
    act = choose(r, &rest);
    switch (act) {
    case LEAD:
        return gw_line_lead(r);
    case GO:
        go_alone(r);
        break;
    case TAKE:
        take_result(r);
        break;
    case SEND:
        gw_rest_send(r->n, rest, r->session);
        break;
    case LOOK:
        gw_rest_look(r->n, rest, r->session);
        break;
    case TAKE_CHANGE:
        take_change(r);
        break;
    default:
        break;
    }
    return act == NAP ? 0 : act == END ? -1 : 1;
}

/* ---- leaving ---- */

/* What one more would have before it. */
static gw_turn_t turn_of(const gw_intake_t *n, apr_time_t now)
{
    const unsigned mark = RC_FOR_LINE(gw_line_of_creates());
    gw_turn_t turn = {GROUPS | mark,
                      {0, RC_GROUP_BIT(RC_HEAVY), RC_BATCH_PROVISION_MAX}};

    apr_thread_mutex_lock(n->mutex);
    turn.share.before = n->waiting;
    if (n->barred_until > now) {
        turn.groups = RC_GROUP_BIT(RC_MEDIUM) | mark;
    }
    apr_thread_mutex_unlock(n->mutex);
    return turn;
}

/* The request ends, for `e`, unless there is something to do for it at once: 0 then. */
static int leave(gw_request_t *r, const rc_error_t *e)
{
    gw_intake_t *n = r->n;
    gw_entry_t *b = r->b;
    gw_rest_t *left = NULL;
    int gone = 1;

    apr_thread_mutex_lock(n->mutex);
    if (b->state == GW_ENTRY_QUEUED) {
        gw_line_withdraw(n, b);
        r->error = gw_error(r->p, e, NULL, r->session->env);
    }
    else if (b->state == GW_ENTRY_ABOARD) {
        b->gone = 1;
        gw_entry_end_session(b);
    }
    else if (b->state == GW_ENTRY_HELD) {
        b->gone = 1;
        gw_entry_end_session(b);
        n->n_gone++;
    }
    else if (b->state == GW_ENTRY_CHANGES) {
        left = gw_rest_leave(b->rest, b) ? b->rest : NULL;
    }
    else {
        gone = 0;
    }
    if (gone) {
        gw_entry_end_under_way(n, b);
    }
    if (gone && b->gone) {
        r->b = NULL;
        r->error = gw_job_left(r->session, r->p);
    }
    apr_thread_mutex_unlock(n->mutex);
    if (left) {
        gw_rest_abandon(n, left, r->session);
    }
    return gone;
}

static void wait_for_it(gw_request_t *r)
{
    const base_env_t *env = r->session->env;
    apr_interval_time_t nap = FIRST_NAP;
    int done;

    while ((done = work(r)) >= 0) {
        rc_error_t *e = NULL;

        if (done) {
            nap = FIRST_NAP;
            continue;
        }
        if (base_now(env) >= r->session->deadline) {
            const gw_turn_t turn = turn_of(r->n, base_now(env));

            e = gw_turn_come_again(r->session, r->p, &turn, "others were first");
        }
        else if (base_sleep(env, nap) != APR_SUCCESS) {
            e = rc_error(r->p, RC_INTERRUPTED, "interrupted while waiting");
        }
        if (e && leave(r, e)) {
            return;
        }
        nap = nap * 2 < LONGEST_NAP ? nap * 2 : LONGEST_NAP;
    }
}

/* Whoever goes last sends the change that others have left behind, or gives back the
 * Heavy call that was kept for it. */
static void tidy(gw_request_t *r)
{
    gw_intake_t *n = r->n;
    gw_rest_t *s = NULL;
    rc_place_t *place = NULL;
    apr_pool_t *p = NULL;

    apr_thread_mutex_lock(n->mutex);
    if (r->b) {
        gw_entry_end_under_way(n, r->b);
    }
    if (n->n_held && n->n_held == n->n_gone && !n->coming) {
        s = gw_rest_take(n);
    }
    else if (!n->n_held && !n->coming && !n->first) {
        place = n->reserve;
        p = n->reserve_pool;
        n->reserve = NULL;
        n->reserve_pool = NULL;
    }
    apr_thread_mutex_unlock(n->mutex);
    if (s) {
        gw_rest_send(n, s, r->session);
    }
    gw_session_end_place(r->session, place, p);
}

/* Goes out at once, or is told at once that there is no hope. 1: done. */
static int try_alone(gw_request_t *r)
{
    gw_intake_t *n = r->n;
    rc_caller_t who = gw_session_caller(r->session);
    rc_place_t *place = NULL;
    apr_pool_t *p;
    rc_error_t *e;
    gw_turn_t turn;
    int first;

    apr_thread_mutex_lock(n->mutex);
    first = !n->first && !n->led;
    apr_thread_mutex_unlock(n->mutex);
    apr_pool_create(&p, NULL);
    who.deadline = base_now(who.env);
    e = rc_place_take(r->session->account->client, &who, p, RC_GROUP_BIT(RC_MEDIUM),
                      &place);
    if (!e && first) {
        r->b->place = place;
        r->b->place_pool = p;
        go_alone(r);
        return 1;
    }
    if (e && e->kind == RC_BUSY) {
        turn = turn_of(n, who.deadline);
        e = gw_turn_peek(r->session, r->p, &turn);
    }
    if (e && !gw_turn_is_in_time(r->session, e)) {
        r->error = gw_error(r->p, e, NULL, r->session->env);
    }
    gw_session_end_place(r->session, place, p);
    return r->error != NULL;
}

/* 0: so many wait that nobody else may. */
static int enter(gw_request_t *r)
{
    gw_intake_t *n = r->n;
    gw_turn_t turn;
    int is_full;

    apr_thread_mutex_lock(n->mutex);
    is_full = gw_turn_is_full(r->session, n->waiting);
    if (!is_full) {
        gw_line_enqueue(n, r->b, r->session);
    }
    apr_thread_mutex_unlock(n->mutex);
    if (is_full) {
        turn = turn_of(n, base_now(r->session->env));
        r->error = gw_error(r->p, gw_turn_refuse(r->session, r->p, &turn), NULL,
                            r->session->env);
    }
    return !is_full;
}

/* The user is sound and the name is free. */
static void bring(gw_request_t *r)
{
    r->b->lacks = gw_batch_lacks(r->b->m);
    if (try_alone(r)) {
        return;
    }
    r->b->item.body = gw_batch_record(r->b->p, r->b->m);
    if (enter(r)) {
        wait_for_it(r);
        tidy(r);
    }
}

static void begin(gw_request_t *r, const json_t *resource)
{
    apr_pool_t *p = r->b->p;
    json_t *own = base_json_own(p, json_deep_copy(resource));
    int is_gone = 0;
    gw_item_t gone;

    r->error = gw_maker_begin(r->session, p, own, &r->b->m);
    if (!r->error) {
        r->error = gw_maker_must_be_free(r->b->m, &gone, &is_gone);
    }
    if (!r->error && is_gone) { /* comes back under its old id */
        r->error = gw_maker_finish(r->b->m, r->p, r->record, r->id);
    }
    else if (!r->error) {
        r->error = gw_maker_plan_new(r->b->m);
        if (!r->error) {
            bring(r);
        }
    }
}

const scim_error_t *gw_intake_create(gw_session_t *session, apr_pool_t *p,
                                     const json_t *resource, scim_record_t *record,
                                     const char **id)
{
    gw_request_t r = {session->account->intake, session, p, NULL, record, id, NULL};
    apr_pool_t *own;

    apr_pool_create(&own, NULL);
    apr_pool_tag(own, "gw_entry");
    r.b = apr_pcalloc(own, sizeof *r.b);
    r.b->p = own;
    begin(&r, resource);
    if (r.b) {
        r.error = gw_job_keep(p, r.error);
        gw_entry_end(r.b);
    }
    return r.error;
}
