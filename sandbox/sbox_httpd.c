#include "sbox_httpd.h"

#include <sys/socket.h>
#include <ap_mpm.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

APLOG_USE_MODULE(rc_sandbox);

#define READ_SIZE 16384
#define SLICE apr_time_from_msec(50)

/* HTTP status of a body that cannot be read, or OK. */
static int read_body(request_rec *r, sbox_request_t *request)
{
    apr_size_t size = READ_SIZE, used = 0;
    char *body = apr_palloc(r->pool, size);
    int status = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);
    long n;

    if (status != OK) {
        return status;
    }
    if (ap_should_client_block(r)) {
        while ((n = ap_get_client_block(r, body + used, size - used - 1)) > 0) {
            used += (apr_size_t)n;
            if (used > SBOX_BODY_MAX) {
                return HTTP_REQUEST_ENTITY_TOO_LARGE;
            }
            if (size - used < READ_SIZE / 2) {
                char *more = apr_palloc(r->pool, size * 2);

                memcpy(more, body, used);
                body = more;
                size *= 2;
            }
        }
        if (n < 0) {
            return HTTP_BAD_REQUEST;
        }
    }
    body[used] = '\0';
    request->body = body;
    request->body_len = used;
    return OK;
}

static int client_left(request_rec *r)
{
    apr_os_sock_t fd;
    char byte;

    return apr_os_sock_get(&fd, ap_get_conn_socket(r->connection)) != APR_SUCCESS ||
           recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int is_stopping(void)
{
    int state = 0;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS &&
           state == AP_MPMQ_STOPPING;
}

/* Sleeps as long as somebody waits for the answer. */
static void wait_for(request_rec *r, apr_interval_time_t t)
{
    while (t > 0 && !is_stopping() && !client_left(r)) {
        apr_sleep(t < SLICE ? t : SLICE);
        t -= SLICE;
    }
}

/* Ends the connection, so that httpd can send no more. */
static void cut_off(request_rec *r, int with_reset)
{
    apr_socket_t *socket = ap_get_conn_socket(r->connection);
    struct linger at_once = {1, 0};
    apr_os_sock_t fd;

    if (with_reset && apr_os_sock_get(&fd, socket) == APR_SUCCESS) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    else {
        apr_socket_shutdown(socket, APR_SHUTDOWN_READWRITE);
    }
    r->connection->keepalive = AP_CONN_CLOSE;
    r->connection->aborted = 1;
}

static int copy_header(void *data, const char *name, const char *value)
{
    apr_table_set(data, name, value);
    return 1;
}

static void send_head(request_rec *r, const sbox_answer_t *answer)
{
    r->status = answer->status;
    /* A Date of our own is only kept in the answer of a proxy. */
    if (apr_table_get(answer->headers, "Date")) {
        r->proxyreq = PROXYREQ_REVERSE;
    }
    apr_table_do(copy_header, r->headers_out, answer->headers, NULL);
    if (answer->content_type) {
        ap_set_content_type(r, answer->content_type);
    }
    if (!apr_table_get(r->headers_out, "Content-Length")) {
        ap_set_content_length(r, (apr_off_t)answer->body_len);
    }
}

static void send_drip(request_rec *r, const sbox_answer_t *answer)
{
    apr_size_t sent = 0;

    while (sent < answer->body_len && !r->connection->aborted && !is_stopping()) {
        apr_size_t left = answer->body_len - sent;
        apr_size_t n = left < answer->part ? left : answer->part;

        ap_rwrite(answer->body + sent, (int)n, r);
        ap_rflush(r);
        sent += n;
        apr_sleep(answer->pause);
    }
}

static int send_answer(request_rec *r, const sbox_answer_t *answer)
{
    wait_for(r, answer->delay);
    if (answer->sending == SBOX_SEND_NOTHING || answer->sending == SBOX_SEND_RESET) {
        cut_off(r, answer->sending == SBOX_SEND_RESET);
        return DONE;
    }
    send_head(r, answer);
    switch (answer->sending) {
    case SBOX_SEND_PART:
        ap_rwrite(answer->body, (int)answer->part, r);
        ap_rflush(r);
        cut_off(r, 0);
        return DONE;
    case SBOX_SEND_DRIP:
        send_drip(r, answer);
        return DONE;
    default:
        if (answer->body_len) {
            ap_rwrite(answer->body, (int)answer->body_len, r);
        }
        return DONE;
    }
}

int sbox_httpd_serve(sbox_t *box, request_rec *r)
{
    sbox_request_t request = {0};
    int status = read_body(r, &request);

    if (status != OK) {
        return status;
    }
    request.pool = r->pool;
    request.method = r->method;
    request.path = r->uri;
    request.query = r->args ? r->args : "";
    request.headers = r->headers_in;
    request.base_uri =
        apr_pstrcat(r->pool, ap_http_scheme(r), "://",
                    r->hostname && apr_table_get(r->headers_in, "Host")
                        ? apr_table_get(r->headers_in, "Host")
                        : apr_psprintf(r->pool, "%s:%u", ap_get_server_name(r),
                                       (unsigned int)ap_get_server_port(r)),
                    NULL);
    if (!apr_table_get(r->headers_in, "X-Sandbox-Client")) {
        apr_table_setn(r->headers_in, "X-Sandbox-Client", r->useragent_ip);
    }
    return send_answer(r, sbox_serve(box, &request));
}
