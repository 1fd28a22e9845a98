/* How old the copy may be. A question that an old copy cannot answer is asked singly;
 * when there are many of them a list of all is made instead. */
#ifndef GW_AGE_H
#define GW_AGE_H

#include "gw_account.h"
#include "rc_error.h"

/* In shared memory, zeroed when fresh. */
typedef struct gw_age_t {
    apr_time_t listed; /* when the last list that was completed was begun */
    apr_time_t demand; /* a leaky bucket of questions: it is empty at this time */
    /* A list that is not complete yet. */
    apr_time_t begun;   /* 0: there is none */
    apr_time_t touched; /* when its last page came */
    apr_int32_t pages, next;
    apr_time_t not_before; /* after a failure */
    apr_int32_t size;      /* pages of the last list, whatever has come of it */
} gw_age_t;

typedef enum {
    GW_BELIEVE,    /* the copy is young enough */
    GW_LOOK_AGAIN, /* it has just been brought up to date by a list */
    GW_ASK         /* RingCentral has to be asked singly */
} gw_age_verdict_t;

/* When the copy last had all that there was: after a refresh, or a list in between. */
apr_time_t gw_age_complete(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* Is what the copy has since `known` to be believed? Makes a list when so much is
 * asked that it is worth one, or waits for somebody else's; up to half of the time
 * that the session has left. `n` is how many questions this is: 1, or 0 when nobody
 * would be asked even if there was no copy. */
gw_age_verdict_t gw_age_judge(gw_session_t *session, apr_pool_t *p, apr_time_t known,
                              int n);

/* The same for somebody who can wait until all questions are together: no list is
 * made, and nothing is counted. */
int gw_age_is_old(gw_session_t *session, apr_pool_t *p, apr_time_t known);

/* `n` such questions come now: makes a list when they are worth one. The error is that
 * of a list which failed. */
rc_error_t *gw_age_prepare(gw_session_t *session, apr_pool_t *p, apr_time_t known,
                           int n);

/* Was a record that was fetched at this time in the last list? Otherwise no list tells
 * of it, and only a single read does. */
int gw_age_was_listed(gw_session_t *session, apr_pool_t *p, apr_time_t fetched);

#endif
