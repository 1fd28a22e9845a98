#include "scim_value.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "scim_resource.h"

#define EXCERPT_MAX_BYTES 80

/* What one call of scim_value_read() hands down. */
typedef struct reader_t {
    apr_pool_t *p;
    unsigned tolerance;
} reader_t;

/* What each kind is called when something else came. */
static const char *const kind_names[] = {
    "a string",
    "true or false",
    "an integer",
    "a number",
    "a dateTime such as \"2026-11-21T08:15:30Z\"",
    "a URI as a string",
    "a string in base64",
    "an object",
};

int scim_value_is_unset(const json_t *value)
{
    return json_is_null(value) ||
           (json_is_string(value) && !*json_string_value(value)) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

int scim_attr_is_dropped(const scim_attr_t *attr)
{
    return attr->mutability == SCIM_READ_ONLY ||
           (attr->flags & (SCIM_IGNORED | SCIM_DERIVED));
}

const char *scim_excerpt(apr_pool_t *p, const char *text)
{
    apr_size_t len = strlen(text);

    if (len <= EXCERPT_MAX_BYTES) {
        return text;
    }
    len = EXCERPT_MAX_BYTES;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80) {
        len--; /* not amid a character */
    }
    return apr_psprintf(p, "%.*s...", (int)len, text);
}

const scim_error_t *scim_member_unknown(apr_pool_t *p, const char *where,
                                        const char *name, unsigned tolerance)
{
    if (tolerance & SCIM_TOLERATE_KEYS) {
        return NULL;
    }
    return scim_error(p, 400, SCIM_INVALID_SYNTAX,
                      "%s%s%s: there is no such attribute, and this service is strict",
                      where, *where ? ": " : "", scim_excerpt(p, name));
}

static int is_secret(const scim_attr_t *attr)
{
    return attr->mutability == SCIM_WRITE_ONLY || attr->returned == SCIM_RETURNED_NEVER;
}

static const scim_error_t *refuse(const reader_t *r, const scim_attr_t *attr,
                                  const json_t *value, const char *path,
                                  const char *wanted)
{
    const char *shown = is_secret(attr)
                            ? "the value sent"
                            : scim_excerpt(r->p, base_json_text(r->p, value, NULL));

    return scim_error(r->p, 400, SCIM_INVALID_VALUE,
                      "%s: %s is not valid, %s is expected", path, shown, wanted);
}

static apr_size_t count_characters(const char *s)
{
    apr_size_t n = 0;

    for (; *s; s++) {
        n += ((unsigned char)*s & 0xc0) != 0x80;
    }
    return n;
}

/* A canonical value is spelt as in the schema, whatever letter case it came in. */
static json_t *spell(const scim_attr_t *attr, const json_t *value)
{
    const char *const *canonical = attr->canonical;

    while (canonical && *canonical) {
        if (base_str_same(*canonical, json_string_value(value))) {
            return json_string(*canonical);
        }
        canonical++;
    }
    return json_incref((json_t *)value);
}

static json_t *read_boolean(const reader_t *r, const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_boolean(value)) {
        return json_incref((json_t *)value);
    }
    if (text && (r->tolerance & SCIM_TOLERATE_BOOL)) {
        if (base_str_same(text, "true")) {
            return json_true();
        }
        if (base_str_same(text, "false")) {
            return json_false();
        }
    }
    return NULL;
}

/* A new reference to the value in canonical form, or NULL when it is of another kind.
 */
static json_t *read_kind(const reader_t *r, const scim_attr_t *attr,
                         const json_t *value)
{
    apr_time_t time;
    int fits = 0;

    switch (attr->kind) {
    case SCIM_BOOLEAN:
        return read_boolean(r, value);
    case SCIM_INTEGER:
        fits = json_is_integer(value);
        break;
    case SCIM_DECIMAL:
        fits = json_is_number(value);
        break;
    case SCIM_DATETIME:
        fits = base_time_parse(json_string_value(value), &time);
        break;
    case SCIM_STRING:
        return json_is_string(value) ? spell(attr, value) : NULL;
    case SCIM_REFERENCE:
    case SCIM_BINARY:
        fits = json_is_string(value);
        break;
    case SCIM_COMPLEX:
        break;
    }
    return fits ? json_incref((json_t *)value) : NULL;
}

