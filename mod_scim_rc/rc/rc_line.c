#include "rc_line.h"

#include <string.h>

/* How soon somebody looks again whether the first call of a cold bucket was
 * answered. */
#define COLD_NAP apr_time_from_msec(20)

/* ... or whether the others gave something to who asked before. */
#define QUESTION_NAP apr_time_from_msec(5)

/* A bucket as it will be: its calls, and those of them who go before. */
typedef struct rc_track_t {
    const rc_bucket_t *bucket; /* NULL: not looked at yet */
    apr_time_t not_before;
    int behind; /* somebody goes before */
    /* n: so far; call i in times[i % RC_WINDOW_SLOTS], of the last of them. */
    rc_calls_t all, ours;
} rc_track_t;

struct rc_plan_t {
    int n_credentials;
    apr_uint64_t ticket; /* of whom it is made for */
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

static apr_time_t later(apr_time_t a, apr_time_t b)
{
    return a > b ? a : b;
}

static rc_track_t *track_of(rc_plan_t *plan, const rc_outlook_t *outlook,
                            apr_interval_time_t longest, int credential, int group)
{
    rc_track_t *track = &plan->tracks[credential][group];
    const apr_time_t now = outlook->now;
    rc_bucket_t *b;

    if (track->bucket) {
        return track;
    }
    b = outlook->bucket(outlook->ctx, credential, group);
    rc_bucket_cool_down(b, now);
    track->bucket = b;
    track->not_before = later(b->closed_until, now);
    track->behind = track->all.n = track->ours.n = 0;
    if (b->limit == 0) {
        return track;
    }
    rc_bucket_calls(b, now, 0, &track->all);
    if (outlook->company != RC_SINGLE) {
        rc_bucket_calls(b, now, 1, &track->ours);
    }
    if (rc_bucket_is_probed(b, now, longest)) {
        track->not_before = later(track->not_before, now + COLD_NAP);
    }
    if (outlook->company == RC_TOGETHER &&
        rc_common_is_asked(&b->common, plan->ticket, now)) {
        track->not_before = later(track->not_before, now + QUESTION_NAP);
    }
    return track;
}

/* When calls leave room for one more; 0: they do. */
static apr_time_t room_among(const rc_calls_t *calls, const rc_bucket_t *b, int percent)
{
    const int quota = rc_bucket_quota(b, percent);

    return calls->n < quota
               ? 0
               : calls->times[(calls->n - quota) % RC_WINDOW_SLOTS] + rc_bucket_span(b);
}

/* Until when the others have used up what all share. Who is the first may ask again
 * when that was said a while ago. */
static apr_time_t full_until(const rc_track_t *track, const rc_outlook_t *outlook,
                             rc_class_t work)
{
    const rc_common_t *common = &track->bucket->common;
    const int may_ask = outlook->company == RC_TOGETHER && !track->behind &&
                        !rc_common_is_full(common, work, outlook->now);

    return may_ask || outlook->company == RC_SINGLE ? 0 : common->full_until[work];
}

/* When one more call may go. Others who count our calls also count those of strangers
 * (rc_claim.c): what the platform told of them is not asked here, unless the others may
 * have lost it. */
static apr_time_t next_of(const rc_track_t *track, const rc_outlook_t *outlook,
                          rc_class_t work)
{
    const rc_bucket_t *b = track->bucket;
    const int percent = outlook->percent[work];
    const int counted =
        outlook->company == RC_TOGETHER && b->common.alone_until <= outlook->now;
    apr_time_t when = track->not_before;

    if (b->limit == 0) {
        return when;
    }
    when = later(when, full_until(track, outlook, work));
    if (counted && b->common.doubt_until <= outlook->now) {
        return later(when, room_among(&track->ours, b, percent));
    }
    when = later(when, room_among(&track->all, b, percent));
    if (outlook->company == RC_SINGLE || counted) {
        return when;
    }
    return later(when, room_among(&track->ours, b, percent * outlook->share / 100));
}

static void add(rc_calls_t *calls, apr_time_t when)
{
    calls->times[calls->n++ % RC_WINDOW_SLOTS] = when;
}

static void advance(rc_track_t *track, const rc_outlook_t *outlook, apr_time_t when)
{
    const rc_bucket_t *b = track->bucket;

    if (b->limit == 0) {
        return;
    }
    add(&track->all, when);
    add(&track->ours, when);
    track->behind = 1;
    if (b->cold) { /* this one is the probe */
        track->not_before = later(track->not_before, outlook->now + COLD_NAP);
    }
    if (outlook->company == RC_TOGETHER && outlook->now < b->common.scarce_until) {
        track->not_before = when + QUESTION_NAP;
    }
}

/* The share of the limit that is left is larger in `a`. */
static int has_more_left(const rc_track_t *a, const rc_track_t *b)
{
    apr_int64_t left_a = a->bucket->limit - a->all.n;
    apr_int64_t left_b = b->bucket->limit - b->all.n;

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
            when = next_of(track, outlook, wish->work);
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

/* The next turn of somebody with this wish, which nobody else gets then. */
static rc_turn_t use_turn(rc_plan_t *plan, const rc_outlook_t *outlook,
                          const rc_wish_t *wish)
{
    const rc_turn_t turn = choose(plan, outlook, wish);

    if (turn.group >= 0) {
        advance(&plan->tracks[turn.credential][turn.group], outlook, turn.when);
    }
    return turn;
}

/* The call that carries one more than wait already. */
static rc_turn_t share_turn(rc_plan_t *plan, const rc_outlook_t *outlook,
                            const rc_wish_t *wish)
{
    const rc_share_t *share = wish->share;
    rc_turn_t turn = {0, -1, -1};
    int room = 0;

    do {
        turn = use_turn(plan, outlook, wish);
        if (turn.group >= 0) {
            room += share->shared & 1u << turn.group ? share->room : 1;
        }
    } while (turn.group >= 0 && room <= share->before);
    return turn;
}

/* Does it wait for a call that would carry who has this wish, too? Those who stand here
 * themselves go one after the other all the same: two that go at the same time would
 * share among them what one call can carry. */
static int is_leader(const rc_waiter_t *w, const rc_wish_t *wish)
{
    return wish->share && w->groups >> 8 && w->groups >> 8 == wish->groups >> 8;
}

rc_turn_t rc_line_turn(const rc_line_t *line, rc_plan_t *plan,
                       const rc_outlook_t *outlook, const rc_wish_t *wish,
                       apr_uint64_t ticket)
{
    int i, before = place_of(line, wish->work, ticket);

    plan_clear(plan);
    plan->ticket = ticket;
    for (i = 0; i < before; i++) {
        const rc_waiter_t *w = &line->waiters[i];
        rc_wish_t of_other = {w->groups, w->credentials, (rc_class_t)w->work,
                              wish->longest, NULL};

        if (!is_leader(w, wish)) {
            use_turn(plan, outlook, &of_other);
        }
    }
    return wish->share ? share_turn(plan, outlook, wish) : choose(plan, outlook, wish);
}
