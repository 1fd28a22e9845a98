/* Several writes in one request (gw_many.c, gw_crew.c, gw_batch.c). */
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_fixture.h"
#include "scim_schema.h"
#include "tap.h"

#define HOUR apr_time_from_sec(3600)
#define ENT SCIM_URN_ENTERPRISE_USER

static apr_pool_t *p;

/* ---- writes ---- */

typedef struct many_t {
    world_t *w;
    scim_write_t *writes;
    const char **values; /* what each write sets */
    int n;
} many_t;

static const scim_error_t *set_member(const char *name, const char *value,
                                      apr_pool_t *pool, const scim_current_t *current,
                                      json_t **desired)
{
    *desired = base_json_own(pool, json_deep_copy(current->resource));
    json_object_set_new(*desired, name, json_string(value));
    return NULL;
}

static const scim_error_t *set_title(void *baton, apr_pool_t *pool,
                                     const scim_current_t *current, json_t **desired)
{
    return set_member("title", *(const char **)baton, pool, current, desired);
}

static const scim_error_t *set_language(void *baton, apr_pool_t *pool,
                                        const scim_current_t *current, json_t **desired)
{
    return set_member("preferredLanguage", "de-DE", pool, current, desired);
}

static const scim_error_t *set_mail(void *baton, apr_pool_t *pool,
                                    const scim_current_t *current, json_t **desired)
{
    const char *mail = *(const char **)baton;

    set_member("userName", mail, pool, current, desired);
    json_object_set_new(*desired, "emails",
                        json_pack("[{s:s, s:s}]", "type", "work", "value", mail));
    return NULL;
}

static const scim_error_t *set_inactive(void *baton, apr_pool_t *pool,
                                        const scim_current_t *current, json_t **desired)
{
    *desired = base_json_own(pool, json_deep_copy(current->resource));
    json_object_set_new(*desired, "active", json_false());
    return NULL;
}

/* A world with `n` users and room for a write of each. */
static many_t many(int n)
{
    many_t m = {world_make(p), apr_pcalloc(p, (n + 1) * sizeof(scim_write_t)),
                apr_pcalloc(p, (n + 1) * sizeof(char *)), n};
    int i;

    m.w->conf.max_age = 1000 * HOUR;
    m.w->policy.gather = apr_time_from_msec(250);
    m.w->policy.bulk_patience = apr_time_from_sec(300);
    m.w->rc->bulk_takes = apr_time_from_sec(1);
    for (i = 0; i < n; i++) {
        m.writes[i].verb = SCIM_UPDATE;
        m.writes[i].id =
            id_text(m.w, fake_rc_user(m.w->rc, "Ann", apr_itoa(p, i),
                                      apr_psprintf(p, "ann%d@example.com", i)));
        m.writes[i].change = set_title;
        m.writes[i].baton = &m.values[i];
        m.values[i] = apr_psprintf(p, "t%d", i);
    }
    return m;
}

/* `n` creates in place of what is there. */
static void creates(many_t *m, int n, const char *more)
{
    int i;

    m->writes = apr_pcalloc(p, (n + 1) * sizeof(scim_write_t));
    m->n = n;
    for (i = 0; i < n; i++) {
        m->writes[i].verb = SCIM_CREATE;
        m->writes[i].resource = fake_json(
            p, apr_psprintf(p,
                            "{'userName':'new%d@example.com','name':{'givenName':'New',"
                            "'familyName':'N%d'},'emails':[{'type':'work','value':"
                            "'new%d@example.com'}]%s}",
                            i, i, i, more));
    }
}

static void limit(world_t *w, int medium, int heavy)
{
    const gw_limit_t limits[] = {{medium, apr_time_from_sec(900)},
                                 {heavy, apr_time_from_sec(900)}};

    w->conf.limits[GW_MEDIUM] = limits[0];
    w->conf.limits[GW_HEAVY] = limits[1];
    gw_shared_init(w->shared.memory, p, &w->conf);
}

static void carry_out(many_t *m)
{
    gw_session_t session = world_session(m->w);

    fake_rc_forget(m->w->rc);
    gw_user_backend.write_many(&session, p, m->writes, m->n);
}

/* How many got this status; 200: no error. */
static int got(const many_t *m, int status)
{
    int i, n = 0;

    for (i = 0; i < m->n; i++) {
        n += (m->writes[i].error ? m->writes[i].error->status : 200) == status;
    }
    return n;
}

