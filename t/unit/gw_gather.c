/* Writes that wait at the same time share calls (gw_gather.c, gw_voyage.c). */
#include "gw_gather.h"

#include <unistd.h>
#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "tap.h"

#define MAX_CROWD 60
#define HOUR apr_time_from_sec(3600)

static apr_pool_t *p;

/* One request, in a thread of its own. */
typedef struct request_t {
    world_t *w;
    const char *id;
    const char *operations; /* NULL: a deletion */
    apr_interval_time_t patience;
    base_env_t env;
    int leaves; /* its client goes as soon as w->rc->before() has seen `leave_at` */
    int naps;
    int status, retry_after;
} request_t;

static request_t crowd[MAX_CROWD];
static const char *leave_at;
static volatile apr_uint32_t left;
/* While fewer than `expected` wait, time stands still for them. */
static volatile apr_uint32_t expected, waiting;
#define LONGEST_GATE 100000 /* naps of at least 10 us */

static apr_time_t now(void *ctx)
{
    const request_t *r = ctx;

    return base_now(&r->w->env);
}

static apr_status_t nap(void *ctx, apr_interval_time_t t)
{
    request_t *r = ctx;
    apr_status_t rv;

    if (!r->naps++) {
        apr_atomic_inc32(&waiting);
    }
    if (apr_atomic_read32(&waiting) < apr_atomic_read32(&expected) &&
        r->naps < LONGEST_GATE) {
        usleep(10);
        return APR_SUCCESS;
    }
    rv = base_sleep(&r->w->env, t);
    return r->leaves && apr_atomic_read32(&left) ? APR_EINTR : rv;
}

static void write_line(void *ctx, base_log_level_t level, apr_status_t rv,
                       const char *line)
{
    const request_t *r = ctx;

    base_log(&r->w->env, level, rv, "%s", line);
}

static void watch(fake_rc_t *f, const char *op, void *baton)
{
    if (leave_at && !strcmp(op, leave_at)) {
        apr_atomic_set32(&left, 1);
    }
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    request_t *r = data;
    apr_pool_t *own;
    gw_session_t session = world_session(r->w);
    const scim_error_t *error;

    apr_pool_create(&own, NULL);
    session.env = &r->env;
    session.deadline = base_now(&r->env) + r->patience;
    error = r->operations ? world_patch_in(&session, own, r->id, r->operations)
                          : gw_user_backend.remove(&session, own, r->id, NULL, NULL);
    r->status = error ? error->status : 200;
    r->retry_after = error ? error->retry_after : 0;
    apr_pool_destroy(own);
    return NULL;
}

/* A gateway whose account allows so few calls, with `n` users and a request for each
 * that sets the title. */
static world_t *with_crowd(int n, int medium, int heavy)
{
    world_t *w = world_make(p);
    const gw_limit_t limits[] = {{medium, apr_time_from_sec(900)},
                                 {heavy, apr_time_from_sec(900)}};
    int i;

    memset(crowd, 0, sizeof crowd);
    for (i = 0; i < n; i++) {
        request_t *r = &crowd[i];

        r->w = w;
        r->id = id_text(w, fake_rc_user(w->rc, "Ann", apr_itoa(p, i),
                                        apr_psprintf(p, "ann%d@example.com", i)));
        r->operations =
            apr_psprintf(p, "[{'op':'replace','path':'title','value':'t%d'}]", i);
        r->patience = 100 * HOUR;
        r->env.ctx = r;
        r->env.now = now;
        r->env.sleep = nap;
        r->env.log = write_line;
    }
    w->conf.max_age = 1000 * HOUR;
    w->policy.gather = apr_time_from_msec(250);
    w->rc->bulk_takes = apr_time_from_sec(1);
    world_fill(w);
    w->conf.limits[GW_MEDIUM] = limits[0];
    w->conf.limits[GW_HEAVY] = limits[1];
    gw_shared_init(w->shared.memory, p, &w->conf);
    leave_at = NULL;
    apr_atomic_set32(&left, 0);
    apr_atomic_set32(&expected, 0);
    apr_atomic_set32(&waiting, 0);
    w->rc->before = watch;
    return w;
}

/* The quota is no hindrance from now on. */
static void lift(world_t *w)
{
    memset(w->conf.limits, 0, sizeof w->conf.limits);
    gw_shared_init(w->shared.memory, p, &w->conf);
}

/* Uses the quota up: all `n` wait before the first can go. */
static void use_up(world_t *w, int n)
{
    const unsigned groups = RC_GROUP_BIT(RC_MEDIUM) | RC_GROUP_BIT(RC_HEAVY);
    rc_caller_t who = {&w->env, w->now, RC_INTERACTIVE, NULL};
    rc_place_t *place;

    do {
        world_pass(w, 6); /* the pacer waits that long for a first answer */
        who.deadline = w->now;
    } while (!rc_place_take(w->account->client, &who, p, groups, &place));
    apr_atomic_set32(&expected, (apr_uint32_t)n);
}

