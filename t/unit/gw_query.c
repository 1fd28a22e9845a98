/* Reads, lists and filters from the copy (gw_backend.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_fixture.h"
#include "tap.h"

#define USERS 120

static apr_pool_t *p;

/* USERS users of three departments, and others that are none. */
static world_t *company(void)
{
    static const char *const departments[] = {"Sales", "Support", "Lab"};
    world_t *w = world_make(p);
    int i;

    fake_rc_add(w->rc, "{'type':'Department','contact':{'firstName':'Queue',"
                       "'email':'queue@example.com'}}");
    for (i = 0; i < USERS; i++) {
        fake_rc_add(w->rc,
                    apr_psprintf(p,
                                 "{'status':'%s','contact':{'firstName':'Given%d',"
                                 "'lastName':'Family','email':'user%d@example.com',"
                                 "'department':'%s'},'references':[{'type':"
                                 "'CustomerDirectoryId','ref':'ext-%d'}]}",
                                 i % 10 ? "Enabled" : "Disabled", i, i,
                                 departments[i % 3], i / 2));
    }
    fake_rc_unassigned(w->rc);
    fake_rc_add(w->rc, "{'contact':{'firstName':'Nomail'}}");
    world_fill(w);
    return w;
}

/* The ids as one text. */
static const char *ids(world_t *w, const answer_t *a)
{
    const char *all = "";
    json_t *user;
    size_t i;

    json_array_foreach(a->users, i, user)
    {
        all = apr_pstrcat(p, all, i ? " " : "", at(w, user, "id"), NULL);
    }
    return all;
}

/* Users have the ids from 1002 on. */
static void pages(world_t *w)
{
    static const struct {
        int start_index, count;
        const char *ids;
    } cases[] = {
        {1, 3, "1002 1003 1004"},
        {2, 2, "1003 1004"},
        {119, 10, "1120 1121"},
        {121, 10, ""},
        {1000, 1, ""},
        {1, 0, ""},
    };
    static const char *const filters[] = {NULL, "name.familyName eq \"family\""};
    apr_size_t i, f;

    for (f = 0; f < 2; f++) {
        for (i = 0; i < sizeof cases / sizeof *cases; i++) {
            answer_t *a =
                world_query(w, filters[f], cases[i].start_index, cases[i].count);
            const char *name =
                apr_psprintf(p, "%s from %d, %d of them", f ? "found" : "all",
                             cases[i].start_index, cases[i].count);

            is_int((long long)a->total, USERS, name);
            is_str(ids(w, a), cases[i].ids, name);
        }
    }
    is_int(json_array_size(world_query(w, NULL, 1, 1000)->users), USERS,
           "all at once are as many as the total");
}

