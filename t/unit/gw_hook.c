/* The webhook: its subscription (gw_subscription.c), events (gw_hook.c) and what comes
 * of them (gw_stale.c, gw_numbers.c). */
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_time.h"
#include "gw_fixture.h"
#include "gw_hook.h"
#include "tap.h"

#define ADDRESS "https://hook.example/rc"
#define HOUR 3600

static apr_pool_t *p;

static world_t *make(int users)
{
    world_t *w = world_make(p);
    int i;

    w->conf.webhook = ADDRESS;
    w->conf.webhook_refresh = apr_time_from_sec(6 * HOUR);
    for (i = 0; i < users; i++) {
        fake_rc_user(w->rc, "Some", apr_itoa(p, i),
                     apr_psprintf(p, "some%d@example.com", i));
    }
    return w;
}

static world_t *filled(int users)
{
    world_t *w = make(users);

    world_fill(w);
    return w;
}

/* An event that was sent now; the body in fake_json() form. */
static apr_status_t event(world_t *w, const char *body)
{
    json_t *envelope =
        base_json_own(p, json_pack("{s:s, s:s, s:o}", "uuid", "u", "timestamp",
                                   base_time_format(p, w->now), "body",
                                   json_incref(fake_json(p, body))));
    apr_size_t len;
    const char *text = base_json_text(p, envelope, &len);

    return gw_hook_event(w->account, p, text, len, &w->env);
}

static apr_status_t told(world_t *w, const char *id, const char *type)
{
    return event(
        w, apr_psprintf(p, "{'extensions':[{'extensionId':'%s','eventType':'%s'}]}", id,
                        type));
}

/* What the background work calls now, and after some seconds. */
static const char *work(world_t *w, int seconds)
{
    world_pass(w, seconds);
    fake_rc_forget(w->rc);
    world_work(w);
    return fake_rc_calls(w->rc);
}

static const char *title(world_t *w, const char *id)
{
    return at(w, world_get(w, id)->user, "title");
}

static void boss(world_t *w, apr_uint64_t id)
{
    fake_rc_edit(w->rc, id, "{'contact':{'jobTitle':'Boss'}}");
}

static json_t *subscription(const world_t *w)
{
    return json_array_get(w->rc->subscriptions, 0);
}

static const char *token_of(const world_t *w)
{
    return apr_pstrdup(
        p, base_json_string(subscription(w), "deliveryMode.verificationToken"));
}

static int count(const world_t *w)
{
    return (int)json_array_size(w->rc->subscriptions);
}

static int times_logged(const world_t *w, const char *tag)
{
    int i, n = 0;

    for (i = 0; i < w->log->nelts; i++) {
        n += strstr(APR_ARRAY_IDX(w->log, i, const char *), tag) != NULL;
    }
    return n;
}

/* ---- the subscription ---- */

static void life(void)
{
    world_t *w = make(3);
    const char *token;
    int i;

    world_open(w);
    is_str(work(w, 0),
           "listSubscriptions createSubscription listCountries listStates "
           "listExtensions",
           "it is made before the first list, so that nothing is missed");
    is_str(sent(w, "createSubscription", "deliveryMode/address"), ADDRESS, "for us");
    is_str(sent(w, "createSubscription", "deliveryMode/transportType"), "WebHook",
           "as a webhook");
    is_str(sent(w, "createSubscription", "eventFilters/0"),
           "/restapi/v1.0/account/~/extension", "of extensions");
    is_str(sent(w, "createSubscription", "eventFilters/1"),
           "/restapi/v1.0/account/~/directory/entries", "and of the directory");
    token = token_of(w);
    is_int(strlen(token), 64, "with a token");
    ok(gw_hook_knows(w->account, p, token, &w->env), "which is known again");
    ok(!gw_hook_knows(w->account, p, apr_pstrcat(p, "0", token, NULL), &w->env) &&
           !gw_hook_knows(w->account, p, token + 1, &w->env) &&
           !gw_hook_knows(w->account, p, "", &w->env) &&
           !gw_hook_knows(w->account, p, NULL, &w->env),
       "and no other");
    ok(world_logged(w, "SCIMRC0130"), "which is logged");
    ok(!world_says(w, token), "without the token");
    is_str(work(w, 290), "", "then it is left alone");
    is_str(work(w, 11), "readSubscription", "but for a look now and then");
    for (i = 0; i < 3 * 24; i++) {
        ok(!strstr(work(w, HOUR), "renew"), "it is not renewed too early");
    }
    is_str(work(w, 12 * HOUR), "renewSubscription listExtensions",
           "but when half of its life is over");
    is_str(work(w, 3 * 24 * HOUR), "readSubscription listExtensions", "again");
    is_str(work(w, 12 * HOUR + 10), "renewSubscription listExtensions", "and again");
    is_str(token_of(w), token, "it is the same all the time");
    ok(gw_hook_knows(w->account, p, token, &w->env), "also to us");
}

