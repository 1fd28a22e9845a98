/* Many requests at the same time, each in a thread of its own, against a quota that is
 * short: for tests of what gathers them. One crowd at a time. */
#ifndef GW_CROWD_H
#define GW_CROWD_H

#include "gw_fixture.h"

#define CROWD_MAX 60
#define HOUR apr_time_from_sec(3600)
#define WINDOW apr_time_from_sec(900) /* of the limits */

/* Who makes one request. */
typedef struct client_t {
    world_t *w;
    apr_interval_time_t patience; /* 100 hours, unless the test says otherwise */
    int leaves;                   /* when crowd_leave_at() says so */
    int (*is_held)(void);    /* while it says so, time does not pass for its naps */
    int status, retry_after; /* the answer */
    base_env_t env;          /* the world's, but for a sleep that meets others */
    int naps;
} client_t;

extern client_t crowd[CROWD_MAX];

/* `n` clients of a gateway that is not open yet. It gathers, a bulk task takes a
 * second, and the copy is trusted as long as any test lasts. */
void crowd_make(world_t *w, int n);

/* From now on the account allows so many calls in each window ... */
void crowd_limit(world_t *w, int medium, int heavy);
void crowd_lift(world_t *w); /* ... or any number */

/* Time stands still for those who sleep until so many have begun to. */
void crowd_expect(int n);
int crowd_waiting(void); /* how many have, since crowd_make() */

/* Uses the quota up, and expects `n`: all of them wait before the first can go. */
void crowd_use_up(world_t *w, int n);

/* Clients with `leaves` go as soon as a client's request has made the call `op`. Before
 * they do, `seen` (or NULL) is called, in the thread of `caller`. */
typedef void crowd_seen_t(client_t *caller);
void crowd_leave_at(const char *op, crowd_seen_t *seen);
int crowd_has_left(void); /* has that call been made? */

/* The first `n` make their requests; returns when all have their answers. */
typedef void crowd_act_t(client_t *c);
void crowd_run(int n, crowd_act_t *act);

/* For such an act: a session, and what came of it (`status` when there is no error). */
gw_session_t crowd_session(client_t *c);
void crowd_answer(client_t *c, int status, const scim_error_t *error);

/* How many of the first `n` got this status. */
int crowd_got(int n, int status);

#endif
