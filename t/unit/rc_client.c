#include "base_json.h"
#include "rc_fake.h"

#define SECOND apr_time_from_sec(1)
#define DONE RC_EXCHANGE_DONE
#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))
#define ROOT "https://rc.test/restapi/"
#define ONE "{\"id\":4711,\"records\":[]}" /* an answer that suits all operations */

static fake_t fake;
static rc_client_t *client;

static void fresh(apr_pool_t *p)
{
    fake_init(&fake, p);
    client = fake_client(&fake);
}

static rc_caller_t caller(int seconds)
{
    rc_caller_t who = {&fake.env, fake.now + seconds * SECOND, RC_INTERACTIVE, NULL};

    return who;
}

/* --- every operation once ------------------------------------------------------- */

static const char *const some_ids[] = {"11", "22"};

static rc_error_t *list_all(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    rc_extension_query_t query = {0, 0, NULL, NULL};

    return rc_extension_list(client, who, p, &query, out);
}

static rc_error_t *list_some(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    rc_extension_query_t query = {2, 1000, "a+b&c@x.org", "Unassigned"};

    return rc_extension_list(client, who, p, &query, out);
}

static rc_error_t *read_one(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_extension_read(client, who, p, "4711", out);
}

static rc_error_t *create(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    json_t *body = base_json_own(p, json_pack("{s:s}", "password", "SECRET-Pw1"));

    return rc_extension_create(client, who, p, body, out);
}

static rc_error_t *update(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    json_t *body = base_json_own(p, json_pack("{s:s}", "status", "Disabled"));

    return rc_extension_update(client, who, p, "4711", body, out);
}

static rc_error_t *release(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_extension_release(client, who, p, "4711");
}

static rc_error_t *remove_two(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_extension_remove(client, who, p, some_ids, 2, out);
}

static rc_error_t *welcome(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_welcome_send(client, who, p, "a@x.org");
}

static rc_error_t *countries(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_dictionary_read(client, who, p, RC_DICT_COUNTRIES, out);
}

static rc_error_t *states(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_dictionary_read(client, who, p, RC_DICT_STATES, out);
}

static rc_error_t *languages(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_dictionary_read(client, who, p, RC_DICT_LANGUAGES, out);
}

static rc_error_t *timezones(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_dictionary_read(client, who, p, RC_DICT_TIMEZONES, out);
}

static rc_error_t *directory(rc_caller_t *who, apr_pool_t *p, json_t **out)
{
    return rc_directory_read(client, who, p, apr_array_make(p, 1, sizeof(char *)), out);
}

static const struct operation_t {
    const char *name;
    rc_error_t *(*run)(rc_caller_t *who, apr_pool_t *p, json_t **out);
    const char *method, *path, *body;
    rc_group_t group;
    int writes;
} operations[] = {
    {"list", list_all, "GET", "v1.0/account/~/extension", NULL, RC_MEDIUM, 0},
    {"list with a query", list_some, "GET",
     "v1.0/account/~/extension?page=2&perPage=1000&email=a%2Bb%26c%40x.org"
     "&status=Unassigned",
     NULL, RC_MEDIUM, 0},
    {"read", read_one, "GET", "v1.0/account/~/extension/4711", NULL, RC_LIGHT, 0},
    {"create", create, "POST", "v1.0/account/~/extension",
     "{\"password\":\"SECRET-Pw1\"}", RC_MEDIUM, 1},
    {"update", update, "PUT", "v1.0/account/~/extension/4711",
     "{\"status\":\"Disabled\"}", RC_MEDIUM, 1},
    {"release", release, "DELETE",
     "v1.0/account/~/extension/4711?savePhoneLines=true&savePhoneNumbers=true", NULL,
     RC_MEDIUM, 1},
    {"remove", remove_two, "DELETE", "v2/accounts/~/extensions",
     "{\"keepAssetsInInventory\":true,\"records\":[{\"id\":\"11\"},{\"id\":\"22\"}]}",
     RC_HEAVY, 1},
    {"welcome", welcome, "POST", "v2/accounts/~/send-welcome-email",
     "{\"email\":\"a@x.org\"}", RC_MEDIUM, 1},
    {"countries", countries, "GET", "v1.0/dictionary/country?perPage=1000&page=1", NULL,
     RC_LIGHT, 0},
    {"states", states, "GET",
     "v1.0/dictionary/state?allCountries=true&perPage=1000&page=1", NULL, RC_LIGHT, 0},
    {"languages", languages, "GET", "v1.0/dictionary/language", NULL, RC_LIGHT, 0},
    {"timezones", timezones, "GET", "v1.0/dictionary/timezone?perPage=1000&page=1",
     NULL, RC_LIGHT, 0},
    {"directory", directory, "GET",
     "v1.0/account/~/directory/entries?showFederated=false&type=User&perPage=2000"
     "&page=1",
     NULL, RC_MEDIUM, 0},
};

