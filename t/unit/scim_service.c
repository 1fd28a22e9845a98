#include <apr_general.h>

#include "scim_json.h"
#include "scim_memory.h"
#include "scim_service.h"

#define BASE "https://scim.example.com/v2"
#define ENT SCIM_URN_ENTERPRISE_USER
#define SCHEMAS "'schemas':['" SCIM_URN_USER "']"
#define BOTH "'schemas':['" SCIM_URN_USER "','" ENT "']"
#define META(id, modified)                                                             \
    "'meta':{'resourceType':'User','created':'2027-01-15T08:00:0" modified ".000Z',"   \
    "'lastModified':'2027-01-15T08:00:0" modified ".000Z','version':'W/\\\"" modified  \
    "\\\"','location':'" BASE "/Users/" id "'}"
#define META_CHANGED(id, created, modified)                                            \
    "'meta':{'resourceType':'User','created':'2027-01-15T08:00:0" created ".000Z',"    \
    "'lastModified':'2027-01-15T08:00:0" modified ".000Z','version':'W/\\\"" modified  \
    "\\\"','location':'" BASE "/Users/" id "'}"

/* Two users are there before each case. */
#define ANN "'userName':'ann@x','name':{'givenName':'Ann'}"
#define BOB "'userName':'bob@x','name':{'givenName':'Bob'},'title':'T'"
#define ANN_IS "'active':true," SCHEMAS ",'id':'1001'"
#define BOB_IS "'active':true," SCHEMAS ",'id':'1002'"
#define LIST(total, start, n, resources)                                               \
    "{'schemas':['urn:ietf:params:scim:api:messages:2.0:ListResponse'],"               \
    "'totalResults':" total ",'startIndex':" start ",'itemsPerPage':" n                \
    ",'Resources':[" resources "]}"
#define WHOLE_ANN "{" ANN "," ANN_IS "," META("1001", "1") "}"
#define WHOLE_BOB "{" BOB "," BOB_IS "," META("1002", "2") "}"
#define OPS(operations)                                                                \
    "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],'Operations':"       \
    "[" operations "]}"

