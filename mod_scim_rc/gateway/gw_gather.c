/* Each request thread that waits here looks again and again what there is to do for
 * all: one of them leads, that is, waits for the quota and then lets go what it allows;
 * any of them asks how a task gets on that is due. So nothing depends on one of them
 * staying. */
#include "gw_gather.h"

#include <string.h>
#include <apr_thread_mutex.h>

#include "gw_voyage.h"

#define FIRST_NAP apr_time_from_msec(1)
#define LONGEST_NAP apr_time_from_msec(20)
#define BARRED apr_time_from_sec(600) /* no bulk call after one was barred */
#define MANY 10 /* so many that wait are worth one of the few Heavy calls at once */

enum { QUEUED = 1, ALONE, ABOARD, OVER };

typedef struct lane_t {
    gw_ask_t ask;
    apr_thread_mutex_t *mutex;
    gw_job_t *first, **end; /* the queue */
    int waiting;            /* its length */
    apr_time_t since;       /* when the first one came */
    int led;                /* somebody waits for the quota on behalf of all */
    int last;               /* how many the last bulk call carried */
    apr_time_t barred_until;
    gw_voyage_t *voyages; /* that are not over */
} lane_t;

struct gw_gather_t {
    lane_t updates, removals;
};

/* The jobs of one request. */
typedef struct gw_party_t {
    lane_t *lane;
    gw_session_t *session;
    gw_job_t **jobs;
    int n;
    int open;   /* jobs that are not over */
    int queued; /* ... and in the queue */
    int next;   /* a job that may have to go alone comes from here on */
} gw_party_t;

static void make_lane(lane_t *lane, apr_pool_t *p, gw_ask_t ask)
{
    lane->ask = ask;
    lane->end = &lane->first;
    apr_thread_mutex_create(&lane->mutex, APR_THREAD_MUTEX_DEFAULT, p);
}

gw_gather_t *gw_gather_create(apr_pool_t *p)
{
    gw_gather_t *g = apr_pcalloc(p, sizeof *g);

    make_lane(&g->updates, p, GW_ASK_UPDATE);
    make_lane(&g->removals, p, GW_ASK_REMOVE);
    return g;
}

static rc_client_t *client_of(const gw_party_t *party)
{
    return party->session->account->client;
}

/* ---- the queue; under the mutex ---- */

static void enqueue(lane_t *lane, gw_job_t *job, const base_env_t *env)
{
    if (!lane->waiting++) {
        lane->since = base_now(env);
    }
    job->state = QUEUED;
    job->party->queued++;
    job->next = NULL;
    *lane->end = job;
    lane->end = &job->next;
}

static gw_job_t *dequeue(lane_t *lane)
{
    gw_job_t *job = lane->first;

    if (job) {
        lane->waiting--;
        job->party->queued--;
        lane->first = job->next;
        lane->end = lane->first ? lane->end : &lane->first;
    }
    return job;
}

static void finish(gw_job_t *job)
{
    job->state = OVER;
    job->party->open--;
}

/* Takes the party's jobs out of the queue. */
static void withdraw(gw_party_t *party, const rc_error_t *e)
{
    lane_t *lane = party->lane;
    gw_job_t **at = &lane->first, *job;

    while ((job = *at)) {
        if (job->party != party) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        lane->waiting--;
        party->queued--;
        job->e = job->lost ? job->lost : gw_voyage_keep(job->p, e);
        finish(job);
    }
    lane->end = at;
}

/* ---- the end of a bulk call ---- */

static void unlink_voyage(lane_t *lane, gw_voyage_t *v)
{
    gw_voyage_t **at = &lane->voyages;

    while (*at != v) {
        at = &(*at)->next;
    }
    *at = v->next;
}

/* Its request has gone. What only another try would tell is not known. */
static void leave_open(gw_job_t *job, gw_verdict_t verdict)
{
    if (verdict != GW_VOYAGE_OVER) {
        job->e = rc_error(job->p, RC_LOST, "not tried again");
    }
}

static void land_job(lane_t *lane, gw_job_t *job, gw_verdict_t verdict,
                     const base_env_t *env)
{
    job->voyage = NULL;
    if (verdict == GW_VOYAGE_AGAIN) {
        enqueue(lane, job, env);
    }
    else if (verdict == GW_VOYAGE_ALONE) {
        job->state = ALONE;
        job->party->next = 0;
    }
    else {
        finish(job);
    }
}

/* Hands the results out; does itself what nobody waits for. Takes the mutex held, and
 * lets go of it. */
