#include "sbox_subscription.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "sbox_hook_private.h"
#include "sbox_page.h"

#define LIFE_DEFAULT 604799
#define LIFE_MAX 315360000
#define PER_USER_MAX 30
#define ANSWER_MAX 1024
#define TOKEN_MAX 256

json_t *sbox_subscription_filters(const sbox_subscription_t *s)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < s->filters->nelts; i++) {
        json_array_append_new(
            list, json_string(APR_ARRAY_IDX(s->filters, i, sbox_event_filter_t).text));
    }
    return list;
}

json_t *sbox_subscription_json(const sbox_t *box, const sbox_subscription_t *s)
{
    apr_interval_time_t left = s->until - sbox_clock_now(&box->clock);
    json_t *to;
    apr_pool_t *p;

    apr_pool_create(&p, s->pool);
    to = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:s, s:i, s:{s:s, s:b, s:s}}", "uri", s->uri, "id",
        s->id, "creationTime", base_time_format(p, s->created), "status",
        s->blacklisted ? "Blacklisted" : "Active", "eventFilters",
        sbox_subscription_filters(s), "expirationTime",
        base_time_format(p, apr_time_now() + sbox_clock_real(&box->clock, left)),
        "expiresIn", sbox_clock_real_seconds(&box->clock, left), "deliveryMode",
        "transportType", "WebHook", "encryption", 0, "address", s->address);
    if (s->blacklisted) {
        json_object_set_new(to, "blacklistedData",
                            json_pack("{s:s, s:s}", "reason", s->reason,
                                      "blacklistedAt",
                                      base_time_format(p, s->blacklisted_at)));
    }
    apr_pool_destroy(p);
    return to;
}

static int is_own(const sbox_call_t *call, const sbox_subscription_t *s)
{
    return !strcmp(s->user, call->user) && !strcmp(s->app, call->app);
}

/* The caller's subscription that the path names. NULL: there is none. */
static sbox_subscription_t *named(sbox_call_t *call, const sbox_problem_t **problem)
{
    sbox_subscription_t *s = sbox_hooks_first(call->box);

    while (s && (strcmp(s->id, call->id) || !is_own(call, s))) {
        s = s->next;
    }
    *problem = s ? NULL : sbox_problem(call->pool, "CMN-102", "subscriptionId");
    return s;
}

static const sbox_problem_t *answer(sbox_call_t *call, const sbox_subscription_t *s)
{
    sbox_answer_json(call->pool, call->answer, 200,
                     sbox_subscription_json(call->box, s));
    return NULL;
}

const sbox_problem_t *sbox_subscription_list(sbox_call_t *call)
{
    json_t *records = json_array();
    const sbox_subscription_t *s;

    for (s = sbox_hooks_first(call->box); s; s = s->next) {
        if (is_own(call, s)) {
            json_array_append_new(records, sbox_subscription_json(call->box, s));
        }
    }
    sbox_answer_json(call->pool, call->answer, 200,
                     json_pack("{s:s, s:o}", "uri", sbox_uri(call, "subscription"),
                               "records", records));
    return NULL;
}

const sbox_problem_t *sbox_subscription_read(sbox_call_t *call)
{
    const sbox_problem_t *problem;
    const sbox_subscription_t *s = named(call, &problem);

    return s ? answer(call, s) : problem;
}

const sbox_problem_t *sbox_subscription_delete(sbox_call_t *call)
{
    const sbox_problem_t *problem;
    sbox_subscription_t *s = named(call, &problem);

    if (s) {
        sbox_hooks_cancel(call->box, s);
        call->answer->status = 204;
    }
    return problem;
}

/* It lives on as long as it did at first (rule 137). */
static void prolong(sbox_call_t *call, sbox_subscription_t *s)
{
    int i;

    s->until = sbox_clock_now(&call->box->clock) + s->life;
    for (i = 0; i < s->filters->nelts; i++) {
        APR_ARRAY_IDX(s->filters, i, sbox_event_filter_t).reminded = 0;
    }
    sbox_hooks_wake(call->box);
}

