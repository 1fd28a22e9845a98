/* One works for all, and what becomes of that and of the news when a gateway or the way
 * between them goes (gw_news.c, gw_hear.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_hook.h"
#include "gw_news.h"
#include "gw_pair.h"
#include "tap.h"

static apr_pool_t *p;

/* A change of somebody else is listed by one for both. */
static void lists(void)
{
    pair_t *t = pair_fill(p, 3);
    dir_record_t grave;
    apr_time_t synced;

    fake_rc_edit(t->a->rc, 1002, "{'contact':{'jobTitle':'Chef'}}");
    fake_rc_drop(t->a->rc, 1003);
    pair_pass_refresh(t);
    world_work(t->b);
    is_str(fake_rc_calls(t->a->rc), "", "who follows does not list");
    world_work(t->a);
    is_int(fake_rc_called(t->a->rc, "listExtensions"), 1, "who leads does");
    synced = gw_copy_synced(t->b->account, p, &t->b->env);
    pair_calm(t);
    is_str(pair_title(t->b, "1002"), "Chef", "the other hears what has changed");
    is_int(world_get(t->b, "1003")->status, 404, "and who has left");
    is_int(world_query(t->b, NULL, 1, 10)->total, 2, "and has as many");
    is_str(pair_version(t->a, "1002"), pair_version(t->b, "1002"), "one ETag");
    is_int(fake_fleet_count(t->fleet, "\"id\":1001"), 0,
           "nothing is told of who has not changed");
    ok(gw_copy_synced(t->b->account, p, &t->b->env) > synced, "its copy is new");
    ok(gw_copy_synced(t->b->account, p, &t->b->env) <= t->b->now, "but not too new");
    fake_rc_forget(t->a->rc);
    world_work(t->b);
    is_str(fake_rc_calls(t->a->rc), "", "so it has no reason to list");

    pair_pass_refresh(t);
    world_work(t->a);
    pair_calm(t);
    is_int(dir_get(t->b->account->store, p, 1003, &grave, &t->b->env), APR_NOTFOUND,
           "no grave outlives a list that has come since");
    fake_rc_forget(t->a->rc);
    pair_pass(t, 1801);
    world_work(t->b);
    is_int(fake_rc_called(t->a->rc, "listExtensions"), 1,
           "when no list comes for twice as long it makes one");
}

static void take_over(void)
{
    pair_t *t = pair_fill(p, 2);

    pair_pass(t, 2);
    world_work(t->b);
    ok(!world_logged(t->b, "SCIMRC0140"), "one leads as long as it is there");
    gw_account_resign(t->a->account, &t->a->env);
    pair_pass(t, 2);
    world_work(t->b);
    ok(world_logged(t->b, "SCIMRC0140"), "and another when it resigns");
    pair_pass(t, 901);
    world_work(t->b);
    is_int(fake_rc_called(t->a->rc, "listExtensions"), 1,
           "who follows takes over at once from who resigns");
    fake_rc_edit(t->a->rc, 1002, "{'contact':{'jobTitle':'Chef'}}");
    fake_rc_forget(t->a->rc);
    pair_pass(t, 901);
    world_work(t->b);
    world_work(t->a);
    is_int(fake_rc_called(t->a->rc, "listExtensions"), 1, "and lists for both");
    pair_calm(t);
    is_str(pair_title(t->a, "1002"), "Chef", "and tells");

    t = pair_fill(p, 2);
    pair_pass(t, 901); /* who leads is silent */
    world_work(t->b);
    is_int(fake_rc_called(t->a->rc, "listExtensions"), 1,
           "and after its term from who says nothing");
}

/* What happens while a call of the first one is under way. */
typedef struct delay_t {
    pair_t *pair;
    const char *op;
    int seconds;
    int listens; /* the first one goes on listening */
    int lost;    /* result: the other one leads */
} delay_t;