/* How long after the last list the next one comes: before `seconds`, not at 1 less. */
static void list_comes(world_t *w, int seconds, const char *what)
{
    int before = strstr(work(w, seconds - 20), "listExtensions") != NULL;
    int after = strstr(work(w, 25), "listExtensions") != NULL;

    ok(!before && after, apr_psprintf(p, "%s: a list after %d s", what, seconds));
}

static void lists(void)
{
    world_t *w = filled(3);

    list_comes(w, 6 * HOUR, "while events come");
    list_comes(w, 6 * HOUR, "and come");
    world_restart(w);
    list_comes(w, 6 * HOUR, "over a graceful restart");
    gw_shared_init(w->shared.memory, p, &w->conf);
    world_restart(w);
    list_comes(w, 900, "after the server was down");
    list_comes(w, 6 * HOUR, "and when that is made up for");
    w->conf.webhook_refresh = apr_time_from_sec(60);
    list_comes(w, 900, "the longer of the two times counts");
}

static void ended(void)
{
    world_t *w = filled(3);
    const char *token = token_of(w);

    json_object_set_new(subscription(w), "status", json_string("Blacklisted"));
    is_str(work(w, 301),
           "readSubscription listSubscriptions deleteSubscription "
           "createSubscription",
           "one that RingCentral has given up is replaced");
    ok(world_says(w, "SCIMRC0132: account test: RingCentral has ended the webhook "
                     "(Blacklisted)"),
       "which is logged");
    is_int(count(w), 1, "there is one");
    ok(strcmp(token, token_of(w)) != 0, "with another token");
    ok(!gw_hook_knows(w->account, p, token, &w->env), "the old one is worth nothing");
    list_comes(w, 600, "what was missed meanwhile");
    list_comes(w, 6 * HOUR, "then all is well");

    json_array_clear(w->rc->subscriptions);
    is_str(work(w, 301), "readSubscription listSubscriptions createSubscription",
           "one that is gone is made anew");
    json_array_clear(w->rc->subscriptions);
    ok(!strcmp(work(w, 84 * HOUR),
               "renewSubscription listSubscriptions createSubscription listExtensions"),
       "also when it was to be renewed");
    is_int(count(w), 1, "there is one");
}

static void restarts(void)
{
    world_t *w = filled(3);
    const char *token = token_of(w);
    int i;

    json_array_append(w->rc->subscriptions,
                      fake_json(p, "{'id':'77','status':'Active','_ends':1900000000,"
                                   "'deliveryMode':{'address':'https://other/'}}"));
    for (i = 0; i < 4; i++) {
        world_restart(w);
        is_str(work(w, 10), "readSubscription", "a new process looks once");
        is_str(work(w, 10), "", "and no more");
    }
    is_str(token_of(w), token, "and goes on with what is there");
    for (i = 0; i < 4; i++) {
        world_rebuild(w);
        is_int(count(w), 2, "a lost copy leaves none behind");
    }
    is_int(base_json_int(subscription(w), "deliveryMode", -1), -1, "others are");
    is_str(base_json_string(subscription(w), "id"), "77", "left alone");
}

