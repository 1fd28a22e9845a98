/* What one gateway learns the other hears (gw_news.c, gw_learn.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_hook.h"
#include "gw_news.h"
#include "gw_pair.h"
#include "tap.h"

static apr_pool_t *p;

static void writes(void)
{
    pair_t *t = pair_fill(p, 1);
    answer_t *made;
    const char *tag;

    is_int(fake_fleet_count(t->fleet, "\"state\""), 0,
           "nothing is told of a first fill");
    made = world_create(t->a, "{" USER("Bob", "Baker", "bob@example.com") "," USA "}");
    is_int(made->status, 201, "somebody is made through one");
    is_int(world_get(t->b, made->id)->status, 404, "of whom the other has not heard");
    pair_hear(t->b);
    fake_rc_forget(t->a->rc);
    is_int(world_get(t->b, made->id)->status, 200, "... and then has");
    is_str(pair_country(t->b, made->id), "USA", "and spells as the client does");
    is_str(pair_version(t->b, made->id), at(t->a, made->user, "meta/version"),
           "with the same ETag");
    is_str(at(t->b, world_get(t->b, made->id)->user, "meta/lastModified"),
           at(t->a, made->user, "meta/lastModified"), "and time");
    is_int(world_find(t->b, "bob@example.com")->total, 1, "and is found");
    is_str(fake_rc_calls(t->a->rc), "", "without a call");

    pair_calm(t);
    tag = pair_version(t->a, made->id);
    is_int(world_set(t->b, made->id, "title", "'Chef'")->status, 200,
           "a change through the other");
    is_str(fake_rc_calls(t->a->rc), "updateExtension", "is one call");
    pair_hear(t->a);
    is_str(pair_title(t->a, made->id), "Chef", "and comes back to the first");
    ok(strcmp(tag, pair_version(t->a, made->id)) != 0, "with another ETag");
    is_str(pair_version(t->a, made->id), pair_version(t->b, made->id),
           "that both have");

    pair_calm(t);
    fake_rc_forget(t->a->rc);
    tag = pair_version(t->a, made->id);
    world_set(t->b, made->id, "addresses", PLACE("us", "us-ga"));
    is_str(fake_rc_calls(t->a->rc), "", "another spelling is no call");
    pair_hear(t->a);
    is_str(pair_country(t->a, made->id), "us", "but heard of");
    is_str(pair_version(t->a, made->id), tag, "under the same ETag");

    pair_calm(t);
    is_int(world_delete(t->a, made->id)->status, 204, "a removal");
    pair_hear(t->b);
    is_int(world_get(t->b, made->id)->status, 404, "is heard of");
    is_int(world_find(t->b, "bob@example.com")->total, 0, "and nobody is found");
}

/* The own news come back, and that is all there is of them. */
static void comes_back(void)
{
    pair_t *t = pair_fill(p, 1);
    dir_record_t record;
    int told;

    world_set(t->a, "1001", "title", "'x'");
    is_int(dir_get(t->a->account->store, p, 1001, &record, &t->a->env), 0, "written");
    ok(record.flags & GW_UNTOLD, "first it is marked");
    pair_calm(t);
    dir_get(t->a->account->store, p, 1001, &record, &t->a->env);
    ok(!(record.flags & GW_UNTOLD), "and then not any more");
    ok(record.flags & DIR_WRITTEN, "but as it was");
    dir_get(t->b->account->store, p, 1001, &record, &t->b->env);
    ok(!(record.flags & GW_UNTOLD), "nor is it elsewhere");
    ok(record.fetched <= t->b->now && record.fetched > t->b->now - apr_time_from_sec(6),
       "where it is as old as it is, by the clock there");
    told = t->fleet->news->nelts;
    pair_pass(t, 120);
    pair_calm(t);
    pair_calm(t);
    is_int(t->fleet->news->nelts, told, "and nothing is told twice");
}

/* What is doubtful is read again. */
static void reread(pair_t *t)
{
    pair_pass(t, 3);
    world_work(t->a);
    world_work(t->b);
    pair_calm(t);
}

/* Both hear what the other one did meanwhile, and read what that leaves doubtful. */
static void cross(pair_t *t)
{
    pair_hear(t->b);
    pair_hear(t->a);
    reread(t);
}

