#include <stdlib.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "scim_filter.h"
#include "tap.h"

#define ENT SCIM_URN_ENTERPRISE_USER

static const char *const documents[] = {
    "{\"schemas\":[\"" SCIM_URN_USER "\",\"" ENT "\"],\"id\":\"Id1\","
    "\"externalId\":\"X-1\",\"userName\":\"Ann@Example.com\","
    "\"name\":{\"givenName\":\"Ann\",\"familyName\":\"O'Malley\"},"
    "\"title\":\"Head of \\\"R&D\\\"\",\"active\":true,"
    "\"emails\":[{\"value\":\"ann@example.com\",\"type\":\"work\",\"primary\":true}],"
    "\"phoneNumbers\":[{\"value\":\"+16505550100\",\"type\":\"work\"},"
    "{\"value\":\"+16505550199\",\"type\":\"mobile\"}],"
    "\"" ENT "\":{\"department\":\"Tools\"},"
    "\"meta\":{\"resourceType\":\"User\",\"created\":\"2026-03-01T10:00:00.000Z\","
    "\"lastModified\":\"2026-03-01T10:00:00.500Z\"}}",
    "{\"schemas\":[\"" SCIM_URN_USER "\"],\"id\":\"Id2\",\"userName\":\"ben\","
    "\"name\":{\"givenName\":\"\\u00c9ric\"},\"title\":\"\",\"active\":false,"
    "\"emails\":[],\"meta\":{\"lastModified\":\"no time\"}}",
    "{\"id\":\"Id3\",\"userName\":\"cyd\",\"name\":{\"givenName\":\"E\\u0301ric\"},"
    "\"title\":null,\"emails\":[{\"type\":\"work\"},"
    "{\"value\":\"cyd@home.example\",\"type\":\"home\"}],"
    "\"phoneNumbers\":{\"value\":\"+12\",\"type\":\"work\"}}",
};
#define N_DOCUMENTS (sizeof documents / sizeof *documents)

typedef struct case_t {
    const char *filter;
    const char *matches; /* the digits of the ids that pass */
} case_t;