static void configured(void)
{
    world_t *w = filled(3);

    w->conf.webhook = "https://hook.example/new";
    world_restart(w);
    is_str(work(w, 10), "listSubscriptions deleteSubscription createSubscription",
           "another address");
    is_int(count(w), 1, "takes the place of the old one");
    w->conf.webhook = NULL;
    world_restart(w);
    is_str(work(w, 10), "listSubscriptions deleteSubscription", "none");
    is_int(count(w), 0, "takes it away");
    ok(world_logged(w, "SCIMRC0133"), "which is logged");
    is_str(work(w, 10), "", "once");
    list_comes(w, 870, "then lists come as ever");
    told(w, "1001", "Update");
    is_str(work(w, 10), "", "and nobody listens");
}

static void refused(void)
{
    static const int pauses[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
    fake_rc_fault_t fault = {"createSubscription", 0, FAKE_ANSWER, 400, NULL};
    world_t *w = make(3);
    apr_size_t i;

    fault.body = fake_rc_error(p, "SUB-521", "Webhook is not reachable", NULL);
    w->conf.refresh = apr_time_from_sec(100 * HOUR);
    fake_rc_fail(w->rc, &fault);
    world_open(w);
    world_work(w);
    for (i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        is_str(work(w, pauses[i] - 2), "", "there is a pause");
        fake_rc_fail(w->rc, &fault);
        is_str(work(w, 3), "listSubscriptions createSubscription",
               "before the next attempt");
    }
    is_int(times_logged(w, "SCIMRC0134"), 1, "what is wrong is logged once");
    ok(world_says(w, "SUB-521 Webhook is not reachable; RingCentral cannot reach the "
                     "address: look at the name, the firewall"),
       "with what to do");
    fault.body = fake_rc_error(p, "CMN-401", "In order to call this API", NULL);
    fault.status = 403;
    fake_rc_fail(w->rc, &fault);
    work(w, 3601);
    is_int(times_logged(w, "SCIMRC0134"), 2, "another reason is logged again");
    ok(world_says(w, "give the app the permission"), "with other advice");
    work(w, 3601);
    ok(world_logged(w, "SCIMRC0130"), "in the end it works");
    is_int(count(w), 1, "and there is one");

    fault.what = FAKE_LOST;
    w = make(3);
    fake_rc_fail(w->rc, &fault);
    world_fill(w);
    is_int(count(w), 1, "one of which we do not know");
    work(w, 61);
    is_int(count(w), 1, "is not left behind");
    ok(gw_hook_knows(w->account, p, token_of(w), &w->env), "but replaced");
}

static void polling(void)
{
    fake_rc_fault_t fault = {"createSubscription", 0, FAKE_UNREACHED, 0, NULL};
    world_t *w = make(3);

    fake_rc_fail(w->rc, &fault);
    world_fill(w);
    fake_rc_fail(w->rc, &fault);
    list_comes(w, 900, "without a subscription");

    w = make(3);
    w->rc->stops_events = 1;
    world_fill(w);
    ok(world_logged(w, "SCIMRC0131"), "events that RingCentral does not send");
    list_comes(w, 900, "then too");
    list_comes(w, 900, "all the time");
}

/* ---- events ---- */

static void shapes(void)
{
    static const char *const bodies[] = {
        "{'extensions':[{'extensionId':'1001','eventType':'Update','hints':"
        "['ExtensionInfo']}]}",
        "{'extensions':[{'extensionId':1001,'eventType':'Update'}]}",
        "{'extensionId':'1001','eventType':'Update','ownerId':'1'}",
        "{'extensionId':'1001','eventType':'Update','hints':['ProfileImage',"
        "'SomethingNew']}",
        "{'contacts':[{'id':'1001','eventType':'Update','jobTitle':'Boss'}]}"};
    static const char *const ignored[] = {
        "{'extensionId':'1001','eventType':'Update','hints':['ProfileImage','Limits']}",
        "{'extensions':[]}",
        "{}",
        "{'extensions':[{'extensionId':'x1001'}, 7, null]}",
        "{'contacts':[{'id':'1001','eventType':'Update','firstName':'Some'}, {}]}",
        "{'contacts':[{'id':'4711','eventType':'Delete'}]}"};
    static const char *const wrong[] = {"", "{", "[]", "7", "{}", "{\"body\":[]}"};
    apr_size_t i;

    for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        world_t *w = filled(3);

        world_pass(w, 100);
        boss(w, 1001);
        ok(event(w, bodies[i]) == APR_SUCCESS,
           apr_psprintf(p, "an event: %s", bodies[i]));
        is_str(work(w, 1), "", "that has come a moment ago");
        is_str(work(w, 2), "readExtension", "lets one extension be read");
        is_str(title(w, "1001"), "Boss", "which has its new value");
        is_str(work(w, 2), "", "once");
    }
    for (i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        world_t *w = filled(3);

        ok(event(w, ignored[i]) == APR_SUCCESS,
           apr_psprintf(p, "an event: %s", ignored[i]));
        is_str(work(w, 5), "", "of no concern");
    }
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        world_t *w = filled(1);

        ok(gw_hook_event(w->account, p, wrong[i], strlen(wrong[i]), &w->env) ==
               APR_EINVAL,
           apr_psprintf(p, "no event: %s", wrong[i]));
        ok(!gw_hook_is_event(p, wrong[i], strlen(wrong[i])), "nor taken for one");
    }
    ok(!gw_hook_is_event(p, NULL, 0), "nor is nothing");
}