static const struct {
    const char *name, *method, *path, *query, *body;
    int status;
    const char *want; /* the body as JSON, an error, "" for none, or "*" for any */
    int writes;       /* what the backend had to do */
} cases[] = {
    /* GET */
    {"get", "GET", "/Users/1001", NULL, NULL, 200, WHOLE_ANN, 0},
    {"get, with slashes", "GET", "//Users/1001/", NULL, NULL, 200, WHOLE_ANN, 0},
    {"head", "HEAD", "/Users/1001", NULL, NULL, 200, WHOLE_ANN, 0},
    {"get a part", "GET", "/Users/1001", "attributes=userName", NULL, 200,
     "{" SCHEMAS ",'id':'1001','userName':'ann@x'}", 0},
    {"get all but a part", "GET", "/Users/1002", "excludedAttributes=meta,name,active",
     NULL, 200, "{" SCHEMAS ",'id':'1002','userName':'bob@x','title':'T'}", 0},
    {"get both", "GET", "/Users/1001", "attributes=a&excludedAttributes=b", NULL, 400,
     "invalidValue: attributes and excludedAttributes", 0},
    {"get nobody", "GET", "/Users/9", NULL, NULL, 404, "404: there is no user 9", 0},

    /* lists */
    {"list", "GET", "/Users", NULL, NULL, 200,
     LIST("2", "1", "2", WHOLE_ANN "," WHOLE_BOB), 0},
    {"list with a filter", "GET", "/Users/", "filter=userName+eq+%22BOB@x%22", NULL,
     200, LIST("1", "1", "1", WHOLE_BOB), 0},
    {"list nothing", "GET", "/Users", "filter=userName+eq+%22nobody%22", NULL, 200,
     LIST("0", "1", "0", ""), 0},
    {"list with a blank filter", "GET", "/Users", "filter=+%09", NULL, 200,
     LIST("2", "1", "2", WHOLE_ANN "," WHOLE_BOB), 0},
    {"list with an empty filter and unknown parameters", "GET", "/Users",
     "filter=&count=1&page=1&aadOptscim062020", NULL, 200,
     LIST("2", "1", "1", WHOLE_ANN), 0},
    {"list the second page", "GET", "/Users", "startIndex=2&count=1", NULL, 200,
     LIST("2", "2", "1", WHOLE_BOB), 0},
    {"list behind the end", "GET", "/Users", "startIndex=3", NULL, 200,
     LIST("2", "3", "0", ""), 0},
    {"only count", "GET", "/Users", "count=0", NULL, 200, LIST("2", "1", "0", ""), 0},
    {"list more than is given at once", "GET", "/Users",
     "count=1000&filter=active+eq+true", NULL, 200,
     LIST("2", "1", "2", WHOLE_ANN "," WHOLE_BOB), 0},
    {"list parts", "GET", "/Users", "attributes=userName&startIndex=0", NULL, 200,
     LIST("2", "1", "2",
          "{" SCHEMAS ",'id':'1001','userName':'ann@x'},"
          "{" SCHEMAS ",'id':'1002','userName':'bob@x'}"),
     0},
    {"list with a bad filter", "GET", "/Users", "filter=userName+is+1", NULL, 400,
     "invalidFilter: ", 0},
    {"list with an unquoted value", "GET", "/Users", "filter=userName+eq+bob@x", NULL,
     200, LIST("1", "1", "1", WHOLE_BOB), 0},
    {"list with a bad number", "GET", "/Users", "count=x", NULL, 400,
     "invalidValue: count", 0},
    {"list with a bad query", "GET", "/Users", "filter=%", NULL, 400,
     "invalidValue: filter", 0},
    {"list in an order", "GET", "/Users", "sortBy=userName", NULL, 200,
     LIST("2", "1", "2", WHOLE_ANN "," WHOLE_BOB), 0},
    {"list in the other one", "GET", "/Users", "sortBy=userName&sortOrder=descending",
     NULL, 200, LIST("2", "1", "2", WHOLE_BOB "," WHOLE_ANN), 0},
    {"list the second page of an order", "GET", "/Users",
     "sortBy=name.givenName&sortOrder=DESCENDING&startIndex=2&count=1", NULL, 200,
     LIST("2", "2", "1", WHOLE_ANN), 0},
    {"list in an order, filtered, and show a part", "GET", "/Users",
     "sortBy=title&filter=active+eq+true&attributes=userName", NULL, 200,
     LIST("2", "1", "2",
          "{" SCHEMAS ",'id':'1002','userName':'bob@x'},"
          "{" SCHEMAS ",'id':'1001','userName':'ann@x'}"),
     0},
    {"an order alone is none", "GET", "/Users", "sortOrder=sideways", NULL, 200,
     LIST("2", "1", "2", WHOLE_ANN "," WHOLE_BOB), 0},
    {"list in no order that there is", "GET", "/Users",
     "sortBy=userName&sortOrder=sideways", NULL, 400, "invalidValue: sortOrder: ", 0},
    {"list by what is not known", "GET", "/Users", "sortBy=x&count=0", NULL, 400,
     "invalidValue: position 1 of the sortBy path: ", 0},
    {"get, whatever the order", "GET", "/Users/1001", "sortBy=x&sortOrder=y", NULL, 200,
     WHOLE_ANN, 0},
    {"schemas have no order", "GET", "/Schemas", "sortBy=x&sortOrder=y", NULL, 200, "*",
     0},

    /* .search */
    {"search", "POST", "/Users/.search", NULL,
     "{'schemas':['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],"
     "'filter':'userName sw \\'b\\'','attributes':['userName'],'count':5}",
     200, LIST("1", "1", "1", "{" SCHEMAS ",'id':'1002','userName':'bob@x'}"), 0},
    {"search all", "POST", "/Users/.search", NULL, "{}", 200,
     LIST("2", "1", "2", WHOLE_ANN "," WHOLE_BOB), 0},
    {"search in an order", "POST", "/Users/.search", NULL,
     "{'sortBy':'userName','sortOrder':'descending','count':1}", 200,
     LIST("2", "1", "1", WHOLE_BOB), 0},
    {"search by what is not known", "POST", "/Users/.search", NULL, "{'sortBy':'x'}",
     400, "invalidValue: position 1 of the sortBy path: ", 0},
    {"search with a blank filter", "POST", "/Users/.search", NULL, "{'filter':' '}",
     200, LIST("2", "1", "2", WHOLE_ANN "," WHOLE_BOB), 0},
    {"search badly", "POST", "/Users/.search", NULL, "{'filter':'x'}", 400,
     "invalidFilter: ", 0},
    {"search with a bad number", "POST", "/Users/.search", NULL, "{'count':'x'}", 400,
     "invalidValue: count", 0},
    {"search without a body", "POST", "/Users/.search", NULL, NULL, 400,
     "invalidSyntax: the body is empty", 0},

    /* POST */
    {"create", "POST", "/Users", NULL,
     "{'Schemas':['x'],'USERNAME':'eve@x','name':{'givenName':'Eve'},'id':'7',"
     "'meta':{'created':'1999-01-01T00:00:00Z'},'emails':[{'value':'eve@x'}],"
     "'password':'secret','title':null,'nickName':'e','active':'False',"
     "'" ENT "':{'department':'D'}}",
     201,
     "{'userName':'eve@x','name':{'givenName':'Eve'},'emails':[{'value':'eve@x',"
     "'type':'work'}],'active':false,'" ENT "':{'department':'D'}," BOTH
     ",'id':'1003'," META("1003", "3") "}",
     1},
    {"create, and show a part", "POST", "/Users", "attributes=id", "{" ANN "1'}", 400,
     "*", 0},
    {"create and show a part", "POST", "/Users", "attributes=id",
     "{'userName':'eve@x','name':{'givenName':'Eve'}}", 201,
     "{" SCHEMAS ",'id':'1003'}", 1},
    {"create a duplicate", "POST", "/Users", NULL,
     "{'userName':'ANN@X','name':{'givenName':'Ann'}}", 409, "uniqueness: userName", 0},
    {"create without a required attribute", "POST", "/Users", NULL,
     "{'name':{'givenName':'Eve'}}", 400, "invalidValue: userName: required", 0},
    {"create with a wrong value", "POST", "/Users", NULL,
     "{'userName':'a','name':'Eve'}", 400, "invalidValue: name: ", 0},
    {"create with a bad projection", "POST", "/Users",
     "attributes=a&excludedAttributes=b", "{'userName':'e','name':{'givenName':'E'}}",
     400, "invalidValue: attributes", 0},

    /* PUT */
    {"put", "PUT", "/Users/1002", NULL,
     "{'id':'x','userName':'bob@y','name':{'familyName':'B'},'active':false}", 200,
     "{'userName':'bob@y','name':{'givenName':'Bob','familyName':'B'},'title':'T',"
     "'active':false," SCHEMAS ",'id':'1002'," META_CHANGED("1002", "2", "3") "}",
     1},
    {"put what is there", "PUT", "/Users/1002", NULL, "{" BOB "}", 200, WHOLE_BOB, 0},
    {"put and clear", "PUT", "/Users/1002", "attributes=title,userName", "{'title':''}",
     200, "{" SCHEMAS ",'id':'1002','userName':'bob@x'}", 1},
    {"put without a required value", "PUT", "/Users/1002", NULL, "{'userName':null}",
     400, "invalidValue: userName: required", 0},
    {"put over another", "PUT", "/Users/1002", NULL, "{'userName':'ann@x'}", 409,
     "uniqueness: ", 0},
    {"put to nobody", "PUT", "/Users/9", NULL, "{" BOB "}", 404, "404: ", 0},

    /* PATCH */
    {"patch", "PATCH", "/Users/1002", NULL,
     OPS("{'op':'Replace','path':'active','value':'False'},"
         "{'op':'Remove','path':'title'}"),
     200,
     "{'userName':'bob@x','name':{'givenName':'Bob'},'active':false," SCHEMAS
     ",'id':'1002'," META_CHANGED("1002", "2", "3") "}",
     1},
    {"patch nothing", "PATCH", "/Users/1002", NULL,
     OPS("{'op':'replace','value':{'active':true,'title':'T'}}"), 200, WHOLE_BOB, 0},
    {"patch and show a part", "PATCH", "/Users/1002", "attributes=title",
     OPS("{'op':'replace','path':'title','value':'U'}"), 200,
     "{" SCHEMAS ",'id':'1002','title':'U'}", 1},
    {"patch away what is required", "PATCH", "/Users/1002", NULL,
     OPS("{'op':'remove','path':'userName'}"), 400, "mutability: userName: required",
     0},
    {"patch what is read-only", "PATCH", "/Users/1002", NULL,
     OPS("{'op':'replace','path':'title','value':'U'},"
         "{'op':'replace','path':'id','value':'U'}"),
     400, "mutability: operation 2 (replace id): id: read-only", 0},
    {"patch without operations", "PATCH", "/Users/1002", NULL, "{}", 400,
     "invalidSyntax: ", 0},
    {"patch nobody", "PATCH", "/Users/9", NULL, OPS("{'op':'remove','path':'title'}"),
     404, "404: ", 0},

    /* DELETE */
    {"delete", "DELETE", "/Users/1002", NULL, NULL, 204, "", 0},
    {"delete nobody", "DELETE", "/Users/9", NULL, NULL, 404, "404: ", 0},

    /* bodies */
    {"an empty body", "POST", "/Users", NULL, "", 400,
     "invalidSyntax: the body is empty", 0},
    {"a truncated body", "POST", "/Users", NULL, "{'userName':", 400,
     "invalidSyntax: the body is not JSON: ", 0},
    {"a password in a broken body is not repeated", "POST", "/Users", NULL,
     "{'password':'s3cret' 's3cret'}", 400,
     "invalidSyntax:  expected (line 1, column 29)", 0},
    {"a body that is no JSON", "PUT", "/Users/1001", NULL, "junk", 400,
     "invalidSyntax: the body is not JSON: ", 0},
    {"an array", "PATCH", "/Users/1001", NULL, "[]", 400,
     "invalidSyntax: the body is no JSON object", 0},
    {"a string", "POST", "/Users/.search", NULL, "'text'", 400,
     "invalidSyntax: the body is no JSON object", 0},
    {"a member twice", "POST", "/Users", NULL, "{'userName':'a','userName':'b'}", 400,
     "invalidSyntax: duplicate object key (line 1", 0},

    /* discovery */
    {"config", "GET", "/ServiceProviderConfig", NULL, NULL, 200, "*", 0},
    {"config, filtered", "GET", "/ServiceProviderConfig", "filter=a+pr", NULL, 403,
     "403: ServiceProviderConfig cannot be filtered", 0},
    {"config, not filtered", "GET", "/ServiceProviderConfig", "filter=%20", NULL, 200,
     "*", 0},
    {"schemas", "GET", "/Schemas", NULL, NULL, 200, "*", 0},
    {"schemas, filtered", "GET", "/Schemas", "filter=id+pr", NULL, 403, "403: ", 0},
    {"a schema", "GET", "/Schemas/urn%3Aietf:params:scim:schemas:core:2.0:User", NULL,
     NULL, 200, "*", 0},
    {"no schema", "GET", "/Schemas/urn:x", NULL, NULL, 404,
     "404: Schemas: there is no 'urn:x'", 0},
    {"types", "GET", "/ResourceTypes/", NULL, NULL, 200, "*", 0},
    {"types, filtered", "GET", "/ResourceTypes", "Filter=id+pr", NULL, 403, "403: ", 0},
    {"a type", "GET", "/ResourceTypes/User", NULL, NULL, 200, "*", 0},
    {"no type", "GET", "/ResourceTypes/Group", NULL, NULL, 404, "404: ", 0},

    /* what is not there */
    {"me", "GET", "/Me", NULL, NULL, 501, "501: /Me", 0},
    {"me too", "PATCH", "/Me", NULL, "{}", 501, "501: ", 0},
    {"bulk", "POST", "/Bulk", NULL, "{}", 400, "invalidSyntax: schemas: ", 0},
    {"search over all types", "POST", "/.search", NULL, "{}", 501, "501: /.search", 0},
    {"all types", "GET", "/", NULL, NULL, 501, "501: / is not implemented", 0},
    {"all types, shorter", "GET", "", NULL, NULL, 501, "501: / is not implemented", 0},
    {"an unknown endpoint", "GET", "/Groups", NULL, NULL, 404, "404: ", 0},
    {"names of endpoints are exact", "GET", "/users", NULL, NULL, 404, "404: ", 0},
    {"a path that goes on", "GET", "/Users/1001/x", NULL, NULL, 404, "404: ", 0},
    {"one more that goes on", "GET", "/ServiceProviderConfig/x", NULL, NULL, 404,
     "404: ", 0},
    {"a very long path", "GET", "/Schemas/a/b/c/d/e", NULL, NULL, 404, "404: ", 0},
    {"a path that is not encoded", "GET", "/Users/%zz", NULL, NULL, 400,
     "invalidValue: the path", 0},
};

