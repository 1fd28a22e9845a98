#include "gw_name.h"

#include "base_str.h"
#include "gw_error.h"

#define MAX_SAME_LOGIN 10

/* Does a user who was deleted by disabling still have the name? An old record is not
 * believed: somebody may have removed the extension, or enabled it again. */
static const scim_error_t *not_of_the_deleted(gw_session_t *session, apr_pool_t *p,
                                              const char *login,
                                              const dir_record_t *record)
{
    gw_account_t *account = session->account;
    rc_caller_t who = gw_session_caller(session);
    dir_record_t now = *record;
    gw_item_t item;
    int found = 1;
    rc_error_t *e = NULL;

    if (gw_item_load(p, record, &item) != APR_SUCCESS || !gw_item_is_marked(&item)) {
        return NULL;
    }
    if (record->fetched + account->conf->max_age < base_now(session->env)) {
        e = gw_copy_reread(account, &who, p, record->id, &found);
    }
    if (e) {
        return gw_error(p, e, NULL, session->env);
    }
    if (!found ||
        gw_copy_get(account, p, record->id, &item, &now, session->env) != APR_SUCCESS) {
        return NULL;
    }
    if (now.flags & DIR_LISTED) {
        return gw_error_taken(p, login, gw_id_text(p, now.id));
    }
    return gw_item_is_marked(&item) ? gw_error_kept(p, login, gw_id_text(p, now.id))
                                    : NULL;
}

const scim_error_t *gw_name_is_free(gw_session_t *session, apr_pool_t *p,
                                    const char *login, apr_uint64_t id)
{
    const scim_error_t *error = gw_copy_ask(session, p, login);
    apr_array_header_t *records;
    apr_status_t rv;
    int i;

    if (error) {
        return error;
    }
    rv = dir_find(session->account->store, p, DIR_LOGIN, base_str_fold(p, login),
                  MAX_SAME_LOGIN, &records, session->env);
    for (i = 0; !error && rv == APR_SUCCESS && i < records->nelts; i++) {
        const dir_record_t *other = &APR_ARRAY_IDX(records, i, dir_record_t);

        if (other->id != id) {
            error = other->flags & DIR_LISTED
                        ? gw_error_taken(p, login, gw_id_text(p, other->id))
                        : not_of_the_deleted(session, p, login, other);
        }
    }
    return error || rv == APR_SUCCESS ? error : gw_error_store(p, rv);
}
