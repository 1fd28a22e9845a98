/* Creates that wait at the same time share batches (gw_intake.c, gw_intake_line.c,
 * gw_intake_batch.c, gw_intake_rest.c). */
#include "gw_intake.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_crowd.h"
#include "tap.h"

static apr_pool_t *p;

/* What each client asks for, and what it is told beside the status. */
static struct {
    const char *email;
    const json_t *user;
    char id[32], text[2048], detail[512];
} requests[CROWD_MAX];

static void run(client_t *c)
{
    const int i = (int)(c - crowd);
    apr_pool_t *own;
    gw_session_t session = crowd_session(c);
    scim_record_t record = {0};
    const scim_error_t *error;
    const char *id = "";

    apr_pool_create(&own, NULL);
    error = gw_user_backend.create(&session, own, requests[i].user, &record, &id);
    crowd_answer(c, 201, error);
    apr_cpystrn(requests[i].detail, error ? error->detail : "",
                sizeof requests[i].detail);
    apr_cpystrn(requests[i].id, error ? "" : id, sizeof requests[i].id);
    if (!error) { /* without the location that goes in at the mark */
        apr_cpystrn(requests[i].text,
                    apr_pstrcat(own, apr_pstrndup(own, record.text, record.mark),
                                record.text + record.mark, NULL),
                    sizeof requests[i].text);
    }
    apr_pool_destroy(own);
}

static const json_t *user_of(int i, const char *more)
{
    return fake_json(p, apr_psprintf(p,
                                     "{'userName':'new%d@example.com','name':{"
                                     "'givenName':'New','familyName':'N%d'},'emails':[{"
                                     "'type':'work','value':'new%d@example.com'}]%s}",
                                     i, i, i, more));
}

/* A gateway whose account allows so few calls, and `n` requests for a new user. */
static world_t *with_crowd(int n, int medium, int heavy, const char *more)
{
    world_t *w = world_make(p);
    int i;

    memset(requests, 0, sizeof requests);
    for (i = 0; i < n; i++) {
        requests[i].email = apr_psprintf(p, "new%d@example.com", i);
        requests[i].user = user_of(i, more);
    }
    crowd_make(w, n);
    w->policy.batch_provisioning = 1;
    world_fill(w);
    crowd_limit(w, medium, heavy);
    fake_rc_forget(w->rc);
    return w;
}

#define BOSS ",'title':'Boss','externalId':'x','password':'Abcd-123'"

static int is(const char *a, const char *b)
{
    return a && !strcmp(a, b);
}

/* Of how many do the answer, the copy and RingCentral have all that was sent? */
static int right(world_t *w, int n)
{
    int i, count = 0;

    for (i = 0; i < n; i++) {
        const char *id = requests[i].id;
        const json_t *shown =
            base_json_parse(p, requests[i].text, strlen(requests[i].text), 64, 0, NULL);
        const json_t *here = *id ? world_get(w, id)->user : NULL;

        count += here && is(at(w, shown, "title"), "Boss") &&
                 is(at(w, shown, "externalId"), "x") && is(at(w, shown, "id"), id) &&
                 is(at(w, shown, "meta/version"), at(w, here, "meta/version")) &&
                 is(at(w, here, "userName"), requests[i].email) &&
                 is(at(w, here, "title"), "Boss") &&
                 is(there(w, id, "contact/jobTitle"), "Boss") &&
                 is(there(w, id, "contact/email"), requests[i].email) &&
                 is(there(w, id, "references/0/ref"), "x") &&
                 is(there(w, id, "_password"), "Abcd-123");
    }
    return count;
}

/* How many are there how often. */
static int there_are(world_t *w, int n, int times)
{
    int i, count = 0;

    for (i = 0; i < n; i++) {
        count += fake_rc_count(w->rc, requests[i].email) == times;
    }
    return count;
}

static int called(const world_t *w, const char *op)
{
    return fake_rc_called(w->rc, op);
}

static int batches(const world_t *w)
{
    return called(w, "postBatchProvisionUsers");
}

/* ---- batches ---- */

