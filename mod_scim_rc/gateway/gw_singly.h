/* Reading some extensions anew for the background job, each singly. */
#ifndef GW_SINGLY_H
#define GW_SINGLY_H

#include "gw_account_private.h"

typedef struct gw_singly_t {
    gw_account_t *account;
    apr_pool_t *p;
    const base_env_t *env;
    rc_class_t work;
    apr_interval_time_t patience; /* of each read */
    int is_repeated;              /* the run before this one has failed */
    /* Results, set anew by each call: */
    int there, gone, failed; /* how many */
    const char *failure;     /* the first one */
} gw_singly_t;

/* Reads the first `max` of `ids` (apr_uint64_t). One that RingCentral does not give,
 * for a reason that concerns it alone, stays in the copy as it is (logged), and the
 * others are read. An error (in `p`) is one that concerns all. After many failures and
 * no success it ends early. */
rc_error_t *gw_singly_read(gw_singly_t *s, const apr_array_header_t *ids, int max);

#endif
