#include "msr_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_user.h>
#include <httpd.h>
#include <unixd.h>

static uid_t children_uid(void)
{
    return geteuid() == 0 ? ap_unixd_config.user_id : geteuid();
}

static const char *children_user(apr_pool_t *p)
{
    char *name;

    if (geteuid() == 0) {
        return ap_unixd_config.user_name;
    }
    return apr_uid_name_get(&name, geteuid(), p) == APR_SUCCESS
               ? name
               : apr_psprintf(p, "#%lu", (unsigned long)geteuid());
}

/* Opens the directory itself, not what a link points to, and looks at it there. */
static const char *look_at(apr_pool_t *p, const char *path, int fresh)
{
    const char *problem = NULL;
    struct stat info;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return apr_psprintf(p, "ScimRCStateDir: '%s' is no directory of its own: %s",
                            path, strerror(errno));
    }
    if (fresh && geteuid() == 0 &&
        fchown(fd, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        problem = apr_psprintf(p, "ScimRCStateDir: '%s' cannot be given to the user %s",
                               path, children_user(p));
    }
    if (!problem && fstat(fd, &info) == 0 && info.st_mode & (S_IWGRP | S_IWOTH)) {
        problem = apr_psprintf(p,
                               "ScimRCStateDir: others may write to '%s' (mode %04o); "
                               "take that away: chmod go-w '%s'",
                               path, (unsigned)info.st_mode & 07777, path);
    }
    if (!problem && (fstat(fd, &info) != 0 || info.st_uid != children_uid())) {
        problem =
            apr_psprintf(p,
                         "ScimRCStateDir: '%s' must belong to the user of httpd's "
                         "children (%s)",
                         path, children_user(p));
    }
    close(fd);
    return problem;
}

static const char *cannot_be_made(apr_pool_t *p, const char *path, int error)
{
    return apr_psprintf(p, "ScimRCStateDir: '%s' cannot be made: %s", path,
                        strerror(error));
}

static const char *parent_of(apr_pool_t *p, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash > path ? apr_pstrmemdup(p, path, (apr_size_t)(slash - path)) : "/";
}

/* May it be made in the nearest folder above it that is there? */
static const char *check_missing(apr_pool_t *p, const char *path)
{
    const char *above = parent_of(p, path);
    struct stat info;

    while (lstat(above, &info) != 0 && errno == ENOENT && above[1]) {
        above = parent_of(p, above);
    }
    if (stat(above, &info) != 0) {
        return cannot_be_made(p, path, errno);
    }
    if (!S_ISDIR(info.st_mode)) {
        return cannot_be_made(p, path, ENOTDIR);
    }
    return faccessat(AT_FDCWD, above, W_OK | X_OK, AT_EACCESS) == 0
               ? NULL
               : cannot_be_made(p, path, errno);
}

const char *msr_state_check(apr_pool_t *p, const char *path)
{
    struct stat info;

    if (lstat(path, &info) == 0) {
        return look_at(p, path, 0);
    }
    return errno == ENOENT ? check_missing(p, path) : cannot_be_made(p, path, errno);
}

const char *msr_state_prepare(apr_pool_t *p, const char *path)
{
    int made;

    apr_dir_make_recursive(parent_of(p, path), APR_FPROT_OS_DEFAULT, p);
    made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST) {
        return cannot_be_made(p, path, errno);
    }
    return look_at(p, path, made);
}
