/* What all children of a server know of the Redis: whether it is there. Lock-free; the
 * clock is the system's monotonic one, the same for all of them. */
#ifndef FLEET_STATE_H
#define FLEET_STATE_H

#include <apr_atomic.h>
#include <apr_time.h>

#define FLEET_ID_SIZE 17 /* with the NUL */

/* Lies in shared memory. Times are tenths of a second, which may wrap. */
typedef struct fleet_shared_t {
    char id[FLEET_ID_SIZE];         /* of this server among the others */
    apr_uint64_t address;           /* what the rest is about */
    volatile apr_uint32_t reached;  /* it has been, since the start */
    volatile apr_uint32_t away;     /* the last attempt to reach it failed */
    volatile apr_uint32_t losses;   /* how often it went away */
    volatile apr_uint32_t retry_at; /* while it is away: the next attempt */
    volatile apr_uint32_t pause;    /* between two attempts */
    volatile apr_uint32_t changed;  /* when it went or came back */
    volatile apr_uint32_t misread;  /* 1: something could not be opened, and that was
                                     * logged */
    volatile apr_uint32_t mended;   /* 1: a key was deleted, and that was logged */
    volatile apr_uint32_t epoch;    /* grows when it may have lost what it was told */
    volatile apr_uint32_t run;      /* which run of it was seen last; 0: none yet */
    volatile apr_uint32_t marker;   /* the mark that was seen last in it; 0: none */
} fleet_shared_t;

/* May somebody try to reach it now? Costs next to nothing. */
int fleet_state_is_open(fleet_shared_t *shared);

/* The same for who wants to: while it is away one caller at a time gets *probes and
 * must say how it went. */
int fleet_state_enter(fleet_shared_t *shared, int *probes);

/* It answers. 1 for the one caller who has brought it back, with the seconds that it
 * was away. */
int fleet_state_good(fleet_shared_t *shared, int probes, int *seconds);

/* It does not, on a connection made when `losses` was this. 1 for the one caller who
 * has found out. */
int fleet_state_bad(fleet_shared_t *shared, int probes, apr_uint32_t losses);

/* It is this run of the Redis, and this mark was found in it: hexadecimal digits.
 * Another one than before makes another epoch. */
void fleet_state_see_run(fleet_shared_t *shared, const char *run);
void fleet_state_see_marker(fleet_shared_t *shared, const char *marker);

/* Microseconds of the monotonic clock. */
apr_time_t fleet_clock(void);

#endif
