/* Transactions: what LMDB asks of those who begin and end one. */
#include "dir_store_private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <apr_atomic.h>

static const int damage_codes[] = {MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_PANIC,
                                   MDB_INVALID, MDB_VERSION_MISMATCH};

int dir_is_damage(int code)
{
    apr_size_t i;

    for (i = 0; i < sizeof damage_codes / sizeof *damage_codes; i++) {
        if (code == damage_codes[i]) {
            return 1;
        }
    }
    return 0;
}

#define LITTLE (1024 * 1024) /* bytes; a transaction mostly writes less */

/* Of pages that were written in part LMDB says EIO, whatever was the reason. */
static int true_reason(const dir_store_t *store, int code)
{
    struct statvfs disk;

    return code == EIO && statvfs(store->path, &disk) == 0 &&
                   (apr_uint64_t)disk.f_bavail * disk.f_frsize < LITTLE
               ? ENOSPC
               : code;
}

apr_status_t dir_result(const dir_store_t *store, const char *what, int code,
                        const base_env_t *env)
{
    char text[120];

    if (code == 0) {
        return APR_SUCCESS;
    }
    if (code == MDB_NOTFOUND) {
        return APR_NOTFOUND;
    }
    if (code == MDB_MAP_FULL) {
        return APR_ENOSPC;
    }
    if (code == DIR_OTHER_FORMAT) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0303: cannot %s in '%s': it belongs to another version of "
                 "this software by now",
                 what, store->path);
        return APR_EMISMATCH;
    }
    if (dir_is_damage(code)) {
        dir_guard_set_damaged(store->guard);
        base_log(env, BASE_LOG_ERROR, APR_SUCCESS,
                 "SCIMRC0304: cannot %s in '%s': %s; it is begun anew when the server "
                 "has been stopped and started",
                 what, store->path, mdb_strerror(code));
        return APR_EGENERAL;
    }
    if (code == ESTALE) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0302: cannot %s: '%s' was deleted while the server runs", what,
                 store->path);
        return code;
    }
    code = true_reason(store, code);
    base_log(env, BASE_LOG_ERROR, code > 0 ? code : APR_SUCCESS,
             "SCIMRC0305: cannot %s in '%s': %s", what, store->path,
             code > 0 ? apr_strerror(code, text, sizeof text) : mdb_strerror(code));
    /* APR_ENOSPC asks callers to try again: not when the disk is full. */
    return code == ENOSPC ? EIO : code > 0 ? code : APR_EGENERAL;
}

int dir_clear_readers(dir_store_t *store, const base_env_t *env)
{
    int dead = 0, code = mdb_reader_check(store->lmdb, &dead);

    if (dead > 0) {
        base_log(env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0306: cleared %d readers of dead processes in '%s'", dead,
                 store->path);
    }
    return code;
}

