#include "scim_bulk.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_patch.h"
#include "scim_path.h"
#include "scim_value.h"

static const struct {
    const char *name;
    scim_act_t act;
    scim_handler_fn handler; /* of the single request that does the same */
} methods[] = {
    {"POST", SCIM_POST, scim_op_create},
    {"PUT", SCIM_PUT, scim_op_replace},
    {"PATCH", SCIM_PATCH, scim_op_patch},
    {"DELETE", SCIM_DELETE, scim_op_remove},
};

#define METHODS (sizeof methods / sizeof *methods)

/* A member that must be a string; NULL when there is none (null is none). */
static const scim_error_t *read_string(const scim_bulk_t *bulk, const json_t *element,
                                       const char *name, const char **text)
{
    const json_t *value = base_json_member(element, name);

    *text = json_string_value(value);
    if (!value || json_is_null(value) || *text) {
        return NULL;
    }
    return scim_error(bulk->p, 400, SCIM_INVALID_SYNTAX, "%s: a string is expected",
                      name);
}

static const scim_error_t *read_method(const scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    static const char *const others[] = {"GET", "HEAD", "OPTIONS"};
    const int tolerant = bulk->call->service->tolerance & SCIM_TOLERATE_OP;
    apr_size_t i;
    int status = 501;

    if (!op->method) {
        return scim_error(bulk->p, 400, SCIM_INVALID_SYNTAX, "method: missing");
    }
    for (i = 0; i < METHODS; i++) {
        if (tolerant ? base_str_same(op->method, methods[i].name)
                     : !strcmp(op->method, methods[i].name)) {
            op->method = methods[i].name;
            op->act = methods[i].act;
            return NULL;
        }
    }
    for (i = 0; i < sizeof others / sizeof *others; i++) {
        if (!strcmp(op->method, others[i])) {
            status = 405;
        }
    }
    return scim_error(bulk->p, status, SCIM_TYPE_NONE,
                      "method: %s is not possible in a bulk request, POST, PUT, PATCH "
                      "or DELETE is expected",
                      scim_excerpt(bulk->p, op->method));
}

/* What the path names, as if it were a request of its own. */
static const scim_error_t *read_path(const scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    scim_call_t call = *bulk->call;
    scim_handler_fn handler = NULL;
    const scim_error_t *error;

    if (!op->path) {
        return scim_error(bulk->p, 400, SCIM_INVALID_SYNTAX, "path: missing");
    }
    call.binding = NULL;
    error = scim_call_find(&call, op->method, op->path, &handler);
    if (error) {
        return error;
    }
    if (handler != methods[op->act].handler) {
        return scim_error(bulk->p, 405, SCIM_TYPE_NONE,
                          "%s %s is not possible in a bulk request", op->method,
                          scim_excerpt(bulk->p, op->path));
    }
    op->binding = call.binding;
    op->id = call.id;
    return NULL;
}

/* The example of RFC 7644 section 3.7.3 has the bare list of operations as the data of
 * a PATCH, where its section 3.5.2 wants a message around it. Both are taken. */
static const json_t *wrapped(const scim_bulk_t *bulk, const json_t *operations)
{
    return base_json_own(bulk->p, json_pack("{s:[s], s:O}", "schemas", SCIM_PATCH_URN,
                                            "Operations", operations));
}

static const scim_error_t *read_data(const scim_bulk_t *bulk, scim_bulk_op_t *op,
                                     const json_t *data)
{
    if (op->act == SCIM_DELETE) {
        return NULL;
    }
    if (op->act == SCIM_PATCH && json_is_array(data)) {
        data = wrapped(bulk, data);
    }
    if (!json_is_object(data)) {
        return scim_error(bulk->p, 400, SCIM_INVALID_SYNTAX,
                          "data: an object is expected");
    }
    op->data = data;
    return NULL;
}

/* A POST is known by its bulkId to the others and to the client. Of two with the same
 * none is carried out: what refers to it could mean either. */
static const scim_error_t *read_bulk_id(scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    scim_bulk_op_t *other;

    if (op->act != SCIM_POST) {
        return NULL;
    }
    if (!op->bulk_id || !*op->bulk_id) {
        return scim_error(bulk->p, 400, SCIM_INVALID_VALUE,
                          "bulkId: required for a POST");
    }
    other = apr_hash_get(bulk->posts, op->bulk_id, APR_HASH_KEY_STRING);
    if (!other) {
        apr_hash_set(bulk->posts, op->bulk_id, APR_HASH_KEY_STRING, op);
        return NULL;
    }
    other->wrong =
        scim_error(bulk->p, 400, SCIM_INVALID_VALUE,
                   "bulkId: \"%s\" is that of another POST of the request as well",
                   scim_excerpt(bulk->p, op->bulk_id));
    return other->wrong;
}

static const scim_error_t *read_members(scim_bulk_t *bulk, scim_bulk_op_t *op,
                                        const json_t *element)
{
    const scim_error_t *error = read_string(bulk, element, "bulkId", &op->bulk_id);
    const scim_error_t *taken;

    if (!error) {
        error = read_string(bulk, element, "path", &op->path);
    }
    if (!error) {
        error = read_string(bulk, element, "method", &op->method);
    }
    if (!error) {
        error = read_method(bulk, op);
    }
    if (error) {
        return error;
    }
    /* Also of one that is wrong in another way: what refers to it has to fail too. */
    taken = read_bulk_id(bulk, op);
    error = read_path(bulk, op);
    if (!error) {
        error = taken;
    }
    if (!error) {
        error = read_string(bulk, element, "version", &op->version);
    }
    return error ? error : read_data(bulk, op, base_json_member(element, "data"));
}

void scim_bulk_read(scim_bulk_t *bulk, scim_bulk_op_t *op, const json_t *element)
{
    if (!json_is_object(element)) {
        op->wrong = scim_error(bulk->p, 400, SCIM_INVALID_SYNTAX,
                               "an operation must be an object");
        return;
    }
    op->wrong = read_members(bulk, op, element);
}
