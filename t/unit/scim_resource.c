#include <apr_general.h>

#include "scim_json.h"
#include "scim_resource.h"

#define ENT SCIM_URN_ENTERPRISE_USER

/* A type with what the User does not have. */
static const char *const colors[] = {"red", "green", NULL};

static const scim_attr_t part_attrs[] = {
    {.name = "value", .flags = SCIM_REQUIRED},
    {.name = "color", .canonical = colors},
    {.name = "secret", .returned = SCIM_RETURNED_REQUEST},
    {.name = NULL},
};

static const scim_attr_t thing_attrs[] = {
    {.name = "serial", .kind = SCIM_INTEGER, .mutability = SCIM_IMMUTABLE},
    {.name = "weight", .kind = SCIM_DECIMAL},
    {.name = "built", .kind = SCIM_DATETIME},
    {.name = "home", .kind = SCIM_REFERENCE},
    {.name = "picture", .kind = SCIM_BINARY},
    {.name = "tags", .flags = SCIM_MULTI, .max_length = 4},
    {.name = "parts", .kind = SCIM_COMPLEX, .flags = SCIM_MULTI, .sub = part_attrs},
    {.name = "hidden", .returned = SCIM_RETURNED_REQUEST},
    {.name = "label", .returned = SCIM_RETURNED_ALWAYS},
    {.name = "pin",
     .mutability = SCIM_WRITE_ONLY,
     .returned = SCIM_RETURNED_NEVER,
     .max_length = 4},
    {.name = NULL},
};

static const scim_attr_t extra_attrs[] = {
    {.name = "owner", .flags = SCIM_REQUIRED},
    {.name = "room"},
    {.name = NULL},
};

static const scim_schema_t thing_schema = {"urn:test:Thing", "Thing", "A thing",
                                           thing_attrs, scim_common_attrs};
static const scim_schema_t extra_schema = {"urn:test:Extra", "Extra", "More of it",
                                           extra_attrs, NULL};
static const scim_schema_t *const thing_extensions[] = {&extra_schema, NULL};
static const scim_type_t thing = {"Thing", "/Things", "A thing", &thing_schema,
                                  thing_extensions};

#define USER &scim_type_user

