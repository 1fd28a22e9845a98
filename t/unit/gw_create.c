/* New users by POST (gw_create.c, gw_copy.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "tap.h"

#define EMAIL "ann@example.com"

static apr_pool_t *p;

static world_t *filled(void)
{
    world_t *w = world_make(p);

    world_fill(w);
    return w;
}

static void fail(world_t *w, const char *op, int skip, fake_rc_what_t what, int status,
                 const char *body)
{
    fake_rc_fault_t fault = {op, skip, what, status, body};

    fake_rc_fail(w->rc, &fault);
}

static void plain(void)
{
    world_t *w = filled();
    answer_t *a = world_create(w, "{" ANN "}");

    is_int(a->status, 201, "a user is made");
    is_str(fake_rc_calls(w->rc), "createExtension", "by one call");
    is_str(
        base_json_text(p, fake_rc_sent(w->rc, "createExtension"), NULL),
        "{\"contact\":{\"firstName\":\"Ann\",\"lastName\":\"Archer\",\"email\":\"" EMAIL
        "\",\"emailAsLoginName\":true},\"status\":\"NotActivated\","
        "\"type\":\"User\"}",
        "that says what it must");
    ok(fake_rc_extension(w->rc, id_of(a)) != NULL, "it has the extension's id");
    is_str(at(w, a->user, "meta/location"),
           apr_pstrcat(p, "https://base/Users/", a->id, NULL), "and a location");
    is_str(world_get(w, a->id)->text, a->text, "and is read as it was answered");
    is_int((long long)world_query(w, NULL, 1, 10)->total, 1, "and is in the list");
    is_int(w->rc->mails->nelts, 0, "no mail was sent");
}

static const char *user_with(const char *emails)
{
    return apr_pstrcat(p,
                       "{'userName':'ann@example.com','name':{'givenName':'Ann',"
                       "'familyName':'Archer'},'emails':[",
                       emails, "]}", NULL);
}

/* The tolerant take the e-mail of another type that equals userName for the work one.
 */
static void other_email(void)
{
    static const char *const emails[] = {
        "{'type':'home','value':'ANN@example.com'}",
        "{'type':'home','value':'x@y.com'},{'type':'other','value':'ANN@example.com'}"};
    static const char *const bad[] = {
        "", "{'type':'home','value':'x@example.com'}",
        "{'type':'work','value':'x@y.com'},{'type':'home','value':'ann@example.com'}"};
    apr_size_t i;

    for (i = 0; i < sizeof emails / sizeof *emails; i++) {
        world_t *w = filled();
        const char *text = user_with(emails[i]);
        answer_t *a = world_create(w, text);

        is_int(a->status, 400, "the strict want a work e-mail");
        ok(strstr(a->detail, "emails[type eq \"work\"].value is missing") != NULL,
           a->detail);
        w->policy.tolerant = 1;
        a = world_create(w, text);
        is_int(a->status, 201, emails[i]);
        is_str(sent(w, "createExtension", "contact/email"), "ANN@example.com",
               "is the e-mail");
        is_str(at(w, a->user, "userName"), "ann@example.com", "beside the userName");
        is_str(at(w, a->user, "emails/0/type"), "work", "and shown as the work e-mail");
        fake_rc_forget(w->rc);
        is_int(world_put(w, a->id, text)->status, 200, "the same again");
        is_str(fake_rc_calls(w->rc), "", "changes nothing");
    }
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        world_t *w = filled();

        w->policy.tolerant = 1;
        is_int(world_create(w, user_with(bad[i]))->status, 400, bad[i]);
        is_str(fake_rc_calls(w->rc), "", "without a call");
    }
}

/* A PATCH adds the new work e-mail beside the old one, which is the primary one. */
static void added_email(void)
{
    world_t *w = filled();
    answer_t *a =
        world_create(w, user_with("{'type':'work','value':'x@y.com',"
                                  "'primary':true},"
                                  "{'type':'work','value':'ANN@example.com'}"));

    is_int(a->status, 201, "of two work e-mails");
    is_str(sent(w, "createExtension", "contact/email"), "ANN@example.com",
           "the one that equals userName counts");
}

