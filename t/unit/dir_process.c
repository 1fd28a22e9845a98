/* Several processes with one store: they see each other's writes at once, and those
 * that die harm nobody. */
#include <signal.h>
#include <apr_atomic.h>
#include <apr_thread_proc.h>

#include "dir_test.h"

#define SMALL_MAP (160 * 1024)

/* A process that opens the store for itself, does its part, and waits to be told. */
typedef struct actor_t {
    pid_t pid;
    int to, from;
} actor_t;

typedef struct stage_t {
    dir_store_t *store;
    apr_pool_t *p;
    int hear, say;
} stage_t;

typedef int (*part_fn)(stage_t *stage); /* returns the exit status */

static void signal_to(int fd)
{
    if (write(fd, "x", 1) != 1) {
        _exit(99);
    }
}

static int wait_for(int fd)
{
    char c;

    return read(fd, &c, 1) == 1;
}

static actor_t start_actor(const char *path, const char *format, apr_size_t map_size,
                           part_fn part)
{
    int to[2], from[2];
    actor_t actor;

    if (pipe(to) != 0 || pipe(from) != 0) {
        fatal("no pipe");
    }
    actor.pid = fork();
    if (actor.pid == 0) {
        stage_t stage;
        int status = 98;

        close(to[1]);
        close(from[0]);
        stage.p = new_pool();
        stage.hear = to[0];
        stage.say = from[1];
        stage.store = open_as(stage.p, path, format, map_size, FIRST_BOOT);
        if (stage.store) {
            status = part(&stage);
        }
        apr_pool_destroy(stage.p);
        _exit(status);
    }
    close(to[0]);
    close(from[1]);
    actor.to = to[1];
    actor.from = from[0];
    return actor;
}

