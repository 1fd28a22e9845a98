/* Writes that wait at the same time share calls (gw_gather.c, gw_lane.c, gw_lead.c,
 * gw_voyage.c), within one child and across several. */
#include "gw_gather.h"

#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_crowd.h"
#include "tap.h"

#define MAX_CHILDREN 40
#define LATE 19
#define NOBODY ((APR_UINT64_C(1) << 61) + 1) /* no child has this sign of life */

static apr_pool_t *p;

/* What each client asks for. */
static struct {
    gw_account_t *child; /* the request is made to */
    const char *id;
    const char *operations; /* NULL: a deletion */
    int is_late;            /* it comes when the others leave ... */
    volatile apr_time_t ended;
} requests[CROWD_MAX];

/* As many children of one server have the requests in turns. */
static int n_children = 1;

static int leader;      /* who made the call of leave_at() */
static int leader_dies; /* then, as far as other children can see */
static int awaits_late; /* that call is answered when a late request waits */
static volatile int may_come;
static int follows; /* ... and is for the user of one of them */
/* Whose clients go then, other than those of `leaves`. */
static enum {
    NOBODY_ELSE,
    THE_LEADER,
    ITS_CHILD,
    OTHER_CHILDREN,
    ALL_THERE_ARE
} who_leaves;

static int client_leaves(int i)
{
    const int is_sister = requests[i].child == requests[leader].child;

    switch (who_leaves) {
    case THE_LEADER:
        return i == leader;
    case ITS_CHILD:
        return is_sister && !requests[i].is_late;
    case OTHER_CHILDREN:
        return !is_sister && !requests[i].is_late;
    case ALL_THERE_ARE:
        return !requests[i].is_late;
    default:
        return crowd[i].leaves;
    }
}

/* What the other children believe of who carries their changes. */
static void carrier_dies(world_t *w)
{
    gw_shared_t *shared = w->shared.memory;
    int i;

    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        if (shared->board.slots[i].carrier.number) {
            shared->board.slots[i].carrier.number = NOBODY;
        }
    }
}

static int on_board(const world_t *w)
{
    const gw_shared_t *shared = w->shared.memory;
    int i, n = 0;

    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        n += shared->board.slots[i].state != 0;
    }
    return n;
}

/* Is a late request of the leader's child on the board? */
static int is_late_there(const world_t *w)
{
    const gw_shared_t *shared = w->shared.memory;
    int i, k;

    for (i = 0; i < CROWD_MAX; i++) {
        for (k = 0; k < GW_BOARD_SLOTS && requests[i].is_late &&
                    requests[i].child == requests[leader].child;
             k++) {
            if (shared->board.slots[k].id == gw_id_parse(requests[i].id)) {
                return 1;
            }
        }
    }
    return 0;
}

static void on_leaving(client_t *caller)
{
    int i;

    leader = (int)(caller - crowd);
    for (i = 0; i < CROWD_MAX; i++) {
        crowd[i].leaves = client_leaves(i);
    }
    if (leader_dies) {
        carrier_dies(caller->w);
    }
    may_come = awaits_late;
    while (awaits_late && !is_late_there(caller->w)) {
        usleep(10);
    }
}

static void leave_at(const char *op)
{
    crowd_leave_at(op, on_leaving);
}

/* For the same user as one whose client has gone, in the child that carries that one's
 * change. */
static void follow(int i)
{
    int gone = 0;

    while (gone < i && crowd[gone].status != 503) {
        gone += requests[gone].child == requests[leader].child || requests[gone].ended;
        usleep(10);
    }
    requests[i].child = requests[leader].child;
    requests[i].id = requests[gone].id;
}

static void run(client_t *c)
{
    const int i = (int)(c - crowd);
    apr_pool_t *own;
    gw_session_t session;
    const scim_error_t *error;
    const char *id;

    while (requests[i].is_late && !crowd_has_left() && !may_come) {
        usleep(10);
    }
    if (requests[i].is_late && follows) {
        follow(i);
    }
    id = requests[i].id;
    apr_pool_create(&own, NULL);
    session = crowd_session(c);
    session.account = requests[i].child;
    error = requests[i].operations
                ? world_patch_in(&session, own, id, requests[i].operations)
                : gw_user_backend.remove(&session, own, id, NULL, NULL);
    crowd_answer(c, 200, error);
    requests[i].ended = base_now(&c->env);
    apr_pool_destroy(own);
}

