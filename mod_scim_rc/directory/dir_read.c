/* Reading: a short transaction each, which is over on every path when it returns. */
#include "dir_store_private.h"

#include <string.h>
#include <apr_strings.h>

#include "dir_record.h"

typedef struct reader_t {
    dir_store_t *store;
    const base_env_t *env;
    MDB_txn *txn;
    MDB_cursor *cursor; /* NULL: none */
} reader_t;

/* Begins to read, with a cursor on `table` unless that is negative. */
static apr_status_t begin(reader_t *reader, dir_store_t *store, int table,
                          const base_env_t *env)
{
    int code = dir_enter(store, MDB_RDONLY, &reader->txn, env);

    reader->store = store;
    reader->env = env;
    reader->cursor = NULL;
    if (!code) {
        code = dir_format_check(store, reader->txn);
        if (!code && table >= 0) {
            code = mdb_cursor_open(reader->txn, store->tables[table], &reader->cursor);
        }
        if (code) {
            dir_leave(store, reader->txn);
        }
    }
    return dir_result(store, "begin to read", code, env);
}

static apr_status_t end(reader_t *reader, int code)
{
    if (reader->cursor) {
        mdb_cursor_close(reader->cursor);
    }
    dir_leave(reader->store, reader->txn);
    return dir_result(reader->store, "read", code, reader->env);
}

/* A record as a copy in `p`. */
static int copy_record(const reader_t *reader, apr_pool_t *p, apr_uint64_t id,
                       dir_record_t *record)
{
    MDB_val key = {sizeof id, &id}, value;
    int code =
        mdb_get(reader->txn, reader->store->tables[DIR_TABLE_RECORDS], &key, &value);

    if (code) {
        return code;
    }
    value.mv_data = apr_pmemdup(p, value.mv_data, value.mv_size);
    return dir_record_decode(&value, id, record);
}

apr_status_t dir_get(dir_store_t *store, apr_pool_t *p, apr_uint64_t id,
                     dir_record_t *record, const base_env_t *env)
{
    reader_t reader;
    apr_status_t rv = begin(&reader, store, -1, env);

    return rv == APR_SUCCESS ? end(&reader, copy_record(&reader, p, id, record)) : rv;
}

/* Collects the records of the ids under `key` (on which the cursor's table stands),
 * leaving out the first `skip`. Ids come a page full at a time, so that to skip a
 * million takes some 2,000 steps. */
static int collect(const reader_t *reader, MDB_val *key, apr_int64_t skip,
                   apr_int64_t max, apr_array_header_t *records)
{
    MDB_val ids;
    apr_size_t i;
    int code = mdb_cursor_get(reader->cursor, key, &ids, MDB_SET_KEY);

    if (!code) {
        /* Leaves `ids` as they are where there is only one. */
        code = mdb_cursor_get(reader->cursor, key, &ids, MDB_GET_MULTIPLE);
    }
    while (!code && records->nelts < max) {
        const apr_int64_t got = (apr_int64_t)(ids.mv_size / sizeof(apr_uint64_t));

        for (i = (apr_size_t)(skip < got ? skip : got);
             !code && i < (apr_size_t)got && records->nelts < max; i++) {
            apr_uint64_t id;

            memcpy(&id, (const char *)ids.mv_data + i * sizeof id, sizeof id);
            code = copy_record(reader, records->pool, id, apr_array_push(records));
            if (code == MDB_NOTFOUND) {
                return MDB_CORRUPTED;
            }
        }
        skip -= skip < got ? skip : got;
        if (!code) {
            code = mdb_cursor_get(reader->cursor, key, &ids, MDB_NEXT_MULTIPLE);
        }
    }
    return code == MDB_NOTFOUND ? 0 : code;
}

#define GUESS 16 /* records, when there may be fewer than asked for */

static apr_array_header_t *new_array(apr_pool_t *p, apr_int64_t max)
{
    return apr_array_make(p, (int)(max < GUESS ? (max > 0 ? max : 1) : GUESS),
                          sizeof(dir_record_t));
}