static int called(const many_t *m, const char *op)
{
    return fake_rc_called(m->w->rc, op);
}

/* In the answer; NULL when there is none. */
static const char *shown(const many_t *m, int i, const char *path)
{
    const scim_record_t *r = &m->writes[i].record;
    const char *text;

    if (m->writes[i].error || !r->text) {
        return NULL;
    }
    text = apr_pstrcat(p, apr_pstrndup(p, r->text, r->mark), r->text + r->mark, NULL);
    return at(m->w, base_json_parse(p, text, strlen(text), 64, 0, NULL), path);
}

/* At RingCentral; NULL when there is no such user. */
static const char *made(const many_t *m, int i, const char *path)
{
    return m->writes[i].id ? there(m->w, m->writes[i].id, path) : NULL;
}

static void fault(world_t *w, const char *op, fake_rc_what_t what, int status,
                  const char *body)
{
    const fake_rc_fault_t f = {op, 0, what, status, body};

    fake_rc_fail(w->rc, &f);
}

/* ---- updates ---- */

static void updates(void)
{
    many_t m = many(1000);
    int i, right = 0;

    world_fill(m.w);
    limit(m.w, 40, 10);
    carry_out(&m);
    is_int(got(&m, 200), 1000, "1,000 updates");
    is_int(called(&m, "extensionBulkUpdate"), 2, "in two calls");
    is_int(called(&m, "updateExtension"), 0, "and none alone");
    is_int(m.w->rc->largest, 500, "of 500");
    for (i = 0; i < 1000; i++) {
        const char *far = there(m.w, m.writes[i].id, "contact/jobTitle");

        right += base_str_same(far, m.values[i]) &&
                 base_str_same(shown(&m, i, "title"), far);
    }
    is_int(right, 1000, "each is right, there and in the answer");
    carry_out(&m);
    is_int(got(&m, 200), 1000, "the same once more");
    is_str(fake_rc_calls(m.w->rc), "", "costs nothing");
    is_str(shown(&m, 999, "title"), "t999", "and is answered");
}

static void each_its_own(void)
{
    many_t m = many(12);
    const char *mail = "ann3@example.com", *fresh = "new@example.com";

    m.writes[1].id = "99999";
    m.writes[2].change = set_mail; /* a user has it */
    m.writes[2].baton = &mail;
    m.writes[4].change = m.writes[5].change = set_mail; /* both want it */
    m.writes[4].baton = m.writes[5].baton = &fresh;
    m.writes[6].change = set_inactive;
    m.writes[7].verb = SCIM_REMOVE;
    m.writes[7].change = NULL;
    m.writes[9].id = "1"; /* not a user's */
    m.w->policy.remove = GW_DELETE_REMOVE;
    world_fill(m.w);
    fake_rc_drop(m.w->rc, gw_id_parse(m.writes[8].id));
    limit(m.w, 40, 10);
    carry_out(&m);
    is_int(got(&m, 200), 7, "mixed writes: seven succeed");
    is_int(m.writes[1].error ? m.writes[1].error->status : 0, 404, "an unknown id");
    is_int(m.writes[2].error ? m.writes[2].error->status : 0, 409, "a name in use");
    is_int(!m.writes[4].error + !m.writes[5].error, 1, "of two for one name one wins");
    is_int(got(&m, 409), 2, "and the other is told");
    is_str(there(m.w, m.writes[6].id, "status"), "Disabled", "a deactivation");
    ok(!fake_rc_extension(m.w->rc, gw_id_parse(m.writes[7].id)), "a removal");
    is_int(world_get(m.w, m.writes[7].id)->status, 404, "as the copy knows");
    is_int(m.writes[8].error ? m.writes[8].error->status : 0, 404,
           "one left meanwhile");
    is_int(world_get(m.w, m.writes[8].id)->status, 404, "as the copy knows too");
    is_int(got(&m, 404), 3, "404 for three");
    is_int(world_find(m.w, fresh)->total, 1, "the new name is found");
}

