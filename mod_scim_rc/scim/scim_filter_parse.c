#include "scim_filter.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "scim_parse.h"

/* What names mean where the parser is. */
typedef struct scope_t {
    scim_parse_t *parse;
    const scim_type_t *type;     /* NULL in brackets */
    const scim_schema_t *schema; /* in brackets: of */
    const scim_attr_t *attr;     /* this attribute; NULL outside */
} scope_t;

static scim_filter_t *make(const scope_t *scope, scim_filter_kind_t kind)
{
    scim_filter_t *filter = apr_pcalloc(scope->parse->p, sizeof *filter);

    filter->kind = kind;
    return filter;
}

/* "email", which some clients write for the addresses, where no schema has it. */
static int parse_alias(const scope_t *scope, scim_path_t *path)
{
    scim_parse_t *parse = scope->parse;

    if (!(parse->tolerance & SCIM_TOLERATE_FILTER) || !scim_parse_is(parse, "email") ||
        scim_schema_attr(scope->type->core, "email")) {
        return 0;
    }
    memset(path, 0, sizeof *path);
    path->schema = scope->type->core;
    path->attr = scim_schema_attr(path->schema, "emails");
    path->sub = path->attr ? scim_attr_sub(path->attr, "value") : NULL;
    if (path->sub) {
        scim_parse_next(parse);
    }
    return path->sub != NULL;
}

static const scim_error_t *parse_attr(const scope_t *scope, scim_path_t *path)
{
    scim_parse_t *parse = scope->parse;
    const char *at = parse->start;
    const scim_error_t *error;

    if (scope->attr) {
        path->schema = scope->schema;
        error =
            scim_parse_sub(parse, scope->attr, scim_parse_word(parse), at, &path->attr);
        scim_parse_next(parse);
    }
    else {
        error =
            parse_alias(scope, path) ? NULL : scim_parse_name(parse, scope->type, path);
    }
    if (error) {
        return error;
    }
    if (!path->attr) {
        return scim_parse_error(parse, at,
                                "this is a whole schema; name an attribute of it");
    }
    if (path->attr->returned == SCIM_RETURNED_NEVER ||
        (path->sub && path->sub->returned == SCIM_RETURNED_NEVER)) {
        return scim_parse_error(parse, at, "%s is never shown, nor searched for",
                                path->attr->name);
    }
    return NULL;
}

/* meta.location is not kept with a resource, since it depends on how the client reached
 * the service: the id at its end says the same. */
static void settle_location(const scope_t *scope, scim_filter_t *filter)
{
    const char *url = json_string_value(filter->value), *place = NULL, *next = url;
    const apr_size_t len = strlen(scope->type->endpoint);

    if (!filter->path.sub || strcmp(filter->path.attr->name, "meta") != 0 ||
        strcmp(filter->path.sub->name, "location") != 0 ||
        (filter->op > SCIM_NE && filter->op != SCIM_PR)) {
        return;
    }
    while (next && (next = strstr(next, scope->type->endpoint)) != NULL) {
        next += len;
        place = *next == '/' ? next + 1 : place;
    }
    filter->path.attr = scim_schema_attr(filter->path.schema, "id");
    filter->path.sub = NULL;
    if (place) { /* what is no such URL equals no id either */
        filter->folded = place;
        filter->value = base_json_own(scope->parse->p, json_string(place));
    }
}

/* attr[filter], and what is tolerated behind it: .sub op value */
static const scim_error_t *parse_value_path(const scope_t *scope, scim_filter_t *filter)
{
    scim_parse_t *parse = scope->parse;
    const char *at = parse->start;
    const scim_error_t *error;

    if (scope->attr || !filter->path.attr->sub || filter->path.sub) {
        return scim_parse_error(parse, at,
                                "brackets must follow an attribute that has "
                                "sub-attributes");
    }
    error = scim_parse_brackets(parse, &filter->path);
    if (error) {
        return error;
    }
    if (!filter->path.sub) {
        filter->op = SCIM_PR;
        return NULL;
    }
    if (!(parse->tolerance & SCIM_TOLERATE_FILTER)) {
        return scim_parse_error(parse, at,
                                "nothing may follow the brackets; write %s[... and %s "
                                "eq \"...\"]",
                                filter->path.attr->name, filter->path.sub->name);
    }
    return scim_parse_op(parse, filter);
}

