/* Calls that carry many extensions at once. */
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "rc_call.h"

#define UPDATE_PATH "/restapi/v1.0/account/~/extension-bulk-update"
#define PROVISION_PATH "/restapi/v2/accounts/~/batch-provisioning/users"

/* A task is looked at in steps of this part of the platform's window: every 2 s of a
 * minute. */
#define STEPS_IN_WINDOW 30
#define SHORTEST_STEP apr_time_from_msec(20)
#define LONGEST_PAUSE apr_time_from_sec(120)
#define LONGEST_TASK apr_time_from_sec(600) /* about */

enum { UPDATE, PROVISION };

static const rc_endpoint_t endpoints[] = {
    [UPDATE] = {"extensionBulkUpdate", "POST", UPDATE_PATH, RC_HEAVY, RC_WRITES, NULL},
    [PROVISION] = {"postBatchProvisionUsers", "POST", PROVISION_PATH, RC_HEAVY,
                   RC_WRITES, NULL},
};

struct rc_bulk_task_t {
    const char *id;
    int credential; /* whose task it is */
    rc_bulk_item_t *items;
    int n;
    apr_time_t begun, next;
    apr_interval_time_t step;
};

/* What the code of a refused record means; anything else is wrong with its data. */
static const struct {
    const char *code;
    rc_error_kind_t kind;
} meanings[] = {
    {"CMN-201", RC_UNAVAILABLE}, {"CMN-202", RC_UNAVAILABLE},
    {"CMN-203", RC_UNAVAILABLE}, {"CMN-301", RC_BUSY},
    {"CMN-302", RC_BUSY},        {"CMN-304", RC_BUSY},
    {"CMN-310", RC_BUSY},        {"CMN-401", RC_FORBIDDEN},
    {"CMN-408", RC_FORBIDDEN},   {"CMN-419", RC_FORBIDDEN},
};

static rc_error_kind_t kind_of(const char *code, const char *parameter)
{
    apr_size_t i;

    if (!strcmp(code, "CMN-102") &&
        (!parameter || base_str_same(parameter, "extensionId") ||
         base_str_same(parameter, "id"))) {
        return RC_NOT_FOUND;
    }
    for (i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (!strcmp(meanings[i].code, code)) {
            return meanings[i].kind;
        }
    }
    return RC_INVALID;
}

/* The first of the errors of a record, in `p`. */
static rc_error_t *record_error(apr_pool_t *p, const json_t *errors)
{
    const json_t *first = json_array_get(errors, 0);
    const char *code = base_json_string(first, "errorCode");
    const char *message = base_json_string(first, "message");
    const char *parameter = base_json_string(first, "parameterName");
    rc_error_t *e;

    code = code ? apr_pstrdup(p, code) : "";
    e = rc_error(p, kind_of(code, parameter), "%s",
                 message && *message ? message : "the record was refused");
    e->http_status = 400;
    e->code = code;
    e->parameter = parameter ? apr_pstrdup(p, parameter) : NULL;
    return e;
}

static void set_all(rc_bulk_item_t *items, int n, rc_error_t *e)
{
    int i;

    for (i = 0; i < n; i++) {
        items[i].error = e;
    }
}

/* 400 for the call as a whole, before anything is sent. */
static rc_error_t *count_is(apr_pool_t *p, int n, int max)
{
    return n >= 1 && n <= max
               ? NULL
               : rc_error(p, RC_INVALID, "%d records in one call: 1 to %d are possible",
                          n, max);
}

/* Ids come as text or as numbers. */
static int is_about(const json_t *record, const char *member, const char *id)
{
    const json_t *value = json_object_get(record, member);
    apr_int64_t n;

    if (json_is_integer(value)) {
        return base_str_to_int(id, 1, APR_INT64_MAX, &n) &&
               n == (apr_int64_t)json_integer_value(value);
    }
    return json_is_string(value) && !strcmp(json_string_value(value), id);
}

/* The item that the record is about. Answers are most often in the order of the
 * request: `near` is where to look first. */
static rc_bulk_item_t *item_of(rc_bulk_item_t *items, int n, const json_t *record,
                               const char *member, int near)
{
    int i;

    if (near < n && is_about(record, member, items[near].id)) {
        return &items[near];
    }
    for (i = 0; i < n; i++) {
        if (is_about(record, member, items[i].id)) {
            return &items[i];
        }
    }
    return NULL;
}

