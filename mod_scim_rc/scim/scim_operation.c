#include "scim_call.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "scim_edit.h"
#include "scim_etag.h"
#include "scim_response.h"
#include "scim_value.h"

/* What the client wants to see of resources. */
static const scim_error_t *read_view(scim_call_t *call, scim_view_t *view)
{
    view->type = call->binding->type;
    view->base_url = call->request->base_url;
    view->escaped_url = base_json_escape(call->p, view->base_url);
    return scim_projection_read(call->p, view->type, call->params.attributes,
                                call->params.excluded, &view->projection);
}

/* The parser's words without the piece of the body that they quote: it could be part
 * of a password, and this is also logged. */
static const char *unquoted(apr_pool_t *p, const char *problem)
{
    const char *quote = strstr(problem, " near '"), *position = strrchr(problem, '(');

    if (!quote || !position || position < quote) {
        return problem;
    }
    return apr_psprintf(p, "%.*s %s", (int)(quote - problem), problem, position);
}

const scim_error_t *scim_call_body(scim_call_t *call, const json_t **body)
{
    const scim_request_t *request = call->request;
    const char *problem = NULL;

    if (!scim_content_type_is_known(call->p, request->content_type)) {
        return scim_error(call->p, 415, SCIM_TYPE_NONE,
                          "Content-Type: %s is not supported, " SCIM_MEDIA_TYPE
                          " or application/json in UTF-8 is expected",
                          scim_excerpt(call->p, request->content_type));
    }
    if (!request->body || !request->body_len) {
        return scim_error(call->p, 400, SCIM_INVALID_SYNTAX,
                          "the body is empty, a JSON object is expected");
    }
    *body = base_json_parse(call->p, request->body, request->body_len,
                            SCIM_JSON_MAX_DEPTH, BASE_JSON_UNIQUE, &problem);
    if (!*body) {
        return scim_error(call->p, 400, SCIM_INVALID_SYNTAX, "the body is not JSON: %s",
                          unquoted(call->p, problem));
    }
    if (!json_is_object(*body)) {
        return scim_error(call->p, 400, SCIM_INVALID_SYNTAX,
                          "the body is no JSON object");
    }
    return NULL;
}

/* Answers with one resource and its version. */
static const scim_error_t *answer_record(scim_call_t *call, int status,
                                         const scim_view_t *view,
                                         const scim_record_t *record)
{
    scim_call_answer(call, status);
    call->response->etag = record->version;
    return scim_response_add_record(call->p, call->response, view, record);
}

static void answer_empty(scim_call_t *call, int status)
{
    scim_call_answer(call, status);
    call->response->content_type = NULL;
}

const scim_error_t *scim_op_get(scim_call_t *call)
{
    const scim_binding_t *binding = call->binding;
    const char *known = scim_etag_condition(call->request->if_none_match);
    const char *wanted = scim_etag_condition(call->request->if_match);
    scim_view_t view;
    scim_record_t record;
    const scim_error_t *error = read_view(call, &view);

    if (!error) {
        error = binding->backend->get(binding->ctx, call->p, call->id, &record);
    }
    if (error) {
        return error;
    }
    if (wanted && !scim_etag_listed(wanted, record.version)) {
        return scim_error(call->p, 412, SCIM_TYPE_NONE,
                          "If-Match: the resource does not have this version");
    }
    if (known && scim_etag_listed(known, record.version)) {
        answer_empty(call, 304);
        call->response->etag = record.version;
        return NULL;
    }
    return answer_record(call, 200, &view, &record);
}

/* Which resources are wanted, and in which order. */
static const scim_error_t *read_query(const scim_call_t *call, scim_query_t *query)
{
    const scim_type_t *type = call->binding->type;
    const scim_params_t *params = &call->params;
    const unsigned tolerance = call->service->tolerance;
    const scim_error_t *error = NULL;

    query->start_index = params->start_index;
    query->count = params->count;
    if (query->count < 0 || query->count > call->service->max_results) {
        query->count = call->service->max_results;
    }
    if (params->filter) {
        error =
            scim_filter_parse(call->p, type, params->filter, tolerance, &query->filter);
    }
    if (!error && params->sort_by) {
        error = scim_sort_parse(call->p, type, params->sort_by, params->sort_order,
                                tolerance, &query->sort);
    }
    return error;
}

