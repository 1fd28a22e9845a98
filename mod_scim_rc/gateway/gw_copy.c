#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <apr_atomic.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_account_private.h"
#include "gw_error.h"
#include "gw_news.h"
#include "gw_owner.h"
#include "gw_stale.h"

#define WAIT_STEP apr_time_from_msec(50)

apr_uint64_t gw_id_parse(const char *id)
{
    apr_int64_t n;

    return id && *id != '0' && base_str_to_int(id, 1, APR_INT64_MAX, &n)
               ? (apr_uint64_t)n
               : 0;
}

const char *gw_id_text(apr_pool_t *p, apr_uint64_t id)
{
    return apr_psprintf(p, "%" APR_UINT64_T_FMT, id);
}

rc_caller_t gw_session_caller(const gw_session_t *session)
{
    rc_caller_t who = {session->env, session->deadline, RC_INTERACTIVE, NULL};

    return who;
}

void gw_session_end_place(const gw_session_t *session, rc_place_t *place, apr_pool_t *p)
{
    rc_caller_t who = gw_session_caller(session);

    if (place) {
        rc_place_return(session->account->client, &who, place);
    }
    if (p) {
        apr_pool_destroy(p);
    }
}

apr_uint64_t gw_name_lock(const char *folded)
{
    const apr_uint64_t apart_from_ids = APR_UINT64_C(1) << 61;

    return apart_from_ids | (base_sha256_u64(folded, strlen(folded)) >> 3);
}

const scim_error_t *gw_lock_busy(apr_pool_t *p)
{
    scim_error_t *error = scim_error(p, 503, SCIM_TYPE_NONE,
                                     "another change of the same user has not ended "
                                     "yet; nothing was changed by this one");

    error->retry_after = 1;
    return error;
}

void gw_lock_log(const char *lock_file, apr_status_t rv, const base_env_t *env)
{
    base_log(env, BASE_LOG_ERROR, rv, "SCIMRC0104: the lock file '%s' cannot be used",
             lock_file);
}

const scim_error_t *gw_lock(gw_session_t *session, apr_pool_t *p, apr_uint64_t id,
                            base_lock_t **lock)
{
    apr_status_t rv = base_lock_acquire(lock, p, session->account->lock_file, id,
                                        session->deadline, session->env);

    if (rv == APR_SUCCESS) {
        return NULL;
    }
    if (rv != APR_TIMEUP && rv != APR_EINTR) {
        gw_lock_log(session->account->lock_file, rv, session->env);
    }
    return gw_lock_busy(p);
}

apr_time_t gw_copy_synced(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    base_slice_t text;

    /* Once filled it is known whose it is. */
    if ((!apr_atomic_read32(&account->filled) &&
         !gw_owner_is_believed(account, p, env)) ||
        dir_value(account->store, p, GW_VALUE_SYNCED, &text, env) != APR_SUCCESS) {
        return 0;
    }
    return apr_atoi64(apr_pstrmemdup(p, text.data, text.len));
}

const scim_error_t *gw_copy_wait(gw_session_t *session, apr_pool_t *p)
{
    const base_env_t *env = session->env;
    volatile apr_uint32_t *filled = &session->account->filled;
    scim_error_t *error;

    while (!apr_atomic_read32(filled) && !gw_copy_synced(session->account, p, env)) {
        if (gw_account_is_lost(session->account)) {
            return gw_error_store(p, ESTALE);
        }
        if (base_now(env) + WAIT_STEP > session->deadline ||
            base_sleep(env, WAIT_STEP) != APR_SUCCESS) {
            error = scim_error(p, 503, SCIM_TYPE_NONE,
                               "the gateway is still reading the directory of the "
                               "RingCentral account for the first time");
            error->retry_after = 10;
            return error;
        }
    }
    if (!apr_atomic_read32(filled) && gw_owner_is_known(session->account, p, env)) {
        apr_atomic_set32(filled, 1);
    }
    return NULL;
}

apr_status_t gw_copy_get(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                         gw_item_t *item, dir_record_t *record, const base_env_t *env)
{
    apr_status_t rv = dir_get(account->store, p, id, record, env);

    if (rv == APR_SUCCESS && record->flags & DIR_GONE) {
        rv = APR_NOTFOUND;
    }
    return rv == APR_SUCCESS ? gw_item_load(p, record, item) : rv;
}

void gw_copy_need_places(gw_account_t *account, apr_pool_t *p, const rc_caller_t *who)
{
    static const rc_dictionary_t needed[] = {RC_DICT_COUNTRIES, RC_DICT_STATES};
    apr_size_t i;

    for (i = 0; i < sizeof needed / sizeof *needed; i++) {
        gw_dictionary_need(account->style.dictionaries, p, needed[i], account->store,
                           account->client, who);
    }
}

static apr_status_t put_record(void *baton, dir_txn_t *txn)
{
    return dir_txn_put(txn, baton);
}

/* What only this gateway knows as yet. */
static unsigned untold(const gw_account_t *account)
{
    return account->conf->peers ? GW_UNTOLD : 0;
}

