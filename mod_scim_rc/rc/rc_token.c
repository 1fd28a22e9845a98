#include "rc_token.h"

#include <string.h>
#include <apr_base64.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_lock.h"
#include "base_str.h"
#include "rc_call.h"
#include "rc_loan.h"

/* A token is renewed when a tenth of its life is left, at most: */
#define LONGEST_LEAD apr_time_from_sec(300)
#define LONGEST_LIFE 86400 /* seconds */
#define UNKNOWN_LIFE 60
#define LONGEST_RETRY 86400

/* How often one looks whether another gateway has got a token. */
#define LOAN_NAP apr_time_from_msec(50)

/* Seconds before the endpoint is asked again; doubled with every failure in a row. */
typedef struct backoff_t {
    int first, longest;
} backoff_t;

static const backoff_t refused_backoff = {60, 900};
static const backoff_t outage_backoff = {2, 60};

static const char grant_form[] =
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
    t->out |= error->kind == RC_CREDENTIALS;
    t->kind = error->kind;
    t->http_status = error->http_status;
    keep(t->code, sizeof t->code, error->code);
    keep(t->message, sizeof t->message, error->message);
    error->retry_after = seconds;
}

static void complain(const rc_client_t *c, const base_env_t *env, int k,
                     const rc_error_t *error)
{
    const char *credential = c->conf.credentials[k].name;

    if (error->kind == RC_CREDENTIALS) {
        base_log(
            env, BASE_LOG_ERROR, APR_SUCCESS,
            "SCIMRC0203: account '%s', credential '%s': RingCentral gives no access "
            "token: %s (%s, HTTP %d); check client id, client secret and JWT in its "
            "developer console; the next attempt is in %d s",
            c->conf.name, credential, error->message, error->code, error->http_status,
            error->retry_after);
    }
    else {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0204: account '%s', credential '%s': no access token for now: "
                 "%s; the next attempt is in %d s",
                 c->conf.name, credential, error->message, error->retry_after);
    }
}

void rc_token_welcome(const rc_client_t *c, const base_env_t *env, int k)
{
    base_log(env, BASE_LOG_NOTICE, APR_SUCCESS,
             "SCIMRC0207: account '%s', credential '%s': RingCentral accepts it again",
             c->conf.name, c->conf.credentials[k].name);
}

static rc_error_t *fail(rc_client_t *c, const base_env_t *env, int k, rc_error_t *error)
{
    if (c->shared->lock(c->shared->ctx) == APR_SUCCESS) {
        remember(&c->tokens[k], error, base_now(env));
        c->shared->unlock(c->shared->ctx);
    }
    complain(c, env, k, error);
    return error;
}

rc_error_t *rc_token_recall(apr_pool_t *p, const rc_token_state_t *t, apr_time_t now)
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

apr_uint64_t rc_token_secret(const rc_credential_t *credential)
{
    return base_sha256_u64(credential->client_secret,
                           strlen(credential->client_secret));
}

void rc_token_set_secret(rc_token_state_t *t, const rc_credential_t *credential)
{
    const apr_uint64_t print = rc_token_secret(credential);

    if (t->secret != print) {
        t->secret = print;
        t->failures = 0;
        t->retry_at = 0;
    }
}

/* What of the state decides; with the token in *bearer when it can be used. */
typedef struct view_t {
    int valid, due;    /* there is a token; it should be renewed */
    rc_error_t *error; /* why nobody may ask the endpoint now */
} view_t;

static rc_error_t *look(rc_client_t *c, apr_pool_t *p, apr_time_t now,
                        rc_bearer_t *bearer, view_t *view)
{
    const rc_token_state_t *t = &c->tokens[bearer->credential];

    if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return lock_failed(p);
    }
    view->valid = now < t->expires;
    view->due = now >= t->renew_at;
    view->error =
        t->secret == c->secrets[bearer->credential]
            ? rc_token_recall(p, t, now)
            : rc_error(p, RC_UNAVAILABLE, "the credential has got another secret");
    if (view->valid) {
        bearer->generation = t->generation;
        bearer->doubted = t->doubted;
        bearer->forbidden = t->forbidden;
        bearer->expires = t->expires;
        apr_cpystrn(bearer->value, t->value, sizeof bearer->value);
    }
    c->shared->unlock(c->shared->ctx);
    return NULL;
}

int rc_token_is_usable(const char *token)
{
    apr_size_t len = 0;

    while (token && token[len] > ' ' && token[len] < 0x7f) {
        len++;
    }
    return len > 0 && !token[len] && len < RC_TOKEN_MAX;
}

int rc_token_begin(rc_token_state_t *t)
{
    int is_back = 0;

    t->generation++;
    t->retry_at = 0;
    if (!t->doubted) {
        t->failures = 0;
        is_back = t->out;
        t->out = 0;
    }
    return is_back;
}

