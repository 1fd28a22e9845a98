/* Faults that are ordered through the control interface (§10). */
#ifndef SBOX_FAULT_H
#define SBOX_FAULT_H

#include "sbox.h"

/* When a fault does its work. */
typedef enum {
    SBOX_FAULT_EDGE,    /* before anybody looks at the request */
    SBOX_FAULT_BEFORE,  /* changes something, then the call goes on */
    SBOX_FAULT_INSTEAD, /* in the place of the operation, after token and limits */
    SBOX_FAULT_WITHIN,  /* the operation looks at it: call->hit */
    SBOX_FAULT_AFTER    /* to the answer of the operation */
} sbox_fault_phase_t;

/* A fault that hits one call; lives in the call's pool. */
struct sbox_hit_t {
    const char *kind; /* static */
    sbox_fault_phase_t phase;
    const json_t *action;
};

sbox_faults_t *sbox_faults_create(apr_pool_t *p);

/* Orders one: {match:{...}, action:{kind:...}, times:n}. *id in `p`, or what is wrong.
 */
const char *sbox_fault_order(sbox_t *box, apr_pool_t *p, const json_t *order,
                             const char **id);
/* All that are ordered, a new reference. */
json_t *sbox_faults_json(const sbox_faults_t *faults);
/* Cancels one, or all for NULL. How many. */
int sbox_fault_cancel(sbox_faults_t *faults, const char *id);

/* The fault that hits this call; NULL: none. */
const sbox_hit_t *sbox_fault_find(sbox_call_t *call);

/* Does to call->answer what the fault says. */
void sbox_fault_apply(sbox_call_t *call, const sbox_hit_t *hit);

/* What an action "fail_records" (NULL: none) says of the record with this id or e-mail;
 * NULL: nothing. In `p`. */
const sbox_problem_t *sbox_fault_record(const json_t *action, apr_pool_t *p,
                                        const char *key);

#endif
