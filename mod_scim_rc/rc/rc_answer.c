#include "rc_answer.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

#define DEPTH_MAX 32
#define TEXT_MAX_BYTES 1000

/* A copy that is no longer than TEXT_MAX_BYTES and ends with a whole character. */
static const char *clipped(apr_pool_t *p, const char *s)
{
    apr_size_t len = strlen(s);

    if (len > TEXT_MAX_BYTES) {
        len = TEXT_MAX_BYTES;
        while (len > 0 && (s[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    return apr_pstrmemdup(p, s, len);
}

/* The first of the members that is a string; `inner` is looked at before `outer`. */
static const char *text_of(const json_t *inner, const char *inner_name,
                           const json_t *outer, const char *outer_name)
{
    const char *s = base_json_string(inner, inner_name);

    return s && *s ? s : base_json_string(outer, outer_name);
}

/* The shapes are: v1 {errorCode, message, errors: [{errorCode, message,
 * parameterName}]}, v2 {errors: [...]}, OAuth {error, error_description, errors?}. */
static int read_body(apr_pool_t *p, const rc_http_response_t *response,
                     rc_error_t *error)
{
    json_t *body =
        base_json_parse(p, response->body, response->body_len, DEPTH_MAX, 0, NULL);
    json_t *first = json_array_get(json_object_get(body, "errors"), 0);
    const char *code = text_of(first, "errorCode", body, "errorCode");
    const char *message = text_of(first, "message", body, "message");
    const char *parameter = text_of(first, "parameterName", body, "parameterName");

    if (!code) {
        code = base_json_string(body, "error");
    }
    if (!code) {
        return 0;
    }
    if (!message) {
        message = base_json_string(body, "error_description");
    }
    error->code = clipped(p, code);
    if (message && *message) {
        error->message = clipped(p, message);
    }
    if (parameter) {
        error->parameter = clipped(p, parameter);
    }
    return 1;
}

rc_error_t *rc_answer_error(apr_pool_t *p, const rc_http_response_t *response,
                            int *explained)
{
    const char *id = apr_table_get(response->headers, "rcrequestid");
    rc_error_t *error = rc_error(
        p, RC_PROTOCOL, "HTTP status %d without an explanation", response->status);

    *explained = read_body(p, response, error);
    error->http_status = response->status;
    error->request_id = id ? clipped(p, id) : NULL;
    error->retry_after = rc_header_number(response->headers, "Retry-After", 0);
    return error;
}

typedef enum {
    ANY,
    EXPLAINED,  /* by RingCentral, not by a proxy before it */
    RETRY_AFTER /* a time is named: it was not even tried */
} condition_t;

/* The first row that fits. A write is lost where it may have been carried out. */
static const struct {
    int from, to;
    const char *code;
    condition_t condition;
    rc_error_kind_t read, write;
} meanings[] = {
    {400, 400, NULL, ANY, RC_INVALID, RC_INVALID},
    {401, 401, NULL, ANY, RC_CREDENTIALS, RC_CREDENTIALS},
    {403, 403, NULL, ANY, RC_FORBIDDEN, RC_FORBIDDEN},
    {404, 404, "CMN-120", ANY, RC_PROTOCOL, RC_PROTOCOL},
    {408, 408, NULL, ANY, RC_UNAVAILABLE, RC_LOST},
    {429, 429, NULL, ANY, RC_BUSY, RC_BUSY},
    {400, 499, NULL, EXPLAINED, RC_INVALID, RC_INVALID},
    {500, 599, "CMN-201", ANY, RC_UNAVAILABLE, RC_UNAVAILABLE},
    {501, 501, "CMN-202", ANY, RC_UNAVAILABLE, RC_UNAVAILABLE},
    {503, 503, NULL, EXPLAINED, RC_UNAVAILABLE, RC_UNAVAILABLE},
    {503, 503, NULL, RETRY_AFTER, RC_UNAVAILABLE, RC_UNAVAILABLE},
    {500, 599, NULL, ANY, RC_UNAVAILABLE, RC_LOST},
    {0, 999, NULL, ANY, RC_PROTOCOL, RC_LOST},
};

static int fits(condition_t condition, const rc_error_t *error, int explained)
{
    switch (condition) {
    case ANY:
        return 1;
    case EXPLAINED:
        return explained;
    case RETRY_AFTER:
        return error->retry_after > 0;
    }
    return 0;
}

static rc_error_kind_t kind_of(const rc_error_t *error, int explained, int writes)
{
    apr_size_t i = 0;

    while (error->http_status < meanings[i].from ||
           error->http_status > meanings[i].to ||
           (meanings[i].code && strcmp(meanings[i].code, error->code) != 0) ||
           !fits(meanings[i].condition, error, explained)) {
        i++;
    }
    return writes ? meanings[i].write : meanings[i].read;
}

static rc_error_t *judge_failure(apr_pool_t *p, const rc_endpoint_t *endpoint,
                                 const rc_http_response_t *response)
{
    int explained;
    rc_error_t *error = rc_answer_error(p, response, &explained);

    error->kind = kind_of(error, explained, endpoint->flags & RC_WRITES);
    if (response->status == 404 && strcmp(error->code, "CMN-102") == 0 &&
        endpoint->thing &&
        (!error->parameter || base_str_same(error->parameter, endpoint->thing))) {
        error->kind = RC_NOT_FOUND;
    }
    return error;
}

/* Success, but not as it should look: a write may have been carried out, or not. */
static rc_error_t *unusable(apr_pool_t *p, const rc_endpoint_t *endpoint,
                            const rc_http_response_t *response, const char *problem)
{
    rc_error_t *error =
        rc_error(p, endpoint->flags & RC_WRITES ? RC_LOST : RC_PROTOCOL,
                 "the answer to %s cannot be read: %s", endpoint->name, problem);

    error->http_status = response->status;
    return error;
}

rc_error_t *rc_answer_judge(apr_pool_t *p, const rc_endpoint_t *endpoint,
                            const rc_http_response_t *response, json_t **document)
{
    const char *problem = "no object";
    json_t *json;

    if (response->status < 200 || response->status > 299) {
        return judge_failure(p, endpoint, response);
    }
    *document = NULL;
    if (endpoint->flags & RC_NO_ANSWER) {
        return response->body_len
                   ? unusable(p, endpoint, response, "it should be empty")
                   : NULL;
    }
    json =
        base_json_parse(p, response->body, response->body_len, DEPTH_MAX, 0, &problem);
    if (!json_is_object(json)) {
        return unusable(p, endpoint, response, problem);
    }
    *document = json;
    return NULL;
}
