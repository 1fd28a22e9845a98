#include "rc_pacer.h"

#include <stdlib.h>
#include <string.h>

#include "base_str.h"

/* Answers without a word on the quota after which the bucket is no longer cold. */
#define COLD_ANSWERS 3
#define COLD_NAP apr_time_from_msec(20)
#define COLD_PATIENCE apr_time_from_sec(5) /* with a first call that hangs */
#define LONGEST_NAP apr_time_from_msec(500)
#define SHORTEST_PENALTY apr_time_from_sec(30)
#define DAY_SECONDS 86400

/* How far the edges of a window may differ between the platform and here. */
#define MARGIN_PERCENT 1
#define SHORTEST_MARGIN apr_time_from_msec(5)

static const struct {
    const char *name;
    int limit;
} groups[RC_GROUPS] = {
    [RC_LIGHT] = {"light", 50},
    [RC_MEDIUM] = {"medium", 40},
    [RC_HEAVY] = {"heavy", 10},
    [RC_AUTH] = {"auth", 5},
};

const char *rc_group_name(rc_group_t group)
{
    return groups[group].name;
}

int rc_header_number(const apr_table_t *headers, const char *name, int otherwise)
{
    apr_int64_t n;

    return base_str_to_int(apr_table_get(headers, name), 0, APR_INT32_MAX, &n)
               ? (int)n
               : otherwise;
}

