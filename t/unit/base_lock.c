/* Locks across threads and processes, under a clock of the test's own. */
#include "base_lock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

#define START apr_time_from_sec(1000)

static apr_time_t clock_now = START;
static int sleeps, interrupt;
static base_lock_t *let_go_at_sleep;

static apr_time_t test_now(void *ctx)
{
    return clock_now;
}

static apr_status_t test_sleep(void *ctx, apr_interval_time_t t)
{
    clock_now += t;
    if (++sleeps == 3) {
        base_lock_release(let_go_at_sleep);
    }
    return interrupt ? APR_EINTR : APR_SUCCESS;
}

static void test_write(void *ctx, base_log_level_t level, apr_status_t rv,
                       const char *line)
{
}

static const base_env_t env = {NULL, test_now, test_sleep, test_write};

static apr_status_t take(base_lock_t **lock, apr_pool_t *p, const char *path,
                         apr_uint64_t id, apr_interval_time_t patience)
{
    sleeps = 0;
    return base_lock_acquire(lock, p, path, id, patience ? clock_now + patience : 0,
                             &env);
}

static void test_one_process(apr_pool_t *p, const char *path)
{
    base_lock_t *first, *second, *third = NULL;
    apr_time_t before;
    struct stat file;
    apr_pool_t *sub;

    ok(!base_lock_is_held(path, 7), "a file that is not there holds no lock");
    is_int(take(&first, p, path, 7, 0), APR_SUCCESS, "take");
    ok(base_lock_is_held(path, 7), "which anybody can see");
    ok(!base_lock_is_held(path, 8), "of that number");
    is_int(take(&second, p, path, 7, 0), APR_TIMEUP, "and to look ends nothing");
    stat(path, &file);
    is_int(file.st_mode & 0777, 0600, "the file is the owner's alone");
    is_int(take(&second, p, path, 7, 0), APR_TIMEUP, "not twice in a process");
    is_int(sleeps, 0, "and without patience, at once");
    is_int(take(&second, p, path, 8, 0), APR_SUCCESS, "another number is free");
    is_int(take(&third, p, path, APR_UINT64_C(0xffffffffffffffff), 0), APR_SUCCESS,
           "as is the largest");
    base_lock_release(second);
    base_lock_release(third);

    before = clock_now;
    is_int(take(&second, p, path, 7, apr_time_from_msec(100)), APR_TIMEUP, "patience");
    is_int(clock_now - before, apr_time_from_msec(100), "is used up to the end");
    ok(sleeps < 15, "in growing steps");
    let_go_at_sleep = first;
    is_int(take(&second, p, path, 7, apr_time_from_sec(5)), APR_SUCCESS,
           "a lock that is let go meanwhile is had");
    is_int(sleeps, 3, "soon");
    let_go_at_sleep = NULL;
    base_lock_release(first);
    is_int(take(&third, p, path, 7, 0), APR_TIMEUP,
           "releasing twice frees nobody else's");
    interrupt = 1;
    is_int(take(&third, p, path, 7, apr_time_from_sec(5)), APR_EINTR, "interrupted");
    is_int(sleeps, 1, "at once");
    interrupt = 0;
    base_lock_release(second);

    apr_pool_create(&sub, p);
    take(&first, sub, path, 7, 0);
    apr_pool_destroy(sub);
    is_int(take(&first, p, path, 7, 0), APR_SUCCESS, "clearing the pool lets go");
    base_lock_release(first);
    ok(!base_lock_is_held(path, 7), "and nobody holds it then");
    base_lock_release(NULL);
    ok(take(&first, p, "/no/such/folder/lock", 7, 0) == ENOENT, "no such folder");
}

static void test_other_process(apr_pool_t *p, const char *path)
{
    base_lock_t *lock;
    int ready[2], status;
    char c;
    pid_t pid;

    if (pipe(ready) != 0 || (pid = fork()) < 0) {
        printf("Bail out! no process\n");
        exit(1);
    }
    if (pid == 0) {
        c = take(&lock, p, path, 7, 0) == APR_SUCCESS ? 'y' : 'n';
        _exit(write(ready[1], &c, 1) == 1 ? pause() : 1);
    }
    ok(read(ready[0], &c, 1) == 1 && c == 'y', "another process has it");
    is_int(take(&lock, p, path, 7, 0), APR_TIMEUP, "then this one has not");
    ok(base_lock_is_held(path, 7), "but sees it");
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    is_int(take(&lock, p, path, 7, 0), APR_SUCCESS, "it ends with its holder");
    base_lock_release(lock);
    close(ready[0]);
    close(ready[1]);
}

/* Who comes after the file was deleted locks the one that is there now, and so does who
 * waited for the deleted one. */
