/* A token file as it lies on the disk (its form: auth_token.h). For this layer and for
 * the program that writes such files. */
#ifndef AUTH_FILE_H
#define AUTH_FILE_H

#include <apr_file_info.h>
#include <apr_pools.h>
#include <apr_tables.h>

#include "auth_token.h"

#define AUTH_FILE_MAX (1024 * 1024)
#define AUTH_NAME_MAX 64

typedef struct auth_entry_t {
    auth_identity_t identity;
    const char *hash; /* 64 lower-case hex digits */
    int line;         /* from 1 */
} auth_entry_t;

typedef struct auth_file_t {
    apr_status_t unreadable; /* APR_SUCCESS, or why the file could not be read */
    apr_finfo_t info;        /* time, inode, size and protection, of what was read */
    const char *text;
    apr_array_header_t *entries; /* auth_entry_t *, in order of line */
} auth_file_t;

/* Fit to be the name of a token? */
int auth_name_valid(const char *name);

/* Reads and checks the file. NULL and *file in `p`; or what is wrong and what would be
 * right, in `p`, with file->unreadable saying whether it could be read at all. The text
 * never shows what stands where a token or its hash belongs. */
const char *auth_file_load(apr_pool_t *p, const char *path, auth_file_t *file);

#endif
