/* One access token of each credential for all processes, got with the JWT grant (RFC
 * 7523). */
#ifndef RC_TOKEN_H
#define RC_TOKEN_H

#include "rc_client.h"

#define RC_TOKEN_MAX 4096
#define RC_OWNER_SIZE 24

/* Of one credential, in shared memory. */
typedef struct rc_token_state_t {
    apr_uint64_t secret; /* fingerprint of that which is valid: who has another one uses
                          * what token there is, and gets none */
    apr_time_t expires;  /* 0: there is no token to be used */
    apr_time_t renew_at; /* somebody should get the next one */
    apr_uint32_t generation;
    /* The last failure, remembered so that nobody asks for the same answer again. */
    apr_uint32_t failures; /* in a row */
    apr_time_t retry_at;
    apr_time_t fetched_until; /* somebody asks the endpoint until then, or 0 */
    apr_int32_t kind;         /* rc_error_kind_t */
    apr_int32_t http_status;  /* of the token endpoint */
    apr_int32_t out;          /* it was said that the platform refuses the credential */
    apr_int32_t doubted;      /* the platform has refused a token that was new, and
                               * accepted none since */
    /* Calls for which the credential lacks a permission: bits of endpoints. */
    apr_uint64_t forbidden;
    apr_time_t forbidden_until;
    apr_int32_t is_lent;  /* another gateway got it, and knows its end */
    apr_uint64_t refused; /* fingerprint of the last one that the platform refused */
    char code[64], message[256];
    char owner[RC_OWNER_SIZE]; /* the extension that the token speaks for, or "" */
    char value[RC_TOKEN_MAX];  /* the last member: most of it is rarely copied */
} rc_token_state_t;

/* A token in use. To be cleared after it. */
typedef struct rc_bearer_t {
    int credential;
    apr_uint32_t generation;
    apr_uint64_t forbidden;
    int doubted;
    apr_time_t expires;
    char value[RC_TOKEN_MAX];
} rc_bearer_t;

/* A fingerprint. */
apr_uint64_t rc_token_secret(const rc_credential_t *credential);

/* What RingCentral accepts for the credential from now on. With another secret than
 * before what failed may succeed. Under the lock. */
void rc_token_set_secret(rc_token_state_t *state, const rc_credential_t *credential);

/* The failure that is still remembered, in `p`, or NULL. Under the lock. */
rc_error_t *rc_token_recall(apr_pool_t *p, const rc_token_state_t *state,
                            apr_time_t now);

/* Another token than before is in the state; under the lock. 1: that ends what
 * SCIMRC0203 told of, and rc_token_welcome() says so. */
int rc_token_begin(rc_token_state_t *state);
void rc_token_welcome(const rc_client_t *c, const base_env_t *env, int credential);

/* Can this be sent in a header? */
int rc_token_is_usable(const char *token);

/* A token of the credential that is valid now; gets a new one when there is none or it
 * is about to expire, one process of one gateway for all. RC_CREDENTIALS,
 * RC_UNAVAILABLE (with retry_after while a failure is remembered), RC_BUSY or
 * RC_INTERRUPTED when there is none in time. */
rc_error_t *rc_token_get(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                         int credential, rc_bearer_t *bearer);

/* The platform answered 401. Nobody uses this token again, in no gateway; a newer one
 * stays. Here and below `p` is used meanwhile only. */
void rc_token_drop(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                   const rc_bearer_t *bearer);

/* ... and to a token that was new: another will not do better for a while. */
void rc_token_distrust(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                       const rc_bearer_t *bearer, rc_error_t *error);

/* The platform accepted the token. */
void rc_token_trust(rc_client_t *c, const rc_caller_t *who, const rc_bearer_t *bearer);

#endif