static void test_deleted(apr_pool_t *p, const char *path)
{
    base_lock_t *old, *new, *other;

    is_int(take(&old, p, path, 7, 0), APR_SUCCESS, "a lock");
    unlink(path);
    is_int(take(&new, p, path, 7, 0), APR_SUCCESS, "of a file that is deleted");
    is_int(take(&other, p, path, 7, 0), APR_TIMEUP, "binds those who come later");
    base_lock_release(old);
    is_int(take(&other, p, path, 7, 0), APR_TIMEUP, "also when the old one ends");
    base_lock_release(new);
}

static const char *to_be_deleted;

static apr_status_t delete_and_sleep(void *ctx, apr_interval_time_t t)
{
    unlink(to_be_deleted);
    return test_sleep(ctx, t);
}

static void test_deleted_meanwhile(apr_pool_t *p, const char *path)
{
    const base_env_t deleting = {NULL, test_now, delete_and_sleep, test_write};
    base_lock_t *old, *lock, *other;

    to_be_deleted = path;
    is_int(take(&old, p, path, 7, 0), APR_SUCCESS, "a lock");
    sleeps = 0;
    is_int(base_lock_acquire(&lock, p, path, 7, clock_now + apr_time_from_sec(5),
                             &deleting),
           APR_SUCCESS, "whose file is deleted while somebody waits");
    is_int(sleeps, 1, "is waited for no longer");
    is_int(take(&other, p, path, 7, 0), APR_TIMEUP, "and the new file is locked");
    base_lock_release(lock);
    base_lock_release(old);
}

static void test_set(apr_pool_t *p, const char *path)
{
    base_lock_set_t *set, *next;
    base_lock_t *lock;

    is_int(base_lock_set_open(&set, path), APR_SUCCESS, "a set");
    is_int(base_lock_set_take(set, 7), APR_SUCCESS, "takes a lock");
    is_int(base_lock_set_take(set, 8), APR_SUCCESS, "and another");
    is_int(base_lock_set_take(set, 7), APR_EBUSY, "none of them twice");
    is_int(take(&lock, p, path, 7, 0), APR_TIMEUP, "and nobody else has them");
    ok(base_lock_is_held(path, 8), "or sees them free");
    base_lock_set_give(set, 7);
    is_int(take(&lock, p, path, 7, 0), APR_SUCCESS, "what it gives back is free");
    is_int(base_lock_set_take(set, 7), APR_EBUSY, "for others to take");
    is_int(take(&lock, p, path, 8, 0), APR_TIMEUP, "the rest stays");
    base_lock_set_close(set);
    is_int(take(&lock, p, path, 8, 0), APR_TIMEUP, "also after the end of the request");
    is_int(base_lock_set_open(&next, path), APR_SUCCESS, "a second set");
    is_int(base_lock_set_take(next, 8), APR_EBUSY, "has to do without it");
    base_lock_set_give(set, 8);
    is_int(base_lock_set_take(next, 8), APR_SUCCESS, "until the last is given back");
    base_lock_set_give(next, 8);
    base_lock_set_close(next);
    ok(base_lock_set_open(&set, "/no/such/folder/lock") == ENOENT, "no such folder");
}

static void test_deleted_of_set(apr_pool_t *p, const char *path)
{
    base_lock_set_t *set;
    base_lock_t *lock;

    base_lock_set_open(&set, path);
    unlink(path);
    is_int(base_lock_set_take(set, 7), APR_SUCCESS, "a set whose file is deleted");
    is_int(take(&lock, p, path, 7, 0), APR_TIMEUP, "locks the file that is there");
    unlink(path);
    is_int(base_lock_set_take(set, 8), ESTALE, "but not beside those of the old one");
    is_int(take(&lock, p, path, 8, 0), APR_SUCCESS, "which binds nobody");
    base_lock_release(lock);
    base_lock_set_give(set, 7);
    is_int(base_lock_set_take(set, 8), APR_SUCCESS, "without those it can");
    is_int(take(&lock, p, path, 8, 0), APR_TIMEUP, "lock the new file");
    base_lock_set_give(set, 8);
    base_lock_set_close(set);
}

int main(void)
{
    char *folder = tap_temporary("scim-rc-lock-XXXXXX");
    const char *path;
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    if (!mkdtemp(folder)) {
        printf("Bail out! no temporary folder\n");
        return 1;
    }
    path = apr_pstrcat(p, folder, "/lock", NULL);
    test_one_process(p, path);
    test_other_process(p, path);
    test_deleted(p, path);
    test_deleted_meanwhile(p, path);
    test_set(p, path);
    test_deleted_of_set(p, path);
    unlink(path);
    rmdir(folder);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
