#include "base_json.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_str.h"

static apr_status_t release(void *json)
{
    json_decref(json);
    return APR_SUCCESS;
}

json_t *base_json_own(apr_pool_t *p, json_t *json)
{
    if (json) {
        apr_pool_cleanup_register(p, json, release, apr_pool_cleanup_null);
    }
    return json;
}

/* How deep the brackets outside of strings nest. */
static int depth_of(const char *data, apr_size_t len)
{
    int depth = 0, deepest = 0, in_string = 0;
    apr_size_t i;

    for (i = 0; i < len; i++) {
        if (in_string) {
            if (data[i] == '\\') {
                i++;
            }
            else if (data[i] == '"') {
                in_string = 0;
            }
        }
        else if (data[i] == '"') {
            in_string = 1;
        }
        else if (data[i] == '{' || data[i] == '[') {
            if (++depth > deepest) {
                deepest = depth;
            }
        }
        else if (data[i] == '}' || data[i] == ']') {
            depth--;
        }
    }
    return deepest;
}

json_t *base_json_parse(apr_pool_t *p, const char *data, apr_size_t len, int max_depth,
                        int flags, const char **problem)
{
    json_error_t error;
    json_t *json;

    if (depth_of(data, len) > max_depth) {
        if (problem) {
            *problem = apr_psprintf(p, "nested more than %d deep", max_depth);
        }
        return NULL;
    }
    json = json_loadb(data, len,
                      JSON_DECODE_ANY |
                          (flags & BASE_JSON_UNIQUE ? JSON_REJECT_DUPLICATES : 0),
                      &error);
    if (!json && problem) {
        /* The library's words for this one speak of its own flags. */
        const char *text = json_error_code(&error) == json_error_null_character
                               ? "\\u0000 is not allowed"
                               : error.text;

        *problem =
            apr_psprintf(p, "%s (line %d, column %d)", text, error.line, error.column);
    }
    return base_json_own(p, json);
}

/* Most texts are shorter: they are written once, longer ones twice. */
#define SHORT_BYTES 4096

const char *base_json_text(apr_pool_t *p, const json_t *json, apr_size_t *len)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    char brief[SHORT_BYTES];
    size_t size = json_dumpb(json, brief, sizeof brief, flags);
    char *text = apr_palloc(p, size + 1);

    if (size <= sizeof brief) {
        memcpy(text, brief, size);
    }
    else {
        json_dumpb(json, text, size, flags);
    }
    base_secret_clear(brief, size < sizeof brief ? size : sizeof brief);
    text[size] = '\0';
    if (len) {
        *len = size;
    }
    return text;
}

#define NAME_MAX_BYTES 128

/* Copies the first step of a dotted path; returns what follows it, NULL at the end. */
static const char *step(const char *path, char name[NAME_MAX_BYTES])
{
    const char *dot = strchr(path, '.');
    apr_size_t len = dot ? (apr_size_t)(dot - path) : strlen(path);

    len = len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES - 1;
    memcpy(name, path, len);
    name[len] = '\0';
    return dot ? dot + 1 : NULL;
}

json_t *base_json_at(const json_t *json, const char *path)
{
    char name[NAME_MAX_BYTES];

    while (json && strchr(path, '.')) {
        path = step(path, name);
        json = json_object_get(json, name);
    }
    return json_object_get(json, path);
}

const char *base_json_string(const json_t *json, const char *path)
{
    return json_string_value(base_json_at(json, path));
}

json_int_t base_json_int(const json_t *json, const char *path, json_int_t otherwise)
{
    const json_t *n = base_json_at(json, path);

    return json_is_integer(n) ? json_integer_value(n) : otherwise;
}

int base_json_true(const json_t *json, const char *path)
{
    return json_is_true(base_json_at(json, path));
}

json_t *base_json_copy(const json_t *json)
{
    const char *name;
    json_t *copy, *each;
    size_t i;

    if (json_is_object(json)) {
        copy = json_object();
        json_object_foreach((json_t *)json, name, each)
        {
            json_object_set_new_nocheck(copy, name, base_json_copy(each));
        }
        return copy;
    }
    if (json_is_array(json)) {
        copy = json_array();
        json_array_foreach(json, i, each)
        {
            json_array_append_new(copy, base_json_copy(each));
        }
        return copy;
    }
    return json_incref((json_t *)json);
}

int base_json_set_at(json_t *json, const char *path, json_t *value)
{
    char name[NAME_MAX_BYTES];
    const char *rest = step(path, name);

    while (rest) {
        json_t *next = json_object_get(json, name);

        if (!json_is_object(next)) {
            next = json_object();
            if (json_object_set_new(json, name, next)) {
                json_decref(value);
                return -1;
            }
        }
        json = next;
        rest = step(rest, name);
    }
    return json_object_set_new(json, name, value);
}

json_t *base_json_member(const json_t *object, const char *name)
{
    json_t *exact = json_object_get(object, name), *value;
    const char *key;

    if (exact) {
        return exact;
    }
    json_object_foreach((json_t *)object, key, value)
    {
        if (base_str_same(key, name)) {
            return value;
        }
    }
    return NULL;
}

const char *base_json_escape(apr_pool_t *p, const char *text)
{
    json_t *string = json_string(text);
    const char *quoted;

    if (!string) {
        return "";
    }
    quoted = base_json_text(p, string, NULL);
    json_decref(string);
    return apr_pstrndup(p, quoted + 1, strlen(quoted) - 2);
}
