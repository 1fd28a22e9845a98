#include "scim_call.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "scim_patch.h"
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

static const scim_error_t *read_body(scim_call_t *call, const json_t **body)
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

const scim_error_t *scim_op_get(scim_call_t *call)
{
    const scim_binding_t *binding = call->binding;
    scim_view_t view;
    scim_record_t record;
    const scim_error_t *error = read_view(call, &view);

    if (!error) {
        error = binding->backend->get(binding->ctx, call->p, call->id, &record);
    }
    if (error) {
        return error;
    }
    scim_call_answer(call, 200);
    return scim_response_add_record(call->p, call->response, &view, &record);
}

const scim_error_t *scim_op_list(scim_call_t *call)
{
    const scim_binding_t *binding = call->binding;
    const scim_params_t *params = &call->params;
    scim_query_t query = {NULL, params->start_index, params->count};
    scim_view_t view;
    scim_page_t page;
    const scim_error_t *error = read_view(call, &view);

    if (query.count < 0 || query.count > call->service->max_results) {
        query.count = call->service->max_results;
    }
    if (!error && params->filter) {
        error = scim_filter_parse(call->p, binding->type, params->filter,
                                  call->service->tolerance, &query.filter);
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
    const scim_error_t *error = read_body(call, &body);

    if (!error) {
        error = scim_params_read_search(call->p, body, &call->params);
    }
    return error ? error : scim_op_list(call);
}

const scim_error_t *scim_op_create(scim_call_t *call)
{
    const scim_binding_t *binding = call->binding;
    const json_t *body = NULL;
    json_t *resource;
    scim_view_t view;
    scim_record_t record;
    const char *id;
    const scim_error_t *error = read_view(call, &view);

    if (!error) {
        error = read_body(call, &body);
    }
    if (!error) {
        error = scim_resource_read(call->p, binding->type, body,
                                   call->service->tolerance, &resource);
    }
    if (!error) {
        error = scim_resource_finish(call->p, binding->type, resource);
    }
    if (!error) {
        error = binding->backend->create(binding->ctx, call->p, resource, &record, &id);
    }
    if (error) {
        return error;
    }
    scim_call_answer(call, 201);
    call->response->location =
        apr_pstrcat(call->p, view.base_url, binding->type->endpoint, "/", id, NULL);
    return scim_response_add_record(call->p, call->response, &view, &record);
}

/* What a PUT or PATCH carries into the backend. */
typedef struct update_t {
    const scim_call_t *call;
    const json_t *body; /* of a PUT: in canonical form */
} update_t;

static json_t *unchanged_or(const json_t *current, json_t *desired)
{
    return json_equal(current, desired) ? (json_t *)current : desired;
}

static const scim_error_t *replace(void *baton, apr_pool_t *p, const json_t *current,
                                   json_t **desired)
{
    const update_t *update = baton;
    const scim_type_t *type = update->call->binding->type;
    json_t *result;
    const scim_error_t *error =
        scim_resource_replace(p, type, current, update->body, &result);

    if (!error) {
        error = scim_resource_settle(p, type, current, result);
    }
    if (!error) {
        *desired = unchanged_or(current, result);
    }
    return error;
}

static const scim_error_t *patch(void *baton, apr_pool_t *p, const json_t *current,
                                 json_t **desired)
{
    const update_t *update = baton;
    const scim_type_t *type = update->call->binding->type;
    json_t *result;
    const scim_error_t *error = scim_patch_apply(
        p, type, current, update->body, update->call->service->tolerance, &result);

    if (error) {
        return error;
    }
    error = scim_resource_settle(p, type, current, result);
    if (error) { /* a required attribute was removed: section 3.5.2.2 */
        return scim_error(p, 400, SCIM_MUTABILITY, "%s", error->detail);
    }
    *desired = unchanged_or(current, result);
    return NULL;
}

static const scim_error_t *run_update(scim_call_t *call, scim_change_fn change,
                                      update_t *update)
{
    const scim_binding_t *binding = call->binding;
    scim_view_t view;
    scim_record_t record;
    const scim_error_t *error = read_view(call, &view);

    if (!error) {
        error = binding->backend->update(binding->ctx, call->p, call->id, change,
                                         update, &record);
    }
    if (error) {
        return error;
    }
    scim_call_answer(call, 200);
    return scim_response_add_record(call->p, call->response, &view, &record);
}

const scim_error_t *scim_op_replace(scim_call_t *call)
{
    update_t update = {call, NULL};
    const json_t *body = NULL;
    json_t *resource;
    const scim_error_t *error = read_body(call, &body);

    if (!error) {
        error = scim_resource_read(call->p, call->binding->type, body,
                                   call->service->tolerance, &resource);
    }
    if (error) {
        return error;
    }
    update.body = resource;
    return run_update(call, replace, &update);
}

const scim_error_t *scim_op_patch(scim_call_t *call)
{
    update_t update = {call, NULL};
    const scim_error_t *error = read_body(call, &update.body);

    return error ? error : run_update(call, patch, &update);
}

const scim_error_t *scim_op_remove(scim_call_t *call)
{
    const scim_binding_t *binding = call->binding;
    const scim_error_t *error =
        binding->backend->remove(binding->ctx, call->p, call->id);

    if (error) {
        return error;
    }
    scim_call_answer(call, 204);
    call->response->content_type = NULL;
    return NULL;
}
