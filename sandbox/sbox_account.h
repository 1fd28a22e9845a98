/* The account: its extensions, numbers, sites, roles and custom fields, with an index
 * for each way they are looked up. */
#ifndef SBOX_ACCOUNT_H
#define SBOX_ACCOUNT_H

#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "sbox_extension.h"
#include "sbox_number.h"

/* What an extension looked like before a change: for lists that lag behind. */
typedef struct sbox_past_t {
    apr_time_t until; /* of the sandbox's clock */
    apr_int64_t id;
    sbox_extension_t *was; /* NULL: it did not exist */
    struct sbox_past_t *next;
} sbox_past_t;

/* Told about each change of an extension: `was` NULL when it is new, `now` NULL when it
 * is gone. */
typedef void sbox_watch_t(void *ctx, const sbox_extension_t *was,
                          const sbox_extension_t *now);

typedef struct sbox_account_t {
    apr_pool_t *pool;
    apr_int64_t id, next_id;
    int next_number;
    const char *name;
    sbox_extension_t *first, *last;
    int n_extensions;
    apr_uint64_t last_rank;
    apr_hash_t *by_id, *by_number, *by_email;
    sbox_number_t *first_number, *last_number;
    int n_numbers;
    apr_hash_t *number_by_id;
    apr_int64_t next_phone;
    json_t *sites;         /* array of {id, name, code, extensionNumber} */
    json_t *roles;         /* array of {id, displayName, custom, ...} */
    json_t *custom_fields; /* array of {id, category, displayName} */
    const char *default_role;
    sbox_past_t *past, *last_past;    /* oldest first */
    apr_array_header_t *ordered;      /* kept by sbox_order */
    const struct sbox_order_t *order; /* how they are; NULL: not yet */
    apr_array_header_t *spare;        /* heap of apr_int64_t, kept by sbox_spare */
    sbox_watch_t *watch;              /* or NULL */
    void *watch_ctx;
} sbox_account_t;

/* An empty account whose memory ends with `p`. */
sbox_account_t *sbox_account_create(apr_pool_t *p, apr_int64_t id);

/* An id that was never used. */
apr_int64_t sbox_account_next_id(sbox_account_t *account);
/* The lowest extension number from 101 on that was not yet given and is free, in `p`.
 */
const char *sbox_account_free_number(sbox_account_t *account, apr_pool_t *p);

/* NULL when there is none. */
sbox_extension_t *sbox_account_extension(const sbox_account_t *account, apr_int64_t id);
sbox_extension_t *sbox_account_by_number(const sbox_account_t *account,
                                         const char *number);
/* The first of those with this e-mail, in any letter case; then ->same_email. */
sbox_extension_t *sbox_account_by_email(const sbox_account_t *account,
                                        const char *email);

/* `keep` of the functions below: how the change looks to a lagging list. */
typedef struct sbox_change_t {
    apr_time_t now;
    int remembered; /* keep what was there? */
} sbox_change_t;

/* Takes the new extension over. */
void sbox_account_add(sbox_account_t *account, sbox_extension_t *e,
                      const sbox_change_t *change);
/* Gives `e` the content of `with` and takes that over. `e` stays where it is. */
void sbox_account_replace(sbox_account_t *account, sbox_extension_t *e,
                          sbox_extension_t *with, const sbox_change_t *change);
void sbox_account_remove(sbox_account_t *account, sbox_extension_t *e,
                         const sbox_change_t *change);
/* Drops what was remembered and is older than `before`. */
void sbox_account_forget(sbox_account_t *account, apr_time_t before);

/* The object with this id of an array of objects; NULL. */
json_t *sbox_list_find(const json_t *list, const char *id);

#endif
