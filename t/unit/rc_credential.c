/* A client with several credentials, and places that are taken ahead. */
#include "base_json.h"
#include "rc_call.h"
#include "rc_fake.h"

#define SECOND apr_time_from_sec(1)
#define DONE RC_EXCHANGE_DONE
#define ONE "{\"id\":4711,\"records\":[]}"
#define E(code) "{\"errorCode\":\"" code "\",\"message\":\"M\"}"

static fake_t fake;
static rc_client_t *client;

static const fake_answer_t good = {DONE, 200, NULL, ONE, 0};

static void fresh(apr_pool_t *p, int n)
{
    static fake_answer_t always[260];
    int i;

    for (i = 0; i < 260; i++) {
        always[i] = good;
    }
    fake_init(&fake, p);
    client = fake_client_with(&fake, n);
    fake_script(&fake, always, 260);
}

static void script(const fake_answer_t *answers, int n)
{
    fake_script(&fake, answers, n);
}

static rc_caller_t caller(int seconds)
{
    rc_caller_t who = {&fake.env, fake.now + seconds * SECOND, RC_INTERACTIVE, NULL};

    return who;
}

static rc_error_t *update_by(const rc_caller_t *who)
{
    json_t *body = base_json_own(fake.p, json_pack("{s:s}", "status", "Disabled"));
    json_t *out;

    return rc_extension_update(client, who, fake.p, "4711", body, &out);
}

static rc_error_t *update(int seconds)
{
    rc_caller_t who = caller(seconds);

    return update_by(&who);
}

static rc_error_t *read_one(int seconds)
{
    rc_caller_t who = caller(seconds);
    json_t *out;

    return rc_extension_read(client, &who, fake.p, "4711", &out);
}

/* Who made the last API call: "token" (the first credential), "second" or "third". */
static const char *last_user(void)
{
    int i = fake.n_requests - 1;
    const char *bearer;

    while (i >= 0 && strcmp(fake.requests[i].url, FAKE_TOKEN_URL) == 0) {
        i--;
    }
    bearer = i < 0 ? NULL : strstr(fake.requests[i].headers, "Bearer SECRET-");
    if (!bearer) {
        return "nobody";
    }
    bearer += strlen("Bearer SECRET-");
    return apr_pstrmemdup(fake.p, bearer, strcspn(bearer, "-"));
}

static int said(const char *text)
{
    const char *found = fake.log;
    int n = 0;

    while ((found = strstr(found, text)) != NULL) {
        found += strlen(text);
        n++;
    }
    return n;
}

static void test_spreading(apr_pool_t *p)
{
    const char *users = "";
    int i;

    fresh(p, 3);
    for (i = 0; i < 6; i++) {
        ok(!update(0), "a call");
        users = apr_pstrcat(p, users, " ", last_user(), NULL);
    }
    is_str(users, " token second third token second third",
           "the work is spread by what is left");
    is_int(fake.tokens, 3, "... with one token each");
    ok(strstr(fake.requests[0].headers, "dGhlLWNsaWVudDpTRUNSRVQtY2xpZW50Kw==") &&
           !strstr(fake.requests[4].headers, "dGhlLWNsaWVudDpTRUNSRVQtY2xpZW50Kw=="),
       "... for its own app");
    for (i = 6; i < 120 && !update(0); i++) {
    }
    is_int(i, 120, "three credentials, three times forty calls");
    ok(update(0) != NULL, "... and no more");
}

static void test_keys(apr_pool_t *p)
{
    const rc_quota_t *quotas;

    fresh(p, 3);
    quotas = rc_client_quota(fake.shared.memory)->quotas;
    is_int(strlen(quotas[0].key), RC_KEY_SIZE - 1, "a credential has a key");
    ok(strcmp(quotas[0].key, quotas[1].key) != 0, "... another one for another user");
    ok(strncmp(quotas[0].key, quotas[1].key, 16) == 0 &&
           strncmp(quotas[0].key, quotas[2].key, 16) != 0,
       "... and for another app");
    ok(!strstr(quotas[0].key, "client") && !strstr(quotas[0].key, "jw"),
       "... that does not tell what it is made of");
}

