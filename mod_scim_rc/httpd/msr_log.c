#include "msr_module.h"
#include "msr_log.h"

#include <poll.h>
#include <ap_mpm.h>
#include <apr_portable.h>
#include <http_core.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

/* The longest time without a look at what poll() cannot see. */
#define SLICE apr_time_from_msec(100)

static const int levels[] = {APLOG_ERR, APLOG_WARNING, APLOG_NOTICE, APLOG_INFO,
                             APLOG_DEBUG};

static apr_time_t now(void *ctx)
{
    return apr_time_now();
}

static void request_log(void *ctx, base_log_level_t level, apr_status_t rv,
                        const char *line)
{
    const request_rec *r = ctx;

    ap_log_rerror(APLOG_MARK, levels[level], rv, r, "%s", line);
}

static void server_log(void *ctx, base_log_level_t level, apr_status_t rv,
                       const char *line)
{
    const server_rec *s = ctx;

    ap_log_error(APLOG_MARK, levels[level], rv, s, "%s", line);
}

/* Waits for `t`, without touching what the client may have sent ahead. */
static int client_leaves(const request_rec *r, apr_interval_time_t t)
{
    apr_socket_t *socket = ap_get_conn_socket(r->connection);
    struct pollfd client = {.fd = -1, .events = POLLRDHUP};

    if (socket) {
        apr_os_sock_get(&client.fd, socket);
    }
    if (client.fd < 0) {
        apr_sleep(t);
        return r->connection->aborted;
    }
    return poll(&client, 1, (int)((t + 999) / 1000)) > 0 || r->connection->aborted;
}

static apr_status_t request_sleep(void *ctx, apr_interval_time_t t)
{
    const apr_time_t end = apr_time_now() + t;

    for (; t > 0; t = end - apr_time_now()) {
        if (client_leaves(ctx, t < SLICE ? t : SLICE)) {
            return APR_EINTR;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t server_sleep(void *ctx, apr_interval_time_t t)
{
    const apr_time_t end = apr_time_now() + t;
    int state;

    do {
        if (ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS &&
            state == AP_MPMQ_STOPPING) {
            return APR_EINTR;
        }
        if (t > 0) {
            apr_sleep(t < SLICE ? t : SLICE);
        }
        t = end - apr_time_now();
    } while (t > 0);
    return APR_SUCCESS;
}

static apr_status_t plain_sleep(void *ctx, apr_interval_time_t t)
{
    apr_sleep(t);
    return APR_SUCCESS;
}

base_env_t msr_env_request(request_rec *r)
{
    return (base_env_t){r, now, request_sleep, request_log};
}

base_env_t msr_env_server(server_rec *s)
{
    return (base_env_t){s, now, server_sleep, server_log};
}

base_env_t msr_env_start(server_rec *s)
{
    return (base_env_t){s, now, plain_sleep, server_log};
}
