/* Two gateways with a quota of one account, and a platform that counts strictly. */
#include "rc_claim.h"
#include "rc_fake.h"
#include "rc_fake_peers.h"

#define SECOND apr_time_from_sec(1)
#define LONGEST (20 * SECOND)
#define WINDOW (60 * SECOND)
#define LIMIT 40
#define CREDENTIALS 2
#define HANGS apr_time_from_msec(500)

static fake_t fake;
static const char *const names[] = {"main", "second"};
static peers_common_t common;

typedef struct gateway_t {
    rc_pacer_state_t state;
    base_shared_t shared;
    peers_view_t view;
    base_peers_t peers;
    rc_pacer_t pacer;
} gateway_t;

static gateway_t a, b;

/* What the platform has counted, of each group. */
static struct {
    apr_time_t times[4096];
    int n;
} platform[RC_GROUPS];
static int refused;

static int is_locked(void)
{
    return fake.locked;
}

static void hang(void)
{
    fake.now += HANGS;
}

static void fresh_gateway(apr_pool_t *p, gateway_t *g, int id)
{
    static const rc_limit_t limits[RC_GROUPS] = {
        {50, WINDOW}, {LIMIT, WINDOW}, {10, WINDOW}, {5, WINDOW}};
    int k;

    memset(g, 0, sizeof *g);
    rc_pacer_init(&g->state, CREDENTIALS, limits);
    for (k = 0; k < CREDENTIALS; k++) {
        apr_snprintf(g->state.quotas[k].key, RC_KEY_SIZE, "key%d", k);
    }
    g->shared = fake.shared;
    g->shared.memory = &g->state;
    g->view.common = &common;
    g->view.id = id;
    g->view.is_locked = is_locked;
    g->peers = peers_of(&g->view, 50);
    g->pacer =
        (rc_pacer_t){&g->shared, &g->state, rc_plan_create(p, CREDENTIALS), names, 50,
                     500,        &g->peers};
}

static void warm_up(gateway_t *g)
{
    int i;

    for (i = 0; i < RC_GROUPS; i++) {
        g->state.quotas[0].buckets[i].cold = 0;
        g->state.quotas[0].buckets[i].heard = fake.now;
    }
}

static void fresh(apr_pool_t *p)
{
    fake_init(&fake, p);
    memset(&common, 0, sizeof common);
    memset(platform, 0, sizeof platform);
    refused = 0;
    fresh_gateway(p, &a, 1);
    fresh_gateway(p, &b, 2);
    warm_up(&a);
    warm_up(&b);
}

/* The platform's answer to a call of a group, as headers. */
static const char *serve(rc_group_t group)
{
    const int limit = a.state.quotas[0].buckets[group].limit;
    int i, used = 0;

    for (i = 0; i < platform[group].n; i++) {
        used += platform[group].times[i] > fake.now - WINDOW;
    }
    if (used >= limit) {
        refused++;
    }
    else {
        platform[group].times[platform[group].n++] = fake.now;
        used++;
    }
    return apr_psprintf(fake.p,
                        "X-Rate-Limit-Group: %s\nX-Rate-Limit-Limit: %d\n"
                        "X-Rate-Limit-Window: 60\nX-Rate-Limit-Remaining: %d",
                        rc_group_name(group), limit, limit - used);
}

static rc_error_t *enter(gateway_t *g, rc_group_t group, rc_class_t work,
                         apr_interval_time_t patience, rc_pass_t *pass)
{
    rc_pacer_call_t call = {
        &fake.env, {RC_GROUP_BIT(group), 1, work, LONGEST, 0}, fake.now + patience};

    memset(pass, 0, sizeof *pass);
    return rc_pacer_enter(&g->pacer, fake.p, &call, pass);
}

static int leave(gateway_t *g, const rc_pass_t *pass, const char *headers,
                 rc_penalty_t penalty)
{
    rc_pacer_answer_t answer = {headers != NULL, NULL, penalty};
    apr_table_t *table = apr_table_make(fake.p, 4);

    if (headers) {
        fake_headers(fake.p, table, headers);
        answer.headers = table;
    }
    return rc_pacer_leave(&g->pacer, &fake.env, pass, &answer);
}