static const case_t matches[] = {
    /* operators on strings, letter case */
    {"userName eq \"ann@example.COM\"", "1"},
    {"USERNAME EQ \"ANN@example.com\"", "1"},
    {"userName eq \"ann\"", ""},
    {"userName eq \"ann@example.com \"", ""},
    {"userName ne \"ben\"", "13"},
    {"userName co \"EXAMPLE\"", "1"},
    {"userName co \"\"", "123"},
    {"userName sw \"aNN@\"", "1"},
    {"userName sw \"nn@\"", ""},
    {"userName ew \".COM\"", "1"},
    {"userName ew \"longer than any of them, by far\"", ""},
    {"userName gt \"BEN\"", "3"},
    {"userName ge \"ben\"", "23"},
    {"userName lt \"ben\"", "1"},
    {"userName le \"BEN\"", "12"},
    {"userName gt \"a\" and userName lt \"b\"", "1"},
    {"name.familyName co \"'m\"", "1"},
    {"title eq \"head of \\\"r&d\\\"\"", "1"},
    {"title eq \"Head\\u0020of \\\"R\\u0026D\\\"\"", "1"},
    {"userName eq \"\\u0041nn\\u0040example\\u002ecom\"", "1"},
    {"title co \"\\ud83d\\ude00\"", ""},
    {"title co \"and or ) ] [ (\"", ""},
    /* caseExact */
    {"externalId eq \"X-1\"", "1"},
    {"externalId eq \"x-1\"", ""},
    {"id eq \"Id2\"", "2"},
    {"id sw \"ID\"", ""},
    {"id sw \"Id\"", "123"},
    /* beyond ASCII: folded, and either form of an accent */
    {"name.givenName eq \"\xc3\xa9ric\"", "23"},
    {"name.givenName eq \"\\u00e9RIC\"", "23"},
    {"name.givenName eq \"e\\u0301ric\"", "23"},
    {"name.givenName sw \"\\u00c9\"", "23"},
    {"name.givenName ew \"IC\"", "23"},
    {"name.givenName ne \"\\u00c9ric\"", "1"},
    {"name.givenName eq \"eric\"", ""},
    /* present, absent, null */
    {"title pr", "1"},
    {"not (title pr)", "23"},
    {"title eq null", "23"},
    {"title ne null", "1"},
    {"title eq \"\"", ""},
    {"title ne \"x\"", "123"},
    {"title gt \"\"", "1"},
    {"name pr", "123"},
    {"name eq null", ""},
    {"emails pr", "13"},
    {"emails eq null", "2"},
    {"emails ne null", "13"},
    {"emails.value pr", "13"},
    {"emails.value eq null", "23"},
    {"phoneNumbers pr", "13"},
    {"meta pr", "12"},
    {"nickName pr", ""},
    {"nickName eq \"x\"", ""},
    {"nickName ne \"x\"", "123"},
    {"groups.display co \"x\"", ""},
    {"roles[value eq \"x\"]", ""},
    {"x509Certificates.value ne \"MII=\"", "123"},
    /* booleans */
    {"active eq true", "1"},
    {"active eq false", "2"},
    {"active ne true", "23"},
    {"active ne false", "13"},
    {"active pr", "12"},
    {"active eq null", "3"},
    /* times, not texts */
    {"meta.created eq \"2026-03-01T10:00:00Z\"", "1"},
    {"meta.created eq \"2026-03-01T11:00:00+01:00\"", "1"},
    {"meta.created ge \"2026-03-01T12:00:00+02:00\"", "1"},
    {"meta.created gt \"2026-03-01T09:59:59.999z\"", "1"},
    {"meta.created gt \"2026-03-01T10:00:00.000Z\"", ""},
    {"meta.created lt \"2026-03-01T02:00:00-09:00\"", "1"},
    {"meta.created le \"2026-02-28\"", ""},
    {"meta.lastModified gt \"2026-03-01T10:00:00Z\"", "1"},
    {"meta.lastModified ne \"2026-03-01T10:00:00.5Z\"", "23"},
    {"meta.created pr", "1"},
    {"meta.created eq null", "23"},
    {"meta.resourceType eq \"User\"", "1"},
    {"meta.resourceType eq \"user\"", ""},
    /* several values: one is enough */
    {"schemas eq \"" ENT "\"", "1"},
    {"schemas co \"core:2.0:user\"", "12"},
    {"schemas ne \"" SCIM_URN_USER "\"", "13"},
    {"schemas pr", "12"},
    {"emails eq \"ann@example.com\"", "1"},
    {"emails co \"@HOME\"", "3"},
    {"emails ne \"ann@example.com\"", "23"},
    {"emails.value ew \".com\"", "1"},
    {"emails.type eq \"work\"", "13"},
    {"phoneNumbers.value eq \"+16505550199\"", "1"},
    {"phoneNumbers.value ne \"+16505550199\"", "123"},
    {"phoneNumbers sw \"+1\"", "13"},
    /* brackets: one and the same value */
    {"emails[type eq \"work\"]", "13"},
    {"emails[type eq \"work\" and value co \"@example.com\"]", "1"},
    {"emails[type eq \"work\" and value co \"@home\"]", ""},
    {"emails.type eq \"work\" and emails.value co \"@home\"", "3"},
    {"emails[type eq \"home\" or primary eq true]", "13"},
    {"emails[not (type eq \"work\")]", "3"},
    {"emails[not (value pr)]", "3"},
    {"EMAILS [ Type eq \"work\" ]", "13"},
    {"phoneNumbers[type eq \"mobile\" and value sw \"+1650\"]", "1"},
    {"phoneNumbers[type eq \"work\"]", "13"},
    {"name[givenName eq \"ann\" and familyName pr]", "1"},
    {"userName eq \"cyd\" and emails[(type eq \"home\")]", "3"},
    /* extension */
    {ENT ":department eq \"tools\"", "1"},
    {"URN:ietf:PARAMS:scim:schemas:extension:ENTERPRISE:2.0:user:DEPARTMENT pr", "1"},
    {ENT ":department ne \"tools\"", "23"},
    {ENT ":manager.displayName pr", ""},
    {ENT ":manager eq \"1\"", ""},
    {SCIM_URN_USER ":userName eq \"ben\"", "2"},
    {SCIM_URN_USER ":name.givenName eq \"ann\"", "1"},
    {SCIM_URN_USER ":emails[type eq \"home\"]", "3"},
    /* and before or, not, groups */
    {"id eq \"Id1\" or id eq \"Id2\" and active eq true", "1"},
    {"id eq \"Id2\" and active eq true or id eq \"Id1\"", "1"},
    {"(id eq \"Id1\" or id eq \"Id2\") and active eq false", "2"},
    {"id eq \"Id1\" and (active eq false or title pr)", "1"},
    {"id eq \"Id1\" or id eq \"Id2\" or id eq \"Id3\"", "123"},
    {"id pr and active pr and title pr", "1"},
    {"id eq \"Id1\" OR id eq \"Id2\" AND NOT(active eq true)", "12"},
    {"not(id eq \"Id1\") and not (id eq \"Id2\")", "3"},
    {"not (not (id eq \"Id1\"))", "1"},
    {"not (id eq \"Id1\" or id eq \"Id2\")", "3"},
    {"not (id eq \"Id1\") or id eq \"Id1\"", "123"},
    {"(((title pr)))", "1"},
    {"( title   pr )", "1"},
    {"(id eq \"Id1\")or(id eq \"Id2\")", "12"},
    {"title pr and userName sw \"a\" and not (emails.type eq \"home\")", "1"},
    /* the location says the id */
    {"meta.location eq \"https://scim.example.com/scim/v2/Users/Id1\"", "1"},
    {"META.Location eq \"/Users/Id2\"", "2"},
    {SCIM_URN_USER ":meta.location eq \"https://a/Users/v2/Users/Id1\"", "1"},
    {"meta.location eq \"https://a/Users/Id1/\"", ""},
    {"meta.location eq \"https://a/Users/id1\"", ""},
    {"meta.location eq \"https://a/Groups/Id1\"", ""},
    {"meta.location eq \"https://a/UsersId1\"", ""},
    {"meta.location eq \"https://a/Users\"", ""},
    {"meta.location eq \"Id1\"", "1"},
    {"meta.location eq null", ""},
    {"meta.location ne \"https://a/Users/Id1\"", "23"},
    {"meta.location pr", "123"},
    {"not (meta.location eq \"https://a/Users/Id1\") and active pr", "2"},
};

