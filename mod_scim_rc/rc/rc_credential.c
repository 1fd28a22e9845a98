#include "rc_credential.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "base_str.h"
#include "rc_call.h"

/* How long a credential without a permission is spared the calls that need it. */
#define FORBIDDEN_FOR apr_time_from_sec(900)

#define BITS 64
#define ANY (~APR_UINT64_C(0))

static apr_uint64_t bit_of(const char *endpoint)
{
    apr_ssize_t len = APR_HASH_KEY_STRING;

    return endpoint ? APR_UINT64_C(1) << (apr_hashfunc_default(endpoint, &len) % BITS)
                    : ANY;
}

static int is_forbidden(const rc_token_state_t *t, apr_uint64_t bit, apr_time_t now)
{
    return (t->forbidden & bit) && now < t->forbidden_until;
}

/* What there is, as bits. */
typedef struct offer_t {
    unsigned usable, allowed, at_once;
} offer_t;

/* Under the lock. */
static offer_t look(const rc_client_t *c, const rc_choice_t *choice, apr_time_t now)
{
    const apr_uint64_t bit = bit_of(choice->endpoint);
    offer_t offer = {0, 0, 0};
    int k;

    for (k = 0; k < RC_SEATS; k++) {
        const rc_token_state_t *t = &c->tokens[k];
        const unsigned self = 1u << k;

        if (!(c->seats & self) || choice->tried & self ||
            (now >= t->expires && now < t->retry_at)) {
            continue;
        }
        offer.usable |= self;
        if (!is_forbidden(t, bit, now)) {
            offer.allowed |= self;
        }
        if (now < t->expires || now >= t->fetched_until) {
            offer.at_once |= self;
        }
    }
    return offer;
}

static unsigned best_of(const offer_t *offer)
{
    unsigned best = offer->allowed ? offer->allowed : offer->usable;

    return best & offer->at_once ? best & offer->at_once : best;
}

/* The failure that ends first. Under the lock. */
static rc_error_t *first_failure(const rc_client_t *c, apr_pool_t *p, unsigned tried,
                                 apr_time_t now)
{
    const rc_token_state_t *first = NULL;
    int k;

    for (k = 0; k < RC_SEATS; k++) {
        const rc_token_state_t *t = &c->tokens[k];

        if (c->seats & ~tried & 1u << k && (!first || t->retry_at < first->retry_at)) {
            first = t;
        }
    }
    return first ? rc_token_recall(p, first, now) : NULL;
}

unsigned rc_credential_choose(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              const rc_choice_t *choice, rc_error_t **error)
{
    const apr_time_t now = base_now(who->env);
    offer_t offer;

    *error = NULL;
    if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        *error = rc_error(p, RC_UNAVAILABLE, "the lock of the shared memory failed");
        return 0;
    }
    offer = look(c, choice, now);
    if (!offer.usable) {
        *error = first_failure(c, p, choice->tried, now);
    }
    c->shared->unlock(c->shared->ctx);
    return best_of(&offer);
}

static int lacks_permission(const rc_error_t *error)
{
    return error->kind == RC_FORBIDDEN &&
           (strcmp(error->code, "CMN-401") == 0 || strcmp(error->code, "CMN-408") == 0);
}

int rc_credential_forbid(rc_client_t *c, const rc_caller_t *who,
                         const rc_choice_t *choice, const rc_bearer_t *bearer,
                         const rc_error_t *error)
{
    const apr_time_t now = base_now(who->env);
    const apr_uint64_t bit = bit_of(choice->endpoint);
    const rc_choice_t others = {choice->endpoint,
                                choice->tried | 1u << bearer->credential};
    rc_token_state_t *t = &c->tokens[bearer->credential];
    int is_new, is_other;

    if (!lacks_permission(error) || c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return 0;
    }
    is_other = look(c, &others, now).allowed != 0;
    is_new = is_other && !is_forbidden(t, bit, now);
    if (is_new) {
        t->forbidden = now < t->forbidden_until ? t->forbidden | bit : bit;
        t->forbidden_until = now + FORBIDDEN_FOR;
    }
    c->shared->unlock(c->shared->ctx);
    if (is_new) {
        base_log(
            who->env, BASE_LOG_ERROR, APR_SUCCESS,
            "SCIMRC0208: account '%s', credential '%s': RingCentral refuses %s: %s "
            "(%s); give its app and its user the permission; for %d s the other "
            "credentials do this",
            c->conf.name, c->conf.credentials[bearer->credential].name,
            choice->endpoint, error->message, error->code,
            (int)apr_time_sec(FORBIDDEN_FOR));
    }
    return is_other;
}

void rc_credential_permit(rc_client_t *c, const rc_caller_t *who, const char *endpoint,
                          const rc_bearer_t *bearer)
{
    const apr_uint64_t bit = bit_of(endpoint);
    rc_token_state_t *t = &c->tokens[bearer->credential];
    int is_back;

    if (!(bearer->forbidden & bit) || c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
        return;
    }
    is_back = (t->forbidden & bit) != 0;
    t->forbidden &= ~bit;
    c->shared->unlock(c->shared->ctx);
    if (is_back) {
        base_log(who->env, BASE_LOG_NOTICE, APR_SUCCESS,
                 "SCIMRC0209: account '%s', credential '%s': RingCentral allows %s "
                 "again",
                 c->conf.name, c->conf.credentials[bearer->credential].name, endpoint);
    }
}

/* Who the credential is: *owner in `p`, "" when the platform did not say. */
static rc_error_t *owner_of(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                            int k, const char **owner)
{
    const rc_token_state_t *t = &c->tokens[k];
    rc_error_t *error = NULL;
    rc_bearer_t bearer;
    int pass;

    *owner = "";
    for (pass = 0; pass < 2 && !error; pass++) {
        apr_uint32_t generation;

        if (c->shared->lock(c->shared->ctx) != APR_SUCCESS) {
            return rc_error(p, RC_UNAVAILABLE, "the lock of the shared memory failed");
        }
        generation = t->generation;
        *owner = apr_pstrdup(p, t->owner);
        c->shared->unlock(c->shared->ctx);
        if (generation) {
            return NULL;
        }
        error = rc_token_get(c, who, p, k, &bearer);
        base_secret_clear(&bearer, sizeof bearer);
    }
    return error;
}

rc_error_t *rc_client_owns(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           const char *id, int *owns)
{
    rc_error_t *failure = NULL;
    int k, known = 0;

    *owns = 0;
    for (k = 0; k < RC_SEATS && !*owns; k++) {
        const char *owner;
        rc_error_t *error;

        if (!(c->seats & 1u << k)) {
            continue;
        }
        error = owner_of(c, who, p, k, &owner);
        if (error && error->kind != RC_CREDENTIALS) {
            return error;
        }
        if (error) {
            failure = error; /* it speaks for nobody: it is not accepted */
            continue;
        }
        known++;
        *owns = strcmp(owner, id) == 0;
    }
    return known ? NULL : failure;
}