static void taken(void)
{
    world_t *w = filled();
    answer_t *a = world_create(w, "{" ANN "}"), *b;

    fake_rc_forget(w->rc);
    b = world_create(w, "{" USER("Ann", "Other", "ANN@Example.com") "}");
    is_int(b->status, 409, "a name that is taken, in any letters");
    is_str(b->type, "uniqueness", "is not unique");
    ok(strstr(b->detail, a->id) != NULL, b->detail);
    is_str(fake_rc_calls(w->rc), "", "which the copy knows without a call");
    world_pass(w, 500);
    is_int(world_create(w, "{" ANN "}")->status, 409, "an old copy");
    is_str(fake_rc_calls(w->rc), "", "too");
}

/* What the portal did a moment ago. */
static void asks_once(void)
{
    world_t *w = filled();
    apr_uint64_t id;

    world_pass(w, 59);
    is_int((long long)world_find(w, EMAIL)->total, 0, "a name that nobody has");
    is_str(fake_rc_calls(w->rc), "", "is no question while the copy is young");
    world_pass(w, 10);
    is_int((long long)world_find(w, EMAIL)->total, 0, "in an old copy");
    is_str(
        fake_rc_url(w->rc, "listExtensions"),
        "/restapi/v1.0/account/~/extension?page=1&perPage=20&email=ann%40example.com",
        "the platform is asked");
    is_int(world_create(w, "{" ANN "}")->status, 201, "and the create after that");
    is_str(fake_rc_calls(w->rc), "listExtensions createExtension",
           "does not ask again");

    w = filled();
    world_pass(w, 100);
    id = fake_rc_user(w->rc, "Ann", "Archer", EMAIL);
    is_str(world_find(w, EMAIL)->id, id_text(w, id), "a user of the portal is found");
    is_int(world_create(w, "{" ANN "}")->status, 409, "and its name is taken");
    is_str(fake_rc_calls(w->rc), "listExtensions", "for one question");

    w = filled();
    world_pass(w, 100);
    fake_rc_user(w->rc, "Ann", "Archer", EMAIL);
    is_int(world_create(w, "{" ANN "}")->status, 409, "a create alone finds it too");
    is_str(fake_rc_calls(w->rc), "listExtensions", "before it is tried");
    world_pass(w, 100);
    is_int(world_create(w, "{" USER("Bob", "Baker", "bob@example.com") "}")->status,
           201, "another name");
    is_str(fake_rc_calls(w->rc), "listExtensions listExtensions createExtension",
           "is another question");
}

static void cannot_ask(void)
{
    world_t *w = filled();
    answer_t *a;

    world_pass(w, 100);
    fail(w, "listExtensions", 0, FAKE_UNREACHED, 0, NULL);
    a = world_find(w, EMAIL);
    is_int(a->status, 503, "no answer to the question is none to the client");
    ok(a->retry_after > 0, "who may repeat it");
    is_int((long long)world_find(w, EMAIL)->total, 0, "a while later");
    is_int(fake_rc_called(w->rc, "listExtensions"), 2, "and is asked for again");
}

static void lost_answer(void)
{
    world_t *w = filled();
    answer_t *a;

    fail(w, "createExtension", 0, FAKE_LOST, 0, NULL);
    a = world_create(w, "{" ANN ",'locale':'de-DE'}");
    is_int(a->status, 201, "the answer to a create is lost");
    is_str(fake_rc_calls(w->rc),
           "listLanguages createExtension listExtensions readExtension",
           "it is looked for");
    is_int(fake_rc_count(w->rc, EMAIL), 1, "and there is one");
    is_str(at(w, a->user, "locale"), "de-DE", "with all that a list does not show");
    ok(world_logged(w, "SCIMRC0107"), "which is logged");

    w = filled();
    fail(w, "createExtension", 0, FAKE_DROPPED, 0, NULL);
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 201, "or the request is");
    is_str(fake_rc_calls(w->rc), "createExtension listExtensions createExtension",
           "then it is repeated");
    is_int(fake_rc_count(w->rc, EMAIL), 1, "and there is one");

    w = filled();
    fail(w, "createExtension", 0, FAKE_DROPPED, 0, NULL);
    fail(w, "createExtension", 0, FAKE_LOST, 0, NULL);
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 201, "one and then the other");
    is_int(fake_rc_called(w->rc, "createExtension"), 2, "is two creates");
    is_int(fake_rc_count(w->rc, EMAIL), 1, "and one user");

    w = filled();
    fail(w, "createExtension", 0, FAKE_DROPPED, 0, NULL);
    fail(w, "createExtension", 0, FAKE_DROPPED, 0, NULL);
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 503, "twice");
    ok(a->retry_after > 0 && strstr(a->detail, "repeating the request is safe"),
       a->detail);
    is_int(fake_rc_called(w->rc, "createExtension"), 2, "is not tried a third time");
    ok(world_logged(w, "SCIMRC0109"), "and logged");
    is_int(world_create(w, "{" ANN "}")->status, 201, "but by the client");
}