static void tell(gw_account_t *account, apr_pool_t *p, const gw_item_t *item,
                 const base_env_t *env)
{
    if (account->conf->peers) {
        apr_array_header_t *news = gw_news_make(p);

        gw_news_add(news, item, GW_NEWS_WRITE, 0, env);
        gw_news_tell(account, news, env);
    }
}

/* Two gateways wrote at the same time, or one has read what the other was about to
 * write: nobody can say which of them the copy has, so it is read anew soon. */
static void suspect(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                    const base_env_t *env);

typedef struct put_t {
    apr_pool_t *p;
    dir_record_t *record;
    apr_time_t heard; /* of what the write was based on */
    int raced;
} put_t;

static apr_status_t put_shared(void *baton, dir_txn_t *txn)
{
    put_t *put = baton;
    dir_record_t now;
    gw_item_t item;
    apr_status_t rv = dir_txn_get(txn, put->record->id, &now);

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        return rv;
    }
    put->raced =
        rv == APR_SUCCESS &&
        (now.flags & DIR_GONE ||
         (gw_item_load(put->p, &now, &item) == APR_SUCCESS && item.heard > put->heard));
    return dir_txn_put(txn, put->record);
}

apr_status_t gw_copy_put(gw_account_t *account, apr_pool_t *p, gw_item_t *item,
                         dir_record_t *record, const base_env_t *env)
{
    put_t put = {p, record, item->heard, 0};
    apr_status_t rv;

    item->flags |= DIR_WRITTEN | untold(account);
    item->heard = 0;
    item->learnt = 0; /* what a write sets is a change */
    gw_item_record(p, &account->style, item, base_now(env), record);
    rv = account->conf->peers ? dir_change(account->store, p, put_shared, &put, env)
                              : dir_change(account->store, p, put_record, record, env);
    if (rv == APR_SUCCESS) {
        tell(account, p, item, env);
    }
    if (rv == APR_SUCCESS && put.raced) {
        suspect(account, p, item->id, env);
    }
    return rv;
}

apr_status_t gw_copy_bury(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                          const base_env_t *env)
{
    dir_record_t grave;
    gw_item_t item;
    apr_status_t rv;

    memset(&grave, 0, sizeof grave);
    memset(&item, 0, sizeof item);
    item.id = grave.id = id;
    item.flags = grave.flags = DIR_GONE | untold(account);
    item.fetched = grave.fetched = base_now(env);
    rv = dir_change(account->store, p, put_record, &grave, env);
    if (rv == APR_SUCCESS) {
        tell(account, p, &item, env);
    }
    return rv;
}

typedef struct absorb_t {
    gw_account_t *account;
    apr_pool_t *p;
    const base_env_t *env;
    const json_t *list;
    apr_time_t sent, now;
    int how;
    size_t begin, end; /* which of the list this transaction takes */
    apr_array_header_t *news;
    apr_array_header_t *doubts; /* of apr_uint64_t */
} absorb_t;

static apr_status_t put_item(absorb_t *a, dir_txn_t *txn, gw_item_t *item,
                             apr_pool_t *p)
{
    dir_record_t record;

    gw_item_record(p, &a->account->style, item, a->now, &record);
    return dir_txn_put(txn, &record);
}

static apr_status_t put_learnt(absorb_t *a, dir_txn_t *txn, gw_item_t *item,
                               const json_t *extension, apr_pool_t *p)
{
    int single = a->how & GW_ABSORB_DETAILED;
    const json_t *before = item->state;
    apr_status_t rv;
    int tells;

    item->heard = 0;
    gw_item_absorb(p, item, extension, a->sent, single);
    tells = a->account->conf->peers && !(a->how & GW_ABSORB_QUIET) &&
            (single || !json_equal(before, item->state));
    item->flags |= tells ? GW_UNTOLD : 0;
    rv = put_item(a, txn, item, p);
    if (tells && rv == APR_SUCCESS) {
        gw_news_add(a->news, item, single ? GW_NEWS_READ : GW_NEWS_LIST, 0, a->env);
    }
    return rv;
}

/* What the copy knows better is made anew too, for its style may have changed. */
static apr_status_t absorb_one(absorb_t *a, dir_txn_t *txn, const json_t *extension,
                               apr_pool_t *p)
{
    apr_uint64_t id =
        (apr_uint64_t)json_integer_value(json_object_get(extension, "id"));
    apr_interval_time_t lag = a->how & GW_ABSORB_DETAILED ? 0 : GW_LIST_LAG;
    dir_record_t record;
    gw_item_t item;
    apr_status_t rv;

    if (!id) {
        return APR_SUCCESS;
    }
    memset(&item, 0, sizeof item);
    rv = dir_txn_get(txn, id, &record);
    if (rv == APR_SUCCESS) {
        /* From a list to the next nothing needs to lag: only writes set DETAILED or
         * dig a grave at a time that a list may not know of yet. */
        int written = (record.flags & (DIR_GONE | DIR_DETAILED | DIR_WRITTEN)) != 0;

        if (!(record.flags & DIR_GONE) &&
            gw_item_load(p, &record, &item) != APR_SUCCESS) {
            memset(&item, 0, sizeof item);
        }
        if (record.fetched && item.heard >= a->sent && record.fetched < a->sent &&
            !lag) {
            APR_ARRAY_PUSH(a->doubts, apr_uint64_t) = id; /* which is newer? */
            return APR_SUCCESS;
        }
        if (record.fetched + (written ? lag : 0) >= a->sent) {
            return item.state ? put_item(a, txn, &item, p) : APR_SUCCESS;
        }
    }
    else if (rv != APR_NOTFOUND) {
        return rv;
    }
    return put_learnt(a, txn, &item, extension, p);
}

