/* Whoever leads a batch of creates acts for requests that may have ended: it uses
 * nothing of theirs, and they do not suffer from what befalls it alone. */
#include "gw_intake_private.h"

#include <stdlib.h>
#include <unistd.h>
#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_crowd.h"
#include "tap.h"

static apr_pool_t *p;

static volatile apr_uint32_t answered; /* how many of the crowd */

/* What is left of a session whose request has ended: nothing that is of use. */
static const gw_policy_t spoilt = {.welcome_mail = 1};

static const char *email_of(int i)
{
    return apr_psprintf(p, "new%d@example.com", i);
}

static const json_t *user_of(apr_pool_t *own, int i)
{
    return fake_json(own, apr_psprintf(own,
                                       "{'userName':'new%d@example.com','title':'Boss',"
                                       "'name':{'givenName':'New','familyName':'N'},"
                                       "'emails':[{'type':'work',"
                                       "'value':'new%d@example.com'}]}",
                                       i, i));
}

static void run(client_t *c)
{
    static gw_session_t sessions[CROWD_MAX]; /* there is something after the end */
    gw_session_t *session = &sessions[c - crowd];
    scim_record_t record = {0};
    const scim_error_t *error;
    const char *id = "";
    apr_pool_t *own;

    apr_pool_create(&own, NULL);
    *session = crowd_session(c);
    error = gw_user_backend.create(session, own, user_of(own, (int)(c - crowd)),
                                   &record, &id);
    crowd_answer(c, 201, error);
    apr_pool_destroy(own);
    memset(session, 0, sizeof *session);
    session->policy = &spoilt;
    apr_atomic_inc32(&answered);
}

/* A gateway whose account allows so few calls, and whose crowd has `n` clients. */
static world_t *with_crowd(int n, int medium, int heavy)
{
    world_t *w = world_make(p);

    apr_atomic_set32(&answered, 0);
    crowd_make(w, n);
    w->policy.batch_provisioning = 1;
    world_fill(w);
    crowd_limit(w, medium, heavy);
    fake_rc_forget(w->rc);
    return w;
}

/* How many of the first `n` have a user of their own, with all that they sent. */
static int are_made(world_t *w, int n)
{
    int i, count = 0;

    for (i = 0; i < n; i++) {
        answer_t *a = world_find(w, email_of(i));

        count += a->total == 1 && fake_rc_count(w->rc, email_of(i)) == 1 &&
                 !strcmp(there(w, at(w, a->users, "0/id"), "contact/jobTitle"), "Boss");
    }
    return count;
}

/* ---- requests that end ---- */

#define TEN RC_BATCH_PROVISION_MAX

/* A gate between the moment when ten are in a batch and its call. The first JSON value
 * that is made then has to wait until the other nine have their answers. */
static world_t *gated;
static volatile apr_uint32_t is_open;

static int is_embarked(gw_intake_t *n)
{
    int coming;

    apr_thread_mutex_lock(n->mutex);
    coming = n->coming;
    apr_thread_mutex_unlock(n->mutex);
    return coming == TEN;
}

#define GATE_NAPS 100000 /* of 100 us */

static void *allocate(size_t size)
{
    int i;

    if (!apr_atomic_read32(&is_open) && is_embarked(gated->account->intake) &&
        !apr_atomic_xchg32(&is_open, 1)) {
        gated->rc->before(gated->rc, "postBatchProvisionUsers", NULL); /* they go */
        for (i = 0; i < GATE_NAPS && apr_atomic_read32(&answered) < TEN - 1; i++) {
            usleep(100);
        }
    }
    return malloc(size);
}

static void gone(void)
{
    world_t *w = with_crowd(TEN, 1, 10);
    int i;

    w->conf.limits[GW_MEDIUM].window = 1000 * HOUR; /* nobody goes alone */
    gw_shared_init(w->shared.memory, p, &w->conf);
    for (i = 0; i < TEN; i++) {
        crowd[i].leaves = 1;
    }
    crowd_leave_at("postBatchProvisionUsers", NULL);
    crowd_use_up(w, TEN);
    gated = w;
    apr_atomic_set32(&is_open, 0);
    json_set_alloc_funcs(allocate, free);
    crowd_run(TEN, run);
    json_set_alloc_funcs(malloc, free);
    is_int((int)apr_atomic_read32(&is_open), 1, "ten are in a batch");
    ok(crowd_got(TEN, 503) >= TEN - 1, "all but who leads it go before its call");
    is_int(fake_rc_called(w->rc, "postBatchProvisionUsers"), 1, "which is made");
    is_int(w->rc->mails->nelts, 0, "with what they had asked for");
    crowd_lift(w);
    world_pass(w, 60);
    world_refresh(w);
    is_int(are_made(w, TEN), TEN, "and each user is there and complete");
}