static void share(void)
{
    world_t *w = with_crowd(33, 3, 10, BOSS);

    crowd_use_up(w, 33);
    crowd_run(33, run);
    is_int(crowd_got(33, 201), 33, "33 requests without quota: all succeed in the end");
    is_int(right(w, 33), 33, "and each is answered as it is here and there");
    is_int(there_are(w, 33, 1), 33, "once");
    is_int(called(w, "createExtension"), 3, "three alone");
    is_int(batches(w), 3, "the others in three batches");
    is_int(called(w, "extensionBulkUpdate"), 1,
           "and one change for what these do not carry");
    is_int(called(w, "updateExtension"), 0, "none singly");
    is_int(w->rc->mails->nelts, 0, "no mail is sent unless that is wanted");
    crowd_lift(w);
    world_refresh(w);
    is_int(right(w, 33), 33, "right also after a refresh");
    crowd_run(33, run);
    is_int(crowd_got(33, 409), 33, "and not twice");
}

static void alone(void)
{
    world_t *w = with_crowd(1, 40, 10, BOSS);

    crowd_run(1, run);
    is_str(fake_rc_calls(w->rc), "createExtension", "one request goes alone");
    is_int(right(w, 1), 1, "and is answered");
    w = with_crowd(20, 0, 10, BOSS);
    crowd_run(20, run);
    is_int(called(w, "createExtension"), 20, "twenty, too, while the quota allows it");
    w = with_crowd(20, 5, 10, BOSS);
    w->policy.gather = 0;
    crowd_run(20, run);
    is_int(called(w, "createExtension"), 20, "as all do without gathering");
    is_int(batches(w), 0, "in no batch");
    w = with_crowd(20, 5, 10, BOSS);
    w->policy.batch_provisioning = 0;
    crowd_run(20, run);
    is_int(called(w, "createExtension"), 20, "or where batches are not allowed");
    is_int(batches(w), 0, "nor then");
}

static void carried(void)
{
    world_t *w = with_crowd(20, 1, 10, "");

    w->policy.welcome_mail = 1;
    crowd_use_up(w, 20);
    crowd_run(20, run);
    is_int(crowd_got(20, 201), 20, "users with a name and an address");
    is_int(batches(w), 2, "are complete in two batches");
    is_int(called(w, "extensionBulkUpdate") + called(w, "updateExtension"), 0,
           "and need no change");
    is_int(w->rc->mails->nelts, 20, "each has a welcome mail");
}

static void neighbours(void)
{
    world_t *w = with_crowd(20, 1, 10, BOSS);
    int i, bad = 0;

    requests[3].user = user_of(0, BOSS); /* with its name lock held, and taken then */
    requests[4].user =
        fake_json(p, "{'userName':'x y','name':{'givenName':'A','familyName"
                     "':'B'},'emails':[{'type':'work','value':'x y'}]}");
    requests[5].user = user_of(5, BOSS ",'active':false");
    fake_rc_user(w->rc, "New", "6", "new6@example.com"); /* not in the copy */
    crowd_use_up(w, 20);
    crowd_run(20, run);
    for (i = 4; i <= 6; i++) {
        bad += crowd[i].status != 201;
    }
    is_int((crowd[0].status == 201) + (crowd[3].status == 201), 1,
           "of two of one name one is made");
    is_int((crowd[0].status == 409) + (crowd[3].status == 409), 1, "and one is told");
    is_int(crowd[4].status, 400, "a bad address");
    is_int(crowd[6].status, 409, "a name that only RingCentral knows");
    is_int(bad, 2, "fail alone");
    is_str(there(w, *requests[5].id ? requests[5].id : "0", "status"), "Disabled",
           "who is not active is not enabled for a moment");
    is_int(crowd_got(20, 201), 17, "and all others are made");
    is_int(there_are(w, 20, 1), 18, "once");
}

static void trouble(void)
{
    int i;

    for (i = 0; i < WORLD_TROUBLES; i++) {
        world_t *w = with_crowd(20, 10, 10, BOSS);
        const world_trouble_t *t = world_trouble(w, "postBatchProvisionUsers", i);

        w->rc->allows_same_login = 1;
        crowd_use_up(w, 20);
        crowd_run(20, run);
        is_int(crowd_got(20, 201), 20, t->name);
        is_int(there_are(w, 20, 1), 20, "each user is there once");
        is_int(right(w, 20), 20, "and complete");
        if (t->status == 403) {
            is_int(batches(w), 1, "where batches are barred there is one try");
        }
    }
}

