/* A small RingCentral platform in memory, for tests of what lies above the transport:
 * its extensions can be looked at and changed from outside, every call is written
 * down, and calls can be made to fail. Where its behaviour is not published it has a
 * knob. */
#ifndef FAKE_RC_H
#define FAKE_RC_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>
#include <jansson.h>

#include "base_env.h"
#include "rc_transport.h"

/* What goes wrong with a call. */
typedef enum {
    FAKE_ANSWER,    /* `status` and `body` in place of carrying it out */
    FAKE_LOST,      /* carried out, but the answer is lost */
    FAKE_DROPPED,   /* not carried out, and the answer is lost */
    FAKE_UNREACHED, /* it never arrives */
    FAKE_EMPTY      /* of a list: the right paging, but no records */
} fake_rc_what_t;

typedef struct fake_rc_fault_t {
    const char *op; /* "updateExtension" */
    int skip;       /* so many calls of it go well first */
    fake_rc_what_t what;
    int status;
    const char *body;
} fake_rc_fault_t;

typedef struct fake_rc_t fake_rc_t;

struct fake_rc_t {
    rc_transport_t transport;
    /* Knobs, to be turned at any time. */
    apr_interval_time_t takes;      /* how long a call takes */
    int token_life;                 /* of a new token, seconds */
    apr_interval_time_t list_lag;   /* how old what a list shows is */
    int refuses_enabled;            /* nobody becomes Enabled */
    int keeps_cleared;              /* "" does not clear anything */
    int merges_references;          /* a PUT of references adds to them */
    int keeps_comments;             /* statusInfo outlives the end of Disabled */
    int drops_comments;             /* statusInfo is not kept */
    int allows_same_login;          /* an e-mail may be used twice */
    int state_names;                /* states are given by name, not by code */
    const char *owner;              /* the id of whom the token belongs to, or NULL */
    const char *account;            /* its id, which the uri of lists shows; or NULL */
    int names_status;               /* refusals of a status name the parameter */
    apr_interval_time_t bulk_takes; /* how long a task of a bulk update runs */
    int wraps_results;              /* affectedItems is an object */
    int fails_tasks;                /* they end as Failed, after all was carried out */
    const char *forgets;            /* a task's result leaves out this id */
    const char *bars; /* a bulk update with this id is refused as a whole */
    int tags;         /* the directory has an ETag */
    int stops_events; /* a new subscription has a disabled filter */
    /* Called before a call is carried out, unless NULL; must not call the platform. */
    void (*before)(fake_rc_t *f, const char *op, void *baton);
    void *baton;
    /* Results. */
    apr_array_header_t *mails; /* of const char *: who got a welcome mail */
    int unchanged;             /* answers that had not changed */
    json_t *subscriptions;     /* [{id, status, expiresIn, eventFilters, deliveryMode}],
                                * to be changed at any time */
    int largest;               /* the most records that one bulk update had */
    /* Its own. */
    const base_env_t *env;
    apr_pool_t *p;
    apr_thread_mutex_t *mutex;
    apr_array_header_t *extensions, *faults, *journal, *tasks;
    apr_uint64_t next_id;
    int next_number, next_request, next_subscription;
};

/* `env` is its clock, and sleeps for it. Lives in `p`. */
fake_rc_t *fake_rc_create(apr_pool_t *p, const base_env_t *env);

/* JSON text in which ' stands for " (and ` for \"), as a document owned by `p`. */
json_t *fake_json(apr_pool_t *p, const char *text);

/* ---- the account, from outside (as the portal would change it) ---- */

/* An extension of `members` (in fake_json() form) above what each one has; its id. */
apr_uint64_t fake_rc_add(fake_rc_t *f, const char *members);

/* A user, enabled, without anything but name and e-mail. */
apr_uint64_t fake_rc_user(fake_rc_t *f, const char *first, const char *last,
                          const char *email);

/* An unassigned extension with a line and a direct number. */
apr_uint64_t fake_rc_unassigned(fake_rc_t *f);

/* Merges `members` into an extension; null takes a member out. */
void fake_rc_edit(fake_rc_t *f, apr_uint64_t id, const char *members);

void fake_rc_drop(fake_rc_t *f, apr_uint64_t id);

/* An extension as it is, NULL when there is none. Members that begin with '_' are
 * never shown: "_password", "_direct". */
const json_t *fake_rc_extension(const fake_rc_t *f, apr_uint64_t id);

/* How many extensions have this e-mail address. */
int fake_rc_count(const fake_rc_t *f, const char *email);

/* ---- calls ---- */

/* Lets a later call go wrong. Several for one operation come one after the other. */
void fake_rc_fail(fake_rc_t *f, const fake_rc_fault_t *fault);

/* The body of an error as version 1 of the API has it; parameter may be NULL. */
const char *fake_rc_error(apr_pool_t *p, const char *code, const char *message,
                          const char *parameter);

/* Forgets which calls there were. */
void fake_rc_forget(fake_rc_t *f);

/* The calls since then but for the token's, "listExtensions updateExtension"; the
 * number of those of one operation; and what the last one of it sent: its body (owned
 * by the platform, NULL when there was none) or its path and query. */
const char *fake_rc_calls(const fake_rc_t *f);
int fake_rc_called(const fake_rc_t *f, const char *op);
const json_t *fake_rc_sent(const fake_rc_t *f, const char *op);
const char *fake_rc_url(const fake_rc_t *f, const char *op);

#endif
