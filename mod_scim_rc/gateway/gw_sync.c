#include "gw_sync.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_memory.h"
#include "base_str.h"
#include "gw_hear.h"
#include "gw_numbers.h"
#include "gw_owner.h"
#include "gw_singly.h"
#include "gw_stale.h"
#include "gw_subscription.h"

#define PAGE 1000
#define MAX_PAGES 10000
/* So many extensions that a list does not show any more are asked for one by one. Of
 * more a second list must be silent too, and the platform about the first ones. */
#define FEW 25
#define SAMPLE 5
#define PATIENCE apr_time_from_sec(300) /* for one background call */

/* One run over the whole account. */
typedef struct run_t {
    gw_account_t *account;
    apr_pool_t *p;
    const base_env_t *env;
    rc_class_t work;
    apr_time_t begun;
    apr_array_header_t *seen; /* of apr_uint64_t: the ids in all lists so far, sorted */
    int lists;
    int is_short;      /* they are fewer than RingCentral says there are */
    int doubtful;      /* that, or the account changed while it was listed */
    apr_time_t synced; /* when the copy was last complete; 0: never */
    int tells;         /* other gateways hear of what has changed */
} run_t;

static rc_caller_t caller(const run_t *run)
{
    rc_caller_t who = {run->env, base_now(run->env) + PATIENCE, run->work, NULL};

    return who;
}

