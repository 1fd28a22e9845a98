#include "base_json.h"
#include "gw_account_private.h"

#define PAGE 1000
#define MAX_PAGES 10000

apr_time_t gw_relisted(gw_account_t *account)
{
    const gw_shared_t *shared = account->shared->memory;
    apr_time_t listed = 0;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        listed = shared->listed;
        account->shared->unlock(account->shared->ctx);
    }
    return listed;
}

static void note_listed(gw_account_t *account, apr_time_t begun)
{
    gw_shared_t *shared = account->shared->memory;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        shared->listed = shared->listed > begun ? shared->listed : begun;
        account->shared->unlock(account->shared->ctx);
    }
}

static rc_error_t *take_page(gw_session_t *session, apr_pool_t *p, int page,
                             json_int_t *pages)
{
    rc_extension_query_t query = {page, PAGE, NULL, NULL};
    rc_caller_t who = gw_session_caller(session);
    apr_time_t sent = base_now(session->env);
    json_t *list;
    rc_error_t *e = rc_extension_list(session->account->client, &who, p, &query, &list);

    if (e) {
        return e;
    }
    *pages = base_json_int(list, "paging.totalPages", 1);
    gw_copy_need_places(session->account, p, &who);
    return gw_copy_absorb(session->account, p, json_object_get(list, "records"), sent,
                          0, session->env) == APR_SUCCESS
               ? NULL
               : rc_error(p, RC_INTERRUPTED, "the copy cannot be written");
}

rc_error_t *gw_relist(gw_session_t *session, apr_pool_t *p)
{
    apr_time_t begun = base_now(session->env);
    json_int_t pages = 1;
    rc_error_t *e = NULL;
    int page;

    for (page = 1; !e && page <= pages && page <= MAX_PAGES; page++) {
        apr_pool_t *of_page;

        apr_pool_create(&of_page, p);
        e = take_page(session, of_page, page, &pages);
        if (!e) { /* an error lives in it */
            apr_pool_destroy(of_page);
        }
    }
    if (!e) {
        note_listed(session->account, begun);
    }
    return e;
}
