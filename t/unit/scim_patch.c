#include <apr_general.h>

#include "scim_json.h"
#include "scim_patch.h"
#include "scim_resource.h"

#define ENT SCIM_URN_ENTERPRISE_USER
#define OP "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define ALL SCIM_TOLERATE_ALL
#define WORK "[type eq \\'work\\']"
#define MOBILE "[type eq \\'mobile\\']"

/* Whom the cases patch, unless they say otherwise. */
#define ANN                                                                            \
    "{'id':'1','userName':'ann@x','title':'T','active':true,"                          \
    "'name':{'givenName':'Ann','familyName':'B'},"                                     \
    "'emails':[{'type':'work','value':'ann@x','primary':true}],"                       \
    "'phoneNumbers':[{'type':'work','value':'1'},{'type':'mobile','value':'2'}],"      \
    "'" ENT "':{'department':'D'}}"

/* What the operations make of some attributes of Ann: members that the result has
 * (null: has not), the others being as they were. */
static const struct {
    const char *name;
    unsigned tolerance;
    const char *operations;
    const char *want;
    const char *error;
} cases[] = {
    /* RFC 7644 section 3.5.2.1 */
    {"add a value", 0, "[{'op':'add','path':'locale','value':'en-US'}]",
     "{'locale':'en-US'}", NULL},
    {"add over a value", 0, "[{'op':'add','path':'title','value':'U'}]",
     "{'title':'U'}", NULL},
    {"add a sub-attribute", 0, "[{'op':'add','path':'name.familyName','value':'C'}]",
     "{'name':{'givenName':'Ann','familyName':'C'}}", NULL},
    {"add members to a complex value", 0,
     "[{'op':'add','path':'name','value':{'FamilyName':'C'}}]",
     "{'name':{'givenName':'Ann','familyName':'C'}}", NULL},
    {"add members without a path", 0,
     "[{'op':'add','value':{'locale':'de','emails':[{'value':'c@x','type':'home'}]}}]",
     "{'locale':'de','emails':[{'type':'work','value':'ann@x','primary':true},"
     "{'value':'c@x','type':'home'}]}",
     NULL},
    {"add an element", 0,
     "[{'op':'add','path':'phoneNumbers','value':[{'type':'other','value':'3'}]}]",
     "{'phoneNumbers':[{'type':'work','value':'1'},{'type':'mobile','value':'2'},"
     "{'type':'other','value':'3'}]}",
     NULL},
    {"add an element that is not wrapped", 0,
     "[{'op':'add','path':'phoneNumbers','value':{'type':'other','value':'3'}}]",
     "{'phoneNumbers':[{'type':'work','value':'1'},{'type':'mobile','value':'2'},"
     "{'type':'other','value':'3'}]}",
     NULL},
    {"add an element that is there", 0,
     "[{'op':'add','path':'phoneNumbers','value':[{'value':'1'},{'type':'mobile',"
     "'value':'2'}]}]",
     "{}", NULL},
    {"add to an element that is there", 0,
     "[{'op':'add','path':'emails','value':[{'value':'ann@x','primary':false}]}]",
     "{'emails':[{'type':'work','value':'ann@x','primary':false}]}", NULL},
    {"the same value with another type is another element", 0,
     "[{'op':'add','path':'phoneNumbers','value':[{'type':'mobile','value':'1'}]}]",
     "{'phoneNumbers':[{'type':'work','value':'1'},{'type':'mobile','value':'2'},"
     "{'type':'mobile','value':'1'}]}",
     NULL},
    {"elements without a value are the same when all of one is in the other", 0,
     "[{'op':'add','path':'addresses','value':[{'locality':'X','region':'Y'}]},"
     "{'op':'add','path':'addresses','value':[{'type':'work','locality':'X'}]},"
     "{'op':'add','path':'addresses','value':[{'type':'work','locality':'Z'}]}]",
     "{'addresses':[{'type':'work','locality':'X','region':'Y'},"
     "{'type':'work','locality':'Z'}]}",
     NULL},
    {"add nothing", 0,
     "[{'op':'add','path':'title','value':''},{'op':'add','path':'emails','value':[]},"
     "{'op':'add','value':{'title':null,'name':{'familyName':null}}},"
     "{'op':'add','path':'addresses" WORK ".region','value':''}]",
     "{}", NULL},
    {"a new primary value takes that from the old one", 0,
     "[{'op':'add','path':'emails','value':[{'value':'c@x','type':'home',"
     "'primary':true}]}]",
     "{'emails':[{'type':'work','value':'ann@x','primary':false},{'value':'c@x',"
     "'type':'home','primary':true}]}",
     NULL},
    {"primary by a valuePath", 0,
     "[{'op':'add','path':'emails','value':[{'value':'c@x','type':'home'}]},"
     "{'op':'replace','path':'emails[value eq \\'c@x\\'].primary','value':true}]",
     "{'emails':[{'type':'work','value':'ann@x','primary':false},{'value':'c@x',"
     "'type':'home','primary':true}]}",
     NULL},

    /* Section 3.5.2.2 */
    {"remove a value", 0, "[{'op':'remove','path':'title'}]", "{'title':null}", NULL},
    {"remove what is not there", 0,
     "[{'op':'remove','path':'locale'},{'op':'remove','path':'addresses'},"
     "{'op':'remove','path':'addresses" WORK "'},"
     "{'op':'remove','path':'phoneNumbers[value eq \\'9\\']'},"
     "{'op':'remove','path':'phoneNumbers[value eq \\'9\\'].value'}]",
     "{}", NULL},
    {"remove a sub-attribute", 0, "[{'op':'remove','path':'name.familyName'}]",
     "{'name':{'givenName':'Ann'}}", NULL},
    {"remove all values", 0, "[{'op':'remove','path':'phoneNumbers'}]",
     "{'phoneNumbers':null}", NULL},
    {"remove some values", 0, "[{'op':'remove','path':'phoneNumbers" MOBILE "'}]",
     "{'phoneNumbers':[{'type':'work','value':'1'}]}", NULL},
    {"remove the last value", 0, "[{'op':'remove','path':'phoneNumbers[value pr]'}]",
     "{'phoneNumbers':null}", NULL},
    {"remove a sub-attribute of some values", 0,
     "[{'op':'add','path':'addresses" WORK "','value':{'region':'R','country':'C'}},"
     "{'op':'remove','path':'addresses" WORK ".region'}]",
     "{'addresses':[{'type':'work','country':'C'}]}", NULL},
    {"remove an attribute of an extension", 0,
     "[{'op':'remove','path':'" ENT ":department'}]", "{'" ENT "':null}", NULL},
    {"remove an extension", 0, "[{'op':'remove','path':'" ENT "'}]", "{'" ENT "':null}",
     NULL},
    {"remove without a path", 0, "[{'op':'remove'}]", NULL,
     "noTarget: operation 1 (remove): a path is needed"},
    {"remove listed values", 0,
     "[{'op':'remove','path':'phoneNumbers','value':[{'$ref':null,'value':'1'}]}]",
     "{'phoneNumbers':[{'type':'mobile','value':'2'}]}", NULL},
    {"remove listed values: bare, and in any letter case", 0,
     "[{'op':'remove','path':'emails','value':'ANN@X'},"
     "{'op':'remove','path':'phoneNumbers','value':['2','3',{'VALUE':'1'}]}]",
     "{'emails':null,'phoneNumbers':null}", NULL},
    {"remove listed elements that have no value", 0,
     "[{'op':'add','path':'addresses','value':[{'region':'R'},{'region':'S'}]},"
     "{'op':'remove','path':'addresses','value':[{'region':'S'},{}]}]",
     "{'addresses':[{'type':'work','region':'R'}]}", NULL},
    {"remove no listed value", 0,
     "[{'op':'remove','path':'phoneNumbers','value':[]},"
     "{'op':'remove','path':'phoneNumbers','value':[{'value':'9'}]}]",
     "{}", NULL},
    {"a null value lists nothing: remove all", 0,
     "[{'op':'remove','path':'phoneNumbers','value':null}]", "{'phoneNumbers':null}",
     NULL},

    /* Section 3.5.2.3 */
    {"replace a value", 0, "[{'op':'replace','path':'TITLE','value':'U'}]",
     "{'title':'U'}", NULL},
    {"replace a value that is not there", 0,
     "[{'op':'replace','path':'locale','value':'de'},"
     "{'op':'replace','path':'emails.display','value':'x'}]",
     "{'locale':'de'}", NULL},
    {"replace members of a complex value", 0,
     "[{'op':'replace','path':'name','value':{'givenName':'Eve'}}]",
     "{'name':{'givenName':'Eve','familyName':'B'}}", NULL},
    {"replace all values", 0,
     "[{'op':'replace','path':'phoneNumbers','value':[{'value':'3'}]}]",
     "{'phoneNumbers':[{'type':'work','value':'3'}]}", NULL},
    {"replace the elements that match", 0,
     "[{'op':'add','path':'addresses','value':[{'region':'R','country':'C'}]},"
     "{'op':'replace','path':'addresses" WORK "','value':{'region':'S'}},"
     "{'op':'replace','path':'phoneNumbers" MOBILE "','value':[{'value':'9'}]}]",
     "{'addresses':[{'type':'work','region':'S'}],"
     "'phoneNumbers':[{'type':'work','value':'1'},{'type':'mobile','value':'9'}]}",
     NULL},
    {"replace a sub-attribute of the elements that match", 0,
     "[{'op':'replace','path':'phoneNumbers[value pr].value','value':'9'}]",
     "{'phoneNumbers':[{'type':'work','value':'9'},{'type':'mobile','value':'9'}]}",
     NULL},
    {"replace a sub-attribute of all elements", 0,
     "[{'op':'replace','path':'phoneNumbers.value','value':'9'}]",
     "{'phoneNumbers':[{'type':'work','value':'9'},{'type':'mobile','value':'9'}]}",
     NULL},
    {"replace a sub-attribute of elements that are not there: as add", 0,
     "[{'op':'replace','path':'addresses.region','value':'R'}]",
     "{'addresses':[{'type':'work','region':'R'}]}", NULL},
    {"replace by nothing", 0,
     "[{'op':'replace','path':'title','value':null},"
     "{'op':'replace','path':'name.familyName','value':''},"
     "{'op':'replace','path':'emails','value':[]},"
     "{'op':'replace','path':'phoneNumbers" MOBILE "','value':null},"
     "{'op':'replace','path':'phoneNumbers" WORK ".value','value':''},"
     "{'op':'replace','path':'" ENT "','value':null}]",
     "{'title':null,'name':{'givenName':'Ann'},'emails':null,'phoneNumbers':null,"
     "'" ENT "':null}",
     NULL},
    {"replace where the filter matches nothing", 0,
     "[{'op':'replace','path':'addresses" WORK ".region','value':'R'}]", NULL,
     "noTarget: operation 1 (replace addresses[type eq 'work'].region): no value of "
     "addresses passes"},
    {"replace whole elements where the filter matches nothing", ALL,
     "[{'op':'replace','path':'addresses" WORK "','value':{'region':'R'}}]", NULL,
     "noTarget: "},
    {"it may create them", SCIM_PATCH_CREATES,
     "[{'op':'replace','path':'addresses" WORK ".region','value':'R'},"
     "{'op':'replace','path':'phoneNumbers[type eq "
     "\\'other\\']','value':{'value':'3'}},"
     "{'op':'replace','path':'phoneNumbers[type eq \\'fax\\']','value':null}]",
     "{'addresses':[{'type':'work','region':'R'}],'phoneNumbers':[{'type':'work',"
     "'value':'1'},{'type':'mobile','value':'2'},{'type':'other','value':'3'}]}",
     NULL},

    /* Elements that an add by valuePath makes */
    {"several adds make one element", ALL,
     "[{'op':'Add','path':'addresses" WORK ".streetAddress','value':'1 Main St'},"
     "{'op':'Add','path':'addresses" WORK ".locality','value':'Denver'},"
     "{'op':'Add','path':'addresses" WORK ".country','value':'US'}]",
     "{'addresses':[{'type':'work','streetAddress':'1 Main St','locality':'Denver',"
     "'country':'US'}]}",
     NULL},
    {"the element has all that the filter says", 0,
     "[{'op':'add','path':'phoneNumbers[type eq \\'Other\\' and primary eq "
     "true].value',"
     "'value':'3'}]",
     "{'phoneNumbers':[{'type':'work','value':'1'},{'type':'mobile','value':'2'},"
     "{'type':'other','primary':true,'value':'3'}]}",
     NULL},
    {"add whole elements by a valuePath", 0,
     "[{'op':'add','path':'addresses" WORK "','value':{'region':'R'}},"
     "{'op':'add','path':'addresses" WORK "','value':{'country':'C'}}]",
     "{'addresses':[{'type':'work','region':'R','country':'C'}]}", NULL},
    {"a filter that does not say what to make", 0,
     "[{'op':'add','path':'addresses[region sw \\'X\\'].country','value':'C'}]", NULL,
     "noTarget: operation 1 (add addresses[region sw 'X'].country): no value of "
     "addresses passes the filter, and the filter does not say"},

    /* Keys of an object in place of paths */
    {"dotted, valuePath and URN keys", ALL,
     "[{'op':'replace','value':{'name.givenName':'Eve','active':'False',"
     "'phoneNumbers" MOBILE ".value':'9','" ENT ":department':'E'}}]",
     "{'name':{'givenName':'Eve','familyName':'B'},'active':false,"
     "'phoneNumbers':[{'type':'work','value':'1'},{'type':'mobile','value':'9'}],"
     "'" ENT "':{'department':'E'}}",
     NULL},
    {"an extension's object", 0,
     "[{'op':'replace','value':{'" ENT
     "':{'department':'E','manager':{'value':'7'}}}}]",
     "{'" ENT "':{'department':'E'}}", NULL},
    {"an extension by its path", 0,
     "[{'op':'add','path':'" ENT "','value':{'DEPARTMENT':'E'}}]",
     "{'" ENT "':{'department':'E'}}", NULL},
    {"an extension by its path, no object", 0,
     "[{'op':'add','path':'" ENT "','value':'E'}]", NULL,
     "invalidValue: operation 1 (add " ENT "): " ENT ": 'E' is not valid"},
    {"core attributes below their URN", 0,
     "[{'op':'replace','value':{'" SCIM_URN_USER "':{'title':'U'}}}]", "{'title':'U'}",
     NULL},
    {"keys are only names when not tolerated", 0,
     "[{'op':'replace','value':{'name.givenName':'Eve','title':'U'}}]", NULL,
     "invalidSyntax: operation 1 (replace): name.givenName: there is no such"},
    {"nor has an extension more than its schema", 0,
     "[{'op':'replace','value':{'" ENT "':{'zzz':1}}}]", NULL,
     "invalidSyntax: operation 1 (replace): " ENT ": zzz: there is no such"},
    {"unknown and readOnly members are dropped", ALL,
     "[{'op':'replace','value':{'id':'2','schemas':[],'meta':{},'groups':[],"
     "'unknown':1,'x.y':1,'urn:x:y':1,'nickName':5,'displayName':'D','" ENT
     "':{'zzz':1}}}]",
     "{}", NULL},
    {"a key that is a bad path", ALL,
     "[{'op':'replace','value':{'emails[type eq':'x'}}]", NULL, "invalidFilter: "},
    {"a key with a bad value", ALL, "[{'op':'replace','value':{'name.givenName':5}}]",
     NULL, "invalidValue: operation 1 (replace): name.givenName: 5 is not valid"},

    /* What identity providers send */
    {"ops and members in any letter case", ALL,
     "[{'OP':'ADD','Path':'title','VALUE':'U'},{'op':'Remove','path':'" ENT
     ":department'}]",
     "{'title':'U','" ENT "':null}", NULL},
    {"op in another letter case, not tolerated", 0,
     "[{'op':'Add','path':'title','value':'U'}]", NULL,
     "invalidSyntax: operation 1: op: 'Add' is not valid"},
    {"string booleans", ALL, "[{'op':'Replace','path':'active','value':'False'}]",
     "{'active':false}", NULL},
    {"string booleans, not tolerated", 0,
     "[{'op':'replace','path':'active','value':'False'}]", NULL,
     "invalidValue: operation 1 (replace active): active: 'False' is not valid"},
    {"an empty path is none", ALL,
     "[{'op':'replace','path':'','value':{'active':false}},"
     "{'op':'replace','path':null,'value':{'title':'U'}}]",
     "{'active':false,'title':'U'}", NULL},
    {"a password", 0, "[{'op':'replace','value':{'password':'secret'}}]",
     "{'password':'secret'}", NULL},
    {"what has no place is taken and dropped", ALL,
     "[{'op':'add','path':'nickName','value':'N'},"
     "{'op':'add','path':'roles[primary eq \\'True\\'].value','value':'r'},"
     "{'op':'replace','path':'" ENT ":manager','value':'271'},"
     "{'op':'replace','path':'" ENT ":manager.displayName','value':'M'},"
     "{'op':'replace','path':'displayName','value':'D'},"
     "{'op':'replace','path':'name.formatted','value':'F'},"
     "{'op':'remove','path':'ims'},{'op':'remove','path':'name.formatted'}]",
     "{}", NULL},

    /* Errors */
    {"readOnly", 0, "[{'op':'replace','path':'id','value':'2'}]", NULL,
     "mutability: operation 1 (replace id): id: read-only"},
    {"readOnly inside", 0, "[{'op':'remove','path':'meta.created'}]", NULL,
     "mutability: operation 1 (remove meta.created): meta.created: read-only"},
    {"readOnly without a place", 0, "[{'op':'add','path':'groups','value':[]}]", NULL,
     "mutability: "},
    {"readOnly made of others, strictly", 0,
     "[{'op':'replace','path':'displayName','value':'D'}]", NULL,
     "mutability: operation 1 (replace displayName): displayName: read-only"},
    {"schemas", 0, "[{'op':'add','path':'schemas','value':['x']}]", NULL,
     "mutability: "},
    {"the second operation, so none", 0,
     "[{'op':'replace','path':'title','value':'U'},"
     "{'op':'replace','path':'id','value':'2'}]",
     NULL, "mutability: operation 2 (replace id)"},
    {"an unknown attribute", ALL, "[{'op':'add','path':'nope','value':1}]", NULL,
     "invalidPath: operation 1 (add nope): "},
    {"an unknown sub-attribute", ALL, "[{'op':'add','path':'name.nope','value':1}]",
     NULL, "invalidPath: "},
    {"a malformed path", ALL, "[{'op':'add','path':'emails" WORK ".','value':1}]", NULL,
     "invalidPath: "},
    {"a malformed filter", ALL, "[{'op':'add','path':'emails[type eq','value':1}]",
     NULL, "invalidFilter: "},
    {"a path that is no string", ALL, "[{'op':'add','path':['title'],'value':1}]", NULL,
     "invalidPath: operation 1 (add): path: ['title'] is not valid"},
    {"an unknown op", ALL, "[{'op':'move','path':'title','value':1}]", NULL,
     "invalidSyntax: operation 1: op: 'move' is not valid"},
    {"no op", ALL, "[{'path':'title','value':1}]", NULL,
     "invalidSyntax: operation 1: op: nothing is not valid"},
    {"an op that is no string", ALL, "[{'op':1}]", NULL,
     "invalidSyntax: operation 1: op: 1 is not valid"},
    {"an operation that is no object", ALL, "['add']", NULL,
     "invalidSyntax: operation 1"},
    {"add without a value", ALL, "[{'op':'add','path':'title'}]", NULL,
     "invalidValue: operation 1 (add title): value: missing"},
    {"replace without a value", ALL, "[{'op':'replace'}]", NULL,
     "invalidValue: operation 1 (replace): value: missing"},
    {"no path and no object", ALL, "[{'op':'replace','value':[1]}]", NULL,
     "invalidValue: operation 1 (replace): value: [1] is not valid"},
    {"a value of the wrong kind", ALL, "[{'op':'add','path':'emails','value':['x']}]",
     NULL, "invalidValue: operation 1 (add emails): emails: 'x' is not valid"},
    {"a value of the wrong kind for an element", ALL,
     "[{'op':'add','path':'emails" WORK "','value':'x'}]", NULL,
     "invalidValue: operation 1 (add emails[type eq 'work']): emails: 'x'"},
    {"a value of the wrong kind for a sub-attribute", ALL,
     "[{'op':'add','path':'emails" WORK ".value','value':{}}]", NULL,
     "invalidValue: operation 1 (add emails[type eq 'work'].value): emails.value: {}"},
    {"no operations", ALL, "[]", NULL, "invalidSyntax: Operations: "},
    {"operations that are no array", ALL, "{}", NULL, "invalidSyntax: Operations: "},
};