apr_uint64_t dir_extent(dir_store_t *store)
{
    MDB_envinfo info;
    MDB_stat stat;

    mdb_env_info(store->lmdb, &info);
    mdb_env_stat(store->lmdb, &stat);
    return ((apr_uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

int dir_check_extent(dir_store_t *store)
{
    apr_uint64_t extent = dir_extent(store);
    mdb_filehandle_t fd;
    struct stat file;

    mdb_env_get_fd(store->lmdb, &fd);
    if (fstat(fd, &file) != 0) {
        return errno;
    }
    if ((apr_uint64_t)file.st_size >= extent) {
        return 0;
    }
    /* A page that a transaction took and gave back was never written, so that the end
     * may be missing. Not after a flush, which has called this. */
    if (!dir_guard_is_dirty(store->guard)) {
        return MDB_CORRUPTED;
    }
    return ftruncate(fd, (off_t)extent) == 0 ? 0 : errno;
}

/* Makes the map `size` bytes large (0: as large as other processes have made it),
 * unless it is no longer `seen` bytes large, because another thread was first. A
 * failure leaves LMDB without a map, and nothing may be asked of it again. */
static int resize(dir_store_t *store, apr_size_t seen, apr_size_t size)
{
    MDB_envinfo info;
    int code;

    apr_thread_mutex_lock(store->gate);
    apr_atomic_set32(&store->growing, 1);
    apr_thread_rwlock_wrlock(store->map_lock);
    code = store->unmapped;
    if (!code) {
        mdb_env_info(store->lmdb, &info);
        if (!size || info.me_mapsize == seen) {
            code = mdb_env_set_mapsize(store->lmdb, size);
        }
        if (code && mdb_env_set_mapsize(store->lmdb, info.me_mapsize) != 0) {
            store->unmapped = code;
        }
    }
    apr_thread_rwlock_unlock(store->map_lock);
    apr_atomic_set32(&store->growing, 0);
    apr_thread_mutex_unlock(store->gate);
    return code;
}

/* Data that somebody has deleted under the server go on for this process alone, while
 * others begin anew: two copies that know nothing of each other. */
static int check_linked(const dir_store_t *store)
{
    mdb_filehandle_t fd;
    struct stat file;

    if (mdb_env_get_fd(store->lmdb, &fd) || fstat(fd, &file) != 0) {
        return errno;
    }
    return dir_guard_check_data(store->guard, &file);
}

int dir_is_lost(const dir_store_t *store)
{
    return check_linked(store) == ESTALE;
}

static int begin(dir_store_t *store, unsigned flags, MDB_txn **txn)
{
    int code;

    if (apr_atomic_read32(&store->growing)) {
        apr_thread_mutex_lock(store->gate);
        apr_thread_mutex_unlock(store->gate);
    }
    apr_thread_rwlock_rdlock(store->map_lock);
    code = store->unmapped ? store->unmapped : check_linked(store);
    if (!code) {
        code = mdb_txn_begin(store->lmdb, NULL, flags, txn);
    }
    if (code) {
        apr_thread_rwlock_unlock(store->map_lock);
    }
    return code;
}

int dir_enter(dir_store_t *store, unsigned flags, MDB_txn **txn, const base_env_t *env)
{
    int code, checked = 0;

    for (;;) {
        code = begin(store, flags, txn);
        if (code == MDB_MAP_RESIZED) {
            code = resize(store, 0, 0);
        }
        else if (code == MDB_READERS_FULL && !checked) {
            checked = 1;
            code = dir_clear_readers(store, env);
        }
        else {
            return code;
        }
        if (code) {
            return code;
        }
    }
}

void dir_leave(dir_store_t *store, MDB_txn *txn)
{
    if (txn) {
        mdb_txn_abort(txn);
    }
    apr_thread_rwlock_unlock(store->map_lock);
}

int dir_format_check(dir_store_t *store, MDB_txn *txn)
{
    MDB_val key = {sizeof "format" - 1, (void *)"format"}, format;
    int code = mdb_get(txn, store->tables[DIR_TABLE_ABOUT], &key, &format);

    if (code) {
        return code;
    }
    return format.mv_size == strlen(store->format) &&
                   !memcmp(format.mv_data, store->format, format.mv_size)
               ? 0
               : DIR_OTHER_FORMAT;
}

int dir_empty(dir_store_t *store, MDB_txn *txn)
{
    int i, code = 0;

    for (i = 0; !code && i < DIR_TABLES; i++) {
        if (i != DIR_TABLE_ABOUT) {
            code = mdb_drop(txn, store->tables[i], 0);
        }
    }
    return code;
}

static apr_status_t abandon(void *data)
{
    dir_abort(data);
    return APR_SUCCESS;
}

apr_status_t dir_begin(dir_store_t *store, dir_txn_t **txn, apr_pool_t *p,
                       const base_env_t *env)
{
    dir_txn_t *t = apr_pcalloc(p, sizeof *t);
    MDB_envinfo info;
    int code = dir_enter(store, 0, &t->lmdb, env);

    if (!code) {
        code = dir_format_check(store, t->lmdb);
        if (code) {
            dir_leave(store, t->lmdb);
        }
    }
    if (code) {
        return dir_result(store, "begin a transaction", code, env);
    }
    mdb_env_info(store->lmdb, &info);
    t->store = store;
    t->env = env;
    t->p = p;
    t->map_size = info.me_mapsize;
    apr_pool_create(&t->scratch, p);
    apr_pool_tag(t->scratch, "dir_txn");
    apr_pool_cleanup_register(p, t, abandon, apr_pool_cleanup_null);
    *txn = t;
    return APR_SUCCESS;
}

/* Ends the transaction, committed already or not, and makes room for the next try. */
static apr_status_t end(dir_txn_t *txn, MDB_txn *lmdb)
{
    const apr_size_t size = txn->map_size;
    int code;

    txn->lmdb = NULL;
    dir_leave(txn->store, lmdb);
    apr_pool_cleanup_kill(txn->p, txn, abandon);
    if (!txn->full) {
        return APR_SUCCESS;
    }
    code = size <= APR_SIZE_MAX / 2 ? resize(txn->store, size, size * 2) : ENOMEM;
    if (code) {
        return dir_result(txn->store, "make the map larger", code, txn->env);
    }
    base_log(txn->env, BASE_LOG_INFO, APR_SUCCESS,
             "SCIMRC0307: the map of '%s' was full and is larger now",
             txn->store->path);
    return APR_ENOSPC;
}

apr_status_t dir_commit(dir_txn_t *txn)
{
    MDB_txn *lmdb = txn->lmdb;
    apr_status_t rv, grown;
    int code = MDB_MAP_FULL;

    if (!txn->full) {
        code = dir_guard_set_dirty(txn->store->guard);
        if (!code) {
            code = mdb_txn_commit(lmdb);
            lmdb = NULL;
        }
        txn->full = code == MDB_MAP_FULL;
    }
    rv = dir_result(txn->store, "commit", code, txn->env);
    grown = end(txn, lmdb);
    return txn->full ? grown : rv;
}

void dir_abort(dir_txn_t *txn)
{
    if (txn->lmdb) {
        end(txn, txn->lmdb);
    }
}

apr_status_t dir_change(dir_store_t *store, apr_pool_t *p, dir_change_fn change,
                        void *baton, const base_env_t *env)
{
    apr_pool_t *pool;
    dir_txn_t *txn;
    apr_status_t rv;
    int again;

    apr_pool_create(&pool, p);
    apr_pool_tag(pool, "dir_change");
    do {
        apr_pool_clear(pool);
        again = 0;
        rv = dir_begin(store, &txn, pool, env);
        if (rv == APR_SUCCESS) {
            rv = change(baton, txn);
            if (rv == APR_SUCCESS || txn->full) {
                rv = dir_commit(txn);
            }
            again = txn->full && rv == APR_ENOSPC;
        }
    } while (again);
    apr_pool_destroy(pool);
    return rv;
}

apr_status_t dir_flush(dir_store_t *store, const base_env_t *env)
{
    MDB_txn *txn;
    int code = dir_clear_readers(store, env);

    if (!code && dir_guard_is_dirty(store->guard)) {
        /* Most of it goes out while others write, the rest under the lock. */
        code = mdb_env_sync(store->lmdb, 1);
        if (!code) {
            code = dir_enter(store, 0, &txn, env);
        }
        if (!code) {
            code = dir_check_extent(store);
            if (!code) {
                code = mdb_env_sync(store->lmdb, 1);
            }
            if (!code) {
                code = dir_guard_set_clean(store->guard);
            }
            dir_leave(store, txn);
        }
    }
    return dir_result(store, "flush", code, env);
}