static void delay(fake_rc_t *f, const char *op, void *baton)
{
    delay_t *d = baton;
    pair_t *t = d->pair;
    int i;

    if (strcmp(op, d->op) != 0) {
        return;
    }
    d->op = "";
    for (i = 0; i < d->seconds; i += 5) {
        world_pass(t->a, 5);
        world_pass(t->b, 5);
        if (d->listens) {
            pair_hear(t->a);
        }
        d->lost |= gw_news_leads(t->b->account, &t->b->env);
    }
}

static void delay_at(delay_t *d, const char *op, int seconds, int listens)
{
    *d = (delay_t){.pair = d->pair, .op = op, .seconds = seconds, .listens = listens};
    d->pair->a->rc->before = delay;
    d->pair->a->rc->baton = d;
}

/* Whoever waits for a call goes on leading, but not for ever. */
static void slow_work(void)
{
    pair_t *t = pair_fill(p, 2);
    delay_t d = {.pair = t};

    pair_pass_refresh(t);
    delay_at(&d, "listExtensions", 300, 1);
    world_work(t->a);
    is_str(d.op, "", "a page of the list takes five minutes");
    ok(!d.lost, "in which nobody else takes over");
    world_work(t->b);
    ok(!world_logged(t->b, "SCIMRC0140"), "nor after it");

    d.pair = t = pair_fill(p, 2);
    pair_pass_refresh(t);
    delay_at(&d, "listExtensions", 1000, 1);
    world_work(t->a);
    ok(d.lost, "who does not come back from one is no leader any more");
}

/* Two subscriptions would be one too many. */
static void slow_webhook(void)
{
    pair_t *t = pair_make(p);
    delay_t d = {.pair = t};

    t->a->conf.webhook = t->b->conf.webhook = "https://scim.example/hook";
    fake_rc_user(t->a->rc, "Ann", "Archer", "ann@example.com");
    world_fill(t->a);
    world_fill(t->b);
    pair_calm(t);
    json_object_set_new(json_array_get(t->a->rc->subscriptions, 0), "status",
                        json_string("Blacklisted"));
    pair_pass(t, 301);
    fake_rc_forget(t->a->rc);
    delay_at(&d, "deleteSubscription", 60, 0);
    world_work(t->a);
    ok(d.lost, "another leads before the old one is gone");
    is_int(fake_rc_called(t->a->rc, "createSubscription"), 0, "then one makes none");
    pair_pass(t, 1);
    world_work(t->b);
    is_int(fake_rc_called(t->a->rc, "createSubscription"), 1, "but the other one");
    is_int(json_array_size(t->a->rc->subscriptions), 1, "and there is one");
}

static void gap(void)
{
    pair_t *t = pair_fill(p, 2);

    world_set(t->a, "1001", "title", "'Chef'");
    t->fleet->lost = t->fleet->news->nelts;
    pair_hear(t->b);
    ok(world_logged(t->b, "SCIMRC0143"), "what is lost is missed");
    fake_rc_forget(t->a->rc);
    pair_pass(t, 31); /* a list may lag behind */
    world_work(t->b);
    is_str(fake_rc_calls(t->a->rc), "listExtensions", "and a list makes up for it");
    is_str(pair_title(t->b, "1001"), "Chef", "all of it");
    world_work(t->b);
    is_int(fake_rc_called(t->a->rc, "listExtensions"), 1, "one is enough");
    world_set(t->a, "1001", "title", "'Cook'");
    pair_hear(t->b);
    is_str(pair_title(t->b, "1001"), "Cook", "and what is told from then on is heard");
}

/* Where it was is kept with what it had heard. */
static void restart(void)
{
    pair_t *t = pair_fill(p, 2);

    world_set(t->a, "1001", "title", "'Chef'");
    pair_hear(t->b);
    world_set(t->a, "1002", "title", "'Cook'");
    world_restart(t->b);
    pair_hear(t->b);
    fake_rc_forget(t->a->rc);
    world_work(t->b);
    is_str(pair_title(t->b, "1001"), "Chef",
           "what was heard before a restart is there");
    is_str(pair_title(t->b, "1002"), "Cook", "and what was told meanwhile");
    is_str(fake_rc_calls(t->a->rc), "", "without a list");
}

