/* What waits for the quota in one child: the jobs of all requests in a queue, on the
 * board as well as far as they fit, and the calls that are under way. */
#ifndef GW_LANE_H
#define GW_LANE_H

#include <apr_thread_mutex.h>

#include "gw_voyage.h"

/* Where a job is. */
enum { GW_QUEUED = 1, GW_ALONE, GW_ABOARD, GW_ABROAD, GW_OVER };

typedef struct gw_lane_t {
    gw_ask_t ask;
    gw_board_t *board;
    gw_board_kind_t kind;
    apr_thread_mutex_t *mutex;
    gw_job_t *first, **end; /* the queue: also who was claimed a moment ago */
    int hidden;             /* who is in it and not on the board */
    apr_time_t since;       /* when the first of them came */
    int led;                /* somebody waits for the quota on behalf of all */
    int parties;            /* requests that are here */
    gw_voyage_t *voyages;   /* that are not over */
} gw_lane_t;

/* The jobs of one request. */
typedef struct gw_party_t {
    gw_lane_t *lane;
    gw_session_t *session;
    gw_job_t **jobs;
    int n;
    int open;   /* jobs that are not over */
    int queued; /* ... and in the queue */
    int posted; /* ... and on the board, or carried by another child */
    int next;   /* a job that may have to go alone comes from here on */
} gw_party_t;

void gw_lane_make(gw_lane_t *lane, apr_pool_t *p, gw_ask_t ask, gw_board_t *board);

/* All below is called under the mutex, unless it says otherwise. */

void gw_lane_enter(gw_lane_t *lane, gw_party_t *party);

/* What waits here and in other children. */
void gw_lane_read(gw_lane_t *lane, gw_board_news_t *news);

/* How many wait in the sense of ScimRCMaxWaiting: what one request has that is not on
 * the board counts as one. */
int gw_lane_count(gw_lane_t *lane);

/* Is there a job here that may go in a call of its own? One whose answer was lost does
 * not: RingCentral may carry that out yet, and only a task comes after a task. */
int gw_lane_has_single(const gw_lane_t *lane);

/* The first of these that nobody has claimed, or (if it may be `any`) the first of all;
 * or NULL. It is taken out. */
gw_job_t *gw_lane_dequeue(gw_lane_t *lane, int any);

/* Takes the party's jobs out of the queue: they are over. */
void gw_lane_withdraw(gw_party_t *party, const rc_error_t *e);

/* A task that somebody should look at now; the caller does, and then calls
 * gw_lane_attend(). */
gw_voyage_t *gw_lane_find_due(gw_lane_t *lane, apr_time_t now);

/* As many of those that wait in all children as may share a call; NULL: there is none.
 * Takes `p` over. */
gw_voyage_t *gw_lane_embark(gw_lane_t *lane, apr_pool_t *p);

/* Looks what other children have done with the party's jobs. 1: something. */
int gw_lane_look_abroad(gw_party_t *party);

void gw_lane_finish(gw_job_t *job);

/* The job is not sent, or not once more. */
void gw_lane_refuse(gw_job_t *job, const rc_error_t *e);

/* For the groups of who leads (RC_FOR_LINE()). */
unsigned gw_lane_mark(const gw_lane_t *lane);

/* After a call for `v`: is it over, or does nobody wait for it any more? Takes the
 * mutex, and lets go of it. */
void gw_lane_attend(gw_lane_t *lane, gw_voyage_t *v, gw_session_t *session, int over);

/* The request ends: its jobs do not wait any more, with this error if there are any.
 * What is on its way is left to whoever stays, and of a call for which nobody stays it
 * is not known what it will do. Takes the mutex, and lets go of it. */
void gw_lane_leave(gw_party_t *party, const rc_error_t *e);

/* Leads: waits for the quota on behalf of all, and lets go what it allows (gw_lead.c).
 * Without the mutex, by whoever has set lane->led. */
void gw_lead(gw_party_t *party);

#endif