/* One call, sent and answered at once. */
static rc_error_t *call(gateway_t *g, rc_group_t group, rc_class_t work)
{
    rc_pass_t pass;
    rc_error_t *error = enter(g, group, work, 0, &pass);

    if (!error) {
        leave(g, &pass, serve(group), RC_NO_PENALTY);
    }
    return error;
}

static int burst(gateway_t *g, rc_group_t group, rc_class_t work)
{
    int n = 0;

    while (n < 1000 && !call(g, group, work)) {
        n++;
    }
    return n;
}

/* As many as there are for both, in turns. */
static int both(rc_group_t group)
{
    int n = 0, more;

    do {
        more = !call(&a, group, RC_INTERACTIVE);
        more += !call(&b, group, RC_INTERACTIVE);
        n += more;
    } while (more);
    return n;
}

static int retry_after(gateway_t *g, rc_group_t group)
{
    rc_pass_t pass;
    rc_error_t *error = enter(g, group, RC_INTERACTIVE, 0, &pass);

    return error ? error->retry_after : 0;
}

static void test_budget(apr_pool_t *p)
{
    rc_pass_t pass;

    fresh(p);
    is_int(both(RC_MEDIUM), LIMIT, "two gateways have one budget");
    is_int(refused, 0, "... and no call is refused");
    is_int(retry_after(&a, RC_MEDIUM), 61, "who finds it used up hears until when");
    fake.now += 30 * SECOND;
    is_int(retry_after(&b, RC_MEDIUM), 31, "... to the second");
    ok(!enter(&b, RC_MEDIUM, RC_INTERACTIVE, 31 * SECOND, &pass),
       "... and waits for it when there is time");
    ok(fake.now >= FAKE_START + 60 * SECOND && fake.now <= FAKE_START + 61 * SECOND,
       "... no longer than that");
    leave(&b, &pass, serve(RC_MEDIUM), RC_NO_PENALTY);
    is_int(burst(&a, RC_MEDIUM, RC_INTERACTIVE), LIMIT - 1,
           "one may have all that the other leaves");
    is_int(retry_after(&b, RC_MEDIUM), 61, "... and then there is none for the other");
    is_int(refused, 0, "... and still none refused");
    ok(!a.state.quotas[0].buckets[RC_MEDIUM].closed_until, "that is no penalty");
    ok(!strstr(fake.log, "SCIMRC02"), "... and nothing to be told");
}

/* What a gateway once heard of the other's calls does not hold it up later. */
static void test_alternation(apr_pool_t *p)
{
    int i;

    fresh(p);
    for (i = 0; i < 30; i++) {
        call(&b, RC_MEDIUM, RC_INTERACTIVE);
    }
    fake.now += 30 * SECOND;
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    fake.now += 31 * SECOND;
    is_int(burst(&a, RC_MEDIUM, RC_INTERACTIVE), LIMIT - 1,
           "the other's calls count from when they were made");
    is_int(refused, 0, "... as the platform sees it");
}

static void test_classes(apr_pool_t *p)
{
    int i;

    fresh(p);
    for (i = 0; i < 12; i++) {
        call(&a, RC_MEDIUM, RC_BACKGROUND);
    }
    is_int(burst(&b, RC_MEDIUM, RC_BACKGROUND), LIMIT / 2 - 12,
           "background work of all has its part of the budget");
    is_int(burst(&b, RC_MEDIUM, RC_INTERACTIVE), LIMIT / 2, "... and leaves the rest");
    is_int(burst(&a, RC_AUTH, RC_INTERACTIVE) + burst(&b, RC_AUTH, RC_INTERACTIVE), 5,
           "tokens have a budget too");
    fresh(p);
    a.state.quotas[0].buckets[RC_LIGHT].limit = 0;
    call(&a, RC_LIGHT, RC_INTERACTIVE);
    is_int(a.view.takes + a.view.marks, 0, "where there is no limit nobody is asked");
}

