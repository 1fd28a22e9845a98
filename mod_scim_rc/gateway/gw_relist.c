/* Lists of all, made within requests. */
#include "base_json.h"
#include "gw_account_private.h"

#define PAGE 1000
#define MAX_PAGES 10000

/* Only one request of all processes makes it. */
#define LIST_LOCK (APR_UINT64_C(1) << 60)

/* A list with which nobody has gone on for so long is begun anew. */
#define LONGEST_REST apr_time_from_sec(60)
#define PAUSE apr_time_from_sec(15) /* after a failure */

/* Where the list stands. Without the lock, which cannot be had, from the beginning. */
static gw_age_t look(gw_account_t *account)
{
    gw_shared_t *shared = account->shared->memory;
    gw_age_t age = {0};

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        age = shared->age;
        account->shared->unlock(account->shared->ctx);
    }
    return age;
}

static void keep(gw_account_t *account, const gw_age_t *list)
{
    gw_shared_t *shared = account->shared->memory;
    gw_age_t *age = &shared->age;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        age->begun = list->begun;
        age->touched = list->touched;
        age->pages = list->pages;
        age->next = list->next;
        age->not_before = list->not_before;
        age->size = list->size;
        if (age->listed < list->listed) {
            age->listed = list->listed;
        }
        account->shared->unlock(account->shared->ctx);
    }
}

static rc_error_t *take_page(gw_session_t *session, apr_pool_t *p, apr_time_t deadline,
                             gw_age_t *list)
{
    rc_extension_query_t query = {list->next, PAGE, NULL, NULL};
    rc_caller_t who = gw_session_caller(session);
    apr_time_t sent = base_now(session->env);
    json_t *page;
    rc_error_t *e;

    who.deadline = deadline;
    e = rc_extension_list(session->account->client, &who, p, &query, &page);
    if (e) {
        return e;
    }
    gw_copy_need_places(session->account, p, &who);
    if (gw_copy_absorb(session->account, p, json_object_get(page, "records"), sent, 0,
                       session->env) != APR_SUCCESS) {
        return rc_error(p, RC_INTERRUPTED, "the copy cannot be written");
    }
    list->pages = (apr_int32_t)base_json_int(page, "paging.totalPages", 1);
    list->touched = base_now(session->env);
    list->next++;
    return NULL;
}

static apr_time_t half_of(const gw_session_t *session)
{
    apr_time_t now = base_now(session->env);

    return now + (session->deadline - now) / 2;
}

/* Goes on with the list until half of the time is over; the first page has until
 * `deadline`. Who stands behind others in the line for the quota gets no further than
 * that, and the next one goes on. */
static rc_error_t *go_on(gw_session_t *session, apr_pool_t *p, apr_time_t deadline,
                         gw_age_t *list)
{
    apr_time_t half = half_of(session);
    rc_error_t *e = NULL;

    do {
        apr_pool_t *of_page;

        apr_pool_create(&of_page, p);
        apr_pool_tag(of_page, "gw_relist");
        e = take_page(session, of_page, deadline, list);
        if (!e) { /* an error lives in it */
            apr_pool_destroy(of_page);
        }
        deadline = half;
    } while (!e && list->next <= list->pages && list->next <= MAX_PAGES &&
             base_now(session->env) < half);
    return e;
}

/* Is there time for somebody else, who would have more luck? Not where the copy cannot
 * be written, which is no interruption of this request. */
static int can_be_left(const gw_session_t *session, const rc_error_t *e)
{
    return e->kind == RC_BUSY ||
           (e->kind == RC_INTERRUPTED && base_sleep(session->env, 0) != APR_SUCCESS);
}

static rc_error_t *end(gw_session_t *session, gw_age_t *list, rc_error_t *e)
{
    gw_account_t *account = session->account;

    list->size = list->pages > list->size ? list->pages : list->size;
    if (!e && list->next > list->pages) {
        list->size = list->pages;
        list->listed = list->begun;
        list->begun = 0;
    }
    else if (e && can_be_left(session, e)) {
        e = NULL; /* somebody else goes on */
    }
    else if (e) {
        list->begun = 0;
        list->not_before = base_now(session->env) + PAUSE;
        base_log(session->env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0118: account %s: the list in place of many questions could "
                 "not be read (%s); they are asked one by one for %d s",
                 account->conf->name, e->message, (int)apr_time_sec(PAUSE));
    }
    keep(account, list);
    return e;
}

static rc_error_t *make(gw_session_t *session, apr_pool_t *p, apr_time_t deadline,
                        int *done)
{
    apr_time_t now = base_now(session->env);
    gw_age_t list = look(session->account);
    rc_error_t *e;

    if (now < list.not_before) {
        return NULL;
    }
    if (!list.begun || list.touched + LONGEST_REST < now) {
        list.begun = now;
        list.pages = list.next = 1;
    }
    e = end(session, &list, go_on(session, p, deadline, &list));
    *done = !e && !list.begun;
    return e;
}

rc_error_t *gw_relist(gw_session_t *session, apr_pool_t *p, int ahead, int *done)
{
    const base_env_t *env = session->env;
    gw_account_t *account = session->account;
    apr_time_t half = half_of(session), before = gw_age_complete(account, p, env);
    gw_session_t brief = *session;
    base_lock_t *lock;
    rc_error_t *e = NULL;

    *done = 0;
    brief.deadline = ahead ? 0 : half;
    if (gw_lock(&brief, p, LIST_LOCK, &lock)) {
        return NULL;
    }
    if (gw_age_complete(account, p, env) > before) { /* somebody else's */
        *done = 1;
    }
    else {
        e = make(session, p, ahead ? half : session->deadline, done);
    }
    base_lock_release(lock);
    return e;
}
