/* jansson on pools: limits, dotted paths, names in any case, escapes. */
#include "base_json.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

static json_t *parse(apr_pool_t *p, const char *text)
{
    return base_json_parse(p, text, strlen(text), 32, 0, NULL);
}

static void test_parse(apr_pool_t *p)
{
    static const struct {
        const char *text;
        int depth, flags;
        const char *want, *problem;
    } cases[] = {
        {"{}", 1, 0, "{}", NULL},
        {" [1, 2] ", 1, 0, "[1,2]", NULL},
        {"\"text\"", 0, 0, "\"text\"", NULL},
        {"null", 0, 0, "null", NULL},
        {"-12", 0, 0, "-12", NULL},
        {"{\"a\":[{}]}", 3, 0, "{\"a\":[{}]}", NULL},
        {"{\"a\":[{}]}", 2, 0, NULL, "nested more than 2 deep"},
        {"[[],[],[]]", 2, 0, "[[],[],[]]", NULL},
        {"\"[[[[\"", 0, 0, "\"[[[[\"", NULL},
        {"[\"\\\"[[[\"]", 1, 0, "[\"\\\"[[[\"]", NULL},
        {"[\"\\\\\",[]]", 1, 0, NULL, "nested more than 1 deep"},
        {"{\"a\":1,\"a\":2}", 1, 0, "{\"a\":2}", NULL},
        {"{\"a\":1,\"a\":2}", 1, BASE_JSON_UNIQUE, NULL, "duplicate object key"},
        {"", 1, 0, NULL, "(line "},
        {"{", 1, 0, NULL, "(line 1, column 1)"},
        {"{}x", 1, 0, NULL, "(line 1, column 3)"},
        {"{'a':1}", 1, 0, NULL, "(line 1"},
        {"[1,]", 1, 0, NULL, "(line 1"},
        {"[01]", 1, 0, NULL, "(line 1"},
        {"[\"\xff\"]", 1, 0, NULL, "unable to decode"},
        {"[\"\\u0000\"]", 1, 0, NULL, "\\u0000 is not allowed (line 1, column "},
        {"{\"\\u0000\":1}", 1, 0, NULL, "NUL byte in object key"},
        {"[\"\\ud800\"]", 1, 0, NULL, "(line 1"},
        {"[1e999]", 1, 0, NULL, "overflow"},
        {"[99999999999999999999]", 1, 0, NULL, "too big"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem = NULL;
        json_t *json = base_json_parse(p, cases[i].text, strlen(cases[i].text),
                                       cases[i].depth, cases[i].flags, &problem);

        is_str(json ? base_json_text(p, json, NULL) : NULL, cases[i].want,
               cases[i].text);
        if (!ok(cases[i].problem ? problem && strstr(problem, cases[i].problem) != NULL
                                 : !problem,
                "what is wrong")) {
            printf("# %s\n", problem ? problem : "nothing");
        }
    }
    ok(!base_json_parse(p, NULL, 0, 1, 0, NULL), "nothing at all");
    ok(base_json_parse(p, "[1]x", 3, 1, 0, NULL) != NULL, "as many bytes as said");
}

static void test_text(apr_pool_t *p)
{
    static const char text[] = "{\"b\":1,\"a\":\"\xc3\xb6/\\n\",\"c\":[true,null]}";
    apr_size_t len = 0;

    is_str(base_json_text(p, parse(p, text), &len), text, "order and letters are kept");
    is_int(len, sizeof text - 1, "its length");
}

static void test_copy(apr_pool_t *p)
{
    json_t *json = parse(p, "{\"schemas\":[\"urn:a:b\"],\"name\":{\"givenName\":\"J\"},"
                            "\"emails\":[{\"type\":\"work\",\"value\":\"a@b.c\"},{}]}");
    json_t *copy = base_json_own(p, base_json_copy(json));
    const char *before = base_json_text(p, json, NULL);

    ok(json_equal(json, copy), "a copy");
    base_json_set_at(copy, "name.givenName", json_string("X"));
    json_object_set_new(json_array_get(json_object_get(copy, "emails"), 0), "value",
                        json_string("Y"));
    json_array_clear(json_object_get(copy, "schemas"));
    is_str(base_json_text(p, json, NULL), before, "a change of it does not show");
    ok(!base_json_copy(NULL), "of nothing");
    is_str(base_json_text(p, NULL, NULL), "", "no text of nothing");
}

static void test_paths(apr_pool_t *p)
{
    json_t *json =
        parse(p, "{\"a\":{\"b\":{\"c\":\"deep\"},\"n\":12,\"t\":true,\"f\":false},"
                 "\"s\":\"text\",\"r\":1.5,\"l\":[{\"x\":1}]}");

    is_str(base_json_string(json, "s"), "text", "a string");
    is_str(base_json_string(json, "a.b.c"), "deep", "deep inside");
    is_str(base_json_string(json, "a.b"), NULL, "an object is no string");
    is_str(base_json_string(json, "a.x.c"), NULL, "a step that is not there");
    is_str(base_json_string(json, "s.x"), NULL, "a step that is no object");
    is_str(base_json_string(json, "l.x"), NULL, "nor is a list");
    is_str(base_json_string(NULL, "s"), NULL, "no document");
    is_int(base_json_int(json, "a.n", 7), 12, "a number");
    is_int(base_json_int(json, "r", 7), 7, "no whole number");
    is_int(base_json_int(json, "s", 7), 7, "no number");
    is_int(base_json_true(json, "a.t"), 1, "true");
    is_int(base_json_true(json, "a.f"), 0, "false");
    is_int(base_json_true(json, "a.n"), 0, "a number is not true");
    ok(base_json_at(json, "a.b") == json_object_get(json_object_get(json, "a"), "b"),
       "borrowed from the document");
}

static void test_set(apr_pool_t *p)
{
    json_t *json = parse(p, "{\"a\":1}");

    is_int(base_json_set_at(json, "b", json_integer(2)), 0, "a member");
    is_int(base_json_set_at(json, "c.d.e", json_true()), 0, "with its way");
    is_int(base_json_set_at(json, "c.d.f", json_false()), 0, "beside another");
    is_int(base_json_set_at(json, "a.x", json_null()), 0,
           "what is no object gives way");
    is_str(base_json_text(p, json, NULL),
           "{\"a\":{\"x\":null},\"b\":2,\"c\":{\"d\":{\"e\":true,\"f\":false}}}",
           "all");
    is_int(base_json_set_at(parse(p, "[]"), "a", json_integer(1)), -1, "not in a list");
    is_int(base_json_set_at(parse(p, "[]"), "a.b", json_integer(1)), -1,
           "nor below a list");
    is_int(base_json_set_at(NULL, "a", json_integer(1)), -1, "nor in nothing");
}

static void test_members(apr_pool_t *p)
{
    json_t *json = parse(p, "{\"USERNAME\":1,\"userName\":2,\"Active\":3}");

    is_int(json_integer_value(base_json_member(json, "userName")), 2, "the exact one");
    is_int(json_integer_value(base_json_member(json, "active")), 3, "in any case");
    ok(json_integer_value(base_json_member(json, "username")) > 0, "one of two");
    ok(!base_json_member(json, "act"), "not a beginning");
    ok(!base_json_member(NULL, "act"), "not of nothing");
}

static void test_escape(apr_pool_t *p)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"a\"b\\c", "a\\\"b\\\\c"},
        {"tab\tline\n", "tab\\tline\\n"},
        {"\x01", "\\u0001"},
        {"\xc3\xb6", "\xc3\xb6"},
        {"\xff", ""},
        {NULL, ""},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_str(base_json_escape(p, cases[i].in), cases[i].want, "escape");
    }
}

static void test_owner(apr_pool_t *p)
{
    json_t *json = json_object();
    apr_pool_t *sub;

    apr_pool_create(&sub, p);
    ok(base_json_own(sub, json_incref(json)) == json, "given to a pool");
    ok(base_json_own(sub, NULL) == NULL, "NULL stays NULL");
    is_int(json->refcount, 2, "held by two");
    apr_pool_destroy(sub);
    is_int(json->refcount, 1, "then by one");
    json_decref(json);
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_parse(p);
    test_text(p);
    test_copy(p);
    test_paths(p);
    test_set(p);
    test_members(p);
    test_escape(p);
    test_owner(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
