#include "rc_pacer.h"

#include <stddef.h>
#include <string.h>

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

void rc_pacer_init(rc_pacer_state_t *state, int n_credentials, const rc_limit_t *limits)
{
    int i, k;

    memset(state, 0, sizeof *state);
    state->n_credentials = n_credentials;
    for (k = 0; k < n_credentials; k++) {
        for (i = 0; i < RC_GROUPS; i++) {
            rc_bucket_init(&state->quotas[k].buckets[i], (rc_group_t)i,
                           limits ? &limits[i] : NULL);
        }
    }
}

static rc_bucket_t *bucket_of(void *ctx, int credential, int group)
{
    const rc_pacer_t *pacer = ctx;

    return &pacer->state->quotas[credential].buckets[group];
}

static apr_status_t lock(const rc_pacer_t *pacer, const base_env_t *env)
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

static void take(const rc_pacer_t *pacer, const rc_pacer_call_t *call,
                 const rc_turn_t *turn, apr_time_t now, rc_pass_t *pass)
{
    rc_bucket_t *b = bucket_of((void *)pacer, turn->credential, turn->group);

    pass->group = (rc_group_t)turn->group;
    pass->credential = turn->credential;
    pass->time = now + call->wish.longest;
    pass->slot = b->limit ? rc_bucket_take(b, now, pass->time, 1) : -1;
}

static look_t join(const rc_pacer_t *pacer, const rc_wish_t *wish, apr_uint64_t ticket,
                   apr_time_t back_at)
{
    rc_waiter_t waiter = {ticket, back_at, (apr_uint16_t)wish->groups,
                          (apr_uint16_t)wish->credentials, wish->work};

    return rc_line_join(&pacer->state->line, pacer->max_waiting, &waiter) ? WAIT
                                                                          : TOO_MANY;
}

