#include "gw_news.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"

#define JOBS "jobs"
#define ANSWER "anew/"
#define EXTENSION "extension/"
#define HELD apr_time_from_sec(60)
#define MEMORY_DEPTH 32
#define TERM apr_time_from_sec(30) /* of who leads */
#define ASK_EVERY apr_time_from_sec(1)
#define RENEW_EVERY (TERM / 3)
#define LONGEST_WORK apr_time_from_sec(900) /* without asking who leads */

/* What was told comes back sooner than that. */
#define COMES_BACK apr_time_from_sec(10)
#define REPEAT_EVERY apr_time_from_sec(60)

int gw_news_is_here(const gw_account_t *account)
{
    const base_peers_t *peers = account->conf->peers;

    return peers && peers->is_here(peers->ctx);
}

/* ---- who works for all ---- */

/* What the children of this server know of that in common. 0: it does not lead. */
static void share_lead(gw_account_t *account, apr_time_t led)
{
    gw_shared_t *shared = account->shared->memory;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        shared->led = shared->kept = led;
        account->shared->unlock(account->shared->ctx);
    }
}

/* What is known of that, and when it was asked. */
static int read_lead(gw_account_t *account, apr_time_t *asked)
{
    int leads;

    apr_thread_mutex_lock(account->news_mutex);
    leads = account->leads;
    *asked = account->lead_asked;
    apr_thread_mutex_unlock(account->news_mutex);
    return leads;
}

static void note_lead(gw_account_t *account, int leads, apr_time_t now,
                      const base_env_t *env)
{
    int is_new;

    apr_thread_mutex_lock(account->news_mutex);
    is_new = leads != account->leads;
    account->leads = leads;
    account->lead_asked = now;
    apr_thread_mutex_unlock(account->news_mutex);
    share_lead(account, leads ? now : 0);
    if (is_new) {
        base_log(env, BASE_LOG_INFO, APR_SUCCESS,
                 leads
                     ? "SCIMRC0140: account %s: this gateway does the background work "
                       "for all"
                     : "SCIMRC0141: account %s: another gateway does the background "
                       "work",
                 account->conf->name);
    }
}

int gw_news_has_lead(gw_account_t *account)
{
    apr_time_t asked;

    return read_lead(account, &asked);
}

int gw_news_leads(gw_account_t *account, const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;
    apr_time_t asked, now = base_now(env);
    int leads;

    if (!gw_news_is_here(account)) {
        return 1;
    }
    leads = read_lead(account, &asked);
    if (now < asked + (leads ? RENEW_EVERY : ASK_EVERY)) {
        return leads;
    }
    if (peers->lead(peers->ctx, env, JOBS, TERM, &leads) != APR_SUCCESS) {
        return 1;
    }
    note_lead(account, leads, now, env);
    return leads;
}

/* Somebody who works and has not said so for a while. */
static int must_keep_lead(gw_account_t *account, apr_time_t now)
{
    gw_shared_t *shared = account->shared->memory;
    int must = 0;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        must = shared->led && now < shared->led + LONGEST_WORK &&
               now >= shared->kept + RENEW_EVERY;
        shared->kept = must ? now : shared->kept;
        account->shared->unlock(account->shared->ctx);
    }
    return must;
}

void gw_news_keep_lead(gw_account_t *account, const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;
    int leads;

    if (gw_news_is_here(account) && must_keep_lead(account, base_now(env)) &&
        peers->lead(peers->ctx, env, JOBS, TERM, &leads) == APR_SUCCESS && !leads) {
        share_lead(account, 0);
    }
}

void gw_news_resign(gw_account_t *account, const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;
    int led;

    apr_thread_mutex_lock(account->news_mutex);
    led = account->leads;
    account->leads = 0;
    apr_thread_mutex_unlock(account->news_mutex);
    if (led) {
        share_lead(account, 0);
    }
    if (led && gw_news_is_here(account)) {
        peers->resign(peers->ctx, env, JOBS);
    }
}

static const char *extension_name(apr_pool_t *p, apr_uint64_t id)
{
    return apr_pstrcat(p, EXTENSION, gw_id_text(p, id), NULL);
}

int gw_news_take(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                 const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;
    int takes = 0;

    return !gw_news_is_here(account) ||
           peers->lead(peers->ctx, env, extension_name(p, id), HELD, &takes) !=
               APR_SUCCESS ||
           takes;
}

void gw_news_give(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                  const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;

    if (gw_news_is_here(account)) {
        peers->resign(peers->ctx, env, extension_name(p, id));
    }
}

/* ---- telling ---- */

apr_array_header_t *gw_news_make(apr_pool_t *p)
{
    return apr_array_make(p, 4, sizeof(base_slice_t));
}