static int units(rc_group_t group)
{
    apr_interval_time_t wait;

    return peers_used(
        peers_budget(&common, apr_psprintf(fake.p, "key0/%s", rc_group_name(group))),
        fake.now, PEERS_UNITS, &wait);
}

static void test_places(apr_pool_t *p)
{
    rc_pass_t pass;

    fresh(p);
    enter(&a, RC_HEAVY, RC_INTERACTIVE, 0, &pass);
    is_int(burst(&b, RC_HEAVY, RC_INTERACTIVE), 9, "a place counts for all");
    leave(&a, &pass, NULL, RC_NO_PENALTY);
    is_int(burst(&b, RC_HEAVY, RC_INTERACTIVE), 0,
           "one that is given back is seen at the next question");
    fake.now += SECOND;
    is_int(burst(&b, RC_HEAVY, RC_INTERACTIVE), 1, "... which is soon");
    fresh(p);
    enter(&a, RC_HEAVY, RC_INTERACTIVE, 0, &pass);
    fake.now += 15 * SECOND;
    ok(rc_pacer_renew(&a.pacer, &fake.env, LONGEST, &pass), "a place is renewed");
    fake.now += 70 * SECOND;
    is_int(units(RC_HEAVY), 1, "... for all");
    fake.now += 11 * SECOND;
    is_int(units(RC_HEAVY), 0, "... and forgotten when nobody comes back");
    enter(&a, RC_HEAVY, RC_INTERACTIVE, 0, &pass);
    fake.now += 15 * SECOND;
    leave(&a, &pass, serve(RC_HEAVY), RC_NO_PENALTY);
    fake.now += 60 * SECOND;
    is_int(units(RC_HEAVY), 1, "a window begins with the answer");
    fake.now += SECOND;
    is_int(units(RC_HEAVY), 0, "... and ends");
    enter(&a, RC_HEAVY, RC_INTERACTIVE, 0, &pass);
    fake.now += 80 * SECOND;
    is_int(units(RC_HEAVY), 1,
           "that of a killed process counts as long as it can have");
    fake.now += SECOND;
    is_int(units(RC_HEAVY), 0, "... been under way");
    enter(&a, RC_MEDIUM, RC_INTERACTIVE, 0, &pass);
    leave(&a, &pass, serve(RC_LIGHT), RC_NO_PENALTY);
    is_int(units(RC_MEDIUM), 0, "a call that was counted in another group");
    is_int(units(RC_LIGHT), 1, "... counts there for all");
}

static void set_away(int away)
{
    a.view.away = b.view.away = away;
}

static void test_away(apr_pool_t *p)
{
    int n;

    fresh(p);
    set_away(1);
    is_int(burst(&a, RC_MEDIUM, RC_INTERACTIVE), LIMIT / 2,
           "alone a gateway keeps to its share");
    is_int(burst(&b, RC_MEDIUM, RC_INTERACTIVE), LIMIT / 2,
           "... which the other's calls take nothing of");
    is_int(burst(&a, RC_HEAVY, RC_BACKGROUND), 2, "... and its background work too");
    is_int(burst(&b, RC_HEAVY, RC_INTERACTIVE), 5, "... and leaves it the rest");
    is_int(a.view.takes, 0, "nobody is asked who is known to be away");
    is_int(refused, 0, "none is refused");

    set_away(0);
    is_int(both(RC_MEDIUM), 0, "when the others are back there is still none left");
    is_int(refused, 0, "... and none is tried");
    is_int(units(RC_MEDIUM), LIMIT, "... since all calls are known again");
    fake.now += 61 * SECOND;
    warm_up(&a);
    warm_up(&b);
    n = burst(&a, RC_MEDIUM, RC_INTERACTIVE);
    is_int(n, LIMIT, "a window later one may have the whole budget again");
    is_int(burst(&b, RC_MEDIUM, RC_INTERACTIVE), 0, "... and the other none");
    is_int(refused, 0, "... and none is refused");
}

