/* Each request thread that waits here looks again and again what there is to do for
 * all: one of them leads, that is, waits for the quota and then lets go what it allows;
 * any of them asks how a task gets on that is due. So nothing depends on one of them
 * staying. Children do the same with each other, by the board. */
#include "gw_gather.h"

#include "gw_lane.h"
#include "gw_turn.h"

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

/* What one more would have before it. */
static gw_turn_t turn_of(gw_party_t *party)
{
    const unsigned medium = RC_GROUP_BIT(RC_MEDIUM), heavy = RC_GROUP_BIT(RC_HEAVY);
    gw_lane_t *lane = party->lane;
    gw_turn_t turn = {heavy, {0, heavy, gw_voyage_max(lane->ask)}};
    gw_board_news_t news;

    apr_thread_mutex_lock(lane->mutex);
    gw_lane_read(lane, &news);
    apr_thread_mutex_unlock(lane->mutex);
    turn.share.before = news.posted;
    if (lane->ask == GW_ASK_UPDATE) {
        turn.groups =
            news.barred_until > base_now(party->session->env) ? medium : medium | heavy;
    }
    turn.groups |= gw_lane_mark(lane);
    return turn;
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
            const gw_turn_t turn = turn_of(party);

            return gw_turn_come_again(party->session, p, &turn, "others were first");
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
    gw_turn_t turn;
    rc_error_t *e;

    who.deadline = base_now(who.env);
    if (!job->lost && is_first(party->lane) &&
        !rc_place_take(client_of(party), &who, p, RC_GROUP_BIT(own), &place)) {
        gw_job_send(job, place);
        gw_session_end_place(party->session, place, NULL);
        return 1;
    }
    turn = turn_of(party);
    e = gw_turn_peek(party->session, p, &turn);
    if (!e || job->must_go || gw_turn_is_in_time(party->session, e)) {
        return 0;
    }
    gw_lane_refuse(job, e);
    return 1;
}

/* NULL, or so many wait that nobody else may. */
static rc_error_t *enter(gw_party_t *party, apr_pool_t *p)
{
    gw_lane_t *lane = party->lane;
    gw_turn_t turn;
    int is_full;

    apr_thread_mutex_lock(lane->mutex);
    is_full = !party->jobs[0]->must_go &&
              gw_turn_is_full(party->session, gw_lane_count(lane));
    if (!is_full) {
        gw_lane_enter(lane, party);
    }
    apr_thread_mutex_unlock(lane->mutex);
    if (!is_full) {
        return NULL;
    }
    turn = turn_of(party);
    return gw_turn_refuse(party->session, p, &turn);
}

static void send_all(gw_party_t *party, apr_pool_t *p)
{
    rc_error_t *e;
    int i;

    if (party->n == 1 && try_alone(party, p)) {
        return;
    }
    e = enter(party, p);
    for (i = 0; e && i < party->n; i++) {
        gw_lane_refuse(party->jobs[i], e);
    }
    if (!e) {
        gw_lane_leave(party, wait_for_all(party, p));
    }
}

void gw_gather_send(gw_session_t *session, gw_job_t **jobs, int n)
{
    gw_gather_t *g = session->account->gather;
    gw_party_t party = {NULL, session, jobs, n, n, 0, 0, 0};
    apr_pool_t *p;

    if (n == 1 && !session->policy->gather && !jobs[0]->lost) {
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

gw_board_t *gw_gather_board(const gw_session_t *session)
{
    return session->account->gather->updates.board;
}

int gw_gather_is_clear(gw_session_t *session, apr_uint64_t id)
{
    gw_board_t *board = gw_gather_board(session);
    gw_wreck_t wreck;

    for (;;) {
        switch (gw_board_find_rest(board, id, base_now(session->env), &wreck)) {
        case GW_BOARD_NOTHING:
            return 1;
        case GW_BOARD_UNDER_WAY:
            return 0;
        case GW_BOARD_LOOSE:
            if (base_now(session->env) >= session->deadline) {
                return 0;
            }
            gw_voyage_tend(session, board, wreck.slot);
            break;
        case GW_BOARD_WRECKED:
            gw_voyage_doubt(session, board, &wreck);
            break;
        }
    }
}

/* Once more? 0: there is no time left, or nobody to wait for it. */
static int wait_a_little(const gw_session_t *session, apr_interval_time_t *nap)
{
    const apr_time_t now = base_now(session->env);

    if (now >= session->deadline || base_sleep(session->env, *nap) != APR_SUCCESS) {
        return 0;
    }
    *nap = *nap * 2 < LONGEST_NAP ? *nap * 2 : LONGEST_NAP;
    return 1;
}

const scim_error_t *gw_gather_lock(gw_session_t *session, apr_pool_t *p,
                                   apr_uint64_t id, base_lock_t **lock)
{
    const scim_error_t *error = gw_lock(session, p, id, lock);
    apr_interval_time_t nap = FIRST_NAP;

    while (!error && !gw_gather_is_clear(session, id)) {
        if (!wait_a_little(session, &nap)) {
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
        gw_voyage_clear_up(&session, gather->updates.board, p, 1);
    }
}