static const struct {
    const char *name;
    const scim_type_t *type;
    unsigned tolerance;
    const char *body;
    const char *want;  /* the resource */
    const char *error; /* or this */
} reads[] = {
    {"names in any letter case", USER, 0,
     "{'USERNAME':'a@b','Name':{'GivenName':'A'},'EMAILS':[{'Value':'a@b','TYPE':'WORK'"
     ","
     "'Primary':true}]}",
     "{'userName':'a@b','name':{'givenName':'A'},'emails':[{'value':'a@b','type':'work'"
     ","
     "'primary':true}]}",
     NULL},
    {"readOnly, derived, ignored and unknown members are dropped", USER,
     SCIM_TOLERATE_ALL,
     "{'schemas':['urn:scim:schemas:core:1.0'],'id':'x','meta':{'version':1},'groups':["
     "],"
     "'displayName':'D','name':{'formatted':'F','familyName':'B','middleName':5},"
     "'nickName':7,'x-unknown':{'a':1},'roles':'?','emails':[{'value':'a','display':3,"
     "'zzz':1}]}",
     "{'name':{'familyName':'B'},'emails':[{'value':'a','type':'work'}]}", NULL},
    {"what says 'clear' stays", USER, 0,
     "{'title':null,'locale':'','emails':[],'addresses':null,'phoneNumbers':'',"
     "'name':{'givenName':null},'active':null,'" ENT "':{'department':null}}",
     "{'title':null,'locale':'','emails':[],'addresses':null,'phoneNumbers':'',"
     "'name':{'givenName':null},'active':null,'" ENT "':{'department':null}}",
     NULL},
    {"a whole extension is cleared", USER, 0, "{'" ENT "':null}", "{'" ENT "':null}",
     NULL},
    {"a single value becomes an array", USER, 0, "{'emails':{'value':'a'}}",
     "{'emails':[{'value':'a','type':'work'}]}", NULL},
    {"null elements are left out", USER, 0, "{'emails':[null,{'value':'a'},'']}",
     "{'emails':[{'value':'a','type':'work'}]}", NULL},
    {"the default type; others are kept", USER, 0,
     "{'phoneNumbers':[{'value':'1'},{'value':'2','type':null},{'value':'3','type':"
     "'Mobile'},{'value':'4','type':'Fax'}]}",
     "{'phoneNumbers':[{'value':'1','type':'work'},{'value':'2','type':'work'},"
     "{'value':'3','type':'mobile'},{'value':'4','type':'Fax'}]}",
     NULL},
    {"string booleans, tolerated", USER, SCIM_TOLERATE_BOOL,
     "{'active':'False','emails':[{'value':'a','primary':'TRUE'}]}",
     "{'active':false,'emails':[{'value':'a','primary':true,'type':'work'}]}", NULL},
    {"string booleans, not tolerated", USER, 0, "{'active':'False'}", NULL,
     "invalidValue: active: 'False' is not valid, true or false is expected"},
    {"no boolean", USER, SCIM_TOLERATE_ALL, "{'active':'maybe'}", NULL,
     "invalidValue: active: 'maybe' is not valid, true or false is expected"},
    {"no boolean either", USER, SCIM_TOLERATE_ALL, "{'active':1}", NULL,
     "invalidValue: active: 1 is not valid"},
    {"no object", USER, 0, "{'name':'Ann'}", NULL,
     "invalidValue: name: 'Ann' is not valid, an object is expected"},
    {"no object in an array", USER, 0, "{'emails':['a@b']}", NULL,
     "invalidValue: emails: 'a@b' is not valid, an object is expected"},
    {"no string", USER, 0, "{'userName':5}", NULL,
     "invalidValue: userName: 5 is not valid, a string is expected"},
    {"no string inside", USER, 0, "{'emails':[{'value':true}]}", NULL,
     "invalidValue: emails.value: true is not valid"},
    {"an array for a single value", USER, 0, "{'title':['x']}", NULL,
     "invalidValue: title: ['x'] is not valid"},
    {"no object for an extension", USER, 0, "{'" ENT "':'Sales'}", NULL,
     "invalidValue: " ENT ": 'Sales' is not valid, an object is expected"},
    {"the path of an extension's attribute", USER, 0, "{'" ENT "':{'department':1}}",
     NULL, "invalidValue: " ENT ":department: 1 is not valid"},
    {"two spellings", USER, 0, "{'title':'a','Title':'b'}", NULL,
     "invalidSyntax: title: named twice"},
    {"two spellings inside", USER, 0, "{'name':{'givenName':'a','GIVENNAME':'b'}}",
     NULL, "invalidSyntax: name.givenName: named twice"},
    {"dotted and URN keys", USER, SCIM_TOLERATE_KEYS,
     "{'name.familyName':'B','name':{'givenName':'A'},'" ENT ":department':'D',"
     "'" SCIM_URN_USER ":title':'T'}",
     "{'name':{'givenName':'A','familyName':'B'},'" ENT "':{'department':'D'},"
     "'title':'T'}",
     NULL},
    {"dotted keys are unknown names when not tolerated", USER, 0,
     "{'name.familyName':'B'}", NULL,
     "invalidSyntax: name.familyName: there is no such attribute"},
    {"unknown names in an extension", USER, 0, "{'" ENT "':{'zzz':1}}", NULL,
     "invalidSyntax: " ENT ": zzz: there is no such attribute"},
    {"unknown names in a complex attribute", USER, 0, "{'name':{'nick':1}}", NULL,
     "invalidSyntax: name: nick: there is no such attribute"},
    {"dotted keys of what is dropped or unknown", USER, SCIM_TOLERATE_ALL,
     "{'name.formatted':'B','meta.version':1,'manager.value':'1','x.y':2,"
     "'emails.value':'a','" ENT ":nothing':1,'a[b':1}",
     "{}", NULL},
    {"a dotted key for what is there", USER, SCIM_TOLERATE_KEYS,
     "{'name':{'givenName':'A'},'name.givenName':'B'}", NULL,
     "invalidSyntax: name.givenName: named twice"},
    {"a dotted key below null", USER, SCIM_TOLERATE_KEYS,
     "{'name':null,'name.givenName':'B'}", NULL, "invalidSyntax: name.givenName"},
    {"a URN key below null", USER, SCIM_TOLERATE_KEYS,
     "{'" ENT "':null,'" ENT ":department':'B'}", NULL, "invalidSyntax: " ENT},
    {"core attributes wrapped in their URN", USER, 0,
     "{'" SCIM_URN_USER "':{'title':'T'},'userName':'u'}",
     "{'title':'T','userName':'u'}", NULL},
    {"length in characters: just right", &thing, 0,
     "{'tags':['\xc3\xa4\xc3\xb6\xc3\xbc!']}", "{'tags':['\xc3\xa4\xc3\xb6\xc3\xbc!']}",
     NULL},
    {"length in characters: too long", &thing, 0, "{'tags':['abcde']}", NULL,
     "invalidValue: tags: 'abcde' is not valid, a string of at most 4 characters"},
    {"every kind", &thing, 0,
     "{'serial':7,'weight':1,'built':'2026-11-21','home':'x','picture':'QQ=='}",
     "{'serial':7,'weight':1,'built':'2026-11-21','home':'x','picture':'QQ=='}", NULL},
    {"no integer", &thing, 0, "{'serial':7.5}", NULL, "invalidValue: serial: 7.5"},
    {"no number", &thing, 0, "{'weight':'7'}", NULL, "invalidValue: weight: '7'"},
    {"no time", &thing, 0, "{'built':'yesterday'}", NULL,
     "invalidValue: built: 'yesterday'"},
    {"no URI", &thing, 0, "{'home':{}}", NULL, "invalidValue: home: {}"},
    {"no binary", &thing, 0, "{'picture':1}", NULL, "invalidValue: picture: 1"},
    {"a secret is not shown", &thing, 0, "{'pin':'12345'}", NULL,
     "invalidValue: pin: the value sent is not valid"},
    {"a secret of another kind neither", USER, 0, "{'password':{'a':1}}", NULL,
     "invalidValue: password: the value sent is not valid"},
    {"a long value is cut at a character", USER, 0,
     "{'active':'"
     "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
     "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
     "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
     "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
     "\xc3\xa4\xc3\xa4\xc3\xa4'}",
     NULL, "invalidValue: \xc3\xa4... is not valid"},
};

