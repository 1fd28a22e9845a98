#include "fake_peers.h"

#include <string.h>
#include <apr_strings.h>

#include "base_env.h"

typedef struct fake_peers_t {
    base_peers_t peers; /* first */
    fake_fleet_t *fleet;
} fake_peers_t;

fake_fleet_t *fake_fleet_make(apr_pool_t *p)
{
    fake_fleet_t *fleet = apr_pcalloc(p, sizeof *fleet);

    fleet->p = p;
    fleet->news = apr_array_make(p, 16, sizeof(fake_news_t));
    fleet->leads = apr_array_make(p, 4, sizeof(fake_value_t));
    fleet->values = apr_array_make(p, 4, sizeof(fake_value_t));
    return fleet;
}

static fake_fleet_t *fleet_of(void *ctx)
{
    return ((fake_peers_t *)ctx)->fleet;
}

static int is_here(void *ctx)
{
    return !fleet_of(ctx)->is_away;
}

static apr_status_t take(void *ctx, const base_env_t *env, const base_budget_t *budget,
                         apr_interval_time_t longest, char claim[BASE_CLAIM_SIZE],
                         apr_interval_time_t *wait)
{
    apr_cpystrn(claim, "1", BASE_CLAIM_SIZE);
    *wait = 0;
    return fleet_of(ctx)->is_away ? APR_ENOTIMPL : APR_SUCCESS;
}

static apr_status_t mark(void *ctx, const base_env_t *env, const base_budget_t *budget,
                         const char *claim, apr_interval_time_t time)
{
    return fleet_of(ctx)->is_away ? APR_ENOTIMPL : APR_SUCCESS;
}

static apr_status_t close_budget(void *ctx, const base_env_t *env, const char *budget,
                                 apr_interval_time_t time)
{
    return fleet_of(ctx)->is_away ? APR_ENOTIMPL : APR_SUCCESS;
}

/* A place for this name, made when it is missing. */
static fake_value_t *find(apr_array_header_t *all, const char *name)
{
    fake_value_t *value;
    int i;

    for (i = 0; i < all->nelts; i++) {
        value = &APR_ARRAY_IDX(all, i, fake_value_t);
        if (!strcmp(value->name, name)) {
            return value;
        }
    }
    value = apr_array_push(all);
    memset(value, 0, sizeof *value);
    value->name = apr_pstrdup(all->pool, name);
    return value;
}

static apr_status_t get(void *ctx, const base_env_t *env, apr_pool_t *p,
                        const char *name, base_slice_t *slice)
{
    fake_value_t *value = find(fleet_of(ctx)->values, name);

    if (fleet_of(ctx)->is_away) {
        return APR_ENOTIMPL;
    }
    if (!value->text || value->until < base_now(env)) {
        return APR_NOTFOUND;
    }
    slice->data = apr_pstrdup(p, value->text);
    slice->len = strlen(value->text);
    return APR_SUCCESS;
}

static apr_status_t set(void *ctx, const base_env_t *env, const char *name,
                        const base_slice_t *slice, apr_interval_time_t time)
{
    fake_fleet_t *fleet = fleet_of(ctx);
    fake_value_t *value = find(fleet->values, name);

    if (fleet->is_away) {
        return APR_ENOTIMPL;
    }
    value->text = slice ? apr_pstrmemdup(fleet->p, slice->data, slice->len) : NULL;
    value->until = base_now(env) + time;
    return APR_SUCCESS;
}

static apr_status_t lead(void *ctx, const base_env_t *env, const char *what,
                         apr_interval_time_t time, int *leads)
{
    fake_value_t *value = find(fleet_of(ctx)->leads, what);

    if (fleet_of(ctx)->is_away) {
        return APR_ENOTIMPL;
    }
    *leads = !value->holder || value->holder == ctx || value->until < base_now(env);
    if (*leads) {
        value->holder = ctx;
        value->until = base_now(env) + time;
    }
    return APR_SUCCESS;
}

static apr_status_t resign(void *ctx, const base_env_t *env, const char *what)
{
    fake_value_t *value = find(fleet_of(ctx)->leads, what);

    if (value->holder == ctx) {
        value->holder = NULL;
    }
    return APR_SUCCESS;
}

static apr_status_t tell(void *ctx, const base_env_t *env, const base_slice_t *texts,
                         int n)
{
    fake_fleet_t *fleet = fleet_of(ctx);
    int i;

    if (fleet->is_away) {
        return APR_ENOTIMPL;
    }
    for (i = 0; i < n; i++) {
        fake_news_t *news = apr_array_push(fleet->news);

        news->sender = ctx;
        news->text = apr_pstrmemdup(fleet->p, texts[i].data, texts[i].len);
    }
    return APR_SUCCESS;
}

static apr_status_t hear(void *ctx, const base_env_t *env, apr_pool_t *p,
                         char since[BASE_NEWS_SIZE], int max, apr_interval_time_t wait,
                         apr_array_header_t **news)
{
    fake_fleet_t *fleet = fleet_of(ctx);
    int at = *since ? (int)apr_atoi64(since) : fleet->news->nelts;

    *news = apr_array_make(p, 4, sizeof(base_news_t));
    if (fleet->is_away) {
        return APR_ENOTIMPL;
    }
    if (at < fleet->lost) {
        return APR_EGENERAL;
    }
    for (; at < fleet->news->nelts && (*news)->nelts < max; at++) {
        const fake_news_t *told = &APR_ARRAY_IDX(fleet->news, at, fake_news_t);
        base_news_t *heard = apr_array_push(*news);

        heard->text.data = apr_pstrdup(p, told->text);
        heard->text.len = strlen(told->text);
        heard->is_mine = told->sender == ctx;
    }
    apr_snprintf(since, BASE_NEWS_SIZE, "%d", at);
    return APR_SUCCESS;
}

const base_peers_t *fake_peers_make(fake_fleet_t *fleet)
{
    static const base_peers_t functions = {
        .share = 50,
        .is_here = is_here,
        .take = take,
        .mark = mark,
        .close = close_budget,
        .get = get,
        .set = set,
        .lead = lead,
        .resign = resign,
        .tell = tell,
        .hear = hear,
    };
    fake_peers_t *made = apr_pcalloc(fleet->p, sizeof *made);

    made->peers = functions;
    made->peers.ctx = made;
    made->fleet = fleet;
    return &made->peers;
}

void fake_fleet_tell(fake_fleet_t *fleet, const char *text)
{
    fake_news_t *news = apr_array_push(fleet->news);

    news->sender = fleet;
    news->text = apr_pstrdup(fleet->p, text);
}

int fake_fleet_count(const fake_fleet_t *fleet, const char *text)
{
    int i, n = 0;

    for (i = fleet->lost; i < fleet->news->nelts; i++) {
        n += strstr(APR_ARRAY_IDX(fleet->news, i, fake_news_t).text, text) != NULL;
    }
    return n;
}
