#include "scim_sort.h"

#include "base_time.h"
#include "scim_brief_read.h"
#include "scim_parse.h"
#include "scim_value.h"

/* ---- keys ---- */

#define TWO_TO_63 9223372036854775808.0

static const base_slice_t no_key = {NULL, 0};

static const scim_attr_t *leaf_of(const scim_path_t *path)
{
    return path->sub ? path->sub : path->attr;
}

/* The most significant byte first, so that bytes are in the order of the numbers. */
static void put_number(char *to, apr_uint64_t number)
{
    int i;

    for (i = 0; i < 8; i++) {
        to[i] = (char)(number >> (56 - 8 * i));
    }
}

static apr_uint64_t order_integer(apr_int64_t integer)
{
    return (apr_uint64_t)integer ^ APR_UINT64_C(1) << 63;
}

/* An IEEE 754 number as an integer in the same order. */
static apr_uint64_t order_real(double real)
{
    const apr_uint64_t sign = APR_UINT64_C(1) << 63;
    apr_uint64_t bits;

    real += 0.0; /* one zero only */
    memcpy(&bits, &real, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
}

static apr_int64_t to_integer(double real)
{
    return real >= TWO_TO_63    ? APR_INT64_MAX
           : real <= -TWO_TO_63 ? APR_INT64_MIN
                                : (apr_int64_t)real;
}

/* As a real number, which large integers may share, then as an integer. */
static base_slice_t key_of_number(const brief_found_t *found, char *room)
{
    const base_slice_t key = {room, 16};
    json_int_t integer;
    double real;

    if (found->kind == BRIEF_INTEGER && found->len == sizeof integer) {
        memcpy(&integer, found->bytes, sizeof integer);
        real = (double)integer;
    }
    else if (found->kind == BRIEF_REAL && found->len == sizeof real) {
        memcpy(&real, found->bytes, sizeof real);
        integer = to_integer(real);
    }
    else {
        return no_key;
    }
    put_number(room, order_real(real));
    put_number(room + 8, order_integer(integer));
    return key;
}

static base_slice_t key_of_time(const brief_found_t *found, char *room)
{
    const base_slice_t key = {room, 8};
    apr_time_t time;

    if (found->kind != BRIEF_TIME || found->len != sizeof time) {
        return no_key;
    }
    memcpy(&time, found->bytes, sizeof time);
    put_number(room, order_integer(time));
    return key;
}

static base_slice_t key_of_boolean(const brief_found_t *found, char *room)
{
    const base_slice_t key = {room, 1};

    *room = found->kind == BRIEF_TRUE;
    return found->kind == BRIEF_TRUE || found->kind == BRIEF_FALSE ? key : no_key;
}

static base_slice_t key_of_value(const scim_sort_t *sort, const brief_found_t *found,
                                 char *room)
{
    const base_slice_t text = {found->bytes, found->len};

    switch (leaf_of(&sort->path)->kind) {
    case SCIM_BOOLEAN:
        return key_of_boolean(found, room);
    case SCIM_INTEGER:
    case SCIM_DECIMAL:
        return key_of_number(found, room);
    case SCIM_DATETIME:
        return key_of_time(found, room);
    default:
        return found->kind == BRIEF_TEXT ? text : no_key;
    }
}

static base_slice_t key_at(const scim_sort_t *sort, const brief_reader_t *r, unsigned i,
                           char *room)
{
    const brief_found_t found = brief_value_at(r, i);

    return key_of_value(sort, &found, room);
}

/* The value in the primary element, r->n when there is none. */
static unsigned find_primary(const scim_sort_t *sort, const brief_reader_t *r)
{
    unsigned i = brief_skip_to(r, 0, sort->primary);

    for (; i < r->n && brief_attr_at(r, i) == sort->primary; i++) {
        if (brief_value_at(r, i).kind == BRIEF_TRUE) {
            return brief_find(r, 0, sort->leaf, brief_element_at(r, i));
        }
    }
    return r->n;
}

base_slice_t scim_sort_key(const scim_sort_t *sort, const base_slice_t *brief,
                           char room[SCIM_SORT_ROOM])
{
    const brief_reader_t r = brief_open(brief);
    base_slice_t key = no_key;
    unsigned i = sort->primary ? find_primary(sort, &r) : r.n;

    if (i < r.n) {
        key = key_at(sort, &r, i, room);
    }
    i = key.data ? r.n : brief_skip_to(&r, 0, sort->leaf);
    for (; !key.data && i < r.n && brief_attr_at(&r, i) == sort->leaf; i++) {
        key = key_at(sort, &r, i, room);
    }
    return key;
}

/* A value in the way in which a brief has it, while `room` lasts. */
static brief_found_t find_value(apr_pool_t *p, const scim_attr_t *leaf,
                                const json_t *value, char *room)
{
    const char *text = json_string_value(value);
    const json_int_t integer = json_integer_value(value);
    const double real = json_real_value(value);
    brief_found_t found = {BRIEF_OTHER, room, sizeof integer};
    apr_time_t time;

    if (json_is_boolean(value)) {
        found.kind = json_is_true(value) ? BRIEF_TRUE : BRIEF_FALSE;
    }
    else if (json_is_integer(value)) {
        found.kind = BRIEF_INTEGER;
        memcpy(room, &integer, sizeof integer);
    }
    else if (json_is_real(value)) {
        found.kind = BRIEF_REAL;
        memcpy(room, &real, sizeof real);
    }
    else if (text && leaf->kind == SCIM_DATETIME && base_time_parse(text, &time)) {
        found.kind = BRIEF_TIME;
        memcpy(room, &time, sizeof time);
    }
    else if (text && *text && leaf->kind != SCIM_DATETIME) {
        found.kind = BRIEF_TEXT;
        found.bytes = leaf->flags & SCIM_EXACT ? text : base_str_fold(p, text);
        found.len = strlen(found.bytes);
    }
    return found;
}

static base_slice_t key_of_element(apr_pool_t *p, const scim_sort_t *sort,
                                   const json_t *element, char *room)
{
    const json_t *value =
        sort->path.sub ? json_object_get(element, sort->path.sub->name) : element;
    const brief_found_t found = find_value(p, leaf_of(&sort->path), value, room);

    return key_of_value(sort, &found, room);
}

static const json_t *primary_of(const json_t *list)
{
    json_t *element;
    size_t i;

    json_array_foreach((json_t *)list, i, element)
    {
        if (json_is_true(json_object_get(element, "primary"))) {
            return element;
        }
    }
    return NULL;
}

base_slice_t scim_sort_key_of(apr_pool_t *p, const scim_sort_t *sort,
                              const json_t *resource, char room[SCIM_SORT_ROOM])
{
    const scim_path_t *path = &sort->path;
    const json_t *object =
        path->schema->common ? resource : json_object_get(resource, path->schema->urn);
    const json_t *value = json_object_get(object, path->attr->name);
    base_slice_t key = no_key;
    size_t i;

    if (!json_is_array(value)) {
        return key_of_element(p, sort, value, room);
    }
    if (sort->primary) {
        key = key_of_element(p, sort, primary_of(value), room);
    }
    for (i = 0; !key.data && i < json_array_size(value); i++) {
        key = key_of_element(p, sort, json_array_get(value, i), room);
    }
    return key;
}

/* ---- reading the parameters ---- */

/* What of `path` can be compared. */
static const scim_error_t *settle(const scim_parse_t *parse, scim_path_t *path)
{
    if (leaf_of(path)->kind == SCIM_COMPLEX && path->attr->flags & SCIM_MULTI) {
        path->sub = scim_attr_sub(path->attr, "value");
    }
    if (leaf_of(path)->kind == SCIM_COMPLEX) {
        return scim_parse_error(parse, parse->text,
                                "%s has several parts; name one of its sub-attributes",
                                path->attr->name);
    }
    if (path->attr->returned == SCIM_RETURNED_NEVER ||
        leaf_of(path)->returned == SCIM_RETURNED_NEVER) {
        return scim_parse_error(parse, parse->text, "%s is never shown, nor sorted by",
                                path->attr->name);
    }
    return NULL;
}

static const scim_error_t *parse_by(scim_parse_t *parse, const scim_type_t *type,
                                    const char *by, scim_path_t *path)
{
    const scim_error_t *error = scim_parse_start(parse, by);

    if (!error && parse->kind != SCIM_TOKEN_WORD) {
        error = scim_parse_unexpected(parse, "an attribute");
    }
    if (!error) {
        error = scim_parse_name(parse, type, path);
    }
    if (!error && !path->attr) {
        error = scim_parse_error(parse, parse->text,
                                 "this is a whole schema; name an attribute of it");
    }
    if (!error && parse->kind != SCIM_TOKEN_END) {
        error = scim_parse_unexpected(parse, "the end of the path");
    }
    return error ? error : settle(parse, path);
}

static const scim_error_t *read_order(const scim_parse_t *parse, const char *order,
                                      int *descending)
{
    static const char *const orders[] = {"ascending", "descending"};
    const int any_case = parse->tolerance & SCIM_TOLERATE_FILTER;

    for (*descending = 0; *descending < 2; ++*descending) {
        const char *known = orders[*descending];

        if (any_case ? base_str_same(order, known) : !strcmp(order, known)) {
            return NULL;
        }
    }
    return scim_error(parse->p, 400, parse->type,
                      "sortOrder: \"%s\" is not valid, ascending or descending is "
                      "expected",
                      scim_excerpt(parse->p, order));
}

static void set_numbers(const scim_type_t *type, scim_sort_t *sort)
{
    const scim_path_t *path = &sort->path;
    const scim_attr_t *primary = path->sub && path->attr->flags & SCIM_MULTI
                                     ? scim_attr_sub(path->attr, "primary")
                                     : NULL;

    sort->leaf = scim_brief_number(type, path->schema, path->attr, path->sub);
    if (primary) {
        sort->primary = scim_brief_number(type, path->schema, path->attr, primary);
    }
}

/* meta.location is not kept with a resource, since it depends on how the client reached
 * the service; all locations are the same up to the id at their end. */
static void settle_location(const scim_type_t *type, scim_path_t *path)
{
    if (path->schema->common && path->sub && !strcmp(path->attr->name, "meta") &&
        !strcmp(path->sub->name, "location")) {
        path->attr = scim_schema_attr(type->core, "id");
        path->sub = NULL;
    }
}

const scim_error_t *scim_sort_parse(apr_pool_t *p, const scim_type_t *type,
                                    const char *by, const char *order,
                                    unsigned tolerance, const scim_sort_t **result)
{
    scim_parse_t parse = {.p = p,
                          .what = "sortBy path",
                          .type = SCIM_INVALID_VALUE,
                          .tolerance = tolerance};
    scim_sort_t *sort = apr_pcalloc(p, sizeof *sort);
    const scim_error_t *error = parse_by(&parse, type, by, &sort->path);

    if (!error && order) {
        error = read_order(&parse, order, &sort->descending);
    }
    if (error) {
        return error;
    }
    settle_location(type, &sort->path);
    set_numbers(type, sort);
    *result = sort;
    return NULL;
}