/* Only for the tolerant. */
static const case_t tolerated[] = {
    {"emails[type eq \"work\"].value eq \"ANN@example.com\"", "1"},
    {"emails[type eq \"work\"].value eq \"cyd@home.example\"", ""},
    {"emails[type eq \"home\"].value ne \"x\"", "3"},
    {"emails[not (type eq \"x\")].value ne \"x\"", "13"},
    {"emails[type eq \"work\"].value pr and id pr", "1"},
    {"userName eq Ann@example.com", "1"},
    {"userName eq ann@example.com and active eq true", "1"},
    {"(userName eq ben)", "2"},
    {"emails[value eq ann@example.com]", "1"},
    {"userName eq true", ""},
    {"userName eq 12", ""},
    {"phoneNumbers.value eq +16505550199", "1"},
    {"meta.created eq 2026-03-01T10:00:00Z", "1"},
    {"title eq NULL", ""},
    {"active eq True", "1"},
    {"active eq \"False\"", "2"},
    {"emails[primary eq \"TRUE\"]", "1"},
    {"email eq \"ANN@example.com\"", "1"},
    {"EMAIL eq cyd@home.example", "3"},
    {"email co \"@\" and id pr", "13"},
    {"not (email pr)", "2"},
};

static const struct {
    const char *filter;
    const char *detail; /* behind "position " */
} errors[] = {
    {"", "1 of the filter: it ends where an attribute, 'not' or '(' should be"},
    {"  ", "3 of the filter: it ends where an attribute, 'not' or '(' should be"},
    {"userName", "9 of the filter: it ends where an operator (eq, ne, co, sw, ew, gt, "
                 "ge, lt, le and pr) should be"},
    {"userName eq", "12 of the filter: it ends where a string in double quotes should "
                    "be"},
    {"userName zz \"x\"",
     "10 of the filter: 'zz' stands where an operator (eq, ne, co, sw, ew, gt, ge, lt, "
     "le and pr) should be"},
    {"userName = \"x\"",
     "10 of the filter: '=' stands where an operator (eq, ne, co, sw, ew, gt, ge, lt, "
     "le and pr) should be"},
    {"userName \"x\"",
     "10 of the filter: '\"x\"' stands where an operator (eq, ne, co, sw, ew, gt, ge, "
     "lt, le and pr) should be"},
    {"userName eq \"x\" and",
     "20 of the filter: it ends where an attribute, 'not' or '(' should be"},
    {"userName eq \"x\" or )",
     "20 of the filter: ')' stands where an attribute, 'not' or '(' should be"},
    {"userName eq \"x\" title pr",
     "17 of the filter: 'title' stands where 'and', 'or' or the end should be"},
    {"(userName eq \"x\"",
     "17 of the filter: it ends where 'and', 'or' or ')' should be"},
    {"userName eq \"x\")",
     "16 of the filter: ')' stands where 'and', 'or' or the end should be"},
    {"userName eq \"x\"]",
     "16 of the filter: ']' stands where 'and', 'or' or the end should be"},
    {"emails[type eq \"work\"",
     "22 of the filter: it ends where 'and', 'or' or ']' should be"},
    {"emails[type eq \"work\")",
     "22 of the filter: ')' stands where 'and', 'or' or ']' should be"},
    {"(emails[type eq \"work\"]",
     "24 of the filter: it ends where 'and', 'or' or ')' should be"},
    {"not userName eq \"x\"",
     "5 of the filter: 'userName' stands where the '(' that 'not' needs should be"},
    {"not", "4 of the filter: it ends where the '(' that 'not' needs should be"},
    {"\"x\" eq userName",
     "1 of the filter: '\"x\"' stands where an attribute, 'not' or '(' should be"},
    {"()", "2 of the filter: ')' stands where an attribute, 'not' or '(' should be"},
    {"[type pr]",
     "1 of the filter: '[' stands where an attribute, 'not' or '(' should be"},
    {"userName eq \"open",
     "13 of the filter: the string that begins here has no closing quote"},
    {"userName eq \"open\\\"",
     "13 of the filter: the string that begins here has no closing quote"},
    {"userName eq \"\\x41\"", "13 of the filter: this string holds a control character "
                              "or an escape that JSON does not have"},
    {"userName eq \"\\ud83d\"", "13 of the filter: this string holds a control "
                                "character or an escape that JSON does not have"},
    {"userName eq \"\\u0000\"", "13 of the filter: this string holds a control "
                                "character or an escape that JSON does not have"},
    {"userName eq \"a\tb\"", "13 of the filter: this string holds a control character "
                             "or an escape that JSON does not have"},
    {"userName eq (x)",
     "13 of the filter: '(' stands where a string in double quotes should be"},
    {"userName eq 'x'",
     "13 of the filter: ''x'' stands where a string in double quotes should be"},
    {"userName eq x\"y\"",
     "14 of the filter: '\"y\"' stands where 'and', 'or' or the end should be"},
    {"userName gt null",
     "13 of the filter: 'null' stands where a string in double quotes should be"},
    {"nope eq \"x\"", "1 of the filter: User has no attribute 'nope'"},
    {"title pr and nope eq \"x\"", "14 of the filter: User has no attribute 'nope'"},
    {"title eq \"\xc3\xa9\xc3\xa9\" and nope pr",
     "19 of the filter: User has no attribute 'nope'"},
    {"department eq \"x\"",
     "1 of the filter: write '" ENT ":department' for this attribute"},
    {"name.nope pr", "6 of the filter: name has no sub-attribute 'nope'; there are "
                     "formatted, familyName, givenName"},
    {"name.givenName.x pr", "6 of the filter: name has no sub-attribute "
                            "'givenName.x'; there are formatted, familyName, "
                            "givenName"},
    {"userName.value eq \"x\"", "10 of the filter: userName has no sub-attribute "
                                "'value'"},
    {"urn:x:title pr",
     "1 of the filter: 'urn:x:title' begins with no schema of User; there "
     "are " SCIM_URN_USER ", " ENT},
    {ENT " pr", "1 of the filter: this is a whole schema; name an attribute of it"},
    {ENT "x:department pr",
     "1 of the filter: "
     "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:Userx:...' "
     "begins with no schema of User; there are " SCIM_URN_USER ", " ENT},
    {"active gt true",
     "8 of the filter: 'gt' cannot compare active; eq, ne and pr can"},
    {"active co \"t\"",
     "8 of the filter: 'co' cannot compare active; eq, ne and pr can"},
    {"x509Certificates.value le \"x\"",
     "24 of the filter: 'le' cannot compare value; eq, ne and pr can"},
    {"x509Certificates sw \"x\"",
     "18 of the filter: 'sw' cannot compare value; eq, ne and pr can"},
    {"meta.created co \"2026\"", "14 of the filter: 'co' cannot compare created; eq, "
                                 "ne, gt, ge, lt, le and pr can"},
    {"meta.created gt \"soon\"",
     "17 of the filter: '\"soon\"' stands where a time such "
     "as \"2026-11-21T08:15:30Z\" in double quotes should "
     "be"},
    {"meta.created gt 5", "17 of the filter: '5' stands where a time such as "
                          "\"2026-11-21T08:15:30Z\" in double quotes should be"},
    {"active eq maybe",
     "11 of the filter: 'maybe' stands where true or false should be"},
    {"active eq 1", "11 of the filter: '1' stands where true or false should be"},
    {"active eq )", "11 of the filter: ')' stands where true or false should be"},
    {"name gt \"x\"", "6 of the filter: 'gt' cannot compare all of name; name one of "
                      "its sub-attributes"},
    {"addresses co \"x\"", "11 of the filter: 'co' cannot compare all of addresses; "
                           "name one of its sub-attributes"},
    {"name eq \"x\"", "9 of the filter: '\"x\"' stands where null should be"},
    {"password eq \"x\"", "1 of the filter: password is never shown, nor searched for"},
    {"title pr or password pr",
     "13 of the filter: password is never shown, nor searched for"},
    {"title[value pr]", "6 of the filter: brackets must follow an attribute that has "
                        "sub-attributes"},
    {"emails.value[value pr]", "13 of the filter: brackets must follow an attribute "
                               "that has sub-attributes"},
    {"emails[type[value pr]]", "12 of the filter: brackets must follow an attribute "
                               "that has sub-attributes"},
    {"emails[userName pr]", "8 of the filter: emails has no sub-attribute 'userName'; "
                            "there are value, type, primary"},
    {"emails[type eq \"work\"].nope pr",
     "24 of the filter: emails has no sub-attribute 'nope'; there are value, type, "
     "primary"},
    {"emails[type eq \"work\"]value eq \"x\"",
     "23 of the filter: 'value' stands where 'and', 'or' or the end should be"},
    {"emails[type eq \"work\"].value",
     "29 of the filter: it ends where an operator (eq, ne, co, sw, ew, gt, ge, lt, le "
     "and pr) should be"},
};