static void test_operations(apr_pool_t *p)
{
    static const fake_answer_t good[] = {{DONE, 200, NULL, ONE, 30}},
                               empty[] = {{DONE, 204, NULL, "", 30}};
    int i;

    for (i = 0; i < COUNT(operations); i++) {
        const struct operation_t *o = &operations[i];
        rc_pacer_state_t *quota;
        rc_caller_t who;
        json_t *out = NULL;
        fake_request_t *r = &fake.requests[1];

        fresh(p);
        fake_script(&fake, o->run == release || o->run == welcome ? empty : good, 1);
        who = caller(10);
        ok(!o->run(&who, p, &out), o->name);
        is_int(fake.n_requests, 2, "... a token and one call");
        is_str(r->method, o->method, "... method");
        is_str(r->url, apr_pstrcat(p, ROOT, o->path, NULL), "... url");
        is_str(r->body, o->body, "... body");
        ok(strstr(r->headers, "Authorization: Bearer SECRET-token-1") &&
               strstr(r->headers, "Accept: application/json") &&
               strstr(r->headers, "Accept-Language: en-US"),
           "... headers");
        is_int(!!strstr(r->headers, "Content-Type: application/json"), !!o->body,
               "... a type with a body");
        is_int(r->timeout, 20 * SECOND, "... time-out");
        quota = rc_client_quota(fake.shared.memory);
        is_int(quota->quotas[0].buckets[o->group].sent, 1, "... group");
        ok(!strstr(fake.log, "SECRET"), "... no secret in the log");
    }
}

/* --- what is repeated and what is not ------------------------------------------- */

#define E(code) "{\"errorCode\":\"" code "\",\"message\":\"M\"}"

static const fake_answer_t good = {DONE, 200, NULL, ONE, 10};

static const struct repetition_t {
    const char *name;
    fake_answer_t first;
    int read, write; /* how often each is sent, when the second answer is good */
} repetitions[] = {
    {"lost", {RC_EXCHANGE_LOST, 0, NULL, NULL, 0}, 2, 1},
    {"unreached", {RC_EXCHANGE_UNREACHED, 0, NULL, NULL, 0}, 1, 1},
    {"503", {DONE, 503, NULL, E("CMN-201"), 0}, 2, 1},
    {"503 for a second", {DONE, 503, "Retry-After: 1", E("CMN-201"), 0}, 2, 1},
    {"503 for an hour", {DONE, 503, "Retry-After: 3600", E("CMN-201"), 0}, 1, 1},
    {"500", {DONE, 500, NULL, E("CMN-203"), 0}, 2, 1},
    {"502 HTML", {DONE, 502, NULL, "<html>", 0}, 2, 1},
    {"no JSON", {DONE, 200, NULL, "{\"id\":", 0}, 1, 1},
    {"another extension", {DONE, 200, NULL, "{\"id\":4712}", 0}, 1, 1},
    {"no extension", {DONE, 200, NULL, "{\"records\":[]}", 0}, 1, 1},
    {"400", {DONE, 400, NULL, E("CMN-101"), 0}, 1, 1},
    {"404", {DONE, 404, NULL, E("CMN-102"), 0}, 1, 1},
    {"401", {DONE, 401, NULL, E("OAU-149"), 0}, 2, 2},
    {"401 without a body", {DONE, 401, NULL, "", 0}, 2, 2},
    {"429", {DONE, 429, "Retry-After: 60", E("CMN-301"), 0}, 1, 1},
    {"a collision", {DONE, 429, NULL, E("CMN-304"), 0}, 2, 2},
};

static int api_calls(void)
{
    int i, n = 0;

    for (i = 0; i < fake.n_requests; i++) {
        n += strcmp(fake.requests[i].url, FAKE_TOKEN_URL) != 0;
    }
    return n;
}