/* Another child of the server: all that concerns gathering is its own. */
static gw_account_t *make_child(world_t *w)
{
    gw_account_t *child = apr_pmemdup(w->account_pool, w->account, sizeof *child);

    if (gw_gather_create(&child->gather, w->account_pool, child) != APR_SUCCESS) {
        abort();
    }
    return child;
}

static void spread(world_t *w, int n)
{
    gw_account_t *children[MAX_CHILDREN] = {w->account};
    int i;

    for (i = 1; i < n_children; i++) {
        children[i] = make_child(w);
    }
    for (i = 0; i < n; i++) {
        requests[i].child = children[i % n_children];
    }
}

/* A gateway whose account allows so few calls, with `n` users and a request for each
 * that sets the title. */
static world_t *with_crowd(int n, int medium, int heavy)
{
    world_t *w = world_make(p);
    int i;

    memset(requests, 0, sizeof requests);
    for (i = 0; i < n; i++) {
        const char *email = apr_psprintf(p, "ann%d@example.com", i);

        requests[i].id = id_text(w, fake_rc_user(w->rc, "Ann", apr_itoa(p, i), email));
        requests[i].operations =
            apr_psprintf(p, "[{'op':'replace','path':'title','value':'t%d'}]", i);
    }
    leader = 0;
    leader_dies = awaits_late = may_come = follows = 0;
    who_leaves = NOBODY_ELSE;
    crowd_make(w, n);
    world_fill(w);
    spread(w, n);
    crowd_limit(w, medium, heavy);
    return w;
}

/* Of how many do both sides have the new title? */
static int changed(world_t *w, int n)
{
    int i, count = 0;

    for (i = 0; i < n; i++) {
        const char *title = apr_psprintf(p, "t%d", i);

        count += base_json_string(world_get(w, requests[i].id)->user, "title") &&
                 !strcmp(base_json_string(world_get(w, requests[i].id)->user, "title"),
                         title) &&
                 there(w, requests[i].id, "contact/jobTitle") &&
                 !strcmp(there(w, requests[i].id, "contact/jobTitle"), title);
    }
    return count;
}

static int bulk_calls(const world_t *w)
{
    return fake_rc_called(w->rc, "extensionBulkUpdate");
}

static void share(void)
{
    world_t *w = with_crowd(40, 3, 10);

    crowd_use_up(w, 40);
    crowd_run(40, run);
    is_int(crowd_got(40, 200), 40, "40 requests without quota: all succeed in the end");
    is_int(changed(w, 40), 40, "and are right on both sides");
    is_int(bulk_calls(w), 1, "in one bulk call");
    ok(fake_rc_called(w->rc, "updateExtension") <= 3, "and no more than 3 alone");
    world_refresh(w);
    is_int(changed(w, 40), 40, "also after a refresh");
}

static void alone(void)
{
    world_t *w = with_crowd(1, 40, 10);

    crowd_run(1, run);
    is_str(fake_rc_calls(w->rc), "updateExtension", "one request goes alone");
    w = with_crowd(20, 40, 10);
    w->policy.gather = 0;
    crowd_run(20, run);
    is_int(fake_rc_called(w->rc, "updateExtension"), 20, "as all do without gathering");
    is_int(bulk_calls(w), 0, "with no bulk call");
}

/* When the next bulk call was made. */
static apr_time_t called_at;

static void note_time(client_t *caller)
{
    called_at = base_now(&caller->env);
}

static void change_alone(const char *title)
{
    requests[0].operations =
        apr_psprintf(p, "[{'op':'replace','path':'title','value':'%s'}]", title);
    crowd_run(1, run);
}

