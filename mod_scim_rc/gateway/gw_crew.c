#include <pthread.h>
#include <signal.h>
#include <apr_allocator.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "gw_batch.h"
#include "gw_many.h"

#define CREW 8
#define BATCHERS 2 /* so many of them look for a Heavy call first */
#define BATCH RC_BATCH_PROVISION_MAX

typedef struct worker_t {
    gw_crew_t *crew;
    int number;
    apr_pool_t *p; /* its own: below the request's, but not of its allocator */
    apr_thread_t *thread;
} worker_t;

struct gw_crew_t {
    gw_block_t *block;
    apr_thread_mutex_t *mutex; /* of what follows */
    int *which, n;             /* the writes that nobody has begun with */
    int no_batch;
    int placed;  /* workers with a place in the quota, or waiting for one */
    int settled; /* how often one of them had done with it */
    worker_t workers[CREW];
    int n_workers;
};

int gw_crew_takes(const gw_block_t *block, const scim_write_t *write)
{
    return write->verb == SCIM_CREATE ||
           (write->verb == SCIM_REMOVE &&
            block->session.policy->remove == GW_DELETE_RELEASE);
}

/* ---- handing out ---- */

/* Takes a write off the list; -1: there is none. */
static int take_one(gw_crew_t *crew)
{
    int i = -1;

    apr_thread_mutex_lock(crew->mutex);
    if (crew->n) {
        i = crew->which[--crew->n];
    }
    apr_thread_mutex_unlock(crew->mutex);
    return i;
}

static int suits_batch(const gw_crew_t *crew, int at)
{
    const scim_write_t *write = &crew->block->writes[crew->which[at]];

    return !crew->no_batch && write->verb == SCIM_CREATE &&
           gw_batch_suits(&crew->block->session, write->resource);
}

/* How many creates are left that a batch can make, up to BATCH. */
static int count_batch(gw_crew_t *crew)
{
    int i, n = 0;

    apr_thread_mutex_lock(crew->mutex);
    for (i = crew->n; i-- > 0 && n < BATCH;) {
        n += suits_batch(crew, i);
    }
    apr_thread_mutex_unlock(crew->mutex);
    return n;
}

/* Takes them off the list. */
static int take_batch(gw_crew_t *crew, int taken[BATCH])
{
    int i, left = 0, n = 0;

    apr_thread_mutex_lock(crew->mutex);
    for (i = 0; i < crew->n; i++) {
        if (n < BATCH && suits_batch(crew, i)) {
            taken[n++] = crew->which[i];
        }
        else {
            crew->which[left++] = crew->which[i];
        }
    }
    crew->n = left;
    apr_thread_mutex_unlock(crew->mutex);
    return n;
}

/* ---- a worker ---- */

static const scim_error_t *create(worker_t *worker, scim_write_t *write,
                                  rc_place_t *place)
{
    gw_session_t *session = &worker->crew->block->session;
    gw_maker_t *m;
    const scim_error_t *error = gw_maker_begin(session, worker->p, write->resource, &m);

    if (error) {
        return error;
    }
    m->place = place;
    error = gw_maker_finish(m, worker->p, &write->record, &write->id);
    base_lock_release(m->lock);
    return error;
}

static void carry_out(worker_t *worker, int i, rc_place_t *place)
{
    scim_write_t *write = &worker->crew->block->writes[i];

    write->error = write->verb == SCIM_CREATE
                       ? create(worker, write, place)
                       : gw_remove(&worker->crew->block->session, worker->p, write->id,
                                   write->change, write->baton);
}

/* Where single creates and batches are both possible: whatever the quota has first.
 * The last create is worth a Heavy call only when there is no other way. */
static rc_place_t *find_place(worker_t *worker, int eligible)
{
    const unsigned medium = RC_GROUP_BIT(RC_MEDIUM), heavy = RC_GROUP_BIT(RC_HEAVY);
    gw_session_t *session = &worker->crew->block->session;
    rc_caller_t who = gw_session_caller(session);
    const int batcher = worker->number < BATCHERS && eligible >= BATCH;
    const struct {
        unsigned groups;
        apr_time_t deadline;
    } tries[] = {{batcher ? heavy : medium, base_now(who.env)},
                 {eligible > 1 ? medium | heavy : medium, session->deadline},
                 {heavy, session->deadline}};
    rc_place_t *place = NULL;
    apr_size_t i;

    for (i = 0; !place && i < sizeof tries / sizeof *tries; i++) {
        who.deadline = tries[i].deadline;
        rc_place_take(session->account->client, &who, worker->p, tries[i].groups,
                      &place);
    }
    return place;
}

static void work_batch(worker_t *worker, rc_place_t *place)
{
    gw_crew_t *crew = worker->crew;
    int which[BATCH], n = take_batch(crew, which);

    if (n && !gw_batch_create(crew->block, worker->p, which, n, place)) {
        apr_thread_mutex_lock(crew->mutex);
        crew->no_batch = 1;
        apr_thread_mutex_unlock(crew->mutex);
    }
    gw_sequel_end_batch(crew->block);
}