static void test_refused_token(apr_pool_t *p)
{
    rc_error_t *error;
    int i;

    fresh(p, 2);
    fake.refused = "second";
    for (i = 0; i < 10; i++) {
        ok(!update(0), "a call");
        is_str(last_user(), "token", "... by the credential that works");
    }
    is_int(fake.n_requests, 12, "the other one was tried once");
    is_int(said("SCIMRC0203: account 'acme', credential 'two'"), 1, "... and logged");
    fake.refused = NULL;
    fake.now += 61 * SECOND;
    for (i = 0; i < 2; i++) {
        update(0);
    }
    is_str(last_user(), "second", "a minute later it is tried again");
    is_int(said("SCIMRC0207: account 'acme', credential 'two'"), 1, "... and logged");
    is_int(said("SCIMRC0203"), 1, "... without another complaint");
    client->tokens[1].expires = 0;
    update(0);
    update(0);
    is_str(last_user(), "second", "another token of it");
    is_int(said("SCIMRC0207"), 1, "... is no news");

    fresh(p, 2);
    fake.refused = "grant";
    error = update(0);
    ok(error && error->kind == RC_CREDENTIALS && error->retry_after == 60,
       "all are refused: no credentials");
    is_int(fake.n_requests, 2, "... both were tried");
    fake.now += 10 * SECOND;
    error = update(0);
    ok(error && error->kind == RC_CREDENTIALS && error->retry_after == 50,
       "... which is remembered");
    is_int(fake.n_requests, 2, "... without a call");
    fake.now += 51 * SECOND;
    fake.refused = NULL;
    ok(!update(0), "... until it is over");
}

/* The platform issues tokens to a credential and refuses them. */
static void test_refused_call(apr_pool_t *p)
{
    static const fake_answer_t answers[] = {
        {DONE, 401, NULL, E("OAU-149"), 0}, {DONE, 200, NULL, ONE, 0},
        {DONE, 401, NULL, E("OAU-149"), 0}, {DONE, 200, NULL, ONE, 0},
        {DONE, 200, NULL, ONE, 0},          {DONE, 200, NULL, ONE, 0}};
    static const fake_answer_t none[] = {{DONE, 401, NULL, E("OAU-149"), 0},
                                         {DONE, 401, NULL, E("OAU-149"), 0},
                                         {DONE, 401, NULL, E("OAU-149"), 0},
                                         {DONE, 401, NULL, E("OAU-149"), 0}};
    rc_error_t *error;

    fresh(p, 2);
    script(answers, 6);
    ok(!update(30), "401: another credential does it");
    is_str(last_user(), "second", "... which it is");
    is_int(said("SCIMRC0203"), 0, "... that may have been the token alone");
    ok(!update(30), "401 to a new token too");
    is_str(last_user(), "second", "... another credential does it");
    is_int(fake.tokens, 3, "... after one new token");
    is_int(said("SCIMRC0203: account 'acme', credential 'main'"), 1, "... and logged");
    ok(!update(0), "the next call");
    is_str(last_user(), "second", "... is made by the other alone");
    fake.now += 61 * SECOND;
    ok(!update(0), "after a minute");
    is_str(last_user(), "token", "... the other one is tried");
    is_int(said("SCIMRC0207: account 'acme', credential 'main'"), 1,
           "... and works again");

    fresh(p, 2);
    script(none, 4);
    error = update(30);
    ok(error && error->kind == RC_CREDENTIALS, "refused to both");
    is_int(fake.at, 4, "... twice each");
    error = update(30);
    ok(error && error->kind == RC_CREDENTIALS && error->retry_after == 60,
       "... which is remembered");
}