int rc_seconds_until(apr_time_t when, apr_time_t now)
{
    apr_int64_t seconds = (when - now + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC;

    if (seconds < 1) {
        return 1;
    }
    return seconds < APR_INT32_MAX ? (int)seconds : APR_INT32_MAX;
}

void rc_pacer_init(rc_pacer_state_t *state, const rc_limit_t *limits)
{
    int i;

    memset(state, 0, sizeof *state);
    for (i = 0; i < RC_GROUPS; i++) {
        rc_bucket_t *b = &state->buckets[i];

        b->limit = limits ? limits[i].limit : groups[i].limit;
        b->window =
            limits && limits[i].window > 0 ? limits[i].window : apr_time_from_sec(60);
        b->cold = COLD_ANSWERS;
    }
}

/* How long a call counts here after the platform has counted it. */
static apr_interval_time_t span_of(const rc_bucket_t *b)
{
    apr_interval_time_t margin = b->window * MARGIN_PERCENT / 100;

    return b->window + (margin > SHORTEST_MARGIN ? margin : SHORTEST_MARGIN);
}

/* Takes a slot that counts no more. Its number, or -1 when all do. */
static int take_slot(rc_bucket_t *b, apr_time_t now, apr_time_t time, int in_flight)
{
    apr_time_t old = now - span_of(b);
    int i;

    for (i = 0; i < RC_WINDOW_SLOTS; i++) {
        if (b->slots[i].time <= old) {
            b->slots[i].time = time;
            b->slots[i].in_flight = in_flight;
            return i;
        }
    }
    return -1;
}

static int by_time(const void *a, const void *b)
{
    apr_time_t x = *(const apr_time_t *)a, y = *(const apr_time_t *)b;

    return x < y ? -1 : x > y;
}

/* The calls of the window, oldest first; a call in flight as if it ended now. */
static int calls_of(const rc_bucket_t *b, apr_time_t now,
                    apr_time_t times[RC_WINDOW_SLOTS])
{
    apr_time_t old = now - span_of(b);
    int i, n = 0;

    for (i = 0; i < RC_WINDOW_SLOTS; i++) {
        apr_time_t t = b->slots[i].time;

        if (t > old) {
            times[n++] = t < now ? t : now;
        }
    }
    return n;
}

/* How many calls of the window make it full for this kind of work. */
static int quota_of(const rc_bucket_t *b, int percent)
{
    int limit = b->limit < RC_WINDOW_SLOTS ? b->limit : RC_WINDOW_SLOTS;
    int quota = limit * percent / 100;

    return quota > 0 ? quota : 1;
}

/* Who heard nothing for a whole window does not know what others have used of it. */
static void cool_down(rc_bucket_t *b, apr_time_t now)
{
    if (!b->cold && b->heard && b->heard + span_of(b) <= now) {
        b->cold = 1;
    }
}

/* Is a call under way that will tell what is left? */
static int is_probed(const rc_bucket_t *b, const rc_pacer_call_t *call, apr_time_t now)
{
    int i, probed = 0;

    for (i = 0; b->cold && i < RC_WINDOW_SLOTS; i++) {
        probed |= b->slots[i].in_flight &&
                  b->slots[i].time > now + call->longest - COLD_PATIENCE;
    }
    return probed;
}

/* Takes a pass and returns 0, or returns the earliest time at which there may be
 * one. */
static apr_time_t admit(rc_bucket_t *b, int percent, const rc_pacer_call_t *call,
                        apr_time_t now, rc_pass_t *pass)
{
    apr_time_t times[RC_WINDOW_SLOTS];
    int used, quota;

    if (now < b->closed_until) {
        return b->closed_until;
    }
    pass->group = call->group;
    pass->slot = -1;
    if (b->limit == 0) {
        return 0;
    }
    cool_down(b, now);
    if (is_probed(b, call, now)) {
        return now + COLD_NAP;
    }
    used = calls_of(b, now, times);
    quota = quota_of(b, percent);
    if (used >= quota) {
        qsort(times, used, sizeof times[0], by_time);
        return times[used - quota] + span_of(b);
    }
    pass->time = now + call->longest;
    pass->slot = take_slot(b, now, pass->time, 1);
    return 0;
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

rc_error_t *rc_pacer_enter(const rc_pacer_t *pacer, apr_pool_t *p,
                           const rc_pacer_call_t *call, rc_pass_t *pass)
{
    rc_bucket_t *b = &pacer->state->buckets[call->group];
    int percent = call->work == RC_BACKGROUND ? pacer->background_percent : 100;

    for (;;) {
        apr_time_t now = base_now(call->env), when;
        apr_status_t rv = lock(pacer, call->env);

        if (rv != APR_SUCCESS) {
            return rc_error(p, RC_UNAVAILABLE, "the lock of the shared memory failed");
        }
        when = admit(b, percent, call, now, pass);
        pacer->shared->unlock(pacer->shared->ctx);
        if (!when) {
            return NULL;
        }
        if (when > call->deadline) {
            rc_error_t *error =
                rc_error(p, RC_BUSY, "RingCentral's quota of %s calls is used up",
                         rc_group_name(call->group));

            error->retry_after = rc_seconds_until(when, now);
            return error;
        }
        rv = base_sleep(call->env, when - now < LONGEST_NAP ? when - now : LONGEST_NAP);
        if (rv != APR_SUCCESS) {
            return rc_error(p, RC_INTERRUPTED, "interrupted while waiting for quota");
        }
    }
}

/* The platform may count a call in another group than we expected. */
static rc_group_t group_of(const apr_table_t *headers, rc_group_t expected)
{
    const char *name = apr_table_get(headers, "X-Rate-Limit-Group");
    int i;

    for (i = 0; i < RC_GROUPS; i++) {
        if (base_str_same(name, groups[i].name)) {
            return (rc_group_t)i;
        }
    }
    return expected;
}

static void free_slot(rc_bucket_t *b, const rc_pass_t *pass)
{
    rc_slot_t *slot = &b->slots[pass->slot];

    if (slot->in_flight && slot->time == pass->time) {
        slot->time = 0;
        slot->in_flight = 0;
    }
}

/* Calls that the platform has counted and we have not are those of other users of the
 * same credential. What is in flight here may be among the counted ones. */
static void count_others(rc_bucket_t *b, int remaining, apr_time_t now)
{
    apr_time_t times[RC_WINDOW_SLOTS];
    int used = calls_of(b, now, times);

    while (used < b->limit - remaining && take_slot(b, now, now, 0) >= 0) {
        used++;
    }
}

/* 1 when limit or window are news. */
static int learn(rc_bucket_t *b, const apr_table_t *headers, apr_time_t now)
{
    int limit = rc_header_number(headers, "X-Rate-Limit-Limit", 0);
    int seconds = rc_header_number(headers, "X-Rate-Limit-Window", 0);
    int remaining = rc_header_number(headers, "X-Rate-Limit-Remaining", limit);
    apr_interval_time_t window =
        seconds > 0 && seconds <= DAY_SECONDS ? apr_time_from_sec(seconds) : b->window;
    int news;

    b->heard = now;
    if (b->cold > 0) {
        b->cold--;
    }
    if (limit == 0 || b->limit == 0) {
        return 0;
    }
    news = limit != b->limit || window != b->window;
    b->limit = limit;
    b->window = window;
    b->learned = now;
    b->cold = 0;
    count_others(b, remaining, now);
    return news;
}

static void close_bucket(rc_bucket_t *b, const apr_table_t *headers, apr_time_t now)
{
    int seconds = rc_header_number(headers, "Retry-After", 0);
    apr_interval_time_t penalty = SHORTEST_PENALTY;

    if (seconds) {
        penalty = apr_time_from_sec(seconds < DAY_SECONDS ? seconds : DAY_SECONDS);
    }
    if (penalty < b->window) {
        penalty = b->window;
    }
    if (b->closed_until < now + penalty) {
        b->closed_until = now + penalty;
    }
}

/* What has to be said once the lock is free again. */
typedef struct report_t {
    rc_group_t group;
    int news, limit;
    apr_interval_time_t window;
    int closed; /* seconds */
} report_t;

static void settle(rc_pacer_state_t *state, const rc_pass_t *pass,
                   const rc_pacer_answer_t *answer, apr_time_t now, report_t *report)
{
    rc_bucket_t *b = &state->buckets[report->group];
    int i;

    if (pass->slot >= 0) {
        free_slot(&state->buckets[pass->group], pass);
    }
    if (!answer->sent) {
        return;
    }
    b->sent++;
    if (b->limit) {
        take_slot(b, now, now, 0);
    }
    if (!answer->headers) {
        return;
    }
    report->news = learn(b, answer->headers, now);
    report->limit = b->limit;
    report->window = b->window;
    if (answer->penalty == RC_NO_PENALTY) {
        return;
    }
    b->rejected++;
    for (i = 0; i < RC_GROUPS; i++) {
        if (i == (int)report->group ||
            (answer->penalty == RC_ACCOUNT_PENALTY && i != RC_AUTH)) {
            close_bucket(&state->buckets[i], answer->headers, now);
        }
    }
    report->closed = rc_seconds_until(b->closed_until, now);
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
        report.group = group_of(answer->headers, pass->group);
    }
    settle(pacer->state, pass, answer, now, &report);
    pacer->shared->unlock(pacer->shared->ctx);
    if (report.news) {
        base_log(env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0201: RingCentral allows %d %s calls in %d s", report.limit,
                 rc_group_name(report.group), (int)apr_time_sec(report.window));
    }
    if (report.closed) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0202: RingCentral refused a %s call (429); %s sent for %d s",
                 rc_group_name(report.group),
                 answer->penalty == RC_ACCOUNT_PENALTY ? "nothing is"
                                                       : "no call of this group is",
                 report.closed);
    }
    return report.closed;
}

