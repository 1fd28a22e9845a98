#include <apr_general.h>

#include "scim_json.h"
#include "scim_request.h"
#include "scim_service.h"

static const struct {
    const char *path;
    const char *want; /* the segments between bars, NULL: an error */
} targets[] = {
    {"", ""},
    {"/", ""},
    {"/Users", "Users"},
    {"/Users/", "Users"},
    {"//Users//1001/", "Users|1001"},
    {"Users/1001", "Users|1001"},
    {"/Users/a%20b+c%2Fd", "Users|a b+c/d"},
    {"/Users/%C3%A4", "Users|\xc3\xa4"},
    {"/a/b/c/d", "a|b|c|d"},
    {"/a/b/c/d/e/f", "a|b|c|d"},
    {"/Users/%zz", NULL},
    {"/Users/%2", NULL},
    {"/Users/%", NULL},
    {"/Users/a%00b", NULL},
    {"/Users/%FF", NULL},
};

static void test_targets(apr_pool_t *p)
{
    size_t i;
    int k;

    for (i = 0; i < sizeof targets / sizeof *targets; i++) {
        scim_target_t target;
        const scim_error_t *error = scim_target_read(p, targets[i].path, &target);
        const char *got = error ? NULL : "";

        for (k = 0; !error && k < target.n; k++) {
            got = apr_pstrcat(p, got, k ? "|" : "", target.segments[k], NULL);
        }
        is_str(got, targets[i].want, apr_psprintf(p, "path '%s'", targets[i].path));
        ok(!error || error->status == 400, "an error is a 400");
    }
}

/* filter|attributes|excludedAttributes|startIndex|count|sortBy sortOrder */
static const struct {
    const char *query, *want, *error;
} queries[] = {
    {NULL, "-|-|-|1|-1|- -", NULL},
    {"", "-|-|-|1|-1|- -", NULL},
    {"filter=userName+eq%20%22a%2Bb%22", "userName eq \"a+b\"|-|-|1|-1|- -", NULL},
    {"filter=", "-|-|-|1|-1|- -", NULL},
    {"filter", "-|-|-|1|-1|- -", NULL},
    {"filter=+%20%09&attributes=+&excludedAttributes=%0a", "-|-|-|1|-1|- -", NULL},
    {"filter=a=b", "a=b|-|-|1|-1|- -", NULL},
    {"FILTER=x&StartIndex=2&COUNT=3", "x|-|-|2|3|- -", NULL},
    {"attributes=a,b&excludedattributes=c", "-|a,b|c|1|-1|- -", NULL},
    {"startIndex=0&count=0", "-|-|-|1|0|- -", NULL},
    {"startIndex=-7&count=-3", "-|-|-|1|0|- -", NULL},
    {"startIndex=&count=", "-|-|-|1|-1|- -", NULL},
    {"&&aadOptscim062020&page=1&sortBy=x&startIndex=4&", "-|-|-|4|-1|x -", NULL},
    {"sortby=name.givenName&SORTORDER=descending",
     "-|-|-|1|-1|name.givenName descending", NULL},
    {"sortBy=+&sortOrder=", "-|-|-|1|-1|- -", NULL},
    {"sortOrder=sideways", "-|-|-|1|-1|- sideways", NULL},
    {"count=1&count=2", "-|-|-|1|2|- -", NULL},
    {"startIndex=one", NULL,
     "invalidValue: startIndex: 'one' is not valid, an integer"},
    {"count=1.5", NULL, "invalidValue: count: '1.5'"},
    {"count=99999999999999999999", NULL, "invalidValue: count: "},
    {"filter=%2", NULL, "invalidValue: filter: not percent-encoded"},
    {"filter=%00", NULL, "invalidValue: filter: "},
    {"filter=%C3%28", NULL, "invalidValue: filter: "},
    {"%GG=1", NULL, "invalidValue: the query: "},
};

static const struct {
    const char *body, *want, *error;
} searches[] = {
    {"{}", "-|-|-|1|-1|- -", NULL},
    {"{'schemas':['x'],'filter':'a pr','startIndex':2,'count':3,'attributes':['a','b'],"
     "'sortBy':'a'}",
     "a pr|a,b|-|2|3|a -", NULL},
    {"{'Filter':null,'ExcludedAttributes':'a,b','startIndex':-1,'COUNT':-1}",
     "-|-|a,b|1|0|- -", NULL},
    {"{'filter':' \\t ','attributes':' '}", "-|-|-|1|-1|- -", NULL},
    {"{'filter':'','attributes':[],'count':'7','startIndex':null}", "-|-|-|1|7|- -",
     NULL},
    {"{'startIndex':5000000000}", "-|-|-|5000000000|-1|- -", NULL},
    {"{'SortBy':'title','sortOrder':'ascending'}", "-|-|-|1|-1|title ascending", NULL},
    {"{'sortBy':null,'sortOrder':''}", "-|-|-|1|-1|- -", NULL},
    {"{'sortBy':true}", NULL, "invalidValue: sortBy: "},
    {"{'filter':true}", NULL, "invalidValue: filter: "},
    {"{'attributes':['a',1]}", NULL, "invalidValue: attributes: "},
    {"{'count':1.5}", NULL, "invalidValue: count: "},
    {"{'count':'many'}", NULL, "invalidValue: count: 'many'"},
};

static void check_params(apr_pool_t *p, const scim_error_t *error,
                         const scim_params_t *params, const char *want,
                         const char *wrong, const char *name)
{
    if (wrong) {
        is_error(p, error, wrong, name);
        return;
    }
    is_str(error ? error->detail
                 : apr_psprintf(
                       p, "%s|%s|%s|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%s %s",
                       params->filter ? params->filter : "-",
                       params->attributes ? params->attributes : "-",
                       params->excluded ? params->excluded : "-", params->start_index,
                       params->count, params->sort_by ? params->sort_by : "-",
                       params->sort_order ? params->sort_order : "-"),
           want, name);
}