/* The exit status, or 256 + the signal. */
static int end_actor(actor_t *actor)
{
    int status = 0;

    close(actor->to);
    close(actor->from);
    waitpid(actor->pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static int kill_actor(actor_t *actor)
{
    kill(actor->pid, SIGKILL);
    return end_actor(actor);
}

static int part_talk(stage_t *s)
{
    wait_for(s->hear);
    if (strcmp(doc_of(s->store, s->p, 1), "doc 1 parent") != 0) {
        return 1;
    }
    put(s->store, s->p, make_record(s->p, 1, "child"));
    signal_to(s->say);
    wait_for(s->hear);
    return strcmp(doc_of(s->store, s->p, 1), "doc 1 again") == 0 ? 0 : 2;
}

static void test_at_once(apr_pool_t *p, const char *path)
{
    actor_t child = start_actor(path, "1", 64 << 20, part_talk);
    dir_store_t *store = open_store(p, path);

    put(store, p, make_record(p, 1, "parent"));
    signal_to(child.to);
    wait_for(child.from);
    is_str(doc_of(store, p, 1), "doc 1 child", "the parent sees what the child wrote");
    put(store, p, make_record(p, 1, "again"));
    signal_to(child.to);
    is_int(end_actor(&child), 0, "and the child what the parent wrote");
}

static int part_write_half(stage_t *s)
{
    dir_txn_t *txn;
    int i;

    dir_begin(s->store, &txn, s->p, &test_env);
    for (i = 1; i <= 2000; i++) {
        dir_record_t record = make_record(s->p, (apr_uint64_t)i, "half");

        dir_txn_put(txn, &record);
    }
    signal_to(s->say);
    wait_for(s->hear);
    return 0;
}

static void test_killed_writer(apr_pool_t *p, const char *path)
{
    dir_store_t *store;
    actor_t child = start_actor(path, "1", 64 << 20, part_write_half);

    wait_for(child.from);
    is_int(kill_actor(&child), 256 + SIGKILL, "a writer is killed");
    store = open_store(p, path);
    is_int(count_of(store), 0, "nothing of its transaction is there");
    is_int(put(store, p, make_record(p, 1, "next")), APR_SUCCESS, "others can write");
    child = start_actor(path, "1", 64 << 20, part_write_half);
    wait_for(child.from);
    kill_actor(&child);
    is_int(put(store, p, make_record(p, 2, "next")), APR_SUCCESS,
           "also who has had it open meanwhile");
    is_int(count_of(store), 2, "and nothing is lost");
}

static int part_write_and_die(stage_t *s)
{
    put(s->store, s->p, make_record(s->p, 1, "kept"));
    signal_to(s->say);
    wait_for(s->hear);
    return 0;
}

static void test_killed_server(apr_pool_t *p, const char *path)
{
    actor_t child = start_actor(path, "1", 64 << 20, part_write_and_die);

    wait_for(child.from);
    kill_actor(&child);
    is_str(doc_of(open_store(p, path), p, 1), "doc 1 kept",
           "what is committed outlives all processes");
    ok(!logged("SCIMRC0301"), "and is not distrusted");
}

static apr_status_t hang(void *baton, const dir_record_t *record)
{
    stage_t *s = baton;

    signal_to(s->say);
    wait_for(s->hear);
    return APR_EOF;
}

static int part_read_for_ever(stage_t *s)
{
    put(s->store, s->p, make_record(s->p, 1, "x"));
    dir_scan(s->store, 0, hang, s, &test_env);
    return 0;
}

static void test_stale_reader(apr_pool_t *p, const char *path)
{
    actor_t child = start_actor(path, "1", 64 << 20, part_read_for_ever);
    dir_store_t *store = open_store(p, path);

    wait_for(child.from);
    kill_actor(&child);
    *test_log = '\0';
    is_int(dir_flush(store, &test_env), APR_SUCCESS, "a flush");
    ok(logged("SCIMRC0306: cleared 1 readers"), "clears the reader that was killed");
}

static int part_take_all_readers(stage_t *s)
{
    MDB_txn *txn;

    while (mdb_txn_begin(s->store->lmdb, NULL, MDB_RDONLY, &txn) == 0) {
    }
    signal_to(s->say);
    wait_for(s->hear);
    return 0;
}

static void test_readers_full(apr_pool_t *p, const char *path)
{
    actor_t child = start_actor(path, "1", 64 << 20, part_take_all_readers);
    dir_store_t *store;
    dir_record_t record;

    wait_for(child.from);
    store = open_store(p, path);
    is_int(dir_get(store, p, 1, &record, &test_env), APR_EGENERAL,
           "no place left for a reader");
    ok(logged("SCIMRC0305"), "is an error");
    kill_actor(&child);
    is_str(doc_of(store, p, 1), "none", "not when those who have them are dead");
    ok(logged("SCIMRC0306"), "which is logged");
}

static apr_status_t fill(void *baton, dir_txn_t *txn)
{
    int first = *(int *)baton, i;
    apr_status_t rv = APR_SUCCESS;
    apr_pool_t *p = new_pool();

    for (i = first; rv == APR_SUCCESS && i < first + 1000; i++) {
        dir_record_t record = make_record(p, (apr_uint64_t)i, "filling");

        rv = dir_txn_put(txn, &record);
    }
    apr_pool_destroy(p);
    return rv;
}

static int part_grow(stage_t *s)
{
    int first = 1;

    wait_for(s->hear);
    if (dir_change(s->store, s->p, fill, &first, &test_env) != APR_SUCCESS ||
        !logged("SCIMRC0307")) {
        return 1;
    }
    signal_to(s->say);
    wait_for(s->hear);
    return strcmp(doc_of(s->store, s->p, 2999), "doc 2999 filling") == 0 ? 0 : 2;
}

static void test_growth(apr_pool_t *p, const char *path)
{
    actor_t child = start_actor(path, "1", SMALL_MAP, part_grow);
    dir_store_t *store = open_as(p, path, "1", SMALL_MAP, FIRST_BOOT);
    dir_txn_t *txn;
    int first = 2000;

    put(store, p, make_record(p, 5000, "before"));
    signal_to(child.to);
    wait_for(child.from);
    is_str(doc_of(store, p, 1000), "doc 1000 filling", "follows a map grown elsewhere");
    is_int(count_of(store), 1001, "and sees it all");
    is_int(dir_change(store, p, fill, &first, &test_env), APR_SUCCESS, "grows it, too");
    signal_to(child.to);
    is_int(end_actor(&child), 0, "which the other follows");

    first = 6000;
    dir_begin(store, &txn, p, &test_env);
    while (fill(&first, txn) == APR_SUCCESS) {
        first += 1000;
    }
    is_int(dir_commit(txn), APR_ENOSPC, "a transaction without dir_change() is told");
    is_int(count_of(store), 2001, "that it stored nothing");
    is_int(dir_change(store, p, fill, &first, &test_env), APR_SUCCESS,
           "and can repeat");
}

typedef struct reader_t {
    dir_store_t *store;
    volatile apr_uint32_t *stop;
    int wrong, reads;
} reader_t;

static void *APR_THREAD_FUNC read_on(apr_thread_t *thread, void *data)
{
    reader_t *r = data;
    apr_pool_t *p = new_pool();

    do {
        r->wrong += strcmp(doc_of(r->store, p, 1), "doc 1 x") != 0;
        r->reads++;
        apr_pool_clear(p);
    } while (!apr_atomic_read32(r->stop));
    apr_pool_destroy(p);
    return NULL;
}

#define THREADS 4

static void test_growth_with_threads(apr_pool_t *p, const char *path)
{
    dir_store_t *store = open_as(p, path, "1", SMALL_MAP, FIRST_BOOT);
    apr_thread_t *threads[THREADS];
    reader_t readers[THREADS];
    apr_status_t rv;
    volatile apr_uint32_t stop = 0;
    int i, wrong = 0, first;

    put(store, p, make_record(p, 1, "x"));
    for (i = 0; i < THREADS; i++) {
        readers[i].store = store;
        readers[i].stop = &stop;
        readers[i].wrong = readers[i].reads = 0;
        apr_thread_create(&threads[i], NULL, read_on, &readers[i], p);
    }
    for (first = 1000; first < 6000; first += 1000) {
        is_int(dir_change(store, p, fill, &first, &test_env), APR_SUCCESS,
               "the map grows while threads read");
    }
    apr_atomic_set32(&stop, 1);
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&rv, threads[i]);
        wrong += readers[i].wrong || !readers[i].reads;
    }
    is_int(wrong, 0, "and each of them reads what is there");
}

