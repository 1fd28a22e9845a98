/* Two gateways that use the same access tokens. */
#include "rc_call.h"
#include "rc_fake.h"
#include "rc_fake_peers.h"
#include "rc_loan.h"

#define SECOND apr_time_from_sec(1)
#define PATIENCE (30 * SECOND)
#define HANGS apr_time_from_msec(500)
#define DONE RC_EXCHANGE_DONE
#define TOKEN_NAME_SIZE 64

static fake_t fake;
static peers_common_t common;

typedef struct gateway_t {
    rc_client_t *client;
    base_shared_t shared; /* the client's, in place of that of `fake` */
    peers_view_t view;
    base_peers_t peers;
    rc_bearer_t bearer;
} gateway_t;

static gateway_t a, b;

/* The first question takes its time; then it is known that nobody answers. */
static void hang(void)
{
    fake.now += HANGS;
    a.view.lies = 0;
}

static int is_locked(void)
{
    return fake.locked;
}

static const char *lock_file(int id)
{
    return apr_psprintf(fake.p, "%s.%d", fake_lock_file(&fake), id);
}

static void fresh_gateway(gateway_t *g, int id)
{
    memset(g, 0, sizeof *g);
    g->view.common = &common;
    g->view.id = id;
    g->view.is_locked = is_locked;
    g->peers = peers_of(&g->view, 50);
    g->client = fake_client(&fake);
    g->shared = fake.shared;
    g->client->shared = g->client->pacer.shared = &g->shared;
    g->client->conf.lock_file = lock_file(id);
    g->client->conf.peers = g->client->pacer.peers = &g->peers;
}

static void fresh(apr_pool_t *p)
{
    fake_init(&fake, p);
    memset(&common, 0, sizeof common);
    fresh_gateway(&a, 1);
    fresh_gateway(&b, 2);
}

static rc_caller_t caller(apr_interval_time_t patience)
{
    return (rc_caller_t){&fake.env, fake.now + patience, RC_INTERACTIVE, NULL};
}

/* The token's text, or the error's kind in brackets. */
static const char *got(gateway_t *g)
{
    rc_caller_t who = caller(PATIENCE);
    rc_error_t *error = rc_token_get(g->client, &who, fake.p, 0, &g->bearer);

    return error ? apr_psprintf(fake.p, "[%d] %s", error->kind, error->message)
                 : apr_pstrdup(fake.p, g->bearer.value);
}

static void drop(gateway_t *g)
{
    rc_caller_t who = caller(0);

    rc_token_drop(g->client, &who, fake.p, &g->bearer);
}

static int units_of_auth(void)
{
    apr_interval_time_t wait;
    const char *name =
        apr_pstrcat(fake.p, a.client->pacer.state->quotas[0].key, "/auth", NULL);

    return peers_used(peers_budget(&common, name), fake.now, PEERS_UNITS, &wait);
}

static void test_one_for_all(apr_pool_t *p)
{
    rc_caller_t who = caller(PATIENCE);
    int owns, looks;

    fresh(p);
    is_str(got(&a), "SECRET-token-1", "one gateway gets a token");
    is_str(got(&b), "SECRET-token-1", "... and the other uses it");
    is_int(fake.n_requests, 1, "... for one request");
    ok(strstr(fake.log, "SCIMRC0210") != NULL, "... and says so");
    is_int(units_of_auth(), 1, "... which counts once");
    who.deadline = fake.now + PATIENCE;
    ok(!rc_client_owns(b.client, &who, p, "token", &owns) && owns,
       "... and knows whose it is");
    is_int(fake.n_requests, 1, "... without asking");
    looks = b.view.gets;
    fake.now += 100 * SECOND;
    got(&b);
    is_int(b.view.gets, looks, "it is not looked up for every call");
    fake.now += 100 * SECOND;
    fake.log = "";
    got(&b);
    is_int(b.view.gets, looks + 1, "... but in time");
    is_int(b.bearer.generation, 1, "... and it is still the same");
    is_str(fake.log, "", "... which is not said");
    fake.now = FAKE_START + 3200 * SECOND;
    is_str(got(&b), "SECRET-token-1", "... to its last minutes");
    fake.now = FAKE_START + 3301 * SECOND;
    is_str(got(&a), "SECRET-token-2", "it is renewed ahead of its end");
    fake.now += 140 * SECOND;
    is_str(got(&b), "SECRET-token-2", "... for both, before the old one ends");
    is_int(fake.n_requests, 2, "... once");
    fresh(p);
    got(&a);
    fake.now += 3301 * SECOND;
    common.values[0].until += 10 * SECOND;
    is_str(got(&a), "SECRET-token-2", "... by whoever got it: it knows the end best");
}

/* The clock of one gateway is an hour late. */
static void test_clocks(apr_pool_t *p)
{
    fresh(p);
    got(&a);
    fake.now += 3590 * SECOND;
    common.values[0].until += 3590 * SECOND; /* that of the others went on as theirs */
    is_str(got(&b), "SECRET-token-1", "clocks are not compared");
    ok(b.bearer.expires <= fake.now + 300 * SECOND,
       "... and no more life is relied on than there is in any case");
}

