#include "rc_token.h"

#include <string.h>
#include <apr_base64.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_lock.h"
#include "base_str.h"
#include "rc_call.h"

#define TOKEN_LOCK 0 /* its number in the lock file */

/* A token is renewed when a tenth of its life is left, at most: */
#define LONGEST_LEAD apr_time_from_sec(300)
#define LONGEST_LIFE 86400 /* seconds */
#define UNKNOWN_LIFE 60
#define LONGEST_RETRY 86400

/* Seconds before the endpoint is asked again; doubled with every failure in a row. */
typedef struct backoff_t {
    int first, longest;
} backoff_t;

static const backoff_t refused_backoff = {60, 900};
static const backoff_t outage_backoff = {2, 60};

static const char grant[] =
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

static rc_error_t *lock_failed(apr_pool_t *p)
{
    return rc_error(p, RC_UNAVAILABLE, "the lock of the shared memory failed");
}

static int seconds_of(const backoff_t *backoff, apr_uint32_t failures)
{
    int seconds = backoff->first;

    while (--failures > 0 && seconds < backoff->longest) {
        seconds *= 2;
    }
    return seconds < backoff->longest ? seconds : backoff->longest;
}

/* Copies text into shared memory, cut between two characters. */
static void keep(char *to, apr_size_t size, const char *text)
{
    apr_size_t len = strlen(text);

    if (len >= size) {
        len = size - 1;
        while (len > 0 && (text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memcpy(to, text, len);
    to[len] = '\0';
}

/* Remembers a failure, under the lock; error->retry_after as it is from now on. */
static void remember(rc_token_state_t *t, rc_error_t *error, apr_time_t now)
{
    int seconds =
        seconds_of(error->kind == RC_CREDENTIALS ? &refused_backoff : &outage_backoff,
                   ++t->failures);

    if (seconds < error->retry_after) {
        seconds =
            error->retry_after < LONGEST_RETRY ? error->retry_after : LONGEST_RETRY;
    }
    t->retry_at = now + apr_time_from_sec(seconds);
    t->kind = error->kind;
    t->http_status = error->http_status;
    keep(t->code, sizeof t->code, error->code);
    keep(t->message, sizeof t->message, error->message);
    error->retry_after = seconds;
}

static void complain(const rc_client_t *c, const base_env_t *env,
                     const rc_error_t *error)
{
    if (error->kind == RC_CREDENTIALS) {
        base_log(env, BASE_LOG_ERROR, APR_SUCCESS,
                 "SCIMRC0203: account '%s': RingCentral gives no access token: %s (%s, "
                 "HTTP %d); the next attempt is in %d s",
                 c->conf.name, error->message, error->code, error->http_status,
                 error->retry_after);
    }
    else {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0204: account '%s': no access token for now: %s; the next "
                 "attempt is in %d s",
                 c->conf.name, error->message, error->retry_after);
    }
}

static rc_error_t *fail(rc_client_t *c, const base_env_t *env, rc_error_t *error)
{
    if (c->shared->lock(c->shared->ctx) == APR_SUCCESS) {
        remember(c->token, error, base_now(env));
        c->shared->unlock(c->shared->ctx);
    }
    complain(c, env, error);
    return error;
}

/* The failure that is still remembered, or NULL. */
static rc_error_t *recall(apr_pool_t *p, const rc_token_state_t *t, apr_time_t now)
{
    rc_error_t *error;

    if (now >= t->retry_at) {
        return NULL;
    }
    error = rc_error(p, (rc_error_kind_t)t->kind, "%s", t->message);
    error->code = apr_pstrdup(p, t->code);
    error->http_status = t->http_status;
    error->retry_after = rc_seconds_until(t->retry_at, now);
    return error;
}

/* What of the state decides; with the token in *bearer when it can be used. */
typedef struct view_t {
    int valid, due;    /* there is a token; it should be renewed */
    rc_error_t *error; /* why nobody may ask the endpoint now */
} view_t;

static rc_error_t *look(rc_client_t *c, apr_pool_t *p, apr_time_t now,
                        rc_bearer_t *bearer, view_t *view)
{
    const rc_token_state_t *t = c->token;

    if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return lock_failed(p);
    }
    view->valid = now < t->expires;
    view->due = now >= t->renew_at;
    view->error = recall(p, t, now);
    if (view->valid) {
        bearer->generation = t->generation;
        bearer->doubted = t->doubted;
        bearer->expires = t->expires;
        apr_cpystrn(bearer->value, t->value, sizeof bearer->value);
    }
    c->shared->unlock(c->shared->ctx);
    return NULL;
}

static int is_usable(const char *token)
{
    apr_size_t len = 0;

    while (token && token[len] > ' ' && token[len] < 0x7f) {
        len++;
    }
    return len > 0 && !token[len] && len < RC_TOKEN_MAX;
}

static rc_error_t *store(rc_client_t *c, const base_env_t *env, apr_pool_t *p,
                         const json_t *info, apr_time_t start)
{
    const char *value = base_json_string(info, "access_token");
    const char *owner = base_json_string(info, "owner_id");
    json_int_t life = base_json_int(info, "expires_in", UNKNOWN_LIFE);
    apr_interval_time_t lead;
    rc_token_state_t *t = c->token;

    if (!is_usable(value)) {
        return rc_error(p, RC_UNAVAILABLE, "the token endpoint's answer has no token");
    }
    life = life < 1 ? 1 : life > LONGEST_LIFE ? LONGEST_LIFE : life;
    lead = apr_time_from_sec(life) / 10;
    if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return lock_failed(p);
    }
    t->expires = start + apr_time_from_sec(life);
    t->renew_at = t->expires - (lead < LONGEST_LEAD ? lead : LONGEST_LEAD);
    t->generation++;
    t->retry_at = 0;
    if (!t->doubted) {
        t->failures = 0;
    }
    keep(t->owner, sizeof t->owner, owner ? owner : "");
    apr_cpystrn(t->value, value, sizeof t->value);
    c->shared->unlock(c->shared->ctx);
    base_log(env, BASE_LOG_INFO, APR_SUCCESS,
             "SCIMRC0205: account '%s': new access token, valid for %d s", c->conf.name,
             (int)life);
    return NULL;
}

