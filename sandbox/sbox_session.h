/* OAuth sessions and their tokens (rules 15 to 22). */
#ifndef SBOX_SESSION_H
#define SBOX_SESSION_H

#include "sbox.h"

struct sbox_session_t {
    char *id, *app, *user, *scope, *endpoint;
    char *access, *refresh;          /* refresh: NULL when there is none */
    char *old_access, *used_refresh; /* what this pair came in the place of, NULL */
    apr_time_t access_until, refresh_until;
    apr_time_t refreshed; /* when used_refresh was used */
    apr_time_t first_use; /* of `access`; 0: never */
    int access_ttl, refresh_ttl;
    int dead; /* revoked, or pushed out by a newer one */
    struct sbox_session_t *next, *previous;
};

typedef enum {
    SBOX_TOKEN_GOOD,
    SBOX_TOKEN_UNKNOWN,
    SBOX_TOKEN_EXPIRED,
    SBOX_TOKEN_REVOKED
} sbox_token_state_t;

sbox_sessions_t *sbox_sessions_create(apr_pool_t *p);

/* A new session with its tokens; the oldest beyond "max_sessions" of this user and app
 * ends. `endpoint` may be NULL. */
sbox_session_t *sbox_session_start(sbox_t *box, const char *app, const char *user,
                                   const char *endpoint);
/* Gives the session new tokens with its life times. */
void sbox_session_renew(sbox_t *box, sbox_session_t *s);
void sbox_session_end(sbox_session_t *s);

/* The session of an access token, and in *state what that is worth. */
sbox_session_t *sbox_session_of_access(sbox_t *box, const char *token,
                                       sbox_token_state_t *state);
sbox_session_t *sbox_session_of_refresh(sbox_t *box, const char *token,
                                        sbox_token_state_t *state);

/* Ends all sessions of this user and app. */
void sbox_sessions_end(sbox_t *box, const char *app, const char *user);

/* For the control interface. A new reference. */
json_t *sbox_sessions_json(sbox_t *box);
/* Ends ("invalidate") or lets expire ("expire") the session with this id or access
 * token, all of them for NULL. How many there were. */
int sbox_sessions_spoil(sbox_t *box, const char *which, int expire);

#endif