/* Two write the same user before either hears of the other. */
static void race(void)
{
    pair_t *t = pair_fill(p, 1);

    world_set(t->a, "1001", "title", "'Chef'");
    world_set(t->b, "1001", "name.givenName", "'Anna'");
    cross(t);
    is_str(pair_title(t->a, "1001"), "Chef", "one has what both wrote");
    is_str(at(t->a, world_get(t->a, "1001")->user, "name/givenName"), "Anna", "...");
    is_str(pair_title(t->b, "1001"), "Chef", "and so has the other");
    is_str(at(t->b, world_get(t->b, "1001")->user, "name/givenName"), "Anna", "...");
    is_str(pair_version(t->a, "1001"), pair_version(t->b, "1001"), "with one ETag");
}

/* Both write the same attribute; whoever is believed first, the platform decides. */
static void last_wins(void)
{
    pair_t *t = pair_fill(p, 1);

    world_set(t->a, "1001", "title", "'Chef'");
    world_set(t->b, "1001", "title", "'Cook'");
    pair_hear(t->b);
    fake_rc_forget(t->a->rc);
    is_int(world_set(t->b, "1001", "name.givenName", "'Anna'")->status, 200,
           "a write after that");
    ok(strstr(fake_rc_calls(t->a->rc), "readExtension"), "reads first");
    pair_calm(t);
    reread(t);
    is_str(pair_title(t->a, "1001"), "Cook", "the last write stands");
    is_str(pair_title(t->b, "1001"), "Cook", "everywhere");
    is_str(pair_version(t->a, "1001"), pair_version(t->b, "1001"), "with one ETag");
}

/* Lets the first gateway hear of the other while its own call is under way. */
static void hear_meanwhile(fake_rc_t *f, const char *op, void *baton)
{
    world_t *w = baton;

    f->before = NULL;
    pair_hear(w);
}

/* What was heard while the own call was under way is newer than it, or is not. */
static void heard_meanwhile(void)
{
    pair_t *t = pair_fill(p, 1);

    world_set(t->b, "1001", "title", "'Cook'");
    t->a->rc->before = hear_meanwhile;
    t->a->rc->baton = t->a;
    world_set(t->a, "1001", "name.givenName", "'Anna'");
    fake_rc_forget(t->a->rc);
    pair_pass(t, 3);
    world_work(t->a);
    is_int(fake_rc_called(t->a->rc, "readExtension"), 1, "a write is looked at again");

    t = pair_fill(p, 1);
    pair_pass(t, 61);
    world_set(t->b, "1001", "title", "'Cook'");
    world_pass(t->a, 2);
    world_pass(t->b, 2);
    t->a->rc->before = hear_meanwhile;
    t->a->rc->baton = t->a;
    fake_rc_forget(t->a->rc);
    world_set(t->a, "1001", "title", "'Cook'"); /* reads, and sees that it is so */
    is_str(fake_rc_calls(t->a->rc), "readExtension", "a read");
    is_str(pair_title(t->a, "1001"), "Cook", "does not undo what was heard since");
    pair_pass(t, 3);
    world_work(t->a);
    is_int(fake_rc_called(t->a->rc, "readExtension"), 2, "and is done once more");
}

/* One has gone where the other changes it. */
static void removed_meanwhile(void)
{
    pair_t *t = pair_fill(p, 1);

    world_set(t->a, "1001", "title", "'Chef'");
    world_delete(t->b, "1001");
    cross(t);
    is_int(world_get(t->a, "1001")->status, 404, "a user who is gone is gone");
    is_int(world_get(t->b, "1001")->status, 404, "everywhere");
}

static void malformed(void)
{
    static const char *const bad[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"v\":2}",
        "{\"v\":1}",
        "{\"v\":1,\"id\":1001}",
        "{\"v\":1,\"id\":1001,\"how\":\"w\",\"at\":1,\"age\":0}",
        "{\"v\":1,\"id\":1001,\"how\":\"w\",\"at\":1,\"age\":0,\"state\":[],"
        "\"memory\":{}}",
        "{\"v\":1,\"id\":1001,\"how\":\"w\",\"at\":1,\"age\":0,\"state\":{\"id\":7},"
        "\"memory\":{}}",
        "{\"v\":1,\"id\":1001,\"how\":\"w\",\"at\":1,\"age\":-1,\"gone\":true}",
        "{\"v\":1,\"id\":1001,\"how\":\"z\",\"at\":1,\"age\":0,\"gone\":true}",
        "{\"v\":1,\"listed\":\"x\"}",
        "{\"v\":1,\"listed\":-5}"};
    pair_t *t = pair_fill(p, 1);
    const char *before = pair_version(t->b, "1001");
    apr_size_t i;

    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        fake_fleet_tell(t->fleet, bad[i]);
    }
    world_set(t->a, "1001", "title", "'Chef'");
    ok(!world_logged(t->b, "SCIMRC0142"), "no complaint yet");
    pair_hear(t->b);
    ok(world_logged(t->b, "SCIMRC0142"), "what makes no sense is said");
    ok(world_says(t->b, apr_psprintf(p, " %d messages", (int)i)), "once for all of it");
    is_str(pair_title(t->b, "1001"), "Chef", "and what comes after it is heard");
    ok(strcmp(before, pair_version(t->b, "1001")) != 0, "indeed");
}