/* Whoever knew it all forgot it and is back within a moment. */
static void test_forgotten(apr_pool_t *p)
{
    fresh(p);
    is_int(both(RC_MEDIUM), LIMIT, "all is used");
    set_away(1);
    is_int(both(RC_MEDIUM), 0, "... and the others are away");
    memset(&common, 0, sizeof common);
    fake.now += 5 * SECOND;
    set_away(0);
    is_int(burst(&a, RC_MEDIUM, RC_INTERACTIVE), 0,
           "... and back, and know of nothing: the first leaves the other its part");
    is_int(both(RC_MEDIUM), 0, "... which that one has had");
    is_int(refused, 0, "none is refused all the same");
    is_int(units(RC_MEDIUM), LIMIT, "... for they are told again");
    fake.now += 61 * SECOND;
    warm_up(&a);
    is_int(burst(&a, RC_MEDIUM, RC_INTERACTIVE), LIMIT,
           "... which ends with the window");
}

/* Whoever knew it all began anew, and nobody saw it away. */
static void begin_anew(void)
{
    memset(&common, 0, sizeof common);
    a.view.epoch++;
    b.view.epoch++;
}

static void test_epoch(apr_pool_t *p)
{
    int i;

    fresh(p);
    both(RC_MEDIUM);
    begin_anew();
    is_int(both(RC_MEDIUM), 0, "all is used, and who knew it has begun anew");
    is_int(refused, 0, "... which is seen without a call in between");
    is_int(units(RC_MEDIUM), LIMIT, "... and mended");

    fresh(p);
    for (i = 0; i < 10; i++) {
        serve(RC_MEDIUM);
        call(&a, RC_MEDIUM, RC_INTERACTIVE);
    }
    call(&b, RC_MEDIUM, RC_INTERACTIVE);
    begin_anew();
    both(RC_MEDIUM);
    is_int(refused, 0, "what was learnt of others and of strangers counts again");
    ok(platform[RC_MEDIUM].n >= LIMIT - 2, "... and what is left can be had");
    fake.now += 61 * SECOND;
    warm_up(&a);
    is_int(burst(&a, RC_MEDIUM, RC_INTERACTIVE), LIMIT, "... until the window ends");
    is_int(refused, 0, "... and none is refused");

    fresh(p);
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    for (i = 1; i < LIMIT; i++) {
        call(&b, RC_MEDIUM, RC_INTERACTIVE);
    }
    begin_anew();
    burst(&a, RC_MEDIUM, RC_INTERACTIVE);
    is_int(refused, 1, "who has not heard of the others' calls learns of them at once");
}

/* What is known of strangers, while the others may have lost it. */
static void doubt_strangers(apr_pool_t *p, int strangers)
{
    fresh(p);
    while (strangers--) {
        serve(RC_MEDIUM);
    }
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    memset(&common, 0, sizeof common);
    a.state.quotas[0].buckets[RC_MEDIUM].common.doubt_until = fake.now + WINDOW;
}

static void test_doubt(apr_pool_t *p)
{
    doubt_strangers(p, LIMIT - 1);
    ok(call(&a, RC_MEDIUM, RC_INTERACTIVE) != NULL && !refused,
       "in doubt what the platform told of strangers counts");
    doubt_strangers(p, 10);
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    is_int(units(RC_MEDIUM), 12, "... and is told to all again");
}

/* It is seen by a question only: on the way to the first unit. */
static void test_epoch_late(apr_pool_t *p)
{
    rc_pass_t pass;

    fresh(p);
    both(RC_MEDIUM);
    fake.now += 55 * SECOND;
    a.view.on_ask = begin_anew;
    enter(&a, RC_MEDIUM, RC_INTERACTIVE, 0, &pass);
    is_int(units(RC_MEDIUM), LIMIT / 2, "a unit of a new epoch is not believed");
    ok(!pass.claim[0], "... but given back, and all is told first");
    is_int(retry_after(&a, RC_MEDIUM), 6, "... and the call waits for its window");
}

