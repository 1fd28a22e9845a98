/* Sorting: what can be asked for, and the order that keys bring. */
#include <stdlib.h>
#include <apr_general.h>

#include "scim_brief.h"
#include "scim_json.h"
#include "scim_sort.h"
#include "scim_things.h"

#define ENT SCIM_URN_ENTERPRISE_USER
#define DOCUMENTS 400

static const struct {
    const char *by, *order, *want; /* path and direction, or an error */
} requests[] = {
    {"userName", NULL, "userName up"},
    {"USERNAME", "ascending", "userName up"},
    {" name.familyName ", "descending", "name.familyName down"},
    {"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", NULL,
     "name.familyName up"},
    {ENT ":department", NULL, ENT ":department up"},
    {"emails", NULL, "emails.value up"},
    {"emails.type", "descending", "emails.type down"},
    {"schemas", NULL, "schemas up"},
    {"id", NULL, "id up"},
    {"externalId", NULL, "externalId up"},
    {"active", NULL, "active up"},
    {"meta.created", NULL, "meta.created up"},
    {"meta.location", "descending", "id down"},
    {"nickName", NULL, "nickName up"}, /* known, and never there */
    {"nothing", NULL,
     "invalidValue: position 1 of the sortBy path: User has no attribute"},
    {"name.nothing", NULL,
     "invalidValue: position 6 of the sortBy path: name has no sub-attribute"},
    {"department", NULL, "invalidValue: position 1 of the sortBy path: write "},
    {"name", NULL,
     "invalidValue: position 1 of the sortBy path: name has several parts; name one"},
    {"addresses", NULL, "invalidValue: position 1 of the sortBy path: addresses has"},
    {"meta", NULL, "invalidValue: position 1 of the sortBy path: meta has several"},
    {"password", NULL,
     "invalidValue: position 1 of the sortBy path: password is never shown"},
    {"emails[type eq \"work\"].value", NULL,
     "invalidValue: position 7 of the sortBy path: "},
    {"userName id", NULL, "invalidValue: position 10 of the sortBy path: "},
    {"userName,id", NULL, "invalidValue: position 1 of the sortBy path: User has no"},
    {"\"userName\"", NULL, "invalidValue: position 1 of the sortBy path: "},
    {ENT, NULL, "invalidValue: position 1 of the sortBy path: this is a whole schema"},
    {"urn:x:y", NULL, "invalidValue: position 1 of the sortBy path: "},
    {"userName", "down",
     "invalidValue: sortOrder: 'down' is not valid, ascending or descending is"},
    {"userName", "ascending ", "invalidValue: sortOrder: 'ascending ' is not valid"},
    {"userName", "", "invalidValue: sortOrder: '' is not valid"},
};

static void test_requests(void)
{
    const scim_sort_t *sort;
    size_t i;

    for (i = 0; i < COUNT(requests); i++) {
        const scim_error_t *error = scim_sort_parse(p, &scim_type_user, requests[i].by,
                                                    requests[i].order, 0, &sort);
        const char *name = apr_psprintf(p, "sortBy=%s", requests[i].by);

        if (error) {
            is_error(p, error, requests[i].want, name);
            continue;
        }
        is_str(apr_pstrcat(p, scim_path_text(p, &scim_type_user, &sort->path),
                           sort->descending ? " down" : " up", NULL),
               requests[i].want, name);
    }
    ok(!scim_sort_parse(p, &scim_type_user, "id", "Descending", SCIM_TOLERATE_ALL,
                        &sort) &&
           sort->descending,
       "an order in another letter case is tolerated");
    is_error(p, scim_sort_parse(p, &scim_type_user, "id", "Descending", 0, &sort),
             "invalidValue: sortOrder: 'Descending' is not valid", "or it is not");
}

/* Resources in ascending order; "=" stands in front of one that is equal to the one
 * before it. */