static void away(void)
{
    pair_t *t = pair_fill(p, 2);

    t->fleet->is_away = 1;
    is_int(world_set(t->a, "1001", "title", "'Chef'")->status, 200,
           "without the others work goes on");
    is_int(world_delete(t->a, "1002")->status, 204, "all of it");
    fake_rc_forget(t->a->rc);
    pair_pass(t, 901);
    world_work(t->a);
    world_work(t->b);
    is_int(fake_rc_called(t->a->rc, "listExtensions"), 2, "each lists for itself");
    is_str(pair_title(t->b, "1001"), "Chef", "and so learns of the other");

    world_set(t->a, "1001", "title", "'Cook'");
    t->fleet->is_away = 0;
    pair_hear(t->a);
    pair_hear(t->b);
    is_str(pair_title(t->b, "1001"), "Cook",
           "what could not be told is told afterwards");
    is_int(world_get(t->b, "1002")->status, 404, "and what was gone stays so");
    is_str(pair_version(t->a, "1001"), pair_version(t->b, "1001"), "with one ETag");
}

/* An old write that is told late does not undo what came after it. */
static void told_late(void)
{
    pair_t *t = pair_fill(p, 1);

    t->fleet->is_away = 1;
    world_set(t->a, "1001", "title", "'Chef'");
    pair_pass(t, 100);
    fake_rc_edit(t->a->rc, 1001, "{'contact':{'jobTitle':'Boss'}}");
    pair_pass(t, 801);
    world_work(t->b);
    is_str(pair_title(t->b, "1001"), "Boss", "a list shows a later change");
    t->fleet->is_away = 0;
    pair_hear(t->a);
    pair_hear(t->b);
    is_str(pair_title(t->b, "1001"), "Boss", "which news of before do not undo");
}

/* What no list shows comes from the others when a copy was lost. */
static void begins_anew(void)
{
    pair_t *t = pair_fill(p, 1);
    const char *id, *tag, *time;

    id = world_create(t->a, "{" ANN "," USA ",'locale':'de-DE'}")->id;
    tag = pair_version(t->a, id);
    time = at(t->a, world_get(t->a, id)->user, "meta/lastModified");
    pair_calm(t);
    pair_pass(t, 40);
    world_rebuild(t->b);
    pair_calm(t);
    fake_rc_forget(t->a->rc);
    is_str(pair_version(t->b, id), tag, "a copy made anew has the same ETags");
    is_str(at(t->b, world_get(t->b, id)->user, "meta/lastModified"), time, "and times");
    is_str(pair_country(t->b, id), "USA", "and spellings");
    is_str(at(t->b, world_get(t->b, id)->user, "locale"), "de-DE",
           "and what no list has");
    is_str(fake_rc_calls(t->a->rc), "", "without a call");
}

/* By which version did the copy show user 1001 before? */
static const char *former(world_t *w)
{
    dir_record_t record;
    gw_item_t item;

    return dir_get(w->account->store, p, 1001, &record, &w->env) == APR_SUCCESS &&
                   gw_item_load(p, &record, &item) == APR_SUCCESS
               ? gw_item_former(p, &item)
               : NULL;
}

/* What a single read adds is no change for the others either. */
static void mere_reads(void)
{
    pair_t *t = pair_fill(p, 1);
    const char *tag = pair_version(t->a, "1001"), *time;

    is_str(pair_version(t->b, "1001"), tag, "both know a user by one version");
    time = at(t->b, world_get(t->b, "1001")->user, "meta/lastModified");
    pair_pass(t, 100);
    fake_rc_forget(t->a->rc);
    world_set(t->a, "1001", "preferredLanguage", "'en-US'");
    is_str(fake_rc_calls(t->a->rc), "listLanguages readExtension",
           "one reads him and leaves it so");
    pair_calm(t);
    ok(strcmp(pair_version(t->b, "1001"), tag) != 0, "the other hears more of him");
    is_str(pair_version(t->b, "1001"), pair_version(t->a, "1001"), "and has one ETag");
    ok(strcmp(at(t->b, world_get(t->b, "1001")->user, "meta/lastModified"), time) <= 0,
       "but no time of a change");
    is_str(former(t->a), tag, "the former version is known to one");
    is_str(former(t->b), tag, "and to the other");
    world_set(t->a, "1001", "title", "'Chef'");
    pair_calm(t);
    is_str(pair_title(t->b, "1001"), "Chef", "until a change");
    is_str(former(t->a), NULL, "is made by one");
    is_str(former(t->b), NULL, "and heard by the other");
}

