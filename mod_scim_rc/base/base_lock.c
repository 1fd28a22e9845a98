#include "base_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static apr_status_t try_lock(int fd, apr_uint64_t id)
{
    struct flock range;

    memset(&range, 0, sizeof range);
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = (off_t)(id & ID_MASK);
    range.l_len = 1;
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

/* Opens the file and locks the byte of it, unless the file vanishes in between. */
static apr_status_t open_and_try(base_lock_t *l, const char *path, apr_uint64_t id)
{
    apr_status_t rv;

    if (l->fd < 0 || !is_at(path, l->fd)) {
        close_lock(l);
        l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (l->fd < 0) {
            return errno;
        }
    }
    rv = try_lock(l->fd, id);
    return rv == APR_SUCCESS && !is_at(path, l->fd) ? EAGAIN : rv;
}

apr_status_t base_lock_acquire(base_lock_t **lock, apr_pool_t *p, const char *path,
                               apr_uint64_t id, apr_time_t deadline,
                               const base_env_t *env)
{
    apr_interval_time_t wait = FIRST_WAIT;
    base_lock_t *l = apr_palloc(p, sizeof *l);
    apr_status_t rv;

    l->fd = -1;
    while ((rv = open_and_try(l, path, id)) != APR_SUCCESS && l->fd >= 0 &&
           (rv == EAGAIN || rv == EACCES || rv == EINTR)) {
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

void base_lock_release(base_lock_t *lock)
{
    if (lock) {
        close_lock(lock);
    }
}
