#include "sbox_session.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_str.h"

#define KEPT_MAX 2000 /* sessions, dead ones among them */
#define GRACE_AFTER_USE apr_time_from_sec(10)
#define GRACE_UNUSED apr_time_from_sec(3600)
#define DEFAULT_ACCESS_TTL 3600
#define DEFAULT_REFRESH_TTL 604800

struct sbox_sessions_t {
    apr_hash_t *by_token; /* access and refresh tokens, dead ones too */
    sbox_session_t *first, *last;
    int n;
    apr_uint64_t counter;
};

static char *copied(const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy) {
        abort();
    }
    return copy;
}

static void forget_token(sbox_sessions_t *sessions, const char *token)
{
    if (token) {
        apr_hash_set(sessions->by_token, token, APR_HASH_KEY_STRING, NULL);
    }
}

static void drop(sbox_sessions_t *sessions, sbox_session_t *s)
{
    forget_token(sessions, s->access);
    forget_token(sessions, s->old_access);
    forget_token(sessions, s->refresh);
    forget_token(sessions, s->used_refresh);
    if (s->previous) {
        s->previous->next = s->next;
    }
    else {
        sessions->first = s->next;
    }
    if (s->next) {
        s->next->previous = s->previous;
    }
    else {
        sessions->last = s->previous;
    }
    sessions->n--;
    free(s->id);
    free(s->app);
    free(s->user);
    free(s->scope);
    free(s->endpoint);
    free(s->access);
    free(s->old_access);
    free(s->refresh);
    free(s->used_refresh);
    free(s);
}

static apr_status_t release(void *data)
{
    sbox_sessions_t *sessions = data;

    while (sessions->first) {
        drop(sessions, sessions->first);
    }
    return APR_SUCCESS;
}

sbox_sessions_t *sbox_sessions_create(apr_pool_t *p)
{
    sbox_sessions_t *sessions = apr_pcalloc(p, sizeof(*sessions));

    sessions->by_token = apr_hash_make(p);
    apr_pool_cleanup_register(p, sessions, release, apr_pool_cleanup_null);
    return sessions;
}

/* Tokens are as long as real ones and mean nothing. */
static char *new_token(sbox_t *box, const char *prefix)
{
    char seed[64], *token;
    apr_pool_t *p;

    apr_snprintf(seed, sizeof(seed), "%" APR_UINT64_T_FMT "/%" APR_TIME_T_FMT,
                 ++box->sessions->counter, apr_time_now());
    apr_pool_create(&p, box->pool);
    token =
        copied(apr_pstrcat(p, prefix, base_sha256_hex(p, seed, strlen(seed)), NULL));
    apr_pool_destroy(p);
    return token;
}

static void make_tokens(sbox_t *box, sbox_session_t *s)
{
    apr_time_t now = sbox_clock_now(&box->clock);
    apr_hash_t *by_token = box->sessions->by_token;

    s->access = new_token(box, "U0pDMDFQMDFQQVM");
    s->access_until = now + apr_time_from_sec(s->access_ttl);
    s->first_use = 0;
    apr_hash_set(by_token, s->access, APR_HASH_KEY_STRING, s);
    if (s->refresh_ttl && sbox_knob_is(box->knobs, SBOX_K_REFRESH_TOKENS, "on")) {
        s->refresh = new_token(box, "U0pDMDFQMDFQUkE");
        s->refresh_until = now + apr_time_from_sec(s->refresh_ttl);
        apr_hash_set(by_token, s->refresh, APR_HASH_KEY_STRING, s);
    }
}

static void limit_sessions(sbox_t *box, const sbox_session_t *newest)
{
    int n = 0, max = sbox_knob_int(box->knobs, SBOX_K_MAX_SESSIONS);
    sbox_session_t *s;

    for (s = box->sessions->last; s; s = s->previous) {
        if (!s->dead && !strcmp(s->app, newest->app) &&
            !strcmp(s->user, newest->user) && ++n > max) {
            s->dead = 1;
        }
    }
    while (box->sessions->n > KEPT_MAX) {
        drop(box->sessions, box->sessions->first);
    }
}

