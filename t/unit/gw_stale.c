/* What events have left behind (gw_stale.c, gw_notes.c) while calls of our own are
 * under way, when there is too much of it, and when it cannot be read. */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_time.h"
#include "gw_fixture.h"
#include "gw_hook.h"
#include "tap.h"

#define HOUR 3600
#define FIRST 1001 /* the first user's id */
#define DEPARTMENT                                                                     \
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department"

static apr_pool_t *p;

static world_t *filled(int users)
{
    world_t *w = world_make(p);
    int i;

    w->conf.webhook = "https://hook.example/rc";
    w->conf.webhook_refresh = apr_time_from_sec(6 * HOUR);
    w->conf.max_age = apr_time_from_sec(300);
    w->policy.bulk_patience = apr_time_from_sec(300);
    w->rc->bulk_takes = apr_time_from_sec(1);
    for (i = 0; i < users; i++) {
        fake_rc_user(w->rc, "Some", apr_itoa(p, i),
                     apr_psprintf(p, "some%d@example.com", i));
    }
    world_fill(w);
    fake_rc_forget(w->rc);
    return w;
}

static const char *user(int i)
{
    return apr_itoa(p, FIRST + i);
}

static void told(world_t *w, const char *id)
{
    const char *text = apr_psprintf(
        p, "{\"uuid\":\"u\",\"timestamp\":\"%s\",\"body\":{\"extensionId\":\"%s\"}}",
        base_time_format(p, w->now), id);

    if (gw_hook_event(w->account, p, text, strlen(text), &w->env) != APR_SUCCESS) {
        ok(0, "an event is taken");
    }
}

static void told_of(world_t *w, int from, int n)
{
    int i;

    for (i = from; i < from + n; i++) {
        told(w, user(i));
    }
}

/* What the background work calls when so much time has passed. */
static const char *work(world_t *w, int seconds)
{
    world_pass(w, seconds);
    fake_rc_forget(w->rc);
    world_work(w);
    return fake_rc_calls(w->rc);
}

/* Whether the background work makes a list just now. */
static int lists(world_t *w)
{
    const apr_interval_time_t refresh = w->conf.refresh;
    int made;

    w->conf.refresh = w->conf.webhook_refresh = 1;
    made = strstr(work(w, 0), "listExtensions") != NULL;
    w->conf.refresh = refresh;
    w->conf.webhook_refresh = apr_time_from_sec(6 * HOUR);
    return made;
}

static void in_portal(world_t *w, int i, const char *department)
{
    fake_rc_edit(w->rc, (apr_uint64_t)(FIRST + i),
                 apr_psprintf(p, "{'contact':{'department':'%s'}}", department));
}

static const char *department(world_t *w, int i)
{
    const char *is = at(w, world_get(w, user(i))->user, DEPARTMENT);

    return is ? is : "none";
}

static int reads(const world_t *w)
{
    return fake_rc_called(w->rc, "readExtension");
}

/* ---- a request with many changes ---- */

static const scim_error_t *set_title(void *baton, apr_pool_t *pool,
                                     const scim_current_t *current, json_t **desired)
{
    *desired = base_json_own(pool, json_deep_copy(current->resource));
    json_object_set_new(*desired, "title", json_string(baton));
    return NULL;
}

static void change_to(world_t *w, int from, int n, int bad_ones)
{
    scim_write_t *writes = apr_pcalloc(p, (apr_size_t)n * sizeof *writes);
    gw_session_t session = world_session(w);
    static int titles;
    int i, bad = 0;

    titles++;
    for (i = 0; i < n; i++) {
        writes[i].verb = SCIM_UPDATE;
        writes[i].id = user(from + i);
        writes[i].change = set_title;
        writes[i].baton = apr_psprintf(p, "Title %d", titles);
    }
    fake_rc_forget(w->rc);
    gw_user_backend.write_many(&session, p, writes, n);
    for (i = 0; i < n; i++) {
        bad += writes[i].error != NULL;
    }
    is_int(bad, bad_ones, apr_psprintf(p, "%d changes in a request", n));
}

static void change(world_t *w, int from, int n)
{
    change_to(w, from, n, 0);
}

/* What happens while the next bulk update is under way. */
static struct {
    world_t *w;
    void (*happens)(world_t *w);
} meanwhile;

static void come_between(fake_rc_t *f, const char *op, void *baton)
{
    if (!strcmp(op, "getExtensionBulkUpdateTask")) {
        f->before = NULL;
        apr_thread_mutex_unlock(f->mutex);
        meanwhile.happens(meanwhile.w);
        apr_thread_mutex_lock(f->mutex);
    }
}

static void change_while(world_t *w, int from, int n, void (*happens)(world_t *w))
{
    meanwhile.w = w;
    meanwhile.happens = happens;
    w->rc->before = come_between;
    change(w, from, n);
    ok(!w->rc->before, "in a bulk call");
}

/* ---- our own calls ---- */

static void all_echo(world_t *w)
{
    told_of(w, 0, 250);
}