static void comings(void)
{
    world_t *w = filled(3);
    const char *id;

    id = id_text(w, fake_rc_user(w->rc, "New", "One", "new@example.com"));
    told(w, id, "Create");
    is_str(work(w, 3), "readExtension", "a new extension is read");
    is_str(world_find(w, "new@example.com")->id, id, "and there");
    fake_rc_drop(w->rc, gw_id_parse(id));
    told(w, id, "Delete");
    is_int(world_get(w, id)->status, 200, "a deletion is not believed");
    is_str(work(w, 3), "readExtension", "but looked into");
    is_int(world_get(w, id)->status, 404, "and found true");
    told(w, id, "Update");
    told(w, id, "Create");
    told(w, id, "Delete");
    is_str(work(w, 3), "", "what comes too late brings nobody back");
    told(w, "1001", "Delete");
    is_str(work(w, 3), "readExtension", "another deletion");
    is_int(world_get(w, "1001")->status, 200, "is not true");
    told(w, "4711", "Delete");
    is_str(work(w, 3), "", "somebody we never knew may go");
    told(w, "4711", "Update");
    is_str(work(w, 3), "readExtension", "or is looked for");
    is_str(work(w, 3), "", "once");
}

static void repeats(void)
{
    world_t *w = filled(3);
    fake_rc_fault_t fault = {"readExtension", 0, FAKE_UNREACHED, 0, NULL};

    boss(w, 1001);
    told(w, "1001", "Update");
    world_pass(w, 1);
    told(w, "1001", "Update");
    told(w, "1002", "Update");
    told(w, "1001", "Update");
    is_str(work(w, 3), "readExtension readExtension", "one read for each extension");
    told(w, "1001", "Update");
    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Chief'}}");
    is_str(work(w, 3), "readExtension", "and another for each time");
    is_str(title(w, "1001"), "Chief", "which sees what is new");
    told(w, "1001", "Update");
    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Clerk'}}");
    world_restart(w);
    is_str(work(w, 3), "readSubscription readExtension", "a restart forgets nothing");
    is_str(title(w, "1001"), "Clerk", "of it");
    told(w, "1001", "Update");
    boss(w, 1001);
    fake_rc_fail(w->rc, &fault);
    work(w, 3);
    is_str(work(w, 3), "", "after a failure there is a pause");
    is_str(work(w, 15), "readExtension", "and another attempt");
    is_str(title(w, "1001"), "Boss", "that succeeds");
}

static void change_then(fake_rc_t *f, const char *op, void *baton)
{
    world_t *w = baton;

    if (!strcmp(op, "readExtension")) {
        w->rc->before = NULL;
        w->now += apr_time_from_sec(1);
        apr_thread_mutex_unlock(f->mutex);
        told(w, "1001", "Update");
        apr_thread_mutex_lock(f->mutex);
    }
}

