/* Each request thread that waits here looks again and again what there is to do for
 * all: one of them leads, that is, waits for the quota and then lets go what it allows;
 * any of them asks how a task gets on that is due. So nothing depends on one of them
 * staying. Children do the same with each other, by the board. */
#include "gw_gather.h"

#include "gw_lane.h"

#define FIRST_NAP apr_time_from_msec(1)
#define LONGEST_NAP apr_time_from_msec(20)
#define CLEAR_UP apr_time_from_sec(10) /* what the dead left, so often */

struct gw_gather_t {
    gw_lane_t updates, removals;
    apr_time_t cleared_up; /* by the background work */
};

apr_status_t gw_gather_create(gw_gather_t **gather, apr_pool_t *p,
                              const gw_account_t *account)
{
    gw_gather_t *g = apr_pcalloc(p, sizeof *g);
    gw_shared_t *shared = account->shared->memory;
    gw_board_t *board;
    apr_status_t rv =
        gw_board_open(&board, p, account->shared, &shared->board, account->lock_file);

    if (rv == APR_SUCCESS) {
        gw_lane_make(&g->updates, p, GW_ASK_UPDATE, board);
        gw_lane_make(&g->removals, p, GW_ASK_REMOVE, board);
        *gather = g;
    }
    return rv;
}

static rc_client_t *client_of(const gw_party_t *party)
{
    return party->session->account->client;
}

/* ---- waiting ---- */

static void go_alone(gw_party_t *party, gw_job_t *job)
{
    gw_job_send(job, job->place);
    gw_session_end_place(party->session, job->place, job->place_pool);
    job->place = NULL;
    apr_thread_mutex_lock(party->lane->mutex);
    gw_lane_finish(job);
    apr_thread_mutex_unlock(party->lane->mutex);
}

/* A job of the party that is to go alone; under the mutex, and so are the next two. */
static gw_job_t *find_alone(gw_party_t *party)
{
    for (; party->next < party->n; party->next++) {
        if (party->jobs[party->next]->state == GW_ALONE) {
            return party->jobs[party->next];
        }
    }
    return NULL;
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
    gw_lane_t *lane = party->lane;
    gw_voyage_t *due = NULL;
    gw_job_t *job = NULL;
    int over, came, leads = 0;

    apr_thread_mutex_lock(lane->mutex);
    came = gw_lane_look_abroad(party);
    over = party->open == 0;
    if (!over) {
        job = find_alone(party);
    }
    if (!over && !job) {
        due = gw_lane_find_due(lane, base_now(party->session->env));
    }
    if (!over && !job && !due) {
        leads = take_lead(party);
    }
    apr_thread_mutex_unlock(lane->mutex);
    if (job) {
        go_alone(party, job);
    }
    else if (due) {
        gw_lane_attend(lane, due, party->session, gw_voyage_poll(due, party->session));
    }
    else if (leads) {
        gw_lead(party);
    }
    return over ? -1 : came || job || due || leads;
}

/* When it is worth while to come again. */
static rc_error_t *come_again(gw_party_t *party, apr_pool_t *p)
{
    rc_caller_t who = gw_session_caller(party->session);
    unsigned groups = RC_GROUP_BIT(RC_HEAVY);
    rc_error_t *e;

    if (party->lane->ask == GW_ASK_UPDATE) {
        groups |= RC_GROUP_BIT(RC_MEDIUM);
    }
    e = rc_place_peek(client_of(party), &who, p, groups);
    if (!e) {
        e = rc_error(p, RC_BUSY, "others were first");
        e->retry_after = 1;
    }
    return e;
}

/* Why the party waits no longer; NULL: its jobs are over. */
static rc_error_t *wait_for_all(gw_party_t *party, apr_pool_t *p)
{
    const base_env_t *env = party->session->env;
    apr_interval_time_t nap = FIRST_NAP;
    int done;

    while ((done = work(party)) >= 0) {
        if (done) {
            nap = FIRST_NAP;
            continue;
        }
        if (base_now(env) >= party->session->deadline) {
            return come_again(party, p);
        }
        if (base_sleep(env, nap) != APR_SUCCESS) {
            return rc_error(p, RC_INTERRUPTED, "interrupted while waiting");
        }
        nap = nap * 2 < LONGEST_NAP ? nap * 2 : LONGEST_NAP;
    }
    return NULL;
}

