#include "sbox.h"

#include <math.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_bulk.h"
#include "sbox_calls.h"
#include "sbox_control.h"
#include "sbox_fault.h"
#include "sbox_limit.h"
#include "sbox_oauth.h"
#include "sbox_route.h"
#include "sbox_specimen.h"
#include "sbox_scim.h"
#include "sbox_token.h"

/* A call between its arrival and its answer. */
typedef struct work_t {
    sbox_call_t call;
    sbox_handler_t *handler; /* NULL: answered already */
    const sbox_hit_t *hit;   /* NULL: no fault */
    const char *flight;      /* key in box->in_flight, NULL */
    apr_time_t began;
    apr_interval_time_t delay;
} work_t;

static const char *language_of(const sbox_request_t *request)
{
    const char *header = apr_table_get(request->headers, "Accept-Language");

    return header && !strncasecmp(header, "de", 2) ? "de" : "en";
}

/* The method that counts: a POST may stand for another one (rule 7). */
static const char *method_of(const sbox_call_t *call)
{
    const char *meant;

    if (strcmp(call->request->method, "POST")) {
        return call->request->method;
    }
    meant = apr_table_get(call->request->headers, "X-HTTP-Method-Override");
    if (!meant) {
        meant = apr_table_get(call->query, "_method");
    }
    return meant ? meant : "POST";
}

static void set_headers(sbox_call_t *call)
{
    apr_table_t *headers = call->answer->headers;
    double skew = sbox_knob_number(call->box->knobs, SBOX_K_DATE_SKEW_S);

    apr_table_setn(headers, "RCRequestId",
                   apr_psprintf(call->pool,
                                "%08x-0000-4000-8000-%012" APR_UINT64_T_HEX_FMT,
                                (unsigned int)call->box->settings->seed,
                                sbox_calls_next(call->box->calls)));
    apr_table_setn(headers, "RoutingKey", "SBX01P01");
    apr_table_setn(headers, "Content-Language",
                   !strcmp(call->language, "de") ? "de-DE" : "en-US");
    if (sbox_knob_int(call->box->knobs, SBOX_K_DEBUG_HEADERS)) {
        apr_table_setn(headers, "X-Sandbox-Op",
                       call->operation ? call->operation->id : "unknown");
    }
    if (skew != 0) {
        char *date = apr_palloc(call->pool, APR_RFC822_DATE_LEN);

        apr_rfc822_date(date, apr_time_now() + (apr_time_t)(skew * APR_USEC_PER_SEC));
        apr_table_setn(headers, "Date", date);
    }
}

static int is_oauth(const sbox_call_t *call)
{
    return !strncmp(call->request->path, "/restapi/oauth/", 15);
}

static int n_ids(const sbox_call_t *call)
{
    const char *c;
    int n = 1;

    if (!call->extension_id ||
        !sbox_knob_is(call->box->knobs, SBOX_K_MULTI_ID_EXTENSION, "on") ||
        !sbox_knob_is(call->box->knobs, SBOX_K_MULTI_ID_COST, "n")) {
        return 1;
    }
    for (c = call->extension_id; *c; c++) {
        n += *c == ',';
    }
    return n;
}

/* Token, then limit, then permission (rule 34). */
static const sbox_problem_t *admit(sbox_call_t *call, const sbox_problem_t *token)
{
    const sbox_operation_t *op = call->operation;
    sbox_caller_t who = {0};
    const sbox_problem_t *problem;

    if (token) {
        return token;
    }
    who.user = call->user;
    who.app = call->app;
    who.ip = apr_table_get(call->request->headers, "X-Sandbox-Client");
    who.group = op ? op->group : SBOX_GROUP_MEDIUM;
    who.cost = n_ids(call);
    problem = sbox_limit_count(call, &who);
    if (problem || is_oauth(call) || !op || !call->session) {
        return problem;
    }
    return sbox_token_permit(call);
}

