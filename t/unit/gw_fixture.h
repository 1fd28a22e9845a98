/* A gateway with a fake platform behind it and a clock that stands still, for tests:
 * what an identity provider asks, as calls of C. */
#ifndef GW_FIXTURE_H
#define GW_FIXTURE_H

#include "fake_rc.h"
#include "gw_account_private.h"
#include "gw_board.h"

/* The folder, the platform and the shared memory outlive the gateway's processes. */
typedef struct world_t {
    apr_pool_t *p;
    fake_rc_t *rc;
    base_env_t env;
    const char *folder;
    gw_account_conf_t conf; /* to be changed before world_open() */
    gw_policy_t policy;     /* to be changed at any time */
    base_shared_t shared;
    gw_account_t *account;    /* of the process that the calls below go to */
    apr_pool_t *account_pool; /* its life */
    apr_time_t now;
    int stopping; /* env.sleep says so */
    apr_array_header_t *log;
    apr_thread_mutex_t *mutex;
} world_t;

/* An account without extensions, and no gateway yet. Patience is 10 s, the copy is
 * trusted for 60 s and refreshed after 15 minutes. Lives in `p`, and its folder goes
 * with it. */
world_t *world_make(apr_pool_t *p);

void world_open(world_t *w);    /* a process that uses the folder */
void world_fill(world_t *w);    /* opens it, and lets the background work run once */
void world_restart(world_t *w); /* another process in place of this one */
void world_rebuild(world_t *w); /* ... after the copy was lost */
void world_work(world_t *w);    /* background work, as it is due */
void world_refresh(world_t *w); /* lets the time of a refresh come, and works */
void world_pass(world_t *w, int seconds);

/* The board as another child sees it. */
gw_board_t *world_board(world_t *w);

/* Does a line of the log begin with this tag? */
int world_logged(const world_t *w, const char *tag);
int world_says(const world_t *w, const char *text); /* ... or contain this text */

gw_session_t world_session(world_t *w);

/* What came of an operation; all of it lives in w->p. */
typedef struct answer_t {
    int status; /* 200, 201, 204 or an error's */
    const char *type, *detail;
    int retry_after;
    const char *id;
    json_t *user;      /* with its location, below "https://base" */
    apr_int64_t total; /* of a query */
    json_t *users;     /* of a query */
    const char *text;  /* the record as it is sent */
} answer_t;

/* The members of a user's JSON that no user can be without. */
#define USER(first, last, email)                                                       \
    "'userName':'" email "','name':{'givenName':'" first "','familyName':'" last       \
    "'},'emails':[{'type':'work','value':'" email "'}]"
#define ANN USER("Ann", "Archer", "ann@example.com")

/* JSON is text in which ' stands for " (fake_json()). */
answer_t *world_create(world_t *w, const char *user);
answer_t *world_get(world_t *w, const char *id);
answer_t *world_put(world_t *w, const char *id, const char *user);
answer_t *world_patch(world_t *w, const char *id, const char *operations);
answer_t *world_delete(world_t *w, const char *id);
answer_t *world_query(world_t *w, const char *filter, int start_index, int count);
/* By a path, with "-" in front of it descending. */
answer_t *world_sorted(world_t *w, const char *by, const char *filter, int start_index,
                       int count);
answer_t *world_find(world_t *w, const char *user_name);

/* One operation of a PATCH: "replace", a path, and a value in JSON (or NULL). */
answer_t *world_set(world_t *w, const char *id, const char *path, const char *value);

/* A PATCH in a session of the caller's own, with results in `p`. */
const scim_error_t *world_patch_in(gw_session_t *session, apr_pool_t *p, const char *id,
                                   const char *operations);

/* Steps by name or index, "addresses/0/region": a string, "true" or "false", or a
 * number as text; NULL when there is none. In a pool of the world's. */
const char *at(world_t *w, const json_t *json, const char *path);

/* The extension's id as text, and back. */
const char *id_text(world_t *w, apr_uint64_t id);
apr_uint64_t id_of(const answer_t *a);

/* The next call of `op` goes so (fake_rc_fail()). */
void world_fault(world_t *w, const char *op, fake_rc_what_t what, int status,
                 const char *body);

/* Ways in which a call for several users goes wrong as a whole. */
typedef struct world_trouble_t {
    fake_rc_what_t what;
    int status;
    const char *code, *name;
} world_trouble_t;

#define WORLD_TROUBLES 4

/* The next call of `op` goes wrong in the way number `i`. */
const world_trouble_t *world_trouble(world_t *w, const char *op, int i);

/* What the platform has now, and what the last call of `op` sent, by such a path. */
const char *there(world_t *w, const char *id, const char *path);
const char *sent(world_t *w, const char *op, const char *path);

#endif