static void test_repetitions(apr_pool_t *p)
{
    int i;

    for (i = 0; i < COUNT(repetitions); i++) {
        const struct repetition_t *t = &repetitions[i];
        fake_answer_t answers[2];
        rc_caller_t who;
        rc_error_t *error;
        json_t *out;

        answers[0] = t->first;
        answers[1] = good;
        fresh(p);
        fake_script(&fake, answers, 2);
        who = caller(30);
        error = read_one(&who, p, &out);
        is_int(api_calls(), t->read, apr_psprintf(p, "read, %s", t->name));
        is_int(!error, t->read == 2, "... its result");
        fresh(p);
        fake_script(&fake, answers, 2);
        who = caller(30);
        error = update(&who, p, &out);
        is_int(api_calls(), t->write, apr_psprintf(p, "write, %s", t->name));
        is_int(!error, t->write == 2, "... its result");
    }
}

static void test_no_time(apr_pool_t *p)
{
    static const fake_answer_t late[] = {{RC_EXCHANGE_LOST, 0, NULL, NULL, 20000},
                                         {DONE, 200, NULL, ONE, 0}};
    static const fake_answer_t out_of_order[] = {{DONE, 503, NULL, E("CMN-201"), 0},
                                                 {DONE, 503, NULL, E("CMN-201"), 0},
                                                 {DONE, 200, NULL, ONE, 0}};
    rc_error_t *error;
    rc_caller_t who;
    json_t *out;

    fresh(p);
    fake_script(&fake, late, 2);
    who = caller(5);
    error = read_one(&who, p, &out);
    ok(error && error->kind == RC_LOST && api_calls() == 1,
       "no repetition when the time is over");
    is_str(error ? error->message : NULL,
           "the answer to readExtension was lost: the test says so", "... and why");
    fresh(p);
    fake_script(&fake, out_of_order, 3);
    who = caller(30);
    error = read_one(&who, p, &out);
    ok(error && error->kind == RC_UNAVAILABLE && api_calls() == 2, "once, not twice");
}

/* --- tokens that are refused ----------------------------------------------------- */

static void test_refused(apr_pool_t *p)
{
    static const fake_answer_t once[] = {{DONE, 401, NULL, E("TokenExpired"), 0},
                                         {DONE, 200, NULL, ONE, 0}};
    static const fake_answer_t always[] = {{DONE, 401, NULL, E("CMN-405"), 0},
                                           {DONE, 401, NULL, E("CMN-405"), 0},
                                           {DONE, 401, NULL, E("CMN-405"), 0},
                                           {DONE, 200, NULL, ONE, 0}};
    rc_caller_t who;
    rc_error_t *error;
    json_t *out;

    fresh(p);
    fake_script(&fake, once, 2);
    who = caller(30);
    ok(!create(&who, p, &out), "a refused token is renewed");
    is_int(fake.tokens, 2, "... once");
    ok(strstr(fake.requests[3].headers, "Bearer SECRET-token-2") != NULL,
       "... and the call repeated with the new one");
    is_str(fake.requests[3].body, fake.requests[1].body, "... as it was");

    fresh(p);
    fake_script(&fake, always, 4);
    who = caller(30);
    error = create(&who, p, &out);
    ok(error && error->kind == RC_CREDENTIALS, "refused twice: no credentials");
    is_int(error ? error->retry_after : 0, 60, "... for a minute");
    is_int(fake.tokens, 2, "... after one new token");
    error = create(&who, p, &out);
    ok(error && error->kind == RC_CREDENTIALS && fake.n_requests == 4,
       "... nothing is sent meanwhile");
    fake.now += 61 * SECOND;
    who = caller(30);
    error = create(&who, p, &out);
    ok(error && error->kind == RC_CREDENTIALS && fake.tokens == 3,
       "... then one token and one call are tried");
    is_int(error ? error->retry_after : 0, 120, "... and a longer pause");
    fake.now += 121 * SECOND;
    who = caller(30);
    ok(!create(&who, p, &out), "until it works again");
    ok(strstr(fake.log, "SCIMRC0203") != NULL, "... and all is in the log");
}

static rc_client_t *sibling; /* the same account in another process */

