#include "scim_service.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "scim_call.h"
#include "scim_discovery.h"
#include "scim_response.h"
#include "scim_value.h"

/* The methods of a resource of the service; a row without a name ends a table. */
typedef struct method_t {
    const char *name;
    scim_handler_fn run;
} method_t;

void scim_call_answer(scim_call_t *call, int status)
{
    scim_response_start(call->p, call->response, status, call->request->accept);
}

/* Answers with what the service says of itself. */
static const scim_error_t *answer_document(scim_call_t *call, const json_t *document)
{
    const char *text;
    apr_size_t len;

    if (!document) {
        return scim_error(call->p, 404, SCIM_TYPE_NONE, "%s: there is no \"%s\"",
                          call->target.segments[0], scim_excerpt(call->p, call->id));
    }
    if (call->params.filter) {
        return scim_error(call->p, 403, SCIM_TYPE_NONE, "%s cannot be filtered",
                          call->target.segments[0]);
    }
    text = base_json_text(call->p, document, &len);
    scim_call_answer(call, 200);
    scim_response_add(call->response, text, len);
    return NULL;
}

static const scim_error_t *get_config(scim_call_t *call)
{
    return answer_document(
        call, scim_discovery_config(call->p, call->service, call->request->base_url));
}

static const scim_error_t *get_schemas(scim_call_t *call)
{
    const char *base = call->request->base_url;

    return answer_document(
        call, call->id ? scim_discovery_schema(call->p, call->service, base, call->id)
                       : scim_discovery_schemas(call->p, call->service, base));
}

static const scim_error_t *get_types(scim_call_t *call)
{
    const char *base = call->request->base_url;

    return answer_document(
        call, call->id ? scim_discovery_type(call->p, call->service, base, call->id)
                       : scim_discovery_types(call->p, call->service, base));
}

static const scim_error_t *not_implemented(scim_call_t *call)
{
    return scim_error(call->p, 501, SCIM_TYPE_NONE,
                      "/%s is not implemented by this service",
                      call->target.n ? call->target.segments[0] : "");
}

static const method_t on_all[] = {
    {"GET", scim_op_list}, {"POST", scim_op_create}, {NULL, NULL}};
static const method_t on_search[] = {{"POST", scim_op_search}, {NULL, NULL}};
static const method_t on_one[] = {{"GET", scim_op_get},
                                  {"PUT", scim_op_replace},
                                  {"PATCH", scim_op_patch},
                                  {"DELETE", scim_op_remove},
                                  {NULL, NULL}};
static const method_t on_config[] = {{"GET", get_config}, {NULL, NULL}};
static const method_t on_schemas[] = {{"GET", get_schemas}, {NULL, NULL}};
static const method_t on_types[] = {{"GET", get_types}, {NULL, NULL}};
static const method_t on_bulk[] = {{"POST", scim_op_bulk}, {NULL, NULL}};
static const method_t on_none[] = {{NULL, not_implemented}};

/* The endpoints that do not belong to a resource type. */
static const struct endpoint_t {
    const char *name;
    int max_segments;
    const method_t *methods;
} endpoints[] = {
    {"ServiceProviderConfig", 1, on_config},
    {"Schemas", 2, on_schemas},
    {"ResourceTypes", 2, on_types},
    {"Me", SCIM_PATH_MAX_SEGMENTS, on_none},
    {"Bulk", 1, on_bulk},
    {".search", 1, on_none},
};

/* The methods of what the path names, NULL when that is nothing. */
static const method_t *route(scim_call_t *call)
{
    const scim_target_t *target = &call->target;
    const char *first = target->n ? target->segments[0] : NULL;
    const method_t *methods;
    apr_size_t i;
    int k;

    if (!first) {
        return on_none;
    }
    call->id = target->n > 1 ? target->segments[1] : NULL;
    for (k = 0; k < call->service->n_bindings && target->n <= 2; k++) {
        if (!strcmp(call->service->bindings[k].type->endpoint + 1, first)) {
            call->binding = &call->service->bindings[k];
            if (!call->id) {
                return on_all;
            }
            return strcmp(call->id, ".search") ? on_one : on_search;
        }
    }
    for (i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        if (!strcmp(endpoints[i].name, first) &&
            target->n <= endpoints[i].max_segments) {
            methods = endpoints[i].methods;
            return methods == on_bulk && !call->service->max_operations ? on_none
                                                                        : methods;
        }
    }
    return NULL;
}

static const scim_error_t *refuse_method(scim_call_t *call, const char *method,
                                         const method_t *methods)
{
    scim_error_t *error =
        scim_error(call->p, 405, SCIM_TYPE_NONE, "%s is not possible here", method);

    error->allow = "";
    for (; methods->name; methods++) {
        error->allow =
            apr_pstrcat(call->p, error->allow, *error->allow ? ", " : "", methods->name,
                        strcmp(methods->name, "GET") ? "" : ", HEAD", NULL);
    }
    return error;
}

const scim_error_t *scim_call_find(scim_call_t *call, const char *method,
                                   const char *path, scim_handler_fn *handler)
{
    const method_t *methods, *each;
    const scim_error_t *error = scim_target_read(call->p, path, &call->target);

    if (error) {
        return error;
    }
    methods = route(call);
    if (!methods) {
        return scim_error(call->p, 404, SCIM_TYPE_NONE, "there is nothing at %s",
                          scim_excerpt(call->p, path));
    }
    if (methods == on_none) {
        return not_implemented(call);
    }
    if (!strcmp(method, "HEAD")) {
        method = "GET";
    }
    for (each = methods; each->name; each++) {
        if (!strcmp(each->name, method)) {
            *handler = each->run;
            return NULL;
        }
    }
    return refuse_method(call, method, methods);
}

static const scim_error_t *run(scim_call_t *call)
{
    scim_handler_fn handler;
    const scim_error_t *error =
        scim_call_find(call, call->request->method, call->request->path, &handler);

    if (!error) {
        error = scim_params_read_query(call->p, call->request->query, &call->params);
    }
    return error ? error : handler(call);
}

void scim_service_handle(const scim_service_t *service, apr_pool_t *p,
                         const scim_request_t *request, scim_response_t *response)
{
    scim_call_t call = {p, service, request, response, {0}, NULL, NULL, {0}};
    const scim_error_t *error = run(&call);

    if (error) {
        scim_response_error(p, error, request->accept, response);
    }
}
