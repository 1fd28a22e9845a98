#include "sbox_specimen.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_json.h"

#define KEPT_MAX 2000
#define ELEMENTS_MAX 8
#define FNV_START APR_UINT64_C(14695981039346656037)
#define FNV_PRIME APR_UINT64_C(1099511628211)

struct sbox_specimens_t {
    int keep;
    json_t *kept; /* object: key -> specimen */
};

static apr_status_t release(void *data)
{
    sbox_specimens_t *specimens = data;

    json_decref(specimens->kept);
    return APR_SUCCESS;
}

sbox_specimens_t *sbox_specimens_create(apr_pool_t *p)
{
    sbox_specimens_t *specimens = apr_pcalloc(p, sizeof(*specimens));

    specimens->kept = json_object();
    apr_pool_cleanup_register(p, specimens, release, apr_pool_cleanup_null);
    return specimens;
}

void sbox_specimens_keep(sbox_t *box, int keep)
{
    box->specimens->keep = keep;
    json_object_clear(box->specimens->kept);
}

static apr_uint64_t mix(apr_uint64_t hash, const char *text)
{
    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
    }
    return (hash ^ 0xff) * FNV_PRIME;
}

/* Members whose value is one of a list. */
static int is_choice(const char *name)
{
    static const char *const names[] = {"type",      "subType",          "status",
                                        "usageType", "setupWizardState", "errorCode",
                                        "reason",    "eventType",        "scimType"};
    apr_size_t i;

    for (i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(names[i], name)) {
            return 1;
        }
    }
    return 0;
}

/* What a text is about, as far as a format goes. */
static const char *class_of(const char *text)
{
    return !*text                                       ? "empty"
           : strspn(text, "0123456789") == strlen(text) ? "digits"
           : strstr(text, "://")                        ? "uri"
           : strchr(text, '@')                          ? "mail"
           : *text == '+'                               ? "phone"
           : apr_isdigit(*text) && strspn(text, "0123456789-:.TZ+") == strlen(text)
               ? "time"
               : "text";
}

static apr_uint64_t shape_of(json_t *value, const char *name);

/* Leaves one element of each shape in the array. */
static apr_uint64_t shape_of_array(json_t *array)
{
    apr_uint64_t shapes[ELEMENTS_MAX], sum = 1;
    json_t *rest = json_array(), *value;
    size_t i;
    int j, n = 0;

    json_array_foreach(array, i, value)
    {
        apr_uint64_t shape = shape_of(value, NULL);

        for (j = 0; j < n && shapes[j] != shape; j++) {
        }
        if (j == n && n < ELEMENTS_MAX) {
            shapes[n++] = shape;
            sum += shape;
            json_array_append(rest, value);
        }
    }
    json_array_clear(array);
    json_array_extend(array, rest);
    json_decref(rest);
    return sum;
}

static apr_uint64_t shape_of_object(json_t *object)
{
    apr_uint64_t sum = 2;
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        sum += (mix(FNV_START, name) ^ shape_of(value, name)) * FNV_PRIME;
    }
    return sum;
}

static apr_uint64_t shape_of(json_t *value, const char *name)
{
    static const char *const types[] = {"object", "array",   "string",  "integer",
                                        "real",   "boolean", "boolean", "null"};
    apr_uint64_t hash = mix(FNV_START, types[json_typeof(value)]);

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return hash ^ shape_of_object(value);
    case JSON_ARRAY:
        return hash ^ shape_of_array(value);
    case JSON_STRING:
        return mix(hash, is_choice(name) ? json_string_value(value)
                                         : class_of(json_string_value(value)));
    default:
        return hash;
    }
}

/* Shortens a body to one element of each shape; *text is NULL when there is none. */
static apr_uint64_t shorten(apr_pool_t *p, const char *body, apr_size_t len,
                            const char **text)
{
    json_t *json = len ? json_loadb(body, len, JSON_DECODE_ANY, NULL) : NULL;
    apr_uint64_t shape;

    *text = len ? apr_pstrmemdup(p, body, len) : NULL;
    if (!json) {
        return len != 0;
    }
    shape = shape_of(json, NULL);
    *text = base_json_text(p, base_json_own(p, json), NULL);
    return shape;
}

/* The names in the query. */
static int add_name(void *data, const char *name, const char *value)
{
    apr_uint64_t *sum = data;

    *sum += mix(FNV_START, name) ^ mix(FNV_START, class_of(value));
    return 1;
}

static const char *user_agent(const sbox_call_t *call)
{
    const char *agent = apr_table_get(call->request->headers, "User-Agent");

    return agent ? agent : "";
}

void sbox_specimen_see(sbox_call_t *call)
{
    const sbox_request_t *request = call->request;
    const sbox_answer_t *answer = call->answer;
    sbox_specimens_t *specimens = call->box->specimens;
    const char *sent, *given, *key;
    apr_uint64_t shape, names = 0;

    if (!specimens->keep || !call->operation ||
        json_object_size(specimens->kept) >= KEPT_MAX) {
        return;
    }
    /* The forms of the OAuth endpoints carry the caller's credentials. */
    shape = shorten(call->pool, request->body,
                    strstr(request->path, "/oauth/") ? 0 : request->body_len, &sent);
    shape =
        shape * FNV_PRIME + shorten(call->pool, answer->body, answer->body_len, &given);
    apr_table_do(add_name, &names, call->query, NULL);
    shape = mix(shape ^ names, apr_pstrmemdup(call->pool, user_agent(call),
                                              strcspn(user_agent(call), "/ ")));
    key = apr_psprintf(call->pool, "%s-%d-%016" APR_UINT64_T_HEX_FMT,
                       call->operation->id, answer->status, shape);
    if (json_object_get(specimens->kept, key)) {
        return;
    }
    json_object_set_new(specimens->kept, key,
                        json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s*, s:s*}", "op",
                                  call->operation->id, "status", answer->status,
                                  "method", request->method, "path", request->path,
                                  "query", request->query, "userAgent",
                                  user_agent(call), "requestBody", sent, "responseBody",
                                  given));
}

json_t *sbox_specimens_json(const sbox_t *box)
{
    json_t *keys = json_array(), *value;
    const char *key;

    json_object_foreach(box->specimens->kept, key, value)
    {
        json_array_append_new(keys, json_string(key));
    }
    return json_pack("{s:b, s:o}", "keep", box->specimens->keep, "keys", keys);
}

json_t *sbox_specimen(const sbox_t *box, const char *key)
{
    return json_object_get(box->specimens->kept, key);
}