/* A change of one client alone, with a Heavy call at hand and no other. */
static void wait_in_vain(world_t *w, int ms, const char *title)
{
    /* Some naps, and the pacer's look. */
    const apr_interval_time_t most = apr_time_from_msec(ms) + apr_time_from_msec(50);
    const apr_time_t from = w->now;
    const int calls = bulk_calls(w);
    apr_interval_time_t t;

    w->policy.gather = apr_time_from_msec(ms);
    crowd_leave_at("extensionBulkUpdate", note_time);
    change_alone(title);
    t = called_at - from;
    is_int(bulk_calls(w), calls + 1, apr_psprintf(p, "%s: a bulk call", title));
    ok(t >= w->policy.gather && t < most,
       apr_psprintf(p, "after %d ms, when %d were to be waited",
                    (int)apr_time_as_msec(t), ms));
}

static void time_to_gather(void)
{
    world_t *w = with_crowd(40, 1, 10);

    change_alone("the only single change");
    wait_in_vain(w, 100, "nobody comes");
    wait_in_vain(w, 1000, "nor now");
    wait_in_vain(w, 10000, "nor in a long time");
    crowd_use_up(w, 40);
    crowd_run(40, run);
    is_int(crowd_got(40, 200), 40, "many come together");
    crowd_expect(0);
    world_pass(w, 1800);
    change_alone("a single change once more");
    wait_in_vain(w, 2000, "no more of them");
}

static void neighbours(void)
{
    world_t *w = with_crowd(20, 1, 10);
    int bad = 0, i;

    for (i = 3; i < 6; i++) { /* whoever goes alone is told the same */
        requests[i].operations =
            "[{'op':'replace','value':{'userName':'x','emails':[{'type':'work',"
            "'value':'x'}]}}]";
    }
    crowd_run(20, run);
    for (i = 3; i < 6; i++) {
        bad += crowd[i].status == 400 || crowd[i].status == 503;
    }
    is_int(bad, 3, "bad records fail");
    is_int(crowd_got(20, 200), 17, "and their neighbours do not");
    is_int(changed(w, 20), 17, "nor their changes");
    ok(!there(w, requests[3].id, "contact/jobTitle"), "nothing of theirs is there");
}

static void lost(void)
{
    world_t *w = with_crowd(20, 1, 10);
    int i;

    world_fault(w, "extensionBulkUpdate", FAKE_LOST, 0, NULL);
    crowd_run(20, run);
    is_int(crowd_got(20, 200), 20, "a lost answer: the call is repeated");
    is_int(changed(w, 20), 20, "and all is well");
    w = with_crowd(20, 1, 10);
    for (i = 0; i < 10; i++) {
        world_fault(w, "extensionBulkUpdate", FAKE_DROPPED, 0, NULL);
    }
    crowd_run(20, run);
    is_int(crowd_got(20, 200) + crowd_got(20, 503), 20, "but once");
    ok(crowd_got(20, 503) > 0, "then the client is told");
    is_int(changed(w, 20), crowd_got(20, 200), "and the copy is right");
    w = with_crowd(20, 1, 10);
    w->rc->fails_tasks = 1;
    crowd_run(20, run);
    is_int(crowd_got(20, 200) + crowd_got(20, 503), 20,
           "tasks that fail without a word");
    is_int(changed(w, 20), 20, "were carried out, as reads tell");
}

static void refused(void)
{
    world_t *w = with_crowd(20, 1, 20);

    w->rc->bars = requests[9].id;
    crowd_run(20, run);
    is_int(crowd_got(20, 200), 20, "a call that one record spoils is split");
    is_int(changed(w, 20), 20, "until all are through");
    w = with_crowd(20, 1, 20);
    world_fault(
        w, "extensionBulkUpdate", FAKE_ANSWER, 403,
        fake_rc_error(p, "CMN-401", "[EditExtensions] permission required", NULL));
    crowd_use_up(w, 20);
    crowd_run(20, run);
    is_int(crowd_got(20, 200), 20, "where bulk calls are barred all go alone");
    is_int(bulk_calls(w), 1, "after one try");
}