#define MOST 12
static const struct {
    const char *by;
    const char *resources[MOST];
} orders[] = {
    {"label",
     {"{'label':'a'}", "={'label':'A'}", "{'label':'AB'}", "{'label':'b'}",
      "{'label':'strasse'}", "={'label':'stra\303\237e'}", "{'label':'z'}",
      "{'label':'\xc3\x89ric'}", "={'label':'e\xcc\x81RIC'}",
      "{'label':'\xf0\x9f\x98\x80'}", "{}", "={'label':null}"}},
    {"code",
     {"{'code':'A'}", "{'code':'B'}", "{'code':'Ba'}", "{'code':'a'}", "{'code':''}",
      "={}"}},
    {"count",
     {"{'count':-9223372036854775807}", "{'count':-256}", "{'count':-1}", "{'count':0}",
      "{'count':1}", "{'count':255}", "{'count':9007199254740992}",
      "{'count':9007199254740993}", "{'count':9223372036854775807}", "{}",
      "={'count':'7'}"}},
    {"ratio",
     {"{'ratio':-1e300}", "{'ratio':-7}", "={'ratio':-7.0}", "{'ratio':-0.5}",
      "{'ratio':0}", "={'ratio':-0.0}", "{'ratio':1e-300}",
      "{'ratio':9007199254740992.0}", "{'ratio':9007199254740993}",
      "{'ratio':9223372036854775807}", "{'ratio':1e300}", "{}"}},
    {"made",
     {"{'made':'1601-01-01T00:00:00Z'}", "{'made':'1969-12-31T23:59:59Z'}",
      "{'made':'2026-03-01T09:59:59Z'}", "{'made':'2026-03-01T11:00:00+01:00'}",
      "={'made':'2026-03-01T10:00:00Z'}", "{'made':'2026-03-01T10:00:00.001Z'}", "{}",
      "={'made':'yesterday'}"}},
    {"on",
     {"{'on':false}", "{'on':true}", "={'on':true}", "{}", "={'on':'true'}",
      "={'on':null}"}},
    {"words",
     {"{'words':['a','z']}", "{'words':['b']}", "={'words':['','b']}", "{}",
      "={'words':[]}"}},
    {"parts",
     {"{'parts':[{'value':'b'},{'value':'a','primary':true}]}",
      "={'parts':[{'value':'a'},{'value':'b'}]}",
      "={'parts':[{'size':1},{'value':'a','primary':false},{'value':'b'}]}",
      "={'parts':[{'value':'a'},{'size':1,'primary':true}]}",
      "={'parts':{'value':'a'}}", "{'parts':[{'value':'b'}]}",
      "{'parts':[{'value':'c','primary':true},{'value':'a','primary':true}]}", "{}",
      "={'parts':[]}", "={'parts':[{'primary':true}]}"}},
    {"parts.size",
     {"{'parts':[{'size':9},{'size':-1,'primary':true}]}", "{'parts':[{'size':8}]}",
      "{'parts':[{'value':'x'}]}"}},
    {"core.exact", {"{'core':{'exact':'B'}}", "{'core':{'exact':'b'}}", "{'core':{}}"}},
    {"urn:more:label",
     {"{'label':'z','urn:more':{'label':'A'}}", "{'urn:more':{'label':'b'}}",
      "{'label':'a'}"}},
};

