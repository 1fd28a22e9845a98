/* Why a call to the RingCentral platform did not do what it should. */
#ifndef RC_ERROR_H
#define RC_ERROR_H

#include <apr_pools.h>

typedef enum {
    RC_INVALID,     /* 400: a parameter, the body, the state of a thing (also 404 of a
                     * thing other than the one in the path) */
    RC_NOT_FOUND,   /* 404 for the thing that the path names */
    RC_FORBIDDEN,   /* 403: permission, licence, feature */
    RC_CREDENTIALS, /* no token to be had, or refused even when new */
    RC_BUSY,        /* the quota does not allow it in time: retry_after; never sent, or
                     * refused with 429 */
    RC_UNAVAILABLE, /* 5xx: an answer that says that nothing was done */
    RC_UNREACHED,   /* no connection: nothing was sent */
    RC_LOST,        /* sent, and no usable answer: it may have been carried out */
    RC_PROTOCOL,    /* an answer that makes no sense (not JSON, too large) to a call
                     * that changes nothing */
    RC_INTERRUPTED  /* the client went away or the process stops; never sent */
} rc_error_kind_t;

/* Lives in the pool that it was made in. NULL stands for success everywhere. */
typedef struct rc_error_t {
    rc_error_kind_t kind;
    int http_status;        /* 0: there was no answer */
    const char *code;       /* errors[0].errorCode, else errorCode, else "" */
    const char *message;    /* the platform's, or ours when it said nothing */
    const char *parameter;  /* errors[0].parameterName, or NULL */
    const char *request_id; /* rcrequestid, for RingCentral's support; or NULL */
    int retry_after;        /* seconds, 0: not known */
} rc_error_t;

rc_error_t *rc_error(apr_pool_t *p, rc_error_kind_t kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
