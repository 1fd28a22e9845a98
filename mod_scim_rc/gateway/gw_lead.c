/* Leading: waiting for the quota on behalf of all, and letting go what it allows. A
 * leader whose jobs another child has taken stops waiting. */
#include "gw_lane.h"

#define FIRST_NAP apr_time_from_msec(1)
#define LONGEST_NAP apr_time_from_msec(20)
#define MANY 10 /* so many that wait are worth one of the few Heavy calls at once */

/* ---- the environment of who waits ---- */

typedef struct watch_t {
    gw_party_t *party;
    const base_env_t *outer;
    int has_turn; /* it waits for others, not for the quota */
    int together; /* it waits for a bulk call alone: no job may go in another way */
    int relieved; /* what it waited for is not what is waited for now */
} watch_t;

static apr_time_t watch_now(void *ctx)
{
    const watch_t *watch = ctx;

    return base_now(watch->outer);
}

/* Have others taken what it waits for, or has one come for whom there is a better way?
 */
static int is_relieved(const watch_t *watch)
{
    gw_party_t *party = watch->party;
    int relieved;

    apr_thread_mutex_lock(party->lane->mutex);
    gw_lane_look_abroad(party);
    relieved = !party->queued ||
               (watch->together && !watch->has_turn && gw_lane_has_single(party->lane));
    apr_thread_mutex_unlock(party->lane->mutex);
    return relieved;
}

/* Looks at a task that is due: there may be nobody else here who could, while other
 * children wait for what came of it. */
static void look_at_due(gw_party_t *party)
{
    gw_lane_t *lane = party->lane;
    gw_session_t *session = party->session;
    gw_voyage_t *due;

    apr_thread_mutex_lock(lane->mutex);
    due = gw_lane_find_due(lane, base_now(session->env));
    apr_thread_mutex_unlock(lane->mutex);
    if (due) {
        gw_lane_attend(lane, due, session, gw_voyage_poll(due, session));
    }
}

static apr_status_t watch_sleep(void *ctx, apr_interval_time_t t)
{
    watch_t *watch = ctx;
    const apr_time_t end = base_now(watch->outer) + t;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && (t = end - base_now(watch->outer)) > 0) {
        if (!watch->has_turn) {
            look_at_due(watch->party);
        }
        if (is_relieved(watch)) {
            watch->relieved = 1;
            return APR_EINTR;
        }
        rv = base_sleep(watch->outer, t < LONGEST_NAP ? t : LONGEST_NAP);
    }
    return rv;
}

static void watch_log(void *ctx, base_log_level_t level, apr_status_t rv,
                      const char *line)
{
    const watch_t *watch = ctx;

    base_log(watch->outer, level, rv, "%s", line);
}

/* ---- waiting ---- */

static rc_error_t *find_place(watch_t *watch, const rc_caller_t *waiting, apr_pool_t *p,
                              rc_place_t **place)
{
    const gw_party_t *party = watch->party;
    rc_client_t *client = party->session->account->client;
    gw_lane_t *lane = party->lane;
    const unsigned medium = RC_GROUP_BIT(RC_MEDIUM) | gw_lane_mark(lane);
    unsigned groups = RC_GROUP_BIT(RC_HEAVY) | gw_lane_mark(lane);
    rc_caller_t who = *waiting;
    gw_board_news_t news;

    if (lane->ask == GW_ASK_REMOVE) {
        return rc_place_take(client, &who, p, groups, place);
    }
    apr_thread_mutex_lock(lane->mutex);
    gw_lane_read(lane, &news);
    watch->together =
        news.barred_until <= base_now(who.env) && !gw_lane_has_single(lane);
    apr_thread_mutex_unlock(lane->mutex);
    if (watch->together) {
        return rc_place_take(client, &who, p, groups, place);
    }
    if (news.barred_until > base_now(who.env)) {
        groups = medium;
    }
    else if (news.posted >= MANY) {
        who.deadline = base_now(who.env);
        if (!rc_place_take(client, &who, p, groups, place)) {
            return NULL;
        }
        who.deadline = waiting->deadline;
    }
    return rc_place_take(client, &who, p, groups | medium, place);
}

