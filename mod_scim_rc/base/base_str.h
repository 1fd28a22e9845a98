/* Strings: caseless comparison, hashes, comparison of secrets. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <apr.h>
#include <apr_pools.h>

/* Bytes that somebody else owns. */
typedef struct base_slice_t {
    const char *data;
    apr_size_t len;
} base_slice_t;

/* The caseless form of UTF-8 text (Unicode case folding, NFC): two strings are equal
 * without regard to letter case when their folded forms are equal byte for byte.
 * Text that is not valid UTF-8 is folded as ASCII. NULL gives NULL. Result in `p`
 * (or `s` itself when it is folded already). */
const char *base_str_fold(apr_pool_t *p, const char *s);

/* Equal without regard to ASCII letter case? For names of attributes, operators and
 * headers, which are ASCII. NULL equals nothing. */
int base_str_same(const char *a, const char *b);

/* Equal? In a time that depends on `len` alone. NULL equals nothing, not even NULL. */
int base_secret_equal(const void *a, const void *b, apr_size_t len);

/* Overwrites a secret in a way that the compiler keeps. */
void base_secret_clear(void *data, apr_size_t len);

#define BASE_SHA256_HEX_LEN 64

/* SHA-256 of `data` as 64 lower-case hex digits, in `p`. */
const char *base_sha256_hex(apr_pool_t *p, const void *data, apr_size_t len);

/* The first eight bytes of the SHA-256 of `data`, as a number. */
apr_uint64_t base_sha256_u64(const void *data, apr_size_t len);

/* `s` as a whole decimal number from `min` to `max`. 1 and *out, or 0. No white
 * space, no sign but '-'. */
int base_str_to_int(const char *s, apr_int64_t min, apr_int64_t max, apr_int64_t *out);

#endif
