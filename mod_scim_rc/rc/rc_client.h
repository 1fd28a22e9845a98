/* A RingCentral account as seen by its credentials: every call goes through the tokens
 * and the pacer that all processes share. */
#ifndef RC_CLIENT_H
#define RC_CLIENT_H

#include <apr_pools.h>
#include <jansson.h>

#include "base_env.h"
#include "base_peers.h"
#include "base_shared.h"
#include "rc_error.h"
#include "rc_pacer.h"
#include "rc_transport.h"

typedef struct rc_client_t rc_client_t;

/* A service user in an app. The platform counts the calls of each for itself. */
typedef struct rc_credential_t {
    const char *name; /* for the log */
    const char *client_id, *client_secret, *jwt;
} rc_credential_t;

typedef struct rc_client_conf_t {
    const char *name;     /* of the account, for the log */
    const char *platform; /* "https://platform.ringcentral.com", no slash at the end */
    const rc_credential_t *credentials;
    int n_credentials;           /* 1..RC_CREDENTIALS_MAX */
    int max_waiting;             /* callers of all processes that may wait at a time */
    const char *lock_file;       /* base_lock: one renews a token for all */
    apr_interval_time_t timeout; /* of one exchange */
    int background_percent; /* of each limit that background work may use, 1..100 */
    rc_limit_t limits[RC_GROUPS]; /* what to start from */
    const base_peers_t *peers;    /* NULL: there are none */
} rc_client_conf_t;

/* How much shared memory one client needs, and how fresh memory is prepared, once,
 * before anybody uses it. */
apr_size_t rc_client_shared_size(void);
void rc_client_shared_init(void *memory, const rc_client_conf_t *conf);

/* Prepares memory that other processes go on using with another configuration: what is
 * known of credentials that both have stays, others get places of their own, and new
 * limits hold for all. An error: the lock failed, and nothing is changed. */
apr_status_t rc_client_shared_adopt(const base_shared_t *shared,
                                    const rc_client_conf_t *conf, apr_time_t now);

/* The part of that memory that knows the quota, for rc_pacer_save() and
 * rc_pacer_load(). Under the lock, or while nobody else uses the memory. */
rc_pacer_state_t *rc_client_quota(void *memory);

/* In each process. `conf` (its strings copied), `transport` and `shared` outlive `p`.
 */
rc_client_t *rc_client_create(apr_pool_t *p, const rc_client_conf_t *conf,
                              const rc_transport_t *transport,
                              const base_shared_t *shared);

/* How many calls of a group the platform allows to all credentials of the client
 * together, a microsecond; 0: any number. Under the lock. */
double rc_client_rate(const rc_client_t *c, rc_group_t group);

/* A place in the quota that was taken before it is known which call will fill it. */
typedef struct rc_place_t rc_place_t;

/* Who asks, and how long they wait. Lent for one call. */
typedef struct rc_caller_t {
    const base_env_t *env;
    apr_time_t deadline; /* give up waiting for the quota at this time */
    rc_class_t work;
    rc_place_t *place; /* or NULL: the next call of its group uses it up instead of
                        * waiting; a call that is repeated waits like any other */
} rc_caller_t;

#define RC_GROUP_BIT(group) (1u << (group))

/* Waits for the first call that may be sent of any of `groups` (on ties the group with
 * the lower number). NULL and *place in `p`, which must be used by a call or given
 * back; soon, for it counts as a call meanwhile. RC_BUSY as soon as the wait would go
 * beyond who->deadline (a deadline of now: no wait at all), RC_INTERRUPTED, or what
 * keeps every credential from being used. who->place is not looked at. */
rc_error_t *rc_place_take(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          unsigned groups, rc_place_t **place);
rc_group_t rc_place_group(const rc_place_t *place);

/* When would rc_place_take() get one, or one that is shared in this way (or NULL)?
 * NULL: now, RC_BUSY: after retry_after; or what keeps every credential from being
 * used. Nothing is taken and nobody waits. Both take RC_FOR_LINE() along with the
 * groups. */
rc_error_t *rc_place_peek(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          unsigned groups, const rc_share_t *share);

/* Gives an unused place back; does nothing to one that a call has used. */
void rc_place_return(rc_client_t *c, const rc_caller_t *who, rc_place_t *place);

/* Every call below returns NULL and its result in `p`, or an error in `p`. A call is
 * counted and paced; a wait beyond the caller's deadline is RC_BUSY at once with
 * retry_after and nothing sent. 401 renews the token once. 429 for a limit of one of
 * several credentials: once more, by whichever has room first. A read is repeated once
 * after RC_LOST or RC_UNAVAILABLE when time is left; a write never is: its caller
 * knows how to look whether it was carried out. Accept-Language is en-US. Documents
 * are those of RingCentral's REST API; ids are decimal text. */

/* Is `id` the extension of one of the credentials? As far as the platform says so; a
 * call to the token endpoint for each whose extension is not known yet. */
rc_error_t *rc_client_owns(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           const char *id, int *owns);

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

