/* One page of many records in an order, found without keeping them all: only those that
 * come before the page or on it are remembered, in a heap of limited size. What lies
 * far behind the beginning takes several passes over the records. */
#ifndef DIR_SORT_H
#define DIR_SORT_H

#include <apr_pools.h>

#include "base_str.h"

/* Bytes at the beginning of a key that are looked at without following a pointer. */
#define DIR_SORT_HEAD 16

/* Of a key that has to be copied so much is compared. */
#define DIR_SORT_CUT 1024

/* So many records are remembered at the most, beside those of the page: 2.6 MB. */
#define DIR_SORT_MAX 65536

/* A record and what it is compared by. */
typedef struct dir_rank_t {
    apr_uint64_t id;
    apr_uint64_t head[DIR_SORT_HEAD / 8]; /* the most significant byte first */
    const char *key;                      /* of use where it is longer than that */
    apr_uint32_t len;
    apr_uint32_t none; /* there is no key */
} dir_rank_t;

typedef struct dir_sort_t {
    apr_pool_t *p;
    int descending;
    apr_size_t skip, max, most;
    dir_rank_t *ranks; /* each before its children in the heap comes behind them in the
                        * order: the first is the last one */
    apr_size_t n, room;
    dir_rank_t floor; /* up to here earlier passes went */
    int is_later;     /* pass than the first */
} dir_sort_t;

/* The page is to have `max` records (1 or more) behind the first `skip`; `most` is
 * DIR_SORT_MAX but in tests. Lives in `p`. The first pass begins. */
void dir_sort_begin(dir_sort_t *sort, apr_pool_t *p, int descending, apr_size_t skip,
                    apr_size_t max, apr_size_t most);

/* Each record once in a pass. Keys are in the order of memcmp(), a shorter one first;
 * no key (NULL data) is behind all others; descending, all that is turned round.
 * Records of the same key are in order of id, always. A key of more than DIR_SORT_HEAD
 * bytes stays where it is until the end, or (`copy`) is copied and cut to DIR_SORT_CUT.
 */
void dir_sort_add(dir_sort_t *sort, apr_uint64_t id, const base_slice_t *key, int copy);

/* After a pass: is another one needed? Then it begins. */
int dir_sort_again(dir_sort_t *sort);

/* After the last pass: how many are on the page, and their ids in order. */
apr_size_t dir_sort_page(dir_sort_t *sort, apr_uint64_t **ids);

#endif
