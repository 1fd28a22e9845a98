/* One bulk call with the jobs of several requests aboard. */
#ifndef GW_VOYAGE_H
#define GW_VOYAGE_H

#include "gw_job.h"

typedef struct gw_voyage_t {
    apr_pool_t *p; /* its own */
    struct gw_voyage_t *next;
    gw_ask_t ask;
    gw_job_t **jobs;
    rc_bulk_item_t *items; /* of the jobs, in their order */
    int n;
    int passengers;       /* jobs whose request still waits */
    int attended;         /* a thread is making a call for it */
    rc_bulk_task_t *task; /* NULL: there is none (yet) */
    rc_error_t *e;        /* of the call as a whole */
} gw_voyage_t;

/* How many a call for this can carry. */
int gw_voyage_max(gw_ask_t ask);

/* With room for `n` jobs; takes `p` over. */
gw_voyage_t *gw_voyage_make(apr_pool_t *p, gw_ask_t ask, int n);

/* Makes the call. 1: it is over, 0: gw_voyage_poll() will tell. */
int gw_voyage_sail(gw_voyage_t *v, gw_session_t *session, rc_place_t *place);

/* Looks whether it is over. */
int gw_voyage_poll(gw_voyage_t *v, gw_session_t *session);

/* Nobody looks any more. */
void gw_voyage_give_up(gw_voyage_t *v);

/* What becomes of the job `i` now that the call is over. */
typedef enum {
    GW_VOYAGE_OVER,  /* that was it: job->e, in the job's pool */
    GW_VOYAGE_AGAIN, /* with others once more */
    GW_VOYAGE_ALONE  /* in a call of its own */
} gw_verdict_t;
gw_verdict_t gw_voyage_judge(gw_voyage_t *v, int i);

/* Does RingCentral not let us have this kind of call at all? */
int gw_voyage_is_barred(const gw_voyage_t *v);

/* A copy of an error that outlives its pool. */
rc_error_t *gw_voyage_keep(apr_pool_t *p, const rc_error_t *e);

#endif
