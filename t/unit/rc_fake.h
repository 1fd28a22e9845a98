/* The outside world of the RingCentral client in a test: a clock that only sleeping
 * and exchanges move, a transport that answers by script, a log that is kept. */
#ifndef T_RC_FAKE_H
#define T_RC_FAKE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "rc_client.h"
#include "tap.h"

#define FAKE_START apr_time_from_sec(1800000000)
#define FAKE_TOKEN_URL "https://rc.test/restapi/oauth/token"

/* One scripted answer. */
typedef struct fake_answer_t {
    rc_exchange_t exchange;
    int status;
    const char *headers; /* "Name: value\nName: value", or NULL */
    const char *body;
    int msec; /* that it takes */
} fake_answer_t;

typedef struct fake_request_t {
    const char *method, *url, *headers, *body;
    apr_time_t time;
    apr_interval_time_t timeout;
} fake_request_t;

typedef struct fake_t {
    apr_pool_t *p;
    apr_time_t now;
    apr_interval_time_t slept;
    int interrupted; /* sleeping says APR_EINTR */
    const char *log;
    int locked, lock_misused, lock_fails;
    const fake_answer_t *script;
    int n_script, at;
    const fake_answer_t *token_script; /* NULL: every request gets a token */
    int n_token_script, token_at;
    int tokens;          /* given out */
    const char *refused; /* the end of the JWT that gets no token, or NULL */
    void (*on_perform)(struct fake_t *f, int nth); /* before an API answer */
    fake_request_t requests[400];
    int n_requests;
    base_env_t env;
    rc_transport_t transport;
    base_shared_t shared;
} fake_t;

static apr_time_t fake_now(void *ctx)
{
    return ((fake_t *)ctx)->now;
}

static apr_status_t fake_sleep(void *ctx, apr_interval_time_t t)
{
    fake_t *f = ctx;

    f->lock_misused |= f->locked;
    if (f->interrupted) {
        return APR_EINTR;
    }
    f->now += t;
    f->slept += t;
    return APR_SUCCESS;
}

static void fake_log(void *ctx, base_log_level_t level, apr_status_t rv,
                     const char *line)
{
    fake_t *f = ctx;

    f->log = apr_pstrcat(f->p, f->log, line, "\n", NULL);
}

static apr_status_t fake_lock(void *ctx)
{
    fake_t *f = ctx;

    if (f->lock_fails) {
        return APR_EGENERAL;
    }
    f->lock_misused |= f->locked;
    f->locked = 1;
    return APR_SUCCESS;
}

static void fake_unlock(void *ctx)
{
    ((fake_t *)ctx)->locked = 0;
}

static void fake_headers(apr_pool_t *p, apr_table_t *table, const char *lines)
{
    char *last, *line = apr_pstrdup(p, lines ? lines : "");

    for (line = apr_strtok(line, "\n", &last); line;
         line = apr_strtok(NULL, "\n", &last)) {
        char *colon = strchr(line, ':');

        *colon = '\0';
        apr_table_set(table, line, colon + 2);
    }
}

static rc_exchange_t fake_reply(fake_t *f, apr_pool_t *p, const fake_answer_t *a,
                                rc_http_response_t *response, const char **problem)
{
    f->now += apr_time_from_msec(a->msec);
    *problem = "the test says so";
    response->status = a->status;
    response->headers = apr_table_make(p, 4);
    fake_headers(p, response->headers, a->headers);
    response->body = apr_pstrdup(p, a->body ? a->body : "");
    response->body_len = strlen(response->body);
    return a->exchange;
}

/* Who asks for a token: "second", "third", or "token" for the first credential. */
static const char *fake_user(const char *body)
{
    return strstr(body, "second")  ? "second"
           : strstr(body, "third") ? "third"
                                   : "token";
}

