/* The check of a bearer token and of permissions (rules 20 to 23). */
#ifndef SBOX_TOKEN_H
#define SBOX_TOKEN_H

#include "sbox.h"

/* Is the request's token good? NULL and call->session, app and user are set. */
const sbox_problem_t *sbox_token_check(sbox_call_t *call);

/* Has the app the permission, and the user his? NULL when yes. */
const sbox_problem_t *sbox_token_permit(sbox_call_t *call);

/* All app permissions that the operations ask for, separated by spaces, in `p`. */
const char *sbox_token_scopes(apr_pool_t *p);

#endif