static void incomplete(void)
{
    world_t *w = with_crowd(20, 1, 10, BOSS);
    int i, told = 0;

    world_fault(w, "extensionBulkUpdate", FAKE_ANSWER, 403,
                fake_rc_error(p, "CMN-401", "no", NULL));
    world_fault(w, "updateExtension", FAKE_ANSWER, 400,
                fake_rc_error(p, "CMN-101", "no", "contact.jobTitle"));
    crowd_use_up(w, 20);
    crowd_run(20, run);
    is_int(there_are(w, 20, 1), 20, "a change that fails: all are made");
    is_int(crowd_got(20, 201), 19, "all but one as they should be");
    is_int(right(w, 20), 19, "here and there");
    is_int(crowd_got(20, 400), 1, "one is not, and that is its status");
    for (i = 0; i < 20; i++) {
        told += strstr(requests[i].detail, "the user was made with the id ") != NULL;
    }
    is_int(told, 1, "which says so");
    ok(world_logged(w, "SCIMRC0122"), "as the log does");
    w = with_crowd(20, 1, 10, BOSS);
    world_fault(w, "extensionBulkUpdate", FAKE_LOST, 0, NULL);
    crowd_use_up(w, 20);
    crowd_run(20, run);
    is_int(right(w, 20), 20, "a lost answer to it is made up for");
}

/* ---- quota ---- */

static int heavy_is_left(world_t *w)
{
    rc_caller_t who = {&w->env, w->now, RC_INTERACTIVE, NULL};
    rc_place_t *place;
    int left_over =
        !rc_place_take(w->account->client, &who, p, RC_GROUP_BIT(RC_HEAVY), &place);

    if (left_over) {
        rc_place_return(w->account->client, &who, place);
    }
    return left_over;
}

static void no_half(void)
{
    world_t *w = with_crowd(12, 1, 1, BOSS);
    int i;

    for (i = 0; i < 12; i++) {
        crowd[i].patience = apr_time_from_sec(20);
    }
    crowd_run(12, run);
    is_int(crowd_got(12, 201), 1, "a Medium call and one Heavy: one is made");
    is_int(crowd_got(12, 429), 11, "the others are told to come again");
    is_int(batches(w), 0, "for the change after a batch would find no quota");
    is_int(there_are(w, 12, 0), 11, "and nobody is made by halves");
    ok(crowd[11].retry_after > 0 || crowd[10].retry_after > 0, "but when");
    world_pass(w, 6);
    ok(heavy_is_left(w), "the Heavy call is left for others");
}

static void no_patience(void)
{
    world_t *w = with_crowd(3, 1, 1, BOSS);
    int i;

    for (i = 0; i < 3; i++) {
        crowd[i].patience = 0;
    }
    crowd_use_up(w, 0);
    crowd_run(3, run);
    is_int(crowd_got(3, 429), 3, "without quota and patience all are sent away");
    ok(crowd[0].retry_after > 0, "and told when to come again");
    is_str(fake_rc_calls(w->rc), "", "for no call");
    is_int(crowd_waiting(), 0, "and at once");
}

/* The last Heavy calls of a window are not spent on batches whose users could not be
 * completed. */
static void reserve(void)
{
    world_t *w = with_crowd(40, 1, 3, BOSS);

    w->conf.limits[GW_MEDIUM].window = 1000 * HOUR; /* longer than anybody waits */
    w->conf.limits[GW_HEAVY].window = 1000 * HOUR;
    gw_shared_init(w->shared.memory, p, &w->conf);
    crowd_expect(30);
    crowd_run(40, run);
    is_int(crowd_got(40, 201), 21, "three Heavy calls: two batches, one change");
    is_int(batches(w), 2, "two batches");
    is_int(called(w, "extensionBulkUpdate"), 1, "one change");
    is_int(crowd_got(40, 429), 19, "and the others come again");
    is_int(there_are(w, 40, 1), 21, "nobody is made by halves");
    is_int(right(w, 40), 21, "all are right");
}

/* ---- clients that go ---- */

/* Nothing is locked, and the copy has whom RingCentral has. */
static void check_left(world_t *w, int n, const char *what)
{
    int i, wrong = 0;

    crowd_lift(w);
    w->now += 10 * HOUR;
    world_work(w);
    for (i = 0; i < n; i++) {
        int far = fake_rc_count(w->rc, requests[i].email);
        int here = (int)world_find(w, requests[i].email)->total;

        crowd[i].patience = apr_time_from_sec(5);
        wrong += far > 1 || here != far || (crowd[i].status == 201 && !far);
    }
    is_int(wrong, 0, apr_psprintf(p, "%s: the copy has whom RingCentral has", what));
    for (i = 0; i < n; i++) {
        crowd[i].leaves = 0;
    }
    crowd_run(n, run);
    is_int(crowd_got(n, 201) + crowd_got(n, 409), n, "no name is locked");
    is_int(there_are(w, n, 1), n, "and all are there when they come again");
}

