#include "sbox_calls.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"

struct sbox_calls_t {
    apr_uint64_t number;
    json_t *log[SBOX_CALLS_KEPT]; /* a ring */
    int first, used;
    apr_size_t bodies; /* bytes of recorded bodies */
    json_t *ops, *groups, *statuses;
    json_int_t total;
};

static apr_status_t release(void *data)
{
    sbox_calls_t *calls = data;

    sbox_calls_clear(calls);
    json_decref(calls->ops);
    json_decref(calls->groups);
    json_decref(calls->statuses);
    return APR_SUCCESS;
}

sbox_calls_t *sbox_calls_create(apr_pool_t *p)
{
    sbox_calls_t *calls = apr_pcalloc(p, sizeof(*calls));

    calls->ops = json_object();
    calls->groups = json_object();
    calls->statuses = json_object();
    apr_pool_cleanup_register(p, calls, release, apr_pool_cleanup_null);
    return calls;
}

apr_uint64_t sbox_calls_next(sbox_calls_t *calls)
{
    return ++calls->number;
}

static apr_size_t body_size(const json_t *entry)
{
    return json_string_length(json_object_get(entry, "requestBody")) +
           json_string_length(json_object_get(entry, "responseBody"));
}

static void drop_first(sbox_calls_t *calls)
{
    json_t *entry = calls->log[calls->first];

    calls->bodies -= body_size(entry);
    json_decref(entry);
    calls->log[calls->first] = NULL;
    calls->first = (calls->first + 1) % SBOX_CALLS_KEPT;
    calls->used--;
}

static void count(json_t *counters, const char *name)
{
    json_object_set_new(
        counters, name,
        json_integer(json_integer_value(json_object_get(counters, name)) + 1));
}

static void set_text(json_t *to, const char *name, const char *text)
{
    if (text) {
        json_object_set_new(to, name, json_string(text));
    }
}

/* The forms of the OAuth endpoints carry the caller's credentials: not for a log. */
static void record(json_t *entry, const sbox_call_t *call)
{
    const sbox_request_t *request = call->request;
    const sbox_answer_t *answer = call->answer;

    if (request->body_len && request->body_len <= SBOX_CALLS_BODY_MAX &&
        !strstr(request->path, "/oauth/")) {
        json_object_set_new(entry, "requestBody",
                            json_stringn(request->body, request->body_len));
    }
    if (answer->body_len && answer->body_len <= SBOX_CALLS_BODY_MAX) {
        json_object_set_new(entry, "responseBody",
                            json_stringn(answer->body, answer->body_len));
    }
}

void sbox_calls_add(sbox_call_t *call, apr_time_t began, const char *fault)
{
    sbox_calls_t *calls = call->box->calls;
    const sbox_operation_t *op = call->operation;
    const char *group = sbox_group_name(op ? op->group : SBOX_GROUP_MEDIUM);
    const char *id = op ? op->id : "unknown";
    apr_time_t now = apr_time_now();
    json_t *entry = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I}", "number",
        (json_int_t)calls->number, "time", base_time_format(call->pool, began), "op",
        id, "method", call->request->method, "path", call->request->path, "group",
        group, "query", call->request->query, "status", call->answer->status, "ms",
        (int)((now - began) / 1000), "bytes", (json_int_t)call->answer->body_len);

    if (!entry) {
        return;
    }
    set_text(entry, "user", call->user);
    set_text(entry, "app", call->app);
    set_text(entry, "fault", fault);
    set_text(entry, "requestId", apr_table_get(call->answer->headers, "RCRequestId"));
    set_text(entry, "userAgent", apr_table_get(call->request->headers, "User-Agent"));
    set_text(entry, "remaining",
             apr_table_get(call->answer->headers, "X-Rate-Limit-Remaining"));
    if (sbox_knob_int(call->box->knobs, SBOX_K_RECORD)) {
        record(entry, call);
    }
    calls->bodies += body_size(entry);
    while (calls->used == SBOX_CALLS_KEPT ||
           (calls->used && calls->bodies > SBOX_CALLS_BODIES_MAX)) {
        drop_first(calls);
    }
    calls->log[(calls->first + calls->used++) % SBOX_CALLS_KEPT] = entry;
    calls->total++;
    count(calls->ops, id);
    count(calls->groups, group);
    count(calls->statuses, apr_itoa(call->pool, call->answer->status));
}

/* Is a member of the entry as the query wants it? */
static int agrees(const json_t *entry, apr_table_t *query, const char *name)
{
    const char *wanted = apr_table_get(query, name);
    const json_t *value = json_object_get(entry, name);

    if (!wanted) {
        return 1;
    }
    return json_is_integer(value) ? apr_atoi64(wanted) == json_integer_value(value)
                                  : value && !strcmp(wanted, json_string_value(value));
}

/* The last n; takes the reference to `list`. */
static json_t *last_of(json_t *list, size_t n)
{
    size_t i, size = json_array_size(list);
    json_t *last = json_array();

    for (i = size > n ? size - n : 0; i < size; i++) {
        json_array_append(last, json_array_get(list, i));
    }
    json_decref(list);
    return last;
}

json_t *sbox_calls_json(sbox_calls_t *calls, apr_table_t *query)
{
    static const char *const filters[] = {"op",   "method", "group", "status",
                                          "path", "user",   "app"};
    const char *since = apr_table_get(query, "since");
    const char *limit = apr_table_get(query, "limit");
    json_t *list = json_array();
    int i;

    for (i = 0; i < calls->used; i++) {
        json_t *entry = calls->log[(calls->first + i) % SBOX_CALLS_KEPT];
        apr_size_t f = 0;

        while (f < sizeof(filters) / sizeof(filters[0]) &&
               agrees(entry, query, filters[f])) {
            f++;
        }
        if (f == sizeof(filters) / sizeof(filters[0]) &&
            (!since || base_json_int(entry, "number", 0) > apr_atoi64(since))) {
            json_array_append(list, entry);
        }
    }
    return json_pack("{s:o}", "calls",
                     limit ? last_of(list, (size_t)apr_atoi64(limit)) : list);
}

json_t *sbox_calls_counters(sbox_calls_t *calls)
{
    return json_pack("{s:I, s:O, s:O, s:O}", "total", calls->total, "ops", calls->ops,
                     "groups", calls->groups, "statuses", calls->statuses);
}

void sbox_calls_clear(sbox_calls_t *calls)
{
    while (calls->used) {
        drop_first(calls);
    }
    json_object_clear(calls->ops);
    json_object_clear(calls->groups);
    json_object_clear(calls->statuses);
    calls->total = 0;
}
