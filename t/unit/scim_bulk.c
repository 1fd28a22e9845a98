/* Bulk requests over two types in memory: users (Ann is 1001, Bob 1002), and groups
 * (the first is 2001), whose members must be there when they are named. Each wave is
 * carried out from its end to its beginning. */
#include <sys/resource.h>
#include <apr_general.h>
#include <apr_hash.h>

#include "scim_json.h"
#include "scim_memory.h"
#include "scim_service.h"

#define BASE "https://scim.example.com/v2"
#define URN "urn:ietf:params:scim:api:messages:2.0:"
#define BULK(rest) "{'schemas':['" URN "BulkRequest']," rest "}"
#define OPS(operations) BULK("'Operations':[" operations "]")
#define OPS_FAIL(n, operations)                                                        \
    BULK("'failOnErrors':" n ",'Operations':[" operations "]")
#define DATA(name) "'data':{'userName':'" name "','name':{'givenName':'N'}}"
#define POST(id, name)                                                                 \
    "{'method':'POST','path':'/Users','bulkId':'" id "'," DATA(name) "}"
#define GROUP(id, name, rest)                                                          \
    "{'method':'POST','path':'/Groups','bulkId':'" id "','data':{'displayName':'" name \
    "'" rest "}}"
#define MEMBER(id) "{'value':'bulkId:" id "'}"
#define PATCH(path, attr, value)                                                       \
    "{'method':'PATCH','path':'" path "','data':{'schemas':['" URN                     \
    "PatchOp'],'Operations':[{'op':'replace','path':'" attr "','value':" value "}]}}"
#define PUT(path, members) "{'method':'PUT','path':'" path "','data':{" members "}}"
#define DELETE(path) "{'method':'DELETE','path':'" path "'}"

static const scim_attr_t value_attrs[] = {
    {.name = "value", .description = "An id", .flags = SCIM_EXACT},
    {.name = "$ref", .description = "Its URL", .kind = SCIM_REFERENCE},
    {.name = NULL},
};
static const scim_attr_t group_attrs[] = {
    {.name = "displayName", .description = "Its name", .flags = SCIM_REQUIRED},
    {.name = "title", .description = "A text"},
    {.name = "members",
     .description = "Its members",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI,
     .sub = value_attrs},
    {.name = "owner",
     .description = "Its owner",
     .kind = SCIM_COMPLEX,
     .sub = value_attrs},
    {.name = NULL},
};
static const scim_attr_t must_attrs[] = {
    {.name = "displayName", .description = "Its name", .flags = SCIM_REQUIRED},
    {.name = "owner",
     .description = "Its owner",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_REQUIRED,
     .sub = value_attrs},
    {.name = NULL},
};
static const scim_attr_t more_attrs[] = {
    {.name = "twin",
     .description = "Another one",
     .kind = SCIM_COMPLEX,
     .sub = value_attrs},
    {.name = "note", .description = "A text"},
    {.name = NULL},
};
static const scim_schema_t group_schema = {"urn:test:Group", "Group", "A group",
                                           group_attrs, scim_common_attrs};
static const scim_schema_t must_schema = {"urn:test:Must", "Must", "With an owner",
                                          must_attrs, scim_common_attrs};
static const scim_schema_t more_schema = {"urn:test:More", "More", "More", more_attrs,
                                          NULL};
static const scim_schema_t *const extensions[] = {&more_schema, NULL};
static const scim_schema_t *const no_extensions[] = {NULL};
static const scim_type_t group_type = {"Group", "/Groups", "A group", &group_schema,
                                       extensions};
static const scim_type_t must_type = {"Must", "/Musts", "One", &must_schema,
                                      no_extensions};

typedef struct fixture_t {
    apr_pool_t *p;
    memory_t users, groups, musts;
    scim_binding_t bindings[3];
    scim_service_t service;
    scim_response_t response;
} fixture_t;

/* Sends `body`, which is JSON with ' for ". */
static void send_to(fixture_t *f, const char *method, const char *path,
                    const char *body)
{
    const scim_request_t request = {
        .method = method,
        .path = path,
        .base_url = BASE,
        .body = body ? quoted(f->p, body) : NULL,
        .body_len = body ? strlen(body) : 0,
    };

    scim_service_handle(&f->service, f->p, &request, &f->response);
}

static json_t *answer(const fixture_t *f)
{
    char *text = apr_palloc(f->p, f->response.length + 1), *end = text;
    const char *problem = NULL;
    json_t *json;
    int i;

    for (i = 0; i < f->response.pieces->nelts; i++) {
        const base_slice_t *piece = &APR_ARRAY_IDX(f->response.pieces, i, base_slice_t);

        memcpy(end, piece->data, piece->len);
        end += piece->len;
    }
    json =
        base_json_parse(f->p, text, f->response.length, 64, BASE_JSON_UNIQUE, &problem);
    if (!json) {
        printf("# no JSON: %s: %.*s\n", problem, (int)f->response.length, text);
    }
    return json;
}

static void keep(memory_t *memory, apr_pool_t *p, const scim_type_t *type, int first_id,
                 scim_binding_t *binding)
{
    memory->p = p;
    memory->type = type;
    memory->first_id = first_id;
    memory->refuse = "bad";
    *binding = (scim_binding_t){type, &memory_backend, memory};
}