/* ---- one job alone ---- */

/* May a newcomer pass by those who wait? Of the few Heavy calls none is for one
 * deletion when others come with it. */
static int is_first(gw_lane_t *lane)
{
    gw_board_news_t news;
    int first;

    apr_thread_mutex_lock(lane->mutex);
    gw_lane_read(lane, &news);
    first =
        !news.posted && !lane->led && (lane->ask == GW_ASK_UPDATE || news.usual <= 1);
    apr_thread_mutex_unlock(lane->mutex);
    return first;
}

/* Goes out at once, or is told at once that there is no hope. 1: done. */
static int try_alone(gw_party_t *party, apr_pool_t *p)
{
    rc_caller_t who = gw_session_caller(party->session);
    const rc_group_t own = party->lane->ask == GW_ASK_UPDATE ? RC_MEDIUM : RC_HEAVY;
    gw_job_t *job = party->jobs[0];
    rc_place_t *place;
    apr_time_t soonest;
    rc_error_t *e;

    who.deadline = base_now(who.env);
    if (is_first(party->lane) &&
        !rc_place_take(client_of(party), &who, p, RC_GROUP_BIT(own), &place)) {
        gw_job_send(job, place);
        gw_session_end_place(party->session, place, NULL);
        return 1;
    }
    e = rc_place_peek(client_of(party), &who, p,
                      RC_GROUP_BIT(own) | RC_GROUP_BIT(RC_HEAVY));
    if (!e) {
        return 0;
    }
    soonest = who.deadline + apr_time_from_sec(e->retry_after - 1);
    if (e->kind == RC_BUSY && soonest < party->session->deadline) {
        return 0;
    }
    job->e = gw_voyage_keep(job->p, e);
    return 1;
}

static void send_all(gw_party_t *party, apr_pool_t *p)
{
    if (party->n == 1 && try_alone(party, p)) {
        return;
    }
    apr_thread_mutex_lock(party->lane->mutex);
    gw_lane_enter(party->lane, party);
    apr_thread_mutex_unlock(party->lane->mutex);
    gw_lane_leave(party, wait_for_all(party, p));
}

void gw_gather_send(gw_session_t *session, gw_job_t **jobs, int n)
{
    gw_gather_t *g = session->account->gather;
    gw_party_t party = {NULL, session, jobs, n, n, 0, 0, 0};
    apr_pool_t *p;

    if (n == 1 && !session->policy->gather) {
        gw_job_send(jobs[0], NULL);
        return;
    }
    party.lane = jobs[0]->ask == GW_ASK_UPDATE ? &g->updates : &g->removals;
    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_gather");
    send_all(&party, p);
    apr_pool_destroy(p);
}

/* ---- who comes after one that has gone ---- */

int gw_gather_is_under_way(gw_session_t *session, apr_uint64_t id)
{
    gw_board_t *board = session->account->gather->updates.board;
    gw_board_rest_t rest;
    gw_wreck_t wreck;

    while ((rest = gw_board_find_rest(board, id, &wreck)) == GW_BOARD_WRECKED) {
        gw_voyage_doubt(session, board, &wreck);
    }
    return rest == GW_BOARD_UNDER_WAY;
}

const scim_error_t *gw_gather_lock(gw_session_t *session, apr_pool_t *p,
                                   apr_uint64_t id, base_lock_t **lock)
{
    const base_env_t *env = session->env;
    const scim_error_t *error = gw_lock(session, p, id, lock);

    while (!error && gw_gather_is_under_way(session, id)) {
        if (base_now(env) >= session->deadline ||
            base_sleep(env, LONGEST_NAP) != APR_SUCCESS) {
            base_lock_release(*lock);
            *lock = NULL;
            error = gw_lock_busy(p);
        }
    }
    return error;
}

void gw_gather_work(gw_gather_t *gather, gw_account_t *account, apr_pool_t *p,
                    const base_env_t *env)
{
    const apr_time_t now = base_now(env);
    gw_session_t session = {account, NULL, env, now};

    if (now < gather->cleared_up || now >= gather->cleared_up + CLEAR_UP) {
        gather->cleared_up = now;
        gw_voyage_clear_up(&session, gather->updates.board, p);
    }
}
