/* Rate limits: a sliding window for each user, app and group, with a penalty for
 * whoever goes on calling (rules 120 to 128). */
#ifndef SBOX_LIMIT_H
#define SBOX_LIMIT_H

#include "sbox.h"

sbox_limits_t *sbox_limits_create(apr_pool_t *p);

/* Who calls what. The strings are copied. */
typedef struct sbox_caller_t {
    const char *user, *app, *ip;
    sbox_group_t group;
    int cost; /* requests that it counts as */
} sbox_caller_t;

/* Counts one request and puts the X-Rate-Limit headers into call->answer. NULL when
 * it is allowed, or the 429 with Retry-After set. */
const sbox_problem_t *sbox_limit_count(sbox_call_t *call, const sbox_caller_t *who);

/* Every bucket, and the calls that were wasted. A new reference. */
json_t *sbox_limits_json(sbox_t *box);

#endif
