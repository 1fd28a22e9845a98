/* Changes of a user (gw_write.c, gw_carry.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "tap.h"

#define MOBILE "'path':'phoneNumbers[type eq `mobile`].value'"

static apr_pool_t *p;

/* A copy with one user. */
static world_t *with_ann(const char **id)
{
    world_t *w = world_make(p);

    *id = id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
    world_fill(w);
    return w;
}

static void fail(world_t *w, const char *op, fake_rc_what_t what, int status,
                 const char *body)
{
    fake_rc_fault_t fault = {op, 0, what, status, body};

    fake_rc_fail(w->rc, &fault);
}

static void unknown_ids(void)
{
    static const char *const ids[] = {"9999",
                                      "0",
                                      "-1",
                                      "ann",
                                      "",
                                      "1001x",
                                      " 1001",
                                      "1e3",
                                      "18446744073709551617",
                                      "99999999999999999999999999"};
    const char *id;
    world_t *w = with_ann(&id);
    apr_size_t i;

    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        is_int(world_get(w, ids[i])->status, 404, "an id that nobody has is not read");
        is_int(world_set(w, ids[i], "title", "'x'")->status, 404, "nor changed");
        is_int(world_delete(w, ids[i])->status, 404, "nor deleted");
    }
    is_str(fake_rc_calls(w->rc), "", "without a call");
}

/* What the portal did meanwhile is not undone, and not sent again. */
static void old_record(void)
{
    const char *id;
    world_t *w = with_ann(&id);
    apr_uint64_t number = gw_id_parse(id);
    answer_t *a;

    fake_rc_edit(w->rc, number, "{'contact':{'department':'Sales'}}");
    world_pass(w, 59);
    world_set(w, id, "title", "'Boss'");
    is_str(fake_rc_calls(w->rc), "updateExtension", "a young record is trusted");
    world_pass(w, 100);
    fake_rc_edit(w->rc, number, "{'contact':{'mobilePhone':'+16505550101'}}");
    fake_rc_forget(w->rc);
    a = world_set(w, id, "title", "'Chief'");
    is_str(fake_rc_calls(w->rc), "readExtension updateExtension",
           "an old one is read anew");
    is_str(base_json_text(p, fake_rc_sent(w->rc, "updateExtension"), NULL),
           "{\"contact\":{\"jobTitle\":\"Chief\"}}", "before what differs is sent");
    is_str(at(w, a->user, "phoneNumbers/0/value"), "+16505550101",
           "and what the portal did is there");
    world_pass(w, 100);
    fake_rc_edit(w->rc, number, "{'contact':{'jobTitle':'Queen'}}");
    fake_rc_forget(w->rc);
    world_set(w, id, "title", "'Queen'");
    is_str(fake_rc_calls(w->rc), "readExtension", "which may be just what is wanted");
}

/* An error that an old copy is the reason of. */
static void old_target(void)
{
    const char *id;
    world_t *w = with_ann(&id);
    answer_t *a;

    a = world_patch(w, id, "[{'op':'replace'," MOBILE ",'value':'+16505550102'}]");
    is_int(a->status, 400, "there is no mobile phone");
    is_str(a->type, "noTarget", "to be replaced");
    is_str(fake_rc_calls(w->rc), "", "as the copy knows");
    fake_rc_edit(w->rc, gw_id_parse(id), "{'contact':{'mobilePhone':'+16505550101'}}");
    world_pass(w, 100);
    a = world_patch(w, id, "[{'op':'replace'," MOBILE ",'value':'+16505550102'}]");
    is_int(a->status, 200, "but there is one now");
    is_str(there(w, id, "contact/mobilePhone"), "+16505550102", "and it is replaced");
    world_pass(w, 100);
    fail(w, "readExtension", FAKE_UNREACHED, 0, NULL);
    a = world_set(w, id, "title", "'x'");
    is_int(a->status, 503, "a record that cannot be read anew");
    ok(!there(w, id, "contact/jobTitle"), "is not changed");
}

static void lost_answer(void)
{
    const char *id;
    world_t *w = with_ann(&id);
    answer_t *a;

    fail(w, "updateExtension", FAKE_LOST, 0, NULL);
    a = world_set(w, id, "title", "'Boss'");
    is_int(a->status, 200, "a change whose answer is lost");
    is_int(fake_rc_called(w->rc, "updateExtension"), 2, "is sent again");
    ok(world_logged(w, "SCIMRC0105"), "which is logged");
    fail(w, "updateExtension", FAKE_DROPPED, 0, NULL);
    fail(w, "updateExtension", FAKE_LOST, 0, NULL);
    a = world_set(w, id, "title", "'Chief'");
    is_int(a->status, 503, "lost twice");
    ok(a->retry_after > 0, "it is for the client to repeat");
    is_int(fake_rc_called(w->rc, "updateExtension"), 4, "after no third time");
    a = world_set(w, id, "title", "'Chief'");
    is_str(at(w, a->user, "title"), "Chief", "which it does");
}

