#include "gw_hear.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_learn.h"
#include "gw_stale.h"

#define VALUE "news"
#define DEPTH 2

/* What is told only when it changes may get lost without a trace. */
#define OWN_LIST_EVERY apr_time_from_sec(24 * 3600)

/* How far it has heard. Times of 0: never. */
typedef struct position_t {
    char since[BASE_NEWS_SIZE];
    apr_time_t drained; /* all that was told before was heard */
    apr_time_t gap;     /* the account must be listed, beginning then or later */
    apr_time_t listed;  /* when its last list of its own was begun */
} position_t;

static void decode(position_t *position, apr_pool_t *p, apr_status_t rv,
                   const base_slice_t *text)
{
    const json_t *json = rv == APR_SUCCESS
                             ? base_json_parse(p, text->data, text->len, DEPTH, 0, NULL)
                             : NULL;
    const char *since = base_json_string(json, "since");

    memset(position, 0, sizeof *position);
    if (since) {
        apr_cpystrn(position->since, since, sizeof position->since);
    }
    position->drained = (apr_time_t)base_json_int(json, "drained", 0);
    position->gap = (apr_time_t)base_json_int(json, "gap", 0);
    position->listed = (apr_time_t)base_json_int(json, "listed", 0);
}

static void load(gw_account_t *account, apr_pool_t *p, position_t *position,
                 const base_env_t *env)
{
    base_slice_t text = {NULL, 0};
    apr_status_t rv = dir_value(account->store, p, VALUE, &text, env);

    decode(position, p, rv, &text);
}

static apr_status_t load_in(dir_txn_t *txn, apr_pool_t *p, position_t *position)
{
    base_slice_t text = {NULL, 0};
    apr_status_t rv = dir_txn_value(txn, VALUE, &text);

    decode(position, p, rv, &text);
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

static apr_status_t store(dir_txn_t *txn, apr_pool_t *p, const position_t *position)
{
    json_t *json = base_json_own(
        p, json_pack("{s:s, s:I, s:I, s:I}", "since", position->since, "drained",
                     (json_int_t)position->drained, "gap", (json_int_t)position->gap,
                     "listed", (json_int_t)position->listed));
    apr_size_t len;
    const char *text = base_json_text(p, json, &len);

    return text ? dir_txn_set(txn, VALUE, text, len) : APR_EGENERAL;
}

int gw_hear_has_gap(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    position_t position;

    load(account, p, &position, env);
    return position.gap != 0;
}

int gw_hear_is_lost(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    position_t position;

    if (!account->conf->peers) {
        return 0;
    }
    load(account, p, &position, env);
    return position.gap || position.listed + OWN_LIST_EVERY <= base_now(env);
}

apr_status_t gw_hear_settle(dir_txn_t *txn, apr_pool_t *p, apr_time_t begun)
{
    position_t position;
    apr_status_t rv = load_in(txn, p, &position);

    if (position.gap <= begun) {
        position.gap = 0;
    }
    position.listed = begun;
    return rv == APR_SUCCESS ? store(txn, p, &position) : rv;
}

/* ---- when it was told ---- */

/* Nothing was left of what had been told: of what is heard from now on we know that it
 * was told later. */
static void note_drained(gw_account_t *account, apr_time_t begun)
{
    gw_shared_t *shared = account->shared->memory;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        shared->drained = shared->drained > begun ? shared->drained : begun;
        account->shared->unlock(account->shared->ctx);
    }
}

static apr_time_t drained_at(gw_account_t *account, const position_t *position)
{
    const gw_shared_t *shared = account->shared->memory;
    apr_time_t drained = 0;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        drained = shared->drained;
        account->shared->unlock(account->shared->ctx);
    }
    return drained > position->drained ? drained : position->drained;
}

/* ---- one hearing ---- */

typedef struct hearing_t {
    gw_account_t *account;
    apr_pool_t *p;
    position_t was, is;
    apr_time_t gap;           /* since when there is one that this hearing has found */
    apr_array_header_t *news; /* of base_news_t */
    gw_learning_t learning;
    int is_late; /* somebody else has taken it in */
} hearing_t;

/* Of a list that the copy is not behind of, or of one before it, nothing is to be
 * learnt. */
static apr_status_t take_listed(hearing_t *h, dir_txn_t *txn)
{
    apr_time_t begun = h->learning.listed;
    base_slice_t value;
    const char *synced;

    if (!begun || h->is.gap ||
        dir_txn_value(txn, GW_VALUE_SYNCED, &value) != APR_SUCCESS ||
        apr_atoi64(apr_pstrmemdup(h->p, value.data, value.len)) >= begun) {
        h->learning.listed = 0;
        return APR_SUCCESS;
    }
    synced = apr_psprintf(h->p, "%" APR_TIME_T_FMT, begun);
    return dir_txn_set(txn, GW_VALUE_SYNCED, synced, strlen(synced)) == APR_SUCCESS
               ? gw_stale_settle(txn, h->p, begun)
               : APR_EGENERAL;
}

static void begin_learning(hearing_t *h)
{
    h->learning.doubts = apr_array_make(h->p, 4, sizeof(apr_uint64_t));
    h->learning.listed = 0;
    h->learning.numbers = h->learning.malformed = 0;
    *h->learning.anew = '\0';
}

