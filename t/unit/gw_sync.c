/* The first fill of the copy and its refreshes (gw_sync.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

static void add_many(world_t *w, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        fake_rc_user(w->rc, "Many", apr_itoa(p, i),
                     apr_psprintf(p, "many%d@example.com", i));
    }
}

static world_t *with_users(int n)
{
    world_t *w = world_make(p);

    add_many(w, n);
    world_fill(w);
    return w;
}

/* -1: no answer. */
static int total(world_t *w)
{
    answer_t *a = world_query(w, NULL, 1, 0);

    return a->status == 200 ? (int)a->total : -1;
}

static void fail(world_t *w, const char *op, int skip, fake_rc_what_t what, int status,
                 const char *body)
{
    fake_rc_fault_t fault = {op, skip, what, status, body};

    fake_rc_fail(w->rc, &fault);
}

static const char *title(world_t *w, const char *id)
{
    return at(w, world_get(w, id)->user, "title");
}

static void first_fill(void)
{
    world_t *w = world_make(p);

    add_many(w, 2500);
    world_open(w);
    world_work(w);
    is_str(fake_rc_calls(w->rc),
           "listCountries listStates listExtensions listExtensions listExtensions",
           "2,500 extensions come in three pages");
    is_int(total(w), 2500, "and all are there");
    ok(world_logged(w, "SCIMRC0111"), "which is logged");
    fake_rc_forget(w->rc);
    world_work(w);
    is_str(fake_rc_calls(w->rc), "", "nothing more is due");
    world_pass(w, 899);
    world_work(w);
    is_str(fake_rc_calls(w->rc), "", "... until the refresh");
    world_pass(w, 1);
    world_work(w);
    is_str(fake_rc_calls(w->rc), "listExtensions listExtensions listExtensions",
           "which needs no dictionaries");
    world_restart(w);
    is_int(total(w), 2500, "a restart finds the copy warm");
}

static void failed_fill(void)
{
    static const int pauses[] = {1, 2, 4, 8, 16, 32, 60, 60};
    world_t *w = world_make(p);
    apr_size_t i;

    add_many(w, 1100);
    w->policy.patience = 0;
    world_open(w);
    for (i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        fail(w, "listExtensions", 1, FAKE_UNREACHED, 0, NULL);
        world_work(w);
        is_int(total(w), -1, "half a list is none");
        world_pass(w, pauses[i]);
        w->now -= apr_time_from_msec(500); /* for what the calls took */
        fake_rc_forget(w->rc);
        world_work(w);
        is_str(fake_rc_calls(w->rc), "", "and there is a pause before the next");
        world_pass(w, 1);
    }
    ok(world_says(w, "SCIMRC0113: account test: the directory could not be read"),
       "it is logged");
    world_work(w);
    is_int(total(w), 1100, "in the end it is complete");
    fail(w, "listExtensions", 0, FAKE_UNREACHED, 0, NULL);
    world_refresh(w);
    is_int(total(w), 1100, "and stays so when a refresh fails");
    world_pass(w, 1);
    fake_rc_forget(w->rc);
    world_work(w);
    is_int(fake_rc_called(w->rc, "listExtensions"), 2, "the pause begins anew");
}

static void changes(void)
{
    world_t *w = with_users(30);

    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Boss'}}");
    fake_rc_drop(w->rc, 1002);
    fake_rc_drop(w->rc, 1003);
    fake_rc_user(w->rc, "New", "One", "new@example.com");
    world_refresh(w);
    is_str(fake_rc_calls(w->rc), "listExtensions readExtension readExtension",
           "a few who left are asked for one by one");
    is_str(title(w, "1001"), "Boss", "a change of the portal is there");
    is_int(world_get(w, "1002")->status, 404, "who left is not");
    is_str(world_find(w, "new@example.com")->id, "1031", "who came is");
    is_int(total(w), 29, "and the total is right");
    world_refresh(w);
    world_refresh(w);
    is_int(total(w), 29, "and stays so");
    is_int(fake_rc_called(w->rc, "readExtension"), 2, "without more questions");
}

