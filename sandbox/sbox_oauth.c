#include "sbox_oauth.h"

#include <string.h>
#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_credential.h"
#include "sbox_session.h"
#include "sbox_token.h"

#define JWT_BEARER "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define CLIENT_JWT "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define ACCESS_TTL_MIN 600
#define ACCESS_TTL_MAX 3600
#define REFRESH_TTL_MAX 2592000
#define JWT_MAX 16384

static int is_base64url(char c)
{
    return apr_isalnum(c) || c == '-' || c == '_';
}

int sbox_jwt_looks_right(const char *text)
{
    int part;

    for (part = 0; part < 3; part++) {
        const char *start = text;

        while (is_base64url(*text)) {
            text++;
        }
        if (text == start || *text != (part < 2 ? '.' : '\0')) {
            return 0;
        }
        text++;
    }
    return 1;
}

/* Part 0 (header) or 1 (payload) of a JWT that looks right; NULL: no JSON. */
static json_t *jwt_part(apr_pool_t *p, const char *jwt, int part)
{
    const char *start = part ? strchr(jwt, '.') + 1 : jwt;
    apr_size_t i, len = strcspn(start, ".");
    char *text = apr_pstrmemdup(p, start, len), *json;
    int n;

    if (len > JWT_MAX) {
        return NULL;
    }
    for (i = 0; i < len; i++) {
        text[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    json = apr_pcalloc(p, (apr_size_t)apr_base64_decode_len(text) + 1);
    n = apr_base64_decode(json, text);
    return n > 0 ? base_json_parse(p, json, (apr_size_t)n, SBOX_JSON_DEPTH_MAX, 0, NULL)
                 : NULL;
}

typedef struct client_t {
    const char *id;               /* as claimed; NULL: nothing was said */
    const sbox_credential_t *app; /* one of the app's; NULL: not authenticated */
} client_t;

static client_t basic_client(sbox_call_t *call, const char *encoded)
{
    char *pair =
        apr_pcalloc(call->pool, (apr_size_t)apr_base64_decode_len(encoded) + 1);
    char *secret;
    client_t client = {NULL, NULL};
    const sbox_credential_t *app;

    apr_base64_decode(pair, encoded);
    secret = strchr(pair, ':');
    if (secret) {
        *secret++ = '\0';
    }
    client.id = pair;
    app = sbox_credential_of_app(call->box, pair);
    if (app && secret && !strcmp(secret, app->secret)) {
        client.app = app;
    }
    return client;
}

static client_t client_of(sbox_call_t *call, apr_table_t *form)
{
    const char *header = apr_table_get(call->request->headers, "Authorization");
    const char *assertion = apr_table_get(form, "client_assertion");
    const char *type = apr_table_get(form, "client_assertion_type");
    client_t client = {NULL, NULL};

    if (header && !strncasecmp(header, "Basic ", 6)) {
        return basic_client(call, header + 6);
    }
    if (assertion && type && !strcmp(type, CLIENT_JWT) &&
        sbox_jwt_looks_right(assertion)) {
        client.id = base_json_string(jwt_part(call->pool, assertion, 1), "iss");
        client.app = sbox_credential_of_app(call->box, client.id);
    }
    return client;
}

static apr_table_t *form_of(sbox_call_t *call)
{
    return sbox_form_parse(call->pool, call->request->body ? call->request->body : "");
}

void sbox_oauth_identify(sbox_call_t *call)
{
    apr_table_t *form = form_of(call);
    client_t client = client_of(call, form);
    const sbox_credential_t *known =
        sbox_credential_of_jwt(call->box, client.id, apr_table_get(form, "assertion"));

    call->app = client.id ? client.id : "unknown";
    call->user = known && sbox_knob_is(call->box->knobs, SBOX_K_AUTH_KEY, "user_app")
                     ? sbox_credential_user(call->box, known, call->pool)
                     : NULL;
}

/* 400 with the body of the token endpoint. */
static const sbox_problem_t *refuse(sbox_call_t *call, const char *error,
                                    const char *code, const char *text)
{
    sbox_answer_json(call->pool, call->answer, 400,
                     json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "error", error,
                               "error_description", text, "errors", "errorCode", code,
                               "message", text));
    return NULL;
}

static const sbox_problem_t *refuse_client(sbox_call_t *call, const client_t *client)
{
    const char *text;

    if (!client->id) {
        return refuse(call, "invalid_client", "OAU-123",
                      "Client authentication is required");
    }
    text = apr_pstrcat(call->pool, "Invalid client: ", client->id, NULL);
    apr_table_setn(call->answer->headers, "WWW-Authenticate",
                   apr_pstrcat(call->pool,
                               "Bearer realm=\"RingCentral REST API\", "
                               "error=\"invalid_client\", error_description=\"",
                               text, "\"", NULL));
    return refuse(call, "invalid_client", "OAU-153", text);
}

static const sbox_problem_t *give(sbox_call_t *call, sbox_session_t *s)
{
    sbox_t *box = call->box;
    apr_time_t now = sbox_clock_now(&box->clock);
    json_t *body = json_pack(
        "{s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "access_token", s->access, "token_type",
        "bearer", "expires_in",
        sbox_clock_real_seconds(&box->clock, s->access_until - now), "scope", s->scope,
        "owner_id", s->user, "endpoint_id", s->endpoint, "session_id", s->id);

    if (s->refresh) {
        json_object_set_new(body, "refresh_token", json_string(s->refresh));
        json_object_set_new(
            body, "refresh_token_expires_in",
            json_integer(sbox_clock_real_seconds(&box->clock, s->refresh_until - now)));
    }
    apr_table_setn(call->answer->headers, "Cache-Control", "no-store");
    sbox_answer_json(call->pool, call->answer, 200, body);
    return NULL;
}

/* A life time of the form, if it is there. NULL when it is in order. */
static const sbox_problem_t *read_ttl(sbox_call_t *call, apr_table_t *form,
                                      const char *name, int min, int *ttl)
{
    const char *text = apr_table_get(form, name);
    int max = min ? ACCESS_TTL_MAX : REFRESH_TTL_MAX;
    apr_int64_t n;

    if (!text) {
        return NULL;
    }
    if (!base_str_to_int(text, min, max, &n)) {
        return sbox_problem_invalid(call->pool, name);
    }
    *ttl = (int)n;
    return NULL;
}

static const sbox_problem_t *grant_jwt(sbox_call_t *call, apr_table_t *form,
                                       const sbox_credential_t *app)
{
    static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256",
                                             "ES256", "ES384", "ES512", "HS256"};
    sbox_t *box = call->box;
    const char *jwt = apr_table_get(form, "assertion"), *algorithm;
    const sbox_credential_t *owner;
    int forced = sbox_knob_int(box->knobs, SBOX_K_TOKEN_TTL_S);
    int access_ttl = 3600, refresh_ttl = 604800;
    const sbox_problem_t *problem;
    sbox_session_t *s;
    apr_size_t i = 0;

    if (!jwt || !sbox_jwt_looks_right(jwt)) {
        return refuse(call, "invalid_grant",
                      sbox_knob_text(box->knobs, SBOX_K_BAD_JWT_CODE),
                      "Unparseable assertion");
    }
    owner = sbox_credential_of_jwt(box, app->app, jwt);
    algorithm = base_json_string(jwt_part(call->pool, jwt, 0), "alg");
    while (!owner && algorithm && i < sizeof(algorithms) / sizeof(algorithms[0]) &&
           strcmp(algorithms[i], algorithm)) {
        i++;
    }
    if (i == sizeof(algorithms) / sizeof(algorithms[0])) {
        return refuse(call, "invalid_grant", "OAU-347",
                      "Assertion algorithm is not supported");
    }
    if (!owner || owner->refused == 401) {
        return refuse(call, "invalid_grant", "OAU-213", "Token not found");
    }
    problem = read_ttl(call, form, "access_token_ttl", ACCESS_TTL_MIN, &access_ttl);
    if (!problem) {
        problem = read_ttl(call, form, "refresh_token_ttl", 0, &refresh_ttl);
    }
    if (problem) {
        return problem;
    }
    s = sbox_session_start(box, app->app, sbox_credential_user(box, owner, call->pool),
                           apr_table_get(form, "endpoint_id"));
    s->scope =
        strdup(owner->permissions ? owner->permissions : sbox_token_scopes(call->pool));
    s->access_ttl = forced ? forced : access_ttl;
    s->refresh_ttl = refresh_ttl;
    sbox_session_renew(box, s);
    return give(call, s);
}