static void old_copy(void)
{
    many_t m = many(100);

    m.w->conf.max_age = apr_time_from_sec(60);
    world_fill(m.w);
    fake_rc_edit(m.w->rc, gw_id_parse(m.writes[0].id), "{'contact':{'jobTitle':'t0'}}");
    world_pass(m.w, 120);
    carry_out(&m);
    is_int(got(&m, 200), 100, "100 updates of an old copy");
    is_int(called(&m, "readExtension"), 0, "read no one singly");
    is_int(called(&m, "listExtensions"), 1, "but the list");
    is_int((int)json_array_size(json_object_get(
               fake_rc_sent(m.w->rc, "extensionBulkUpdate"), "records")),
           99, "which tells that one is as it shall be");
}

/* No list shows the language: that of many is sent without a look. */
static void languages(void)
{
    many_t m = many(50);
    int i, n = 0;

    for (i = 0; i < 50; i++) {
        m.writes[i].change = set_language;
    }
    world_fill(m.w);
    carry_out(&m);
    is_int(got(&m, 200), 50, "50 languages");
    is_int(called(&m, "readExtension"), 0, "without reading one user");
    world_refresh(m.w);
    for (i = 0; i < 50; i++) {
        const json_t *user = world_get(m.w, m.writes[i].id)->user;

        n += base_str_same(shown(&m, i, "preferredLanguage"), "de-DE") &&
             base_str_same(at(m.w, user, "preferredLanguage"), "de-DE");
    }
    is_int(n, 50, "are shown, also after a list");
    fake_rc_forget(m.w->rc);
    carry_out(&m);
    is_str(fake_rc_calls(m.w->rc), "", "and need not be sent again");
}

static void somebody_else(void)
{
    many_t m = many(10);
    base_lock_t *lock;

    world_fill(m.w);
    base_lock_acquire(&lock, p, m.w->account->lock_file, gw_id_parse(m.writes[3].id), 0,
                      &m.w->env);
    carry_out(&m);
    is_int(got(&m, 200), 9, "a user whom somebody else changes holds nobody up");
    is_int(m.writes[3].error ? m.writes[3].error->status : 0, 503, "and has to wait");
    base_lock_release(lock);
    carry_out(&m);
    is_int(got(&m, 200), 10, "until the next time");
}

/* Another child carries what one has asked for that has gone. */
static void somebody_gone(void)
{
    many_t m = many(10);
    gw_berth_t berths[GW_BOARD_SLOTS];
    gw_crowd_t crowd = {berths, 0, 0};
    gw_board_t *owner, *carrier;
    gw_notice_t notice = {GW_BOARD_UPDATES, 0, 0, "{}", 2};
    apr_uint64_t ticket;
    int slot;

    world_fill(m.w);
    owner = world_board(m.w);
    carrier = world_board(m.w);
    notice.id = gw_id_parse(m.writes[3].id);
    ticket = gw_board_post(owner, &notice, m.w->now, &slot);
    gw_board_claim(carrier, GW_BOARD_UPDATES, 500, &crowd);
    gw_board_leave(owner, slot, ticket);
    carry_out(&m);
    is_int(got(&m, 200), 9, "a change that is under way holds nobody else up");
    is_int(m.writes[3].error ? m.writes[3].error->status : 0, 503,
           "who comes after it has to wait");
    gw_board_set_adrift(carrier, &slot, 1, 0);
    carry_out(&m);
    is_int(got(&m, 200), 10, "until the next time");
    is_int(called(&m, "readExtension"), 1, "when it is looked up what came of it");
}

static void no_quota(void)
{
    many_t m = many(30);

    m.w->policy.bulk_patience = m.w->policy.patience;
    world_fill(m.w);
    limit(m.w, 1, 1);
    carry_out(&m);
    is_int(got(&m, 200), 30, "a Heavy call is left");
    m.values = (const char **)apr_pmemdup(p, m.values, 30 * sizeof *m.values);
    m.writes[0].change = m.writes[1].change = set_inactive;
    m.writes[2].change = set_inactive;
    carry_out(&m);
    is_int(got(&m, 200), 28,
           "what changes nothing needs none, and a Medium one is left");
    is_int(got(&m, 429), 2, "and then there is none");
    ok(m.writes[1].error && m.writes[1].error->retry_after > 0,
       "until some time later");
}

