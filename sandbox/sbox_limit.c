#include "sbox_limit.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"

/* The times of the requests that still count, oldest first, in a ring. */
typedef struct bucket_t {
    const char *user, *app;
    sbox_group_t group;
    apr_time_t *times;
    int size, first, used;
    apr_time_t penalty_until; /* 0: none */
    apr_uint64_t allowed, rejected;
    double prolonged; /* seconds that rejected calls added to penalties */
} bucket_t;

struct sbox_limits_t {
    apr_pool_t *pool;
    apr_hash_t *buckets;
    apr_uint64_t rejected;
    double prolonged;
};

typedef struct rule_t {
    int limit;
    apr_interval_time_t window, penalty;
} rule_t;

static const char *const group_names[SBOX_GROUPS] = {
    "none", "light", "medium", "heavy", "auth",
};

const char *sbox_group_name(sbox_group_t group)
{
    return group_names[group];
}

sbox_limits_t *sbox_limits_create(apr_pool_t *p)
{
    sbox_limits_t *limits = apr_pcalloc(p, sizeof(*limits));

    limits->pool = p;
    limits->buckets = apr_hash_make(p);
    return limits;
}

static bucket_t *bucket_of(sbox_limits_t *limits, apr_pool_t *p,
                           const sbox_caller_t *who)
{
    const char *key =
        apr_pstrcat(p, sbox_group_name(who->group), "\n", who->app ? who->app : "",
                    "\n", who->user ? who->user : "", NULL);
    bucket_t *bucket = apr_hash_get(limits->buckets, key, APR_HASH_KEY_STRING);

    if (!bucket) {
        bucket = apr_pcalloc(limits->pool, sizeof(*bucket));
        bucket->user = apr_pstrdup(limits->pool, who->user);
        bucket->app = apr_pstrdup(limits->pool, who->app);
        bucket->group = who->group;
        apr_hash_set(limits->buckets, apr_pstrdup(limits->pool, key),
                     APR_HASH_KEY_STRING, bucket);
    }
    return bucket;
}

/* "limit_overrides":
 * [{"app":..., "user":..., "group":..., "limit":..., "window_s":..., "penalty_s":...}]
 */
static void override(rule_t *rule, const sbox_knobs_t *knobs, const sbox_caller_t *who)
{
    json_t *one;
    size_t i;

    json_array_foreach(sbox_knob_json(knobs, SBOX_K_LIMIT_OVERRIDES), i, one)
    {
        const char *app = base_json_string(one, "app");
        const char *user = base_json_string(one, "user");
        const char *group = base_json_string(one, "group");

        if ((app && (!who->app || strcmp(app, who->app))) ||
            (user && (!who->user || strcmp(user, who->user))) ||
            (group && strcmp(group, sbox_group_name(who->group)))) {
            continue;
        }
        rule->limit = (int)base_json_int(one, "limit", rule->limit);
        rule->window = apr_time_from_sec(
            base_json_int(one, "window_s", apr_time_sec(rule->window)));
        rule->penalty = apr_time_from_sec(
            base_json_int(one, "penalty_s", apr_time_sec(rule->penalty)));
    }
}

static rule_t rule_of(const sbox_knobs_t *knobs, const sbox_caller_t *who)
{
    static const sbox_knob_t limit_knobs[SBOX_GROUPS] = {
        SBOX_K_LIMIT_LIGHT, SBOX_K_LIMIT_LIGHT, SBOX_K_LIMIT_MEDIUM,
        SBOX_K_LIMIT_HEAVY, SBOX_K_LIMIT_AUTH,
    };
    rule_t rule;

    rule.limit = sbox_knob_int(knobs, limit_knobs[who->group]);
    rule.window = apr_time_from_sec(sbox_knob_int(knobs, SBOX_K_WINDOW_S));
    rule.penalty = apr_time_from_sec(sbox_knob_int(knobs, SBOX_K_PENALTY_S));
    override(&rule, knobs, who);
    return rule;
}

static void expire(bucket_t *bucket, apr_time_t before)
{
    while (bucket->used && bucket->times[bucket->first] <= before) {
        bucket->first = (bucket->first + 1) % bucket->size;
        bucket->used--;
    }
}

static void append(sbox_limits_t *limits, bucket_t *bucket, apr_time_t now)
{
    if (bucket->used == bucket->size) {
        int i, size = bucket->size ? bucket->size * 2 : 64;
        apr_time_t *times = apr_palloc(limits->pool, (apr_size_t)size * sizeof(*times));

        for (i = 0; i < bucket->used; i++) {
            times[i] = bucket->times[(bucket->first + i) % bucket->size];
        }
        bucket->times = times;
        bucket->size = size;
        bucket->first = 0;
    }
    bucket->times[(bucket->first + bucket->used) % bucket->size] = now;
    bucket->used++;
}

static void show(sbox_call_t *call, const bucket_t *bucket, const rule_t *rule,
                 int remaining)
{
    sbox_t *box = call->box;
    apr_table_t *headers = call->answer->headers;
    double omitted = sbox_knob_number(box->knobs, SBOX_K_OMIT_HEADERS);

    if (omitted > 0 && sbox_dice(box) < omitted) {
        return;
    }
    apr_table_setn(headers, "X-Rate-Limit-Group", sbox_group_name(bucket->group));
    apr_table_setn(headers, "X-Rate-Limit-Limit", apr_itoa(call->pool, rule->limit));
    apr_table_setn(headers, "X-Rate-Limit-Remaining", apr_itoa(call->pool, remaining));
    apr_table_setn(
        headers, "X-Rate-Limit-Window",
        apr_itoa(call->pool, sbox_clock_real_seconds(&box->clock, rule->window)));
}