/* The error that an answer of the token endpoint stands for. */
static rc_error_t *judge(rc_client_t *c, apr_pool_t *p, const rc_sent_t *sent)
{
    const rc_http_response_t *response = &sent->response;
    int status = response->status, explained;
    rc_error_t *error;

    if (sent->exchange != RC_EXCHANGE_DONE) {
        return rc_error(p, RC_UNAVAILABLE, "the token endpoint gave no answer: %s",
                        sent->problem);
    }
    error = rc_answer_error(p, response, &explained);
    error->kind = status >= 300 && status < 500 && status != 408 && status != 429
                      ? RC_CREDENTIALS
                      : RC_UNAVAILABLE;
    if (strstr(error->message, c->conf.jwt) ||
        strstr(error->message, c->conf.client_secret)) {
        error->message = "(a message that repeats a secret)";
    }
    if (error->retry_after < sent->penalty) {
        error->retry_after = sent->penalty;
    }
    return error;
}

static void fill_request(rc_client_t *c, apr_pool_t *p, rc_http_request_t *request)
{
    char *pair = apr_pstrcat(p, c->conf.client_id, ":", c->conf.client_secret, NULL);
    char *basic = apr_palloc(p, apr_base64_encode_len((int)strlen(pair)));
    char *assertion = rc_percent_encode(p, c->conf.jwt);
    char *authorization;
    apr_array_header_t *headers = apr_array_make(p, 4, sizeof(const char *));

    apr_base64_encode(basic, pair, (int)strlen(pair));
    authorization = apr_pstrcat(p, "Authorization: Basic ", basic, NULL);
    APR_ARRAY_PUSH(headers, const char *) = "Accept: application/json";
    APR_ARRAY_PUSH(headers, const char *) = "Accept-Language: en-US";
    APR_ARRAY_PUSH(headers, const char *) =
        "Content-Type: application/x-www-form-urlencoded";
    APR_ARRAY_PUSH(headers, const char *) = authorization;
    request->method = "POST";
    request->url = apr_pstrcat(p, c->conf.platform, "/restapi/oauth/token", NULL);
    request->headers = headers;
    request->body = apr_pstrcat(p, grant, assertion, NULL);
    request->body_len = strlen(request->body);
    request->timeout = c->conf.timeout;
    base_secret_clear(pair, strlen(pair));
    base_secret_clear(basic, strlen(basic));
    base_secret_clear(assertion, strlen(assertion));
}

