/* The rows between a SCIM user and an extension (gw_table.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "fake_rc.h"
#include "gw_table.h"
#include "scim_schema.h"
#include "tap.h"

static apr_pool_t *p;

/* Each row: its key, how people see it, and the same thing on both sides. */
static const struct {
    const char *key, *path, *user, *extension, *value;
} cases[GW_ROWS] = {
    {"userName", "userName", "{'userName':'a@b.c'}", "{'contact':{'email':'a@b.c'}}",
     "a@b.c"},
    {"externalId", "externalId", "{'externalId':'x1'}",
     "{'references':[{'type':'PartnerId','ref':'p'},"
     "{'type':'CustomerDirectoryId','ref':'x1'}]}",
     "x1"},
    {"name/givenName", "name.givenName", "{'name':{'givenName':'Ann'}}",
     "{'contact':{'firstName':'Ann'}}", "Ann"},
    {"name/familyName", "name.familyName", "{'name':{'familyName':'Archer'}}",
     "{'contact':{'lastName':'Archer'}}", "Archer"},
    {"title", "title", "{'title':'Engineer'}", "{'contact':{'jobTitle':'Engineer'}}",
     "Engineer"},
    {"preferredLanguage", "preferredLanguage", "{'preferredLanguage':'de-DE'}",
     "{'regionalSettings':{'language':{'id':'1031','localeCode':'de-DE'}}}", "de-DE"},
    {"locale", "locale", "{'locale':'en-GB'}",
     "{'regionalSettings':{'formattingLocale':{'id':'2057','localeCode':'en-GB'}}}",
     "en-GB"},
    {"timezone", "timezone", "{'timezone':'US/Pacific'}",
     "{'regionalSettings':{'timezone':{'id':'58','name':'US/Pacific'}}}", "US/Pacific"},
    {"active", "active", "{'active':true}", "{'status':'NotActivated'}", "true"},
    {"password", "password", "{'password':'Hush'}", NULL, "Hush"},
    {"emails/work/value", "emails[type eq \"work\"].value",
     "{'emails':[{'type':'home','value':'h@b.c'},{'type':'Work','value':'a@b.c'}]}",
     "{'contact':{'email':'a@b.c'}}", "a@b.c"},
    {"phoneNumbers/work/value", "phoneNumbers[type eq \"work\"].value",
     "{'phoneNumbers':[{'type':'work','value':'+1'},"
     "{'type':'work','value':'+2','primary':true}]}",
     "{'contact':{'businessPhone':'+2'}}", "+2"},
    {"phoneNumbers/mobile/value", "phoneNumbers[type eq \"mobile\"].value",
     "{'phoneNumbers':[{'type':'mobile','value':'+1'},{'type':'mobile','value':'+2'}]}",
     "{'contact':{'mobilePhone':'+2'}}", "+2"},
    {"addresses/work/streetAddress", "addresses[type eq \"work\"].streetAddress",
     "{'addresses':[{'type':'work','streetAddress':'1 Way'}]}",
     "{'contact':{'businessAddress':{'street':'1 Way'}}}", "1 Way"},
    {"addresses/work/locality", "addresses[type eq \"work\"].locality",
     "{'addresses':[{'type':'work','locality':'Town'}]}",
     "{'contact':{'businessAddress':{'city':'Town'}}}", "Town"},
    {"addresses/work/country", "addresses[type eq \"work\"].country",
     "{'addresses':[{'type':'work','country':'US'}]}",
     "{'contact':{'businessAddress':{'country':'US'}}}", "US"},
    {"addresses/work/region", "addresses[type eq \"work\"].region",
     "{'addresses':[{'type':'work','region':'CA'}]}",
     "{'contact':{'businessAddress':{'state':'CA'}}}", "CA"},
    {"addresses/work/postalCode", "addresses[type eq \"work\"].postalCode",
     "{'addresses':[{'type':'work','postalCode':'94002'}]}",
     "{'contact':{'businessAddress':{'zip':'94002'}}}", "94002"},
    {"department", SCIM_URN_ENTERPRISE_USER ":department",
     "{'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User':"
     "{'department':'Sales'}}",
     "{'contact':{'department':'Sales'}}", "Sales"},
};

static const char *named(int i, const char *what)
{
    return apr_pstrcat(p, cases[i].key, ": ", what, NULL);
}

