#include "scim_filter.h"

#include <string.h>
#include <apr_cstr.h>

#include "base_str.h"
#include "base_time.h"

/* Strings up to this length are folded without an allocation. */
#define FOLD_BUFFER 256

static int walk(apr_pool_t *p, const scim_filter_t *filter, const json_t *object,
                int in_element);

/* RFC 7644 section 3.4.2.2, "pr": neither null nor empty. */
static int is_present(const json_t *value)
{
    const char *key;
    json_t *each;
    size_t i;

    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_NULL:
        return 0;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_ARRAY:
        json_array_foreach((json_t *)value, i, each)
        {
            if (is_present(each)) {
                return 1;
            }
        }
        return 0;
    case JSON_OBJECT:
        json_object_foreach((json_t *)value, key, each)
        {
            if (is_present(each)) {
                return 1;
            }
        }
        return 0;
    default:
        return 1;
    }
}

/* `text` folded, in `buffer` when it is short ASCII. */
static const char *fold(apr_pool_t *p, const char *text, char buffer[FOLD_BUFFER])
{
    size_t i;

    for (i = 0; i < FOLD_BUFFER; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c & 0x80) {
            break;
        }
        buffer[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        if (!c) {
            return buffer;
        }
    }
    return base_str_fold(p, text);
}

static int ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && !memcmp(text + len - end_len, end, end_len);
}

int scim_op_fits(scim_op_t op, int order)
{
    switch (op) {
    case SCIM_EQ:
        return order == 0;
    case SCIM_NE:
        return order != 0;
    case SCIM_GT:
        return order > 0;
    case SCIM_GE:
        return order >= 0;
    case SCIM_LT:
        return order < 0;
    case SCIM_LE:
        return order <= 0;
    default:
        return 0;
    }
}

static int compare_text(apr_pool_t *p, const scim_filter_t *filter, int exact,
                        const char *text)
{
    char buffer[FOLD_BUFFER];

    if (!exact) {
        text = fold(p, text, buffer);
    }
    switch (filter->op) {
    case SCIM_CO:
        return strstr(text, filter->folded) != NULL;
    case SCIM_SW:
        return !strncmp(text, filter->folded, strlen(filter->folded));
    case SCIM_EW:
        return ends_with(text, filter->folded);
    default:
        return scim_op_fits(filter->op, strcmp(text, filter->folded));
    }
}

static int order_numbers(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t x = json_integer_value(a), y = json_integer_value(b);

        return (x > y) - (x < y);
    }
    return (json_number_value(a) > json_number_value(b)) -
           (json_number_value(a) < json_number_value(b));
}

/* A simple value that is there, against one that is not null. */
static int compare_value(apr_pool_t *p, const scim_filter_t *filter,
                         const json_t *value)
{
    const scim_attr_t *leaf = filter->path.sub ? filter->path.sub : filter->path.attr;
    apr_time_t time;

    if (filter->folded && json_is_string(value)) {
        return compare_text(p, filter, leaf->flags & SCIM_EXACT,
                            json_string_value(value));
    }
    if (json_is_number(filter->value) && json_is_number(value)) {
        return scim_op_fits(filter->op, order_numbers(value, filter->value));
    }
    if (json_is_boolean(filter->value) && json_is_boolean(value)) {
        return scim_op_fits(filter->op,
                            json_typeof(value) != json_typeof(filter->value));
    }
    if (leaf->kind == SCIM_DATETIME &&
        base_time_parse(json_string_value(value), &time)) {
        return scim_op_fits(filter->op, (time > filter->time) - (time < filter->time));
    }
    return filter->op == SCIM_NE;
}

/* What is absent equals nothing but null, so it is not equal to any other value. */
static int compare(apr_pool_t *p, const scim_filter_t *filter, const json_t *value)
{
    int present = is_present(value);

    if (filter->op == SCIM_PR) {
        return present;
    }
    if (json_is_null(filter->value)) {
        return present == (filter->op == SCIM_NE);
    }
    return present ? compare_value(p, filter, value) : filter->op == SCIM_NE;
}

static int compare_element(apr_pool_t *p, const scim_filter_t *filter,
                           const json_t *element)
{
    const scim_path_t *path = &filter->path;

    if (path->filter && !(element && walk(p, path->filter, element, 1))) {
        return 0;
    }
    return compare(p, filter,
                   path->sub ? json_object_get(element, path->sub->name) : element);
}

static int compare_path(apr_pool_t *p, const scim_filter_t *filter,
                        const json_t *object)
{
    const json_t *value = json_object_get(object, filter->path.attr->name);
    size_t i, n = json_array_size(value);

    if (n == 0) {
        return compare_element(p, filter, json_is_array(value) ? NULL : value);
    }
    for (i = 0; i < n; i++) {
        if (compare_element(p, filter, json_array_get(value, i))) {
            return 1;
        }
    }
    return 0;
}

/* `object` is a resource, or an element of a multi-valued attribute. */
static int walk(apr_pool_t *p, const scim_filter_t *filter, const json_t *object,
                int in_element)
{
    for (; filter->kind == SCIM_AND || filter->kind == SCIM_OR;
         filter = filter->right) {
        int left = walk(p, filter->left, object, in_element);

        if (left == (filter->kind == SCIM_OR)) {
            return left;
        }
    }
    if (filter->kind == SCIM_NOT) {
        return !walk(p, filter->left, object, in_element);
    }
    if (!in_element && !filter->path.schema->common) {
        object = json_object_get(object, filter->path.schema->urn);
    }
    return compare_path(p, filter, object);
}

int scim_filter_match(apr_pool_t *p, const scim_filter_t *filter,
                      const json_t *resource)
{
    return walk(p, filter, resource, 0);
}

int scim_filter_match_value(apr_pool_t *p, const scim_filter_t *filter,
                            const json_t *element)
{
    return walk(p, filter, element, 1);
}

/* Is "attr" or "attr.sub" `name`? */
static int is_named(const scim_attr_t *attr, const scim_attr_t *sub, const char *name)
{
    size_t len = strlen(attr->name);

    if (apr_cstr_casecmpn(name, attr->name, len)) {
        return 0;
    }
    return sub ? name[len] == '.' && base_str_same(name + len + 1, sub->name)
               : name[len] == '\0';
}

/* `outer` is the attribute in whose brackets `filter` stands, or NULL. */
static const scim_filter_t *find_eq(const scim_filter_t *filter,
                                    const scim_attr_t *outer, const char *name)
{
    const scim_path_t *path;
    const scim_filter_t *found;

    for (; filter->kind == SCIM_AND; filter = filter->right) {
        found = find_eq(filter->left, outer, name);
        if (found) {
            return found;
        }
    }
    path = &filter->path;
    if (filter->kind != SCIM_COMPARE || !path->schema->common) {
        return NULL;
    }
    if (filter->op == SCIM_EQ && json_is_string(filter->value) &&
        is_named(outer ? outer : path->attr, outer ? path->attr : path->sub, name)) {
        return filter;
    }
    return path->filter ? find_eq(path->filter, path->attr, name) : NULL;
}

const scim_filter_t *scim_filter_find_eq(const scim_filter_t *filter, const char *name)
{
    return find_eq(filter, NULL, name);
}
