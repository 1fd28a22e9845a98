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

#define MEMORY_MAX 4096

typedef struct memory_t {
    apr_pool_t *p; /* owns the documents */
    const scim_type_t *type;
    json_t *documents[MEMORY_MAX]; /* without meta.location; NULL: deleted */
    int n;
    int writes;                /* changes that were more than nothing */
    const scim_error_t *error; /* answer everything with this, unless NULL */
    int first_id;              /* 0: 1001 */
    const char *former;        /* a version that all resources also had, or NULL */

    /* For bulk requests: */
    struct memory_t *others[2]; /* where the members of a group may be */
    const char *refuse; /* answer 503 to a create or update whose title is this */
    const char *waves;  /* how many writes came at once: "2 1 5", or NULL */
    int clashes;        /* two writes of one wave named one resource */
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
    record->version = apr_pstrdup(p, base_json_string(document, "meta.version"));
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

/* Does `a` come before `b`? */
static inline int memory_before(apr_pool_t *p, const scim_sort_t *sort, const json_t *a,
                                const json_t *b)
{
    char rooms[2][SCIM_SORT_ROOM];
    const base_slice_t x = scim_sort_key_of(p, sort, a, rooms[0]);
    const base_slice_t y = scim_sort_key_of(p, sort, b, rooms[1]);
    int order = !x.data - !y.data;

    if (!order && x.data) {
        order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
        order = order ? order : (x.len > y.len) - (x.len < y.len);
    }
    return sort->descending ? order > 0 : order < 0;
}

/* Puts a document where it belongs among the others. */
static inline void memory_insert(apr_pool_t *p, const scim_sort_t *sort,
                                 apr_array_header_t *documents, json_t *document)
{
    json_t **all;
    int i = documents->nelts;

    APR_ARRAY_PUSH(documents, json_t *) = document;
    for (all = (json_t **)documents->elts;
         sort && i > 0 && memory_before(p, sort, document, all[i - 1]); i--) {
        all[i] = all[i - 1];
    }
    all[i] = document;
}

static inline const scim_error_t *
memory_query(void *ctx, apr_pool_t *p, const scim_query_t *query, scim_page_t *page)
{
    memory_t *m = ctx;
    apr_array_header_t *found = apr_array_make(p, 8, sizeof(json_t *));
    apr_int64_t i;

    if (m->error) {
        return m->error;
    }
    for (i = 0; i < m->n; i++) {
        if (m->documents[i] &&
            (!query->filter || scim_filter_match(p, query->filter, m->documents[i]))) {
            memory_insert(p, query->sort, found, m->documents[i]);
        }
    }
    page->total = found->nelts;
    page->records = apr_array_make(p, 8, sizeof(scim_record_t));
    for (i = query->start_index - 1;
         i < found->nelts && i < query->start_index - 1 + query->count; i++) {
        memory_record(m, p, APR_ARRAY_IDX(found, i, json_t *),
                      apr_array_push(page->records));
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

/* A member that is nowhere, or a title that is refused? */
static inline const scim_error_t *memory_check(memory_t *m, apr_pool_t *p,
                                               const json_t *resource)
{
    const char *title = base_json_string(resource, "title"), *value;
    json_t *member;
    size_t i;

    if (m->refuse && title && !strcmp(title, m->refuse)) {
        return scim_error(p, 503, SCIM_TYPE_NONE, "title: refused");
    }
    json_array_foreach(json_object_get(resource, "members"), i, member)
    {
        value = base_json_string(member, "value");
        if (!(m->others[0] && memory_find(m->others[0], value)) &&
            !(m->others[1] && memory_find(m->others[1], value))) {
            return scim_error(p, 400, SCIM_INVALID_VALUE, "members: no %s", value);
        }
    }
    return NULL;
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
    if (!json_object_get(document, "active") &&
        scim_schema_attr(m->type->core, "active")) {
        json_object_set_new(document, "active", json_true());
    }
    if (!base_json_string(document, "meta.created")) {
        base_json_set_at(document, "meta.resourceType", json_string(m->type->name));
        base_json_set_at(document, "meta.created", json_string(now));
    }
    base_json_set_at(document, "meta.lastModified", json_string(now));
    base_json_set_at(document, "meta.version", json_sprintf("W/\"%d\"", m->writes));
}

static inline const scim_error_t *memory_create(void *ctx, apr_pool_t *p,
                                                const json_t *resource,
                                                scim_record_t *record, const char **id)
{
    memory_t *m = ctx;
    const scim_error_t *error = m->error ? m->error : memory_check(m, p, resource);
    json_t *document;

    if (error) {
        return error;
    }
    *id = apr_psprintf(m->p, "%d", (m->first_id ? m->first_id : 1001) + m->n);
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
        scim_current_t current = {document, m->former};

        error = change(baton, p, &current, &desired);
    }
    if (!error && memory_is_taken(m, desired, id)) {
        error = scim_error(p, 409, SCIM_UNIQUENESS, "userName: taken");
    }
    if (!error) {
        error = memory_check(m, p, desired);
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
                                                const char *id,
                                                scim_change_fn condition, void *baton)
{
    memory_t *m = ctx;
    json_t *document = memory_find(m, id), *ignored;
    const scim_error_t *error = m->error;
    int i;

    if (!error && !document) {
        error = memory_unknown(p, id);
    }
    if (!error && condition) {
        scim_current_t current = {document, m->former};

        error = condition(baton, p, &current, &ignored);
    }
    for (i = 0; !error && i < m->n; i++) {
        if (m->documents[i] == document) {
            m->documents[i] = NULL;
        }
    }
    return error;
}

/* Does a later one name the resource of the first? */
static inline int memory_clashes(const scim_write_t *writes, int n)
{
    int i, clashes = 0;

    for (i = 1; i < n; i++) {
        clashes |= writes[0].verb != SCIM_CREATE && writes[i].verb != SCIM_CREATE &&
                   !strcmp(writes[0].id, writes[i].id);
    }
    return clashes;
}

/* The last one first: nobody may count on an order. */
static inline void memory_write_many(void *ctx, apr_pool_t *p, scim_write_t *writes,
                                     int n)
{
    memory_t *m = ctx;
    int i;

    m->waves =
        apr_psprintf(m->p, "%s%s%d", m->waves ? m->waves : "", m->waves ? " " : "", n);
    for (i = n - 1; i >= 0; i--) {
        scim_write_t *w = &writes[i];

        m->clashes |= memory_clashes(w, n - i);
        switch (w->verb) {
        case SCIM_CREATE:
            w->error = memory_create(ctx, p, w->resource, &w->record, &w->id);
            break;
        case SCIM_UPDATE:
            w->error = memory_update(ctx, p, w->id, w->change, w->baton, &w->record);
            break;
        case SCIM_REMOVE:
            w->error = memory_remove(ctx, p, w->id, w->change, w->baton);
            break;
        }
    }
}

static const scim_backend_t memory_backend = {
    memory_get,    memory_query,  memory_create,
    memory_update, memory_remove, memory_write_many,
};

#endif
