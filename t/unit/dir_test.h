/* What the tests of directory/ share: an environment that keeps the log, a folder of
 * their own, and records that are easily made and easily recognised. */
#ifndef T_DIR_TEST_H
#define T_DIR_TEST_H

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "dir_store_private.h"
#include "tap.h"

static char test_log[16384];

static apr_time_t test_now(void *ctx)
{
    return apr_time_now();
}

static apr_status_t test_sleep(void *ctx, apr_interval_time_t t)
{
    apr_sleep(t);
    return APR_SUCCESS;
}

static void test_write(void *ctx, base_log_level_t level, apr_status_t rv,
                       const char *line)
{
    apr_size_t used = strlen(test_log);

    apr_snprintf(test_log + used, sizeof test_log - used, "%s\n", line);
}

static const base_env_t test_env = {NULL, test_now, test_sleep, test_write};

/* Has this been logged since the last question? */
static inline int logged(const char *text)
{
    int found = strstr(test_log, text) != NULL;

    if (!found && *test_log) {
        printf("# the log: %s", test_log);
    }
    *test_log = '\0';
    return found;
}

static inline void fatal(const char *what)
{
    printf("Bail out! %s\n", what);
    exit(1);
}

static inline const char *new_folder(apr_pool_t *p)
{
    char *path = apr_pstrdup(p, tap_temporary("scim-rc-dir-XXXXXX"));

    if (!mkdtemp(path)) {
        fatal("no temporary folder");
    }
    return path;
}

static inline void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[1024];

    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] != '.') {
            apr_snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            unlink(name);
        }
    }
    if (folder) {
        closedir(folder);
    }
    rmdir(path);
}

#define FIRST_BOOT "11111111-1111-1111-1111-111111111111"
#define OTHER_BOOT "22222222-2222-2222-2222-222222222222"

static inline dir_store_t *open_as(apr_pool_t *p, const char *path, const char *format,
                                   apr_size_t map_size, const char *boot_id)
{
    const dir_options_t options = {path, format, map_size, boot_id};
    dir_store_t *store = NULL;
    apr_status_t rv = dir_store_open_as(&store, p, &options, &test_env);

    return rv == APR_SUCCESS ? store : NULL;
}

static inline dir_store_t *open_store(apr_pool_t *p, const char *path)
{
    return open_as(p, path, "1", 64 << 20, FIRST_BOOT);
}

static inline base_slice_t slice(const char *text)
{
    base_slice_t s = {text, text ? strlen(text) : 0};

    return s;
}

/* "doc <id> <text>", listed, with a login name and a status. */
static inline dir_record_t make_record(apr_pool_t *p, apr_uint64_t id, const char *text)
{
    dir_record_t record;

    memset(&record, 0, sizeof record);
    record.id = id;
    record.flags = DIR_LISTED;
    record.fetched = 1000 + (apr_time_t)id;
    record.doc = slice(apr_psprintf(p, "doc %" APR_UINT64_T_FMT " %s", id, text));
    record.version = apr_pstrcat(p, "of ", text, NULL);
    record.brief = record.state = slice(text);
    record.keys[DIR_LOGIN] = apr_psprintf(p, "user%" APR_UINT64_T_FMT, id);
    record.keys[DIR_STATUS] = "Enabled";
    return record;
}

static apr_status_t put_it(void *baton, dir_txn_t *txn)
{
    return dir_txn_put(txn, baton);
}

static inline apr_status_t put(dir_store_t *store, apr_pool_t *p, dir_record_t record)
{
    return dir_change(store, p, put_it, &record, &test_env);
}

static inline const char *text_of(apr_pool_t *p, base_slice_t s)
{
    return apr_pstrmemdup(p, s.data ? s.data : "", s.len);
}

/* The document of a record, or "none". */
static inline const char *doc_of(dir_store_t *store, apr_pool_t *p, apr_uint64_t id)
{
    dir_record_t record;
    apr_status_t rv = dir_get(store, p, id, &record, &test_env);

    return rv == APR_SUCCESS    ? text_of(p, record.doc)
           : rv == APR_NOTFOUND ? "none"
                                : "error";
}

/* The ids in an array, as "1 2 3". */
static inline const char *ids_of(apr_pool_t *p, const apr_array_header_t *records)
{
    const char *text = "";
    int i;

    for (i = 0; i < records->nelts; i++) {
        text = apr_psprintf(p, "%s%s%" APR_UINT64_T_FMT, text, i ? " " : "",
                            APR_ARRAY_IDX(records, i, dir_record_t).id);
    }
    return text;
}

static inline const char *found(dir_store_t *store, apr_pool_t *p, dir_index_t index,
                                const char *key)
{
    apr_array_header_t *records;

    return dir_find(store, p, index, key, 100, &records, &test_env) == APR_SUCCESS
               ? ids_of(p, records)
               : "error";
}

static inline apr_int64_t count_of(dir_store_t *store)
{
    apr_int64_t count = -1;

    dir_count(store, &count, &test_env);
    return count;
}

/* Pools are roots, so that a forked child can leave its parent's alone. */
static inline apr_pool_t *new_pool(void)
{
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    return p;
}

#endif
