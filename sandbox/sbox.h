/* The sandbox: everything that lives in its one process. */
#ifndef SBOX_H
#define SBOX_H

#include <apr_pools.h>
#include <apr_thread_mutex.h>

#include "sbox_account.h"
#include "sbox_clock.h"
#include "sbox_http.h"
#include "sbox_knob.h"
#include "sbox_operation.h"
#include "sbox_problem.h"
#include "sbox_settings.h"

typedef struct sbox_sessions_t sbox_sessions_t;
typedef struct sbox_session_t sbox_session_t;
typedef struct sbox_limits_t sbox_limits_t;
typedef struct sbox_credentials_t sbox_credentials_t;
typedef struct sbox_faults_t sbox_faults_t;
typedef struct sbox_calls_t sbox_calls_t;
typedef struct sbox_specimens_t sbox_specimens_t;
typedef struct sbox_tasks_t sbox_tasks_t;
typedef struct sbox_hit_t sbox_hit_t;
typedef struct sbox_hooks_t sbox_hooks_t;

/* Everything but `settings` is guarded by `lock`, which is never held while anybody
 * waits. `world` ends with a reset; the knobs outlive it. */
typedef struct sbox_t {
    apr_pool_t *pool;
    apr_thread_mutex_t *lock;
    const sbox_settings_t *settings;
    sbox_clock_t clock;
    sbox_knobs_t *knobs;
    apr_uint64_t dice;

    apr_pool_t *world;
    sbox_account_t *account;
    sbox_credentials_t *credentials;
    sbox_sessions_t *sessions;
    sbox_limits_t *limits;
    sbox_faults_t *faults;
    sbox_calls_t *calls;
    sbox_tasks_t *tasks;
    json_t *mailbox;
    json_t *snapshots; /* object: name -> document */
    sbox_specimens_t *specimens;
    json_t *in_flight; /* object: method and path -> true */
    sbox_hooks_t *hooks;
    int n_working; /* calls that are being waited for or worked on */
} sbox_t;

/* One call of an operation on its way through the sandbox. */
typedef struct sbox_call_t {
    sbox_t *box;
    apr_pool_t *pool;
    const sbox_request_t *request;
    sbox_answer_t *answer;
    const sbox_operation_t *operation;     /* NULL: there is no such path */
    const char *account_id, *extension_id; /* of the path, "~" resolved; or NULL */
    const char *id; /* the last other parameter of the path; or NULL */
    apr_table_t *query;
    json_t *body; /* NULL: none was sent */
    sbox_session_t *session;
    json_t *shared;         /* parts that many records of the answer have, or NULL */
    const char *app, *user; /* who calls; NULL: not known */
    const char *language;   /* of Accept-Language: "en" or "de" */
    const sbox_hit_t *hit;  /* a fault that the operation itself looks at, or NULL */
} sbox_call_t;

/* Carries out an operation: NULL when call->answer is filled, or what is wrong. */
typedef const sbox_problem_t *sbox_handler_t(sbox_call_t *call);

/* Starts a sandbox with its sample company. `settings` outlives `p`. */
sbox_t *sbox_create(apr_pool_t *p, const sbox_settings_t *settings);
/* Back to the start: the company, the tokens, limits, faults and calls; knobs stay
 * unless `knobs`. */
void sbox_reset(sbox_t *box, int knobs);

/* A number in [0,1): the same sequence for the same seed. */
double sbox_dice(sbox_t *box);

/* How a change made now is to be remembered. */
sbox_change_t sbox_change(sbox_t *box);

/* Answers one request: with waiting, faults and limits. Called by many threads. */
const sbox_answer_t *sbox_serve(sbox_t *box, const sbox_request_t *request);

#endif