/* An event that comes while the extension is read is about something newer. */
static void during(void)
{
    world_t *w = filled(3);

    told(w, "1001", "Update");
    world_pass(w, 3);
    w->rc->before = change_then;
    w->rc->baton = w;
    is_str(work(w, 0), "readExtension", "an event comes during a read");
    is_str(work(w, 3), "readExtension", "which is not the last one then");
    is_str(work(w, 3), "", "the second is");
}

static void many(void)
{
    world_t *w = filled(300);
    int i;

    for (i = 0; i < 300; i++) {
        boss(w, (apr_uint64_t)(1001 + i));
        told(w, id_text(w, (apr_uint64_t)(1001 + i)), "Update");
    }
    is_str(work(w, 3), "", "of so many none is read singly");
    is_str(work(w, 30), "listExtensions", "but all in a list, when it is quiet");
    is_str(title(w, "1001"), "Boss", "the first");
    is_str(title(w, "1300"), "Boss", "and the last");
    is_str(work(w, 60), "", "then it is done");
    for (i = 0; i < 40; i++) {
        int j;

        for (j = 0; j < 300; j++) {
            told(w, id_text(w, (apr_uint64_t)(1001 + j)), "Update");
        }
        if (strstr(work(w, 10), "listExtensions")) {
            break;
        }
    }
    ok(i >= 28 && i <= 31,
       apr_psprintf(p, "five minutes are enough of waiting (%d)", i * 10));
}

/* ---- our own writes ---- */

static void echoes(void)
{
    world_t *w = filled(40);
    const char *all = "";
    int i;

    for (i = 0; i < 5; i++) {
        world_set(w, "1001", "title", apr_psprintf(p, "'Title %d'", i));
        world_pass(w, 1);
        told(w, "1001", "Update");
        is_str(work(w, 4), "", "what we wrote is not read at once");
    }
    is_str(work(w, 50), "", "nor soon");
    is_str(work(w, 15), "readExtension", "but once, when it has become quiet");
    is_str(work(w, 60), "", "and no more");

    world_set(w, "1002", "title", "'Ours'");
    world_pass(w, 1);
    fake_rc_edit(w->rc, 1002, "{'contact':{'department':'Theirs'}}");
    told(w, "1002", "Update");
    told(w, "1002", "Update");
    work(w, 65);
    is_str(at(w, world_get(w, "1002")->user,
              "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department"),
           "Theirs", "so that nothing is missed that another wrote");

    world_set(w, "1003", "title", "'Ours'");
    world_pass(w, 20);
    boss(w, 1003);
    told(w, "1003", "Update");
    is_str(work(w, 3), "readExtension", "an event that comes later is no echo");
    is_str(title(w, "1003"), "Boss", "and is heard");

    world_delete(w, "1004");
    told(w, "1004", "Delete");
    told(w, "1004", "Update");
    ok(!strstr(work(w, 65), "readExtension"), "nor is one read who was deleted");

    work(w, 6 * HOUR);
    for (i = 0; i < 20; i++) {
        const char *id = id_text(w, (apr_uint64_t)(1010 + i));

        world_set(w, id, "title", "'Ours'");
        told(w, id, "Update");
    }
    for (i = 0; i < 14; i++) {
        all = apr_pstrcat(p, all, work(w, 60), NULL);
    }
    ok(!strstr(all, "Extension"), "many echoes are not read at all");
    ok(strstr(work(w, 70), "listExtensions") != NULL, "but listed, in time");
    list_comes(w, 6 * HOUR, "as ever after that");
}

/* ---- who meets what has changed ---- */

