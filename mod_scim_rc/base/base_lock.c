#include "base_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

/* Locks of an open file description (Linux, POSIX 2024): unlike the older locks of a
 * process they also hold between the threads of one process. */
struct base_lock_t {
    int fd;
};

#define FIRST_WAIT apr_time_from_msec(1)
#define LONGEST_WAIT apr_time_from_msec(20)
#define ID_MASK APR_UINT64_C(0x3fffffffffffffff) /* a byte's place in a file */

static apr_status_t close_lock(void *data)
{
    base_lock_t *lock = data;

    if (lock->fd >= 0) {
        close(lock->fd);
        lock->fd = -1;
    }
    return APR_SUCCESS;
}

static struct flock range_of(apr_uint64_t id, short type)
{
    struct flock range;

    memset(&range, 0, sizeof range);
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = (off_t)(id & ID_MASK);
    range.l_len = 1;
    return range;
}

static apr_status_t set_range(int fd, apr_uint64_t id, short type)
{
    struct flock range = range_of(id, type);

    return fcntl(fd, F_OFD_SETLK, &range) == 0 ? APR_SUCCESS : errno;
}

/* Is the open file still the one at `path`? Somebody may have deleted it meanwhile, and
 * those who come later lock another one. */
static int is_at(const char *path, int fd)
{
    struct stat open_file, named;

    return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

/* Makes *fd an open file that is at `path`. */
static apr_status_t open_file(int *fd, const char *path)
{
    if (*fd >= 0 && is_at(path, *fd)) {
        return APR_SUCCESS;
    }
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return *fd >= 0 ? APR_SUCCESS : errno;
}

/* Locks the byte: EAGAIN when somebody has it, ESTALE when the file is not there. */
static apr_status_t try_lock(int fd, const char *path, apr_uint64_t id)
{
    apr_status_t rv;

    do {
        rv = set_range(fd, id, F_WRLCK);
    } while (rv == EINTR);
    if (rv == APR_SUCCESS && !is_at(path, fd)) {
        set_range(fd, id, F_UNLCK);
        return ESTALE;
    }
    return rv == EACCES ? EAGAIN : rv;
}

/* The same with the file that is there now; one that vanishes meanwhile is worth
 * another try. */
static apr_status_t open_and_try(int *fd, const char *path, apr_uint64_t id)
{
    apr_status_t rv = open_file(fd, path);

    if (rv == APR_SUCCESS) {
        rv = try_lock(*fd, path, id);
    }
    return rv == ESTALE ? EAGAIN : rv;
}

apr_status_t base_lock_acquire(base_lock_t **lock, apr_pool_t *p, const char *path,
                               apr_uint64_t id, apr_time_t deadline,
                               const base_env_t *env)
{
    apr_interval_time_t wait = FIRST_WAIT;
    base_lock_t *l = apr_palloc(p, sizeof *l);
    apr_status_t rv;

    l->fd = -1;
    while ((rv = open_and_try(&l->fd, path, id)) == EAGAIN) {
        const apr_interval_time_t left = deadline - base_now(env);

        if (left <= 0) {
            rv = APR_TIMEUP;
            break;
        }
        rv = base_sleep(env, wait < left ? wait : left);
        if (rv != APR_SUCCESS) {
            break;
        }
        wait = wait * 2 < LONGEST_WAIT ? wait * 2 : LONGEST_WAIT;
    }
    if (rv != APR_SUCCESS) {
        close_lock(l);
        return rv;
    }
    apr_pool_cleanup_register(p, l, close_lock, close_lock);
    *lock = l;
    return APR_SUCCESS;
}

int base_lock_is_held(const char *path, apr_uint64_t id)
{
    struct flock range = range_of(id, F_WRLCK);
    int fd = open(path, O_RDONLY | O_CLOEXEC), held;

    if (fd < 0) {
        return 0;
    }
    held = fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
    close(fd);
    return held;
}

void base_lock_release(base_lock_t *lock)
{
    if (lock) {
        close_lock(lock);
    }
}

struct base_lock_set_t {
    apr_pool_t *p; /* its own */
    apr_thread_mutex_t *mutex;
    const char *path;
    apr_hash_t *held; /* by id; what is given back leaves its key to `p` */
    int fd, closing;
};

apr_status_t base_lock_set_open(base_lock_set_t **set, const char *path)
{
    apr_pool_t *p;
    base_lock_set_t *s;
    apr_status_t rv = apr_pool_create(&p, NULL);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(p, "base_lock_set");
    s = apr_pcalloc(p, sizeof *s);
    s->p = p;
    s->held = apr_hash_make(p);
    rv = apr_thread_mutex_create(&s->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    s->path = apr_pstrdup(p, path);
    s->fd = -1;
    rv = rv == APR_SUCCESS ? open_file(&s->fd, path) : rv;
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(p);
        return rv;
    }
    *set = s;
    return APR_SUCCESS;
}

apr_status_t base_lock_set_take(base_lock_set_t *set, apr_uint64_t id)
{
    apr_status_t rv = APR_EBUSY;

    apr_thread_mutex_lock(set->mutex);
    if (!apr_hash_get(set->held, &id, sizeof id)) {
        /* Another file would end the locks that are held. */
        rv = apr_hash_count(set->held) ? try_lock(set->fd, set->path, id)
                                       : open_and_try(&set->fd, set->path, id);
        rv = rv == EAGAIN ? APR_EBUSY : rv;
    }
    if (rv == APR_SUCCESS) {
        const apr_uint64_t *key = apr_pmemdup(set->p, &id, sizeof id);

        apr_hash_set(set->held, key, sizeof *key, key);
    }
    apr_thread_mutex_unlock(set->mutex);
    return rv;
}

apr_status_t base_lock_set_file(base_lock_set_t *set, apr_uint64_t *device,
                                apr_uint64_t *inode)
{
    struct stat file;
    apr_status_t rv;

    apr_thread_mutex_lock(set->mutex);
    rv = fstat(set->fd, &file) == 0 ? APR_SUCCESS : errno;
    apr_thread_mutex_unlock(set->mutex);
    if (rv == APR_SUCCESS) {
        *device = (apr_uint64_t)file.st_dev;
        *inode = (apr_uint64_t)file.st_ino;
    }
    return rv;
}

/* Unlocks the mutex; ends a set that nobody needs any more. */
static void leave_set(base_lock_set_t *set)
{
    int over = set->closing && !apr_hash_count(set->held);

    apr_thread_mutex_unlock(set->mutex);
    if (over) {
        close(set->fd);
        apr_pool_destroy(set->p);
    }
}

void base_lock_set_give(base_lock_set_t *set, apr_uint64_t id)
{
    apr_thread_mutex_lock(set->mutex);
    if (apr_hash_get(set->held, &id, sizeof id)) {
        apr_hash_set(set->held, &id, sizeof id, NULL);
        set_range(set->fd, id, F_UNLCK);
    }
    leave_set(set);
}

void base_lock_set_close(base_lock_set_t *set)
{
    apr_thread_mutex_lock(set->mutex);
    set->closing = 1;
    leave_set(set);
}