const sbox_problem_t *sbox_subscription_renew(sbox_call_t *call)
{
    const sbox_problem_t *problem;
    sbox_subscription_t *s = named(call, &problem);

    if (!s) {
        return problem;
    }
    prolong(call, s);
    return answer(call, s);
}

static const sbox_problem_t *read_life(sbox_call_t *call, apr_interval_time_t *life)
{
    const json_t *sent = json_object_get(call->body, "expiresIn");
    json_int_t seconds = json_integer_value(sent);

    if (!sent || json_is_null(sent)) {
        return NULL;
    }
    if (!json_is_integer(sent) || seconds < 1 || seconds > LIFE_MAX) {
        return sbox_problem_invalid(call->pool, "expiresIn");
    }
    *life = apr_time_from_sec(seconds);
    return NULL;
}

const sbox_problem_t *sbox_subscription_update(sbox_call_t *call)
{
    const json_t *sent = json_object_get(call->body, "eventFilters");
    const sbox_problem_t *problem;
    sbox_subscription_t *s = named(call, &problem);
    apr_array_header_t *filters = NULL;
    apr_interval_time_t life;

    if (!s) {
        return problem;
    }
    if (call->body && !json_is_object(call->body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    life = s->life;
    problem = read_life(call, &life);
    if (!problem && sent) {
        filters = sbox_event_filters(call, s->pool, sent, &problem);
    }
    if (problem) {
        return problem;
    }
    s->life = life;
    s->filters = filters ? filters : s->filters;
    prolong(call, s);
    return answer(call, s);
}

/* May deliveries go to this address? */
static const sbox_problem_t *check_address(sbox_call_t *call, const char *address)
{
    int plain = address && !strncasecmp(address, "http://", 7);

    if (!address || (!plain && strncasecmp(address, "https://", 8)) ||
        strpbrk(address, " \t\r\n\"<>")) {
        return sbox_problem_invalid(call->pool, "deliveryMode.address");
    }
    return plain && !sbox_knob_int(call->box->knobs, SBOX_K_ALLOW_HTTP_HOOKS)
               ? sbox_problem(call->pool, "SUB-523", NULL)
               : NULL;
}

static const sbox_problem_t *check_mode(sbox_call_t *call)
{
    const json_t *token = base_json_at(call->body, "deliveryMode.verificationToken");
    const char *text = json_string_value(token);
    const char *type = base_json_string(call->body, "deliveryMode.transportType");

    if (!type || strcmp(type, "WebHook")) {
        return sbox_problem_invalid(call->pool, "deliveryMode.transportType");
    }
    if (token && !json_is_null(token) &&
        (!text || strlen(text) > TOKEN_MAX || strpbrk(text, "\r\n"))) {
        return sbox_problem_invalid(call->pool, "deliveryMode.verificationToken");
    }
    return check_address(call, base_json_string(call->body, "deliveryMode.address"));
}

static const sbox_problem_t *check_count(sbox_call_t *call)
{
    const sbox_subscription_t *s;
    int n = 0;

    for (s = sbox_hooks_first(call->box); s; s = s->next) {
        n += is_own(call, s);
    }
    return n < PER_USER_MAX ? NULL : sbox_problem(call->pool, "SUB-505", NULL);
}

/* What is wrong with the answer to a handshake (rule 131). NULL: nothing. */
static const sbox_problem_t *judge(sbox_call_t *call, const sbox_sent_t *sent,
                                   const char *token)
{
    const char *type = sent->content_type;

    if (sent->kind == SBOX_SENT_UNTRUSTED) {
        return sbox_problem(call->pool, "SUB-524", NULL);
    }
    if (sent->kind == SBOX_SENT_UNREACHED) {
        return sbox_problem(call->pool, "SUB-521", NULL);
    }
    if (sent->status != 200) {
        return sbox_problem(call->pool, "SUB-522", apr_itoa(call->pool, sent->status));
    }
    if (sent->kind == SBOX_SENT_ANSWER_LARGE) {
        return sbox_problem(call->pool, "SUB-525", NULL);
    }
    if (!sent->validation_token || strcmp(sent->validation_token, token)) {
        return sbox_problem(call->pool, "SUB-520", NULL);
    }
    return type && !strncasecmp(type, "application/json", 16)
               ? NULL
               : sbox_problem(call->pool, "SUB-525", NULL);
}

static const sbox_problem_t *shake_hands(sbox_call_t *call, const char *address)
{
    sbox_t *box = call->box;
    const char *token = sbox_hooks_uuid(box, call->pool);
    const sbox_problem_t *problem;
    sbox_letter_t letter;
    sbox_sent_t sent;

    sbox_letter_init(&letter, call->pool, box);
    letter.address = address;
    letter.header[0] = apr_pstrcat(call->pool, "Validation-Token: ", token, NULL);
    letter.body = "";
    letter.max_answer = ANSWER_MAX;
    apr_thread_mutex_unlock(box->lock);
    sbox_sender_post(sbox_sender_create(call->pool), call->pool, &letter, &sent);
    apr_thread_mutex_lock(box->lock);
    problem = judge(call, &sent, token);
    sbox_hooks_note(box->hooks,
                    json_pack("{s:s, s:s, s:s, s:i, s:s?}", "kind", "handshake",
                              "address", address, "outcome",
                              problem ? problem->code : "accepted", "status",
                              sent.status, "problem", sent.problem));
    return problem;
}

static void add(sbox_call_t *call, sbox_subscription_t *s, apr_interval_time_t life)
{
    const char *token = base_json_string(call->body, "deliveryMode.verificationToken");

    s->id = sbox_hooks_uuid(call->box, s->pool);
    s->uri = apr_pstrdup(s->pool, sbox_uri(call, "subscription/%s", s->id));
    s->user = apr_pstrdup(s->pool, call->user);
    s->app = apr_pstrdup(s->pool, call->app);
    s->address =
        apr_pstrdup(s->pool, base_json_string(call->body, "deliveryMode.address"));
    s->token = token ? apr_pstrdup(s->pool, token) : NULL;
    s->created = apr_time_now();
    s->life = life;
    s->until = sbox_clock_now(&call->box->clock) + life;
    sbox_hooks_add(call->box, s);
}

static const sbox_problem_t *check_create(sbox_call_t *call, sbox_subscription_t *s,
                                          apr_interval_time_t *life)
{
    const json_t *filters = json_object_get(call->body, "eventFilters");
    const sbox_problem_t *problem = check_mode(call);

    if (!problem) {
        s->filters = sbox_event_filters(call, s->pool, filters, &problem);
    }
    if (!problem) {
        problem = read_life(call, life);
    }
    return problem ? problem : check_count(call);
}

const sbox_problem_t *sbox_subscription_create(sbox_call_t *call)
{
    apr_interval_time_t life = apr_time_from_sec(LIFE_DEFAULT);
    const sbox_problem_t *problem;
    sbox_subscription_t *s;
    apr_pool_t *p;

    if (!json_is_object(call->body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    p = sbox_hooks_pool(call->box);
    s = apr_pcalloc(p, sizeof(*s));
    s->pool = p;
    problem = check_create(call, s, &life);
    if (!problem) {
        problem =
            shake_hands(call, base_json_string(call->body, "deliveryMode.address"));
    }
    /* Others may have subscribed meanwhile. */
    if (!problem) {
        problem = check_count(call);
    }
    if (problem) {
        apr_pool_destroy(p);
        return problem;
    }
    add(call, s, life);
    return answer(call, s);
}
