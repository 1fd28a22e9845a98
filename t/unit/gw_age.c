/* How old the copy may be: questions asked singly, lists in their place (gw_age.c,
 * gw_relist.c, gw_ask.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "gw_fixture.h"
#include "tap.h"

#define LIST_LOCK (APR_UINT64_C(1) << 60) /* as gw_relist.c has it */
#define FEW 5

static apr_pool_t *p;

static world_t *company(int users)
{
    world_t *w = world_make(p);
    int i;

    for (i = 0; i < users; i++) {
        fake_rc_user(w->rc, "Some", apr_itoa(p, i),
                     apr_psprintf(p, "some%d@example.com", i));
    }
    world_fill(w);
    fake_rc_forget(w->rc);
    return w;
}

/* What the last request has called: nothing, one question, or pages of a list and what
 * came after them. */
static const char *cost(world_t *w)
{
    const char *calls = fake_rc_calls(w->rc), *text;
    const char *url = fake_rc_url(w->rc, "listExtensions");

    if (!strcmp(calls, "listExtensions")) {
        calls = strstr(url, "email=") ? "question" : "list";
    }
    text = apr_pstrdup(p, calls);
    fake_rc_forget(w->rc);
    return text;
}

/* A lookup of somebody whom nobody knows, each time of another one. */
static const char *lookup(world_t *w)
{
    static int n;

    world_find(w, apr_psprintf(p, "nobody%d@example.com", ++n));
    return cost(w);
}

/* An update of a user, each time to another title. */
static const char *update(world_t *w, int user)
{
    static int n;
    const char *title = apr_psprintf(p, "\"Title %d\"", ++n);

    is_int(
        world_set(w, id_text(w, (apr_uint64_t)(1001 + user)), "title", title)->status,
        200, "an update");
    return cost(w);
}

static base_lock_t *hold(world_t *w)
{
    base_lock_t *lock = NULL;

    ok(base_lock_acquire(&lock, p, w->account->lock_file, LIST_LOCK, 0, &w->env) ==
           APR_SUCCESS,
       "another process makes the list");
    return lock;
}

static void spend(world_t *w, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        is_str(lookup(w), "question", "few lookups are asked singly");
    }
}

/* ---- when lists are made ---- */

static void lookups(void)
{
    world_t *w = company(3);
    int i;

    is_str(lookup(w), "", "a young copy is believed");
    world_pass(w, 600); /* what the lookup weighed is forgotten */
    spend(w, FEW);
    is_str(lookup(w), "list", "for more a list is made");
    for (i = 0; i < 30; i++) {
        is_str(lookup(w), "", "which is believed");
    }
    world_pass(w, 59);
    is_str(lookup(w), "", "for as long as the copy");
    world_pass(w, 600);
    is_str(lookup(w), "question", "after a while there are few questions again");
}

static void drip(void)
{
    world_t *w = company(3);
    int i;

    world_pass(w, 100);
    for (i = 0; i < 100; i++) {
        is_str(lookup(w), "question", "a list would not be worth while");
        world_pass(w, 13); /* five in 65 seconds */
    }
}

static void flow(void)
{
    world_t *w = company(3);
    int i, questions = 0, lists = 0;

    world_pass(w, 100);
    for (i = 0; i < 600; i++) {
        const char *is = lookup(w);

        questions += !strcmp(is, "question");
        lists += !strcmp(is, "list");
        world_pass(w, 1);
    }
    is_int(questions, FEW, "where much is asked, only at first singly");
    is_int(lists, 13, "and by a list when four fifths of a minute are over");
}

/* What a young copy has saved counts as well. */
static void full_use(void)
{
    world_t *w = company(3);
    int i;

    for (i = 0; i < 12; i++) {
        world_pass(w, 5);
        is_str(lookup(w), i == 9 ? "list" : "", "no question before the next list");
    }
}

/* Before that time is over nobody waits for the next list. */
static void ahead(void)
{
    world_t *w = company(3);
    base_lock_t *lock;
    apr_time_t begun;
    int i;

    for (i = 0; i < 9; i++) {
        world_pass(w, 5);
        lookup(w);
    }
    lock = hold(w);
    world_pass(w, 5);
    begun = w->now;
    is_str(lookup(w), "", "meanwhile the copy is believed");
    is_int(w->now, begun, "without waiting");
    base_lock_release(lock);
    is_str(lookup(w), "list", "then somebody else makes it");
}