#define WRITERS 6
#define EACH 40

static int part_write_much(stage_t *s)
{
    int i, bad = 0;

    for (i = 0; i < EACH; i++) {
        apr_uint64_t id = (apr_uint64_t)(getpid() % 100000) * 1000 + (apr_uint64_t)i;

        bad += put(s->store, s->p, make_record(s->p, id, "x")) != APR_SUCCESS;
        if (i == EACH / 2) {
            bad += dir_flush(s->store, &test_env) != APR_SUCCESS;
        }
    }
    return bad ? 50 : logged("SCIMRC0301");
}

/* All of them find a copy that one of them, and only one, has to throw away. */
static void test_opened_together(apr_pool_t *p, const char *path)
{
    actor_t actors[WRITERS];
    apr_pool_t *before = new_pool();
    dir_store_t *store = open_as(before, path, "0", 64 << 20, FIRST_BOOT);
    int i, anew = 0;

    put(store, p, make_record(p, 1, "of an older format"));
    apr_pool_destroy(before);
    for (i = 0; i < WRITERS; i++) {
        actors[i] = start_actor(path, "1", 64 << 20, part_write_much);
    }
    for (i = 0; i < WRITERS; i++) {
        anew += end_actor(&actors[i]);
    }
    is_int(anew, 1, "one of many throws an old copy away, and none fails");
    store = open_store(p, path);
    is_int(count_of(store), WRITERS * EACH, "what they wrote at once is all there");
    is_str(doc_of(store, p, 1), "none", "what was thrown away is not");
}

static int part_other_version(stage_t *s)
{
    dir_record_t record;
    dir_txn_t *txn;
    apr_status_t rv;

    put(s->store, s->p, make_record(s->p, 1, "old format"));
    signal_to(s->say);
    wait_for(s->hear);
    rv = dir_get(s->store, s->p, 2, &record, &test_env);
    if (rv != APR_EMISMATCH || !logged("SCIMRC0303")) {
        return 1;
    }
    return dir_begin(s->store, &txn, s->p, &test_env) == APR_EMISMATCH ? 0 : 2;
}

static void test_new_version(apr_pool_t *p, const char *path)
{
    const char *data = apr_pstrcat(p, path, "/data.mdb", NULL);
    actor_t child = start_actor(path, "1", 64 << 20, part_other_version);
    struct stat before, after;
    dir_store_t *store;

    wait_for(child.from);
    stat(data, &before);
    store = open_as(p, path, "2", 64 << 20, FIRST_BOOT);
    ok(logged("SCIMRC0301"), "another format is not taken over");
    stat(data, &after);
    ok(before.st_ino == after.st_ino, "but no file is deleted that is in use");
    is_str(doc_of(store, p, 1), "none", "the copy is empty");
    put(store, p, make_record(p, 2, "new format"));
    signal_to(child.to);
    is_int(end_actor(&child), 0, "processes of the old version are shut out");
    is_str(doc_of(store, p, 2), "doc 2 new format", "those of the new one work");
}

