/* What one process sees of a store: reads, writes, indexes, lists, snapshots. */
#include "dir_test.h"

static void test_records(dir_store_t *store, apr_pool_t *p)
{
    dir_record_t record = make_record(p, 5, "a"), got;

    is_str(doc_of(store, p, 5), "none", "nothing there at first");
    record.flags |= DIR_DETAILED;
    record.mark = 9;
    record.state = slice("the state");
    record.memory = slice("the memory");
    is_int(put(store, p, record), APR_SUCCESS, "put");
    is_int(dir_get(store, p, 5, &got, &test_env), APR_SUCCESS, "get");
    ok(got.id == 5 && got.mark == 9 && got.fetched == 1005, "id, mark and time");
    is_int(got.flags, DIR_LISTED | DIR_DETAILED, "flags");
    is_str(text_of(p, got.doc), "doc 5 a", "doc");
    is_str(text_of(p, got.state), "the state", "state");
    is_str(text_of(p, got.memory), "the memory", "memory");
    is_str(got.keys[DIR_LOGIN], "user5", "key");

    put(store, p, make_record(p, 5, "b"));
    is_str(doc_of(store, p, 5), "doc 5 b", "put again replaces");
    is_str(text_of(p, got.doc), "doc 5 a", "what was read before is a copy");
    is_int(count_of(store), 1, "still one");
}

static void test_indexes(dir_store_t *store, apr_pool_t *p)
{
    dir_record_t a = make_record(p, 1, "a"), b = make_record(p, 2, "b");
    char *shared = apr_pstrdup(p, "Same.Text");

    dir_clear(store, &test_env);
    a.keys[DIR_EMAIL] = b.keys[DIR_EMAIL] = shared;
    b.keys[DIR_FOREIGN] = "f-2";
    put(store, p, b);
    put(store, p, a);
    is_str(found(store, p, DIR_LOGIN, "user1"), "1", "by login");
    is_str(found(store, p, DIR_LOGIN, "USER1"), "", "keys are compared as they are");
    is_str(found(store, p, DIR_LOGIN, "user"), "", "a beginning is no match");
    is_str(found(store, p, DIR_EMAIL, shared), "1 2", "two with one key, in order");
    is_str(found(store, p, DIR_FOREIGN, "f-2"), "2", "by foreign id");
    is_str(found(store, p, DIR_FOREIGN, ""), "", "the empty key finds nothing");
    is_str(found(store, p, DIR_FOREIGN, NULL), "", "no key finds nothing");
    is_str(found(store, p, DIR_NUMBER, "f-2"), "", "each index for itself");

    a.keys[DIR_EMAIL] = "new";
    put(store, p, a);
    is_str(found(store, p, DIR_EMAIL, shared), "2", "a changed key leaves its place");
    is_str(found(store, p, DIR_EMAIL, "new"), "1", "and is found in the other");
    is_str(found(store, p, DIR_LOGIN, "user1"), "1", "an unchanged key stays");
    a.keys[DIR_EMAIL] = NULL;
    put(store, p, a);
    is_str(found(store, p, DIR_EMAIL, "new"), "", "a key can go");

    b.flags = DIR_GONE | DIR_LISTED;
    put(store, p, b);
    is_str(found(store, p, DIR_FOREIGN, "f-2"), "", "a gravestone has no keys");
    is_int(count_of(store), 1, "a gravestone is not listed");
    is_str(doc_of(store, p, 2), "doc 2 b", "a gravestone is found by id");
    b.flags = DIR_LISTED;
    put(store, p, b);
    is_str(found(store, p, DIR_FOREIGN, "f-2"), "2", "and can come back");
    is_int(count_of(store), 2, "into the list, too");
    b.flags = 0;
    put(store, p, b);
    is_int(count_of(store), 1, "unlisted: not counted");
    is_str(found(store, p, DIR_FOREIGN, "f-2"), "2", "unlisted: in the indexes");
}

/* Where an entry of an index lies in the map: a page that is written moves. */
static const void *place_of(dir_store_t *store, dir_index_t index, const char *text)
{
    MDB_val key = {strlen(text), (void *)text}, value = {0, NULL};
    MDB_txn *txn;

    if (dir_enter(store, MDB_RDONLY, &txn, &test_env) == 0) {
        mdb_get(txn, store->tables[DIR_TABLE_INDEX + index], &key, &value);
        dir_leave(store, txn);
    }
    return value.mv_data;
}

