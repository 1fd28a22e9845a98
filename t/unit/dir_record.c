/* A record as bytes, and keys as they stand in an index. */
#include "dir_record.h"
#include "dir_test.h"

static void test_round_trip(apr_pool_t *p)
{
    dir_record_t in, out;
    MDB_val value;
    int i;

    memset(&in, 0, sizeof in);
    in.id = APR_UINT64_C(18446744073709551615);
    in.flags = DIR_LISTED | DIR_DETAILED;
    in.fetched = APR_INT64_C(1795248915125000);
    in.state = slice("state");
    in.memory = slice("m");
    in.keys[DIR_LOGIN] = "ann@example.com";
    in.keys[DIR_EMAIL] = "";
    in.keys[DIR_NUMBER] = "101";
    is_int(dir_record_encode(p, &in, &value), APR_SUCCESS, "encodes");
    is_int(dir_record_decode(&value, in.id, &out), 0, "decodes");
    ok(out.id == in.id, "id");
    is_int(out.flags, in.flags, "flags");
    is_int(out.fetched, in.fetched, "fetched");
    is_str(text_of(p, out.state), "state", "state");
    is_str(text_of(p, out.memory), "m", "memory");
    is_str(out.keys[DIR_LOGIN], "ann@example.com", "a key");
    is_str(out.keys[DIR_EMAIL], NULL, "an empty key is none");
    is_str(out.keys[DIR_FOREIGN], NULL, "no key");
    is_str(out.keys[DIR_NUMBER], "101", "the key after that");

    in.flags = DIR_LISTED | DIR_GONE;
    dir_record_encode(p, &in, &value);
    dir_record_decode(&value, in.id, &out);
    for (i = 0; i < DIR_INDEXES; i++) {
        is_str(out.keys[i], NULL, "a gravestone has no keys");
    }
}

static void test_documents(apr_pool_t *p)
{
    static const struct {
        unsigned flags;
        int listed;
    } cases[] = {{0, 0},
                 {DIR_LISTED, 1},
                 {DIR_LISTED | DIR_DETAILED, 1},
                 {DIR_LISTED | DIR_GONE, 0}};
    dir_record_t in, out;
    MDB_val value;
    apr_size_t i;
    int listed = 0;

    memset(&in, 0, sizeof in);
    in.mark = 77;
    in.version = "the third";
    in.doc = slice("{\"a\":1}");
    is_int(dir_doc_encode(p, &in, &value), APR_SUCCESS, "a document");
    is_int(dir_doc_decode(&value, &out, &listed), 0, "decodes");
    is_int(out.mark, 77, "mark");
    is_str(out.version, "the third", "version");
    is_str(text_of(p, out.doc), "{\"a\":1}", "doc");
    in.version = NULL;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        in.flags = cases[i].flags;
        dir_doc_encode(p, &in, &value);
        is_int(dir_doc_decode(&value, &out, &listed), 0, "decodes again");
        is_int(listed, cases[i].listed, "listed or not");
        is_str(out.version, NULL, "no version");
    }
    in.doc.len = (apr_size_t)DIR_RECORD_MAX + 1;
    is_int(dir_doc_encode(p, &in, &value), APR_EINVAL, "too large");
}

static void test_limits(apr_pool_t *p)
{
    dir_record_t in;
    MDB_val value;

    memset(&in, 0, sizeof in);
    is_int(dir_record_encode(p, &in, &value), APR_SUCCESS,
           "nothing at all is a record");
    in.state.data = apr_pcalloc(p, DIR_RECORD_MAX);
    in.state.len = DIR_RECORD_MAX;
    is_int(dir_record_encode(p, &in, &value), APR_EINVAL, "too large with its head");
    in.state.len = (apr_size_t)1 << 40;
    is_int(dir_record_encode(p, &in, &value), APR_EINVAL, "far too large");
}

