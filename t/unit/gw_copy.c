/* How requests wait for the copy, and what they do not find in it (gw_copy.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

/* Nothing is answered from a copy that is not complete. */
static void waits(void)
{
    world_t *w = world_make(p);
    apr_time_t begun = w->now;
    answer_t *answers[6];
    int i;

    fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    world_open(w);
    answers[0] = world_query(w, NULL, 1, 10);
    ok(w->now - begun > apr_time_from_sec(9) && w->now - begun <= apr_time_from_sec(10),
       "a request waits as long as its patience");
    w->policy.patience = 0;
    begun = w->now;
    answers[1] = world_get(w, "1001");
    answers[2] = world_create(w, "{" ANN "}");
    answers[3] = world_set(w, "1001", "title", "'x'");
    answers[4] = world_delete(w, "1001");
    answers[5] = world_find(w, "ann@example.com");
    is_int(w->now, begun, "or not at all");
    for (i = 0; i < 6; i++) {
        is_int(answers[i]->status, 503, "then it is unavailable");
        ok(answers[i]->retry_after > 0, "for a time");
    }
    is_str(fake_rc_calls(w->rc), "", "and nothing was asked");
    w->policy.patience = apr_time_from_sec(10);
    w->stopping = 1;
    begun = w->now;
    is_int(world_get(w, "1001")->status, 503, "a client that went away");
    ok(w->now - begun < apr_time_from_sec(1), "is not waited for");
}

static void *APR_THREAD_FUNC fill(apr_thread_t *thread, void *data)
{
    world_work(data);
    return NULL;
}

/* ... and answered as soon as it is. */
static void comes_in_time(void)
{
    world_t *w = world_make(p);
    apr_thread_t *thread;
    apr_status_t rv;
    apr_pool_t *own;

    fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    w->policy.patience = apr_time_from_sec(36000);
    world_open(w);
    apr_pool_create(&own, NULL);
    apr_thread_create(&thread, NULL, fill, w, own);
    is_int(world_get(w, "1001")->status, 200, "a request waits for the first fill");
    apr_thread_join(&rv, thread);
    apr_pool_destroy(own);
}

/* What was asked for is known for a while. */
static void many_questions(void)
{
    world_t *w = world_make(p);
    int i, before;

    world_fill(w);
    world_pass(w, 100);
    for (i = 0; i < 50; i++) {
        world_find(w, apr_psprintf(p, "nobody%d@example.com", i));
    }
    before = fake_rc_called(w->rc, "listExtensions");
    is_int(before, 6, "a few names are asked for, then all at once");
    for (i = 0; i < 50; i++) {
        world_find(w, apr_psprintf(p, "NOBODY%d@example.com", i));
    }
    is_int(fake_rc_called(w->rc, "listExtensions"), before,
           "and none again, in whatever letters");
    world_pass(w, 61);
    world_find(w, "nobody1@example.com");
    ok(fake_rc_called(w->rc, "listExtensions") > before, "until a time has passed");
}

/* A disabled user whom a question brings may be a deleted one. */
static void looks_closer(void)
{
    world_t *w = world_make(p);
    apr_uint64_t id;

    w->conf.disabled_may_be_gone = 1;
    world_fill(w);
    world_pass(w, 100);
    fake_rc_add(w->rc, "{'status':'Disabled','statusInfo':{'comment':'" GW_GONE_MARK
                       " long ago'},'contact':{'firstName':'Ann','email':"
                       "'ann@example.com'}}");
    id = fake_rc_add(w->rc, "{'status':'Disabled','contact':{'firstName':'Bob','email':"
                            "'bob@example.com'}}");
    is_int((long long)world_find(w, "ann@example.com")->total, 0,
           "a deleted user is not found");
    is_str(fake_rc_calls(w->rc), "listExtensions readExtension", "after a closer look");
    is_str(world_find(w, "bob@example.com")->id, id_text(w, id), "a disabled one is");
}

/* What the platform refuses to look for is not there. */
static void refused_question(void)
{
    world_t *w = world_make(p);
    fake_rc_fault_t fault = {"listExtensions", 0, FAKE_ANSWER, 400, NULL};

    world_fill(w);
    world_pass(w, 100);
    fault.body =
        fake_rc_error(p, "CMN-101", "Parameter [email] value is invalid.", "email");
    fake_rc_fail(w->rc, &fault);
    is_int(world_find(w, "@")->status, 200,
           "an address that the platform does not like");
    is_int((long long)world_find(w, "@")->total, 0, "belongs to nobody");
    is_int(fake_rc_called(w->rc, "listExtensions"), 1, "which is asked once");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    waits();
    comes_in_time();
    many_questions();
    looks_closer();
    refused_question();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
