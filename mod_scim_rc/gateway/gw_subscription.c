#include "gw_subscription.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_news.h"

#define VALUE "webhook" /* of the copy, and among several gateways */
#define DEPTH 2

#define LIFE apr_time_from_sec(7 * 24 * 3600 - 1) /* RingCentral's own default */
#define LOOK_EVERY apr_time_from_sec(300)
#define FIRST_PAUSE apr_time_from_sec(60)
#define LONGEST_PAUSE apr_time_from_sec(3600)
#define PATIENCE apr_time_from_sec(60) /* of one call */

#define COMPARE_EVERY apr_time_from_sec(30) /* with what other gateways know */
#define SKEW apr_time_from_sec(60)          /* of their clocks */

#define TOKEN_BYTES 32
#define TOKEN_LEN (2 * TOKEN_BYTES)

static const char *const filters[] = {"/restapi/v1.0/account/~/extension",
                                      "/restapi/v1.0/account/~/directory/entries",
                                      NULL};

/* What the copy remembers. Texts are "" and times 0 when there is nothing. */
typedef struct state_t {
    const char *id; /* "": not made yet, though `token` may be under way */
    const char *address, *token;
    apr_time_t since; /* events have come since then */
    apr_time_t ends;  /* by our clock */
    apr_time_t half;  /* of its life */
    apr_interval_time_t life;
    apr_time_t looked;   /* when RingCentral last said that it is active */
    json_int_t disabled; /* filters that the user gets nothing of */
} state_t;

typedef struct work_t {
    gw_account_t *account;
    apr_pool_t *p;
    const base_env_t *env;
    state_t state;
} work_t;

/* ---- what is remembered ---- */

static const char *text_at(const json_t *json, const char *name)
{
    const char *text = base_json_string(json, name);

    return text ? text : "";
}

static void parse(const json_t *json, state_t *s)
{
    s->id = text_at(json, "id");
    s->address = text_at(json, "address");
    s->token = text_at(json, "token");
    s->since = (apr_time_t)base_json_int(json, "since", 0);
    s->ends = (apr_time_t)base_json_int(json, "ends", 0);
    s->half = (apr_time_t)base_json_int(json, "half", 0);
    s->life = (apr_interval_time_t)base_json_int(json, "life", 0);
    s->looked = (apr_time_t)base_json_int(json, "looked", 0);
    s->disabled = base_json_int(json, "disabled", 0);
}

static void load(gw_account_t *account, apr_pool_t *p, state_t *s,
                 const base_env_t *env)
{
    base_slice_t text;
    json_t *json = NULL;

    if (dir_value(account->store, p, VALUE, &text, env) == APR_SUCCESS) {
        json = base_json_parse(p, text.data, text.len, DEPTH, 0, NULL);
    }
    parse(json, s);
}

/* Other gateways get events, too, and one of them may have to go on with it. */
static void share(gw_account_t *account, const char *text, const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;
    base_slice_t value = {text, text ? strlen(text) : 0};

    if (gw_news_is_here(account)) {
        peers->set(peers->ctx, env, VALUE, text ? &value : NULL, LIFE);
    }
}

static apr_status_t set_value(void *baton, dir_txn_t *txn)
{
    const char *text = baton;

    return dir_txn_set(txn, VALUE, text, text ? strlen(text) : 0);
}

static rc_error_t *save(work_t *w)
{
    const state_t *s = &w->state;
    json_t *json = base_json_own(
        w->p, json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "saved",
                        (json_int_t)base_now(w->env), "id", s->id, "address",
                        s->address, "token", s->token, "since", (json_int_t)s->since,
                        "ends", (json_int_t)s->ends, "half", (json_int_t)s->half,
                        "life", (json_int_t)s->life, "looked", (json_int_t)s->looked,
                        "disabled", s->disabled));
    const char *text = *s->address ? base_json_text(w->p, json, NULL) : NULL;

    share(w->account, text, w->env);
    return dir_change(w->account->store, w->p, set_value, (void *)text, w->env) ==
                   APR_SUCCESS
               ? NULL
               : rc_error(w->p, RC_INTERRUPTED, "the copy cannot be written");
}

static apr_time_t saved_at(apr_pool_t *p, const base_slice_t *text)
{
    const json_t *json =
        text->data ? base_json_parse(p, text->data, text->len, DEPTH, 0, NULL) : NULL;

    return (apr_time_t)base_json_int(json, "saved", 0);
}

