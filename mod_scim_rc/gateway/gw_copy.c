#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <apr_atomic.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_account_private.h"
#include "gw_error.h"
#include "gw_stale.h"

#define WAIT_STEP apr_time_from_msec(50)
#define MAX_ASKED 20 /* users with one e-mail address that a question may bring */

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

apr_uint64_t gw_name_lock(const char *folded)
{
    const apr_uint64_t apart_from_ids = APR_UINT64_C(1) << 61;

    return apart_from_ids | (base_sha256_u64(folded, strlen(folded)) >> 3);
}

const scim_error_t *gw_lock(gw_session_t *session, apr_pool_t *p, apr_uint64_t id,
                            base_lock_t **lock)
{
    scim_error_t *error;
    apr_status_t rv = base_lock_acquire(lock, p, session->account->lock_file, id,
                                        session->deadline, session->env);

    if (rv == APR_SUCCESS) {
        return NULL;
    }
    if (rv != APR_TIMEUP && rv != APR_EINTR) {
        base_log(session->env, BASE_LOG_ERROR, rv,
                 "SCIMRC0104: the lock file '%s' cannot be used",
                 session->account->lock_file);
    }
    error = scim_error(p, 503, SCIM_TYPE_NONE,
                       "another change of the same user has not ended yet; nothing was "
                       "changed by this one");
    error->retry_after = 1;
    return error;
}

