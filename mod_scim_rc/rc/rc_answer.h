/* What an answer of the platform means. */
#ifndef RC_ANSWER_H
#define RC_ANSWER_H

#include <apr_pools.h>
#include <jansson.h>

#include "rc_error.h"
#include "rc_pacer.h"
#include "rc_transport.h"

#define RC_WRITES 1     /* it changes something */
#define RC_NO_ANSWER 2  /* success says nothing in its body */
#define RC_WORD_ID 4    /* {id} is no number, but letters, digits and '-' */
#define RC_FIRST_ONLY 8 /* it is about what belongs to the first credential alone */

/* One operation of the platform. */
typedef struct rc_endpoint_t {
    const char *name; /* as RingCentral's OpenAPI document calls it */
    const char *method;
    const char *path; /* "{id}" stands for the id of a thing */
    rc_group_t group;
    int flags;
    const char *thing; /* the parameterName of {id}, or NULL */
} rc_endpoint_t;

/* An error with all that the answer says: status, code, message, parameter, request
 * id, Retry-After. `kind` is RC_PROTOCOL until somebody judges. 1 in *explained when
 * the body is an error document of RingCentral, and not of a proxy before it. */
rc_error_t *rc_answer_error(apr_pool_t *p, const rc_http_response_t *response,
                            int *explained);

/* NULL and *document (an object owned by `p`; NULL with RC_NO_ANSWER), or the error
 * that the answer stands for. A write that may have been carried out is RC_LOST. */
rc_error_t *rc_answer_judge(apr_pool_t *p, const rc_endpoint_t *endpoint,
                            const rc_http_response_t *response, json_t **document);

#endif
