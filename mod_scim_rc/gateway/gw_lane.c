#include "gw_lane.h"

#include "base_json.h"
#include "base_str.h"
#include "gw_turn.h"

#define BARRED apr_time_from_sec(600) /* no bulk call after one was barred */

/* More jobs of one request than this part of a call are not posted: they make a call
 * worth while by themselves, and would leave no room for others. */
#define POSTED_PART 4

void gw_lane_make(gw_lane_t *lane, apr_pool_t *p, gw_ask_t ask, gw_board_t *board)
{
    lane->ask = ask;
    lane->board = board;
    lane->kind = ask == GW_ASK_UPDATE ? GW_BOARD_UPDATES : GW_BOARD_REMOVALS;
    lane->end = &lane->first;
    apr_thread_mutex_create(&lane->mutex, APR_THREAD_MUTEX_DEFAULT, p);
}

/* ---- the queue ---- */

static void post(gw_lane_t *lane, gw_job_t *job, apr_time_t now)
{
    gw_notice_t notice = {lane->kind, job->id, job->share, NULL, 0};
    int is_many = job->party->n > gw_voyage_max(lane->ask) / POSTED_PART;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, NULL);
    if (!is_many && lane->ask == GW_ASK_UPDATE) {
        notice.body = base_json_text(scratch, job->plan.body, &notice.len);
    }
    job->ticket = gw_board_post(lane->board, is_many ? NULL : &notice, now, &job->slot);
    if (notice.body) { /* there may be a password in it */
        base_secret_clear((char *)notice.body, notice.len);
    }
    apr_pool_destroy(scratch);
}

static void enqueue(gw_lane_t *lane, gw_job_t *job)
{
    const apr_time_t now = base_now(job->party->session->env);

    post(lane, job, now);
    if (job->slot >= 0) {
        job->party->posted++;
    }
    else if (!lane->hidden++) {
        lane->since = now;
    }
    job->state = GW_QUEUED;
    job->party->queued++;
    job->next = NULL;
    *lane->end = job;
    lane->end = &job->next;
}

static void take_out(gw_lane_t *lane, gw_job_t **at)
{
    gw_job_t *job = *at;

    *at = job->next;
    if (lane->end == &job->next) {
        lane->end = at;
    }
    job->party->queued--;
    lane->hidden -= job->slot < 0;
}

static void take_out_job(gw_lane_t *lane, const gw_job_t *job)
{
    gw_job_t **at = &lane->first;

    while (*at != job) {
        at = &(*at)->next;
    }
    take_out(lane, at);
}

/* It is not on the board any more. */
static void clear_slot(gw_job_t *job)
{
    job->party->posted -= job->slot >= 0;
    job->slot = -1;
}

/* Is it still for us to send? It leaves the queue then, and when another child has it.
 * -1: that cannot be told now, and it stays. */
static int reclaim(gw_lane_t *lane, gw_job_t **at)
{
    gw_job_t *job = *at;
    int is_ours = 1;

    if (job->slot >= 0) {
        is_ours = gw_board_take_down(lane->board, job->slot, job->ticket);
    }
    if (is_ours >= 0) {
        take_out(lane, at);
    }
    if (is_ours > 0) {
        clear_slot(job);
    }
    else if (!is_ours) {
        job->state = GW_ABROAD;
    }
    return is_ours;
}

void gw_lane_enter(gw_lane_t *lane, gw_party_t *party)
{
    int i;

    lane->parties++;
    for (i = 0; i < party->n; i++) {
        party->jobs[i]->party = party;
        enqueue(lane, party->jobs[i]);
    }
}

static gw_job_t **find_single(gw_job_t **at)
{
    while (*at && (*at)->lost) {
        at = &(*at)->next;
    }
    return at;
}

int gw_lane_has_single(const gw_lane_t *lane)
{
    gw_job_t *first = lane->first;

    return *find_single(&first) != NULL;
}

gw_job_t *gw_lane_dequeue(gw_lane_t *lane, int any)
{
    gw_job_t **at, *job;
    int is_ours = 0;

    do {
        at = any ? &lane->first : find_single(&lane->first);
        job = *at;
        is_ours = job ? reclaim(lane, at) : -1;
    } while (!is_ours);
    return is_ours > 0 ? job : NULL;
}

void gw_lane_read(gw_lane_t *lane, gw_board_news_t *news)
{
    gw_board_read(lane->board, lane->kind, news);
    if (lane->hidden && (!news->posted || lane->since < news->since)) {
        news->since = lane->since;
    }
    news->posted += lane->hidden;
}