/* Ann with the members of `want` in place of her own; null takes one away. */
static json_t *expected(apr_pool_t *p, const char *want)
{
    json_t *result = json_of(p, ANN), *members = json_of(p, want), *value;
    const char *name;

    json_object_foreach(members, name, value)
    {
        if (json_is_null(value)) {
            json_object_del(result, name);
        }
        else {
            json_object_set(result, name, value);
        }
    }
    return result;
}

static void test_cases(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const json_t *current = json_of(p, ANN);
        const json_t *body =
            json_of(p, apr_psprintf(p, "{'schemas':['" OP "'],'Operations':%s}",
                                    cases[i].operations));
        json_t *desired = NULL;
        const scim_error_t *error = scim_patch_apply(p, &scim_type_user, current, body,
                                                     cases[i].tolerance, &desired);

        if (cases[i].error) {
            is_error(p, error, cases[i].error, cases[i].name);
        }
        else {
            if (!error) {
                error = scim_resource_finish(p, &scim_type_user, desired);
            }
            is_json(p, error ? NULL : desired,
                    base_json_text(p, expected(p, cases[i].want), NULL), cases[i].name);
            if (error) {
                printf("#   %s\n", error->detail);
            }
        }
        if (!json_equal(current, json_of(p, ANN))) {
            ok(0, "the current resource is not changed");
        }
    }
}

