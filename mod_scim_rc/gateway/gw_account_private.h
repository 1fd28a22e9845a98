/* What the files of the gateway share. */
#ifndef GW_ACCOUNT_PRIVATE_H
#define GW_ACCOUNT_PRIVATE_H

#include <apr_thread_mutex.h>

#include "base_lock.h"
#include "dir_store.h"
#include "gw_account.h"
#include "gw_board.h"
#include "gw_age.h"
#include "gw_dictionary.h"
#include "gw_item.h"
#include "rc_client.h"
#include "scim_error.h"

#define GW_ASKED_SLOTS 1024

/* In shared memory, in front of the client's own part. */
typedef struct gw_shared_t {
    /* E-mail addresses that the platform was asked for and did not have: a place for
     * each, found by hash, so that a lookup and the create after it ask once. */
    struct {
        apr_uint64_t hash;
        apr_time_t asked;         /* 0: without an answer yet */
        apr_time_t doubted_until; /* until then an answer settles nothing */
    } asked[GW_ASKED_SLOTS];
    gw_age_t age;
    apr_time_t hook_since; /* when the job began to run in this server; 0: not yet */
    gw_board_state_t board;
    apr_time_t drained; /* what other gateways told before was heard (gw_hear.c) */
    int untold;         /* something could not be told to them */
    apr_time_t led;     /* when the job last heard that this server works for all; 0: it
                         * does not */
    apr_time_t kept;    /* when the others were last told so */
} gw_shared_t;

struct gw_account_t {
    const gw_account_conf_t *conf;
    const base_shared_t *shared;
    base_shared_t client_shared;
    const char *lock_file;
    dir_store_t *store;
    volatile apr_uint32_t filled; /* the first fill is complete, and stays so */
    rc_client_t *client;
    gw_style_t style;
    struct gw_gather_t *gather;
    struct gw_intake_t *intake;
    volatile apr_uint32_t keeps_marks; /* a bulk update was seen to keep the mark of a
                                        * deletion */
    apr_interval_time_t sync_pause;    /* after a failed run; of the one job thread */
    apr_time_t sync_not_before;
    apr_interval_time_t hook_pause; /* of the job too: after a failure */
    apr_time_t hook_not_before, stale_not_before, numbers_not_before;
    int hook_looked_at;        /* by this process */
    apr_uint64_t hook_problem; /* hash of what was logged last */
    apr_time_t hook_shared;    /* when what is known of the webhook was compared */
    volatile apr_uint32_t hook_asked; /* the second of the last time a request did so */
    /* Of the job and of who listens, which are two threads (gw_news.c). */
    apr_thread_mutex_t *news_mutex;
    int leads;             /* this gateway works for all */
    apr_time_t lead_asked; /* when that was last so */
    apr_time_t repeated;   /* when the others were last told again */
    apr_time_t repeat_not_before;
};

/* gw_account_open() with the transport from outside, for tests. */
apr_status_t gw_account_open_with(gw_account_t **account, apr_pool_t *p,
                                  const gw_account_conf_t *conf,
                                  const base_shared_t *shared,
                                  const rc_transport_t *transport,
                                  const base_env_t *env);

/* What RingCentral lists may be older than what it answered to a write a moment ago:
 * for this long after a write a list is not believed about that extension. */
#define GW_LIST_LAG apr_time_from_sec(30)

/* Named values of the copy. */
#define GW_VALUE_SYNCED "synced" /* when the last complete list was asked for, us */
#define GW_VALUE_STYLE "style"   /* how the documents were made */

/* ---- the copy, as the gateway uses it (gw_copy.c) ---- */

/* Waits until the first fill is complete: NULL, or 503 at the session's deadline. */
const scim_error_t *gw_copy_wait(gw_session_t *session, apr_pool_t *p);

