/* Hearing what other gateways tell: how far this one has heard is a named value of the
 * copy, written together with what it brought. */
#ifndef GW_HEAR_H
#define GW_HEAR_H

#include "gw_news.h"

/* Hears what there is, at most GW_NEWS_MANY, waiting at most `wait` for the first.
 * *more: there was something, and there may be more. APR_ENOTIMPL when there are no
 * others or they cannot be reached, or what went wrong. Whoever hears the same at the
 * same time takes in nothing. */
apr_status_t gw_hear(gw_account_t *account, apr_pool_t *p, apr_interval_time_t wait,
                     int *more, const base_env_t *env);

/* Hears all that there is, without waiting. */
void gw_hear_all(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* Must this gateway make a list of its own: some of what was told is lost to it, or it
 * has lived on others' lists for a day? */
int gw_hear_is_lost(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* Some of what was told is lost. */
int gw_hear_has_gap(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* Within the transaction that ends a list of its own, begun at `begun`. */
apr_status_t gw_hear_settle(dir_txn_t *txn, apr_pool_t *p, apr_time_t begun);

#endif