static apr_status_t take_in(void *baton, dir_txn_t *txn)
{
    hearing_t *h = baton;
    position_t now;
    apr_pool_t *scratch;
    apr_status_t rv = load_in(txn, h->p, &now);
    int i;

    begin_learning(h);
    h->is_late = strcmp(now.since, h->was.since) != 0;
    if (rv != APR_SUCCESS || h->is_late) {
        return rv;
    }
    h->is.gap = h->gap ? h->gap : now.gap; /* a list may have ended meanwhile */
    h->is.listed = now.listed;
    apr_pool_create(&scratch, h->p);
    apr_pool_tag(scratch, "gw_hear");
    for (i = 0; i < h->news->nelts && rv == APR_SUCCESS; i++) {
        rv = gw_learn(&h->learning, txn, scratch,
                      &APR_ARRAY_IDX(h->news, i, base_news_t));
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    if (rv == APR_SUCCESS) {
        rv = take_listed(h, txn);
    }
    return rv == APR_SUCCESS ? store(txn, h->p, &h->is) : rv;
}

/* ---- what follows from it ---- */

typedef struct graves_t {
    apr_time_t before;
    apr_array_header_t *ids;
} graves_t;

static apr_status_t find_grave(void *baton, const dir_record_t *record)
{
    graves_t *g = baton;

    if (record->fetched < g->before && !(record->flags & GW_UNTOLD)) {
        APR_ARRAY_PUSH(g->ids, apr_uint64_t) = record->id;
    }
    return APR_SUCCESS;
}

static apr_status_t remove_graves(void *baton, dir_txn_t *txn)
{
    const graves_t *g = baton;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < g->ids->nelts; i++) {
        rv = dir_txn_remove(txn, APR_ARRAY_IDX(g->ids, i, apr_uint64_t));
    }
    return rv;
}

/* A list has been there since, and has not brought them back. */
static void tidy(hearing_t *h, const base_env_t *env)
{
    graves_t g = {h->learning.listed - GW_LIST_LAG,
                  apr_array_make(h->p, 4, sizeof(apr_uint64_t))};
    dir_store_t *store = h->account->store;

    if (dir_scan(store, DIR_GONE, find_grave, &g, env) == APR_SUCCESS && g.ids->nelts) {
        dir_change(store, h->p, remove_graves, &g, env);
    }
}

static void follow_up(hearing_t *h, const base_env_t *env)
{
    gw_account_t *account = h->account;
    gw_stale_event_t event = {base_now(env), NULL, 0};
    int i;

    event.ids = apr_array_make(h->p, 4, sizeof(gw_stale_id_t));
    for (i = 0; i < h->learning.doubts->nelts; i++) {
        gw_stale_id_t id = {APR_ARRAY_IDX(h->learning.doubts, i, apr_uint64_t), 0};

        APR_ARRAY_PUSH(event.ids, gw_stale_id_t) = id;
    }
    event.numbers = h->learning.numbers && gw_news_leads(account, env);
    gw_stale_note(account, h->p, &event, env);
    if (h->learning.listed) {
        tidy(h, env);
    }
    if (*h->learning.anew) {
        gw_news_answer(account, h->p, h->learning.anew, env);
    }
    if (h->gap) {
        gw_news_ask(account, h->p, h->is.since, env);
    }
    if (h->learning.malformed) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0142: account %s: %d messages of other gateways make no sense "
                 "and are left out; do all have the same version?",
                 account->conf->name, h->learning.malformed);
    }
}

/* The first words of a gateway, or the first after some were lost. */
static apr_status_t begin_anew(hearing_t *h, apr_time_t begun, const base_env_t *env)
{
    const base_peers_t *peers = h->account->conf->peers;

    gw_news_repeat_soon(h->account, env);
    *h->is.since = '\0';
    h->gap = h->is.drained = begun;
    return peers->hear(peers->ctx, env, h->p, h->is.since, GW_NEWS_MANY, 0, &h->news);
}

static apr_status_t ask(hearing_t *h, apr_interval_time_t wait, apr_time_t begun,
                        const base_env_t *env)
{
    const base_peers_t *peers = h->account->conf->peers;
    apr_status_t rv;

    if (!*h->is.since) {
        return begin_anew(h, begun, env);
    }
    rv = peers->hear(peers->ctx, env, h->p, h->is.since, GW_NEWS_MANY, wait, &h->news);
    if (rv != APR_EGENERAL) {
        return rv;
    }
    base_log(env, BASE_LOG_NOTICE, APR_SUCCESS,
             "SCIMRC0143: account %s: some of what other gateways told is lost; the "
             "directory is read anew",
             h->account->conf->name);
    return begin_anew(h, begun, env);
}

apr_status_t gw_hear(gw_account_t *account, apr_pool_t *p, apr_interval_time_t wait,
                     int *more, const base_env_t *env)
{
    apr_time_t begun = base_now(env);
    apr_status_t rv;
    hearing_t h;

    *more = 0;
    if (!gw_news_is_here(account)) {
        return APR_ENOTIMPL;
    }
    memset(&h, 0, sizeof h);
    h.account = account;
    h.p = p;
    load(account, p, &h.was, env);
    h.is = h.was;
    rv = ask(&h, wait, begun, env);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* What cannot be read is not among the news, but moves it on. */
    *more = h.news->nelts || strcmp(h.was.since, h.is.since) != 0;
    h.learning.account = account;
    h.learning.now = base_now(env);
    h.learning.after = h.is.drained = drained_at(account, &h.is);
    if (*more) {
        rv = dir_change(account->store, p, take_in, &h, env);
        if (rv == APR_SUCCESS && !h.is_late) {
            follow_up(&h, env);
        }
    }
    else {
        note_drained(account, begun);
    }
    return rv;
}

void gw_hear_all(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    apr_status_t rv;
    apr_pool_t *own;
    int more;

    apr_pool_create(&own, p);
    do {
        rv = gw_hear(account, own, 0, &more, env);
        apr_pool_clear(own);
    } while (rv == APR_SUCCESS && more && base_sleep(env, 0) == APR_SUCCESS);
    apr_pool_destroy(own);
}