static void test_message(apr_pool_t *p)
{
    const char *operation = "{'op':'remove','path':'title'}";
    json_t *operations = base_json_own(p, json_array()), *desired;
    json_t *body = json_of(p, "{}");
    int i;

    is_error(p,
             scim_patch_apply(p, &scim_type_user, json_of(p, ANN), json_of(p, "{}"),
                              ALL, &desired),
             "invalidSyntax: Operations: ", "no operations at all");
    is_error(
        p,
        scim_patch_apply(p, &scim_type_user, json_of(p, ANN),
                         json_of(p, "{'schemas':['x'],'Operations':[{'op':'remove',"
                                    "'path':'title'}]}"),
                         0, &desired),
        "invalidSyntax: schemas: ", "no PatchOp, strictly");
    ok(!scim_patch_apply(p, &scim_type_user, json_of(p, ANN),
                         json_of(p, "{'OPERATIONS':[{'op':'remove','path':'title'}]}"),
                         ALL, &desired) &&
           !json_object_get(desired, "title"),
       "no PatchOp, tolerated");

    for (i = 0; i < SCIM_PATCH_MAX_OPERATIONS; i++) {
        json_array_append(operations, json_of(p, operation));
    }
    json_object_set(body, "Operations", operations);
    ok(!scim_patch_apply(p, &scim_type_user, json_of(p, ANN), body, ALL, &desired),
       "as many operations as are allowed");
    json_array_append(operations, json_of(p, operation));
    is_error(p,
             scim_patch_apply(p, &scim_type_user, json_of(p, ANN), body, ALL, &desired),
             "413: Operations: 1001 are too many", "one more");
}

