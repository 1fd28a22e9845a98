/* Calls that carry many extensions (rc_bulk.c), against the fake platform. */
#include "rc_client.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

static rc_caller_t caller(world_t *w)
{
    rc_caller_t who = {&w->env, w->now + apr_time_from_sec(60), RC_INTERACTIVE, NULL};

    return who;
}

/* A platform with `n` users, and an item for each that gives it a title. */
static rc_bulk_request_t users(world_t **w, int n)
{
    rc_bulk_request_t request = {apr_pcalloc(p, (n + 1) * sizeof(rc_bulk_item_t)), n};
    int i;

    *w = world_make(p);
    for (i = 0; i < n; i++) {
        request.items[i].id =
            id_text(*w, fake_rc_user((*w)->rc, "Ann", apr_itoa(p, i),
                                     apr_psprintf(p, "ann%d@example.com", i)));
        request.items[i].body = fake_json(p, "{'contact':{'jobTitle':'Boss'}}");
    }
    world_open(*w);
    return request;
}

/* Follows the task to its end; how often it was looked at. */
static int follow(world_t *w, rc_bulk_task_t *task)
{
    int ended = 0, polls = 0;

    while (!ended && polls < 100) {
        rc_caller_t who = caller(w);

        w->now = rc_bulk_next(task) > w->now ? rc_bulk_next(task) : w->now;
        rc_bulk_poll(w->account->client, &who, p, task, &ended);
        polls++;
    }
    return polls;
}

static rc_error_t *update(world_t *w, rc_bulk_request_t *request, int *polls)
{
    rc_caller_t who = caller(w);
    rc_bulk_task_t *task = NULL;
    rc_error_t *e = rc_bulk_update(w->account->client, &who, p, request, &task);

    *polls = e ? 0 : follow(w, task);
    return e;
}

/* Of the error of an item; -1: it has none. */
static int kind(const rc_bulk_request_t *request, int i)
{
    return request->items[i].error ? (int)request->items[i].error->kind : -1;
}

static int count_kind(const rc_bulk_request_t *request, int wanted)
{
    int i, n = 0;

    for (i = 0; i < request->n; i++) {
        n += kind(request, i) == wanted;
    }
    return n;
}

static void both_shapes(void)
{
    int wraps, polls;

    for (wraps = 0; wraps < 2; wraps++) {
        world_t *w;
        rc_bulk_request_t request = users(&w, 500);
        const char *bad = request.items[7].id, *gone = request.items[8].id;

        w->rc->wraps_results = wraps;
        w->rc->bulk_takes = apr_time_from_sec(30);
        request.items[7].body = fake_json(p, "{'contact':{'email':'nobody'}}");
        fake_rc_drop(w->rc, gw_id_parse(gone));
        ok(!update(w, &request, &polls), "500 updates in one call");
        is_int(count_kind(&request, -1), 498, "all but two are done");
        is_int(kind(&request, 7), RC_INVALID, "the bad one says why");
        is_str(request.items[7].error->parameter, "contact.email",
               "with its parameter");
        is_int(kind(&request, 8), RC_NOT_FOUND, "and one is gone");
        is_str(there(w, request.items[499].id, "contact/jobTitle"), "Boss",
               "as the platform has it");
        ok(there(w, bad, "contact/jobTitle") == NULL, "which left the bad one alone");
        ok(polls > 1 && polls < 12, apr_psprintf(p, "30 s: looked at %d times", polls));
        is_int(fake_rc_called(w->rc, "extensionBulkUpdate"), 1, "one call");
    }
}

/* Asks for the task as another process does, with what that knows of it. */
static int ask(world_t *w, rc_bulk_request_t *request, const rc_bulk_name_t *name,
               rc_error_t **e, apr_time_t *next)
{
    rc_caller_t who = caller(w);
    rc_bulk_task_t *task = rc_bulk_resume(w->account->client, &who, p, request, name);
    int ended = 0;

    *e = rc_bulk_poll(w->account->client, &who, p, task, &ended);
    *next = rc_bulk_next(task);
    return ended;
}

static void of_others(void)
{
    world_t *w;
    rc_bulk_request_t request = users(&w, 3);
    rc_caller_t who = caller(w);
    rc_bulk_task_t *task;
    rc_bulk_name_t name;
    apr_time_t next;
    rc_error_t *e;

    w->rc->bulk_takes = apr_time_from_sec(3000);
    e = rc_bulk_update(w->account->client, &who, p, &request, &task);
    ok(!e, "a task that takes long");
    name = rc_bulk_name(task);
    name.begun = 0; /* or a clock that was wrong */
    is_int(ask(w, &request, &name, &e, &next), 0, "it goes on");
    ok(!e && next > w->now && next <= w->now + apr_time_from_sec(120),
       "and is looked at again before long, however old it is said to be");
    name = rc_bulk_name(task);
    name.credential = 7;
    is_int(ask(w, &request, &name, &e, &next), 0,
           "that of a credential which is not there any more");
    ok(e && e->kind == RC_UNAVAILABLE && next > w->now, "cannot be asked about");
    w->now += apr_time_from_sec(601);
    is_int(ask(w, &request, &name, &e, &next), 1, "and is not waited for for ever");
    is_int(count_kind(&request, RC_LOST), 3, "what came of it is not known");
}