static void test_refused(apr_pool_t *p)
{
    rc_caller_t who = caller(0);
    rc_bearer_t old;

    fresh(p);
    got(&a);
    got(&b);
    drop(&b);
    is_str(got(&b), "SECRET-token-2", "a token that was refused is not taken again");
    drop(&a);
    is_str(got(&a), "SECRET-token-2", "... and the other hears of the new one");
    is_int(fake.n_requests, 2, "... which is one request");
    old = a.bearer;
    drop(&a);
    got(&a);
    a.bearer = old;
    drop(&a);
    is_str(got(&b), "SECRET-token-2", "a late refusal");
    fresh_gateway(&b, 3);
    is_str(got(&b), "SECRET-token-3", "... does not take the newer one away");
    rc_token_distrust(b.client, &who, p, &b.bearer, rc_error(p, RC_CREDENTIALS, "no"));
    fresh_gateway(&b, 4);
    is_str(got(&b), "SECRET-token-4", "one that is refused when new is gone for all");

    fresh(p);
    got(&a);
    got(&b);
    b.view.away = 1;
    drop(&b);
    b.view.away = 0;
    is_str(got(&b), "SECRET-token-2",
           "one that could not be taken from all is still not taken again here");
}

static void test_away(apr_pool_t *p)
{
    apr_time_t start;

    fresh(p);
    a.view.away = b.view.away = 1;
    is_str(got(&a), "SECRET-token-1", "while the others are away");
    is_str(got(&b), "SECRET-token-2", "... each gets its own");
    is_int(a.view.gets + b.view.gets, 0, "... and asks nobody");
    a.view.lies = 1;
    a.view.on_away = hang;
    fake.now += 3400 * SECOND;
    start = fake.now;
    is_str(got(&a), "SECRET-token-3", "while they hang");
    is_int(fake.now - start, HANGS, "... it takes no longer than they may");
}

/* The other gateway gets its token while this one sleeps. */
static apr_status_t sleep_and_deliver(void *ctx, apr_interval_time_t t)
{
    apr_status_t rv = fake_sleep(ctx, t);

    fake.env.sleep = fake_sleep;
    got(&a);
    return rv;
}

static void deliver(void)
{
    got(&a);
}

static void test_leader(apr_pool_t *p)
{
    char name[TOKEN_NAME_SIZE];
    rc_caller_t impatient;
    rc_error_t *error;
    int leads;

    fresh(p);
    apr_snprintf(name, sizeof name, "token/%s", a.client->pacer.state->quotas[0].key);
    a.peers.lead(&a.view, &fake.env, name, 5 * SECOND, &leads);
    fake.env.sleep = sleep_and_deliver;
    is_str(got(&b), "SECRET-token-1", "who asks second waits for who asked first");
    is_int(fake.n_requests, 1, "... and there is one request");
    ok(fake.slept < SECOND, "... soon");

    fresh(p);
    b.view.on_ask = deliver;
    is_str(got(&b), "SECRET-token-1", "who asks right after the first has delivered");
    is_int(fake.n_requests, 1, "... sees what it got");

    fresh(p);
    a.peers.lead(&a.view, &fake.env, name, 5 * SECOND, &leads);
    impatient = caller(0);
    error = rc_token_get(b.client, &impatient, p, 0, &b.bearer);
    ok(error && error->kind == RC_UNAVAILABLE && fake.slept == 0,
       "... unless it cannot wait");
    is_str(got(&b), "SECRET-token-1", "when that one does not deliver another asks");
    ok(fake.slept >= 4 * SECOND && fake.slept <= 6 * SECOND, "... after some seconds");

    fresh(p);
    a.peers.lead(&a.view, &fake.env, name, 5 * SECOND, &leads);
    fake.interrupted = 1;
    is_str(got(&b), "[9] interrupted while another gateway asks for an access token",
           "the wait can be interrupted");
    fake.interrupted = 0;
    fake.refused = "jw%2Ft";
    fake.now += 6 * SECOND;
    ok(strstr(got(&a), "[3]") != NULL, "a credential that is refused");
    fake.refused = NULL;
    fake.slept = 0;
    is_str(got(&b), "SECRET-token-1", "... keeps no other gateway from asking");
    is_int(fake.slept, 0, "... at once");
}

/* What lies there is not what was put there. */
static void test_garbage(apr_pool_t *p)
{
    static const char *const cases[] = {"",
                                        "5",
                                        "x token owner",
                                        "0 token x",
                                        "5000 to\tken x",
                                        "5000  x",
                                        "5000 token owner more",
                                        "5000 token an-owner-of-far-too-many-bytes"};
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        peers_value_t *value;

        fresh(p);
        got(&a);
        value = &common.values[0];
        value->len = strlen(cases[i]);
        memcpy(value->data, cases[i], value->len);
        is_str(got(&b), "SECRET-token-2", cases[i]);
    }
    fresh(p);
    got(&a);
    memset(common.values[0].data, 'x', PEERS_VALUE_SIZE);
    memcpy(common.values[0].data, "5000 ", 5);
    common.values[0].len = PEERS_VALUE_SIZE;
    is_str(got(&b), "SECRET-token-2", "a token that is too long");
}

int main(void)
{
    apr_pool_t *p;
    int id;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_one_for_all(p);
    test_clocks(p);
    test_refused(p);
    test_away(p);
    test_leader(p);
    test_garbage(p);
    ok(!a.view.locked && !b.view.locked, "nobody is asked under the lock");
    for (id = 1; id <= 4; id++) {
        unlink(lock_file(id));
    }
    fake_done(&fake);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