static const scim_error_t *parse_comparison(const scope_t *scope,
                                            const scim_filter_t **result)
{
    scim_filter_t *filter = make(scope, SCIM_COMPARE);
    const scim_error_t *error = parse_attr(scope, &filter->path);

    *result = filter;
    if (!error) {
        error = scope->parse->kind == '[' ? parse_value_path(scope, filter)
                                          : scim_parse_op(scope->parse, filter);
    }
    if (!error && scope->type) {
        settle_location(scope, filter);
    }
    return error;
}

static const scim_error_t *parse_chain(const scope_t *scope, scim_filter_kind_t kind,
                                       const scim_filter_t **result);

/* What stands between the current bracket and its `close`. */
static const scim_error_t *parse_group(const scope_t *scope, char close,
                                       const scim_filter_t **result)
{
    scim_parse_t *parse = scope->parse;
    const scim_error_t *error;

    if (++parse->depth > SCIM_FILTER_MAX_DEPTH) {
        return scim_parse_error(parse, parse->start,
                                "brackets may nest %d deep, not deeper",
                                SCIM_FILTER_MAX_DEPTH);
    }
    scim_parse_next(parse);
    error = parse_chain(scope, SCIM_OR, result);
    if (error) {
        return error;
    }
    if (parse->kind != close) {
        return scim_parse_unexpected(
            parse, apr_psprintf(parse->p, "'and', 'or' or '%c'", close));
    }
    scim_parse_next(parse);
    parse->depth--;
    return NULL;
}

static const scim_error_t *parse_term(const scope_t *scope,
                                      const scim_filter_t **result)
{
    scim_parse_t *parse = scope->parse;
    scim_filter_t *filter;

    if (scim_parse_is(parse, "not")) {
        scim_parse_next(parse);
        if (parse->kind != '(') {
            return scim_parse_unexpected(parse, "the '(' that 'not' needs");
        }
        filter = make(scope, SCIM_NOT);
        *result = filter;
        return parse_group(scope, ')', &filter->left);
    }
    if (parse->kind == '(') {
        return parse_group(scope, ')', result);
    }
    if (parse->kind != SCIM_TOKEN_WORD) {
        return scim_parse_unexpected(parse, "an attribute, 'not' or '('");
    }
    return parse_comparison(scope, result);
}

/* One or more operands of `kind`, a chain along `right`: however long it is, the tree
 * is only as deep on its left side as brackets nest. */
static const scim_error_t *parse_chain(const scope_t *scope, scim_filter_kind_t kind,
                                       const scim_filter_t **result)
{
    for (;;) {
        const scim_filter_t *operand = NULL;
        scim_filter_t *filter;
        const scim_error_t *error = kind == SCIM_OR
                                        ? parse_chain(scope, SCIM_AND, &operand)
                                        : parse_term(scope, &operand);

        if (error) {
            return error;
        }
        if (!scim_parse_is(scope->parse, kind == SCIM_OR ? "or" : "and")) {
            *result = operand;
            return NULL;
        }
        scim_parse_next(scope->parse);
        filter = make(scope, kind);
        filter->left = operand;
        *result = filter;
        result = &filter->right;
    }
}

const scim_error_t *scim_parse_brackets(scim_parse_t *parse, scim_path_t *path)
{
    const scope_t scope = {parse, NULL, path->schema, path->attr};
    scim_error_type_t type = parse->type;
    const scim_error_t *error;

    parse->type = SCIM_INVALID_FILTER;
    error = parse_group(&scope, ']', &path->filter);
    if (error) {
        return error;
    }
    parse->type = type;
    if (parse->kind == SCIM_TOKEN_WORD && *parse->start == '.') {
        error = scim_parse_sub(parse, path->attr, scim_parse_word(parse) + 1,
                               parse->start + 1, &path->sub);
        scim_parse_next(parse);
    }
    return error;
}

const scim_error_t *scim_filter_parse(apr_pool_t *p, const scim_type_t *type,
                                      const char *text, unsigned tolerance,
                                      const scim_filter_t **filter)
{
    scim_parse_t parse = {
        .p = p, .what = "filter", .type = SCIM_INVALID_FILTER, .tolerance = tolerance};
    const scope_t scope = {&parse, type, NULL, NULL};
    const scim_error_t *error = scim_parse_start(&parse, text);

    if (!error) {
        error = parse_chain(&scope, SCIM_OR, filter);
    }
    if (!error && parse.kind != SCIM_TOKEN_END) {
        error = scim_parse_unexpected(&parse, "'and', 'or' or the end");
    }
    return error;
}
