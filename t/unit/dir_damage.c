/* When the data on the disk are trusted, and when they are begun anew. */
#include <fcntl.h>
#include <signal.h>

#include "dir_test.h"

static void write_at(const char *path, const char *name, off_t at, const void *data,
                     apr_size_t len)
{
    char file[1024];
    int fd;

    apr_snprintf(file, sizeof file, "%s/%s", path, name);
    fd = open(file, O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || pwrite(fd, data, len, at) != (ssize_t)len || close(fd) != 0) {
        fatal("cannot damage a file");
    }
}

static void cut_to(const char *path, const char *name, off_t len)
{
    char file[1024];

    apr_snprintf(file, sizeof file, "%s/%s", path, name);
    if (truncate(file, len) != 0) {
        fatal("cannot cut a file");
    }
}

static void fill_with(const char *path, off_t from, off_t to, int byte)
{
    char page[4096];

    memset(page, byte, sizeof page);
    for (; from < to; from += (off_t)sizeof page) {
        write_at(path, "data.mdb", from, page, sizeof page);
    }
}

static void all_garbage(const char *path)
{
    fill_with(path, 0, 65536, 0x5a);
}

static void all_zero(const char *path)
{
    fill_with(path, 0, 65536, 0);
}

static void other_version(const char *path)
{
    static const char version[] = {9, 9, 9, 9};

    write_at(path, "data.mdb", 16 + 4, version, sizeof version);
    write_at(path, "data.mdb", 4096 + 16 + 4, version, sizeof version);
}

static void short_garbage(const char *path)
{
    cut_to(path, "data.mdb", 0);
    write_at(path, "data.mdb", 0, "not a database\n", 15);
}

static void end_missing(const char *path)
{
    cut_to(path, "data.mdb", 4096 * 3);
}

static void pages_zero(const char *path)
{
    struct stat file;
    char name[1024];

    apr_snprintf(name, sizeof name, "%s/data.mdb", path);
    stat(name, &file);
    fill_with(path, 8192, file.st_size & ~(off_t)4095, 0);
}

static void marked(const char *path)
{
    write_at(path, "damaged", 0, "", 0);
}

static void boot_missing(const char *path)
{
    cut_to(path, "boot", 0);
}

static void boot_garbage(const char *path)
{
    write_at(path, "boot", 0, "xxxxx", 5);
}

/* A copy that was closed properly, and then this was done to it. */
static void test_damaged_files(apr_pool_t *names)
{
    static const struct {
        const char *name;
        void (*damage)(const char *path);
    } cases[] = {
        {"nothing but garbage", all_garbage},
        {"nothing but zeros", all_zero},
        {"another version of LMDB", other_version},
        {"a few bytes", short_garbage},
        {"the end is missing", end_missing},
        {"pages are zero", pages_zero},
        {"marked as damaged", marked},
        {"nobody knows when it was written", boot_missing},
        {"it is not said when it was written", boot_garbage},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = new_folder(names);
        apr_pool_t *p = new_pool();
        dir_store_t *store = open_store(p, path);
        int j;

        for (j = 1; j < 200; j++) {
            put(store, p, make_record(p, (apr_uint64_t)j, "old"));
        }
        apr_pool_clear(p);
        cases[i].damage(path);
        store = open_store(p, path);
        if (ok(store != NULL, cases[i].name)) {
            ok(logged("SCIMRC0301"), "is begun anew");
            is_str(doc_of(store, p, 1), "none", "nothing old is left");
            is_int(put(store, p, make_record(p, 1, "new")), APR_SUCCESS,
                   "and is of use");
            apr_pool_clear(p);
            *test_log = '\0';
            store = open_store(p, path);
            is_str(doc_of(store, p, 1), "doc 1 new", "also the next time");
            ok(!logged("SCIMRC"), "without a word");
        }
        apr_pool_destroy(p);
        remove_folder(path);
    }
}

/* Writes a record in a process that dies after it; before that it flushes (1), or
 * flushes and writes again (2). */
static void write_and_vanish(const char *path, const char *format, const char *boot_id,
                             int flush)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        apr_pool_t *p = new_pool();
        dir_store_t *store = open_as(p, path, format, 64 << 20, boot_id);

        put(store, p, make_record(p, 1, "first"));
        if (flush) {
            dir_flush(store, &test_env);
        }
        if (flush == 2) {
            put(store, p, make_record(p, 1, "after"));
        }
        raise(SIGSTOP);
    }
    waitpid(pid, &status, WUNTRACED);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a process writes and dies");
}