/* A token as it comes. */
typedef struct grant_t {
    int credential;
    apr_time_t start; /* when it was asked for */
    int life;         /* seconds */
    int is_back;      /* it ends what SCIMRC0203 told of */
} grant_t;

static rc_error_t *store(rc_client_t *c, apr_pool_t *p, const json_t *info,
                         grant_t *grant)
{
    const char *value = base_json_string(info, "access_token");
    const char *owner = base_json_string(info, "owner_id");
    json_int_t life = base_json_int(info, "expires_in", UNKNOWN_LIFE);
    apr_interval_time_t lead;
    rc_token_state_t *t = &c->tokens[grant->credential];

    if (!rc_token_is_usable(value)) {
        return rc_error(p, RC_UNAVAILABLE, "the token endpoint's answer has no token");
    }
    grant->life = life < 1 ? 1 : life > LONGEST_LIFE ? LONGEST_LIFE : (int)life;
    lead = apr_time_from_sec(grant->life) / 10;
    if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return lock_failed(p);
    }
    t->expires = grant->start + apr_time_from_sec(grant->life);
    t->renew_at = t->expires - (lead < LONGEST_LEAD ? lead : LONGEST_LEAD);
    t->is_lent = 0;
    keep(t->owner, sizeof t->owner, owner ? owner : "");
    apr_cpystrn(t->value, value, sizeof t->value);
    grant->is_back = rc_token_begin(t);
    c->shared->unlock(c->shared->ctx);
    return NULL;
}

/* The error that an answer of the token endpoint stands for. */
static rc_error_t *judge(const rc_credential_t *credential, apr_pool_t *p,
                         const rc_sent_t *sent)
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
    if (strstr(error->message, credential->jwt) ||
        strstr(error->message, credential->client_secret)) {
        error->message = "(a message that repeats a secret)";
    }
    if (error->retry_after < sent->penalty) {
        error->retry_after = sent->penalty;
    }
    return error;
}

static void fill_request(rc_client_t *c, apr_pool_t *p,
                         const rc_credential_t *credential, rc_http_request_t *request)
{
    char *pair =
        apr_pstrcat(p, credential->client_id, ":", credential->client_secret, NULL);
    char *basic = apr_palloc(p, apr_base64_encode_len((int)strlen(pair)));
    char *assertion = rc_percent_encode(p, credential->jwt);
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
    request->body = apr_pstrcat(p, grant_form, assertion, NULL);
    request->body_len = strlen(request->body);
    request->timeout = c->conf.timeout;
    base_secret_clear(pair, strlen(pair));
    base_secret_clear(basic, strlen(basic));
    base_secret_clear(assertion, strlen(assertion));
}

/* Tells the others that somebody asks, so that they rather use another credential. */
static void set_fetched(rc_client_t *c, int k, apr_time_t until)
{
    if (c->shared->lock(c->shared->ctx) == APR_SUCCESS) {
        c->tokens[k].fetched_until = until;
        c->shared->unlock(c->shared->ctx);
    }
}

static void exchange(rc_client_t *c, const base_env_t *env, apr_pool_t *p,
                     const rc_pass_t *pass, rc_sent_t *sent)
{
    rc_http_request_t request;
    char *authorization;

    fill_request(c, p, &c->conf.credentials[pass->credential], &request);
    rc_call_exchange(c, env, p, pass, &request, sent);
    authorization = APR_ARRAY_IDX(request.headers, 3, char *);
    base_secret_clear(authorization, strlen(authorization));
    base_secret_clear((char *)request.body, request.body_len);
}

/* What came of an exchange: a token in shared memory, or an error. */
static rc_error_t *accept_grant(rc_client_t *c, const base_env_t *env, apr_pool_t *p,
                                const rc_sent_t *sent, grant_t *grant)
{
    const rc_http_response_t *response = &sent->response;
    const int k = grant->credential;
    rc_error_t *error;

    if (sent->exchange != RC_EXCHANGE_DONE || response->status != 200) {
        return judge(&c->conf.credentials[k], p, sent);
    }
    error =
        store(c, p, base_json_parse(p, response->body, response->body_len, 8, 0, NULL),
              grant);
    base_secret_clear((char *)response->body, response->body_len);
    if (error) {
        return error;
    }
    base_log(env, BASE_LOG_INFO, APR_SUCCESS,
             "SCIMRC0205: account '%s', credential '%s': new access token, valid for "
             "%d s",
             c->conf.name, c->conf.credentials[k].name, grant->life);
    if (grant->is_back) {
        rc_token_welcome(c, env, k);
    }
    return NULL;
}

