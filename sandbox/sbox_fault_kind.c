#include "sbox_fault_kind.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "sbox_limit.h"
#include "sbox_route.h"
#include "sbox_session.h"

#define HANG_SECONDS 30

static apr_interval_time_t milliseconds(const json_t *action, const char *name,
                                        json_int_t otherwise)
{
    return (apr_interval_time_t)base_json_int(action, name, otherwise) * 1000;
}

/* Headers of the action, over those that are there; null takes one away. */
static void set_headers(sbox_call_t *call, const json_t *action)
{
    json_t *value, *headers = json_object_get(action, "headers");
    const char *name;

    json_object_foreach(headers, name, value)
    {
        if (json_is_null(value)) {
            apr_table_unset(call->answer->headers, name);
        }
        else {
            apr_table_set(call->answer->headers, name,
                          json_is_string(value)
                              ? json_string_value(value)
                              : base_json_text(call->pool, value, NULL));
        }
    }
    value = json_object_get(action, "retryAfter");
    if (json_is_integer(value)) {
        apr_table_set(call->answer->headers, "Retry-After",
                      apr_psprintf(call->pool, "%" APR_INT64_T_FMT,
                                   (apr_int64_t)json_integer_value(value)));
    }
}

/* {status, code, message, parameterName, body, contentType, headers, retryAfter} */
static void reply(sbox_call_t *call, const json_t *action)
{
    int status = (int)base_json_int(action, "status", 503);
    const char *code = base_json_string(action, "code");
    const char *type = base_json_string(action, "contentType");
    const json_t *body = json_object_get(action, "body");
    const char *message = base_json_string(action, "message");
    sbox_problem_t problem;

    if (body) {
        sbox_answer_text(call->pool, call->answer, status, type ? type : SBOX_JSON_TYPE,
                         json_is_string(body) ? json_string_value(body)
                                              : base_json_text(call->pool, body, NULL));
    }
    else {
        problem = *sbox_problem_status(call->pool, code ? code : "CMN-201", status,
                                       base_json_string(action, "parameterName"));
        if (code) {
            problem.code = code;
            problem.outer = strcmp(code, "CMN-101") ? NULL : "InvalidParameter";
        }
        if (message) {
            problem.message = message;
        }
        problem.status = status;
        sbox_problem_answer(call->pool, call->answer, &problem,
                            sbox_route_shape(call->request->path));
    }
    set_headers(call, action);
}

/* What a proxy in front of the platform says. */
static void html(sbox_call_t *call, const json_t *action)
{
    int status = (int)base_json_int(action, "status", 502);
    const char *text = status == 504 ? "Gateway Time-out" : "Bad Gateway";

    sbox_answer_text(call->pool, call->answer, status, "text/html",
                     apr_psprintf(call->pool,
                                  "<html>\r\n<head><title>%d %s</title></head>\r\n"
                                  "<body>\r\n<center><h1>%d %s</h1></center>\r\n"
                                  "</body>\r\n</html>\r\n",
                                  status, text, status, text));
    set_headers(call, action);
}

static void close_connection(sbox_call_t *call, const json_t *action)
{
    call->answer->sending = SBOX_SEND_NOTHING;
}

static void reset(sbox_call_t *call, const json_t *action)
{
    call->answer->sending = SBOX_SEND_RESET;
}

static void hang(sbox_call_t *call, const json_t *action)
{
    call->answer->delay = milliseconds(action, "ms", HANG_SECONDS * 1000);
    call->answer->sending = SBOX_SEND_NOTHING;
}

static void cut(sbox_call_t *call, const json_t *action)
{
    call->answer->sending = SBOX_SEND_PART;
    call->answer->part = (apr_size_t)base_json_int(
        action, "after", (json_int_t)call->answer->body_len / 2);
    if (call->answer->part > call->answer->body_len) {
        call->answer->part = call->answer->body_len;
    }
}

/* Half of the document, sent as if it were all. */
static void truncate_body(sbox_call_t *call, const json_t *action)
{
    call->answer->body_len /= 2;
}

static void garble(sbox_call_t *call, const json_t *action)
{
    char *body = apr_pmemdup(call->pool, call->answer->body, call->answer->body_len);
    apr_size_t i;

    for (i = call->answer->body_len / 3; i < call->answer->body_len; i += 7) {
        body[i] = '\x01';
    }
    call->answer->body = body;
}