static void many_left(void)
{
    world_t *w = with_users(270);
    int i;

    for (i = 0; i < 250; i++) {
        fake_rc_drop(w->rc, (apr_uint64_t)(1001 + i));
    }
    world_refresh(w);
    is_int(fake_rc_called(w->rc, "listExtensions"), 2,
           "many who left are listed twice");
    is_int(fake_rc_called(w->rc, "readExtension"), 5, "and some are asked for");
    is_int(total(w), 20, "then they are gone");
    ok(world_logged(w, "SCIMRC0112"), "which is logged");
}

/* Lists that cannot be true. */
static void short_lists(void)
{
    static const char one[] =
        "{'records':[{'id':1001,'type':'User','status':'Enabled','contact':{'firstName'"
        ":"
        "'Many','email':'many0@example.com'}}],'paging':{'page':1,'perPage':1000,"
        "'totalPages':1,'totalElements':1}}";
    static const char none[] = "{'records':[],'paging':{'perPage':1000,'totalPages':0,"
                               "'totalElements':0}}";
    world_t *w = with_users(1100);
    char *text;
    int i;

    for (i = 0; i < 2; i++) { /* page by page, then both lists of one run */
        fail(w, "listExtensions", i, FAKE_EMPTY, 0, NULL);
        world_refresh(w);
        is_int(total(w), 1100, "a page that is empty drops nobody");
        world_pass(w, 70);
        world_work(w);
    }
    for (i = 0; i < 4; i++) {
        text =
            apr_pstrdup(p, base_json_text(p, fake_json(p, i < 2 ? none : one), NULL));
        fail(w, "listExtensions", 0, FAKE_ANSWER, 200, text);
        fail(w, "listExtensions", 0, FAKE_ANSWER, 200, text);
        world_refresh(w);
        is_int(total(w), 1100, "nor does a list of nobody or of one");
        world_pass(w, 70);
        world_work(w);
    }
    ok(world_logged(w, "SCIMRC0114"), "which is logged");
    is_int(total(w), 1100, "and nothing comes of it later");
}

static void fail_short(world_t *w)
{
    fail(w, "listExtensions", 0, FAKE_ANSWER, 200,
         base_json_text(p,
                        fake_json(p, "{'records':[{'id':1001}],'paging':{'page':1,"
                                     "'totalPages':1,'totalElements':30}}"),
                        NULL));
}

static void short_fill(void)
{
    world_t *w = world_make(p);

    add_many(w, 1100);
    world_open(w);
    fail(w, "listExtensions", 1, FAKE_EMPTY, 0, NULL);
    world_work(w);
    is_int(total(w), -1, "a first list with a hole is not complete");
    world_pass(w, 2);
    world_work(w);
    is_int(total(w), 1100, "the next one is");

    w = world_make(p);
    add_many(w, 30);
    world_open(w);
    fail_short(w);
    world_work(w);
    is_int(total(w), 30, "a list that is shorter than it says is read again");

    w = world_make(p);
    add_many(w, 30);
    world_open(w);
    fail_short(w);
    fail_short(w);
    world_work(w);
    is_int(total(w), -1, "two of them make no complete copy");
    world_pass(w, 2);
    world_work(w);
    is_int(total(w), 30, "a whole one does");
}

static void drop_newest(fake_rc_t *f, const char *op, void *baton)
{
    int *pages = baton;

    if (!strcmp(op, "listExtensions") && ++*pages == 2) {
        fake_rc_drop(f, f->next_id - 1);
    }
}

/* Somebody leaves while the pages are read, and another slips from the second into the
 * first. */
static void moved(void)
{
    int filled, pages;

    for (filled = 0; filled < 2; filled++) {
        world_t *w = world_make(p);
        int i, missing = 0;

        add_many(w, 1100);
        world_open(w);
        if (filled) {
            world_work(w);
        }
        pages = 0;
        w->rc->before = drop_newest;
        w->rc->baton = &pages;
        world_refresh(w);
        w->rc->before = NULL;
        for (i = 0; i < 1099; i++) {
            missing +=
                world_get(w, id_text(w, (apr_uint64_t)(1001 + i)))->status != 200;
        }
        is_int(missing, 0, "nobody is lost between two pages");
        world_refresh(w);
        is_int(total(w), 1099, "and who left is gone soon");
    }
}