static void test_untouched(dir_store_t *store, apr_pool_t *p)
{
    dir_record_t record = make_record(p, 1, "a");
    const void *login, *status;

    put(store, p, record);
    login = place_of(store, DIR_LOGIN, "user1");
    status = place_of(store, DIR_STATUS, "Enabled");
    ok(login && status, "entries lie in the map");
    record.doc = slice("another document");
    record.keys[DIR_STATUS] = "Disabled";
    put(store, p, record);
    ok(place_of(store, DIR_LOGIN, "user1") == login, "an unchanged key is not written");
    ok(place_of(store, DIR_STATUS, "Disabled") != status, "a changed one is");
}

static void test_long_keys(dir_store_t *store, apr_pool_t *p)
{
    dir_record_t a = make_record(p, 1, "a"), b = make_record(p, 2, "b"), got;
    char *ka = apr_pcalloc(p, 2001), *kb = apr_pcalloc(p, 2001);

    memset(ka, 'x', 2000);
    memset(kb, 'x', 2000);
    kb[1999] = 'y';
    a.keys[DIR_LOGIN] = ka;
    b.keys[DIR_LOGIN] = kb;
    is_int(put(store, p, a), APR_SUCCESS, "a key of 2,000 bytes");
    is_int(put(store, p, b), APR_SUCCESS, "another that differs at the end");
    is_str(found(store, p, DIR_LOGIN, ka), "1", "the one is found");
    is_str(found(store, p, DIR_LOGIN, kb), "2", "the other is found");
    dir_get(store, p, 2, &got, &test_env);
    is_str(got.keys[DIR_LOGIN], kb, "a record keeps the whole key");
    put(store, p, make_record(p, 2, "b"));
    is_str(found(store, p, DIR_LOGIN, kb), "", "and it leaves the index");
}

static apr_status_t remove_it(void *baton, dir_txn_t *txn)
{
    return dir_txn_remove(txn, *(apr_uint64_t *)baton);
}

static void test_remove(dir_store_t *store, apr_pool_t *p)
{
    apr_uint64_t id = 7;

    dir_clear(store, &test_env);
    put(store, p, make_record(p, 7, "a"));
    put(store, p, make_record(p, 8, "b"));
    is_int(dir_change(store, p, remove_it, &id, &test_env), APR_SUCCESS, "remove");
    is_str(doc_of(store, p, 7), "none", "is gone");
    is_str(found(store, p, DIR_LOGIN, "user7"), "", "from the index, too");
    is_str(found(store, p, DIR_STATUS, "Enabled"), "8", "its neighbour stays");
    is_int(count_of(store), 1, "one left");
    is_int(dir_change(store, p, remove_it, &id, &test_env), APR_SUCCESS,
           "removing what is not there is no error");
}

static const char *value_of(dir_store_t *store, apr_pool_t *p, const char *name)
{
    base_slice_t value;
    apr_status_t rv = dir_value(store, p, name, &value, &test_env);

    return rv == APR_SUCCESS    ? text_of(p, value)
           : rv == APR_NOTFOUND ? "none"
                                : "error";
}

static void test_values(dir_store_t *store, apr_pool_t *p)
{
    dir_txn_t *txn;

    is_str(value_of(store, p, "a"), "none", "no value at first");
    dir_begin(store, &txn, p, &test_env);
    is_int(dir_txn_set(txn, "a", "one", 3), APR_SUCCESS, "set");
    is_int(dir_txn_set(txn, "empty", "", 0), APR_SUCCESS, "set to nothing");
    is_int(dir_txn_set(txn, "b", NULL, 0), APR_SUCCESS, "remove what is not there");
    is_str(value_of(store, p, "a"), "none", "not seen before the commit");
    is_int(dir_commit(txn), APR_SUCCESS, "commit");
    is_str(value_of(store, p, "a"), "one", "seen after it");
    is_str(value_of(store, p, "empty"), "", "an empty value is a value");
    dir_begin(store, &txn, p, &test_env);
    dir_txn_set(txn, "a", NULL, 0);
    dir_commit(txn);
    is_str(value_of(store, p, "a"), "none", "removed");
    is_int(logged("SCIMRC"), 0, "none of this is worth a line in the log");
    dir_begin(store, &txn, p, &test_env);
    is_int(dir_txn_set(txn, "big", "x", (apr_size_t)17 << 20), APR_EINVAL, "too large");
    dir_abort(txn);
    ok(logged("SCIMRC0305"), "which is logged");
}

