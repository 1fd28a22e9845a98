/* A search on briefs answers what the filter answers on the resources themselves: many
 * filters on many resources, made by chance but the same ones in every run. */
#include <stdlib.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "scim_brief.h"
#include "scim_things.h"
#include "tap.h"

#define ENT SCIM_URN_ENTERPRISE_USER
#define DOCUMENTS 400
#define FILTERS 6000

/* ---- filters ---- */

static const scim_attr_t *any_attr(const scim_attr_t *attrs)
{
    unsigned n = 0;

    while (attrs[n].name) {
        n++;
    }
    return &attrs[chance(n)];
}

static const char *any_operand(scim_kind_t kind)
{
    if (chance(8) == 0) {
        return "null";
    }
    return base_json_text(
        p, base_json_own(p, any_simple(kind == SCIM_COMPLEX ? SCIM_STRING : kind)),
        NULL);
}

static const char *any_comparison(const char *path, const scim_attr_t *leaf)
{
    static const char *const ops[] = {"eq", "ne", "co", "sw", "ew",
                                      "gt", "ge", "lt", "le", "pr"};
    const char *op = ops[chance(COUNT(ops))];

    return !strcmp(op, "pr")
               ? apr_pstrcat(p, path, " pr", NULL)
               : apr_pstrcat(p, path, " ", op, " ", any_operand(leaf->kind), NULL);
}

static const char *any_brackets(const scim_attr_t *attr, int depth)
{
    const scim_attr_t *sub = any_attr(attr->sub);

    switch (depth ? chance(5) : 9) {
    case 0:
        return apr_pstrcat(p, any_brackets(attr, depth - 1), " and ",
                           any_brackets(attr, depth - 1), NULL);
    case 1:
        return apr_pstrcat(p, any_brackets(attr, depth - 1), " or ",
                           any_brackets(attr, depth - 1), NULL);
    case 2:
        return apr_pstrcat(p, "not (", any_brackets(attr, depth - 1), ")", NULL);
    default:
        return any_comparison(sub->name, sub);
    }
}

static const char *any_leaf(const scim_type_t *type)
{
    const scim_schema_t *schema = chance(4) ? type->core : type->extensions[0];
    const scim_attr_t *attr =
        any_attr(schema->common && chance(5) == 0 ? schema->common : schema->attrs);
    const char *path = schema == type->core
                           ? attr->name
                           : apr_pstrcat(p, schema->urn, ":", attr->name, NULL);
    const scim_attr_t *sub = attr->sub ? any_attr(attr->sub) : NULL;
    const char *brackets;

    if (!sub || chance(6) == 0) {
        return any_comparison(path, attr);
    }
    if (chance(2)) {
        return any_comparison(apr_pstrcat(p, path, ".", sub->name, NULL), sub);
    }
    brackets = apr_pstrcat(p, path, "[", any_brackets(attr, 2), "]", NULL);
    return chance(2)
               ? brackets
               : any_comparison(apr_pstrcat(p, brackets, ".", sub->name, NULL), sub);
}

static const char *any_filter(const scim_type_t *type, int depth)
{
    switch (depth ? chance(6) : 9) {
    case 0:
        return apr_pstrcat(p, any_filter(type, depth - 1), " and ",
                           any_filter(type, depth - 1), NULL);
    case 1:
        return apr_pstrcat(p, "(", any_filter(type, depth - 1), " or ",
                           any_filter(type, depth - 1), ")", NULL);
    case 2:
        return apr_pstrcat(p, "not (", any_filter(type, depth - 1), ")", NULL);
    default:
        return any_leaf(type);
    }
}

/* ---- the comparison ---- */

typedef struct tally_t {
    int briefs, filters, passed, failed, different;
} tally_t;

static void compare(tally_t *tally, apr_pool_t *scratch, const char *text,
                    const scim_filter_t *filter, const scim_search_t *search,
                    const json_t *const *resources, const base_slice_t *briefs)
{
    int i;

    for (i = 0; i < DOCUMENTS; i++) {
        int want;

        if (!briefs[i].len) {
            continue;
        }
        want = scim_filter_match(scratch, filter, resources[i]);
        tally->passed += want;
        tally->failed += !want;
        if (scim_search_match(search, &briefs[i]) != want && tally->different++ < 5) {
            printf("# not %s: %s\n# on %s\n", want ? "true" : "false", text,
                   base_json_text(scratch, resources[i], NULL));
        }
        apr_pool_clear(scratch);
    }
}