/* ---- files that are deleted under the processes that have them open ---- */

static const char *deleted_path;

static void delete_data(const char *path)
{
    unlink(apr_psprintf(new_pool(), "%s/data.mdb", path));
}

static void delete_all(const char *path)
{
    remove_folder(path);
}

static void move_away(const char *path)
{
    rename(path, apr_psprintf(new_pool(), "%s.moved", path));
}

/* Notices, opens the folder anew, and adds a record to those of the other process. */
static int part_deleted(stage_t *s)
{
    dir_record_t record;
    dir_store_t *store;
    apr_pool_t *p = new_pool();

    put(s->store, s->p, make_record(s->p, 1, "before"));
    signal_to(s->say);
    wait_for(s->hear);
    if (!dir_is_lost(s->store) ||
        dir_get(s->store, s->p, 1, &record, &test_env) != ESTALE ||
        put(s->store, s->p, make_record(s->p, 4, "to nobody")) != ESTALE) {
        return 1;
    }
    apr_pool_clear(s->p);
    store = open_store(p, deleted_path);
    if (!store || dir_is_lost(store) || strcmp(doc_of(store, p, 1), "none") ||
        strcmp(doc_of(store, p, 2), "doc 2 anew") ||
        put(store, p, make_record(p, 3, "after")) != APR_SUCCESS) {
        return 2;
    }
    signal_to(s->say);
    wait_for(s->hear);
    return strcmp(doc_of(store, p, 5), "doc 5 last") ? 3 : 0;
}

static void test_deleted_by(void (*delete_files)(const char *path), apr_pool_t *p,
                            const char *path)
{
    apr_pool_t *first = new_pool();
    actor_t child;
    dir_store_t *store;

    deleted_path = path;
    child = start_actor(path, "1", 64 << 20, part_deleted);
    wait_for(child.from);
    store = open_store(first, path);
    is_str(doc_of(store, first, 1), "doc 1 before", "two processes");
    ok(!dir_is_lost(store), "with a store");
    delete_files(path);
    ok(dir_is_lost(store), "that is lost");
    is_str(doc_of(store, first, 1), "error", "and is not read any more");
    ok(logged("SCIMRC0302"), "which is logged");
    apr_pool_destroy(first);
    store = open_store(p, path);
    ok(store && !dir_is_lost(store), "it is opened anew");
    is_int(count_of(store), 0, "and empty");
    put(store, p, make_record(p, 2, "anew"));
    signal_to(child.to);
    wait_for(child.from);
    is_str(doc_of(store, p, 3), "doc 3 after",
           "the other process comes to the new one");
    put(store, p, make_record(p, 5, "last"));
    signal_to(child.to);
    is_int(end_actor(&child), 0, "and both see what each writes");
    is_int(count_of(store), 3, "what came too late is nowhere");
}

static void test_deleted_data(apr_pool_t *p, const char *path)
{
    test_deleted_by(delete_data, p, path);
}

static void test_deleted_all(apr_pool_t *p, const char *path)
{
    test_deleted_by(delete_all, p, path);
}

static void test_moved(apr_pool_t *p, const char *path)
{
    test_deleted_by(move_away, p, path);
    remove_folder(apr_psprintf(p, "%s.moved", path));
}

int main(void)
{
    static void (*const tests[])(apr_pool_t *,
                                 const char *) = {test_at_once,
                                                  test_killed_writer,
                                                  test_killed_server,
                                                  test_stale_reader,
                                                  test_readers_full,
                                                  test_growth,
                                                  test_growth_with_threads,
                                                  test_opened_together,
                                                  test_new_version,
                                                  test_deleted_data,
                                                  test_deleted_all,
                                                  test_moved};
    apr_pool_t *names;
    apr_size_t i;

    apr_initialize();
    signal(SIGPIPE, SIG_IGN);
    names = new_pool();
    for (i = 0; i < sizeof tests / sizeof *tests; i++) {
        const char *path = new_folder(names);
        apr_pool_t *p = new_pool();

        *test_log = '\0';
        tests[i](p, path);
        apr_pool_destroy(p);
        remove_folder(path);
    }
    apr_pool_destroy(names);
    apr_terminate();
    return done_testing();
}