/* Takes what another gateway has made of it, or lets the others have what this one
 * has; whichever was saved later. 1 when it was taken. */
static int compare(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;
    base_slice_t theirs = {NULL, 0}, ours = {NULL, 0};
    apr_time_t known = 0, told = 0;
    apr_status_t rv = gw_news_is_here(account)
                          ? peers->get(peers->ctx, env, p, VALUE, &theirs)
                          : APR_ENOTIMPL;

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        return 0;
    }
    told = saved_at(p, &theirs);
    if (dir_value(account->store, p, VALUE, &ours, env) == APR_SUCCESS) {
        known = saved_at(p, &ours);
    }
    if (known > told && gw_news_has_lead(account)) {
        share(account, apr_pstrmemdup(p, ours.data, ours.len), env);
    }
    return told > known &&
           dir_change(account->store, p, set_value,
                      apr_pstrmemdup(p, theirs.data, theirs.len), env) == APR_SUCCESS;
}

static int is_token(gw_account_t *account, apr_pool_t *p, const char *token,
                    const base_env_t *env)
{
    state_t s;

    load(account, p, &s, env);
    return strlen(s.token) == TOKEN_LEN && base_secret_equal(token, s.token, TOKEN_LEN);
}

/* Anybody can send a wrong token: once a second it may be one that we do not know yet.
 */
static int may_compare(gw_account_t *account, const base_env_t *env)
{
    const apr_uint32_t now = (apr_uint32_t)apr_time_sec(base_now(env));
    const apr_uint32_t then = apr_atomic_read32(&account->hook_asked);

    return now != then && apr_atomic_cas32(&account->hook_asked, now, then) == then;
}

int gw_subscription_has_token(gw_account_t *account, apr_pool_t *p, const char *token,
                              const base_env_t *env)
{
    if (!token || strlen(token) != TOKEN_LEN) {
        return 0;
    }
    return is_token(account, p, token, env) ||
           (may_compare(account, env) && compare(account, p, env) &&
            is_token(account, p, token, env));
}

/* Events that came while the server was down are lost: those of before count for
 * nothing. */
static apr_time_t server_since(gw_account_t *account, apr_time_t now)
{
    gw_shared_t *shared = account->shared->memory;
    apr_time_t since = now;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        if (!shared->hook_since) {
            shared->hook_since = now;
        }
        since = shared->hook_since;
        account->shared->unlock(account->shared->ctx);
    }
    return since;
}

int gw_subscription_is_live(gw_account_t *account, apr_pool_t *p, apr_time_t synced,
                            const base_env_t *env)
{
    apr_time_t now = base_now(env);
    state_t s;

    load(account, p, &s, env);
    return *s.id && !s.disabled && !strcmp(s.address, account->conf->webhook) &&
           now < s.ends && now < s.looked + 3 * LOOK_EVERY &&
           s.since + (account->conf->peers ? SKEW : 0) <= synced &&
           server_since(account, now) <= synced;
}

/* ---- what is done ---- */

static rc_caller_t caller(const work_t *w)
{
    rc_caller_t who = {w->env, base_now(w->env) + PATIENCE, RC_BACKGROUND, NULL};

    return who;
}

static int is_gone(const rc_error_t *e)
{
    return e && (e->kind == RC_NOT_FOUND || e->http_status == 404);
}

/* 0 when there is no randomness. */
static int make_token(work_t *w)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char random[TOKEN_BYTES];
    char *token = apr_palloc(w->p, TOKEN_LEN + 1);
    int i;

    if (apr_generate_random_bytes(random, sizeof random) != APR_SUCCESS) {
        return 0;
    }
    for (i = 0; i < TOKEN_BYTES; i++) {
        token[2 * i] = hex[random[i] >> 4];
        token[2 * i + 1] = hex[random[i] & 0x0f];
    }
    token[TOKEN_LEN] = '\0';
    base_secret_clear(random, sizeof random);
    w->state.token = token;
    return 1;
}

/* RingCentral's clock decides how much of its life is over. */
static void note_times(work_t *w, const rc_subscription_t *s, int is_fresh)
{
    apr_time_t now = base_now(w->env);
    apr_interval_time_t left = apr_time_from_sec(s->seconds_left);

    w->state.life = is_fresh ? left : w->state.life;
    w->state.ends = now + left;
    w->state.half = w->state.ends - w->state.life / 2;
    w->state.looked = now;
    w->state.disabled = s->disabled;
}