static const sbox_problem_t *grant_refresh(sbox_call_t *call, apr_table_t *form,
                                           const sbox_credential_t *app)
{
    sbox_t *box = call->box;
    const char *token = apr_table_get(form, "refresh_token");
    sbox_token_state_t state = SBOX_TOKEN_UNKNOWN;
    sbox_session_t *s = token ? sbox_session_of_refresh(box, token, &state) : NULL;
    const sbox_problem_t *problem;

    if (state == SBOX_TOKEN_EXPIRED) {
        return refuse(call, "invalid_grant", "OAU-210", "Token expired");
    }
    if (!s || strcmp(s->app, app->app)) {
        return refuse(call, "invalid_grant", "OAU-213", "Token not found");
    }
    problem = read_ttl(call, form, "access_token_ttl", ACCESS_TTL_MIN, &s->access_ttl);
    if (!problem) {
        problem = read_ttl(call, form, "refresh_token_ttl", 0, &s->refresh_ttl);
    }
    if (problem) {
        return problem;
    }
    if (s->refresh && !strcmp(s->refresh, token)) {
        sbox_session_renew(box, s);
    }
    return give(call, s);
}

static int is_form(const sbox_call_t *call)
{
    const char *type = apr_table_get(call->request->headers, "Content-Type");
    static const char form[] = "application/x-www-form-urlencoded";

    return type && !strncasecmp(type, form, sizeof(form) - 1);
}