/* Right for the tolerant, wrong for the strict. */
static const struct {
    const char *filter;
    unsigned need; /* which tolerance makes it right */
    const char *detail;
} strict[] = {
    {"emails[type eq \"work\"].value eq \"x\"", SCIM_TOLERATE_FILTER,
     "7 of the filter: nothing may follow the brackets; write emails[... and value eq "
     "\"...\"]"},
    {"userName eq ann", SCIM_TOLERATE_FILTER,
     "13 of the filter: 'ann' stands where a string in double quotes should be"},
    {"userName eq 12", SCIM_TOLERATE_FILTER,
     "13 of the filter: '12' stands where a string in double quotes should be"},
    {"meta.created gt 2026-03-01", SCIM_TOLERATE_FILTER,
     "17 of the filter: '2026-03-01' stands where a time such as "
     "\"2026-11-21T08:15:30Z\" in double quotes should be"},
    {"active eq \"true\"", SCIM_TOLERATE_BOOL,
     "11 of the filter: '\"true\"' stands where true or false should be"},
    {"active eq True", SCIM_TOLERATE_BOOL,
     "11 of the filter: 'True' stands where true or false should be"},
};

/* A made-up type for the kinds that users do not have. */
static const scim_attr_t seat_attrs[] = {
    {.name = "row", .description = "Row", .kind = SCIM_INTEGER},
    {.name = "price", .description = "Price", .kind = SCIM_DECIMAL},
    {.name = NULL},
};
static const scim_attr_t extra_attrs[] = {
    {.name = "seats",
     .description = "Seats",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI,
     .sub = seat_attrs},
    {.name = NULL},
};
static const scim_attr_t room_attrs[] = {
    {.name = "size", .description = "Size", .kind = SCIM_INTEGER},
    {.name = "height", .description = "Height", .kind = SCIM_DECIMAL},
    {.name = NULL},
};
static const scim_schema_t room = {"urn:test:Room", "Room", "Room", room_attrs,
                                   scim_common_attrs};
