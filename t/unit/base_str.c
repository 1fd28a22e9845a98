/* Caseless comparison, hashes, numbers. */
#include "base_str.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

static void test_fold(apr_pool_t *p)
{
    static const struct {
        const char *in, *want, *name;
    } cases[] = {
        {"", "", "nothing"},
        {"ann@example.com", "ann@example.com", "folded already"},
        {"Ann@EXAMPLE.com", "ann@example.com", "ASCII"},
        {"J\xc3\x96RG", "j\xc3\xb6rg", "umlaut"},
        {"Jo\xcc\x88rg", "j\xc3\xb6rg", "a letter put together of two"},
        {"STRASSE", "strasse", "two letters"},
        {"Stra\xc3\x9f"
         "e",
         "strasse", "one letter that stands for two"},
        {"\xce\xa3\xce\xa3", "\xcf\x83\xcf\x83", "Greek"},
        {"\xcf\x82", "\xcf\x83", "a final letter"},
        {"A\xff\xfe"
         "B",
         "a\xff\xfe"
         "b",
         "no UTF-8: ASCII alone"},
        {"\xc3", "\xc3", "cut off"},
    };
    apr_size_t i;

    is_str(base_str_fold(p, NULL), NULL, "NULL");
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *folded = base_str_fold(p, cases[i].in);

        is_str(folded, cases[i].want, cases[i].name);
        is_str(base_str_fold(p, folded), folded, "to fold again changes nothing");
    }
}

static void test_same(void)
{
    static const struct {
        const char *a, *b;
        int want;
    } cases[] = {
        {"userName", "USERNAME", 1},
        {"", "", 1},
        {"a", "", 0},
        {"", "a", 0},
        {"ab", "a", 0},
        {"a", "ab", 0},
        {"a[", "a{", 0},
        {"a@", "a`", 0},
        {NULL, "a", 0},
        {"a", NULL, 0},
        {NULL, NULL, 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_int(base_str_same(cases[i].a, cases[i].b), cases[i].want,
               cases[i].a ? cases[i].a : "NULL");
    }
}

static void test_secrets(void)
{
    char secret[] = "secret";

    is_int(base_secret_equal("abc", "abc", 3), 1, "equal");
    is_int(base_secret_equal("abc", "abd", 3), 0, "not equal");
    is_int(base_secret_equal("abc", "abd", 2), 1, "as far as asked");
    is_int(base_secret_equal(NULL, "abc", 3), 0, "NULL equals nothing");
    is_int(base_secret_equal(NULL, NULL, 0), 0, "not even NULL");
    base_secret_clear(secret, sizeof secret);
    ok(!memcmp(secret, "\0\0\0\0\0\0", 7), "cleared");
}

static void test_hashes(apr_pool_t *p)
{
    is_str(base_sha256_hex(p, "abc", 3),
           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
           "FIPS 180-4: abc");
    is_str(base_sha256_hex(p, "", 0),
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
           "nothing");
    ok(base_sha256_u64("abc", 3) == APR_UINT64_C(0xba7816bf8f01cfea), "as a number");
}

static void test_numbers(void)
{
    static const struct {
        const char *in;
        apr_int64_t min, max;
        int good;
        apr_int64_t want;
    } cases[] = {
        {"0", 0, 10, 1, 0},
        {"10", 0, 10, 1, 10},
        {"11", 0, 10, 0, 0},
        {"-1", 0, 10, 0, 0},
        {"-1", -1, 10, 1, -1},
        {"007", 0, 10, 1, 7},
        {"", 0, 10, 0, 0},
        {NULL, 0, 10, 0, 0},
        {"-", -10, 10, 0, 0},
        {"--1", -10, 10, 0, 0},
        {"+1", 0, 10, 0, 0},
        {" 1", 0, 10, 0, 0},
        {"1 ", 0, 10, 0, 0},
        {"1x", 0, 10, 0, 0},
        {"0x5", 0, 10, 0, 0},
        {"1.0", 0, 10, 0, 0},
        {"9223372036854775807", 0, APR_INT64_MAX, 1, APR_INT64_MAX},
        {"9223372036854775808", 0, APR_INT64_MAX, 0, 0},
        {"-9223372036854775808", APR_INT64_MIN, 0, 1, APR_INT64_MIN},
        {"-9223372036854775809", APR_INT64_MIN, 0, 0, 0},
        {"99999999999999999999999", 0, APR_INT64_MAX, 0, 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        apr_int64_t n = 0;

        is_int(base_str_to_int(cases[i].in, cases[i].min, cases[i].max, &n),
               cases[i].good, cases[i].in ? cases[i].in : "NULL");
        is_int(n, cases[i].want, "its value");
    }
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_fold(p);
    test_same();
    test_secrets();
    test_hashes(p);
    test_numbers();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
