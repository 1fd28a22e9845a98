/* One change of one user, from what a client wants to what the copy has in the end. In
 * three steps, so that the call in the middle can carry many of them: prepare, send,
 * finish. */
#ifndef GW_JOB_H
#define GW_JOB_H

#include "gw_plan.h"

typedef enum {
    GW_ASK_NOTHING, /* RingCentral need not be told */
    GW_ASK_UPDATE,  /* plan.body: a PUT, or a record of a bulk update */
    GW_ASK_REMOVE,  /* a record of a bulk deletion */
    GW_ASK_RELEASE  /* a deletion that keeps the line */
} gw_ask_t;

struct gw_party_t;
struct gw_voyage_t;

typedef struct gw_job_t {
    apr_pool_t *p;         /* its own: the call may outlive the request */
    gw_session_t *session; /* of the request */
    const char *id_text;
    apr_uint64_t id;
    gw_item_t item;      /* as the copy has it, then as it becomes */
    dir_record_t record; /* as the copy has it */
    gw_plan_t plan;
    json_t *desired; /* what the client wants; of a deletion NULL */
    gw_ask_t ask;
    int deletes;            /* the client deletes */
    base_lock_t *lock;      /* of the user ... */
    base_lock_t *name_lock; /* and of the new name, if there is one */
    base_lock_set_t *locks; /* ... or all of them, shared with other jobs */
    apr_uint64_t ids[2];    /* those held of `locks`, 0: none */
    int must_go;            /* it completes what was begun: it is not refused early, nor
                             * for the sake of those who wait already */
    int in_block;           /* it is one of many: no call is made for it alone that only
                             * makes the copy better */
    int defers;             /* what is too old is only noted */
    int is_stale;           /* ... here: it must be read anew first */
    int is_busy;            /* ... here: somebody else changes it now */
    /* What came of it. */
    rc_error_t *e;    /* NULL: carried out */
    rc_error_t *lost; /* the answer to an earlier try, or NULL; of an update that was in
                       * a bulk call, which RingCentral may carry out yet */
    int absorbed;     /* the item has absorbed what RingCentral answered */
    int settled;      /* the copy knows of a loss already */
    /* The gatherer's, under its mutex. */
    struct gw_job_t *next;
    int state;
    int share;           /* at most so many in one call; 0: any number */
    int tries;           /* that the quota refused */
    apr_uint64_t ticket; /* in the queue: when it came */
    int slot;            /* ... on the board: where; -1: it is not there */
    struct gw_party_t *party;
    struct gw_voyage_t *voyage;
    rc_place_t *place;
    apr_pool_t *place_pool;
} gw_job_t;

/* A job on the user with this id; nothing is locked or read yet. */
gw_job_t *gw_job_make(gw_session_t *session, const char *id);

/* Lets go of its locks and ends it. */
void gw_job_end(gw_job_t *job);

/* Prepares: locks and reads the user, asks the client's `change` (or, of a deletion,
 * `condition`) and decides job->ask. An error lives in `p`. Without an error
 * is_busy (of a job with `locks`) and is_stale (of one that defers) mean: prepare it
 * again later. */
const scim_error_t *gw_job_update(gw_job_t *job, apr_pool_t *p, scim_change_fn change,
                                  void *baton);
const scim_error_t *gw_job_remove(gw_job_t *job, apr_pool_t *p,
                                  scim_change_fn condition, void *baton);

/* Sends it in a call of its own; `place` may be NULL. Repeats what is safe to repeat.
 */
void gw_job_send(gw_job_t *job, rc_place_t *place);

/* Must a record that a bulk call refused be sent once more, alone? Then the platform's
 * answer tells more, or there is another way. */
int gw_job_is_second_try(const gw_job_t *job, const rc_error_t *e);

/* Brings the outcome into the copy. NULL and (unless it is a deletion) *record, both in
 * `p`. */
const scim_error_t *gw_job_finish(gw_job_t *job, apr_pool_t *p, scim_record_t *record);

/* The same for a job whose request has gone, on behalf of another request's session;
 * ends it. */
void gw_job_finish_late(gw_job_t *job, gw_session_t *session);

/* A copy of an error of the job's that outlives it; NULL stays NULL. */
const scim_error_t *gw_job_keep(apr_pool_t *p, const scim_error_t *error);

/* The error for a request that leaves before its outcome is known. */
const scim_error_t *gw_job_left(gw_session_t *session, apr_pool_t *p);

/* What the extension is after RingCentral accepted `body` without showing it. */
void gw_item_merge(apr_pool_t *p, gw_item_t *item, const json_t *body, apr_time_t now);

#endif