static void test_transactions(dir_store_t *store, apr_pool_t *p)
{
    apr_pool_t *sub;
    dir_record_t record, changed;
    dir_txn_t *txn;

    dir_clear(store, &test_env);
    put(store, p, make_record(p, 1, "old"));
    record = make_record(p, 1, "new");
    dir_begin(store, &txn, p, &test_env);
    dir_txn_put(txn, &record);
    is_int(dir_txn_get(txn, 1, &changed), APR_SUCCESS, "a transaction");
    is_str(text_of(p, changed.doc), "doc 1 new", "sees its own writes");
    is_str(doc_of(store, p, 1), "doc 1 old", "others do not");
    dir_abort(txn);
    is_str(doc_of(store, p, 1), "doc 1 old", "an abort leaves the old state");

    apr_pool_create(&sub, p);
    dir_begin(store, &txn, sub, &test_env);
    dir_txn_put(txn, &record);
    apr_pool_destroy(sub);
    is_str(doc_of(store, p, 1), "doc 1 old", "clearing its pool aborts");

    dir_begin(store, &txn, p, &test_env);
    is_int(dir_txn_get(txn, 99, &changed), APR_NOTFOUND, "not found in a transaction");
    dir_txn_get(txn, 1, &changed);
    changed.mark = 3;
    changed.memory = slice("remembered");
    is_int(dir_txn_put(txn, &changed), APR_SUCCESS,
           "what was read is put back changed");
    is_int(dir_commit(txn), APR_SUCCESS, "commit");
    is_str(doc_of(store, p, 1), "doc 1 old", "with its document");
    is_str(found(store, p, DIR_LOGIN, "user1"), "1", "and its keys");
}

static apr_status_t fill(void *baton, dir_txn_t *txn)
{
    const int *range = baton;
    apr_pool_t *p = new_pool();
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = range[0]; rv == APR_SUCCESS && i < range[1]; i++) {
        dir_record_t record = make_record(p, (apr_uint64_t)i * 3, "filled");

        if (i % 10 == 0) {
            record.flags = DIR_DETAILED;
        }
        rv = dir_txn_put(txn, &record);
    }
    apr_pool_destroy(p);
    return rv;
}

static const char *page(dir_store_t *store, apr_pool_t *p, int skip, int max)
{
    dir_query_t query = {.skip = skip, .max = max};
    const dir_record_t *r;
    int n;

    if (dir_query(store, p, &query, &test_env) != APR_SUCCESS) {
        return "error";
    }
    n = query.records->nelts;
    r = (const dir_record_t *)query.records->elts;
    return n ? apr_psprintf(p, "%d: %" APR_UINT64_T_FMT " to %" APR_UINT64_T_FMT, n,
                            r[0].id, r[n - 1].id)
             : "nothing";
}

static void test_lists(dir_store_t *store, apr_pool_t *p)
{
    static const struct {
        int skip, max;
        const char *want;
    } cases[] = {
        /* 1 to 5,556 without each tenth are 5,001; the n-th of them times 3 */
        {0, 1, "1: 3 to 3"},
        {0, 9, "9: 3 to 27"},
        {9, 2, "2: 33 to 36"},
        {0, 5001, "5001: 3 to 16668"},
        {1, 6000, "5000: 6 to 16668"},
        {4500, 100, "100: 15003 to 15333"},
        {5000, 10, "1: 16668 to 16668"},
        {5001, 10, "nothing"},
        {100000, 10, "nothing"},
        {10, 0, "nothing"},
        {0, -1, "nothing"},
        {-5, 2, "2: 3 to 6"},
    };
    int all[] = {1, 5557}, wrong = 0, seen = 0, i, j;
    apr_uint64_t last = 0;

    dir_clear(store, &test_env);
    is_str(page(store, p, 0, 10), "nothing", "the list of an empty store");
    is_int(dir_change(store, p, fill, all, &test_env), APR_SUCCESS, "5,556 records");
    is_int(count_of(store), 5001, "of them 5,001 listed");
    for (i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        is_str(page(store, p, cases[i].skip, cases[i].max), cases[i].want,
               apr_psprintf(p, "%d after %d", cases[i].max, cases[i].skip));
    }
    for (i = 0; i < 5001; i += 137) {
        dir_query_t query = {.skip = i, .max = 137};

        dir_query(store, p, &query, &test_env);
        wrong += query.total != 5001;
        for (j = 0; j < query.records->nelts; j++, seen++) {
            const dir_record_t *r = &APR_ARRAY_IDX(query.records, j, dir_record_t);

            wrong += r->id <= last ||
                     strcmp(text_of(p, r->doc), doc_of(store, p, r->id)) != 0;
            last = r->id;
        }
    }
    is_int(seen, 5001, "pages put together are the whole");
    is_int(wrong, 0, "in order, and each with its own document");
}

