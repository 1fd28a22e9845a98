/* bulkIds in paths and data (RFC 7644 section 3.7.2). */
#include "scim_bulk.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_value.h"

#define PREFIX "bulkId:"
#define PREFIX_LEN (sizeof PREFIX - 1)

/* The next reference in `text` from `from` on, and its bulkId. A whole text is one, the
 * last segment of a URL ($ref), and a text in quotes (the filter of a PATCH path). */
static const char *next_ref(const char *text, const char *from, base_slice_t *id)
{
    const char *s, *end;

    for (s = strstr(from, PREFIX); s; s = strstr(s + 1, PREFIX)) {
        id->data = s + PREFIX_LEN;
        if (s == text || s[-1] == '/') {
            id->len = strlen(id->data);
            return s;
        }
        end = s[-1] == '"' ? strchr(s, '"') : NULL;
        if (end) {
            id->len = (apr_size_t)(end - id->data);
            return s;
        }
    }
    return NULL;
}

static scim_bulk_op_t *find_post(const scim_bulk_t *bulk, const base_slice_t *id)
{
    return apr_hash_get(bulk->posts, id->data, (apr_ssize_t)id->len);
}

static const scim_error_t *unknown(const scim_bulk_t *bulk, const base_slice_t *id)
{
    return scim_error(
        bulk->p, 400, SCIM_INVALID_VALUE,
        "bulkId:%s: no POST of the request has this bulkId",
        scim_excerpt(bulk->p, apr_pstrmemdup(bulk->p, id->data, id->len)));
}

/* Notes the POSTs that `value` refers to, each once. Ends with the first reference to
 * nothing: a text may be full of them, and each as long as the rest of it. */
static void collect(const scim_bulk_t *bulk, scim_bulk_op_t *op, const json_t *value)
{
    const char *text = json_string_value(value), *s, *key;
    scim_bulk_op_t *post;
    base_slice_t id;
    json_t *member;
    size_t i;

    for (s = text && !op->wrong ? next_ref(text, text, &id) : NULL; s;
         s = next_ref(text, s + 1, &id)) {
        post = find_post(bulk, &id);
        if (!post) {
            op->wrong = unknown(bulk, &id);
            return;
        }
        if (post->stamp != op->order + 1) {
            post->stamp = op->order + 1;
            if (!op->refs) {
                op->refs = apr_array_make(bulk->p, 2, sizeof(scim_bulk_op_t *));
            }
            APR_ARRAY_PUSH(op->refs, scim_bulk_op_t *) = post;
        }
    }
    json_array_foreach(value, i, member)
    {
        collect(bulk, op, member);
    }
    json_object_foreach((json_t *)value, key, member)
    {
        collect(bulk, op, member);
    }
}

static const scim_error_t *refer_path(const scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    const base_slice_t id = {op->id + PREFIX_LEN, strlen(op->id + PREFIX_LEN)};
    scim_bulk_op_t *post = find_post(bulk, &id);

    if (!post) {
        return unknown(bulk, &id);
    }
    if (post->binding && post->binding != op->binding) {
        return scim_error(bulk->p, 400, SCIM_INVALID_VALUE,
                          "path: %s is not in %s but in %s", op->id,
                          op->binding->type->endpoint, post->binding->type->endpoint);
    }
    op->subject = post;
    op->id = NULL;
    return NULL;
}

static int is_ref(const char *id)
{
    return id && !strncmp(id, PREFIX, PREFIX_LEN);
}

int scim_bulk_is_unresolved(const scim_bulk_op_t *op)
{
    return is_ref(op->id) || (op->subject && !op->id);
}

void scim_bulk_refer(scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    if (op->wrong) {
        return;
    }
    if (is_ref(op->id)) {
        op->wrong = refer_path(bulk, op);
    }
    if (!op->wrong && op->data) {
        collect(bulk, op, op->data);
    }
}

/* `text` with ids for bulkIds; NULL when one is not known. */
static json_t *resolve_text(const scim_bulk_t *bulk, apr_pool_t *p, const char *text)
{
    apr_array_header_t *parts = apr_array_make(p, 4, sizeof(const char *));
    const char *from = text, *s;
    base_slice_t id;

    for (s = next_ref(text, text, &id); s; s = next_ref(text, from, &id)) {
        const scim_bulk_op_t *post = find_post(bulk, &id);

        if (!post || !post->id) {
            return NULL;
        }
        APR_ARRAY_PUSH(parts, const char *) =
            apr_pstrmemdup(p, from, (apr_size_t)(s - from));
        APR_ARRAY_PUSH(parts, const char *) = post->id;
        from = id.data + id.len;
    }
    APR_ARRAY_PUSH(parts, const char *) = from;
    return json_string(apr_array_pstrcat(p, parts, 0));
}

typedef struct resolver_t {
    const scim_bulk_t *bulk;
    apr_pool_t *p;
    int open; /* something had to be left out */
} resolver_t;

/* A new reference. What cannot be resolved takes the object around it along, as far as
 * the element of an array: the result is NULL then, and `open` is set. */
static json_t *resolve(resolver_t *r, const json_t *value)
{
    json_t *out, *member, *resolved;
    const char *key;
    size_t i;

    if (json_is_string(value)) {
        const char *text = json_string_value(value);

        out = strstr(text, PREFIX) ? resolve_text(r->bulk, r->p, text)
                                   : json_incref((json_t *)value);
        r->open |= !out;
        return out;
    }
    if (json_is_array(value)) {
        out = json_array();
        json_array_foreach(value, i, member)
        {
            json_array_append_new(out, resolve(r, member));
        }
        return out;
    }
    if (!json_is_object(value)) {
        return json_incref((json_t *)value);
    }
    out = json_object();
    json_object_foreach((json_t *)value, key, member)
    {
        resolved = resolve(r, member);
        if (!resolved) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new_nocheck(out, key, resolved);
    }
    return out;
}

/* An extension's URN, whose members are attributes like those of the resource? */
static int is_extension(const char *name, const json_t *value)
{
    return strncasecmp(name, "urn:", 4) == 0 && json_is_object(value);
}

/* Resolves attribute by attribute. Those with something left out go into `later`, as
 * they were. */
static json_t *resolve_attributes(resolver_t *r, const json_t *data, json_t *later)
{
    json_t *now = json_object(), *value;
    const char *name;

    json_object_foreach((json_t *)data, name, value)
    {
        json_t *rest = is_extension(name, value) ? json_object() : NULL;

        r->open = 0;
        json_object_set_new_nocheck(
            now, name, rest ? resolve_attributes(r, value, rest) : resolve(r, value));
        if (rest && json_object_size(rest)) {
            json_object_set_nocheck(later, name, rest);
        }
        else if (!rest && r->open) {
            json_object_set_nocheck(later, name, value);
        }
        json_decref(rest);
    }
    return now;
}

const json_t *scim_bulk_resolve(scim_bulk_t *bulk, apr_pool_t *p, scim_bulk_op_t *op)
{
    resolver_t r = {bulk, p, 0};
    json_t *later, *now;

    op->later = NULL;
    if (!op->refs) {
        return op->data;
    }
    later = json_object();
    now = base_json_own(p, resolve_attributes(&r, op->data, later));
    if (json_object_size(later)) {
        op->later = base_json_own(bulk->p, later);
    }
    else {
        json_decref(later);
    }
    return now;
}

const json_t *scim_bulk_resolve_later(scim_bulk_t *bulk, apr_pool_t *p,
                                      const scim_bulk_op_t *op)
{
    resolver_t r = {bulk, p, 0};

    return base_json_own(p, resolve(&r, op->later));
}