/* A pass without a slot asks nobody. */
static void test_no_slot(apr_pool_t *p)
{
    const rc_pacer_call_t call = {
        &fake.env,
        {RC_GROUP_BIT(RC_MEDIUM), 1, RC_INTERACTIVE, LONGEST, 0},
        FAKE_START};
    const rc_pass_t pass = {.ticket = 7, .group = RC_MEDIUM, .slot = -1};
    rc_bucket_t *bucket = &a.state.quotas[0].buckets[RC_MEDIUM];
    rc_claim_t claim;

    fresh(p);
    bucket->common.scarce_until = fake.now + WINDOW;
    rc_claim_prepare(&a.pacer, &call, &pass, &claim);
    is_int(bucket->common.asker, 0, "who needs no unit holds nobody up");
}

/* One was idle while the others were away. */
static void test_return(apr_pool_t *p)
{
    rc_pass_t pass;

    fresh(p);
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    set_away(1);
    is_int(burst(&b, RC_MEDIUM, RC_INTERACTIVE), LIMIT / 2, "one works alone");
    enter(&b, RC_HEAVY, RC_INTERACTIVE, 0, &pass);
    set_away(0);
    leave(&b, &pass, serve(RC_HEAVY), RC_NO_PENALTY);
    is_int(units(RC_MEDIUM), LIMIT / 2 + 1, "the end of any call tells of all");
    is_int(units(RC_HEAVY), 1, "... itself too");
    is_int(burst(&a, RC_MEDIUM, RC_INTERACTIVE), LIMIT / 2 - 1,
           "so that the other knows what is left");
    is_int(refused, 0, "... and none is refused");
    fake.now += 30 * SECOND;
    set_away(1);
    is_int(retry_after(&b, RC_MEDIUM), 31, "gone again: what is known still counts");
    b.view.lies = 1;
    b.view.takes = 0;
    call(&b, RC_LIGHT, RC_INTERACTIVE);
    set_away(0);
    common.budgets[0].closed_until = 0;
    b.view.away = 1;
    is_int(burst(&b, RC_LIGHT, RC_INTERACTIVE), 24,
           "a wrong word of whether they are here changes nothing");
}

static void test_hanging(apr_pool_t *p)
{
    rc_pass_t pass;
    apr_time_t start;

    fresh(p);
    a.view.away = 1;
    a.view.lies = 1;
    a.view.on_away = hang;
    start = fake.now;
    ok(!enter(&a, RC_MEDIUM, RC_INTERACTIVE, 0, &pass), "the others hang: a call goes");
    is_int(fake.now - start, HANGS,
           "... after the time that a question may take, once");
    is_int(a.view.takes, 1, "... with one question");
    a.view.lies = 0;
    start = fake.now;
    leave(&a, &pass, serve(RC_MEDIUM), RC_NO_PENALTY);
    burst(&a, RC_MEDIUM, RC_INTERACTIVE);
    is_int(fake.now - start, 0, "... and none once that is known");
    is_int(platform[RC_MEDIUM].n, LIMIT / 2, "... and it keeps to the share");
    fresh(p);
    while (platform[RC_MEDIUM].n < LIMIT / 2) {
        call(&a, RC_MEDIUM, RC_INTERACTIVE);
    }
    a.view.away = a.view.lies = 1;
    is_int(retry_after(&a, RC_MEDIUM), 61, "who has used up its share goes no further");
    fresh(p);
    enter(&a, RC_MEDIUM, RC_INTERACTIVE, 0, &pass);
    a.view.away = 1;
    leave(&a, &pass, serve(RC_MEDIUM), RC_NO_PENALTY);
    is_int(units(RC_MEDIUM), 1, "who cannot be told knows what was claimed");
}

