/* What news of others mean for the copy. */
#ifndef GW_LEARN_H
#define GW_LEARN_H

#include "gw_news.h"

/* Some news, which one transaction takes in. All times are by our clock. */
typedef struct gw_learning_t {
    gw_account_t *account;
    apr_time_t now;
    apr_time_t after; /* they were told since then */
    /* Results: */
    apr_array_header_t *doubts; /* of apr_uint64_t: extensions to be read anew */
    apr_time_t listed;          /* another's newest complete list was begun then, or a
                                 * moment later; 0: there was none */
    int numbers;                /* the direct numbers have changed */
    int malformed;              /* so many made no sense */
    char anew[BASE_NEWS_SIZE];  /* another has begun anew; "": none */
} gw_learning_t;

/* Takes in one of them. Scratch in `p`. */
apr_status_t gw_learn(gw_learning_t *l, dir_txn_t *txn, apr_pool_t *p,
                      const base_news_t *news);

#endif
