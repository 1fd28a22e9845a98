#include "gw_many.h"

#include <string.h>
#include <apr_strings.h>

#include "gw_batch.h"
#include "gw_error.h"
#include "gw_gather.h"

#define PORTION 500 /* jobs that are prepared at a time: what one call carries */
#define NAP apr_time_from_msec(20)

/* Where a write stands. */
enum { OPEN, BUSY, STALE, READ_ANEW, DONE };

typedef struct many_t {
    gw_block_t *block;
    apr_pool_t *p;
    scim_write_t *writes;
    int n;
    char *states;
    base_lock_set_t *locks;
    /* A portion: the jobs, by what they ask for, and whose they are. */
    gw_job_t **jobs[GW_ASK_RELEASE];
    int *owners[GW_ASK_RELEASE];
    int counts[GW_ASK_RELEASE];
    int busy, stale;
} many_t;

/* ---- the environment of several threads ---- */

static apr_time_t block_now(void *ctx)
{
    const gw_block_t *block = ctx;

    return base_now(block->outer);
}

static apr_status_t block_sleep(void *ctx, apr_interval_time_t t)
{
    const gw_block_t *block = ctx;

    return base_sleep(block->outer, t);
}

/* A line of another thread: the request's log, which may allocate from the request, is
 * not for it. */
typedef struct line_t {
    base_log_level_t level;
    apr_status_t rv;
    const char *text;
} line_t;

static void block_log(void *ctx, base_log_level_t level, apr_status_t rv,
                      const char *text)
{
    gw_block_t *block = ctx;
    line_t *line;

    if (apr_os_thread_equal(apr_os_thread_current(), block->thread)) {
        base_log(block->outer, level, rv, "%s", text);
        return;
    }
    apr_thread_mutex_lock(block->mutex);
    line = apr_array_push(block->lines);
    line->level = level;
    line->rv = rv;
    line->text = apr_pstrdup(block->lines->pool, text);
    apr_thread_mutex_unlock(block->mutex);
}

/* Writes what the other threads, which have ended, had to say. */
static void end_log(gw_block_t *block)
{
    int i;

    for (i = 0; i < block->lines->nelts; i++) {
        const line_t *line = &APR_ARRAY_IDX(block->lines, i, line_t);

        base_log(block->outer, line->level, line->rv, "%s", line->text);
    }
    apr_pool_destroy(block->lines->pool);
}