/* ---- many extensions in one call (rc_bulk.c) ---- */

#define RC_BULK_UPDATE_MAX 500
#define RC_BULK_REMOVE_MAX 50
#define RC_BATCH_PROVISION_MAX 10

/* One record of such a call. Results live in the pool of the call that brought them. */
typedef struct rc_bulk_item_t {
    const char *id;     /* the extension; of a new user a result */
    const json_t *body; /* of an update as for rc_extension_update(), of a new user the
                         * record; owned by the caller */
    rc_error_t *error;  /* the result; NULL: carried out. RC_LOST: it may have been */
} rc_bulk_item_t;

typedef struct rc_bulk_request_t {
    rc_bulk_item_t *items;
    int n;
} rc_bulk_request_t;

/* POST .../extension-bulk-update (Heavy), 1 to 500 items, no id twice. NULL:
 * RingCentral works at it, and *task (in `p`, which outlives it, and so do the items)
 * tells what came of it. Any error is that of all items. */
typedef struct rc_bulk_task_t rc_bulk_task_t;
rc_error_t *rc_bulk_update(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           const rc_bulk_request_t *request, rc_bulk_task_t **task);

/* When it is worth while to look at the task: first after a guess of its length, then
 * in steps of the platform's window / 30, and of a quarter of its age, but not beyond
 * two minutes. */
apr_time_t rc_bulk_next(const rc_bulk_task_t *task);

/* GET .../tasks/{id} (Light), once. *ended 1: each item has its result. An error: it
 * could not be looked at, try again at rc_bulk_next(). */
rc_error_t *rc_bulk_poll(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                         rc_bulk_task_t *task, int *ended);

/* What another process needs for asking about the task. */
typedef struct rc_bulk_name_t {
    const char *task;
    int credential; /* whose it is */
    apr_time_t begun;
} rc_bulk_name_t;
rc_bulk_name_t rc_bulk_name(const rc_bulk_task_t *task);

/* A task that another process has begun, with the same items in any order. In `p`. */
rc_bulk_task_t *rc_bulk_resume(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                               const rc_bulk_request_t *request,
                               const rc_bulk_name_t *name);

/* Nobody waits for it any more: each item is RC_LOST. */
void rc_bulk_give_up(rc_bulk_task_t *task, apr_pool_t *p);

/* rc_extension_remove() with a result for each of 1 to 50 items. Also returns the error
 * of the call as a whole, which all items have then. */
rc_error_t *rc_bulk_remove(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           const rc_bulk_request_t *request);

/* POST v2 .../batch-provisioning/users (Heavy), 1 to 10 items: like rc_bulk_remove().
 */
rc_error_t *rc_batch_provision(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                               const rc_bulk_request_t *request);

typedef enum {
    RC_DICT_COUNTRIES,
    RC_DICT_STATES, /* of all countries */
    RC_DICT_LANGUAGES,
    RC_DICT_TIMEZONES
} rc_dictionary_t;

/* GET dictionary/... (Light), all pages in one {records}. */
rc_error_t *rc_dictionary_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                               rc_dictionary_t which, json_t **records);

/* GET account/~/directory/entries (Medium): the User entries of all pages as one array,
 * but for pages that are still as they were when `etags` was filled (const char *, one
 * for each page, "" for none; from the last call, or empty); in the end it has the tags
 * of all pages, in its pool. A page that is unchanged costs a call without an answer's
 * body. */
rc_error_t *rc_directory_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              apr_array_header_t *etags, json_t **entries);

/* ---- subscriptions (rc_subscription.c): events sent to a web address ---- */

typedef struct rc_subscription_t {
    const char *id;
    const char *address;
    const char *status;       /* "Active", "Blacklisted" */
    apr_int64_t seconds_left; /* until it ends */
    int disabled;             /* filters that this user gets nothing of */
} rc_subscription_t;

typedef struct rc_subscription_wish_t {
    const char *const *filters; /* the last one is followed by NULL */
    const char *address;
    const char *token; /* comes back with each event */
    apr_interval_time_t life;
} rc_subscription_wish_t;

/* GET subscription (Light): those of this user and app, of rc_subscription_t. The
 * platform keeps subscriptions for each user and app. */
rc_error_t *rc_subscription_list(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                 apr_array_header_t **subscriptions);
/* POST subscription (Medium). The address is called before this returns. */
rc_error_t *rc_subscription_create(rc_client_t *c, const rc_caller_t *who,
                                   apr_pool_t *p, const rc_subscription_wish_t *wish,
                                   rc_subscription_t *s);
/* GET subscription/{id} (Light). */
rc_error_t *rc_subscription_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                 const char *id, rc_subscription_t *s);
/* POST subscription/{id}/renew (Light): for as long as it was made for. */
rc_error_t *rc_subscription_renew(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                  const char *id, rc_subscription_t *s);
/* DELETE subscription/{id} (Medium). */
rc_error_t *rc_subscription_delete(rc_client_t *c, const rc_caller_t *who,
                                   apr_pool_t *p, const char *id);

#endif