static rc_exchange_t fake_perform(void *ctx, apr_pool_t *p,
                                  const rc_http_request_t *request,
                                  rc_http_response_t *response, const char **problem)
{
    static const fake_answer_t none = {RC_EXCHANGE_LOST, 0, NULL, NULL, 0};
    static const fake_answer_t refusal = {
        RC_EXCHANGE_DONE, 400, NULL,
        "{\"error\":\"invalid_client\",\"errors\":[{\"errorCode\":\"OAU-153\","
        "\"message\":\"Invalid client\"}]}",
        0};
    fake_t *f = ctx;
    fake_request_t *seen = &f->requests[f->n_requests++];
    int is_token = strcmp(request->url, FAKE_TOKEN_URL) == 0;

    f->lock_misused |= f->locked;
    seen->method = apr_pstrdup(f->p, request->method);
    seen->url = apr_pstrdup(f->p, request->url);
    seen->headers = apr_array_pstrcat(f->p, request->headers, '\n');
    seen->body =
        request->body ? apr_pstrmemdup(f->p, request->body, request->body_len) : NULL;
    seen->time = f->now;
    seen->timeout = request->timeout;
    if (is_token && f->token_script) {
        return fake_reply(
            f, p,
            f->token_at < f->n_token_script ? &f->token_script[f->token_at++] : &none,
            response, problem);
    }
    if (is_token && f->refused && strstr(seen->body, f->refused)) {
        return fake_reply(f, p, &refusal, response, problem);
    }
    if (is_token) {
        fake_answer_t token = {RC_EXCHANGE_DONE, 200, NULL, NULL, 0};

        token.body =
            apr_psprintf(p,
                         "{\"access_token\":\"SECRET-%s-%d\","
                         "\"owner_id\":\"%s\",\"expires_in\":3600,"
                         "\"token_type\":\"bearer\"}",
                         fake_user(seen->body), ++f->tokens, fake_user(seen->body));
        return fake_reply(f, p, &token, response, problem);
    }
    if (f->on_perform) {
        f->on_perform(f, f->at);
    }
    return fake_reply(f, p, f->at < f->n_script ? &f->script[f->at++] : &none, response,
                      problem);
}

static inline void fake_init(fake_t *f, apr_pool_t *p)
{
    memset(f, 0, sizeof *f);
    f->p = p;
    f->now = FAKE_START;
    f->log = "";
    f->env.ctx = f->transport.ctx = f->shared.ctx = f;
    f->env.now = fake_now;
    f->env.sleep = fake_sleep;
    f->env.log = fake_log;
    f->transport.perform = fake_perform;
    f->shared.lock = fake_lock;
    f->shared.unlock = fake_unlock;
}

/* Starts a new script; what was captured is forgotten. */
static inline void fake_script(fake_t *f, const fake_answer_t *script, int n)
{
    f->script = script;
    f->n_script = n;
    f->at = 0;
    f->n_requests = 0;
    f->tokens = 0;
    f->slept = 0;
}

#define FAKE_CREDENTIALS 3

static inline const char *fake_lock_file(fake_t *f)
{
    return apr_pstrdup(
        f->p, tap_temporary(apr_psprintf(f->p, "rc_fake.%d.lock", (int)getpid())));
}

/* An account with the first `n` credentials. */
static inline rc_client_conf_t fake_conf(fake_t *f, int n)
{
    static const rc_credential_t credentials[FAKE_CREDENTIALS] = {
        {"main", "the-client", "SECRET-client+", "SECRET.jw/t"},
        {"two", "the-client", "SECRET-client+", "SECRET.second"},
        {"three", "other-client", "SECRET-other", "SECRET.third"}};
    rc_client_conf_t conf;

    memset(&conf, 0, sizeof conf);
    conf.name = "acme";
    conf.platform = "https://rc.test";
    conf.credentials = credentials;
    conf.n_credentials = n;
    conf.max_waiting = 500;
    conf.lock_file = fake_lock_file(f);
    conf.timeout = apr_time_from_sec(20);
    conf.background_percent = 50;
    conf.limits[RC_LIGHT].limit = 50;
    conf.limits[RC_MEDIUM].limit = 40;
    conf.limits[RC_HEAVY].limit = 10;
    conf.limits[RC_AUTH].limit = 5;
    return conf;
}

/* A client with fresh shared memory. */
static inline rc_client_t *fake_client_with(fake_t *f, int n)
{
    rc_client_conf_t conf = fake_conf(f, n);

    f->shared.memory = apr_palloc(f->p, rc_client_shared_size());
    rc_client_shared_init(f->shared.memory, &conf);
    return rc_client_create(f->p, &conf, &f->transport, &f->shared);
}

static inline rc_client_t *fake_client(fake_t *f)
{
    return fake_client_with(f, 1);
}

static inline void fake_done(fake_t *f)
{
    ok(!f->lock_misused, "the lock is never held over a wait, and never taken twice");
    ok(!strstr(f->log, "SECRET"), "no secret in the log");
    unlink(fake_lock_file(f));
}

#endif