static const scim_schema_t extra = {"urn:test:Room:extra", "Extra", "Extra",
                                    extra_attrs, NULL};
static const scim_schema_t *const room_extensions[] = {&extra, NULL};
static const scim_type_t room_type = {"Room", "/Rooms", "A room", &room,
                                      room_extensions};

static const struct {
    const char *filter;
    int passes;
} rooms[] = {
    {"size eq 9007199254740993", 1},
    {"size eq 9007199254740992", 0},
    {"size gt 9007199254740992", 1},
    {"size lt 1e30", 1},
    {"height eq 2.5", 1},
    {"height eq 25e-1", 1},
    {"height ge 2.51", 0},
    {"height le 3", 1},
    {"height ne 3", 1},
    {"urn:test:Room:size pr", 1},
    {"urn:test:Room:extra:seats pr", 1},
    {"urn:test:Room:extra:seats.row eq 2", 1},
    {"urn:test:Room:extra:seats[row eq 2 and price lt -1]", 1},
    {"urn:test:Room:extra:seats[row eq 1 and price lt -1]", 0},
    {"urn:test:Room:extra:seats[row eq 1].price gt 0", 1},
};

static const struct {
    const char *filter, *name;
    const char *folded; /* of what is found, NULL: nothing */
} finds[] = {
    {"userName eq \"ANN\"", "userName", "ann"},
    {"userName eq \"ANN\"", "username", "ann"},
    {"userName eq \"ANN\"", "user", NULL},
    {"userName eq \"ANN\"", "userName.value", NULL},
    {"userName eq \"ANN\"", "id", NULL},
    {"userName ne \"ann\"", "userName", NULL},
    {"userName sw \"ann\"", "userName", NULL},
    {"userName eq null", "userName", NULL},
    {"userName pr", "userName", NULL},
    {"active eq true", "active", NULL},
    {"not (userName eq \"ann\")", "userName", NULL},
    {"userName eq \"ann\" or id pr", "userName", NULL},
    {"title pr and active eq true and externalId eq \"X\"", "externalId", "X"},
    {"externalId eq \"X\" and title pr", "externalId", "X"},
    {"(title pr and (userName eq \"b\")) and id pr", "userName", "b"},
    {"title pr and (userName eq \"a\" or userName eq \"b\")", "userName", NULL},
    {"emails.value eq \"A@b\"", "emails.value", "a@b"},
    {"emails eq \"A@b\"", "emails.value", "a@b"},
    {"emails.type eq \"work\"", "emails.value", NULL},
    {"emails[type eq \"work\"].value eq \"A@b\"", "emails.value", "a@b"},
    {"email eq \"A@b\"", "emails.value", "a@b"},
    {"meta.location eq \"https://a/Users/X1\"", "id", "X1"},
    {"meta.location sw \"https://a/Users/X1\"", "id", NULL},
    {"emails[type eq \"work\" and value eq \"A@b\"]", "emails.value", "a@b"},
    {"emails[value eq \"A@b\"].type eq \"work\"", "emails.value", "a@b"},
    {"emails[type eq \"work\" or value eq \"A@b\"]", "emails.value", NULL},
    {"phoneNumbers[value eq \"A@b\"]", "emails.value", NULL},
    {"phoneNumbers.value eq \"A@b\"", "emails.value", NULL},
    {"emails[value eq \"A@b\"]", "value", NULL},
    {"name.givenName eq \"Ann\"", "name.givenName", "ann"},
    {"name.givenName eq \"Ann\"", "name", NULL},
    {SCIM_URN_USER ":userName eq \"Ann\"", "userName", "ann"},
    {ENT ":department eq \"Tools\"", "department", NULL},
};

