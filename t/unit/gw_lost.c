/* The answer to a bulk update is lost, and RingCentral carries it out later: what is
 * asked for after that is not overtaken by it (gw_lane.c, gw_lead.c, gw_voyage.c). */
#include "gw_gather.h"

#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_crowd.h"
#include "tap.h"

#define MANY 12 /* enough for a Heavy call before all others */
#define LATE MANY

static apr_pool_t *p;

static const char *ids[MANY + 1];

static void run(client_t *c)
{
    const int i = (int)(c - crowd);
    gw_session_t session;
    const scim_error_t *error;
    apr_pool_t *own;

    while (i == LATE && !crowd_has_left()) {
        usleep(10);
    }
    apr_pool_create(&own, NULL);
    session = crowd_session(c);
    error = world_patch_in(&session, own, ids[i],
                           "[{'op':'replace','path':'title','value':'first'}]");
    crowd_answer(c, 200, error);
    apr_pool_destroy(own);
}

static int is_late_missing(void)
{
    return crowd_has_left() && !crowd[LATE].naps;
}

/* A crowd that goes in a Heavy call as soon as there is one, whose answer is lost. The
 * next one is a window away; Medium calls come sooner, `later` than the first. */
static world_t *with_loss(apr_interval_time_t later)
{
    world_t *w = world_make(p);
    int i;

    for (i = 0; i <= MANY; i++) {
        const char *email = apr_psprintf(p, "ann%d@example.com", i);

        ids[i] = id_text(w, fake_rc_user(w->rc, "Ann", apr_itoa(p, i), email));
    }
    crowd_make(w, MANY + 1);
    world_fill(w);
    w->conf.limits[GW_MEDIUM] = (gw_limit_t){4, WINDOW + later};
    w->conf.limits[GW_HEAVY] = (gw_limit_t){1, WINDOW};
    gw_shared_init(w->shared.memory, w->p, &w->conf);
    world_fault(w, "extensionBulkUpdate", FAKE_LOST, 0, NULL);
    crowd_leave_at("extensionBulkUpdate", NULL);
    crowd_use_up(w, MANY);
    fake_rc_forget(w->rc);
    return w;
}

static int has_title(world_t *w, const char *title)
{
    const char *here = base_json_string(world_get(w, ids[0])->user, "title");
    const char *far = there(w, ids[0], "contact/jobTitle");

    return here && far && !strcmp(here, title) && !strcmp(far, title);
}

static int calls(const world_t *w, const char *op)
{
    return fake_rc_called(w->rc, op);
}

static void behind_it(void)
{
    world_t *w = with_loss(WINDOW / 2);

    w->rc->bulk_takes = WINDOW + WINDOW / 2;
    crowd_run(MANY, run);
    is_int(crowd_got(MANY, 200), MANY, "a bulk update whose answer is lost succeeds");
    is_int(calls(w, "extensionBulkUpdate"), 2, "in another one");
    is_int(calls(w, "updateExtension"), 0,
           "for a call of another kind would come before it");
    is_int(world_set(w, ids[0], "title", "'second'")->status, 200,
           "one of the users is changed once more");
    world_pass(w, 3600);
    world_refresh(w);
    ok(has_title(w, "second"), "and that stays");
}

static void beside_it(void)
{
    world_t *w = with_loss(WINDOW / 4);
    int i;

    for (i = 0; i < MANY; i++) {
        crowd[i].is_held = is_late_missing;
    }
    crowd_run(MANY + 1, run);
    is_int(crowd_got(MANY + 1, 200), MANY + 1,
           "who comes after them is served as well");
    is_int(calls(w, "updateExtension"), 1, "with the first Medium call");
    is_int(calls(w, "extensionBulkUpdate"), 2, "which was not for them");
}

/* Nobody sends it again. */
static void after_it(void)
{
    world_t *w = with_loss(apr_time_from_sec(100));
    answer_t *a;
    int i;

    for (i = 0; i < MANY; i++) { /* past the Heavy call, but before any other */
        crowd[i].patience = WINDOW + apr_time_from_sec(35);
    }
    w->rc->bulk_takes = apr_time_from_sec(150);
    crowd_run(MANY, run);
    is_int(crowd_got(MANY, 503), MANY, "who has no time for another one is told");
    is_int(calls(w, "extensionBulkUpdate") + calls(w, "updateExtension"), 1,
           "and nothing more is sent");
    world_pass(w, 60);
    a = world_set(w, ids[0], "title", "'second'");
    is_int(a->status, 503, "the next change of the user is not sent at once");
    ok(a->retry_after > 0, "but its client is told when to come again");
    world_pass(w, 120);
    is_int(world_set(w, ids[0], "title", "'second'")->status, 200, "it is later");
    world_pass(w, 3600);
    world_refresh(w);
    ok(has_title(w, "second"), "and stays");
    world_work(w);
    a = world_get(w, ids[1]);
    ok(a->user && !strcmp(base_json_string(a->user, "title"), "first"),
       "the copy knows what has become of the others");
}

/* What they leave on the board is taken down in one go. */
static void forgotten(void)
{
    world_t *w = with_loss(apr_time_from_sec(100));
    const gw_shared_t *shared = w->shared.memory;
    int i, n = 0;

    for (i = 0; i < MANY; i++) {
        crowd[i].patience = WINDOW + apr_time_from_sec(35);
    }
    crowd_run(MANY, run);
    world_pass(w, 121);
    world_work(w);
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        n += shared->board.slots[i].state != 0;
    }
    is_int(n, 0, "and then nothing of it is left on the board");
}

/* A single one, as it comes from another part of the gateway; `gather` may be off. */
static void single(apr_interval_time_t gather)
{
    world_t *w = with_loss(0);
    gw_session_t session;
    gw_job_t *job;

    world_pass(w, 3600);
    crowd_expect(0);
    crowd_leave_at(NULL, NULL);
    w->policy.gather = gather;
    session = crowd_session(&crowd[0]);
    job = gw_job_make(&session, ids[0]);
    job->ask = GW_ASK_UPDATE;
    job->plan.body =
        base_json_own(job->p, json_pack("{s:{s:s}}", "contact", "jobTitle", "first"));
    job->lost = rc_error(job->p, RC_LOST, "no answer");
    gw_gather_send(&session, &job, 1);
    is_int(calls(w, "extensionBulkUpdate"), 1,
           "one that was lost goes in a bulk call, with all kinds at hand");
    gw_job_end(job);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    behind_it();
    beside_it();
    after_it();
    forgotten();
    single(apr_time_from_msec(250));
    single(0);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
