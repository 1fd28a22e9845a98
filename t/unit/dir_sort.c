/* Pages of an order, against the order of all. */
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "dir_sort.h"
#include "tap.h"

#define RECORDS 300
#define FARTHEST 320 /* beginning of a page */

static apr_pool_t *p;

typedef struct thing_t {
    apr_uint64_t id;
    base_slice_t key;
} thing_t;

static thing_t things[RECORDS];
static int is_descending;

static unsigned chance(unsigned n)
{
    static apr_uint64_t state = APR_UINT64_C(88172645463325252);

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

/* Few letters, so that many begin in the same way; now and then none at all. */
static void make_things(void)
{
    int i;

    for (i = 0; i < RECORDS; i++) {
        apr_size_t len = chance(3) ? chance(4) : 14 + chance(6), k;
        char *text = apr_palloc(p, len + 1);

        for (k = 0; k < len; k++) {
            text[k] = k < 14 ? "a\xff"[chance(40) == 0] : (char)('a' + chance(2));
        }
        things[i].id = (apr_uint64_t)(i * 7 % RECORDS + 1);
        things[i].key = (base_slice_t){chance(10) ? text : NULL, len};
        if (!things[i].key.data) {
            things[i].key.len = 0;
        }
    }
}

static int by_key(const void *left, const void *right)
{
    const thing_t *a = left, *b = right;
    const apr_size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = !a->key.data - !b->key.data;

    if (!order && len) {
        order = memcmp(a->key.data, b->key.data, len);
    }
    if (!order) {
        order = (a->key.len > b->key.len) - (a->key.len < b->key.len);
    }
    if (order) {
        return is_descending ? -order : order;
    }
    return (a->id > b->id) - (a->id < b->id);
}

/* Is this the page of those that are in order? Counts passes. */
static int check_page(const thing_t *sorted, apr_size_t skip, apr_size_t max,
                      apr_size_t most, int *passes)
{
    const apr_size_t want = skip >= RECORDS        ? 0
                            : max < RECORDS - skip ? max
                                                   : RECORDS - skip;
    dir_sort_t sort;
    apr_uint64_t *ids;
    apr_size_t i, n;
    int good;

    dir_sort_begin(&sort, p, is_descending, skip, max, most);
    do {
        for (i = 0; i < RECORDS; i++) {
            dir_sort_add(&sort, things[i].id, &things[i].key, (int)(i & 1));
        }
        ++*passes;
    } while (dir_sort_again(&sort));
    n = dir_sort_page(&sort, &ids);
    good = n == want;
    for (i = 0; i < n && good; i++) {
        good = ids[i] == sorted[skip + i].id;
    }
    return good;
}

static void test_pages(void)
{
    static const apr_size_t mosts[] = {1, 7, 100, FARTHEST, DIR_SORT_MAX};
    thing_t sorted[RECORDS];
    apr_size_t skip, max, k;

    memcpy(sorted, things, sizeof sorted);
    qsort(sorted, RECORDS, sizeof *sorted, by_key);
    for (k = 0; k < sizeof mosts / sizeof *mosts; k++) {
        int wrong = 0, passes = 0, pages = 0;

        for (skip = 0; skip < FARTHEST; skip += 1 + chance(20)) {
            for (max = 1; max < RECORDS; max *= 3) {
                wrong += !check_page(sorted, skip, max, mosts[k], &passes);
                pages++;
            }
        }
        is_int(wrong, 0,
               apr_psprintf(p, "%d pages in %d passes, %s", pages, passes,
                            is_descending ? "descending" : "ascending"));
        ok(mosts[k] < FARTHEST ? passes > pages : passes == pages,
           "more than one pass where less is remembered than is skipped");
    }
}

/* A copied key is gone after the call, and only its beginning counts. */
static void test_copies(void)
{
    char text[DIR_SORT_CUT + 3];
    const char *const wanted = "1 2 4 3";
    const char *got = "";
    apr_uint64_t *ids;
    apr_size_t i, n;
    dir_sort_t sort;
    base_slice_t key = {text, DIR_SORT_CUT + 2};

    dir_sort_begin(&sort, p, 0, 0, 9, 9);
    memset(text, 'x', sizeof text);
    for (i = 1; i < 5; i++) {
        text[DIR_SORT_CUT + 1] = (char)('z' - i); /* is not looked at */
        text[DIR_SORT_CUT - 1] = i == 3 ? 'c' : 'b';
        dir_sort_add(&sort, i, &key, 1);
    }
    memset(text, 'a', sizeof text);
    n = dir_sort_page(&sort, &ids);
    for (i = 0; i < n; i++) {
        got = apr_psprintf(p, "%s%s%" APR_UINT64_T_FMT, got, i ? " " : "", ids[i]);
    }
    is_str(got, wanted, "long keys that were copied");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    make_things();
    test_pages();
    is_descending = 1;
    test_pages();
    test_copies();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
