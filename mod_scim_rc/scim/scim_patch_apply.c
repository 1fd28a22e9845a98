#include "scim_patch_apply.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_filter.h"
#include "scim_patch_list.h"
#include "scim_resource.h"
#include "scim_value.h"

static const char *path_of(const scim_patch_t *patch, const scim_change_t *change)
{
    return scim_path_text(patch->p, patch->type, &change->path);
}

/* Is the change of `attr` refused (*error), or of no effect (1)? */
static int is_futile(const scim_patch_t *patch, const scim_change_t *change,
                     const scim_attr_t *attr, const scim_error_t **error)
{
    if (!attr || !scim_attr_is_dropped(attr)) {
        return 0;
    }
    if (attr->mutability == SCIM_READ_ONLY && !change->is_member &&
        !((attr->flags & SCIM_DERIVED) && (patch->tolerance & SCIM_TOLERATE_KEYS))) {
        *error = scim_error(patch->p, 400, SCIM_MUTABILITY, "%s: read-only",
                            path_of(patch, change));
    }
    return 1;
}

/* The object that holds the attributes of `schema`; NULL when it is not there and is
 * not to be made. */
static json_t *holder_of(json_t *object, const char *name, int make)
{
    json_t *holder = json_object_get(object, name);

    if (!json_is_object(holder) && make) {
        json_object_set_new(object, name, json_object());
        holder = json_object_get(object, name);
    }
    return json_is_object(holder) ? holder : NULL;
}

/* A single-valued attribute, or sub-attribute, of `holder`. */
static const scim_error_t *change_single(const scim_patch_t *patch,
                                         const scim_change_t *change, json_t *holder)
{
    const scim_attr_t *attr = change->path.sub ? change->path.sub : change->path.attr;
    json_t *old = json_object_get(holder, attr->name), *value;
    const scim_error_t *error;

    if (change->op == SCIM_PATCH_REMOVE || scim_value_is_unset(change->value)) {
        json_object_del(holder, attr->name);
        return NULL;
    }
    error = scim_value_read(patch->p, attr, change->value, path_of(patch, change),
                            patch->tolerance, &value);
    if (error) {
        return error;
    }
    if (attr->mutability == SCIM_IMMUTABLE && old && !json_equal(old, value)) {
        return scim_error(patch->p, 400, SCIM_MUTABILITY,
                          "%s: immutable, and it has another value already",
                          path_of(patch, change));
    }
    if (json_is_object(old) && json_is_object(value)) {
        scim_patch_merge(change->op, old, value);
    }
    else {
        json_object_set(holder, attr->name, value);
    }
    return NULL;
}

/* A whole extension. */
static const scim_error_t *change_extension(const scim_patch_t *patch,
                                            const scim_change_t *change)
{
    const scim_schema_t *schema = change->path.schema;

    if (change->op == SCIM_PATCH_REMOVE || scim_value_is_unset(change->value)) {
        json_object_del(patch->resource, schema->urn);
        return NULL;
    }
    if (!json_is_object(change->value)) {
        return scim_error(
            patch->p, 400, SCIM_INVALID_VALUE,
            "%s: %s is not valid, an object is expected", schema->urn,
            scim_excerpt(patch->p, base_json_text(patch->p, change->value, NULL)));
    }
    return scim_patch_members(patch, change->op, schema, change->value);
}

/* Makes the attribute that is to be changed the resource's own. */
static void unshare(const scim_patch_t *patch, const scim_path_t *path)
{
    const char *name =
        path->schema == patch->type->core ? path->attr->name : path->schema->urn;
    json_t *value = json_object_get(patch->resource, name);

    if (value && value == json_object_get(patch->current, name)) {
        json_object_set_new(patch->resource, name, base_json_copy(value));
    }
}

const scim_error_t *scim_patch_change(const scim_patch_t *patch,
                                      const scim_change_t *change)
{
    const scim_path_t *path = &change->path;
    const int makes = change->op != SCIM_PATCH_REMOVE;
    const scim_error_t *error = NULL;
    json_t *holder = patch->resource;

    if (is_futile(patch, change, path->attr, &error) ||
        is_futile(patch, change, path->sub, &error)) {
        return error;
    }
    if (change->op == SCIM_PATCH_ADD && scim_value_is_unset(change->value)) {
        return NULL; /* nothing is added */
    }
    if (!path->attr) {
        return change_extension(patch, change);
    }
    unshare(patch, path);
    if (path->schema != patch->type->core) {
        holder = holder_of(holder, path->schema->urn, makes);
    }
    if (path->attr->flags & SCIM_MULTI) {
        return holder ? scim_patch_list(patch, change, holder) : NULL;
    }
    if (holder && path->sub) {
        holder = holder_of(holder, path->attr->name, makes);
    }
    return holder ? change_single(patch, change, holder) : NULL;
}

/* What the member `key` of an object names; 0 when that is nothing that is known. */
static int find_member(const scim_patch_t *patch, const scim_schema_t *schema,
                       const char *key, scim_path_t *path, const scim_error_t **error)
{
    memset(path, 0, sizeof *path);
    path->schema = schema;
    path->attr = scim_schema_attr(schema, key);
    if (path->attr) {
        return 1;
    }
    if (schema != patch->type->core) {
        *error = scim_member_unknown(patch->p, schema->urn, key, patch->tolerance);
        return 0;
    }
    path->schema = scim_type_schema(patch->type, key);
    if (path->schema) {
        return 1;
    }
    *error = scim_member_unknown(patch->p, "", key, patch->tolerance);
    if (*error) {
        return 0;
    }
    *error = scim_path_parse(patch->p, patch->type, key, patch->tolerance, 0, path);
    if (*error && !strchr(key, '[')) {
        *error = NULL; /* a name, not a path: unknown, like in any resource */
        return 0;
    }
    return !*error;
}

const scim_error_t *scim_patch_members(const scim_patch_t *patch, scim_patch_op_t op,
                                       const scim_schema_t *schema,
                                       const json_t *object)
{
    const scim_error_t *error = NULL;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        scim_change_t change = {.op = op, .value = value, .is_member = 1};

        if (find_member(patch, schema, key, &change.path, &error)) {
            error = scim_patch_change(patch, &change);
        }
        if (error) {
            break;
        }
    }
    return error;
}