sbox_session_t *sbox_session_start(sbox_t *box, const char *app, const char *user,
                                   const char *endpoint)
{
    sbox_sessions_t *sessions = box->sessions;
    sbox_session_t *s = calloc(1, sizeof(*s));

    if (!s) {
        abort();
    }
    s->id = new_token(box, "");
    s->id[24] = '\0';
    s->app = copied(app);
    s->user = copied(user);
    s->endpoint = endpoint ? copied(endpoint) : new_token(box, "");
    s->endpoint[endpoint ? strlen(endpoint) : 22] = '\0';
    s->access_ttl = DEFAULT_ACCESS_TTL;
    s->refresh_ttl = DEFAULT_REFRESH_TTL;
    s->previous = sessions->last;
    if (sessions->last) {
        sessions->last->next = s;
    }
    else {
        sessions->first = s;
    }
    sessions->last = s;
    sessions->n++;
    limit_sessions(box, s);
    return s;
}

void sbox_session_renew(sbox_t *box, sbox_session_t *s)
{
    sbox_sessions_t *sessions = box->sessions;

    forget_token(sessions, s->used_refresh);
    free(s->used_refresh);
    s->used_refresh = s->refresh;
    s->refresh = NULL;
    s->refreshed = sbox_clock_now(&box->clock);
    forget_token(sessions, s->old_access);
    free(s->old_access);
    s->old_access = s->access;
    make_tokens(box, s);
}

void sbox_session_end(sbox_session_t *s)
{
    s->dead = 1;
}

sbox_session_t *sbox_session_of_access(sbox_t *box, const char *token,
                                       sbox_token_state_t *state)
{
    sbox_session_t *s =
        apr_hash_get(box->sessions->by_token, token, APR_HASH_KEY_STRING);
    apr_time_t now = sbox_clock_now(&box->clock);

    int is_old = s && s->old_access && !strcmp(s->old_access, token);

    if (!s || (!is_old && strcmp(s->access, token))) {
        *state = SBOX_TOKEN_UNKNOWN;
        return NULL;
    }
    *state = s->dead || is_old        ? SBOX_TOKEN_REVOKED
             : s->access_until <= now ? SBOX_TOKEN_EXPIRED
                                      : SBOX_TOKEN_GOOD;
    if (*state == SBOX_TOKEN_GOOD && !s->first_use) {
        s->first_use = now;
    }
    return s;
}

sbox_session_t *sbox_session_of_refresh(sbox_t *box, const char *token,
                                        sbox_token_state_t *state)
{
    sbox_session_t *s =
        apr_hash_get(box->sessions->by_token, token, APR_HASH_KEY_STRING);
    apr_time_t now = sbox_clock_now(&box->clock);

    *state = SBOX_TOKEN_UNKNOWN;
    if (!s || s->dead) {
        return NULL;
    }
    if (s->refresh && !strcmp(s->refresh, token)) {
        *state = s->refresh_until <= now ? SBOX_TOKEN_EXPIRED : SBOX_TOKEN_GOOD;
        return s;
    }
    if (s->used_refresh && !strcmp(s->used_refresh, token) &&
        (s->first_use ? now - s->first_use < GRACE_AFTER_USE
                      : now - s->refreshed < GRACE_UNUSED)) {
        *state = SBOX_TOKEN_GOOD;
        return s;
    }
    return NULL;
}

void sbox_sessions_end(sbox_t *box, const char *app, const char *user)
{
    sbox_session_t *s;

    for (s = box->sessions->first; s; s = s->next) {
        if (!strcmp(s->app, app) && !strcmp(s->user, user)) {
            s->dead = 1;
        }
    }
}

static json_t *session_json(sbox_t *box, const sbox_session_t *s)
{
    apr_time_t now = sbox_clock_now(&box->clock);
    const char *state = s->dead                  ? "revoked"
                        : s->access_until <= now ? "expired"
                                                 : "live";

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "id", s->id, "app", s->app,
                     "user", s->user, "state", state, "access_token", s->access,
                     "expires_in",
                     sbox_clock_real_seconds(&box->clock, s->access_until - now));
}

json_t *sbox_sessions_json(sbox_t *box)
{
    json_t *list = json_array();
    sbox_session_t *s;

    for (s = box->sessions->first; s; s = s->next) {
        json_array_append_new(list, session_json(box, s));
    }
    return list;
}

int sbox_sessions_spoil(sbox_t *box, const char *which, int expire)
{
    sbox_session_t *s;
    int n = 0;

    for (s = box->sessions->first; s; s = s->next) {
        if (!s->dead &&
            (!which || !strcmp(which, s->id) || !strcmp(which, s->access))) {
            n++;
            if (expire) {
                s->access_until = sbox_clock_now(&box->clock);
            }
            else {
                s->dead = 1;
            }
        }
    }
    return n;
}