static void test_penalty(apr_pool_t *p)
{
    rc_pass_t pass;

    fresh(p);
    enter(&a, RC_MEDIUM, RC_INTERACTIVE, 0, &pass);
    leave(&a, &pass, "X-Rate-Limit-Group: medium\nRetry-After: 90", RC_GROUP_PENALTY);
    ok(strstr(fake.log, "SCIMRC0202") != NULL, "a penalty is logged");
    fake.log = "";
    is_int(retry_after(&b, RC_MEDIUM), 90, "... and stops the other gateway too");
    is_str(fake.log, "", "... which has nothing to say about it");
    ok(!b.state.quotas[0].buckets[RC_MEDIUM].closed_until &&
           !b.state.quotas[0].buckets[RC_MEDIUM].rejected,
       "... nor counts it as its own");
    ok(!call(&b, RC_HEAVY, RC_INTERACTIVE), "... and sends what it does not concern");
    ok(!enter(&b, RC_MEDIUM, RC_INTERACTIVE, 100 * SECOND, &pass) &&
           fake.now >= FAKE_START + 90 * SECOND && fake.now < FAKE_START + 93 * SECOND,
       "... and goes on after it");
    fresh(p);
    enter(&a, RC_MEDIUM, RC_INTERACTIVE, 0, &pass);
    leave(&a, &pass, "Retry-After: 70", RC_ACCOUNT_PENALTY);
    is_int(retry_after(&b, RC_LIGHT), 70, "a penalty of the account");
    is_int(a.view.closes, 6, "... is one of all groups and credentials");
    ok(!call(&b, RC_AUTH, RC_INTERACTIVE), "... but for tokens");
}

static void test_strangers(apr_pool_t *p)
{
    int i;

    fresh(p);
    for (i = 0; i < 15; i++) {
        serve(RC_MEDIUM);
    }
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    is_int(units(RC_MEDIUM), 16, "calls of a stranger are told to all");
    is_int(burst(&b, RC_MEDIUM, RC_INTERACTIVE), LIMIT - 16, "... who leave them out");
    is_int(refused, 0, "... and none is refused");
    is_int(units(RC_MEDIUM), LIMIT, "calls of a gateway are not taken for others'");
}

/* Somebody of this gateway who says that it will be back within five minutes. */
static apr_uint64_t stand_in_line(gateway_t *g)
{
    rc_waiter_t waiter = {rc_line_ticket(&g->state.line), fake.now + 300 * SECOND,
                          RC_GROUP_BIT(RC_MEDIUM), RC_INTERACTIVE, 1};

    rc_line_join(&g->state.line, RC_WAITERS_MAX, &waiter);
    return waiter.ticket;
}

/* What somebody hears who comes while another asks. */
static int meanwhile;

static void come_second(void)
{
    const int takes = a.view.takes;

    meanwhile = retry_after(&a, RC_MEDIUM);
    ok(a.view.takes == takes, "... does not ask");
}

static void test_questions(apr_pool_t *p)
{
    rc_pass_t passes[LIMIT];
    int i;

    fresh(p);
    for (i = 0; i < LIMIT; i++) {
        enter(&b, RC_MEDIUM, RC_INTERACTIVE, 0, &passes[i]);
    }
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    for (i = 0; i < LIMIT; i++) {
        leave(&b, &passes[i], NULL, RC_NO_PENALTY);
    }
    fake.now += 2 * SECOND;
    a.view.on_ask = come_second;
    ok(!call(&a, RC_MEDIUM, RC_INTERACTIVE), "where little is left");
    is_int(meanwhile, 1, "... who comes second waits until the first has its answer");
    stand_in_line(&a);
    is_int(retry_after(&a, RC_MEDIUM), 1, "... and hopes again when that was good");
}

/* The other gateway takes what there is while this one sleeps. */
static apr_status_t sleep_and_lose(void *ctx, apr_interval_time_t t)
{
    apr_status_t rv = fake_sleep(ctx, t);

    burst(&b, RC_MEDIUM, RC_INTERACTIVE);
    return rv;
}

