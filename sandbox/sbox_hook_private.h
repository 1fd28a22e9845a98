/* What the queue of deliveries and those who work on it have in common. */
#ifndef SBOX_HOOK_PRIVATE_H
#define SBOX_HOOK_PRIVATE_H

#include <apr_thread_cond.h>
#include <apr_thread_proc.h>

#include "sbox_hook.h"
#include "sbox_hook_send.h"

#define SBOX_HOOK_THREADS 4

struct sbox_delivery_t {
    json_t *envelope; /* a reference */
    apr_time_t due;   /* of the sandbox's clock */
    int attempts;     /* that were made */
    struct sbox_delivery_t *next;
};

struct sbox_hooks_t {
    sbox_t *box;
    apr_pool_t *pool; /* with an allocator of its own: threads use it */
    sbox_subscription_t *first;
    apr_uint64_t serial;     /* of ids */
    unsigned int generation; /* grows with each reset */
    json_t *history;         /* array, oldest first */
    apr_int64_t noted;       /* records that there ever were */
    int n_busy;
    apr_thread_cond_t *work;     /* there may be something to do */
    apr_thread_cond_t *progress; /* something was done */
    apr_thread_t *threads[SBOX_HOOK_THREADS];
    int n_threads;
    volatile apr_uint32_t ending;
};

/* One delivery in the hands of a thread; strings live in its pool. */
typedef struct sbox_job_t {
    apr_pool_t *pool;
    unsigned int generation;
    const char *subscription; /* its id */
    sbox_letter_t letter;
    sbox_delivery_t *delivery; /* owned */
} sbox_job_t;

/* Takes what is due. 1 and *job is filled (its pool is set before), or 0 and in *wait
 * for how long nothing will be due in the world; 0: until somebody says so. */
int sbox_hook_take(sbox_hooks_t *hooks, sbox_job_t *job, apr_interval_time_t *wait);
/* What became of it. Takes the delivery over. */
void sbox_hook_done(sbox_hooks_t *hooks, sbox_job_t *job, const sbox_sent_t *sent);
/* What the clock alone brings about: subscriptions expire, reminders, recoveries. */
void sbox_hooks_tick(sbox_hooks_t *hooks);

/* Adds a number and the time to a record, and keeps it. Takes the reference. */
void sbox_hooks_note(sbox_hooks_t *hooks, json_t *record);

/* Fills the parts of a letter that knobs say, in `p`. */
void sbox_letter_init(sbox_letter_t *letter, apr_pool_t *p, const sbox_t *box);

void sbox_hooks_start(sbox_hooks_t *hooks);

/* The JSON of a subscription, and of its event filters alone. A new reference. */
json_t *sbox_subscription_json(const sbox_t *box, const sbox_subscription_t *s);
json_t *sbox_subscription_filters(const sbox_subscription_t *s);

#endif
