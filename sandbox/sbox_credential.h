/* Who may sign in: an app with its secret, and a JWT of a user (rules 11 to 13). Each
 * pair has sessions and rate limits of its own. */
#ifndef SBOX_CREDENTIAL_H
#define SBOX_CREDENTIAL_H

#include "sbox.h"

typedef struct sbox_credential_t {
    const char *app, *secret;
    const char *permissions; /* separated by spaces; NULL: all */
    const char *jwt;         /* NULL: the app has none */
    const char *owner;       /* extension number; NULL: the administrator */
    int refused;             /* 0, 401: cannot sign in, 403: may do nothing */
    struct sbox_credential_t *next;
} sbox_credential_t;

/* Those of the configuration. Lives as long as `p`. */
sbox_credentials_t *sbox_credentials_create(apr_pool_t *p,
                                            const sbox_settings_t *settings);

/* One of an app's; NULL when there is no such app. */
const sbox_credential_t *sbox_credential_of_app(const sbox_t *box, const char *app);
/* That of a JWT which this app may use; NULL: there is none. */
const sbox_credential_t *sbox_credential_of_jwt(const sbox_t *box, const char *app,
                                                const char *jwt);
/* The id of the user that it stands for, in `p`. */
const char *sbox_credential_user(const sbox_t *box, const sbox_credential_t *c,
                                 apr_pool_t *p);
/* 0, 401 or 403 for the calls of this app and user. */
int sbox_credential_refused(const sbox_t *box, const char *app, const char *user);

/* For the control interface: adds {app, secret, jwt, extensionNumber, permissions}.
 * NULL, or what is wrong with it. */
const char *sbox_credential_add(sbox_t *box, const json_t *order);
/* Refuses those of {app, user} (an id or an extension number) with {refused}, or lets
 * them in again; a member that is not there means all. NULL, or what is wrong. */
const char *sbox_credential_refuse(sbox_t *box, apr_pool_t *scratch,
                                   const json_t *order);
/* All of them, in order. A new reference. */
json_t *sbox_credentials_json(const sbox_t *box, apr_pool_t *scratch);

#endif
