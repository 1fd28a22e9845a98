#include "gw_numbers.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_news.h"
#include "gw_stale.h"

#define VALUE                                                                          \
    "directory" /* {"etags": [of each page], "whole": when all were read, us} */
#define DEPTH 4

/* Now and then everything is read, whatever the tags say: a record that came into the
 * copy after its entry was read has no number, and the directory has not changed. */
#define WHOLE_EVERY apr_time_from_sec(24 * 3600)

#define QUIET apr_time_from_sec(3)  /* more events mostly follow at once */
#define PAUSE apr_time_from_sec(60) /* from one reading to the next */
#define PATIENCE apr_time_from_sec(30)

const char *gw_numbers_direct(const json_t *entry)
{
    json_t *each;
    size_t i;

    json_array_foreach(json_object_get(entry, "phoneNumbers"), i, each)
    {
        if (base_str_same(base_json_string(each, "usageType"), "DirectNumber")) {
            return base_json_string(each, "phoneNumber");
        }
    }
    return NULL;
}

/* One reading. */
typedef struct reading_t {
    gw_account_t *account;
    apr_pool_t *p;
    apr_time_t now, whole;
    apr_array_header_t *etags;
    const json_t *entries;
    const base_env_t *env;
    apr_array_header_t *news;
    int tells;         /* other gateways hear of it: this is no first reading */
    int unknown;       /* entries with a number that the copy has no record for */
    size_t begin, end; /* which entries this transaction takes */
} reading_t;

static void load(reading_t *r, const base_env_t *env)
{
    base_slice_t text;
    json_t *value = NULL, *each;
    size_t i;

    r->etags = apr_array_make(r->p, 8, sizeof(const char *));
    if (dir_value(r->account->store, r->p, VALUE, &text, env) == APR_SUCCESS) {
        value = base_json_parse(r->p, text.data, text.len, DEPTH, 0, NULL);
    }
    r->whole = (apr_time_t)base_json_int(value, "whole", 0);
    if (r->whole + WHOLE_EVERY <= r->now) {
        r->whole = r->now;
        return;
    }
    json_array_foreach(json_object_get(value, "etags"), i, each)
    {
        const char *tag = json_string_value(each);

        APR_ARRAY_PUSH(r->etags, const char *) = tag ? tag : "";
    }
}

static apr_status_t store(reading_t *r, dir_txn_t *txn)
{
    json_t *etags = json_array();
    json_t *value = base_json_own(
        r->p, json_pack("{s:o, s:I}", "etags", etags, "whole", (json_int_t)r->whole));
    apr_size_t len;
    const char *text;
    int i;

    for (i = 0; !r->unknown && i < r->etags->nelts; i++) {
        json_array_append_new(etags,
                              json_string(APR_ARRAY_IDX(r->etags, i, const char *)));
    }
    text = base_json_text(r->p, value, &len);
    return dir_txn_set(txn, VALUE, text, len);
}

static apr_status_t take_one(reading_t *r, dir_txn_t *txn, const json_t *entry,
                             apr_pool_t *p)
{
    apr_uint64_t id = gw_id_parse(base_json_string(entry, "id"));
    const char *number = gw_numbers_direct(entry), *known;
    dir_record_t record;
    gw_item_t item;

    if (!id || dir_txn_get(txn, id, &record) != APR_SUCCESS ||
        record.flags & DIR_GONE || gw_item_load(p, &record, &item) != APR_SUCCESS) {
        r->unknown += number != NULL;
        return APR_SUCCESS; /* not one of ours: no reason to stop */
    }
    known = base_json_string(item.state, "directNumber");
    if (number == known || (number && known && !strcmp(number, known))) {
        return APR_SUCCESS;
    }
    if (number) {
        json_object_set_new(item.state, "directNumber", json_string(number));
    }
    else {
        json_object_del(item.state, "directNumber");
    }
    if (r->tells) {
        item.flags |= GW_UNTOLD;
    }
    gw_item_record(p, &r->account->style, &item, r->now, &record);
    if (r->tells) {
        gw_news_add(r->news, &item, GW_NEWS_LIST, 1, r->env);
    }
    return dir_txn_put(txn, &record);
}

static apr_status_t take_batch(void *baton, dir_txn_t *txn)
{
    reading_t *r = baton;
    apr_status_t rv = APR_SUCCESS;
    apr_pool_t *scratch;
    size_t i;

    apr_array_clear(r->news);
    apr_pool_create(&scratch, r->p);
    apr_pool_tag(scratch, "gw_numbers");
    for (i = r->begin; i < r->end && rv == APR_SUCCESS; i++) {
        rv = take_one(r, txn, json_array_get(r->entries, i), scratch);
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return rv == APR_SUCCESS && r->end == json_array_size(r->entries) ? store(r, txn)
                                                                      : rv;
}

/* In short transactions; the last one notes that all were taken. */
static apr_status_t take_all(reading_t *r, const base_env_t *env)
{
    const size_t n = json_array_size(r->entries);
    apr_status_t rv;

    r->env = env;
    r->unknown = 0;
    r->end = 0;
    do {
        r->begin = r->end;
        r->end = r->begin + GW_BATCH < n ? r->begin + GW_BATCH : n;
        r->news = gw_news_make(r->p);
        rv = dir_change(r->account->store, r->p, take_batch, r, env);
        if (rv == APR_SUCCESS && r->news->nelts) {
            gw_news_tell(r->account, r->news, env);
        }
    } while (rv == APR_SUCCESS && r->end < n);
    return rv;
}

rc_error_t *gw_numbers_read(gw_account_t *account, const rc_caller_t *who,
                            apr_pool_t *p)
{
    reading_t r;
    json_t *entries;
    rc_error_t *e;

    if (!(account->conf->numbers & GW_NUMBER_DIRECT)) {
        return NULL;
    }
    memset(&r, 0, sizeof r);
    r.account = account;
    r.p = p;
    r.tells = account->conf->peers && gw_copy_synced(account, p, who->env);
    r.now = base_now(who->env);
    load(&r, who->env);
    e = rc_directory_read(account->client, who, p, r.etags, &entries);
    if (e) {
        return e;
    }
    r.entries = entries;
    if (take_all(&r, who->env) != APR_SUCCESS) {
        return rc_error(p, RC_INTERRUPTED, "the copy cannot be written");
    }
    gw_stale_numbers_read(account, p, r.now, who->env);
    return NULL;
}

void gw_numbers_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    apr_time_t now = base_now(env), noted;
    rc_caller_t who = {env, now + PATIENCE, RC_BACKGROUND, NULL};
    rc_error_t *e;

    if (!(account->conf->numbers & GW_NUMBER_DIRECT) ||
        now < account->numbers_not_before) {
        return;
    }
    noted = gw_stale_numbers(account, p, env);
    if (!noted || now < noted + QUIET) {
        return;
    }
    if (!gw_news_leads(account, env)) {
        if (gw_news_numbers(account, p, env) == APR_SUCCESS) {
            gw_stale_numbers_read(account, p, noted, env);
        }
        return;
    }
    account->numbers_not_before = now + PAUSE;
    e = gw_numbers_read(account, &who, p);
    if (e) {
        base_log(env, BASE_LOG_DEBUG, APR_SUCCESS,
                 "the directory could not be read after an event: %s", e->message);
    }
}