static void test_permission(apr_pool_t *p)
{
    static const fake_answer_t answers[] = {
        {DONE, 403, NULL, E("CMN-401"), 0}, {DONE, 200, NULL, ONE, 0},
        {DONE, 200, NULL, ONE, 0},          {DONE, 200, NULL, ONE, 0},
        {DONE, 200, NULL, ONE, 0},          {DONE, 200, NULL, ONE, 0},
        {DONE, 200, NULL, ONE, 0}};
    static const fake_answer_t both[] = {{DONE, 403, NULL, E("CMN-408"), 0},
                                         {DONE, 403, NULL, E("CMN-408"), 0},
                                         {DONE, 403, NULL, E("CMN-408"), 0}};
    static const fake_answer_t other[] = {{DONE, 403, NULL, E("CMN-419"), 0}};
    rc_error_t *error;

    fresh(p, 2);
    script(answers, 7);
    ok(!update(0), "a missing permission: another credential does it");
    is_str(last_user(), "second", "... which it is");
    is_int(said("SCIMRC0208: account 'acme', credential 'main': RingCentral refuses "
                "updateExtension: M (CMN-401)"),
           1, "... and logged");
    ok(!update(0), "the next one");
    is_str(last_user(), "second", "... is made by it at once");
    ok(!read_one(0), "another operation");
    is_str(last_user(), "token", "... is not concerned");
    fake.now += 901 * SECOND;
    ok(!update(0), "after a quarter of an hour");
    is_str(last_user(), "token", "... it is tried again");
    is_int(said("SCIMRC0209: account 'acme', credential 'main': RingCentral allows "
                "updateExtension again"),
           1, "... and logged");
    ok(!update(0) && !update(0), "two more");
    is_int(said("SCIMRC0209"), 1, "... which is no news");

    fresh(p, 2);
    script(both, 3);
    error = update(0);
    ok(error && error->kind == RC_FORBIDDEN && strcmp(error->code, "CMN-408") == 0,
       "a permission that both lack is an error");
    is_int(fake.at, 2, "... that both were asked for");
    error = update(0);
    ok(error && error->kind == RC_FORBIDDEN && fake.at == 3, "... the next time one");
    fresh(p, 1);
    script(both, 3);
    error = update(0);
    ok(error && error->kind == RC_FORBIDDEN && fake.at == 1 && !said("SCIMRC0208"),
       "one credential: an error, as any other");
    fresh(p, 2);
    script(other, 1);
    error = update(0);
    ok(error && error->kind == RC_FORBIDDEN && fake.at == 1,
       "what has nothing to do with the credential is not tried with another");
}

/* The platform knows of calls that the gateway did not make. */
static void test_limit(apr_pool_t *p)
{
#define LIMIT(headers, code)                                                           \
    {                                                                                  \
        DONE, 429, headers "Retry-After: 40", E(code), 0                               \
    }
#define GROUP "X-Rate-Limit-Group: medium\n"
    static const fake_answer_t one[] = {
        LIMIT(GROUP, "CMN-301"), {DONE, 200, NULL, ONE, 0}, {DONE, 200, NULL, ONE, 0}};
    static const fake_answer_t both[] = {
        LIMIT(GROUP, "CMN-301"), LIMIT(GROUP, "CMN-301"), {DONE, 200, NULL, ONE, 0}};
    static const fake_answer_t account[] = {LIMIT("", "CMN-302"),
                                            {DONE, 200, NULL, ONE, 0}};
    rc_error_t *error;

    fresh(p, 2);
    script(one, 3);
    ok(!update(0), "429 to one credential: another does it");
    is_str(last_user(), "second", "... which it is");
    is_int(fake.slept, 0, "... at once");
    ok(!update(0), "the next one");
    is_str(last_user(), "second", "... is made by it too");

    fresh(p, 2);
    script(both, 3);
    error = update(0);
    ok(error && error->kind == RC_BUSY && error->retry_after >= 40, "429 to both");
    is_int(fake.at, 2, "... which were asked once each");

    fresh(p, 2);
    script(account, 2);
    error = update(90);
    ok(error && error->kind == RC_BUSY && fake.at == 1,
       "the account's limit concerns both");

    fresh(p, 1);
    script(one, 3);
    error = update(90);
    ok(error && error->kind == RC_BUSY && fake.at == 1, "one credential alone");

    fresh(p, 2);
    while (!update(0)) {
    }
    fake.now += 61 * SECOND;
    rc_client_quota(fake.shared.memory)->quotas[1].buckets[RC_MEDIUM].closed_until =
        fake.now + 90 * SECOND;
    script(one, 3);
    error = update(0);
    ok(error && error->kind == RC_BUSY && fake.at == 1 && error->retry_after < 90,
       "no room with the other one: when there will be some");
#undef LIMIT
#undef GROUP
}

/* While somebody asks for the token of one credential, others use another. */
static void test_while_fetching(apr_pool_t *p)
{
    fresh(p, 2);
    client->tokens[0].fetched_until = fake.now + 20 * SECOND;
    ok(!update(0), "a call");
    is_str(last_user(), "second", "... by the credential that nobody waits for");
    fresh(p, 1);
    client->tokens[0].fetched_until = fake.now + 20 * SECOND;
    ok(!update(0), "... or by the only one");
    is_int(client->tokens[0].fetched_until, 0, "nobody asks any more");
}