static void renew_meanwhile(fake_t *f, int nth)
{
    rc_caller_t who = {&f->env, f->now + 10 * SECOND, RC_INTERACTIVE, NULL};
    static const fake_answer_t answers[] = {{DONE, 401, NULL, "", 0},
                                            {DONE, 200, NULL, ONE, 0},
                                            {DONE, 401, NULL, "", 0},
                                            {DONE, 200, NULL, ONE, 0}};
    json_t *out;

    if (nth == 0 && f->script != answers) {
        f->script = answers;
        f->n_script = 4;
        rc_extension_read(sibling, &who, f->p, "1", &out);
    }
}

static void test_refused_elsewhere(apr_pool_t *p)
{
    rc_caller_t who;
    json_t *out;

    fresh(p);
    rc_client_quota(fake.shared.memory)->quotas[0].buckets[RC_LIGHT].cold = 0;
    sibling = client;
    fake_script(&fake, NULL, 0);
    fake.on_perform = renew_meanwhile;
    who = caller(30);
    ok(!read_one(&who, p, &out), "two processes find the same token refused");
    is_int(fake.tokens, 2, "... and only one renews it");
}

/* A wait for the quota that outlives the token. */
static void test_outlived(apr_pool_t *p)
{
    static const fake_answer_t tokens[] = {
        {DONE, 200, NULL, "{\"access_token\":\"a\",\"expires_in\":30}", 0},
        {DONE, 200, NULL, "{\"access_token\":\"b\",\"expires_in\":30}", 0}};
    static const fake_answer_t one_token[] = {
        {DONE, 200, NULL, "{\"access_token\":\"a\",\"expires_in\":30}", 0},
        {DONE, 400, NULL, "{\"error\":\"invalid_grant\"}", 0}};
    rc_error_t *error;
    int works;

    for (works = 0; works < 2; works++) {
        const rc_bucket_t *heavy;
        rc_caller_t who;
        json_t *out;
        int i, in_flight = 0;

        fresh(p);
        fake_script(&fake, NULL, 0);
        fake.token_script = works ? tokens : one_token;
        fake.n_token_script = 2;
        for (i = 0; i < 10; i++) {
            who = caller(0);
            remove_two(&who, p, &out);
        }
        fake_script(&fake, &good, 1);
        who = caller(100);
        error = remove_two(&who, p, &out);
        heavy = &rc_client_quota(fake.shared.memory)->quotas[0].buckets[RC_HEAVY];
        for (i = 0; i < RC_WINDOW_SLOTS; i++) {
            in_flight += heavy->slots[i].in_flight;
        }
        ok(fake.slept > 50 * SECOND && in_flight == 0,
           "a call that waits for the quota");
        if (works) {
            ok(!error && strstr(fake.requests[1].headers, "Bearer b"),
               "... goes out with a token that is still valid");
        }
        else {
            ok(error && error->kind == RC_CREDENTIALS && heavy->sent == 10,
               "... or not at all");
        }
    }
}

/* --- the quota -------------------------------------------------------------------- */

static void test_quota(apr_pool_t *p)
{
    static const char forty[] = "X-Rate-Limit-Group: medium\nX-Rate-Limit-Limit: 40\n"
                                "X-Rate-Limit-Window: 60";
    fake_answer_t answers[60];
    rc_error_t *error = NULL;
    rc_caller_t who;
    json_t *out;
    int i;

    for (i = 0; i < 60; i++) {
        answers[i] = good;
        answers[i].headers = forty;
    }
    fresh(p);
    fake_script(&fake, answers, 60);
    for (i = 0; i < 40 && !error; i++) {
        who = caller(0);
        error = update(&who, p, &out);
    }
    is_int(i, 40, "forty writes go at once");
    who = caller(30);
    error = update(&who, p, &out);
    ok(error && error->kind == RC_BUSY && error->http_status == 0, "one more does not");
    ok(error && error->retry_after >= 59 && error->retry_after <= 61,
       "... and says when");
    is_int(api_calls(), 40, "... and is not sent");
    who = caller(30);
    ok(!read_one(&who, p, &out), "another group is not concerned");
    who = caller(90);
    ok(!update(&who, p, &out), "a patient caller is sent");
    ok(fake.requests[42].time >= fake.requests[1].time + 60 * SECOND,
       "... when the window allows it");
}

