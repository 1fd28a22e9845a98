#include "scim_request.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_str.h"
#include "scim_service.h"
#include "scim_value.h"

static int hex_digit(char c)
{
    if (apr_isdigit(c)) {
        return c - '0';
    }
    return apr_isxdigit(c) ? apr_tolower(c) - 'a' + 10 : -1;
}

static int is_utf8(const char *text)
{
    json_t *string = json_string(text);
    int valid = string != NULL;

    json_decref(string);
    return valid;
}

/* Decodes `len` bytes at `text`; NULL when that is no percent-encoded UTF-8 text.
 * `space` is the character that stands for a space, 0 for none. */
static const char *decode(apr_pool_t *p, const char *text, apr_size_t len, char space)
{
    char *out = apr_palloc(p, len + 1), *d = out;
    const char *end = text + len;

    while (text < end) {
        if (*text == '%') {
            int high = end - text > 2 ? hex_digit(text[1]) : -1;
            int low = end - text > 2 ? hex_digit(text[2]) : -1;

            if (high < 0 || low < 0 || high + low == 0) {
                return NULL;
            }
            *d++ = (char)(high * 16 + low);
            text += 3;
        }
        else {
            *d++ = *text == space ? ' ' : *text;
            text++;
        }
    }
    *d = '\0';
    return is_utf8(out) ? out : NULL;
}

const scim_error_t *scim_target_read(apr_pool_t *p, const char *path,
                                     scim_target_t *target)
{
    target->n = 0;
    while (target->n < SCIM_PATH_MAX_SEGMENTS) {
        apr_size_t len;

        path += strspn(path, "/");
        len = strcspn(path, "/");
        if (!len) {
            break;
        }
        target->segments[target->n] = decode(p, path, len, 0);
        if (!target->segments[target->n]) {
            return scim_error(p, 400, SCIM_INVALID_VALUE,
                              "the path is not percent-encoded UTF-8 text");
        }
        target->n++;
        path += len;
    }
    return NULL;
}

/* A parameter, and where it goes. */
typedef struct param_t {
    const char *name;
    const scim_error_t *(*read)(apr_pool_t *p, const struct param_t *param,
                                const char *value, void *to);
    apr_size_t offset; /* in scim_params_t */
    apr_int64_t min;   /* a lower number is taken as this one */
} param_t;

static const scim_error_t *read_text(apr_pool_t *p, const param_t *param,
                                     const char *value, void *to)
{
    *(const char **)to = value[strspn(value, " \t\r\n")] ? value : NULL;
    return NULL;
}

static const scim_error_t *read_number(apr_pool_t *p, const param_t *param,
                                       const char *value, void *to)
{
    apr_int64_t *number = to;

    if (!*value) {
        return NULL;
    }
    if (!base_str_to_int(value, APR_INT64_MIN, APR_INT64_MAX, number)) {
        return scim_error(p, 400, SCIM_INVALID_VALUE,
                          "%s: \"%s\" is not valid, an integer is expected",
                          param->name, scim_excerpt(p, value));
    }
    if (*number < param->min) {
        *number = param->min;
    }
    return NULL;
}

static const param_t known_params[] = {
    {"filter", read_text, offsetof(scim_params_t, filter), 0},
    {"attributes", read_text, offsetof(scim_params_t, attributes), 0},
    {"excludedAttributes", read_text, offsetof(scim_params_t, excluded), 0},
    {"sortBy", read_text, offsetof(scim_params_t, sort_by), 0},
    {"sortOrder", read_text, offsetof(scim_params_t, sort_order), 0},
    {"startIndex", read_number, offsetof(scim_params_t, start_index), 1},
    {"count", read_number, offsetof(scim_params_t, count), 0},
};

static const param_t *find_param(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof known_params / sizeof *known_params; i++) {
        if (base_str_same(name, known_params[i].name)) {
            return &known_params[i];
        }
    }
    return NULL;
}