/* A direct number that one has read in the directory. */
static void numbers(void)
{
    pair_t *t = pair_make(p);
    apr_uint64_t id;

    t->a->conf.numbers = t->b->conf.numbers = GW_NUMBER_DIRECT;
    id = fake_rc_user(t->a->rc, "Ann", "Archer", "ann@example.com");
    world_fill(t->a);
    world_fill(t->b);
    pair_calm(t);
    is_int(fake_fleet_count(t->fleet, "\"state\""), 0, "first readings are not told");
    fake_rc_edit(t->a->rc, id, "{'_direct':'+16505550199'}");
    pair_pass_refresh(t);
    world_work(t->a);
    pair_pass(t, 1);
    is_str(at(t->b, world_get(t->b, id_text(t->b, id))->user, "phoneNumbers/0/value"),
           "+16505550199", "a number that changes is heard of");
    is_str(pair_version(t->a, id_text(t->a, id)), pair_version(t->b, id_text(t->b, id)),
           "with one ETag");
    fake_rc_edit(t->a->rc, id, "{'_direct':null}");
    pair_pass_refresh(t);
    world_work(t->a);
    pair_pass(t, 1);
    is_str(at(t->b, world_get(t->b, id_text(t->b, id))->user, "phoneNumbers/0/value"),
           NULL, "and one that goes");
}

/* An event about numbers may come to any. */
static void numbers_event(void)
{
    static const char event[] = "{\"body\":{\"extensionId\":\"1001\",\"eventType\":"
                                "\"Update\",\"hints\":[\"CompanyNumbers\"]}}";
    pair_t *t = pair_make(p);

    t->a->conf.numbers = t->b->conf.numbers = GW_NUMBER_DIRECT;
    t->a->conf.webhook = t->b->conf.webhook = "https://scim.example/hook";
    fake_rc_user(t->a->rc, "Ann", "Archer", "ann@example.com");
    world_fill(t->a);
    world_fill(t->b);
    pair_calm(t);
    is_int(gw_hook_event(t->b->account, p, event, sizeof event - 1, &t->b->env), 0,
           "an event comes to who follows");
    pair_pass(t, 4);
    fake_rc_forget(t->a->rc);
    world_work(t->b);
    is_int(fake_rc_called(t->a->rc, "listDirectoryEntries"), 0, "who reads nothing");
    pair_pass(t, 4);
    world_work(t->a);
    pair_pass(t, 4);
    world_work(t->a);
    is_int(fake_rc_called(t->a->rc, "listDirectoryEntries"), 1, "who leads does");
}

