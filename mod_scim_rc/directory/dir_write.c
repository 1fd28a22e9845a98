/* What a transaction does to the tables. */
#include "dir_store_private.h"

#include <string.h>

#include "dir_record.h"

/* Where a record is filed besides its id: a key, or none, for each index and for the
 * list, in the order of the tables. */
#define PLACES (DIR_TABLES - DIR_TABLE_INDEX)

typedef struct places_t {
    dir_key_t keys[PLACES];
} places_t;

static void places_of(places_t *places, const dir_record_t *record, apr_pool_t *scratch)
{
    const int listed = dir_record_is_listed(record);
    int i;

    for (i = 0; i < DIR_INDEXES; i++) {
        dir_key_make(&places->keys[i], record->keys[i], scratch);
    }
    dir_key_make(&places->keys[DIR_INDEXES], listed ? DIR_LISTED_KEY : NULL, scratch);
}

static void no_places(places_t *places)
{
    int i;

    for (i = 0; i < PLACES; i++) {
        places->keys[i].len = 0;
    }
}

/* Where it is filed now. Copies, because a write may take what lies in the map. */
static int places_now(dir_txn_t *txn, apr_uint64_t id, places_t *places)
{
    MDB_val key = {sizeof id, &id}, value;
    dir_record_t record;
    int code = mdb_get(txn->lmdb, txn->store->tables[DIR_TABLE_RECORDS], &key, &value);

    if (!code) {
        code = dir_record_decode(&value, id, &record);
    }
    if (!code) {
        places_of(places, &record, txn->scratch);
    }
    else if (code == MDB_NOTFOUND) {
        no_places(places);
        code = 0;
    }
    return code;
}