static fixture_t *start(apr_pool_t *p)
{
    fixture_t *f = apr_pcalloc(p, sizeof *f);

    f->p = p;
    keep(&f->users, p, &scim_type_user, 1001, &f->bindings[0]);
    keep(&f->groups, p, &group_type, 2001, &f->bindings[1]);
    keep(&f->musts, p, &must_type, 3001, &f->bindings[2]);
    f->groups.others[0] = &f->users;
    f->groups.others[1] = &f->groups;
    f->service.bindings = f->bindings;
    f->service.n_bindings = 3;
    f->service.tolerance = SCIM_TOLERATE_ALL;
    f->service.max_results = 100;
    f->service.max_operations = 3000;
    f->service.max_bulk_body = 1000000;
    send_to(f, "POST", "/Users",
            "{'userName':'ann@x','name':{'givenName':'Ann'},'title':'A'}");
    send_to(f, "POST", "/Users", "{'userName':'bob@x','name':{'givenName':'Bob'}}");
    return f;
}

/* Each result as "201 a /Users/1003", "412 /Users/1001", "400 invalidValue a"; the
 * bulkId where there is one, the location without the base. */
static const char *summary(const fixture_t *f)
{
    const json_t *body = answer(f);
    const char *text = "";
    json_t *result;
    size_t i;

    json_array_foreach(json_object_get(body, "Operations"), i, result)
    {
        const char *id = base_json_string(result, "bulkId");
        const char *type = base_json_string(result, "response.scimType");
        const char *location = base_json_string(result, "location");

        if (location && strncmp(location, BASE, sizeof BASE - 1) == 0) {
            location += sizeof BASE - 1;
        }
        text =
            apr_pstrcat(f->p, text, i ? ", " : "", base_json_string(result, "status"),
                        type ? " " : "", type ? type : "", id ? " " : "", id ? id : "",
                        location ? " " : "", location ? location : "", NULL);
    }
    return text;
}

static const char *waves(const fixture_t *f)
{
    return apr_pstrcat(f->p, f->users.waves ? f->users.waves : "-", "/",
                       f->groups.waves ? f->groups.waves : "-", NULL);
}

