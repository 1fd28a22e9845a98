#include "rc_line.h"

#include <string.h>

/* How soon somebody looks again whether the first call of a cold bucket was
 * answered. */
#define COLD_NAP apr_time_from_msec(20)

/* A bucket as it will be: its calls, and those of them who go before. */
typedef struct rc_track_t {
    const rc_bucket_t *bucket; /* NULL: not looked at yet */
    apr_time_t not_before;
    int n;                             /* calls so far; the last of them in `times` */
    apr_time_t times[RC_WINDOW_SLOTS]; /* call i in times[i % RC_WINDOW_SLOTS] */
} rc_track_t;

struct rc_plan_t {
    int n_credentials;
    rc_track_t tracks[][RC_GROUPS];
};

rc_plan_t *rc_plan_create(apr_pool_t *p, int n_credentials)
{
    rc_plan_t *plan =
        apr_pcalloc(p, sizeof *plan + n_credentials * sizeof plan->tracks[0]);

    plan->n_credentials = n_credentials;
    return plan;
}

static int goes_before(const rc_waiter_t *w, rc_class_t work, apr_uint64_t ticket)
{
    return w->work < (int)work || (w->work == (int)work && w->ticket < ticket);
}

/* How many stand before somebody. */
static int place_of(const rc_line_t *line, rc_class_t work, apr_uint64_t ticket)
{
    int low = 0, high = line->n;

    while (low < high) {
        int middle = (low + high) / 2;

        if (goes_before(&line->waiters[middle], work, ticket)) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low;
}

void rc_line_prune(rc_line_t *line, apr_time_t now)
{
    int i, n = 0;

    for (i = 0; i < line->n; i++) {
        if (line->waiters[i].back_at >= now) {
            if (n < i) {
                line->waiters[n] = line->waiters[i];
            }
            n++;
        }
    }
    line->n = n;
}

apr_uint64_t rc_line_ticket(rc_line_t *line)
{
    return ++line->last_ticket;
}

int rc_line_join(rc_line_t *line, int max, const rc_waiter_t *waiter)
{
    int i = place_of(line, (rc_class_t)waiter->work, waiter->ticket);
    rc_waiter_t *w = &line->waiters[i];

    if (i == line->n || w->ticket != waiter->ticket) {
        if (line->n >= max || line->n >= RC_WAITERS_MAX) {
            return 0;
        }
        memmove(w + 1, w, (line->n - i) * sizeof *w);
        line->n++;
    }
    *w = *waiter;
    return 1;
}

void rc_line_leave(rc_line_t *line, rc_class_t work, apr_uint64_t ticket)
{
    int i = place_of(line, work, ticket);
    rc_waiter_t *w = &line->waiters[i];

    if (i < line->n && w->ticket == ticket) {
        line->n--;
        memmove(w, w + 1, (line->n - i) * sizeof *w);
    }
}

static rc_track_t *track_of(rc_plan_t *plan, const rc_outlook_t *outlook,
                            apr_interval_time_t longest, int credential, int group)
{
    rc_track_t *track = &plan->tracks[credential][group];
    rc_bucket_t *b;

    if (track->bucket) {
        return track;
    }
    b = outlook->bucket(outlook->ctx, credential, group);
    rc_bucket_cool_down(b, outlook->now);
    track->bucket = b;
    track->not_before = b->closed_until > outlook->now ? b->closed_until : outlook->now;
    track->n = b->limit ? rc_bucket_calls(b, outlook->now, track->times) : 0;
    if (b->limit && rc_bucket_is_probed(b, outlook->now, longest) &&
        track->not_before < outlook->now + COLD_NAP) {
        track->not_before = outlook->now + COLD_NAP;
    }
    return track;
}

/* When one more call may go. */
static apr_time_t next_of(const rc_track_t *track, int percent)
{
    const rc_bucket_t *b = track->bucket;
    int quota;
    apr_time_t when;

    if (b->limit == 0) {
        return track->not_before;
    }
    quota = rc_bucket_quota(b, percent);
    if (track->n < quota) {
        return track->not_before;
    }
    when = track->times[(track->n - quota) % RC_WINDOW_SLOTS] + rc_bucket_span(b);
    return when > track->not_before ? when : track->not_before;
}

static void advance(rc_track_t *track, apr_time_t now, apr_time_t when)
{
    const rc_bucket_t *b = track->bucket;

    if (b->limit == 0) {
        return;
    }
    track->times[track->n++ % RC_WINDOW_SLOTS] = when;
    if (b->cold && track->not_before < now + COLD_NAP) {
        track->not_before = now + COLD_NAP; /* this one is the probe */
    }
}

/* The share of the limit that is left is larger in `a`. */
static int has_more_left(const rc_track_t *a, const rc_track_t *b)
{
    apr_int64_t left_a = a->bucket->limit - a->n, left_b = b->bucket->limit - b->n;

    if (a->bucket->limit == 0 || b->bucket->limit == 0) {
        return a->bucket->limit == 0 && b->bucket->limit != 0;
    }
    return left_a * b->bucket->limit > left_b * a->bucket->limit;
}

/* The first that can be had; of several at the same time the lowest group, and there
 * the credential with the most room. */
static rc_turn_t choose(rc_plan_t *plan, const rc_outlook_t *outlook,
                        const rc_wish_t *wish)
{
    rc_turn_t turn = {0, -1, -1};
    const rc_track_t *best = NULL;
    int group, k;

    for (group = 0; group < RC_GROUPS; group++) {
        for (k = 0; k < plan->n_credentials && wish->groups & 1u << group; k++) {
            const rc_track_t *track;
            apr_time_t when;

            if (!(wish->credentials & 1u << k)) {
                continue;
            }
            track = track_of(plan, outlook, wish->longest, k, group);
            when = next_of(track, outlook->percent[wish->work]);
            if (!best || when < turn.when ||
                (when == turn.when && group == turn.group &&
                 has_more_left(track, best))) {
                turn = (rc_turn_t){when, group, k};
                best = track;
            }
        }
    }
    return turn;
}

static void plan_clear(rc_plan_t *plan)
{
    int k, group;

    for (k = 0; k < plan->n_credentials; k++) {
        for (group = 0; group < RC_GROUPS; group++) {
            plan->tracks[k][group].bucket = NULL;
        }
    }
}

rc_turn_t rc_line_turn(const rc_line_t *line, rc_plan_t *plan,
                       const rc_outlook_t *outlook, const rc_wish_t *wish,
                       apr_uint64_t ticket)
{
    int i, before = place_of(line, wish->work, ticket);

    plan_clear(plan);
    for (i = 0; i < before; i++) {
        const rc_waiter_t *w = &line->waiters[i];
        rc_wish_t of_other = {w->groups, w->credentials, (rc_class_t)w->work,
                              wish->longest};
        rc_turn_t turn = choose(plan, outlook, &of_other);

        if (turn.group >= 0) {
            advance(&plan->tracks[turn.credential][turn.group], outlook->now,
                    turn.when);
        }
    }
    return choose(plan, outlook, wish);
}
