/* New users in unassigned extensions (gw_create.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

static world_t *with_pool(int n)
{
    world_t *w = world_make(p);

    while (n-- > 0) {
        fake_rc_unassigned(w->rc);
    }
    w->policy.create = GW_CREATE_UNASSIGNED;
    world_fill(w);
    return w;
}

static answer_t *create(world_t *w, const char *name)
{
    return world_create(
        w, apr_psprintf(p,
                        "{'userName':'%s@example.com','name':{'givenName':'%s'},"
                        "'emails':[{'type':'work','value':'%s@example.com'}]}",
                        name, name, name));
}

static void fail(world_t *w, const char *op, fake_rc_what_t what, int status,
                 const char *body)
{
    fake_rc_fault_t fault = {op, 0, what, status, body};

    fake_rc_fail(w->rc, &fault);
}

static void lowest_first(void)
{
    world_t *w = with_pool(3);
    answer_t *a;

    is_int((long long)world_query(w, NULL, 1, 10)->total, 0,
           "unassigned extensions are no users");
    is_int(world_get(w, "1001")->status, 404, "nor to be read");
    a = create(w, "ann");
    is_int(a->status, 201, "a user is made");
    is_str(a->id, "1001", "in the lowest extension");
    is_str(fake_rc_calls(w->rc), "readExtension updateExtension",
           "by one call, when it is free indeed");
    is_str(base_json_text(p, fake_rc_sent(w->rc, "updateExtension"), NULL),
           "{\"contact\":{\"firstName\":\"ann\",\"email\":\"ann@example.com\","
           "\"emailAsLoginName\":true},\"status\":\"NotActivated\","
           "\"transition\":{\"sendWelcomeEmail\":false}}",
           "that says all");
    is_str(create(w, "bob")->id, "1002", "the next is next");
    is_str(create(w, "cid")->id, "1003", "and the last");
    fake_rc_forget(w->rc);
    a = create(w, "dan");
    is_int(a->status, 403, "then there is none");
    ok(!a->type, "without a scimType");
    ok(strstr(a->detail, "no unassigned extension left") && strstr(a->detail, "buy"),
       a->detail);
    is_str(fake_rc_calls(w->rc), "listExtensions", "after one question");
    ok(strstr(fake_rc_url(w->rc, "listExtensions"), "status=Unassigned") != NULL,
       "for the pool");
    fake_rc_unassigned(w->rc);
    is_str(create(w, "dan")->id, "1004", "what was bought meanwhile is found");
    is_int((long long)world_query(w, NULL, 1, 10)->total, 4, "all are there");
}

static void mails(void)
{
    world_t *w = with_pool(2);

    create(w, "ann");
    is_int(w->rc->mails->nelts, 0, "no welcome mail unless wanted");
    w->policy.welcome_mail = 1;
    create(w, "bob");
    is_int(w->rc->mails->nelts, 1, "then there is one");
    is_int(fake_rc_called(w->rc, "sendWelcomeEmailV2"), 0, "without another call");
}

/* Somebody was quicker in the portal. */
static void taken_meanwhile(void)
{
    world_t *w = with_pool(3);
    answer_t *a;

    fake_rc_drop(w->rc, 1001);
    is_str(create(w, "ann")->id, "1002", "one that is gone is passed over");
    fake_rc_edit(w->rc, 1003,
                 "{'status':'Enabled','contact':{'firstName':'Eve',"
                 "'email':'eve@example.com'}}");
    fake_rc_unassigned(w->rc);
    a = create(w, "bob");
    is_str(there(w, "1003", "contact/email"), "eve@example.com",
           "whoever has it now keeps it");
    is_str(a->id, "1004", "and another one is found");
    is_str(world_find(w, "eve@example.com")->id, "1003", "the copy knows them too");
}

/* ... in the very moment. */
static void taken_just_now(void)
{
    world_t *w = with_pool(2);

    fail(w, "updateExtension", FAKE_ANSWER, 404,
         fake_rc_error(p, "CMN-102",
                       "Resource for parameter [extensionId] is not found",
                       "extensionId"));
    is_str(create(w, "ann")->id, "1002", "one that goes at the last moment");
    is_int((long long)world_query(w, NULL, 1, 10)->total, 1, "is passed over too");
}

static void refused_password(void)
{
    world_t *w = with_pool(1);
    answer_t *a;

    w->policy.new_status = GW_NEW_ENABLED;
    a = world_create(w, "{" ANN ",'password':'Random-hush'}");
    is_int(a->status, 201, "a password that is refused keeps nobody out");
    is_str(there(w, a->id, "status"), "Enabled", "who is enabled");
    ok(there(w, a->id, "_password") != NULL, "with another password");
}

static void not_enabled(void)
{
    world_t *w = with_pool(1);
    answer_t *a;

    w->policy.new_status = GW_NEW_ENABLED;
    w->rc->refuses_enabled = 1;
    a = create(w, "ann");
    is_str(there(w, a->id, "status"), "NotActivated", "or not activated");
}

static void lost_answer(void)
{
    world_t *w = with_pool(2);
    answer_t *a;

    fail(w, "updateExtension", FAKE_LOST, 0, NULL);
    a = create(w, "ann");
    is_int(a->status, 201, "a lost answer");
    is_str(fake_rc_calls(w->rc), "readExtension updateExtension updateExtension",
           "is asked again");
    is_int(fake_rc_count(w->rc, "ann@example.com"), 1, "for the same extension");

    w = with_pool(2);
    fail(w, "updateExtension", FAKE_LOST, 0, NULL);
    fail(w, "updateExtension", FAKE_DROPPED, 0, NULL);
    a = create(w, "ann");
    is_int(a->status, 503, "lost twice");
    a = create(w, "ann");
    is_int(a->status, 409, "and repeated by the client");
    is_int(fake_rc_count(w->rc, "ann@example.com"), 1, "fills one extension");
    is_str(world_find(w, "ann@example.com")->id, "1001", "which is found");
}

static void refusals(void)
{
    world_t *w = with_pool(2);
    answer_t *a;

    fail(w, "updateExtension", FAKE_ANSWER, 400,
         fake_rc_error(p, "CMN-101", "Parameter [contact.email] value is invalid.",
                       "contact.email"));
    a = create(w, "ann");
    is_int(a->status, 400, "an error is an error");
    is_str(fake_rc_calls(w->rc), "readExtension updateExtension",
           "at the first extension");
    is_str(create(w, "ann")->id, "1001", "which stays free");
    fail(w, "listExtensions", FAKE_UNREACHED, 0, NULL);
    create(w, "bob");
    a = create(w, "cid");
    is_int(a->status, 503, "a pool that cannot be asked for is not empty");
}

/* Released lines come back. */
static void released(void)
{
    world_t *w = with_pool(1);
    answer_t *a = create(w, "ann");

    is_int(world_delete(w, a->id)->status, 204, "a user is deleted");
    a = create(w, "bob");
    is_int(a->status, 201, "another gets the line");
    is_str(a->id, "1002", "in an extension of its own");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    lowest_first();
    mails();
    taken_meanwhile();
    taken_just_now();
    refused_password();
    not_enabled();
    lost_answer();
    refusals();
    released();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
