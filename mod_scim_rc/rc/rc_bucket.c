#include "rc_bucket.h"

#include <stdlib.h>
#include <string.h>

#include "base_str.h"

/* Answers without a word on the quota after which the bucket is no longer cold. */
#define COLD_ANSWERS 3
#define COLD_PATIENCE apr_time_from_sec(5) /* with a first call that hangs */
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

rc_group_t rc_group_of(const apr_table_t *headers, rc_group_t expected)
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

void rc_bucket_init(rc_bucket_t *b, rc_group_t group, const rc_limit_t *limit)
{
    memset(b, 0, sizeof *b);
    b->limit = limit ? limit->limit : groups[group].limit;
    b->window = limit && limit->window > 0 ? limit->window : apr_time_from_sec(60);
    b->cold = COLD_ANSWERS;
}

apr_interval_time_t rc_bucket_span(const rc_bucket_t *b)
{
    apr_interval_time_t margin = b->window * MARGIN_PERCENT / 100;

    return b->window + (margin > SHORTEST_MARGIN ? margin : SHORTEST_MARGIN);
}

int rc_bucket_take(rc_bucket_t *b, apr_time_t now, const rc_slot_t *call)
{
    apr_time_t old = now - rc_bucket_span(b);
    int i, other = -1;

    for (i = 0; i < RC_WINDOW_SLOTS; i++) {
        if (b->slots[i].time <= old) {
            b->slots[i] = *call;
            return i;
        }
        if (b->slots[i].whose == RC_CALL_OTHERS) {
            other = i;
        }
    }
    if (call->whose == RC_CALL_OTHERS || other < 0) {
        return -1;
    }
    b->slots[other] = *call;
    return other;
}

rc_slot_t *rc_bucket_slot(rc_bucket_t *b, int slot, apr_time_t time)
{
    return b->slots[slot].in_flight && b->slots[slot].time == time ? &b->slots[slot]
                                                                   : NULL;
}

/* rc_bucket_calls() in any order. */
static void collect(const rc_bucket_t *b, apr_time_t now, int ours, rc_calls_t *calls)
{
    apr_time_t old = now - rc_bucket_span(b);
    int i;

    calls->n = 0;
    for (i = 0; i < RC_WINDOW_SLOTS; i++) {
        apr_time_t t = b->slots[i].time;

        if (t > old && (!ours || b->slots[i].whose != RC_CALL_OTHERS)) {
            calls->times[calls->n++] = t < now ? t : now;
        }
    }
}

static int by_time(const void *a, const void *b)
{
    apr_time_t x = *(const apr_time_t *)a, y = *(const apr_time_t *)b;

    return x < y ? -1 : x > y;
}

void rc_bucket_calls(const rc_bucket_t *b, apr_time_t now, int ours, rc_calls_t *calls)
{
    collect(b, now, ours, calls);
    qsort(calls->times, calls->n, sizeof calls->times[0], by_time);
}

int rc_bucket_quota(const rc_bucket_t *b, int percent)
{
    int limit = b->limit < RC_WINDOW_SLOTS ? b->limit : RC_WINDOW_SLOTS;
    int quota = limit * percent / 100;

    return quota > 0 ? quota : 1;
}

void rc_bucket_cool_down(rc_bucket_t *b, apr_time_t now)
{
    if (!b->cold && b->heard && b->heard + rc_bucket_span(b) <= now) {
        b->cold = 1;
    }
}

int rc_bucket_is_probed(const rc_bucket_t *b, apr_time_t now,
                        apr_interval_time_t longest)
{
    int i, probed = 0;

    for (i = 0; b->cold && i < RC_WINDOW_SLOTS; i++) {
        probed |=
            b->slots[i].in_flight && b->slots[i].time > now + longest - COLD_PATIENCE;
    }
    return probed;
}

/* Calls that the platform has counted and we have not are those of other users of the
 * same credential. What is in flight here may be among the counted ones. */
static int count_others(rc_bucket_t *b, int remaining, apr_time_t now)
{
    const rc_slot_t other = {now, 0, RC_CALL_OTHERS};
    rc_calls_t calls;
    int n = 0;

    collect(b, now, 0, &calls);
    while (calls.n + n < b->limit - remaining && rc_bucket_take(b, now, &other) >= 0) {
        n++;
    }
    return n;
}

rc_lesson_t rc_bucket_learn(rc_bucket_t *b, const apr_table_t *headers, apr_time_t now)
{
    int limit = rc_header_number(headers, "X-Rate-Limit-Limit", 0);
    int seconds = rc_header_number(headers, "X-Rate-Limit-Window", 0);
    int remaining = rc_header_number(headers, "X-Rate-Limit-Remaining", limit);
    apr_interval_time_t window =
        seconds > 0 && seconds <= DAY_SECONDS ? apr_time_from_sec(seconds) : b->window;
    rc_lesson_t lesson = {0, 0, 0};

    b->heard = now;
    if (b->cold > 0) {
        b->cold--;
    }
    if (limit == 0 || b->limit == 0) {
        return lesson;
    }
    lesson.limits = limit != b->limit || window != b->window;
    b->limit = limit;
    b->window = window;
    b->learned = now;
    b->cold = 0;
    lesson.others = count_others(b, remaining, now);
    lesson.used = limit - remaining;
    return lesson;
}

void rc_bucket_close(rc_bucket_t *b, const apr_table_t *headers, apr_time_t now)
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

void rc_bucket_load(rc_bucket_t *b, const rc_bucket_t *saved, apr_time_t now)
{
    int i;

    if (saved->closed_until > now &&
        saved->closed_until <= now + apr_time_from_sec(DAY_SECONDS)) {
        b->closed_until = saved->closed_until;
    }
    rc_common_load(&b->common, &saved->common, now);
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
        rc_slot_t call = {saved->slots[i].time, 0, saved->slots[i].whose};

        if (call.time > now) {
            call.time = now;
        }
        if (call.time > 0) {
            rc_bucket_take(b, now, &call);
        }
    }
}

void rc_bucket_set_limit(rc_bucket_t *b, rc_group_t group, const rc_limit_t *limit,
                         apr_time_t now)
{
    const rc_bucket_t old = *b;

    rc_bucket_init(b, group, limit);
    rc_bucket_load(b, &old, now);
    b->sent = old.sent;
    b->rejected = old.rejected;
}