static void leaving(void)
{
    static const char *const when[] = {"postBatchProvisionUsers", "extensionBulkUpdate",
                                       "getExtensionBulkUpdateTask"};
    apr_size_t k;
    int i, titled;

    for (k = 0; k < sizeof when / sizeof *when; k++) {
        world_t *w = with_crowd(20, 1, 10, BOSS);

        for (i = 0; i < 10; i++) {
            crowd[i].leaves = 1;
        }
        crowd_leave_at(when[k], NULL);
        crowd_use_up(w, 20);
        crowd_run(20, run);
        ok(crowd_got(20, 503) > 0,
           apr_psprintf(p, "%d clients go away", crowd_got(20, 503)));
        is_int(crowd_got(20, 503) + crowd_got(20, 201), 20,
               "and the others are served");
        is_int(right(w, 20), crowd_got(20, 201), "rightly");
        for (i = titled = 0; i < 20; i++) {
            titled += fake_rc_count(w->rc, requests[i].email) == 1;
        }
        is_int(crowd_got(20, 201) <= titled, 1, apr_psprintf(p, "%d are made", titled));
        check_left(w, 20, when[k]);
    }
}

static void all_leave(void)
{
    static const char *const when[] = {"postBatchProvisionUsers",
                                       "getExtensionBulkUpdateTask"};
    apr_size_t k;
    int i;

    for (k = 0; k < sizeof when / sizeof *when; k++) {
        world_t *w = with_crowd(20, 1, 10, BOSS);

        for (i = 0; i < 20; i++) {
            crowd[i].leaves = 1;
        }
        w->rc->bulk_takes = HOUR; /* nobody sees the end */
        crowd_leave_at(when[k], NULL);
        crowd_use_up(w, 20);
        crowd_run(20, run);
        ok(crowd_got(20, 503) >= 15, "all go away");
        w->rc->bulk_takes = 0;
        check_left(w, 20, when[k]);
    }
}

/* Whom a batch has made for a client that has gone is completed with the others. */
static void completed(void)
{
    world_t *w = with_crowd(12, 2, 10, BOSS);
    int i, whole = 0;

    for (i = 0; i < 11; i++) {
        crowd[i].leaves = 1;
    }
    crowd_leave_at("postBatchProvisionUsers", NULL);
    crowd_use_up(w, 12);
    crowd_run(12, run);
    crowd_lift(w);
    world_pass(w, 60);
    world_refresh(w);
    for (i = 0; i < 12; i++) {
        answer_t *a = world_find(w, requests[i].email);
        const char *id = a->total ? at(w, a->users, "0/id") : "0";

        whole += is(there(w, id, "contact/jobTitle"), "Boss");
    }
    is_int(whole, there_are(w, 12, 1), "nobody who was made stays incomplete");
    ok(whole >= 10, apr_psprintf(p, "of %d", whole));
}

/* All leave while the change that completes them is under way, and goes on. */
static void left_to_itself(void)
{
    world_t *w = with_crowd(20, 1, 10, BOSS);
    const char *id = NULL;
    answer_t *a;
    int i;

    for (i = 0; i < 20; i++) {
        crowd[i].leaves = 1;
    }
    w->rc->bulk_takes = 2 * WINDOW; /* long enough for a call of its own */
    crowd_leave_at("getExtensionBulkUpdateTask", NULL);
    crowd_use_up(w, 20);
    crowd_run(20, run);
    w->policy.patience = 10 * HOUR;
    w->rc->bulk_takes = 0; /* of another one */
    for (i = 19; i >= 0 && !id; i--) {
        a = world_find(w, requests[i].email);
        id = a->total ? at(w, a->users, "0/id") : NULL;
        id = id && !there(w, id, "contact/jobTitle") ? id : NULL;
    }
    ok(id && world_set(w, id, "title", "'Chief'")->status == 200,
       "one who was made and is not complete is changed");
    w->now += 4 * WINDOW;
    world_refresh(w);
    ok(id && is(there(w, id, "contact/jobTitle"), "Chief"),
       "what completes them does not come later than that");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    share();
    alone();
    carried();
    neighbours();
    trouble();
    incomplete();
    no_half();
    no_patience();
    reserve();
    leaving();
    all_leave();
    completed();
    left_to_itself();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
