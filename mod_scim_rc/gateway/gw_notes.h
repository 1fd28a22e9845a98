/* What events left behind, as a named value of the copy (gw_stale.h says what is done
 * with it). */
#ifndef GW_NOTES_H
#define GW_NOTES_H

#include "gw_account_private.h"

/* So many extensions are read one by one; of more a full list is made, which takes a
 * call for each 1,000 of the account. */
#define GW_NOTES_MAX 200

typedef struct gw_note_t {
    apr_uint64_t id;
    apr_time_t sent;         /* the newest event, by the platform's clock */
    apr_time_t noted, since; /* the newest and the first, by ours */
    apr_uint32_t deleted;
    apr_uint32_t not_before; /* after a read that failed, in seconds; 0: at once */
} gw_note_t;

/* As it stands in the copy, cut off behind the last note. Times of 0: never. */
typedef struct gw_notes_t {
    apr_uint32_t n, unused;
    apr_time_t many_since, many; /* first and last event without a place for its note */
    apr_time_t echoes;  /* when what may be of our own making was left to the next list,
                         * or the copy got a change that may hide some of it */
    apr_time_t numbers; /* last event about numbers */
    gw_note_t note[GW_NOTES_MAX];
} gw_notes_t;

/* In `p`; NULL when there are none. */
gw_notes_t *gw_notes_load(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* The note about an extension, or NULL. */
gw_note_t *gw_notes_find(gw_notes_t *notes, apr_uint64_t id);

/* The last one takes its place. */
void gw_notes_remove(gw_notes_t *notes, gw_note_t *note);

/* Changes the notes; may look at records in `txn`. */
typedef void (*gw_notes_edit_fn)(gw_notes_t *notes, dir_txn_t *txn, const void *baton);

/* In a transaction of its own, or in one that is under way. */
apr_status_t gw_notes_change(gw_account_t *account, apr_pool_t *p,
                             gw_notes_edit_fn edit, const void *baton,
                             const base_env_t *env);
apr_status_t gw_notes_change_in(dir_txn_t *txn, apr_pool_t *p, gw_notes_edit_fn edit,
                                const void *baton);

#endif