static void land(lane_t *lane, gw_voyage_t *v, gw_session_t *session)
{
    gw_job_t *late = NULL, *job;
    int i;

    unlink_voyage(lane, v);
    if (gw_voyage_is_barred(v)) {
        lane->barred_until = base_now(session->env) + BARRED;
    }
    for (i = 0; i < v->n; i++) {
        gw_verdict_t verdict = gw_voyage_judge(v, i);

        job = v->jobs[i];
        if (job->party) {
            land_job(lane, job, verdict, session->env);
        }
        else {
            leave_open(job, verdict);
            job->next = late;
            late = job;
        }
    }
    apr_thread_mutex_unlock(lane->mutex);
    while ((job = late)) {
        late = job->next;
        gw_job_finish_late(job, session);
    }
    apr_pool_destroy(v->p);
}

/* After a call for `v`: is it over, or does nobody wait for it any more? */
static void attend(lane_t *lane, gw_voyage_t *v, gw_session_t *session, int over)
{
    apr_thread_mutex_lock(lane->mutex);
    v->attended = 0;
    if (!over && v->passengers == 0) {
        gw_voyage_give_up(v);
        over = 1;
    }
    if (over) {
        land(lane, v, session);
    }
    else {
        apr_thread_mutex_unlock(lane->mutex);
    }
}

/* ---- leading ---- */

/* Waits for the quota on behalf of all. */
static rc_error_t *find_place(gw_party_t *party, apr_pool_t *p, rc_place_t **place)
{
    rc_caller_t who = gw_session_caller(party->session);
    lane_t *lane = party->lane;
    unsigned groups = RC_GROUP_BIT(RC_HEAVY);
    int many, barred;

    if (lane->ask == GW_ASK_REMOVE) {
        return rc_place_take(client_of(party), &who, p, groups, place);
    }
    apr_thread_mutex_lock(lane->mutex);
    many = lane->waiting >= MANY;
    barred = lane->barred_until > base_now(who.env);
    apr_thread_mutex_unlock(lane->mutex);
    if (barred) {
        groups = RC_GROUP_BIT(RC_MEDIUM);
    }
    else if (many) {
        who.deadline = base_now(who.env);
        if (!rc_place_take(client_of(party), &who, p, groups, place)) {
            return NULL;
        }
        who.deadline = party->session->deadline;
    }
    return rc_place_take(client_of(party), &who, p, groups | RC_GROUP_BIT(RC_MEDIUM),
                         place);
}

/* Has enough come together for a bulk call? */
static int is_full(lane_t *lane, const gw_session_t *session)
{
    int full;

    apr_thread_mutex_lock(lane->mutex);
    full = lane->waiting >= gw_voyage_max(lane->ask) ||
           (lane->last > 1 && lane->waiting >= lane->last) ||
           lane->since + session->policy->gather <= base_now(session->env);
    apr_thread_mutex_unlock(lane->mutex);
    return full;
}

static rc_error_t *let_others_come(gw_party_t *party, apr_pool_t *p)
{
    apr_interval_time_t nap = FIRST_NAP;

    while (!is_full(party->lane, party->session)) {
        if (base_sleep(party->session->env, nap) != APR_SUCCESS) {
            return rc_error(p, RC_INTERRUPTED, "interrupted while waiting for others");
        }
        nap = nap * 2 < LONGEST_NAP ? nap * 2 : LONGEST_NAP;
    }
    return NULL;
}

/* The first job may go alone. 0: there is none any more. */
static int let_go_alone(lane_t *lane, rc_place_t *place, apr_pool_t *p)
{
    gw_job_t *job = dequeue(lane);

    if (job) {
        job->state = ALONE;
        job->place = place;
        job->place_pool = p;
        job->party->next = 0;
    }
    return job != NULL;
}

/* As many of those that wait as may share a call; NULL: there is none. Takes `p`
 * over. */
static gw_voyage_t *embark(lane_t *lane, apr_pool_t *p)
{
    int max = gw_voyage_max(lane->ask);
    gw_voyage_t *v = lane->first ? gw_voyage_make(p, lane->ask, max) : NULL;

    while (lane->first && v->n < max &&
           (!lane->first->share || v->n < lane->first->share)) {
        gw_job_t *job = dequeue(lane);

        max = job->share && job->share < max ? job->share : max;
        job->state = ABOARD;
        job->voyage = v;
        v->jobs[v->n++] = job;
    }
    if (v) {
        v->passengers = v->n;
        v->attended = 1;
        v->next = lane->voyages;
        lane->voyages = v;
        lane->last = v->n;
    }
    return v;
}

