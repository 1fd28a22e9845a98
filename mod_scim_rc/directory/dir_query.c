/* Documents for those who want to read them: one by id, or those that a query finds. */
#include "dir_store_private.h"

#include <string.h>
#include <apr_allocator.h>
#include <apr_strings.h>

#include "dir_record.h"
#include "dir_sort.h"

apr_status_t dir_get_doc(dir_store_t *store, apr_pool_t *p, apr_uint64_t id,
                         dir_record_t *record, const base_env_t *env)
{
    dir_reader_t reader;
    int code, listed = 0;
    apr_status_t rv = dir_reader_begin(&reader, store, -1, env);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    memset(record, 0, sizeof *record);
    record->id = id;
    code = dir_fetch_doc(store, reader.txn, id, p, record, &listed);
    return dir_reader_end(&reader, code || listed ? code : MDB_NOTFOUND);
}

/* A query while it is answered. */
typedef struct run_t {
    dir_reader_t reader;
    dir_query_t *query;
    apr_pool_t *p;
    dir_sort_t *sort; /* NULL: in order of id */
    apr_size_t insert_len;
    int is_searched;             /* one by one, unless an index has them */
    apr_size_t left, piece_size; /* room behind the last piece; its size */
} run_t;

/* A small answer needs little, a long one few pieces: each is twice as long as the one
 * before, up to a limit. */
#define FIRST_PIECE 4096
#define LONGEST_PIECE (64 * 1024)

/* *pass: does the record pass? A code. */
static int examine(const run_t *run, apr_uint64_t id, const base_slice_t *brief,
                   int *pass)
{
    const dir_query_t *q = run->query;
    dir_record_t record;
    int listed, code = 0;

    if (q->test && brief->len) {
        *pass = q->test(q->baton, brief, NULL);
    }
    else if (q->test) {
        memset(&record, 0, sizeof record);
        code = dir_fetch_doc(run->reader.store, run->reader.txn, id, NULL, &record,
                             &listed);
        *pass = !code && q->test(q->baton, brief, &record.doc);
    }
    else {
        *pass = 1;
    }
    return code;
}

/* Room for so many more bytes at the end of a piece, the last one or a new one. */
static char *make_room(run_t *run, apr_size_t need)
{
    apr_array_header_t *pieces = run->query->pieces;
    base_slice_t *piece;
    char *at;

    if (need > run->left) {
        piece = apr_array_push(pieces);
        run->piece_size = run->piece_size ? run->piece_size * 2 : FIRST_PIECE;
        if (run->piece_size > LONGEST_PIECE) {
            run->piece_size = LONGEST_PIECE;
        }
        run->left = need > run->piece_size ? need : run->piece_size;
        piece->data = apr_palloc(run->p, run->left);
        piece->len = 0;
    }
    piece = &APR_ARRAY_IDX(pieces, pieces->nelts - 1, base_slice_t);
    at = (char *)piece->data + piece->len;
    piece->len += need;
    run->left -= need;
    return at;
}

static char *append(char *to, const char *data, apr_size_t len)
{
    memcpy(to, data, len);
    return to + len;
}

/* Copies a document from the map to where it is sent from, once. */
static void join(run_t *run, const dir_record_t *record)
{
    const char *comma = run->query->kept ? "," : "", *doc = record->doc.data;
    const apr_size_t mark = record->mark < record->doc.len ? record->mark : 0;
    char *at = make_room(run, strlen(comma) + record->doc.len + run->insert_len);

    at = append(at, comma, strlen(comma));
    at = append(at, doc, mark);
    at = append(at, run->query->insert, run->insert_len);
    append(at, doc + mark, record->doc.len - mark);
}

/* Puts a document, which lies in the map, among the results. */
static int keep_value(run_t *run, apr_uint64_t id, MDB_val value, int *listed)
{
    dir_query_t *q = run->query;
    dir_record_t record;
    int code;

    memset(&record, 0, sizeof record);
    record.id = id;
    code = dir_doc_decode(&value, &record, listed);
    if (code || !*listed) {
        return code;
    }
    if (q->insert) {
        join(run, &record);
    }
    else {
        value.mv_data = apr_pmemdup(run->p, value.mv_data, value.mv_size);
        dir_doc_decode(&value, &record, listed);
        APR_ARRAY_PUSH(q->records, dir_record_t) = record;
    }
    q->kept++;
    return 0;
}

