#include "scim_brief_private.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "base_time.h"

#define LAYOUT "1"
#define FIRST_ROOM 512

/* A brief while it is made. */
typedef struct maker_t {
    apr_pool_t *p;
    apr_array_header_t *entries; /* of brief_entry_t; `at` counts from the values */
    char *values;
    size_t len, room; /* of the values */
    int failed;
} maker_t;

unsigned scim_brief_subs(const scim_attr_t *attr)
{
    unsigned n = 0;

    while (attr->sub && attr->sub[n].name) {
        n++;
    }
    return n;
}

typedef void (*visit_fn)(void *baton, const scim_schema_t *schema,
                         const scim_attr_t *attr, unsigned number);

static void visit_schema(const scim_schema_t *schema, visit_fn visit, void *baton,
                         unsigned *number)
{
    const scim_attr_t *const tables[] = {schema->attrs, schema->common};
    const scim_attr_t *attr;
    int i;

    for (i = 0; i < 2; i++) {
        for (attr = tables[i]; attr && attr->name; attr++) {
            visit(baton, schema, attr, *number);
            *number += 1 + scim_brief_subs(attr);
        }
    }
}

/* Calls `visit` for each attribute. */
static void visit_type(const scim_type_t *type, visit_fn visit, void *baton)
{
    const scim_schema_t *const *extension;
    unsigned number = 0;

    visit_schema(type->core, visit, baton, &number);
    for (extension = type->extensions; *extension; extension++) {
        visit_schema(*extension, visit, baton, &number);
    }
}

typedef struct wanted_t {
    const scim_schema_t *schema;
    const scim_attr_t *attr;
    unsigned number;
} wanted_t;

static void note_number(void *baton, const scim_schema_t *schema,
                        const scim_attr_t *attr, unsigned number)
{
    wanted_t *w = baton;

    if (schema == w->schema && attr == w->attr) {
        w->number = number;
    }
}

unsigned scim_brief_number(const scim_type_t *type, const scim_schema_t *schema,
                           const scim_attr_t *attr, const scim_attr_t *sub)
{
    wanted_t wanted = {schema, attr, 0};

    visit_type(type, note_number, &wanted);
    return sub ? wanted.number + 1 + (unsigned)(sub - attr->sub) : wanted.number;
}

static void add(maker_t *m, brief_entry_t entry, const void *value, size_t len)
{
    if (len > BRIEF_MAX || m->len > BRIEF_MAX || m->failed) {
        m->failed = 1;
        return;
    }
    entry.at = (apr_uint16_t)m->len;
    APR_ARRAY_PUSH(m->entries, brief_entry_t) = entry;
    if (m->len + len > m->room) {
        char *values = m->values;

        m->room = (m->len + len) * 2;
        m->values = apr_palloc(m->p, m->room);
        memcpy(m->values, values, m->len);
    }
    if (len) {
        memcpy(m->values + m->len, value, len);
        m->len += len;
    }
}

static void add_text(maker_t *m, const scim_attr_t *attr, brief_entry_t entry,
                     const char *text)
{
    apr_time_t time;

    if (attr->kind != SCIM_DATETIME) {
        entry.kind = BRIEF_TEXT;
        text = attr->flags & SCIM_EXACT ? text : base_str_fold(m->p, text);
        add(m, entry, text, strlen(text));
    }
    else if (base_time_parse(text, &time)) {
        entry.kind = BRIEF_TIME;
        add(m, entry, &time, sizeof time);
    }
    else {
        entry.kind = BRIEF_OTHER;
        add(m, entry, NULL, 0);
    }
}

/* A value that is neither object nor array; BRIEF_NOTHING where there is none. */
static void add_simple(maker_t *m, const scim_attr_t *attr, brief_entry_t entry,
                       const json_t *value)
{
    json_int_t integer = json_integer_value(value);
    double real = json_real_value(value);

    switch (json_typeof(value)) {
    case JSON_STRING:
        if (json_string_length(value)) {
            add_text(m, attr, entry, json_string_value(value));
            return;
        }
        break;
    case JSON_TRUE:
        entry.kind = BRIEF_TRUE;
        break;
    case JSON_FALSE:
        entry.kind = BRIEF_FALSE;
        break;
    case JSON_INTEGER:
        entry.kind = BRIEF_INTEGER;
        add(m, entry, &integer, sizeof integer);
        return;
    case JSON_REAL:
        entry.kind = BRIEF_REAL;
        add(m, entry, &real, sizeof real);
        return;
    default:
        break;
    }
    add(m, entry, NULL, 0);
}

static int is_simple(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static int is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && !json_string_length(value));
}