apr_time_t gw_copy_synced(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    base_slice_t text;

    if (dir_value(account->store, p, GW_VALUE_SYNCED, &text, env) != APR_SUCCESS) {
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
    apr_atomic_set32(filled, 1);
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

apr_status_t gw_copy_put(gw_account_t *account, apr_pool_t *p, gw_item_t *item,
                         dir_record_t *record, const base_env_t *env)
{
    item->flags |= DIR_WRITTEN;
    gw_item_record(p, &account->style, item, base_now(env), record);
    return dir_change(account->store, p, put_record, record, env);
}

apr_status_t gw_copy_bury(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                          const base_env_t *env)
{
    dir_record_t grave;

    memset(&grave, 0, sizeof grave);
    grave.id = id;
    grave.flags = DIR_GONE;
    grave.fetched = base_now(env);
    return dir_change(account->store, p, put_record, &grave, env);
}

typedef struct absorb_t {
    gw_account_t *account;
    apr_pool_t *p;
    const json_t *list;
    apr_time_t sent, now;
    int detailed;
    size_t begin, end; /* which of the list this transaction takes */
} absorb_t;

static apr_status_t put_item(absorb_t *a, dir_txn_t *txn, gw_item_t *item,
                             apr_pool_t *p)
{
    dir_record_t record;

    gw_item_record(p, &a->account->style, item, a->now, &record);
    return dir_txn_put(txn, &record);
}

/* What the copy knows better is made anew too, for its style may have changed. */
static apr_status_t absorb_one(absorb_t *a, dir_txn_t *txn, const json_t *extension,
                               apr_pool_t *p)
{
    apr_uint64_t id =
        (apr_uint64_t)json_integer_value(json_object_get(extension, "id"));
    apr_interval_time_t lag = a->detailed ? 0 : GW_LIST_LAG;
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
        if (record.fetched + (written ? lag : 0) >= a->sent) {
            return item.state ? put_item(a, txn, &item, p) : APR_SUCCESS;
        }
    }
    else if (rv != APR_NOTFOUND) {
        return rv;
    }
    gw_item_absorb(p, &item, extension, a->sent, a->detailed);
    return put_item(a, txn, &item, p);
}

static apr_status_t absorb_batch(void *baton, dir_txn_t *txn)
{
    absorb_t *a = baton;
    apr_status_t rv = APR_SUCCESS;
    apr_pool_t *scratch;
    size_t i;

    apr_pool_create(&scratch, a->p);
    apr_pool_tag(scratch, "gw_copy_absorb");
    for (i = a->begin; i < a->end && rv == APR_SUCCESS; i++) {
        rv = absorb_one(a, txn, json_array_get(a->list, i), scratch);
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return rv;
}

apr_status_t gw_copy_absorb(gw_account_t *account, apr_pool_t *p, const json_t *list,
                            apr_time_t sent, int detailed, const base_env_t *env)
{
    absorb_t a = {account, p, list, sent, base_now(env), detailed, 0, 0};
    const size_t n = json_array_size(list);
    apr_status_t rv = APR_SUCCESS;

    for (; a.begin < n && rv == APR_SUCCESS; a.begin = a.end) {
        a.end = a.begin + GW_BATCH < n ? a.begin + GW_BATCH : n;
        rv = dir_change(account->store, p, absorb_batch, &a, env);
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
        rv = gw_copy_absorb(account, p, list, sent, 1, who->env);
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

void gw_copy_distrust(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                      const base_env_t *env)
{
    dir_change(account->store, p, distrust, &id, env);
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

/* When the copy last had all that there was: after a refresh, or a list in between. */
static apr_time_t complete_at(gw_account_t *account, apr_pool_t *p,
                              const base_env_t *env)
{
    apr_time_t synced = gw_copy_synced(account, p, env), listed = gw_relisted(account);

    return synced > listed ? synced : listed;
}

/* Must the platform be asked for this address? */
static int must_ask(gw_account_t *account, const char *folded, apr_time_t synced,
                    apr_time_t now)
{
    gw_shared_t *shared = account->shared->memory;
    apr_uint64_t hash = base_sha256_u64(folded, strlen(folded));
    apr_uint64_t slot = hash % GW_ASKED_SLOTS;
    int known, lately, doubted, must = synced + account->conf->max_age <= now;

    if (account->shared->lock(account->shared->ctx) != APR_SUCCESS) {
        return must;
    }
    known = shared->asked[slot].hash == hash;
    doubted = known &&
              (!shared->asked[slot].asked || now < shared->asked[slot].doubted_until);
    lately = known && shared->asked[slot].asked + account->conf->max_age > now;
    account->shared->unlock(account->shared->ctx);
    return doubted || (must && !lately);
}

/* The copy has what the platform answered to a question at the time `asked`. Another
 * address that is in doubt keeps its place. */
static void note_asked(gw_account_t *account, const char *folded, apr_time_t asked)
{
    gw_shared_t *shared = account->shared->memory;
    apr_uint64_t hash = base_sha256_u64(folded, strlen(folded));
    apr_uint64_t slot = hash % GW_ASKED_SLOTS;
    int known;

    if (account->shared->lock(account->shared->ctx) != APR_SUCCESS) {
        return;
    }
    known = shared->asked[slot].hash == hash;
    if (known || shared->asked[slot].doubted_until < asked) {
        shared->asked[slot].doubted_until =
            known ? shared->asked[slot].doubted_until : 0;
        shared->asked[slot].hash = hash;
        shared->asked[slot].asked = asked;
    }
    account->shared->unlock(account->shared->ctx);
}

void gw_copy_doubt(gw_account_t *account, const char *email, apr_pool_t *p,
                   const base_env_t *env)
{
    gw_shared_t *shared = account->shared->memory;
    const char *folded = base_str_fold(p, email);
    apr_uint64_t hash = base_sha256_u64(folded, strlen(folded));
    apr_uint64_t slot = hash % GW_ASKED_SLOTS;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        shared->asked[slot].hash = hash;
        shared->asked[slot].asked = 0;
        shared->asked[slot].doubted_until = base_now(env) + GW_LIST_LAG;
        account->shared->unlock(account->shared->ctx);
    }
}

/* A disabled one that the list brought may have been deleted through SCIM: only a
 * single read tells. */
static rc_error_t *look_closer(gw_account_t *account, const rc_caller_t *who,
                               apr_pool_t *p, const json_t *records)
{
    rc_error_t *e = NULL;
    json_t *extension;
    size_t i;

    json_array_foreach((json_t *)records, i, extension)
    {
        if (!e && account->conf->disabled_may_be_gone &&
            base_str_same(base_json_string(extension, "status"), "Disabled")) {
            int found;

            e = gw_copy_reread(account, who, p,
                               (apr_uint64_t)base_json_int(extension, "id", 0), &found);
        }
    }
    return e;
}

const scim_error_t *gw_copy_ask(gw_session_t *session, apr_pool_t *p, const char *email)
{
    gw_account_t *account = session->account;
    apr_time_t now = base_now(session->env);
    rc_extension_query_t query = {1, MAX_ASKED, email, NULL};
    rc_caller_t who = gw_session_caller(session);
    json_t *list, *records;
    rc_error_t *e;
    apr_status_t rv;

    if (!must_ask(account, base_str_fold(p, email),
                  complete_at(account, p, session->env), now)) {
        return NULL;
    }
    e = rc_extension_list(account->client, &who, p, &query, &list);
    if (!e) {
        records = json_object_get(list, "records");
        gw_copy_need_places(account, p, &who);
        rv = gw_copy_absorb(account, p, records, now, 0, session->env);
        if (rv != APR_SUCCESS) {
            return gw_error_store(p, rv);
        }
        e = look_closer(account, &who, p, records);
    }
    if (!e || e->kind == RC_INVALID) { /* nobody has such an address */
        note_asked(account, base_str_fold(p, email), now);
        return NULL;
    }
    gw_copy_doubt(account, email, p, session->env);
    return gw_error(p, e, NULL, session->env);
}
