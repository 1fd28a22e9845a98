/* Opening and closing: one LMDB environment for each folder and process. */
#include "dir_store_private.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "base_lock.h"

#define FIRST_MAP_SIZE ((apr_size_t)1 << (sizeof(void *) > 4 ? 30 : 28))
#define READERS 4096
#define LOCK_WAIT apr_time_from_sec(30)

#define IDS (MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP)

static const struct {
    const char *name;
    unsigned flags;
} tables[DIR_TABLES] = {
    [DIR_TABLE_RECORDS] = {"records", MDB_INTEGERKEY},
    [DIR_TABLE_DOCS] = {"docs", MDB_INTEGERKEY},
    [DIR_TABLE_BRIEFS] = {"briefs", MDB_INTEGERKEY},
    [DIR_TABLE_VALUES] = {"values", 0},
    [DIR_TABLE_ABOUT] = {"about", 0},
    [DIR_TABLE_INDEX + DIR_LOGIN] = {"login", IDS},
    [DIR_TABLE_INDEX + DIR_EMAIL] = {"email", IDS},
    [DIR_TABLE_INDEX + DIR_FOREIGN] = {"foreign", IDS},
    [DIR_TABLE_INDEX + DIR_NUMBER] = {"number", IDS},
    [DIR_TABLE_INDEX + DIR_STATUS] = {"status", IDS},
    [DIR_TABLE_LISTED] = {"listed", IDS},
};

/* The stores that this process has open. LMDB forbids to open an environment twice in
 * a process (its file locks would be lost), and those who open a store, each with a
 * pool of its own, know nothing of each other: so the process has to remember. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static dir_store_t *registry;

static apr_time_t wall_clock(void *ctx)
{
    return apr_time_now();
}

static apr_status_t doze(void *ctx, apr_interval_time_t t)
{
    apr_sleep(t);
    return APR_SUCCESS;
}

static void ignore_line(void *ctx, base_log_level_t level, apr_status_t rv,
                        const char *line)
{
}

/* For closing, which a pool does: nobody lends an environment then. */
static const base_env_t closing_env = {NULL, wall_clock, doze, ignore_line};

/* LMDB has met a page that cannot be, and is about to abort the process. */
static void on_assert(MDB_env *lmdb, const char *text)
{
    const dir_store_t *store = mdb_env_get_userctx(lmdb);

    dir_guard_set_damaged(store->guard);
}

static void log_anew(const dir_store_t *store, const char *why, const base_env_t *env)
{
    base_log(env, BASE_LOG_NOTICE, APR_SUCCESS,
             "SCIMRC0301: the copy in '%s' is thrown away and begun anew: %s",
             store->path, why);
}

/* Makes the map twice as large as what is there already. */
static int leave_room(dir_store_t *store)
{
    apr_uint64_t extent = dir_extent(store);
    MDB_envinfo info;
    apr_size_t size;

    mdb_env_info(store->lmdb, &info);
    for (size = info.me_mapsize; size / 2 < extent && size <= APR_SIZE_MAX / 2;) {
        size *= 2;
    }
    return size > info.me_mapsize ? mdb_env_set_mapsize(store->lmdb, size) : 0;
}

/* Has the data in the format that is wanted. Who is alone is told DIR_OTHER_FORMAT,
 * others begin anew within the transaction, under the eyes of those who read. */
static int settle_format(dir_store_t *store, MDB_txn *txn, const base_env_t *env)
{
    MDB_val key = {sizeof "format" - 1, (void *)"format"};
    MDB_val format = {strlen(store->format), (void *)store->format};
    int code = dir_format_check(store, txn);

    if (code == 0 || (code == DIR_OTHER_FORMAT && dir_guard_alone(store->guard))) {
        return code;
    }
    if (code == DIR_OTHER_FORMAT) {
        log_anew(store, "its format is another", env);
        code = dir_empty(store, txn);
    }
    if (code == 0 || code == MDB_NOTFOUND) {
        code = dir_guard_set_dirty(store->guard);
    }
    return code ? code : mdb_put(txn, store->tables[DIR_TABLE_ABOUT], &key, &format, 0);
}