/* A place that is not needed any more, if there is one, and the pool it lies in. */
static void end_place(gw_party_t *party, rc_place_t *place, apr_pool_t *p)
{
    rc_caller_t who = gw_session_caller(party->session);

    if (place) {
        rc_place_return(client_of(party), &who, place);
    }
    if (p) {
        apr_pool_destroy(p);
    }
}

static void lead(gw_party_t *party)
{
    lane_t *lane = party->lane;
    rc_caller_t who = gw_session_caller(party->session);
    rc_place_t *place = NULL;
    gw_voyage_t *v = NULL;
    apr_pool_t *p;
    int used = 0;
    rc_error_t *e;

    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_voyage");
    e = find_place(party, p, &place);
    if (!e && rc_place_group(place) == RC_HEAVY) {
        e = let_others_come(party, p);
    }
    apr_thread_mutex_lock(lane->mutex);
    lane->led = 0;
    if (e) {
        withdraw(party, e);
    }
    else if (rc_place_group(place) != RC_HEAVY) {
        used = let_go_alone(lane, place, p);
    }
    else {
        v = embark(lane, p);
    }
    apr_thread_mutex_unlock(lane->mutex);
    if (v) {
        int over = gw_voyage_sail(v, party->session, place);

        rc_place_return(client_of(party), &who, place);
        attend(lane, v, party->session, over);
    }
    else if (!used) {
        end_place(party, place, p);
    }
}

/* ---- waiting ---- */

static void go_alone(gw_party_t *party, gw_job_t *job)
{
    gw_job_send(job, job->place);
    end_place(party, job->place, job->place_pool);
    job->place = NULL;
    apr_thread_mutex_lock(party->lane->mutex);
    finish(job);
    apr_thread_mutex_unlock(party->lane->mutex);
}

/* A job of the party that is to go alone; under the mutex, and so are the next two. */
static gw_job_t *find_alone(gw_party_t *party)
{
    for (; party->next < party->n; party->next++) {
        if (party->jobs[party->next]->state == ALONE) {
            return party->jobs[party->next];
        }
    }
    return NULL;
}

/* A task that somebody should look at now. */
static gw_voyage_t *find_due(lane_t *lane, apr_time_t now)
{
    gw_voyage_t *v = lane->voyages;

    while (v && (v->attended || rc_bulk_next(v->task) > now)) {
        v = v->next;
    }
    if (v) {
        v->attended = 1;
    }
    return v;
}

/* Only who still waits for the quota leads: whose jobs are all on their way must not be
 * kept when they are done. */
static int take_lead(gw_party_t *party)
{
    if (party->lane->led || !party->queued) {
        return 0;
    }
    party->lane->led = 1;
    return 1;
}

/* Does one thing that there is to do; 0: nothing. -1: the party has no open job. */
static int work(gw_party_t *party)
{
    lane_t *lane = party->lane;
    gw_voyage_t *due = NULL;
    gw_job_t *job = NULL;
    int over, leads = 0;

    apr_thread_mutex_lock(lane->mutex);
    over = party->open == 0;
    if (!over) {
        job = find_alone(party);
    }
    if (!over && !job) {
        due = find_due(lane, base_now(party->session->env));
    }
    if (!over && !job && !due) {
        leads = take_lead(party);
    }
    apr_thread_mutex_unlock(lane->mutex);
    if (job) {
        go_alone(party, job);
    }
    else if (due) {
        attend(lane, due, party->session, gw_voyage_poll(due, party->session));
    }
    else if (leads) {
        lead(party);
    }
    return over ? -1 : job || due || leads;
}

/* When it is worth while to come again. */
static rc_error_t *come_again(gw_party_t *party, apr_pool_t *p)
{
    rc_caller_t who = gw_session_caller(party->session);
    unsigned groups = RC_GROUP_BIT(RC_HEAVY);
    rc_place_t *place;
    rc_error_t *e;

    if (party->lane->ask == GW_ASK_UPDATE) {
        groups |= RC_GROUP_BIT(RC_MEDIUM);
    }
    who.deadline = base_now(who.env);
    e = rc_place_take(client_of(party), &who, p, groups, &place);
    if (!e) {
        rc_place_return(client_of(party), &who, place);
        e = rc_error(p, RC_BUSY, "others were first");
        e->retry_after = 1;
    }
    return e;
}

/* A call that nobody waits for any more; under the mutex. */
static gw_voyage_t *find_left(lane_t *lane)
{
    gw_voyage_t *v = lane->voyages;

    while (v && (v->attended || v->passengers)) {
        v = v->next;
    }
    if (v) {
        v->attended = 1;
    }
    return v;
}

