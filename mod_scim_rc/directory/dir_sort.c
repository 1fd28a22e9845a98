#include "dir_sort.h"

#include <string.h>
#include <apr_strings.h>

static apr_uint64_t head_of(const unsigned char *bytes)
{
    apr_uint64_t number = 0;
    int i;

    for (i = 0; i < 8; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static dir_rank_t make_rank(apr_uint64_t id, const base_slice_t *key)
{
    unsigned char head[DIR_SORT_HEAD] = {0};
    dir_rank_t rank = {
        id, {0, 0}, key->data, (apr_uint32_t)key->len, key->data == NULL};

    if (key->data) {
        memcpy(head, key->data, key->len < sizeof head ? key->len : sizeof head);
        rank.head[0] = head_of(head);
        rank.head[1] = head_of(head + 8);
    }
    return rank;
}

static int compare_keys(const dir_rank_t *a, const dir_rank_t *b)
{
    const apr_uint32_t len = a->len < b->len ? a->len : b->len;
    int order = 0;

    if (a->none != b->none) {
        return a->none ? 1 : -1;
    }
    if (a->head[0] != b->head[0]) {
        return a->head[0] < b->head[0] ? -1 : 1;
    }
    if (a->head[1] != b->head[1]) {
        return a->head[1] < b->head[1] ? -1 : 1;
    }
    if (len > DIR_SORT_HEAD) {
        order =
            memcmp(a->key + DIR_SORT_HEAD, b->key + DIR_SORT_HEAD, len - DIR_SORT_HEAD);
    }
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* Less than 0: `a` comes first. */
static int compare(const dir_sort_t *sort, const dir_rank_t *a, const dir_rank_t *b)
{
    const int order = compare_keys(a, b);

    if (order) {
        return sort->descending ? -order : order;
    }
    return (a->id > b->id) - (a->id < b->id);
}

static void start_pass(dir_sort_t *sort)
{
    sort->n = 0;
    sort->room = sort->skip > sort->most ? sort->most : sort->skip + sort->max;
}

void dir_sort_begin(dir_sort_t *sort, apr_pool_t *p, int descending, apr_size_t skip,
                    apr_size_t max, apr_size_t most)
{
    memset(sort, 0, sizeof *sort);
    sort->p = p;
    sort->descending = descending;
    sort->skip = skip;
    sort->max = max;
    sort->most = most;
    sort->ranks =
        apr_palloc(p, ((skip < most ? skip : most) + max) * sizeof *sort->ranks);
    start_pass(sort);
}

/* From the end of the heap to its place. */
static void sift_up(dir_sort_t *sort, apr_size_t i, const dir_rank_t *rank)
{
    while (i > 0) {
        const apr_size_t parent = (i - 1) / 2;

        if (compare(sort, rank, &sort->ranks[parent]) <= 0) {
            break;
        }
        sort->ranks[i] = sort->ranks[parent];
        i = parent;
    }
    sort->ranks[i] = *rank;
}

/* From the beginning of the heap to its place. */
static void sift_down(dir_sort_t *sort, const dir_rank_t *rank)
{
    apr_size_t i = 0, child;

    while ((child = 2 * i + 1) < sort->n) {
        if (child + 1 < sort->n &&
            compare(sort, &sort->ranks[child + 1], &sort->ranks[child]) > 0) {
            child++;
        }
        if (compare(sort, rank, &sort->ranks[child]) >= 0) {
            break;
        }
        sort->ranks[i] = sort->ranks[child];
        i = child;
    }
    sort->ranks[i] = *rank;
}

void dir_sort_add(dir_sort_t *sort, apr_uint64_t id, const base_slice_t *key, int copy)
{
    base_slice_t cut = *key;
    dir_rank_t rank;

    if (copy && cut.len > DIR_SORT_CUT) {
        cut.len = DIR_SORT_CUT;
    }
    rank = make_rank(id, &cut);
    if ((sort->n == sort->room && compare(sort, &rank, &sort->ranks[0]) > 0) ||
        (sort->is_later && compare(sort, &rank, &sort->floor) <= 0)) {
        return;
    }
    if (copy && cut.len > DIR_SORT_HEAD) {
        rank.key = apr_pmemdup(sort->p, cut.data, cut.len);
    }
    if (sort->n < sort->room) {
        sift_up(sort, sort->n++, &rank);
    }
    else {
        sift_down(sort, &rank);
    }
}

int dir_sort_again(dir_sort_t *sort)
{
    if (sort->skip <= sort->most || sort->n < sort->room) {
        return 0;
    }
    sort->floor = sort->ranks[0];
    sort->is_later = 1;
    sort->skip -= sort->n;
    start_pass(sort);
    return 1;
}

apr_size_t dir_sort_page(dir_sort_t *sort, apr_uint64_t **ids)
{
    const apr_size_t found = sort->n > sort->skip ? sort->n - sort->skip : 0;
    apr_size_t i;

    *ids = apr_palloc(sort->p, (found + 1) * sizeof **ids);
    for (i = found; i-- > 0;) {
        (*ids)[i] = sort->ranks[0].id;
        sort->n--;
        sift_down(sort, &sort->ranks[sort->n]);
    }
    return found;
}