static void bulk(void)
{
    world_t *w = filled(260);
    const char *calls = "";
    int i, first = -1;

    for (i = 0; i < 3; i++) {
        change_while(w, 0, 250, all_echo);
        is_str(fake_rc_calls(w->rc), "extensionBulkUpdate getExtensionBulkUpdateTask",
               "their events, which come before the answer, lead to no read");
        is_str(work(w, 3), "", "nor in the background");
        change(w, 250, 10);
        is_int(reads(w), 0, "nor of users of whom no event spoke");
    }
    for (i = 0; i < 20; i++) {
        calls = apr_pstrdup(p, work(w, 60));
        ok(!strstr(calls, "readExtension"), "nor later");
        first = first < 0 && strstr(calls, "listExtensions") ? i : first;
    }
    ok(first >= 13 && first <= 15,
       apr_psprintf(p, "but a list comes as without a webhook (%d)", first));
    for (i = 0; i < 5; i++) {
        ok(!strstr(work(w, HOUR), "listExtensions"), "one is enough");
    }
}

static base_lock_t *hold(world_t *w, int i)
{
    base_lock_t *lock = NULL;

    base_lock_acquire(&lock, p, w->account->lock_file, (apr_uint64_t)(FIRST + i), 0,
                      &w->env);
    ok(lock != NULL, "another process changes a user");
    return lock;
}

static void carried(void)
{
    world_t *w = filled(5);
    base_lock_t *lock = hold(w, 0);

    in_portal(w, 0, "Sales");
    told(w, user(0));
    is_str(work(w, 3), "", "what a call of ours carries is not read");
    world_find(w, "some0@example.com");
    is_str(fake_rc_calls(w->rc), "", "nor by a lookup");
    is_str(work(w, 50), "", "while it is");
    is_str(work(w, 10), "readExtension", "but once, even if the call goes on");
    is_str(department(w, 0), "Sales", "so that nothing is missed");
    is_str(work(w, 60), "", "once");

    in_portal(w, 0, "Support");
    told(w, user(0));
    is_str(work(w, 3), "", "a call that comes to nothing");
    base_lock_release(lock);
    is_str(work(w, 0), "readExtension", "keeps nobody from reading");
    is_str(department(w, 0), "Support", "what has changed");

    lock = hold(w, 1);
    gw_copy_distrust(w->account, p, FIRST + 1, &w->env);
    told(w, user(1));
    is_str(work(w, 3), "readExtension", "a copy in doubt is read in any case");
    base_lock_release(lock);
}

/* ---- more than there is room for ---- */

static void portal_storm(world_t *w)
{
    int i;

    for (i = 0; i < 300; i++) {
        in_portal(w, i, "Moved");
        told(w, user(i));
    }
}

static void many(void)
{
    world_t *w = filled(330);
    int i;

    portal_storm(w);
    fake_rc_forget(w->rc);
    for (i = 300; i < 310; i++) {
        world_find(w, apr_psprintf(p, "some%d@example.com", i));
        is_int(world_set(w, user(i), "title", "'x'")->status, 200, "a change");
    }
    change(w, 310, 20);
    is_int(reads(w), 0, "of whom no event spoke is not read for it");

    w = filled(330);
    world_pass(w, 400);
    portal_storm(w);
    change(w, 300, 30);
    is_int(reads(w), 0, "an old copy of many");
    is_int(fake_rc_called(w->rc, "listExtensions"), 1,
           "is brought up to date by a list");
    change(w, 290, 10);
    is_int(reads(w), 0, "which counts for all");
    is_str(department(w, 290), "Moved", "and shows what was changed");

    w = filled(330);
    world_pass(w, 400);
    fake_rc_forget(w->rc);
    world_set(w, user(310), "title", "'x'");
    is_int(reads(w), 0, "what is watched is not read, however old");
    portal_storm(w);
    world_set(w, user(311), "title", "'x'");
    is_int(reads(w), 1, "unless events had no room");
}

/* ---- lists that lag behind ---- */

static int lasts;        /* a call, after the event, in seconds */
static apr_time_t event; /* when it came */

static void change_in_portal(world_t *w)
{
    in_portal(w, 0, "Portal");
    told(w, user(0));
    event = w->now;
}

static void one_event(world_t *w)
{
    change_in_portal(w);
    world_pass(w, lasts);
}

static void all_events(world_t *w)
{
    told_of(w, 0, 30);
    one_event(w);
}

static void all_left(world_t *w)
{
    told_of(w, 0, 30);
    change_in_portal(w);
    fake_rc_forget(w->rc);
    world_work(w);
    is_str(fake_rc_calls(w->rc), "", "many are left to a list while they are carried");
    world_pass(w, lasts);
}

static void no_event(world_t *w)
{
    world_pass(w, lasts);
}

/* The list is begun half a minute after the event, but not so long after the end of
 * the call. */