static int same(const dir_key_t *a, const dir_key_t *b)
{
    return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

/* Moves an id to its new places; those that stay are not touched. */
static int move(dir_txn_t *txn, apr_uint64_t id, places_t *from, places_t *to)
{
    const MDB_dbi *tables = txn->store->tables + DIR_TABLE_INDEX;
    int i, code = 0;

    for (i = 0; !code && i < PLACES; i++) {
        MDB_val old = {from->keys[i].len, from->keys[i].text};
        MDB_val new = {to->keys[i].len, to->keys[i].text};
        MDB_val value = {sizeof id, &id};

        if (same(&from->keys[i], &to->keys[i])) {
            continue;
        }
        if (old.mv_size) {
            code = mdb_del(txn->lmdb, tables[i], &old, &value);
        }
        if (!code && new.mv_size) {
            code = mdb_put(txn->lmdb, tables[i], &new, &value, 0);
        }
    }
    return code == MDB_NOTFOUND ? MDB_CORRUPTED : code;
}

static apr_status_t result(dir_txn_t *txn, const char *what, int code)
{
    if (code == MDB_MAP_FULL) {
        txn->full = 1;
    }
    return dir_result(txn->store, what, code, txn->env);
}

apr_status_t dir_txn_get(dir_txn_t *txn, apr_uint64_t id, dir_record_t *record)
{
    return result(txn, "read a record",
                  dir_fetch(txn->store, txn->lmdb, id, NULL, record));
}

/* The three values of a record, in the order of their tables; no data: none is kept.
 * Copies, because a write may take what lies in the map. */
#define VALUES (DIR_TABLE_BRIEFS + 1)

static apr_status_t values_of(const dir_record_t *record, MDB_val values[VALUES],
                              apr_pool_t *scratch)
{
    MDB_val *doc = &values[DIR_TABLE_DOCS], *brief = &values[DIR_TABLE_BRIEFS];
    apr_status_t rv = dir_record_encode(scratch, record, &values[DIR_TABLE_RECORDS]);

    doc->mv_data = brief->mv_data = NULL;
    if (rv == APR_SUCCESS && (record->doc.len || dir_record_is_listed(record))) {
        rv = dir_doc_encode(scratch, record, doc);
    }
    if (rv == APR_SUCCESS && dir_record_is_listed(record)) {
        brief->mv_size = record->brief.len;
        brief->mv_data = apr_palloc(scratch, brief->mv_size + 1);
        if (brief->mv_size) {
            memcpy(brief->mv_data, record->brief.data, brief->mv_size);
        }
    }
    return rv == APR_SUCCESS && record->brief.len > DIR_RECORD_MAX ? APR_EINVAL : rv;
}

/* Writes a value, or removes it; what is there already is not touched, so that its page
 * need not be written. */
static int put_value(dir_txn_t *txn, int table, apr_uint64_t id, MDB_val *value)
{
    const MDB_dbi dbi = txn->store->tables[table];
    MDB_val key = {sizeof id, &id}, old;
    int code = mdb_get(txn->lmdb, dbi, &key, &old);

    if (code == MDB_NOTFOUND && !value->mv_data) {
        return 0;
    }
    if (code && code != MDB_NOTFOUND) {
        return code;
    }
    if (!value->mv_data) {
        return mdb_del(txn->lmdb, dbi, &key, NULL);
    }
    return !code && old.mv_size == value->mv_size &&
                   !memcmp(old.mv_data, value->mv_data, old.mv_size)
               ? 0
               : mdb_put(txn->lmdb, dbi, &key, value, 0);
}

apr_status_t dir_txn_put(dir_txn_t *txn, const dir_record_t *record)
{
    apr_uint64_t id = record->id;
    MDB_val values[VALUES];
    places_t from, to;
    dir_record_t copy;
    apr_status_t rv;
    int i, code;

    apr_pool_clear(txn->scratch);
    rv = values_of(record, values, txn->scratch);
    if (rv != APR_SUCCESS) {
        return dir_result(txn->store, "store so large a record", rv, txn->env);
    }
    code = places_now(txn, id, &from);
    if (!code) {
        code = dir_record_decode(&values[DIR_TABLE_RECORDS], id, &copy);
    }
    if (!code) {
        places_of(&to, &copy, txn->scratch);
    }
    for (i = 0; !code && i < VALUES; i++) {
        code = put_value(txn, i, id, &values[i]);
    }
    if (!code) {
        code = move(txn, id, &from, &to);
    }
    return result(txn, "store a record", code);
}

apr_status_t dir_txn_remove(dir_txn_t *txn, apr_uint64_t id)
{
    MDB_val none = {0, NULL};
    places_t from, to;
    int i, code;

    apr_pool_clear(txn->scratch);
    no_places(&to);
    code = places_now(txn, id, &from);
    if (!code) {
        code = move(txn, id, &from, &to);
    }
    for (i = 0; !code && i < VALUES; i++) {
        code = put_value(txn, i, id, &none);
    }
    return result(txn, "remove a record", code);
}

apr_status_t dir_txn_value(dir_txn_t *txn, const char *name, base_slice_t *value)
{
    MDB_val key = {strlen(name), (void *)name}, got;
    int code = mdb_get(txn->lmdb, txn->store->tables[DIR_TABLE_VALUES], &key, &got);

    if (!code) {
        value->data = got.mv_data;
        value->len = got.mv_size;
    }
    return result(txn, "read a value", code);
}

apr_status_t dir_txn_set(dir_txn_t *txn, const char *name, const char *data,
                         apr_size_t len)
{
    const MDB_dbi table = txn->store->tables[DIR_TABLE_VALUES];
    MDB_val key = {strlen(name), (void *)name}, value = {len, (void *)data};
    int code;

    if (len > DIR_RECORD_MAX) {
        return dir_result(txn->store, "store so large a value", APR_EINVAL, txn->env);
    }
    code = data ? mdb_put(txn->lmdb, table, &key, &value, 0)
                : mdb_del(txn->lmdb, table, &key, NULL);
    return !data && code == MDB_NOTFOUND ? APR_SUCCESS
                                         : result(txn, "store a value", code);
}

static apr_status_t empty(void *baton, dir_txn_t *txn)
{
    return result(txn, "clear the copy", dir_empty(txn->store, txn->lmdb));
}

apr_status_t dir_clear(dir_store_t *store, const base_env_t *env)
{
    return dir_change(store, store->pool, empty, NULL, env);
}