static void lost(void)
{
    many_t m = many(30);

    world_fill(m.w);
    limit(m.w, 1, 10);
    fault(m.w, "extensionBulkUpdate", FAKE_DROPPED, 0, NULL);
    fault(m.w, "extensionBulkUpdate", FAKE_LOST, 0, NULL);
    carry_out(&m);
    is_int(got(&m, 503), 30, "two answers lost: nobody knows");
    is_int(called(&m, "readExtension"), 0, "nor asks for each");
    world_pass(m.w, 60);
    world_work(m.w);
    world_refresh(m.w);
    is_str(at(m.w, world_get(m.w, m.writes[7].id)->user, "title"), "t7",
           "but the next look tells");
}

/* ---- deletions ---- */

static void deletions(void)
{
    static const struct {
        gw_delete_t policy;
        const char *op;
        int calls;
    } ways[] = {{GW_DELETE_REMOVE, "bulkDeleteUsersV2", 3},
                {GW_DELETE_RELEASE, "deleteExtension", 120},
                {GW_DELETE_DISABLE, "extensionBulkUpdate", 1}};
    apr_size_t way;
    int i;

    for (way = 0; way < 3; way++) {
        many_t m = many(120);
        int gone = 0;

        m.w->policy.remove = ways[way].policy;
        m.w->conf.disabled_may_be_gone = ways[way].policy == GW_DELETE_DISABLE;
        for (i = 0; i < m.n; i++) {
            m.writes[i].verb = SCIM_REMOVE;
            m.writes[i].change = NULL;
        }
        world_fill(m.w);
        limit(m.w, 130, 10);
        carry_out(&m);
        is_int(got(&m, 200), 120, apr_psprintf(p, "120 deletions: %s", ways[way].op));
        is_int(called(&m, ways[way].op), ways[way].calls, "in so many calls");
        limit(m.w, 0, 0);
        world_refresh(m.w);
        for (i = 0; i < m.n; i++) {
            gone += world_get(m.w, m.writes[i].id)->status == 404;
        }
        is_int(gone, 120, "and they are gone, after a refresh too");
        if (ways[way].policy == GW_DELETE_DISABLE) {
            is_int(called(&m, "readExtension"), 1, "one was looked at, for the mark");
            world_rebuild(m.w);
            is_int((long long)world_query(m.w, NULL, 1, 10)->total, 0,
                   "nor in a new copy is anybody left");
        }
    }
}

static void no_mark(void)
{
    many_t m = many(12);
    int i;

    m.w->policy.remove = GW_DELETE_DISABLE;
    m.w->conf.disabled_may_be_gone = 1;
    for (i = 0; i < m.n; i++) {
        m.writes[i].verb = SCIM_REMOVE;
        m.writes[i].change = NULL;
    }
    world_fill(m.w);
    m.w->rc->drops_comments = 1;
    carry_out(&m);
    is_int(got(&m, 502), 12, "a mark that is not kept does not pass for a deletion");
}

/* ---- creates ---- */

#define MORE                                                                           \
    ",'title':'Boss','externalId':'x','preferredLanguage':'de-DE','password':'Abcd-"   \
    "123'"

static int once(const many_t *m)
{
    int i, n = 0;

    for (i = 0; i < m->n; i++) {
        n += fake_rc_count(m->w->rc, apr_psprintf(p, "new%d@example.com", i)) == 1;
    }
    return n;
}

static void singles(void)
{
    many_t m = many(3);
    int i, right = 0;

    creates(&m, 30, MORE);
    world_fill(m.w);
    limit(m.w, 40, 10);
    carry_out(&m);
    is_int(got(&m, 200), 30, "30 creates");
    is_int(called(&m, "createExtension"), 30, "one by one");
    is_int(called(&m, "postBatchProvisionUsers"), 0,
           "in no batch unless that is wanted");
    for (i = 0; i < 30; i++) {
        right += base_str_same(shown(&m, i, "id"), m.writes[i].id) &&
                 base_str_same(shown(&m, i, "title"), "Boss");
    }
    is_int(right, 30, "each with its answer");
    carry_out(&m);
    is_int(got(&m, 409), 30, "and not twice");
}

/* A list that comes in while a bulk update is under way. */
typedef struct news_t {
    world_t *w;
    json_t *list;
} news_t;

static void bring_news(fake_rc_t *f, const char *op, void *baton)
{
    news_t *news = baton;

    if (!strcmp(op, "extensionBulkUpdate")) {
        gw_copy_absorb(news->w->account, p, news->list, base_now(&news->w->env), 0,
                       &news->w->env);
    }
}