/* ---- queries ---- */

/* What a test was shown, and what it is to let pass. */
typedef struct sieve_t {
    apr_pool_t *p;
    const char *brief; /* lets these pass; NULL: every other one */
    int asked, docs;
} sieve_t;

static int passes(void *baton, const base_slice_t *brief, const base_slice_t *doc)
{
    sieve_t *s = baton;

    s->asked++;
    if (doc) {
        s->docs++;
        return strstr(text_of(s->p, *doc), "bare") != NULL;
    }
    return s->brief ? !strcmp(text_of(s->p, *brief), s->brief) : s->asked % 2;
}

/* "total: ids" */
static const char *answer(dir_store_t *store, apr_pool_t *p, dir_query_t query)
{
    return dir_query(store, p, &query, &test_env) == APR_SUCCESS
               ? apr_psprintf(p, "%d of %d: %s", query.kept, (int)query.total,
                              ids_of(p, query.records))
               : "error";
}

/* 1 to 9: "odd" and "even" ones, of which 3 and 4 have one foreign id, 5 is not
 * listed, 6 is gone and 7 has no brief. */
static void put_nine(dir_store_t *store, apr_pool_t *p)
{
    int i;

    dir_clear(store, &test_env);
    for (i = 9; i > 0; i--) {
        dir_record_t r = make_record(p, (apr_uint64_t)i, i % 2 ? "odd" : "even");

        r.mark = 4;
        r.keys[DIR_FOREIGN] = i == 3 || i == 4 || i == 5 ? "shared" : NULL;
        r.flags = i == 5 ? DIR_DETAILED : i == 6 ? DIR_LISTED | DIR_GONE : DIR_LISTED;
        if (i == 7) {
            r.doc = slice("doc 7 bare");
            r.brief.len = 0;
        }
        put(store, p, r);
    }
}

static void test_queries(dir_store_t *store, apr_pool_t *p)
{
    sieve_t odd = {p, "odd", 0, 0}, other = {p, NULL, 0, 0};
    const struct {
        const char *name;
        dir_query_t query;
        const char *want;
    } cases[] = {
        {"all", {.max = 99}, "7 of 7: 1 2 3 4 7 8 9"},
        {"a page of all", {.skip = 3, .max = 2}, "2 of 7: 4 7"},
        {"what passes", {.test = passes, .baton = &odd, .max = 99}, "4 of 4: 1 3 7 9"},
        {"a page", {.test = passes, .baton = &odd, .skip = 1, .max = 2}, "2 of 4: 3 7"},
        {"their number", {.test = passes, .baton = &odd}, "0 of 4: "},
        {"behind the end",
         {.test = passes, .baton = &odd, .skip = 4, .max = 2},
         "0 of 4: "},
        {"with a key",
         {.index = DIR_FOREIGN, .key = "shared", .max = 99},
         "2 of 2: 3 4"},
        {"with a key, and passing",
         {.index = DIR_FOREIGN,
          .key = "shared",
          .test = passes,
          .baton = &odd,
          .max = 9},
         "1 of 1: 3"},
        {"a page of those with a key",
         {.index = DIR_FOREIGN, .key = "shared", .skip = 1, .max = 9},
         "1 of 2: 4"},
        {"with a key that nobody has",
         {.index = DIR_FOREIGN, .key = "none", .max = 9},
         "0 of 0: "},
        {"with an empty key", {.index = DIR_FOREIGN, .key = "", .max = 9}, "0 of 0: "},
        {"one", {.id = 3, .max = 9}, "1 of 1: 3"},
        {"one that passes",
         {.id = 3, .test = passes, .baton = &odd, .max = 9},
         "1 of 1: 3"},
        {"one that does not",
         {.id = 4, .test = passes, .baton = &odd, .max = 9},
         "0 of 0: "},
        {"one that is not listed", {.id = 5, .max = 9}, "0 of 0: "},
        {"one that is gone", {.id = 6, .max = 9}, "0 of 0: "},
        {"one that never was", {.id = 77, .max = 9}, "0 of 0: "},
    };
    dir_query_t query = {.test = passes, .baton = &other, .max = 1};
    dir_record_t record;
    apr_size_t i;

    put_nine(store, p);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_str(answer(store, p, cases[i].query), cases[i].want, cases[i].name);
    }
    ok(odd.docs > 0 && odd.docs < odd.asked, "a document is shown in place of a brief");
    dir_query(store, p, &query, &test_env);
    is_int(other.asked, 7, "each is asked about once");
    is_int(query.seen, 7, "and counted");
    is_int(dir_get_doc(store, p, 4, &record, &test_env), APR_SUCCESS, "one document");
    is_str(text_of(p, record.doc), "doc 4 even", "as it was stored");
    is_str(record.version, "of even", "with its version");
    is_int(record.mark, 4, "and its mark");
    is_int(dir_get_doc(store, p, 5, &record, &test_env), APR_NOTFOUND, "not listed");
    is_int(dir_get_doc(store, p, 6, &record, &test_env), APR_NOTFOUND, "gone");
}