/* Attributes that the User does not have: immutable, multi-valued and simple, exact. */
static const scim_attr_t member_attrs[] = {
    {.name = "value", .flags = SCIM_EXACT},
    {.name = NULL},
};
static const scim_attr_t team_attrs[] = {
    {.name = "serial", .mutability = SCIM_IMMUTABLE},
    {.name = "tags", .flags = SCIM_MULTI},
    {.name = "members", .kind = SCIM_COMPLEX, .flags = SCIM_MULTI, .sub = member_attrs},
    {.name = NULL},
};
static const scim_schema_t team_schema = {"urn:test:Team", "Team", "A team", team_attrs,
                                          scim_common_attrs};
static const scim_schema_t *const no_extensions[] = {NULL};
static const scim_type_t team = {"Team", "/Teams", "A team", &team_schema,
                                 no_extensions};

static const struct {
    const char *name, *operations, *want, *error;
} team_cases[] = {
    {"tags are added once", "[{'op':'add','path':'tags','value':['b','c']}]",
     "{'serial':'1','tags':['a','b','c'],'members':[{'value':'x'}]}", NULL},
    {"tags are removed", "[{'op':'remove','path':'tags','value':['a']}]",
     "{'serial':'1','tags':['b'],'members':[{'value':'x'}]}", NULL},
    {"another letter case is another member",
     "[{'op':'add','path':'members','value':[{'value':'X'}]},"
     "{'op':'remove','path':'members','value':[{'value':'x'}]}]",
     "{'serial':'1','tags':['a','b'],'members':[{'value':'X'}]}", NULL},
    {"an immutable attribute repeated", "[{'op':'add','path':'serial','value':'1'}]",
     "{'serial':'1','tags':['a','b'],'members':[{'value':'x'}]}", NULL},
    {"an immutable attribute changed", "[{'op':'add','path':'serial','value':'2'}]",
     NULL, "mutability: operation 1 (add serial): serial: immutable"},
};

static void test_team(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof team_cases / sizeof *team_cases; i++) {
        const json_t *body =
            json_of(p, apr_psprintf(p, "{'Operations':%s}", team_cases[i].operations));
        json_t *desired = NULL;
        const scim_error_t *error = scim_patch_apply(
            p, &team,
            json_of(p, "{'serial':'1','tags':['a','b'],'members':[{'value':'x'}]}"),
            body, ALL, &desired);

        if (team_cases[i].error) {
            is_error(p, error, team_cases[i].error, team_cases[i].name);
        }
        else {
            is_json(p, error ? NULL : desired, team_cases[i].want, team_cases[i].name);
        }
    }
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_cases(p);
    test_message(p);
    test_team(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