static void news_on_the_way(void)
{
    many_t m = many(3);
    const char *id = m.writes[1].id;
    news_t news = {m.w, NULL};
    json_t *user;

    world_fill(m.w);
    limit(m.w, 1, 10);
    fake_rc_edit(m.w->rc, gw_id_parse(id), "{'contact':{'department':'Elsewhere'}}");
    user = json_deep_copy(fake_rc_extension(m.w->rc, gw_id_parse(id)));
    news.list = base_json_own(p, json_pack("[o]", user));
    world_pass(m.w, 60); /* a list may be believed again */
    m.w->rc->before = bring_news;
    m.w->rc->baton = &news;
    carry_out(&m);
    is_int(called(&m, "extensionBulkUpdate"), 1, "one call for all");
    is_str(at(m.w, world_get(m.w, id)->user, "title"), "t1", "with what was asked for");
    is_str(at(m.w, world_get(m.w, id)->user, ENT "/department"), "Elsewhere",
           "and what the portal changed meanwhile stays known");
}

static void batches(void)
{
    many_t m = many(3);
    int i, right = 0, hidden = 0;

    creates(&m, 60, MORE);
    m.w->policy.batch_provisioning = 1;
    world_fill(m.w);
    limit(m.w, 4, 10);
    m.w->policy.bulk_patience = apr_time_from_sec(800);
    carry_out(&m);
    is_int(got(&m, 200), 60, "60 creates where 4 are possible one by one");
    is_int(once(&m), 60, "nobody twice");
    is_int(called(&m, "createExtension"), 4, "as many as may are made so");
    is_int(called(&m, "postBatchProvisionUsers"), 6, "the others in tens");
    is_int(called(&m, "extensionBulkUpdate"), 1, "and one change for the rest");
    is_int(m.w->rc->mails->nelts, 0, "no mail is sent unless that is wanted");
    for (i = 0; i < 60; i++) {
        right += base_str_same(made(&m, i, "contact/jobTitle"), "Boss") &&
                 base_str_same(made(&m, i, "references/0/ref"), "x") &&
                 base_str_same(made(&m, i, "regionalSettings/language/localeCode"),
                               "de-DE") &&
                 base_str_same(made(&m, i, "_password"), "Abcd-123") &&
                 base_str_same(shown(&m, i, "title"), "Boss") &&
                 base_str_same(shown(&m, i, "preferredLanguage"), "de-DE") &&
                 base_str_same(shown(&m, i, "id"), m.writes[i].id);
    }
    is_int(right, 60, "of all that was sent nothing is missing");
    limit(m.w, 0, 0);
    world_refresh(m.w);
    for (i = 0; i < 60; i++) {
        answer_t *a = world_get(m.w, m.writes[i].id ? m.writes[i].id : "0");

        hidden += a->user && !json_object_get(a->user, "addresses") &&
                  base_str_same(at(m.w, a->user, "meta/version"),
                                shown(&m, i, "meta/version"));
    }
    is_int(hidden, 60, "and what the company filled in is not shown");
}

/* There are fewer calls than threads that look for one: whoever finds none leaves the
 * creates to the others. */
static void few_calls(void)
{
    many_t m = many(3);

    creates(&m, 21, "");
    m.w->policy.batch_provisioning = 1;
    m.w->policy.bulk_patience = apr_time_from_sec(800);
    world_fill(m.w);
    limit(m.w, 1, 2);
    carry_out(&m);
    is_int(got(&m, 200), 21, "one Medium call and two Heavy ones carry 21 creates");
    is_int(once(&m), 21, "nobody twice");

    creates(&m, 23, "");
    limit(m.w, 1, 1);
    carry_out(&m);
    is_int(got(&m, 409), 21, "they are there then");
    is_int(got(&m, 200), 2, "and one call of each kind carries two more");
}

/* How many of those who are there lack what a batch does not carry. */
static int lacking(const many_t *m)
{
    int i, n = 0;

    for (i = 0; i < m->n; i++) {
        n += m->writes[i].id && !made(m, i, "contact/jobTitle");
    }
    return n;
}

static int reached(const many_t *m)
{
    int i, n = 0;

    for (i = 0; i < m->n; i++) {
        n += fake_rc_count(m->w->rc, apr_psprintf(p, "new%d@example.com", i));
    }
    return n;
}

