#include "gw_age.h"

#include "gw_account_private.h"
#include "gw_stale.h"
#include "gw_subscription.h"

/* Lists for the sake of requests take a tenth of the Medium calls: from one of n calls
 * to the next passes the time of 10 n, even if the account says that the copy is
 * trusted for less. */
#define SHARE 10

/* While much is asked the next list is begun when so much of that time is over, and
 * nobody waits for it: a burst may have left no Medium call for a whole window. */
#define AHEAD(trust) ((trust) / 5 * 4)

/* A list is made for more questions than it has pages, and for more than these. */
#define FEW 5
#define USERS_OF_PAGE 1000

typedef struct rules_t {
    apr_interval_time_t trust; /* in a list */
    apr_interval_time_t pace;  /* from one list to the next */
    apr_interval_time_t step;  /* a question weighs so much: `few` of them fill the
                                * bucket, which runs out in the time of trust */
    int few;
} rules_t;

apr_time_t gw_age_complete(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    const gw_shared_t *shared = account->shared->memory;
    apr_time_t synced = gw_copy_synced(account, p, env), listed = 0;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        listed = shared->age.listed;
        account->shared->unlock(account->shared->ctx);
    }
    return synced > listed ? synced : listed;
}

/* The time in which RingCentral allows one Medium call, of all credentials together; 0:
 * there is no limit. Under the lock. */
static apr_interval_time_t time_of_call(gw_account_t *account)
{
    const double calls = rc_client_rate(account->client, RC_MEDIUM);

    return calls > 0 ? (apr_interval_time_t)(1 / calls) : 0;
}

/* Under the lock. */
static rules_t make_rules(gw_account_t *account, apr_int64_t users)
{
    const gw_shared_t *shared = account->shared->memory;
    int pages = (int)(users / USERS_OF_PAGE) + 1;
    rules_t r;

    if (pages < shared->age.size) { /* who is no user is listed too */
        pages = shared->age.size;
    }
    r.few = pages > FEW ? pages : FEW;
    r.pace = pages * SHARE * time_of_call(account);
    if (r.pace < AHEAD(account->conf->max_age)) {
        r.pace = AHEAD(account->conf->max_age);
    }
    r.trust = r.pace / 4 * 5;
    r.step = r.trust / r.few;
    return r;
}

static int is_much(const gw_age_t *age, const rules_t *r, apr_time_t now)
{
    return age->demand - now > r->step * (r->few - 1);
}

static void count(gw_age_t *age, const rules_t *r, apr_time_t now, int n)
{
    apr_time_t full = now + r->step * r->few;

    age->demand = (age->demand > now ? age->demand : now) + n * r->step;
    age->demand = age->demand < full ? age->demand : full;
}

typedef enum { NO_LIST, LIST_AHEAD, LIST_NOW } need_t;

typedef struct judgement_t {
    gw_age_verdict_t verdict; /* without a list */
    need_t need;
} judgement_t;

/* Where so much is asked that lists are worth while. */
static judgement_t weigh(apr_time_t now, apr_time_t complete, apr_time_t known,
                         const rules_t *r)
{
    judgement_t j = {GW_BELIEVE, NO_LIST};

    if (complete + r->trust <= now) {
        j.verdict = GW_ASK;
        j.need = LIST_NOW;
    }
    else if (complete + r->pace <= now) {
        j.need = LIST_AHEAD;
    }
    if (known + GW_LIST_LAG < complete) { /* no list tells of it */
        j.verdict = GW_ASK;
    }
    return j;
}

/* Have events told of all that has changed since then? */
static int is_watched(gw_session_t *session, apr_pool_t *p, apr_time_t known,
                      apr_time_t complete)
{
    gw_account_t *a = session->account;

    return a->conf->webhook && known + GW_LIST_LAG >= complete &&
           !gw_stale_lacks(a, p, known, session->env) &&
           gw_subscription_is_live(a, p, complete, session->env);
}

static judgement_t judge(gw_session_t *session, apr_pool_t *p, apr_time_t known, int n)
{
    gw_account_t *a = session->account;
    gw_shared_t *shared = a->shared->memory;
    apr_time_t now = base_now(session->env), complete;
    int is_young = known + a->conf->max_age > now, is_much_asked;
    judgement_t j = {is_young ? GW_BELIEVE : GW_ASK, NO_LIST}, weighed;
    apr_int64_t users = 0;
    rules_t r;

    if (!a->conf->max_age || (is_young && !n)) {
        return j;
    }
    complete = gw_age_complete(a, p, session->env);
    if (is_watched(session, p, known, complete)) {
        j.verdict = GW_BELIEVE;
        return j;
    }
    if (dir_count(a->store, &users, session->env) != APR_SUCCESS ||
        a->shared->lock(a->shared->ctx) != APR_SUCCESS) {
        return j;
    }
    r = make_rules(a, users);
    is_much_asked = is_much(&shared->age, &r, now);
    count(&shared->age, &r, now, n);
    a->shared->unlock(a->shared->ctx);
    if (!is_much_asked) {
        return j;
    }
    weighed = weigh(now, complete, known, &r);
    if (is_young) {
        weighed.verdict = GW_BELIEVE;
        weighed.need = weighed.need == NO_LIST ? NO_LIST : LIST_AHEAD;
    }
    return weighed;
}

gw_age_verdict_t gw_age_judge(gw_session_t *session, apr_pool_t *p, apr_time_t known,
                              int n)
{
    judgement_t j = judge(session, p, known, n);
    int done = 0;

    if (j.need != NO_LIST) {
        gw_relist(session, p, j.need == LIST_AHEAD, &done);
    }
    return done ? GW_LOOK_AGAIN : j.verdict;
}

int gw_age_is_old(gw_session_t *session, apr_pool_t *p, apr_time_t known)
{
    return judge(session, p, known, 0).verdict != GW_BELIEVE;
}

rc_error_t *gw_age_prepare(gw_session_t *session, apr_pool_t *p, apr_time_t known,
                           int n)
{
    int done;

    judge(session, p, known, n);
    return judge(session, p, known, 0).need == LIST_NOW
               ? gw_relist(session, p, 0, &done)
               : NULL;
}

int gw_age_was_listed(gw_session_t *session, apr_pool_t *p, apr_time_t fetched)
{
    return fetched + GW_LIST_LAG >= gw_age_complete(session->account, p, session->env);
}
