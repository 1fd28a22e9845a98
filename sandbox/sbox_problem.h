/* What an operation answers when it cannot be done. */
#ifndef SBOX_PROBLEM_H
#define SBOX_PROBLEM_H

#include <apr_pools.h>
#include <jansson.h>

#include "sbox_http.h"
#include "sbox_knob.h"

typedef struct sbox_problem_t {
    int status;
    const char *outer; /* NULL: the code itself, see rule 30 */
    const char *code;
    const char *message;
    const char *parameter;  /* or NULL */
    const char *permission; /* or NULL */
    const char *scim_type;  /* NULL: the usual one of the status */
} sbox_problem_t;

/* How the body of an error looks. */
typedef enum {
    SBOX_SHAPE_V1,
    SBOX_SHAPE_V2,
    SBOX_SHAPE_DIRECTORY,
    SBOX_SHAPE_SCIM
} sbox_shape_t;

/* All problems live in `p`; strings that are passed in are kept by reference. */

/* One of RingCentral's codes, with the parameter that its text names (or NULL). */
const sbox_problem_t *sbox_problem(apr_pool_t *p, const char *code,
                                   const char *parameter);
/* The same with another HTTP status than usual. */
const sbox_problem_t *sbox_problem_status(apr_pool_t *p, const char *code, int status,
                                          const char *parameter);
/* CMN-101: the value of this parameter is invalid. */
const sbox_problem_t *sbox_problem_invalid(apr_pool_t *p, const char *parameter);
/* A problem that a knob describes; `parameter` when the knob names none. */
const sbox_problem_t *sbox_problem_knob(apr_pool_t *p, const sbox_knobs_t *knobs,
                                        sbox_knob_t knob, const char *parameter);
/* 401 with an outer code of its own (rules 20 and 21). */
const sbox_problem_t *sbox_problem_token(apr_pool_t *p, const char *outer,
                                         const char *code, const char *message);

/* {errorCode, message, parameterName}: an item of "errors". A new reference. */
json_t *sbox_problem_json(const sbox_problem_t *problem);

/* One of the SCIM service. `scim_type` may be NULL. */
const sbox_problem_t *sbox_problem_scim(apr_pool_t *p, int status,
                                        const char *scim_type, const char *detail);

/* Makes `problem` the answer. */
void sbox_problem_answer(apr_pool_t *p, sbox_answer_t *answer,
                         const sbox_problem_t *problem, sbox_shape_t shape);

#endif