static void status(void)
{
    world_t *w = with_crowd(20, 1, 20);
    int i, right = 0;

    for (i = 0; i < 20; i++) {
        fake_rc_edit(w->rc, gw_id_parse(requests[i].id), "{'status':'Disabled'}");
        requests[i].operations = "[{'op':'replace','path':'active','value':true}]";
    }
    world_refresh(w);
    w->rc->refuses_enabled = 1;
    crowd_run(20, run);
    for (i = 0; i < 20; i++) {
        right += there(w, requests[i].id, "status") &&
                 !strcmp(there(w, requests[i].id, "status"), "NotActivated");
    }
    is_int(crowd_got(20, 200), 20, "a status that is refused in bulk");
    is_int(right, 20, "becomes NotActivated in a call of its own");
}

static void removals(void)
{
    world_t *w = with_crowd(60, 1, 3);
    int i, gone = 0;

    w->policy.remove = GW_DELETE_REMOVE;
    for (i = 0; i < 60; i++) {
        requests[i].operations = NULL;
    }
    world_fault(w, "bulkDeleteUsersV2", FAKE_ANSWER, 500, "");
    crowd_use_up(w, 60);
    crowd_run(60, run);
    for (i = 0; i < 60; i++) {
        gone += !fake_rc_extension(w->rc, gw_id_parse(requests[i].id)) &&
                world_get(w, requests[i].id)->status == 404;
    }
    is_int(crowd_got(60, 200), 60, "60 deletions, the first answer lost: all succeed");
    is_int(gone, 60, "and nobody is left");
    i = fake_rc_called(w->rc, "bulkDeleteUsersV2");
    /* Across children who goes again comes by and by. */
    ok(i == 3 || (n_children > 1 && i == 4), "in the fewest calls");
}

