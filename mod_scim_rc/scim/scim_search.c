/* Filters on briefs: scim_filter_match() in another form, and with the same answers. */
#include "scim_brief_read.h"

/* What a value is compared with. */
typedef enum {
    WITH_NOTHING, /* pr: is there a value? */
    WITH_NULL,
    WITH_TEXT,
    WITH_NUMBER,
    WITH_BOOLEAN,
    WITH_TIME
} operand_t;

struct scim_search_t {
    scim_filter_kind_t kind;
    const scim_search_t *left, *right;
    unsigned attr;              /* whose elements are looked at, one by one */
    unsigned leaf;              /* the attribute or sub-attribute to compare */
    unsigned subs;              /* so many numbers behind `leaf` belong to it */
    const scim_search_t *inner; /* what an element must pass, or NULL */
    scim_op_t op;
    operand_t operand;
    brief_kind_t value; /* of the operand: BRIEF_TRUE, BRIEF_INTEGER ... */
    const char *text;
    size_t len;
    json_int_t integer;
    double real; /* of either kind of number */
    apr_time_t time;
};

/* Has the element a value in one of the sub-attributes of its attribute? */
static int has_parts(const scim_search_t *s, const brief_reader_t *r, unsigned from,
                     unsigned element)
{
    unsigned i;

    for (i = brief_skip_to(r, from, s->leaf + 1); i < r->n; i++) {
        if (brief_attr_at(r, i) > s->leaf + s->subs) {
            return 0;
        }
        if (brief_element_at(r, i) == element) {
            return 1;
        }
    }
    return 0;
}

static int order_texts(const scim_search_t *s, const brief_found_t *found)
{
    const size_t len = found->len < s->len ? found->len : s->len;
    const int order = memcmp(found->bytes, s->text, len);

    return order ? order : (found->len > s->len) - (found->len < s->len);
}

/* Up to this length memmem() takes longer to begin than to search. */
#define SHORT_TEXT 128

static int contains(const scim_search_t *s, const brief_found_t *found)
{
    const char *at = found->bytes, *last;

    if (found->len > SHORT_TEXT || !s->len) {
        return memmem(found->bytes, found->len, s->text, s->len) != NULL;
    }
    if (found->len < s->len) {
        return 0;
    }
    last = at + found->len - s->len; /* where it begins at the latest */
    while (at <= last && (at = memchr(at, s->text[0], (size_t)(last - at) + 1))) {
        if (!memcmp(at, s->text, s->len)) {
            return 1;
        }
        at++;
    }
    return 0;
}

static int compare_text(const scim_search_t *s, const brief_found_t *found)
{
    if (found->kind != BRIEF_TEXT) {
        return s->op == SCIM_NE;
    }
    switch (s->op) {
    case SCIM_CO:
        return contains(s, found);
    case SCIM_SW:
        return found->len >= s->len && !memcmp(found->bytes, s->text, s->len);
    case SCIM_EW:
        return found->len >= s->len &&
               !memcmp(found->bytes + found->len - s->len, s->text, s->len);
    default:
        return scim_op_fits(s->op, order_texts(s, found));
    }
}

static int compare_number(const scim_search_t *s, const brief_found_t *found)
{
    json_int_t integer;
    double real;

    if (found->kind == BRIEF_INTEGER && found->len == sizeof integer) {
        memcpy(&integer, found->bytes, sizeof integer);
        if (s->value == BRIEF_INTEGER) {
            return scim_op_fits(s->op, (integer > s->integer) - (integer < s->integer));
        }
        real = (double)integer;
    }
    else if (found->kind == BRIEF_REAL && found->len == sizeof real) {
        memcpy(&real, found->bytes, sizeof real);
    }
    else {
        return s->op == SCIM_NE;
    }
    return scim_op_fits(s->op, (real > s->real) - (real < s->real));
}

static int compare_time(const scim_search_t *s, const brief_found_t *found)
{
    apr_time_t time;

    if (found->kind != BRIEF_TIME || found->len != sizeof time) {
        return s->op == SCIM_NE;
    }
    memcpy(&time, found->bytes, sizeof time);
    return scim_op_fits(s->op, (time > s->time) - (time < s->time));
}

static int compare_boolean(const scim_search_t *s, const brief_found_t *found)
{
    if (found->kind != BRIEF_TRUE && found->kind != BRIEF_FALSE) {
        return s->op == SCIM_NE;
    }
    return scim_op_fits(s->op, found->kind != s->value);
}

/* `found` NULL: there is no value. */
static int compare(const scim_search_t *s, const brief_found_t *found)
{
    switch (s->operand) {
    case WITH_NOTHING:
        return found != NULL;
    case WITH_NULL:
        return (found != NULL) == (s->op == SCIM_NE);
    default:
        break;
    }
    if (!found) {
        return s->op == SCIM_NE;
    }
    return s->operand == WITH_TEXT     ? compare_text(s, found)
           : s->operand == WITH_NUMBER ? compare_number(s, found)
           : s->operand == WITH_TIME   ? compare_time(s, found)
                                       : compare_boolean(s, found);
}

