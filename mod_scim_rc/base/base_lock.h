/* Named locks that hold across threads and processes and end with their holder. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base_env.h"

typedef struct base_lock_t base_lock_t;

/* Takes the lock number `id` of the lock file at `path` (made when missing, mode
 * 0600), waiting until `deadline` (0: not at all). The kernel lets go of it when the
 * process dies, however it dies. May be held over an upstream call.
 * APR_SUCCESS and *lock, to be released with base_lock_release() or by clearing `p`;
 * APR_TIMEUP when somebody else still held it; APR_EINTR when env->sleep said so;
 * or what the system answered. */
apr_status_t base_lock_acquire(base_lock_t **lock, apr_pool_t *p, const char *path,
                               apr_uint64_t id, apr_time_t deadline,
                               const base_env_t *env);

/* Does anybody hold the lock number `id` now, the caller included? The answer may be
 * old when it is read; 0 also when it cannot be told. */
int base_lock_is_held(const char *path, apr_uint64_t id);

/* Releases the lock. NULL is allowed, and releasing twice. */
void base_lock_release(base_lock_t *lock);

/* Many such locks on one descriptor, for whoever needs hundreds at a time. Nothing is
 * waited for, so the order in which they are taken does not matter. May be used by
 * several threads. */
typedef struct base_lock_set_t base_lock_set_t;

/* APR_SUCCESS and an empty set on the lock file at `path`; or what the system
 * answered. It ends with base_lock_set_close(). */
apr_status_t base_lock_set_open(base_lock_set_t **set, const char *path);

/* Takes the lock number `id`: APR_SUCCESS, APR_EBUSY when somebody has it (be it this
 * set), ESTALE when the lock file was deleted under locks that the set holds, or what
 * the system answered. */
apr_status_t base_lock_set_take(base_lock_set_t *set, apr_uint64_t id);

/* Which file the locks of the set are in, while it holds one. */
apr_status_t base_lock_set_file(base_lock_set_t *set, apr_uint64_t *device,
                                apr_uint64_t *inode);

/* Gives one lock back that the set has taken. */
void base_lock_set_give(base_lock_set_t *set, apr_uint64_t id);

/* Nothing more is taken: the set ends with its last lock. */
void base_lock_set_close(base_lock_set_t *set);

#endif
