/* Who is calling: AuthType Bearer with the tokens of ScimRCTokenFile (RFC 6750). */
#ifndef MSR_AUTH_H
#define MSR_AUTH_H

#include <httpd.h>
#include <mod_auth.h>

#include "auth_scope.h"

/* Hook check_authn: sets r->user to the token's name. */
int msr_auth_check(request_rec *r);

/* Hook note_auth_failure: the challenge of RFC 6750 section 3. */
int msr_auth_challenge(request_rec *r, const char *type);

/* Require scim-scope read|write: the token has one of them. */
extern const authz_provider msr_auth_scope_provider;

/* May the caller do what needs `scope`? Whoever httpd knows by other means than a
 * token may do everything. */
int msr_auth_allows(const request_rec *r, unsigned scope);

/* Adds the challenge that goes with a 403 for want of `scope`. */
void msr_auth_note_scope(request_rec *r, unsigned scope);

/* httpd answers 401 also to a known user who may not do something. For a good token
 * that is 403 (RFC 6750 section 3.1): a client should not look for another token. */
int msr_auth_status(const request_rec *r);

/* Why a request was refused, for the caller; NULL when there is nothing to say. */
const char *msr_auth_detail(const request_rec *r);

#endif