static void updates(void)
{
    world_t *w = company(20);
    int i;

    fake_rc_edit(w->rc, 1011, "{'contact':{'jobTitle':'Title 7'}}");
    world_pass(w, 100);
    fake_rc_drop(w->rc, 1019);
    for (i = 0; i < FEW; i++) {
        is_str(update(w, i), "readExtension updateExtension",
               "few old records are read singly");
    }
    is_str(update(w, i), "listExtensions updateExtension", "then all by a list");
    is_str(at(w, world_get(w, "1011")->user, "title"), "Title 7",
           "which brings what was changed by others");
    for (i = 6; i < 15; i++) {
        is_str(update(w, i), "updateExtension", "and needs no read");
    }
    is_int(world_set(w, "1019", "title", "\"x\"")->status, 404,
           "who is not in the list any more");
    is_str(cost(w), "readExtension", "is read");
    is_int(world_delete(w, "1018")->status, 204, "a deletion");
    ok(!strstr(cost(w), "readExtension"), "needs no read either");
}

/* The gateway's own writes need nobody's word. */
static void own(void)
{
    world_t *w = company(3);
    int i;

    for (i = 0; i < 100; i++) {
        is_str(update(w, 0), "updateExtension", "one user again and again");
        world_pass(w, 1);
    }
    is_str(lookup(w), "question", "is no reason for a list");
}

static void always(void)
{
    world_t *w = world_make(p);
    int i;

    w->conf.max_age = 0;
    w->conf.limits[GW_MEDIUM].calls = 1000;
    w->conf.limits[GW_MEDIUM].window = apr_time_from_sec(100000);
    gw_shared_init(w->shared.memory, p, &w->conf);
    fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    world_fill(w);
    world_pass(w, 1);
    fake_rc_forget(w->rc);
    for (i = 0; i < 30; i++) {
        is_str(lookup(w), "question", "who never believes the copy asks each time");
        is_str(update(w, 0), "readExtension updateExtension", "and reads each time");
    }
}

/* ---- what it may cost ---- */

#define MANY 6500
#define PAGES                                                                          \
    "listExtensions listExtensions listExtensions listExtensions "                     \
    "listExtensions listExtensions listExtensions"

static world_t *large(void)
{
    world_t *w = world_make(p);
    int i;

    w->conf.limits[GW_MEDIUM].calls = 40;
    w->conf.limits[GW_MEDIUM].window = apr_time_from_sec(60);
    gw_shared_init(w->shared.memory, p, &w->conf);
    for (i = 0; i < MANY; i++) {
        fake_rc_user(w->rc, "Some", apr_itoa(p, i),
                     apr_psprintf(p, "some%d@example.com", i));
    }
    world_fill(w);
    world_pass(w, 600);
    fake_rc_forget(w->rc);
    return w;
}

/* Seven calls of 40 a minute: a tenth of the quota is 105 seconds for a list. */
static void tenth(void)
{
    world_t *w = large();
    int i, questions = 0;

    for (i = 0; i < 7; i++) {
        is_str(lookup(w), "question", "as many questions as a list takes calls");
    }
    is_str(lookup(w), PAGES, "then the list");
    for (i = 0; i < 10; i++) {
        is_str(lookup(w), "", "which is believed");
    }
    world_pass(w, 75);
    for (i = 0; i < 40; i++) {
        const char *is = lookup(w);

        if (strcmp(is, "") != 0) {
            is_str(is, "question", "no list comes too early");
        }
        questions += !strcmp(is, "question");
    }
    is_int(questions, 4, "an old copy answers all but a few questions");
    world_pass(w, 31);
    spend(w, 1); /* there was none in the last 30 seconds */
    is_str(lookup(w), PAGES, "the next list comes in its time");
}

/* Who has no more time leaves the rest of the list to others. */
static void relay(void)
{
    world_t *w = large();
    int i;

    for (i = 0; i < 7; i++) {
        lookup(w);
    }
    w->rc->takes = apr_time_from_sec(2);
    is_str(lookup(w), "listExtensions listExtensions listExtensions listExtensions",
           "three pages in half of the time, and the question itself");
    w->rc->takes = 0;
    is_str(lookup(w), "listExtensions listExtensions listExtensions listExtensions",
           "somebody else makes the other four");
    is_str(lookup(w), "", "then all are believed");
    world_pass(w, 600);
    spend(w, 7);
    w->rc->takes = apr_time_from_sec(2);
    lookup(w);
    world_pass(w, 61);
    w->rc->takes = 0;
    spend(w, 3);
    is_str(lookup(w), PAGES, "what has rested for long is begun anew");
}

