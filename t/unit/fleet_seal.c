/* What is sealed opens under the same key and as the same thing, and not otherwise. */
#include "fleet_seal.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

typedef unsigned char seal_key_t[FLEET_KEY_SIZE];

static base_slice_t slice(const char *text)
{
    return (base_slice_t){text, strlen(text)};
}

static void test_keys(void)
{
    seal_key_t a, again, other_secret, other_scope;

    is_int(fleet_seal_key("secret", "scope", a), APR_SUCCESS, "a key");
    fleet_seal_key("secret", "scope", again);
    fleet_seal_key("secreT", "scope", other_secret);
    fleet_seal_key("secret", "scopE", other_scope);
    ok(!memcmp(a, again, sizeof a), "the same for the same");
    ok(memcmp(a, other_secret, sizeof a), "another secret has another");
    ok(memcmp(a, other_scope, sizeof a), "another scope has another");
}

static void test_round(apr_pool_t *p)
{
    static const char *const texts[] = {"", "x", "a token of some length"};
    char *large = apr_palloc(p, 1000001);
    base_slice_t plain, sealed, again, opened;
    seal_key_t key;
    unsigned i;

    fleet_seal_key("secret", "scope", key);
    memset(large, 'y', 1000000);
    large[1000000] = '\0';
    for (i = 0; i < 4; i++) {
        plain = slice(i < 3 ? texts[i] : large);
        is_int(fleet_seal(p, key, "name", &plain, &sealed), APR_SUCCESS, "sealed");
        /* A single byte can be among the sealed ones by chance. */
        ok(plain.len < 8 || !memmem(sealed.data, sealed.len, plain.data, plain.len),
           "not to be read");
        fleet_seal(p, key, "name", &plain, &again);
        ok(sealed.len != again.len || memcmp(sealed.data, again.data, sealed.len),
           "never the same twice");
        is_int(fleet_unseal(p, key, "name", &sealed, &opened), APR_SUCCESS, "opened");
        ok(opened.len == plain.len && !memcmp(opened.data, plain.data, plain.len + 1),
           "the same again, with a NUL");
    }
}

static void test_wrong(apr_pool_t *p)
{
    base_slice_t plain = slice("something"), sealed, opened, cut;
    seal_key_t key, other;
    apr_size_t i, opens = 0;
    char *bytes;

    fleet_seal_key("secret", "scope", key);
    fleet_seal_key("another", "scope", other);
    fleet_seal(p, key, "name", &plain, &sealed);
    is_int(fleet_unseal(p, other, "name", &sealed, &opened), APR_EINVAL, "another key");
    is_int(fleet_unseal(p, key, "nam", &sealed, &opened), APR_EINVAL, "another name");
    for (i = 0; i < sealed.len; i++) {
        cut = (base_slice_t){sealed.data, i};
        opens += fleet_unseal(p, key, "name", &cut, &opened) == APR_SUCCESS;
        bytes = apr_pmemdup(p, sealed.data, sealed.len);
        bytes[i] ^= 1;
        cut = (base_slice_t){bytes, sealed.len};
        opens += fleet_unseal(p, key, "name", &cut, &opened) == APR_SUCCESS;
    }
    is_int(opens, 0, "nothing opens that was cut or changed, wherever");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_keys();
    test_round(p);
    test_wrong(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
