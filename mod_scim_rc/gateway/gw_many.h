/* Several writes that were asked for at once: what the files of it share. */
#ifndef GW_MANY_H
#define GW_MANY_H

#include <apr_portable.h>
#include <apr_thread_mutex.h>

#include "gw_batch.h"
#include "gw_job.h"

typedef struct gw_block_t {
    gw_session_t session; /* with the patience of a request with many writes, but for
                           * what its sequel needs of that */
    apr_time_t deadline;  /* of the sequel */
    apr_pool_t *p;        /* of the results; of the thread that began it */
    scim_write_t *writes;
    int n;
    int lacks; /* batches cannot carry all of its creates */
    /* The sequel; under the mutex. */
    const char **made; /* of each create the id, if a batch has made the user, who still
                        * lacks what a batch cannot carry */
    int n_made;
    int batches;         /* under way; counted if it lacks something */
    rc_place_t *reserve; /* a Heavy call that is kept for the sequel, or NULL */
    /* Of a block that is a sequel. */
    int completes;
    rc_place_t *place; /* for its first call, or NULL */
    base_env_t env;    /* the request's, for several threads */
    const base_env_t *outer;
    apr_os_thread_t thread;    /* that began it */
    apr_thread_mutex_t *mutex; /* of the lines and the sequel */
    apr_array_header_t *lines; /* for the log, of the other threads */
} gw_block_t;

/* ---- those that go one by one, in threads of their own (gw_crew.c) ---- */

/* Is this write one of them? */
int gw_crew_takes(const gw_block_t *block, const scim_write_t *write);

typedef struct gw_crew_t gw_crew_t;

/* Begins with them; NULL when there are none. */
gw_crew_t *gw_crew_start(gw_block_t *block);

/* Waits until all have their results. NULL is allowed. */
void gw_crew_join(gw_crew_t *crew);

/* ---- creates in tens (gw_batch.c) ---- */

/* Carries out `n` creates, 1 to 10, by their numbers in the block. Results in `p`, the
 * calling thread's. `place` is of a Heavy call. 0: RingCentral does not let us have
 * such calls. */
int gw_batch_create(gw_block_t *block, apr_pool_t *p, const int *which, int n,
                    rc_place_t *place);

/* ---- what a batch could not carry follows in a sequel (gw_sequel.c) ---- */

/* Will the writes need one? Then the block has the less time. */
void gw_sequel_begin(gw_block_t *block);

/* What a Heavy call is for: *place, which may be exchanged for another one. */
typedef enum {
    GW_HEAVY_BATCH,  /* a batch: gw_sequel_end_batch() has to follow */
    GW_HEAVY_SEQUEL, /* so many are made that they have to be completed first */
    GW_HEAVY_KEPT    /* it may be the last one, and is kept for the sequel: NULL */
} gw_heavy_t;
gw_heavy_t gw_sequel_judge(gw_block_t *block, apr_pool_t *p, rc_place_t **place);

void gw_sequel_end_batch(gw_block_t *block);

/* A batch has made the user of write `i`; and the caller is the one to complete that
 * user: the id, or NULL. */
void gw_sequel_add(gw_block_t *block, int i, const char *id);
const char *gw_sequel_take(gw_block_t *block, int i);

/* The block in which they are completed, in `p`: it has the rest of the time, and does
 * not end because the client has gone. */
gw_block_t *gw_sequel_make(gw_block_t *block, apr_pool_t *p, rc_place_t *place);

/* gw_gather_send() for up to RC_BULK_UPDATE_MAX updates, with a place for their call.
 */
void gw_sequel_send(gw_session_t *session, gw_job_t **jobs, int n, rc_place_t *place);

/* Completes those who are made so far (gw_many.c); results in `p`. The place may be
 * NULL, and is left if it is not needed. */
void gw_block_complete(gw_block_t *block, apr_pool_t *p, rc_place_t *place);

#endif
