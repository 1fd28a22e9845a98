#include "rc_loan.h"

#include <string.h>
#include <apr_strings.h>

#include "base_str.h"
#include "rc_call.h"

/* Who has not got a token by then has not tried hard enough. */
#define TERM apr_time_from_sec(5)

#define LIFE_MAX 86400000 /* milliseconds */
#define NAME_SIZE (RC_KEY_SIZE + 8)
#define NUMBER_SIZE 24

static const base_peers_t *peers_of(const rc_client_t *c)
{
    const base_peers_t *peers = c->conf.peers;

    return peers && peers->is_here(peers->ctx) ? peers : NULL;
}

static const char *name_of(const rc_client_t *c, int credential, char name[NAME_SIZE])
{
    apr_snprintf(name, NAME_SIZE, "token/%s", c->pacer.state->quotas[credential].key);
    return name;
}

/* A token of others. To be cleared after use. */
typedef struct loan_t {
    apr_interval_time_t life; /* at least, from now on */
    char owner[RC_OWNER_SIZE];
    char value[RC_TOKEN_MAX];
} loan_t;

/* The next word of `rest`, up to a space; 0 when it does not fit. */
static int cut(base_slice_t *rest, char *word, apr_size_t size)
{
    const char *space = memchr(rest->data, ' ', rest->len);
    const apr_size_t len = space ? (apr_size_t)(space - rest->data) : rest->len;

    if (len >= size || memchr(rest->data, '\0', len)) {
        return 0;
    }
    memcpy(word, rest->data, len);
    word[len] = '\0';
    rest->data += space ? len + 1 : len;
    rest->len -= space ? len + 1 : len;
    return 1;
}

/* "life value owner"; only the last one may be empty. */
static int parse(const base_slice_t *text, loan_t *loan)
{
    base_slice_t rest = *text;
    char number[NUMBER_SIZE];
    apr_int64_t life;

    if (!cut(&rest, number, sizeof number) ||
        !base_str_to_int(number, 1, LIFE_MAX, &life) ||
        !cut(&rest, loan->value, sizeof loan->value) ||
        !cut(&rest, loan->owner, sizeof loan->owner)) {
        return 0;
    }
    loan->life = apr_time_from_msec(life);
    return rc_token_is_usable(loan->value) && rest.len == 0;
}

/* APR_NOTFOUND: they have none; APR_ENOTIMPL: they cannot be asked. */
static apr_status_t find(rc_client_t *c, const base_env_t *env, apr_pool_t *p,
                         int credential, loan_t *loan)
{
    const base_peers_t *peers = peers_of(c);
    char name[NAME_SIZE];
    base_slice_t text;
    apr_status_t rv;
    int known;

    if (!peers) {
        return APR_ENOTIMPL;
    }
    rv = peers->get(peers->ctx, env, p, name_of(c, credential, name), &text);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    known = parse(&text, loan);
    base_secret_clear((char *)text.data, text.len);
    if (!known) {
        base_secret_clear(loan, sizeof *loan);
        return APR_NOTFOUND;
    }
    return APR_SUCCESS;
}

/* They see it for `time`. */
static void offer(rc_client_t *c, const base_env_t *env, int credential,
                  const loan_t *loan, apr_interval_time_t time)
{
    const base_peers_t *peers = peers_of(c);
    char name[NAME_SIZE];
    char text[NUMBER_SIZE + RC_TOKEN_MAX + RC_OWNER_SIZE];
    base_slice_t value = {text, 0};

    if (!peers || apr_time_as_msec(loan->life) < 1 || strchr(loan->owner, ' ')) {
        return;
    }
    value.len = apr_snprintf(text, sizeof text, "%" APR_INT64_T_FMT " %s %s",
                             (apr_int64_t)apr_time_as_msec(loan->life), loan->value,
                             loan->owner);
    peers->set(peers->ctx, env, name_of(c, credential, name), &value, time);
    base_secret_clear(text, sizeof text);
}