/* Whatever lies in the file, decoding stays within it. */
static void test_damage(apr_pool_t *p)
{
    dir_record_t in = make_record(p, 1, "x"), out;
    MDB_val value, cut;
    apr_size_t i;
    int good = 0, wrong = 0;

    dir_record_encode(p, &in, &value);
    for (i = 0; i < value.mv_size; i++) {
        cut.mv_size = i;
        cut.mv_data = malloc(i ? i : 1);
        memcpy(cut.mv_data, value.mv_data, i);
        good += dir_record_decode(&cut, 1, &out) != MDB_CORRUPTED;
        free(cut.mv_data);
    }
    is_int(good, 0, "no shortened record is taken");
    for (i = 0; i < value.mv_size; i++) {
        char *bytes = apr_pmemdup(p, value.mv_data, value.mv_size);

        bytes[i] = (char)0xff;
        cut.mv_size = value.mv_size;
        cut.mv_data = bytes;
        if (dir_record_decode(&cut, 1, &out) == 0 &&
            (out.state.data < bytes ||
             out.state.data + out.state.len > bytes + cut.mv_size)) {
            wrong++;
        }
    }
    is_int(wrong, 0, "no altered record points elsewhere");
    ((char *)value.mv_data)[value.mv_size - 1] = 'x';
    is_int(dir_record_decode(&value, 1, &out), MDB_CORRUPTED, "a key without an end");
}

static void test_damaged_documents(apr_pool_t *p)
{
    dir_record_t in = make_record(p, 1, "x"), out;
    MDB_val value, cut;
    apr_size_t i;
    int wrong = 0, listed;

    dir_doc_encode(p, &in, &value);
    for (i = 0; i < value.mv_size - in.doc.len; i++) {
        cut.mv_size = i;
        cut.mv_data = malloc(i ? i : 1);
        memcpy(cut.mv_data, value.mv_data, i);
        wrong += dir_doc_decode(&cut, &out, &listed) != MDB_CORRUPTED;
        free(cut.mv_data);
    }
    is_int(wrong, 0, "no document without its version is taken");
    for (i = 0; i < value.mv_size; i++) {
        char *bytes = apr_pmemdup(p, value.mv_data, value.mv_size);

        bytes[i] = (char)0xff;
        cut.mv_size = value.mv_size;
        cut.mv_data = bytes;
        wrong +=
            dir_doc_decode(&cut, &out, &listed) == 0 &&
            (out.doc.data < bytes || out.doc.data + out.doc.len != bytes + cut.mv_size);
    }
    is_int(wrong, 0, "no altered document points elsewhere");
}

static char *long_key(apr_pool_t *p, apr_size_t len, char last)
{
    char *key = apr_palloc(p, len + 1);

    memset(key, 'k', len);
    key[len - 1] = last;
    key[len] = '\0';
    return key;
}

static void test_keys(apr_pool_t *p)
{
    static const struct {
        apr_size_t len, made;
        const char *name;
    } cases[] = {
        {1, 1, "one byte"},
        {510, 510, "the longest that stays"},
        {511, 511, "the shortest that is cut"},
        {512, 511, "longer than the limit"},
        {100000, 511, "very long"},
    };
    dir_key_t a, b;
    apr_size_t i;

    dir_key_make(&a, NULL, p);
    is_int(a.len, 0, "NULL is no key");
    dir_key_make(&a, "", p);
    is_int(a.len, 0, "empty is no key");
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        dir_key_make(&a, long_key(p, cases[i].len, 'a'), p);
        dir_key_make(&b, long_key(p, cases[i].len, 'b'), p);
        is_int(a.len, cases[i].made, cases[i].name);
        ok(a.len == b.len && memcmp(a.text, b.text, a.len) != 0, "still differs");
    }
    dir_key_make(&a, long_key(p, 600, 'a'), p);
    dir_key_make(&b, apr_pstrmemdup(p, a.text, a.len), p);
    ok(memcmp(a.text, b.text, a.len) != 0, "a cut key cannot be given as a short one");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    p = new_pool();
    test_round_trip(p);
    test_documents(p);
    test_limits(p);
    test_damage(p);
    test_damaged_documents(p);
    test_keys(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
