#include <stdio.h>

#include "base_str.h"
#include "scim_schema.h"
#include "tap.h"

static char label[300];

static const char *name_of(const char *schema, const scim_attr_t *attr,
                           const char *what)
{
    snprintf(label, sizeof label, "%s %s: %s", schema, attr->name, what);
    return label;
}

/* What holds for every row of every table. */
static void check_table(const char *schema, const scim_attr_t *attrs, int top)
{
    const scim_attr_t *each, *other;
    int twins = 0, bad = 0;

    for (each = attrs; each->name; each++) {
        const scim_attr_t *sub = each->sub;

        for (other = attrs; other < each; other++) {
            twins += base_str_same(each->name, other->name);
        }
        bad += !each->description || !*each->description;
        ok((each->kind == SCIM_COMPLEX) == (sub != NULL),
           name_of(schema, each, "complex and sub-attributes go together"));
        ok(top || !(each->flags & SCIM_MULTI),
           name_of(schema, each, "no multi-valued sub-attribute"));
        ok(!(each->flags & SCIM_DERIVED) || each->mutability == SCIM_READ_ONLY,
           name_of(schema, each, "what is derived is readOnly"));
        ok(!(each->flags & SCIM_REQUIRED) || !(each->flags & SCIM_IGNORED),
           name_of(schema, each, "what is required is not ignored"));
        ok((each->kind == SCIM_REFERENCE && !(each->flags & SCIM_COMMON) &&
            strcmp(schema, "meta")) == (each->reference_types != NULL),
           name_of(schema, each, "a reference says to what"));
        if (sub) {
            check_table(each->name, sub, 0);
        }
    }
    is_int(twins, 0, schema);
    is_int(bad, 0, "every attribute is described");
}

typedef struct row_t {
    const scim_schema_t *schema;
    const char *name, *sub;
    scim_kind_t kind;
    unsigned flags;
    scim_mutability_t mutability;
    scim_returned_t returned;
    size_t max_length;
} row_t;

#define U &scim_schema_user
#define E &scim_schema_enterprise_user
static const row_t rows[] = {
    {U, "schemas", NULL, SCIM_REFERENCE, SCIM_COMMON | SCIM_MULTI, SCIM_READ_ONLY,
     SCIM_RETURNED_ALWAYS, 0},
    {U, "id", NULL, SCIM_STRING, SCIM_COMMON | SCIM_EXACT, SCIM_READ_ONLY,
     SCIM_RETURNED_ALWAYS, 0},
    {U, "EXTERNALID", NULL, SCIM_STRING, SCIM_COMMON | SCIM_EXACT, SCIM_READ_WRITE,
     SCIM_RETURNED_DEFAULT, 0},
    {U, "meta", "lastmodified", SCIM_DATETIME, 0, SCIM_READ_ONLY, SCIM_RETURNED_DEFAULT,
     0},
    {U, "username", NULL, SCIM_STRING, SCIM_REQUIRED, SCIM_READ_WRITE,
     SCIM_RETURNED_DEFAULT, 254},
    {U, "name", "givenName", SCIM_STRING, SCIM_REQUIRED, SCIM_READ_WRITE,
     SCIM_RETURNED_DEFAULT, 64},
    {U, "name", "formatted", SCIM_STRING, SCIM_DERIVED, SCIM_READ_ONLY,
     SCIM_RETURNED_DEFAULT, 0},
    {U, "displayName", NULL, SCIM_STRING, SCIM_DERIVED, SCIM_READ_ONLY,
     SCIM_RETURNED_DEFAULT, 0},
    {U, "title", NULL, SCIM_STRING, 0, SCIM_READ_WRITE, SCIM_RETURNED_DEFAULT, 64},
    {U, "active", NULL, SCIM_BOOLEAN, 0, SCIM_READ_WRITE, SCIM_RETURNED_DEFAULT, 0},
    {U, "password", NULL, SCIM_STRING, SCIM_EXACT, SCIM_WRITE_ONLY, SCIM_RETURNED_NEVER,
     0},
    {U, "emails", "value", SCIM_STRING, 0, SCIM_READ_WRITE, SCIM_RETURNED_DEFAULT, 254},
    {U, "emails", "display", SCIM_STRING, SCIM_IGNORED, SCIM_READ_WRITE,
     SCIM_RETURNED_DEFAULT, 0},
    {U, "addresses", "formatted", SCIM_STRING, SCIM_IGNORED, SCIM_READ_WRITE,
     SCIM_RETURNED_DEFAULT, 0},
    {U, "groups", NULL, SCIM_COMPLEX, SCIM_MULTI | SCIM_IGNORED, SCIM_READ_ONLY,
     SCIM_RETURNED_DEFAULT, 0},
    {U, "x509Certificates", "value", SCIM_BINARY, SCIM_IGNORED | SCIM_EXACT,
     SCIM_READ_WRITE, SCIM_RETURNED_DEFAULT, 0},
    {E, "department", NULL, SCIM_STRING, 0, SCIM_READ_WRITE, SCIM_RETURNED_DEFAULT, 64},
    {E, "manager", "$ref", SCIM_REFERENCE, SCIM_IGNORED | SCIM_EXACT, SCIM_READ_WRITE,
     SCIM_RETURNED_DEFAULT, 0},
};

static void check_row(const row_t *row)
{
    const scim_attr_t *attr = scim_schema_attr(row->schema, row->name);

    snprintf(label, sizeof label, "%s%s%s", row->name, row->sub ? "." : "",
             row->sub ? row->sub : "");
    if (attr && row->sub) {
        attr = scim_attr_sub(attr, row->sub);
    }
    ok(attr && attr->kind == row->kind && attr->flags == row->flags &&
           attr->mutability == row->mutability && attr->returned == row->returned &&
           attr->max_length == row->max_length,
       label);
}

int main(void)
{
    const scim_type_t *type = &scim_type_user;
    size_t i;

    check_table("common", scim_common_attrs, 1);
    check_table("User", scim_schema_user.attrs, 1);
    check_table("EnterpriseUser", scim_schema_enterprise_user.attrs, 1);
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_row(&rows[i]);
    }
    is_int(scim_schema_attr(U, "userName")->uniqueness, SCIM_UNIQUE_SERVER,
           "userName is unique");
    is_str(scim_schema_attr(U, "phoneNumbers")->sub[2].canonical[1], "mobile",
           "canonical types of phoneNumbers");

    ok(scim_type_schema(type, SCIM_URN_USER) == type->core, "core schema by URN");
    ok(scim_type_schema(type, "URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER") ==
           type->core,
       "a URN in another letter case");
    ok(scim_type_schema(type, SCIM_URN_ENTERPRISE_USER) == E, "extension by URN");
    ok(!scim_type_schema(type, "urn:none"), "no schema of that URN");
    ok(!scim_schema_attr(U, "department"), "not of the core schema");
    ok(!scim_schema_attr(E, "id"), "common attributes are not of extensions");
    ok(!scim_schema_attr(U, "") && !scim_schema_attr(U, "user"), "no such attribute");
    ok(!scim_attr_sub(scim_schema_attr(U, "schemas"), "value"),
       "a simple multi-valued attribute has no sub-attribute");
    ok(!scim_attr_sub(scim_schema_attr(U, "title"), "value"), "nor has a simple one");
    return done_testing();
}