static void leave_job(gw_party_t *party, int i, const rc_error_t *e)
{
    gw_job_t *job = party->jobs[i];

    if (job->state == ALONE) {
        end_place(party, job->place, job->place_pool);
        job->e = job->lost ? job->lost : gw_voyage_keep(job->p, e);
        finish(job);
    }
    else if (job->state == ABOARD) {
        job->party = NULL;
        job->voyage->passengers--;
        party->jobs[i] = NULL;
    }
}

/* The request ends. What is on its way is left to whoever stays, and of a call for
 * which nobody stays it is not known what it will do. */
static void leave(gw_party_t *party, const rc_error_t *e)
{
    lane_t *lane = party->lane;
    gw_voyage_t *left;
    int i;

    apr_thread_mutex_lock(lane->mutex);
    withdraw(party, e);
    for (i = 0; i < party->n; i++) {
        leave_job(party, i, e);
    }
    while ((left = find_left(lane))) {
        apr_thread_mutex_unlock(lane->mutex);
        attend(lane, left, party->session, 0);
        apr_thread_mutex_lock(lane->mutex);
    }
    apr_thread_mutex_unlock(lane->mutex);
}

static void wait_for_all(gw_party_t *party)
{
    const base_env_t *env = party->session->env;
    apr_interval_time_t nap = FIRST_NAP;
    apr_pool_t *p;
    int done;

    while ((done = work(party)) >= 0) {
        apr_status_t rv = APR_SUCCESS;

        if (done) {
            nap = FIRST_NAP;
            continue;
        }
        if (base_now(env) < party->session->deadline) {
            rv = base_sleep(env, nap);
            nap = nap * 2 < LONGEST_NAP ? nap * 2 : LONGEST_NAP;
            if (rv == APR_SUCCESS) {
                continue;
            }
        }
        apr_pool_create(&p, NULL);
        leave(party, rv == APR_SUCCESS
                         ? come_again(party, p)
                         : rc_error(p, RC_INTERRUPTED, "interrupted while waiting"));
        apr_pool_destroy(p);
        return;
    }
}

/* ---- one job alone ---- */

/* Goes out at once, or is told at once that there is no hope. 1: done. */
static int try_alone(gw_party_t *party)
{
    lane_t *lane = party->lane;
    rc_caller_t who = gw_session_caller(party->session);
    const rc_group_t own = lane->ask == GW_ASK_UPDATE ? RC_MEDIUM : RC_HEAVY;
    gw_job_t *job = party->jobs[0];
    rc_place_t *place = NULL;
    apr_time_t soonest;
    rc_error_t *e;
    apr_pool_t *p;
    int first;

    apr_thread_mutex_lock(lane->mutex);
    /* Of the few Heavy calls none is for one deletion when others come with it. */
    first =
        !lane->first && !lane->led && (lane->ask == GW_ASK_UPDATE || lane->last <= 1);
    apr_thread_mutex_unlock(lane->mutex);
    apr_pool_create(&p, NULL);
    who.deadline = base_now(who.env);
    e = rc_place_take(client_of(party), &who, p,
                      RC_GROUP_BIT(own) | RC_GROUP_BIT(RC_HEAVY), &place);
    if (!e && first && rc_place_group(place) == own) {
        gw_job_send(job, place);
        end_place(party, place, p);
        return 1;
    }
    end_place(party, place, e ? NULL : p);
    if (!e) {
        return 0;
    }
    soonest = who.deadline + apr_time_from_sec(e->retry_after - 1);
    if (e->kind != RC_BUSY || soonest >= party->session->deadline) {
        job->e = gw_voyage_keep(job->p, e);
        apr_pool_destroy(p);
        return 1;
    }
    apr_pool_destroy(p);
    return 0;
}

void gw_gather_send(gw_session_t *session, gw_job_t **jobs, int n)
{
    gw_gather_t *g = session->account->gather;
    gw_party_t party = {NULL, session, jobs, n, n, 0, 0};
    int i;

    if (n == 1 && !session->policy->gather) {
        gw_job_send(jobs[0], NULL);
        return;
    }
    party.lane = jobs[0]->ask == GW_ASK_UPDATE ? &g->updates : &g->removals;
    if (n == 1 && try_alone(&party)) {
        return;
    }
    apr_thread_mutex_lock(party.lane->mutex);
    for (i = 0; i < n; i++) {
        jobs[i]->party = &party;
        enqueue(party.lane, jobs[i], session->env);
    }
    apr_thread_mutex_unlock(party.lane->mutex);
    wait_for_all(&party);
}
