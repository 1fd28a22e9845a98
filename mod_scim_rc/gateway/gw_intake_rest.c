/* What a batch could not carry follows in one bulk update for the users of several
 * batches, with a Heavy call that was kept for it: who was told nothing yet must not
 * find the quota used up by further batches. */
#include "gw_intake_private.h"

#include "gw_error.h"
#include "gw_gather.h"

#define HELD_MAX (9 * RC_BATCH_PROVISION_MAX) /* of ten Heavy calls one is for them */

struct gw_rest_t {
    apr_pool_t *p; /* its own */
    gw_entry_t **entries;
    rc_bulk_item_t *items; /* of the entries, in their order */
    int n;
    int passengers;    /* entries whose request still waits */
    int attended;      /* a thread is making a call for it */
    rc_place_t *place; /* NULL: none was kept */
    apr_pool_t *place_pool;
    rc_bulk_task_t *task; /* NULL: there is none (yet) */
    rc_error_t *e;        /* of the call as a whole */
};

void gw_entry_end(gw_entry_t *b)
{
    base_lock_release(b->m ? b->m->lock : NULL);
    if (b->job) {
        gw_job_end(b->job);
    }
    apr_pool_destroy(b->p);
}

void gw_rest_hold(gw_intake_t *n, gw_entry_t *b, const gw_session_t *session)
{
    apr_time_t now = base_now(session->env);
    apr_time_t until = now + (session->deadline - now) / GW_INTAKE_SHARE;

    b->state = GW_ENTRY_HELD;
    b->next = n->held;
    n->held = b;
    if (!n->n_held++ || until < n->hold_until) {
        n->hold_until = until;
    }
    n->n_gone += b->gone;
}

int gw_rest_is_due(const gw_intake_t *n, apr_time_t now)
{
    return n->n_held && !n->coming &&
           (n->lets_go || n->waiting < RC_BATCH_PROVISION_MAX ||
            n->n_held >= HELD_MAX || n->hold_until <= now || n->barred_until > now);
}

gw_rest_t *gw_rest_take(gw_intake_t *n)
{
    apr_pool_t *p;
    gw_rest_t *s;
    gw_entry_t *b;

    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_rest");
    s = apr_pcalloc(p, sizeof *s);
    s->p = p;
    s->entries = apr_pcalloc(p, n->n_held * sizeof *s->entries);
    s->items = apr_pcalloc(p, n->n_held * sizeof *s->items);
    s->attended = 1;
    while ((b = n->held) && s->n < RC_BULK_UPDATE_MAX) {
        n->held = b->next;
        n->n_held--;
        n->n_gone -= b->gone;
        b->state = GW_ENTRY_CHANGES;
        b->rest = s;
        s->items[s->n].id = b->job->id_text;
        s->items[s->n].body = b->job->plan.body;
        s->entries[s->n++] = b;
        s->passengers += !b->gone;
    }
    n->lets_go = n->lets_go && n->n_held;
    s->place = n->reserve;
    s->place_pool = n->reserve_pool;
    n->reserve = NULL;
    n->reserve_pool = NULL;
    return s;
}

/* ---- its end ---- */

/* What becomes of a job with this result. What has to go once more goes with other
 * updates, by the gatherer. */
static gw_verdict_t judge(gw_job_t *job, const rc_error_t *e, const rc_error_t *whole)
{
    job->e = e ? gw_voyage_keep(job->p, e) : NULL;
    if (!e) {
        return GW_VOYAGE_OVER;
    }
    if (gw_batch_is_barred(whole) || gw_job_is_second_try(job, e)) {
        return GW_VOYAGE_ALONE;
    }
    if (e->kind == RC_LOST) {
        job->lost = job->e;
    }
    return e->kind == RC_LOST || gw_error_is_passing(e) ||
                   (whole && e->kind == RC_INVALID)
               ? GW_VOYAGE_AGAIN
               : GW_VOYAGE_OVER;
}

/* Whose request has gone, and who is told by the log alone. */
static void end_late(gw_entry_t *b, gw_verdict_t verdict, gw_session_t *session)
{
    gw_job_t *job = b->job;
    const scim_error_t *error;
    scim_record_t record;

    if (verdict != GW_VOYAGE_OVER) {
        job->e = rc_error(job->p, RC_LOST, "not tried again");
    }
    job->session = session;
    job->in_block = 1;
    error = gw_job_finish(job, job->p, &record);
    if (error) {
        gw_batch_incomplete(session, job->p, job->id_text, error);
    }
    gw_entry_end(b);
}

