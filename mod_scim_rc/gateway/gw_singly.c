#include "gw_singly.h"

#include <apr_strings.h>

#include "gw_news.h"

#define MANY 25

static int fails_in_general(const gw_singly_t *s, int failed)
{
    return failed >= MANY && !s->there && !s->gone;
}

/* What the platform may only be ailing from is this extension's fault when it is met
 * again in the next run. */
static int concerns_all(const gw_singly_t *s, const rc_error_t *e)
{
    switch (e->kind) {
    case RC_INVALID:
    case RC_FORBIDDEN:
    case RC_PROTOCOL:
        return 0;
    case RC_UNAVAILABLE: /* without a status there was no call */
        return !e->http_status || !s->is_repeated || fails_in_general(s, s->failed + 1);
    case RC_LOST:
        return !s->is_repeated || fails_in_general(s, s->failed + 1);
    default:
        return 1;
    }
}

static rc_error_t *read_one(gw_singly_t *s, apr_uint64_t id)
{
    rc_caller_t who = {s->env, base_now(s->env) + s->patience, s->work, NULL};
    apr_pool_t *p;
    rc_error_t *e;
    int found;

    apr_pool_create(&p, s->p);
    apr_pool_tag(p, "gw_singly");
    e = gw_copy_reread(s->account, &who, p, id, &found);
    if (e && concerns_all(s, e)) {
        return e; /* which lives in the pool */
    }
    if (!e) {
        s->there += found;
        s->gone += !found;
    }
    else if (!s->failed++) {
        s->failure = apr_psprintf(s->p, "%s: %s%s%s", gw_id_text(p, id), e->code,
                                  *e->code ? " " : "", e->message);
    }
    apr_pool_destroy(p);
    return NULL;
}

rc_error_t *gw_singly_read(gw_singly_t *s, const apr_array_header_t *ids, int max)
{
    rc_error_t *e = NULL;
    int i;

    s->there = s->gone = s->failed = 0;
    for (i = 0; !e && i < ids->nelts && i < max && !fails_in_general(s, s->failed);
         i++) {
        gw_news_leads(s->account, s->env); /* and stays so meanwhile */
        e = read_one(s, APR_ARRAY_IDX(ids, i, apr_uint64_t));
    }
    if (s->failed) {
        base_log(s->env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0116: account %s: %d extensions could not be read and stay as "
                 "they are known; the first is extension %s",
                 s->account->conf->name, s->failed, s->failure);
    }
    return e;
}