static const sbox_problem_t *parse_body(sbox_call_t *call)
{
    const sbox_request_t *request = call->request;
    const char *type = apr_table_get(request->headers, "Content-Type");
    json_error_t error;

    if (!request->body_len || is_oauth(call)) {
        return NULL;
    }
    if (type && strncasecmp(type, "application/json", 16) &&
        (!sbox_scim_is(request->path) || strncasecmp(type, SBOX_SCIM_TYPE, 21))) {
        return sbox_problem(call->pool, "CMN-111", NULL);
    }
    if (request->body_len > (sbox_scim_is(request->path)
                                 ? sbox_scim_body_max(call->operation)
                                 : SBOX_BODY_MAX)) {
        return sbox_problem(call->pool, "CMN-413", NULL);
    }
    call->body = base_json_own(call->pool,
                               json_loadb(request->body, request->body_len, 0, &error));
    return call->body ? NULL : sbox_problem(call->pool, "CMN-103", NULL);
}

static int is_write(const sbox_call_t *call)
{
    return call->operation && strcmp(call->operation->method, "GET") &&
           strcmp(call->operation->id, "scimSearchViaPost2") && !is_oauth(call);
}

/* The same write at the same time (rule 83). */
static const sbox_problem_t *take_off(work_t *work)
{
    sbox_call_t *call = &work->call;
    sbox_t *box = call->box;
    const char *key;

    if (!is_write(call) || !sbox_knob_int(box->knobs, SBOX_K_CMN304)) {
        return NULL;
    }
    key = apr_pstrcat(
        call->pool, call->operation->method, " ", call->request->path, " ", call->user,
        base_sha256_hex(call->pool, call->request->body, call->request->body_len),
        NULL);
    if (json_object_get(box->in_flight, key)) {
        return sbox_problem(call->pool, "CMN-304", NULL);
    }
    json_object_set_new(box->in_flight, key, json_true());
    work->flight = key;
    return NULL;
}

static const sbox_problem_t *check_mode(sbox_call_t *call)
{
    sbox_t *box = call->box;
    int max = sbox_knob_int(box->knobs, SBOX_K_MAX_CONNS);

    if ((is_write(call) && sbox_knob_is(box->knobs, SBOX_K_MAINTENANCE, "on")) ||
        (max && box->n_working > max)) {
        return sbox_problem_status(call->pool, "CMN-201",
                                   sbox_knob_int(box->knobs, SBOX_K_CMN201_STATUS),
                                   NULL);
    }
    return NULL;
}

/* Lognormal, from the median and the 99th percentile that a knob has (rule 142). */
static apr_interval_time_t latency(sbox_call_t *call)
{
    sbox_t *box = call->box;
    const char *per_page = apr_table_get(call->query, "perPage");
    sbox_knob_t knob = is_write(call) ? SBOX_K_LATENCY_WRITE_MS
                       : per_page && apr_atoi64(per_page) >= 500
                           ? SBOX_K_LATENCY_LIST_MS
                           : SBOX_K_LATENCY_READ_MS;
    const json_t *pair = sbox_knob_json(box->knobs, knob);
    double p50 = json_number_value(json_array_get(pair, 0));
    double p99 = json_number_value(json_array_get(pair, 1));
    double u = sbox_dice(box), v = sbox_dice(box), z;

    if (sbox_knob_is(box->knobs, SBOX_K_LATENCY, "off") || p50 <= 0 || p99 < p50) {
        return 0;
    }
    z = sqrt(-2 * log(1 - u)) * cos(2 * M_PI * v);
    return sbox_clock_real(
        &box->clock,
        (apr_interval_time_t)(1000 * p50 * exp(z * log(p99 / p50) / 2.326)));
}

static const sbox_problem_t *check_token(sbox_call_t *call)
{
    if (is_oauth(call)) {
        sbox_oauth_identify(call);
        return NULL;
    }
    /* Versions are public. */
    if (call->operation && call->operation->group == SBOX_GROUP_NO) {
        return NULL;
    }
    return sbox_token_check(call);
}