static const struct {
    const char *method, *path, *allow;
} refused[] = {
    {"DELETE", "/Users", "GET, HEAD, POST"},
    {"PUT", "/Users", "GET, HEAD, POST"},
    {"OPTIONS", "/Users", "GET, HEAD, POST"},
    {"POST", "/Users/1001", "GET, HEAD, PUT, PATCH, DELETE"},
    {"GET", "/Users/.search", "POST"},
    {"POST", "/ServiceProviderConfig", "GET, HEAD"},
    {"GET", "/Bulk", "POST"},
    {"DELETE", "/Schemas/urn:x", "GET, HEAD"},
    {"PATCH", "/ResourceTypes", "GET, HEAD"},
};

typedef struct fixture_t {
    apr_pool_t *p;
    memory_t memory;
    scim_binding_t binding;
    scim_service_t service;
    scim_response_t response;
} fixture_t;

static const char *body_of(const fixture_t *f)
{
    char *text = apr_pcalloc(f->p, f->response.length + 1), *end = text;
    int i;

    for (i = 0; i < f->response.pieces->nelts; i++) {
        const base_slice_t *piece = &APR_ARRAY_IDX(f->response.pieces, i, base_slice_t);

        memcpy(end, piece->data, piece->len);
        end += piece->len;
    }
    return text;
}