static void test_read(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof reads / sizeof *reads; i++) {
        const json_t *body = json_of(p, reads[i].body);
        const char *before = base_json_text(p, body, NULL);
        json_t *resource = NULL;
        const scim_error_t *error =
            scim_resource_read(p, reads[i].type, body, reads[i].tolerance, &resource);

        if (reads[i].error) {
            is_error(p, error, reads[i].error, reads[i].name);
        }
        else {
            is_json(p, error ? NULL : resource, reads[i].want, reads[i].name);
        }
        if (strcmp(base_json_text(p, body, NULL), before) != 0) {
            ok(0, "the body is not changed");
        }
    }
}

static const struct {
    const char *name;
    const scim_type_t *type;
    const char *current; /* NULL: a create */
    const char *resource;
    const char *want;
    const char *error;
} finishes[] = {
    {"what is unassigned goes", USER, NULL,
     "{'userName':'u','name':{'givenName':'A','familyName':''},'title':null,'emails':[]"
     ","
     "'addresses':[{'type':'work','country':null,'region':''}],'active':false,"
     "'phoneNumbers':[{'type':'mobile','primary':true},{'type':'work','value':'1'}],"
     "'" ENT "':{'department':null}}",
     "{'userName':'u','name':{'givenName':'A'},'active':false,"
     "'phoneNumbers':[{'type':'work','value':'1'}]}",
     NULL},
    {"a required attribute", USER, NULL, "{'name':{'givenName':'A'}}", NULL,
     "invalidValue: userName: required"},
    {"a required attribute that is empty", USER, NULL,
     "{'userName':'','name':{'givenName':'A'}}", NULL,
     "invalidValue: userName: required"},
    {"a required complex attribute", USER, NULL, "{'userName':'u'}", NULL,
     "invalidValue: name: required"},
    {"a required sub-attribute", USER, NULL,
     "{'userName':'u','name':{'familyName':'B'}}", NULL,
     "invalidValue: name.givenName: required"},
    {"a required sub-attribute of an element", &thing, NULL,
     "{'parts':[{'value':'1'},{'color':'red'}]}", NULL,
     "invalidValue: parts.value: required"},
    {"a required attribute of an extension that is there", &thing, NULL,
     "{'urn:test:Extra':{'room':'1'}}", NULL,
     "invalidValue: urn:test:Extra:owner: required"},
    {"and of one that is not", &thing, NULL, "{'urn:test:Extra':{'room':''}}", "{}",
     NULL},
    {"a change takes a required attribute away", USER,
     "{'userName':'u','name':{'givenName':'A','familyName':'B'}}",
     "{'userName':'u','name':{'givenName':'','familyName':'B'}}", NULL,
     "invalidValue: name.givenName: required"},
    {"it was missing before the change", USER, "{'userName':'u','active':true}",
     "{'userName':'u','active':false}", "{'userName':'u','active':false}", NULL},
};

