/* What follows the batches of a block: one bulk update for those whom they leave
 * incomplete. The last Heavy call that the block can have is kept for it, and it is
 * made although the client may have gone. */
#include "gw_many.h"

#include <apr_strings.h>

#include "gw_gather.h"
#include "gw_voyage.h"

#define BATCH RC_BATCH_PROVISION_MAX
#define PART 10  /* of the patience is for the sequel */
#define OTHERS 3 /* so many of other requests may be before the next Heavy call */
#define BARRED apr_time_from_sec(600) /* no bulk call after one was barred */

#define HEAVY RC_GROUP_BIT(RC_HEAVY)

void gw_sequel_begin(gw_block_t *block)
{
    gw_session_t *session = &block->session;
    int i;

    for (i = 0; i < block->n; i++) {
        const scim_write_t *write = &block->writes[i];

        block->lacks |= write->verb == SCIM_CREATE &&
                        gw_batch_suits(session, write->resource) &&
                        gw_batch_has_more(write->resource);
    }
    if (block->lacks) {
        session->deadline -= (session->deadline - base_now(session->env)) / PART;
    }
}

/* ---- what a Heavy call is for ---- */

/* Will there be a further call in time, even if others are first? Those of the block
 * who wait in the line already count like others, and one of them will have it. */
static int comes_another(gw_block_t *block, apr_pool_t *p)
{
    const rc_share_t share = {OTHERS, HEAVY, 1};
    gw_session_t *session = &block->session;
    rc_caller_t who = gw_session_caller(session);
    rc_error_t *e = rc_place_peek(session->account->client, &who, p, HEAVY, &share);

    return !e || (e->kind == RC_BUSY &&
                  base_now(session->env) + apr_time_from_sec(e->retry_after) <=
                      session->deadline);
}

static gw_heavy_t keep(gw_block_t *block, rc_place_t **place)
{
    gw_heavy_t use = GW_HEAVY_BATCH;

    apr_thread_mutex_lock(block->mutex);
    if (!block->reserve) {
        block->reserve = *place;
        *place = NULL;
        block->batches--;
        use = GW_HEAVY_KEPT;
    }
    apr_thread_mutex_unlock(block->mutex);
    return use;
}

gw_heavy_t gw_sequel_judge(gw_block_t *block, apr_pool_t *p, rc_place_t **place)
{
    rc_place_t *kept = NULL;
    int is_full;

    if (!block->lacks) {
        return GW_HEAVY_BATCH;
    }
    apr_thread_mutex_lock(block->mutex);
    is_full = block->n_made + BATCH * (block->batches + 1) > RC_BULK_UPDATE_MAX;
    if (!is_full) {
        block->batches++;
        kept = block->reserve;
    }
    if (kept) { /* a place does not keep for ever */
        block->reserve = *place;
        *place = kept;
    }
    apr_thread_mutex_unlock(block->mutex);
    if (is_full) {
        return GW_HEAVY_SEQUEL;
    }
    return kept || comes_another(block, p) ? GW_HEAVY_BATCH : keep(block, place);
}

/* ---- whom batches have made ---- */

void gw_sequel_add(gw_block_t *block, int i, const char *id)
{
    apr_thread_mutex_lock(block->mutex);
    block->made[i] = id;
    block->n_made++;
    apr_thread_mutex_unlock(block->mutex);
}

void gw_sequel_end_batch(gw_block_t *block)
{
    apr_thread_mutex_lock(block->mutex);
    block->batches -= block->lacks;
    apr_thread_mutex_unlock(block->mutex);
}

const char *gw_sequel_take(gw_block_t *block, int i)
{
    const char *id;

    apr_thread_mutex_lock(block->mutex);
    id = block->made[i];
    block->made[i] = NULL;
    block->n_made -= id != NULL;
    apr_thread_mutex_unlock(block->mutex);
    return id;
}

/* ---- the change ---- */