const scim_error_t *scim_op_list(scim_call_t *call)
{
    const scim_binding_t *binding = call->binding;
    scim_query_t query = {.escaped_url = NULL};
    scim_view_t view;
    scim_page_t page = {0, NULL, NULL, 0};
    const scim_error_t *error = read_view(call, &view);

    if (!error && !view.projection) {
        query.escaped_url = view.escaped_url;
    }
    if (!error) {
        error = read_query(call, &query);
    }
    if (!error) {
        error = binding->backend->query(binding->ctx, call->p, &query, &page);
    }
    if (error) {
        return error;
    }
    scim_call_answer(call, 200);
    return scim_response_add_list(call->p, call->response, &view, &page,
                                  query.start_index);
}

const scim_error_t *scim_op_search(scim_call_t *call)
{
    const json_t *body = NULL;
    const scim_error_t *error = scim_call_body(call, &body);

    if (!error) {
        error = scim_params_read_search(call->p, body, &call->params);
    }
    return error ? error : scim_op_list(call);
}

/* Makes the write that the request asks for. Conditions are for a resource that is
 * there; a collection, to which a POST goes, has no version that could be compared, and
 * that nobody is made twice is seen to by uniqueness. */
static const scim_error_t *prepare(scim_call_t *call, scim_edit_t *edit,
                                   scim_write_t *write)
{
    const json_t *body = NULL;
    const scim_error_t *error =
        edit->act == SCIM_DELETE ? NULL : scim_call_body(call, &body);

    edit->type = call->binding->type;
    edit->tolerance = call->service->tolerance;
    edit->if_match = scim_etag_condition(call->request->if_match);
    edit->if_none_match = scim_etag_condition(call->request->if_none_match);
    return error ? error : scim_edit_prepare(call->p, edit, body, write);
}

const scim_error_t *scim_op_create(scim_call_t *call)
{
    const scim_binding_t *binding = call->binding;
    scim_edit_t edit = {.act = SCIM_POST};
    scim_write_t write;
    scim_view_t view;
    scim_record_t record;
    const char *id;
    const scim_error_t *error = read_view(call, &view);

    if (!error) {
        error = prepare(call, &edit, &write);
    }
    if (!error) {
        error = binding->backend->create(binding->ctx, call->p, write.resource, &record,
                                         &id);
    }
    if (!error) {
        error = answer_record(call, 201, &view, &record);
    }
    if (!error) {
        call->response->location =
            apr_pstrcat(call->p, view.base_url, binding->type->endpoint, "/", id, NULL);
    }
    return error;
}

static const scim_error_t *update(scim_call_t *call, scim_act_t act)
{
    const scim_binding_t *binding = call->binding;
    scim_edit_t edit = {.act = act};
    scim_write_t write;
    scim_view_t view;
    scim_record_t record;
    const scim_error_t *error = prepare(call, &edit, &write);

    if (!error) {
        error = read_view(call, &view);
    }
    if (!error) {
        error = binding->backend->update(binding->ctx, call->p, call->id, write.change,
                                         write.baton, &record);
    }
    return error ? error : answer_record(call, 200, &view, &record);
}

const scim_error_t *scim_op_replace(scim_call_t *call)
{
    return update(call, SCIM_PUT);
}

const scim_error_t *scim_op_patch(scim_call_t *call)
{
    return update(call, SCIM_PATCH);
}

const scim_error_t *scim_op_remove(scim_call_t *call)
{
    const scim_binding_t *binding = call->binding;
    scim_edit_t edit = {.act = SCIM_DELETE};
    scim_write_t write;
    const scim_error_t *error = prepare(call, &edit, &write);

    if (!error) {
        error = binding->backend->remove(binding->ctx, call->p, call->id, write.change,
                                         write.baton);
    }
    if (!error) {
        answer_empty(call, 204);
    }
    return error;
}