static int keep(run_t *run, apr_uint64_t id)
{
    MDB_val key = {sizeof id, &id}, value;
    int listed, code = mdb_get(run->reader.txn,
                               run->reader.store->tables[DIR_TABLE_DOCS], &key, &value);

    return code ? code : keep_value(run, id, value, &listed);
}

/* Lets a record that passed take its place in the order. */
static int rank(const run_t *run, apr_uint64_t id, const base_slice_t *brief)
{
    const dir_query_t *q = run->query;
    dir_record_t record;
    base_slice_t key;
    int listed, code = 0;

    if (brief->len) {
        key = q->order(q->baton, brief, NULL);
        dir_sort_add(run->sort, id, &key, 0);
        return 0;
    }
    memset(&record, 0, sizeof record);
    code =
        dir_fetch_doc(run->reader.store, run->reader.txn, id, NULL, &record, &listed);
    if (!code) {
        key = q->order(q->baton, brief, &record.doc);
        dir_sort_add(run->sort, id, &key, 1);
    }
    return code;
}

static int take_brief(run_t *run, apr_uint64_t id, const MDB_val *value)
{
    const base_slice_t brief = {value->mv_data, value->mv_size};
    dir_query_t *q = run->query;
    int pass, code = examine(run, id, &brief, &pass);

    q->seen++;
    if (code || !pass) {
        return code;
    }
    q->total++;
    if (run->sort) {
        return rank(run, id, &brief);
    }
    return q->total > q->skip && q->kept < q->max ? keep(run, id) : 0;
}

/* Only listed records have a brief. */
static int take_id(void *baton, apr_uint64_t id)
{
    run_t *run = baton;
    MDB_val key = {sizeof id, &id}, value;
    int code = mdb_get(run->reader.txn, run->reader.store->tables[DIR_TABLE_BRIEFS],
                       &key, &value);

    return code == MDB_NOTFOUND ? 0 : code ? code : take_brief(run, id, &value);
}

static int take_first(void *baton, apr_uint64_t id)
{
    *(apr_uint64_t *)baton = id;
    return DIR_ENOUGH;
}

/* Documents from that of `id` on. */
static int keep_from(run_t *run, apr_uint64_t id)
{
    MDB_val key = {sizeof id, &id}, value;
    MDB_cursor *docs;
    int listed, code = mdb_cursor_open(
                    run->reader.txn, run->reader.store->tables[DIR_TABLE_DOCS], &docs);

    if (code) {
        return code;
    }
    code = mdb_cursor_get(docs, &key, &value, MDB_SET_KEY);
    while (!code) {
        memcpy(&id, key.mv_data, sizeof id);
        code = keep_value(run, id, value, &listed);
        if (!code && run->query->kept == run->query->max) {
            break;
        }
        if (!code) {
            code = mdb_cursor_get(docs, &key, &value, MDB_NEXT);
        }
    }
    mdb_cursor_close(docs);
    return code == MDB_NOTFOUND ? 0 : code;
}

/* Nobody is asked about: the list of ids tells how many there are, and with which the
 * page begins. The documents follow in the same order. */
static int list(run_t *run)
{
    MDB_val key = {sizeof DIR_LISTED_KEY - 1, (void *)DIR_LISTED_KEY};
    dir_query_t *q = run->query;
    apr_uint64_t first = 0;
    MDB_stat stat;
    int code =
        mdb_stat(run->reader.txn, run->reader.store->tables[DIR_TABLE_LISTED], &stat);

    if (code) {
        return code;
    }
    q->total = (apr_int64_t)stat.ms_entries;
    if (q->max <= 0 || q->skip >= q->total) {
        return 0;
    }
    code = dir_each_id(&run->reader, &key, q->skip, take_first, &first);
    return code ? code : keep_from(run, first);
}