/* One subscription, and its events are known everywhere. */
static void webhook(void)
{
    pair_t *t = pair_make(p);
    const char *token;

    t->a->conf.webhook = t->b->conf.webhook = "https://scim.example/hook";
    t->a->conf.webhook_refresh = t->b->conf.webhook_refresh = apr_time_from_sec(7200);
    fake_rc_user(t->a->rc, "Ann", "Archer", "ann@example.com");
    world_open(t->a);
    world_work(t->a);
    token = at(t->a, fake_rc_sent(t->a->rc, "createSubscription"),
               "deliveryMode/verificationToken");
    ok(token, "who leads makes it");
    fake_rc_forget(t->a->rc);
    world_fill(t->b);
    pair_calm(t);
    is_int(fake_rc_called(t->a->rc, "createSubscription"), 0, "who follows does not");
    is_int(json_array_size(t->a->rc->subscriptions), 1, "there is one");
    ok(gw_hook_knows(t->a->account, p, token, &t->a->env), "its token is known here");
    ok(gw_hook_knows(t->b->account, p, token, &t->b->env), "and there");
    ok(!gw_hook_knows(t->b->account, p, apr_pstrcat(p, token + 1, "x", NULL),
                      &t->b->env),
       "but no other");

    gw_account_resign(t->a->account, &t->a->env);
    fake_rc_forget(t->a->rc);
    pair_pass(t, 301);
    world_work(t->b);
    is_int(fake_rc_called(t->a->rc, "createSubscription"), 0,
           "another who leads goes on with it");
    is_int(fake_rc_called(t->a->rc, "readSubscription"), 1, "and looks after it");
    is_int(json_array_size(t->a->rc->subscriptions), 1, "there is still one");

    json_array_clear(t->a->rc->subscriptions);
    pair_pass(t, 301);
    world_work(t->b);
    is_int(json_array_size(t->a->rc->subscriptions), 1,
           "one that has ended is made anew");
    token = at(t->a, fake_rc_sent(t->a->rc, "createSubscription"),
               "deliveryMode/verificationToken");
    ok(gw_hook_knows(t->a->account, p, token, &t->a->env),
       "and its token is known at once");

    json_array_clear(t->a->rc->subscriptions);
    t->fleet->is_away = 1;
    pair_pass(t, 301);
    world_work(t->a);
    world_work(t->b);
    is_int(json_array_size(t->a->rc->subscriptions), 0,
           "gateways that do not hear of each other make none");
}

/* Who has none yet and cannot know whether another has one makes none, but does the
 * rest of the work. */
static void webhook_away(void)
{
    pair_t *t = pair_make(p);
    world_t *w = t->a;

    w->conf.webhook = "https://scim.example/hook";
    fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    t->fleet->is_away = 1;
    world_open(w);
    world_work(w);
    is_int(world_find(w, "ann@example.com")->total, 1, "the account is read");
    world_pass(w, 61);
    world_work(w);
    is_int(fake_rc_called(w->rc, "createSubscription"), 0,
           "without the others the first subscription is not made");
    is_int(fake_rc_called(w->rc, "listSubscriptions"), 0, "nor are there calls for it");
    ok(!world_logged(w, "SCIMRC0134"), "and nothing is wrong with the webhook");
    t->fleet->is_away = 0;
    world_pass(w, 61);
    world_work(w);
    is_int(json_array_size(w->rc->subscriptions), 1, "with them it is");
}

/* What another gateway is filling at this moment is left to it. */
static void fills(void)
{
    pair_t *t = pair_fill(p, 1);
    const base_peers_t *other = t->b->conf.peers;
    const char *taken, *name;
    answer_t *made;
    int leads = 0;

    taken = id_text(t->a, fake_rc_unassigned(t->a->rc));
    fake_rc_unassigned(t->a->rc);
    t->a->policy.create = GW_CREATE_UNASSIGNED;
    name = apr_pstrcat(p, "extension/", taken, NULL);
    other->lead(other->ctx, &t->b->env, name, apr_time_from_sec(60), &leads);
    made = world_create(t->a, "{" USER("Bob", "Baker", "bob@example.com") "}");
    is_int(made->status, 201, "a line for somebody");
    ok(strcmp(made->id, taken) != 0, "is not the one that another gateway fills");
    is_str(there(t->a, taken, "status"), "Unassigned", "which stays as it is");
    other->resign(other->ctx, &t->b->env, name);
    made = world_create(t->a, "{" USER("Eve", "Ends", "eve@example.com") "}");
    is_str(made->id, taken, "when that one has done nothing with it, it is free");
    other->lead(other->ctx, &t->b->env, name, apr_time_from_sec(60), &leads);
    ok(leads, "and nobody holds what is filled");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    lists();
    take_over();
    slow_work();
    slow_webhook();
    gap();
    restart();
    away();
    told_late();
    begins_anew();
    mere_reads();
    numbers();
    numbers_event();
    webhook();
    webhook_away();
    fills();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
