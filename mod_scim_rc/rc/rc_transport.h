/* The one thing that the client needs from the network. */
#ifndef RC_TRANSPORT_H
#define RC_TRANSPORT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef struct rc_http_request_t {
    const char *method;
    const char *url;
    const apr_array_header_t *headers; /* of const char *: "Name: value" */
    const char *body;                  /* NULL: none */
    apr_size_t body_len;
    apr_interval_time_t timeout; /* for the whole exchange; the connect time-out is the
                                  * transport's own */
} rc_http_request_t;

typedef struct rc_http_response_t {
    int status;
    apr_table_t *headers; /* names without letter case */
    const char *body;     /* NUL-terminated, never NULL */
    apr_size_t body_len;
} rc_http_response_t;

typedef enum {
    RC_EXCHANGE_DONE,      /* `response` is complete */
    RC_EXCHANGE_UNREACHED, /* nothing reached the other side */
    RC_EXCHANGE_LOST       /* something may have: time-out, reset, cut or too large */
} rc_exchange_t;

typedef struct rc_transport_t {
    void *ctx;
    /* Carries out one exchange; never follows a redirect. Results live in `p`; when
     * it is not DONE, *problem says why, in `p`. Safe to call from several threads. */
    rc_exchange_t (*perform)(void *ctx, apr_pool_t *p, const rc_http_request_t *request,
                             rc_http_response_t *response, const char **problem);
} rc_transport_t;

#endif
