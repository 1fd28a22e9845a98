#include "scim_edit.h"

#include <string.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_etag.h"
#include "scim_patch.h"
#include "scim_resource.h"
#include "scim_value.h"

/* Is it what the client has seen? */
static int is_expected(const char *if_match, const char *version, const char *former)
{
    return scim_etag_listed(if_match, version) ||
           (former && scim_etag_listed(if_match, former));
}

/* 412 when the resource is not as the client expects it. If-None-Match speaks of what
 * the client holds, and by a former version it does not hold all. */
static const scim_error_t *check_conditions(const scim_edit_t *edit, apr_pool_t *p,
                                            const scim_current_t *current)
{
    const char *version = base_json_string(current->resource, "meta.version");

    if (edit->if_match && !is_expected(edit->if_match, version, current->former)) {
        return scim_error(p, 412, SCIM_TYPE_NONE,
                          "the resource has the version %s, not %s as the request "
                          "expects; read it again and repeat the change",
                          version ? version : "\"\"", scim_excerpt(p, edit->if_match));
    }
    if (edit->if_none_match && scim_etag_listed(edit->if_none_match, version)) {
        return scim_error(p, 412, SCIM_TYPE_NONE,
                          "If-None-Match: the resource is there, with the version %s",
                          version ? version : "\"\"");
    }
    return NULL;
}

static json_t *unchanged_or(const json_t *current, json_t *desired)
{
    return json_equal(current, desired) ? (json_t *)current : desired;
}

static const scim_error_t *replace(void *baton, apr_pool_t *p,
                                   const scim_current_t *current, json_t **desired)
{
    const scim_edit_t *edit = baton;
    const scim_error_t *error = check_conditions(edit, p, current);
    json_t *result;

    if (!error) {
        error = scim_resource_replace(p, edit->type, current->resource, edit->body,
                                      &result);
    }
    if (!error) {
        error = scim_resource_settle(p, edit->type, current->resource, result);
    }
    if (!error) {
        *desired = unchanged_or(current->resource, result);
    }
    return error;
}

static const scim_error_t *patch(void *baton, apr_pool_t *p,
                                 const scim_current_t *current, json_t **desired)
{
    const scim_edit_t *edit = baton;
    const scim_error_t *error = check_conditions(edit, p, current);
    json_t *result;

    if (!error) {
        error = scim_patch_apply(p, edit->type, current->resource, edit->body,
                                 edit->tolerance, &result);
    }
    if (error) {
        return error;
    }
    error = scim_resource_settle(p, edit->type, current->resource, result);
    if (error) { /* a required attribute was removed: section 3.5.2.2 */
        return scim_error(p, 400, SCIM_MUTABILITY, "%s", error->detail);
    }
    *desired = unchanged_or(current->resource, result);
    return NULL;
}

static const scim_error_t *may_remove(void *baton, apr_pool_t *p,
                                      const scim_current_t *current, json_t **desired)
{
    *desired = (json_t *)current->resource;
    return check_conditions(baton, p, current);
}

/* RFC 7643 section 3: schemas is required, and names the core schema and extensions. */
static const scim_error_t *check_schemas(apr_pool_t *p, const scim_edit_t *edit,
                                         const json_t *body)
{
    const scim_type_t *type = edit->type;
    const json_t *schemas = base_json_member(body, "schemas"), *urn;
    int core = 0;
    size_t i;

    if (edit->tolerance & SCIM_TOLERATE_SCHEMAS) {
        return NULL;
    }
    json_array_foreach(schemas, i, urn)
    {
        const char *text = json_string_value(urn);

        if (!text || !scim_type_schema(type, text)) {
            return scim_error(p, 400, SCIM_INVALID_VALUE,
                              "schemas: %s is not a schema of the resource type %s",
                              scim_excerpt(p, base_json_text(p, urn, NULL)),
                              type->name);
        }
        core |= base_str_same(text, type->core->urn);
    }
    return core ? NULL
                : scim_error(p, 400, SCIM_INVALID_VALUE,
                             "schemas: required; an array with \"%s\" is expected",
                             type->core->urn);
}

const scim_error_t *scim_edit_prepare(apr_pool_t *p, scim_edit_t *edit,
                                      const json_t *body, scim_write_t *write)
{
    const scim_error_t *error = NULL;
    json_t *resource = NULL;

    memset(write, 0, sizeof *write);
    write->baton = edit;
    edit->body = body;
    switch (edit->act) {
    case SCIM_POST:
    case SCIM_PUT:
        error = check_schemas(p, edit, body);
        if (!error) {
            error = scim_resource_read(p, edit->type, body, edit->tolerance, &resource);
        }
        if (!error && edit->act == SCIM_POST) {
            error = scim_resource_finish(p, edit->type, resource);
        }
        edit->body = write->resource = resource;
        write->verb = edit->act == SCIM_POST ? SCIM_CREATE : SCIM_UPDATE;
        write->change = edit->act == SCIM_POST ? NULL : replace;
        break;
    case SCIM_PATCH:
        write->verb = SCIM_UPDATE;
        write->change = patch;
        break;
    case SCIM_DELETE:
        write->verb = SCIM_REMOVE;
        write->change = edit->if_match || edit->if_none_match ? may_remove : NULL;
        break;
    }
    return error;
}
