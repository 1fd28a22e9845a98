/* The webhooks: who subscribed, what is on its way to whom, and what became of it
 * (rules 133 to 137). Everything in here is guarded by the sandbox's lock. */
#ifndef SBOX_HOOK_H
#define SBOX_HOOK_H

#include "sbox_event_filter.h"

typedef struct sbox_delivery_t sbox_delivery_t; /* of sbox_hook.c */

/* Lives in a pool of its own until it is cancelled, expires, or the sandbox is reset.
 */
typedef struct sbox_subscription_t {
    apr_pool_t *pool;
    const char *id, *uri, *user, *app, *address;
    const char *token;           /* what deliveries are to show; or NULL */
    apr_array_header_t *filters; /* of sbox_event_filter_t */
    apr_time_t created;          /* of the world */
    apr_interval_time_t life;
    apr_time_t until;          /* of the sandbox's clock, as the next ones */
    apr_time_t failing;        /* since when every delivery failed; 0: none did */
    apr_time_t blacklisted;    /* 0: it is Active */
    apr_time_t blacklisted_at; /* of the world */
    const char *reason;
    int busy;                      /* is a delivery under way? */
    sbox_delivery_t *first, *last; /* that wait, by the time they are due */
    struct sbox_subscription_t *next;
} sbox_subscription_t;

/* Makes the hooks of a sandbox; their threads end when its pool is about to go. */
sbox_hooks_t *sbox_hooks_create(sbox_t *box);
/* Forgets subscriptions, deliveries and history. */
void sbox_hooks_reset(sbox_t *box);

/* The subscriptions that are there now: the first, then ->next. */
sbox_subscription_t *sbox_hooks_first(sbox_t *box);
/* A new pool that other threads do not disturb. */
apr_pool_t *sbox_hooks_pool(sbox_t *box);
/* Takes over a new one, made in a pool of its own, and sees to it that somebody
 * delivers. */
void sbox_hooks_add(sbox_t *box, sbox_subscription_t *s);
void sbox_hooks_cancel(sbox_t *box, sbox_subscription_t *s);
/* An id that no subscription or event had before, in `p`. */
const char *sbox_hooks_uuid(sbox_t *box, apr_pool_t *p);

/* Puts one event into the queue of a subscription. Takes the reference to `body`. */
void sbox_hook_post(sbox_t *box, sbox_subscription_t *s, const char *event,
                    json_t *body);

/* The clock or a knob changed: what is due may be another. */
void sbox_hooks_wake(sbox_t *box);

/* Delivers all that waits, due or not, and returns when nothing is under way or in
 * `timeout` of the world. Gives the lock back meanwhile. 1 when all is done. */
int sbox_hooks_flush(sbox_t *box, apr_interval_time_t timeout);

/* What waits, and the last deliveries with a number above `since`: new references. */
json_t *sbox_hooks_queue(sbox_t *box);
json_t *sbox_hooks_history(sbox_t *box, apr_int64_t since);
/* Forgets both. */
void sbox_hooks_clear(sbox_t *box);

#endif
