#include "base_json.h"
#include "base_lock.h"
#include "rc_call.h"
#include "rc_fake.h"

#define SECOND apr_time_from_sec(1)
#define PATIENCE (30 * SECOND)
#define DONE RC_EXCHANGE_DONE
#define GRANT                                                                          \
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="      \
    "SECRET.jw%2Ft"
#define REFUSAL                                                                        \
    "{\"error\":\"invalid_client\",\"error_description\":\"Invalid client: x\","       \
    "\"errors\":[{\"errorCode\":\"OAU-153\",\"message\":\"Invalid client: x\"}]}"

static fake_t fake;
static rc_client_t *client;
static rc_bearer_t bearer;

#define script_token(answers)                                                          \
    fake_script(&fake, NULL, 0);                                                       \
    fake.token_script = answers;                                                       \
    fake.n_token_script = sizeof(answers) / sizeof(answers)[0];                        \
    fake.token_at = 0

static void fresh(apr_pool_t *p)
{
    fake_init(&fake, p);
    client = fake_client(&fake);
}

static rc_error_t *get(void)
{
    rc_caller_t who = {&fake.env, fake.now + PATIENCE, RC_INTERACTIVE, NULL};

    return rc_token_get(client, &who, fake.p, 0, &bearer);
}

/* The token's text, or the error's kind in brackets. */
static const char *got(void)
{
    rc_error_t *error = get();

    return error ? apr_psprintf(fake.p, "[%d] %s (%s) %d", error->kind, error->message,
                                error->code, error->retry_after)
                 : apr_pstrdup(fake.p, bearer.value);
}

static void test_grant(apr_pool_t *p)
{
    fresh(p);
    is_str(got(), "SECRET-token-1", "a token");
    is_int(fake.n_requests, 1, "... for one request");
    is_str(fake.requests[0].method, "POST", "... that is a POST");
    is_str(fake.requests[0].body, GRANT, "... with the JWT grant");
    ok(strstr(fake.requests[0].headers,
              "Authorization: Basic dGhlLWNsaWVudDpTRUNSRVQtY2xpZW50Kw==") != NULL,
       "... with the client's secret");
    ok(strstr(fake.requests[0].headers,
              "Content-Type: application/x-www-form-urlencoded") != NULL,
       "... as a form");
    is_str(got(), "SECRET-token-1", "it is kept");
    fake.now += 3299 * SECOND;
    is_str(got(), "SECRET-token-1", "... until it is nearly over");
    fake.now += 2 * SECOND;
    is_str(got(), "SECRET-token-2", "... and then renewed ahead of its end");
    is_int(fake.n_requests, 2, "... once");
    ok(strstr(fake.log, "SCIMRC0205") != NULL, "... and logged");
}

static void test_short_life(apr_pool_t *p)
{
    static const fake_answer_t answers[] = {
        {DONE, 200, NULL, "{\"access_token\":\"a\",\"expires_in\":2}", 500},
        {DONE, 200, NULL, "{\"access_token\":\"b\",\"expires_in\":0}", 0},
        {DONE, 200, NULL, "{\"access_token\":\"c\",\"expires_in\":99999999999}", 0},
        {DONE, 200, NULL, "{\"access_token\":\"d\"}", 0},
    };

    fresh(p);
    script_token(answers);
    is_str(got(), "a", "a token for two seconds");
    fake.now += 1200 * 1000;
    is_str(got(), "a", "... lasts for nearly as long");
    fake.now += 300 * 1000;
    is_str(got(), "b", "... counted from before the request");
    fake.now += 1 * SECOND;
    is_str(got(), "c", "no life at all is a second");
    fake.now += 86401 * SECOND;
    is_str(got(), "d", "no life is longer than a day");
    fake.now += 50 * SECOND;
    is_str(got(), "d", "no word on it is a minute");
}

static void test_renewal_fails(apr_pool_t *p)
{
    static const fake_answer_t answers[] = {
        {DONE, 200, NULL, "{\"access_token\":\"a\",\"expires_in\":1000}", 0},
        {DONE, 503, NULL, "<html>", 0},
        {RC_EXCHANGE_UNREACHED, 0, NULL, NULL, 0},
        {DONE, 200, NULL, "{\"access_token\":\"b\",\"expires_in\":1000}", 0},
    };
    rc_error_t *error;

    fresh(p);
    script_token(answers);
    got();
    fake.now += 901 * SECOND;
    is_str(got(), "a", "when renewal fails the old token is used");
    is_str(got(), "a", "... by everybody");
    is_int(fake.n_requests, 2, "... and nobody asks again at once");
    fake.now += 2 * SECOND;
    got();
    is_int(fake.n_requests, 3, "... but after two seconds");
    fake.now += 3 * SECOND;
    got();
    is_int(fake.n_requests, 3, "... then not for four");
    fake.now += 1 * SECOND;
    is_str(got(), "b", "... until there is a new one");
    fake.now += 1001 * SECOND;
    error = get();
    ok(error && error->kind == RC_UNAVAILABLE, "no token, and no answer to be had");
    is_int(error ? error->retry_after : 0, 2, "... the count of failures began anew");
    is_int(fake.slept, 0, "nobody slept for it");
}