/* The client may have gone: what it has begun is completed all the same. */
static apr_status_t sleep_on(void *ctx, apr_interval_time_t t)
{
    const gw_block_t *block = ctx;
    const apr_time_t end = base_now(block->outer) + t;

    if (base_sleep(block->outer, t) != APR_SUCCESS) {
        t = end - base_now(block->outer);
        apr_sleep(t > 0 ? t : 0);
    }
    return APR_SUCCESS;
}

gw_block_t *gw_sequel_make(gw_block_t *block, apr_pool_t *p, rc_place_t *place)
{
    gw_block_t *sequel = apr_pmemdup(p, block, sizeof *block);

    sequel->p = p;
    sequel->completes = 1;
    sequel->place = place;
    sequel->env.sleep = sleep_on;
    sequel->session.env = &sequel->env;
    sequel->session.deadline = block->deadline;
    return sequel;
}

/* Waits until it is worth while to look at the task. 0: there is no time left. */
static int wait_for(const gw_voyage_t *v, const gw_session_t *session)
{
    const apr_time_t now = base_now(session->env), next = rc_bulk_next(v->task),
                     end = next < session->deadline ? next : session->deadline;

    return now < session->deadline &&
           base_sleep(session->env, end > now ? end - now : 0) == APR_SUCCESS;
}

/* Makes the call and waits for its end. */
static void make_voyage(gw_voyage_t *v, gw_session_t *session, rc_place_t *place)
{
    int over = gw_voyage_sail(v, session, place);

    while (!over && wait_for(v, session)) {
        over = gw_voyage_poll(v, session);
    }
    if (!over) {
        gw_voyage_give_up(v);
    }
}

/* How it went for one. A task that goes on is on the board, and is not sent again. */
static gw_verdict_t judge(const gw_voyage_t *v, int i, const base_env_t *env)
{
    const gw_result_t result = gw_voyage_result(v, i);
    gw_job_t *job = v->jobs[i];

    if (v->given_up) {
        job->e = gw_voyage_keep(job->p, result.e);
        return GW_VOYAGE_OVER;
    }
    if (gw_voyage_is_barred(v->ask, &result)) {
        gw_board_bar(v->board, GW_BOARD_UPDATES, base_now(env) + BARRED);
    }
    return gw_voyage_judge(job, &result);
}

/* Those who have to go once more go as others do. */
static void send_again(gw_session_t *session, apr_pool_t *p, gw_job_t **jobs,
                       const gw_verdict_t *verdicts, int n)
{
    gw_job_t **again = apr_pcalloc(p, n * sizeof *again);
    int i, k = 0;

    for (i = 0; i < n; i++) {
        if (verdicts[i] == GW_VOYAGE_ALONE) {
            gw_job_send(jobs[i], NULL);
        }
        else if (verdicts[i] == GW_VOYAGE_AGAIN) {
            again[k++] = jobs[i];
        }
    }
    if (k) {
        gw_gather_send(session, again, k);
    }
    for (i = k = 0; i < n; i++) {
        if (verdicts[i] == GW_VOYAGE_AGAIN) {
            jobs[i] = again[k++];
        }
    }
}

void gw_sequel_send(gw_session_t *session, gw_job_t **jobs, int n, rc_place_t *place)
{
    gw_verdict_t *verdicts;
    gw_voyage_t *v;
    apr_pool_t *p;
    int i;

    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_sequel");
    verdicts = apr_palloc(p, n * sizeof *verdicts);
    v = gw_voyage_make(p, GW_ASK_UPDATE, gw_gather_board(session), n);
    for (i = 0; i < n; i++) {
        gw_voyage_add(v, jobs[i]);
    }
    make_voyage(v, session, place);
    for (i = 0; i < n; i++) {
        verdicts[i] = judge(v, i, session->env);
    }
    send_again(session, p, jobs, verdicts, n);
    apr_pool_destroy(p);
}