/* A list may be older than what was written. */
static void lag(void)
{
    world_t *w = with_users(3);
    dir_record_t record;
    answer_t *a;

    w->rc->list_lag = apr_time_from_sec(20);
    world_pass(w, 900 - 5);
    world_set(w, "1001", "title", "'Boss'");
    world_delete(w, "1002");
    a = world_create(w, "{" ANN "}");
    fake_rc_forget(w->rc);
    world_pass(w, 5);
    world_work(w);
    is_str(title(w, "1001"), "Boss", "a list that lags undoes no change");
    is_int(world_get(w, "1002")->status, 404, "nor a delete");
    is_int(world_get(w, a->id)->status, 200, "nor a create");
    is_int(total(w), 3, "nor the total");
    is_int(fake_rc_called(w->rc, "readExtension"), 0, "and leads to no question");
    world_refresh(w);
    is_str(title(w, "1001"), "Boss", "and the next one agrees");
    is_int(total(w), 3, "in all");
    ok(dir_get(w->account->store, p, 1002, &record, &w->env) == APR_NOTFOUND,
       "which needs no gravestone");
    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Chief'}}");
    world_refresh(w);
    is_str(title(w, "1001"), "Chief", "later the portal is believed again");
}

/* The same document, made otherwise. */
static void style(void)
{
    world_t *w = world_make(p);
    answer_t *a;
    const char *id;

    fake_rc_add(w->rc, "{'contact':{'firstName':'Ann','email':'a@b.c',"
                       "'businessAddress':{'country':'Germany'}}}");
    fake_rc_user(w->rc, "Bob", "Baker", "bob@example.com");
    world_fill(w);
    is_str(at(w, world_get(w, "1001")->user, "addresses/0/country"), "DE", "a style");
    world_pass(w, 100);
    id = "1002";
    world_set(w, id, "addresses", "[{'type':'work','country':'DE'}]");
    fake_rc_edit(w->rc, 1002, "{'contact':{'jobTitle':'Boss'}}");
    w->conf.address_form = GW_ADDRESS_NAME;
    w->conf.numbers = GW_NUMBER_EXTENSION;
    world_restart(w);
    world_work(w);
    a = world_get(w, "1001");
    is_str(at(w, a->user, "addresses/0/country"), "Germany", "becomes another");
    is_str(at(w, a->user, "phoneNumbers/0/type"), "other", "in all its parts");
    a = world_get(w, id);
    is_str(at(w, a->user, "phoneNumbers/0/type"), "other",
           "also of who was written a moment ago");
    is_str(at(w, a->user, "addresses/0/country"), "DE", "as the caller spelt");
    fake_rc_forget(w->rc);
    world_work(w);
    is_str(fake_rc_calls(w->rc), "", "once");
}

static void numbers(void)
{
    world_t *w = world_make(p);
    answer_t *a;

    w->conf.numbers = GW_NUMBER_DIRECT;
    add_many(w, 3);
    fake_rc_edit(w->rc, 1001, "{'_direct':'+16505550101'}");
    world_fill(w);
    a = world_get(w, "1001");
    is_str(at(w, a->user, "phoneNumbers/0/value"), "+16505550101", "a direct number");
    ok(!at(w, world_get(w, "1002")->user, "phoneNumbers/0/value"), "of one user");
    fake_rc_edit(w->rc, 1001, "{'_direct':null}");
    fake_rc_edit(w->rc, 1002, "{'_direct':'+16505550102'}");
    world_refresh(w);
    is_str(fake_rc_calls(w->rc), "listExtensions listDirectoryEntries",
           "comes by one call more");
    ok(!at(w, world_get(w, "1001")->user, "phoneNumbers/0/value"), "may go");
    is_str(at(w, world_get(w, "1002")->user, "phoneNumbers/0/value"), "+16505550102",
           "and be given to another");
    a = world_set(w, "1002", "title", "'Boss'");
    is_str(at(w, a->user, "phoneNumbers/0/value"), "+16505550102",
           "who keeps it when changed");
}

/* A server that stops while the work waits for the quota. */
static void stopping(void)
{
    world_t *w = world_make(p);

    w->conf.limits[GW_MEDIUM].calls = 1;
    w->conf.limits[GW_MEDIUM].window = apr_time_from_sec(60);
    gw_shared_init(w->shared.memory, p, &w->conf);
    add_many(w, 1100);
    world_open(w);
    w->stopping = 1;
    world_work(w);
    is_int(fake_rc_called(w->rc, "listExtensions"), 1, "the work ends early");
    w->stopping = 0;
    is_int(total(w), -1, "which is no complete copy");
    ok(!world_logged(w, "SCIMRC0113"), "and no failure");
    world_work(w);
    is_int(total(w), 1100, "and goes on later");
}

