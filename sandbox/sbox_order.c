#include "sbox_order.h"

#include <stdlib.h>
#include <string.h>

typedef struct sbox_order_t {
    const char *how;
    int (*compare)(const void *a, const void *b);
} sbox_order_t;

static apr_uint64_t mixed(apr_int64_t id)
{
    apr_uint64_t x = (apr_uint64_t)id;

    x = (x ^ (x >> 30)) * APR_UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * APR_UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static int compare_ids(const void *a, const void *b)
{
    const sbox_extension_t *x = *(sbox_extension_t *const *)a,
                           *y = *(sbox_extension_t *const *)b;

    return (x->id > y->id) - (x->id < y->id);
}

static int compare_ranks(const void *a, const void *b)
{
    const sbox_extension_t *x = *(sbox_extension_t *const *)a,
                           *y = *(sbox_extension_t *const *)b;

    return (x->rank > y->rank) - (x->rank < y->rank);
}

static int compare_mixed(const void *a, const void *b)
{
    apr_uint64_t x = mixed((*(sbox_extension_t *const *)a)->id),
                 y = mixed((*(sbox_extension_t *const *)b)->id);

    return (x > y) - (x < y);
}

static const sbox_order_t orders[] = {
    {"insertion", compare_ranks},
    {"id", compare_ids},
    {"random_stable", compare_mixed},
};

static const sbox_order_t *order_of(const char *how)
{
    apr_size_t i = sizeof(orders) / sizeof(orders[0]) - 1;

    while (i && strcmp(orders[i].how, how)) {
        i--;
    }
    return &orders[i];
}

static void sort(apr_array_header_t *some, const sbox_order_t *order)
{
    qsort(some->elts, (size_t)some->nelts, (size_t)some->elt_size, order->compare);
}

void sbox_order_sort(apr_array_header_t *some, const char *how)
{
    sort(some, order_of(how));
}

const apr_array_header_t *sbox_order_all(sbox_account_t *account, const char *how)
{
    const sbox_order_t *order = order_of(how);
    sbox_extension_t *e;

    if (account->order != order) {
        apr_array_clear(account->ordered);
        for (e = account->first; e; e = e->next) {
            APR_ARRAY_PUSH(account->ordered, sbox_extension_t *) = e;
        }
        sort(account->ordered, order);
        account->order = order;
    }
    return account->ordered;
}

/* Where it is, or where it belongs. */
static int place_of(const sbox_account_t *account, const sbox_extension_t *e)
{
    int from = 0, to = account->ordered->nelts;

    while (from < to) {
        int middle = from + (to - from) / 2;

        if (account->order->compare(
                &((sbox_extension_t **)account->ordered->elts)[middle], &e) < 0) {
            from = middle + 1;
        }
        else {
            to = middle;
        }
    }
    return from;
}

void sbox_order_add(sbox_account_t *account, sbox_extension_t *e)
{
    sbox_extension_t **all;
    int at;

    if (!account->order) {
        return;
    }
    at = place_of(account, e);
    APR_ARRAY_PUSH(account->ordered, sbox_extension_t *) = e;
    all = (sbox_extension_t **)account->ordered->elts;
    memmove(all + at + 1, all + at,
            (apr_size_t)(account->ordered->nelts - 1 - at) * sizeof(*all));
    all[at] = e;
}

void sbox_order_drop(sbox_account_t *account, const sbox_extension_t *e)
{
    sbox_extension_t **all = (sbox_extension_t **)account->ordered->elts;
    int at;

    if (!account->order) {
        return;
    }
    at = place_of(account, e);
    account->ordered->nelts--;
    memmove(all + at, all + at + 1,
            (apr_size_t)(account->ordered->nelts - at) * sizeof(*all));
}