/* The last Heavy call in time completes those whom the others have made. */
static void batches_in_time(void)
{
    many_t m = many(3);

    creates(&m, 60, MORE);
    m.w->policy.batch_provisioning = 1;
    m.w->policy.bulk_patience = apr_time_from_sec(800);
    world_fill(m.w);
    limit(m.w, 4, 3);
    carry_out(&m);
    is_int(got(&m, 200), 24, "where not all can be made, all who are made");
    is_int(reached(&m), 24, "are complete");
    is_int(got(&m, 429), 36, "and the others may come again");
    is_int(lacking(&m), 0, "nobody lacks anything");
    is_int(called(&m, "extensionBulkUpdate"), 1, "by one change");

    creates(&m, 20, MORE);
    limit(m.w, 1, 1);
    carry_out(&m);
    is_int(called(&m, "postBatchProvisionUsers"), 0,
           "without a call for it there is no batch");
}

/* More than one change can carry. */
static void many_batches(void)
{
    many_t m = many(3);

    creates(&m, 611, MORE);
    m.w->policy.batch_provisioning = 1;
    m.w->policy.bulk_patience = apr_time_from_sec(800);
    world_fill(m.w);
    limit(m.w, 1, 62);
    carry_out(&m);
    is_int(got(&m, 200), 601, "601 creates");
    is_int(got(&m, 429), 10, "leave no call for ten more");
    is_int(called(&m, "postBatchProvisionUsers"), 60, "in tens");
    is_int(called(&m, "extensionBulkUpdate"), 2, "and two changes");
    is_int(lacking(&m), 0, "nobody lacks anything");
}

/* The change goes on when the time is over. */
static void late_sequel(void)
{
    many_t m = many(3);
    apr_time_t begun;
    int i, told = 0;

    creates(&m, 20, MORE);
    m.w->policy.batch_provisioning = 1;
    m.w->policy.bulk_patience = apr_time_from_sec(800);
    m.w->rc->bulk_takes = apr_time_from_sec(1000);
    world_fill(m.w);
    limit(m.w, 1, 10);
    begun = m.w->now;
    carry_out(&m);
    ok(m.w->now < begun + apr_time_from_sec(810), "nobody waits beyond the patience");
    is_int(got(&m, 503), 19, "it is not known then who is complete");
    for (i = 0; i < m.n; i++) {
        told += m.writes[i].error &&
                strstr(m.writes[i].error->detail, "the user was made with the id ");
    }
    is_int(told, 19, "as they are told");
    is_int(called(&m, "extensionBulkUpdate"), 1, "after one change");
    world_pass(m.w, 400);
    world_work(m.w);
    is_int(lacking(&m), 0, "which is carried out");
    m.w->policy.patience = apr_time_from_sec(2000);
    for (i = 0; i < m.n - 1 && !m.writes[i].error; i++) {
    }
    is_int(world_set(m.w, m.writes[i].id, "title", "'Chief'")->status, 200,
           "and then others are");
}

/* A client that goes while the second batch is on its way. */
typedef struct leaver_t {
    world_t *w;
    int batches;
} leaver_t;

static void leave_at_second(fake_rc_t *f, const char *op, void *baton)
{
    leaver_t *leaver = baton;

    leaver->batches += !strcmp(op, "postBatchProvisionUsers");
    leaver->w->stopping = leaver->batches >= 2;
}

static void client_leaves(void)
{
    static const int heavy[] = {2, 3};
    int i;

    for (i = 0; i < 2; i++) {
        many_t m = many(3);
        leaver_t leaver = {m.w, 0};

        creates(&m, 200, MORE);
        m.w->policy.batch_provisioning = 1;
        m.w->policy.bulk_patience = 3 * HOUR;
        world_fill(m.w);
        limit(m.w, 1, heavy[i]);
        m.w->rc->before = leave_at_second;
        m.w->rc->baton = &leaver;
        carry_out(&m);
        ok(reached(&m) > 10 && reached(&m) < 200, "a client goes before all are made");
        is_int(lacking(&m), 0, "those who are made are completed all the same");
        is_int(called(&m, "extensionBulkUpdate"), 1, "by one change");
    }
}