static const struct {
    const char *name, *body, *want, *waves; /* of users / of groups */
} cases[] = {
    {"each method",
     OPS(POST("q", "eve@x") "," PUT("/Users/1001", "'title':'B'") "," PATCH(
         "/Users/1002", "title", "'C'") "," DELETE("/Groups/2001")),
     "201 q /Users/1003, 200 /Users/1001, 200 /Users/1002, 404 /Groups/2001", "3/1"},
    {"a DELETE", OPS(DELETE("/Users/1001")), "204 /Users/1001", "1/-"},
    {"any letter case",
     OPS("{'Method':'post','PATH':'/Users','bulkid':'q'," DATA(
         "eve@x") "},{'method':'Delete','path':'/Users/1001'}"),
     "201 q /Users/1003, 204 /Users/1001", "2/-"},
    {"paths as clients spell them",
     OPS(DELETE("Users/1001") "," DELETE("//Users/1002/")),
     "204 /Users/1001, 204 //Users/1002/", "2/-"},
    {"a bare list of operations, as in section 3.7.3",
     OPS("{'method':'PATCH','path':'/Users/"
         "1001','data':[{'op':'remove','path':'title'}]"
         "}"),
     "200 /Users/1001", "1/-"},

    /* the order */
    {"one resource, one after the other",
     OPS(PATCH("/Users/1001", "title", "'1'") "," PATCH(
         "/Users/1001", "title", "'2'") "," DELETE("/Users/1001")),
     "200 /Users/1001, 200 /Users/1001, 204 /Users/1001", "1 1 1/-"},
    {"one resource spelt in two ways",
     OPS(PATCH("/Users/1001", "title", "'1'") "," DELETE("/Users/%31001/")),
     "200 /Users/1001, 204 /Users/%31001/", "1 1/-"},
    {"a name becomes free",
     OPS(DELETE("/Users/1001") "," PATCH("/Users/1002", "title", "'x'") "," POST(
         "a", "ann@x") "," POST("b", "b@x")),
     "204 /Users/1001, 200 /Users/1002, 201 a /Users/1004, 201 b /Users/1003", "2 2/-"},
    {"a name becomes free again",
     OPS(DELETE("/Users/1001") "," POST("a", "ann@x") "," DELETE(
         "/Users/1002") "," POST("b", "bob@x")),
     "204 /Users/1001, 201 a /Users/1004, 204 /Users/1002, 201 b /Users/1003", "2 2/-"},
    {"a name becomes free for a PUT",
     OPS(DELETE("/Users/1001") "," PUT("/Users/1002", "'userName':'ann@x'")),
     "204 /Users/1001, 200 /Users/1002", "1 1/-"},
    {"a name becomes free for a PATCH",
     OPS(DELETE("/Users/1001") "," PATCH("/Users/1002", "userName", "'ann@x'")),
     "204 /Users/1001, 200 /Users/1002", "2 1/-"},
    {"no DELETE comes before a PATCH",
     OPS(PATCH("/Users/1002", "userName", "'ann@x'") "," DELETE("/Users/8")),
     "409 uniqueness /Users/1002, 404 /Users/8", "2/-"},
    {"a name is given up by a PATCH",
     OPS(PATCH("/Users/1001", "userName", "'new@x'") "," POST("a", "ann@x")),
     "200 /Users/1001, 201 a /Users/1003", "2 1/-"},
    {"a name is not given up",
     OPS(PATCH("/Users/1001", "title", "'new@x'") "," POST("a", "ann@x")),
     "200 /Users/1001, 409 uniqueness a", "2 1/-"},
    {"a name is given up too late",
     OPS(POST("a", "ann@x") "," PATCH("/Users/1002", "title", "'x'")),
     "409 uniqueness a, 200 /Users/1002", "2/-"},
    {"of two with one name the first wins", OPS(POST("a", "x@x") "," POST("b", "X@x")),
     "201 a /Users/1003, 409 uniqueness b", "1 1/-"},

    /* bulkIds */
    {"a group of new users",
     OPS(POST("a", "a@x") "," POST("b", "b@x") "," GROUP(
         "g", "G", ",'members':[" MEMBER("a") "," MEMBER("b") ",{'value':'1001'}]")),
     "201 a /Users/1004, 201 b /Users/1003, 201 g /Groups/2001", "2/1"},
    {"of users that come later",
     OPS(GROUP("g", "G", ",'members':[" MEMBER("a") "]") "," POST("a", "a@x")),
     "201 g /Groups/2001, 201 a /Users/1003", "1/1"},
    {"a chain",
     OPS(GROUP("1", "1", ",'members':[" MEMBER("2") "]") "," GROUP(
         "2", "2", ",'members':[" MEMBER("3") "]") "," GROUP("3", "3", "")),
     "201 1 /Groups/2003, 201 2 /Groups/2002, 201 3 /Groups/2001", "-/1 1 1"},
    {"in a path",
     OPS(PATCH("/Users/bulkId:a", "title",
               "'x'") "," POST("a", "a@x") "," DELETE("/Users/bulkId:a")),
     "200 /Users/1003, 201 a /Users/1003, 204 /Users/1003", "1 1 1/-"},
    {"in a PATCH, its filter and a URL",
     OPS(GROUP("g", "G", ",'members':[" MEMBER("a") "," MEMBER("b") "]") "," POST(
         "a", "a@x") "," POST("b", "b@x") "," PATCH("/Groups/bulkId:g",
                                                    "members[value eq "
                                                    "\\'bulkId:a\\'].$ref",
                                                    "'../Users/bulkId:a'")),
     "201 g /Groups/2001, 201 a /Users/1004, 201 b /Users/1003, 200 /Groups/2001",
     "2/1 1"},
    {"a text that only looks like it",
     OPS(PATCH("/Users/1001", "title", "'my bulkId:x'")), "200 /Users/1001", "1/-"},
    {"nobody has this bulkId",
     OPS(GROUP("g", "G", ",'members':[" MEMBER("x") "]") "," DELETE("/Users/bulkId:y")),
     "400 invalidValue g, 400 invalidValue", "-/-"},
    {"a bulkId of another type", OPS(POST("a", "a@x") "," DELETE("/Groups/bulkId:a")),
     "201 a /Users/1003, 400 invalidValue", "1/-"},
    {"those that depend on a failure",
     OPS(POST("a", "ann@x") "," GROUP(
         "g", "G",
         ",'members':[" MEMBER("a") "]") "," PATCH("/Groups/bulkId:g", "title",
                                                   "'x'") "," POST("b", "b@x")),
     "409 uniqueness a, 409 g, 409, 201 b /Users/1003", "2/-"},
    {"two POSTs with one bulkId",
     OPS(POST("a", "a@x") "," POST("a", "b@x") "," GROUP(
         "g", "G", ",'members':[" MEMBER("a") "]") "," POST("b", "c@x")),
     "400 invalidValue a, 400 invalidValue a, 409 g, 201 b /Users/1003", "1/-"},

    /* circles */
    {"two that refer to each other",
     OPS(GROUP("1", "1", ",'members':[" MEMBER("2") "]") "," GROUP(
         "2", "2", ",'members':[" MEMBER("1") "]")),
     "201 1 /Groups/2001, 201 2 /Groups/2002", "-/1 1 1"},
    {"one that refers to itself", OPS(GROUP("1", "1", ",'owner':{'value':'bulkId:1'}")),
     "201 1 /Groups/2001", "-/1 1"},
    {"two circles at once",
     OPS(GROUP("1", "1", ",'members':[" MEMBER("2") "]") "," GROUP(
         "2", "2",
         ",'members':[" MEMBER(
             "1") "]") "," GROUP("3", "3",
                                 ",'members':[" MEMBER(
                                     "4") "]") "," GROUP("4", "4",
                                                         ",'members':[" MEMBER(
                                                             "3") "]")),
     "201 1 /Groups/2002, 201 2 /Groups/2004, 201 3 /Groups/2001, 201 4 /Groups/2003",
     "-/2 2 2"},
    {"what waits for a circle",
     OPS(GROUP("0", "0", ",'members':[" MEMBER("1") "]") "," GROUP(
         "1", "1",
         ",'members':[" MEMBER(
             "2") "]") "," GROUP("2", "2",
                                 ",'members':[" MEMBER(
                                     "1") "]") "," PATCH("/Groups/bulkId:1", "title",
                                                         "'x'")),
     "201 0 /Groups/2003, 201 1 /Groups/2001, 201 2 /Groups/2002, 200 /Groups/2001",
     "-/1 2 1 1"},
    {"a circle of which one fails",
     OPS(GROUP("1", "1", ",'members':[" MEMBER("2") "]") "," GROUP(
         "2", "2", ",'title':'bad','members':[" MEMBER("1") "]")),
     "409 1 /Groups/2001, 503 2", "-/1 1"},
    {"a circle of which the first fails",
     OPS(GROUP("1", "1", ",'title':'bad','members':[" MEMBER("2") "]") "," GROUP(
         "2", "2", ",'members':[" MEMBER("1") "]")),
     "503 1, 409 2", "-/1"},
    {"a circle of what is required",
     OPS("{'method':'POST','path':'/Musts','bulkId':'1','data':{'displayName':'1',"
         "'owner':{'value':'bulkId:2'}}},{'method':'POST','path':'/Musts','bulkId':'2',"
         "'data':{'displayName':'2','owner':{'value':'bulkId:1'}}}"),
     "409 1, 409 2", "-/-"},
    {"a DELETE that comes too early",
     OPS(DELETE("/Users/bulkId:a") "," POST("a", "a@x")),
     "204 /Users/1003, 201 a /Users/1003", "1 1/-"},
    {"a name that comes too late",
     OPS(GROUP("1", "1", ",'members':[" MEMBER("a") "]") "," PATCH(
         "/Groups/bulkId:1", "title",
         "'x'") "," DELETE("/Groups/bulkId:1") "," POST("a", "a@x")),
     "201 1 /Groups/2001, 200 /Groups/2001, 204 /Groups/2001, 201 a /Users/1003",
     "1/1 1 1"},

    /* what is wrong with one operation */
    {"what cannot be read",
     OPS("1,{},{'method':7,'path':'/Users/"
         "1001'},{'method':'PUT'},{'method':'PUT','path':"
         "'/Users/1001'},{'method':'PUT','path':'/Users/1001','data':'x'},{'method':"
         "'DELETE','path':'/Users/1001','version':1},{'method':'DELETE','path':7},"
         "{'method':'DELETE','bulkId':{},'path':'/Users/1001'}"),
     "400 invalidSyntax, 400 invalidSyntax, 400 invalidSyntax /Users/1001, 400 "
     "invalidSyntax, 400 invalidSyntax /Users/1001, 400 invalidSyntax /Users/1001, 400 "
     "invalidSyntax /Users/1001, 400 invalidSyntax, 400 invalidSyntax",
     "-/-"},
    {"a POST without a bulkId",
     OPS("{'method':'POST','path':'/Users'," DATA(
         "a@x") "},{'method':'POST','path':'/Users','bulkId':''," DATA("a@x") "}"),
     "400 invalidValue, 400 invalidValue ", "-/-"},
    {"what is not there",
     OPS(DELETE("/Users/9") "," DELETE("/Nothing/1") "," PUT("/Me", "") "," DELETE(
         "/Users") "," PUT("/Schemas/x",
                           "") "," DELETE("/Users/%zz") ","
                                                        "{'method':'POST','path':'/"
                                                        "Users/"
                                                        "1001','bulkId':'a','data':{}},"
                                                        "{'method':'POST','path':'/"
                                                        "Users/"
                                                        ".search','bulkId':'b','data':{"
                                                        "}},"
                                                        "{'method':'POST','path':'/"
                                                        "Bulk','bulkId':'c','data':{}},"
                                                        "{'method':'GET','path':'/"
                                                        "Users/"
                                                        "1001'},{'method':'FOO','path':"
                                                        "'/Users/1001'}"),
     "404 /Users/9, 404 /Nothing/1, 501 /Me, 405 /Users, 405 /Schemas/x, 400 "
     "invalidValue /Users/%zz, 405 a, 405 b, 405 c, 405 /Users/1001, 501 /Users/1001",
     "1/-"},
    {"data that is not valid",
     OPS("{'method':'POST','path':'/Users','bulkId':'a','data':{}}," PUT(
         "/Users/1001", "'name':'x'") "," PATCH("/Users/1002", "id", "'x'")),
     "400 invalidValue a, 400 invalidValue /Users/1001, 400 mutability /Users/1002",
     "1/-"},

    /* failOnErrors */
    {"the first error ends it",
     OPS_FAIL("1", POST("a", "a@x") "," POST("b", "ann@x") "," POST("c", "c@x")),
     "201 a /Users/1003, 409 uniqueness b", "1 1/-"},
    {"also one that is found at once",
     OPS_FAIL("1", POST("a", "a@x") "," DELETE("/x") "," POST("c", "c@x")),
     "201 a /Users/1003, 404 /x", "1/-"},
    {"the second error ends it",
     OPS_FAIL("2", POST("a", "ann@x") "," POST("b", "b@x") "," DELETE(
                       "/Users/8") "," DELETE("/Users/9") "," POST("c", "c@x")),
     "409 uniqueness a, 201 b /Users/1003, 404 /Users/8", "2 1/-"},
    {"none is overtaken",
     OPS_FAIL("2", DELETE("/Users/8") "," POST("a", "a@x") "," DELETE(
                       "/Users/9") "," POST("b", "b@x")),
     "404 /Users/8, 201 a /Users/1003, 404 /Users/9", "1 1 1/-"},
    {"but by what it waits for",
     OPS_FAIL("2", PATCH("/Users/bulkId:a", "title", "'x'") "," DELETE(
                       "/Users/8") "," POST("a", "a@x") "," DELETE("/Users/9")),
     "200 /Users/1003, 404 /Users/8, 201 a /Users/1003, 404 /Users/9", NULL},
    {"fewer errors do not",
     OPS_FAIL("3", DELETE("/Users/8") "," DELETE("/Users/9") "," DELETE("/Users/1001")),
     "404 /Users/8, 404 /Users/9, 204 /Users/1001", "3/-"},
    {"any number of them", OPS_FAIL("9", DELETE("/Users/8") "," DELETE("/Users/9")),
     "404 /Users/8, 404 /Users/9", "2/-"},
    {"0 means never", OPS_FAIL("0", DELETE("/Users/8") "," DELETE("/Users/1001")),
     "404 /Users/8, 204 /Users/1001", "2/-"},
    {"those that depend on the last error are left out",
     OPS_FAIL("1",
              POST("a", "ann@x") "," GROUP("g", "G", ",'members':[" MEMBER("a") "]")),
     "409 uniqueness a", "1/-"},
    {"what was made is not left out",
     OPS_FAIL("1", GROUP("1", "1", ",'members':[" MEMBER("2") "]") "," GROUP(
                       "2", "2",
                       ",'title':'bad','members':[" MEMBER("1") "]") "," GROUP("3", "3",
                                                                               "")),
     "409 1 /Groups/2002, 503 2, 201 3 /Groups/2001", "-/1 1 1"},
};