/* Opens the tables (harmless when they are open) and settles the format. */
static int settle(dir_store_t *store, const base_env_t *env)
{
    MDB_txn *txn;
    int i, code = dir_enter(store, 0, &txn, env);

    if (code) {
        return code;
    }
    for (i = 0; !code && i < DIR_TABLES; i++) {
        code = mdb_dbi_open(txn, tables[i].name, tables[i].flags | MDB_CREATE,
                            &store->tables[i]);
    }
    if (!code) {
        code = settle_format(store, txn, env);
    }
    if (!code) {
        code = mdb_txn_commit(txn);
        txn = NULL;
    }
    dir_leave(store, txn);
    return code;
}

static int start_once(dir_store_t *store, apr_size_t map_size, const base_env_t *env)
{
    int code = mdb_env_create(&store->lmdb);

    if (code) {
        return code;
    }
    mdb_env_set_userctx(store->lmdb, store);
    mdb_env_set_assert(store->lmdb, on_assert);
    mdb_env_set_mapsize(store->lmdb, map_size);
    mdb_env_set_maxreaders(store->lmdb, READERS);
    mdb_env_set_maxdbs(store->lmdb, DIR_TABLES);
    code = mdb_env_open(store->lmdb, store->path, MDB_NOSYNC | MDB_NOTLS, 0600);
    if (!code && dir_guard_alone(store->guard)) {
        code = dir_check_extent(store);
    }
    if (!code) {
        code = leave_room(store);
    }
    if (!code) {
        code = dir_clear_readers(store, env);
    }
    if (!code) {
        code = settle(store, env);
    }
    if (code) {
        mdb_env_close(store->lmdb);
        store->lmdb = NULL;
    }
    return code;
}

/* Opens what is in the folder, or leaves store->lmdb NULL. LMDB gives up waiting for a
 * file lock when a signal comes, as signals do while a server starts and stops. */
static int start(dir_store_t *store, apr_size_t map_size, const base_env_t *env)
{
    int code;

    do {
        code = start_once(store, map_size, env);
    } while (code == EINTR);
    return code;
}

static int start_anew(dir_store_t *store, apr_size_t map_size, const char *why,
                      const base_env_t *env)
{
    int code;

    log_anew(store, why, env);
    code = dir_guard_discard(store->guard);
    return code ? code : start(store, map_size, env);
}

/* With the folder's lock held: see dir_guard.h for who may throw away what. */
static int start_guarded(dir_store_t *store, const dir_options_t *options,
                         const base_env_t *env)
{
    const char *why;
    int code =
        dir_guard_enter(&store->guard, store->pool, store->path, options->boot_id);

    if (!code) {
        code = dir_guard_tidy(store->guard);
    }
    if (code) {
        return code;
    }
    why = dir_guard_alone(store->guard) ? dir_guard_distrust(store->guard) : NULL;
    if (why) {
        code = start_anew(store, options->map_size, why, env);
    }
    else {
        code = start(store, options->map_size, env);
        if (dir_guard_alone(store->guard) &&
            (dir_is_damage(code) || code == DIR_OTHER_FORMAT)) {
            why =
                code == DIR_OTHER_FORMAT ? "its format is another" : mdb_strerror(code);
            code = start_anew(store, options->map_size, why, env);
        }
    }
    return code ? code : dir_guard_share(store->guard);
}

static apr_status_t lock_folder(base_lock_t **lock, apr_pool_t *p, const char *path,
                                const base_env_t *env)
{
    return base_lock_acquire(lock, p, apr_pstrcat(p, path, "/lock", NULL), 0,
                             base_now(env) + LOCK_WAIT, env);
}