static void test_penalty(apr_pool_t *p)
{
    static const fake_answer_t answers[] = {
        {DONE, 429, "Retry-After: 44", E("CMN-310"), 0}, {DONE, 200, NULL, ONE, 0}};
    rc_error_t *error;
    rc_caller_t who;
    json_t *out;

    fresh(p);
    fake_script(&fake, answers, 2);
    who = caller(30);
    error = update(&who, p, &out);
    ok(error && error->kind == RC_BUSY && error->http_status == 429, "429");
    is_int(error ? error->retry_after : 0, 60, "... for a window at least");
    error = read_one(&who, p, &out);
    ok(error && error->kind == RC_BUSY, "a limit of the account closes every group");
    is_int(api_calls(), 1, "... and nothing is sent");
    ok(strstr(fake.log, "SCIMRC0202") != NULL, "... it is in the log");
    fake.now += 61 * SECOND;
    ok(!update(&who, p, &out), "until it is over");
}

/* --- pages and the rest ----------------------------------------------------------- */

static void test_pages(apr_pool_t *p)
{
    static const fake_answer_t pages[] = {
        {DONE, 200, NULL,
         "{\"records\":[{\"id\":1},{\"id\":2}],\"paging\":{\"page\":1,\"perPage\":2,"
         "\"totalPages\":3}}",
         0},
        {DONE, 200, NULL,
         "{\"records\":[{\"id\":3},{\"id\":4}],\"paging\":{\"page\":2,\"perPage\":2}}",
         0},
        {DONE, 200, NULL, "{\"records\":[{\"id\":5}],\"paging\":{\"perPage\":2}}", 0},
    };
    static const fake_answer_t broken[] = {
        {DONE, 200, NULL, "{\"records\":[1],\"paging\":{\"totalPages\":2}}", 0},
        {DONE, 403, NULL, E("CMN-401"), 0}};
    static const fake_answer_t strange[] = {{DONE, 200, NULL, "{\"records\":{}}", 0}};
    rc_error_t *error;
    rc_caller_t who;
    json_t *out = NULL;

    fresh(p);
    fake_script(&fake, pages, 3);
    who = caller(30);
    ok(!directory(&who, p, &out), "all pages of the directory");
    is_int(json_array_size(out), 5, "... in one array");
    is_int(base_json_int(json_array_get(out, 4), "id", 0), 5, "... in order");
    ok(strstr(fake.requests[3].url, "&page=3") != NULL, "... page by page");
    fake_script(&fake, pages, 3);
    ok(!countries(&who, p, &out), "all pages of a dictionary");
    is_int(json_array_size(json_object_get(out, "records")), 5, "... in one document");
    fake_script(&fake, broken, 2);
    error = countries(&who, p, &out);
    ok(error && error->kind == RC_FORBIDDEN, "an error on the second page");
    is_str(error ? error->code : NULL, "CMN-401", "... outlives it");
    fake_script(&fake, strange, 1);
    error = countries(&who, p, &out);
    ok(error && error->kind == RC_PROTOCOL, "a list without records makes no sense");
    fake_script(&fake, strange, 1);
    error = list_all(&who, p, &out);
    ok(error && error->kind == RC_PROTOCOL, "... nor one of extensions");
}

static void test_ids(apr_pool_t *p)
{
    static const char *const bad[] = {
        "",   "1/../../../oauth/revoke", "~", "1,2", "1?x=y", "-1", "+1",
        " 1", "123456789012345678901",   NULL};
    rc_caller_t who;
    json_t *out;
    int i;

    fresh(p);
    who = caller(30);
    for (i = 0; i < COUNT(bad); i++) {
        rc_error_t *error = rc_extension_read(client, &who, p, bad[i], &out);

        ok(error && error->kind == RC_NOT_FOUND,
           apr_psprintf(p, "'%s' is no id", bad[i] ? bad[i] : "(null)"));
    }
    ok(rc_extension_remove(client, &who, p, some_ids, 0, &out) != NULL,
       "none to remove");
    ok(rc_extension_remove(client, &who, p, some_ids, 51, &out) != NULL, "too many");
    ok(rc_welcome_send(client, &who, p, "\xff@x.org") != NULL,
       "a mail address in Latin-1");
    is_int(fake.n_requests, 0, "nothing of that is sent");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_operations(p);
    test_repetitions(p);
    test_no_time(p);
    test_refused(p);
    test_refused_elsewhere(p);
    test_outlived(p);
    test_quota(p);
    test_penalty(p);
    test_pages(p);
    test_ids(p);
    fake_done(&fake);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
