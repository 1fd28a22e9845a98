/* Keeps the calls of all processes within what RingCentral allows, to each credential:
 * who must wait stands in one line, and no call goes into a penalty. */
#ifndef RC_PACER_H
#define RC_PACER_H

#include "base_env.h"
#include "base_peers.h"
#include "base_shared.h"
#include "rc_bucket.h"
#include "rc_error.h"
#include "rc_line.h"

#define RC_CREDENTIALS_MAX 16

/* Places for credentials in shared memory: those of processes that are about to end,
 * after a change of the configuration, beside the new ones. A credential has the number
 * of its seat. */
#define RC_SEATS 32

#define RC_KEY_SIZE 33

/* What one credential may send. */
typedef struct rc_quota_t {
    char key[RC_KEY_SIZE]; /* tells the credential from others; no secret */
    rc_bucket_t buckets[RC_GROUPS];
} rc_quota_t;

/* In shared memory. */
typedef struct rc_pacer_state_t {
    rc_line_t line;
    apr_int32_t n_credentials; /* seats that were ever taken */
    apr_int32_t has_limits;
    rc_limit_t limits[RC_GROUPS]; /* as configured */
    apr_int32_t missed;           /* other gateways may not know of all calls */
    apr_int32_t away;             /* they were out of reach the last time */
    apr_uint32_t epoch;           /* what theirs was the last time */
    apr_int32_t has_epoch;
    rc_quota_t quotas[RC_SEATS];
} rc_pacer_state_t;

/* Sets a fresh state, with that many seats taken, to RingCentral's defaults or to
 * `limits` (RC_GROUPS of them) unless NULL. */
void rc_pacer_init(rc_pacer_state_t *state, int n_credentials,
                   const rc_limit_t *limits);

/* Other limits from now on, for all that use the state; nothing, if they are as before.
 * Under the lock, as all below. */
void rc_pacer_set_limits(rc_pacer_state_t *state, const rc_limit_t *limits,
                         apr_time_t now);

/* The seat of the credential with this key, or -1. */
int rc_pacer_find_seat(const rc_pacer_state_t *state, const char *key);

/* A seat for a credential that has none. When all are taken, that of the one that the
 * platform has not answered for the longest time, but for those in `kept` (bits). */
int rc_pacer_take_seat(rc_pacer_state_t *state, const char *key, unsigned kept);

/* What is known of the quota as plain bytes, to be kept while the server is down. */
#define RC_PACER_IMAGE_VERSION 5
typedef struct rc_pacer_image_t {
    apr_uint32_t version, size; /* of what is used of it, in bytes */
    rc_quota_t quotas[RC_SEATS];
} rc_pacer_image_t;

/* Returns how many bytes of *image count. The caller holds the lock, or nobody else
 * uses `state`. */
apr_size_t rc_pacer_save(const rc_pacer_state_t *state, rc_pacer_image_t *image);

/* Adds to an initialized `state` what `data` (`len` bytes, an image) knows of its
 * credentials: calls, penalties and learned limits; a limit of 0 stays. 1, or 0 when
 * it is no image of this version: then `state` is as it was. */
int rc_pacer_load(rc_pacer_state_t *state, const void *data, apr_size_t len,
                  apr_time_t now);

/* A process's view. `state` lies in memory that `shared` guards. */
typedef struct rc_pacer_t {
    const base_shared_t *shared;
    rc_pacer_state_t *state;
    rc_plan_t *plan;           /* for as many credentials */
    const char *const *names;  /* of its credentials by their seats, for the log */
    int background_percent;    /* 1..100 */
    int max_waiting;           /* of all processes */
    const base_peers_t *peers; /* other gateways; NULL: there are none */
} rc_pacer_t;

/* A call that wants to be sent. Lent. */
typedef struct rc_pacer_call_t {
    const base_env_t *env;
    rc_wish_t wish;
    apr_time_t deadline; /* of the wait */
} rc_pacer_call_t;

/* A call that may be sent now. */
typedef struct rc_pass_t {
    apr_uint64_t ticket; /* 0: a newcomer; else the place in the line that it had, which
                          * rc_pacer_enter() gives it again */
    rc_group_t group;
    int credential;
    int slot; /* -1: none was needed */
    apr_time_t time;
    char claim[BASE_CLAIM_SIZE]; /* of the budget of all gateways, or "" */
} rc_pass_t;

/* Waits until one of the calls in call->wish may be sent: first come, first served
 * within a class, across all processes, and within the budget that all gateways share
 * or, while they cannot be reached, this one's part of it. NULL and *pass, which must
 * go to rc_pacer_leave(); or RC_BUSY as soon as the wait would go beyond the deadline,
 * or at once when max_waiting wait already (retry_after tells when it is worth while);
 * RC_INTERRUPTED; RC_UNAVAILABLE when the lock failed; RC_INVALID when the wish has no
 * group or no credential. */
rc_error_t *rc_pacer_enter(const rc_pacer_t *pacer, apr_pool_t *p,
                           const rc_pacer_call_t *call, rc_pass_t *pass);

/* Would a newcomer get a pass at once? NULL, or RC_BUSY with the time until it would.
 * Nothing is taken, and the newcomer stands nowhere. */
rc_error_t *rc_pacer_peek(const rc_pacer_t *pacer, apr_pool_t *p,
                          const rc_pacer_call_t *call);

/* A pass is about to be used whose owner did something else first: it counts as taken
 * now. 0 when it has lapsed, or a penalty has begun: it must be entered anew. */
int rc_pacer_renew(const rc_pacer_t *pacer, const base_env_t *env,
                   apr_interval_time_t longest, rc_pass_t *pass);

typedef enum {
    RC_NO_PENALTY,
    RC_GROUP_PENALTY,  /* a 429 for the group of the call */
    RC_ACCOUNT_PENALTY /* a 429 for all that the account sends */
} rc_penalty_t;

typedef struct rc_pacer_answer_t {
    int sent;                   /* 0: nothing reached the platform */
    const apr_table_t *headers; /* of the answer; NULL: there was none */
    rc_penalty_t penalty;
} rc_pacer_answer_t;

/* Gives the pass back and learns from the answer. Returns the seconds until the
 * penalty ends, 0 without one. */
int rc_pacer_leave(const rc_pacer_t *pacer, const base_env_t *env,
                   const rc_pass_t *pass, const rc_pacer_answer_t *answer);

/* The lock of the state; a failure is logged. */
apr_status_t rc_pacer_lock(const rc_pacer_t *pacer, const base_env_t *env);

/* The time until `when` in whole seconds, rounded up, at least 1. */
int rc_seconds_until(apr_time_t when, apr_time_t now);

#endif