static apr_status_t absorb_batch(void *baton, dir_txn_t *txn)
{
    absorb_t *a = baton;
    apr_status_t rv = APR_SUCCESS;
    apr_pool_t *scratch;
    size_t i;

    apr_pool_create(&scratch, a->p);
    apr_pool_tag(scratch, "gw_copy_absorb");
    apr_array_clear(a->news);
    apr_array_clear(a->doubts);
    for (i = a->begin; i < a->end && rv == APR_SUCCESS; i++) {
        rv = absorb_one(a, txn, json_array_get(a->list, i), scratch);
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return rv;
}

static void follow_up(absorb_t *a)
{
    int i;

    if (a->news->nelts) {
        gw_news_tell(a->account, a->news, a->env);
    }
    for (i = 0; i < a->doubts->nelts; i++) {
        suspect(a->account, a->p, APR_ARRAY_IDX(a->doubts, i, apr_uint64_t), a->env);
    }
}

apr_status_t gw_copy_absorb(gw_account_t *account, apr_pool_t *p, const json_t *list,
                            apr_time_t sent, int how, const base_env_t *env)
{
    absorb_t a = {account, p, env, list, sent, base_now(env), how, 0, 0, NULL, NULL};
    const size_t n = json_array_size(list);
    apr_status_t rv = APR_SUCCESS;

    a.doubts = apr_array_make(p, 1, sizeof(apr_uint64_t));
    for (; a.begin < n && rv == APR_SUCCESS; a.begin = a.end) {
        a.end = a.begin + GW_BATCH < n ? a.begin + GW_BATCH : n;
        a.news = gw_news_make(p);
        rv = dir_change(account->store, p, absorb_batch, &a, env);
        if (rv == APR_SUCCESS) {
            follow_up(&a);
        }
    }
    return rv;
}

rc_error_t *gw_copy_reread(gw_account_t *account, const rc_caller_t *who, apr_pool_t *p,
                           apr_uint64_t id, int *found)
{
    apr_time_t sent = base_now(who->env);
    json_t *extension, *list;
    rc_error_t *e =
        rc_extension_read(account->client, who, p, gw_id_text(p, id), &extension);

    apr_status_t rv = APR_SUCCESS;

    *found = !e;
    if (e && e->kind != RC_NOT_FOUND) {
        return e;
    }
    if (e) {
        rv = gw_copy_bury(account, p, id, who->env);
    }
    else {
        list = base_json_own(p, json_pack("[O]", extension));
        gw_copy_need_places(account, p, who);
        rv = gw_copy_absorb(account, p, list, sent, GW_ABSORB_DETAILED, who->env);
    }
    if (rv == APR_SUCCESS) {
        gw_stale_forget(account, p, id, sent, who->env);
    }
    return rv == APR_SUCCESS
               ? NULL
               : rc_error(p, RC_INTERRUPTED, "the copy cannot be written");
}

static apr_status_t distrust(void *baton, dir_txn_t *txn)
{
    dir_record_t record;
    apr_status_t rv = dir_txn_get(txn, *(const apr_uint64_t *)baton, &record);

    if (rv != APR_SUCCESS) {
        return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    }
    record.fetched = 0;
    record.flags &= ~(unsigned)DIR_DETAILED;
    return dir_txn_put(txn, &record);
}

static void distrust_here(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                          const base_env_t *env)
{
    dir_change(account->store, p, distrust, &id, env);
}

void gw_copy_distrust(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                      const base_env_t *env)
{
    distrust_here(account, p, id, env);
    gw_news_doubt(account, p, id, env);
}

static void suspect(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                    const base_env_t *env)
{
    gw_stale_event_t event = {base_now(env),
                              apr_array_make(p, 1, sizeof(gw_stale_id_t)), 0};
    gw_stale_id_t said = {id, 0};

    APR_ARRAY_PUSH(event.ids, gw_stale_id_t) = said;
    distrust_here(account, p, id, env);
    gw_stale_note(account, p, &event, env);
}

int gw_copy_settle(gw_account_t *account, const rc_caller_t *who, apr_pool_t *p,
                   apr_uint64_t id)
{
    int found;

    if (!gw_copy_reread(account, who, p, id, &found)) {
        return found;
    }
    gw_copy_distrust(account, p, id, who->env);
    return 1;
}
