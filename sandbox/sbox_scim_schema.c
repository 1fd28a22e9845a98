#include "sbox_scim.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

#define PROVIDER "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"

typedef struct attribute_t {
    const char *schema, *parent; /* NULL: of the schema itself */
    const char *name, *type;
    int multi, required, read_only, unique;
    const char *choices; /* separated by '|', or NULL */
} attribute_t;

static const attribute_t attributes[] = {
    {SBOX_SCIM_USER, NULL, "userName", "string", 0, 1, 0, 1, NULL},
    {SBOX_SCIM_USER, NULL, "name", "complex", 0, 1, 0, 0, NULL},
    {SBOX_SCIM_USER, "name", "familyName", "string", 0, 1, 0, 0, NULL},
    {SBOX_SCIM_USER, "name", "givenName", "string", 0, 1, 0, 0, NULL},
    {SBOX_SCIM_USER, NULL, "title", "string", 0, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, NULL, "active", "boolean", 0, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, NULL, "emails", "complex", 1, 1, 0, 0, NULL},
    {SBOX_SCIM_USER, "emails", "value", "string", 0, 1, 0, 0, NULL},
    {SBOX_SCIM_USER, "emails", "type", "string", 0, 1, 0, 0, "work"},
    {SBOX_SCIM_USER, NULL, "phoneNumbers", "complex", 1, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, "phoneNumbers", "value", "string", 0, 1, 0, 0, NULL},
    {SBOX_SCIM_USER, "phoneNumbers", "type", "string", 0, 1, 0, 0, "work|mobile|other"},
    {SBOX_SCIM_USER, NULL, "photos", "complex", 1, 0, 1, 0, NULL},
    {SBOX_SCIM_USER, "photos", "value", "string", 0, 1, 1, 0, NULL},
    {SBOX_SCIM_USER, "photos", "type", "string", 0, 1, 1, 0, "photo"},
    {SBOX_SCIM_USER, NULL, "addresses", "complex", 1, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, "addresses", "streetAddress", "string", 0, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, "addresses", "locality", "string", 0, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, "addresses", "region", "string", 0, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, "addresses", "postalCode", "string", 0, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, "addresses", "country", "string", 0, 0, 0, 0, NULL},
    {SBOX_SCIM_USER, "addresses", "type", "string", 0, 1, 0, 0, "work"},
    {SBOX_SCIM_ENTERPRISE, NULL, "department", "string", 0, 0, 0, 0, NULL},
};
#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static const struct {
    const char *id, *name, *description;
} schemas[] = {
    {SBOX_SCIM_USER, "User", "User Account"},
    {SBOX_SCIM_ENTERPRISE, "EnterpriseUser", "Enterprise User"},
};
#define SCHEMAS (sizeof(schemas) / sizeof(schemas[0]))

static json_t *choices_json(const char *choices)
{
    json_t *list = json_array();

    while (*choices) {
        apr_size_t len = strcspn(choices, "|");

        json_array_append_new(list, json_stringn(choices, len));
        choices += len;
        choices += *choices == '|';
    }
    return list;
}

static int is_part_of(const attribute_t *row, const char *schema, const char *parent)
{
    return !strcmp(row->schema, schema) &&
           (parent ? row->parent && !strcmp(row->parent, parent) : !row->parent);
}

static json_t *attributes_json(const char *schema, const char *parent)
{
    json_t *list = json_array();
    apr_size_t i;

    for (i = 0; i < ATTRIBUTES; i++) {
        const attribute_t *row = &attributes[i];
        json_t *one;

        if (!is_part_of(row, schema, parent)) {
            continue;
        }
        one = json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:s}", "name", row->name,
                        "type", row->type, "multiValued", row->multi, "required",
                        row->required, "caseExact", 0, "mutability",
                        row->read_only ? "readOnly" : "readWrite", "returned",
                        "default", "uniqueness", row->unique ? "server" : "none");
        if (row->choices) {
            json_object_set_new(one, "canonicalValues", choices_json(row->choices));
        }
        if (!parent && !strcmp(row->type, "complex")) {
            json_object_set_new(one, "subAttributes",
                                attributes_json(schema, row->name));
        }
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *meta(sbox_call_t *call, const char *type, const char *path,
                    const char *id)
{
    return json_pack(
        "{s:s, s:o}", "resourceType", type, "location",
        json_sprintf("%s/scim/v2/%s/%s", call->request->base_uri, path, id));
}