/* Has enough come together for a bulk call? */
static int is_full(gw_lane_t *lane, const gw_session_t *session)
{
    gw_board_news_t news;

    apr_thread_mutex_lock(lane->mutex);
    gw_lane_read(lane, &news);
    apr_thread_mutex_unlock(lane->mutex);
    return news.posted >= gw_voyage_max(lane->ask) ||
           (news.usual > 1 && news.posted >= news.usual) ||
           news.since + session->policy->gather <= base_now(session->env);
}

static rc_error_t *let_others_come(gw_party_t *party, const base_env_t *env,
                                   apr_pool_t *p)
{
    apr_interval_time_t nap = FIRST_NAP;

    while (!is_full(party->lane, party->session)) {
        if (base_sleep(env, nap) != APR_SUCCESS) {
            return rc_error(p, RC_INTERRUPTED, "interrupted while waiting for others");
        }
        nap = nap * 2 < LONGEST_NAP ? nap * 2 : LONGEST_NAP;
    }
    return NULL;
}

/* A place, and enough to fill it. NULL and no *place: it is not needed any more. */
static rc_error_t *wait_for_turn(gw_party_t *party, apr_pool_t *p, rc_place_t **place)
{
    watch_t watch = {party, party->session->env, 0, 0, 0};
    const base_env_t env = {&watch, watch_now, watch_sleep, watch_log};
    rc_caller_t who = gw_session_caller(party->session);
    rc_error_t *e;

    who.env = &env;
    e = find_place(&watch, &who, p, place);
    watch.has_turn = 1;
    if (!e && rc_place_group(*place) == RC_HEAVY) {
        e = let_others_come(party, &env, p);
    }
    if (e && *place) {
        gw_session_end_place(party->session, *place, NULL);
        *place = NULL;
    }
    return watch.relieved ? NULL : e;
}

/* ---- going ---- */

/* The first job that may go alone does; any may where bulk calls are barred. 0: there
 * is none any more. */
static int let_go_alone(const gw_party_t *party, rc_place_t *place, apr_pool_t *p)
{
    gw_lane_t *lane = party->lane;
    gw_board_news_t news;
    gw_job_t *job;

    gw_lane_read(lane, &news);
    job = gw_lane_dequeue(lane, news.barred_until > base_now(party->session->env));
    if (job) {
        job->state = GW_ALONE;
        job->place = place;
        job->place_pool = p;
        job->party->next = 0;
    }
    return job != NULL;
}

static void sail(gw_party_t *party, gw_voyage_t *v, rc_place_t *place)
{
    int over = gw_voyage_sail(v, party->session, place);

    gw_session_end_place(party->session, place, NULL);
    gw_lane_attend(party->lane, v, party->session, over);
}

void gw_lead(gw_party_t *party)
{
    gw_lane_t *lane = party->lane;
    rc_place_t *place = NULL;
    gw_voyage_t *v = NULL;
    apr_pool_t *p;
    int used = 0;
    rc_error_t *e;

    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_voyage");
    e = wait_for_turn(party, p, &place);
    if (!e && place && rc_place_group(place) == RC_HEAVY) {
        gw_voyage_clear_up(party->session, lane->board, p, 0);
    }
    apr_thread_mutex_lock(lane->mutex);
    lane->led = 0;
    if (e) {
        gw_lane_withdraw(party, e);
    }
    else if (place && rc_place_group(place) == RC_HEAVY) {
        v = gw_lane_embark(lane, p);
    }
    else if (place) {
        used = let_go_alone(party, place, p);
    }
    apr_thread_mutex_unlock(lane->mutex);
    if (v) {
        sail(party, v, place);
    }
    else if (!used) {
        gw_session_end_place(party->session, place, p);
    }
}
