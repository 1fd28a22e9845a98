/* The way of every call: token, pacer, transport, judgement. */
#ifndef RC_CALL_H
#define RC_CALL_H

#include "rc_answer.h"
#include "rc_client.h"
#include "rc_token.h"

/* What the processes share of one client. */
typedef struct rc_shared_t {
    rc_pacer_state_t quota;
    rc_token_state_t token;
} rc_shared_t;

struct rc_client_t {
    rc_client_conf_t conf;
    const rc_transport_t *transport;
    const base_shared_t *shared;
    rc_token_state_t *token; /* shared */
    rc_pacer_t pacer;
};

typedef struct rc_call_t {
    const rc_endpoint_t *endpoint;
    const char *id;     /* for {id}: decimal; NULL when the path has none */
    const char *query;  /* made by rc_query_add(), or NULL */
    const json_t *body; /* or NULL */
} rc_call_t;

/* Carries out a call by the rules in rc_client.h. */
rc_error_t *rc_call(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                    const rc_call_t *call, json_t **document);

/* A call that lists, page by page: appends all its records to the array `records`. */
rc_error_t *rc_call_pages(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          const rc_call_t *call, json_t *records);

/* How an exchange ended. */
typedef struct rc_sent_t {
    rc_exchange_t exchange;
    rc_http_response_t response;
    const char *problem;
    int penalty; /* seconds until the group may send again, 0: there is none */
} rc_sent_t;

/* Carries out `request`, gives `pass` back and fills in *sent, all in `p`. */
void rc_call_exchange(rc_client_t *c, const base_env_t *env, apr_pool_t *p,
                      const rc_pass_t *pass, const rc_http_request_t *request,
                      rc_sent_t *sent);

/* `query` (or NULL) and name=value, percent-encoded, in `p`. */
const char *rc_query_add(apr_pool_t *p, const char *query, const char *name,
                         const char *value);

/* `s` with all but the unreserved characters of RFC 3986 percent-encoded, in `p`. */
char *rc_percent_encode(apr_pool_t *p, const char *s);

#endif
