/* What the files of the intake share. */
#ifndef GW_INTAKE_PRIVATE_H
#define GW_INTAKE_PRIVATE_H

#include <apr_thread_mutex.h>

#include "gw_batch.h"
#include "gw_intake.h"
#include "gw_voyage.h"

typedef enum {
    GW_ENTRY_QUEUED,
    GW_ENTRY_ALONE,   /* goes in a call of its own, with its place */
    GW_ENTRY_ABOARD,  /* in a batch under way */
    GW_ENTRY_LANDED,  /* the batch is over: the verdict */
    GW_ENTRY_HELD,    /* the change that follows is prepared */
    GW_ENTRY_CHANGES, /* ... under way */
    GW_ENTRY_CHANGED, /* ... over: what it told */
    GW_ENTRY_OVER
} gw_entry_state_t;

/* The change that brings what batches could not carry. */
typedef struct gw_rest_t gw_rest_t;

/* One create. It may outlive its request, but not the request's session: m->session and
 * job->session are for the request's own thread. Whoever acts for a request that has
 * gone brings a session of his own. */
typedef struct gw_entry_t {
    apr_pool_t *p; /* its own */
    gw_maker_t *m;
    struct gw_entry_t *next; /* in the line, or of those held */
    gw_entry_state_t state;
    int gone;           /* its request has */
    int lacks;          /* a change must follow a batch */
    int under_way;      /* it is counted in under_way of the intake */
    int coming;         /* ... and in coming */
    apr_time_t since;   /* in the line */
    apr_time_t overdue; /* it has waited long enough for others */
    rc_place_t *place;  /* of one that goes alone */
    apr_pool_t *place_pool;
    gw_batch_verdict_t verdict;
    rc_bulk_item_t item; /* the record, then its id or error; in the entry's pool */
    gw_job_t *job;       /* the change that follows */
    gw_rest_t *rest;
    gw_verdict_t told;
} gw_entry_t;

struct gw_intake_t {
    apr_thread_mutex_t *mutex; /* of all of it */
    gw_entry_t *first, **end;  /* the line */
    int waiting;               /* its length */
    int led;                   /* somebody waits for the quota on behalf of all */
    int last;                  /* how many the last batch had */
    int under_way;             /* of a batch or a change; their clients wait and may
                                * come again */
    int coming;                /* in batches, or about to be held */
    apr_time_t barred_until;
    apr_time_t spares_until; /* changes wait for Heavy calls, too */
    rc_place_t *reserve;     /* a Heavy call, kept for the change that must follow */
    apr_pool_t *reserve_pool;
    int must_keep;    /* ... be it for a few: they have no other way */
    gw_entry_t *held; /* whose change waits for those of others */
    int n_held, n_gone;
    apr_time_t hold_until;
    int lets_go; /* no batch comes before the change */
};

/* A client that is answered comes again. Those who are few wait for that, and those who
 * are held wait for a further batch, for this part of their patience. */
#define GW_INTAKE_SHARE 4

#define GW_INTAKE_BARRED apr_time_from_sec(600) /* then batches are tried again */

/* A request that waits, in its own thread. */
typedef struct gw_request_t {
    gw_intake_t *n;
    gw_session_t *session;
    apr_pool_t *p;
    gw_entry_t *b; /* NULL: it belongs to others now */
    scim_record_t *record;
    const char **id;
    const scim_error_t *error;
} gw_request_t;

/* ---- the line (gw_intake_line.c); the first three under the mutex ---- */

void gw_line_enqueue(gw_intake_t *n, gw_entry_t *b, const gw_session_t *session);
gw_entry_t *gw_line_next(gw_intake_t *n); /* takes the first one out, or NULL */
void gw_line_withdraw(gw_intake_t *n, const gw_entry_t *b);

/* Waits for the quota on behalf of the line, which n->led was set for. 0: there is
 * nothing to do now but to wait. */
int gw_line_lead(gw_request_t *r);

/* Gives the Heavy call back that was kept, if too few wait now to be worth it, and
 * others want it. */
void gw_line_spare(gw_request_t *r);

/* ---- a batch (gw_intake_batch.c) ---- */

/* The first ten of the line; takes `p` over. Under the mutex. */
typedef struct gw_intake_batch_t gw_intake_batch_t;
gw_intake_batch_t *gw_intake_batch_embark(gw_intake_t *n, apr_pool_t *p,
                                          rc_place_t *place);

/* Makes the call and hands the results out. */
void gw_intake_batch_deliver(gw_request_t *r, gw_intake_batch_t *batch);

/* The change that follows for one whom a batch has made; NULL: there is none, or *error
 * (in `p`). */
gw_job_t *gw_entry_prepare(gw_session_t *session, gw_entry_t *b, apr_pool_t *p,
                           const scim_error_t **error);

/* It is not counted any more in coming, or in under_way; under the mutex. */
void gw_entry_end_coming(gw_intake_t *n, gw_entry_t *b);
void gw_entry_end_under_way(gw_intake_t *n, gw_entry_t *b);

/* The session that acted for it ends; under the mutex. */
void gw_entry_end_session(gw_entry_t *b);

/* ---- the rest (gw_intake_rest.c); the first three under the mutex ---- */

/* Holds an entry whose job is prepared. */
void gw_rest_hold(gw_intake_t *n, gw_entry_t *b, const gw_session_t *session);

/* Is it time to send the change for those who are held? */
int gw_rest_is_due(const gw_intake_t *n, apr_time_t now);

/* Makes one change for those who are held, as many as fit. */
gw_rest_t *gw_rest_take(gw_intake_t *n);

/* Sends it. */
void gw_rest_send(gw_intake_t *n, gw_rest_t *s, gw_session_t *session);

/* Should somebody look now how it gets on? Then 1, and that is the caller's to do.
 * Under the mutex. */
int gw_rest_attend(gw_rest_t *s, apr_time_t now);
void gw_rest_look(gw_intake_t *n, gw_rest_t *s, gw_session_t *session);

/* ... or nobody waits for it any more. */
void gw_rest_abandon(gw_intake_t *n, gw_rest_t *s, gw_session_t *session);

/* The request of an entry in it goes. 1: nobody is left who waits for it, and the
 * caller has to abandon it. Under the mutex. */
int gw_rest_leave(gw_rest_t *s, gw_entry_t *b);

/* Ends an entry: its name is free again. */
void gw_entry_end(gw_entry_t *b);

#endif
