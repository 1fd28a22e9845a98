/* The fake platform's calls that carry many extensions. */
#include "fake_rc_private.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

/* Carries `body` out as an operation on one extension would be. */
static json_t *one(fake_rc_t *f, apr_pool_t *p, apr_uint64_t id, const json_t *body,
                   void (*carry_out)(fake_exchange_t *x))
{
    fake_exchange_t x;

    memset(&x, 0, sizeof x);
    x.f = f;
    x.p = p;
    x.query = apr_table_make(p, 1);
    x.body = body;
    x.id = id;
    carry_out(&x);
    return base_json_parse(p, x.text, strlen(x.text), 64, 0, NULL);
}

static apr_uint64_t id_in(const json_t *record)
{
    apr_int64_t id;

    return base_str_to_int(base_json_string(record, "id"), 1, APR_INT64_MAX, &id)
               ? (apr_uint64_t)id
               : 0;
}

static void run(fake_rc_t *f, fake_task_t *task)
{
    json_t *each;
    size_t i;

    json_array_foreach(task->records, i, each)
    {
        json_t *body = base_json_own(f->p, json_copy(each)), *answer, *result;
        const char *id = base_json_string(each, "id");

        json_object_del(body, "id");
        answer = one(f, f->p, id_in(each), body, fake_update);
        result = json_pack("{s:s, s:s}", "extensionId", id, "status",
                           json_object_get(answer, "errors") ? "Fail" : "Success");
        if (json_object_get(answer, "errors")) {
            json_object_set(result, "errors", json_object_get(answer, "errors"));
        }
        if (f->forgets && !strcmp(f->forgets, id)) {
            json_decref(result);
            continue;
        }
        json_array_append_new(task->results, result);
    }
    task->records = NULL;
}

void fake_run_tasks(fake_rc_t *f)
{
    int i;

    for (i = 0; i < f->tasks->nelts; i++) {
        fake_task_t *task = &APR_ARRAY_IDX(f->tasks, i, fake_task_t);

        if (task->records && task->due <= base_now(f->env)) {
            run(f, task);
        }
    }
}

static json_t *show(const fake_rc_t *f, const fake_task_t *task)
{
    json_t *shown = json_pack("{s:s, s:s, s:s}", "id", task->id, "uri", "https://x/",
                              "status", task->records ? "InProgress" : "Completed");

    if (!task->records) {
        base_json_set_at(shown,
                         f->wraps_results ? "result.affectedItems.result"
                                          : "result.affectedItems",
                         json_incref(task->results));
    }
    if (!task->records && f->fails_tasks) {
        json_object_set_new(shown, "status", json_string("Failed"));
        json_object_del(shown, "result");
    }
    return shown;
}

void fake_bulk_update(fake_exchange_t *x)
{
    fake_rc_t *f = x->f;
    json_t *records = json_object_get(x->body, "records"), *each;
    fake_task_t *task;
    size_t i;

    if (json_array_size(records) < 1 || json_array_size(records) > 500) {
        fake_refuse(x, 400, "CMN-106", "Batch request is limited to 500 entries", NULL);
        return;
    }
    json_array_foreach(records, i, each)
    {
        if (f->bars && !strcmp(f->bars, base_json_string(each, "id"))) {
            fake_refuse_value(x, "records");
            return;
        }
    }
    task = apr_array_push(f->tasks);
    task->id = apr_psprintf(f->p, "task-%d", f->tasks->nelts);
    task->due = base_now(f->env) + f->bulk_takes;
    task->records = base_json_own(f->p, json_deep_copy(records));
    task->results = base_json_own(f->p, json_array());
    f->largest = json_array_size(records) > (size_t)f->largest
                     ? (int)json_array_size(records)
                     : f->largest;
    fake_answer(x, show(f, task));
}

void fake_task(fake_exchange_t *x)
{
    if (x->id < 1 || x->id > (apr_uint64_t)x->f->tasks->nelts) {
        fake_refuse(x, 404, "CMN-102", "Resource for parameter [taskId] is not found",
                    "taskId");
        return;
    }
    fake_answer(x, show(x->f, &APR_ARRAY_IDX(x->f->tasks, x->id - 1, fake_task_t)));
}

/* What a create of version 1 would be sent for a record. */
static json_t *as_create(apr_pool_t *p, const json_t *record)
{
    json_t *body = base_json_own(p, json_deep_copy(record));

    json_object_set_new(body, "type", json_string("User"));
    json_object_set_new(body, "_password", json_string("made-up-1"));
    json_object_del(json_object_get(body, "contact"), "transition");
    return body;
}

void fake_provision(fake_exchange_t *x)
{
    fake_rc_t *f = x->f;
    json_t *records = json_object_get(x->body, "records"), *each;
    json_t *results = json_array();
    size_t i;

    json_array_foreach(records, i, each)
    {
        json_t *answer = one(f, x->p, 0, as_create(x->p, each), fake_create);
        json_t *errors = json_object_get(answer, "errors");
        json_t *result = json_pack("{s:b}", "successful", !errors);

        if (errors) {
            json_object_set(result, "errors", errors);
        }
        else {
            base_json_set_at(
                result, "extension.id",
                json_sprintf("%" JSON_INTEGER_FORMAT, base_json_int(answer, "id", 0)));
            if (base_json_true(each, "contact.transition.sendWelcomeEmail")) {
                APR_ARRAY_PUSH(f->mails, const char *) =
                    apr_pstrdup(f->p, base_json_string(each, "contact.email"));
            }
        }
        json_array_append_new(results, result);
    }
    fake_answer(x, json_pack("{s:o}", "results", results));
}