/* Nothing can be told of the lost one until the client repeats its request. */
static void lost_from_sight(void)
{
    world_t *w = filled();
    answer_t *a;

    fail(w, "createExtension", 0, FAKE_LOST, 0, NULL);
    fail(w, "listExtensions", 0, FAKE_UNREACHED, 0, NULL);
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 503, "neither create nor look-up is answered");
    is_int(fake_rc_called(w->rc, "createExtension"), 1, "so nothing is repeated");
    is_str(world_find(w, EMAIL)->id, "1001", "a look-up finds the user at once");
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 409, "and a repeated create too");
    is_int(fake_rc_called(w->rc, "createExtension"), 1, "without another try");

    w = filled();
    world_pass(w, 100);
    world_find(w, EMAIL); /* has asked */
    fail(w, "createExtension", 0, FAKE_LOST, 0, NULL);
    fail(w, "listExtensions", 0, FAKE_UNREACHED, 0, NULL);
    is_int(world_create(w, "{" ANN "}")->status, 503, "the same after a question");
    w->rc->allows_same_login = 1;
    is_int(world_create(w, "{" ANN "}")->status, 409, "and a platform that takes two");
    is_int(fake_rc_count(w->rc, EMAIL), 1, "has one");
}

/* A list that lags does not show the lost one; the platform knows it. */
static void lost_and_lagging(void)
{
    world_t *w = filled();
    answer_t *a;

    w->rc->list_lag = apr_time_from_sec(5);
    fail(w, "createExtension", 0, FAKE_LOST, 0, NULL);
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 503, "a lost create and a list that lags: whose is the name?");
    is_int(fake_rc_count(w->rc, EMAIL), 1, "make one user all the same");
    is_int((long long)world_find(w, EMAIL)->total, 0, "who is not to be found yet");
    world_pass(w, 6);
    is_str(world_find(w, EMAIL)->id, "1001", "who is found when the list shows it");
}

/* What has the same e-mail address and is no user is not taken for the lost one. */
static void not_the_lost_one(void)
{
    world_t *w = world_make(p);
    apr_uint64_t queue = fake_rc_add(
        w->rc,
        "{'type':'Department','contact':{'firstName':'Queue','email':'" EMAIL "'}}");
    answer_t *a;

    w->rc->allows_same_login = 1;
    world_fill(w);
    is_int((long long)world_find(w, EMAIL)->total, 0, "a queue is no user");
    fail(w, "createExtension", 0, FAKE_DROPPED, 0, NULL);
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 201, "nor the one that a lost create made");
    ok(a->id && strcmp(a->id, id_text(w, queue)) != 0, "which is another");
    is_int(fake_rc_count(w->rc, EMAIL), 2, "and is made");
}