static void test_cases(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_t *f = start(p);

        send_to(f, "POST", "/Bulk", cases[i].body);
        is_int(f->response.status, 200, cases[i].name);
        is_str(summary(f), cases[i].want, cases[i].name);
        if (cases[i].waves) {
            is_str(waves(f), cases[i].waves,
                   apr_pstrcat(p, cases[i].name, ": waves", NULL));
        }
        ok(!f->users.clashes && !f->groups.clashes, "no resource twice in a wave");
    }
}

/* --- as a whole ----------------------------------------------------------------- */

static const struct {
    const char *name, *body, *want;
} refused[] = {
    {"nothing", NULL, "invalidSyntax: the body is empty"},
    {"no JSON", "{'schemas':", "invalidSyntax: the body is not JSON"},
    {"no object", "[]", "invalidSyntax: the body is no JSON object"},
    {"no schemas", "{'Operations':[{}]}", "invalidSyntax: schemas: "},
    {"other schemas", "{'schemas':['" URN "PatchOp'],'Operations':[{}]}",
     "invalidSyntax: schemas: '" URN "BulkRequest' is expected"},
    {"no Operations", BULK("'x':1"), "invalidSyntax: Operations: "},
    {"no list", BULK("'Operations':{}"), "invalidSyntax: Operations: "},
    {"an empty list", OPS(""), "invalidSyntax: Operations: an array of at least one"},
    {"a bad failOnErrors", OPS_FAIL("'1'", "{}"), "invalidSyntax: failOnErrors: "},
    {"a negative one", OPS_FAIL("-1", "{}"), "invalidSyntax: failOnErrors: "},
    {"too many", OPS("1,1,1,1"), "413: Operations: 4 are more than maxOperations (3)"},
};

