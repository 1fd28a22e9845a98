/* Who has the folder of a store open, and whether what lies in it can be trusted.
 *
 * Transactions are not synced one by one, so that what they wrote is safe from the
 * death of a process, but not from the death of the machine. Therefore these files
 * stand beside LMDB's own:
 *
 *   lock     base_lock: one process at a time opens or closes the store
 *   users    flock(), shared, held by each process as long as it has the store open
 *   boot     one line, "clean" or "dirty", and the boot id of the machine when that
 *            was written. The first transaction after a flush makes it "dirty", and
 *            durable, before it commits; a flush makes it "clean". Both happen under
 *            LMDB's writer lock, so that no commit slips in between.
 *   damaged  is there when the data were found damaged while in use
 *
 * Who opens the store tries to lock `users` exclusively. Who succeeds is alone, for
 * `lock` keeps others from entering meanwhile. Only then may the data be thrown away:
 * when they are marked damaged, and when they are dirty and from another boot, which
 * means that the machine stopped before they were on the disk. (Dirty and from this
 * boot, only processes died, and the kernel has kept what they wrote.) Who is not
 * alone never deletes a file; another format is then made room for by a transaction.
 */
#ifndef DIR_GUARD_H
#define DIR_GUARD_H

#include <sys/stat.h>
#include <apr_pools.h>

typedef struct dir_guard_t dir_guard_t;

/* The machine's boot id, in `p`; "" (which equals no other) when it has none. */
const char *dir_guard_boot_id(apr_pool_t *p);

/* To be called with `lock` held. Becomes a user of the folder, alone if possible;
 * leaves when `p` is cleared. */
apr_status_t dir_guard_enter(dir_guard_t **guard, apr_pool_t *p, const char *path,
                             const char *boot_id);

/* Does nobody else use the folder, and can nobody before dir_guard_share()? */
int dir_guard_alone(const dir_guard_t *guard);

/* To be called with `lock` held, before the data are opened. Where they are gone,
 * LMDB's lock file goes too: it belongs to those who still have the deleted data open,
 * and must not be shared with them. */
apr_status_t dir_guard_tidy(const dir_guard_t *guard);

/* Is the open file, as fstat() tells, the folder's data? APR_SUCCESS, ESTALE when they
 * were deleted or are another file now, or why that cannot be told. */
apr_status_t dir_guard_check_data(const dir_guard_t *guard, const struct stat *file);

/* Why the data cannot be trusted, or NULL. For who is alone. */
const char *dir_guard_distrust(const dir_guard_t *guard);

/* Deletes the data. For who is alone. */
apr_status_t dir_guard_discard(dir_guard_t *guard);

/* Lets others in, once the store is open. */
apr_status_t dir_guard_share(dir_guard_t *guard);

/* To be called under LMDB's writer lock: before a commit, and after a sync. */
int dir_guard_is_dirty(const dir_guard_t *guard);
apr_status_t dir_guard_set_dirty(dir_guard_t *guard);
apr_status_t dir_guard_set_clean(dir_guard_t *guard);

/* Has the next one who is alone throw the data away. Needs no lock and no memory. */
void dir_guard_set_damaged(const dir_guard_t *guard);

#endif
