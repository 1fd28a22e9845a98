#include "scim_patch.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_patch_apply.h"
#include "scim_value.h"

static const char *const op_names[] = {
    [SCIM_PATCH_ADD] = "add",
    [SCIM_PATCH_REPLACE] = "replace",
    [SCIM_PATCH_REMOVE] = "remove",
};

static const scim_error_t *read_op(const scim_patch_t *patch, const json_t *operation,
                                   scim_patch_op_t *op)
{
    const json_t *member = base_json_member(operation, "op");
    const char *name = json_string_value(member);
    unsigned i;

    for (i = 0; name && i < sizeof op_names / sizeof *op_names; i++) {
        if (!strcmp(name, op_names[i]) || ((patch->tolerance & SCIM_TOLERATE_OP) &&
                                           base_str_same(name, op_names[i]))) {
            *op = (scim_patch_op_t)i;
            return NULL;
        }
    }
    return scim_error(
        patch->p, 400, SCIM_INVALID_SYNTAX,
        "op: %s is not valid, \"add\", \"replace\" or \"remove\" is expected",
        member ? scim_excerpt(patch->p, base_json_text(patch->p, member, NULL))
               : "nothing");
}

/* The path in *text, NULL when there is none; some clients send an empty one. */
static const scim_error_t *read_path(const scim_patch_t *patch, const json_t *operation,
                                     const char **text)
{
    const json_t *path = base_json_member(operation, "path");

    *text = json_string_value(path);
    if (*text && !**text) {
        *text = NULL;
    }
    if (path && !json_is_string(path) && !json_is_null(path)) {
        return scim_error(patch->p, 400, SCIM_INVALID_PATH,
                          "path: %s is not valid, a string is expected",
                          scim_excerpt(patch->p, base_json_text(patch->p, path, NULL)));
    }
    return NULL;
}

static const scim_error_t *apply_pathless(const scim_patch_t *patch,
                                          const scim_change_t *change)
{
    if (change->op == SCIM_PATCH_REMOVE) {
        return scim_error(patch->p, 400, SCIM_NO_TARGET,
                          "a path is needed to say what to remove");
    }
    if (!json_is_object(change->value)) {
        return scim_error(
            patch->p, 400, SCIM_INVALID_VALUE,
            "value: %s is not valid, without a path an object is expected",
            scim_excerpt(patch->p, base_json_text(patch->p, change->value, NULL)));
    }
    return scim_patch_members(patch, change->op, patch->type->core, change->value);
}

static const scim_error_t *apply_operation(const scim_patch_t *patch,
                                           const json_t *operation, scim_patch_op_t *op,
                                           const char **path)
{
    scim_change_t change = {0};
    const scim_error_t *error = read_op(patch, operation, op);

    if (!error) {
        error = read_path(patch, operation, path);
    }
    if (error) {
        return error;
    }
    change.op = *op;
    change.value = base_json_member(operation, "value");
    if (!change.value && *op != SCIM_PATCH_REMOVE) {
        return scim_error(patch->p, 400, SCIM_INVALID_VALUE, "value: missing");
    }
    if (!*path) {
        return apply_pathless(patch, &change);
    }
    error = scim_path_parse(patch->p, patch->type, *path, patch->tolerance, 0,
                            &change.path);
    return error ? error : scim_patch_change(patch, &change);
}

/* Says which operation it was. */
static const scim_error_t *blame(apr_pool_t *p, const scim_error_t *error,
                                 apr_size_t index, const char *op, const char *path)
{
    return scim_error(p, error->status, error->type,
                      "operation %" APR_SIZE_T_FMT "%s%s%s%s%s: %s", index + 1,
                      op ? " (" : "", op ? op : "", path ? " " : "",
                      path ? scim_excerpt(p, path) : "", op ? ")" : "", error->detail);
}

static int is_patch_message(const json_t *body)
{
    const json_t *schemas = base_json_member(body, "schemas");
    const json_t *urn;
    size_t i;

    json_array_foreach(schemas, i, urn)
    {
        if (base_str_same(json_string_value(urn), SCIM_PATCH_URN)) {
            return 1;
        }
    }
    return 0;
}

static const scim_error_t *check_message(apr_pool_t *p, const json_t *body,
                                         const json_t *operations, unsigned tolerance)
{
    if (!(tolerance & SCIM_TOLERATE_OP) && !is_patch_message(body)) {
        return scim_error(p, 400, SCIM_INVALID_SYNTAX,
                          "schemas: \"" SCIM_PATCH_URN "\" is expected");
    }
    if (!json_is_array(operations) || json_array_size(operations) == 0) {
        return scim_error(p, 400, SCIM_INVALID_SYNTAX,
                          "Operations: an array of at least one operation is expected");
    }
    if (json_array_size(operations) > SCIM_PATCH_MAX_OPERATIONS) {
        return scim_error(p, 413, SCIM_TYPE_NONE,
                          "Operations: %" APR_SIZE_T_FMT
                          " are too many, at most %d are carried out",
                          json_array_size(operations), SCIM_PATCH_MAX_OPERATIONS);
    }
    return NULL;
}

const scim_error_t *scim_patch_apply(apr_pool_t *p, const scim_type_t *type,
                                     const json_t *current, const json_t *body,
                                     unsigned tolerance, json_t **desired)
{
    const scim_patch_t patch = {p, type, tolerance, current,
                                base_json_own(p, json_copy((json_t *)current))};
    const json_t *operations = base_json_member(body, "Operations");
    const scim_error_t *error = check_message(p, body, operations, tolerance);
    json_t *operation;
    size_t i;

    json_array_foreach(operations, i, operation)
    {
        scim_patch_op_t op = SCIM_PATCH_OPS;
        const char *path = NULL;

        if (error) {
            return error;
        }
        error = apply_operation(&patch, operation, &op, &path);
        if (error) {
            return blame(p, error, i, op < SCIM_PATCH_OPS ? op_names[op] : NULL, path);
        }
    }
    *desired = patch.resource;
    return error;
}