static void test_boots(apr_pool_t *names)
{
    static const struct {
        const char *name, *boot, *next_boot;
        int flush;
        const char *next_format, *want;
    } cases[] = {
        {"same boot", FIRST_BOOT, FIRST_BOOT, 0, "1", "doc 1 first"},
        {"same boot, flushed", FIRST_BOOT, FIRST_BOOT, 1, "1", "doc 1 first"},
        {"another boot", FIRST_BOOT, OTHER_BOOT, 0, "1", "none"},
        {"another boot, flushed", FIRST_BOOT, OTHER_BOOT, 1, "1", "doc 1 first"},
        {"another boot, written after a flush", FIRST_BOOT, OTHER_BOOT, 2, "1", "none"},
        {"a machine without boot ids", "", "", 0, "1", "none"},
        {"without boot ids, flushed", "", "", 1, "1", "doc 1 first"},
        {"another format", FIRST_BOOT, FIRST_BOOT, 1, "2", "none"},
        {"a longer format", FIRST_BOOT, FIRST_BOOT, 1, "11", "none"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = new_folder(names);
        apr_pool_t *p = new_pool();
        dir_store_t *store;

        write_and_vanish(path, "1", cases[i].boot, cases[i].flush);
        store = open_as(p, path, cases[i].next_format, 64 << 20, cases[i].next_boot);
        if (ok(store != NULL, cases[i].name)) {
            is_str(doc_of(store, p, 1), cases[i].want, "kept or begun anew");
            is_int(logged("SCIMRC0301"), !strcmp(cases[i].want, "none"),
                   "and logged when begun anew");
        }
        apr_pool_destroy(p);
        remove_folder(path);
    }
}

static void test_closed(apr_pool_t *p, const char *path)
{
    dir_store_t *store = open_store(p, path);

    put(store, p, make_record(p, 1, "x"));
    apr_pool_clear(p);
    store = open_as(p, path, "1", 64 << 20, OTHER_BOOT);
    is_str(doc_of(store, p, 1), "doc 1 x", "what was closed outlives the machine");
    ok(!logged("SCIMRC"), "without a word");
}

static void test_this_machine(apr_pool_t *p)
{
    const char *id = dir_guard_boot_id(p);

    ok(!*id || strlen(id) == 36, "the boot id has its usual form, or there is none");
    is_str(dir_guard_boot_id(p), id, "and does not change");
}

static apr_status_t spoil(void *baton, dir_txn_t *txn)
{
    apr_uint64_t id = 1;
    MDB_val key = {sizeof id, &id}, value = {4, (void *)"oops"};

    return mdb_put(txn->lmdb, txn->store->tables[DIR_TABLE_RECORDS], &key, &value, 0);
}

/* Damage that shows only when a record is read. */
static void test_found_in_use(apr_pool_t *p, const char *path)
{
    dir_store_t *store = open_store(p, path);
    dir_record_t record;

    put(store, p, make_record(p, 1, "x"));
    put(store, p, make_record(p, 2, "y"));
    dir_change(store, p, spoil, NULL, &test_env);
    is_int(dir_get(store, p, 1, &record, &test_env), APR_EGENERAL, "a spoilt record");
    ok(logged("SCIMRC0304"), "is logged");
    is_str(doc_of(store, p, 2), "doc 2 y", "others are read on");
    apr_pool_clear(p);
    store = open_store(p, path);
    ok(logged("SCIMRC0301"), "the next start begins anew");
    is_str(doc_of(store, p, 2), "none", "with nothing");
    apr_pool_clear(p);
    open_store(p, path);
    ok(!logged("SCIMRC"), "but only once");
}

static void test_cannot_open(apr_pool_t *p, const char *path)
{
    dir_store_t *store = NULL;

    write_at(path, "file", 0, "x", 1);
    ok(dir_store_open(&store, p, apr_pstrcat(p, path, "/file/a", NULL), "1",
                      &test_env) != APR_SUCCESS,
       "a folder that cannot be made");
    ok(logged("SCIMRC0300"), "is logged");
    ok(dir_store_open(&store, p, apr_pstrcat(p, path, "/file", NULL), "1", &test_env) !=
           APR_SUCCESS,
       "a file in place of the folder");
    ok(logged("SCIMRC030"), "is logged");
    mkdir(apr_pstrcat(p, path, "/lock", NULL), 0700);
    ok(dir_store_open(&store, p, path, "1", &test_env) != APR_SUCCESS,
       "a lock that cannot be had");
    ok(logged("SCIMRC0305: cannot open"), "is logged");
    rmdir(apr_pstrcat(p, path, "/lock", NULL));
    is_int(dir_store_open(&store, p, path, "1", &test_env), APR_SUCCESS,
           "what has failed can be tried again");
}

int main(void)
{
    apr_pool_t *names, *p;
    const char *path;

    apr_initialize();
    names = new_pool();
    p = new_pool();
    test_damaged_files(names);
    test_boots(names);
    test_this_machine(names);
    path = new_folder(names);
    test_found_in_use(p, path);
    apr_pool_clear(p);
    remove_folder(path);
    path = new_folder(names);
    test_closed(p, path);
    apr_pool_clear(p);
    remove_folder(path);
    path = new_folder(names);
    test_cannot_open(p, path);
    apr_pool_destroy(p);
    remove_folder(path);
    apr_pool_destroy(names);
    apr_terminate();
    return done_testing();
}
