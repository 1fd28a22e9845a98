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
    const int listed = (record->flags & (DIR_LISTED | DIR_GONE)) == DIR_LISTED;
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

static int find(dir_txn_t *txn, apr_uint64_t id, dir_record_t *record)
{
    MDB_val key = {sizeof id, &id}, value;
    int code = mdb_get(txn->lmdb, txn->store->tables[DIR_TABLE_RECORDS], &key, &value);

    return code ? code : dir_record_decode(&value, id, record);
}

/* Where it is filed now. Copies, because a write may take what lies in the map. */
static int places_now(dir_txn_t *txn, apr_uint64_t id, places_t *places)
{
    dir_record_t record;
    int code = find(txn, id, &record);

    if (code == 0) {
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
    return result(txn, "read a record", find(txn, id, record));
}

apr_status_t dir_txn_put(dir_txn_t *txn, const dir_record_t *record)
{
    apr_uint64_t id = record->id;
    MDB_val key = {sizeof id, &id}, value;
    places_t from, to;
    dir_record_t copy;
    apr_status_t rv;
    int code;

    apr_pool_clear(txn->scratch);
    rv = dir_record_encode(txn->scratch, record, &value);
    if (rv != APR_SUCCESS) {
        return dir_result(txn->store, "store so large a record", rv, txn->env);
    }
    code = places_now(txn, id, &from);
    if (!code) {
        code = dir_record_decode(&value, id, &copy);
    }
    if (!code) {
        places_of(&to, &copy, txn->scratch);
        code =
            mdb_put(txn->lmdb, txn->store->tables[DIR_TABLE_RECORDS], &key, &value, 0);
    }
    if (!code) {
        code = move(txn, id, &from, &to);
    }
    return result(txn, "store a record", code);
}

apr_status_t dir_txn_remove(dir_txn_t *txn, apr_uint64_t id)
{
    MDB_val key = {sizeof id, &id};
    places_t from, to;
    int code;

    apr_pool_clear(txn->scratch);
    no_places(&to);
    code = places_now(txn, id, &from);
    if (!code) {
        code = move(txn, id, &from, &to);
    }
    if (!code) {
        code = mdb_del(txn->lmdb, txn->store->tables[DIR_TABLE_RECORDS], &key, NULL);
    }
    return code == MDB_NOTFOUND ? APR_SUCCESS : result(txn, "remove a record", code);
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
