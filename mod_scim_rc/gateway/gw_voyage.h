/* One bulk call with the jobs of several requests aboard, and what other children have
 * posted. */
#ifndef GW_VOYAGE_H
#define GW_VOYAGE_H

#include "gw_board.h"
#include "gw_job.h"

typedef struct gw_voyage_t {
    apr_pool_t *p; /* its own */
    struct gw_voyage_t *next;
    gw_ask_t ask;
    gw_board_t *board;
    gw_job_t **jobs;       /* NULL: what another child has posted, ... */
    int *slots;            /* ... and where */
    rc_bulk_item_t *items; /* of these, in their order */
    int n;
    int passengers;       /* jobs whose request still waits */
    int guests;           /* of other children */
    apr_uint64_t number;  /* on the board */
    int whole;            /* records of the call, of which `n` are left */
    int attended;         /* a thread is making a call for it */
    int given_up;         /* nobody looks after it here, and it was not over */
    rc_bulk_task_t *task; /* NULL: there is none (yet) */
    rc_error_t *e;        /* of the call as a whole */
} gw_voyage_t;

/* How many a call for this can carry. */
int gw_voyage_max(gw_ask_t ask);

/* With room for `n` records; takes `p` over. */
gw_voyage_t *gw_voyage_make(apr_pool_t *p, gw_ask_t ask, gw_board_t *board, int n);

/* Takes a job aboard, or the record in a slot of the board that was claimed. */
void gw_voyage_add(gw_voyage_t *v, gw_job_t *job);
void gw_voyage_invite(gw_voyage_t *v, int slot);

/* Makes the call. 1: it is over, 0: gw_voyage_poll() will tell. */
int gw_voyage_sail(gw_voyage_t *v, gw_session_t *session, rc_place_t *place);

/* A voyage of others that is adrift, found by one of its slots: it goes on with the
 * caller. NULL: somebody else was first. Takes `p` over. */
gw_voyage_t *gw_voyage_salvage(apr_pool_t *p, gw_session_t *session, gw_board_t *board,
                               int slot);

/* Looks whether it is over. */
int gw_voyage_poll(gw_voyage_t *v, gw_session_t *session);

/* Nobody looks any more in this child: requests of guests, and who comes after others
 * that have gone, may. */
void gw_voyage_give_up(gw_voyage_t *v);

/* Nobody looks after these jobs of a task any more, and their requests have gone.
 * Whoever comes next for one of the users can see that a change is still under way.
 * Jobs may be NULL; `number` is that of the call on the board, 0 if it has none. */
void gw_voyage_abandon(gw_board_t *board, const rc_bulk_task_t *task, int whole,
                       gw_job_t *const *jobs, int n, apr_uint64_t number);

/* The answer to the last bulk call with this extension was lost, and no other follows:
 * RingCentral may carry it out yet. Whoever comes next for the user waits for that, for
 * two minutes, lest it overtake what is asked for then; the copy is in doubt after
 * that. */
void gw_voyage_await(gw_board_t *board, apr_uint64_t id, const base_env_t *env);

/* Looks once how what is adrift gets on, and leaves it adrift if it is not over. 1: it
 * took a call, 0: nothing had to be asked. */
int gw_voyage_tend(gw_session_t *session, gw_board_t *board, int slot);

/* Hands their results to the guests, in the end. */
void gw_voyage_deliver(gw_voyage_t *v, gw_session_t *session);

/* The copy has to be looked after: it is not known what a call has made of this
 * extension, and nobody waits for it. */
void gw_voyage_doubt(gw_session_t *session, gw_board_t *board, const gw_wreck_t *wreck);

/* Takes down what children left behind that died, and has the copy looked after. What
 * is adrift is looked at if it `tends`: that takes calls. */
void gw_voyage_clear_up(gw_session_t *session, gw_board_t *board, apr_pool_t *p,
                        int tends);

/* What came of record `i`. */
gw_result_t gw_voyage_result(const gw_voyage_t *v, int i);

/* What becomes of a job with this result. */
typedef enum {
    GW_VOYAGE_OVER,  /* that was it: job->e, in the job's pool */
    GW_VOYAGE_AGAIN, /* with others once more */
    GW_VOYAGE_ALONE  /* in a call of its own */
} gw_verdict_t;
gw_verdict_t gw_voyage_judge(gw_job_t *job, const gw_result_t *result);

/* Does it say that RingCentral does not let us have this kind of call at all? */
int gw_voyage_is_barred(gw_ask_t ask, const gw_result_t *result);

/* A copy of an error that outlives its pool. */
rc_error_t *gw_voyage_keep(apr_pool_t *p, const rc_error_t *e);

#endif
