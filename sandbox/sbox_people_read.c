#include "sbox_people.h"

#include <string.h>
#include <apr_strings.h>

#include "base_str.h"
#include "sbox_order.h"
#include "sbox_page.h"
#include "sbox_view.h"

sbox_extension_t *sbox_people_named(sbox_call_t *call, const sbox_problem_t **problem)
{
    apr_int64_t id;
    sbox_extension_t *e = NULL;

    if (base_str_to_int(call->extension_id, 1, APR_INT64_MAX, &id)) {
        e = sbox_account_extension(call->box->account, id);
    }
    if (!e) {
        *problem = sbox_problem(call->pool, "CMN-102", "extensionId");
    }
    return e;
}

static const sbox_problem_t *read_one(sbox_call_t *call)
{
    const sbox_problem_t *problem = NULL;
    const sbox_extension_t *e = sbox_people_named(call, &problem);

    if (e) {
        sbox_answer_json(call->pool, call->answer, 200,
                         sbox_view_extension(call, e, SBOX_VIEW_READ));
    }
    return problem;
}

/* Several ids in one path (rule 58): 207 with a part for each. */
static const sbox_problem_t *read_many(sbox_call_t *call)
{
    int max = sbox_knob_int(call->box->knobs, SBOX_K_MULTI_ID_MAX), n = 0;
    char *ids = apr_pstrdup(call->pool, call->extension_id), *state, *id;
    json_t *parts = json_array();

    for (id = apr_strtok(ids, ",", &state); id; id = apr_strtok(NULL, ",", &state)) {
        const sbox_problem_t *problem;

        if (++n > max) {
            json_decref(parts);
            return sbox_problem(call->pool, "CMN-106", apr_itoa(call->pool, max));
        }
        call->extension_id = id;
        problem = read_one(call);
        if (problem) {
            sbox_problem_answer(call->pool, call->answer, problem, SBOX_SHAPE_V1);
        }
        json_array_append_new(
            parts,
            json_pack("{s:s, s:i, s:o}", "resourceId", id, "status",
                      call->answer->status, "body",
                      json_loadb(call->answer->body, call->answer->body_len, 0, NULL)));
    }
    sbox_answer_json(call->pool, call->answer, 207, parts);
    call->answer->content_type = "application/vnd.ringcentral.multipart+json";
    return NULL;
}

const sbox_problem_t *sbox_people_read(sbox_call_t *call)
{
    return strchr(call->extension_id, ',') &&
                   sbox_knob_is(call->box->knobs, SBOX_K_MULTI_ID_EXTENSION, "on")
               ? read_many(call)
               : read_one(call);
}

#define PREFETCHED 8

/* What was otherwise at a time: id -> the past that held then, NULL: nothing was. */
static apr_hash_t *changed_since(sbox_call_t *call, int lag_ms)
{
    apr_time_t then = sbox_clock_now(&call->box->clock) - (apr_time_t)lag_ms * 1000;
    const sbox_past_t *past = lag_ms ? call->box->account->past : NULL;
    apr_hash_t *changed = NULL;

    for (; past; past = past->next) {
        if (past->until <= then) {
            continue;
        }
        if (!changed) {
            changed = apr_hash_make(call->pool);
        }
        if (!apr_hash_get(changed, &past->id, sizeof(past->id))) {
            apr_hash_set(changed, &past->id, sizeof(past->id), past);
        }
    }
    return changed;
}

static const sbox_past_t *past_of(apr_hash_t *changed, const apr_int64_t *id)
{
    return changed ? apr_hash_get(changed, id, sizeof(*id)) : NULL;
}

const sbox_extension_t *sbox_people_then(sbox_call_t *call, apr_int64_t id, int lag_ms)
{
    const sbox_past_t *past = past_of(changed_since(call, lag_ms), &id);

    return past ? past->was : sbox_account_extension(call->box->account, id);
}