static void add_json(apr_array_header_t *news, json_t *json)
{
    base_slice_t *text = apr_array_push(news);

    text->data =
        base_json_text(news->pool, base_json_own(news->pool, json), &text->len);
}

/* "at" is for the teller itself, by whose clock it is. */
void gw_news_add(apr_array_header_t *news, const gw_item_t *item, const char *how,
                 int numbers, const base_env_t *env)
{
    apr_time_t now = base_now(env);
    apr_interval_time_t age = now > item->fetched ? now - item->fetched : 0;
    json_t *json = json_pack("{s:i, s:I, s:s, s:I, s:I}", "v", GW_NEWS_FORMAT, "id",
                             (json_int_t)item->id, "how", how, "at",
                             (json_int_t)item->fetched, "age", (json_int_t)age);

    if (item->flags & DIR_GONE) {
        json_object_set_new(json, "gone", json_true());
    }
    else {
        json_object_set_new(
            json, "flags",
            json_integer(item->flags & (DIR_LISTED | DIR_DETAILED | DIR_WRITTEN)));
        json_object_set(json, "state", item->state);
        json_object_set(json, "memory", item->memory);
    }
    if (numbers) {
        json_object_set_new(json, "numbers", json_true());
    }
    add_json(news, json);
}

static apr_status_t tell(gw_account_t *account, const base_slice_t *texts, int n,
                         const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;
    gw_shared_t *shared = account->shared->memory;
    apr_status_t rv = peers->tell(peers->ctx, env, texts, n);

    if (rv != APR_SUCCESS &&
        account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        shared->untold = 1;
        account->shared->unlock(account->shared->ctx);
    }
    return rv;
}

void gw_news_tell(gw_account_t *account, const apr_array_header_t *news,
                  const base_env_t *env)
{
    const base_slice_t *texts = (const base_slice_t *)news->elts;
    apr_status_t rv = APR_SUCCESS;
    int i, n;

    for (i = 0; rv == APR_SUCCESS && i < news->nelts; i += n) {
        n = news->nelts - i < GW_NEWS_MANY ? news->nelts - i : GW_NEWS_MANY;
        rv = tell(account, texts + i, n, env);
    }
}

/* Takes the reference to `json`. */
static apr_status_t tell_one(gw_account_t *account, apr_pool_t *p, json_t *json,
                             const base_env_t *env)
{
    apr_array_header_t *news = gw_news_make(p);

    add_json(news, json);
    return tell(account, (const base_slice_t *)news->elts, 1, env);
}

void gw_news_doubt(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                   const base_env_t *env)
{
    if (account->conf->peers) {
        tell_one(account, p,
                 json_pack("{s:i, s:I, s:b}", "v", GW_NEWS_FORMAT, "id", (json_int_t)id,
                           "doubt", 1),
                 env);
    }
}

static int is_untold(gw_account_t *account)
{
    const gw_shared_t *shared = account->shared->memory;
    int untold = 1;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        untold = shared->untold;
        account->shared->unlock(account->shared->ctx);
    }
    return untold;
}

apr_status_t gw_news_listed(gw_account_t *account, apr_pool_t *p, apr_time_t begun,
                            const base_env_t *env)
{
    if (is_untold(account)) {
        return APR_EINCOMPLETE;
    }
    return tell_one(account, p,
                    json_pack("{s:i, s:I}", "v", GW_NEWS_FORMAT, "listed",
                              (json_int_t)(base_now(env) - begun)),
                    env);
}

apr_status_t gw_news_numbers(gw_account_t *account, apr_pool_t *p,
                             const base_env_t *env)
{
    return tell_one(account, p,
                    json_pack("{s:i, s:b}", "v", GW_NEWS_FORMAT, "numbers", 1), env);
}

void gw_news_ask(gw_account_t *account, apr_pool_t *p, const char *since,
                 const base_env_t *env)
{
    tell_one(account, p, json_pack("{s:i, s:s}", "v", GW_NEWS_FORMAT, "anew", since),
             env);
}

/* ---- many records ---- */

typedef struct outbox_t {
    apr_pool_t *p;
    apr_array_header_t *ids; /* of apr_uint64_t */
    apr_time_t before;       /* what was learnt since then may still be on its way */
} outbox_t;

static outbox_t make_outbox(apr_pool_t *p, apr_time_t before)
{
    outbox_t box = {p, apr_array_make(p, 64, sizeof(apr_uint64_t)), before};

    return box;
}

static apr_status_t find_untold(void *baton, const dir_record_t *record)
{
    outbox_t *box = baton;

    if (record->fetched && record->fetched <= box->before) {
        APR_ARRAY_PUSH(box->ids, apr_uint64_t) = record->id;
    }
    return APR_SUCCESS;
}