/* *place becomes NULL if it is kept for later. */
static int work_heavy(worker_t *worker, rc_place_t **place)
{
    gw_block_t *block = worker->crew->block;

    switch (gw_sequel_judge(block, worker->p, place)) {
    case GW_HEAVY_BATCH:
        work_batch(worker, *place);
        break;
    case GW_HEAVY_SEQUEL:
        gw_block_complete(block, worker->p, *place);
        break;
    case GW_HEAVY_KEPT:
        break;
    }
    return 1;
}

static int work_one(worker_t *worker, rc_place_t *place)
{
    int i = take_one(worker->crew);

    if (i >= 0) {
        carry_out(worker, i, place);
    }
    return i >= 0;
}

/* Before a worker looks for a place. Returns what count_out() wants. */
static int count_in(gw_crew_t *crew)
{
    int settled;

    apr_thread_mutex_lock(crew->mutex);
    crew->placed++;
    settled = crew->settled;
    apr_thread_mutex_unlock(crew->mutex);
    return settled;
}

/* Whom a worker that found no place, or has done with it, leaves behind. */
typedef enum {
    OTHERS,  /* some who have a place, or wait for one */
    CHANGED, /* none any more, but what they had may be free now */
    NOBODY
} company_t;

static company_t count_out(gw_crew_t *crew, int settled)
{
    company_t company = NOBODY;

    apr_thread_mutex_lock(crew->mutex);
    if (--crew->placed) {
        company = OTHERS;
    }
    else if (crew->settled != settled) {
        company = CHANGED;
    }
    crew->settled++;
    apr_thread_mutex_unlock(crew->mutex);
    return company;
}

/* With creates that a batch can make. The quota may have no place for a worker because
 * the others have them all: what is left is theirs then, for a call of its own would be
 * refused, and the next of theirs can carry it. */
static int work_placed(worker_t *worker, int eligible)
{
    gw_crew_t *crew = worker->crew;
    gw_session_t *session = &crew->block->session;
    int settled = count_in(crew), more;
    rc_place_t *place = find_place(worker, eligible);

    if (place) {
        more = rc_place_group(place) == RC_HEAVY ? work_heavy(worker, &place)
                                                 : work_one(worker, place);
        gw_session_end_place(session, place, NULL);
        count_out(crew, settled);
        return more;
    }
    switch (count_out(crew, settled)) {
    case OTHERS:
        return 0;
    case CHANGED:
        return 1;
    default:
        return work_one(worker, NULL); /* the call itself will say why */
    }
}

/* 0: nothing is left for this worker. */
static int work(worker_t *worker)
{
    int eligible = count_batch(worker->crew);

    return eligible ? work_placed(worker, eligible) : work_one(worker, NULL);
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    while (work(data)) {
    }
    return NULL;
}

/* ---- the crew ---- */

/* Threads of ours take no signals: those are for httpd's own. */
static void start_threads(gw_crew_t *crew)
{
    sigset_t all, before;
    int i;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    for (i = 0; i < crew->n_workers; i++) {
        worker_t *worker = &crew->workers[i];

        if (apr_thread_create(&worker->thread, NULL, run, worker, worker->p) !=
            APR_SUCCESS) {
            worker->thread = NULL;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void make_worker(gw_crew_t *crew, int number)
{
    worker_t *worker = &crew->workers[number];
    apr_allocator_t *allocator;

    worker->crew = crew;
    worker->number = number;
    apr_allocator_create(&allocator);
    apr_pool_create_ex(&worker->p, crew->block->p, NULL, allocator);
    apr_allocator_owner_set(allocator, worker->p);
    apr_pool_tag(worker->p, "gw_crew");
}

gw_crew_t *gw_crew_start(gw_block_t *block)
{
    gw_crew_t *crew = apr_pcalloc(block->p, sizeof *crew);
    int i;

    crew->block = block;
    crew->which = apr_pcalloc(block->p, (apr_size_t)block->n * sizeof *crew->which);
    for (i = block->n; i-- > 0;) { /* the last is taken first */
        if (gw_crew_takes(block, &block->writes[i])) {
            crew->which[crew->n++] = i;
        }
    }
    if (!crew->n) {
        return NULL;
    }
    apr_thread_mutex_create(&crew->mutex, APR_THREAD_MUTEX_DEFAULT, block->p);
    crew->n_workers = crew->n < CREW ? crew->n : CREW;
    for (i = 0; i < crew->n_workers; i++) {
        make_worker(crew, i);
    }
    start_threads(crew);
    return crew;
}

void gw_crew_join(gw_crew_t *crew)
{
    apr_status_t rv;
    int i;

    for (i = 0; crew && i < crew->n_workers; i++) {
        if (crew->workers[i].thread) {
            apr_thread_join(&rv, crew->workers[i].thread);
        }
    }
    if (crew) { /* what is left when no thread could be had */
        run(NULL, &crew->workers[0]);
    }
}
