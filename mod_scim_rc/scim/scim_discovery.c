#include "scim_discovery.h"

#include <apr_strings.h>

#include "base_json.h"
#include "scim_response.h"

#define CORE_URN "urn:ietf:params:scim:schemas:core:2.0:"

static const char *const kinds[] = {
    [SCIM_STRING] = "string",     [SCIM_BOOLEAN] = "boolean",
    [SCIM_INTEGER] = "integer",   [SCIM_DECIMAL] = "decimal",
    [SCIM_DATETIME] = "dateTime", [SCIM_REFERENCE] = "reference",
    [SCIM_BINARY] = "binary",     [SCIM_COMPLEX] = "complex",
};

static const char *const mutabilities[] = {
    [SCIM_READ_WRITE] = "readWrite",
    [SCIM_READ_ONLY] = "readOnly",
    [SCIM_IMMUTABLE] = "immutable",
    [SCIM_WRITE_ONLY] = "writeOnly",
};

static const char *const returns[] = {
    [SCIM_RETURNED_DEFAULT] = "default",
    [SCIM_RETURNED_ALWAYS] = "always",
    [SCIM_RETURNED_NEVER] = "never",
    [SCIM_RETURNED_REQUEST] = "request",
};

static const char *const uniquenesses[] = {
    [SCIM_UNIQUE_NONE] = "none",
    [SCIM_UNIQUE_SERVER] = "server",
    [SCIM_UNIQUE_GLOBAL] = "global",
};

/* The ways to authenticate that RFC 7643 section 5 knows. */
static const struct scheme_t {
    const char *type, *name, *description, *spec;
} schemes[] = {
    {"oauthbearertoken", "OAuth Bearer Token",
     "A bearer token in the Authorization header",
     "https://www.rfc-editor.org/info/rfc6750"},
    {"oauth2", "OAuth 2.0", "An access token of an OAuth 2.0 server",
     "https://www.rfc-editor.org/info/rfc6749"},
    {"httpbasic", "HTTP Basic",
     "A user name and a password in the Authorization header",
     "https://www.rfc-editor.org/info/rfc7617"},
    {"httpdigest", "HTTP Digest", "A digest in the Authorization header",
     "https://www.rfc-editor.org/info/rfc7616"},
};

static json_t *meta(const char *type, const char *base_url, const char *endpoint,
                    const char *id)
{
    return json_pack("{s:s, s:s+++}", "resourceType", type, "location", base_url,
                     endpoint, *id ? "/" : "", id);
}

static json_t *strings(const char *const *list)
{
    json_t *out = json_array();

    for (; *list; list++) {
        json_array_append_new(out, json_string(*list));
    }
    return out;
}

static json_t *attributes(const scim_attr_t *attrs);

/* In the order of RFC 7643 section 7. */
static json_t *attribute(const scim_attr_t *attr)
{
    json_t *out = json_object();

    json_object_set_new(out, "name", json_string(attr->name));
    json_object_set_new(out, "type", json_string(kinds[attr->kind]));
    if (attr->sub) {
        json_object_set_new(out, "subAttributes", attributes(attr->sub));
    }
    json_object_set_new(out, "multiValued", json_boolean(attr->flags & SCIM_MULTI));
    json_object_set_new(out, "description", json_string(attr->description));
    json_object_set_new(out, "required", json_boolean(attr->flags & SCIM_REQUIRED));
    if (attr->canonical) {
        json_object_set_new(out, "canonicalValues", strings(attr->canonical));
    }
    json_object_set_new(out, "caseExact", json_boolean(attr->flags & SCIM_EXACT));
    json_object_set_new(out, "mutability", json_string(mutabilities[attr->mutability]));
    json_object_set_new(out, "returned", json_string(returns[attr->returned]));
    json_object_set_new(out, "uniqueness", json_string(uniquenesses[attr->uniqueness]));
    if (attr->reference_types) {
        json_object_set_new(out, "referenceTypes", strings(attr->reference_types));
    }
    return out;
}

static json_t *attributes(const scim_attr_t *attrs)
{
    json_t *out = json_array();

    for (; attrs->name; attrs++) {
        if (!(attrs->flags & (SCIM_IGNORED | SCIM_COMMON))) {
            json_array_append_new(out, attribute(attrs));
        }
    }
    return out;
}

static json_t *schema_document(const scim_schema_t *schema, const char *base_url)
{
    return json_pack("{s:[s], s:s, s:s, s:s, s:o, s:o}", "schemas", CORE_URN "Schema",
                     "id", schema->urn, "name", schema->name, "description",
                     schema->description, "attributes", attributes(schema->attrs),
                     "meta", meta("Schema", base_url, "/Schemas", schema->urn));
}

static json_t *type_document(const scim_type_t *type, const char *base_url)
{
    const scim_schema_t *const *extension;
    json_t *extensions = json_array();

    for (extension = type->extensions; *extension; extension++) {
        json_array_append_new(extensions, json_pack("{s:s, s:b}", "schema",
                                                    (*extension)->urn, "required", 0));
    }
    return json_pack("{s:[s], s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "schemas",
                     CORE_URN "ResourceType", "id", type->name, "name", type->name,
                     "endpoint", type->endpoint, "description", type->description,
                     "schema", type->core->urn, "schemaExtensions", extensions, "meta",
                     meta("ResourceType", base_url, "/ResourceTypes", type->name));
}

