/* A backend that keeps resources in memory, for the tests of the protocol. */
#ifndef T_SCIM_MEMORY_H
#define T_SCIM_MEMORY_H

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "scim_backend.h"
#include "scim_schema.h"

#define MEMORY_MAX 64

typedef struct memory_t {
    apr_pool_t *p; /* owns the documents */
    const scim_type_t *type;
    json_t *documents[MEMORY_MAX]; /* without meta.location; NULL: deleted */
    int n;
    int writes;                /* changes that were more than nothing */
    const scim_error_t *error; /* answer everything with this, unless NULL */
} memory_t;

static inline json_t *memory_find(memory_t *m, const char *id)
{
    int i;

    for (i = 0; i < m->n; i++) {
        if (m->documents[i] && !strcmp(base_json_string(m->documents[i], "id"), id)) {
            return m->documents[i];
        }
    }
    return NULL;
}

static inline const scim_error_t *memory_unknown(apr_pool_t *p, const char *id)
{
    return scim_error(p, 404, SCIM_TYPE_NONE, "there is no user %s", id);
}

/* The document as text, its meta at the end and the place of the base URL marked. */
static inline void memory_record(memory_t *m, apr_pool_t *p, const json_t *document,
                                 scim_record_t *record)
{
    json_t *copy = base_json_own(p, json_copy((json_t *)document));
    json_t *meta = base_json_own(p, json_copy(json_object_get(copy, "meta")));
    const char *head, *tail;
    apr_size_t len;

    json_object_del(copy, "meta");
    tail = base_json_text(p, meta, &len);
    tail = apr_pstrndup(p, tail, len - 1);
    head = base_json_text(p, copy, &len);
    head =
        apr_psprintf(p, "%.*s,\"meta\":%s,\"location\":\"", (int)len - 1, head, tail);
    record->mark = strlen(head);
    record->text = apr_psprintf(p, "%s%s/%s\"}}", head, m->type->endpoint,
                                base_json_string(document, "id"));
    record->len = strlen(record->text);
}

static inline const scim_error_t *memory_get(void *ctx, apr_pool_t *p, const char *id,
                                             scim_record_t *record)
{
    memory_t *m = ctx;
    const json_t *document = memory_find(m, id);

    if (m->error) {
        return m->error;
    }
    if (!document) {
        return memory_unknown(p, id);
    }
    memory_record(m, p, document, record);
    return NULL;
}

static inline const scim_error_t *
memory_query(void *ctx, apr_pool_t *p, const scim_query_t *query, scim_page_t *page)
{
    memory_t *m = ctx;
    int i;

    if (m->error) {
        return m->error;
    }
    page->total = 0;
    page->records = apr_array_make(p, 8, sizeof(scim_record_t));
    for (i = 0; i < m->n; i++) {
        if (!m->documents[i] ||
            (query->filter && !scim_filter_match(p, query->filter, m->documents[i]))) {
            continue;
        }
        page->total++;
        if (page->total >= query->start_index &&
            page->total < query->start_index + query->count) {
            memory_record(m, p, m->documents[i], apr_array_push(page->records));
        }
    }
    return NULL;
}

/* Another resource with this userName? */
static inline int memory_is_taken(memory_t *m, const json_t *resource, const char *id)
{
    int i;

    for (i = 0; i < m->n; i++) {
        if (m->documents[i] &&
            strcmp(base_json_string(m->documents[i], "id"), id) != 0 &&
            base_str_same(base_json_string(m->documents[i], "userName"),
                          base_json_string(resource, "userName"))) {
            return 1;
        }
    }
    return 0;
}

/* What a service adds: schemas, meta, a default, and no password. */
static inline void memory_complete(memory_t *m, json_t *document, const char *id)
{
    const char *now = base_time_format(m->p, apr_time_from_sec(1800000000 + m->writes));
    const scim_schema_t *const *extension;
    json_t *schemas = json_pack("[s]", m->type->core->urn);

    for (extension = m->type->extensions; *extension; extension++) {
        if (json_object_get(document, (*extension)->urn)) {
            json_array_append_new(schemas, json_string((*extension)->urn));
        }
    }
    json_object_del(document, "password");
    json_object_set_new(document, "schemas", schemas);
    json_object_set_new(document, "id", json_string(id));
    if (!json_object_get(document, "active")) {
        json_object_set_new(document, "active", json_true());
    }
    if (!base_json_string(document, "meta.created")) {
        base_json_set_at(document, "meta.resourceType", json_string(m->type->name));
        base_json_set_at(document, "meta.created", json_string(now));
    }
    base_json_set_at(document, "meta.lastModified", json_string(now));
}

static inline const scim_error_t *memory_create(void *ctx, apr_pool_t *p,
                                                const json_t *resource,
                                                scim_record_t *record, const char **id)
{
    memory_t *m = ctx;
    json_t *document;

    if (m->error) {
        return m->error;
    }
    *id = apr_psprintf(m->p, "%d", 1001 + m->n);
    if (memory_is_taken(m, resource, *id)) {
        return scim_error(p, 409, SCIM_UNIQUENESS, "userName: taken");
    }
    if (m->n == MEMORY_MAX) {
        return scim_error(p, 500, SCIM_TYPE_NONE, "the memory is full");
    }
    m->writes++;
    document = base_json_own(m->p, json_deep_copy(resource));
    memory_complete(m, document, *id);
    m->documents[m->n++] = document;
    memory_record(m, p, document, record);
    return NULL;
}

static inline const scim_error_t *memory_update(void *ctx, apr_pool_t *p,
                                                const char *id, scim_change_fn change,
                                                void *baton, scim_record_t *record)
{
    memory_t *m = ctx;
    json_t *document = memory_find(m, id), *desired;
    const scim_error_t *error = m->error;

    if (!error && !document) {
        error = memory_unknown(p, id);
    }
    if (!error) {
        error = change(baton, p, document, &desired);
    }
    if (!error && memory_is_taken(m, desired, id)) {
        error = scim_error(p, 409, SCIM_UNIQUENESS, "userName: taken");
    }
    if (error) {
        return error;
    }
    if (desired != document) {
        m->writes++;
        json_object_clear(document);
        json_object_update(document, base_json_own(p, json_deep_copy(desired)));
        memory_complete(m, document, id);
    }
    memory_record(m, p, document, record);
    return NULL;
}

static inline const scim_error_t *memory_remove(void *ctx, apr_pool_t *p,
                                                const char *id)
{
    memory_t *m = ctx;
    int i;

    if (m->error) {
        return m->error;
    }
    for (i = 0; i < m->n; i++) {
        if (m->documents[i] == memory_find(m, id) && m->documents[i]) {
            m->documents[i] = NULL;
            return NULL;
        }
    }
    return memory_unknown(p, id);
}

static const scim_backend_t memory_backend = {
    memory_get, memory_query, memory_create, memory_update, memory_remove,
};

#endif