/* Under the lock. */
static look_t look(const rc_pacer_t *pacer, const rc_pacer_call_t *call, apr_time_t now,
                   rc_turn_t *turn, rc_pass_t *pass)
{
    rc_line_t *line = &pacer->state->line;
    rc_outlook_t outlook = {
        bucket_of, (void *)pacer, now, {100, pacer->background_percent}};
    look_t result = TOO_LONG;

    if (!pass->ticket) {
        pass->ticket = rc_line_ticket(line);
    }
    rc_line_prune(line, now);
    *turn = rc_line_turn(line, pacer->plan, &outlook, &call->wish, pass->ticket);
    if (turn->group >= 0 && turn->when <= now) {
        take(pacer, call, turn, now, pass);
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

static rc_error_t *busy(apr_pool_t *p, look_t result, const rc_turn_t *turn,
                        apr_time_t now)
{
    rc_error_t *error;

    if (turn->group < 0) {
        return rc_error(p, RC_INVALID, "a call of no group or no credential");
    }
    error = rc_error(p, RC_BUSY,
                     result == TOO_MANY
                         ? "too many wait already for RingCentral's quota of %s calls"
                         : "RingCentral's quota of %s calls is used up",
                     rc_group_name((rc_group_t)turn->group));
    error->retry_after = rc_seconds_until(turn->when, now);
    return error;
}

static rc_error_t *give_up(const rc_pacer_t *pacer, apr_pool_t *p,
                           const rc_pacer_call_t *call, const rc_pass_t *pass)
{
    if (lock(pacer, call->env) == APR_SUCCESS) {
        rc_line_leave(&pacer->state->line, call->wish.work, pass->ticket);
        pacer->shared->unlock(pacer->shared->ctx);
    }
    return rc_error(p, RC_INTERRUPTED, "interrupted while waiting for quota");
}

rc_error_t *rc_pacer_enter(const rc_pacer_t *pacer, apr_pool_t *p,
                           const rc_pacer_call_t *call, rc_pass_t *pass)
{
    int looks;

    for (looks = 0;; looks++) {
        apr_time_t now = base_now(call->env);
        rc_turn_t turn;
        look_t result;

        if (lock(pacer, call->env) != APR_SUCCESS) {
            return rc_error(p, RC_UNAVAILABLE, "the lock of the shared memory failed");
        }
        result = look(pacer, call, now, &turn, pass);
        pacer->shared->unlock(pacer->shared->ctx);
        if (result != WAIT) {
            return result == GO ? NULL : busy(p, result, &turn, now);
        }
        if (looks == 0) {
            base_log(call->env, BASE_LOG_DEBUG, APR_SUCCESS,
                     "a %s call waits: its turn is in %d ms",
                     rc_group_name((rc_group_t)turn.group),
                     (int)apr_time_as_msec(turn.when - now));
        }
        if (base_sleep(call->env, nap_until(turn.when, now)) != APR_SUCCESS) {
            return give_up(pacer, p, call, pass);
        }
    }
}

int rc_pacer_renew(const rc_pacer_t *pacer, const base_env_t *env,
                   apr_interval_time_t longest, rc_pass_t *pass)
{
    const apr_time_t time = base_now(env) + longest;
    rc_slot_t *slot;

    if (pass->slot < 0 || time <= pass->time + FRESH) {
        return 1;
    }
    if (lock(pacer, env) != APR_SUCCESS) {
        return 0;
    }
    slot = rc_bucket_slot(bucket_of((void *)pacer, pass->credential, pass->group),
                          pass->slot, pass->time);
    if (slot) {
        slot->time = pass->time = time;
    }
    pacer->shared->unlock(pacer->shared->ctx);
    return slot != NULL;
}

/* What has to be said once the lock is free again. */
typedef struct report_t {
    rc_group_t group;
    int news, limit;
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

static void settle(rc_pacer_state_t *state, const rc_pass_t *pass,
                   const rc_pacer_answer_t *answer, apr_time_t now, report_t *report)
{
    rc_bucket_t *buckets = state->quotas[pass->credential].buckets;
    rc_bucket_t *b = &buckets[report->group];
    rc_slot_t *slot = NULL;

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
    b->sent++;
    if (b->limit) {
        rc_bucket_take(b, now, now, 0);
    }
    if (!answer->headers) {
        return;
    }
    report->news = rc_bucket_learn(b, answer->headers, now);
    report->limit = b->limit;
    report->window = b->window;
    if (answer->penalty != RC_NO_PENALTY) {
        b->rejected++;
        close_buckets(state, pass, report->group, answer, now);
        report->closed = rc_seconds_until(b->closed_until, now);
    }
}

static void tell(const rc_pacer_t *pacer, const base_env_t *env, const rc_pass_t *pass,
                 const report_t *report, rc_penalty_t penalty)
{
    if (report->news) {
        base_log(env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0201: RingCentral allows %d %s calls in %d s to the credential "
                 "'%s'",
                 report->limit, rc_group_name(report->group),
                 (int)apr_time_sec(report->window), pacer->names[pass->credential]);
    }
    if (report->closed) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0202: RingCentral refused a %s call of the credential '%s' "
                 "(429); %s sent for %d s",
                 rc_group_name(report->group), pacer->names[pass->credential],
                 penalty == RC_ACCOUNT_PENALTY ? "nothing is"
                                               : "no call of this group is",
                 report->closed);
    }
}

int rc_pacer_leave(const rc_pacer_t *pacer, const base_env_t *env,
                   const rc_pass_t *pass, const rc_pacer_answer_t *answer)
{
    report_t report = {pass->group, 0, 0, 0, 0};
    apr_time_t now = base_now(env);

    if (lock(pacer, env) != APR_SUCCESS) {
        return 0;
    }
    if (answer->headers) {
        report.group = rc_group_of(answer->headers, pass->group);
    }
    settle(pacer->state, pass, answer, now, &report);
    pacer->shared->unlock(pacer->shared->ctx);
    tell(pacer, env, pass, &report, answer->penalty);
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
    return 1;
}
