#include "scim_resource.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_value.h"

/* What one call of scim_resource_read() hands down. */
typedef struct reader_t {
    apr_pool_t *p;
    const scim_type_t *type;
    unsigned tolerance;
    json_t *resource;
} reader_t;

static const char *path_of(const reader_t *r, const scim_path_t *path)
{
    return scim_path_text(r->p, r->type, path);
}

static const scim_error_t *named_twice(const reader_t *r, const scim_path_t *path)
{
    return scim_error(r->p, 400, SCIM_INVALID_SYNTAX, "%s: named twice",
                      path_of(r, path));
}

/* The object that holds the attributes of `schema`, made when it is not there yet;
 * NULL when something else has been said of the whole extension. */
static json_t *holder_of(const reader_t *r, const scim_schema_t *schema)
{
    json_t *holder;

    if (schema == r->type->core) {
        return r->resource;
    }
    holder = json_object_get(r->resource, schema->urn);
    if (!holder) {
        json_object_set_new(r->resource, schema->urn, json_object());
        holder = json_object_get(r->resource, schema->urn);
    }
    return json_is_object(holder) ? holder : NULL;
}

/* Puts the value of what `path` names into the resource. */
static const scim_error_t *put(const reader_t *r, const scim_path_t *path,
                               const json_t *value)
{
    const scim_attr_t *attr = path->sub ? path->sub : path->attr;
    json_t *holder = holder_of(r, path->schema), *read;
    const scim_error_t *error;

    if (holder && path->sub) {
        if (!json_object_get(holder, path->attr->name)) {
            json_object_set_new(holder, path->attr->name, json_object());
        }
        holder = json_object_get(holder, path->attr->name);
    }
    if (!json_is_object(holder) || json_object_get(holder, attr->name)) {
        return named_twice(r, path);
    }
    error = scim_value_read(r->p, attr, value, path_of(r, path), r->tolerance, &read);
    if (!error) {
        json_object_set(holder, attr->name, read);
    }
    return error;
}

/* All of an extension; or of the core schema, whose attributes some clients wrap in
 * its URN as well. */
static const scim_error_t *put_schema(const reader_t *r, const scim_schema_t *schema,
                                      const json_t *value)
{
    const char *name;
    json_t *member;
    const scim_error_t *error = NULL;

    if (scim_value_is_unset(value)) {
        if (schema != r->type->core) {
            json_object_set(r->resource, schema->urn, (json_t *)value);
        }
        return NULL;
    }
    if (!json_is_object(value)) {
        return scim_error(r->p, 400, SCIM_INVALID_VALUE,
                          "%s: %s is not valid, an object is expected", schema->urn,
                          scim_excerpt(r->p, base_json_text(r->p, value, NULL)));
    }
    json_object_foreach((json_t *)value, name, member)
    {
        const scim_path_t path = {schema, scim_schema_attr(schema, name), NULL, NULL};

        if (!path.attr) {
            error = scim_member_unknown(r->p, schema->urn, name, r->tolerance);
        }
        else if (!scim_attr_is_dropped(path.attr)) {
            error = put(r, &path, member);
        }
        if (error) {
            break;
        }
    }
    return error;
}

/* A member that is spelt as a path: "name.givenName", "urn:...:User:department". */
static const scim_error_t *put_path(const reader_t *r, const char *key,
                                    const json_t *value)
{
    scim_path_t path;

    if (scim_path_parse(r->p, r->type, key, r->tolerance, SCIM_PATH_NO_FILTER, &path) ||
        !path.attr || scim_attr_is_dropped(path.attr) ||
        (path.sub &&
         (scim_attr_is_dropped(path.sub) || (path.attr->flags & SCIM_MULTI)))) {
        return NULL;
    }
    return put(r, &path, value);
}

/* One member of the body: by its plain name or as a path. Paths come in a second turn,
 * so that they add to an object that was given whole. */
static const scim_error_t *put_member(const reader_t *r, const char *key,
                                      const json_t *value, int paths)
{
    const scim_path_t path = {r->type->core, scim_schema_attr(r->type->core, key), NULL,
                              NULL};
    const scim_schema_t *schema = scim_type_schema(r->type, key);

    if (!path.attr && !schema) {
        return paths ? put_path(r, key, value)
                     : scim_member_unknown(r->p, "", key, r->tolerance);
    }
    if (paths || (path.attr && scim_attr_is_dropped(path.attr))) {
        return NULL;
    }
    return path.attr ? put(r, &path, value) : put_schema(r, schema, value);
}

const scim_error_t *scim_resource_read(apr_pool_t *p, const scim_type_t *type,
                                       const json_t *body, unsigned tolerance,
                                       json_t **resource)
{
    const reader_t r = {p, type, tolerance, base_json_own(p, json_object())};
    const scim_error_t *error = NULL;
    const char *key;
    json_t *value;
    int paths;

    for (paths = 0; paths <= !!(tolerance & SCIM_TOLERATE_KEYS); paths++) {
        json_object_foreach((json_t *)body, key, value)
        {
            error = put_member(&r, key, value, paths);
            if (error) {
                return error;
            }
        }
    }
    *resource = r.resource;
    return NULL;
}

/* An element that says no more than what sort of element it would be. */
static int is_hollow(const json_t *element)
{
    const char *name;
    json_t *value;

    if (!json_is_object(element)) {
        return 0;
    }
    json_object_foreach((json_t *)element, name, value)
    {
        if (strcmp(name, "type") && strcmp(name, "primary")) {
            return 0;
        }
    }
    return 1;
}