void sbox_people_each(sbox_call_t *call, int lag_ms,
                      int (*see)(void *ctx, const sbox_extension_t *e), void *ctx)
{
    sbox_t *box = call->box;
    sbox_account_t *account = box->account;
    const apr_array_header_t *all =
        sbox_order_all(account, sbox_knob_text(box->knobs, SBOX_K_ORDER));
    apr_hash_t *changed = changed_since(call, lag_ms);
    const sbox_past_t *past;
    int i;

    for (i = 0; i < all->nelts; i++) {
        const sbox_extension_t *e = APR_ARRAY_IDX(all, i, sbox_extension_t *);

        /* They are all over the memory: most of the time would go in waiting. */
        if (i + PREFETCHED < all->nelts) {
            __builtin_prefetch(APR_ARRAY_IDX(all, i + PREFETCHED, sbox_extension_t *));
        }
        past = past_of(changed, &e->id);
        if (past) {
            e = past->was;
        }
        if (e && !see(ctx, e)) {
            return;
        }
    }
    for (past = changed ? account->past : NULL; past; past = past->next) {
        if (past->was && !sbox_account_extension(account, past->id) &&
            past_of(changed, &past->id) == past && !see(ctx, past->was)) {
            return;
        }
    }
}

/* The filters of the list. */
typedef struct wanted_t {
    sbox_call_t *call;
    int any_status, status[SBOX_STATUSES];
    apr_array_header_t *types;  /* of const char * */
    apr_array_header_t *emails; /* of const char * */
    const char *number;
    sbox_page_t page;
    sbox_records_t records;
    const sbox_problem_t *problem;
} wanted_t;

static int read_filter(void *data, const char *name, const char *value)
{
    wanted_t *wanted = data;
    apr_pool_t *p = wanted->call->pool;

    if (!strcmp(name, "status")) {
        sbox_status_t status = sbox_status_find(value);

        if (status == SBOX_STATUSES) {
            wanted->problem = sbox_problem_invalid(p, "status");
            return 0;
        }
        wanted->any_status = 0;
        wanted->status[status] = 1;
    }
    else if (!strcmp(name, "type")) {
        const char *type = sbox_type_find(value);

        if (!type) {
            wanted->problem = sbox_problem_invalid(p, "type");
            return 0;
        }
        APR_ARRAY_PUSH(wanted->types, const char *) = type;
    }
    else if (!strcmp(name, "email")) {
        APR_ARRAY_PUSH(wanted->emails, const char *) = value;
    }
    else if (!strcmp(name, "extensionNumber")) {
        wanted->number = value;
    }
    return 1;
}

static int has_type(const wanted_t *wanted, const sbox_extension_t *e)
{
    int i;

    for (i = 0; i < wanted->types->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(wanted->types, i, const char *), e->type)) {
            return 1;
        }
    }
    return !wanted->types->nelts;
}

static int has_email(const wanted_t *wanted, const sbox_extension_t *e)
{
    const char *its = e->text[SBOX_T_EMAIL];
    int i,
        exact = sbox_knob_is(wanted->call->box->knobs, SBOX_K_EMAIL_CASE, "sensitive");

    for (i = 0; its && e->status != SBOX_UNASSIGNED && i < wanted->emails->nelts; i++) {
        const char *email = APR_ARRAY_IDX(wanted->emails, i, const char *);

        if (exact ? !strcmp(email, its) : base_str_same(email, its)) {
            return 1;
        }
    }
    return !wanted->emails->nelts;
}

static int see(void *ctx, const sbox_extension_t *e)
{
    wanted_t *wanted = ctx;

    if ((wanted->any_status || wanted->status[e->status]) && has_type(wanted, e) &&
        (!wanted->number || (e->number && !strcmp(wanted->number, e->number))) &&
        has_email(wanted, e) && sbox_page_take(&wanted->page)) {
        sbox_records_add(&wanted->records,
                         sbox_view_extension(wanted->call, e, SBOX_VIEW_LIST));
    }
    return 1;
}

#define EMAIL_OF(wanted, i) APR_ARRAY_IDX((wanted)->emails, i, const char *)