static void refusals(void)
{
    const char *id;
    world_t *w = with_ann(&id);
    const char *before = world_get(w, id)->text;
    answer_t *a;

    fail(w, "updateExtension", FAKE_UNREACHED, 0, NULL);
    is_int(world_set(w, id, "title", "'x'")->status, 503, "no connection");
    fail(w, "updateExtension", FAKE_ANSWER, 503,
         fake_rc_error(p, "CMN-201", "Service Temporary Unavailable", NULL));
    is_int(world_set(w, id, "title", "'x'")->status, 503, "no service");
    fail(w, "updateExtension", FAKE_ANSWER, 429,
         fake_rc_error(p, "CMN-301", "Request rate exceeded", NULL));
    a = world_set(w, id, "title", "'x'");
    is_int(a->status, 429, "too many calls");
    ok(a->retry_after >= 30, "say when to come back");
    is_int(fake_rc_called(w->rc, "updateExtension"), 3, "none is repeated");
    is_str(world_get(w, id)->text, before, "and nothing has changed");
}

/* An answer that makes something else of the user. */
static void no_user_now(void)
{
    const char *id;
    world_t *w = with_ann(&id);
    answer_t *a;

    fail(w, "updateExtension", FAKE_ANSWER, 200,
         base_json_text(p,
                        fake_json(p, "{'id':1001,'type':'Department','status':"
                                     "'Enabled','contact':{'email':'a@b.c'}}"),
                        NULL));
    a = world_set(w, id, "title", "'Boss'");
    is_int(a->status, 502, "who is no user any more");
    ok(strstr(a->detail, id) != NULL, a->detail);
    is_int(world_get(w, id)->status, 404, "is not shown as one");
    w = with_ann(&id);
    fail(w, "updateExtension", FAKE_ANSWER, 200, "<html>");
    a = world_set(w, id, "title", "'Boss'");
    is_str(at(w, a->user, "title"), "Boss",
           "an answer that is none is asked for again");
    is_int(fake_rc_called(w->rc, "updateExtension"), 2, "as if it were lost");
}

static void gone_there(void)
{
    const char *id;
    world_t *w = with_ann(&id);

    fake_rc_drop(w->rc, gw_id_parse(id));
    is_int(world_set(w, id, "title", "'x'")->status, 404, "who is gone is not found");
    is_int(world_get(w, id)->status, 404, "nor from then on");
    is_int((long long)world_query(w, NULL, 1, 10)->total, 0, "nor in a list");
    is_int((long long)world_find(w, "ann@example.com")->total, 0, "nor by name");
    is_str(fake_rc_calls(w->rc), "updateExtension", "after one call");

    w = with_ann(&id);
    world_pass(w, 100);
    fake_rc_drop(w->rc, gw_id_parse(id));
    is_int(world_set(w, id, "title", "'x'")->status, 404, "the same in an old copy");
    is_str(fake_rc_calls(w->rc), "readExtension", "where a read tells");
}

static void rename_user(void)
{
    const char *id, *to_bob;
    world_t *w = with_ann(&id);
    answer_t *a;

    fake_rc_user(w->rc, "Bob", "Baker", "bob@example.com");
    world_refresh(w);
    fake_rc_forget(w->rc);
    to_bob = "[{'op':'replace','value':{'userName':'BOB@example.com',"
             "'emails':[{'type':'work','value':'BOB@example.com'}]}}]";
    a = world_patch(w, id, to_bob);
    is_int(a->status, 409, "another's name");
    is_str(a->type, "uniqueness", "is taken");
    is_str(fake_rc_calls(w->rc), "", "without a call");
    a = world_patch(w, id,
                    "[{'op':'replace','value':{'userName':'Ann@Example.com',"
                    "'emails':[{'type':'work','value':'Ann@Example.com'}]}}]");
    is_int(a->status, 200, "the own name in other letters");
    is_str(at(w, a->user, "userName"), "Ann@Example.com", "is not");
}

static answer_t *rename_to_ann(world_t *w, const char *id)
{
    return world_patch(w, id,
                       "[{'op':'replace','value':{'userName':'Ann@example.com',"
                       "'emails':[{'type':'work','value':'Ann@example.com'}]}}]");
}

