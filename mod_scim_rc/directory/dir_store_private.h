/* What the files of this layer share; nobody else includes it but its tests. */
#ifndef DIR_STORE_PRIVATE_H
#define DIR_STORE_PRIVATE_H

#include <sys/types.h>
#include <apr_thread_mutex.h>
#include <apr_thread_rwlock.h>
#include <lmdb.h>

#include "dir_guard.h"
#include "dir_store.h"

/* Ids are 8-byte integers of the machine. */
typedef enum {
    DIR_TABLE_RECORDS, /* id -> a record (dir_record.h) */
    DIR_TABLE_DOCS,    /* id -> its document, where it has one */
    DIR_TABLE_BRIEFS,  /* id -> its brief, maybe empty, of the listed ones */
    DIR_TABLE_VALUES,  /* name -> value */
    DIR_TABLE_ABOUT,   /* "format" -> the format of the data */
    DIR_TABLE_INDEX,   /* dir_index_t 0, and the others after it: key -> ids in order */
    DIR_TABLE_LISTED = DIR_TABLE_INDEX + DIR_INDEXES, /* DIR_LISTED_KEY -> ids */
    DIR_TABLES
} dir_table_t;

#define DIR_LISTED_KEY "l"

typedef struct dir_options_t {
    const char *path;
    const char *format;
    apr_size_t map_size; /* bytes to begin with; grows by doubling */
    const char *boot_id;
} dir_options_t;

struct dir_store_t {
    apr_pool_t *pool;
    const char *path;
    const char *format;
    dir_guard_t *guard;
    MDB_env *lmdb;
    MDB_dbi tables[DIR_TABLES];
    /* Held for reading by each transaction of this process, for writing while the map
     * is made larger, which LMDB allows only without a transaction. */
    apr_thread_rwlock_t *map_lock;
    /* Held by who waits for the map_lock to write, with `growing` set: who comes to
     * read waits behind it, or a steady stream of them would keep it from its turn. */
    apr_thread_mutex_t *gate;
    volatile apr_uint32_t growing;
    int unmapped; /* LMDB's code once the map is lost: growing it failed */
    /* The registry's: which folder this is, in which process, how often opened. */
    dev_t device;
    ino_t inode;
    pid_t process;
    int users;
    dir_store_t *next;
};

struct dir_txn_t {
    dir_store_t *store;
    MDB_txn *lmdb; /* NULL: ended */
    apr_pool_t *p, *scratch;
    const base_env_t *env;
    apr_size_t map_size; /* when it began */
    int full;            /* the map was too small */
};

/* One read: a transaction and maybe a cursor. */
typedef struct dir_reader_t {
    dir_store_t *store;
    const base_env_t *env;
    MDB_txn *txn;
    MDB_cursor *cursor; /* NULL: none */
} dir_reader_t;

/* dir_store_open() with all that it decides by itself. */
apr_status_t dir_store_open_as(dir_store_t **store, apr_pool_t *p,
                               const dir_options_t *options, const base_env_t *env);

/* LMDB's codes: 0, its own negative ones, or errno. Beside them: */
#define DIR_OTHER_FORMAT (-1)

/* Begins an LMDB transaction, of MDB_RDONLY or 0, and keeps the map in place until
 * dir_leave(). Clears stale readers and follows a grown map as needed. A code. */
int dir_enter(dir_store_t *store, unsigned flags, MDB_txn **txn, const base_env_t *env);

/* Ends it; a transaction that is still open (not NULL) is aborted. */
void dir_leave(dir_store_t *store, MDB_txn *txn);

/* Begins to read, with a cursor on `table` unless that is negative. */
apr_status_t dir_reader_begin(dir_reader_t *reader, dir_store_t *store, int table,
                              const base_env_t *env);

/* Ends it; `code` is what came of it. */
apr_status_t dir_reader_end(dir_reader_t *reader, int code);

/* Calls `take` for each id under `key` of the cursor's table, leaving out the first
 * `skip`, until it returns a code other than 0, which is returned, but for
 * DIR_ENOUGH. */
#define DIR_ENOUGH (-2)
typedef int (*dir_take_fn)(void *baton, apr_uint64_t id);
int dir_each_id(const dir_reader_t *reader, MDB_val *key, apr_int64_t skip,
                dir_take_fn take, void *baton);

/* The document of a record into `record`, pointing into the map, or into a copy in
 * `p` unless that is NULL. A code. */
int dir_fetch_doc(const dir_store_t *store, MDB_txn *txn, apr_uint64_t id,
                  apr_pool_t *p, dir_record_t *record, int *listed);

/* The whole record in the same way. */
int dir_fetch(const dir_store_t *store, MDB_txn *txn, apr_uint64_t id, apr_pool_t *p,
              dir_record_t *record);

/* Is the data in the store's format? 0, DIR_OTHER_FORMAT, MDB_NOTFOUND when the data
 * have none yet, or another code. */
int dir_format_check(dir_store_t *store, MDB_txn *txn);

/* Empties all tables but DIR_TABLE_ABOUT. A code. */
int dir_empty(dir_store_t *store, MDB_txn *txn);

/* Clears readers of dead processes. A code. */
int dir_clear_readers(dir_store_t *store, const base_env_t *env);

/* Do these codes say that the data are damaged? */
int dir_is_damage(int code);

/* A code as a status. Logs what is no ordinary outcome (not found, map full), and
 * marks damaged data so that they are thrown away when next opened. */
apr_status_t dir_result(const dir_store_t *store, const char *what, int code,
                        const base_env_t *env);

/* Bytes of the data file that hold pages, used or free. */
apr_uint64_t dir_extent(dir_store_t *store);

/* Sees to it that the data file has all these bytes, for to touch the map beyond its
 * end would be SIGBUS. MDB_CORRUPTED when bytes are missing that were there; another
 * code when they cannot be added. For who is alone or holds LMDB's writer lock. */
int dir_check_extent(dir_store_t *store);

#endif
