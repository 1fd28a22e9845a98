/* The projection of a resource to the attributes that were asked for. */
#include "scim_resource.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "scim_service.h"

/* The attributes at one place of a resource and what was asked of them. */
typedef struct level_t {
    const scim_projection_t *projection;
    const scim_schema_t *schema;
    const scim_attr_t *attr; /* whose sub-attributes these are, or NULL */
    int whole;               /* attributes= names all of `attr` */
} level_t;

static const scim_error_t *read_paths(apr_pool_t *p, const scim_type_t *type,
                                      const char *text, apr_array_header_t **result)
{
    apr_array_header_t *paths = apr_array_make(p, 8, sizeof(scim_path_t));
    char *rest = apr_pstrdup(p, text), *name;
    int n = 0;

    while ((name = apr_strtok(rest, ", ", &rest)) != NULL) {
        scim_path_t path;

        if (++n > SCIM_PROJECTION_MAX_NAMES) {
            return scim_error(p, 400, SCIM_INVALID_VALUE,
                              "attributes: at most %d names can be given",
                              SCIM_PROJECTION_MAX_NAMES);
        }
        if (!scim_path_parse(p, type, name, 0, SCIM_PATH_NO_FILTER | SCIM_PATH_WHOLE,
                             &path)) {
            APR_ARRAY_PUSH(paths, scim_path_t) = path;
        }
    }
    *result = paths;
    return NULL;
}

const scim_error_t *scim_projection_read(apr_pool_t *p, const scim_type_t *type,
                                         const char *attributes, const char *excluded,
                                         const scim_projection_t **projection)
{
    scim_projection_t *result = apr_pcalloc(p, sizeof *result);
    int includes = attributes && *attributes, excludes = excluded && *excluded;

    *projection = NULL;
    if (includes && excludes) {
        return scim_error(p, 400, SCIM_INVALID_VALUE,
                          "attributes and excludedAttributes exclude each other, "
                          "only one of them can be given");
    }
    if (!includes && !excludes) {
        return NULL;
    }
    *projection = result;
    return includes ? read_paths(p, type, attributes, &result->include)
                    : read_paths(p, type, excluded, &result->exclude);
}

/* How a list of paths speaks of an attribute. */
#define OF_IT 1    /* of all of it */
#define OF_PARTS 2 /* of some sub-attributes */

static int mentions(const apr_array_header_t *paths, const level_t *level,
                    const scim_attr_t *attr)
{
    int found = 0, i;

    for (i = 0; paths && i < paths->nelts; i++) {
        const scim_path_t *path = &APR_ARRAY_IDX(paths, i, scim_path_t);

        if (path->schema != level->schema) {
            continue;
        }
        if (!path->attr) { /* the whole schema */
            found |= level->attr ? 0 : OF_IT;
        }
        else if (level->attr) {
            found |= path->attr == level->attr && path->sub == attr ? OF_IT : 0;
        }
        else if (path->attr == attr) {
            found |= path->sub ? OF_PARTS : OF_IT;
        }
    }
    return found;
}

/* Is `attr` to be returned, at least some part of it? */
static int is_wanted(const level_t *level, const scim_attr_t *attr)
{
    const scim_projection_t *projection = level->projection;
    int asked = mentions(projection->include, level, attr);

    switch (attr->returned) {
    case SCIM_RETURNED_ALWAYS:
        return 1;
    case SCIM_RETURNED_NEVER:
        return 0;
    case SCIM_RETURNED_REQUEST:
        return asked;
    case SCIM_RETURNED_DEFAULT:
        break;
    }
    return projection->include ? asked || level->whole
                               : !(mentions(projection->exclude, level, attr) & OF_IT);
}

/* Takes a reference to `json` and gives it back; NULL when it is empty. */
static json_t *non_empty(json_t *json)
{
    if (json_object_size(json) + json_array_size(json) > 0) {
        return json;
    }
    json_decref(json);
    return NULL;
}