/* Deletes what leads to our address, the one of now or the one of before: only thirty
 * subscriptions are possible, and the tokens of these are not known. */
static rc_error_t *clean_up(work_t *w)
{
    const char *now = w->account->conf->webhook;
    rc_caller_t who = caller(w);
    apr_array_header_t *all;
    rc_error_t *e = rc_subscription_list(w->account->client, &who, w->p, &all);
    int i;

    for (i = 0; !e && i < all->nelts; i++) {
        const rc_subscription_t *s = &APR_ARRAY_IDX(all, i, rc_subscription_t);

        if ((now && !strcmp(s->address, now)) ||
            (*s->address && !strcmp(s->address, w->state.address))) {
            who = caller(w);
            e = rc_subscription_delete(w->account->client, &who, w->p, s->id);
            e = is_gone(e) ? NULL : e;
        }
    }
    return e;
}

static void report_made(const work_t *w)
{
    const gw_account_conf_t *conf = w->account->conf;

    base_log(w->env, BASE_LOG_NOTICE, APR_SUCCESS,
             "SCIMRC0130: account %s: RingCentral sends changes to %s from now on",
             conf->name, conf->webhook);
    if (w->state.disabled) {
        base_log(w->env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0131: account %s: RingCentral takes the webhook, but will not "
                 "report all changes, for lack of a permission; the account is read as "
                 "often as without a webhook",
                 conf->name);
    }
}

/* Gateways that do not hear of each other would take it away from each other again and
 * again: what one makes ends what another has made. */
static int must_not_establish(const work_t *w)
{
    return w->account->conf->peers && !gw_news_is_here(w->account);
}

static rc_error_t *establish(work_t *w)
{
    rc_subscription_wish_t wish = {filters, w->account->conf->webhook, NULL, LIFE};
    rc_caller_t who;
    rc_subscription_t made;
    rc_error_t *e = clean_up(w);

    if (e) {
        return e;
    }
    if (!gw_news_leads(w->account, w->env) || must_not_establish(w)) {
        return NULL; /* that may have taken long: it is another's by now */
    }
    memset(&w->state, 0, sizeof w->state);
    w->state.id = "";
    w->state.address = wish.address;
    if (!make_token(w)) {
        return rc_error(w->p, RC_INTERRUPTED, "the system gives no random numbers");
    }
    e = save(w); /* RingCentral calls before it answers */
    if (e) {
        return e;
    }
    wish.token = w->state.token;
    who = caller(w);
    e = rc_subscription_create(w->account->client, &who, w->p, &wish, &made);
    if (e) {
        return e;
    }
    w->state.id = made.id;
    w->state.since = base_now(w->env);
    note_times(w, &made, 1);
    report_made(w);
    return save(w);
}

static rc_error_t *establish_again(work_t *w, const char *why)
{
    if (must_not_establish(w)) {
        return NULL; /* the lists go on */
    }
    base_log(w->env, BASE_LOG_WARNING, APR_SUCCESS,
             "SCIMRC0132: account %s: RingCentral has ended the webhook (%s); changes "
             "may have been missed; it is made anew",
             w->account->conf->name, why);
    return establish(w);
}

static rc_error_t *renew(work_t *w)
{
    rc_caller_t who = caller(w);
    rc_subscription_t s;
    rc_error_t *e =
        rc_subscription_renew(w->account->client, &who, w->p, w->state.id, &s);

    if (is_gone(e)) {
        return establish_again(w, "it does not exist any more");
    }
    if (e) {
        return e;
    }
    note_times(w, &s, 1);
    return save(w);
}

static rc_error_t *look(work_t *w)
{
    rc_caller_t who = caller(w);
    rc_subscription_t s;
    rc_error_t *e =
        rc_subscription_read(w->account->client, &who, w->p, w->state.id, &s);

    if (is_gone(e)) {
        return establish_again(w, "it does not exist any more");
    }
    if (!e && strcmp(s.status, "Active") != 0) {
        return establish_again(w, s.status);
    }
    if (e) {
        return e;
    }
    note_times(w, &s, 0);
    e = save(w);
    return !e && w->state.half <= base_now(w->env) ? renew(w) : e;
}