static const char *parse(apr_pool_t *p, const char *text, unsigned tolerance,
                         const scim_filter_t **filter)
{
    const scim_error_t *error =
        scim_filter_parse(p, &scim_type_user, text, tolerance, filter);

    return error ? error->detail : NULL;
}

static const char *run(apr_pool_t *p, const scim_filter_t *filter,
                       json_t *const documents_read[])
{
    const char *passed = "";
    size_t i;

    for (i = 0; i < N_DOCUMENTS; i++) {
        int passes = scim_filter_match(p, filter, documents_read[i]);

        if (passes) {
            passed = apr_psprintf(p, "%s%d", passed, (int)i + 1);
        }
    }
    return passed;
}

static void check_case(apr_pool_t *p, const case_t *each, unsigned tolerance,
                       json_t *const documents_read[])
{
    const scim_filter_t *filter;
    const char *detail = parse(p, each->filter, tolerance, &filter);

    if (detail) {
        is_str(detail, NULL, each->filter);
        return;
    }
    is_str(run(p, filter, documents_read), each->matches, each->filter);
}

static void check_error(apr_pool_t *p, const char *text, unsigned tolerance,
                        const char *want)
{
    const scim_filter_t *filter;
    const scim_error_t *error =
        scim_filter_parse(p, &scim_type_user, text, tolerance, &filter);

    is_str(error ? error->detail : NULL, apr_pstrcat(p, "position ", want, NULL), text);
    ok(error && error->status == 400 && error->type == SCIM_INVALID_FILTER,
       "400 invalidFilter");
}

