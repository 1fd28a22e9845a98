#include "rc_claim.h"

#include <apr_strings.h>

/* A limit for units that are counted whatever others have used. */
#define NO_LIMIT APR_INT32_MAX

rc_company_t rc_claim_company(const rc_pacer_t *pacer)
{
    const base_peers_t *peers = pacer->peers;

    if (!peers) {
        return RC_SINGLE;
    }
    return peers->is_here(peers->ctx) ? RC_TOGETHER : RC_ALONE;
}

static rc_bucket_t *bucket_of(const rc_pacer_t *pacer, int credential, int group)
{
    return &pacer->state->quotas[credential].buckets[group];
}

static void name_budget(const rc_pacer_t *pacer, int credential, int group,
                        rc_budget_t *budget)
{
    apr_snprintf(budget->name, sizeof budget->name, "%s/%s",
                 pacer->state->quotas[credential].key,
                 rc_group_name((rc_group_t)group));
    budget->base.name = budget->name;
}

static apr_uint32_t epoch_of(const rc_pacer_t *pacer)
{
    const base_peers_t *peers = pacer->peers;

    return peers && peers->epoch ? peers->epoch(peers->ctx) : 0;
}

/* Our calls of the window are to be told again; those of others the next answer
 * tells. */
static int doubt(rc_bucket_t *b, apr_time_t now)
{
    const apr_time_t old = now - rc_bucket_span(b);
    int i, n = 0;

    b->common.doubt_until = now + rc_bucket_span(b);
    if (b->limit && !b->cold) {
        b->cold = 1;
    }

    for (i = 0; b->limit && i < RC_WINDOW_SLOTS; i++) {
        rc_slot_t *slot = &b->slots[i];

        if (slot->time > old && slot->whose == RC_CALL_KNOWN && !slot->in_flight) {
            slot->whose = RC_CALL_ALONE;
            n++;
        }
    }
    if (n) {
        b->common.alone_until = now + rc_bucket_span(b);
    }
    return n;
}

void rc_claim_notice(const rc_pacer_t *pacer, rc_company_t company, apr_time_t now)
{
    rc_pacer_state_t *state = pacer->state;
    const apr_uint32_t epoch = epoch_of(pacer);
    const int is_new = state->has_epoch && state->epoch != epoch;
    int i, k;

    for (k = 0;
         (state->away || is_new) && company == RC_TOGETHER && k < state->n_credentials;
         k++) {
        for (i = 0; i < RC_GROUPS; i++) {
            state->missed |= doubt(bucket_of(pacer, k, i), now) > 0;
        }
    }
    state->away = company == RC_ALONE;
    if (company == RC_TOGETHER) {
        state->epoch = epoch;
        state->has_epoch = 1;
    }
}

void rc_claim_prepare(const rc_pacer_t *pacer, const rc_pacer_call_t *call,
                      const rc_pass_t *pass, rc_claim_t *claim)
{
    rc_bucket_t *b = bucket_of(pacer, pass->credential, (int)pass->group);
    const int percent =
        call->wish.work == RC_BACKGROUND ? pacer->background_percent : 100;
    const apr_time_t now = base_now(call->env);

    name_budget(pacer, pass->credential, (int)pass->group, &claim->budget);
    claim->budget.base.limit = b->limit ? rc_bucket_quota(b, percent) : 0;
    claim->budget.base.window = rc_bucket_span(b);
    claim->work = call->wish.work;
    claim->longest = call->wish.longest;
    claim->epoch = pacer->state->epoch;
    /* Who needs no unit asks nobody. */
    claim->is_scarce = b->limit && pass->slot >= 0 && now < b->common.scarce_until;
    if (claim->is_scarce) {
        rc_common_ask(&b->common, pass->ticket, now);
    }
}

/* ---- calls that were made while the others could not be told ---- */

typedef struct missed_t {
    int credential, group, slot;
    apr_time_t time; /* of the slot */
    apr_interval_time_t left, span;
} missed_t;