/* The name of somebody who was deleted by disabling. */
static void rename_to_deleted(void)
{
    const char *id, *bob;
    world_t *w = world_make(p);
    answer_t *a;

    id = id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
    bob = id_text(w, fake_rc_user(w->rc, "Bob", "Baker", "bob@example.com"));
    w->policy.remove = GW_DELETE_DISABLE;
    w->conf.disabled_may_be_gone = 1;
    world_fill(w);
    is_int(world_delete(w, id)->status, 204, "Ann is deleted by disabling");
    fake_rc_forget(w->rc);
    a = rename_to_ann(w, bob);
    is_int(a->status, 409, "her name");
    is_str(a->type, "uniqueness", "is not free");
    ok(strstr(a->detail, "deleted by disabling") && strstr(a->detail, id) &&
           strstr(a->detail, "bring the user back"),
       a->detail);
    is_str(fake_rc_calls(w->rc), "", "without a call");
    w->policy.remove = GW_DELETE_RELEASE;
    is_int(rename_to_ann(w, bob)->status, 409, "wherever it is asked");
    is_str(at(w, world_get(w, bob)->user, "userName"), "bob@example.com",
           "and nothing has changed");

    world_pass(w, 70);
    fail(w, "readExtension", FAKE_UNREACHED, 0, NULL);
    world_set(w, bob, "title", "'x'");
    fake_rc_edit(w->rc, gw_id_parse(id), "{'status':'Enabled','statusInfo':null}");
    fake_rc_forget(w->rc);
    a = rename_to_ann(w, bob);
    is_int(a->status, 409, "enabled again in the portal");
    ok(strstr(a->detail, "belongs to the user with the id") != NULL, a->detail);
}

/* ... or was, for somebody has removed the extension in the portal since. */
static void rename_to_removed(void)
{
    const char *id, *bob;
    world_t *w = world_make(p);

    id = id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
    bob = id_text(w, fake_rc_user(w->rc, "Bob", "Baker", "bob@example.com"));
    w->policy.remove = GW_DELETE_DISABLE;
    w->conf.disabled_may_be_gone = 1;
    world_fill(w);
    world_delete(w, id);
    fake_rc_drop(w->rc, gw_id_parse(id));
    world_pass(w, 70);
    is_int(rename_to_ann(w, bob)->status, 200, "a removed one's name is free");
    is_str(there(w, bob, "contact/email"), "Ann@example.com", "to be taken");
}

/* What one process writes the others see. */
static void other_process(void)
{
    const char *id;
    world_t *w = with_ann(&id);
    apr_pool_t *other_pool;
    gw_account_t *other;
    gw_session_t session;
    scim_record_t record;
    answer_t *a;

    apr_pool_create(&other_pool, NULL);
    gw_account_open_with(&other, other_pool, &w->conf, &w->shared, &w->rc->transport,
                         &w->env);
    a = world_set(w, id, "title", "'Boss'");
    session = world_session(w);
    session.account = other;
    ok(!gw_user_backend.get(&session, other_pool, id, &record),
       "another process reads");
    ok(record.len > 0 && strstr(apr_pstrndup(p, record.text, record.len), "Boss"),
       "what was written a moment ago");
    is_str(at(w, a->user, "title"), "Boss", "by the first");
    apr_pool_destroy(other_pool);
}

/* A request that waits too long for another's lock on the user. */
static void locked(void)
{
    const char *id;
    world_t *w = with_ann(&id);
    gw_session_t session = world_session(w);
    base_lock_t *lock;
    apr_pool_t *r;
    answer_t *a;

    apr_pool_create(&r, p);
    ok(!gw_lock(&session, r, gw_id_parse(id), &lock), "somebody holds the user");
    a = world_set(w, id, "title", "'Boss'");
    is_int(a->status, 503, "the next gives up in time");
    ok(a->retry_after > 0 && w->now >= session.deadline - apr_time_from_sec(1),
       "after its patience");
    is_str(fake_rc_calls(w->rc), "", "without a call");
    base_lock_release(lock);
    is_int(world_set(w, id, "title", "'Boss'")->status, 200, "and comes through later");
    apr_pool_destroy(r);
}

/* Nobody locks the gateway out of the account. */
static void own_user(void)
{
    static const gw_delete_t policies[] = {GW_DELETE_RELEASE, GW_DELETE_REMOVE,
                                           GW_DELETE_DISABLE};
    const char *id;
    apr_size_t i;

    for (i = 0; i < 3; i++) {
        world_t *w = with_ann(&id);
        answer_t *a;

        world_restart(w);
        gw_shared_init(w->shared.memory, p, &w->conf); /* no token any more */
        w->rc->owner = id;
        w->policy.remove = policies[i];
        a = world_delete(w, id);
        is_int(a->status, 403, "the gateway's own user is not deleted");
        ok(strstr(a->detail, "JWT") != NULL, a->detail);
        is_int(world_set(w, id, "active", "false")->status, 403, "nor turned off");
        is_str(fake_rc_calls(w->rc), "", "nor is it tried");
        is_int(world_set(w, id, "title", "'Boss'")->status, 200, "but may be changed");
        w->rc->owner = NULL;
        gw_shared_init(w->shared.memory, p, &w->conf);
        is_int(world_delete(w, id)->status, 204, "unless RingCentral does not say who");
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    unknown_ids();
    old_record();
    old_target();
    lost_answer();
    refusals();
    no_user_now();
    gone_there();
    rename_user();
    rename_to_deleted();
    rename_to_removed();
    other_process();
    locked();
    own_user();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