static json_t *body_json(const fixture_t *f)
{
    return base_json_parse(f->p, body_of(f), f->response.length, 64, 0, NULL);
}

static void handle(fixture_t *f, const scim_request_t *request)
{
    scim_request_t copy = *request;

    copy.base_url = BASE;
    scim_service_handle(&f->service, f->p, &copy, &f->response);
}

static void send_body(fixture_t *f, const char *method, const char *path,
                      const char *query, const char *body)
{
    scim_request_t request = {.method = method, .path = path, .query = query};

    if (body) {
        request.body = quoted(f->p, body);
        request.body_len = strlen(body);
        request.content_type = "application/scim+json; charset=utf-8";
    }
    handle(f, &request);
}

/* A service with Ann and Bob. */
static fixture_t *start(apr_pool_t *p)
{
    fixture_t *f = apr_pcalloc(p, sizeof *f);

    f->p = p;
    f->memory.p = p;
    f->memory.type = &scim_type_user;
    f->binding.type = &scim_type_user;
    f->binding.backend = &memory_backend;
    f->binding.ctx = &f->memory;
    f->service.bindings = &f->binding;
    f->service.n_bindings = 1;
    f->service.tolerance = SCIM_TOLERATE_ALL;
    f->service.max_results = 3;
    f->service.max_operations = 10;
    f->service.max_bulk_body = 1000;
    f->service.auth_scheme = "oauthbearertoken";
    send_body(f, "POST", "/Users", NULL, "{" ANN "}");
    send_body(f, "POST", "/Users", NULL, "{" BOB "}");
    f->memory.writes = 2;
    return f;
}