static void list_lags(world_t *w, int n, void (*happens)(world_t *w), int seconds)
{
    lasts = seconds;
    change_while(w, 0, n, happens);
    is_str(department(w, 0), "none", "what came between is not in our answer");
    work(w, 1);
    w->now = event + GW_LIST_LAG + apr_time_from_sec(2);
    ok(lists(w), "a list comes a little later");
    is_str(department(w, 0), "none", "and does not count");
}

static void is_settled(world_t *w, const char *op, int wait)
{
    ok(strstr(work(w, wait), op) != NULL, "but nothing is forgotten");
    is_str(department(w, 0), "Portal", "it is there in the end");
    world_pass(w, 60);
    world_work(w);
    is_str(work(w, 1200), "readSubscription", "then it is settled");
}

static void lags(void)
{
    world_t *w = filled(30);

    world_set(w, user(0), "title", "'first'");
    list_lags(w, 10, one_event, 19);
    is_settled(w, "readExtension", 50);
    w = filled(30);
    list_lags(w, 30, all_events, 19);
    is_settled(w, "listExtensions", 900);
    w = filled(30);
    list_lags(w, 30, all_left, 19);
    is_settled(w, "listExtensions", 900);
    w = filled(30);
    list_lags(w, 30, all_left, 3);
    is_settled(w, "listExtensions", 900);

    w = filled(300);
    told_of(w, 30, 250);
    change_in_portal(w);
    list_lags(w, 20, no_event, 19);
    is_settled(w, "listExtensions", 900);
}

/* ---- what cannot be read ---- */

static void refuse(world_t *w, int status, const char *code, int times)
{
    fake_rc_fault_t fault = {"readExtension", 0, FAKE_ANSWER, status, NULL};

    fault.body = code ? fake_rc_error(p, code, "no", NULL) : "<html>";
    for (; times; times--) {
        fake_rc_fail(w->rc, &fault);
    }
}

static void refused(void)
{
    static const struct {
        int status;
        const char *code;
    } ways[] = {{403, "CMN-408"}, {400, "CMN-101"}, {200, NULL}};
    apr_size_t i;

    for (i = 0; i < sizeof ways / sizeof *ways; i++) {
        world_t *w = filled(5);

        told_of(w, 0, 4);
        refuse(w, ways[i].status, ways[i].code, 1);
        is_str(work(w, 3), "readExtension readExtension readExtension readExtension",
               "one that cannot be read does not keep the others waiting");
        ok(world_says(w, "SCIMRC0146: account test: extension 1001 has changed and "
                         "cannot be read"),
           "and is named");
        in_portal(w, 0, "Sales");
        told(w, user(0));
        is_str(work(w, 100), "", "it is left alone for a while");
        w->log->nelts = 0;
        refuse(w, ways[i].status, ways[i].code, 1);
        work(w, 200);
        is_int(reads(w), 1, "then tried again");
        ok(!world_logged(w, "SCIMRC0146"), "without another word");
        is_str(work(w, 299), "", "and again");
        work(w, 2);
        is_int(reads(w), 1, "after that time");
        is_str(department(w, 0), "Sales", "until it can be read");
        work(w, 400);
        is_int(reads(w), 0, "and that is it");
    }
}

/* Such an error mostly concerns all, but may come of one extension alone. */
static void unavailable(void)
{
    world_t *w = filled(5);

    told_of(w, 0, 3);
    w->rc->takes = apr_time_from_sec(3); /* there is no time for a second try */
    refuse(w, 500, "CMN-500", 1);
    is_str(work(w, 3), "readExtension", "when the platform is ill there is a pause");
    w->rc->takes = 0;
    is_str(work(w, 14), "", "of some seconds");
    is_str(work(w, 2), "readExtension readExtension", "and others come first then");
    ok(!world_logged(w, "SCIMRC0146"), "no extension is named");
    work(w, 290);
    is_int(reads(w), 1, "it comes again later");
    work(w, 400);
    is_int(reads(w), 0, "and that is it");
}

/* Nobody tells of changes; but of one whose outcome nobody has waited for it is known
 * that the copy may be wrong. */
static void without_events(void)
{
    world_t *w = filled(12);
    int i, seconds, right = 0;

    w->conf.webhook = NULL;
    w->rc->bulk_takes = apr_time_from_sec(60);
    w->policy.bulk_patience = apr_time_from_sec(5);
    change_to(w, 0, 12, 12);
    w->rc->bulk_takes = 0;
    for (seconds = 0; seconds < 300; seconds += 10) {
        world_pass(w, 10);
        world_work(w);
    }
    fake_rc_forget(w->rc);
    for (i = 0; i < 12; i++) {
        const char *far = there(w, user(i), "contact/jobTitle");
        const char *here = at(w, world_get(w, user(i))->user, "title");

        right += far && here && !strcmp(far, here);
    }
    is_int(right, 12, "changes that were carried out after all get into the copy");
    is_int(reads(w), 0, "before somebody looks at them");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    bulk();
    carried();
    many();
    lags();
    refused();
    unavailable();
    without_events();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