static void test_owner(apr_pool_t *p)
{
    rc_caller_t who;
    rc_error_t *error;
    int owns = -1;

    fresh(p, 3);
    who = caller(10);
    ok(!rc_client_owns(client, &who, p, "second", &owns) && owns, "one of ours");
    ok(!rc_client_owns(client, &who, p, "third", &owns) && owns, "... another");
    ok(!rc_client_owns(client, &who, p, "1001", &owns) && !owns, "none of ours");
    is_int(fake.n_requests, 3, "... for one token each");
    fresh(p, 3);
    fake.refused = "second";
    ok(!rc_client_owns(client, &who, p, "1001", &owns) && !owns,
       "a credential that is refused speaks for nobody");
    fresh(p, 3);
    fake.refused = "grant";
    error = rc_client_owns(client, &who, p, "1001", &owns);
    ok(error && error->kind == RC_CREDENTIALS, "... all of them: an error");
}

static int in_flight(rc_group_t group)
{
    const rc_bucket_t *b =
        &rc_client_quota(fake.shared.memory)->quotas[0].buckets[group];
    int i, n = 0;

    for (i = 0; i < RC_WINDOW_SLOTS; i++) {
        n += (int)b->slots[i].in_flight;
    }
    return n;
}

static void test_places(apr_pool_t *p)
{
    const unsigned both = RC_GROUP_BIT(RC_MEDIUM) | RC_GROUP_BIT(RC_HEAVY);
    rc_caller_t who;
    rc_place_t *place;
    rc_error_t *error;

    fresh(p, 1);
    update(0);
    read_one(0);
    who = caller(0);
    ok(!rc_place_take(client, &who, p, both, &place), "a place");
    is_int(rc_place_group(place), RC_MEDIUM, "... of the first of two groups");
    is_int(in_flight(RC_MEDIUM), 1, "... which counts");
    rc_place_return(client, &who, place);
    rc_place_return(client, &who, place);
    is_int(in_flight(RC_MEDIUM), 0, "... until it is given back");
    while (!update(0)) {
    }
    ok(!rc_place_take(client, &who, p, both, &place) &&
           rc_place_group(place) == RC_HEAVY,
       "the first is used up: a place of the other");
    rc_place_return(client, &who, place);
    error = rc_place_take(client, &who, p, RC_GROUP_BIT(RC_MEDIUM), &place);
    ok(error && error->kind == RC_BUSY && !place && fake.slept == 0,
       "none to be had without waiting");
    who = caller(90);
    ok(!rc_place_take(client, &who, p, RC_GROUP_BIT(RC_MEDIUM), &place) &&
           fake.now > FAKE_START + 60 * SECOND,
       "... and one after a while");
    ok(!update(10), "nobody waits long for the one who holds it");
    while (!update(0)) {
    }
    who = caller(0);
    who.place = place;
    ok(!update_by(&who), "a call in that place need not wait");
    is_int(in_flight(RC_MEDIUM), 0, "... and uses it up");
    ok(update_by(&who) != NULL, "... once");
    rc_place_return(client, &who, place);
    is_int(in_flight(RC_MEDIUM), 0, "... so that there is nothing to give back");
    fake.refused = "grant";
    client->tokens[0].expires = 0;
    error = read_one(0);
    ok(error && error->kind == RC_CREDENTIALS, "no token");
    error = rc_place_take(client, &who, p, RC_GROUP_BIT(RC_LIGHT), &place);
    ok(error && error->kind == RC_CREDENTIALS, "... then no place either");
}

static void test_other_places(apr_pool_t *p)
{
    const rc_bucket_t *medium;
    rc_caller_t who;
    rc_error_t *error;
    rc_place_t *place, *light;
    json_t *out;

    fresh(p, 1);
    update(0);
    read_one(0);
    medium = &rc_client_quota(fake.shared.memory)->quotas[0].buckets[RC_MEDIUM];
    who = caller(0);
    rc_place_take(client, &who, p, RC_GROUP_BIT(RC_MEDIUM), &place);
    who.place = place;
    ok(!rc_extension_read(client, &who, p, "4711", &out) && in_flight(RC_MEDIUM) == 1,
       "a call of another group leaves the place alone");
    fake.now += 200 * SECOND;
    while (!update(0)) {
    }
    is_int(medium->sent, 41, "a place that has lapsed takes none from the others");
    who = caller(0);
    who.place = place;
    error = update_by(&who);
    ok(error && error->kind == RC_BUSY && medium->sent == 41,
       "... and a call in it is like any other");
    fresh(p, 2);
    update(0);
    update(0);
    who = caller(0);
    rc_place_take(client, &who, p, RC_GROUP_BIT(RC_MEDIUM), &place);
    rc_place_take(client, &who, p, RC_GROUP_BIT(RC_LIGHT), &light);
    client->tokens[0].expires = 0;
    client->tokens[0].retry_at = fake.now + 60 * SECOND;
    client->tokens[0].kind = RC_CREDENTIALS;
    who.place = place;
    ok(!update_by(&who), "a call in the place of a credential that is out");
    is_str(last_user(), "second", "... is made by another");
    is_int(in_flight(RC_MEDIUM), 0, "... and the place given back");
    rc_place_return(client, &who, light);
}