static const char *joined(dir_store_t *store, apr_pool_t *p, dir_query_t query,
                          int *pieces)
{
    const char *all = "";
    int i;

    if (dir_query(store, p, &query, &test_env) != APR_SUCCESS) {
        return "error";
    }
    for (i = 0; i < query.pieces->nelts; i++) {
        all = apr_pstrcat(
            p, all, text_of(p, APR_ARRAY_IDX(query.pieces, i, base_slice_t)), NULL);
    }
    *pieces = query.pieces->nelts;
    return all;
}

static void test_joining(dir_store_t *store, apr_pool_t *p)
{
    dir_record_t long_one = make_record(p, 8, "long");
    char *text = apr_palloc(p, 100001);
    const char *all;
    int pieces;

    put_nine(store, p);
    is_str(joined(store, p, (dir_query_t){.max = 2, .insert = "<>"}, &pieces),
           "doc <>1 odd,doc <>2 even", "joined, with the text at the mark");
    is_str(joined(store, p, (dir_query_t){.max = 9, .skip = 6, .insert = ""}, &pieces),
           "doc 9 odd", "without any");
    is_str(joined(store, p, (dir_query_t){.max = 0, .insert = "x"}, &pieces), "",
           "nothing");
    memset(text, 'x', 100000);
    text[100000] = '\0';
    long_one.doc = slice(text);
    long_one.mark = 200000; /* behind the end: damage, which does no harm */
    put(store, p, long_one);
    all = joined(store, p, (dir_query_t){.max = 99, .insert = "<>"}, &pieces);
    is_int(strlen(all), 100000 + 5 * 10 + 9 - 2 + 6 * 2 + 2 + 6, "a long one too");
    is_int(pieces, 3, "in few pieces");
    is_str(strrchr(all, ','), ",doc <>9 odd", "to the last");
}

/* "odd" before "even"; the one without a brief is "bare". */
static base_slice_t backwards(void *baton, const base_slice_t *brief,
                              const base_slice_t *doc)
{
    static char key[4];
    base_slice_t none = {NULL, 0}, some = {key, 1};

    if (doc) {
        return *(int *)baton ? slice("bare, and longer than the head of a key") : none;
    }
    *key = brief->len == 3 ? 'a' : 'b';
    return some;
}

static int is_even(void *baton, const base_slice_t *brief, const base_slice_t *doc)
{
    return !doc && brief->len == 4;
}