/* ---- others ---- */

typedef struct other_t {
    world_t *w;
    answer_t *answer;
} other_t;

static void *APR_THREAD_FUNC ask(apr_thread_t *thread, void *data)
{
    other_t *o = data;

    o->answer = world_find(o->w, "waiting@example.com");
    return NULL;
}

static void waits(void)
{
    world_t *w = company(3);
    gw_shared_t *shared = w->shared.memory;
    base_lock_t *lock;
    apr_time_t begun;
    other_t o = {w, NULL};
    apr_thread_t *thread;
    apr_status_t rv;
    apr_pool_t *own;

    w->policy.patience = apr_time_from_sec(3600);
    world_pass(w, 100);
    spend(w, FEW);
    lock = hold(w);
    begun = w->env.now(w->env.ctx);
    apr_pool_create(&own, NULL);
    apr_thread_create(&thread, NULL, ask, &o, own);
    while (w->env.now(w->env.ctx) == begun) { /* it waits: time passes */
        apr_thread_yield();
    }
    w->shared.lock(w->shared.ctx);
    shared->age.listed = w->env.now(w->env.ctx);
    w->shared.unlock(w->shared.ctx);
    base_lock_release(lock);
    apr_thread_join(&rv, thread);
    apr_pool_destroy(own);
    is_int(o.answer->status, 200, "who waits for it is answered");
    is_str(cost(w), "", "without a call");
}

static void waits_in_vain(void)
{
    world_t *w = company(3);
    base_lock_t *lock;
    apr_time_t begun;

    world_pass(w, 100);
    spend(w, FEW);
    lock = hold(w);
    begun = w->now;
    is_str(lookup(w), "question", "which takes too long: it is asked singly");
    ok(w->now - begun >= apr_time_from_sec(5) && w->now - begun < apr_time_from_sec(6),
       "when half of the patience is over");
    base_lock_release(lock);
    is_str(lookup(w), "list", "then somebody else makes it");
}

static void fails(void)
{
    world_t *w = company(3);
    fake_rc_fault_t fault = {"listExtensions", 0, FAKE_ANSWER, 500, "{}"};

    world_pass(w, 100);
    spend(w, FEW);
    fake_rc_fail(w->rc, &fault);
    fake_rc_fail(w->rc, &fault);
    is_str(lookup(w), "listExtensions listExtensions listExtensions",
           "a list that fails, twice, and the question");
    ok(world_logged(w, "SCIMRC0118"), "it is in the log");
    spend(w, 3);
    world_pass(w, 16);
    spend(w, 1); /* a step of 12 s has gone by */
    is_str(lookup(w), "list", "it is tried again later");
}

/* ---- what must not be believed ---- */

static void doubt(void)
{
    world_t *w = company(3);
    answer_t *a;

    fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    is_int((long long)world_find(w, "ann@example.com")->total, 0,
           "somebody whom another has made is not known yet");
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 409, "but is not made twice");
    is_int(fake_rc_count(w->rc, "ann@example.com"), 1, "there is one");
    is_str(cost(w), "createExtension", "RingCentral says so");
    is_str(world_find(w, "ann@example.com")->id, "1004",
           "and the next lookup finds it");
    is_str(cost(w), "question", "by a question, whatever was asked before");
}

/* Events tell what has changed: the copy is believed. */
static void live(void)
{
    world_t *w = world_make(p);
    int i;

    w->conf.webhook = "https://hook.example/rc";
    w->conf.webhook_refresh = apr_time_from_sec(36000);
    fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    world_fill(w);
    world_refresh(w); /* a list after the subscription */
    for (i = 0; i < 60; i++) {
        world_pass(w, 60);
        world_work(w);
    }
    fake_rc_forget(w->rc);
    is_str(lookup(w), "", "with events an old copy is believed");
    is_str(update(w, 0), "updateExtension", "and an old record");
    world_pass(w, 36000);
    is_str(lookup(w), "question", "but not when nobody has looked after them");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    lookups();
    drip();
    flow();
    full_use();
    ahead();
    updates();
    own();
    always();
    tenth();
    relay();
    waits();
    waits_in_vain();
    fails();
    doubt();
    live();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
