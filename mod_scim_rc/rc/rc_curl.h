/* The transport over libcurl: a bounded pool of easy handles for each process. */
#ifndef RC_CURL_H
#define RC_CURL_H

#include "rc_transport.h"

typedef struct rc_curl_conf_t {
    int max_handles; /* exchanges at the same time; more wait */
    apr_interval_time_t connect_timeout;
    apr_size_t max_answer; /* bytes; a larger answer is LOST */
    const char *ca_file;   /* NULL: the system's */
    const char *proxy;     /* URL of an outbound proxy, NULL: none, whatever the
                            * environment says */
    const char *user_agent;
} rc_curl_conf_t;

/* Before any thread and any fork: curl_global_init(). Once for a process. */
void rc_curl_global_init(void);

/* In each child after the fork. Handles and connections live in `p` and are closed
 * with it. TLS verification is always on. `conf` is copied. */
rc_transport_t *rc_curl_create(apr_pool_t *p, const rc_curl_conf_t *conf);

#endif
