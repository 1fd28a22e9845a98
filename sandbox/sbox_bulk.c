#include "sbox_bulk.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "sbox_fault.h"
#include "sbox_hook.h"
#include "sbox_page.h"
#include "sbox_people.h"

#define RECORDS_MAX 500
#define TASKS_MAX 1000
#define NEVER (-1)

typedef enum { ACCEPTED, IN_PROGRESS, COMPLETED, FAILED } status_t;

static const char *const status_names[] = {"Accepted", "InProgress", "Completed",
                                           "Failed"};

/* Times are the sandbox's but for `created`. */
typedef struct task_t {
    apr_pool_t *pool;
    const char *id;
    json_t *records;      /* each with its id as text */
    const json_t *action; /* of a fault that hit the call, or NULL */
    json_t *items;        /* results so far */
    status_t status;
    int done;                   /* records */
    int hold_after, fail_after; /* records; NEVER */
    apr_time_t created;
    apr_time_t next_at; /* when it begins, then when the next record is done */
    apr_interval_time_t step;
    apr_time_t modified;
    struct task_t *next;
} task_t;

struct sbox_tasks_t {
    apr_pool_t *pool;
    task_t *first, **end;
    int n, counter;
    apr_time_t at; /* how far time has been followed */
};

sbox_tasks_t *sbox_tasks_create(apr_pool_t *p)
{
    sbox_tasks_t *tasks = apr_pcalloc(p, sizeof(*tasks));

    tasks->pool = p;
    tasks->end = &tasks->first;
    return tasks;
}

static int is_finished(const task_t *task)
{
    return task->status == COMPLETED || task->status == FAILED;
}

static int is_held(const task_t *task)
{
    return task->hold_after != NEVER && task->done >= task->hold_after;
}

static int n_records(const task_t *task)
{
    return (int)json_array_size(task->records);
}

static void drop(sbox_tasks_t *tasks, task_t **link)
{
    task_t *task = *link;

    *link = task->next;
    if (tasks->end == &task->next) {
        tasks->end = link;
    }
    tasks->n--;
    apr_pool_destroy(task->pool);
}

/* Results are kept for a while only. */
static void forget(sbox_t *box, apr_time_t now)
{
    sbox_tasks_t *tasks = box->tasks;
    apr_time_t before =
        now - apr_time_from_sec(sbox_knob_int(box->knobs, SBOX_K_TASK_TTL_S));
    task_t **link = &tasks->first;

    while (*link) {
        if (is_finished(*link) &&
            ((*link)->modified < before || tasks->n > TASKS_MAX)) {
            drop(tasks, link);
        }
        else {
            link = &(*link)->next;
        }
    }
}

/* The task that is next to move, NULL: none can. The first that waits begins when fewer
 * than "bulk_parallel" are at work. */
static task_t *next_task(const sbox_t *box)
{
    int free = sbox_knob_int(box->knobs, SBOX_K_BULK_PARALLEL);
    task_t *task, *found = NULL;
    int waiting = 0;

    for (task = box->tasks->first; task; task = task->next) {
        free -= task->status == IN_PROGRESS;
    }
    for (task = box->tasks->first; task; task = task->next) {
        int ready = task->status == IN_PROGRESS ||
                    (task->status == ACCEPTED && free > 0 && !waiting);

        if (!ready || is_held(task)) {
            continue;
        }
        waiting |= task->status == ACCEPTED;
        if (!found || task->next_at < found->next_at) {
            found = task;
        }
    }
    return found;
}

static const sbox_problem_t *change(sbox_t *box, const task_t *task, apr_time_t at,
                                    apr_pool_t *p)
{
    const json_t *record = json_array_get(task->records, (size_t)task->done);
    const char *id = base_json_string(record, "id");
    const sbox_problem_t *problem = sbox_fault_record(task->action, p, id);
    sbox_change_t when = sbox_change(box);
    sbox_extension_t *e = NULL;
    sbox_wish_t wish;
    apr_int64_t number;

    if (problem) {
        return problem;
    }
    if (base_str_to_int(id, 1, APR_INT64_MAX, &number)) {
        e = sbox_account_extension(box->account, number);
    }
    if (!e || (e->status == SBOX_UNASSIGNED &&
               sbox_knob_is(box->knobs, SBOX_K_BULK_UNASSIGNED, "off"))) {
        return sbox_problem(p, "CMN-102", "extensionId");
    }
    when.now = at;
    wish.box = box;
    wish.pool = p;
    wish.body = record;
    return sbox_people_change(&wish, e, &when);
}

static void finish(task_t *task, status_t status, apr_time_t at)
{
    task->status = status;
    task->modified = at;
}

