/* The local copy of an account's directory: an LMDB environment that every process
 * of the server reads and writes. It can be thrown away at any time. */
#ifndef DIR_STORE_H
#define DIR_STORE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "base_env.h"
#include "base_str.h"

typedef struct dir_store_t dir_store_t;

/* Keys under which a record is found besides its id. The caller gives them in the
 * form in which they are to be compared (folded, say). */
typedef enum {
    DIR_LOGIN,   /* the login name */
    DIR_EMAIL,   /* the e-mail address */
    DIR_FOREIGN, /* the id that another system gave it */
    DIR_NUMBER,  /* the extension number */
    DIR_STATUS,  /* the state it is in, e.g. "Unassigned" */
    DIR_INDEXES
} dir_index_t;

#define DIR_LISTED 1   /* counted, and what lists are made of */
#define DIR_GONE 2     /* a gravestone: deleted here, kept until a newer list agrees */
#define DIR_DETAILED 4 /* `state` was read singly, not only from a list */
#define DIR_WRITTEN 8  /* `state` is what the platform answered to a change of ours */
/* Flags from 0x10000 on are the caller's own. */

typedef struct dir_record_t {
    apr_uint64_t id;
    unsigned flags;
    apr_time_t fetched;  /* when the platform said so: the time the call was sent */
    base_slice_t doc;    /* the document, ready to be sent */
    apr_uint32_t mark;   /* a place in `doc` that means something to the caller */
    const char *version; /* of `doc`: another text when that means something else; NULL
                          * or "": none */
    base_slice_t brief;  /* what a query looks at in place of `doc`; kept while it is
                          * listed */
    base_slice_t state;  /* what the platform said, for the caller alone */
    base_slice_t memory; /* what only the copy knows, for the caller alone */
    const char *keys[DIR_INDEXES]; /* NULL or "": not in that index */
} dir_record_t;

/* In each child, after the fork: opens the environment below the folder `path`
 * (made when missing, mode 0700), once for each path and process. Clears readers of
 * dead processes. An environment that is damaged or whose format is not `format`
 * (any text of the caller's) is thrown away and made anew, which is logged; processes
 * that still have it open in another format get APR_EMISMATCH from then on.
 * Closed with `p`. APR_SUCCESS, or what went wrong (logged). */
apr_status_t dir_store_open(dir_store_t **store, apr_pool_t *p, const char *path,
                            const char *format, const base_env_t *env);

/* Were the files that the store has open deleted, or did others take their place? Then
 * all calls fail with ESTALE. The folder can be opened anew when this process has
 * closed the store. */
int dir_is_lost(const dir_store_t *store);

/* Reads. Results are copies in `p`. APR_SUCCESS, APR_NOTFOUND, or an error (logged).
 * Gravestones are found by id alone. */
apr_status_t dir_get(dir_store_t *store, apr_pool_t *p, apr_uint64_t id,
                     dir_record_t *record, const base_env_t *env);

/* The document of a listed record: id, doc, mark and version; the rest is nil. */
apr_status_t dir_get_doc(dir_store_t *store, apr_pool_t *p, apr_uint64_t id,
                         dir_record_t *record, const base_env_t *env);

/* The records with this key, in order of id; an empty array when there is none. */
apr_status_t dir_find(dir_store_t *store, apr_pool_t *p, dir_index_t index,
                      const char *key, int max, apr_array_header_t **records,
                      const base_env_t *env);

/* How many records are listed. */
apr_status_t dir_count(dir_store_t *store, apr_int64_t *count, const base_env_t *env);

/* Does a listed record pass? By its brief; where that is empty, by the document. Both
 * lie in the map and are gone after the call, which waits for nothing. */
typedef int (*dir_test_fn)(void *baton, const base_slice_t *brief,
                           const base_slice_t *doc);

/* By what a listed record is sorted, asked in the same way (`brief` or `doc`): bytes as
 * dir_sort_add() compares them. Long ones of a brief lie in it; all others are gone
 * when the next record is asked about. */
typedef base_slice_t (*dir_order_fn)(void *baton, const base_slice_t *brief,
                                     const base_slice_t *doc);