static void check_rooms(apr_pool_t *p)
{
    static const char text[] =
        "{\"size\":9007199254740993,\"height\":2.5,\"urn:test:Room:extra\":"
        "{\"seats\":[{\"row\":1,\"price\":2},{\"row\":2,\"price\":-2.5}]}}";
    json_t *document = base_json_parse(p, text, strlen(text), 9, 0, NULL);
    const scim_filter_t *filter;
    const scim_error_t *error;
    size_t i;

    for (i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        error = scim_filter_parse(p, &room_type, rooms[i].filter, SCIM_TOLERATE_ALL,
                                  &filter);
        is_str(error ? error->detail : NULL, NULL, rooms[i].filter);
        is_int(error ? -1 : scim_filter_match(p, filter, document), rooms[i].passes,
               "passes or not");
    }
    error =
        scim_filter_parse(p, &room_type, "size eq \"5\"", SCIM_TOLERATE_ALL, &filter);
    is_str(error ? error->detail : NULL,
           "position 9 of the filter: '\"5\"' stands where a number should be",
           "a string is no number");
    error = scim_filter_parse(p, &room_type, "size co 5", SCIM_TOLERATE_ALL, &filter);
    is_str(error ? error->detail : NULL,
           "position 6 of the filter: 'co' cannot compare size; eq, ne, gt, ge, lt, le "
           "and pr can",
           "no part of a number");
}

static void check_finds(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof finds / sizeof *finds; i++) {
        const scim_filter_t *filter, *found;
        const char *detail = parse(p, finds[i].filter, SCIM_TOLERATE_ALL, &filter);

        is_str(detail, NULL, finds[i].filter);
        found = detail ? NULL : scim_filter_find_eq(filter, finds[i].name);
        is_str(found ? found->folded : NULL, finds[i].folded, finds[i].name);
    }
}

/* One element against the inside of brackets, as PATCH has it. */
static int is_element(apr_pool_t *p, const char *text, const json_t *element)
{
    const scim_filter_t *filter;
    const char *detail = parse(p, text, 0, &filter);

    is_str(detail, NULL, text);
    return !detail && scim_filter_match_value(p, filter->path.filter, element);
}

static void check_values(apr_pool_t *p)
{
    json_t *work = json_pack("{s:s,s:s}", "type", "Work", "value", "a@b");
    const scim_filter_t *filter;

    base_json_own(p, work);
    ok(is_element(p, "emails[type eq \"work\" and value co \"@\"]", work),
       "an element passes");
    ok(!is_element(p, "emails[not (type eq \"work\")]", work),
       "an element does not pass");
    is_str(parse(p, "emails[type eq \"work\"]]", 0, &filter),
           "position 23 of the filter: ']' stands where 'and', 'or' or the end should "
           "be",
           "a bracket too many");
}

/* `n` brackets around a test. */
static const char *nested(apr_pool_t *p, int n)
{
    char *text = apr_pcalloc(p, 2 * n + 9);

    memset(text, '(', n);
    memcpy(text + n, "title pr", 8);
    memset(text + n + 8, ')', n);
    return text;
}

static void check_limits(apr_pool_t *p, json_t *const documents_read[])
{
    const scim_filter_t *filter;
    char *text = apr_pcalloc(p, SCIM_FILTER_MAX_BYTES + 2);

    is_str(parse(p, nested(p, SCIM_FILTER_MAX_DEPTH), 0, &filter), NULL, "deep");
    is_str(run(p, filter, documents_read), "1", "deep, but right");
    is_str(parse(p, nested(p, SCIM_FILTER_MAX_DEPTH + 1), 0, &filter),
           "position 33 of the filter: brackets may nest 32 deep, not deeper",
           "too deep");
    is_str(parse(p, nested(p, 4000), 0, &filter),
           "position 33 of the filter: brackets may nest 32 deep, not deeper",
           "far too deep");

    while (strlen(text) + 18 <= SCIM_FILTER_MAX_BYTES) {
        memcpy(text + strlen(text), "id pr and ", 10);
    }
    memcpy(text + strlen(text), "title pr", 8);
    is_str(parse(p, text, 0, &filter), NULL, "a long chain");
    is_str(run(p, filter, documents_read), "1", "a long chain, evaluated");

    memset(text, ' ', SCIM_FILTER_MAX_BYTES + 1);
    is_str(parse(p, text, 0, &filter), "the filter has 8193 bytes, 8192 are allowed",
           "too long");
    is_str(parse(p, "userName eq \"\xff\"", 0, &filter), "the filter is not UTF-8",
           "not UTF-8");
}