static void test_orders(dir_store_t *store, apr_pool_t *p)
{
    int known = 0;
    const struct {
        const char *name;
        dir_query_t query;
        const char *want;
    } cases[] = {
        {"all", {.max = 99}, "7 of 7: 1 3 9 2 4 8 7"},
        {"descending", {.max = 99, .descending = 1}, "7 of 7: 7 2 4 8 1 3 9"},
        {"a page", {.skip = 2, .max = 3}, "3 of 7: 9 2 4"},
        {"the last page", {.skip = 5, .max = 3}, "2 of 7: 8 7"},
        {"behind the end", {.skip = 7, .max = 3}, "0 of 7: "},
        {"their number", {.max = 0}, "0 of 7: "},
        {"what passes", {.test = is_even, .skip = 1, .max = 9}, "2 of 3: 4 8"},
        {"behind what passes", {.test = is_even, .skip = 3, .max = 9}, "0 of 3: "},
        {"with a key",
         {.index = DIR_FOREIGN, .key = "shared", .max = 9, .descending = 1},
         "2 of 2: 4 3"},
        {"one", {.id = 3, .max = 9}, "1 of 1: 3"},
    };
    apr_size_t i;
    int pieces;

    put_nine(store, p);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        dir_query_t query = cases[i].query;

        query.order = backwards;
        query.baton = &known;
        is_str(answer(store, p, query), cases[i].want,
               apr_pstrcat(p, "in an order: ", cases[i].name, NULL));
    }
    is_str(joined(store, p,
                  (dir_query_t){.max = 2,
                                .descending = 1,
                                .insert = "<>",
                                .order = backwards,
                                .baton = &known},
                  &pieces),
           "doc <>7 bare,doc <>2 even", "joined in an order");
    known = 1;
    is_str(
        answer(store, p, (dir_query_t){.max = 9, .order = backwards, .baton = &known}),
        "7 of 7: 1 3 9 2 4 8 7", "by the key of a document");
}

#define MANY 70000

static int count_them(void *baton, const base_slice_t *brief, const base_slice_t *doc)
{
    ++*(int *)baton;
    return 1;
}

/* The id turned round, so that the order is quite another one. */
static base_slice_t by_last_digits(void *baton, const base_slice_t *brief,
                                   const base_slice_t *doc)
{
    static char key[8];
    const base_slice_t whole = {key, brief->len};
    apr_size_t i;

    for (i = 0; i < brief->len; i++) {
        key[i] = brief->data[brief->len - 1 - i];
    }
    return whole;
}

static apr_status_t put_many(void *baton, dir_txn_t *txn)
{
    apr_status_t rv = APR_SUCCESS;
    apr_uint64_t id;

    for (id = 100000; id < 100000 + MANY && rv == APR_SUCCESS; id++) {
        char text[8];
        dir_record_t record = {.id = id, .flags = DIR_LISTED};

        apr_snprintf(text, sizeof text, "%" APR_UINT64_T_FMT, id);
        record.doc = record.brief = record.state = slice(text);
        rv = dir_txn_put(txn, &record);
    }
    return rv;
}

/* More than are remembered: what is on the last page needs a second pass. */
static void test_long_order(dir_store_t *store, apr_pool_t *p)
{
    int asked = 0;
    dir_query_t query = {.skip = MANY - 3,
                         .max = 5,
                         .order = by_last_digits,
                         .test = count_them,
                         .baton = &asked};

    dir_clear(store, &test_env);
    is_int(dir_change(store, p, put_many, NULL, &test_env), APR_SUCCESS, "very many");
    is_str(answer(store, p, query),
           apr_psprintf(p, "3 of %d: 149999 159999 169999", MANY), "the last page");
    is_int(asked, 2 * MANY, "each is asked about twice");
    query.descending = 1;
    query.skip = 1;
    query.max = 2;
    is_str(answer(store, p, query), apr_psprintf(p, "2 of %d: 159999 149999", MANY),
           "from the other end");
    is_int(asked, 3 * MANY, "once");
}

typedef struct visit_t {
    dir_store_t *store;
    apr_pool_t *p;
    int seen, stop_at, changed;
    apr_uint64_t last;
    int disorder;
} visit_t;

static apr_status_t visit(void *baton, const dir_record_t *record)
{
    visit_t *v = baton;

    v->disorder += v->seen && record->id <= v->last;
    v->last = record->id;
    return ++v->seen == v->stop_at ? APR_EOF : APR_SUCCESS;
}

/* Changes the store while it is being scanned. */
static apr_status_t visit_and_change(void *baton, const dir_record_t *record)
{
    visit_t *v = baton;

    if (!v->seen++) {
        put(v->store, v->p, make_record(v->p, 30000, "late"));
        put(v->store, v->p, make_record(v->p, 6, "changed"));
    }
    v->changed +=
        record->id == 30000 || strstr(text_of(v->p, record->state), "changed");
    return APR_SUCCESS;
}

static int scan(dir_store_t *store, unsigned flags, int *disorder)
{
    visit_t v = {store, NULL, 0, 0, 0, 0, 0};

    is_int(dir_scan(store, flags, visit, &v, &test_env), APR_SUCCESS, "scan");
    *disorder = v.disorder;
    return v.seen;
}