static void refuse(world_t *w, int times, int status)
{
    while (times-- > 0) {
        fail(w, "readExtension", 0, FAKE_ANSWER, status,
             fake_rc_error(p, "CMN-408", "not this one", NULL));
    }
}

static world_t *with_disabled(int n)
{
    world_t *w = world_make(p);
    int i;

    w->conf.disabled_may_be_gone = 1;
    w->policy.patience = 0;
    add_many(w, n + 1);
    for (i = 0; i < n; i++) {
        fake_rc_edit(w->rc, (apr_uint64_t)(1001 + i), "{'status':'Disabled'}");
    }
    world_open(w);
    return w;
}

/* Single reads that fail, in a first fill that needs them. */
static void unreadable(void)
{
    static const int statuses[] = {400, 403, 200};
    world_t *w;
    apr_size_t i;

    for (i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        w = with_disabled(3);
        refuse(w, 1, statuses[i]);
        world_work(w);
        is_int(total(w), 3, "one who is not to be read is no reason to stay closed");
        is_int(fake_rc_called(w->rc, "readExtension"), 3, "the others are read");
        ok(world_says(w, "SCIMRC0116: account test: 1 extensions could not be read and "
                         "stay as they are known; the first is extension 1001: "),
           "it is logged");
        fake_rc_forget(w->rc);
        world_refresh(w);
        is_str(fake_rc_calls(w->rc), "listExtensions readExtension",
               "the next list tries it again");
        is_int(total(w), 4, "and then there are all");
    }

    w = with_disabled(3);
    refuse(w, 2, 500); /* a read is repeated once */
    world_work(w);
    is_int(total(w), -1, "a trouble that may pass is waited for");
    refuse(w, 2, 500);
    world_pass(w, 2);
    world_work(w);
    is_int(total(w), 3, "but not twice");

    w = with_disabled(3);
    for (i = 0; i < 2; i++) {
        fail(w, "readExtension", 0, FAKE_UNREACHED, 0, NULL);
        world_work(w);
        is_int(total(w), -1, "without a connection nobody can be read");
        world_pass(w, 2);
    }
    world_work(w);
    is_int(total(w), 4, "until there is one");
}

static void all_unreadable(void)
{
    world_t *w = with_disabled(40);

    refuse(w, 40, 403);
    world_work(w);
    is_int(fake_rc_called(w->rc, "readExtension"), 25,
           "when all are refused the questions end");
    is_int(total(w), 1, "and the fill is complete");

    w = with_disabled(40);
    refuse(w, 2, 500);
    world_work(w);
    refuse(w, 80, 500);
    world_pass(w, 2);
    world_work(w);
    is_int(total(w), -1, "not when the platform is ailing");
}

/* Who is not in the list any more and cannot be read singly. */
static void left_unreadable(void)
{
    world_t *w = with_users(40);
    int i;

    fake_rc_drop(w->rc, 1001);
    fake_rc_drop(w->rc, 1002);
    refuse(w, 1, 403);
    world_refresh(w);
    is_str(fake_rc_calls(w->rc), "listExtensions readExtension readExtension",
           "who left is asked for");
    is_int(world_get(w, "1001")->status, 200, "whoever cannot be read is kept");
    is_int(world_get(w, "1002")->status, 404, "who is gone is not");
    fake_rc_forget(w->rc);
    world_pass(w, 100);
    world_work(w);
    is_str(fake_rc_calls(w->rc), "", "the list is complete");
    for (i = 0; i < 30; i++) {
        fake_rc_drop(w->rc, (apr_uint64_t)(1003 + i));
    }
    refuse(w, 1, 403);
    world_refresh(w);
    ok(world_logged(w, "SCIMRC0114"), "of many each answer counts");
    is_int(total(w), 35, "and the rest are kept");
    world_refresh(w);
    is_int(total(w), 8, "until all of the sample are gone");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    first_fill();
    failed_fill();
    changes();
    many_left();
    short_lists();
    short_fill();
    moved();
    lag();
    style();
    numbers();
    stopping();
    unreadable();
    all_unreadable();
    left_unreadable();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