/* Under the lock: the next of them from m->slot on. It counts as known from now on. */
static int find_in_bucket(rc_bucket_t *b, apr_time_t now, missed_t *m)
{
    for (; m->slot < RC_WINDOW_SLOTS; m->slot++) {
        rc_slot_t *slot = &b->slots[m->slot];

        m->span = rc_bucket_span(b);
        m->left = slot->time + m->span - now;
        if (slot->whose == RC_CALL_ALONE && !slot->in_flight && m->left > 0) {
            slot->whose = RC_CALL_KNOWN;
            m->time = slot->time;
            return 1;
        }
    }
    return 0;
}

static int find_missed(const rc_pacer_t *pacer, const base_env_t *env, missed_t *m)
{
    const apr_time_t now = base_now(env);
    rc_pacer_state_t *state = pacer->state;
    int found = 0;

    if (rc_pacer_lock(pacer, env) != APR_SUCCESS) {
        return 0;
    }
    state->missed = 0;
    while (m->credential < state->n_credentials && !found) {
        rc_bucket_t *b = bucket_of(pacer, m->credential, m->group);

        found = b->limit && find_in_bucket(b, now, m);
        if (!found) {
            m->slot = 0;
            m->group = (m->group + 1) % RC_GROUPS;
            m->credential += m->group == 0;
        }
    }
    pacer->shared->unlock(pacer->shared->ctx);
    return found;
}

static void miss_again(const rc_pacer_t *pacer, const base_env_t *env,
                       const missed_t *m)
{
    rc_slot_t *slot = &bucket_of(pacer, m->credential, m->group)->slots[m->slot];

    if (rc_pacer_lock(pacer, env) != APR_SUCCESS) {
        return;
    }
    pacer->state->missed = 1;
    if (slot->time == m->time && slot->whose == RC_CALL_KNOWN) {
        slot->whose = RC_CALL_ALONE;
    }
    pacer->shared->unlock(pacer->shared->ctx);
}

void rc_claim_make_up(const rc_pacer_t *pacer, const base_env_t *env)
{
    const base_peers_t *peers = pacer->peers;
    missed_t m = {0, 0, 0, 0, 0, 0};
    char claim[BASE_CLAIM_SIZE];

    while (find_missed(pacer, env, &m)) {
        rc_budget_t budget;
        apr_interval_time_t wait;
        apr_status_t rv;

        name_budget(pacer, m.credential, m.group, &budget);
        budget.base.limit = NO_LIMIT;
        budget.base.window = m.span;
        rv = peers->take(peers->ctx, env, &budget.base, 0, claim, &wait);
        if (rv == APR_SUCCESS) {
            rv = peers->mark(peers->ctx, env, &budget.base, claim, m.left);
        }
        else if (rv != APR_EAGAIN) { /* a penalty lasts longer than they count */
            miss_again(pacer, env, &m);
            return;
        }
    }
}

/* ---- a call ---- */

static void conclude(const rc_pacer_t *pacer, const base_env_t *env,
                     const rc_claim_t *claim, rc_pass_t *pass,
                     const apr_interval_time_t *wait)
{
    const rc_refusal_t refusal = {claim->work, pass->ticket, wait ? *wait : 0,
                                  claim->budget.base.window};
    rc_bucket_t *b = bucket_of(pacer, pass->credential, (int)pass->group);
    rc_slot_t *slot;

    if (rc_pacer_lock(pacer, env) != APR_SUCCESS) {
        return;
    }
    if (pass->claim[0]) {
        rc_common_grant(&b->common, claim->work, pass->ticket);
    }
    else {
        slot = rc_bucket_slot(b, pass->slot, pass->time);
        if (slot) {
            slot->time = 0;
            slot->in_flight = 0;
        }
        pass->slot = -1;
        if (wait) {
            rc_common_refuse(&b->common, &refusal, base_now(env));
        }
    }
    pacer->shared->unlock(pacer->shared->ctx);
}

