#include "dir_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <apr_strings.h>

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LEN 36
#define WORD_LEN 5
#define LINE_LEN (WORD_LEN + 1 + BOOT_ID_LEN + 1)

static const char CLEAN[] = "clean", DIRTY[] = "dirty";

struct dir_guard_t {
    int users, boot; /* file descriptors */
    int alone;
    const char *boot_id;
    const char *data, *readers, *damaged; /* paths */
};

const char *dir_guard_boot_id(apr_pool_t *p)
{
    char id[BOOT_ID_LEN];
    ssize_t got = -1;
    int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        got = read(fd, id, sizeof id);
        close(fd);
    }
    return got == (ssize_t)sizeof id ? apr_pstrndup(p, id, sizeof id) : "";
}

static apr_status_t leave(void *data)
{
    dir_guard_t *guard = data;

    close(guard->boot);
    close(guard->users);
    return APR_SUCCESS;
}

static int open_beside(apr_pool_t *p, const char *path, const char *name)
{
    return open(apr_pstrcat(p, path, "/", name, NULL), O_RDWR | O_CREAT | O_CLOEXEC,
                0600);
}

apr_status_t dir_guard_enter(dir_guard_t **guard, apr_pool_t *p, const char *path,
                             const char *boot_id)
{
    dir_guard_t *g = apr_palloc(p, sizeof *g);

    g->boot_id = boot_id;
    g->data = apr_pstrcat(p, path, "/data.mdb", NULL);
    g->readers = apr_pstrcat(p, path, "/lock.mdb", NULL);
    g->damaged = apr_pstrcat(p, path, "/damaged", NULL);
    g->users = open_beside(p, path, "users");
    if (g->users < 0) {
        return errno;
    }
    g->boot = open_beside(p, path, "boot");
    if (g->boot < 0) {
        apr_status_t rv = errno;

        close(g->users);
        return rv;
    }
    apr_pool_cleanup_register(p, g, leave, apr_pool_cleanup_null);
    g->alone = flock(g->users, LOCK_EX | LOCK_NB) == 0;
    if (!g->alone && flock(g->users, LOCK_SH) != 0) {
        return errno;
    }
    *guard = g;
    return APR_SUCCESS;
}

int dir_guard_alone(const dir_guard_t *guard)
{
    return guard->alone;
}

apr_status_t dir_guard_share(dir_guard_t *guard)
{
    guard->alone = 0;
    return flock(guard->users, LOCK_SH) == 0 ? APR_SUCCESS : errno;
}

/* What the line looks like when this process has written it. */
static void compose(const dir_guard_t *guard, const char *word, char line[LINE_LEN + 1])
{
    apr_snprintf(line, LINE_LEN + 1, "%s %-36.36s\n", word, guard->boot_id);
}

/* Are the first `len` bytes of the line these? */
static int begins(const dir_guard_t *guard, const char *text, apr_size_t len)
{
    char line[LINE_LEN];

    return pread(guard->boot, line, sizeof line, 0) == (ssize_t)sizeof line &&
           memcmp(line, text, len) == 0;
}

static apr_status_t say(const dir_guard_t *guard, const char *word)
{
    char line[LINE_LEN + 1];
    ssize_t put;

    compose(guard, word, line);
    if (begins(guard, line, LINE_LEN)) {
        return APR_SUCCESS;
    }
    put = pwrite(guard->boot, line, LINE_LEN, 0);
    if (put != LINE_LEN) {
        return put < 0 ? errno : EIO;
    }
    return fdatasync(guard->boot) == 0 ? APR_SUCCESS : errno;
}

const char *dir_guard_distrust(const dir_guard_t *guard)
{
    char line[LINE_LEN + 1];

    if (access(guard->damaged, F_OK) == 0) {
        return "it was found damaged";
    }
    compose(guard, DIRTY, line);
    if (access(guard->data, F_OK) != 0 || begins(guard, CLEAN, WORD_LEN) ||
        (*guard->boot_id && begins(guard, line, LINE_LEN))) {
        return NULL;
    }
    return "the machine stopped before all of it was on the disk";
}

apr_status_t dir_guard_tidy(const dir_guard_t *guard)
{
    if (access(guard->data, F_OK) == 0 || errno != ENOENT) {
        return APR_SUCCESS;
    }
    return unlink(guard->readers) == 0 || errno == ENOENT ? APR_SUCCESS : errno;
}

apr_status_t dir_guard_check_data(const dir_guard_t *guard, const struct stat *file)
{
    struct stat data;

    if (stat(guard->data, &data) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? ESTALE : errno;
    }
    return data.st_dev == file->st_dev && data.st_ino == file->st_ino ? APR_SUCCESS
                                                                      : ESTALE;
}

apr_status_t dir_guard_discard(dir_guard_t *guard)
{
    const char *files[] = {guard->data, guard->readers, guard->damaged};
    apr_size_t i;
    /* First, for a machine that stops now may find the old files again. */
    apr_status_t rv = dir_guard_set_dirty(guard);

    for (i = 0; rv == APR_SUCCESS && i < sizeof files / sizeof *files; i++) {
        if (unlink(files[i]) != 0 && errno != ENOENT) {
            rv = errno;
        }
    }
    return rv;
}

int dir_guard_is_dirty(const dir_guard_t *guard)
{
    return !begins(guard, CLEAN, WORD_LEN);
}

apr_status_t dir_guard_set_dirty(dir_guard_t *guard)
{
    return say(guard, DIRTY);
}

apr_status_t dir_guard_set_clean(dir_guard_t *guard)
{
    return say(guard, CLEAN);
}

void dir_guard_set_damaged(const dir_guard_t *guard)
{
    int fd = open(guard->damaged, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0) {
        close(fd);
    }
}
