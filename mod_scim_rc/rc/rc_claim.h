/* The part of the pacer that speaks with the other gateways of the account
 * (base_peers.h): who may go as far as this gateway knows claims a unit of the budget
 * that all share. Nothing is asked of the others under the lock. */
#ifndef RC_CLAIM_H
#define RC_CLAIM_H

#include "rc_pacer.h"

#define RC_BUDGET_NAME_SIZE (RC_KEY_SIZE + 8)

/* A budget by its name. Not to be copied: it points to itself. */
typedef struct rc_budget_t {
    base_budget_t base;
    char name[RC_BUDGET_NAME_SIZE];
} rc_budget_t;

/* A call that has a slot of its bucket, and wants a unit. */
typedef struct rc_claim_t {
    rc_budget_t budget; /* limit 0: no unit is needed */
    rc_class_t work;
    apr_interval_time_t longest;
    int is_scarce;      /* it is the only one here that asks */
    apr_uint32_t epoch; /* of the others, when it took its slot */
} rc_claim_t;

rc_company_t rc_claim_company(const rc_pacer_t *pacer);

/* Under the lock: notes whether the others are there. When they are back, or begin
 * another epoch, nobody knows whether they still know of the calls that they were told
 * of. */
void rc_claim_notice(const rc_pacer_t *pacer, rc_company_t company, apr_time_t now);

/* Under the lock: `pass` has a slot in the company of others. */
void rc_claim_prepare(const rc_pacer_t *pacer, const rc_pacer_call_t *call,
                      const rc_pass_t *pass, rc_claim_t *claim);

/* Tells the others of the calls that they do not know of: state->missed. */
void rc_claim_make_up(const rc_pacer_t *pacer, const base_env_t *env);

/* APR_SUCCESS: the pass has its unit, or needs none. APR_EAGAIN: there is none, and the
 * bucket knows until when, or it is of another epoch; otherwise the others cannot be
 * reached. The slot is given back then. */
apr_status_t rc_claim_take(const rc_pacer_t *pacer, const base_env_t *env,
                           rc_claim_t *claim, rc_pass_t *pass);

/* The unit of the pass counts for `longest` from now on, and then for `span`. */
void rc_claim_renew(const rc_pacer_t *pacer, const base_env_t *env,
                    const rc_pass_t *pass, apr_interval_time_t time);

/* How a call ended, as far as it concerns the others. */
typedef struct rc_outcome_t {
    int sent;
    rc_group_t group; /* in which the platform counted it */
    apr_interval_time_t span;
    rc_lesson_t lesson;
    rc_penalty_t penalty;
    apr_time_t closed_until;
    int is_missed; /* the others do not know of all calls */
} rc_outcome_t;

void rc_claim_settle(const rc_pacer_t *pacer, const base_env_t *env,
                     const rc_pass_t *pass, const rc_outcome_t *outcome);

#endif