static void test_refused(apr_pool_t *p)
{
    fixture_t *f = start(p);
    const json_t *body;
    size_t i;

    f->service.max_operations = 3;
    for (i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *type, *name = refused[i].name;

        send_to(f, "POST", "/Bulk", refused[i].body);
        body = answer(f);
        type = base_json_string(body, "scimType");
        type = type ? type : base_json_string(body, "status");
        type = apr_pstrcat(p, type, ": ", base_json_string(body, "detail"), NULL);
        is_str(apr_pstrndup(p, type, strlen(refused[i].want)),
               quoted(p, refused[i].want), name);
        is_str(base_json_string(body, "status"), apr_itoa(p, f->response.status),
               "the status");
    }
    is_str(waves(f), "-/-", "nothing was carried out");
    f->service.max_bulk_body = 20;
    send_to(f, "POST", "/Bulk", OPS(DELETE("/Users/1001")));
    is_int(f->response.status, 413, "a body that is too large");
    ok(strstr(base_json_string(answer(f), "detail"), "maxPayloadSize (20 bytes)"),
       "by the limit that was announced");
    f->service.max_operations = 0;
    send_to(f, "POST", "/Bulk", "{}");
    is_int(f->response.status, 501, "no bulk requests here");
    f->service.max_operations = 1;
    send_to(f, "GET", "/Bulk", NULL);
    is_int(f->response.status, 405, "GET /Bulk");
    is_str(f->response.allow, "POST", "what is allowed");
    f->service.tolerance = 0;
    f->service.max_bulk_body = 1000;
    send_to(f, "POST", "/Bulk", OPS("{'method':'delete','path':'/Users/1001'}"));
    is_str(summary(f), "501 /Users/1001", "a strict service wants capitals");
}

