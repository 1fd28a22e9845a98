/* Whose copy it is (gw_owner.c): another JWT or platform under the same name. */
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_fixture.h"
#include "tap.h"

static const gw_credential_t renewed[] = {{"main", "client", "hush-client", "new.jwt"}};

static apr_pool_t *p;

static world_t *filled(const char *account)
{
    world_t *w = world_make(p);
    int i;

    w->rc->account = account;
    w->policy.patience = 0;
    for (i = 0; i < 40; i++) {
        fake_rc_user(w->rc, "Old", apr_itoa(p, i),
                     apr_psprintf(p, "old%d@example.com", i));
    }
    world_fill(w);
    return w;
}

/* Another JWT, and a new start of the server. */
static void renew(world_t *w)
{
    w->conf.credentials = renewed;
    gw_shared_init(w->shared.memory, p, &w->conf);
    world_restart(w);
}

/* The platform has another company's account now, whose JWT is configured. */
static void move(world_t *w, const char *account)
{
    int i;

    for (i = 0; i < 40; i++) {
        fake_rc_drop(w->rc, (apr_uint64_t)(1001 + i));
    }
    w->rc->next_id = 5001;
    fake_rc_user(w->rc, "New", "One", "new@example.com");
    w->rc->account = account;
    renew(w);
}

static int total(world_t *w)
{
    answer_t *a = world_query(w, NULL, 1, 0);

    return a->status == 200 ? (int)a->total : -1;
}

static void same_jwt(void)
{
    world_t *w = filled("100");

    world_restart(w);
    is_int(total(w), 40, "the same JWT: the copy is believed at once");
    w->rc->account = "200";
    world_refresh(w);
    is_int(total(w), 40, "whatever the platform calls the account");
}

static void same_account(void)
{
    world_t *w = filled("100");

    world_set(w, "1001", "addresses", "[{'type':'work','country':'DE'}]");
    renew(w);
    fake_rc_forget(w->rc);
    is_int(total(w), -1, "another JWT: it is not known whose the copy is");
    world_fault(w, "listExtensions", FAKE_UNREACHED, 0, NULL);
    world_work(w);
    is_int(total(w), 40, "RingCentral cannot say it: reads go on");
    world_pass(w, 2);
    fake_rc_forget(w->rc);
    world_work(w);
    is_int(total(w), 40, "the same account: it is believed");
    is_str(fake_rc_calls(w->rc), "listExtensions", "after one list");
    is_str(at(w, world_get(w, "1001")->user, "addresses/0/country"), "DE",
           "and nothing is forgotten");
    ok(!world_logged(w, "SCIMRC0117"), "without a line in the log");
    world_work(w);
    world_restart(w);
    is_int(total(w), 40, "that is kept");
    is_str(fake_rc_calls(w->rc), "listExtensions", "for good");
}

/* The credential that the copy was made with is not the first any more. */
static void other_order(void)
{
    static const gw_credential_t two[] = {{"new", "other", "hush-other", "new.jwt"},
                                          {"main", "client", "hush-client", NULL}};
    static gw_credential_t both[2];
    world_t *w = filled("100");

    memcpy(both, two, sizeof two);
    both[1] = w->conf.credentials[0];
    w->conf.credentials = both;
    w->conf.n_credentials = 2;
    gw_shared_init(w->shared.memory, p, &w->conf);
    world_restart(w);
    is_int(total(w), 40, "another JWT before it: it is believed at once");
}

/* The copy is believed as soon as the first page is there. */
static void first_page(void)
{
    world_t *w = world_make(p);
    int i;

    for (i = 0; i < 1100; i++) {
        fake_rc_user(w->rc, "Old", apr_itoa(p, i),
                     apr_psprintf(p, "old%d@example.com", i));
    }
    w->policy.patience = 0;
    world_fill(w);
    renew(w);
    {
        const fake_rc_fault_t second = {"listExtensions", 1, FAKE_UNREACHED, 0, NULL};

        fake_rc_fail(w->rc, &second);
    }
    world_work(w);
    is_int(total(w), 1100, "one page is enough to know");
}

static void other_account(void)
{
    world_t *w = filled("100");

    world_set(w, "1001", "title", "'Boss'");
    move(w, "200");
    is_int(total(w), -1, "another account: nothing of the copy is shown");
    is_int(world_get(w, "1001")->status, 503, "nor anybody in it");
    fake_rc_forget(w->rc);
    world_work(w);
    is_int(total(w), 1, "before it is filled anew");
    is_str(world_find(w, "new@example.com")->id, "5001", "with whom there is");
    is_int(world_get(w, "1001")->status, 404, "and without those of the other one");
    is_int(fake_rc_called(w->rc, "readExtension"), 0, "whom nobody asked about");
    ok(world_says(w, "SCIMRC0117: account test: the copy is of the RingCentral account "
                     "100, and the configured JWT belongs to 200: it is thrown away"),
       "that is logged");
    ok(!world_says(w, "new.jwt"), "without the JWT");
}

/* ... and RingCentral says so late. */
static void other_account_later(void)
{
    world_t *w = filled("100");
    const fake_rc_fault_t second = {"listExtensions", 1, FAKE_UNREACHED, 0, NULL};
    int i;

    move(w, "200");
    world_fault(w, "listExtensions", FAKE_UNREACHED, 0, NULL);
    world_work(w);
    is_int(total(w), 40, "it is not known yet that it is another account");
    for (i = 0; i < 1100; i++) {
        fake_rc_user(w->rc, "New", apr_itoa(p, i),
                     apr_psprintf(p, "more%d@example.com", i));
    }
    fake_rc_fail(w->rc, &second);
    world_pass(w, 2);
    world_work(w);
    is_int(total(w), -1, "it is, and half of it is not shown");
    world_pass(w, 3);
    world_work(w);
    is_int(total(w), 1101, "before all is there");
}

/* Where no uri says it. */
static void unknown_account(void)
{
    world_t *w = filled(NULL);

    move(w, NULL);
    is_int(total(w), -1, "without the account's id it is not known either");
    world_pass(w, 60);
    world_work(w);
    is_int(total(w), 1, "the list decides");
    ok(!world_logged(w, "SCIMRC0117"), "who has left");
    world_restart(w);
    is_int(total(w), 1, "and from then on it is known");
}

static void uri_of_record(void)
{
    world_t *w = filled("100");

    move(w, NULL);
    world_fault(
        w, "listExtensions", FAKE_ANSWER, 200,
        "{\"uri\":\"https://platform.example/restapi/v1.0/account/~/extension\","
        "\"records\":[{\"id\":5001,\"type\":\"User\",\"status\":\"Enabled\",\"uri\":"
        "\"https://platform.example/restapi/v1.0/account/200/extension/5001\","
        "\"contact\":{\"firstName\":\"New\",\"email\":\"new@example.com\"}}],"
        "\"paging\":{\"page\":1,\"totalPages\":1,\"totalElements\":1}}");
    world_work(w);
    is_int(total(w), 1, "the uri of a record will do");
    ok(world_logged(w, "SCIMRC0117"), "to know the account");
}

static void other_platform(void)
{
    world_t *w = filled("100");

    w->conf.platform = "https://other.example";
    world_restart(w);
    ok(world_logged(w, "SCIMRC0301"), "another platform: the copy is begun anew");
    is_int(total(w), -1, "and empty");
    world_work(w);
    is_int(total(w), 40, "until it is filled");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    same_jwt();
    same_account();
    other_order();
    first_page();
    other_account();
    other_account_later();
    unknown_account();
    uri_of_record();
    other_platform();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