static void refusals(void)
{
    static const struct {
        const char *code, *message;
        int status, becomes;
        const char *type;
    } cases[] = {
        {"CMN-201", "Service Temporary Unavailable", 503, 503, NULL},
        {"CMN-301", "Request rate exceeded", 429, 429, NULL},
        {"CMN-401", "[EditAccounts] permission required", 403, 403, NULL},
        {"EXT-996", "License limit has been reached.", 403, 403, NULL},
        {"EXT-997", "The login email already in use", 400, 409, "uniqueness"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_t *w = filled();
        answer_t *a;

        fail(w, "createExtension", 0, FAKE_ANSWER, cases[i].status,
             fake_rc_error(p, cases[i].code, cases[i].message, NULL));
        a = world_create(w, "{" ANN "}");
        is_int(a->status, cases[i].becomes, cases[i].message);
        is_str(a->type, cases[i].type, "scimType");
        is_int(fake_rc_called(w->rc, "createExtension"), 1, "after one try");
    }
}

static void unreached(void)
{
    world_t *w = filled();
    answer_t *a;

    fail(w, "createExtension", 0, FAKE_UNREACHED, 0, NULL);
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 503, "RingCentral cannot be reached");
    ok(strstr(a->detail, "nothing was changed") != NULL, a->detail);
    is_str(fake_rc_calls(w->rc), "createExtension", "so nothing is to be looked up");
}

static void bad_password(void)
{
    static const gw_new_status_t statuses[] = {GW_NEW_NOT_ACTIVATED, GW_NEW_ENABLED};
    int i;

    for (i = 0; i < 2; i++) {
        world_t *w = filled();
        answer_t *a;

        w->policy.new_status = statuses[i];
        a = world_create(w, "{" ANN ",'password':'Random-hush'}");
        is_int(a->status, 201, "a password that is refused keeps nobody out");
        is_str(there(w, a->id, "status"), i ? "Enabled" : "NotActivated",
               "the status is as it shall be");
        ok(!there(w, a->id, "_password") == !i,
           "with another password if it needs one");
        is_int(fake_rc_called(w->rc, "createExtension"), 2, "at the second try");
        ok(world_logged(w, "SCIMRC0108") && !world_says(w, "hush"), "which is logged");
    }
}

static void not_enabled(void)
{
    world_t *w = filled();
    answer_t *a;

    w->policy.new_status = GW_NEW_ENABLED;
    w->rc->refuses_enabled = 1;
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 201, "an account that enables nobody");
    is_str(there(w, a->id, "status"), "NotActivated", "has users not activated");
    w = filled();
    w->policy.new_status = GW_NEW_ENABLED;
    w->rc->refuses_enabled = 1;
    a = world_create(w, "{" ANN ",'password':'Random-hush'}");
    is_int(a->status, 201, "even with a password that it does not like");
}

static void welcome(void)
{
    world_t *w = filled();
    answer_t *a;

    w->policy.welcome_mail = 1;
    a = world_create(w, "{" ANN "}");
    is_int(w->rc->mails->nelts, 1, "a welcome mail is sent");
    is_str(APR_ARRAY_IDX(w->rc->mails, 0, const char *), EMAIL, "to the user");
    fail(w, "sendWelcomeEmailV2", 0, FAKE_ANSWER, 500,
         fake_rc_error(p, "CMN-203", "Internal Server Error", NULL));
    a = world_create(w, "{" USER("Bob", "Baker", "bob@example.com") "}");
    is_int(a->status, 201, "a mail that cannot be sent undoes nobody");
    ok(world_logged(w, "SCIMRC0110"), "but is logged");
}

static void passwords_made(void)
{
    world_t *w = filled();
    const char *first, *second;
    answer_t *a;

    w->policy.new_status = GW_NEW_ENABLED;
    a = world_create(w, "{" ANN "}");
    first = there(w, a->id, "_password");
    a = world_create(w, "{" USER("Bob", "Baker", "bob@example.com") "}");
    second = there(w, a->id, "_password");
    ok(strlen(first) >= 16 && strpbrk(first, "23456789") && strpbrk(first, "!$%*+-=?"),
       "a password is made of all sorts");
    ok(strcmp(first, second) != 0, "and for each user another");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    plain();
    other_email();
    added_email();
    taken();
    asks_once();
    cannot_ask();
    lost_answer();
    lost_from_sight();
    lost_and_lagging();
    not_the_lost_one();
    refusals();
    unreached();
    bad_password();
    not_enabled();
    welcome();
    passwords_made();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