/* The message to the letter, with what the backends had to keep. */
static void test_message(apr_pool_t *p)
{
    fixture_t *f = start(p);

    send_to(
        f, "POST", "/Bulk",
        OPS(POST(
            "q\\'1",
            "eve@x") ",{'method':'PUT','path':'/Users/1001','version':"
                     "'W/\\'1\\'','data':{'title':'B'}},{'method':'PATCH','path':"
                     "'/Users/1002','version':'W/"
                     "\\'9\\'','data':[{'op':'add','path':'title',"
                     "'value':'x'}]},{'method':'DELETE','path':'/Users/1002','version':"
                     "'W/\\'7\\'','bulkId':'d'}"));
    is_json(p, answer(f),
            "{'schemas':['" URN "BulkResponse'],'Operations':["
            "{'location':'" BASE "/Users/1003','method':'POST','bulkId':'q\\'1',"
            "'version':'W/\\'4\\'','status':'201'},"
            "{'location':'" BASE "/Users/1001','method':'PUT','version':'W/\\'3\\'',"
            "'status':'200'},"
            "{'location':'" BASE "/Users/1002','method':'PATCH','status':'412',"
            "'response':{'schemas':['" SCIM_ERROR_URN "'],'status':'412','detail':"
            "'the resource has the version W/\\'2\\', not W/\\'9\\' as the request "
            "expects; read it again and repeat the change'}},"
            "{'location':'" BASE "/Users/1002','method':'DELETE','bulkId':'d','status':"
            "'412','response':{'schemas':['" SCIM_ERROR_URN
            "'],'status':'412','detail':"
            "'the resource has the version W/\\'2\\', not W/\\'7\\' as the request "
            "expects; read it again and repeat the change'}}]}",
            "a response");
    is_str(
        f->response.error_detail,
        quoted(p,
               "2 of 4 operations failed, the first one: the resource has the version "
               "W/'2', not W/'9' as the request expects; read it again and repeat the "
               "change"),
        "a line for the log");
    is_str(f->response.content_type, "application/scim+json", "its type");
    ok(!f->response.etag && !f->response.location, "no headers of a single resource");
    send_to(f, "POST", "/Bulk", OPS(DELETE("/Users/1002")));
    ok(!f->response.error_detail, "no line without errors");
}

/* What refers to others is there in the end, and what was sent besides is kept. */
static void test_circle_contents(apr_pool_t *p)
{
    fixture_t *f = start(p);

    send_to(
        f, "POST", "/Bulk",
        OPS("{'method':'POST','path':'/Groups','bulkId':'1','data':{'displayName':'1',"
            "'title':'T','members':[{'value':'1001'}," MEMBER(
                "2") "],'owner':{'value':'bulkId:1'},'urn:test:More':{'note':'N',"
                     "'twin':{'value':'bulkId:2','$ref':'../Groups/"
                     "bulkId:2'}}}}," GROUP(
                         "2", "2",
                         ",'members':[" MEMBER("1") "],'owner.value':'bulkId:1'")));
    is_str(summary(f), "201 1 /Groups/2001, 201 2 /Groups/2002", "a circle");
    is_json(p, json_object_get(f->groups.documents[0], "members"),
            "[{'value':'1001'},{'value':'2002'}]", "members of the first");
    is_json(p, json_object_get(f->groups.documents[0], "owner"), "{'value':'2001'}",
            "which owns itself");
    is_json(p, json_object_get(f->groups.documents[0], "urn:test:More"),
            "{'note':'N','twin':{'value':'2002','$ref':'../Groups/2002'}}",
            "and in its extension");
    is_str(base_json_string(f->groups.documents[0], "title"), "T", "nothing is lost");
    is_json(p, json_object_get(f->groups.documents[1], "members"), "[{'value':'2001'}]",
            "members of the second");
    is_json(p, json_object_get(f->groups.documents[1], "owner"), "{'value':'2001'}",
            "a name with a dot");
    is_str(base_json_string(json_array_get(json_object_get(answer(f), "Operations"), 0),
                            "version"),
           base_json_string(f->groups.documents[0], "meta.version"),
           "the version is the last one");
}

