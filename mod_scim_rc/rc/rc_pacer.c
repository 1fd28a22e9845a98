#include "rc_pacer.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>

#include "rc_claim.h"

/* Who waits looks again after this time at the latest: more often when its turn is
 * near, since somebody before it may have left the line. */
#define SHORTEST_NAP apr_time_from_msec(500)
#define LONGEST_NAP apr_time_from_sec(2)
#define NAPS_UNTIL_TURN 8

/* Who is later than this for its next look has died. */
#define GRACE apr_time_from_sec(2)

/* A pass younger than this needs no renewal. */
#define FRESH apr_time_from_sec(1)

int rc_seconds_until(apr_time_t when, apr_time_t now)
{
    apr_int64_t seconds = (when - now + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC;

    if (seconds < 1) {
        return 1;
    }
    return seconds < APR_INT32_MAX ? (int)seconds : APR_INT32_MAX;
}

static const rc_limit_t *limit_of(const rc_pacer_state_t *state, int group)
{
    return state->has_limits ? &state->limits[group] : NULL;
}

static void keep_limits(rc_pacer_state_t *state, const rc_limit_t *limits)
{
    int i;

    state->has_limits = limits != NULL;
    for (i = 0; limits && i < RC_GROUPS; i++) {
        state->limits[i] = limits[i];
    }
}

static void init_seat(rc_pacer_state_t *state, int seat)
{
    int i;

    for (i = 0; i < RC_GROUPS; i++) {
        rc_bucket_init(&state->quotas[seat].buckets[i], (rc_group_t)i,
                       limit_of(state, i));
    }
}

void rc_pacer_init(rc_pacer_state_t *state, int n_credentials, const rc_limit_t *limits)
{
    int k;

    memset(state, 0, sizeof *state);
    keep_limits(state, limits);
    state->n_credentials = n_credentials;
    for (k = 0; k < n_credentials; k++) {
        init_seat(state, k);
    }
}

static int is_limit(const rc_pacer_state_t *state, const rc_limit_t *limits)
{
    int i = 0;

    if (!limits || !state->has_limits) {
        return !limits && !state->has_limits;
    }
    while (i < RC_GROUPS && limits[i].limit == state->limits[i].limit &&
           limits[i].window == state->limits[i].window) {
        i++;
    }
    return i == RC_GROUPS;
}

void rc_pacer_set_limits(rc_pacer_state_t *state, const rc_limit_t *limits,
                         apr_time_t now)
{
    int i, k;

    if (is_limit(state, limits)) {
        return;
    }
    keep_limits(state, limits);
    for (k = 0; k < state->n_credentials; k++) {
        for (i = 0; i < RC_GROUPS; i++) {
            rc_bucket_set_limit(&state->quotas[k].buckets[i], (rc_group_t)i,
                                limit_of(state, i), now);
        }
    }
}

int rc_pacer_find_seat(const rc_pacer_state_t *state, const char *key)
{
    int k = state->n_credentials - 1;

    while (k >= 0 && strncmp(state->quotas[k].key, key, RC_KEY_SIZE) != 0) {
        k--;
    }
    return k;
}

static apr_time_t last_heard(const rc_quota_t *quota)
{
    apr_time_t last = 0;
    int i;

    for (i = 0; i < RC_GROUPS; i++) {
        last = last > quota->buckets[i].heard ? last : quota->buckets[i].heard;
    }
    return last;
}

int rc_pacer_take_seat(rc_pacer_state_t *state, const char *key, unsigned kept)
{
    int k, seat = -1;

    for (k = 0; state->n_credentials == RC_SEATS && k < RC_SEATS; k++) {
        if (!(kept & 1u << k) && (seat < 0 || last_heard(&state->quotas[k]) <
                                                  last_heard(&state->quotas[seat]))) {
            seat = k;
        }
    }
    if (seat < 0) {
        seat = state->n_credentials++;
    }
    init_seat(state, seat);
    apr_cpystrn(state->quotas[seat].key, key, RC_KEY_SIZE);
    return seat;
}

static rc_bucket_t *bucket_of(void *ctx, int credential, int group)
{
    const rc_pacer_t *pacer = ctx;

    return &pacer->state->quotas[credential].buckets[group];
}

apr_status_t rc_pacer_lock(const rc_pacer_t *pacer, const base_env_t *env)
{
    apr_status_t rv = pacer->shared->lock(pacer->shared->ctx);

    if (rv != APR_SUCCESS) {
        base_log(env, BASE_LOG_ERROR, rv,
                 "SCIMRC0200: the lock of the shared memory failed");
    }
    return rv;
}

static apr_interval_time_t nap_until(apr_time_t when, apr_time_t now)
{
    apr_interval_time_t left = when - now, nap = left / NAPS_UNTIL_TURN;

    if (nap > LONGEST_NAP) {
        nap = LONGEST_NAP;
    }
    if (nap < SHORTEST_NAP) {
        nap = SHORTEST_NAP;
    }
    return nap < left ? nap : left;
}

/* What a look at the line shows. */
typedef enum { GO, WAIT, TOO_LONG, TOO_MANY } look_t;

/* Who looks, and what there is to be seen. */
typedef struct sight_t {
    apr_time_t now;
    rc_company_t company;
    rc_turn_t turn;
    int is_missed;    /* together with others who do not know of all calls */
    rc_claim_t claim; /* after GO together with others */
} sight_t;

static rc_outlook_t outlook_of(const rc_pacer_t *pacer, const sight_t *sight)
{
    return (rc_outlook_t){bucket_of,      (void *)pacer,
                          sight->now,     {100, pacer->background_percent},
                          sight->company, pacer->peers ? pacer->peers->share : 100};
}

/* A call that the other gateways cannot be told of. */
static void note_alone(rc_pacer_state_t *state, rc_bucket_t *b, apr_time_t now)
{
    state->missed = 1;
    b->common.alone_until = now + rc_bucket_span(b);
}

static void take(const rc_pacer_t *pacer, const rc_pacer_call_t *call, sight_t *sight,
                 rc_pass_t *pass)
{
    const rc_turn_t *turn = &sight->turn;
    const int is_known = sight->company == RC_TOGETHER;
    const rc_slot_t slot = {sight->now + call->wish.longest, 1,
                            is_known ? RC_CALL_KNOWN : RC_CALL_ALONE};
    rc_bucket_t *b = bucket_of((void *)pacer, turn->credential, turn->group);

    pass->group = (rc_group_t)turn->group;
    pass->credential = turn->credential;
    pass->time = slot.time;
    pass->slot = b->limit ? rc_bucket_take(b, sight->now, &slot) : -1;
    if (is_known) {
        rc_claim_prepare(pacer, call, pass, &sight->claim);
    }
    else if (b->limit) {
        note_alone(pacer->state, b, sight->now);
    }
}

static look_t join(const rc_pacer_t *pacer, const rc_wish_t *wish, apr_uint64_t ticket,
                   apr_time_t back_at)
{
    rc_waiter_t waiter = {ticket, back_at, (apr_uint16_t)wish->groups,
                          (apr_int16_t)wish->work, wish->credentials};

    return rc_line_join(&pacer->state->line, pacer->max_waiting, &waiter) ? WAIT
                                                                          : TOO_MANY;
}

/* Under the lock. */
static look_t look(const rc_pacer_t *pacer, const rc_pacer_call_t *call, sight_t *sight,
                   rc_pass_t *pass)
{
    rc_line_t *line = &pacer->state->line;
    const apr_time_t now = sight->now;
    const rc_outlook_t outlook = outlook_of(pacer, sight);
    rc_turn_t *turn = &sight->turn;
    look_t result = TOO_LONG;

    if (!pass->ticket) {
        pass->ticket = rc_line_ticket(line);
    }
    rc_claim_notice(pacer, sight->company, now);
    sight->is_missed = sight->company == RC_TOGETHER && pacer->state->missed;
    rc_line_prune(line, now);
    *turn = rc_line_turn(line, pacer->plan, &outlook, &call->wish, pass->ticket);
    if (turn->group >= 0 && turn->when <= now) {
        take(pacer, call, sight, pass);
        result = GO;
    }
    else if (turn->group >= 0 && turn->when <= call->deadline) {
        result = join(pacer, &call->wish, pass->ticket,
                      now + nap_until(turn->when, now) + GRACE);
    }
    if (result != WAIT) {
        rc_line_leave(line, call->wish.work, pass->ticket);
    }
    return result;
}

static rc_error_t *busy(apr_pool_t *p, look_t result, const sight_t *sight)
{
    const rc_turn_t *turn = &sight->turn;
    rc_error_t *error;

    if (turn->group < 0) {
        return rc_error(p, RC_INVALID, "a call of no group or no credential");
    }
    error = rc_error(p, RC_BUSY,
                     result == TOO_MANY
                         ? "too many wait already for RingCentral's quota of %s calls"
                         : "RingCentral's quota of %s calls is used up",
                     rc_group_name((rc_group_t)turn->group));
    error->retry_after = rc_seconds_until(turn->when, sight->now);
    return error;
}

static rc_error_t *give_up(const rc_pacer_t *pacer, apr_pool_t *p,
                           const rc_pacer_call_t *call, const rc_pass_t *pass)
{
    if (rc_pacer_lock(pacer, call->env) == APR_SUCCESS) {
        rc_line_leave(&pacer->state->line, call->wish.work, pass->ticket);
        pacer->shared->unlock(pacer->shared->ctx);
    }
    return rc_error(p, RC_INTERRUPTED, "interrupted while waiting for quota");
}

static apr_status_t nap(const rc_pacer_call_t *call, const sight_t *sight, int nth)
{
    const rc_turn_t *turn = &sight->turn;

    if (nth == 0) {
        base_log(call->env, BASE_LOG_DEBUG, APR_SUCCESS,
                 "a %s call waits: its turn is in %d ms",
                 rc_group_name((rc_group_t)turn->group),
                 (int)apr_time_as_msec(turn->when - sight->now));
    }
    return base_sleep(call->env, nap_until(turn->when, sight->now));
}

rc_error_t *rc_pacer_enter(const rc_pacer_t *pacer, apr_pool_t *p,
                           const rc_pacer_call_t *call, rc_pass_t *pass)
{
    int naps = 0, deserted = 0;

    pass->claim[0] = '\0';
    for (;;) {
        sight_t sight;
        look_t result;

        sight.company = deserted ? RC_ALONE : rc_claim_company(pacer);
        sight.now = base_now(call->env);
        if (rc_pacer_lock(pacer, call->env) != APR_SUCCESS) {
            return rc_error(p, RC_UNAVAILABLE, "the lock of the shared memory failed");
        }
        result = look(pacer, call, &sight, pass);
        pacer->shared->unlock(pacer->shared->ctx);
        if (sight.is_missed) {
            rc_claim_make_up(pacer, call->env);
        }
        if (result == GO && sight.company == RC_TOGETHER) {
            apr_status_t rv = rc_claim_take(pacer, call->env, &sight.claim, pass);

            if (rv == APR_SUCCESS) {
                return NULL;
            }
            deserted = rv != APR_EAGAIN;
        }
        else if (result != WAIT) {
            return result == GO ? NULL : busy(p, result, &sight);
        }
        else if (nap(call, &sight, naps++) == APR_SUCCESS) {
            deserted = 0; /* they may be back */
        }
        else {
            return give_up(pacer, p, call, pass);
        }
    }
}

rc_error_t *rc_pacer_peek(const rc_pacer_t *pacer, apr_pool_t *p,
                          const rc_pacer_call_t *call)
{
    rc_line_t *line = &pacer->state->line;
    sight_t sight = {.now = base_now(call->env), .company = rc_claim_company(pacer)};
    const rc_outlook_t outlook = outlook_of(pacer, &sight);
    rc_turn_t *turn = &sight.turn;

    if (rc_pacer_lock(pacer, call->env) != APR_SUCCESS) {
        return rc_error(p, RC_UNAVAILABLE, "the lock of the shared memory failed");
    }
    rc_line_prune(line, sight.now);
    *turn =
        rc_line_turn(line, pacer->plan, &outlook, &call->wish, rc_line_ticket(line));
    pacer->shared->unlock(pacer->shared->ctx);
    return turn->group >= 0 && turn->when <= sight.now ? NULL
                                                       : busy(p, TOO_LONG, &sight);
}

int rc_pacer_renew(const rc_pacer_t *pacer, const base_env_t *env,
                   apr_interval_time_t longest, rc_pass_t *pass)
{
    const apr_time_t time = base_now(env) + longest;
    rc_bucket_t *b = bucket_of((void *)pacer, pass->credential, (int)pass->group);
    apr_interval_time_t span;
    rc_slot_t *slot;

    if (base_now(env) < b->closed_until) { /* a time is read in one piece */
        return 0;
    }
    if (pass->slot < 0 || time <= pass->time + FRESH) {
        return 1;
    }
    if (rc_pacer_lock(pacer, env) != APR_SUCCESS) {
        return 0;
    }
    span = rc_bucket_span(b);
    slot = rc_bucket_slot(b, pass->slot, pass->time);
    if (slot) {
        slot->time = pass->time = time;
    }
    pacer->shared->unlock(pacer->shared->ctx);
    if (slot) {
        rc_claim_renew(pacer, env, pass, longest + span);
    }
    return slot != NULL;
}

/* What has to be said once the lock is free again. */
typedef struct report_t {
    rc_outcome_t outcome;
    int limit;
    apr_interval_time_t window;
    int closed; /* seconds */
} report_t;

/* Closes what a penalty concerns. */
static void close_buckets(rc_pacer_state_t *state, const rc_pass_t *pass,
                          rc_group_t group, const rc_pacer_answer_t *answer,
                          apr_time_t now)
{
    int i, k;

    rc_bucket_close(&state->quotas[pass->credential].buckets[group], answer->headers,
                    now);
    for (k = 0; answer->penalty == RC_ACCOUNT_PENALTY && k < state->n_credentials;
         k++) {
        for (i = 0; i < RC_AUTH; i++) {
            rc_bucket_close(&state->quotas[k].buckets[i], answer->headers, now);
        }
    }
}

/* The call ended now. */
static void count(rc_pacer_state_t *state, const rc_pass_t *pass, rc_group_t group,
                  apr_time_t now)
{
    rc_bucket_t *b = &state->quotas[pass->credential].buckets[group];
    const int is_known = pass->claim[0] && group == pass->group;
    const rc_slot_t slot = {now, 0, is_known ? RC_CALL_KNOWN : RC_CALL_ALONE};

    b->sent++;
    if (b->limit) {
        rc_bucket_take(b, now, &slot);
        state->missed |= !is_known;
    }
    if (b->limit && !pass->claim[0]) {
        note_alone(state, b, now);
    }
}

static void settle(rc_pacer_state_t *state, const rc_pass_t *pass,
                   const rc_pacer_answer_t *answer, apr_time_t now, report_t *report)
{
    rc_bucket_t *buckets = state->quotas[pass->credential].buckets;
    rc_outcome_t *outcome = &report->outcome;
    rc_bucket_t *b = &buckets[outcome->group];
    rc_slot_t *slot = NULL;

    outcome->span = rc_bucket_span(b);
    if (pass->slot >= 0) {
        slot = rc_bucket_slot(&buckets[pass->group], pass->slot, pass->time);
    }
    if (slot) {
        slot->time = 0;
        slot->in_flight = 0;
    }
    if (!answer->sent) {
        return;
    }
    count(state, pass, outcome->group, now);
    if (!answer->headers) {
        return;
    }
    outcome->lesson = rc_bucket_learn(b, answer->headers, now);
    if (now < b->common.doubt_until) {
        outcome->lesson.others = outcome->lesson.used; /* as many as they lack */
    }
    outcome->span = rc_bucket_span(b);
    report->limit = b->limit;
    report->window = b->window;
    if (answer->penalty != RC_NO_PENALTY) {
        b->rejected++;
        close_buckets(state, pass, outcome->group, answer, now);
        outcome->closed_until = b->closed_until;
        report->closed = rc_seconds_until(b->closed_until, now);
    }
}

static void tell(const rc_pacer_t *pacer, const base_env_t *env, const rc_pass_t *pass,
                 const report_t *report)
{
    const char *group = rc_group_name(report->outcome.group);

    if (report->outcome.lesson.limits) {
        base_log(env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0201: RingCentral allows %d %s calls in %d s to the credential "
                 "'%s'",
                 report->limit, group, (int)apr_time_sec(report->window),
                 pacer->names[pass->credential]);
    }
    if (report->closed) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0202: RingCentral refused a %s call of the credential '%s' "
                 "(429); %s sent for %d s",
                 group, pacer->names[pass->credential],
                 report->outcome.penalty == RC_ACCOUNT_PENALTY
                     ? "nothing is"
                     : "no call of this group is",
                 report->closed);
    }
}

