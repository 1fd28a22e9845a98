#include "sbox_spare.h"

/* A binary heap of ids. What is no longer Unassigned stays until it comes to the top.
 */
#define ID_AT(heap, i) APR_ARRAY_IDX(heap, i, apr_int64_t)

static void swap(apr_array_header_t *heap, int i, int k)
{
    apr_int64_t id = ID_AT(heap, i);

    ID_AT(heap, i) = ID_AT(heap, k);
    ID_AT(heap, k) = id;
}

void sbox_spare_add(sbox_account_t *account, sbox_extension_t *e)
{
    apr_array_header_t *heap = account->spare;
    int i = heap->nelts;

    if (e->status != SBOX_UNASSIGNED || e->spare) {
        return;
    }
    e->spare = 1;
    APR_ARRAY_PUSH(heap, apr_int64_t) = e->id;
    while (i > 0 && ID_AT(heap, i) < ID_AT(heap, (i - 1) / 2)) {
        swap(heap, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void drop_top(apr_array_header_t *heap)
{
    int i = 0, child;

    ID_AT(heap, 0) = ID_AT(heap, heap->nelts - 1);
    apr_array_pop(heap);
    while ((child = 2 * i + 1) < heap->nelts) {
        if (child + 1 < heap->nelts && ID_AT(heap, child + 1) < ID_AT(heap, child)) {
            child++;
        }
        if (ID_AT(heap, i) <= ID_AT(heap, child)) {
            return;
        }
        swap(heap, i, child);
        i = child;
    }
}

sbox_extension_t *sbox_spare_lowest(sbox_account_t *account)
{
    apr_array_header_t *heap = account->spare;

    while (heap->nelts) {
        sbox_extension_t *e = sbox_account_extension(account, ID_AT(heap, 0));

        if (e && e->status == SBOX_UNASSIGNED) {
            return e;
        }
        if (e) {
            e->spare = 0;
        }
        drop_top(heap);
    }
    return NULL;
}