/* A list of who leads settles nothing for who writes at the same time. */
static void list_and_write(void)
{
    pair_t *t = pair_fill(p, 2);

    pair_pass_refresh(t);
    t->a->rc->list_lag = apr_time_from_sec(5);
    world_set(t->b, "1001", "title", "'Chef'");
    fake_rc_edit(t->a->rc, 1002, "{'contact':{'jobTitle':'Boss'}}");
    world_work(t->a);
    pair_calm(t);
    is_str(pair_title(t->a, "1001"), "Chef",
           "a write is not undone by a list that lags");
    is_str(pair_title(t->b, "1001"), "Chef", "nowhere");
}

/* What one reads the other has read. */
static void reads(void)
{
    pair_t *t = pair_fill(p, 1);

    fake_rc_edit(t->a->rc, 1001, "{'contact':{'jobTitle':'Boss'}}");
    pair_pass(t, 61);
    pair_calm(t);
    is_int(world_set(t->a, "1001", "name.givenName", "'Anna'")->status, 200, "a write");
    is_str(fake_rc_calls(t->a->rc), "readExtension updateExtension",
           "to what is old reads first");
    pair_hear(t->b);
    is_str(pair_title(t->b, "1001"), "Boss", "and the other knows, too");
    pair_calm(t);
    fake_rc_forget(t->a->rc);
    is_int(world_set(t->b, "1001", "title", "'Cook'")->status, 200, "a write there");
    is_str(fake_rc_calls(t->a->rc), "updateExtension", "need not read again");
}

/* Another thread wants all told again soon, while this one looks what is to tell. */
static struct {
    world_t *world;
    apr_status_t (*lock)(void *ctx);
} meanwhile;

static apr_status_t lock_late(void *ctx)
{
    world_t *w = meanwhile.world;

    if (w) {
        meanwhile.world = NULL;
        gw_news_repeat_soon(w->account, &w->env);
    }
    return meanwhile.lock(ctx);
}

static void repeat_soon(void)
{
    pair_t *t = pair_fill(p, 1);
    int told;

    world_set(t->a, "1001", "title", "'Chef'");
    pair_pass(t, 120);
    world_pass(t->a, 61);
    world_set(t->a, "1001", "title", "'Cook'");
    t->fleet->lost = t->fleet->news->nelts;
    told = t->fleet->news->nelts;
    meanwhile.lock = t->a->shared.lock;
    meanwhile.world = t->a;
    t->a->shared.lock = lock_late;
    gw_news_repeat(t->a->account, p, &t->a->env);
    ok(!meanwhile.world, "what is to be told again is wanted again meanwhile");
    world_pass(t->a, 11);
    gw_news_repeat(t->a->account, p, &t->a->env);
    is_int(t->fleet->news->nelts, told + 1, "... and that is not forgotten");
}

static int n_gets;
static const base_peers_t *counted;

static apr_status_t count_get(void *ctx, const base_env_t *env, apr_pool_t *own,
                              const char *name, base_slice_t *value)
{
    n_gets++;
    return counted->get(ctx, env, own, name, value);
}

/* Anybody can send what looks like a token. */
static void wrong_tokens(void)
{
    pair_t *t = pair_fill(p, 1);
    world_t *w = t->b;
    const char *token = apr_psprintf(p, "%064d", 0);
    base_peers_t peers;
    int i, right = 0;

    counted = w->conf.peers;
    peers = *counted;
    peers.get = count_get;
    w->conf.peers = &peers;
    w->conf.webhook = "https://hook.example/rc";
    for (i = 0; i < 50; i++) {
        right += gw_hook_knows(w->account, p, token, &w->env);
    }
    is_int(right, 0, "a wrong token fifty times");
    is_int(n_gets, 1, "is one question to the other gateways");
    w->now += apr_time_from_sec(1);
    gw_hook_knows(w->account, p, token, &w->env);
    is_int(n_gets, 2, "a second later there is another");
    w->conf.peers = counted;
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    apr_initialize();
    wrong_tokens();
    writes();
    comes_back();
    repeat_soon();
    race();
    last_wins();
    heard_meanwhile();
    removed_meanwhile();
    malformed();
    list_and_write();
    reads();
    apr_terminate();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