int rc_pacer_leave(const rc_pacer_t *pacer, const base_env_t *env,
                   const rc_pass_t *pass, const rc_pacer_answer_t *answer)
{
    report_t report = {.outcome = {.sent = answer->sent,
                                   .group = pass->group,
                                   .penalty = answer->penalty}};
    const rc_company_t company = rc_claim_company(pacer);
    apr_time_t now = base_now(env);

    if (rc_pacer_lock(pacer, env) != APR_SUCCESS) {
        return 0;
    }
    if (answer->headers) {
        report.outcome.group = rc_group_of(answer->headers, pass->group);
    }
    settle(pacer->state, pass, answer, now, &report);
    rc_claim_notice(pacer, company, now);
    report.outcome.is_missed = pacer->state->missed;
    pacer->shared->unlock(pacer->shared->ctx);
    tell(pacer, env, pass, &report);
    rc_claim_settle(pacer, env, pass, &report.outcome);
    return report.closed;
}

apr_size_t rc_pacer_save(const rc_pacer_state_t *state, rc_pacer_image_t *image)
{
    const apr_size_t quotas = state->n_credentials * sizeof image->quotas[0];

    image->version = RC_PACER_IMAGE_VERSION;
    image->size = (apr_uint32_t)(offsetof(rc_pacer_image_t, quotas) + quotas);
    memcpy(image->quotas, state->quotas, quotas);
    return image->size;
}

static const rc_quota_t *quota_of(const rc_pacer_image_t *image, const char *key)
{
    const apr_size_t n =
        (image->size - offsetof(rc_pacer_image_t, quotas)) / sizeof image->quotas[0];
    apr_size_t i;

    for (i = 0; i < n; i++) {
        if (strncmp(image->quotas[i].key, key, RC_KEY_SIZE) == 0) {
            return &image->quotas[i];
        }
    }
    return NULL;
}

int rc_pacer_load(rc_pacer_state_t *state, const void *data, apr_size_t len,
                  apr_time_t now)
{
    const rc_pacer_image_t *image = data;
    int i, k;

    if (len < offsetof(rc_pacer_image_t, quotas) || len > sizeof *image ||
        image->version != RC_PACER_IMAGE_VERSION || image->size != len) {
        return 0;
    }
    for (k = 0; k < state->n_credentials; k++) {
        rc_quota_t *quota = &state->quotas[k];
        const rc_quota_t *saved = quota_of(image, quota->key);

        for (i = 0; saved && i < RC_GROUPS; i++) {
            rc_bucket_load(&quota->buckets[i], &saved->buckets[i], now);
        }
    }
    state->missed = 1;
    return 1;
}