static int compare_keys(base_slice_t a, base_slice_t b)
{
    int order;

    if (!a.data || !b.data) {
        return !a.data - !b.data;
    }
    order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static const scim_sort_t *sort_by(const scim_type_t *type, const char *by)
{
    const scim_sort_t *sort = NULL;

    return scim_sort_parse(p, type, by, NULL, 0, &sort) ? NULL : sort;
}

static base_slice_t key_of(const scim_sort_t *sort, const base_slice_t *brief,
                           const json_t *resource)
{
    char *room = apr_palloc(p, SCIM_SORT_ROOM);

    return resource ? scim_sort_key_of(p, sort, resource, room)
                    : scim_sort_key(sort, brief, room);
}

/* Each against the one before it. */
static void test_orders(void)
{
    size_t i, k;

    for (i = 0; i < COUNT(orders); i++) {
        const scim_sort_t *sort = sort_by(&thing_type, orders[i].by);
        base_slice_t last = {"", 0};

        for (k = 0; k < MOST && orders[i].resources[k]; k++) {
            const char *text = orders[i].resources[k];
            const int same = *text == '=';
            const json_t *json = json_of(p, text + same);
            const base_slice_t brief = scim_brief_make(p, &thing_type, json);
            const base_slice_t key = key_of(sort, &brief, NULL);
            const int order = compare_keys(last, key);

            ok(brief.len && (same ? order == 0 : order < 0),
               apr_pstrcat(p, orders[i].by, ": ", text, NULL));
            ok(!compare_keys(key, key_of(sort, NULL, json)), "without a brief, too");
            last = key;
        }
    }
}

/* By all attributes of `attrs` of `schema` that can be sorted by. */
static void compare_all(const scim_type_t *type, const scim_schema_t *schema,
                        const scim_attr_t *attrs, const char *before,
                        const base_slice_t *briefs, const json_t *const *resources,
                        int counts[2])
{
    const scim_attr_t *attr;
    int i;

    for (attr = attrs; attr && attr->name; attr++) {
        const char *path = apr_pstrcat(p, before, attr->name, NULL);
        const scim_sort_t *sort = sort_by(type, path);

        for (i = 0; sort && i < DOCUMENTS; i++) {
            base_slice_t want = key_of(sort, NULL, resources[i]);

            if (briefs[i].len) {
                counts[0] += want.data != NULL;
                counts[1] += compare_keys(want, key_of(sort, &briefs[i], NULL)) != 0;
            }
        }
        compare_all(type, schema, attr->sub, apr_pstrcat(p, path, ".", NULL), briefs,
                    resources, counts);
    }
}

/* The key of a brief is that of the resource. */
static void differential(const scim_type_t *type)
{
    const json_t *resources[DOCUMENTS];
    base_slice_t briefs[DOCUMENTS];
    const scim_schema_t *extension = type->extensions[0];
    int counts[2] = {0, 0}, i;

    for (i = 0; i < DOCUMENTS; i++) {
        resources[i] = any_resource(type);
        briefs[i] = scim_brief_make(p, type, resources[i]);
    }
    compare_all(type, type->core, type->core->attrs, "", briefs, resources, counts);
    compare_all(type, type->core, type->core->common, "", briefs, resources, counts);
    compare_all(type, extension, extension->attrs,
                apr_pstrcat(p, extension->urn, ":", NULL), briefs, resources, counts);
    ok(counts[0] > 2000, apr_psprintf(p, "%s: %d keys", type->name, counts[0]));
    is_int(counts[1], 0, "never another one");
}

/* Whatever the bytes are, reading stays within them. */
static void damage(void)
{
    static const char *const paths[] = {"parts", "parts.size", "made", "on", "count"};
    const base_slice_t brief = scim_brief_make(
        p, &thing_type,
        json_of(p, "{'parts':[{'value':'a','size':1},{'value':'b','primary':true}],"
                   "'made':'2026-03-01T10:00:00Z','on':true,'count':7}"));
    char room[SCIM_SORT_ROOM];
    size_t i, k, keys = 0;

    for (k = 0; k < COUNT(paths); k++) {
        const scim_sort_t *sort = sort_by(&thing_type, paths[k]);

        for (i = 0; i < 2 * brief.len; i++) {
            base_slice_t bad = {NULL, i < brief.len ? i : brief.len};
            char *bytes = malloc(bad.len + 1);
            base_slice_t key;

            memcpy(bytes, brief.data, bad.len);
            if (i >= brief.len) {
                bytes[i - brief.len] = (char)0xff;
            }
            bad.data = bytes;
            key = scim_sort_key(sort, &bad, room);
            keys += key.data && compare_keys(key, key) == 0;
            free(bytes);
        }
    }
    ok(keys > 0, "some damage does not matter");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    test_requests();
    test_orders();
    differential(&scim_type_user);
    differential(&thing_type);
    damage();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
