#include <apr_general.h>

#include "scim_discovery.h"
#include "scim_json.h"

#define BASE "https://scim.example.com/v2"

static const scim_attr_t thing_attrs[] = {
    {.name = "parts",
     .description = "Its parts",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI | SCIM_REQUIRED,
     .mutability = SCIM_IMMUTABLE,
     .returned = SCIM_RETURNED_REQUEST,
     .sub =
         (const scim_attr_t[]){
             {.name = "value",
              .description = "A part",
              .kind = SCIM_REFERENCE,
              .flags = SCIM_EXACT,
              .mutability = SCIM_WRITE_ONLY,
              .returned = SCIM_RETURNED_NEVER,
              .uniqueness = SCIM_UNIQUE_GLOBAL,
              .canonical = (const char *const[]){"a", "b", NULL},
              .reference_types = (const char *const[]){"Thing", "external", NULL}},
             {.name = "old", .flags = SCIM_IGNORED},
             {.name = NULL},
         }},
    {.name = "nothing", .flags = SCIM_IGNORED},
    {.name = "built", .description = "When", .kind = SCIM_DATETIME},
    {.name = NULL},
};
static const scim_schema_t thing_schema = {"urn:test:Thing", "Thing", "A thing",
                                           thing_attrs, scim_common_attrs};
static const scim_schema_t *const thing_extensions[] = {&scim_schema_enterprise_user,
                                                        NULL};
static const scim_type_t thing = {"Thing", "/Things", "A thing", &thing_schema,
                                  thing_extensions};

static const scim_binding_t bindings[] = {{&scim_type_user, NULL, NULL},
                                          {&thing, NULL, NULL}};
static const scim_service_t service = {
    .bindings = bindings,
    .n_bindings = 2,
    .max_results = 200,
    .max_operations = 1000,
    .max_bulk_body = 4194304,
    .documentation = "https://doc.example.com/",
    .auth_scheme = "oauthbearertoken",
};

static void test_config(apr_pool_t *p)
{
    scim_service_t bare = service;
    const json_t *config;

    is_json(
        p, scim_discovery_config(p, &service, BASE),
        "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],"
        "'documentationUri':'https://doc.example.com/','patch':{'supported':true},"
        "'bulk':{'supported':true,'maxOperations':1000,'maxPayloadSize':4194304},"
        "'filter':{'supported':true,'maxResults':200},"
        "'changePassword':{'supported':true},'sort':{'supported':true},"
        "'etag':{'supported':true},'authenticationSchemes':[{"
        "'type':'oauthbearertoken','name':'OAuth Bearer Token',"
        "'description':'A bearer token in the Authorization header',"
        "'specUri':'https://www.rfc-editor.org/info/rfc6750','primary':true}],"
        "'meta':{'resourceType':'ServiceProviderConfig',"
        "'location':'" BASE "/ServiceProviderConfig'}}",
        "ServiceProviderConfig");
    bare.documentation = NULL;
    bare.max_operations = 0;
    bare.auth_scheme = "other";
    config = scim_discovery_config(p, &bare, BASE);
    ok(!json_object_get(config, "documentationUri"), "no documentation, no member");
    is_json(p, json_object_get(config, "bulk"),
            "{'supported':false,'maxOperations':0,'maxPayloadSize':4194304}",
            "without bulk requests");
    is_int(json_array_size(json_object_get(config, "authenticationSchemes")), 0,
           "a scheme that the RFC does not know");
}

static void test_schemas(apr_pool_t *p)
{
    const json_t *list = scim_discovery_schemas(p, &service, BASE);
    const json_t *user;
    const char *text;

    is_json(p, scim_discovery_schema(p, &service, BASE, "URN:TEST:thing"),
            "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:Schema'],"
            "'id':'urn:test:Thing','name':'Thing','description':'A thing',"
            "'attributes':[{'name':'parts','type':'complex','subAttributes':["
            "{'name':'value','type':'reference','multiValued':false,"
            "'description':'A part','required':false,'canonicalValues':['a','b'],"
            "'caseExact':true,'mutability':'writeOnly','returned':'never',"
            "'uniqueness':'global','referenceTypes':['Thing','external']}],"
            "'multiValued':true,'description':'Its parts','required':true,"
            "'caseExact':false,'mutability':'immutable','returned':'request',"
            "'uniqueness':'none'},{'name':'built','type':'dateTime',"
            "'multiValued':false,'description':'When','required':false,"
            "'caseExact':false,'mutability':'readWrite','returned':'default',"
            "'uniqueness':'none'}],"
            "'meta':{'resourceType':'Schema','location':'" BASE
            "/Schemas/urn:test:Thing'}}",
            "a schema");
    ok(!scim_discovery_schema(p, &service, BASE, "urn:test:other"),
       "an unknown schema");
    is_int(base_json_int(list, "totalResults", -1), 3, "each schema once");
    is_int(base_json_int(list, "itemsPerPage", -1), 3, "all on one page");
    user = scim_discovery_schema(p, &service, BASE, SCIM_URN_USER);
    ok(json_equal(json_array_get(json_object_get(list, "Resources"), 0), user),
       "the list has what is found singly");
    text = base_json_text(p, list, NULL);
    ok(!strstr(text, "null"), "no nulls");
    ok(!strstr(text, "\"nickName\"") && !strstr(text, "\"externalId\"") &&
           !strstr(text, "\"meta\",") && !strstr(text, "\"manager\""),
       "what is ignored or common is not announced");
    ok(strstr(text, "\"displayName\""), "what is derived is");
    ok(strstr(text, "{\"name\":\"userName\",\"type\":\"string\",\"multiValued\":false,"
                    "\"description\":"),
       "the order of the RFC");
}

static void test_types(apr_pool_t *p)
{
    const json_t *list = scim_discovery_types(p, &service, BASE);

    is_json(p, scim_discovery_type(p, &service, BASE, "User"),
            "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],"
            "'id':'User','name':'User','endpoint':'/Users',"
            "'description':'User Account','schema':'" SCIM_URN_USER "',"
            "'schemaExtensions':[{'schema':'" SCIM_URN_ENTERPRISE_USER "',"
            "'required':false}],'meta':{'resourceType':'ResourceType',"
            "'location':'" BASE "/ResourceTypes/User'}}",
            "a resource type");
    ok(!scim_discovery_type(p, &service, BASE, "Group"), "an unknown resource type");
    is_int(base_json_int(list, "totalResults", -1), 2, "all resource types");
    is_str(json_string_value(json_array_get(json_object_get(list, "schemas"), 0)),
           "urn:ietf:params:scim:api:messages:2.0:ListResponse", "as a ListResponse");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_config(p);
    test_schemas(p);
    test_types(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