typedef enum { NOT_BORROWED, STILL_LENT, BORROWED, BORROWED_BACK } borrowed_t;

/* Under the lock. A token that the platform refused here is not taken again, and of one
 * that this gateway got it knows more than the others. */
static borrowed_t take_over(rc_token_state_t *t, const loan_t *loan, apr_time_t now)
{
    const int is_same = now < t->expires && strcmp(loan->value, t->value) == 0;

    if (t->refused == base_sha256_u64(loan->value, strlen(loan->value)) ||
        (is_same && !t->is_lent)) {
        return NOT_BORROWED;
    }
    t->expires = now + loan->life;
    t->renew_at = now + loan->life / 2;
    t->is_lent = 1;
    if (is_same) {
        return STILL_LENT;
    }
    apr_cpystrn(t->owner, loan->owner, sizeof t->owner);
    apr_cpystrn(t->value, loan->value, sizeof t->value);
    return rc_token_begin(t) ? BORROWED_BACK : BORROWED;
}

int rc_loan_take(rc_client_t *c, const base_env_t *env, apr_pool_t *p, int k)
{
    const apr_time_t asked = c->conf.peers ? base_now(env) : 0;
    borrowed_t borrowed = NOT_BORROWED;
    loan_t loan;

    if (!c->conf.peers || find(c, env, p, k, &loan) != APR_SUCCESS) {
        return 0;
    }
    if (c->shared->lock(c->shared->ctx) == APR_SUCCESS) {
        borrowed = take_over(&c->tokens[k], &loan, asked);
        c->shared->unlock(c->shared->ctx);
    }
    base_secret_clear(&loan, sizeof loan);
    if (borrowed >= BORROWED) {
        base_log(env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0210: account '%s', credential '%s': another gateway has got a "
                 "new access token",
                 c->conf.name, c->conf.credentials[k].name);
    }
    if (borrowed == BORROWED_BACK) {
        rc_token_welcome(c, env, k);
    }
    return borrowed != NOT_BORROWED;
}

void rc_loan_give(rc_client_t *c, const base_env_t *env, int k)
{
    const rc_token_state_t *t = &c->tokens[k];
    apr_interval_time_t time;
    loan_t loan;

    if (!c->conf.peers || c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return;
    }
    time = t->renew_at - base_now(env);
    loan.life = (t->expires - t->renew_at) * 9 / 10; /* it is on its way for a while */
    apr_cpystrn(loan.owner, t->owner, sizeof loan.owner);
    apr_cpystrn(loan.value, t->value, sizeof loan.value);
    c->shared->unlock(c->shared->ctx);
    if (time > 0) {
        offer(c, env, k, &loan, time);
    }
    base_secret_clear(&loan, sizeof loan);
}

void rc_loan_withdraw(rc_client_t *c, const base_env_t *env, apr_pool_t *p,
                      const rc_bearer_t *bearer)
{
    const base_peers_t *peers = peers_of(c);
    char name[NAME_SIZE];
    loan_t loan;

    if (peers && find(c, env, p, bearer->credential, &loan) == APR_SUCCESS &&
        strcmp(loan.value, bearer->value) == 0) {
        peers->set(peers->ctx, env, name_of(c, bearer->credential, name), NULL, 0);
    }
    base_secret_clear(&loan, sizeof loan);
}

int rc_loan_begin(rc_client_t *c, const base_env_t *env, int credential)
{
    const base_peers_t *peers = peers_of(c);
    char name[NAME_SIZE];
    int leads = 0;

    return !peers ||
           peers->lead(peers->ctx, env, name_of(c, credential, name), TERM, &leads) !=
               APR_SUCCESS ||
           leads;
}

void rc_loan_end(rc_client_t *c, const base_env_t *env, int credential)
{
    const base_peers_t *peers = peers_of(c);
    char name[NAME_SIZE];

    if (peers) {
        peers->resign(peers->ctx, env, name_of(c, credential, name));
    }
}