/* Which of the listed records are wanted. */
typedef struct dir_query_t {
    apr_uint64_t id;    /* only this one; 0: any */
    dir_index_t index;  /* only those with */
    const char *key;    /* this key; NULL: with any or none */
    dir_test_fn test;   /* and that pass; NULL: all */
    dir_order_fn order; /* in this order; NULL: of id */
    int descending;     /* turned round, but equals stay in order of id */
    void *baton;        /* of `test` and `order` */
    apr_int64_t skip;   /* leaving out so many */
    apr_int64_t max;    /* and at the most so many */
    const char *insert; /* NULL: as records. Otherwise as pieces: this text goes in at
                         * each document's mark, and a comma between documents */
    /* Results: */
    apr_int64_t seen;            /* records that `test` was asked about */
    apr_int64_t total;           /* that passed, with those left out */
    int kept;                    /* so many are here: */
    apr_array_header_t *records; /* dir_record_t, like those of dir_get_doc() */
    apr_array_header_t *pieces;  /* or base_slice_t: a few long texts */
} dir_query_t;

/* Answers the query from one consistent snapshot. Copies only the documents that are
 * asked for. An order needs 40 bytes for each record before the page and on it, at the
 * most DIR_SORT_MAX and the page, and a pass over the records for each DIR_SORT_MAX
 * that are skipped. A key that is not of a brief is cut to DIR_SORT_CUT bytes. */
apr_status_t dir_query(dir_store_t *store, apr_pool_t *p, dir_query_t *query,
                       const base_env_t *env);

/* Called for each record of a scan; its bytes lie in the map and are gone after the
 * call. Anything but APR_SUCCESS ends the scan. */
typedef apr_status_t (*dir_visit_fn)(void *baton, const dir_record_t *record);

/* Visits all records, without documents and briefs, in order of id that have one of
 * `flags` set (0: all), in one consistent snapshot. Returns what ended it. A long scan
 * keeps pages of the file from being used again, and the map from being made larger:
 * the visitor does not wait for anything, least of all for dir_change(). */
apr_status_t dir_scan(dir_store_t *store, unsigned flags, dir_visit_fn visit,
                      void *baton, const base_env_t *env);

/* Writes: one transaction each, seen by every process at once. There is one writer at
 * a time on the machine; others wait. A transaction belongs to the thread that began
 * it, a thread has one at a time, and `env` outlives it. */
typedef struct dir_txn_t dir_txn_t;

apr_status_t dir_begin(dir_store_t *store, dir_txn_t **txn, apr_pool_t *p,
                       const base_env_t *env);
/* The current state within the transaction; its bytes lie in the map until the next
 * write, to which it may be given. */
apr_status_t dir_txn_get(dir_txn_t *txn, apr_uint64_t id, dir_record_t *record);
/* Stores `record` in place of what has its id, with its keys. APR_EINVAL when a part
 * of it has more than 16 MiB; APR_ENOSPC: see dir_commit(). */
apr_status_t dir_txn_put(dir_txn_t *txn, const dir_record_t *record);
/* Takes it out altogether. APR_SUCCESS also when it is not there. */
apr_status_t dir_txn_remove(dir_txn_t *txn, apr_uint64_t id);
/* A named value as it is within the transaction; it lies in the map until the next
 * write. APR_NOTFOUND when there is none. */
apr_status_t dir_txn_value(dir_txn_t *txn, const char *name, base_slice_t *value);
/* A named value beside the records (NULL data: removes it); the name has 1 to 511
 * bytes, the value up to 16 MiB. */
apr_status_t dir_txn_set(dir_txn_t *txn, const char *name, const char *data,
                         apr_size_t len);
/* Ends the transaction: all of it, or (abort) nothing. A commit that returns
 * APR_ENOSPC has stored nothing and has made the map larger: do the whole again.
 * Clearing the pool of an open transaction aborts it. */
apr_status_t dir_commit(dir_txn_t *txn);
void dir_abort(dir_txn_t *txn);

/* A transaction as a function, done again when the map had to grow: prefer this. */
typedef apr_status_t (*dir_change_fn)(void *baton, dir_txn_t *txn);
apr_status_t dir_change(dir_store_t *store, apr_pool_t *p, dir_change_fn change,
                        void *baton, const base_env_t *env);

/* A named value, a copy in `p`; APR_NOTFOUND when there is none. */
apr_status_t dir_value(dir_store_t *store, apr_pool_t *p, const char *name,
                       base_slice_t *value, const base_env_t *env);

/* Takes all records and named values out, as one transaction. */
apr_status_t dir_clear(dir_store_t *store, const base_env_t *env);

/* Brings what was written to the disk, if anything was, and clears readers of dead
 * processes; for a background job. Closing does it, too. */
apr_status_t dir_flush(dir_store_t *store, const base_env_t *env);

/* Bytes on disk. */
apr_int64_t dir_size(dir_store_t *store);

#endif
