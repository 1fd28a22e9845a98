/* Those who wait for the quota, of all processes, in the order in which they may go;
 * and when each can. The caller holds the lock of the memory that the line lies in. */
#ifndef RC_LINE_H
#define RC_LINE_H

#include <apr_pools.h>

#include "rc_bucket.h"

#define RC_WAITERS_MAX 2000

/* Calls that several share, who wait in a line of their own: for all of them one stands
 * here, or one of each process. */
typedef struct rc_share_t {
    int before;      /* so many wait there, ... */
    unsigned shared; /* ... and a call of these groups (bits) carries */
    int room;        /* ... so many of them; one of another group carries one */
} rc_share_t;

/* Added to the groups of who stands here for the line of this number, 1 to 255. */
#define RC_FOR_LINE(number) ((unsigned)(number) << 8)

/* What somebody waits for: the first call of any of these groups (bits) by any of
 * these credentials (bits). */
typedef struct rc_wish_t {
    unsigned groups, credentials;
    rc_class_t work;
    apr_interval_time_t longest; /* possible exchange */
    const rc_share_t *share;     /* of one that does not stand here itself; or NULL */
} rc_wish_t;

/* One of those who wait. Who does not come back in time is dead. */
typedef struct rc_waiter_t {
    apr_uint64_t ticket; /* the order of arrival */
    apr_time_t back_at;  /* the latest time at which it looks again */
    apr_uint16_t groups;
    apr_int16_t work;
    apr_uint32_t credentials;
} rc_waiter_t;

/* In shared memory; zeroed when fresh. Interactive work before background work, each
 * in the order of arrival. */
typedef struct rc_line_t {
    apr_uint64_t last_ticket;
    apr_int32_t n;
    rc_waiter_t waiters[RC_WAITERS_MAX];
} rc_line_t;

/* Takes out who has died. */
void rc_line_prune(rc_line_t *line, apr_time_t now);

/* A ticket, later than all before it; never 0. */
apr_uint64_t rc_line_ticket(rc_line_t *line);

/* Puts a waiter in its place or, when it stands there already, says when it will be
 * back. 0: there is no room, `max` stand there. */
int rc_line_join(rc_line_t *line, int max, const rc_waiter_t *waiter);

/* Does nothing when nobody with this ticket is in the line. */
void rc_line_leave(rc_line_t *line, rc_class_t work, apr_uint64_t ticket);

/* Room to think ahead, of one process: used under the lock only. Of credentials with
 * another number than 0 to `n_credentials` - 1, which others wait for, it does not
 * think. */
typedef struct rc_plan_t rc_plan_t;
rc_plan_t *rc_plan_create(apr_pool_t *p, int n_credentials);

/* The bucket in which somebody goes, and when. */
typedef struct rc_turn_t {
    apr_time_t when; /* now: at once */
    int group, credential;
} rc_turn_t;

/* Who else works for the account. */
typedef enum {
    RC_SINGLE,   /* nobody */
    RC_TOGETHER, /* other gateways: they count our calls and theirs */
    RC_ALONE     /* other gateways, out of reach: everybody keeps to its share */
} rc_company_t;

/* The state that a plan is made for. */
typedef struct rc_outlook_t {
    rc_bucket_t *(*bucket)(void *ctx, int credential, int group);
    void *ctx;
    apr_time_t now;
    int percent[RC_CLASSES]; /* of each limit that a class may use */
    rc_company_t company;
    int share; /* percent of that for our own calls while they do not count ours */
} rc_outlook_t;

/* When the wish of whoever has `ticket` comes true, if all before it get what they wait
 * for. A turn of group -1: never, nothing was wished. */
rc_turn_t rc_line_turn(const rc_line_t *line, rc_plan_t *plan,
                       const rc_outlook_t *outlook, const rc_wish_t *wish,
                       apr_uint64_t ticket);

#endif
