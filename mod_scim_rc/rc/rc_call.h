/* The way of every call: token, pacer, transport, judgement. */
#ifndef RC_CALL_H
#define RC_CALL_H

#include "rc_answer.h"
#include "rc_client.h"
#include "rc_credential.h"
#include "rc_token.h"

/* What the processes share of one client. */
typedef struct rc_shared_t {
    rc_pacer_state_t quota;
    rc_token_state_t tokens[RC_SEATS];
} rc_shared_t;

struct rc_client_t {
    rc_client_conf_t conf; /* its `credentials` have the places of their seats */
    unsigned seats;        /* of its credentials, bits */
    const rc_transport_t *transport;
    const base_shared_t *shared;
    apr_uint64_t secrets[RC_SEATS]; /* fingerprints */
    rc_token_state_t *tokens;       /* shared; by seat */
    rc_pacer_t pacer;
};

struct rc_place_t {
    rc_pass_t pass;
    int used; /* or given back */
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

/* A read that need not say again what is known. */
typedef struct rc_tagged_t {
    const rc_call_t *call;
    const char *known;   /* tag of the answer that the caller has, or NULL */
    const char *current; /* result: the tag of the answer, or NULL when it has none */
    int unchanged;       /* result: it is still that answer, and there is no document */
} rc_tagged_t;

rc_error_t *rc_call_tagged(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           rc_tagged_t *tagged, json_t **document);

/* A call about something that may be known to one credential alone. */
typedef struct rc_bound_t {
    const rc_call_t *call;
    int credential; /* that must do it, or -1: any; afterwards the one that did */
} rc_bound_t;

rc_error_t *rc_call_bound(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          rc_bound_t *bound, json_t **document);

/* Does a page of a list say that another one follows? */
int rc_call_has_next(const json_t *document, json_int_t page);

/* A call that lists, page by page: appends all its records to the array `records`. */
rc_error_t *rc_call_pages(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          const rc_call_t *call, json_t *records);

/* How an exchange ended. */
typedef struct rc_sent_t {
    rc_exchange_t exchange;
    rc_http_response_t response;
    const char *problem;
    int penalty; /* seconds until the group may send again, 0: there is none */
    int limited; /* a limit of the credential refused it, not one of the account */
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