static void batch_results(void)
{
    many_t m = many(3);
    int i;

    creates(&m, 10, ",'title':'Boss'");
    m.writes[1].resource = fake_json(p, "{" USER("A", "B", "ann1@example.com") "}");
    m.writes[2].resource = fake_json(p, "{'userName':'no address','name':{'givenName':"
                                        "'A','familyName':'B'},'emails':[{'type':"
                                        "'work','value':'no address'}]}");
    m.writes[3].resource =
        fake_json(p, "{" USER("A", "B", "off@example.com") ",'active':false}");
    m.writes[4].resource = m.writes[5].resource; /* the same name twice */
    m.w->policy.batch_provisioning = 1;
    m.w->policy.welcome_mail = 1;
    world_fill(m.w);
    fake_rc_user(m.w->rc, "New", "6", "new6@example.com"); /* not in the copy */
    limit(m.w, 0, 0);
    m.w->conf.limits[GW_MEDIUM].calls = 1;
    gw_shared_init(m.w->shared.memory, p, &m.w->conf);
    m.w->policy.bulk_patience = 3 * HOUR;
    carry_out(&m);
    is_int(m.writes[1].error ? m.writes[1].error->status : 0, 409, "a name in use");
    is_int(m.writes[2].error ? m.writes[2].error->status : 0, 400, "a bad address");
    is_str(made(&m, 3, "status"), "Disabled",
           "who is not active is not enabled for a moment");
    is_int(!m.writes[4].error + !m.writes[5].error, 1, "one of two of the same name");
    is_int(m.writes[6].error ? m.writes[6].error->status : 0, 409,
           "a name that only RingCentral knows");
    is_int(got(&m, 200), 6, "and the others are made");
    for (i = 7; i < 10; i++) {
        is_str(made(&m, i, "contact/jobTitle"), "Boss", "with a title");
    }
}

static void batch_incomplete(void)
{
    many_t m = many(3);
    const char *detail = "";
    int i;

    creates(&m, 10, ",'title':'Boss'");
    m.w->policy.batch_provisioning = 1;
    m.w->policy.bulk_patience = 3 * HOUR;
    world_fill(m.w);
    limit(m.w, 2, 10); /* most have to go in batches */
    fault(m.w, "extensionBulkUpdate", FAKE_ANSWER, 403,
          fake_rc_error(p, "CMN-401", "no", NULL));
    fault(m.w, "updateExtension", FAKE_ANSWER, 400,
          fake_rc_error(p, "CMN-101", "no", "contact.jobTitle"));
    carry_out(&m);
    is_int(once(&m), 10, "all are made");
    is_int(got(&m, 200), 9, "nine as they should be");
    is_int(got(&m, 400), 1, "one is not, and that is its status");
    for (i = 0; i < m.n; i++) {
        detail = m.writes[i].error ? m.writes[i].error->detail : detail;
    }
    ok(strstr(detail, "the user was made with the id ") != NULL, detail);
}

static void batch_trouble(void)
{
    static const struct {
        fake_rc_what_t what;
        int status;
        const char *code, *name;
    } troubles[] = {{FAKE_LOST, 0, "", "a lost answer"},
                    {FAKE_DROPPED, 0, "", "a lost request"},
                    {FAKE_ANSWER, 403, "CMN-401", "no permission"},
                    {FAKE_ANSWER, 400, "CMN-101", "a refusal as a whole"}};
    apr_size_t i;

    for (i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        many_t m = many(3);

        creates(&m, 20, MORE);
        m.w->policy.batch_provisioning = 1;
        m.w->policy.bulk_patience = 3 * HOUR;
        m.w->rc->allows_same_login = 1;
        world_fill(m.w);
        limit(m.w, 10, 10); /* some have to go in a batch */
        fault(m.w, "postBatchProvisionUsers", troubles[i].what, troubles[i].status,
              fake_rc_error(p, troubles[i].code, "no", NULL));
        carry_out(&m);
        ok(called(&m, "postBatchProvisionUsers") > 0, "a batch goes out");
        is_int(got(&m, 200), 20, troubles[i].name);
        is_int(once(&m), 20, "each user is there once");
        is_str(made(&m, 19, "contact/jobTitle"), "Boss", "and complete");
        is_str(shown(&m, 19, "title"), "Boss", "in the answer too");
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    updates();
    each_its_own();
    old_copy();
    languages();
    somebody_else();
    somebody_gone();
    no_quota();
    lost();
    deletions();
    no_mark();
    singles();
    news_on_the_way();
    batches();
    few_calls();
    batches_in_time();
    many_batches();
    late_sequel();
    client_leaves();
    batch_results();
    batch_incomplete();
    batch_trouble();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