static int search_all(run_t *run)
{
    MDB_val key, value;
    apr_uint64_t id;
    int code = mdb_cursor_get(run->reader.cursor, &key, &value, MDB_FIRST);

    while (!code) {
        memcpy(&id, key.mv_data, sizeof id);
        code = take_brief(run, id, &value);
        if (code) {
            return code == MDB_NOTFOUND ? MDB_CORRUPTED : code;
        }
        code = mdb_cursor_get(run->reader.cursor, &key, &value, MDB_NEXT);
    }
    return code == MDB_NOTFOUND ? 0 : code;
}

static int search_key(run_t *run)
{
    dir_key_t cut;
    MDB_val key;

    dir_key_make(&cut, run->query->key, run->p);
    key.mv_size = cut.len;
    key.mv_data = cut.text;
    return cut.len ? dir_each_id(&run->reader, &key, 0, take_id, run) : 0;
}

static int search(run_t *run)
{
    const dir_query_t *q = run->query;

    run->query->seen = run->query->total = 0;
    return q->id              ? take_id(run, q->id)
           : q->key           ? search_key(run)
           : run->is_searched ? search_all(run)
                              : list(run);
}

/* The ids of the page in order; `listed` is how many records there are. */
static int find_page(run_t *run, apr_pool_t *p, apr_int64_t listed, apr_size_t *n,
                     apr_uint64_t **ids)
{
    const dir_query_t *q = run->query;
    const apr_int64_t left = listed - q->skip;
    dir_sort_t sort;
    int code;

    dir_sort_begin(&sort, p, q->descending, (apr_size_t)q->skip,
                   (apr_size_t)(q->max < left ? q->max : left), DIR_SORT_MAX);
    run->sort = &sort;
    do {
        code = search(run);
    } while (!code && dir_sort_again(&sort));
    run->sort = NULL;
    *n = code ? 0 : dir_sort_page(&sort, ids);
    return code;
}

/* Behind the last record there is no order to be found. What the order needs is given
 * back to the system at once, which the caller's pool might not do. */
static int search_in_order(run_t *run)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;
    apr_uint64_t *ids;
    apr_size_t i, n = 0;
    MDB_stat stat;
    int code =
        mdb_stat(run->reader.txn, run->reader.store->tables[DIR_TABLE_LISTED], &stat);

    if (code || (apr_uint64_t)run->query->skip >= stat.ms_entries) {
        return code ? code : search(run);
    }
    apr_allocator_create(&allocator);
    apr_pool_create_ex(&p, run->p, NULL, allocator);
    apr_allocator_owner_set(allocator, p);
    apr_pool_tag(p, "dir_sort");
    code = find_page(run, p, (apr_int64_t)stat.ms_entries, &n, &ids);
    for (i = 0; i < n && !code; i++) {
        code = keep(run, ids[i]);
    }
    apr_pool_destroy(p);
    return code == MDB_NOTFOUND ? MDB_CORRUPTED : code;
}

#define GUESS 16 /* results, when there may be fewer than asked for */

apr_status_t dir_query(dir_store_t *store, apr_pool_t *p, dir_query_t *query,
                       const base_env_t *env)
{
    const int sorts = query->order && query->max > 0;
    const int table = query->id              ? -1
                      : query->key           ? DIR_TABLE_INDEX + (int)query->index
                      : query->test || sorts ? DIR_TABLE_BRIEFS
                                             : DIR_TABLE_LISTED;
    run_t run = {.query = query,
                 .p = p,
                 .is_searched = table == DIR_TABLE_BRIEFS,
                 .insert_len = query->insert ? strlen(query->insert) : 0};
    apr_status_t rv = dir_reader_begin(&run.reader, store, table, env);
    int code;

    query->seen = query->total = 0;
    query->kept = 0;
    query->records = apr_array_make(p, GUESS, sizeof(dir_record_t));
    query->pieces = apr_array_make(p, GUESS, sizeof(base_slice_t));
    query->skip = query->skip > 0 ? query->skip : 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    code = sorts ? search_in_order(&run) : search(&run);
    return dir_reader_end(&run.reader, code);
}
