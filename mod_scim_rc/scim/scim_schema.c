#include "scim_schema.h"

#include "base_str.h"

static const scim_attr_t *find(const scim_attr_t *attrs, const char *name)
{
    for (; attrs && attrs->name; attrs++) {
        if (base_str_same(attrs->name, name)) {
            return attrs;
        }
    }
    return NULL;
}

const scim_schema_t *scim_type_schema(const scim_type_t *type, const char *urn)
{
    const scim_schema_t *const *each;

    if (base_str_same(type->core->urn, urn)) {
        return type->core;
    }
    for (each = type->extensions; *each; each++) {
        if (base_str_same((*each)->urn, urn)) {
            return *each;
        }
    }
    return NULL;
}

const scim_attr_t *scim_schema_attr(const scim_schema_t *schema, const char *name)
{
    const scim_attr_t *attr = find(schema->attrs, name);

    return attr ? attr : find(schema->common, name);
}

const scim_attr_t *scim_attr_sub(const scim_attr_t *attr, const char *name)
{
    return find(attr->sub, name);
}

static const scim_attr_t meta_attrs[] = {
    {.name = "resourceType",
     .description = "The name of the resource type.",
     .flags = SCIM_EXACT,
     .mutability = SCIM_READ_ONLY},
    {.name = "created",
     .description = "When the resource was added.",
     .kind = SCIM_DATETIME,
     .mutability = SCIM_READ_ONLY},
    {.name = "lastModified",
     .description = "When the resource was changed last.",
     .kind = SCIM_DATETIME,
     .mutability = SCIM_READ_ONLY},
    {.name = "location",
     .description = "The URI of the resource.",
     .kind = SCIM_REFERENCE,
     .flags = SCIM_EXACT,
     .mutability = SCIM_READ_ONLY},
    {.name = "version",
     .description = "The version of the resource, as in its ETag.",
     .flags = SCIM_EXACT,
     .mutability = SCIM_READ_ONLY},
    {.name = NULL},
};

const scim_attr_t scim_common_attrs[] = {
    {.name = "schemas",
     .description = "The URNs of the schemas that the resource uses.",
     .kind = SCIM_REFERENCE,
     .flags = SCIM_COMMON | SCIM_MULTI,
     .mutability = SCIM_READ_ONLY,
     .returned = SCIM_RETURNED_ALWAYS},
    {.name = "id",
     .description = "The service's own identifier of the resource.",
     .flags = SCIM_COMMON | SCIM_EXACT,
     .mutability = SCIM_READ_ONLY,
     .returned = SCIM_RETURNED_ALWAYS,
     .uniqueness = SCIM_UNIQUE_SERVER},
    {.name = "externalId",
     .description = "The client's identifier of the resource.",
     .flags = SCIM_COMMON | SCIM_EXACT},
    {.name = "meta",
     .description = "What the service knows about the resource itself.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_COMMON,
     .mutability = SCIM_READ_ONLY,
     .sub = meta_attrs},
    {.name = NULL},
};
