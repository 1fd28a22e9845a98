/* Access tokens that the gateways of an account have in common: whoever gets one lends
 * it to the others (base_peers.h). Clocks are not compared: others can see a token only
 * while it has a certain life left, and look again within that time. */
#ifndef RC_LOAN_H
#define RC_LOAN_H

#include "rc_token.h"

/* 1: another gateway got a token, and it is in the state now. 0: there is none, it was
 * refused here, or the others cannot be asked. The caller holds the lock file; `p` is
 * used meanwhile only. */
int rc_loan_take(rc_client_t *c, const base_env_t *env, apr_pool_t *p, int credential);

/* Lets the others have the token in the state, which was just got. */
void rc_loan_give(rc_client_t *c, const base_env_t *env, int credential);

/* The platform refused a token: nobody gets it any more; a newer one stays. */
void rc_loan_withdraw(rc_client_t *c, const base_env_t *env, apr_pool_t *p,
                      const rc_bearer_t *bearer);

/* Who asks the platform for a token. 1: this gateway, for some seconds or until
 * rc_loan_end(); or the others cannot be asked. 0: another one. */
int rc_loan_begin(rc_client_t *c, const base_env_t *env, int credential);
void rc_loan_end(rc_client_t *c, const base_env_t *env, int credential);

#endif
