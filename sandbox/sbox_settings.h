/* What the configuration says about the sandbox. */
#ifndef SBOX_SETTINGS_H
#define SBOX_SETTINGS_H

#include <apr_tables.h>

typedef struct sbox_app_t {
    const char *client_id;
    const char *client_secret;
    const char *permissions; /* separated by spaces; NULL: all */
} sbox_app_t;

typedef struct sbox_jwt_t {
    const char *token;
    const char *owner; /* extension number; NULL: the administrator */
} sbox_jwt_t;

/* An app with a JWT that no other app may use. */
typedef struct sbox_pair_t {
    sbox_app_t app;
    sbox_jwt_t jwt;
} sbox_pair_t;

typedef struct sbox_settings_t {
    int users, unassigned, sites, queues, roles;
    unsigned int seed;
    double time_scale;
    int limits;                /* enforce them? */
    const char *state_file;    /* or NULL */
    apr_array_header_t *apps;  /* of sbox_app_t */
    apr_array_header_t *jwts;  /* of sbox_jwt_t: for all apps */
    apr_array_header_t *pairs; /* of sbox_pair_t, or NULL */
} sbox_settings_t;

/* Has `text` the form of a JWT: three parts in base64url? */
int sbox_jwt_looks_right(const char *text);

#endif