apr_status_t rc_claim_take(const rc_pacer_t *pacer, const base_env_t *env,
                           rc_claim_t *claim, rc_pass_t *pass)
{
    const base_peers_t *peers = pacer->peers;
    apr_interval_time_t wait = 0;
    int is_void = 0;
    apr_status_t rv;

    if (claim->budget.base.limit == 0 || pass->slot < 0) {
        return APR_SUCCESS;
    }
    rv = peers->take(peers->ctx, env, &claim->budget.base, claim->longest, pass->claim,
                     &wait);
    if (rv == APR_SUCCESS && epoch_of(pacer) != claim->epoch) {
        /* Of a budget that may know of nothing yet: first it is told. */
        peers->mark(peers->ctx, env, &claim->budget.base, pass->claim, 0);
        rv = APR_EAGAIN;
        is_void = 1;
    }
    if (rv != APR_SUCCESS) {
        pass->claim[0] = '\0';
    }
    if (rv != APR_SUCCESS || claim->is_scarce) {
        conclude(pacer, env, claim, pass, rv == APR_EAGAIN && !is_void ? &wait : NULL);
    }
    return rv;
}

/* That others do not hear of it does no harm: a unit ends by itself. */
static void mark(const rc_pacer_t *pacer, const base_env_t *env, const rc_pass_t *pass,
                 apr_interval_time_t time)
{
    const base_peers_t *peers = pacer->peers;
    rc_budget_t budget;

    if (!pass->claim[0] || !peers->is_here(peers->ctx)) {
        return;
    }
    name_budget(pacer, pass->credential, (int)pass->group, &budget);
    budget.base.limit = NO_LIMIT;
    budget.base.window = time;
    peers->mark(peers->ctx, env, &budget.base, pass->claim, time);
}

void rc_claim_renew(const rc_pacer_t *pacer, const base_env_t *env,
                    const rc_pass_t *pass, apr_interval_time_t time)
{
    mark(pacer, env, pass, time);
}

/* The platform counts calls that this gateway did not know of. Those of other gateways
 * have units; as long as there are less units than calls, some are of strangers. */
static void count_strangers(const rc_pacer_t *pacer, const base_env_t *env,
                            const rc_pass_t *pass, const rc_outcome_t *outcome)
{
    const base_peers_t *peers = pacer->peers;
    char claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;
    rc_budget_t budget;
    int i;

    name_budget(pacer, pass->credential, (int)outcome->group, &budget);
    budget.base.limit = outcome->lesson.used;
    budget.base.window = outcome->span;
    for (i = 0; i < outcome->lesson.others; i++) {
        if (peers->take(peers->ctx, env, &budget.base, 0, claim, &wait) !=
            APR_SUCCESS) {
            return;
        }
    }
}

/* What a penalty closes is closed for all gateways. */
static void close_budgets(const rc_pacer_t *pacer, const base_env_t *env,
                          const rc_pass_t *pass, const rc_outcome_t *outcome)
{
    const base_peers_t *peers = pacer->peers;
    const apr_interval_time_t time = outcome->closed_until - base_now(env);
    rc_budget_t budget;
    int i, k;

    name_budget(pacer, pass->credential, (int)outcome->group, &budget);
    peers->close(peers->ctx, env, budget.name, time);
    for (k = 0;
         outcome->penalty == RC_ACCOUNT_PENALTY && k < pacer->state->n_credentials;
         k++) {
        for (i = 0; i < RC_AUTH; i++) {
            if (k != pass->credential || i != (int)outcome->group) {
                name_budget(pacer, k, i, &budget);
                peers->close(peers->ctx, env, budget.name, time);
            }
        }
    }
}

void rc_claim_settle(const rc_pacer_t *pacer, const base_env_t *env,
                     const rc_pass_t *pass, const rc_outcome_t *outcome)
{
    const int counts = outcome->sent && outcome->group == pass->group;

    if (rc_claim_company(pacer) != RC_TOGETHER) {
        return;
    }
    mark(pacer, env, pass, counts ? outcome->span : 0);
    if (outcome->is_missed) {
        rc_claim_make_up(pacer, env);
    }
    if (outcome->lesson.others) {
        count_strangers(pacer, env, pass, outcome);
    }
    if (outcome->penalty != RC_NO_PENALTY) {
        close_budgets(pacer, env, pass, outcome);
    }
}
