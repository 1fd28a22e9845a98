/* How a wire begins: the socket, and what is said first. */
#include "fleet_wire.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "fleet_state.h"

/* Sees at once what would fail later: no scripts, no writing, a cluster. */
static const char probe_script[] =
    "return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])";

/* --- Connecting ------------------------------------------------------------------- */

/* A host that is gone without a word is noticed within half a minute. */
static void keep_alive(int fd)
{
    const int on = 1, idle = 15, interval = 5, count = 3;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_KEEPIDLE
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
#endif
}

/* 0, or an errno. */
static int wait_connected(int fd, apr_time_t deadline)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int n, error = 0;
    socklen_t len = sizeof error;

    do {
        const apr_interval_time_t left = deadline - fleet_clock();

        if (left <= 0) {
            return ETIMEDOUT;
        }
        n = poll(&ready, 1, (int)((left + 999) / 1000));
    } while (n == 0 || (n < 0 && errno == EINTR));
    if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
        return errno;
    }
    return error;
}

static int connect_to(fleet_wire_t *wire, const fleet_place_t *place,
                      apr_time_t deadline)
{
    const int family = place->at.any.sa_family;

    wire->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0) {
        return errno;
    }
    if (family != AF_UNIX) {
        keep_alive(wire->fd);
    }
    if (connect(wire->fd, &place->at.any, place->len) == 0) {
        return 0;
    }
    /* EAGAIN: a unix socket whose queue is full. */
    return errno == EINPROGRESS || errno == EINTR ? wait_connected(wire->fd, deadline)
                                                  : errno;
}

/* --- What is said first ----------------------------------------------------------- */

static int say_hello(const fleet_wire_t *wire, const fleet_address_t *address,
                     const char *probe, fleet_command_t *said)
{
    int n = 0;

    if (address->password) {
        fleet_command_add(&said[n], "AUTH");
        if (address->user) {
            fleet_command_add(&said[n], address->user);
        }
        fleet_command_add(&said[n++], address->password);
    }
    if (address->db) {
        fleet_command_add(&said[n], "SELECT");
        fleet_command_add_number(&said[n++], wire->p, address->db);
    }
    fleet_command_add(&said[n], "EVAL");
    fleet_command_add(&said[n], probe_script);
    fleet_command_add(&said[n], "1");
    fleet_command_add(&said[n], probe);
    fleet_command_add(&said[n++], "10000");
    fleet_command_add(&said[n], "INFO");
    fleet_command_add(&said[n++], "server");
    return n;
}

/* Which run it is. Who may not ask does without. */
static void take_run(fleet_wire_t *wire, const redisReply *info)
{
    const char *run =
        info->type == REDIS_REPLY_STRING ? strstr(info->str, "run_id:") : NULL;
    apr_size_t i = 0;

    for (run = run ? run + 7 : ""; i < FLEET_RUN_SIZE - 1; i++) {
        wire->run[i] = strchr("0123456789abcdef", *run) && *run ? *run++ : '-';
    }
    wire->run[i] = '\0';
}

/* The first reply is that to AUTH. But who is no Redis may answer in another order. */
static apr_status_t accept_hello(fleet_wire_t *wire, const redisReply *reply,
                                 const char *password, int i)
{
    const int is_secret =
        password &&
        (i == 0 || (reply->type == REDIS_REPLY_ERROR && strstr(reply->str, password)));

    return is_secret ? fleet_wire_accept_secret(wire, reply)
                     : fleet_wire_accept(wire, reply);
}

apr_status_t fleet_wire_open(fleet_wire_t *wire, const fleet_place_t *place,
                             const fleet_address_t *address, const char *probe,
                             apr_time_t deadline)
{
    fleet_command_t said[4] = {{0}};
    redisReply *reply = NULL;
    const int n = say_hello(wire, address, probe, said);
    const int error = connect_to(wire, place, deadline);
    apr_status_t rv;
    int i;

    if (error) {
        wire->timed_out = error == ETIMEDOUT;
        apr_strerror(error, wire->why_text, sizeof wire->why_text);
        wire->why = wire->why_text;
        return error;
    }
    rv = fleet_wire_send(wire, said, n, deadline);
    for (i = 0; i < n && rv == APR_SUCCESS; i++) {
        rv = fleet_wire_read(wire, NULL, deadline, &reply);
        if (rv == APR_SUCCESS && i < n - 1) {
            rv = accept_hello(wire, reply, address->password, i);
        }
    }
    if (rv == APR_SUCCESS) {
        take_run(wire, reply);
    }
    return rv;
}
