#include "token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_tables.h>

#define NEW_FILE_MODE 0640

int token_complain(int status, const char *fmt, ...)
{
    va_list ap;

    fputs("scim-rc-token: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}

/* The folder is locked, because the file itself is replaced. */
int token_file_lock(apr_pool_t *p, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder = apr_pstrndup(p, path, (apr_size_t)(slash - path) + 1);
    int fd = open(folder, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        return token_complain(EXIT_FILE, "cannot lock the folder '%s': %s", folder,
                              strerror(errno));
    }
    return 0;
}

static int give_to_group(int fd, const char *path, const char *name)
{
    const struct group *group = getgrnam(name);

    if (!group) {
        return token_complain(EXIT_USAGE, "there is no group '%s' on this machine",
                              name);
    }
    if (fchown(fd, (uid_t)-1, group->gr_gid) != 0) {
        return token_complain(EXIT_FILE, "cannot give '%s' to the group '%s': %s", path,
                              name, strerror(errno));
    }
    return 0;
}

int token_file_create(apr_pool_t *p, const char *path, const char *group)
{
    int status = 0, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        return errno == EEXIST ? 0
                               : token_complain(EXIT_FILE, "cannot make '%s': %s", path,
                                                strerror(errno));
    }
    if (group) {
        status = give_to_group(fd, path, group);
    }
    if (!status && fchmod(fd, NEW_FILE_MODE) != 0) {
        status = token_complain(EXIT_FILE, "cannot set the mode of '%s': %s", path,
                                strerror(errno));
    }
    close(fd);
    if (status) {
        unlink(path);
    }
    return status;
}

const char *token_file_resolve(apr_pool_t *p, const char *path)
{
    char *real = realpath(path, NULL);
    const char *copy = real ? apr_pstrdup(p, real) : NULL;

    if (!real) {
        token_complain(EXIT_FILE, "cannot read '%s': %s%s", path, strerror(errno),
                       errno == ENOENT ? "; 'add NAME --create' makes it" : "");
    }
    free(real);
    return copy;
}

static int write_all(int fd, const char *text, apr_size_t len)
{
    while (len) {
        ssize_t put = write(fd, text, len);

        if (put < 0) {
            return -1;
        }
        text += put;
        len -= (apr_size_t)put;
    }
    return fsync(fd);
}

/* Writes the new content beside the file, with its mode and owner. */
static int write_beside(const char *temp, int fd, const struct stat *old,
                        const char *text)
{
    if (fchown(fd, old->st_uid, old->st_gid) != 0 ||
        fchmod(fd, old->st_mode & 07777) != 0) {
        return token_complain(EXIT_FILE,
                              "cannot give '%s' the owner and mode of the old: %s",
                              temp, strerror(errno));
    }
    if (write_all(fd, text, strlen(text)) != 0) {
        return token_complain(EXIT_FILE, "cannot write '%s': %s", temp,
                              strerror(errno));
    }
    return 0;
}

int token_file_replace(apr_pool_t *p, const char *path, const char *text)
{
    char *temp = apr_pstrcat(p, path, ".XXXXXX", NULL);
    struct stat old;
    int fd, status;

    if (stat(path, &old) != 0 || (fd = mkstemp(temp)) < 0) {
        return token_complain(EXIT_FILE, "cannot write beside '%s': %s", path,
                              strerror(errno));
    }
    status = write_beside(temp, fd, &old, text);
    close(fd);
    if (!status && rename(temp, path) != 0) {
        status =
            token_complain(EXIT_FILE, "cannot replace '%s': %s", path, strerror(errno));
    }
    if (status) {
        unlink(temp);
    }
    return status;
}

const char *token_file_edit(apr_pool_t *p, const char *text, int line, int dropped,
                            const char *lines)
{
    apr_array_header_t *parts = apr_array_make(p, 64, sizeof(const char *));
    const char *at = text;
    int number;

    for (number = 1; *at; number++) {
        const char *end = strchr(at, '\n');
        const char *old = end ? apr_pstrndup(p, at, (apr_size_t)(end - at) + 1)
                              : apr_pstrcat(p, at, "\n", NULL);

        if (number != dropped) {
            APR_ARRAY_PUSH(parts, const char *) = number == line ? lines : old;
        }
        at = end ? end + 1 : "";
    }
    if (!line) {
        APR_ARRAY_PUSH(parts, const char *) = lines;
    }
    return apr_array_pstrcat(p, parts, 0);
}
