/* The calls of one throttling group by one credential: a sliding window, a learned
 * limit, a penalty. The caller holds the lock of the memory that it lies in. */
#ifndef RC_BUCKET_H
#define RC_BUCKET_H

#include <apr_tables.h>
#include <apr_time.h>

#include "rc_common.h"

typedef enum { RC_LIGHT, RC_MEDIUM, RC_HEAVY, RC_AUTH, RC_GROUPS } rc_group_t;

#define RC_WINDOW_SLOTS                                                                \
    512 /* calls of one window that are remembered one by one; a                       \
         * larger limit is paced as this many */

/* Whose call it is. */
typedef enum {
    RC_CALL_KNOWN, /* ours, and the other gateways know of it */
    RC_CALL_ALONE, /* ours, and no other gateway knows of it */
    RC_CALL_OTHERS /* of somebody else with this credential */
} rc_whose_t;

/* One call of the last window. `time` is the latest time at which the platform can
 * have counted it: of a call in flight the end of its longest possible exchange (so
 * that the call of a killed process is forgotten in the end), of an answered call the
 * time of the answer. */
typedef struct rc_slot_t {
    apr_time_t time;
    apr_int32_t in_flight;
    apr_int32_t whose; /* rc_whose_t */
} rc_slot_t;

/* In shared memory. */
typedef struct rc_bucket_t {
    apr_int32_t limit; /* calls in a window; 0: no limit, whatever headers say */
    apr_int32_t cold;  /* answers still to come one at a time: until one tells what
                        * is left, there is no burst */
    apr_interval_time_t window;
    apr_time_t closed_until;     /* the end of a penalty, or 0 */
    apr_time_t learned;          /* when a header last told the limit, 0: never */
    apr_time_t heard;            /* when the last answer came, 0: never */
    apr_uint64_t sent, rejected; /* all calls, and 429 answers, since the start */
    rc_common_t common;
    rc_slot_t slots[RC_WINDOW_SLOTS];
} rc_bucket_t;

typedef struct rc_limit_t {
    int limit; /* 0: no limit */
    apr_interval_time_t window;
} rc_limit_t;

/* Fresh, with RingCentral's default for the group (Light 50, Medium 40, Heavy 10,
 * Auth 5 a minute) or with `limit` unless NULL. */
void rc_bucket_init(rc_bucket_t *b, rc_group_t group, const rc_limit_t *limit);

const char *rc_group_name(rc_group_t group); /* "light", as the headers have it */

/* The group in which the platform counted a call. */
rc_group_t rc_group_of(const apr_table_t *headers, rc_group_t expected);

/* How long a call counts here after the platform has counted it. */
apr_interval_time_t rc_bucket_span(const rc_bucket_t *b);

/* How many calls of a window make it full for work that may use `percent` of it, 1 to
 * RC_WINDOW_SLOTS. */
int rc_bucket_quota(const rc_bucket_t *b, int percent);

/* Calls of a window, oldest first. */
typedef struct rc_calls_t {
    int n;
    apr_time_t times[RC_WINDOW_SLOTS];
} rc_calls_t;

/* Those of the last window, or only our own of them; a call in flight as if it ended
 * now. */
void rc_bucket_calls(const rc_bucket_t *b, apr_time_t now, int ours, rc_calls_t *calls);

/* Who heard nothing for a whole window does not know what others have used of it. */
void rc_bucket_cool_down(rc_bucket_t *b, apr_time_t now);

/* Of a cold bucket: is a call under way that will tell what is left? `longest` is the
 * time of the longest possible exchange. */
int rc_bucket_is_probed(const rc_bucket_t *b, apr_time_t now,
                        apr_interval_time_t longest);

/* Takes a slot that counts no more, or that a call of our own is more important for.
 * Its number, or -1 when all count. */
int rc_bucket_take(rc_bucket_t *b, apr_time_t now, const rc_slot_t *call);

/* The slot of a call in flight, when it is still the one taken with that `time`, or
 * NULL. */
rc_slot_t *rc_bucket_slot(rc_bucket_t *b, int slot, apr_time_t time);

/* What an answer told that was news. */
typedef struct rc_lesson_t {
    int limits; /* limit or window are others than before */
    int others; /* calls that nobody here has made */
    int used;   /* calls that the platform counts */
} rc_lesson_t;

rc_lesson_t rc_bucket_learn(rc_bucket_t *b, const apr_table_t *headers, apr_time_t now);

/* Begins a penalty. */
void rc_bucket_close(rc_bucket_t *b, const apr_table_t *headers, apr_time_t now);

/* Another limit, or NULL, from now on; what is known of calls stays, and what the
 * platform has told of its limits. Calls in flight count as if they ended now. */
void rc_bucket_set_limit(rc_bucket_t *b, rc_group_t group, const rc_limit_t *limit,
                         apr_time_t now);

/* Adds what an older state, of which nothing is certain, knows. */
void rc_bucket_load(rc_bucket_t *b, const rc_bucket_t *saved, apr_time_t now);

/* A non-negative whole number in a header, or `otherwise`. */
int rc_header_number(const apr_table_t *headers, const char *name, int otherwise);

#endif