void rc_pacer_save(const rc_pacer_state_t *state, rc_pacer_image_t *image)
{
    memset(image, 0, sizeof *image);
    image->version = RC_PACER_IMAGE_VERSION;
    image->size = sizeof *image;
    image->state = *state;
}

static void load_bucket(rc_bucket_t *b, const rc_bucket_t *saved, apr_time_t now)
{
    int i;

    if (saved->closed_until > now &&
        saved->closed_until <= now + apr_time_from_sec(DAY_SECONDS)) {
        b->closed_until = saved->closed_until;
    }
    if (b->limit == 0) {
        return;
    }
    if (saved->learned && saved->limit > 0 && saved->window > 0 &&
        saved->window <= apr_time_from_sec(DAY_SECONDS)) {
        b->limit = saved->limit;
        b->window = saved->window;
        b->learned = saved->learned;
    }
    for (i = 0; i < RC_WINDOW_SLOTS; i++) {
        apr_time_t t = saved->slots[i].time;

        if (t > 0) {
            take_slot(b, now, t < now ? t : now, 0);
        }
    }
}

int rc_pacer_load(rc_pacer_state_t *state, const void *data, apr_size_t len,
                  apr_time_t now)
{
    const rc_pacer_image_t *image = data;
    int i;

    if (len != sizeof *image || image->version != RC_PACER_IMAGE_VERSION ||
        image->size != sizeof *image) {
        return 0;
    }
    for (i = 0; i < RC_GROUPS; i++) {
        load_bucket(&state->buckets[i], &image->state.buckets[i], now);
    }
    return 1;
}
