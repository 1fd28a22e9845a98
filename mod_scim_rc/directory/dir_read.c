/* Reading: a short transaction each, which is over on every path when it returns. */
#include "dir_store_private.h"

#include <string.h>
#include <apr_strings.h>

#include "dir_record.h"

apr_status_t dir_reader_begin(dir_reader_t *reader, dir_store_t *store, int table,
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

apr_status_t dir_reader_end(dir_reader_t *reader, int code)
{
    if (reader->cursor) {
        mdb_cursor_close(reader->cursor);
    }
    dir_leave(reader->store, reader->txn);
    return dir_result(reader->store, "read", code, reader->env);
}

/* A value of a record: in the map, or (with `p`) a copy. */
static int fetch_value(const dir_store_t *store, MDB_txn *txn, int table,
                       apr_uint64_t id, apr_pool_t *p, MDB_val *value)
{
    MDB_val key = {sizeof id, &id};
    int code = mdb_get(txn, store->tables[table], &key, value);

    if (!code && p) {
        value->mv_data = apr_pmemdup(p, value->mv_data, value->mv_size);
    }
    return code;
}

int dir_fetch_doc(const dir_store_t *store, MDB_txn *txn, apr_uint64_t id,
                  apr_pool_t *p, dir_record_t *record, int *listed)
{
    MDB_val value;
    int code = fetch_value(store, txn, DIR_TABLE_DOCS, id, p, &value);

    return code ? code : dir_doc_decode(&value, record, listed);
}

int dir_fetch(const dir_store_t *store, MDB_txn *txn, apr_uint64_t id, apr_pool_t *p,
              dir_record_t *record)
{
    MDB_val value;
    int listed, code = fetch_value(store, txn, DIR_TABLE_RECORDS, id, p, &value);

    if (!code) {
        code = dir_record_decode(&value, id, record);
    }
    if (code) {
        return code;
    }
    code = dir_fetch_doc(store, txn, id, p, record, &listed);
    if (!code || code == MDB_NOTFOUND) {
        code = fetch_value(store, txn, DIR_TABLE_BRIEFS, id, p, &value);
        if (!code) {
            record->brief.data = value.mv_data;
            record->brief.len = value.mv_size;
        }
    }
    return code == MDB_NOTFOUND ? 0 : code;
}

apr_status_t dir_get(dir_store_t *store, apr_pool_t *p, apr_uint64_t id,
                     dir_record_t *record, const base_env_t *env)
{
    dir_reader_t reader;
    apr_status_t rv = dir_reader_begin(&reader, store, -1, env);

    return rv == APR_SUCCESS
               ? dir_reader_end(&reader, dir_fetch(store, reader.txn, id, p, record))
               : rv;
}

/* Ids come a page full at a time, so that to skip a million takes some 2,000 steps. */
int dir_each_id(const dir_reader_t *reader, MDB_val *key, apr_int64_t skip,
                dir_take_fn take, void *baton)
{
    MDB_val ids;
    apr_size_t i;
    int code = mdb_cursor_get(reader->cursor, key, &ids, MDB_SET_KEY);

    if (!code) {
        /* Leaves `ids` as they are where there is only one. */
        code = mdb_cursor_get(reader->cursor, key, &ids, MDB_GET_MULTIPLE);
    }
    while (!code) {
        const apr_int64_t got = (apr_int64_t)(ids.mv_size / sizeof(apr_uint64_t));

        for (i = (apr_size_t)(skip < got ? skip : got); !code && i < (apr_size_t)got;
             i++) {
            apr_uint64_t id;

            memcpy(&id, (const char *)ids.mv_data + i * sizeof id, sizeof id);
            code = take(baton, id);
            if (code == MDB_NOTFOUND) {
                return MDB_CORRUPTED;
            }
        }
        skip -= skip < got ? skip : got;
        if (!code) {
            code = mdb_cursor_get(reader->cursor, key, &ids, MDB_NEXT_MULTIPLE);
        }
    }
    return code == MDB_NOTFOUND || code == DIR_ENOUGH ? 0 : code;
}

typedef struct collector_t {
    const dir_reader_t *reader;
    apr_array_header_t *records;
    int max;
} collector_t;

static int collect(void *baton, apr_uint64_t id)
{
    const collector_t *c = baton;

    return c->records->nelts < c->max
               ? dir_fetch(c->reader->store, c->reader->txn, id, c->records->pool,
                           apr_array_push(c->records))
               : DIR_ENOUGH;
}

#define GUESS 16 /* records, when there may be fewer than asked for */

apr_status_t dir_find(dir_store_t *store, apr_pool_t *p, dir_index_t index,
                      const char *key, int max, apr_array_header_t **records,
                      const base_env_t *env)
{
    dir_reader_t reader;
    collector_t c = {&reader, apr_array_make(p, GUESS, sizeof(dir_record_t)), max};
    dir_key_t cut;
    MDB_val k;
    apr_status_t rv;

    *records = c.records;
    dir_key_make(&cut, key, p);
    if (!cut.len) {
        return APR_SUCCESS;
    }
    rv = dir_reader_begin(&reader, store, DIR_TABLE_INDEX + (int)index, env);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    k.mv_size = cut.len;
    k.mv_data = cut.text;
    return dir_reader_end(&reader, dir_each_id(&reader, &k, 0, collect, &c));
}

apr_status_t dir_count(dir_store_t *store, apr_int64_t *count, const base_env_t *env)
{
    MDB_stat stat;
    dir_reader_t reader;
    int code;
    apr_status_t rv = dir_reader_begin(&reader, store, -1, env);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    code = mdb_stat(reader.txn, store->tables[DIR_TABLE_LISTED], &stat);
    *count = code ? 0 : (apr_int64_t)stat.ms_entries;
    return dir_reader_end(&reader, code);
}

/* What ended the scan: a visitor that has had enough, or (in *code) LMDB. */
static apr_status_t visit_all(const dir_reader_t *reader, unsigned flags,
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
    dir_reader_t reader;
    int code;
    apr_status_t failed, rv = dir_reader_begin(&reader, store, DIR_TABLE_RECORDS, env);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = visit_all(&reader, flags, visit, baton, &code);
    failed = dir_reader_end(&reader, code);
    return rv == APR_SUCCESS ? failed : rv;
}

apr_status_t dir_value(dir_store_t *store, apr_pool_t *p, const char *name,
                       base_slice_t *value, const base_env_t *env)
{
    MDB_val key = {strlen(name), (void *)name}, got;
    dir_reader_t reader;
    int code;
    apr_status_t rv = dir_reader_begin(&reader, store, -1, env);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    code = mdb_get(reader.txn, store->tables[DIR_TABLE_VALUES], &key, &got);
    if (!code) {
        value->data = apr_pstrmemdup(p, got.mv_data, got.mv_size);
        value->len = got.mv_size;
    }
    return dir_reader_end(&reader, code);
}

apr_int64_t dir_size(dir_store_t *store)
{
    apr_int64_t size;

    apr_thread_rwlock_rdlock(store->map_lock);
    size = store->unmapped ? 0 : (apr_int64_t)dir_extent(store);
    apr_thread_rwlock_unlock(store->map_lock);
    return size;
}