/* Takes out what is unassigned. Is nothing left of `value`? */
static int prune(json_t *value)
{
    if (json_is_object(value)) {
        void *at = json_object_iter(value);

        while (at) {
            void *next = json_object_iter_next(value, at);

            if (prune(json_object_iter_value(at))) {
                json_object_del(value, json_object_iter_key(at));
            }
            at = next;
        }
        return json_object_size(value) == 0;
    }
    if (json_is_array(value)) {
        size_t i = json_array_size(value);

        while (i--) {
            json_t *element = json_array_get(value, i);

            if (prune(element) || is_hollow(element)) {
                json_array_remove(value, i);
            }
        }
    }
    return scim_value_is_unset(value);
}

/* The same for a resource, but for what it shares with `current`. */
static void prune_changed(json_t *resource, const json_t *current)
{
    void *at = json_object_iter(resource);

    while (at) {
        void *next = json_object_iter_next(resource, at);
        const char *name = json_object_iter_key(at);
        json_t *value = json_object_iter_value(at);

        if (value != json_object_get(current, name) && prune(value)) {
            json_object_del(resource, name);
        }
        at = next;
    }
}

static const scim_error_t *is_missing(apr_pool_t *p, const char *prefix,
                                      const scim_attr_t *attr)
{
    return scim_error(p, 400, SCIM_INVALID_VALUE, "%s%s: required, but has no value",
                      prefix, attr->name);
}

/* Looks for required attributes that `object` lacks, though `before`, if there is one,
 * has them. */
static const scim_error_t *check_required(apr_pool_t *p, const char *prefix,
                                          const scim_attr_t *attrs,
                                          const json_t *object, const json_t *before)
{
    const scim_error_t *error = NULL;

    for (; attrs && attrs->name && !error; attrs++) {
        const json_t *value, *old;
        const char *sub_prefix;
        json_t *element;
        size_t i;

        if (!attrs->sub && !(attrs->flags & SCIM_REQUIRED)) {
            continue;
        }
        value = json_object_get(object, attrs->name);
        old = json_object_get(before, attrs->name);
        if (value == old && before) {
            continue;
        }
        sub_prefix = attrs->sub ? apr_pstrcat(p, prefix, attrs->name, ".", NULL) : NULL;
        if (!value && (attrs->flags & SCIM_REQUIRED) && (!before || old)) {
            error = is_missing(p, prefix, attrs);
        }
        else if (json_is_object(value)) {
            error = check_required(p, sub_prefix, attrs->sub, value, old);
        }
        json_array_foreach(value, i, element)
        {
            if (!error && json_is_object(element)) {
                error = check_required(p, sub_prefix, attrs->sub, element, NULL);
            }
        }
    }
    return error;
}

const scim_error_t *scim_resource_settle(apr_pool_t *p, const scim_type_t *type,
                                         const json_t *current, json_t *resource)
{
    const scim_schema_t *const *extension;
    const scim_error_t *error;

    prune_changed(resource, current);
    error = check_required(p, "", type->core->attrs, resource, current);
    for (extension = type->extensions; *extension && !error; extension++) {
        const json_t *object = json_object_get(resource, (*extension)->urn);

        if (object) {
            error = check_required(p, apr_pstrcat(p, (*extension)->urn, ":", NULL),
                                   (*extension)->attrs, object,
                                   json_object_get(current, (*extension)->urn));
        }
    }
    return error;
}

const scim_error_t *scim_resource_finish(apr_pool_t *p, const scim_type_t *type,
                                         json_t *resource)
{
    return scim_resource_settle(p, type, NULL, resource);
}

static const scim_error_t *replace_members(apr_pool_t *p, const scim_attr_t *attrs,
                                           json_t *into, const json_t *members);

static const scim_error_t *replace_attr(apr_pool_t *p, const scim_attr_t *attr,
                                        json_t *into, const json_t *value)
{
    json_t *old = json_object_get(into, attr->name);

    if (attr->kind == SCIM_COMPLEX && json_is_object(value) && json_is_object(old)) {
        return replace_members(p, attr->sub, old, value);
    }
    if (attr->mutability == SCIM_IMMUTABLE && old && !json_equal(old, value)) {
        return scim_error(p, 400, SCIM_MUTABILITY,
                          "%s: immutable, and it has another value already",
                          attr->name);
    }
    json_object_set_new(into, attr->name, base_json_copy(value));
    return NULL;
}

static const scim_error_t *replace_members(apr_pool_t *p, const scim_attr_t *attrs,
                                           json_t *into, const json_t *members)
{
    const scim_error_t *error = NULL;

    for (; attrs && attrs->name && !error; attrs++) {
        const json_t *value = json_object_get(members, attrs->name);

        if (value) {
            error = replace_attr(p, attrs, into, value);
        }
    }
    return error;
}

const scim_error_t *scim_resource_replace(apr_pool_t *p, const scim_type_t *type,
                                          const json_t *current, const json_t *body,
                                          json_t **desired)
{
    json_t *result = base_json_own(p, base_json_copy(current));
    const scim_schema_t *const *extension;
    const scim_error_t *error = replace_members(p, type->core->common, result, body);

    if (!error) {
        error = replace_members(p, type->core->attrs, result, body);
    }
    for (extension = type->extensions; *extension && !error; extension++) {
        const char *urn = (*extension)->urn;
        const json_t *value = json_object_get(body, urn);
        json_t *old = json_object_get(result, urn);

        if (json_is_object(value) && json_is_object(old)) {
            error = replace_members(p, (*extension)->attrs, old, value);
        }
        else if (value) {
            json_object_set_new(result, urn, base_json_copy(value));
        }
    }
    *desired = result;
    return error;
}
