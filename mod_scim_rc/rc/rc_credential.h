/* Which of several credentials a call can use. */
#ifndef RC_CREDENTIAL_H
#define RC_CREDENTIAL_H

#include "rc_token.h"

/* What a call asks for. */
typedef struct rc_choice_t {
    const char *endpoint; /* rather one that may call it; NULL: that may call all */
    unsigned tried;       /* the credentials (bits) that did not help already */
} rc_choice_t;

/* The credentials (bits) that can be used: they have a token, or nothing keeps them
 * from getting one. 0 when none can; then why, with the earliest retry_after, in
 * *error, or NULL there when all were tried. */
unsigned rc_credential_choose(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              const rc_choice_t *choice, rc_error_t **error);

/* 1 when the error says that this credential lacks a permission and another, not tried
 * yet, may have it: that one is preferred for a while. */
int rc_credential_forbid(rc_client_t *c, const rc_caller_t *who,
                         const rc_choice_t *choice, const rc_bearer_t *bearer,
                         const rc_error_t *error);

/* The platform allowed the endpoint to the credential, whatever it said before. */
void rc_credential_permit(rc_client_t *c, const rc_caller_t *who, const char *endpoint,
                          const rc_bearer_t *bearer);

#endif