/* A failure, and how long the endpoint is left alone after it. */
static void test_failures(apr_pool_t *p)
{
    static const struct {
        const char *name;
        fake_answer_t answer;
        const char *first; /* what the caller hears */
        int pauses[3];     /* after one, two and many failures */
    } cases[] = {
        {"wrong client",
         {DONE, 400, NULL, REFUSAL, 0},
         "[3] Invalid client: x (OAU-153) 60",
         {60, 120, 900}},
        {"401",
         {DONE, 401, NULL, "", 0},
         "[3] HTTP status 401 without an explanation () 60",
         {60, 120, 900}},
        {"no such path",
         {DONE, 404, NULL, "<html>", 0},
         "[3] HTTP status 404 without an explanation () 60",
         {60, 120, 900}},
        {"the secret comes back",
         {DONE, 400, NULL,
          "{\"error\":\"invalid_grant\",\"error_description\":\"bad SECRET.jw/t\"}", 0},
         "[3] (a message that repeats a secret) (invalid_grant) 60",
         {60, 120, 900}},
        {"503",
         {DONE, 503, NULL, "<html>", 0},
         "[5] HTTP status 503 without an explanation () 2",
         {2, 4, 60}},
        {"503 with Retry-After",
         {DONE, 503, "Retry-After: 33", "", 0},
         "[5] HTTP status 503 without an explanation () 33",
         {33, 33, 60}},
        {"no connection",
         {RC_EXCHANGE_UNREACHED, 0, NULL, NULL, 0},
         "[5] the token endpoint gave no answer: the test says so () 2",
         {2, 4, 60}},
        {"no answer",
         {RC_EXCHANGE_LOST, 0, NULL, NULL, 0},
         "[5] the token endpoint gave no answer: the test says so () 2",
         {2, 4, 60}},
        {"no token in it",
         {DONE, 200, NULL, "{\"token_type\":\"bearer\"}", 0},
         "[5] the token endpoint's answer has no token () 2",
         {2, 4, 60}},
        {"a token that would break the header",
         {DONE, 200, NULL, "{\"access_token\":\"a\\r\\nX: y\"}", 0},
         "[5] the token endpoint's answer has no token () 2",
         {2, 4, 60}},
    };
    apr_size_t i;
    int n, pause;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_answer_t answers[20];

        for (n = 0; n < 20; n++) {
            answers[n] = cases[i].answer;
        }
        fresh(p);
        script_token(answers);
        is_str(got(), cases[i].first, cases[i].name);
        is_str(got(), cases[i].first, "... is remembered");
        is_int(fake.n_requests, 1, "... and the endpoint not asked twice");
        for (n = 1; n <= 12; n++) {
            pause = cases[i].pauses[n < 3 ? n - 1 : 2];
            if (n < 3 || n > 10) {
                fake.now += pause * SECOND - 1;
                got();
                is_int(fake.n_requests, n, "... not before its time");
                fake.now += 1;
            }
            else {
                fake.now += 900 * SECOND;
            }
            got();
        }
        is_int(fake.n_requests, 13, "... and asked once each time");
        is_int(fake.slept, 0, "... nobody waits for it");
    }
}

static void test_rate(apr_pool_t *p)
{
    static const fake_answer_t answers[] = {
        {DONE, 429,
         "X-Rate-Limit-Group: auth\nX-Rate-Limit-Limit: 5\n"
         "X-Rate-Limit-Remaining: 0\nRetry-After: 75",
         "{\"errorCode\":\"CMN-301\",\"message\":\"Request rate exceeded\"}", 0},
        {DONE, 200, NULL, "{\"access_token\":\"a\",\"expires_in\":1000}", 0},
    };
    rc_caller_t who = {&fake.env, 0, RC_INTERACTIVE, NULL};
    rc_error_t *error;
    int i;

    fresh(p);
    script_token(answers);
    is_str(got(), "[5] Request rate exceeded (CMN-301) 75", "429");
    fake.now += 74 * SECOND;
    is_str(got(), "[5] Request rate exceeded (CMN-301) 1", "... until its end");
    fake.now += 2 * SECOND;
    is_str(got(), "a", "... and not longer");
    fresh(p);
    for (i = 0; i < 5; i++) {
        get();
        rc_token_drop(client, &who, p, &bearer);
    }
    error = get();
    ok(error && error->kind == RC_BUSY, "the auth group is paced like any other");
    is_int(fake.n_requests, 5, "... five a minute");
}