const scim_error_t *scim_params_read_query(apr_pool_t *p, const char *query,
                                           scim_params_t *params)
{
    const scim_error_t *error = NULL;

    memset(params, 0, sizeof *params);
    params->start_index = 1;
    params->count = -1;
    while (query && *query && !error) {
        apr_size_t len = strcspn(query, "&"), name_len = strcspn(query, "=&");
        const char *name = decode(p, query, name_len, '+'), *value = "";
        const param_t *param;

        if (name_len < len) {
            value = decode(p, query + name_len + 1, len - name_len - 1, '+');
        }
        if (!name || !value) {
            return scim_error(p, 400, SCIM_INVALID_VALUE,
                              "%s: not percent-encoded UTF-8 text",
                              name ? scim_excerpt(p, name) : "the query");
        }
        param = find_param(name);
        if (param) {
            error = param->read(p, param, value, (char *)params + param->offset);
        }
        query += len;
        query += *query == '&';
    }
    return error;
}

/* The strings of an array, joined by commas; NULL when it has something else. */
static const char *join(apr_pool_t *p, const json_t *array)
{
    apr_array_header_t *texts =
        apr_array_make(p, (int)json_array_size(array), sizeof(const char *));
    json_t *element;
    size_t i;

    json_array_foreach(array, i, element)
    {
        if (!json_is_string(element)) {
            return NULL;
        }
        APR_ARRAY_PUSH(texts, const char *) = json_string_value(element);
    }
    return apr_array_pstrcat(p, texts, ',');
}

/* The value of a member as the query would have it; NULL when it is of no such kind. */
static const char *member_text(apr_pool_t *p, const json_t *value)
{
    if (json_is_integer(value)) {
        return apr_psprintf(p, "%" APR_INT64_T_FMT,
                            (apr_int64_t)json_integer_value(value));
    }
    if (json_is_array(value)) {
        return join(p, value);
    }
    return json_is_null(value) ? "" : json_string_value(value);
}

const scim_error_t *scim_params_read_search(apr_pool_t *p, const json_t *body,
                                            scim_params_t *params)
{
    const scim_error_t *error = NULL;
    const char *name, *text;
    json_t *value;

    json_object_foreach((json_t *)body, name, value)
    {
        const param_t *param = find_param(name);

        if (!param || error) {
            continue;
        }
        text = member_text(p, value);
        error = text ? param->read(p, param, text, (char *)params + param->offset)
                     : scim_error(p, 400, SCIM_INVALID_VALUE,
                                  "%s: the value is of the wrong type", param->name);
    }
    return error;
}

/* Is the text from `s` to `end`, without quotes, "utf-8"? */
static int is_utf8_name(apr_pool_t *p, const char *s, const char *end)
{
    if (end - s > 1 && *s == '"' && end[-1] == '"') {
        s++;
        end--;
    }
    s = apr_pstrmemdup(p, s, (apr_size_t)(end - s));
    return base_str_same(s, "utf-8") || base_str_same(s, "utf8");
}

int scim_content_type_is_known(apr_pool_t *p, const char *content_type)
{
    char *rest, *part;

    if (!content_type || !*content_type) {
        return 1;
    }
    part = apr_strtok(apr_pstrdup(p, content_type), "; \t", &rest);
    if (!base_str_same(part, SCIM_MEDIA_TYPE) &&
        !base_str_same(part, "application/json")) {
        return 0;
    }
    while ((part = apr_strtok(NULL, "; \t", &rest)) != NULL) {
        if (strncasecmp(part, "charset=", 8) == 0 &&
            !is_utf8_name(p, part + 8, part + strlen(part))) {
            return 0;
        }
    }
    return 1;
}

/* The last segment of `path`, without the slashes behind it. */
static base_slice_t last_segment(const char *path)
{
    const char *end = path + strlen(path), *begin;

    while (end > path && end[-1] == '/') {
        end--;
    }
    for (begin = end; begin > path && begin[-1] != '/'; begin--) {
    }
    return (base_slice_t){begin, (apr_size_t)(end - begin)};
}

static int slice_is(base_slice_t slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

int scim_request_writes(const char *method, const char *path)
{
    if (!strcmp(method, "GET") || !strcmp(method, "HEAD") ||
        !strcmp(method, "OPTIONS")) {
        return 0;
    }
    return strcmp(method, "POST") != 0 || !slice_is(last_segment(path), ".search");
}

int scim_request_is_bulk(const char *method, const char *path)
{
    const base_slice_t last = last_segment(path);

    return !strcmp(method, "POST") && slice_is(last, "Bulk") &&
           strspn(path, "/") == (apr_size_t)(last.data - path);
}