apr_status_t dir_find(dir_store_t *store, apr_pool_t *p, dir_index_t index,
                      const char *key, int max, apr_array_header_t **records,
                      const base_env_t *env)
{
    dir_key_t cut;
    MDB_val k;
    reader_t reader;
    apr_status_t rv;

    *records = new_array(p, max);
    dir_key_make(&cut, key, p);
    if (!cut.len) {
        return APR_SUCCESS;
    }
    rv = begin(&reader, store, DIR_TABLE_INDEX + (int)index, env);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    k.mv_size = cut.len;
    k.mv_data = cut.text;
    return end(&reader, collect(&reader, &k, 0, max, *records));
}

apr_status_t dir_list(dir_store_t *store, apr_pool_t *p, apr_int64_t skip,
                      apr_int64_t max, apr_array_header_t **records,
                      const base_env_t *env)
{
    MDB_val key = {sizeof DIR_LISTED_KEY - 1, (void *)DIR_LISTED_KEY};
    reader_t reader;
    apr_status_t rv;

    *records = new_array(p, max);
    rv = begin(&reader, store, DIR_TABLE_LISTED, env);
    return rv == APR_SUCCESS ? end(&reader, collect(&reader, &key, skip > 0 ? skip : 0,
                                                    max, *records))
                             : rv;
}

apr_status_t dir_count(dir_store_t *store, apr_int64_t *count, const base_env_t *env)
{
    MDB_stat stat;
    reader_t reader;
    int code;
    apr_status_t rv = begin(&reader, store, -1, env);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    code = mdb_stat(reader.txn, store->tables[DIR_TABLE_LISTED], &stat);
    *count = code ? 0 : (apr_int64_t)stat.ms_entries;
    return end(&reader, code);
}

/* What ended the scan: a visitor that has had enough, or (in *code) LMDB. */
static apr_status_t visit_all(const reader_t *reader, unsigned flags,
                              dir_visit_fn visit, void *baton, int *code)
{
    MDB_val key, value;
    dir_record_t record;
    apr_uint64_t id;
    apr_status_t rv = APR_SUCCESS;

    *code = mdb_cursor_get(reader->cursor, &key, &value, MDB_FIRST);
    while (!*code && rv == APR_SUCCESS) {
        memcpy(&id, key.mv_data, sizeof id);
        *code = dir_record_decode(&value, id, &record);
        if (!*code && (!flags || (record.flags & flags))) {
            rv = visit(baton, &record);
        }
        if (!*code && rv == APR_SUCCESS) {
            *code = mdb_cursor_get(reader->cursor, &key, &value, MDB_NEXT);
        }
    }
    if (*code == MDB_NOTFOUND) {
        *code = 0;
    }
    return rv;
}

apr_status_t dir_scan(dir_store_t *store, unsigned flags, dir_visit_fn visit,
                      void *baton, const base_env_t *env)
{
    reader_t reader;
    int code;
    apr_status_t failed, rv = begin(&reader, store, DIR_TABLE_RECORDS, env);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = visit_all(&reader, flags, visit, baton, &code);
    failed = end(&reader, code);
    return rv == APR_SUCCESS ? failed : rv;
}

apr_status_t dir_value(dir_store_t *store, apr_pool_t *p, const char *name,
                       base_slice_t *value, const base_env_t *env)
{
    MDB_val key = {strlen(name), (void *)name}, got;
    reader_t reader;
    int code;
    apr_status_t rv = begin(&reader, store, -1, env);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    code = mdb_get(reader.txn, store->tables[DIR_TABLE_VALUES], &key, &got);
    if (!code) {
        value->data = apr_pstrmemdup(p, got.mv_data, got.mv_size);
        value->len = got.mv_size;
    }
    return end(&reader, code);
}

apr_int64_t dir_size(dir_store_t *store)
{
    apr_int64_t size;

    apr_thread_rwlock_rdlock(store->map_lock);
    size = store->unmapped ? 0 : (apr_int64_t)dir_extent(store);
    apr_thread_rwlock_unlock(store->map_lock);
    return size;
}