int gw_lane_count(gw_lane_t *lane)
{
    const gw_party_t *last = NULL;
    gw_board_news_t news;
    const gw_job_t *job;
    int n;

    gw_board_read(lane->board, lane->kind, &news);
    n = news.posted;
    for (job = lane->hidden ? lane->first : NULL; job; job = job->next) {
        n += job->slot < 0 && job->party != last;
        last = job->slot < 0 ? job->party : last;
    }
    return n;
}

unsigned gw_lane_mark(const gw_lane_t *lane)
{
    return RC_FOR_LINE(lane->ask == GW_ASK_UPDATE ? GW_LINE_UPDATES : GW_LINE_REMOVALS);
}

void gw_lane_refuse(gw_job_t *job, const rc_error_t *e)
{
    job->e = job->lost ? job->lost : gw_voyage_keep(job->p, e);
}

void gw_lane_finish(gw_job_t *job)
{
    job->state = GW_OVER;
    job->party->open--;
}

void gw_lane_withdraw(gw_party_t *party, const rc_error_t *e)
{
    gw_lane_t *lane = party->lane;
    gw_job_t **at = &lane->first, *job;

    while ((job = *at)) {
        const int is_ours = job->party == party ? reclaim(lane, at) : -1;

        if (is_ours < 0) {
            at = &job->next;
        }
        else if (is_ours) {
            gw_lane_refuse(job, e);
            gw_lane_finish(job);
        }
    }
}

gw_voyage_t *gw_lane_embark(gw_lane_t *lane, apr_pool_t *p)
{
    gw_crowd_t crowd = {NULL, 0, 0};
    gw_voyage_t *v;
    gw_job_t *job;
    int i;

    for (job = lane->first; job; job = job->next) {
        crowd.n++;
    }
    crowd.berths = apr_palloc(p, (crowd.n + GW_BOARD_SLOTS) * sizeof *crowd.berths);
    for (i = 0, job = lane->first; job; job = job->next, i++) {
        crowd.berths[i] =
            (gw_berth_t){job->ticket, job->id, job->slot, job->share, job};
    }
    gw_board_claim(lane->board, lane->kind, gw_voyage_max(lane->ask), &crowd);
    if (!crowd.n) {
        return NULL;
    }
    v = gw_voyage_make(p, lane->ask, lane->board, crowd.n);
    v->number = crowd.voyage;
    for (i = 0; i < crowd.n; i++) {
        job = crowd.berths[i].own;
        if (job) {
            take_out_job(lane, job);
            job->state = GW_ABOARD;
            job->voyage = v;
            gw_voyage_add(v, job);
        }
        else {
            gw_voyage_invite(v, crowd.berths[i].slot);
        }
    }
    v->attended = 1;
    v->next = lane->voyages;
    lane->voyages = v;
    return v;
}

/* ---- the end of a call ---- */

gw_voyage_t *gw_lane_find_due(gw_lane_t *lane, apr_time_t now)
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

static void unlink_voyage(gw_lane_t *lane, gw_voyage_t *v)
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

static void land_job(gw_lane_t *lane, gw_job_t *job, gw_verdict_t verdict)
{
    job->voyage = NULL;
    if (verdict == GW_VOYAGE_AGAIN) {
        enqueue(lane, job);
    }
    else if (verdict == GW_VOYAGE_ALONE) {
        job->state = GW_ALONE;
        job->party->next = 0;
    }
    else {
        gw_lane_finish(job);
    }
}

static gw_verdict_t judge(gw_lane_t *lane, gw_job_t *job, const gw_result_t *result,
                          const base_env_t *env)
{
    if (gw_voyage_is_barred(lane->ask, result)) {
        gw_board_bar(lane->board, lane->kind, base_now(env) + BARRED);
    }
    return gw_voyage_judge(job, result);
}

/* Hands the results out; does itself what nobody waits for. Takes the mutex held, and
 * lets go of it. */
static void land(gw_lane_t *lane, gw_voyage_t *v, gw_session_t *session)
{
    gw_job_t *late = NULL, *job;
    int i;

    unlink_voyage(lane, v);
    for (i = 0; i < v->n; i++) {
        const gw_result_t result = gw_voyage_result(v, i);
        gw_verdict_t verdict;

        job = v->jobs[i];
        if (!job) {
            continue;
        }
        verdict = judge(lane, job, &result, session->env);
        if (job->slot >= 0 && !v->given_up) {
            gw_board_free(lane->board, job->slot, job->ticket);
        }
        if (job->party) {
            clear_slot(job);
            land_job(lane, job, verdict);
        }
        else {
            leave_open(job, verdict);
            job->lost =
                v->task ? NULL : job->lost; /* that has ended, or is on the board */
            job->next = late;
            late = job;
        }
    }
    apr_thread_mutex_unlock(lane->mutex);
    gw_voyage_deliver(v, session);
    while ((job = late)) {
        late = job->next;
        gw_job_finish_late(job, session);
    }
    apr_pool_destroy(v->p);
}