/* ---- updates: a task ---- */

static apr_interval_time_t step_of(rc_client_t *c)
{
    apr_interval_time_t step = 0;

    if (c->shared->lock(c->shared->ctx) == APR_SUCCESS) {
        step = c->pacer.state->quotas[0].buckets[RC_LIGHT].window / STEPS_IN_WINDOW;
        c->shared->unlock(c->shared->ctx);
    }
    return step > SHORTEST_STEP ? step : SHORTEST_STEP;
}

/* The request in a document that ends with `p`, for the bodies are their owners'. */
static const json_t *update_body(apr_pool_t *p, const rc_bulk_request_t *request)
{
    json_t *records = json_array();
    int i;

    for (i = 0; i < request->n; i++) {
        json_t *record = json_copy((json_t *)request->items[i].body);

        json_object_set_new(record, "id", json_string(request->items[i].id));
        json_array_append_new(records, record);
    }
    return base_json_own(p, json_pack("{s:o}", "records", records));
}

rc_error_t *rc_bulk_update(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           const rc_bulk_request_t *request, rc_bulk_task_t **task)
{
    rc_call_t call = {&endpoints[UPDATE], NULL, NULL, NULL};
    rc_bound_t bound = {&call, -1};
    rc_error_t *e = count_is(p, request->n, RC_BULK_UPDATE_MAX);
    rc_bulk_task_t *t = apr_pcalloc(p, sizeof *t);
    json_t *answer = NULL;
    apr_pool_t *scratch;
    const char *id;

    if (e) {
        return e;
    }
    apr_pool_create(&scratch, p);
    call.body = update_body(scratch, request);
    e = rc_call_bound(c, who, p, &bound, &answer);
    apr_pool_destroy(scratch);
    id = base_json_string(answer, "id");
    if (!e && (!id || !*id)) {
        e = rc_error(p, RC_LOST, "the answer to %s names no task", call.endpoint->name);
    }
    if (e) {
        return e;
    }
    t->id = rc_percent_encode(p, id);
    t->credential = bound.credential;
    t->items = request->items;
    t->n = request->n;
    t->begun = base_now(who->env);
    t->step = step_of(c);
    t->next = t->begun + t->step / 4 + t->n * t->step / 100;
    *task = t;
    return NULL;
}

rc_bulk_name_t rc_bulk_name(const rc_bulk_task_t *task)
{
    return (rc_bulk_name_t){task->id, task->credential, task->begun};
}

rc_bulk_task_t *rc_bulk_resume(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                               const rc_bulk_request_t *request,
                               const rc_bulk_name_t *name)
{
    rc_bulk_task_t *t = apr_pcalloc(p, sizeof *t);

    t->id = apr_pstrdup(p, name->task);
    t->credential = name->credential;
    t->items = request->items;
    t->n = request->n;
    t->begun = name->begun;
    t->next = base_now(who->env);
    t->step = step_of(c);
    return t;
}

apr_time_t rc_bulk_next(const rc_bulk_task_t *task)
{
    return task->next;
}

/* The records of a result, in either of the shapes that are published. */
static const json_t *affected(const json_t *task)
{
    const json_t *items = base_json_at(task, "result.affectedItems");

    return json_is_object(items) ? json_object_get(items, "result") : items;
}

static void take_result(rc_bulk_task_t *task, apr_pool_t *p, const json_t *answer)
{
    const char *status = base_json_string(answer, "status");
    rc_error_t *lost =
        rc_error(p, RC_LOST, "the task %s and does not say what came of the record",
                 base_str_same(status, "Completed") ? "ended" : "failed");
    const json_t *records = affected(answer);
    json_t *each;
    size_t i;

    set_all(task->items, task->n, lost);
    json_array_foreach((json_t *)records, i, each)
    {
        rc_bulk_item_t *item =
            item_of(task->items, task->n, each, "extensionId", (int)i);

        if (item && base_str_same(base_json_string(each, "status"), "Success")) {
            item->error = NULL;
        }
        else if (item && base_str_same(base_json_string(each, "status"), "Fail")) {
            item->error = record_error(p, json_object_get(each, "errors"));
        }
    }
}

static int is_over(const json_t *answer)
{
    const char *status = base_json_string(answer, "status");

    return base_str_same(status, "Completed") || base_str_same(status, "Failed");
}