static const scim_error_t *read_simple(const reader_t *r, const scim_attr_t *attr,
                                       const json_t *value, const char *path,
                                       json_t **out)
{
    if (attr->max_length && json_is_string(value) &&
        count_characters(json_string_value(value)) > attr->max_length) {
        return refuse(r, attr, value, path,
                      apr_psprintf(r->p,
                                   "a string of at most %" APR_SIZE_T_FMT " characters",
                                   attr->max_length));
    }
    *out = read_kind(r, attr, value);
    return *out ? NULL : refuse(r, attr, value, path, kind_names[attr->kind]);
}

static const scim_error_t *read_one(const reader_t *r, const scim_attr_t *attr,
                                    const json_t *value, const char *path,
                                    json_t **out);

static const scim_error_t *read_members(const reader_t *r, const scim_attr_t *attr,
                                        const json_t *value, const char *path,
                                        json_t *out)
{
    const char *name;
    json_t *member, *read;

    json_object_foreach((json_t *)value, name, member)
    {
        const scim_attr_t *sub = scim_attr_sub(attr, name);
        const scim_error_t *error;
        const char *sub_path;

        if (!sub && (error = scim_member_unknown(r->p, path, name, r->tolerance))) {
            return error;
        }
        if (!sub || scim_attr_is_dropped(sub)) {
            continue;
        }
        sub_path = apr_pstrcat(r->p, path, ".", sub->name, NULL);
        if (json_object_get(out, sub->name)) {
            return scim_error(r->p, 400, SCIM_INVALID_SYNTAX, "%s: named twice",
                              sub_path);
        }
        error = read_one(r, sub, member, sub_path, &read);
        if (error) {
            return error;
        }
        json_object_set_new(out, sub->name, read);
    }
    return NULL;
}

/* One value; a new reference in *out unless there is an error. */
static const scim_error_t *read_one(const reader_t *r, const scim_attr_t *attr,
                                    const json_t *value, const char *path, json_t **out)
{
    const scim_error_t *error;

    if (scim_value_is_unset(value)) {
        *out = json_incref((json_t *)value);
        return NULL;
    }
    if (attr->kind != SCIM_COMPLEX) {
        return read_simple(r, attr, value, path, out);
    }
    if (!json_is_object(value)) {
        return refuse(r, attr, value, path, kind_names[SCIM_COMPLEX]);
    }
    *out = json_object();
    error = read_members(r, attr, value, path, *out);
    if (error) {
        json_decref(*out);
    }
    return error;
}

void scim_element_settle(const scim_attr_t *attr, json_t *element)
{
    const scim_attr_t *type = scim_attr_sub(attr, "type");
    const json_t *value = json_object_get(element, "type");

    if (type && type->canonical && (!value || scim_value_is_unset(value))) {
        json_object_set_new(element, type->name, json_string(type->canonical[0]));
    }
}

/* Appends one element to `list`; one that says nothing is left out. */
static const scim_error_t *read_element(const reader_t *r, const scim_attr_t *attr,
                                        const json_t *value, const char *path,
                                        json_t *list)
{
    const scim_error_t *error;
    json_t *element;

    if (scim_value_is_unset(value)) {
        return NULL;
    }
    error = read_one(r, attr, value, path, &element);
    if (error) {
        return error;
    }
    if (json_is_object(element)) {
        scim_element_settle(attr, element);
    }
    json_array_append_new(list, element);
    return NULL;
}

const scim_error_t *scim_value_read(apr_pool_t *p, const scim_attr_t *attr,
                                    const json_t *value, const char *path,
                                    unsigned tolerance, json_t **out)
{
    const reader_t r = {p, tolerance};
    const scim_error_t *error = NULL;
    json_t *list, *element;
    size_t i;

    if (!(attr->flags & SCIM_MULTI) || scim_value_is_unset(value)) {
        error = read_one(&r, attr, value, path, out);
        if (!error) {
            base_json_own(p, *out);
        }
        return error;
    }
    list = base_json_own(p, json_array());
    if (!json_is_array(value)) {
        error = read_element(&r, attr, value, path, list);
    }
    json_array_foreach(value, i, element)
    {
        if (error) {
            break;
        }
        error = read_element(&r, attr, element, path, list);
    }
    *out = list;
    return error;
}

const scim_error_t *scim_element_read(apr_pool_t *p, const scim_attr_t *attr,
                                      const json_t *value, unsigned tolerance,
                                      json_t **out)
{
    const reader_t r = {p, tolerance};
    const scim_error_t *error = read_one(&r, attr, value, attr->name, out);

    if (!error) {
        base_json_own(p, *out);
    }
    return error;
}