static void run_all(int n)
{
    apr_thread_t *threads[MAX_CROWD];
    apr_pool_t *own;
    apr_status_t rv;
    int i;

    apr_pool_create(&own, NULL);
    for (i = 0; i < n; i++) {
        apr_thread_create(&threads[i], NULL, run, &crowd[i], own);
    }
    for (i = 0; i < n; i++) {
        apr_thread_join(&rv, threads[i]);
    }
    apr_pool_destroy(own);
}

/* How many of the first `n` got this status. */
static int got(int n, int status)
{
    int i, count = 0;

    for (i = 0; i < n; i++) {
        count += crowd[i].status == status;
    }
    return count;
}

/* Of how many do both sides have the new title? */
static int changed(world_t *w, int n)
{
    int i, count = 0;

    for (i = 0; i < n; i++) {
        const char *title = apr_psprintf(p, "t%d", i);

        count += base_json_string(world_get(w, crowd[i].id)->user, "title") &&
                 !strcmp(base_json_string(world_get(w, crowd[i].id)->user, "title"),
                         title) &&
                 there(w, crowd[i].id, "contact/jobTitle") &&
                 !strcmp(there(w, crowd[i].id, "contact/jobTitle"), title);
    }
    return count;
}

static void fault(world_t *w, const char *op, fake_rc_what_t what, int status,
                  const char *body)
{
    const fake_rc_fault_t f = {op, 0, what, status, body};

    fake_rc_fail(w->rc, &f);
}

static int bulk_calls(const world_t *w)
{
    return fake_rc_called(w->rc, "extensionBulkUpdate");
}

static void share(void)
{
    world_t *w = with_crowd(40, 3, 10);

    use_up(w, 40);
    run_all(40);
    is_int(got(40, 200), 40, "40 requests without quota: all succeed in the end");
    is_int(changed(w, 40), 40, "and are right on both sides");
    is_int(bulk_calls(w), 1, "in one bulk call");
    ok(fake_rc_called(w->rc, "updateExtension") <= 3, "and no more than 3 alone");
    world_refresh(w);
    is_int(changed(w, 40), 40, "also after a refresh");
}

static void alone(void)
{
    world_t *w = with_crowd(1, 40, 10);

    run_all(1);
    is_str(fake_rc_calls(w->rc), "updateExtension", "one request goes alone");
    w = with_crowd(20, 40, 10);
    w->policy.gather = 0;
    run_all(20);
    is_int(fake_rc_called(w->rc, "updateExtension"), 20, "as all do without gathering");
    is_int(bulk_calls(w), 0, "with no bulk call");
}

static void neighbours(void)
{
    world_t *w = with_crowd(20, 1, 10);
    int bad = 0, i;

    for (i = 3; i < 6; i++) { /* whoever goes alone is told the same */
        crowd[i].operations =
            "[{'op':'replace','value':{'userName':'x','emails':[{'type':'work',"
            "'value':'x'}]}}]";
    }
    run_all(20);
    for (i = 3; i < 6; i++) {
        bad += crowd[i].status == 400 || crowd[i].status == 503;
    }
    is_int(bad, 3, "bad records fail");
    is_int(got(20, 200), 17, "and their neighbours do not");
    is_int(changed(w, 20), 17, "nor their changes");
    ok(!there(w, crowd[3].id, "contact/jobTitle"), "nothing of theirs is there");
}

static void lost(void)
{
    world_t *w = with_crowd(20, 1, 10);
    int i;

    fault(w, "extensionBulkUpdate", FAKE_LOST, 0, NULL);
    run_all(20);
    is_int(got(20, 200), 20, "a lost answer: the call is repeated");
    is_int(changed(w, 20), 20, "and all is well");
    w = with_crowd(20, 1, 10);
    for (i = 0; i < 10; i++) {
        fault(w, "extensionBulkUpdate", FAKE_DROPPED, 0, NULL);
    }
    run_all(20);
    is_int(got(20, 200) + got(20, 503), 20, "but once");
    ok(got(20, 503) > 0, "then the client is told");
    is_int(changed(w, 20), got(20, 200), "and the copy is right");
    w = with_crowd(20, 1, 10);
    w->rc->fails_tasks = 1;
    run_all(20);
    is_int(got(20, 200) + got(20, 503), 20, "tasks that fail without a word");
    is_int(changed(w, 20), 20, "were carried out, as reads tell");
}

static void refused(void)
{
    world_t *w = with_crowd(20, 1, 20);

    w->rc->bars = crowd[9].id;
    run_all(20);
    is_int(got(20, 200), 20, "a call that one record spoils is split");
    is_int(changed(w, 20), 20, "until all are through");
    w = with_crowd(20, 1, 20);
    fault(w, "extensionBulkUpdate", FAKE_ANSWER, 403,
          fake_rc_error(p, "CMN-401", "[EditExtensions] permission required", NULL));
    use_up(w, 20);
    run_all(20);
    is_int(got(20, 200), 20, "where bulk calls are barred all go alone");
    is_int(bulk_calls(w), 1, "after one try");
}