/* Is the response an error of the RFC, of this kind? */
static void is_error_body(const fixture_t *f, const char *want, const char *name)
{
    const json_t *body = body_json(f);
    const char *type = base_json_string(body, "scimType");
    const char *status = base_json_string(body, "status");
    const char *detail = base_json_string(body, "detail");
    const char *colon = strstr(want, ": ");
    const char *kind = type ? type : status;

    ok(status && !strcmp(status, apr_itoa(f->p, f->response.status)) && detail &&
           json_object_size(body) == (type ? 4u : 3u) &&
           json_equal(json_object_get(body, "schemas"),
                      json_of(f->p, "['" SCIM_ERROR_URN "']")),
       apr_pstrcat(f->p, name, ": an Error and nothing else", NULL));
    if (!ok(!strncmp(kind, want, (size_t)(colon - want)) && !kind[colon - want] &&
                strstr(detail, quoted(f->p, colon + 2)),
            name)) {
        printf("#   got:  %s: %s\n#   want: %s\n", kind, detail, want);
    }
    is_str(f->response.error_detail, detail, "the detail is there for the log");
}

static void test_cases(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_t *f = start(p);
        const char *want = cases[i].want, *name = cases[i].name;

        send_body(f, cases[i].method, cases[i].path, cases[i].query, cases[i].body);
        is_int(f->response.status, cases[i].status,
               apr_pstrcat(p, name, ": status", NULL));
        is_int(f->memory.writes - 2, cases[i].writes,
               apr_pstrcat(p, name, ": writes", NULL));
        if (!*want) {
            ok(f->response.length == 0 && !f->response.content_type, name);
            continue;
        }
        is_str(f->response.content_type, "application/scim+json", "scim+json");
        if (*want == '{') {
            is_json(p, body_json(f), want, name);
        }
        else if (*want != '*') {
            is_error_body(f, want, name);
        }
    }
}