static const char *how_known(const dir_record_t *record)
{
    return record->flags & (DIR_WRITTEN | DIR_GONE) ? GW_NEWS_WRITE : GW_NEWS_LIST;
}

static void add_again(gw_account_t *account, apr_array_header_t *news, apr_uint64_t id,
                      const base_env_t *env)
{
    dir_record_t record;
    gw_item_t item;

    if (dir_get(account->store, news->pool, id, &record, env) != APR_SUCCESS) {
        return;
    }
    if (record.flags & DIR_GONE) {
        memset(&item, 0, sizeof item);
        item.id = id;
        item.flags = record.flags;
        item.fetched = record.fetched;
    }
    else if (gw_item_load(news->pool, &record, &item) != APR_SUCCESS) {
        return;
    }
    gw_news_add(news, &item, how_known(&record), gw_news_has_lead(account), env);
}

static void tell_again(gw_account_t *account, const outbox_t *box,
                       const base_env_t *env)
{
    apr_pool_t *scratch;
    int i = 0;

    apr_pool_create(&scratch, box->p);
    apr_pool_tag(scratch, "gw_news_repeat");
    while (i < box->ids->nelts && !is_untold(account) &&
           base_sleep(env, 0) == APR_SUCCESS) {
        apr_array_header_t *news = gw_news_make(scratch);

        while (i < box->ids->nelts && news->nelts < GW_NEWS_MANY) {
            add_again(account, news, APR_ARRAY_IDX(box->ids, i++, apr_uint64_t), env);
        }
        gw_news_tell(account, news, env);
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
}

/* 1 when something could not be told; from now on that is known. */
static int take_untold(gw_account_t *account)
{
    gw_shared_t *shared = account->shared->memory;
    int untold = 0;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        untold = shared->untold;
        shared->untold = 0;
        account->shared->unlock(account->shared->ctx);
    }
    return untold;
}

void gw_news_repeat_soon(gw_account_t *account, const base_env_t *env)
{
    apr_thread_mutex_lock(account->news_mutex);
    account->repeat_not_before = base_now(env) + COMES_BACK;
    account->repeated = 0;
    apr_thread_mutex_unlock(account->news_mutex);
}

typedef enum { NOT_YET, IF_UNTOLD, IN_ANY_CASE } repeat_t;

/* That it is due is noted before anything is done: gw_news_repeat_soon() may come
 * meanwhile. */
static repeat_t repeat_is_due(gw_account_t *account, apr_time_t now)
{
    repeat_t due = IF_UNTOLD;

    apr_thread_mutex_lock(account->news_mutex);
    if (now < account->repeat_not_before) {
        due = NOT_YET;
    }
    else if (now >= account->repeated + REPEAT_EVERY) {
        account->repeated = now;
        due = IN_ANY_CASE;
    }
    apr_thread_mutex_unlock(account->news_mutex);
    return due;
}

void gw_news_repeat(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    const apr_time_t now = base_now(env);
    outbox_t box = make_outbox(p, now);
    const repeat_t due =
        gw_news_is_here(account) ? repeat_is_due(account, now) : NOT_YET;

    if (due == NOT_YET) {
        return;
    }
    if (!take_untold(account)) {
        if (due == IF_UNTOLD) {
            return;
        }
        box.before -= COMES_BACK;
    }
    if (dir_scan(account->store, GW_UNTOLD, find_untold, &box, env) == APR_SUCCESS) {
        tell_again(account, &box, env);
    }
}

/* Does it hold what no list shows? */
static apr_status_t find_special(void *baton, const dir_record_t *record)
{
    outbox_t *box = baton;
    int special = record->flags & DIR_DETAILED;
    apr_pool_t *scratch;

    if (!special && record->memory.len) {
        apr_pool_create(&scratch, box->p);
        special = json_object_size(json_object_get(
                      base_json_parse(scratch, record->memory.data, record->memory.len,
                                      MEMORY_DEPTH, 0, NULL),
                      "said")) > 0;
        apr_pool_destroy(scratch);
    }
    if (special && record->fetched && !(record->flags & DIR_GONE)) {
        APR_ARRAY_PUSH(box->ids, apr_uint64_t) = record->id;
    }
    return APR_SUCCESS;
}

void gw_news_answer(gw_account_t *account, apr_pool_t *p, const char *since,
                    const base_env_t *env)
{
    const base_peers_t *peers = account->conf->peers;
    outbox_t box = make_outbox(p, 0);
    int leads = 0;

    if (peers->lead(peers->ctx, env, apr_pstrcat(p, ANSWER, since, NULL), TERM,
                    &leads) == APR_SUCCESS &&
        leads && dir_scan(account->store, 0, find_special, &box, env) == APR_SUCCESS) {
        tell_again(account, &box, env);
    }
}
