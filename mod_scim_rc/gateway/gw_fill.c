/* Making a user of an unassigned extension, which has a line already. */
#include "gw_maker.h"

#include "base_json.h"
#include "base_str.h"
#include "gw_carry.h"
#include "gw_error.h"
#include "gw_news.h"

#define POOL_MAX 100 /* unassigned extensions that are looked at */

static const scim_error_t *pool_is_empty(gw_maker_t *m)
{
    return scim_error(
        m->p, 403, SCIM_TYPE_NONE,
        "the RingCentral account has no unassigned extension left for "
        "\"%s\"; buy a line (a licence with a number) in the admin portal, "
        "or release one by deleting a user who is not needed any more",
        m->login);
}

/* Asks the platform which extensions are unassigned. */
static const scim_error_t *refresh_pool(gw_maker_t *m)
{
    gw_account_t *a = m->session->account;
    rc_extension_query_t query = {1, POOL_MAX, NULL, "Unassigned"};
    rc_caller_t who = gw_session_caller(m->session);
    apr_time_t sent = base_now(m->session->env);
    json_t *list;
    rc_error_t *e = rc_extension_list(a->client, &who, m->p, &query, &list);
    apr_status_t rv;

    if (e) {
        return gw_error(m->p, e, NULL, m->session->env);
    }
    rv = gw_copy_absorb(a, m->p, json_object_get(list, "records"), sent, 0,
                        m->session->env);
    return rv == APR_SUCCESS ? NULL : gw_error_store(m->p, rv);
}

/* The extension as it is, if it is still unassigned: what another has been given must
 * not be overwritten, so the copy is not believed, however new it is. */
static const scim_error_t *load_unassigned(gw_maker_t *m, apr_uint64_t id, int *free)
{
    gw_account_t *a = m->session->account;
    rc_caller_t who = gw_session_caller(m->session);
    dir_record_t record;
    int found;
    rc_error_t *e = gw_copy_reread(a, &who, m->p, id, &found);
    apr_status_t rv;

    if (e) {
        return gw_error(m->p, e, NULL, m->session->env);
    }
    rv = gw_copy_get(a, m->p, id, &m->item, &record, m->session->env);
    *free = rv == APR_SUCCESS &&
            base_str_same(base_json_string(m->item.state, "status"), "Unassigned");
    return rv == APR_SUCCESS || rv == APR_NOTFOUND ? NULL : gw_error_store(m->p, rv);
}

/* Fills one unassigned extension. *filled 0 without an error: it was not free any
 * more. */
static const scim_error_t *fill(gw_maker_t *m, apr_uint64_t id, int *filled)
{
    gw_account_t *a = m->session->account;
    const scim_error_t *error;
    base_lock_t *lock;
    rc_error_t *e;
    int is_free = 0;

    *filled = 0;
    if (base_lock_acquire(&lock, m->p, a->lock_file, id, 0, m->session->env) !=
        APR_SUCCESS) {
        return NULL; /* somebody is filling it at this moment */
    }
    if (!gw_news_take(a, m->p, id, m->session->env)) {
        base_lock_release(lock);
        return NULL; /* ... through another gateway */
    }
    error = load_unassigned(m, id, &is_free);
    if (error || !is_free) {
        gw_news_give(a, m->p, id, m->session->env);
        base_lock_release(lock);
        return error;
    }
    e = gw_carry_update(m->session, m->p, &m->plan, &m->item, NULL);
    if (e && gw_maker_replace_password(m, e)) {
        e = gw_carry_update(m->session, m->p, &m->plan, &m->item, NULL);
    }
    gw_news_give(a, m->p, id, m->session->env);
    if (e && e->kind == RC_NOT_FOUND) {
        gw_copy_bury(a, m->p, id, m->session->env);
        base_lock_release(lock);
        return NULL;
    }
    *filled = !e;
    return e ? gw_maker_give_up(m, e)
             : NULL; /* the lock is held until the copy knows it */
}

/* Fills the first of the copy's unassigned extensions that can be had. */
static const scim_error_t *fill_any(gw_maker_t *m, int *filled)
{
    apr_array_header_t *records;
    const scim_error_t *error = NULL;
    apr_status_t rv = dir_find(m->session->account->store, m->p, DIR_STATUS,
                               "Unassigned", POOL_MAX, &records, m->session->env);
    int i;

    *filled = 0;
    if (rv != APR_SUCCESS) {
        return gw_error_store(m->p, rv);
    }
    for (i = 0; i < records->nelts && !error && !*filled; i++) {
        error = fill(m, APR_ARRAY_IDX(records, i, dir_record_t).id, filled);
    }
    return error;
}

const scim_error_t *gw_maker_fill(gw_maker_t *m)
{
    const scim_error_t *error;
    int filled;

    /* RingCentral would send the mail unless told not to. */
    base_json_set_at(m->plan.body, "transition.sendWelcomeEmail",
                     json_boolean(m->session->policy->welcome_mail));
    error = fill_any(m, &filled);
    if (error || filled) {
        return error;
    }
    error = refresh_pool(m);
    if (!error) {
        error = fill_any(m, &filled);
    }
    return error || filled ? error : pool_is_empty(m);
}