static void test_methods(apr_pool_t *p)
{
    fixture_t *f = start(p);
    size_t i;

    for (i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *name =
            apr_pstrcat(p, refused[i].method, " ", refused[i].path, NULL);

        send_body(f, refused[i].method, refused[i].path, NULL, "{}");
        is_error_body(f, "405: ", name);
        is_str(f->response.allow, refused[i].allow, "what is allowed");
    }
    send_body(f, "GET", "/Users", NULL, NULL);
    ok(!f->response.allow && !f->response.error_detail && !f->response.location &&
           !f->response.etag,
       "nothing of that in a success");
}

static void test_headers(apr_pool_t *p)
{
    fixture_t *f = start(p);
    scim_request_t request = {
        .method = "POST", .path = "/Users", .body = "x", .body_len = 1};

    request.content_type = "text/plain";
    handle(f, &request);
    is_error_body(f, "415: Content-Type: text/plain is not supported", "another type");
    request.content_type = NULL;
    handle(f, &request);
    is_error_body(f, "invalidSyntax: ", "no Content-Type: the body is read");
    request.accept = "application/json";
    handle(f, &request);
    is_str(f->response.content_type, "application/json", "an error as it is accepted");
    request.method = "GET";
    request.content_type = "text/plain";
    handle(f, &request);
    is_int(f->response.status, 200, "Content-Type of a GET does not matter");
    is_str(f->response.content_type, "application/json", "a list as it is accepted");
    request.accept = "text/html";
    handle(f, &request);
    is_int(f->response.status, 200, "an Accept that we cannot satisfy does not matter");
    is_str(f->response.content_type, "application/scim+json", "it gets what there is");

    send_body(f, "POST", "/Users", NULL, "{'userName':'e','name':{'givenName':'E'}}");
    is_str(f->response.location, BASE "/Users/1003", "Location of a new user");
    ok(strstr(body_of(f), "\"location\":\"" BASE "/Users/1003\""),
       "the same as in its meta");
}

#define V1 "W/\"1\"" /* Ann */
#define V2 "W/\"2\"" /* Bob */
#define V3 "W/\"3\"" /* after a change */
#define TITLE OPS("{'op':'replace','path':'title','value':'U'}")

/* Requests to Bob (or nobody) with conditions. */
static const struct {
    const char *name, *method, *path, *body, *if_match, *if_none_match;
    int status;
    const char *etag;
} conditions[] = {
    {"get", "GET", "/Users/1002", NULL, NULL, NULL, 200, V2},
    {"get what is known", "GET", "/Users/1002", NULL, NULL, V2, 304, V2},
    {"a head of it", "HEAD", "/Users/1002", NULL, NULL, V2, 304, V2},
    {"get, with a strong tag", "GET", "/Users/1002", NULL, NULL, "\"2\"", 304, V2},
    {"get, with many tags", "GET", "/Users/1002", NULL, NULL, V1 ", " V2, 304, V2},
    {"get, with any tag", "GET", "/Users/1002", NULL, NULL, "*", 304, V2},
    {"get what is new", "GET", "/Users/1002", NULL, NULL, V1, 200, V2},
    {"get, with junk", "GET", "/Users/1002", NULL, NULL, "\"", 200, V2},
    {"get, with a blank header", "GET", "/Users/1002", NULL, " ", "", 200, V2},
    {"get if it is this", "GET", "/Users/1002", NULL, V2, NULL, 200, V2},
    {"get if it is not this", "GET", "/Users/1002", NULL, V1, NULL, 412, NULL},
    {"get nobody", "GET", "/Users/9", NULL, NULL, "*", 404, NULL},
    {"a list has no tag", "GET", "/Users", NULL, V1, V1, 200, NULL},
    {"create", "POST", "/Users", "{'userName':'e','name':{'givenName':'E'}}", V1, "*",
     201, V3},
    {"put", "PUT", "/Users/1002", "{'title':'U'}", NULL, NULL, 200, V3},
    {"put without a change", "PUT", "/Users/1002", "{'title':'T'}", NULL, NULL, 200,
     V2},
    {"put on this", "PUT", "/Users/1002", "{'title':'U'}", V2, NULL, 200, V3},
    {"put on any", "PUT", "/Users/1002", "{'title':'U'}", "*", NULL, 200, V3},
    {"put on another", "PUT", "/Users/1002", "{'title':'U'}", V1, NULL, 412, NULL},
    {"put without a change on another", "PUT", "/Users/1002", "{'title':'T'}", V1, NULL,
     412, NULL},
    {"put only if nobody is there", "PUT", "/Users/1002", "{'title':'U'}", NULL, "*",
     412, NULL},
    {"put if it is not this", "PUT", "/Users/1002", "{'title':'U'}", NULL, V2, 412,
     NULL},
    {"put if it is not another", "PUT", "/Users/1002", "{'title':'U'}", NULL, V1, 200,
     V3},
    {"put with junk", "PUT", "/Users/1002", "{'title':'U'}", "junk", NULL, 412, NULL},
    {"put to nobody", "PUT", "/Users/9", "{'title':'U'}", "*", NULL, 404, NULL},
    {"patch on this", "PATCH", "/Users/1002", TITLE, V2, NULL, 200, V3},
    {"patch on another", "PATCH", "/Users/1002", TITLE, V1, NULL, 412, NULL},
    {"patch if it is not this", "PATCH", "/Users/1002", TITLE, NULL, V2, 412, NULL},
    {"delete this", "DELETE", "/Users/1002", NULL, V1 "," V2, NULL, 204, NULL},
    {"delete any", "DELETE", "/Users/1002", NULL, "*", NULL, 204, NULL},
    {"delete another", "DELETE", "/Users/1002", NULL, V1, NULL, 412, NULL},
    {"delete if it is not this", "DELETE", "/Users/1002", NULL, NULL, V2, 412, NULL},
    {"delete nobody", "DELETE", "/Users/9", NULL, V1, NULL, 404, NULL},
};

