#include "scim_bulk.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_response.h"
#include "scim_value.h"

#define URN "urn:ietf:params:scim:api:messages:2.0:"

static const scim_error_t *bad_syntax(const scim_bulk_t *bulk, const char *detail)
{
    return scim_error(bulk->p, 400, SCIM_INVALID_SYNTAX, "%s", detail);
}

static int is_bulk_message(const json_t *body)
{
    const json_t *schemas = base_json_member(body, "schemas");
    const json_t *urn;
    size_t i;

    json_array_foreach(schemas, i, urn)
    {
        if (base_str_same(json_string_value(urn), URN "BulkRequest")) {
            return 1;
        }
    }
    return 0;
}

/* failOnErrors. 0 is what some clients write for "never stop". */
static const scim_error_t *read_max_errors(scim_bulk_t *bulk, const json_t *value)
{
    json_int_t n = json_integer_value(value);

    if (value && !json_is_null(value) && (!json_is_integer(value) || n < 0)) {
        return bad_syntax(bulk, "failOnErrors: a number of errors is expected");
    }
    bulk->max_errors = n > bulk->n ? 0 : (int)n;
    return NULL;
}

static const scim_error_t *read_message(scim_bulk_t *bulk, const json_t *body)
{
    const json_t *operations = base_json_member(body, "Operations");
    const scim_error_t *error;
    size_t n = json_array_size(operations);
    int i;

    if (!is_bulk_message(body)) {
        return bad_syntax(bulk, "schemas: \"" URN "BulkRequest\" is expected");
    }
    if (!n) {
        return bad_syntax(bulk, "Operations: an array of at least one operation is "
                                "expected");
    }
    if (n > (size_t)bulk->call->service->max_operations) {
        return scim_error(bulk->p, 413, SCIM_TYPE_NONE,
                          "Operations: %" APR_SIZE_T_FMT
                          " are more than maxOperations (%d)",
                          n, bulk->call->service->max_operations);
    }
    bulk->n = (int)n;
    error = read_max_errors(bulk, base_json_member(body, "failOnErrors"));
    if (error) {
        return error;
    }
    bulk->posts = apr_hash_make(bulk->p);
    bulk->ops = apr_pcalloc(bulk->p, n * sizeof *bulk->ops);
    for (i = 0; i < bulk->n; i++) {
        bulk->ops[i].order = i;
        scim_bulk_read(bulk, &bulk->ops[i], json_array_get(operations, (size_t)i));
    }
    return NULL;
}

/* `"name":"value",`, or nothing without a value. */
static const char *member(apr_pool_t *p, const char *name, const char *value)
{
    return value ? apr_pstrcat(p, "\"", name, "\":\"", base_json_escape(p, value),
                               "\",", NULL)
                 : "";
}

/* Where the resource is; of a POST that failed there is none, nor of who refers to it.
 * What cannot be found is named as the client named it. */
static const char *location(const scim_bulk_t *bulk, const scim_bulk_op_t *op)
{
    const char *base = bulk->call->request->base_url;

    if (op->id && op->binding && (op->act == SCIM_POST || op->subject)) {
        return apr_pstrcat(bulk->p, base, op->binding->type->endpoint, "/", op->id,
                           NULL);
    }
    if (!op->path || scim_bulk_is_unresolved(op) ||
        (op->method && !strcmp(op->method, "POST"))) {
        return NULL;
    }
    return apr_pstrcat(bulk->p, base, *op->path == '/' ? "" : "/", op->path, NULL);
}

static void add_result(const scim_bulk_t *bulk, const scim_bulk_op_t *op,
                       const char *separator)
{
    apr_pool_t *p = bulk->p;
    const char *failed = op->failed;
    const char *text = apr_pstrcat(
        p, separator, "{", member(p, "location", location(bulk, op)),
        member(p, "method", op->method), member(p, "bulkId", op->bulk_id),
        member(p, "version", op->etag), "\"status\":\"", apr_itoa(p, op->status), "\"",
        failed ? ",\"response\":" : "", failed ? failed : "", "}", NULL);

    scim_response_add(bulk->call->response, text, strlen(text));
}

static void answer(const scim_bulk_t *bulk)
{
    static const char head[] =
        "{\"schemas\":[\"" URN "BulkResponse\"],\"Operations\":[";
    scim_response_t *response = bulk->call->response;
    const char *separator = "";
    int i;

    scim_call_answer(bulk->call, 200);
    scim_response_add(response, head, sizeof head - 1);
    for (i = 0; i < bulk->n; i++) {
        if (bulk->ops[i].status) {
            add_result(bulk, &bulk->ops[i], separator);
            separator = ",";
        }
    }
    scim_response_add(response, "]}", 2);
    if (bulk->errors) {
        response->error_detail =
            apr_psprintf(bulk->p, "%d of %d operations failed, the first one: %s",
                         bulk->errors, bulk->n, bulk->first_error);
    }
}

const scim_error_t *scim_op_bulk(scim_call_t *call)
{
    scim_bulk_t bulk = {.call = call, .p = call->p};
    const json_t *body = NULL;
    const scim_error_t *error;

    if ((apr_int64_t)call->request->body_len > call->service->max_bulk_body) {
        return scim_error(call->p, 413, SCIM_TYPE_NONE,
                          "the body is larger than maxPayloadSize (%" APR_INT64_T_FMT
                          " bytes)",
                          call->service->max_bulk_body);
    }
    error = scim_call_body(call, &body);
    if (!error) {
        error = read_message(&bulk, body);
    }
    if (error) {
        return error;
    }
    scim_bulk_plan(&bulk);
    scim_bulk_run(&bulk);
    answer(&bulk);
    return NULL;
}