static void do_record(sbox_t *box, task_t *task, apr_time_t at)
{
    const json_t *record = json_array_get(task->records, (size_t)task->done);
    const sbox_problem_t *problem;
    json_t *item;
    apr_pool_t *p;

    apr_pool_create(&p, task->pool);
    problem = change(box, task, at, p);
    item = json_pack("{s:s, s:s}", "extensionId", base_json_string(record, "id"),
                     "status", problem ? "Fail" : "Success");
    if (problem) {
        json_object_set_new(item, "errors",
                            json_pack("[o]", sbox_problem_json(problem)));
    }
    json_array_append_new(task->items, item);
    apr_pool_destroy(p);
    task->done++;
    task->modified = at;
    task->next_at = at + task->step;
}

static void move(sbox_t *box, task_t *task, apr_time_t at)
{
    if (task->fail_after != NEVER && task->done >= task->fail_after) {
        finish(task, FAILED, at);
    }
    else if (task->status == ACCEPTED) {
        task->status = IN_PROGRESS;
        task->modified = at;
        task->next_at = at + task->step;
    }
    else {
        do_record(box, task, at);
        if (task->done == n_records(task)) {
            finish(task, COMPLETED, at);
        }
    }
}

void sbox_bulk_run(sbox_t *box)
{
    sbox_tasks_t *tasks = box->tasks;
    apr_time_t now;
    task_t *task;

    if (!tasks->first) {
        return;
    }
    now = sbox_clock_now(&box->clock);
    while ((task = next_task(box)) && task->next_at <= now) {
        /* What waited for another task begins when that ended. */
        if (task->next_at > tasks->at) {
            tasks->at = task->next_at;
        }
        move(box, task, tasks->at);
    }
    forget(box, now);
}

apr_time_t sbox_bulk_due(const sbox_t *box)
{
    const task_t *task = next_task(box);

    return task ? task->next_at : 0;
}

static apr_status_t release(void *data)
{
    task_t *task = data;

    json_decref(task->records);
    json_decref(task->items);
    return APR_SUCCESS;
}

/* An action of a fault, of a kind that concerns the task as a whole. */
static int after_of(const json_t *action, const char *kind)
{
    const char *its = base_json_string(action, "kind");

    return its && !strcmp(its, kind) ? (int)base_json_int(action, "after", 0) : NEVER;
}

static task_t *new_task(sbox_call_t *call, json_t *records)
{
    sbox_t *box = call->box;
    sbox_tasks_t *tasks = box->tasks;
    apr_time_t now = sbox_clock_now(&box->clock);
    apr_pool_t *p;
    task_t *task;

    apr_pool_create(&p, tasks->pool);
    task = apr_pcalloc(p, sizeof(*task));
    task->pool = p;
    task->id = apr_psprintf(p, "%" APR_INT64_T_FMT "-%08x", box->account->id,
                            (unsigned int)++tasks->counter);
    task->records = records;
    task->items = json_array();
    apr_pool_cleanup_register(p, task, release, apr_pool_cleanup_null);
    task->action =
        call->hit ? base_json_own(p, json_deep_copy(call->hit->action)) : NULL;
    task->hold_after = after_of(task->action, "hold_task");
    task->fail_after = after_of(task->action, "fail_task");
    task->created = apr_time_now();
    task->modified = now;
    task->next_at =
        now + apr_time_from_msec(sbox_knob_int(box->knobs, SBOX_K_BULK_START_MS));
    task->step = apr_time_from_msec(sbox_knob_int(box->knobs, SBOX_K_BULK_ITEM_MS));
    *tasks->end = task;
    tasks->end = &task->next;
    tasks->n++;
    return task;
}

/* The world's time of the last change: never before the task was made. */
static const char *modified(const sbox_t *box, const task_t *task, apr_pool_t *p)
{
    apr_time_t since = sbox_clock_now(&box->clock) - task->modified;
    apr_time_t at = apr_time_now() - sbox_clock_real(&box->clock, since);

    return base_time_format(p, at > task->created ? at : task->created);
}

static json_t *result(const sbox_t *box, const task_t *task)
{
    json_t *to = sbox_knob_is(box->knobs, SBOX_K_AFFECTED_ITEMS, "object")
                     ? json_pack("{s:{s:O}}", "affectedItems", "result", task->items)
                     : json_pack("{s:O}", "affectedItems", task->items);
    const char *code = base_json_string(task->action, "code");
    const char *message = base_json_string(task->action, "message");

    if (task->status == FAILED) {
        json_object_set_new(to, "errors",
                            json_pack("[{s:s, s:s}]", "errorCode",
                                      code ? code : "CMN-203", "message",
                                      message ? message : "Internal Server Error"));
    }
    return to;
}

