/* The OAuth endpoints and the check of a bearer token (§2). */
#ifndef SBOX_OAUTH_H
#define SBOX_OAUTH_H

#include "sbox.h"

sbox_handler_t sbox_oauth_token;
sbox_handler_t sbox_oauth_revoke;
sbox_handler_t sbox_oauth_jwks;

/* Who asks the token endpoint, for the limit: app and, when known, user. */
void sbox_oauth_identify(sbox_call_t *call);

#endif