/* Takes the reference to `resources`. */
static json_t *list_document(apr_pool_t *p, json_t *resources)
{
    const int n = (int)json_array_size(resources);

    return base_json_own(p, json_pack("{s:[s], s:i, s:i, s:i, s:o}", "schemas",
                                      SCIM_LIST_URN, "totalResults", n, "startIndex", 1,
                                      "itemsPerPage", n, "Resources", resources));
}

/* The schemas of all resource types, each once. */
static apr_array_header_t *all_schemas(apr_pool_t *p, const scim_service_t *service)
{
    apr_array_header_t *all = apr_array_make(p, 8, sizeof(const scim_schema_t *));
    int i, k;

    for (i = 0; i < service->n_bindings; i++) {
        const scim_type_t *type = service->bindings[i].type;
        const scim_schema_t *const *next = type->extensions;
        const scim_schema_t *schema = type->core;

        for (; schema; schema = *next++) {
            for (k = 0; k < all->nelts; k++) {
                if (APR_ARRAY_IDX(all, k, const scim_schema_t *) == schema) {
                    break;
                }
            }
            if (k == all->nelts) {
                APR_ARRAY_PUSH(all, const scim_schema_t *) = schema;
            }
        }
    }
    return all;
}

json_t *scim_discovery_schemas(apr_pool_t *p, const scim_service_t *service,
                               const char *base_url)
{
    const apr_array_header_t *all = all_schemas(p, service);
    json_t *resources = json_array();
    int i;

    for (i = 0; i < all->nelts; i++) {
        json_array_append_new(
            resources,
            schema_document(APR_ARRAY_IDX(all, i, const scim_schema_t *), base_url));
    }
    return list_document(p, resources);
}

json_t *scim_discovery_schema(apr_pool_t *p, const scim_service_t *service,
                              const char *base_url, const char *urn)
{
    int i;

    for (i = 0; i < service->n_bindings; i++) {
        const scim_schema_t *schema = scim_type_schema(service->bindings[i].type, urn);

        if (schema) {
            return base_json_own(p, schema_document(schema, base_url));
        }
    }
    return NULL;
}

json_t *scim_discovery_types(apr_pool_t *p, const scim_service_t *service,
                             const char *base_url)
{
    json_t *resources = json_array();
    int i;

    for (i = 0; i < service->n_bindings; i++) {
        json_array_append_new(resources,
                              type_document(service->bindings[i].type, base_url));
    }
    return list_document(p, resources);
}

json_t *scim_discovery_type(apr_pool_t *p, const scim_service_t *service,
                            const char *base_url, const char *name)
{
    int i;

    for (i = 0; i < service->n_bindings; i++) {
        const scim_type_t *type = service->bindings[i].type;

        if (base_str_same(type->name, name)) {
            return base_json_own(p, type_document(type, base_url));
        }
    }
    return NULL;
}

static json_t *auth_schemes(const char *type)
{
    json_t *out = json_array();
    apr_size_t i;

    for (i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (base_str_same(schemes[i].type, type)) {
            json_array_append_new(out,
                                  json_pack("{s:s, s:s, s:s, s:s, s:b}", "type",
                                            schemes[i].type, "name", schemes[i].name,
                                            "description", schemes[i].description,
                                            "specUri", schemes[i].spec, "primary", 1));
        }
    }
    return out;
}

json_t *scim_discovery_config(apr_pool_t *p, const scim_service_t *service,
                              const char *base_url)
{
    json_t *out = json_pack("{s:[s]}", "schemas", CORE_URN "ServiceProviderConfig");

    if (service->documentation) {
        json_object_set_new(out, "documentationUri",
                            json_string(service->documentation));
    }
    json_object_set_new(out, "patch", json_pack("{s:b}", "supported", 1));
    json_object_set_new(out, "bulk",
                        json_pack("{s:b, s:i, s:I}", "supported",
                                  service->max_operations > 0, "maxOperations",
                                  service->max_operations, "maxPayloadSize",
                                  (json_int_t)service->max_bulk_body));
    json_object_set_new(out, "filter",
                        json_pack("{s:b, s:I}", "supported", 1, "maxResults",
                                  (json_int_t)service->max_results));
    json_object_set_new(out, "changePassword", json_pack("{s:b}", "supported", 1));
    json_object_set_new(out, "sort", json_pack("{s:b}", "supported", 1));
    json_object_set_new(out, "etag", json_pack("{s:b}", "supported", 1));
    json_object_set_new(out, "authenticationSchemes",
                        auth_schemes(service->auth_scheme));
    json_object_set_new(
        out, "meta",
        meta("ServiceProviderConfig", base_url, "/ServiceProviderConfig", ""));
    return base_json_own(p, out);
}