static void filters(world_t *w)
{
    static const struct {
        const char *filter;
        int total;
        const char *ids; /* of the first two */
    } cases[] = {
        {"userName eq \"user7@example.com\"", 1, "1009"},
        {"USERNAME EQ \"USER7@EXAMPLE.COM\"", 1, "1009"},
        {"emails.value eq \"user7@example.com\"", 1, "1009"},
        {"emails[type eq \"work\"].value eq \"user7@example.com\"", 1, "1009"},
        {"emails[type eq \"work\" and value eq \"user7@example.com\"]", 1, "1009"},
        {"emails[type eq \"home\"].value eq \"user7@example.com\"", 0, ""},
        {"externalId eq \"ext-3\"", 2, "1008 1009"},
        {"externalId eq \"EXT-3\"", 0, ""},
        {"id eq \"1009\"", 1, "1009"},
        {"id eq \"1001\"", 0, ""}, /* the queue */
        {"id eq \"ann\"", 0, ""},
        {"userName eq \"user7@example.com\" and active eq true", 1, "1009"},
        {"active eq false and userName eq \"user7@example.com\"", 0, ""},
        {"externalId eq \"ext-3\" and name.givenName eq \"given7\"", 1, "1009"},
        {"userName eq \"user7@example.com\" or id eq \"1002\"", 2, "1002 1009"},
        {"not (userName eq \"user7@example.com\")", 119, "1002 1003"},
        {"userName sw \"user11\"", 11, "1013 1112"},
        {"active eq false", 12, "1002 1012"},
        {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "
         "\"lab\"",
         40, "1004 1007"},
        {"title pr", 0, ""},
        {"userName eq \"queue@example.com\"", 0, ""},
        {"meta.created gt \"2026-01-01T00:00:00Z\"", 120, "1002 1003"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        answer_t *a = world_query(w, cases[i].filter, 1, 2);

        is_int(a->status, 200, cases[i].filter);
        is_int((long long)a->total, cases[i].total, "total");
        is_str(ids(w, a), cases[i].ids, "the first two");
    }
    is_str(fake_rc_calls(w->rc), "", "all without a call");
}

/* "user0" is who came first and is disabled, as each tenth is. */
static void orders(world_t *w)
{
    static const struct {
        const char *by, *filter;
        int start_index, count;
        const char *ids;
        int total;
    } cases[] = {
        {"userName", NULL, 1, 4, "1002 1102 1103 1104", USERS}, /* 0, 100, 101 */
        {"-userName", NULL, 1, 3, "1011 1101 1100", USERS},     /* 9, 99, 98 */
        {"userName", NULL, 118, 10, "1100 1101 1011", USERS},
        {"userName", NULL, 121, 10, "", USERS},
        {"userName", NULL, 1, 0, "", USERS},
        {"name.familyName", NULL, 1, 3, "1002 1003 1004", USERS}, /* all the same */
        {"-name.familyName", NULL, 1, 3, "1002 1003 1004", USERS},
        {"title", NULL, 2, 2, "1003 1004", USERS}, /* nobody has any */
        {"active", NULL, 11, 4, "1102 1112 1003 1004", USERS},
        {"-active", NULL, 107, 4, "1120 1121 1002 1012", USERS},
        {"-id", NULL, 1, 2, "1121 1120", USERS},
        {"meta.location", NULL, 2, 2, "1003 1004", USERS},
        {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", NULL,
         1, 2, "1004 1007", USERS},                              /* Lab */
        {"-userName", "active eq false", 2, 2, "1082 1072", 12}, /* 80 and 70 of 90 */
        {"-userName", "externalId eq \"ext-3\"", 1, 9, "1009 1008", 2},
        {"userName", "userName eq \"user7@example.com\"", 1, 9, "1009", 1},
        {"userName", "id eq \"1009\"", 1, 9, "1009", 1},
        {"userName", "id eq \"ann\"", 1, 9, "", 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        answer_t *a = world_sorted(w, cases[i].by, cases[i].filter,
                                   cases[i].start_index, cases[i].count);
        const char *name = apr_psprintf(p, "by %s: %s, from %d", cases[i].by,
                                        cases[i].filter ? cases[i].filter : "all",
                                        cases[i].start_index);

        is_int(a->status, 200, name);
        is_int((long long)a->total, cases[i].total, "total");
        is_str(ids(w, a), cases[i].ids, name);
    }
    is_int(world_sorted(w, "name", NULL, 1, 1)->status, 400, "by no single value");
    is_str(fake_rc_calls(w->rc), "", "all without a call");
}

/* What a young or an old copy asks the platform. */
static void questions(world_t *w)
{
    static const struct {
        const char *filter;
        int asks;
    } cases[] = {
        {"userName eq \"nobody1@example.com\"", 1},
        {"emails.value eq \"nobody2@example.com\"", 1},
        {"userName eq \"nobody3@example.com\" and active eq true", 1},
        {"userName eq \"nobody\"", 0}, /* is no address */
        {"userName eq \"user7@example.com\"", 0},
        {"userName eq \"user7@example.com\" and active eq false", 0},
        {"externalId eq \"nobody\"", 0},
        {"id eq \"99\"", 0},
        {"userName sw \"nobody@example.com\"", 0},
    };
    apr_size_t i;

    world_pass(w, 100);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake_rc_forget(w->rc);
        world_query(w, cases[i].filter, 1, 10);
        is_int(fake_rc_called(w->rc, "listExtensions"), cases[i].asks, cases[i].filter);
        world_query(w, cases[i].filter, 1, 10);
        is_int(fake_rc_called(w->rc, "listExtensions"), cases[i].asks, "and not again");
    }
}

static void reads(world_t *w)
{
    answer_t *a = world_get(w, "1009");

    is_int(a->status, 200, "a user is read");
    is_str(at(w, a->user, "userName"), "user7@example.com", "by id");
    is_int(world_get(w, "1001")->status, 404, "a queue is none");
    a = world_get(w, "99");
    is_int(a->status, 404, "nor is nobody");
    ok(strstr(a->detail, "\"99\"") != NULL, a->detail);
}

/* A user too large for a brief is searched too. */
static void large(void)
{
    world_t *w = world_make(p);
    char *street = apr_palloc(p, 70001);
    dir_record_t record;

    memset(street, 's', 70000);
    street[70000] = '\0';
    fake_rc_add(w->rc, "{'contact':{'firstName':'Small','email':'s@example.com'}}");
    fake_rc_add(w->rc, apr_psprintf(p,
                                    "{'contact':{'firstName':'Large','email':"
                                    "'l@example.com','businessAddress':{'street':"
                                    "'%s'}}}",
                                    street));
    world_fill(w);
    dir_get(w->account->store, p, 1001, &record, &w->env);
    ok(record.brief.len > 0, "a small one has a brief");
    dir_get(w->account->store, p, 1002, &record, &w->env);
    ok(record.doc.len > 70000 && !record.brief.len, "a large one has none");
    is_str(ids(w, world_query(w, "userName co \"@EXAMPLE\"", 1, 9)), "1001 1002",
           "both are found");
    is_str(ids(w, world_query(w, "addresses.streetAddress co \"SSS\"", 1, 9)), "1002",
           "the large one is");
    is_str(ids(w, world_query(w, "name.givenName sw \"S\"", 1, 9)), "1001",
           "and is not when it does not pass");
    is_str(ids(w, world_query(w, "userName eq \"L@example.com\"", 1, 9)), "1002",
           "also by its name");
    is_str(ids(w, world_sorted(w, "name.givenName", NULL, 1, 9)), "1002 1001",
           "and it has its place in an order");
    is_str(ids(w, world_sorted(w, "-name.givenName", "active eq true", 2, 9)), "1002",
           "the other way round");
    is_str(ids(w, world_sorted(w, "addresses.streetAddress", NULL, 1, 9)), "1002 1001",
           "by the long text itself");
}

int main(void)
{
    world_t *w;

    apr_initialize();
    apr_pool_create(&p, NULL);
    w = company();
    reads(w);
    pages(w);
    filters(w);
    orders(w);
    questions(w);
    large();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