static void begin(gw_block_t *block, const gw_session_t *session, apr_pool_t *p)
{
    const gw_policy_t *policy = session->policy;
    apr_pool_t *lines;

    block->session = *session;
    if (policy->bulk_patience > policy->patience) {
        block->session.deadline += policy->bulk_patience - policy->patience;
    }
    block->deadline = block->session.deadline;
    block->session.env = &block->env;
    block->p = p;
    block->outer = session->env;
    block->env.ctx = block;
    block->env.now = block_now;
    block->env.sleep = block_sleep;
    block->env.log = block_log;
    apr_thread_mutex_create(&block->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    apr_pool_create(&lines, NULL);
    block->lines = apr_array_make(lines, 8, sizeof(line_t));
    block->thread = apr_os_thread_current();
}

/* ---- a portion ---- */

static const scim_error_t *prepare(many_t *m, gw_job_t *job, const scim_write_t *write)
{
    return write->verb == SCIM_UPDATE
               ? gw_job_update(job, m->p, write->change, write->baton)
               : gw_job_remove(job, m->p, write->change, write->baton);
}

/* The write has its result. */
static void end_write(many_t *m, int i, const scim_error_t *error)
{
    m->writes[i].error = error;
    m->states[i] = DONE;
}

static void end_job(many_t *m, int i, gw_job_t *job)
{
    if (!job) {
        end_write(m, i, gw_job_left(&m->block->session, m->p));
        return;
    }
    end_write(m, i, gw_job_finish(job, m->p, &m->writes[i].record));
    gw_job_end(job);
}

/* Prepares one write: into the portion, or to its end. */
static void take_up(many_t *m, int i)
{
    gw_job_t *job = gw_job_make(&m->block->session, m->writes[i].id);
    const scim_error_t *error;

    job->locks = m->locks;
    job->in_block = 1;
    job->must_go = m->block->completes;
    job->defers = m->states[i] != READ_ANEW;
    error = prepare(m, job, &m->writes[i]);
    if (error) {
        end_write(m, i, error);
        gw_job_end(job);
    }
    else if (job->is_busy || job->is_stale) {
        m->busy += job->is_busy;
        m->stale += !job->is_busy;
        m->states[i] = job->is_busy ? BUSY : STALE;
        gw_job_end(job);
    }
    else if (job->ask == GW_ASK_NOTHING) {
        end_job(m, i, job);
    }
    else {
        int at = m->counts[job->ask]++;

        m->jobs[job->ask][at] = job;
        m->owners[job->ask][at] = i;
    }
}

static void send_jobs(many_t *m, int ask)
{
    rc_place_t *place = m->block->place;

    if (place && ask == GW_ASK_UPDATE) {
        m->block->place = NULL;
        gw_sequel_send(&m->block->session, m->jobs[ask], m->counts[ask], place);
    }
    else {
        gw_gather_send(&m->block->session, m->jobs[ask], m->counts[ask]);
    }
}

static void send_portion(many_t *m)
{
    int ask, i;

    for (ask = 0; ask < GW_ASK_RELEASE; ask++) {
        if (m->counts[ask]) {
            send_jobs(m, ask);
        }
        for (i = 0; i < m->counts[ask]; i++) {
            end_job(m, m->owners[ask][i], m->jobs[ask][i]);
        }
        m->counts[ask] = 0;
    }
}

/* Goes once through all that can be done now. */
static void go_through(many_t *m)
{
    int i;

    m->busy = m->stale = 0;
    for (i = 0; i < m->n; i++) {
        if (m->states[i] == OPEN || m->states[i] == READ_ANEW) {
            take_up(m, i);
        }
        if (m->counts[GW_ASK_UPDATE] + m->counts[GW_ASK_REMOVE] == PORTION) {
            send_portion(m);
        }
    }
    send_portion(m);
}

/* ---- what has to wait ---- */

/* Old records: many are brought up to date by lists, few are read one by one when
 * their turn comes. */
static void freshen(many_t *m)
{
    apr_pool_t *p;
    rc_error_t *e;
    int i;

    apr_pool_create(&p, m->p);
    e = gw_age_prepare(&m->block->session, p, 0, m->stale);
    for (i = 0; i < m->n; i++) {
        if (m->states[i] == STALE && e) {
            end_write(m, i, gw_error(m->p, e, NULL, &m->block->env));
        }
        else if (m->states[i] == STALE) {
            m->states[i] = READ_ANEW;
        }
    }
    apr_pool_destroy(p);
}

/* Others hold their locks: a while later once more. 0: there is no time left. */
static int try_again(many_t *m)
{
    const gw_session_t *session = &m->block->session;
    int i, over = base_now(session->env) >= session->deadline ||
                  base_sleep(session->env, NAP) != APR_SUCCESS;

    for (i = 0; i < m->n; i++) {
        if (m->states[i] == BUSY && over) {
            end_write(m, i, gw_lock_busy(m->p));
        }
        else if (m->states[i] == BUSY) {
            m->states[i] = OPEN;
        }
    }
    return !over;
}

/* Updates and removals, in as few calls as it takes. */
static void change_all(gw_block_t *block, scim_write_t *writes, int n, char *states)
{
    apr_status_t rv;
    int i, more = 1;
    many_t m;

    memset(&m, 0, sizeof m);
    m.block = block;
    m.p = block->p;
    m.writes = writes;
    m.n = n;
    m.states = states;
    for (i = 0; i < GW_ASK_RELEASE; i++) {
        m.jobs[i] = apr_pcalloc(block->p, PORTION * sizeof *m.jobs[i]);
        m.owners[i] = apr_pcalloc(block->p, PORTION * sizeof *m.owners[i]);
    }
    rv = base_lock_set_open(&m.locks, block->session.account->lock_file);
    for (i = 0; rv != APR_SUCCESS && i < n; i++) {
        if (states[i] == OPEN) {
            end_write(&m, i, gw_error_store(block->p, rv));
        }
    }
    while (rv == APR_SUCCESS && more) {
        go_through(&m);
        more = m.stale || m.busy;
        if (m.stale) {
            freshen(&m);
        }
        if (m.busy) {
            more = try_again(&m) || m.stale;
        }
    }
    if (rv == APR_SUCCESS) {
        base_lock_set_close(m.locks);
    }
}

/* ---- what a batch could not carry ---- */

static void take_completed(gw_block_t *sequel, scim_write_t *create,
                           const scim_write_t *update)
{
    if (update->error) {
        create->error =
            gw_batch_incomplete(&sequel->session, sequel->p, create->id, update->error);
    }
    else {
        create->record = update->record;
    }
}

void gw_block_complete(gw_block_t *block, apr_pool_t *p, rc_place_t *place)
{
    gw_block_t *sequel = gw_sequel_make(block, p, place);
    scim_write_t *updates = apr_pcalloc(p, block->n * sizeof *updates);
    int *owners = apr_pcalloc(p, block->n * sizeof *owners);
    char *states = apr_pcalloc(p, (apr_size_t)block->n);
    int i, n = 0;

    for (i = 0; i < block->n; i++) {
        const char *id = gw_sequel_take(block, i);

        if (id) {
            owners[n] = i;
            updates[n].verb = SCIM_UPDATE;
            updates[n].id = id;
            updates[n].change = gw_batch_complete;
            updates[n++].baton = (void *)block->writes[i].resource;
        }
    }
    if (n) {
        change_all(sequel, updates, n, states);
    }
    for (i = 0; i < n; i++) {
        take_completed(sequel, &block->writes[owners[i]], &updates[i]);
    }
}

/* ---- the whole ---- */

/* A create asks RingCentral for its name when the copy is old: of many, lists are
 * cheaper. */
static void refresh_for_creates(gw_block_t *block)
{
    gw_session_t *session = &block->session;
    int i, creates = 0;
    apr_pool_t *p;

    for (i = 0; i < block->n; i++) {
        creates += block->writes[i].verb == SCIM_CREATE;
    }
    if (!creates) {
        return;
    }
    apr_pool_create(&p, block->p);
    gw_age_prepare(session, p, gw_age_complete(session->account, p, session->env),
                   creates); /* if not, each asks for itself */
    apr_pool_destroy(p);
}

void gw_write_many(void *ctx, apr_pool_t *p, scim_write_t *writes, int n)
{
    gw_block_t *block = apr_pcalloc(p, sizeof *block);
    char *states = apr_pcalloc(p, (apr_size_t)n + 1);
    const scim_error_t *error;
    gw_crew_t *crew;
    int i;

    begin(block, ctx, p);
    block->writes = writes;
    block->n = n;
    block->made = apr_pcalloc(p, ((apr_size_t)n + 1) * sizeof *block->made);
    error = gw_copy_wait(&block->session, p);
    for (i = 0; i < n; i++) {
        writes[i].error = error;
        states[i] = gw_crew_takes(block, &writes[i]) ? DONE : OPEN;
    }
    if (!error && n > 0) {
        refresh_for_creates(block);
        gw_sequel_begin(block);
        crew = gw_crew_start(block);
        change_all(block, writes, n, states);
        gw_crew_join(crew);
        gw_block_complete(block, p, block->reserve);
        gw_session_end_place(&block->session, block->reserve, NULL);
    }
    end_log(block);
}