static void test_line(apr_pool_t *p)
{
    rc_pass_t pass;
    rc_error_t *error;
    apr_uint64_t first;

    fresh(p);
    burst(&b, RC_MEDIUM, RC_INTERACTIVE);
    first = stand_in_line(&a);
    fake.now += 30 * SECOND;
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    is_int(a.state.line.n, 1, "who cannot wait does not stand in the line");
    fake.now += 31 * SECOND;
    warm_up(&a);
    is_int(retry_after(&a, RC_MEDIUM), 1,
           "when there is little left one asks after the other");
    rc_line_leave(&a.state.line, RC_INTERACTIVE, first);
    ok(!call(&a, RC_MEDIUM, RC_INTERACTIVE), "... at once when there is nobody before");

    fresh(p);
    burst(&b, RC_MEDIUM, RC_INTERACTIVE);
    fake.env.sleep = sleep_and_lose;
    error = enter(&a, RC_MEDIUM, RC_INTERACTIVE, 90 * SECOND, &pass);
    ok(error && error->kind == RC_BUSY && error->retry_after > 59 &&
           error->retry_after < 62,
       "who loses each time waits in its place, and hears how long it still takes");
    ok(fake.slept > 60 * SECOND && fake.slept < 63 * SECOND,
       "... as soon as that is known");
    is_int(a.state.line.n, 0, "... and stands in the line no more");
    is_int(a.state.line.last_ticket, 1, "... having had one place all the time");
}

static void test_credentials(apr_pool_t *p)
{
    rc_pacer_call_t any = {&fake.env,
                           {RC_GROUP_BIT(RC_MEDIUM), 3, RC_INTERACTIVE, LONGEST, 0},
                           FAKE_START};
    rc_pass_t pass = {0};

    fresh(p);
    b.state.quotas[1].buckets[RC_MEDIUM].cold = 1;
    burst(&b, RC_MEDIUM, RC_INTERACTIVE);
    a.state.quotas[1].buckets[RC_MEDIUM].cold = 0;
    ok(!rc_pacer_enter(&a.pacer, p, &any, &pass) && pass.credential == 1,
       "what others have used up of one credential is left of another");
    is_int(a.state.quotas[0].buckets[RC_MEDIUM].slots[0].in_flight, 0,
           "... and nothing is kept of the first");
}

static void test_image(apr_pool_t *p)
{
    static rc_pacer_image_t image;
    apr_size_t len;

    fresh(p);
    set_away(1);
    burst(&a, RC_MEDIUM, RC_INTERACTIVE);
    len = rc_pacer_save(&a.state, &image);
    fresh_gateway(p, &a, 1);
    is_int(rc_pacer_load(&a.state, &image, len, fake.now), 1, "an image");
    warm_up(&a);
    call(&a, RC_HEAVY, RC_INTERACTIVE);
    is_int(units(RC_MEDIUM), LIMIT / 2, "a new start tells what others do not know");

    fresh(p);
    burst(&b, RC_MEDIUM, RC_INTERACTIVE);
    call(&a, RC_MEDIUM, RC_INTERACTIVE);
    len = rc_pacer_save(&a.state, &image);
    fresh_gateway(p, &a, 1);
    rc_pacer_load(&a.state, &image, len, fake.now);
    a.view.away = 1;
    is_int(retry_after(&a, RC_MEDIUM), 61, "... and knows what others have used up");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_budget(p);
    test_alternation(p);
    test_classes(p);
    test_places(p);
    test_away(p);
    test_forgotten(p);
    test_epoch(p);
    test_doubt(p);
    test_epoch_late(p);
    test_no_slot(p);
    test_return(p);
    test_hanging(p);
    test_penalty(p);
    test_strangers(p);
    test_questions(p);
    test_line(p);
    test_credentials(p);
    test_image(p);
    ok(!a.view.locked && !b.view.locked, "nobody is asked under the lock");
    fake_done(&fake);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
