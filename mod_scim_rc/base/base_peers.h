/* Other gateways that work for the same account, and what all of them share, as the
 * pure layers see it. */
#ifndef BASE_PEERS_H
#define BASE_PEERS_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base_env.h"
#include "base_str.h"

/* What a call uses up: at most `limit` units count at any time. */
typedef struct base_budget_t {
    const char *name; /* the same in all gateways */
    int limit;
    apr_interval_time_t window; /* how long a unit counts after the call has ended */
} base_budget_t;

#define BASE_CLAIM_SIZE 40 /* with the NUL at the end */
#define BASE_NEWS_SIZE 48

/* What a gateway told the others. */
typedef struct base_news_t {
    base_slice_t text;
    int is_mine; /* this gateway did */
} base_news_t;

/* Made by whoever knows the way to the others; lent for the life of the process, used
 * by all threads. Where one cannot be reached a function returns APR_ENOTIMPL at once
 * or after a short time limit; that is logged once for all, and so is the end of it.
 * Values and news may be secret and personal: nobody outside can read them; names can
 * be read. A name has 256 bytes at most (else APR_EINVAL). */
typedef struct base_peers_t {
    void *ctx;
    int share; /* percent of each limit that this gateway may use while the others
                * cannot be reached, 1..100 */

    /* 0: the last attempt to reach the others failed, and it is too early for another.
     * Costs nothing. */
    int (*is_here)(void *ctx);

    /* Another number than before: the others may have lost what they were told since
     * then, units above all (the Redis began anew, was emptied, or was away). Costs
     * nothing; may be NULL: never. */
    apr_uint32_t (*epoch)(void *ctx);

    /* Takes one unit, which counts for `longest` and then for the window unless
     * mark() says otherwise. APR_SUCCESS and its name in `claim`; APR_EAGAIN when
     * there is none: asking again makes sense after *wait. */
    apr_status_t (*take)(void *ctx, const base_env_t *env, const base_budget_t *budget,
                         apr_interval_time_t longest, char claim[BASE_CLAIM_SIZE],
                         apr_interval_time_t *wait);
    /* The unit counts for this time from now on; 0: it is given back. */
    apr_status_t (*mark)(void *ctx, const base_env_t *env, const base_budget_t *budget,
                         const char *claim, apr_interval_time_t time);
    /* Nobody gets a unit of this name for so long. */
    apr_status_t (*close)(void *ctx, const base_env_t *env, const char *budget,
                          apr_interval_time_t time);

    /* A value that all see; in `p`. APR_NOTFOUND. */
    apr_status_t (*get)(void *ctx, const base_env_t *env, apr_pool_t *p,
                        const char *name, base_slice_t *value);
    /* Sets it for some time; NULL removes it. */
    apr_status_t (*set)(void *ctx, const base_env_t *env, const char *name,
                        const base_slice_t *value, apr_interval_time_t time);

    /* Is this gateway the one that does something for all? Whoever says so first is,
     * for `time`, and again when it asks again in time. */
    apr_status_t (*lead)(void *ctx, const base_env_t *env, const char *what,
                         apr_interval_time_t time, int *leads);
    /* Lets another do it at once. */
    apr_status_t (*resign)(void *ctx, const base_env_t *env, const char *what);

    /* Tells all gateways `n` things, in this order. */
    apr_status_t (*tell)(void *ctx, const base_env_t *env, const base_slice_t *texts,
                         int n);
    /* What was told after `since`, oldest first, at most `max` of base_news_t in `p`;
     * waits at most `wait` (and a minute) for the first, less (APR_EINTR) when
     * env->sleep says so. An empty `since`: nothing is returned, and
     * what is told from now on follows. `since` is moved on, also past what cannot be
     * read. APR_EGENERAL: something after `since` is not kept any more: begin with an
     * empty one. */
    apr_status_t (*hear)(void *ctx, const base_env_t *env, apr_pool_t *p,
                         char since[BASE_NEWS_SIZE], int max, apr_interval_time_t wait,
                         apr_array_header_t **news);
} base_peers_t;

#endif
