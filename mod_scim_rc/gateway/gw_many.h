/* Several writes that were asked for at once: what the files of it share. */
#ifndef GW_MANY_H
#define GW_MANY_H

#include <apr_portable.h>
#include <apr_thread_mutex.h>

#include "gw_maker.h"

typedef struct gw_block_t {
    gw_session_t session; /* with the patience of a request with many writes */
    apr_pool_t *p;        /* of the results; of the thread that began it */
    scim_write_t *writes;
    int n;
    const char **made; /* of each create the id, if a batch has made the user, who then
                        * still lacks what a batch cannot carry */
    int completes;     /* it is about them now */
    base_env_t env;    /* the request's, for several threads */
    const base_env_t *outer;
    apr_os_thread_t thread;    /* that began it */
    apr_thread_mutex_t *mutex; /* of the lines */
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

#endif