static void test_references(apr_pool_t *p)
{
    fixture_t *f = start(p);

    send_to(
        f, "POST", "/Bulk",
        OPS(GROUP("g", "G", ",'members':[" MEMBER("a") "," MEMBER("b") "]") "," POST(
            "a",
            "a@x") "," POST("b",
                            "b@x") "," PATCH("/Groups/bulkId:g",
                                             "members[value eq \\'bulkId:a\\'].$ref",
                                             "'../Users/bulkId:a'")));
    is_json(p, json_object_get(f->groups.documents[0], "members"),
            "[{'value':'1004','$ref':'../Users/1004'},{'value':'1003'}]",
            "bulkIds in values, filters and URLs");
    is_str(base_json_string(f->users.documents[3], "userName"), "a@x", "a is 1004");
    send_to(f, "POST", "/Bulk", OPS(GROUP("h", "H", ",'members':[" MEMBER("x") "]")));
    is_str(base_json_string(json_array_get(json_object_get(answer(f), "Operations"), 0),
                            "response.detail"),
           "bulkId:x: no POST of the request has this bulkId", "a clear detail");
    send_to(
        f, "POST", "/Bulk",
        OPS(POST("u", "ann@x") "," GROUP("h", "H", ",'members':[" MEMBER("u") "]")));
    is_str(base_json_string(json_array_get(json_object_get(answer(f), "Operations"), 1),
                            "response.detail"),
           "bulkId:u cannot be resolved, because the POST with this bulkId failed",
           "and one for what depends on a failure");
}

/* --- size ----------------------------------------------------------------------- */

static const char *many(apr_pool_t *p, int n, const char *(*each)(apr_pool_t *p, int i))
{
    apr_array_header_t *texts = apr_array_make(p, n, sizeof(const char *));
    int i;

    for (i = 0; i < n; i++) {
        APR_ARRAY_PUSH(texts, const char *) = each(p, i);
    }
    return apr_psprintf(p, OPS("%s"), apr_array_pstrcat(p, texts, ','));
}

static const char *one_post(apr_pool_t *p, int i)
{
    return apr_psprintf(p, POST("%d", "u%d@x"), i, i);
}

static const char *one_patch(apr_pool_t *p, int i)
{
    return apr_psprintf(p, PATCH("/Users/1001", "title", "'%d'"), i);
}

/* Each refers to the next, the last one to the first. */
static const char *one_link(apr_pool_t *p, int i)
{
    return apr_psprintf(p, GROUP("%d", "%d", ",'members':[" MEMBER("%d") "]"), i, i,
                        (i + 1) % 1000);
}

static const char *one_self(apr_pool_t *p, int i)
{
    return apr_psprintf(p, GROUP("%d", "%d", ",'members':[" MEMBER("%d") "]"), i, i, i);
}

static void test_many(apr_pool_t *p)
{
    static const struct {
        const char *name;
        const char *(*each)(apr_pool_t *p, int i);
        const char *waves; /* or NULL: one for each */
    } sizes[] = {
        {"POSTs", one_post, "1000/-"},
        {"PATCHes of one user", one_patch, NULL},
        {"groups in one circle", one_link, NULL},
        {"groups of themselves", one_self, "-/1000 1000"},
    };
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fixture_t *f = start(p);
        const json_t *results;
        json_t *result;
        size_t k, good = 0;

        send_to(f, "POST", "/Bulk", many(p, 1000, sizes[i].each));
        results = json_object_get(answer(f), "Operations");
        json_array_foreach(results, k, result)
        {
            good += *base_json_string(result, "status") == '2';
        }
        is_int(good, 1000, apr_pstrcat(p, "1000 ", sizes[i].name, NULL));
        if (sizes[i].waves) {
            is_str(waves(f), sizes[i].waves, "in as few waves as can be");
        }
        ok(!f->users.clashes && !f->groups.clashes, "no resource twice in a wave");
    }
}

/* One string full of references does not cost the square of its length: that would be
 * several gigabytes here. */
static void test_long_string(apr_pool_t *p)
{
    fixture_t *f = start(p);
    apr_array_header_t *texts = apr_array_make(p, 100, sizeof(const char *));
    struct rusage usage;
    int i;

    for (i = 0; i < 20000; i++) {
        APR_ARRAY_PUSH(texts, const char *) = "\\'bulkId:a\\'";
    }
    f->service.max_bulk_body = 4000000;
    send_to(f, "POST", "/Bulk",
            apr_psprintf(p, OPS(POST("a", "a@x") "," GROUP("g", "G", ",'title':'%s'")),
                         apr_array_pstrcat(p, texts, ' ')));
    is_str(summary(f), "201 a /Users/1003, 201 g /Groups/2001", "a long string");
    ok(!strncmp(base_json_string(f->groups.documents[0], "title"), "\"1003\" \"1003\" ",
                14),
       "is resolved");
    getrusage(RUSAGE_SELF, &usage);
    ok(usage.ru_maxrss < 1000000, "in little memory");
}

/* The linker leads all that the service looks up by name through here: a measure of
 * work that does not depend on the machine. */
static size_t looked_up; /* bytes, and one for each lookup */

void *__real_apr_hash_get(apr_hash_t *hash, const void *key, apr_ssize_t len);
void *__wrap_apr_hash_get(apr_hash_t *hash, const void *key, apr_ssize_t len);

void *__wrap_apr_hash_get(apr_hash_t *hash, const void *key, apr_ssize_t len)
{
    looked_up += 1 + (len == APR_HASH_KEY_STRING ? strlen(key) : (size_t)len);
    return __real_apr_hash_get(hash, key, len);
}