static json_t *schema_json(sbox_call_t *call, apr_size_t i)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", schemas[i].id, "name",
                     schemas[i].name, "description", schemas[i].description,
                     "attributes", attributes_json(schemas[i].id, NULL), "meta",
                     meta(call, "Schema", "Schemas", schemas[i].id));
}

static json_t *resource_type_json(sbox_call_t *call)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:b}], s:o}", "id", "User",
                     "name", "User", "endpoint", "/Users", "description",
                     "User Account", "schema", SBOX_SCIM_USER, "schemaExtensions",
                     "schema", SBOX_SCIM_ENTERPRISE, "required", 0, "meta",
                     meta(call, "ResourceType", "ResourceTypes", "User"));
}

/* A filter is forbidden here (RFC 7644 section 4). */
static const sbox_problem_t *answer_list(sbox_call_t *call, json_t *resources)
{
    json_int_t n = (json_int_t)json_array_size(resources);

    if (apr_table_get(call->query, "filter")) {
        json_decref(resources);
        return sbox_problem_scim(call->pool, 403, NULL, "Filter is not allowed.");
    }
    sbox_scim_answer(call, 200,
                     json_pack("{s:[s], s:I, s:I, s:I, s:o}", "schemas", SBOX_SCIM_LIST,
                               "totalResults", n, "startIndex", (json_int_t)1,
                               "itemsPerPage", n, "Resources", resources));
    return NULL;
}

static const sbox_problem_t *unknown(sbox_call_t *call)
{
    return sbox_problem_scim(
        call->pool, 404, NULL,
        apr_psprintf(call->pool, "Resource [%s] is not found.", call->id));
}

const sbox_problem_t *sbox_scim_schemas(sbox_call_t *call)
{
    json_t *list = json_array();
    apr_size_t i;

    for (i = 0; i < SCHEMAS; i++) {
        json_array_append_new(list, schema_json(call, i));
    }
    return answer_list(call, list);
}

const sbox_problem_t *sbox_scim_schema(sbox_call_t *call)
{
    apr_size_t i;

    for (i = 0; i < SCHEMAS; i++) {
        if (base_str_same(schemas[i].id, call->id)) {
            sbox_scim_answer(call, 200, schema_json(call, i));
            return NULL;
        }
    }
    return unknown(call);
}

const sbox_problem_t *sbox_scim_resource_types(sbox_call_t *call)
{
    return answer_list(call, json_pack("[o]", resource_type_json(call)));
}

const sbox_problem_t *sbox_scim_resource_type(sbox_call_t *call)
{
    if (strcmp(call->id, "User")) {
        return unknown(call);
    }
    sbox_scim_answer(call, 200, resource_type_json(call));
    return NULL;
}

const sbox_problem_t *sbox_scim_config(sbox_call_t *call)
{
    int max = sbox_knob_int(call->box->knobs, SBOX_K_SCIM_COUNT_MAX);

    sbox_scim_answer(
        call, 200,
        json_pack("{s:[s], s:{s:b}, s:{s:b}, s:{s:b, s:i}, s:{s:b}, s:{s:b}, s:{s:b}, "
                  "s:{s:b}, s:[{s:s, s:s, s:s, s:b}]}",
                  "schemas", PROVIDER, "patch", "supported", 1, "bulk", "supported", 0,
                  "filter", "supported", 1, "maxResults", max, "changePassword",
                  "supported", 0, "sort", "supported", 0, "etag", "supported", 0,
                  "xmlDataFormat", "supported", 0, "authenticationSchemes", "name",
                  "OAuth Bearer Token", "description",
                  "Authentication with an OAuth 2.0 bearer token", "specUri",
                  "https://www.rfc-editor.org/info/rfc6750", "primary", 1));
    return NULL;
}