/* Hands the results out. Takes the mutex held, and lets go of it. */
static void land(gw_intake_t *n, gw_rest_t *s, gw_session_t *session)
{
    gw_entry_t *late = NULL, *b;
    int i;

    if (gw_batch_is_barred(s->e)) { /* each change costs what a create would */
        n->barred_until = base_now(session->env) + GW_INTAKE_BARRED;
    }
    for (i = 0; i < s->n; i++) {
        b = s->entries[i];
        b->told = judge(b->job, s->items[i].error, s->e);
        b->state = GW_ENTRY_CHANGED;
        if (b->gone) {
            b->job->lost = s->task ? NULL : b->job->lost; /* not on its way unseen */
            b->next = late;
            late = b;
        }
    }
    apr_thread_mutex_unlock(n->mutex);
    while ((b = late)) {
        late = b->next;
        end_late(b, b->told, session);
    }
    apr_pool_destroy(s->p);
}

/* The change goes on, and nobody waits for it. */
static void give_up(gw_rest_t *s, gw_session_t *session)
{
    gw_job_t **jobs = apr_palloc(s->p, s->n * sizeof *jobs);
    int i;

    for (i = 0; i < s->n; i++) {
        jobs[i] = s->entries[i]->job;
    }
    gw_voyage_abandon(gw_gather_board(session), s->task, s->n, jobs, s->n, 0);
    rc_bulk_give_up(s->task, s->p);
}

/* After a call for it: is it over, or does nobody wait for it any more? */
static void end_look(gw_intake_t *n, gw_rest_t *s, gw_session_t *session, int over)
{
    apr_thread_mutex_lock(n->mutex);
    s->attended = 0;
    if (!over && s->passengers == 0) {
        give_up(s, session);
        over = 1;
    }
    if (over) {
        land(n, s, session);
    }
    else {
        apr_thread_mutex_unlock(n->mutex);
    }
}

/* A missing permission is the administrator's to mend. */
static void log_failure(const gw_rest_t *s, gw_session_t *session)
{
    base_log(session->env,
             gw_batch_is_barred(s->e) ? BASE_LOG_WARNING : BASE_LOG_NOTICE, APR_SUCCESS,
             "SCIMRC0123: account %s: a call for the change of %d new users did not "
             "succeed: %s%s%s",
             session->account->conf->name, s->n, s->e->code, *s->e->code ? " " : "",
             s->e->message);
}

void gw_rest_send(gw_intake_t *n, gw_rest_t *s, gw_session_t *session)
{
    rc_bulk_request_t request = {s->items, s->n};
    rc_caller_t who = gw_session_caller(session);
    int i;

    who.place = s->place;
    s->e = rc_bulk_update(session->account->client, &who, s->p, &request, &s->task);
    for (i = 0; s->e && i < s->n; i++) {
        s->items[i].error = s->e;
    }
    if (s->e) {
        log_failure(s, session);
    }
    if (s->place) {
        rc_place_return(session->account->client, &who, s->place);
        apr_pool_destroy(s->place_pool);
    }
    end_look(n, s, session, s->e || !s->task);
}

int gw_rest_attend(gw_rest_t *s, apr_time_t now)
{
    if (s->attended || rc_bulk_next(s->task) > now) {
        return 0;
    }
    s->attended = 1;
    return 1;
}

#define LONGEST_LOOK apr_time_from_sec(2)

void gw_rest_look(gw_intake_t *n, gw_rest_t *s, gw_session_t *session)
{
    rc_caller_t who = gw_session_caller(session);
    const apr_time_t soon = base_now(session->env) + LONGEST_LOOK;
    int ended = 0;
    rc_error_t *e;

    /* Another look will do: the request may have better to do than to wait for it. */
    who.deadline = soon < who.deadline ? soon : who.deadline;
    e = rc_bulk_poll(session->account->client, &who, s->p, s->task, &ended);
    if (e && !ended) {
        base_log(session->env, BASE_LOG_DEBUG, APR_SUCCESS,
                 "the task of a bulk update could not be looked at: %s", e->message);
    }
    end_look(n, s, session, ended);
}

void gw_rest_abandon(gw_intake_t *n, gw_rest_t *s, gw_session_t *session)
{
    end_look(n, s, session, 0);
}

int gw_rest_leave(gw_rest_t *s, gw_entry_t *b)
{
    b->gone = 1;
    gw_entry_end_session(b);
    s->passengers--;
    if (s->passengers || s->attended) {
        return 0;
    }
    s->attended = 1;
    return 1;
}