static void test_params(apr_pool_t *p)
{
    scim_params_t params;
    const scim_error_t *error;
    size_t i;

    for (i = 0; i < sizeof queries / sizeof *queries; i++) {
        error = scim_params_read_query(p, queries[i].query, &params);
        check_params(p, error, &params, queries[i].want, queries[i].error,
                     apr_psprintf(p, "query '%s'",
                                  queries[i].query ? queries[i].query : "(none)"));
    }
    for (i = 0; i < sizeof searches / sizeof *searches; i++) {
        scim_params_read_query(p, NULL, &params);
        error = scim_params_read_search(p, json_of(p, searches[i].body), &params);
        check_params(p, error, &params, searches[i].want, searches[i].error,
                     searches[i].body);
    }
}

static const struct {
    const char *type;
    int known;
} content_types[] = {
    {NULL, 1},
    {"", 1},
    {"application/scim+json", 1},
    {"application/json", 1},
    {"Application/SCIM+JSON; charset=UTF-8", 1},
    {"application/json;charset=\"utf-8\"; x=y", 1},
    {"application/json; charset=utf8", 1},
    {"application/json; charset=iso-8859-1", 0},
    {"application/json; charset=", 0},
    {"application/jsonx", 0},
    {"text/json", 0},
    {"application/x-www-form-urlencoded", 0},
    {";", 0},
};

static const struct {
    const char *accept;
    int json; /* application/json is the answer */
} accepts[] = {
    {NULL, 0},
    {"", 0},
    {"application/scim+json", 0},
    {"application/json", 1},
    {"Application/JSON ; q=0.9", 1},
    {"text/html, application/json;q=0.5", 1},
    {"application/json, application/scim+json", 0},
    {"application/json, text/plain, */*", 0},
    {"application/json,application/*;q=0.1", 1},
    {"application/json;q=0.1,application/*", 0},
    {"application/json;q=0.5, application/scim+json;q=0.4", 1},
    {"application/json;q=0.5, application/scim+json; q=0.501", 0},
    {"application/json;q=0.5, application/scim+json;q=0.5", 0},
    {"application/scim+json;q=0.2, */*", 1},
    {"application/scim+json;q=0, application/json;q=0", 0},
    {"*/*;q=0.1, application/*;q=0.5, application/json;q=0.3", 0},
    {"application/json;q=1.0, application/scim+json;q=1", 0},
    {"application/json, application/scim+json;q=0", 1},
    {"application/json, */*; q=0.000", 1},
    {"application/json, */*;q=0.001", 1},
    {"application/json;q=0", 0},
    {"application/jsonx", 0},
    {"application/json;version=1;q=1", 1},
    {"text/html", 0},
};

static const struct {
    const char *method, *path;
    int writes;
} methods[] = {
    {"GET", "/Users", 0},
    {"HEAD", "/Users", 0},
    {"OPTIONS", "/Users", 0},
    {"POST", "/Users", 1},
    {"PUT", "/Users/1", 1},
    {"PATCH", "/Users/1", 1},
    {"DELETE", "/Users/1", 1},
    {"DELETE", "/Users/.search", 1},
    {"POST", "/Users/.search", 0},
    {"POST", "/Users/.search//", 0},
    {"POST", "/.search", 0},
    {"POST", ".search", 0},
    {"POST", "/Users/x.search", 1},
    {"POST", "/Users/%2Esearch", 1},
    {"POST", "/Users/.search/x", 1},
    {"POST", "/Bulk", 1},
    {"POST", "/", 1},
    {"POST", "", 1},
    {"PROPFIND", "/", 1},
};

static const struct {
    const char *method, *path;
    int bulk;
} bulks[] = {
    {"POST", "/Bulk", 1},   {"POST", "Bulk", 1},       {"POST", "//Bulk/", 1},
    {"GET", "/Bulk", 0},    {"POST", "/bulk", 0},      {"POST", "/Users/Bulk", 0},
    {"POST", "/Bulk/x", 0}, {"POST", "/Bulk/Bulk", 0}, {"POST", "/xBulk", 0},
    {"POST", "/", 0},       {"POST", "", 0},
};

static void test_headers(apr_pool_t *p)
{
    size_t i;

    for (i = 0; i < sizeof bulks / sizeof *bulks; i++) {
        is_int(scim_request_is_bulk(bulks[i].method, bulks[i].path), bulks[i].bulk,
               apr_pstrcat(p, "bulk: ", bulks[i].method, " ", bulks[i].path, NULL));
    }

    for (i = 0; i < sizeof content_types / sizeof *content_types; i++) {
        is_int(scim_content_type_is_known(p, content_types[i].type),
               content_types[i].known,
               apr_psprintf(p, "Content-Type: %s",
                            content_types[i].type ? content_types[i].type : "(none)"));
    }
    for (i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        is_str(scim_media_type(accepts[i].accept),
               accepts[i].json ? "application/json" : "application/scim+json",
               apr_psprintf(p, "Accept: %s",
                            accepts[i].accept ? accepts[i].accept : "(none)"));
    }
    for (i = 0; i < sizeof methods / sizeof *methods; i++) {
        is_int(scim_request_writes(methods[i].method, methods[i].path),
               methods[i].writes,
               apr_pstrcat(p, methods[i].method, " ", methods[i].path, NULL));
    }
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_targets(p);
    test_params(p);
    test_headers(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