/* Text of documents and operands beyond what is folded in place. */
static void check_long(apr_pool_t *p)
{
    static const int lengths[] = {254, 255, 256, 257, 1000};
    size_t i;

    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char *text = apr_pcalloc(p, lengths[i] + 1);
        const scim_filter_t *filter;
        json_t *document;

        memset(text, 'A', lengths[i]);
        document = base_json_own(p, json_pack("{s:s}", "title", text));
        memset(text, 'a', lengths[i]);
        parse(p, apr_psprintf(p, "title eq \"%s\"", text), 0, &filter);
        ok(scim_filter_match(p, filter, document), "long and equal");
        text[lengths[i] - 1] = 'b';
        parse(p, apr_psprintf(p, "title eq \"%s\"", text), 0, &filter);
        ok(!scim_filter_match(p, filter, document), "long and different at its end");
    }
}

/* Every beginning and every change of one byte: an answer, whatever it is. */
static int mutate(apr_pool_t *p, const char *filter, json_t *const documents_read[])
{
    static const char bytes[] = "\"\\()[].: waeo\t\n\x80\xc3$-0";
    apr_pool_t *scratch;
    size_t len = strlen(filter), i, j;
    int bad = 0;

    apr_pool_create(&scratch, p);
    for (i = 0; i <= len; i++) {
        for (j = 0; j < sizeof bytes; j++) {
            char *text = strdup(filter); /* so that its end is guarded */
            const scim_filter_t *parsed = NULL;
            const char *detail;

            text[i] = i < len ? bytes[j] : '\0';
            detail = parse(scratch, text, SCIM_TOLERATE_ALL, &parsed);
            if (!detail) {
                run(scratch, parsed, documents_read);
                scim_filter_find_eq(parsed, "emails.value");
            }
            bad += !detail && !parsed;
            parse(scratch, text, 0, &parsed);
            free(text);
        }
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return bad;
}

static const char *const mutated[] = {
    "userName eq \"ann@example.com\"",
    "emails[type eq \"work\" and value co \"@x\"].value eq \"y\"",
    "not (title pr) and (active eq true or id eq \"\\u0041\\ud83d\\ude00\")",
    ENT ":department sw \"T\"",
    "meta.lastModified ge \"2026-03-01T10:00:00+01:00\"",
    "name.familyName ne null or schemas eq \"" ENT "\"",
    "phoneNumbers[not (type eq work)]",
    "active eq \"True\"",
    "(a)",
    "title ew \"\xc3\xa9\"",
    "addresses[primary eq true and (region pr)]",
    "x509Certificates.value eq \"TUlJ\"",
};

int main(void)
{
    json_t *documents_read[N_DOCUMENTS];
    apr_pool_t *p;
    size_t i;

    apr_initialize();
    apr_pool_create(&p, NULL);
    for (i = 0; i < N_DOCUMENTS; i++) {
        documents_read[i] =
            base_json_parse(p, documents[i], strlen(documents[i]), 9, 0, NULL);
        ok(documents_read[i], "document");
    }
    for (i = 0; i < sizeof matches / sizeof *matches; i++) {
        check_case(p, &matches[i], 0, documents_read);
        check_case(p, &matches[i], SCIM_TOLERATE_ALL, documents_read);
    }
    for (i = 0; i < sizeof tolerated / sizeof *tolerated; i++) {
        check_case(p, &tolerated[i], SCIM_TOLERATE_ALL, documents_read);
    }
    for (i = 0; i < sizeof errors / sizeof *errors; i++) {
        check_error(p, errors[i].filter, SCIM_TOLERATE_ALL, errors[i].detail);
    }
    for (i = 0; i < sizeof strict / sizeof *strict; i++) {
        const scim_filter_t *filter;

        check_error(p, strict[i].filter, SCIM_TOLERATE_ALL & ~strict[i].need,
                    strict[i].detail);
        is_str(parse(p, strict[i].filter, strict[i].need, &filter), NULL, "tolerated");
    }
    check_rooms(p);
    check_finds(p);
    check_values(p);
    check_limits(p, documents_read);
    check_long(p);
    for (i = 0; i < sizeof mutated / sizeof *mutated; i++) {
        is_int(mutate(p, mutated[i], documents_read), 0, mutated[i]);
    }
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