/* The caller holds the lock file. */
static rc_error_t *fetch(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                         apr_time_t deadline)
{
    rc_pacer_call_t entry = {who->env, RC_AUTH, RC_INTERACTIVE, deadline,
                             c->conf.timeout};
    rc_http_request_t request;
    rc_error_t *error;
    rc_pass_t pass;
    rc_sent_t sent;
    apr_time_t start;
    char *authorization;

    error = rc_pacer_enter(&c->pacer, p, &entry, &pass);
    if (error) {
        return error;
    }
    fill_request(c, p, &request);
    start = base_now(who->env);
    rc_call_exchange(c, who->env, p, &pass, &request, &sent);
    authorization = APR_ARRAY_IDX(request.headers, 3, char *);
    base_secret_clear(authorization, strlen(authorization));
    base_secret_clear((char *)request.body, request.body_len);
    if (sent.exchange == RC_EXCHANGE_DONE && sent.response.status == 200) {
        error = store(
            c, who->env, p,
            base_json_parse(p, sent.response.body, sent.response.body_len, 8, 0, NULL),
            start);
        base_secret_clear((char *)sent.response.body, sent.response.body_len);
        return error ? fail(c, who->env, error) : NULL;
    }
    return fail(c, who->env, judge(c, p, &sent));
}

/* Waits for the lock and the quota only when there is no token to go on with. */
static rc_error_t *renew(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                         rc_bearer_t *bearer, const view_t *before)
{
    view_t now = *before;
    rc_error_t *error;
    base_lock_t *lock = NULL;
    apr_time_t deadline = before->valid ? 0 : who->deadline;
    apr_status_t rv =
        base_lock_acquire(&lock, p, c->conf.lock_file, TOKEN_LOCK, deadline, who->env);

    if (rv == APR_TIMEUP || rv == APR_EINTR) {
        return rc_error(p, rv == APR_EINTR ? RC_INTERRUPTED : RC_UNAVAILABLE,
                        "another process is still asking for an access token");
    }
    if (rv != APR_SUCCESS) {
        base_log(who->env, BASE_LOG_ERROR, rv, "SCIMRC0206: cannot lock '%s'",
                 c->conf.lock_file);
        return rc_error(p, RC_UNAVAILABLE, "the lock file cannot be used");
    }
    error = look(c, p, base_now(who->env), bearer, &now);
    if (!error && (!now.valid || now.due)) {
        error = now.error ? now.error : fetch(c, who, p, deadline);
        if (!error) {
            error = look(c, p, base_now(who->env), bearer, &now);
        }
    }
    base_lock_release(lock);
    if (!error && !now.valid) {
        error = rc_error(p, RC_UNAVAILABLE, "the new access token has expired already");
    }
    return error;
}

rc_error_t *rc_token_get(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                         rc_bearer_t *bearer)
{
    view_t view = {0, 0, NULL};
    rc_error_t *error = look(c, p, base_now(who->env), bearer, &view);

    if (error || (view.valid && (!view.due || view.error))) {
        return error;
    }
    if (view.error) {
        return view.error;
    }
    error = renew(c, who, p, bearer, &view);
    if (error && view.valid && base_now(who->env) < bearer->expires) {
        return NULL; /* the old token will do */
    }
    return error;
}

void rc_token_drop(rc_client_t *c, const rc_bearer_t *bearer)
{
    if (c->shared->lock(c->shared->ctx) == APR_SUCCESS) {
        if (c->token->generation == bearer->generation) {
            c->token->expires = 0;
            c->token->doubted = 1; /* the next one is on trial for all who use it */
        }
        c->shared->unlock(c->shared->ctx);
    }
}

void rc_token_distrust(rc_client_t *c, const rc_caller_t *who,
                       const rc_bearer_t *bearer, rc_error_t *error)
{
    apr_time_t now = base_now(who->env);
    rc_token_state_t *t = c->token;
    int is_first;

    if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return;
    }
    if (t->generation != bearer->generation) {
        c->shared->unlock(c->shared->ctx);
        return;
    }
    error->kind = RC_CREDENTIALS;
    is_first = now >= t->retry_at; /* many may have used it at the same time */
    if (is_first) {
        t->expires = 0;
        t->doubted = 1;
        remember(t, error, now);
    }
    else {
        error->retry_after = rc_seconds_until(t->retry_at, now);
    }
    c->shared->unlock(c->shared->ctx);
    if (is_first) {
        complain(c, who->env, error);
    }
}

void rc_token_trust(rc_client_t *c, const rc_bearer_t *bearer)
{
    if (c->shared->lock(c->shared->ctx) == APR_SUCCESS) {
        if (c->token->generation == bearer->generation) {
            c->token->doubted = 0;
            c->token->failures = 0;
        }
        c->shared->unlock(c->shared->ctx);
    }
}

rc_error_t *rc_client_owner(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                            const char **id)
{
    rc_bearer_t bearer;
    rc_error_t *error = rc_token_get(c, who, p, &bearer);

    base_secret_clear(&bearer, sizeof bearer);
    if (error) {
        return error;
    }
    if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return lock_failed(p);
    }
    *id = apr_pstrdup(p, c->token->owner);
    c->shared->unlock(c->shared->ctx);
    return NULL;
}