static void test_conditions(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        fixture_t *f = start(p);
        const char *name = conditions[i].name, *body = conditions[i].body;
        const scim_request_t request = {
            .method = conditions[i].method,
            .path = conditions[i].path,
            .body = body ? quoted(p, body) : NULL,
            .body_len = body ? strlen(body) : 0,
            .if_match = conditions[i].if_match,
            .if_none_match = conditions[i].if_none_match,
        };

        handle(f, &request);
        is_int(f->response.status, conditions[i].status, name);
        is_str(f->response.etag, conditions[i].etag,
               apr_pstrcat(p, name, ": ETag", NULL));
        if (f->response.status == 304) {
            ok(f->response.length == 0 && !f->response.content_type, "no body");
        }
        else if (f->response.status >= 400) {
            is_error_body(f, f->response.status == 412 ? "412: " : "404: ", name);
            is_int(f->memory.writes, 2, "nothing was changed");
        }
        else if (conditions[i].etag) {
            is_str(base_json_string(body_json(f), "meta.version"), conditions[i].etag,
                   "as in meta");
        }
    }
}

/* A version that meant the same resource, before more of it became known. */
static void test_former(apr_pool_t *p)
{
    static const struct {
        const char *name, *method, *body, *if_match, *if_none_match;
        int status;
    } formers[] = {
        {"a patch on the former", "PATCH", TITLE, "W/\"0\"", NULL, 200},
        {"a patch on its strong form", "PATCH", TITLE, "\"x\", \"0\"", NULL, 200},
        {"a put on the former", "PUT", "{'title':'U'}", "W/\"0\"", NULL, 200},
        {"a delete of the former", "DELETE", NULL, "W/\"0\"", NULL, 204},
        {"a patch on this", "PATCH", TITLE, V2, NULL, 200},
        {"a patch on another", "PATCH", TITLE, V1, NULL, 412},
        {"a delete of another", "DELETE", NULL, V1, NULL, 412},
        {"a patch if it is not the former", "PATCH", TITLE, NULL, "W/\"0\"", 200},
        {"get what was not known", "GET", NULL, NULL, "W/\"0\"", 200},
    };
    size_t i;

    for (i = 0; i < sizeof formers / sizeof *formers; i++) {
        fixture_t *f = start(p);
        const char *body = formers[i].body ? quoted(p, formers[i].body) : NULL;
        const scim_request_t request = {
            .method = formers[i].method,
            .path = "/Users/1002",
            .body = body,
            .body_len = body ? strlen(body) : 0,
            .if_match = formers[i].if_match,
            .if_none_match = formers[i].if_none_match,
        };

        f->memory.former = "W/\"0\"";
        handle(f, &request);
        is_int(f->response.status, formers[i].status, formers[i].name);
    }
}

static void test_limits(apr_pool_t *p)
{
    fixture_t *f = start(p);
    int i;

    for (i = 0; i < 4; i++) {
        send_body(f, "POST", "/Users", NULL,
                  apr_psprintf(p, "{'userName':'%d','name':{'givenName':'N'}}", i));
    }
    send_body(f, "GET", "/Users", NULL, NULL);
    is_int(base_json_int(body_json(f), "itemsPerPage", -1), 3,
           "a list without count has so many at the most");
    is_int(base_json_int(body_json(f), "totalResults", -1), 6, "but counts all");
    send_body(f, "GET", "/Users", "count=5&startIndex=2", NULL);
    is_int(base_json_int(body_json(f), "itemsPerPage", -1), 3,
           "nor does a greater count help");

    f->service.tolerance = 0;
    send_body(f, "GET", "/Users", "filter=userName+eq+bob@x", NULL);
    is_error_body(f, "invalidFilter: ", "a strict service does not tolerate");
}