/* The values of one sub-attribute in all elements. How many members these were. */
static size_t add_sub(maker_t *m, const json_t *const *elements, size_t n,
                      const scim_attr_t *sub, unsigned number)
{
    size_t i, found = 0;

    for (i = 0; i < n; i++) {
        const json_t *value = json_object_get(elements[i], sub->name);
        brief_entry_t entry = {(apr_uint16_t)number, (unsigned char)i, BRIEF_NOTHING,
                               0};

        found += value != NULL;
        if (value && !is_simple(value)) {
            m->failed = 1;
        }
        else if (value && !is_empty(value)) {
            add_simple(m, sub, entry, value);
        }
    }
    return found;
}

static void add_elements(maker_t *m, const json_t *const *elements, size_t n,
                         const scim_attr_t *attr, unsigned number)
{
    size_t i, members = 0, known = 0;
    unsigned sub;

    for (i = 0; i < n; i++) {
        brief_entry_t entry = {(apr_uint16_t)number, (unsigned char)i, BRIEF_NOTHING,
                               0};

        if (json_is_array(elements[i])) {
            m->failed = 1;
        }
        else if (json_is_object(elements[i])) {
            members += json_object_size(elements[i]);
            add(m, entry, NULL, 0);
        }
        else {
            add_simple(m, attr, entry, elements[i]);
        }
    }
    for (sub = 0; sub < scim_brief_subs(attr); sub++) {
        known += add_sub(m, elements, n, &attr->sub[sub], number + 1 + sub);
    }
    m->failed |= known != members;
}

typedef struct resource_t {
    maker_t *maker;
    const json_t *json;
} resource_t;

static void add_attr(void *baton, const scim_schema_t *schema, const scim_attr_t *attr,
                     unsigned number)
{
    const resource_t *resource = baton;
    const json_t *object =
        schema->common ? resource->json : json_object_get(resource->json, schema->urn);
    const json_t *value = json_object_get(object, attr->name), **elements;
    size_t i, n = json_array_size(value);

    if (n > BRIEF_MAX_ELEMENTS) {
        resource->maker->failed = 1;
    }
    else if (json_is_array(value)) {
        elements = apr_palloc(resource->maker->p, n * sizeof *elements);
        for (i = 0; i < n; i++) {
            elements[i] = json_array_get(value, i);
        }
        add_elements(resource->maker, elements, n, attr, number);
    }
    else if (value) {
        add_elements(resource->maker, &value, 1, attr, number);
    }
}

/* Puts entries and values together. */
static base_slice_t finish(const maker_t *m)
{
    const size_t values_at = BRIEF_HEAD + (size_t)m->entries->nelts * BRIEF_ENTRY;
    const size_t len = values_at + m->len;
    const apr_uint16_t count = (apr_uint16_t)m->entries->nelts;
    base_slice_t brief = {NULL, 0};
    char *bytes, *to;
    int i;

    if (m->failed || len > BRIEF_MAX) {
        return brief;
    }
    bytes = apr_palloc(m->p, len);
    memcpy(bytes, &count, sizeof count);
    for (i = 0, to = bytes + BRIEF_HEAD; i < count; i++, to += BRIEF_ENTRY) {
        const brief_entry_t *entry = &APR_ARRAY_IDX(m->entries, i, brief_entry_t);
        const apr_uint16_t at = (apr_uint16_t)(entry->at + values_at);

        memcpy(to, &entry->attr, 2);
        to[2] = (char)entry->element;
        to[3] = (char)entry->kind;
        memcpy(to + 4, &at, 2);
    }
    memcpy(to, m->values, m->len);
    brief.data = bytes;
    brief.len = len;
    return brief;
}

base_slice_t scim_brief_make(apr_pool_t *p, const scim_type_t *type,
                             const json_t *resource)
{
    maker_t m = {p,
                 apr_array_make(p, 32, sizeof(brief_entry_t)),
                 apr_palloc(p, FIRST_ROOM),
                 0,
                 FIRST_ROOM,
                 0};
    resource_t r = {&m, resource};

    visit_type(type, add_attr, &r);
    return finish(&m);
}

typedef struct format_t {
    apr_pool_t *p;
    const char *text;
} format_t;

static void describe(format_t *f, const scim_attr_t *attr, unsigned number)
{
    f->text = apr_psprintf(f->p, "%s %u:%s:%d:%u", f->text, number, attr->name,
                           (int)attr->kind, attr->flags & SCIM_EXACT);
}

static void add_format(void *baton, const scim_schema_t *schema,
                       const scim_attr_t *attr, unsigned number)
{
    unsigned i;

    describe(baton, attr, number);
    for (i = 0; i < scim_brief_subs(attr); i++) {
        describe(baton, &attr->sub[i], number + 1 + i);
    }
}

const char *scim_brief_format(apr_pool_t *p, const scim_type_t *type)
{
    format_t f = {p, LAYOUT};

    visit_type(type, add_format, &f);
    return apr_pstrndup(p, base_sha256_hex(p, f.text, strlen(f.text)), 16);
}