static void test_finish(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof finishes / sizeof *finishes; i++) {
        json_t *resource = json_of(p, finishes[i].resource);
        const scim_error_t *error =
            finishes[i].current
                ? scim_resource_settle(p, finishes[i].type,
                                       json_of(p, finishes[i].current), resource)
                : scim_resource_finish(p, finishes[i].type, resource);

        if (finishes[i].error) {
            is_error(p, error, finishes[i].error, finishes[i].name);
        }
        else {
            is_json(p, error ? NULL : resource, finishes[i].want, finishes[i].name);
        }
    }
}

static const struct {
    const char *name;
    const scim_type_t *type;
    const char *current, *body, *want, *error;
} replaces[] = {
    {"what is omitted stays", USER,
     "{'id':'1','externalId':'e','userName':'u','title':'T','name':{'givenName':'A',"
     "'familyName':'B','formatted':'A B'},'" ENT "':{'department':'D'}}",
     "{'userName':'v','name':{'givenName':'C'}}",
     "{'id':'1','externalId':'e','userName':'v','title':'T','name':{'givenName':'C',"
     "'familyName':'B','formatted':'A B'},'" ENT "':{'department':'D'}}",
     NULL},
    {"what is null or empty is to go", USER,
     "{'title':'T','externalId':'e','emails':[{'value':'a'}],'" ENT
     "':{'department':'D'}}",
     "{'title':null,'externalId':'','emails':[],'" ENT "':null}",
     "{'title':null,'externalId':'','emails':[],'" ENT "':null}", NULL},
    {"a multi-valued attribute is replaced", USER,
     "{'phoneNumbers':[{'type':'work','value':'1'},{'type':'mobile','value':'2'}]}",
     "{'phoneNumbers':[{'type':'mobile','value':'3'}]}",
     "{'phoneNumbers':[{'type':'mobile','value':'3'}]}", NULL},
    {"an extension is added", USER, "{'userName':'u'}",
     "{'" ENT "':{'department':'D'}}", "{'userName':'u','" ENT "':{'department':'D'}}",
     NULL},
    {"an extension is merged", &thing, "{'urn:test:Extra':{'owner':'o','room':'1'}}",
     "{'urn:test:Extra':{'room':'2'}}", "{'urn:test:Extra':{'owner':'o','room':'2'}}",
     NULL},
    {"an immutable attribute may be repeated", &thing, "{'serial':1}", "{'serial':1}",
     "{'serial':1}", NULL},
    {"or set", &thing, "{}", "{'serial':1}", "{'serial':1}", NULL},
    {"but not changed", &thing, "{'serial':1}", "{'serial':2}", NULL,
     "mutability: serial: immutable"},
};

static void test_replace(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof replaces / sizeof *replaces; i++) {
        const json_t *current = json_of(p, replaces[i].current);
        json_t *desired;
        const scim_error_t *error = scim_resource_replace(
            p, replaces[i].type, current, json_of(p, replaces[i].body), &desired);

        if (replaces[i].error) {
            is_error(p, error, replaces[i].error, replaces[i].name);
        }
        else {
            is_json(p, error ? NULL : desired, replaces[i].want, replaces[i].name);
        }
        is_json(p, current, replaces[i].current, "the current resource is not changed");
    }
}

#define DOCUMENT                                                                       \
    "{'schemas':['s'],'id':'1','userName':'u','name':{'givenName':'A','familyName':"   \
    "'B'},'emails':[{'value':'a','type':'work'},{'value':'b'}],'title':'T',"           \
    "'" ENT "':{'department':'D'},'meta':{'resourceType':'User','location':'"
#define BASE "https://x/\xc3\xa4\"s"
#define ALWAYS "'schemas':['s'],'id':'1'"

