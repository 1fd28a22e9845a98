/* A RingCentral account as seen by one credential: every call goes through the token
 * and the pacer that all processes share. */
#ifndef RC_CLIENT_H
#define RC_CLIENT_H

#include <apr_pools.h>
#include <jansson.h>

#include "base_env.h"
#include "base_shared.h"
#include "rc_error.h"
#include "rc_pacer.h"
#include "rc_transport.h"

typedef struct rc_client_t rc_client_t;

typedef struct rc_client_conf_t {
    const char *name;     /* of the account, for the log */
    const char *platform; /* "https://platform.ringcentral.com", no slash at the end */
    const char *client_id;
    const char *client_secret;
    const char *jwt;
    const char *lock_file;       /* base_lock: one renews the token for all */
    apr_interval_time_t timeout; /* of one exchange */
    int background_percent; /* of each limit that background work may use, 1..100 */
    rc_limit_t limits[RC_GROUPS]; /* what to start from */
} rc_client_conf_t;

/* How much shared memory one client needs, and how fresh memory is prepared, once,
 * before anybody uses it. */
apr_size_t rc_client_shared_size(void);
void rc_client_shared_init(void *memory, const rc_client_conf_t *conf);

/* The part of that memory that knows the quota, for rc_pacer_save() and
 * rc_pacer_load(). Under the lock, or while nobody else uses the memory. */
rc_pacer_state_t *rc_client_quota(void *memory);

/* In each process. `conf` (its strings copied), `transport` and `shared` outlive `p`.
 */
rc_client_t *rc_client_create(apr_pool_t *p, const rc_client_conf_t *conf,
                              const rc_transport_t *transport,
                              const base_shared_t *shared);

/* Who asks, and how long they wait. Lent for one call. */
typedef struct rc_caller_t {
    const base_env_t *env;
    apr_time_t deadline; /* give up waiting for the quota at this time */
    rc_class_t work;
} rc_caller_t;

/* Every call below returns NULL and its result in `p`, or an error in `p`. A call is
 * counted and paced; a wait beyond the caller's deadline is RC_BUSY at once with
 * retry_after and nothing sent. 401 renews the token once. A read is repeated once
 * after RC_LOST or RC_UNAVAILABLE when time is left; a write never is: its caller
 * knows how to look whether it was carried out. Accept-Language is en-US. Documents
 * are those of RingCentral's REST API; ids are decimal text. */

/* The id of the extension that the credential belongs to, "" when the platform did not
 * say; a call to the token endpoint when there is no token. */
rc_error_t *rc_client_owner(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                            const char **id);

typedef struct rc_extension_query_t {
    int page, per_page; /* 0: the platform's default */
    const char *email;  /* or NULL */
    const char *status; /* or NULL */
} rc_extension_query_t;

/* GET account/~/extension (Medium): {records, paging, ...}. */
rc_error_t *rc_extension_list(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              const rc_extension_query_t *query, json_t **list);
/* GET .../extension/{id} (Light). */
rc_error_t *rc_extension_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              const char *id, json_t **extension);
/* POST .../extension (Medium). */
rc_error_t *rc_extension_create(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                const json_t *body, json_t **extension);
/* PUT .../extension/{id} (Medium): a deep merge. */
rc_error_t *rc_extension_update(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                const char *id, const json_t *body, json_t **extension);
/* DELETE v1 .../extension/{id}?savePhoneLines=true&savePhoneNumbers=true (Medium). */
rc_error_t *rc_extension_release(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                 const char *id);
/* DELETE v2 accounts/~/extensions (Heavy), 1 to 50 ids: {records:[{id,
 * bulkItemSuccessful, bulkItemErrors}]}, kept assets go to the inventory. */
rc_error_t *rc_extension_remove(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                const char *const *ids, int n_ids, json_t **result);
/* POST v2 accounts/~/send-welcome-email (Medium): to the user with that address. */
rc_error_t *rc_welcome_send(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                            const char *email);

typedef enum {
    RC_DICT_COUNTRIES,
    RC_DICT_STATES, /* of all countries */
    RC_DICT_LANGUAGES,
    RC_DICT_TIMEZONES
} rc_dictionary_t;

/* GET dictionary/... (Light), all pages in one {records}. */
rc_error_t *rc_dictionary_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                               rc_dictionary_t which, json_t **records);

/* GET account/~/directory/entries (Medium): all pages, User entries, as one array. */
rc_error_t *rc_directory_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              json_t **entries);

#endif