/* Was the i-th e-mail of the query there before? */
static int is_repeated(const wanted_t *wanted, int i)
{
    int k = 0;

    while (k < i && !base_str_same(EMAIL_OF(wanted, k), EMAIL_OF(wanted, i))) {
        k++;
    }
    return k < i;
}

/* By the index: what most lookups of one person are. */
static void see_emails(wanted_t *wanted, int lag_ms)
{
    sbox_t *box = wanted->call->box;
    apr_hash_t *changed = changed_since(wanted->call, lag_ms);
    const sbox_past_t *past = changed ? box->account->past : NULL;
    apr_array_header_t *found =
        apr_array_make(wanted->call->pool, 4, sizeof(sbox_extension_t *));
    int i;

    for (i = 0; i < wanted->emails->nelts; i++) {
        sbox_extension_t *e =
            is_repeated(wanted, i)
                ? NULL
                : sbox_account_by_email(box->account, EMAIL_OF(wanted, i));

        for (; e; e = e->same_email) {
            if (!past_of(changed, &e->id)) {
                APR_ARRAY_PUSH(found, sbox_extension_t *) = e;
            }
        }
    }
    for (; past; past = past->next) {
        if (past->was && past_of(changed, &past->id) == past &&
            has_email(wanted, past->was)) {
            APR_ARRAY_PUSH(found, sbox_extension_t *) = past->was;
        }
    }
    sbox_order_sort(found, sbox_knob_text(box->knobs, SBOX_K_ORDER));
    for (i = 0; i < found->nelts; i++) {
        see(wanted, APR_ARRAY_IDX(found, i, sbox_extension_t *));
    }
}

/* A page of everything. */
static void see_page(wanted_t *wanted)
{
    sbox_t *box = wanted->call->box;
    const apr_array_header_t *all =
        sbox_order_all(box->account, sbox_knob_text(box->knobs, SBOX_K_ORDER));
    apr_int64_t i = (apr_int64_t)(wanted->page.page - 1) * wanted->page.per_page;
    apr_int64_t end = i + wanted->page.per_page;

    for (; i < end && i < all->nelts; i++) {
        sbox_records_add(&wanted->records,
                         sbox_view_extension(wanted->call,
                                             APR_ARRAY_IDX(all, i, sbox_extension_t *),
                                             SBOX_VIEW_LIST));
    }
    wanted->page.total = all->nelts;
}

static void see_wanted(wanted_t *wanted, int lag_ms)
{
    const sbox_extension_t *e;

    if (wanted->emails->nelts) {
        see_emails(wanted, lag_ms);
    }
    else if (wanted->number && !lag_ms) {
        e = sbox_account_by_number(wanted->call->box->account, wanted->number);
        if (e) {
            see(wanted, e);
        }
    }
    else if (wanted->any_status && !wanted->types->nelts && !wanted->number &&
             !lag_ms) {
        see_page(wanted);
    }
    else {
        sbox_people_each(wanted->call, lag_ms, see, wanted);
    }
}

const sbox_problem_t *sbox_people_list(sbox_call_t *call)
{
    const sbox_knobs_t *knobs = call->box->knobs;
    wanted_t wanted = {0};
    const sbox_problem_t *problem = sbox_page_read(call, &wanted.page);
    int lag;

    if (problem) {
        return problem;
    }
    wanted.call = call;
    wanted.any_status = 1;
    wanted.types = apr_array_make(call->pool, 2, sizeof(const char *));
    wanted.emails = apr_array_make(call->pool, 2, sizeof(const char *));
    apr_table_do(read_filter, &wanted, call->query, NULL);
    if (wanted.problem) {
        return wanted.problem;
    }
    lag = sbox_knob_int(knobs, SBOX_K_LIST_LAG_MS);
    if (wanted.emails->nelts && sbox_knob_int(knobs, SBOX_K_FILTER_LAG_MS) > lag) {
        lag = sbox_knob_int(knobs, SBOX_K_FILTER_LAG_MS);
    }
    see_wanted(&wanted, lag);
    sbox_page_answer_text(call, &wanted.page, &wanted.records, SBOX_PAGE_V1);
    return NULL;
}