static void meeting(void)
{
    world_t *w = filled(5);
    answer_t *a;

    boss(w, 1001);
    told(w, "1001", "Update");
    fake_rc_forget(w->rc);
    ok(!title(w, "1001"), "a read does not wait");
    is_str(fake_rc_calls(w->rc), "", "for anything");
    a = world_set(w, "1001", "title", "'Boss'");
    is_int(a->status, 200, "a write");
    is_str(fake_rc_calls(w->rc), "readExtension", "reads first what has changed");
    is_str(at(w, a->user, "title"), "Boss", "and knows");
    is_str(work(w, 3), "", "which settles it");

    boss(w, 1002);
    told(w, "1002", "Update");
    fake_rc_forget(w->rc);
    a = world_find(w, "some1@example.com");
    is_str(fake_rc_calls(w->rc), "readExtension", "a lookup does so, too");
    is_str(at(w, a->users, "0/title"), "Boss", "and finds what is new");
    is_str(work(w, 3), "", "which settles it");

    fake_rc_drop(w->rc, 1003);
    told(w, "1003", "Delete");
    is_int((int)world_find(w, "some2@example.com")->total, 0, "or nobody");
    told(w, "1004", "Update");
    fake_rc_drop(w->rc, 1004);
    is_int(world_delete(w, "1004")->status, 404, "a delete looks, too");
    fake_rc_forget(w->rc);
    world_set(w, "1005", "title", "'x'");
    told(w, "1005", "Update");
    world_set(w, "1005", "title", "'y'");
    is_str(fake_rc_calls(w->rc), "updateExtension updateExtension",
           "an echo makes no write slower");
}

/* ---- numbers ---- */

static void numbers(void)
{
    world_t *w = make(3);

    w->conf.numbers = GW_NUMBER_DIRECT;
    w->rc->tags = 1;
    fake_rc_edit(w->rc, 1001, "{'_direct':'+16505550101'}");
    world_fill(w);
    is_str(at(w, world_get(w, "1001")->user, "phoneNumbers/0/value"), "+16505550101",
           "a direct number");
    world_pass(w, 60);
    event(w, "{'contacts':[{'id':'1001','eventType':'Update','phoneNumbers':"
             "[{'phoneNumber':'+16505550101','usageType':'DirectNumber'}]}]}");
    is_str(work(w, 5), "", "that an event has as it is known");
    event(w, "{'contacts':[{'id':'1001','eventType':'Update','phoneNumbers':[]}]}");
    fake_rc_edit(w->rc, 1001, "{'_direct':null}");
    fake_rc_edit(w->rc, 1002, "{'_direct':'+16505550102'}");
    is_str(work(w, 1), "", "or otherwise");
    is_str(work(w, 3), "listDirectoryEntries", "lets the directory be read");
    is_int(w->rc->unchanged, 0, "which has changed");
    ok(!at(w, world_get(w, "1001")->user, "phoneNumbers/0/value"), "it is gone");
    is_str(at(w, world_get(w, "1002")->user, "phoneNumbers/0/value"), "+16505550102",
           "and another one there");
    event(w, "{'extensionId':'1002','eventType':'Update','hints':['CompanyNumbers']}");
    is_str(work(w, 5), "", "a minute passes");
    is_str(work(w, 60), "listDirectoryEntries", "to the next reading");
    is_int(w->rc->unchanged, 1, "which has nothing new");
    is_str(at(w, world_get(w, "1002")->user, "phoneNumbers/0/value"), "+16505550102",
           "and changes nothing");
    world_refresh(w);
    work(w, 6 * HOUR);
    is_int(w->rc->unchanged, 2, "nor has the one with a list");
    work(w, 24 * HOUR);
    is_int(w->rc->unchanged, 2, "but once a day all is read");
}

/* An entry that came before its extension. */
static void numbers_early(void)
{
    world_t *w = make(3);
    apr_uint64_t id;

    w->conf.webhook = NULL;
    w->conf.numbers = GW_NUMBER_DIRECT;
    w->rc->tags = 1;
    w->rc->list_lag = apr_time_from_sec(20);
    world_pass(w, 60);
    world_fill(w);
    world_pass(w, 890);
    id = fake_rc_user(w->rc, "New", "One", "new@example.com");
    fake_rc_edit(w->rc, id, "{'_direct':'+16505550109'}");
    work(w, 10);
    is_int(world_get(w, id_text(w, id))->status, 404, "an extension not listed yet");
    work(w, 900);
    is_str(at(w, world_get(w, id_text(w, id))->user, "phoneNumbers/0/value"),
           "+16505550109", "has its number when it is");
    work(w, 900);
    is_int(w->rc->unchanged, 1, "and then the directory has no more to say");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    life();
    lists();
    ended();
    restarts();
    configured();
    refused();
    polling();
    shapes();
    comings();
    repeats();
    during();
    many();
    echoes();
    meeting();
    numbers();
    numbers_early();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