/* ---- a leader that cannot go on ---- */

static void go(client_t *caller)
{
    caller->leaves = 1;
}

/* A token that is not good any more takes the batch's place in the quota, and the
 * leader goes instead of waiting for another one. Nothing was done then. */
static void interrupted(void)
{
    world_t *w = with_crowd(12, 2, 2);

    world_fault(w, "postBatchProvisionUsers", FAKE_ANSWER, 401,
                fake_rc_error(p, "OAU-151", "no", NULL));
    crowd_leave_at("postBatchProvisionUsers", go);
    crowd_use_up(w, 12);
    crowd_run(12, run);
    ok(crowd_has_left(), "who leads a batch goes");
    is_int(crowd_got(12, 503), 1, "nobody else is turned away");
    is_int(crowd_got(12, 201), 11, "but all others are served");
    is_int(are_made(w, 12), 11, "rightly");
}

static void verdicts(void)
{
    static const struct {
        rc_error_kind_t kind;
        int status;
        gw_batch_verdict_t verdict;
        const char *what;
    } cases[] = {{RC_INTERRUPTED, 0, GW_BATCH_ALONE, "the leader's client goes"},
                 {RC_UNAVAILABLE, 0, GW_BATCH_ALONE, "the leader's patience ends"},
                 {RC_BUSY, 429, GW_BATCH_ALONE, "the quota is used up"},
                 {RC_INVALID, 400, GW_BATCH_ALONE, "the call is not understood"},
                 {RC_FORBIDDEN, 403, GW_BATCH_ALONE, "batches are barred"},
                 {RC_LOST, 0, GW_BATCH_LOST, "the answer is lost"},
                 {RC_UNAVAILABLE, 503, GW_BATCH_REFUSED, "RingCentral is down"},
                 {RC_UNREACHED, 0, GW_BATCH_REFUSED, "there is no connection"}};
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        rc_error_t whole = {.kind = cases[i].kind, .http_status = cases[i].status};
        rc_bulk_item_t item = {NULL, NULL, &whole};

        is_int(gw_batch_judge(&item, &whole), cases[i].verdict, cases[i].what);
    }
}

/* ---- a few, and others who want Heavy calls ---- */

/* `n` of them without quota. So many Heavy calls come first, in a window; then two
 * Medium ones. `others`: a change of another child waits, too. */
static world_t *with_few(int n, int heavy, int others)
{
    const gw_notice_t notice = {GW_BOARD_UPDATES, 5, 0, "{}", 2};
    world_t *w = with_crowd(n, 2, heavy);
    int slot;

    w->conf.limits[GW_MEDIUM].window = WINDOW + WINDOW / 2;
    gw_shared_init(w->shared.memory, p, &w->conf);
    crowd_use_up(w, n);
    if (others) {
        gw_board_post(world_board(w), &notice, w->now, &slot);
    }
    return w;
}

static void few(void)
{
    world_t *w = with_few(4, 2, 0);
    int i;

    crowd_run(4, run);
    is_int(crowd_got(4, 201), 4, "four creates");
    is_int(fake_rc_called(w->rc, "postBatchProvisionUsers"), 1,
           "share a batch when nobody else wants the Heavy calls");
    w = with_few(4, 2, 1);
    crowd_run(4, run);
    is_int(crowd_got(4, 201), 4, "they are made");
    is_int(fake_rc_called(w->rc, "createExtension"), 4,
           "alone when a change waits for these");
    w = with_few(4, 2, 1);
    for (i = 0; i < 4; i++) {
        crowd[i].patience = WINDOW + WINDOW / 4;
    }
    crowd_run(4, run);
    is_int(crowd_got(4, 201), 4, "they are made");
    is_int(fake_rc_called(w->rc, "postBatchProvisionUsers"), 1,
           "but not when that would be too late for them");
    is_int(are_made(w, 4), 4, "and all are complete");
}

static int kept[8], n_alone; /* was a Heavy call kept when the next one went alone? */

static void see(fake_rc_t *f, const char *op, void *baton)
{
    gw_intake_t *n = gated->account->intake;

    if (!strcmp(op, "createExtension") && n_alone < 8) {
        apr_thread_mutex_lock(n->mutex);
        kept[n_alone++] = n->reserve != NULL;
        apr_thread_mutex_unlock(n->mutex);
    }
}

static void given_back(void)
{
    gated = with_few(6, 1, 1);
    gated->rc->before = see;
    crowd_run(6, run);
    is_int(crowd_got(6, 201), 6, "six are enough for a batch");
    is_int(kept[0], 1, "and keep a Heavy call for the change after it");
    is_int(n_alone, 6, "but Medium calls come first");
    is_int(kept[2], 0, "and when four are left the Heavy call is not kept any more");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    few();
    given_back();
    gone();
    interrupted();
    verdicts();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