/* There was a webhook, and the configuration has none any more. */
static rc_error_t *give_up(work_t *w)
{
    rc_error_t *e = clean_up(w);

    if (e) {
        return e;
    }
    base_log(
        w->env, BASE_LOG_NOTICE, APR_SUCCESS,
        "SCIMRC0133: account %s: RingCentral does not send changes to %s any more, "
        "for it is not configured",
        w->account->conf->name, w->state.address);
    w->state.address = "";
    return save(w);
}

/* ---- what goes wrong ---- */

/* What to do about an error code of the platform. */
static const struct {
    const char *code, *advice;
} advices[] = {
    {"SUB-505", "this user has 30 subscriptions in this app already: delete some"},
    {"SUB-520", "something before this server answers RingCentral's check in its place "
                "or takes the header Validation-Token away"},
    {"SUB-521", "RingCentral cannot reach the address: look at the name, the firewall "
                "and the port"},
    {"SUB-522",
     "something before this server answers RingCentral's check in its place; "
     "its access log has the request and the status"},
    {"SUB-523", "RingCentral wants an https address"},
    {"SUB-524", "RingCentral does not trust the certificate of the address"},
    {"SUB-525", "something before this server changes its answer to RingCentral's "
                "check"},
    {"CMN-401", "give the app the permission Webhook Subscriptions"},
    {"", "docs/webhooks.md says what RingCentral needs"},
};

static const char *advice_for(const char *code)
{
    apr_size_t i = 0;

    while (*advices[i].code && strcmp(advices[i].code, code) != 0) {
        i++;
    }
    return advices[i].advice;
}

static void put_off(work_t *w, const rc_error_t *e)
{
    gw_account_t *a = w->account;
    const char *problem = *e->code ? e->code : e->message;
    apr_interval_time_t pause = a->hook_pause * 2;

    pause = pause < FIRST_PAUSE ? FIRST_PAUSE : pause;
    pause = pause > LONGEST_PAUSE ? LONGEST_PAUSE : pause;
    a->hook_pause = pause;
    if (pause < apr_time_from_sec(e->retry_after)) {
        pause = apr_time_from_sec(e->retry_after);
    }
    a->hook_not_before = base_now(w->env) + pause;
    if (a->hook_problem == base_sha256_u64(problem, strlen(problem))) {
        return;
    }
    a->hook_problem = base_sha256_u64(problem, strlen(problem));
    base_log(w->env, BASE_LOG_WARNING, APR_SUCCESS,
             "SCIMRC0134: account %s: the webhook %s does not work: %s%s%s; %s; the "
             "account is read every %d s meanwhile",
             a->conf->name, a->conf->webhook ? a->conf->webhook : w->state.address,
             e->code, *e->code ? " " : "", e->message, advice_for(e->code),
             (int)apr_time_sec(a->conf->refresh));
}

static rc_error_t *do_what_is_due(work_t *w, int *done)
{
    const char *address = w->account->conf->webhook;
    apr_time_t now = base_now(w->env);

    if (!address) {
        *done = *w->state.address;
        return *done ? give_up(w) : NULL;
    }
    if (!*w->state.id || strcmp(w->state.address, address) != 0) {
        *done = !must_not_establish(w);
        return *done ? establish(w) : NULL;
    }
    *done = 1;
    if (w->state.half <= now) {
        return renew(w);
    }
    if (!w->account->hook_looked_at || w->state.looked + LOOK_EVERY <= now) {
        return look(w);
    }
    *done = 0;
    return NULL;
}

void gw_subscription_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    work_t w;
    rc_error_t *e;
    int done = 0;

    if (base_now(env) < account->hook_not_before) {
        return;
    }
    server_since(account, base_now(env));
    if (account->hook_shared + COMPARE_EVERY <= base_now(env)) {
        account->hook_shared = base_now(env);
        compare(account, p, env);
    }
    if (!gw_news_leads(account, env)) {
        return;
    }
    w.account = account;
    w.p = p;
    w.env = env;
    load(account, p, &w.state, env);
    e = do_what_is_due(&w, &done);
    if (e && e->kind != RC_INTERRUPTED) {
        put_off(&w, e);
    }
    else if (!e && done) {
        account->hook_looked_at = 1;
        account->hook_pause = 0;
        account->hook_problem = 0;
    }
}