/* When the copy last became equal to a complete list; 0: never. */
apr_time_t gw_copy_synced(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* The item with this id; APR_NOTFOUND when there is none or it is a gravestone. */
apr_status_t gw_copy_get(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                         gw_item_t *item, dir_record_t *record, const base_env_t *env);

/* Makes the dictionaries available that the places of a document are spelt by; without
 * them a place is shown as RingCentral has it. */
void gw_copy_need_places(gw_account_t *account, apr_pool_t *p, const rc_caller_t *who);

/* Stores what a write has made of an item, whatever the copy held. */
apr_status_t gw_copy_put(gw_account_t *account, apr_pool_t *p, gw_item_t *item,
                         dir_record_t *record, const base_env_t *env);

/* Leaves a gravestone, so that an older list does not bring the record back. */
apr_status_t gw_copy_bury(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                          const base_env_t *env);

/* So many extensions make a transaction: a request that writes waits no longer than for
 * them. */
#define GW_BATCH 100

#define GW_ABSORB_DETAILED 1 /* singly, not in a list */
#define GW_ABSORB_QUIET 2    /* other gateways are not told */

/* Takes over what RingCentral said of some extensions at the time `sent`, unless the
 * copy knows better: it was written since. In several short transactions. Other
 * gateways are told what a single read says, and of a list what has changed. */
apr_status_t gw_copy_absorb(gw_account_t *account, apr_pool_t *p, const json_t *list,
                            apr_time_t sent, int how, const base_env_t *env);

/* Asks RingCentral for users with this e-mail address and absorbs them, once within
 * the time that the copy is trusted. */
const scim_error_t *gw_copy_ask(gw_session_t *session, apr_pool_t *p,
                                const char *email);

/* RingCentral may have a user with this address of whom the copy does not know: the
 * next question is asked whatever the age of the copy, and not believed before lists
 * have caught up. */
void gw_copy_doubt(gw_account_t *account, const char *email, apr_pool_t *p,
                   const base_env_t *env);

/* Reads one extension anew. *found 0: RingCentral does not have it (and the copy no
 * more). */
rc_error_t *gw_copy_reread(gw_account_t *account, const rc_caller_t *who, apr_pool_t *p,
                           apr_uint64_t id, int *found);

/* After a change whose answer was lost: reads the extension anew. When that does not
 * work either, the copy of it is not believed from now on: whoever changes it reads it
 * first, and any list is newer. 0: RingCentral does not have it any more. */
int gw_copy_settle(gw_account_t *account, const rc_caller_t *who, apr_pool_t *p,
                   apr_uint64_t id);

/* The copy of it is not believed from now on, here and elsewhere, and nobody is
 * asked. */
void gw_copy_distrust(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                      const base_env_t *env);

/* Brings all pages of the list into the copy, for requests that would otherwise have
 * to ask for many users singly; or waits for somebody who does. `ahead`: it is not
 * urgent, so nobody is waited for. *done 1: the copy has become complete meanwhile.
 * Without an error and without that there was not enough time; others may go on with
 * it. */
rc_error_t *gw_relist(gw_session_t *session, apr_pool_t *p, int ahead, int *done);

rc_caller_t gw_session_caller(const gw_session_t *session);

/* A place that is not needed any more, and the pool it lies in; both may be NULL. */
void gw_session_end_place(const gw_session_t *session, rc_place_t *place,
                          apr_pool_t *p);

/* "1001" as a number; 0 when it is no id in its one spelling, or NULL. */
apr_uint64_t gw_id_parse(const char *id);
const char *gw_id_text(apr_pool_t *p, apr_uint64_t id);

/* ---- writes (gw_write.c, gw_create.c) ---- */

const scim_error_t *gw_create(void *ctx, apr_pool_t *p, const json_t *resource,
                              scim_record_t *record, const char **id);
const scim_error_t *gw_update(void *ctx, apr_pool_t *p, const char *id,
                              scim_change_fn change, void *baton,
                              scim_record_t *record);
const scim_error_t *gw_remove(void *ctx, apr_pool_t *p, const char *id,
                              scim_change_fn condition, void *baton);
void gw_write_many(void *ctx, apr_pool_t *p, scim_write_t *writes, int n);

/* The number of the lock of a folded name; those of users are their ids. */
apr_uint64_t gw_name_lock(const char *folded);

/* Takes a lock that all processes respect, for the rest of the request. */
const scim_error_t *gw_lock(gw_session_t *session, apr_pool_t *p, apr_uint64_t id,
                            base_lock_t **lock);

/* It was not to be had in time. */
const scim_error_t *gw_lock_busy(apr_pool_t *p);

/* Logs that the file of the locks cannot be used. */
void gw_lock_log(const char *lock_file, apr_status_t rv, const base_env_t *env);

#endif