static void status(void)
{
    world_t *w = with_crowd(20, 1, 20);
    int i, right = 0;

    for (i = 0; i < 20; i++) {
        fake_rc_edit(w->rc, gw_id_parse(crowd[i].id), "{'status':'Disabled'}");
        crowd[i].operations = "[{'op':'replace','path':'active','value':true}]";
    }
    world_refresh(w);
    w->rc->refuses_enabled = 1;
    run_all(20);
    for (i = 0; i < 20; i++) {
        right += there(w, crowd[i].id, "status") &&
                 !strcmp(there(w, crowd[i].id, "status"), "NotActivated");
    }
    is_int(got(20, 200), 20, "a status that is refused in bulk");
    is_int(right, 20, "becomes NotActivated in a call of its own");
}

static void removals(void)
{
    world_t *w = with_crowd(60, 1, 3);
    int i, gone = 0;

    w->policy.remove = GW_DELETE_REMOVE;
    for (i = 0; i < 60; i++) {
        crowd[i].operations = NULL;
    }
    fault(w, "bulkDeleteUsersV2", FAKE_ANSWER, 500, "");
    use_up(w, 60);
    run_all(60);
    for (i = 0; i < 60; i++) {
        gone += !fake_rc_extension(w->rc, gw_id_parse(crowd[i].id)) &&
                world_get(w, crowd[i].id)->status == 404;
    }
    is_int(got(60, 200), 60, "60 deletions, the first answer lost: all succeed");
    is_int(gone, 60, "and nobody is left");
    i = fake_rc_called(w->rc, "bulkDeleteUsersV2");
    is_int(i, 3, "in the fewest calls");
}

static void leaving(void)
{
    world_t *w = with_crowd(20, 1, 10);
    int i, locked = 0;

    for (i = 0; i < 10; i++) {
        crowd[i].leaves = 1;
    }
    leave_at = "extensionBulkUpdate";
    use_up(w, 20);
    run_all(20);
    ok(got(20, 503) > 0, apr_psprintf(p, "%d clients go away", got(20, 503)));
    is_int(got(20, 503) + got(20, 200), 20, "and the others are served");
    lift(w);
    for (i = 0; i < 20; i++) { /* on their way, or never sent: the copy is right */
        answer_t *a = world_get(w, crowd[i].id);
        const char *here = base_json_string(a->user, "title");
        const char *far = there(w, crowd[i].id, "contact/jobTitle");

        if ((here != NULL) != (far != NULL)) {
            ok(0, apr_psprintf(p, "%d: %s here, %s there", i, here ? here : "-",
                               far ? far : "-"));
        }
        locked += world_set(w, crowd[i].id, "title", "'x'")->status != 200;
    }
    is_int(locked, 0, "no lock is left");
}

static void all_leave(void)
{
    world_t *w = with_crowd(20, 1, 10);
    int i, wrong = 0;

    for (i = 0; i < 20; i++) {
        crowd[i].leaves = 1;
    }
    w->rc->bulk_takes = 10000 * HOUR; /* nobody sees the end */
    leave_at = "getExtensionBulkUpdateTask";
    use_up(w, 20);
    run_all(20);
    ok(got(20, 503) >= 15, "all go away while the task runs");
    w->rc->bulk_takes = 0;
    w->now += 20000 * HOUR; /* it ends */
    lift(w);
    for (i = 0; i < 20; i++) {
        /* Judged by what RingCentral has, not by the copy of before. */
        wrong +=
            world_set(w, crowd[i].id, "title", apr_psprintf(p, "'t%d'", i))->status !=
            200;
    }
    is_int(wrong, 0, "who comes later changes them");
    is_int(changed(w, 20), 20, "and both sides are right");
}

static void no_patience(void)
{
    world_t *w = with_crowd(3, 1, 1);

    crowd[1].patience = crowd[2].patience = 0;
    run_all(1);
    crowd[0].status = 0;
    crowd[0].operations = "[{'op':'replace','path':'title','value':'t9'}]";
    run_all(1); /* the only Heavy call of this minute */
    ok(!strncmp(fake_rc_calls(w->rc), "updateExtension extensionBulkUpdate getE", 40),
       "a Medium call, then a Heavy one");
    crowd[0].status = 200;
    run_all(3);
    is_int(crowd[1].status, 429, "without quota and patience");
    ok(crowd[1].retry_after > 0, "the client is told when to come again");
    ok(!there(w, crowd[1].id, "contact/jobTitle"), "and nothing was changed");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    share();
    alone();
    neighbours();
    lost();
    refused();
    status();
    removals();
    leaving();
    all_leave();
    no_patience();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
