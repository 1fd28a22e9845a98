#include "gw_account.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_account_private.h"
#include "gw_error.h"
#include "gw_stale.h"
#include "scim_brief.h"
#include "scim_schema.h"

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
        rv = dir_get_doc(session->account->store, p, number, &found, session->env);
    }
    if (rv == APR_NOTFOUND) {
        return gw_error_not_found(p, id);
    }
    if (rv != APR_SUCCESS) {
        return gw_error_store(p, rv);
    }
    gw_item_show(&found, record);
    return NULL;
}

/* A filter and an order on their way through the records. */
typedef struct sieve_t {
    apr_pool_t *scratch;
    const scim_filter_t *filter;
    const scim_search_t *search;
    const scim_sort_t *sort;
    char room[SCIM_SORT_ROOM];
} sieve_t;

static int passes(void *baton, const base_slice_t *brief, const base_slice_t *doc)
{
    const sieve_t *sieve = baton;
    json_t *user;
    int match;

    if (!doc) {
        return scim_search_match(sieve->search, brief);
    }
    user = gw_item_document(sieve->scratch, doc);
    match = user && scim_filter_match(sieve->scratch, sieve->filter, user);
    apr_pool_clear(sieve->scratch);
    return match;
}

static base_slice_t order_key(void *baton, const base_slice_t *brief,
                              const base_slice_t *doc)
{
    sieve_t *sieve = baton;
    base_slice_t key = {NULL, 0};
    json_t *user;

    if (!doc) {
        return scim_sort_key(sieve->sort, brief, sieve->room);
    }
    apr_pool_clear(sieve->scratch);
    user = gw_item_document(sieve->scratch, doc);
    if (user) {
        key = scim_sort_key_of(sieve->scratch, sieve->sort, user, sieve->room);
    }
    return key;
}

/* Which index answers the filter? Sets what to look up there; -1: none does. */
static int choose_index(const scim_filter_t *filter, dir_query_t *query,
                        const scim_filter_t **eq)
{
    apr_size_t i;

    for (i = 0; i < sizeof indexed / sizeof *indexed; i++) {
        *eq = scim_filter_find_eq(filter, indexed[i].name);
        if (!*eq || !(*eq)->folded) {
            continue;
        }
        if (indexed[i].index == BY_ID) {
            query->id = gw_id_parse((*eq)->folded);
        }
        else {
            query->index = (dir_index_t)indexed[i].index;
        }
        query->key = (*eq)->folded;
        return (int)i;
    }
    return -1;
}

/* Runs the query; when that finds nobody by an e-mail address, RingCentral may be asked
 * and the query run again. */
static const scim_error_t *find(gw_session_t *session, apr_pool_t *p, int which,
                                const scim_filter_t *eq, dir_query_t *query)
{
    dir_store_t *store = session->account->store;
    const scim_error_t *error;
    apr_status_t rv = APR_SUCCESS;

    if (which >= 0 && indexed[which].index == BY_ID && !query->id) {
        return NULL; /* no id that could be: nobody has it */
    }
    rv = dir_query(store, p, query, session->env);
    if (rv == APR_SUCCESS && which >= 0 && !query->seen && indexed[which].is_email &&
        strchr(eq->folded, '@')) {
        error = gw_copy_ask(session, p, json_string_value(eq->value));
        if (error) {
            return error;
        }
        rv = dir_query(store, p, query, session->env);
    }
    return rv == APR_SUCCESS ? NULL : gw_error_store(p, rv);
}

/* The results as the protocol takes them. */
static void fill_page(apr_pool_t *p, const dir_query_t *query, scim_page_t *page)
{
    const apr_array_header_t *found = query->records;
    int i, n = found ? found->nelts : 0;

    page->total = query->total;
    page->pieces = query->insert ? query->pieces : NULL;
    page->n = query->kept;
    page->records = apr_array_make(p, n ? n : 1, sizeof(scim_record_t));
    for (i = 0; i < n; i++) {
        gw_item_show(&APR_ARRAY_IDX(found, i, dir_record_t),
                     apr_array_push(page->records));
    }
}

static const scim_error_t *query(void *ctx, apr_pool_t *p, const scim_query_t *q,
                                 scim_page_t *page)
{
    gw_session_t *session = ctx;
    const scim_error_t *error = gw_copy_wait(session, p);
    dir_query_t wanted = {
        .skip = q->start_index - 1, .max = q->count, .insert = q->escaped_url};
    const scim_filter_t *eq = NULL;
    sieve_t sieve = {.filter = q->filter, .sort = q->sort};
    int which = -1;

    if (error) {
        return error;
    }
    if (q->filter || q->sort) {
        apr_pool_create(&sieve.scratch, p);
        apr_pool_tag(sieve.scratch, "gw_query");
        wanted.baton = &sieve;
    }
    if (q->sort) {
        wanted.order = order_key;
        wanted.descending = q->sort->descending;
    }
    if (q->filter) {
        sieve.search = scim_search_make(p, &scim_type_user, q->filter);
        wanted.test = passes;
        which = choose_index(q->filter, &wanted, &eq);
        if (which >= 0) {
            gw_stale_freshen(session, p, &wanted);
        }
    }
    error = find(session, p, which, eq, &wanted);
    fill_page(p, &wanted, page);
    return error;
}

const scim_backend_t gw_user_backend = {get,       query,     gw_create,
                                        gw_update, gw_remove, gw_write_many};
