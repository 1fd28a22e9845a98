/* What a bucket remembers of the budget that it shares with those of other gateways
 * (base_peers.h). The caller holds the lock of the memory that it lies in. */
#ifndef RC_COMMON_H
#define RC_COMMON_H

#include <apr_time.h>

typedef enum { RC_INTERACTIVE, RC_BACKGROUND, RC_CLASSES } rc_class_t;

/* In shared memory; zeroed when fresh. */
typedef struct rc_common_t {
    apr_time_t full_until[RC_CLASSES]; /* the others have used it up until then */
    apr_time_t refused_at[RC_CLASSES]; /* when they said so */
    apr_time_t scarce_until; /* somebody was refused: one asks after the other */
    apr_time_t alone_until;  /* calls of which they were not told count until then */
    apr_time_t doubt_until; /* they may have lost what they were told before that counts
                             * no more */
    apr_uint64_t asker;     /* the ticket of who asks now, or 0 */
    apr_time_t asked_until; /* ... or has died */
} rc_common_t;

/* Is it as good as certain that asking now is in vain? */
int rc_common_is_full(const rc_common_t *common, rc_class_t work, apr_time_t now);

/* Is it somebody else's turn to ask? */
int rc_common_is_asked(const rc_common_t *common, apr_uint64_t ticket, apr_time_t now);

/* Somebody begins to ask. */
void rc_common_ask(rc_common_t *common, apr_uint64_t ticket, apr_time_t now);

/* ... and has the answer: a unit, */
void rc_common_grant(rc_common_t *common, rc_class_t work, apr_uint64_t ticket);

/* ... or that there is none for so long; `span`: for how long a call counts. */
typedef struct rc_refusal_t {
    rc_class_t work;
    apr_uint64_t ticket;
    apr_interval_time_t wait, span;
} rc_refusal_t;

void rc_common_refuse(rc_common_t *common, const rc_refusal_t *refusal, apr_time_t now);

/* Adds what an older state knows. */
void rc_common_load(rc_common_t *common, const rc_common_t *saved, apr_time_t now);

#endif