/* All that comes before the operation itself. NULL: it may begin. */
static const sbox_problem_t *prepare(work_t *work)
{
    sbox_call_t *call = &work->call;
    const sbox_problem_t *routing = sbox_route(call, method_of(call));
    const sbox_problem_t *token = check_token(call), *problem;

    work->hit = sbox_fault_find(call);
    if (work->hit && work->hit->phase == SBOX_FAULT_EDGE) {
        sbox_fault_apply(call, work->hit);
        return NULL;
    }
    set_headers(call);
    if (work->hit && work->hit->phase == SBOX_FAULT_BEFORE) {
        sbox_fault_apply(call, work->hit);
        token = check_token(call);
    }
    if (routing && token) {
        return routing;
    }
    problem = admit(call, token);
    if (problem || routing) {
        return problem ? problem : routing;
    }
    if (work->hit && work->hit->phase == SBOX_FAULT_WITHIN) {
        call->hit = work->hit;
    }
    if (work->hit && work->hit->phase == SBOX_FAULT_INSTEAD) {
        sbox_fault_apply(call, work->hit);
        return NULL;
    }
    problem = check_mode(call);
    if (!problem) {
        problem = take_off(work);
    }
    if (!problem) {
        problem = parse_body(call);
    }
    if (problem) {
        return problem;
    }
    if (call->extension_id && !strcmp(call->extension_id, "~")) {
        call->extension_id = call->user;
    }
    work->handler = sbox_route_handler(call->operation);
    work->delay = latency(call);
    return work->handler ? NULL : sbox_problem(call->pool, "CMN-202", NULL);
}

static void fail(sbox_call_t *call, const sbox_problem_t *problem)
{
    sbox_problem_answer(call->pool, call->answer, problem,
                        sbox_route_shape(call->request->path));
}

static void arrive(work_t *work)
{
    const sbox_problem_t *problem;

    work->call.box->n_working++;
    problem = prepare(work);
    if (problem) {
        work->handler = NULL;
        fail(&work->call, problem);
    }
    /* The session may end while the call waits. */
    work->call.session = NULL;
}

static void finish(work_t *work)
{
    sbox_call_t *call = &work->call;
    sbox_t *box = call->box;

    if (work->handler) {
        const sbox_problem_t *problem;

        sbox_bulk_run(box);
        problem = work->handler(call);
        if (problem) {
            fail(call, problem);
        }
    }
    if (work->hit && work->hit->phase == SBOX_FAULT_AFTER) {
        sbox_fault_apply(call, work->hit);
    }
    if (work->flight) {
        json_object_del(box->in_flight, work->flight);
    }
    sbox_calls_add(call, work->began, work->hit ? work->hit->kind : NULL);
    if (!work->hit) {
        sbox_specimen_see(call);
    }
    box->n_working--;
}

const sbox_answer_t *sbox_serve(sbox_t *box, const sbox_request_t *request)
{
    work_t work = {0};
    sbox_call_t *call = &work.call;

    work.began = apr_time_now();
    call->box = box;
    call->pool = request->pool;
    call->request = request;
    call->answer = sbox_answer_create(request->pool);
    call->query = sbox_form_parse(request->pool, request->query);
    call->language = language_of(request);
    apr_thread_mutex_lock(box->lock);
    if (!strncmp(request->path, SBOX_CONTROL_PREFIX, sizeof(SBOX_CONTROL_PREFIX) - 1)) {
        sbox_bulk_run(box);
        sbox_control(call);
        apr_thread_mutex_unlock(box->lock);
        return call->answer;
    }
    arrive(&work);
    if (work.delay) {
        apr_thread_mutex_unlock(box->lock);
        apr_sleep(work.delay);
        apr_thread_mutex_lock(box->lock);
    }
    finish(&work);
    apr_thread_mutex_unlock(box->lock);
    return call->answer;
}