static void test_scans(dir_store_t *store, apr_pool_t *p)
{
    visit_t v = {store, p, 0, 4, 0, 0, 0};
    int disorder;

    is_int(scan(store, 0, &disorder), 5556, "all records");
    is_int(disorder, 0, "in order");
    is_int(scan(store, DIR_LISTED, &disorder), 5001, "the listed ones");
    is_int(scan(store, DIR_DETAILED | DIR_LISTED, &disorder), 5556, "either flag");
    is_int(scan(store, DIR_GONE, &disorder), 0, "no gravestones");
    is_int(dir_scan(store, 0, visit, &v, &test_env), APR_EOF, "a visitor can end it");
    is_int(v.seen, 4, "at once");
    v.seen = 0;
    dir_scan(store, 0, visit_and_change, &v, &test_env);
    is_int(v.seen, 5556, "a scan sees the state it began with");
    is_int(v.changed, 0, "and none of what is written meanwhile");
    is_str(doc_of(store, p, 6), "doc 6 changed", "which is there afterwards");
}

static void test_find_many(dir_store_t *store, apr_pool_t *p)
{
    apr_array_header_t *records;

    dir_find(store, p, DIR_STATUS, "Enabled", 3, &records, &test_env);
    is_str(ids_of(p, records), "3 6 9", "as many as asked for, lowest ids first");
    dir_find(store, p, DIR_STATUS, "Enabled", 100000, &records, &test_env);
    is_int(records->nelts, 5557, "or all of them");
}

static void test_clear(dir_store_t *store, apr_pool_t *p)
{
    dir_txn_t *txn;

    dir_begin(store, &txn, p, &test_env);
    dir_txn_set(txn, "name", "value", 5);
    dir_commit(txn);
    is_int(dir_clear(store, &test_env), APR_SUCCESS, "clear");
    is_int(count_of(store), 0, "nothing listed");
    is_str(doc_of(store, p, 6), "none", "no record");
    is_str(found(store, p, DIR_STATUS, "Enabled"), "", "no index");
    is_str(value_of(store, p, "name"), "none", "no value");
    is_int(put(store, p, make_record(p, 1, "x")), APR_SUCCESS, "still of use");
    ok(dir_size(store) > 0, "it has a size");
    is_int(dir_flush(store, &test_env), APR_SUCCESS, "flush");
    is_int(dir_flush(store, &test_env), APR_SUCCESS, "flush with nothing to do");
}

static void test_shared_handle(const char *path, dir_store_t *store, apr_pool_t *p)
{
    apr_pool_t *other = new_pool();
    dir_store_t *again = open_store(other, apr_pstrcat(p, path, "/.", NULL));

    ok(again == store, "a folder is opened once, whatever its name");
    apr_pool_destroy(other);
    is_str(doc_of(store, p, 1), "doc 1 x", "the first is of use when the other closes");
}

static void run(apr_pool_t *p, const char *path)
{
    dir_store_t *store = open_store(p, path);
    struct stat file;

    if (!ok(store != NULL, "opens a folder that is not there")) {
        return;
    }
    stat(path, &file);
    is_int(file.st_mode & 0777, 0700, "nobody else may enter it");
    stat(apr_pstrcat(p, path, "/data.mdb", NULL), &file);
    is_int(file.st_mode & 0777, 0600, "or read its files");
    test_records(store, p);
    test_indexes(store, p);
    test_untouched(store, p);
    test_long_keys(store, p);
    test_remove(store, p);
    test_values(store, p);
    test_transactions(store, p);
    test_lists(store, p);
    test_scans(store, p);
    test_find_many(store, p);
    test_queries(store, p);
    test_joining(store, p);
    test_orders(store, p);
    test_long_order(store, p);
    test_clear(store, p);
    test_shared_handle(path, store, p);
    ok(!logged("SCIMRC"), "nothing to complain of");
}

int main(void)
{
    apr_pool_t *names, *p;
    const char *outer, *path;

    apr_initialize();
    names = new_pool();
    p = new_pool();
    outer = new_folder(names);
    path = apr_pstrcat(names, outer, "/a", NULL);
    run(p, path);
    apr_pool_destroy(p);
    remove_folder(path);
    remove_folder(outer);
    apr_pool_destroy(names);
    apr_terminate();
    return done_testing();
}