static void test_place_without_permission(apr_pool_t *p)
{
    static const fake_answer_t answers[] = {{DONE, 403, NULL, E("CMN-401"), 0},
                                            {DONE, 200, NULL, ONE, 0}};
    rc_place_t *place = NULL;
    rc_caller_t who;
    int i, of_first = 0;

    fresh(p, 2);
    who = caller(0);
    script(answers, 2);
    ok(!update(0), "one lacks a permission, the other does it");
    for (i = 0; i < 10; i++) {
        if (!rc_place_take(client, &who, p, RC_GROUP_BIT(RC_MEDIUM), &place)) {
            of_first += place->pass.credential == 0;
            place->used = 1;
        }
    }
    is_int(of_first, 0, "places are taken for who can do it");
    client->tokens[1].forbidden = 4;
    client->tokens[1].forbidden_until = fake.now + 60 * SECOND;
    client->pacer.state->quotas[1].buckets[RC_MEDIUM].closed_until = fake.now + SECOND;
    ok(!rc_place_take(client, &who, p, RC_GROUP_BIT(RC_MEDIUM), &place) &&
           place->pass.credential == 0,
       "... or for any, if each lacks something");
}

/* Another configuration of the account, for the memory that there is. */
static rc_client_t *reconfigure(const rc_credential_t *credentials, int n)
{
    rc_client_conf_t conf = fake_conf(&fake, n);

    conf.credentials = credentials;
    is_int(rc_client_shared_adopt(&fake.shared, &conf, fake.now), APR_SUCCESS,
           "another configuration");
    return rc_client_create(fake.p, &conf, &fake.transport, &fake.shared);
}

static void test_new_configuration(apr_pool_t *p)
{
    static const rc_credential_t others[] = {
        {"three", "other-client", "SECRET-other", "SECRET.third"},
        {"main", "the-client", "SECRET-client+", "SECRET.jw/t"}};
    const rc_pacer_state_t *state;
    rc_client_t *old;
    int i;

    fresh(p, 2);
    old = client;
    state = rc_client_quota(fake.shared.memory);
    for (i = 0; i < 80 && !update(0); i++) {
    }
    is_int(i, 80, "two credentials use their quota up");
    is_int(fake.tokens, 2, "... with one token each");
    client = reconfigure(others, 2);
    is_int(state->n_credentials, 3, "a new one has a place of its own");
    for (i = 0; i < 80 && !update(0); i++) {
    }
    is_int(i, 40, "... and a quota; what the other one has sent is known");
    is_int(fake.tokens, 3, "... and its token, too");
    is_int((int)(rc_client_rate(client, RC_MEDIUM) * 60 * SECOND + .5), 80,
           "only the own ones count");
    client = old;
    ok(update(0) != NULL, "who has the old configuration knows it, too");
    fake.now += 70 * SECOND;
    for (i = 0; i < 80 && !update(0); i++) {
    }
    is_int(i, 80, "... and goes on with its own");
    is_int(fake.lock_misused, 0, "no call is made under the lock");
}

static void test_new_secret(apr_pool_t *p)
{
    static const rc_credential_t renewed[] = {
        {"main", "the-client", "SECRET-new", "SECRET.jw/t"}};
    rc_client_t *old;
    rc_error_t *error;

    fresh(p, 1);
    old = client;
    fake.refused = "grant";
    ok(update(0) != NULL, "a secret that is refused");
    fake.refused = NULL;
    client = reconfigure(renewed, 1);
    ok(!update(0), "... is not what the new one is judged by");
    is_int(rc_client_quota(fake.shared.memory)->n_credentials, 1,
           "... whose quota is the same");
    client = old;
    ok(!update(0), "who has the old one uses the token that there is");
    client->tokens[0].expires = 0;
    error = update(0);
    ok(error && error->kind == RC_UNAVAILABLE && fake.tokens == 1,
       "... and gets none itself");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_spreading(p);
    test_keys(p);
    test_refused_token(p);
    test_refused_call(p);
    test_permission(p);
    test_limit(p);
    test_while_fetching(p);
    test_owner(p);
    test_places(p);
    test_other_places(p);
    test_place_without_permission(p);
    test_new_configuration(p);
    test_new_secret(p);
    fake_done(&fake);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