/* Every member twice, the second time empty. */
static void duplicate_keys(sbox_call_t *call, const json_t *action)
{
    sbox_answer_t *answer = call->answer;

    if (answer->body_len && answer->body[0] == '{') {
        answer->body = apr_pstrcat(
            call->pool, "{\"id\":0,\"errors\":[],\"records\":[],",
            apr_pstrmemdup(call->pool, answer->body + 1, answer->body_len - 1), NULL);
        answer->body_len = strlen(answer->body);
    }
}

static void wrong_length(sbox_call_t *call, const json_t *action)
{
    apr_table_setn(
        call->answer->headers, "Content-Length",
        apr_psprintf(call->pool, "%" APR_SIZE_T_FMT, call->answer->body_len + 100));
    call->answer->sending = SBOX_SEND_PART;
    call->answer->part = call->answer->body_len;
}

static void drip(sbox_call_t *call, const json_t *action)
{
    call->answer->sending = SBOX_SEND_DRIP;
    call->answer->part = (apr_size_t)base_json_int(action, "chunk", 64);
    call->answer->pause = milliseconds(action, "pauseMs", 100);
    if (!call->answer->part) {
        call->answer->part = 1;
    }
}

static void latency(sbox_call_t *call, const json_t *action)
{
    call->answer->delay += milliseconds(action, "ms", 1000);
}

static void invalidate_token(sbox_call_t *call, const json_t *action)
{
    sbox_sessions_spoil(call->box, NULL, 0);
}

static void expire_token(sbox_call_t *call, const json_t *action)
{
    sbox_sessions_spoil(call->box, NULL, 1);
}

/* {code, retryAfter, headers}: a 429 that no bucket knows of. */
static void too_many(sbox_call_t *call, const json_t *action)
{
    const char *code = base_json_string(action, "code");

    sbox_problem_answer(call->pool, call->answer,
                        sbox_problem(call->pool, code ? code : "CMN-301", NULL),
                        sbox_route_shape(call->request->path));
    set_headers(call, action);
}

static void redirect(sbox_call_t *call, const json_t *action)
{
    const char *to = base_json_string(action, "location");

    call->answer->status = (int)base_json_int(action, "status", 302);
    apr_table_set(call->answer->headers, "Location", to ? to : "/elsewhere");
}

static const sbox_fault_kind_t kinds[] = {
    {"reply", SBOX_FAULT_INSTEAD, reply},
    {"too_many", SBOX_FAULT_INSTEAD, too_many},
    {"html", SBOX_FAULT_EDGE, html},
    {"redirect", SBOX_FAULT_EDGE, redirect},
    {"close", SBOX_FAULT_EDGE, close_connection},
    {"reset", SBOX_FAULT_EDGE, reset},
    {"hang", SBOX_FAULT_EDGE, hang},
    {"invalidate_token", SBOX_FAULT_BEFORE, invalidate_token},
    {"expire_token", SBOX_FAULT_BEFORE, expire_token},
    {"reply_lost", SBOX_FAULT_AFTER, close_connection},
    {"late_hang", SBOX_FAULT_AFTER, hang},
    {"cut", SBOX_FAULT_AFTER, cut},
    {"truncate", SBOX_FAULT_AFTER, truncate_body},
    {"garble", SBOX_FAULT_AFTER, garble},
    {"duplicate_keys", SBOX_FAULT_AFTER, duplicate_keys},
    {"wrong_length", SBOX_FAULT_AFTER, wrong_length},
    {"drip", SBOX_FAULT_AFTER, drip},
    {"latency", SBOX_FAULT_AFTER, latency},
    {"fail_records", SBOX_FAULT_WITHIN, NULL},
    {"hold_task", SBOX_FAULT_WITHIN, NULL},
    {"fail_task", SBOX_FAULT_WITHIN, NULL},
};

const sbox_fault_kind_t *sbox_fault_kind_find(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!strcmp(kinds[i].name, name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

const char *sbox_fault_kind_names(apr_pool_t *p)
{
    const char *names = kinds[0].name;
    apr_size_t i;

    for (i = 1; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        names = apr_pstrcat(p, names, ", ", kinds[i].name, NULL);
    }
    return names;
}