/* A store of this process that nobody else has open. */
static apr_status_t open_first(dir_store_t **store, apr_pool_t *p,
                               const dir_options_t *options, const base_env_t *env)
{
    apr_pool_t *pool;
    base_lock_t *lock = NULL;
    dir_store_t *s;
    int code;

    apr_pool_create(&pool, NULL);
    apr_pool_tag(pool, "dir_store");
    s = apr_pcalloc(pool, sizeof *s);
    s->pool = pool;
    s->path = apr_pstrdup(pool, options->path);
    s->format = apr_pstrdup(pool, options->format);
    s->process = getpid();
    code = apr_thread_rwlock_create(&s->map_lock, pool);
    if (!code) {
        code = apr_thread_mutex_create(&s->gate, APR_THREAD_MUTEX_DEFAULT, pool);
    }
    if (!code) {
        code = lock_folder(&lock, p, s->path, env);
    }
    if (!code) {
        code = start_guarded(s, options, env);
    }
    if (code) {
        apr_status_t rv = dir_result(s, "open the copy", code, env);

        apr_pool_destroy(pool);
        base_lock_release(lock);
        return rv;
    }
    base_lock_release(lock);
    *store = s;
    return APR_SUCCESS;
}

/* What this process has open already. Within a process the last format counts. */
static apr_status_t open_again(dir_store_t *store, const dir_options_t *options,
                               const base_env_t *env)
{
    if (strcmp(store->format, options->format) != 0) {
        store->format = apr_pstrdup(store->pool, options->format);
    }
    return dir_result(store, "open the copy", settle(store, env), env);
}

static void close_last(dir_store_t *store)
{
    apr_pool_t *p;
    base_lock_t *lock = NULL;

    apr_pool_create(&p, NULL);
    lock_folder(&lock, p, store->path, &closing_env);
    dir_flush(store, &closing_env);
    mdb_env_close(store->lmdb);
    apr_pool_destroy(store->pool);
    apr_pool_destroy(p);
}

static apr_status_t let_go(void *data)
{
    dir_store_t *store = data, **at = &registry;

    if (store->process != getpid()) {
        return APR_SUCCESS; /* inherited by a fork: not ours to close */
    }
    pthread_mutex_lock(&registry_lock);
    if (--store->users == 0) {
        while (*at != store) {
            at = &(*at)->next;
        }
        *at = store->next;
        close_last(store);
    }
    pthread_mutex_unlock(&registry_lock);
    return APR_SUCCESS;
}

static dir_store_t *find_open(const struct stat *folder)
{
    dir_store_t *store = registry;

    while (store && (store->device != folder->st_dev ||
                     store->inode != folder->st_ino || store->process != getpid())) {
        store = store->next;
    }
    return store;
}

static apr_status_t open_registered(dir_store_t **store, apr_pool_t *p,
                                    const dir_options_t *options,
                                    const struct stat *folder, const base_env_t *env)
{
    dir_store_t *s = find_open(folder);
    apr_status_t rv;

    if (s) {
        rv = open_again(s, options, env);
    }
    else {
        rv = open_first(&s, p, options, env);
        if (rv == APR_SUCCESS) {
            s->device = folder->st_dev;
            s->inode = folder->st_ino;
            s->next = registry;
            registry = s;
        }
    }
    if (rv == APR_SUCCESS) {
        s->users++;
        apr_pool_cleanup_register(p, s, let_go, apr_pool_cleanup_null);
        *store = s;
    }
    return rv;
}

apr_status_t dir_store_open_as(dir_store_t **store, apr_pool_t *p,
                               const dir_options_t *options, const base_env_t *env)
{
    const apr_fileperms_t mode =
        APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE;
    struct stat folder;
    apr_status_t rv = apr_dir_make_recursive(options->path, mode, p);

    if (rv == APR_SUCCESS && stat(options->path, &folder) != 0) {
        rv = errno;
    }
    if (rv != APR_SUCCESS) {
        base_log(env, BASE_LOG_ERROR, rv, "SCIMRC0300: cannot make the folder '%s'",
                 options->path);
        return rv;
    }
    pthread_mutex_lock(&registry_lock);
    rv = open_registered(store, p, options, &folder, env);
    pthread_mutex_unlock(&registry_lock);
    return rv;
}

apr_status_t dir_store_open(dir_store_t **store, apr_pool_t *p, const char *path,
                            const char *format, const base_env_t *env)
{
    const dir_options_t options = {path, format, FIRST_MAP_SIZE, dir_guard_boot_id(p)};

    return dir_store_open_as(store, p, &options, env);
}