static void test_schemas(apr_pool_t *p)
{
    static const struct {
        const char *name, *schemas, *error;
    } bodies[] = {
        {"left out", "", "invalidValue: schemas: required; an array with 'urn:"},
        {"null", "'schemas':null,", "invalidValue: schemas: required; "},
        {"empty", "'schemas':[],", "invalidValue: schemas: required; "},
        {"no array", "'schemas':'" SCIM_URN_USER "',",
         "invalidValue: schemas: required; "},
        {"only an extension", "'schemas':['" SCIM_URN_ENTERPRISE_USER "'],",
         "invalidValue: schemas: required; an array with '" SCIM_URN_USER "'"},
        {"an unknown one", "'schemas':['" SCIM_URN_USER "','urn:x'],",
         "invalidValue: schemas: 'urn:x' is not a schema of the resource type User"},
        {"no text", "'schemas':['" SCIM_URN_USER "',7],",
         "invalidValue: schemas: 7 is not a schema"},
        {"both", "'schemas':['" SCIM_URN_ENTERPRISE_USER "','" SCIM_URN_USER "'],",
         NULL},
        {"in another letter case",
         "'Schemas':['URN:IETF:params:scim:schemas:core:2.0:"
         "User'],",
         NULL},
    };
    fixture_t *f = start(p);
    size_t i;

    for (i = 0; i < 2 * sizeof bodies / sizeof *bodies; i++) {
        const int put = i % 2;
        const char *name = bodies[i / 2].name, *error = bodies[i / 2].error;
        const char *body =
            apr_psprintf(p, "{%s'userName':'s%d','name':{'givenName':'N'}}",
                         bodies[i / 2].schemas, (int)i);

        f->service.tolerance = 0;
        send_body(f, put ? "PUT" : "POST", put ? "/Users/1001" : "/Users", NULL, body);
        if (error) {
            is_error_body(f, error, apr_psprintf(p, "strict: schemas %s", name));
            f->service.tolerance = SCIM_TOLERATE_ALL;
            send_body(f, put ? "PUT" : "POST", put ? "/Users/1001" : "/Users", NULL,
                      body);
        }
        is_int(f->response.status, put ? 200 : 201,
               apr_psprintf(p, "%s: schemas %s", error ? "tolerant" : "strict", name));
    }
}

static void test_backend_errors(apr_pool_t *p)
{
    static const struct {
        const char *method, *path, *body;
    } calls[] = {
        {"GET", "/Users/1001", NULL},
        {"GET", "/Users", NULL},
        {"POST", "/Users", "{'userName':'e','name':{'givenName':'E'}}"},
        {"PUT", "/Users/1001", "{}"},
        {"PATCH", "/Users/1001", OPS("{'op':'remove','path':'title'}")},
        {"DELETE", "/Users/1001", NULL},
    };
    fixture_t *f = start(p);
    scim_error_t *busy = scim_error(p, 429, SCIM_TYPE_NONE, "busy \"now\"");
    size_t i;

    busy->retry_after = 17;
    f->memory.error = busy;
    for (i = 0; i < sizeof calls / sizeof *calls; i++) {
        send_body(f, calls[i].method, calls[i].path, NULL, calls[i].body);
        is_error_body(f, "429: busy 'now'", calls[i].method);
        is_int(f->response.retry_after, 17, "when to come back");
    }
}

static void test_base_url(apr_pool_t *p)
{
    fixture_t *f = start(p);
    scim_request_t request = {
        .method = "GET", .path = "/Users/1001", .base_url = "http://h/\"\\"};

    scim_service_handle(&f->service, p, &request, &f->response);
    is_str(base_json_string(body_json(f), "meta.location"), "http://h/\"\\/Users/1001",
           "the base URL is escaped");
    is_int(f->response.pieces->nelts, 3, "in three pieces, nothing is copied");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_cases(p);
    test_methods(p);
    test_headers(p);
    test_conditions(p);
    test_former(p);
    test_limits(p);
    test_schemas(p);
    test_backend_errors(p);
    test_base_url(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
