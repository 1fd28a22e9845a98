/* A child's connections to the Redis: a few for all threads, and what happens when it
 * cannot be reached. */
#ifndef FLEET_LINK_H
#define FLEET_LINK_H

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include "base_env.h"
#include "fleet_address.h"
#include "fleet_lookup.h"
#include "fleet_state.h"
#include "fleet_wire.h"

/* Commands under way at a time; more wait for one of these to end. */
#define FLEET_WIRES 8
#define FLEET_LANES 16

/* What a command may take, what connecting and signing in may, and what looking up
 * where it is may. */
#define FLEET_LIMIT apr_time_from_msec(500)

/* Somebody who waits for a wire; on the stack. */
typedef struct fleet_waiter_t fleet_waiter_t;

typedef struct fleet_link_t {
    const fleet_address_t *address;
    const char *name;  /* of what is shared, for the log */
    int share;         /* percent, for the log */
    const char *probe; /* a name that may be written to */
    fleet_shared_t *shared;

    apr_thread_mutex_t *mutex; /* guards what follows */
    fleet_wire_t *idle[FLEET_WIRES];
    int n_idle, n_taken;
    fleet_waiter_t *first, **last; /* in order of arrival */
    apr_uint32_t ticket;           /* of the next one */
    /* A wire was given to somebody who waits here. There are several, so that few are
     * woken in vain. */
    apr_thread_cond_t *given[FLEET_LANES];
    fleet_wire_t *listener; /* idle too: for what waits long */
    fleet_place_t places[FLEET_PLACES];
    int n_places; /* 0: not looked up yet */
    int looks_up; /* somebody does that now, who uses what follows */
    fleet_lookup_t *lookup;
} fleet_link_t;

/* In `p`, in each child after the fork; its connections end with `p`. The other members
 * are set by the caller. */
apr_status_t fleet_link_init(fleet_link_t *link, apr_pool_t *p);

/* A piece of work on a wire. What it returns is the caller's, unless it left the wire
 * broken. It may run twice. */
typedef apr_status_t (*fleet_job_t)(fleet_wire_t *wire, const base_env_t *env,
                                    void *baton);

typedef enum { FLEET_SHORT, FLEET_LONG } fleet_length_t;

/* Runs a job; FLEET_LONG: it may wait for longer than FLEET_LIMIT. APR_ENOTIMPL when
 * the Redis cannot be reached, which is logged once for all children and so is its
 * return; or what the job returned. */
apr_status_t fleet_link_run(fleet_link_t *link, const base_env_t *env,
                            fleet_length_t length, fleet_job_t job, void *baton);

#endif
