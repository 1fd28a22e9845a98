/* Keeps the calls of all processes within what RingCentral allows: a sliding window
 * for each throttling group, learned limits, and no call into a penalty. */
#ifndef RC_PACER_H
#define RC_PACER_H

#include <apr_tables.h>
#include <apr_time.h>

#include "base_env.h"
#include "base_shared.h"
#include "rc_error.h"

typedef enum { RC_LIGHT, RC_MEDIUM, RC_HEAVY, RC_AUTH, RC_GROUPS } rc_group_t;

typedef enum { RC_INTERACTIVE, RC_BACKGROUND } rc_class_t;

#define RC_WINDOW_SLOTS                                                                \
    512 /* calls of one window that are remembered one by one; a                       \
         * larger limit is paced as this many */

/* One call of the last window. `time` is the latest time at which the platform can
 * have counted it: of a call in flight the end of its longest possible exchange (so
 * that the call of a killed process is forgotten in the end), of an answered call the
 * time of the answer. */
typedef struct rc_slot_t {
    apr_time_t time;
    apr_int64_t in_flight;
} rc_slot_t;

/* One bucket, in shared memory; read and written under the lock. */
typedef struct rc_bucket_t {
    apr_int32_t limit; /* calls in a window; 0: no limit, whatever headers say */
    apr_int32_t cold;  /* answers still to come one at a time: until one tells what
                        * is left, there is no burst */
    apr_interval_time_t window;
    apr_time_t closed_until;     /* the end of a penalty, or 0 */
    apr_time_t learned;          /* when a header last told the limit, 0: never */
    apr_time_t heard;            /* when the last answer came, 0: never */
    apr_uint64_t sent, rejected; /* all calls, and 429 answers, since the start */
    rc_slot_t slots[RC_WINDOW_SLOTS];
} rc_bucket_t;

typedef struct rc_pacer_state_t {
    rc_bucket_t buckets[RC_GROUPS];
} rc_pacer_state_t;

typedef struct rc_limit_t {
    int limit; /* 0: no limit */
    apr_interval_time_t window;
} rc_limit_t;

/* Sets a fresh state to RingCentral's defaults (facts: Light 50, Medium 40, Heavy 10,
 * Auth 5 a minute) or to `limits` (RC_GROUPS of them) unless NULL. */
void rc_pacer_init(rc_pacer_state_t *state, const rc_limit_t *limits);

const char *rc_group_name(rc_group_t group); /* "light", as the headers have it */

/* What is known of the quota as plain bytes, to be kept while the server is down. */
#define RC_PACER_IMAGE_VERSION 2
typedef struct rc_pacer_image_t {
    apr_uint32_t version, size;
    rc_pacer_state_t state;
} rc_pacer_image_t;

/* The caller holds the lock, or nobody else uses `state`. */
void rc_pacer_save(const rc_pacer_state_t *state, rc_pacer_image_t *image);

/* Adds to an initialized `state` what `data` (`len` bytes, an image) knows: calls,
 * penalties and learned limits; a limit of 0 stays. 1, or 0 when it is no image of
 * this version: then `state` is as it was. */
int rc_pacer_load(rc_pacer_state_t *state, const void *data, apr_size_t len,
                  apr_time_t now);

/* A process's view. `state` lies in memory that `shared` guards. */
typedef struct rc_pacer_t {
    const base_shared_t *shared;
    rc_pacer_state_t *state;
    int background_percent; /* 1..100 */
} rc_pacer_t;

/* A call that wants to be sent. Lent. */
typedef struct rc_pacer_call_t {
    const base_env_t *env;
    rc_group_t group;
    rc_class_t work;
    apr_time_t deadline;         /* of the wait */
    apr_interval_time_t longest; /* possible exchange */
} rc_pacer_call_t;

/* A call that may be sent now. */
typedef struct rc_pass_t {
    rc_group_t group;
    int slot; /* -1: none was needed */
    apr_time_t time;
} rc_pass_t;

/* Waits until the call may be sent. NULL and *pass, which must go to rc_pacer_leave();
 * or RC_BUSY as soon as the wait would go beyond the deadline (retry_after tells when
 * it is worth while), RC_INTERRUPTED, RC_UNAVAILABLE when the lock failed. */
rc_error_t *rc_pacer_enter(const rc_pacer_t *pacer, apr_pool_t *p,
                           const rc_pacer_call_t *call, rc_pass_t *pass);

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

/* A non-negative whole number in a header, or `otherwise`. */
int rc_header_number(const apr_table_t *headers, const char *name, int otherwise);

/* The time until `when` in whole seconds, rounded up, at least 1. */
int rc_seconds_until(apr_time_t when, apr_time_t now);

#endif