static void leaving(void)
{
    world_t *w = with_crowd(20, 1, 10);
    int i, locked = 0;

    for (i = 0; i < 10; i++) {
        crowd[i].leaves = 1;
    }
    leave_at("extensionBulkUpdate");
    crowd_use_up(w, 20);
    crowd_run(20, run);
    ok(crowd_got(20, 503) > 0,
       apr_psprintf(p, "%d clients go away", crowd_got(20, 503)));
    is_int(crowd_got(20, 503) + crowd_got(20, 200), 20, "and the others are served");
    crowd_lift(w);
    world_pass(w, 60);
    world_work(w); /* looks after those who left while another child had their change */
    for (i = 0; i < 20; i++) { /* on their way, or never sent: the copy is right */
        answer_t *a = world_get(w, requests[i].id);
        const char *here = base_json_string(a->user, "title");
        const char *far = there(w, requests[i].id, "contact/jobTitle");

        if ((here != NULL) != (far != NULL)) {
            ok(0, apr_psprintf(p, "%d: %s here, %s there", i, here ? here : "-",
                               far ? far : "-"));
        }
        locked += world_set(w, requests[i].id, "title", "'x'")->status != 200;
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
    leave_at("getExtensionBulkUpdateTask");
    crowd_use_up(w, 20);
    crowd_run(20, run);
    ok(crowd_got(20, 503) >= 15, "all go away while the task runs");
    w->rc->bulk_takes = 0;
    w->now += 20000 * HOUR; /* it ends */
    crowd_lift(w);
    for (i = 0; i < 20; i++) {
        /* Judged by what RingCentral has, not by the copy of before. */
        wrong += world_set(w, requests[i].id, "title", apr_psprintf(p, "'t%d'", i))
                     ->status != 200;
    }
    is_int(wrong, 0, "who comes later changes them");
    is_int(changed(w, 20), 20, "and both sides are right");
}

static void no_patience(void)
{
    world_t *w = with_crowd(3, 1, 1);

    crowd[1].patience = crowd[2].patience = 0;
    crowd_run(1, run);
    crowd[0].status = 0;
    requests[0].operations = "[{'op':'replace','path':'title','value':'t9'}]";
    crowd_run(1, run); /* the only Heavy call of this minute */
    ok(!strncmp(fake_rc_calls(w->rc), "updateExtension extensionBulkUpdate getE", 40),
       "a Medium call, then a Heavy one");
    crowd[0].status = 200;
    crowd_run(3, run);
    is_int(crowd[1].status, 429, "without quota and patience");
    ok(crowd[1].retry_after > 0, "the client is told when to come again");
    ok(!there(w, requests[1].id, "contact/jobTitle"), "and nothing was changed");
}

/* Those aboard may have to wait for the processor: then the naps of the late ones would
 * make the time pass for them. */
static int some_are_aboard(void)
{
    int i, n = 0;

    for (i = 0; i < 10; i++) {
        n += !requests[i].ended;
    }
    return n;
}

/* Whose job is on its way does not wait for the quota on behalf of others. */
static void free_to_go(void)
{
    world_t *w = with_crowd(20, 1, 1);
    apr_time_t first = 0, last = 0;
    int i;

    leave_at("extensionBulkUpdate");
    for (i = 10; i < 20; i++) {
        requests[i].is_late = 1;
        crowd[i].is_held = some_are_aboard;
    }
    crowd_use_up(w, 10);
    crowd_run(20, run);
    for (i = 0; i < 20; i++) {
        if (i < 10 && requests[i].ended > last) {
            last = requests[i].ended;
        }
        if (i >= 10 && (!first || requests[i].ended < first)) {
            first = requests[i].ended;
        }
    }
    is_int(crowd_got(20, 200), 20,
           "those who come while a call is on its way are served");
    ok(first > last + apr_time_from_sec(600),
       "minutes after those who were aboard have gone");
}

static void leader_leaves(void)
{
    world_t *w = with_crowd(20, 1, 1);

    /* The leader waits once more, for a new token is needed. */
    world_fault(w, "extensionBulkUpdate", FAKE_ANSWER, 401, "{}");
    leave_at("extensionBulkUpdate");
    who_leaves = THE_LEADER;
    crowd_use_up(w, 20);
    crowd_run(20, run);
    is_int(crowd_got(20, 503), 1, "a leader whose client leaves is told so");
    is_int(crowd_got(20, 200), 19, "and the others aboard are served");
    is_int(changed(w, 20), 19, "on both sides");
}

/* Of 20 requests these leave when the bulk call is made. */
static world_t *left_by(int who)
{
    world_t *w = with_crowd(20, 1, 10);

    leave_at("extensionBulkUpdate");
    who_leaves = who;
    crowd_use_up(w, 20);
    crowd_run(20, run);
    return w;
}

static void child_is_left(void)
{
    world_t *w = left_by(ITS_CHILD);
    int i, served = 0, here = 0, wrong = 0;

    for (i = 0; i < 20; i++) {
        if (requests[i].child != requests[leader].child) {
            here++;
            served += crowd[i].status == 200;
        }
    }
    is_int(here, 20 - 20 / n_children, "a child that nobody stays in");
    is_int(served, here, "leaves its call to those who wait for it elsewhere");
    is_int(bulk_calls(w), 1, "and it is not repeated");
    crowd_lift(w);
    for (i = 0; i < 20; i++) {
        const char *title = apr_psprintf(p, "'x%d'", i);

        wrong += world_set(w, requests[i].id, "title", title)->status != 200;
    }
    is_int(wrong, 0, "no lock is left");
}

/* Before the answer: nobody knows what RingCentral has made of it. */
static void carrier_is_lost(void)
{
    world_t *w = with_crowd(20, 1, 10);

    leave_at("extensionBulkUpdate");
    leader_dies = 1;
    crowd_use_up(w, 20);
    crowd_run(20, run);
    is_int(crowd_got(20, 200), 20, "a child that dies with the changes of others");
    is_int(changed(w, 20), 20, "loses none");
    ok(bulk_calls(w) > 1, "for they are sent again");
}

/* All who stay in a child wait for the quota, and others for what it has carried. */
static void only_a_leader_stays(void)
{
    world_t *w = with_crowd(20, 1, 1);
    apr_time_t first = 0, last = 0;
    int i, here = 0, served = 0;

    leave_at("extensionBulkUpdate");
    who_leaves = ITS_CHILD;
    awaits_late = 1;
    for (i = 20 - n_children; i < 20; i++) {
        requests[i].is_late = 1;
    }
    crowd_use_up(w, 20 - n_children);
    crowd_run(20, run);
    for (i = 0; i < 20; i++) {
        if (requests[i].is_late) {
            first = first && first < requests[i].ended ? first : requests[i].ended;
        }
        else if (requests[i].child != requests[leader].child) {
            here++;
            served += crowd[i].status == 200;
            last = last > requests[i].ended ? last : requests[i].ended;
        }
    }
    is_int(served, here, "guests of a child in which only a leader stays are served");
    ok(first > last + apr_time_from_sec(600), "minutes before its own turn");
}

/* What a dead child left on the board is not kept until somebody writes. */
static void cleared_up(void)
{
    world_t *w = with_crowd(1, 1, 1);
    gw_shared_t *shared = w->shared.memory;
    gw_slot_t *slot;
    gw_board_t *board = world_board(w);
    gw_notice_t notice = {GW_BOARD_UPDATES, 5, 0, "{'password':'hush'}", 19};
    int i;

    gw_board_post(board, &notice, w->now, &i);
    slot = &shared->board.slots[i];
    slot->owner.number = NOBODY;
    world_pass(w, 11);
    world_work(w);
    ok(!slot->state, "the background work takes down what a dead child has posted");
    ok(!memmem(&shared->board, sizeof shared->board, "hush", 4), "with its body");
}

static void guests_leave(void)
{
    world_t *w = left_by(OTHER_CHILDREN);
    int i, served = 0, told = 0, wrong = 0;

    for (i = 0; i < 20; i++) {
        served += requests[i].child == requests[leader].child && crowd[i].status == 200;
        told += requests[i].child != requests[leader].child && crowd[i].status == 503;
    }
    is_int(served, 20 / n_children, "those who stay are served");
    ok(told > 0, apr_psprintf(p, "%d clients of other children leave", told));
    is_int(crowd_got(20, 200) + told, 20, "and are told, unless it was done already");
    crowd_lift(w);
    world_pass(w, 60);
    world_work(w);
    for (i = 0; i < 20; i++) {
        wrong += there(w, requests[i].id, "contact/jobTitle") &&
                 !base_json_string(world_get(w, requests[i].id)->user, "title");
    }
    is_int(wrong, 0, "and the copy is looked after");
}

/* A lock ends with its request, but a call with its change may go on. */
static world_t *with_follower(int leaving)
{
    world_t *w = with_crowd(20, 1, 1);

    leave_at("extensionBulkUpdate");
    who_leaves = leaving;
    follows = requests[LATE].is_late = 1;
    w->rc->bulk_takes = 2 * WINDOW; /* long enough for a call of its own */
    crowd_use_up(w, LATE);
    return w;
}

/* Has the user of who came late got that title, here and there? */
static int has_title(world_t *w, const char *title)
{
    const char *here = base_json_string(world_get(w, requests[LATE].id)->user, "title");
    const char *far = there(w, requests[LATE].id, "contact/jobTitle");

    return here && far && !strcmp(here, title) && !strcmp(far, title);
}

static void who_comes_after(int leaving, const char *who)
{
    world_t *w = with_follower(leaving);

    crowd_run(20, run);
    w->now += 4 * WINDOW; /* all tasks have ended */
    world_refresh(w);
    ok(crowd_got(LATE, 503) && crowd[LATE].status == 200,
       apr_psprintf(p, "%s: who changes one of their users after that", who));
    ok(has_title(w, "t19"), "is not overtaken by what was asked before");
    ok(fake_rc_called(w->rc, "getExtensionBulkUpdateTask") < 60,
       apr_psprintf(p, "nor has the task been asked for all the time: %d",
                    fake_rc_called(w->rc, "getExtensionBulkUpdateTask")));
}

static void after_is_too_late(void)
{
    world_t *w = with_follower(ALL_THERE_ARE);

    crowd[LATE].patience = apr_time_from_sec(60);
    crowd_run(20, run);
    is_int(crowd[LATE].status, 503, "who has no time to wait for that");
    ok(crowd[LATE].retry_after > 0, "is told when to come again");
    w->now += 2 * WINDOW;
    crowd_lift(w);
    is_int(world_set(w, requests[LATE].id, "title", "'t19'")->status, 200,
           "and then finds no lock");
    ok(has_title(w, "t19"), "nor anything in its way");
}

/* All fit into the first call, which comes before their patience ends. */
static void hope(int deletes)
{
    world_t *w = with_crowd(20, 1, 1);
    int i;

    w->policy.remove = GW_DELETE_REMOVE;
    for (i = 0; i < 20; i++) {
        requests[i].operations = deletes ? NULL : requests[i].operations;
        crowd[i].patience = WINDOW + WINDOW / 2;
    }
    crowd_use_up(w, 20);
    crowd_run(20, run);
    is_int(crowd_got(20, 200), 20, "nobody is sent away whom the next call can carry");
}

/* A first try may have done it: what the second one meets does not make that undone. */
static void lost_and_refused(int max_waiting)
{
    world_t *w = with_crowd(1, 1, 1);
    gw_session_t session;
    gw_job_t *job;

    w->conf.max_waiting = max_waiting;
    crowd_use_up(w, 0);
    session = crowd_session(&crowd[0]);
    session.deadline = max_waiting ? w->now : session.deadline;
    job = gw_job_make(&session, requests[0].id);
    job->ask = GW_ASK_UPDATE;
    job->plan.body = base_json_own(job->p, json_pack("{s:s}", "x", "y"));
    job->lost = rc_error(job->p, RC_LOST, "no answer");
    gw_gather_send(&session, &job, 1);
    ok(job->e && job->e->kind == RC_LOST, "what was lost is not forgotten");
    gw_job_end(job);
}

/* The background work goes on asking. */
static void nobody_comes_after(void)
{
    world_t *w = with_crowd(20, 1, 10);
    int i, wrong = 0;

    leave_at("extensionBulkUpdate");
    who_leaves = ALL_THERE_ARE;
    w->rc->bulk_takes = apr_time_from_sec(60);
    crowd_use_up(w, 20);
    crowd_run(20, run);
    ok(crowd_got(20, 503) > 0, "when all have gone");
    for (i = 0; i < 20; i++) { /* the task ends, and there is a call to look again */
        world_pass(w, 61);
        world_work(w);
    }
    for (i = 0; i < 20; i++) {
        const char *here =
            base_json_string(world_get(w, requests[i].id)->user, "title");
        const char *far = there(w, requests[i].id, "contact/jobTitle");

        wrong += !here != !far || (here && strcmp(here, far) != 0);
    }
    is_int(wrong, 0, "the copy knows in the end");
    is_int(on_board(w), 0, "and nothing is left on the board");
}

/* As many wait as may. */
static void too_many(void)
{
    world_t *w = with_crowd(20, 1, 1);
    int i, untold = 0;

    w->conf.max_waiting = 5;
    crowd_use_up(w, 5);
    crowd_run(20, run);
    ok(crowd_got(20, 429) > 0,
       apr_psprintf(p, "%d more than may wait", crowd_got(20, 429)));
    is_int(crowd_got(20, 429) + crowd_got(20, 200), 20, "all others are served");
    for (i = 0; i < 20; i++) {
        untold += crowd[i].status == 429 && crowd[i].retry_after < 1;
    }
    is_int(untold, 0, "they are told when to come again");
    is_int(changed(w, 20), crowd_got(20, 200), "and changed nothing");
}

static void all_ways(void)
{
    share();
    alone();
    time_to_gather();
    neighbours();
    lost();
    refused();
    status();
    removals();
    leaving();
    all_leave();
    no_patience();
    free_to_go();
    leader_leaves();
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    for (n_children = 1; n_children <= 4; n_children += n_children) {
        all_ways();
    }
    n_children = 4;
    carrier_is_lost();
    child_is_left();
    guests_leave();
    who_comes_after(OTHER_CHILDREN, "guests leave");
    who_comes_after(ALL_THERE_ARE, "all leave");
    nobody_comes_after();
    too_many();
    lost_and_refused(0);
    lost_and_refused(500);
    cleared_up();
    only_a_leader_stays();
    n_children = 2;
    only_a_leader_stays();
    n_children = 1;
    who_comes_after(ALL_THERE_ARE, "all leave one child");
    hope(0);
    hope(1);
    after_is_too_late();
    nobody_comes_after();
    too_many();
    n_children = 20;
    share();
    removals();
    leader_leaves();
    child_is_left();
    guests_leave();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
