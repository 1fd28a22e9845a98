/* The outside world of the pure layers: httpd's clock, logs and patience. */
#ifndef MSR_LOG_H
#define MSR_LOG_H

#include <httpd.h>

#include "base_env.h"

/* For the work of a request. Sleeping ends early when the client has gone or its
 * connection is cut because the server stops; a graceful restart lets requests go
 * on. Valid as long as `r`. */
base_env_t msr_env_request(request_rec *r);

/* For work of a process of its own. Sleeping ends early when the process is told to
 * end, gracefully or not. Valid as long as `s`. */
base_env_t msr_env_server(server_rec *s);

/* For the beginning of a child: nothing ends a sleep. The child may have been told to
 * end before it has begun, and that is no failure of what it opens. */
base_env_t msr_env_start(server_rec *s);

#endif