static void both_ways(void)
{
    int i, j;

    for (i = 0; i < GW_ROWS; i++) {
        const gw_row_t *row = &gw_rows[i];
        json_t *user = base_json_own(p, json_object());

        is_str(gw_row_key(p, row), cases[i].key, named(i, "key"));
        is_str(gw_row_path(p, row), cases[i].path, named(i, "path"));
        is_str(gw_row_get(row, fake_json(p, cases[i].user)), cases[i].value,
               named(i, "read from a user"));
        gw_row_put(row, user, cases[i].value);
        is_str(gw_row_get(row, user), cases[i].value, named(i, "put and got"));
        is_str(
            gw_row_field(row, fake_json(p, cases[i].extension ? cases[i].extension
                                                              : "{'password':'seen'}")),
            cases[i].extension ? cases[i].value : NULL,
            named(i, "read from an extension"));
        ok(!gw_row_get(row, fake_json(p, "{}")), named(i, "not in an empty user"));
        ok(!gw_row_field(row, fake_json(p, "{}")),
           named(i, "not in an empty extension"));
        for (j = 0; j < i; j++) {
            if (!strcmp(cases[i].key, cases[j].key)) {
                ok(0, named(i, "is a key of its own"));
            }
        }
    }
}

static void values(void)
{
    static const struct {
        const char *key, *extension, *value;
    } fields[] = {
        {"active", "{'status':'Enabled'}", "true"},
        {"active", "{'status':'NotActivated'}", "true"},
        {"active", "{'status':'Disabled'}", "false"},
        {"active", "{'status':'Frozen'}", "false"},
        {"externalId", "{'references':[{'type':'PartnerId','ref':'p'}]}", NULL},
        {"title", "{'contact':{'jobTitle':''}}", NULL},
        {"title", "{'contact':{'jobTitle':7}}", NULL},
    };
    apr_size_t i;
    int row;

    for (i = 0; i < sizeof fields / sizeof *fields; i++) {
        for (row = 0; strcmp(cases[row].key, fields[i].key) != 0; row++) {
        }
        is_str(gw_row_field(&gw_rows[row], fake_json(p, fields[i].extension)),
               fields[i].value,
               apr_pstrcat(p, fields[i].key, " of ", fields[i].extension, NULL));
    }
    ok(gw_row_of(GW_COUNTRY) < gw_row_of(GW_REGION), "the region follows the country");
}

/* Puts two values into one element and one object. */
static void shared_places(void)
{
    json_t *user = base_json_own(p, json_object());

    gw_row_put(gw_row_of(GW_COUNTRY), user, "US");
    gw_row_put(gw_row_of(GW_REGION), user, "CA");
    is_int(json_array_size(json_object_get(user, "addresses")), 1,
           "country and region share an address");
    gw_row_put(gw_row_of(GW_ACTIVE), user, "false");
    ok(json_is_false(json_object_get(user, "active")), "active is a boolean");
}

static void parameters(void)
{
    static const struct {
        const char *parameter, *path;
    } names[] = {
        {"contact.email", "emails[type eq \"work\"].value"},
        {"extension.contact.businessAddress.state",
         "addresses[type eq \"work\"].region"},
        {"records[0].contact.firstName", "name.givenName"},
        {"contact.lastName", "name.familyName"},
        {"contact.jobTitle", "title"},
        {"contact.department", SCIM_URN_ENTERPRISE_USER ":department"},
        {"contact.mobilePhone", "phoneNumbers[type eq \"mobile\"].value"},
        {"regionalSettings.language.id", "preferredLanguage"},
        {"regionalSettings.timezone", "timezone"},
        {"references", "externalId"},
        {"references[0].ref", "externalId"},
        {"status", "active"},
        {"password", "password"},
        {"extensionNumber", NULL},
        {"statusInfo.comment", NULL},
        {"contact", NULL},
        {"xcontact.email", NULL},
        {NULL, NULL},
    };
    apr_size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const gw_row_t *row = gw_row_of_parameter(names[i].parameter);

        is_str(row ? gw_row_path(p, row) : NULL, names[i].path,
               apr_psprintf(p, "the parameter %s",
                            names[i].parameter ? names[i].parameter : "(none)"));
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    both_ways();
    values();
    shared_places();
    parameters();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