static int by_id(const void *a, const void *b)
{
    apr_uint64_t x = *(const apr_uint64_t *)a, y = *(const apr_uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int was_seen(const apr_array_header_t *seen, apr_uint64_t id)
{
    return seen->nelts &&
           bsearch(&id, seen->elts, (size_t)seen->nelts, sizeof id, by_id) != NULL;
}

static void note_seen(run_t *run, const json_t *records)
{
    json_t *each;
    size_t i;

    json_array_foreach((json_t *)records, i, each)
    {
        APR_ARRAY_PUSH(run->seen, apr_uint64_t) =
            (apr_uint64_t)base_json_int(each, "id", 0);
    }
}

/* Sorts the ids, so that each is there once. */
static void sort_seen(apr_array_header_t *seen)
{
    apr_uint64_t *ids = (apr_uint64_t *)seen->elts;
    int i, n = 0;

    qsort(ids, (size_t)seen->nelts, sizeof *ids, by_id);
    for (i = 0; i < seen->nelts; i++) {
        if (n == 0 || ids[i] != ids[n - 1]) {
            ids[n++] = ids[i];
        }
    }
    seen->nelts = n;
}

/* The copy was not to be had. Its own layer has logged why; nobody was interrupted. */
static rc_error_t *no_copy(apr_pool_t *p, const char *what)
{
    return rc_error(p, RC_INTERRUPTED, "the copy cannot be %s", what);
}

static void look_at_copy(run_t *run)
{
    gw_account_t *a = run->account;

    run->synced = gw_copy_synced(a, run->p, run->env);
    run->work =
        run->synced ? RC_BACKGROUND : RC_INTERACTIVE; /* requests wait for the first */
    run->tells =
        run->synced && gw_news_is_here(a) && !gw_hear_has_gap(a, run->p, run->env);
}

/* Records of a list. Before the first ones it is settled whose copy they go into. */
static apr_status_t take_records(run_t *run, apr_pool_t *p, const json_t *list,
                                 int is_first, apr_time_t sent)
{
    const json_t *records = json_object_get(list, "records");
    apr_status_t rv = APR_SUCCESS;

    if (is_first && !gw_owner_is_known(run->account, p, run->env)) {
        rv = gw_owner_learn(run->account, p, list, run->env);
        look_at_copy(run);
    }
    return rv == APR_SUCCESS
               ? gw_copy_absorb(run->account, p, records, sent,
                                run->tells ? 0 : GW_ABSORB_QUIET, run->env)
               : rv;
}

/* One page into the copy; *pages and *total as it says. */
static rc_error_t *take_page(run_t *run, int page, json_int_t *pages, json_int_t *total)
{
    rc_extension_query_t query = {page, PAGE, NULL, NULL};
    rc_caller_t who = caller(run);
    apr_time_t sent = base_now(run->env);
    apr_pool_t *p;
    json_t *list, *records;
    rc_error_t *e;

    apr_pool_create(&p, run->p);
    apr_pool_tag(p, "gw_sync_page");
    e = rc_extension_list(run->account->client, &who, p, &query, &list);
    if (!e) {
        records = json_object_get(list, "records");
        *pages = base_json_int(list, "paging.totalPages", 1);
        *total = base_json_int(list, "paging.totalElements",
                               (json_int_t)json_array_size(records));
        if (!json_array_size(records) && *total > 0 && page <= *pages) {
            return rc_error(run->p, RC_PROTOCOL, "page %d of %d of the list is empty",
                            page, (int)*pages);
        }
        note_seen(run, records);
        if (take_records(run, p, list, page == 1, sent) != APR_SUCCESS) {
            e = no_copy(p, "written");
        }
    }
    if (!e) {
        apr_pool_destroy(p); /* an error lives in it, and ends the run anyway */
    }
    return e;
}

/* The whole list into the copy, and its ids into run->seen. */
static rc_error_t *take_list(run_t *run)
{
    json_int_t pages = 1, total = 0, first_total = -1;
    rc_error_t *e = NULL;
    int page;

    run->doubtful = 0;
    for (page = 1; !e && page <= pages && page <= MAX_PAGES; page++) {
        gw_news_leads(run->account, run->env); /* and stays so meanwhile */
        e = take_page(run, page, &pages, &total);
        first_total = first_total < 0 ? total : first_total;
        run->doubtful |= total != first_total;
    }
    run->lists++;
    sort_seen(run->seen);
    /* Pages shift when extensions come and go between two calls. */
    run->is_short = run->seen->nelts < total;
    run->doubtful |= run->is_short;
    return e;
}

/* ---- what the list does not show any more ---- */

typedef struct missing_t {
    const apr_array_header_t *seen;
    apr_time_t before;
    apr_array_header_t *ids, *graves; /* of apr_uint64_t */
} missing_t;

static apr_status_t find_missing(void *baton, const dir_record_t *record)
{
    missing_t *m = baton;

    if (record->fetched < m->before && !was_seen(m->seen, record->id)) {
        APR_ARRAY_PUSH(record->flags & DIR_GONE ? m->graves : m->ids, apr_uint64_t) =
            record->id;
    }
    return APR_SUCCESS;
}

static apr_status_t remove_ids(void *baton, dir_txn_t *txn)
{
    const apr_array_header_t *ids = baton;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < ids->nelts; i++) {
        rv = dir_txn_remove(txn, APR_ARRAY_IDX(ids, i, apr_uint64_t));
    }
    return rv;
}

static rc_error_t *change_copy(run_t *run, dir_change_fn change, const void *baton)
{
    return dir_change(run->account->store, run->p, change, (void *)baton, run->env) ==
                   APR_SUCCESS
               ? NULL
               : no_copy(run->p, "written");
}

static rc_error_t *remove_all(run_t *run, const apr_array_header_t *ids)
{
    apr_array_header_t some = *ids;
    rc_error_t *e = NULL;
    int i;

    for (i = 0; !e && i < ids->nelts; i += GW_BATCH) {
        some.elts = ids->elts + (apr_size_t)i * ids->elt_size;
        some.nelts = ids->nelts - i < GW_BATCH ? ids->nelts - i : GW_BATCH;
        e = change_copy(run, remove_ids, &some);
    }
    return e;
}

static rc_error_t *scan_missing(run_t *run, missing_t *m)
{
    m->seen = run->seen;
    m->before = run->begun - GW_LIST_LAG;
    m->ids = apr_array_make(run->p, 16, sizeof(apr_uint64_t));
    m->graves = apr_array_make(run->p, 16, sizeof(apr_uint64_t));
    return dir_scan(run->account->store, 0, find_missing, m, run->env) == APR_SUCCESS
               ? NULL
               : no_copy(run->p, "read");
}

static gw_singly_t singly(const run_t *run)
{
    gw_singly_t s = {.account = run->account,
                     .p = run->p,
                     .env = run->env,
                     .work = run->work,
                     .patience = PATIENCE,
                     .is_repeated = run->account->sync_pause > 0};

    return s;
}

/* Those of whom a list tells that they have left. */
static void tell_left(run_t *run, const apr_array_header_t *ids)
{
    apr_array_header_t *news = gw_news_make(run->p);
    gw_item_t item;
    int i;

    memset(&item, 0, sizeof item);
    item.flags = DIR_GONE;
    item.fetched = run->begun;
    for (i = 0; run->tells && i < ids->nelts; i++) {
        item.id = APR_ARRAY_IDX(ids, i, apr_uint64_t);
        gw_news_add(news, &item, GW_NEWS_LIST, 0, run->env);
    }
    if (news->nelts) {
        gw_news_tell(run->account, news, run->env);
    }
}

static rc_error_t *drop_many(run_t *run, const apr_array_header_t *ids)
{
    gw_singly_t asked = singly(run);
    rc_error_t *e = run->doubtful ? NULL : gw_singly_read(&asked, ids, SAMPLE);

    if (e) {
        return e;
    }
    if (run->doubtful || asked.there || asked.failed) {
        base_log(run->env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0114: account %s: %d users are not in RingCentral's list any "
                 "more, which cannot be right; they are kept",
                 run->account->conf->name, ids->nelts);
        return NULL;
    }
    e = remove_all(run, ids);
    if (!e) {
        tell_left(run, ids);
        base_log(run->env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0112: account %s: %d extensions left the account",
                 run->account->conf->name, ids->nelts);
    }
    return e;
}

/* Nobody leaves the copy because one list, taken while the account changed, did not
 * show them: a short list makes some identity providers deactivate people. */
static rc_error_t *drop_missing(run_t *run)
{
    missing_t m;
    rc_error_t *e = scan_missing(run, &m);
    gw_singly_t asked = singly(run);

    if (!e && m.ids->nelts > FEW && run->lists < 2) {
        e = take_list(run);
        if (!e) {
            e = scan_missing(run, &m);
        }
    }
    if (!e && !run->doubtful) {
        e = remove_all(run, m.graves);
    }
    if (e) {
        return e;
    }
    return m.ids->nelts > FEW ? drop_many(run, m.ids)
                              : gw_singly_read(&asked, m.ids, FEW);
}

/* ---- disabled extensions that may carry the mark of a deletion ---- */

static rc_error_t *read_disabled(run_t *run)
{
    apr_array_header_t *records, *ids;
    gw_singly_t asked = singly(run);
    int i;

    if (!run->account->conf->disabled_may_be_gone) {
        return NULL;
    }
    ids = apr_array_make(run->p, 16, sizeof(apr_uint64_t));
    if (dir_find(run->account->store, run->p, DIR_STATUS, "Disabled", MAX_PAGES * PAGE,
                 &records, run->env) != APR_SUCCESS) {
        return no_copy(run->p, "read");
    }
    for (i = 0; i < records->nelts; i++) {
        const dir_record_t *record = &APR_ARRAY_IDX(records, i, dir_record_t);

        if (!(record->flags & DIR_DETAILED)) {
            APR_ARRAY_PUSH(ids, apr_uint64_t) = record->id;
        }
    }
    return gw_singly_read(&asked, ids, ids->nelts);
}

/* ---- the whole ---- */

static const char *style_text(apr_pool_t *p, const gw_account_conf_t *conf)
{
    return apr_psprintf(p, "%d %u %d", (int)conf->address_form, conf->numbers,
                        conf->disabled_may_be_gone);
}

typedef struct mark_t {
    apr_pool_t *p;
    gw_account_t *account;
    apr_time_t begun;
    const char *synced, *style;
} mark_t;

static apr_status_t set_marks(void *baton, dir_txn_t *txn)
{
    const mark_t *m = baton;
    apr_status_t rv = dir_txn_set(txn, GW_VALUE_SYNCED, m->synced, strlen(m->synced));

    if (rv == APR_SUCCESS) {
        rv = dir_txn_set(txn, GW_VALUE_STYLE, m->style, strlen(m->style));
    }
    if (rv == APR_SUCCESS) {
        rv = gw_owner_settle(txn, m->p, m->account);
    }
    if (rv == APR_SUCCESS && m->account->conf->peers) {
        rv = gw_hear_settle(txn, m->p, m->begun);
    }
    return rv == APR_SUCCESS ? gw_stale_settle(txn, m->p, m->begun) : rv;
}

static rc_error_t *sync_all(run_t *run)
{
    gw_account_t *a = run->account;
    rc_caller_t who = caller(run);
    mark_t mark;
    rc_error_t *e;

    e = gw_dictionary_need(a->style.dictionaries, run->p, RC_DICT_COUNTRIES, a->store,
                           a->client, &who);
    if (!e) {
        e = gw_dictionary_need(a->style.dictionaries, run->p, RC_DICT_STATES, a->store,
                               a->client, &who);
    }
    if (!e) {
        e = take_list(run);
    }
    if (!e && run->doubtful) {
        e = take_list(run); /* what slipped through between two pages */
    }
    if (!e && run->is_short && !run->synced) {
        /* Nothing is there yet that could make up for it. */
        e = rc_error(run->p, RC_PROTOCOL, "the list is shorter than its total");
    }
    if (!e) {
        e = drop_missing(run);
    }
    if (!e) {
        e = read_disabled(run);
    }
    if (!e) {
        who = caller(run);
        e = gw_numbers_read(a, &who, run->p);
    }
    if (e) {
        return e;
    }
    mark.p = run->p;
    mark.account = a;
    mark.begun = run->begun;
    mark.synced = apr_psprintf(run->p, "%" APR_TIME_T_FMT, run->begun);
    mark.style = style_text(run->p, a->conf);
    e = change_copy(run, set_marks, &mark);
    if (!e && run->tells) {
        gw_news_listed(a, run->p, run->begun, run->env);
    }
    return e;
}

static int style_changed(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    const char *style = style_text(p, account->conf);
    base_slice_t kept;

    return dir_value(account->store, p, GW_VALUE_STYLE, &kept, env) != APR_SUCCESS ||
           kept.len != strlen(style) || memcmp(kept.data, style, kept.len);
}

#define FIRST_PAUSE apr_time_from_sec(1)
#define LONGEST_PAUSE apr_time_from_sec(60)

/* Returns how long, in seconds. */
static int pause_after(gw_account_t *account, const rc_error_t *e,
                       const base_env_t *env)
{
    apr_interval_time_t pause = account->sync_pause * 2;

    if (pause < FIRST_PAUSE) {
        pause = FIRST_PAUSE;
    }
    if (pause > LONGEST_PAUSE) {
        pause = LONGEST_PAUSE;
    }
    account->sync_pause = pause;
    if (e->retry_after > 0 && pause < apr_time_from_sec(e->retry_after)) {
        pause = apr_time_from_sec(e->retry_after);
    }
    account->sync_not_before = base_now(env) + pause;
    return (int)apr_time_sec(pause);
}

/* A run that was interrupted goes on at the next call, unless the copy was in the way,
 * as on a full disk: then each page would be asked for in vain. */
static void end_in_failure(gw_account_t *account, apr_pool_t *p, const rc_error_t *e,
                           const base_env_t *env)
{
    const int is_ours = e->kind == RC_INTERRUPTED;
    int pause;

    if (is_ours && (base_sleep(env, 0) != APR_SUCCESS || dir_is_lost(account->store))) {
        return;
    }
    pause = pause_after(account, e, env);
    if (is_ours) {
        base_log(env, BASE_LOG_ERROR, APR_SUCCESS,
                 "SCIMRC0115: account %s: the directory was read from RingCentral in "
                 "vain: %s, for the reason in a line before this one; trying again in "
                 "%d s",
                 account->conf->name, e->message, pause);
        return;
    }
    gw_owner_trust(account, p, env);
    base_log(
        env, BASE_LOG_WARNING, APR_SUCCESS,
        "SCIMRC0113: account %s: the directory could not be read from RingCentral: "
        "%s%s%s; trying again in %d s",
        account->conf->name, e->code, *e->code ? " " : "", e->message, pause);
}

/* Is a full list due? Events put it off, unless there are too many of them. Where
 * another gateway makes it for all, this one does when none has come for twice as
 * long, or when it did not hear all that was told. */
static int is_due(gw_account_t *account, apr_pool_t *p, apr_time_t synced,
                  const base_env_t *env)
{
    apr_interval_time_t refresh = account->conf->refresh;
    gw_stale_need_t need = {0, 0};

    gw_stale_need(account, p, &need, env);
    if (account->conf->webhook) {
        if (!need.soon && account->conf->webhook_refresh > refresh &&
            gw_subscription_is_live(account, p, synced, env)) {
            refresh = account->conf->webhook_refresh;
        }
    }
    if (!gw_news_leads(account, env)) {
        refresh *= 2;
    }
    return !synced || need.now || synced + refresh <= base_now(env) ||
           style_changed(account, p, env) || gw_hear_is_lost(account, p, env);
}

/* When the copy last became complete, and is certain to be of this account. */
static apr_time_t proven(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    return gw_owner_is_known(account, p, env) ? gw_copy_synced(account, p, env) : 0;
}

void gw_sync_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    apr_int64_t count = 0;
    run_t run;
    rc_error_t *e;

    gw_hear_all(account, p, env); /* what comes later is newer than the list */
    memset(&run, 0, sizeof run);
    run.account = account;
    run.p = p;
    run.env = env;
    run.begun = base_now(env);
    if (run.begun < account->sync_not_before ||
        !is_due(account, p, proven(account, p, env), env)) {
        return;
    }
    look_at_copy(&run);
    run.seen = apr_array_make(p, PAGE, sizeof(apr_uint64_t));
    e = sync_all(&run);
    base_memory_trim(); /* pages of the list were large documents */
    if (e) {
        end_in_failure(account, p, e, env);
        return;
    }
    account->sync_pause = 0;
    dir_count(account->store, &count, env);
    base_log(env, run.synced ? BASE_LOG_DEBUG : BASE_LOG_NOTICE, APR_SUCCESS,
             "SCIMRC0111: account %s: the directory is complete: %" APR_INT64_T_FMT
             " users",
             account->conf->name, count);
}
