#include "scim_parse.h"

#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"

static const char *const op_names[] = {
    [SCIM_EQ] = "eq", [SCIM_NE] = "ne", [SCIM_CO] = "co", [SCIM_SW] = "sw",
    [SCIM_EW] = "ew", [SCIM_GT] = "gt", [SCIM_GE] = "ge", [SCIM_LT] = "lt",
    [SCIM_LE] = "le", [SCIM_PR] = "pr",
};
#define N_OPS (sizeof op_names / sizeof *op_names)

#define EQUALITY (1u << SCIM_EQ | 1u << SCIM_NE | 1u << SCIM_PR)
#define ORDER (1u << SCIM_GT | 1u << SCIM_GE | 1u << SCIM_LT | 1u << SCIM_LE)
#define PARTS (1u << SCIM_CO | 1u << SCIM_SW | 1u << SCIM_EW)

static const struct {
    unsigned ops;
    const char *value; /* what to compare with */
} kinds[] = {
    [SCIM_STRING] = {EQUALITY | ORDER | PARTS, "a string in double quotes"},
    [SCIM_BOOLEAN] = {EQUALITY, "true or false"},
    [SCIM_INTEGER] = {EQUALITY | ORDER, "a number"},
    [SCIM_DECIMAL] = {EQUALITY | ORDER, "a number"},
    [SCIM_DATETIME] = {EQUALITY | ORDER,
                       "a time such as \"2026-11-21T08:15:30Z\" in double quotes"},
    [SCIM_REFERENCE] = {EQUALITY | ORDER | PARTS, "a string in double quotes"},
    [SCIM_BINARY] = {EQUALITY, "a string in double quotes"},
    [SCIM_COMPLEX] = {EQUALITY, "null"},
};

static const scim_attr_t *leaf_of(const scim_path_t *path)
{
    return path->sub ? path->sub : path->attr;
}

/* "eq, ne and pr": the names of a set of operators. */
static const char *list_ops(apr_pool_t *p, unsigned ops)
{
    const char *list = "";
    unsigned op;

    for (op = 0; op < N_OPS; op++) {
        if (ops & 1u << op) {
            list = apr_pstrcat(p, list,
                               !*list          ? ""
                               : op == SCIM_PR ? " and "
                                               : ", ",
                               op_names[op], NULL);
        }
    }
    return list;
}

static const scim_error_t *take_op(scim_parse_t *parse, scim_op_t *op)
{
    unsigned i;

    for (i = 0; i < N_OPS; i++) {
        if (scim_parse_is(parse, op_names[i])) {
            *op = i;
            return NULL;
        }
    }
    return scim_parse_unexpected(
        parse, apr_psprintf(parse->p, "an operator (%s)", list_ops(parse->p, ~0u)));
}

/* A complex attribute is compared by its "value" (RFC 7644 section 3.4.2.2); with null
 * it is meant as a whole. */
static void settle_leaf(scim_parse_t *parse, scim_path_t *path)
{
    if (leaf_of(path)->kind == SCIM_COMPLEX && !scim_parse_is(parse, "null")) {
        path->sub = scim_attr_sub(path->attr, "value");
    }
}

static const scim_error_t *check_op(const scim_parse_t *parse, const char *at,
                                    const scim_attr_t *leaf, scim_op_t op)
{
    if (leaf->kind == SCIM_COMPLEX && op != SCIM_EQ && op != SCIM_NE) {
        return scim_parse_error(parse, at,
                                "'%s' cannot compare all of %s; "
                                "name one of its sub-attributes",
                                op_names[op], leaf->name);
    }
    if (!(kinds[leaf->kind].ops & 1u << op)) {
        return scim_parse_error(parse, at, "'%s' cannot compare %s; %s can",
                                op_names[op], leaf->name,
                                list_ops(parse->p, kinds[leaf->kind].ops));
    }
    return NULL;
}

static int is_text(const scim_attr_t *leaf)
{
    return leaf->kind == SCIM_STRING || leaf->kind == SCIM_REFERENCE ||
           leaf->kind == SCIM_BINARY || leaf->kind == SCIM_DATETIME;
}

/* The current token as what a lenient reader takes it for, or NULL. */
static json_t *tolerate(const scim_parse_t *parse, const scim_attr_t *leaf,
                        const json_t *json)
{
    const char *word =
        json_is_string(json) ? json_string_value(json) : scim_parse_word(parse);

    if (leaf->kind == SCIM_BOOLEAN && parse->tolerance & SCIM_TOLERATE_BOOL) {
        return base_str_same(word, "true")    ? json_true()
               : base_str_same(word, "false") ? json_false()
                                              : NULL;
    }
    if (is_text(leaf) && parse->kind == SCIM_TOKEN_WORD && *word != '\'' &&
        parse->tolerance & SCIM_TOLERATE_FILTER) {
        return json_string(word);
    }
    return NULL;
}

/* Is `json` a value that the comparison can be made with? Completes the comparison. */
static int take_value(apr_pool_t *p, scim_filter_t *filter, json_t *json)
{
    const scim_attr_t *leaf = leaf_of(&filter->path);
    const char *text = json_string_value(json);

    if (json_is_null(json)) {
        return filter->op == SCIM_EQ || filter->op == SCIM_NE;
    }
    switch (leaf->kind) {
    case SCIM_BOOLEAN:
        return json_is_boolean(json);
    case SCIM_INTEGER:
    case SCIM_DECIMAL:
        return json_is_number(json);
    case SCIM_DATETIME:
        return base_time_parse(text, &filter->time);
    case SCIM_COMPLEX:
        return 0;
    default:
        filter->folded = leaf->flags & SCIM_EXACT ? text : base_str_fold(p, text);
        return text != NULL;
    }
}

static const scim_error_t *bad_string(const scim_parse_t *parse, json_error_t *error)
{
    if (json_error_code(error) == json_error_premature_end_of_input) {
        return scim_parse_error(parse, parse->start,
                                "the string that begins here has no closing quote");
    }
    return scim_parse_error(parse, parse->start,
                            "this string holds a control character or an escape that "
                            "JSON does not have");
}

static const scim_error_t *parse_value(scim_parse_t *parse, scim_filter_t *filter)
{
    const scim_attr_t *leaf = leaf_of(&filter->path);
    json_error_t problem;
    json_t *json, *tolerated;

    if (parse->kind != SCIM_TOKEN_WORD && parse->kind != SCIM_TOKEN_STRING) {
        return scim_parse_unexpected(parse, kinds[leaf->kind].value);
    }
    json = base_json_own(
        parse->p, json_loadb(parse->start, parse->len, JSON_DECODE_ANY, &problem));
    if (!json && parse->kind == SCIM_TOKEN_STRING) {
        return bad_string(parse, &problem);
    }
    if (!json_is_null(json)) {
        tolerated = base_json_own(parse->p, tolerate(parse, leaf, json));
        json = tolerated ? tolerated : json;
    }
    if (!json || !take_value(parse->p, filter, json)) {
        return scim_parse_unexpected(parse, kinds[leaf->kind].value);
    }
    filter->value = json;
    scim_parse_next(parse);
    return NULL;
}

const scim_error_t *scim_parse_op(scim_parse_t *parse, scim_filter_t *filter)
{
    const char *at = parse->start;
    const scim_error_t *error = take_op(parse, &filter->op);

    if (error) {
        return error;
    }
    scim_parse_next(parse);
    if (filter->op == SCIM_PR) {
        return NULL;
    }
    settle_leaf(parse, &filter->path);
    error = check_op(parse, at, leaf_of(&filter->path), filter->op);
    return error ? error : parse_value(parse, filter);
}