static void test_generations(apr_pool_t *p)
{
    rc_caller_t who = {&fake.env, 0, RC_INTERACTIVE, NULL};
    rc_bearer_t old;
    rc_error_t *error;

    fresh(p);
    get();
    old = bearer;
    rc_token_drop(client, &who, p, &old);
    is_str(got(), "SECRET-token-2", "a refused token is not used again");
    rc_token_drop(client, &who, p, &old);
    is_str(got(), "SECRET-token-2",
           "... who refuses it late does not harm the new one");
    error = rc_error(p, RC_CREDENTIALS, "OAuth token is invalid");
    rc_token_distrust(client, &who, p, &old, error);
    is_str(got(), "SECRET-token-2", "... nor who distrusts it");
    rc_token_distrust(client, &who, p, &bearer, error);
    is_int(error->retry_after, 60, "a new token that is refused: a pause");
    is_str(got(), "[3] OAuth token is invalid () 60", "... for all");
    fake.now += 20 * SECOND;
    error = rc_error(p, RC_CREDENTIALS, "OAuth token is invalid");
    rc_token_distrust(client, &who, p, &bearer, error);
    is_int(error->retry_after, 40, "... and not longer when many had used the token");
    fake.now += 40 * SECOND;
    is_str(got(), "SECRET-token-3", "... then another token");
    ok(bearer.doubted, "... in doubt");
    rc_token_distrust(client, &who, p, &bearer, error);
    is_int(error->retry_after, 120, "... a longer pause");
    fake.now += 120 * SECOND;
    get();
    rc_token_trust(client, &who, &bearer);
    get();
    ok(!bearer.doubted, "until one is accepted");
    error = rc_error(p, RC_CREDENTIALS, "OAuth token is invalid");
    rc_token_distrust(client, &who, p, &bearer, error);
    is_int(error->retry_after, 60, "... which begins the count anew");
}

static void test_lock(apr_pool_t *p)
{
    base_lock_t *lock = NULL;
    rc_error_t *error;

    fresh(p);
    base_lock_acquire(&lock, p, client->conf.lock_file, 0, 0, &fake.env);
    error = get();
    ok(error && error->kind == RC_UNAVAILABLE && fake.n_requests == 0,
       "while another process asks, this one waits");
    ok(fake.slept > PATIENCE - SECOND && fake.slept <= PATIENCE, "... patiently");
    fake.interrupted = 1;
    error = get();
    ok(error && error->kind == RC_INTERRUPTED, "... unless interrupted");
    fake.interrupted = 0;
    base_lock_release(lock);
    is_str(got(), "SECRET-token-1", "then it is its turn");
    fake.now += 3400 * SECOND;
    fake.slept = 0;
    lock = NULL;
    base_lock_acquire(&lock, p, client->conf.lock_file, 0, 0, &fake.env);
    is_str(got(), "SECRET-token-1", "while another renews, the old one will do");
    is_int(fake.slept, 0, "... without waiting");
    base_lock_release(lock);
    fake.lock_fails = 1;
    error = get();
    ok(error && error->kind == RC_UNAVAILABLE, "a broken lock gives no token");
    fake.lock_fails = 0;
}

/* Another process gets a token while we wait for the lock file. */
static apr_status_t sleep_and_renew(void *ctx, apr_interval_time_t t)
{
    rc_token_state_t *shared = client->tokens;

    apr_cpystrn(shared->value, "from-the-other", sizeof shared->value);
    shared->expires = fake.now + 1000 * SECOND;
    shared->renew_at = shared->expires;
    shared->generation++;
    return fake_sleep(ctx, t);
}

static void test_race(apr_pool_t *p)
{
    base_lock_t *lock = NULL;
    base_env_t env;
    rc_caller_t who;
    rc_error_t *error;

    fresh(p);
    env = fake.env;
    env.sleep = sleep_and_renew;
    who.env = &env;
    who.deadline = fake.now + SECOND;
    who.work = RC_INTERACTIVE;
    who.place = NULL;
    base_lock_acquire(&lock, p, client->conf.lock_file, 0, 0, &fake.env);
    error = rc_token_get(client, &who, p, 0, &bearer);
    ok(error != NULL, "the lock stays taken: no result in time");
    base_lock_release(lock);
    is_str(got(), "from-the-other", "what another process got is used");
    is_int(fake.n_requests, 0, "... without a request");
}

static void test_lock_file(apr_pool_t *p)
{
    rc_error_t *error;

    fresh(p);
    client->conf.lock_file = "/nonexistent/folder/lock";
    error = get();
    ok(error && error->kind == RC_UNAVAILABLE && strstr(fake.log, "SCIMRC0206"),
       "a lock file that cannot be made is an error in the log");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_grant(p);
    test_short_life(p);
    test_renewal_fails(p);
    test_failures(p);
    ok(!strstr(fake.log, "SECRET"), "no secret in the log");
    test_rate(p);
    test_generations(p);
    test_lock(p);
    test_race(p);
    test_lock_file(p);
    fake_done(&fake);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
