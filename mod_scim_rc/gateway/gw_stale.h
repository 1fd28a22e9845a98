/* What events said that the copy does not have yet, and what of our own changes is not
 * known to it: notes in the copy itself, which every process sees, and what is done
 * about them.
 *
 * An event is a hint. What it says of an extension is not believed: the extension is
 * read. It may come twice, late, in another order, or not at all. */
#ifndef GW_STALE_H
#define GW_STALE_H

#include <apr_tables.h>

#include "gw_account_private.h"

/* An extension that an event spoke of. */
typedef struct gw_stale_id_t {
    apr_uint64_t id;
    int deleted; /* it is said to be gone */
} gw_stale_id_t;

/* What one event said. */
typedef struct gw_stale_event_t {
    apr_time_t sent;         /* by the platform's clock */
    apr_array_header_t *ids; /* of gw_stale_id_t */
    int numbers;             /* the directory's phone numbers have changed */
} gw_stale_event_t;

/* Notes it, in one short transaction. An event about an extension that a call of ours
 * changes at that time may be of our own making: like one that comes soon after the
 * answer, it is an echo. */
apr_status_t gw_stale_note(gw_account_t *account, apr_pool_t *p,
                           const gw_stale_event_t *event, const base_env_t *env);

/* Has the extension changed since `record`, as far as events tell? An event that our
 * own write may have caused does not count. For who has the lock of the user:
 * whether a call of ours is under way is not looked at. */
int gw_stale_is(gw_session_t *session, apr_pool_t *p, const dir_record_t *record);

/* Did so many events come after `known` that only a list tells of whom? */
int gw_stale_lacks(gw_account_t *account, apr_pool_t *p, apr_time_t known,
                   const base_env_t *env);

/* Before a lookup by id or by a key: reads those that it will find and that have
 * changed, as far as that needs no waiting for the quota. Otherwise the copy is as it
 * was. */
void gw_stale_freshen(gw_session_t *session, apr_pool_t *p, const dir_query_t *query);

/* The extension was read singly by a call that was sent at `sent`: settles what came
 * before. */
void gw_stale_forget(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                     apr_time_t sent, const base_env_t *env);

/* The copy is about to get a change of ours as it was sent, beside what it had: it is
 * not known what else the extension has now. No list that was begun before settles
 * what was left to lists. */
void gw_stale_merges(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* Reads what is stale, as far as the quota of background work allows. */
void gw_stale_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* How notes bear upon the next full list. */
typedef struct gw_stale_need_t {
    int now;  /* so much has changed that a list is cheaper than single reads */
    int soon; /* changes that may not be our own were left to the list, which must not
               * be put off because events come */
} gw_stale_need_t;

void gw_stale_need(gw_account_t *account, apr_pool_t *p, gw_stale_need_t *need,
                   const base_env_t *env);

/* Within the transaction that ends a full list begun at `begun`: forgets what it has
 * settled. Of an extension that was written while the list may have lagged behind, it
 * has settled nothing. */
apr_status_t gw_stale_settle(dir_txn_t *txn, apr_pool_t *p, apr_time_t begun);

/* When an event last said that numbers have changed; 0: none since the directory was
 * read. gw_stale_numbers_read() says that it was, by calls sent from `begun` on. */
apr_time_t gw_stale_numbers(gw_account_t *account, apr_pool_t *p,
                            const base_env_t *env);
void gw_stale_numbers_read(gw_account_t *account, apr_pool_t *p, apr_time_t begun,
                           const base_env_t *env);

#endif