static const struct {
    const char *name, *attributes, *excluded, *want;
} projections[] = {
    {"an attribute", "userName", NULL, "{" ALWAYS ",'userName':'u'}"},
    {"in any letter case, with blanks", " USERNAME , title,", NULL,
     "{" ALWAYS ",'userName':'u','title':'T'}"},
    {"sub-attributes", "name.givenName,emails.TYPE", NULL,
     "{" ALWAYS ",'name':{'givenName':'A'},'emails':[{'type':'work'}]}"},
    {"an attribute and a part of it", "name.givenName,name", NULL,
     "{" ALWAYS ",'name':{'givenName':'A','familyName':'B'}}"},
    {"qualified", SCIM_URN_USER ":title," ENT ":department", NULL,
     "{" ALWAYS ",'title':'T','" ENT "':{'department':'D'}}"},
    {"a whole extension", ENT, NULL, "{" ALWAYS ",'" ENT "':{'department':'D'}}"},
    {"the whole core", SCIM_URN_USER, NULL,
     "{" ALWAYS ",'userName':'u','name':{'givenName':'A','familyName':'B'},'emails':[{"
     "'value':'a','type':'work'},{'value':'b'}],'title':'T','meta':{'resourceType':"
     "'User','location':'https://x/\xc3\xa4\\'s/U/1'}}"},
    {"without the whole core", NULL, SCIM_URN_USER,
     "{" ALWAYS ",'" ENT "':{'department':'D'}}"},
    {"meta", "meta", NULL,
     "{" ALWAYS
     ",'meta':{'resourceType':'User','location':'https://x/\xc3\xa4\\'s/U/1'}}"},
    {"a part of meta", "meta.resourceType", NULL,
     "{" ALWAYS ",'meta':{'resourceType':'User'}}"},
    {"only unknown names", "nothing,emails[type eq \"work\"]", NULL, "{" ALWAYS "}"},
    {"what is not there", "locale,name.honorificPrefix", NULL, "{" ALWAYS "}"},
    {"without attributes", NULL, "name,emails,meta," ENT,
     "{" ALWAYS ",'userName':'u','title':'T'}"},
    {"without a part", NULL, "name.givenName,emails.value,meta,title,userName," ENT,
     "{" ALWAYS ",'name':{'familyName':'B'},'emails':[{'type':'work'}]}"},
    {"without what is always returned", NULL,
     "id,schemas,userName,name,emails,title,meta,unknown," ENT ":department",
     "{" ALWAYS "}"},
};

static void test_projection(apr_pool_t *p)
{
    const char *head = quoted(p, DOCUMENT);
    scim_record_t record;
    size_t i;

    record.text = apr_pstrcat(p, head, "/U/1\"}}", NULL);
    record.len = strlen(record.text);
    record.mark = strlen(head);
    for (i = 0; i < sizeof projections / sizeof *projections; i++) {
        const scim_projection_t *projection;
        const char *text = NULL;
        apr_size_t len = 0;
        const scim_error_t *error = scim_projection_read(
            p, USER, projections[i].attributes, projections[i].excluded, &projection);

        if (!error) {
            error =
                scim_resource_project(p, USER, &record, BASE, projection, &text, &len);
        }
        is_json(p, error ? NULL : base_json_parse(p, text, len, 9, 0, NULL),
                projections[i].want, projections[i].name);
    }
}

static void test_projection_rest(apr_pool_t *p)
{
    const char *whole =
        quoted(p, "{'id':'1','hidden':'h','label':'l','pin':'p','parts':"
                  "[{'value':'v','secret':'s'}],'x':'/T/1'}");
    const scim_record_t record = {whole, strlen(whole), strlen(whole) - 6, NULL};
    const scim_projection_t *projection;
    const char *text, *names = "a";
    apr_size_t len;
    int i;

    for (i = 1; i < SCIM_PROJECTION_MAX_NAMES; i++) {
        names = apr_pstrcat(p, names, ",a", NULL);
    }
    ok(!scim_projection_read(p, USER, NULL, names, &projection), "many names");
    is_error(p,
             scim_projection_read(p, USER, apr_pstrcat(p, names, ",a", NULL), NULL,
                                  &projection),
             "invalidValue: attributes: at most 200 names", "one too many");
    ok(!scim_projection_read(p, USER, NULL, NULL, &projection) && !projection,
       "nothing is asked");
    ok(!scim_projection_read(p, USER, "", "", &projection) && !projection,
       "nothing is asked in empty words");
    is_error(p, scim_projection_read(p, USER, "a", "b", &projection),
             "invalidValue: attributes and excludedAttributes", "both at once");

    scim_projection_read(p, &thing, NULL, "weight", &projection);
    scim_resource_project(p, &thing, &record, "", projection, &text, &len);
    is_json(p, json_of(p, text), "{'id':'1','label':'l','parts':[{'value':'v'}]}",
            "returned by default or always, not on request or never");
    scim_projection_read(p, &thing, "hidden,pin,parts.secret", NULL, &projection);
    scim_resource_project(p, &thing, &record, "", projection, &text, &len);
    is_json(p, json_of(p, text),
            "{'id':'1','hidden':'h','label':'l','parts':[{'secret':'s'}]}",
            "returned on request or always, never what is never");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_read(p);
    test_finish(p);
    test_replace(p);
    test_projection(p);
    test_projection_rest(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