static void differential(const scim_type_t *type)
{
    const json_t *resources[DOCUMENTS];
    base_slice_t briefs[DOCUMENTS];
    tally_t tally = {0, 0, 0, 0, 0};
    apr_pool_t *scratch;
    int i;

    apr_pool_create(&scratch, p);
    for (i = 0; i < DOCUMENTS; i++) {
        resources[i] = any_resource(type);
        briefs[i] = scim_brief_make(p, type, resources[i]);
        tally.briefs += briefs[i].len > 0;
    }
    for (i = 0; i < FILTERS; i++) {
        const char *text = any_filter(type, 3);
        const scim_filter_t *filter;

        if (!scim_filter_parse(p, type, text, SCIM_TOLERATE_ALL, &filter)) {
            tally.filters++;
            compare(&tally, scratch, text, filter, scim_search_make(p, type, filter),
                    resources, briefs);
        }
    }
    printf("# %s: %d briefs, %d filters, %d passed, %d not\n", type->name, tally.briefs,
           tally.filters, tally.passed, tally.failed);
    ok(tally.briefs > DOCUMENTS / 4, "most resources have a brief");
    ok(tally.filters > FILTERS / 8, "many filters are valid");
    ok(tally.passed > 10000 && tally.failed > 10000, "they pass and they fail");
    is_int(tally.different, 0,
           apr_pstrcat(p, type->name, ": never another answer", NULL));
}

/* ---- what has no brief, and what a brief is worth ---- */

static base_slice_t brief_of(const char *text)
{
    char *json = apr_pstrdup(p, text), *c;

    for (c = json; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    return scim_brief_make(p, &scim_type_user,
                           base_json_parse(p, json, strlen(json), 32, 0, NULL));
}

static int finds(const char *filter_text, const base_slice_t *brief)
{
    const scim_filter_t *filter;

    return !scim_filter_parse(p, &scim_type_user, filter_text, 0, &filter) &&
           scim_search_match(scim_search_make(p, &scim_type_user, filter), brief);
}

static const char *repeated(const char *text, int n)
{
    const char *all = text;

    while (--n > 0) {
        all = apr_pstrcat(p, all, ",", text, NULL);
    }
    return all;
}

static void limits(void)
{
    static const struct {
        const char *text;
        int has;
    } cases[] = {
        {"{'userName':'ann'}", 1},
        {"{}", 1},
        {"{'unheard':'of'}", 1}, /* no filter can name it */
        {"{'name':{'givenName':'Ann','unheard':'of'}}", 0},
        {"{'name':{'givenName':['Ann']}}", 0},
        {"{'name':{'givenName':{'a':1}}}", 0},
        {"{'title':{'a':1}}", 0},
        {"{'title':{}}", 1},
        {"{'emails':[['ann']]}", 0},
        {"{'emails':[{},null,'',7]}", 1},
    };
    apr_size_t i;
    base_slice_t brief;
    char *title = apr_pcalloc(p, 70001);

    for (i = 0; i < COUNT(cases); i++) {
        is_int(brief_of(cases[i].text).len > 0, cases[i].has, cases[i].text);
    }
    brief = brief_of(apr_psprintf(p, "{'emails':[%s]}", repeated("{}", 255)));
    ok(brief.len > 0, "255 elements have a brief");
    brief = brief_of(apr_psprintf(p, "{'emails':[%s]}", repeated("{}", 256)));
    ok(brief.len == 0, "256 have none");
    memset(title, 'x', 65000);
    brief = brief_of(apr_psprintf(p, "{'title':'%s','userName':'ann'}", title));
    ok(brief.len > 0 && finds("title co \"xx\"", &brief), "a long text has a brief");
    memset(title, 'x', 70000);
    brief = brief_of(apr_psprintf(p, "{'title':'%s'}", title));
    ok(brief.len == 0, "a longer one has none");
}

/* Whatever the bytes are, reading stays within them: valgrind and the sanitizers see
 * it when it does not. */
static void damage(void)
{
    base_slice_t brief = brief_of("{'userName':'ann','emails':[{'value':'a'},{}],"
                                  "'active':true,'meta':{'created':'2026-03-01'}}");
    static const char *const filters[] = {
        "emails[value eq \"a\" and not (type pr)]", "emails pr", "active eq true",
        "meta.created gt \"2020-01-01T00:00:00Z\"", "userName co \"n\""};
    apr_size_t i, f;
    int found = 0;

    for (f = 0; f < COUNT(filters); f++) {
        ok(finds(filters[f], &brief), filters[f]);
        for (i = 0; i < 2 * brief.len; i++) {
            base_slice_t bad = {NULL, i < brief.len ? i : brief.len};
            char *bytes = malloc(bad.len + 1);

            memcpy(bytes, brief.data, bad.len);
            if (i >= brief.len) {
                bytes[i - brief.len] = (char)0xff;
            }
            bad.data = bytes;
            found += finds(filters[f], &bad);
            free(bytes);
        }
    }
    printf("# %d\n", found);
    ok(found > 0, "some damage does not matter");
}

static void formats(void)
{
    const char *users = scim_brief_format(p, &scim_type_user);

    is_int(strlen(users), 16, "a format is short");
    is_str(scim_brief_format(p, &scim_type_user), users, "and the same every time");
    ok(strcmp(users, scim_brief_format(p, &thing_type)) != 0,
       "and another with other attributes");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    limits();
    damage();
    formats();
    differential(&scim_type_user);
    differential(&thing_type);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
