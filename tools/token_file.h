/* The file of tokens as scim-rc-token changes it: locked, and all or nothing. */
#ifndef TOKEN_FILE_H
#define TOKEN_FILE_H

#include <apr_pools.h>

#define EXIT_NO 1    /* there is no such token, or there is one already */
#define EXIT_USAGE 2 /* the command line is wrong */
#define EXIT_FILE 3  /* the file cannot be read, written or understood */

/* Says on standard error what is wrong, and returns `status`. */
int token_complain(int status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* `path` without links, so that the file itself is replaced and not a link to it; NULL
 * (and said why) when there is no such file. */
const char *token_file_resolve(apr_pool_t *p, const char *path);

/* The others return 0, or an exit status after saying what is wrong. */

/* Makes an empty file of mode 0640, unless there is one; gives it to `group` unless
 * that is NULL. */
int token_file_create(apr_pool_t *p, const char *path, const char *group);

/* Waits until no other administrator changes the file at the resolved `path`. The lock
 * ends with the process. */
int token_file_lock(apr_pool_t *p, const char *path);

/* Puts `text` in place of the file's content, with its owner and mode: all of it, or
 * nothing is changed. */
int token_file_replace(apr_pool_t *p, const char *path, const char *text);

/* `text` with `lines` in place of line number `line` (0: at the end), and without line
 * number `dropped` (0: none). All else, comments above all, stays. */
const char *token_file_edit(apr_pool_t *p, const char *text, int line, int dropped,
                            const char *lines);

#endif
