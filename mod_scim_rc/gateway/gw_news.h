/* What the gateways of one account tell each other, so that each has in its copy what
 * the others have learnt, and which of them works for all.
 *
 * Nothing compares the clocks of two machines: news carry how long ago the platform
 * said something, and who hears them knows a time of its own after which they were
 * told (gw_hear.c). Of what cannot be put in order in that way the platform is asked
 * once more. */
#ifndef GW_NEWS_H
#define GW_NEWS_H

#include <apr_tables.h>

#include "gw_account_private.h"

/* A flag of a record beside those of the directory: what it holds was learnt here, and
 * has not come back yet among the news that this gateway hears. */
#define GW_UNTOLD 0x10000u

/* How something was learnt. */
#define GW_NEWS_WRITE "w" /* by a change of ours */
#define GW_NEWS_READ "r"  /* by a single read */
#define GW_NEWS_LIST "l"  /* from a list, which may lag behind */

#define GW_NEWS_FORMAT 1
#define GW_NEWS_MANY 100 /* are told or heard at a time */

/* Does it have others to talk to, and can they be reached? */
int gw_news_is_here(const gw_account_t *account);

/* Does this gateway do the work that one does for all? Where there are no others, or
 * they cannot be reached, each does. Costs a question to the others every second. */
int gw_news_leads(gw_account_t *account, const base_env_t *env);

/* Did it when that was last asked? Asks nobody. */
int gw_news_has_lead(gw_account_t *account);

/* The work may wait for a call for longer than the term of who does it: whoever listens
 * renews that meanwhile, in whichever child of the server. Where the work has not asked
 * for a quarter of an hour another may take it. */
void gw_news_keep_lead(gw_account_t *account, const base_env_t *env);

/* Lets another do it at once. For the end of a process. */
void gw_news_resign(gw_account_t *account, const base_env_t *env);

/* An extension for this gateway alone, until gw_news_give() or for a minute; 0: another
 * has it. Locks of base_lock.h hold in one machine. */
int gw_news_take(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                 const base_env_t *env);
void gw_news_give(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                  const base_env_t *env);

/* News in the making: an array of base_slice_t, whose pool has the texts. */
apr_array_header_t *gw_news_make(apr_pool_t *p);

/* The item as it is kept, or (DIR_GONE) that it is gone. With `numbers` its direct
 * number was learnt, too. */
void gw_news_add(apr_array_header_t *news, const gw_item_t *item, const char *how,
                 int numbers, const base_env_t *env);

/* Tells them, after what they speak of was committed. What cannot be told stays marked
 * with GW_UNTOLD and is told later. */
void gw_news_tell(gw_account_t *account, const apr_array_header_t *news,
                  const base_env_t *env);

/* Short news: an extension is in doubt; a complete list was begun at `begun`, and all
 * that it changed was told (APR_EINCOMPLETE: it was not); the direct numbers have
 * changed. */
void gw_news_doubt(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                   const base_env_t *env);
apr_status_t gw_news_listed(gw_account_t *account, apr_pool_t *p, apr_time_t begun,
                            const base_env_t *env);
apr_status_t gw_news_numbers(gw_account_t *account, apr_pool_t *p,
                             const base_env_t *env);

/* This gateway begins to listen at `since`, with an empty copy or after it has missed
 * something: another tells it what no list shows. */
void gw_news_ask(gw_account_t *account, apr_pool_t *p, const char *since,
                 const base_env_t *env);

/* Is that one who has been asked so: what single reads have shown, and how clients
 * spell things. One gateway does that. */
void gw_news_answer(gw_account_t *account, apr_pool_t *p, const char *since,
                    const base_env_t *env);

/* Tells again what has not come back: after others could not be reached, and now and
 * then, for a process may have died before it told. */
void gw_news_repeat(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* Not at once, but soon: others may have missed as much as this gateway has. */
void gw_news_repeat_soon(gw_account_t *account, const base_env_t *env);

#endif