/* What nobody can ask about any more is lost, once it is likely to have ended. */
static rc_error_t *miss(rc_bulk_task_t *task, apr_pool_t *p, apr_time_t now, int *ended)
{
    *ended = now >= task->begun + LONGEST_TASK;
    task->next = now + LONGEST_PAUSE;
    if (*ended) {
        set_all(task->items, task->n,
                rc_error(p, RC_LOST, "the credential of the task is gone"));
    }
    return *ended ? NULL
                  : rc_error(p, RC_UNAVAILABLE, "the credential of the task is gone");
}

rc_error_t *rc_bulk_poll(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                         rc_bulk_task_t *task, int *ended)
{
    const rc_endpoint_t endpoint = {
        "getExtensionBulkUpdateTask",
        "GET",
        apr_pstrcat(p, UPDATE_PATH "/tasks/", task->id, NULL),
        RC_LIGHT,
        0,
        NULL};
    const rc_call_t call = {&endpoint, NULL, NULL, NULL};
    rc_bound_t bound = {&call, task->credential};
    apr_interval_time_t pause;
    json_t *answer = NULL;
    rc_error_t *e;
    apr_time_t now = base_now(who->env);

    if (!(c->seats & 1u << task->credential)) {
        return miss(task, p, now, ended);
    }
    e = rc_call_bound(c, who, p, &bound, &answer);
    now = base_now(who->env);
    pause = (now - task->begun) / 4;
    pause = pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
    task->next = now + (pause > task->step ? pause : task->step);
    *ended = !e && is_over(answer);
    if (*ended) {
        take_result(task, p, answer);
    }
    else if (e && (e->kind == RC_INVALID || e->kind == RC_FORBIDDEN)) {
        /* There is no such task any more: nobody will ever say what came of it. */
        *ended = 1;
        set_all(task->items, task->n,
                rc_error(p, RC_LOST, "the task is not to be found (%s %s)", e->code,
                         e->message));
        e = NULL;
    }
    return e;
}

void rc_bulk_give_up(rc_bulk_task_t *task, apr_pool_t *p)
{
    set_all(task->items, task->n,
            rc_error(p, RC_LOST, "the task had not ended when it was last looked at"));
}

/* ---- removals ---- */

rc_error_t *rc_bulk_remove(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                           const rc_bulk_request_t *request)
{
    const char **ids = apr_pcalloc(p, sizeof(char *) * (request->n + 1));
    json_t *result = NULL, *each;
    rc_error_t *e;
    size_t i;

    for (i = 0; i < (size_t)request->n; i++) {
        ids[i] = request->items[i].id;
    }
    e = rc_extension_remove(c, who, p, ids, request->n, &result);
    set_all(request->items, request->n,
            e ? e : rc_error(p, RC_LOST, "the answer does not name the extension"));
    json_array_foreach(json_object_get(result, "records"), i, each)
    {
        rc_bulk_item_t *item = item_of(request->items, request->n, each, "id", (int)i);

        if (item) {
            item->error =
                base_json_true(each, "bulkItemSuccessful")
                    ? NULL
                    : record_error(p, json_object_get(each, "bulkItemErrors"));
        }
    }
    return e;
}

/* ---- new users ---- */

rc_error_t *rc_batch_provision(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                               const rc_bulk_request_t *request)
{
    json_t *records = json_array(), *answer = NULL, *each;
    rc_call_t call = {&endpoints[PROVISION], NULL, NULL,
                      base_json_own(p, json_pack("{s:o}", "records", records))};
    rc_error_t *e = count_is(p, request->n, RC_BATCH_PROVISION_MAX);
    size_t i;

    for (i = 0; i < (size_t)request->n; i++) {
        json_array_append(records, (json_t *)request->items[i].body);
    }
    if (!e) {
        e = rc_call(c, who, p, &call, &answer);
    }
    set_all(request->items, request->n,
            e ? e : rc_error(p, RC_LOST, "the answer has no result for the record"));
    json_array_foreach(json_object_get(answer, "results"), i, each)
    {
        rc_bulk_item_t *item = i < (size_t)request->n ? &request->items[i] : NULL;
        const char *id = base_json_string(each, "extension.id");

        if (item && base_json_true(each, "successful") && id) {
            item->id = apr_pstrdup(p, id);
            item->error = NULL;
        }
        else if (item && !base_json_true(each, "successful")) {
            item->error = record_error(p, json_object_get(each, "errors"));
        }
    }
    return e;
}