static void answer(sbox_call_t *call, const task_t *task)
{
    sbox_t *box = call->box;
    json_t *to = json_pack("{s:s, s:s, s:s, s:s, s:s}", "uri",
                           sbox_uri(call, "account/%s/extension-bulk-update/tasks/%s",
                                    call->account_id, task->id),
                           "id", task->id, "status", status_names[task->status],
                           "creationTime", base_time_format(call->pool, task->created),
                           "lastModifiedTime", modified(box, task, call->pool));

    if (is_finished(task)) {
        json_object_set_new(to, "result", result(box, task));
    }
    sbox_answer_json(call->pool, call->answer, 200, to);
}

/* A member beside "statusInfo" that means the same as the one within. */
static void move_inside(json_t *record, const char *name, const char *path)
{
    const char *text = base_json_string(record, name);

    if (text && !base_json_at(record, path)) {
        base_json_set_at(record, path, json_string(text));
    }
}

/* Makes the record's id text. 0: it has none. */
static int take_id(json_t *record)
{
    const json_t *id = json_object_get(record, "id");

    if (json_is_integer(id)) {
        return !json_object_set_new(
            record, "id",
            json_sprintf("%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(id)));
    }
    return json_string_length(id) > 0;
}

static const sbox_problem_t *duplicate(apr_pool_t *p, const char *id)
{
    sbox_problem_t *problem =
        apr_pmemdup(p, sbox_problem(p, "CMN-406", "records.id"), sizeof(*problem));

    problem->message = apr_psprintf(
        p, "Duplicate value for parameter records.id: %s found in request", id);
    return problem;
}

/* Judges the records together; *p_records is a copy, or NULL when they are refused. */
static const sbox_problem_t *take_records(sbox_call_t *call, json_t **p_records)
{
    const json_t *sent = json_object_get(call->body, "records");
    apr_hash_t *seen = apr_hash_make(call->pool);
    json_t *records, *record;
    size_t i;

    *p_records = NULL;
    if (!json_is_object(call->body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    if (!json_is_array(sent) || !json_array_size(sent)) {
        return sbox_problem_invalid(call->pool, "records");
    }
    if (json_array_size(sent) > RECORDS_MAX) {
        return sbox_problem(call->pool, "CMN-106", apr_itoa(call->pool, RECORDS_MAX));
    }
    records = base_json_own(call->pool, json_deep_copy(sent));
    json_array_foreach(records, i, record)
    {
        const char *id;

        if (!json_is_object(record) || !take_id(record)) {
            return sbox_problem_invalid(call->pool, "records.id");
        }
        id = base_json_string(record, "id");
        if (apr_hash_get(seen, id, APR_HASH_KEY_STRING)) {
            return duplicate(call->pool, id);
        }
        apr_hash_set(seen, id, APR_HASH_KEY_STRING, record);
        move_inside(record, "comment", "statusInfo.comment");
        move_inside(record, "reason", "statusInfo.reason");
    }
    *p_records = json_incref(records);
    return NULL;
}

const sbox_problem_t *sbox_bulk_start(sbox_call_t *call)
{
    json_t *records;
    const sbox_problem_t *problem = take_records(call, &records);

    if (!problem) {
        answer(call, new_task(call, records));
        sbox_hooks_wake(call->box);
    }
    return problem;
}

static task_t *find(const sbox_tasks_t *tasks, const char *id)
{
    task_t *task = tasks->first;

    while (task && strcmp(task->id, id)) {
        task = task->next;
    }
    return task;
}

const sbox_problem_t *sbox_bulk_read(sbox_call_t *call)
{
    const task_t *task = find(call->box->tasks, call->id);

    if (!task) {
        return sbox_problem(call->pool, "CMN-102", "taskId");
    }
    answer(call, task);
    return NULL;
}

json_t *sbox_bulk_json(const sbox_t *box)
{
    json_t *list = json_array();
    const task_t *task;

    for (task = box->tasks->first; task; task = task->next) {
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:i, s:i, s:b}", "id", task->id,
                                        "status", status_names[task->status], "records",
                                        n_records(task), "done", task->done, "held",
                                        !is_finished(task) && is_held(task)));
    }
    return list;
}

int sbox_bulk_order(sbox_t *box, const json_t *order)
{
    const char *action = base_json_string(order, "action");
    const char *id = base_json_string(order, "task");
    apr_time_t now = sbox_clock_now(&box->clock);
    task_t *task;
    int n = 0, hold = action && !strcmp(action, "hold");
    int fail = action && !strcmp(action, "fail");

    if (!hold && !fail && (!action || strcmp(action, "release"))) {
        return -1;
    }
    for (task = box->tasks->first; task; task = task->next) {
        int after = (int)base_json_int(order, "after", task->done);

        if (is_finished(task) || (id && strcmp(id, task->id))) {
            continue;
        }
        if (!hold && is_held(task) && task->next_at < now) {
            task->next_at = now;
        }
        task->hold_after = hold ? after : NEVER;
        task->fail_after = fail ? after : task->fail_after;
        n++;
    }
    sbox_hooks_wake(box);
    return n;
}