/* Does nobody here wait for it any more? Guests are served as long as there is
 * somebody. */
static int is_left(const gw_lane_t *lane, const gw_voyage_t *v)
{
    return !v->passengers && (!v->guests || !lane->parties);
}

void gw_lane_attend(gw_lane_t *lane, gw_voyage_t *v, gw_session_t *session, int over)
{
    apr_thread_mutex_lock(lane->mutex);
    v->attended = 0;
    if (!over && is_left(lane, v)) {
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

/* ---- other children ---- */

/* A call of which nobody takes care is taken over. */
static void salvage(gw_party_t *party, int slot)
{
    gw_lane_t *lane = party->lane;
    gw_voyage_t *v;
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_voyage");
    v = gw_voyage_salvage(p, party->session, lane->board, slot);
    if (!v) {
        apr_pool_destroy(p);
        return;
    }
    v->next = lane->voyages;
    lane->voyages = v;
}

static int come_home(gw_party_t *party, gw_job_t *job)
{
    gw_lane_t *lane = party->lane;
    gw_result_t result;

    if (!gw_board_collect(lane->board, job->slot, job->ticket, job->p, &result)) {
        return 0;
    }
    clear_slot(job);
    land_job(lane, job, judge(lane, job, &result, party->session->env));
    return 1;
}

static int look_at(gw_party_t *party, gw_job_t *job)
{
    const gw_board_fate_t fate =
        gw_board_look(party->lane->board, job->slot, job->ticket);

    if (fate == GW_BOARD_WAITS) {
        return 0;
    }
    if (job->state == GW_QUEUED) {
        take_out_job(party->lane, job);
        job->state = GW_ABROAD;
    }
    if (fate == GW_BOARD_ADRIFT) {
        salvage(party, job->slot);
    }
    return come_home(party, job);
}

int gw_lane_look_abroad(gw_party_t *party)
{
    int i, done = 0;

    for (i = 0; party->posted && i < party->n; i++) {
        gw_job_t *job = party->jobs[i];

        if (job->slot >= 0 && (job->state == GW_QUEUED || job->state == GW_ABROAD)) {
            done |= look_at(party, job);
        }
    }
    return done;
}

/* ---- leaving ---- */

/* A call that nobody waits for any more. */
static gw_voyage_t *find_left(gw_lane_t *lane)
{
    gw_voyage_t *v = lane->voyages;

    while (v && (v->attended || !is_left(lane, v))) {
        v = v->next;
    }
    if (v) {
        v->attended = 1;
    }
    return v;
}

/* It is with another child. That one looks after the copy once the call has ended; the
 * result may have come at the last moment. */
static void leave_abroad(gw_party_t *party, gw_job_t *job, const rc_error_t *e)
{
    gw_lane_t *lane = party->lane;
    gw_board_left_t left = gw_board_leave(lane->board, job->slot, job->ticket);
    gw_result_t result;

    if (left == GW_BOARD_UNSENT) {
        gw_lane_refuse(job, e);
    }
    else if (left == GW_BOARD_COLLECT &&
             gw_board_collect(lane->board, job->slot, job->ticket, job->p, &result)) {
        clear_slot(job);
        leave_open(job, judge(lane, job, &result, party->session->env));
    }
    else {
        job->e =
            rc_error(job->p, RC_LOST, "the request ended before the bulk call did");
    }
    gw_lane_finish(job);
}

static void leave_job(gw_party_t *party, int i, const rc_error_t *e)
{
    gw_job_t *job = party->jobs[i];

    if (job->state == GW_ALONE) {
        gw_session_end_place(party->session, job->place, job->place_pool);
        gw_lane_refuse(job, e);
        gw_lane_finish(job);
    }
    else if (job->state == GW_QUEUED) { /* who has it could not be told */
        take_out_job(party->lane, job);
        leave_abroad(party, job, e);
    }
    else if (job->state == GW_ABROAD) {
        leave_abroad(party, job, e);
    }
    else if (job->state == GW_ABOARD) {
        job->party = NULL;
        job->voyage->passengers--;
        party->jobs[i] = NULL;
    }
}

void gw_lane_leave(gw_party_t *party, const rc_error_t *e)
{
    gw_lane_t *lane = party->lane;
    gw_voyage_t *left;
    int i;

    apr_thread_mutex_lock(lane->mutex);
    gw_lane_withdraw(party, e);
    for (i = 0; i < party->n; i++) {
        leave_job(party, i, e);
    }
    lane->parties--;
    while ((left = find_left(lane))) {
        apr_thread_mutex_unlock(lane->mutex);
        gw_lane_attend(lane, left, party->session, 0);
        apr_thread_mutex_lock(lane->mutex);
    }
    apr_thread_mutex_unlock(lane->mutex);
}
