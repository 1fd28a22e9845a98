#include "gw_account.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_account_private.h"
#include "gw_error.h"

/* Filters that an index answers, best first. */
static const struct {
    const char *name;
    int index;    /* of the copy, or BY_ID */
    int is_email; /* a miss may be asked upstream */
} indexed[] = {
#define BY_ID -1
    {"id", BY_ID, 0},
    {"userName", DIR_LOGIN, 1},
    {"emails.value", DIR_EMAIL, 1},
    {"externalId", DIR_FOREIGN, 0},
};

#define MAX_SAME_KEY 1000 /* records that may share one externalId */

static void as_scim_record(const dir_record_t *from, scim_record_t *to)
{
    to->text = from->doc.data;
    to->len = from->doc.len;
    to->mark = from->mark;
}

static const scim_error_t *get(void *ctx, apr_pool_t *p, const char *id,
                               scim_record_t *record)
{
    gw_session_t *session = ctx;
    const scim_error_t *error = gw_copy_wait(session, p);
    apr_uint64_t number = gw_id_parse(id);
    dir_record_t found;
    apr_status_t rv = APR_NOTFOUND;

    if (error) {
        return error;
    }
    if (number) {
        rv = dir_get(session->account->store, p, number, &found, session->env);
    }
    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        return gw_error_store(p, rv);
    }
    if (rv == APR_NOTFOUND || !(found.flags & DIR_LISTED)) {
        return gw_error_not_found(p, id);
    }
    as_scim_record(&found, record);
    return NULL;
}

/* A query on its way through the records. */
typedef struct collector_t {
    apr_pool_t *p, *scratch;
    const scim_query_t *query;
    scim_page_t *page;
    int looked_at; /* listed records, whether they pass or not */
} collector_t;

/* Counts a record that passes the filter and keeps it when it is of the page asked
 * for. `copy`: its bytes do not last. */
static void collect(collector_t *c, const dir_record_t *record, int copy)
{
    json_t *user;
    int match;

    if (!(record->flags & DIR_LISTED)) {
        return;
    }
    c->looked_at++;
    user = gw_item_document(c->scratch, &record->doc);
    match = user && scim_filter_match(c->scratch, c->query->filter, user);
    apr_pool_clear(c->scratch);
    if (!match) {
        return;
    }
    c->page->total++;
    if (c->page->total >= c->query->start_index &&
        c->page->records->nelts < c->query->count) {
        scim_record_t *kept = apr_array_push(c->page->records);

        as_scim_record(record, kept);
        if (copy) {
            kept->text = apr_pstrmemdup(c->p, kept->text, kept->len);
        }
    }
}

static apr_status_t visit(void *baton, const dir_record_t *record)
{
    collect(baton, record, 1);
    return APR_SUCCESS;
}

static apr_status_t from_index(gw_session_t *session, collector_t *c, int index,
                               const char *key)
{
    apr_array_header_t *records;
    apr_status_t rv;
    int i;

    if (index == BY_ID) {
        dir_record_t record;
        apr_uint64_t id = gw_id_parse(key);

        rv = id ? dir_get(session->account->store, c->p, id, &record, session->env)
                : APR_NOTFOUND;
        if (rv == APR_SUCCESS) {
            collect(c, &record, 0);
        }
        return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    }
    rv = dir_find(session->account->store, c->p, (dir_index_t)index, key, MAX_SAME_KEY,
                  &records, session->env);
    for (i = 0; rv == APR_SUCCESS && i < records->nelts; i++) {
        collect(c, &APR_ARRAY_IDX(records, i, dir_record_t), 0);
    }
    return rv;
}

static const scim_error_t *query_index(gw_session_t *session, collector_t *c, int which,
                                       const scim_filter_t *eq)
{
    const scim_error_t *error;
    apr_status_t rv = from_index(session, c, indexed[which].index, eq->folded);

    if (rv != APR_SUCCESS) {
        return gw_error_store(c->p, rv);
    }
    if (c->looked_at || !indexed[which].is_email || !strchr(eq->folded, '@')) {
        return NULL;
    }
    error = gw_copy_ask(session, c->p, json_string_value(eq->value));
    if (error) {
        return error;
    }
    rv = from_index(session, c, indexed[which].index, eq->folded);
    return rv == APR_SUCCESS ? NULL : gw_error_store(c->p, rv);
}

static const scim_error_t *query_all(gw_session_t *session, collector_t *c)
{
    dir_store_t *store = session->account->store;
    const scim_query_t *q = c->query;
    apr_array_header_t *records;
    apr_status_t rv;
    int i;

    if (q->filter) {
        rv = dir_scan(store, DIR_LISTED, visit, c, session->env);
        return rv == APR_SUCCESS ? NULL : gw_error_store(c->p, rv);
    }
    rv = dir_count(store, &c->page->total, session->env);
    if (rv == APR_SUCCESS && q->count) {
        rv =
            dir_list(store, c->p, q->start_index - 1, q->count, &records, session->env);
        for (i = 0; rv == APR_SUCCESS && i < records->nelts; i++) {
            as_scim_record(&APR_ARRAY_IDX(records, i, dir_record_t),
                           apr_array_push(c->page->records));
        }
    }
    return rv == APR_SUCCESS ? NULL : gw_error_store(c->p, rv);
}

static const scim_error_t *query(void *ctx, apr_pool_t *p, const scim_query_t *q,
                                 scim_page_t *page)
{
    gw_session_t *session = ctx;
    const scim_error_t *error = gw_copy_wait(session, p);
    collector_t c = {p, NULL, q, page, 0};
    apr_size_t i;

    page->total = 0;
    page->records = apr_array_make(p, 16, sizeof(scim_record_t));
    if (error) {
        return error;
    }
    apr_pool_create(&c.scratch, p);
    apr_pool_tag(c.scratch, "gw_query");
    for (i = 0; q->filter && i < sizeof indexed / sizeof *indexed; i++) {
        const scim_filter_t *eq = scim_filter_find_eq(q->filter, indexed[i].name);

        if (eq && eq->folded) {
            return query_index(session, &c, (int)i, eq);
        }
    }
    return query_all(session, &c);
}

const scim_backend_t gw_user_backend = {get, query, gw_create, gw_update, gw_remove};