/* The caller holds the lock file. */
static rc_error_t *fetch(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p, int k,
                         apr_time_t deadline)
{
    rc_pacer_call_t entry = {
        who->env,
        {RC_GROUP_BIT(RC_AUTH), 1u << k, RC_INTERACTIVE, c->conf.timeout, NULL},
        deadline};
    grant_t grant = {k, 0, 0, 0};
    rc_pass_t pass = {0};
    rc_sent_t sent;
    rc_error_t *error = rc_pacer_enter(&c->pacer, p, &entry, &pass);

    if (error) {
        return error;
    }
    grant.start = base_now(who->env);
    set_fetched(c, k, grant.start + c->conf.timeout);
    exchange(c, who->env, p, &pass, &sent);
    error = accept_grant(c, who->env, p, &sent, &grant);
    set_fetched(c, k, 0);
    return error ? fail(c, who->env, k, error) : NULL;
}

/* This one asks for all gateways, unless one has asked just before. */
static rc_error_t *fetch_for_all(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                                 int k, apr_time_t deadline)
{
    rc_error_t *error = NULL;

    if (!rc_loan_take(c, who->env, p, k)) {
        error = fetch(c, who, p, k, deadline);
        if (!error) {
            rc_loan_give(c, who->env, k);
        }
    }
    rc_loan_end(c, who->env, k);
    return error;
}

/* The caller holds the lock file. */
static rc_error_t *obtain(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p, int k,
                          apr_time_t deadline)
{
    while (!rc_loan_take(c, who->env, p, k)) {
        const apr_time_t now = base_now(who->env);

        if (rc_loan_begin(c, who->env, k)) {
            return fetch_for_all(c, who, p, k, deadline);
        }
        if (now + LOAN_NAP > deadline) {
            return rc_error(p, RC_UNAVAILABLE,
                            "another gateway is still asking for an access token");
        }
        set_fetched(c, k, now + 2 * LOAN_NAP);
        if (base_sleep(who->env, LOAN_NAP) != APR_SUCCESS) {
            return rc_error(p, RC_INTERRUPTED,
                            "interrupted while another gateway asks for an access "
                            "token");
        }
    }
    return NULL;
}

/* Waits for the lock and the quota only when there is no token to go on with. */
static rc_error_t *renew(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                         rc_bearer_t *bearer, const view_t *before)
{
    view_t now = *before;
    rc_error_t *error;
    base_lock_t *lock = NULL;
    apr_time_t deadline = before->valid ? 0 : who->deadline;
    apr_status_t rv = base_lock_acquire(&lock, p, c->conf.lock_file, bearer->credential,
                                        deadline, who->env);

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
        error = now.error ? now.error : obtain(c, who, p, bearer->credential, deadline);
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
                         int credential, rc_bearer_t *bearer)
{
    view_t view = {0, 0, NULL};
    rc_error_t *error;

    bearer->credential = credential;
    error = look(c, p, base_now(who->env), bearer, &view);

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

/* The state that a bearer is of, locked; NULL when there is a newer one. */
static rc_token_state_t *lock_token(rc_client_t *c, const rc_bearer_t *bearer)
{
    rc_token_state_t *t = &c->tokens[bearer->credential];

    if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return NULL;
    }
    if (t->generation == bearer->generation) {
        return t;
    }
    c->shared->unlock(c->shared->ctx);
    return NULL;
}

/* Nobody uses it any more. Under the lock; 1: the others have to be told. */
static int end_life(rc_token_state_t *t, const rc_bearer_t *bearer)
{
    const int is_first = t->expires != 0; /* many may have used it at the same time */

    t->expires = 0;
    t->refused = base_sha256_u64(bearer->value, strlen(bearer->value));
    t->doubted = 1; /* the next one is on trial for all who use it */
    return is_first;
}

void rc_token_drop(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                   const rc_bearer_t *bearer)
{
    rc_token_state_t *t = lock_token(c, bearer);
    int is_first;

    if (!t) {
        return;
    }
    is_first = end_life(t, bearer);
    c->shared->unlock(c->shared->ctx);
    if (is_first) {
        rc_loan_withdraw(c, who->env, p, bearer);
    }
}

void rc_token_distrust(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                       const rc_bearer_t *bearer, rc_error_t *error)
{
    apr_time_t now = base_now(who->env);
    rc_token_state_t *t = lock_token(c, bearer);
    int is_first;

    if (!t) {
        return;
    }
    error->kind = RC_CREDENTIALS;
    is_first = now >= t->retry_at; /* many may have used it at the same time */
    if (is_first) {
        end_life(t, bearer);
        remember(t, error, now);
    }
    else {
        error->retry_after = rc_seconds_until(t->retry_at, now);
    }
    c->shared->unlock(c->shared->ctx);
    if (is_first) {
        rc_loan_withdraw(c, who->env, p, bearer);
        complain(c, who->env, bearer->credential, error);
    }
}

void rc_token_trust(rc_client_t *c, const rc_caller_t *who, const rc_bearer_t *bearer)
{
    rc_token_state_t *t = lock_token(c, bearer);
    int is_back;

    if (!t) {
        return;
    }
    is_back = t->out;
    t->doubted = 0;
    t->failures = 0;
    t->out = 0;
    c->shared->unlock(c->shared->ctx);
    if (is_back) {
        rc_token_welcome(c, who->env, bearer->credential);
    }
}