static const sbox_problem_t *reject(sbox_call_t *call, bucket_t *bucket,
                                    const rule_t *rule, apr_time_t now)
{
    sbox_t *box = call->box;
    double added = (double)rule->penalty / APR_USEC_PER_SEC;

    if (bucket->penalty_until > now) {
        added -= (double)(bucket->penalty_until - now) / APR_USEC_PER_SEC;
        bucket->prolonged += added;
        box->limits->prolonged += added;
    }
    bucket->penalty_until = now + rule->penalty;
    bucket->rejected++;
    box->limits->rejected++;
    if (sbox_knob_int(box->knobs, SBOX_K_COUNT_REJECTED)) {
        append(box->limits, bucket, now);
    }
    show(call, bucket, rule, 0);
    if (sbox_dice(box) >= sbox_knob_number(box->knobs, SBOX_K_OMIT_RETRY_AFTER)) {
        apr_table_setn(
            call->answer->headers, "Retry-After",
            apr_itoa(call->pool, sbox_clock_real_seconds(&box->clock, rule->penalty)));
    }
    return sbox_problem(call->pool, "CMN-301", NULL);
}

/* The limits that know no user (rule 126): no headers, no penalty. */
static const sbox_problem_t *count_plain(sbox_call_t *call, const sbox_caller_t *who,
                                         sbox_knob_t knob, const char *code)
{
    sbox_t *box = call->box;
    sbox_caller_t all = {0};
    int limit = sbox_knob_int(box->knobs, knob);
    apr_time_t now = sbox_clock_now(&box->clock);
    bucket_t *bucket;

    if (!limit) {
        return NULL;
    }
    all.user = knob == SBOX_K_IP_LIMIT ? who->ip : "account";
    bucket = bucket_of(box->limits, call->pool, &all);
    expire(bucket, now - apr_time_from_sec(sbox_knob_int(box->knobs, SBOX_K_WINDOW_S)));
    if (bucket->used >= limit) {
        bucket->rejected++;
        box->limits->rejected++;
        return sbox_problem(call->pool, code, NULL);
    }
    append(box->limits, bucket, now);
    return NULL;
}

const sbox_problem_t *sbox_limit_count(sbox_call_t *call, const sbox_caller_t *who)
{
    sbox_t *box = call->box;
    apr_time_t now = sbox_clock_now(&box->clock);
    const sbox_problem_t *problem;
    bucket_t *bucket;
    rule_t rule;
    int i;

    if (who->group == SBOX_GROUP_NO || sbox_knob_is(box->knobs, SBOX_K_LIMITS, "off")) {
        return NULL;
    }
    problem = count_plain(call, who, SBOX_K_IP_LIMIT, "CMN-310");
    if (!problem) {
        problem = count_plain(call, who, SBOX_K_ACCOUNT_LIMIT, "CMN-302");
    }
    if (problem) {
        return problem;
    }
    bucket = bucket_of(box->limits, call->pool, who);
    rule = rule_of(box->knobs, who);
    if (bucket->penalty_until > now) {
        return reject(call, bucket, &rule, now);
    }
    if (bucket->penalty_until &&
        sbox_knob_is(box->knobs, SBOX_K_AFTER_PENALTY, "empty")) {
        bucket->used = 0;
    }
    bucket->penalty_until = 0;
    expire(bucket, now - rule.window);
    if (bucket->used + who->cost > rule.limit) {
        return reject(call, bucket, &rule, now);
    }
    for (i = 0; i < who->cost; i++) {
        append(box->limits, bucket, now);
    }
    bucket->allowed += (apr_uint64_t)who->cost;
    show(call, bucket, &rule, rule.limit - bucket->used);
    return NULL;
}

static json_t *bucket_json(sbox_t *box, bucket_t *bucket)
{
    apr_time_t now = sbox_clock_now(&box->clock);
    sbox_caller_t who = {0};
    rule_t rule;
    double left = 0;

    who.app = bucket->app;
    who.user = bucket->user;
    who.group = bucket->group;
    rule = rule_of(box->knobs, &who);
    expire(bucket, now - rule.window);
    if (bucket->penalty_until > now) {
        left = (double)(bucket->penalty_until - now) / APR_USEC_PER_SEC;
    }
    return json_pack(
        "{s:s?, s:s?, s:s, s:i, s:i, s:f, s:I, s:I, s:f}", "app", bucket->app, "user",
        bucket->user, "group", sbox_group_name(bucket->group), "limit", rule.limit,
        "used", bucket->used, "penaltySeconds", left, "allowed",
        (json_int_t)bucket->allowed, "rejected", (json_int_t)bucket->rejected,
        "prolongedSeconds", bucket->prolonged);
}

json_t *sbox_limits_json(sbox_t *box)
{
    json_t *buckets = json_array();
    apr_hash_index_t *at;

    for (at = apr_hash_first(NULL, box->limits->buckets); at; at = apr_hash_next(at)) {
        json_array_append_new(buckets, bucket_json(box, apr_hash_this_val(at)));
    }
    return json_pack("{s:I, s:f, s:o}", "wastedCalls",
                     (json_int_t)box->limits->rejected, "prolongedSeconds",
                     box->limits->prolonged, "buckets", buckets);
}