/* A new object of the members of `object` that are wanted. */
static json_t *select_subs(const level_t *level, const json_t *object)
{
    json_t *out = json_object(), *value;
    const char *name;

    json_object_foreach((json_t *)object, name, value)
    {
        const scim_attr_t *sub = scim_attr_sub(level->attr, name);

        if (sub && is_wanted(level, sub)) {
            json_object_set(out, name, value);
        }
    }
    return out;
}

/* A new reference to what is left of the value of `attr`; NULL for nothing. */
static json_t *select_value(const level_t *level, const scim_attr_t *attr,
                            const json_t *value)
{
    const level_t below = {level->projection, level->schema, attr,
                           mentions(level->projection->include, level, attr) & OF_IT};
    json_t *out, *element;
    size_t i;

    if (!attr->sub) {
        return json_incref((json_t *)value);
    }
    if (json_is_object(value)) {
        return non_empty(select_subs(&below, value));
    }
    out = json_array();
    json_array_foreach(value, i, element)
    {
        json_t *left = non_empty(select_subs(&below, element));

        if (left) {
            json_array_append_new(out, left);
        }
    }
    return non_empty(out);
}

/* A new object of the wanted attributes of one schema. */
static json_t *select_attrs(const level_t *level, const json_t *object)
{
    json_t *out = json_object(), *value;
    const char *name;

    json_object_foreach((json_t *)object, name, value)
    {
        const scim_attr_t *attr = scim_schema_attr(level->schema, name);
        json_t *left =
            attr && is_wanted(level, attr) ? select_value(level, attr, value) : NULL;

        if (left) {
            json_object_set_new(out, name, left);
        }
    }
    return out;
}

/* The record with its location in place, in `p`. */
static const char *whole_text(apr_pool_t *p, const scim_record_t *record,
                              const char *base_url, apr_size_t *len)
{
    const char *escaped = base_json_escape(p, base_url);
    const apr_size_t url_len = strlen(escaped);
    char *whole = apr_palloc(p, record->len + url_len);

    memcpy(whole, record->text, record->mark);
    memcpy(whole + record->mark, escaped, url_len);
    memcpy(whole + record->mark + url_len, record->text + record->mark,
           record->len - record->mark);
    *len = record->len + url_len;
    return whole;
}

/* The wanted attributes of all schemas, owned by `p`. */
static json_t *select_all(apr_pool_t *p, const scim_type_t *type,
                          const scim_projection_t *projection, const json_t *resource)
{
    level_t level = {projection, type->core, NULL, 0};
    json_t *out = base_json_own(p, select_attrs(&level, resource));
    const scim_schema_t *const *extension;

    for (extension = type->extensions; *extension; extension++) {
        json_t *part;

        level.schema = *extension;
        part = non_empty(
            select_attrs(&level, json_object_get(resource, level.schema->urn)));
        if (part) {
            json_object_set_new(out, level.schema->urn, part);
        }
    }
    return out;
}

const scim_error_t *scim_resource_project(apr_pool_t *p, const scim_type_t *type,
                                          const scim_record_t *record,
                                          const char *base_url,
                                          const scim_projection_t *projection,
                                          const char **text, apr_size_t *len)
{
    const scim_error_t *error = NULL;
    const char *problem, *whole;
    apr_size_t whole_len;
    apr_pool_t *scratch; /* what one record needed serves the next one of a list */
    const json_t *json;

    apr_pool_create(&scratch, p);
    apr_pool_tag(scratch, "scim_resource_project");
    whole = whole_text(scratch, record, base_url, &whole_len);
    json = base_json_parse(scratch, whole, whole_len, SCIM_JSON_MAX_DEPTH, 0, &problem);
    if (json) {
        *text = base_json_text(p, select_all(scratch, type, projection, json), len);
    }
    else {
        error = scim_error(p, 500, SCIM_TYPE_NONE,
                           "the stored resource cannot be read: %s", problem);
    }
    apr_pool_destroy(scratch);
    return error;
}