/* One of many that refer to nothing. */
static const char *one_lost(apr_pool_t *p, int i)
{
    return apr_psprintf(p, GROUP("%d", "%d", ",'members':[" MEMBER("x%d") "]"), i, i,
                        i);
}

/* One text of `n` references to nothing, each as long as the rest of the text. */
static const char *lost_in_text(apr_pool_t *p, int n)
{
    apr_array_header_t *texts = apr_array_make(p, n, sizeof(const char *));

    while (n--) {
        APR_ARRAY_PUSH(texts, const char *) = "/bulkId:x";
    }
    return apr_psprintf(p, OPS(GROUP("g", "G", ",'title':'%s'")),
                        apr_array_pstrcat(p, texts, 0));
}

static const char *lost_in_many(apr_pool_t *p, int n)
{
    return many(p, n, one_lost);
}

static void test_lost(apr_pool_t *p)
{
    static const struct {
        const char *name;
        const char *(*body)(apr_pool_t *p, int n);
        int n;
    } losses[] = {{"in many operations", lost_in_many, 500},
                  {"in one text", lost_in_text, 20000}};
    size_t i;

    for (i = 0; i < sizeof losses / sizeof *losses; i++) {
        size_t work[2];
        int k;

        for (k = 0; k < 2; k++) {
            fixture_t *f = start(p);

            f->service.max_bulk_body = 4000000;
            looked_up = 0;
            send_to(f, "POST", "/Bulk", losses[i].body(p, losses[i].n << k));
            work[k] = looked_up;
            ok(strstr(summary(f), "400 ") && !strstr(summary(f), "201 "),
               apr_pstrcat(p, "references to nothing ", losses[i].name, NULL));
        }
        ok(work[0] > 0 && work[1] < 3 * work[0],
           apr_psprintf(p, "twice as many are about twice the work: %lu, %lu",
                        (unsigned long)work[0], (unsigned long)work[1]));
    }
}

/* --- whatever may come ---------------------------------------------------------- */

static unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 16;
}

/* An operation on one of `n` groups, most of which are made by the request itself, or
 * on one of two names. */
static const char *random_op(apr_pool_t *p, unsigned *state, int i, int n)
{
    const unsigned a = next_random(state) % (unsigned)n,
                   b = next_random(state) % (unsigned)n;

    switch (next_random(state) % 8) {
    case 0:
        return apr_psprintf(p, DELETE("/Groups/bulkId:%u"), a);
    case 1:
        return apr_psprintf(p, PATCH("/Groups/bulkId:%u", "owner.value", "'bulkId:%u'"),
                            a, b);
    case 2:
        return apr_psprintf(p, PUT("/Groups/200%u", "'owner':{'value':'bulkId:%u'}"),
                            a % 9, b);
    case 3:
        return apr_psprintf(
            p, "{'method':'POST','path':'/Users','bulkId':'%d'," DATA("%s") "}", i,
            a & 1 ? "bulkId:1" : "x@x");
    case 4:
        return apr_psprintf(p, DELETE("/Groups/200%u"), a % 9);
    default:
        return apr_psprintf(p,
                            GROUP("%d", "%d",
                                  ",'owner':{'value':'bulkId:%u'},"
                                  "'title':'%s','members':[" MEMBER("%u") "]"),
                            i, i, a, b % 5 ? "T" : "bad", b);
    }
}

/* No mixture of references leaves an operation behind. */
static void test_random(apr_pool_t *p)
{
    unsigned state = 1;
    int round, i, wrong = 0, circles = 0;

    for (round = 0; round < 2000; round++) {
        const int n = 2 + round % 20;
        apr_array_header_t *texts;
        apr_pool_t *q;
        fixture_t *f;

        apr_pool_create(&q, p);
        f = start(q);
        texts = apr_array_make(q, n, sizeof(const char *));
        for (i = 0; i < n; i++) {
            APR_ARRAY_PUSH(texts, const char *) = random_op(q, &state, i, n);
        }
        send_to(f, "POST", "/Bulk",
                apr_psprintf(q, OPS("%s"), apr_array_pstrcat(q, texts, ',')));
        wrong +=
            json_array_size(json_object_get(answer(f), "Operations")) != (size_t)n ||
            f->users.clashes || f->groups.clashes;
        circles += f->groups.writes > f->groups.n;
        apr_pool_destroy(q);
    }
    is_int(wrong, 0, "2000 random requests: each operation has a result");
    ok(circles > 100, "many with circles among them");
}

static void test_backend_error(apr_pool_t *p)
{
    fixture_t *f = start(p);

    f->users.error = scim_error(p, 429, SCIM_TYPE_NONE, "busy");
    send_to(f, "POST", "/Bulk", OPS(POST("a", "a@x") "," DELETE("/Users/1001")));
    is_int(f->response.status, 200, "the bulk request itself is carried out");
    is_str(summary(f), "429 a, 429 /Users/1001", "each operation says why not");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_cases(p);
    test_refused(p);
    test_message(p);
    test_circle_contents(p);
    test_references(p);
    test_many(p);
    test_long_string(p);
    test_lost(p);
    test_random(p);
    test_backend_error(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