/* Compares what one element has; its attribute's entries begin at `from`. */
static int compare_in(const scim_search_t *s, const brief_reader_t *r, unsigned from,
                      unsigned element)
{
    unsigned i = brief_find(r, from, s->leaf, element);
    brief_found_t found = {BRIEF_NOTHING, NULL, 0};

    if (i < r->n) {
        found = brief_value_at(r, i);
    }
    if (found.kind == BRIEF_NOTHING && s->subs && has_parts(s, r, from, element)) {
        found.kind = BRIEF_OTHER;
    }
    return compare(s, found.kind == BRIEF_NOTHING ? NULL : &found);
}

/* The comparisons of a valuePath, within one element. */
static int walk_element(const scim_search_t *s, const brief_reader_t *r, unsigned from,
                        unsigned element)
{
    for (; s->kind == SCIM_AND || s->kind == SCIM_OR; s = s->right) {
        int left = walk_element(s->left, r, from, element);

        if (left == (s->kind == SCIM_OR)) {
            return left;
        }
    }
    return s->kind == SCIM_NOT ? !walk_element(s->left, r, from, element)
                               : compare_in(s, r, from, element);
}

static int compare_elements(const scim_search_t *s, const brief_reader_t *r)
{
    const unsigned from = brief_skip_to(r, 0, s->attr);
    unsigned i;

    if (from == r->n || brief_attr_at(r, from) != s->attr) {
        return !s->inner && compare(s, NULL);
    }
    for (i = from; i < r->n && brief_attr_at(r, i) == s->attr; i++) {
        const unsigned element = brief_element_at(r, i);

        if ((!s->inner || walk_element(s->inner, r, from, element)) &&
            compare_in(s, r, from, element)) {
            return 1;
        }
    }
    return 0;
}

static int walk(const scim_search_t *s, const brief_reader_t *r)
{
    for (; s->kind == SCIM_AND || s->kind == SCIM_OR; s = s->right) {
        int left = walk(s->left, r);

        if (left == (s->kind == SCIM_OR)) {
            return left;
        }
    }
    return s->kind == SCIM_NOT ? !walk(s->left, r) : compare_elements(s, r);
}

int scim_search_match(const scim_search_t *search, const base_slice_t *brief)
{
    const brief_reader_t r = brief_open(brief);

    return walk(search, &r);
}

/* ---- making a search of a filter ---- */

/* Where the names of a filter are looked up: outside, or in an attribute's brackets. */
typedef struct scope_t {
    apr_pool_t *p;
    const scim_type_t *type;
    const scim_attr_t *outer; /* NULL outside */
} scope_t;

static const scim_search_t *make(const scope_t *scope, const scim_filter_t *filter);

static void set_operand(scim_search_t *s, const scim_filter_t *filter)
{
    const json_t *value = filter->value;

    if (filter->op == SCIM_PR) {
        s->operand = WITH_NOTHING;
    }
    else if (json_is_null(value)) {
        s->operand = WITH_NULL;
    }
    else if (filter->folded) {
        s->operand = WITH_TEXT;
        s->text = filter->folded;
        s->len = strlen(filter->folded);
    }
    else if (json_is_number(value)) {
        s->operand = WITH_NUMBER;
        s->value = json_is_integer(value) ? BRIEF_INTEGER : BRIEF_REAL;
        s->integer = json_integer_value(value);
        s->real = json_number_value(value);
    }
    else if (json_is_boolean(value)) {
        s->operand = WITH_BOOLEAN;
        s->value = json_is_true(value) ? BRIEF_TRUE : BRIEF_FALSE;
    }
    else {
        s->operand = WITH_TIME;
        s->time = filter->time;
    }
}

static void set_path(const scope_t *scope, scim_search_t *s, const scim_path_t *path)
{
    const scope_t inside = {scope->p, scope->type, path->attr};

    if (scope->outer) {
        s->leaf =
            scim_brief_number(scope->type, path->schema, scope->outer, path->attr);
        return;
    }
    s->attr = scim_brief_number(scope->type, path->schema, path->attr, NULL);
    s->leaf = scim_brief_number(scope->type, path->schema, path->attr, path->sub);
    s->subs = path->sub ? 0 : scim_brief_subs(path->attr);
    s->inner = path->filter ? make(&inside, path->filter) : NULL;
}

static const scim_search_t *make(const scope_t *scope, const scim_filter_t *filter)
{
    scim_search_t *s = apr_pcalloc(scope->p, sizeof *s);

    s->kind = filter->kind;
    if (filter->kind == SCIM_COMPARE) {
        s->op = filter->op;
        set_operand(s, filter);
        set_path(scope, s, &filter->path);
        return s;
    }
    s->left = make(scope, filter->left);
    s->right = filter->right ? make(scope, filter->right) : NULL;
    return s;
}

const scim_search_t *scim_search_make(apr_pool_t *p, const scim_type_t *type,
                                      const scim_filter_t *filter)
{
    const scope_t scope = {p, type, NULL};

    return make(&scope, filter);
}