const sbox_problem_t *sbox_oauth_token(sbox_call_t *call)
{
    apr_table_t *form;
    client_t client;
    const char *grant;

    if (!is_form(call)) {
        return sbox_problem(call->pool, "CMN-111", NULL);
    }
    form = form_of(call);
    client = client_of(call, form);
    if (!client.app) {
        return refuse_client(call, &client);
    }
    grant = apr_table_get(form, "grant_type");
    if (!grant) {
        return refuse(call, "invalid_request", "OAU-108",
                      "Missing required parameter: grant_type");
    }
    if (!strcmp(grant, JWT_BEARER)) {
        return sbox_knob_is(call->box->knobs, SBOX_K_JWT_GRANT, "on")
                   ? grant_jwt(call, form, client.app)
                   : refuse(call, "unauthorized_client", "OAU-251",
                            "Unauthorized for this grant type");
    }
    if (!strcmp(grant, "refresh_token")) {
        return grant_refresh(call, form, client.app);
    }
    return refuse(call, "unauthorized_client", "OAU-251",
                  "Unauthorized for this grant type");
}

const sbox_problem_t *sbox_oauth_revoke(sbox_call_t *call)
{
    sbox_t *box = call->box;
    apr_table_t *form = form_of(call);
    client_t client = client_of(call, form);
    const char *token = apr_table_get(form, "token");
    sbox_token_state_t state;
    sbox_session_t *s;

    if (!client.app) {
        return refuse_client(call, &client);
    }
    if (!token) {
        token = apr_table_get(call->query, "token");
    }
    if (!token || !*token) {
        return sbox_problem_invalid(call->pool, "token");
    }
    s = sbox_session_of_access(box, token, &state);
    if (!s) {
        s = sbox_session_of_refresh(box, token, &state);
    }
    if (!s || s->dead) {
        return refuse(call, "invalid_grant", "OAU-213", "Token not found");
    }
    sbox_session_end(s);
    call->answer->status = 200;
    return NULL;
}

const sbox_problem_t *sbox_oauth_jwks(sbox_call_t *call)
{
    sbox_answer_json(call->pool, call->answer, 200, json_pack("{s:[]}", "keys"));
    return NULL;
}
