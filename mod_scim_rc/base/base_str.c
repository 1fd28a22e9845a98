#include "base_str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <utf8proc.h>

static const char *fold_ascii(apr_pool_t *p, const char *s)
{
    const char *c = s;
    char *folded, *d;

    while (*c && !apr_isupper(*c)) {
        c++;
    }
    if (!*c) {
        return s;
    }
    folded = apr_pstrdup(p, s);
    for (d = folded + (c - s); *d; d++) {
        *d = (char)apr_tolower(*d);
    }
    return folded;
}

static int is_ascii(const char *s)
{
    while (*s && !(*s & 0x80)) {
        s++;
    }
    return !*s;
}

const char *base_str_fold(apr_pool_t *p, const char *s)
{
    utf8proc_uint8_t *mapped = NULL;
    const char *folded;

    if (!s) {
        return NULL;
    }
    if (is_ascii(s) || utf8proc_map((const utf8proc_uint8_t *)s, 0, &mapped,
                                    UTF8PROC_NULLTERM | UTF8PROC_STABLE |
                                        UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD) < 0) {
        return fold_ascii(p, s);
    }
    folded = apr_pstrdup(p, (const char *)mapped);
    free(mapped);
    return folded;
}

int base_str_same(const char *a, const char *b)
{
    if (!a || !b) {
        return 0;
    }
    while (*a && apr_tolower(*a) == apr_tolower(*b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

int base_secret_equal(const void *a, const void *b, apr_size_t len)
{
    return a && b && CRYPTO_memcmp(a, b, len) == 0;
}

void base_secret_clear(void *data, apr_size_t len)
{
    OPENSSL_cleanse(data, len);
}

const char *base_sha256_hex(apr_pool_t *p, const void *data, apr_size_t len)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char *hex = apr_palloc(p, BASE_SHA256_HEX_LEN + 1);
    apr_size_t i;

    SHA256(data, len, digest);
    for (i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 0x0f];
    }
    hex[BASE_SHA256_HEX_LEN] = '\0';
    return hex;
}

apr_uint64_t base_sha256_u64(const void *data, apr_size_t len)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    apr_uint64_t n = 0;
    int i;

    SHA256(data, len, digest);
    for (i = 0; i < 8; i++) {
        n = n << 8 | digest[i];
    }
    return n;
}

int base_str_to_int(const char *s, apr_int64_t min, apr_int64_t max, apr_int64_t *out)
{
    apr_int64_t n;
    char *end;

    if (!s || !(apr_isdigit(*s) || (*s == '-' && apr_isdigit(s[1])))) {
        return 0;
    }
    errno = 0;
    n = apr_strtoi64(s, &end, 10);
    if (errno || *end || n < min || n > max) {
        return 0;
    }
    *out = n;
    return 1;
}