static void unknown(void)
{
    world_t *w;
    rc_bulk_request_t request = users(&w, 3);
    fake_rc_fault_t lost = {"extensionBulkUpdate", 0, FAKE_LOST, 0, NULL};
    fake_rc_fault_t odd = {"extensionBulkUpdate", 0, FAKE_ANSWER, 200, "{}"};
    fake_rc_fault_t away = {
        "getExtensionBulkUpdateTask", 0, FAKE_ANSWER, 404,
        fake_rc_error(p, "CMN-102", "Resource for parameter [taskId] is not found",
                      "taskId")};
    fake_rc_fault_t down = {"getExtensionBulkUpdateTask", 0, FAKE_ANSWER, 503,
                            fake_rc_error(p, "CMN-201", "Service unavailable", NULL)};
    int polls;

    w->rc->forgets = request.items[1].id;
    ok(!update(w, &request, &polls), "a result that leaves a record out");
    is_int(kind(&request, 1), RC_LOST, "leaves that one open");
    is_int(count_kind(&request, -1), 2, "and no other");
    w->rc->forgets = NULL;
    w->rc->fails_tasks = 1;
    ok(!update(w, &request, &polls), "a task that failed without a word");
    is_int(count_kind(&request, RC_LOST), 3, "leaves all open");
    w->rc->fails_tasks = 0;
    fake_rc_fail(w->rc, &lost);
    is_int(update(w, &request, &polls)->kind, RC_LOST, "a lost answer");
    fake_rc_fail(w->rc, &odd);
    is_int(update(w, &request, &polls)->kind, RC_LOST, "an answer without a task");
    fake_rc_fail(w->rc, &away);
    ok(!update(w, &request, &polls), "a task that is not to be found any more");
    is_int(count_kind(&request, RC_LOST), 3, "leaves all open");
    is_int(polls, 1, "at once");
    fake_rc_fail(w->rc, &down);
    fake_rc_fail(w->rc, &down);
    ok(!update(w, &request, &polls), "a task that cannot be looked at twice");
    is_int(count_kind(&request, -1), 3, "is looked at again");
}

static void too_many(void)
{
    world_t *w;
    rc_bulk_request_t request = users(&w, 501), none = {NULL, 0};
    int polls;

    is_int(update(w, &request, &polls)->kind, RC_INVALID, "501 are too many");
    is_int(update(w, &none, &polls)->kind, RC_INVALID, "none are too few");
    is_str(fake_rc_calls(w->rc), "", "and nothing is sent");
}

static void removals(void)
{
    world_t *w;
    rc_bulk_request_t request = users(&w, 50);
    rc_caller_t who = caller(w);
    fake_rc_fault_t empty = {"bulkDeleteUsersV2", 0, FAKE_ANSWER, 200,
                             "{\"records\":[]}"};

    fake_rc_drop(w->rc, gw_id_parse(request.items[49].id));
    ok(!rc_bulk_remove(w->account->client, &who, p, &request), "50 removals");
    is_int(count_kind(&request, -1), 49, "of which 49 are done");
    is_int(count_kind(&request, RC_NOT_FOUND), 1, "and one was gone before");
    fake_rc_fail(w->rc, &empty);
    ok(!rc_bulk_remove(w->account->client, &who, p, &request), "an empty answer");
    is_int(count_kind(&request, RC_LOST), 50, "leaves all open");
    request = users(&w, 51);
    is_int(rc_bulk_remove(w->account->client, &who, p, &request)->kind, RC_INVALID,
           "51 are too many");
}

static void new_users(void)
{
    static const char *const bodies[] = {
        "{'status':'Enabled','contact':{'firstName':'Bob','email':'bob@example.com',"
        "'emailAsLoginName':true,'transition':{'sendWelcomeEmail':false}}}",
        "{'status':'Enabled','contact':{'firstName':'Eve','email':'nobody'}}",
        "{'status':'Enabled','contact':{'firstName':'Cid','email':'cid@example.com',"
        "'transition':{'sendWelcomeEmail':true}}}"};
    world_t *w;
    rc_bulk_request_t request = users(&w, 3);
    rc_caller_t who = caller(w);
    int i;

    for (i = 0; i < 3; i++) {
        request.items[i].body = fake_json(p, bodies[i]);
    }
    ok(!rc_batch_provision(w->account->client, &who, p, &request), "three new users");
    is_str(there(w, request.items[0].id, "contact/firstName"), "Bob", "the first");
    is_int(kind(&request, 1), RC_INVALID, "not the second");
    is_str(there(w, request.items[2].id, "contact/firstName"), "Cid", "but the third");
    is_int(w->rc->mails->nelts, 1, "who gets a mail");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    both_shapes();
    of_others();
    unknown();
    too_many();
    removals();
    new_users();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
