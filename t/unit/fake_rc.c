#include "fake_rc_private.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

typedef struct entry_t {
    const char *op;
    const char *url; /* path and query */
    json_t *body;
} entry_t;

/* ---- answers ---- */

json_t *fake_json(apr_pool_t *p, const char *text)
{
    char *copy = apr_palloc(p, 2 * strlen(text) + 1), *to = copy;

    for (; *text; text++) {
        if (*text == '`') {
            *to++ = '\\';
        }
        *to++ = *text == '\'' || *text == '`' ? '"' : *text;
    }
    *to = '\0';
    return base_json_parse(p, copy, strlen(copy), 64, BASE_JSON_UNIQUE, NULL);
}

void fake_answer(fake_exchange_t *x, json_t *document)
{
    x->status = 200;
    x->text = base_json_text(x->p, document, NULL);
    json_decref(document);
}

const char *fake_rc_error(apr_pool_t *p, const char *code, const char *message,
                          const char *parameter)
{
    json_t *inner = base_json_own(
        p, json_pack("{s:s, s:s}", "errorCode", code, "message", message));
    json_t *body = base_json_own(p, json_deep_copy(inner));

    if (parameter) {
        json_object_set_new(inner, "parameterName", json_string(parameter));
    }
    json_object_set_new(body, "errors", json_pack("[O]", inner));
    return base_json_text(p, body, NULL);
}

void fake_refuse(fake_exchange_t *x, int status, const char *code, const char *message,
                 const char *parameter)
{
    x->status = status;
    x->text = fake_rc_error(x->p, code, message, parameter);
}

void fake_refuse_value(fake_exchange_t *x, const char *parameter)
{
    fake_refuse(x, 400, "CMN-101",
                apr_psprintf(x->p, "Parameter [%s] value is invalid.", parameter),
                parameter);
}

static int number(const apr_table_t *query, const char *name, int otherwise)
{
    apr_int64_t n;

    return base_str_to_int(apr_table_get(query, name), 1, 100000, &n) ? (int)n
                                                                      : otherwise;
}

void fake_answer_page(fake_exchange_t *x, json_t *records, int per_page,
                      json_t *(*show)(const json_t *record))
{
    int total = (int)json_array_size(records), i;
    int page = number(x->query, "page", 1);
    json_t *shown = json_array(), *list;

    per_page = number(x->query, "perPage", per_page);
    for (i = (page - 1) * per_page; i < total && i < page * per_page; i++) {
        json_t *record = json_array_get(records, (size_t)i);

        json_array_append_new(shown, show ? show(record) : json_incref(record));
    }
    json_decref(records);
    list = json_pack("{s:o, s:{s:i, s:i, s:i, s:i}}", "records", shown, "paging",
                     "page", page, "perPage", per_page, "totalPages",
                     (total + per_page - 1) / per_page, "totalElements", total);
    if (x->uri) {
        json_object_set_new(list, "uri", json_string(x->uri));
    }
    fake_answer(x, list);
}

/* ---- dictionaries ---- */

static const struct {
    const char *name, *records;
} dictionaries[] = {
    {"country", "[{'id':'1','name':'United States','isoCode':'US'},"
                "{'id':'39','name':'Canada','isoCode':'CA'},"
                "{'id':'75','name':'Germany','isoCode':'DE'},"
                "{'id':'80','name':'Georgia','isoCode':'GE'},"
                "{'id':'224','name':'United Kingdom','isoCode':'GB'}]"},
    {"state", "[{'id':'13','name':'California','isoCode':'CA','country':{'id':'1'}},"
              "{'id':'18','name':'Georgia','isoCode':'GA','country':{'id':'1'}},"
              "{'id':'51','name':'Texas','isoCode':'TX','country':{'id':'1'}},"
              "{'id':'402','name':'Ontario','isoCode':'ON','country':{'id':'39'}},"
              "{'id':'403','name':'Quebec','isoCode':'QC','country':{'id':'39'}},"
              "{'id':'501','name':'London','isoCode':'LND','country':{'id':'224'}}]"},
    {"language", "[{'id':'1033','localeCode':'en-US','name':'English (U.S.)'},"
                 "{'id':'2057','localeCode':'en-GB','name':'English (U.K.)'},"
                 "{'id':'1031','localeCode':'de-DE','name':'German'},"
                 "{'id':'3084','localeCode':'fr-CA','name':'French (Canada)'}]"},
    {"timezone",
     "[{'id':'58','name':'US/Pacific','description':'Pacific Time (US & Canada)'},"
     "{'id':'61','name':'US/Eastern','description':'Eastern Time (US & Canada)'},"
     "{'id':'29','name':'Europe/Berlin','description':'Amsterdam, Berlin, Rome'}]"},
};

json_t *fake_dictionary(fake_rc_t *f, const char *name)
{
    apr_size_t i = 0;

    while (strcmp(dictionaries[i].name, name) != 0) {
        i++;
    }
    return json_incref(fake_json(f->p, dictionaries[i].records));
}

static void countries(fake_exchange_t *x)
{
    fake_answer_page(x, fake_dictionary(x->f, "country"), 100, NULL);
}

static void states(fake_exchange_t *x)
{
    fake_answer_page(x, fake_dictionary(x->f, "state"), 100, NULL);
}

static void languages(fake_exchange_t *x)
{
    fake_answer(x, json_pack("{s:o}", "records", fake_dictionary(x->f, "language")));
}

static void timezones(fake_exchange_t *x)
{
    fake_answer_page(x, fake_dictionary(x->f, "timezone"), 100, NULL);
}

static void token(fake_exchange_t *x)
{
    json_t *info = json_pack("{s:s, s:s, s:i}", "access_token", "fake-token",
                             "token_type", "bearer", "expires_in", x->f->token_life);

    if (x->f->owner) {
        json_object_set_new(info, "owner_id", json_string(x->f->owner));
    }
    fake_answer(x, info);
}

/* ---- calls ---- */

#define V1 "/restapi/v1.0/"

static const struct {
    const char *op, *method, *path;
    void (*carry_out)(fake_exchange_t *x);
} operations[] = {
    {"getToken", "POST", "/restapi/oauth/token", token},
    {"listExtensions", "GET", V1 "account/~/extension", fake_list},
    {"createExtension", "POST", V1 "account/~/extension", fake_create},
    {"readExtension", "GET", V1 "account/~/extension/{id}", fake_read},
    {"updateExtension", "PUT", V1 "account/~/extension/{id}", fake_update},
    {"deleteExtension", "DELETE", V1 "account/~/extension/{id}", fake_release},
    {"bulkDeleteUsersV2", "DELETE", "/restapi/v2/accounts/~/extensions", fake_remove},
    {"extensionBulkUpdate", "POST", V1 "account/~/extension-bulk-update",
     fake_bulk_update},
    {"getExtensionBulkUpdateTask", "GET",
     V1 "account/~/extension-bulk-update/tasks/task-{id}", fake_task},
    {"postBatchProvisionUsers", "POST",
     "/restapi/v2/accounts/~/batch-provisioning/users", fake_provision},
    {"sendWelcomeEmailV2", "POST", "/restapi/v2/accounts/~/send-welcome-email",
     fake_welcome},
    {"listSubscriptions", "GET", V1 "subscription", fake_subscriptions},
    {"createSubscription", "POST", V1 "subscription", fake_subscribe},
    {"readSubscription", "GET", V1 "subscription/{id}", fake_subscription},
    {"renewSubscription", "POST", V1 "subscription/{id}/renew", fake_renew},
    {"deleteSubscription", "DELETE", V1 "subscription/{id}", fake_unsubscribe},
    {"listDirectoryEntries", "GET", V1 "account/~/directory/entries", fake_entries},
    {"listCountries", "GET", V1 "dictionary/country", countries},
    {"listStates", "GET", V1 "dictionary/state", states},
    {"listLanguages", "GET", V1 "dictionary/language", languages},
    {"listTimezones", "GET", V1 "dictionary/timezone", timezones},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int path_fits(const char *pattern, const char *path, apr_uint64_t *id)
{
    const char *mark = strstr(pattern, "{id}");
    char digits[21];
    apr_size_t len;
    apr_int64_t n;

    if (!mark) {
        return !strcmp(pattern, path);
    }
    if (strncmp(pattern, path, (apr_size_t)(mark - pattern)) != 0) {
        return 0;
    }
    path += mark - pattern;
    len = strspn(path, "0123456789");
    apr_cpystrn(digits, path, len < 20 ? len + 1 : 21);
    if (strcmp(mark + strlen("{id}"), path + len) != 0 ||
        !base_str_to_int(digits, 1, APR_INT64_MAX, &n)) {
        return 0;
    }
    *id = (apr_uint64_t)n;
    return 1;
}

static int nibble(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static char *decoded(apr_pool_t *p, const char *s)
{
    char *out = apr_pstrdup(p, s), *to = out;

    for (; *s; s++) {
        *to++ = *s == '%' ? (char)(nibble(s[1]) << 4 | nibble(s[2])) : *s;
        s += *s == '%' ? 2 : 0;
    }
    *to = '\0';
    return out;
}

static apr_table_t *read_query(apr_pool_t *p, char *text)
{
    apr_table_t *query = apr_table_make(p, 4);
    char *next, *pair;

    for (pair = apr_strtok(text, "&", &next); pair;
         pair = apr_strtok(NULL, "&", &next)) {
        char *value = strchr(pair, '=');

        *value++ = '\0';
        apr_table_add(query, pair, decoded(p, value));
    }
    return query;
}

/* Takes the fault that hits this call, if there is one. */
static fake_rc_fault_t *take_fault(fake_rc_t *f, const char *op)
{
    int i;

    for (i = 0; i < f->faults->nelts; i++) {
        fake_rc_fault_t *fault = &APR_ARRAY_IDX(f->faults, i, fake_rc_fault_t);

        if (fault->op && !strcmp(fault->op, op)) {
            if (fault->skip-- == 0) {
                fault->op = NULL;
                return fault;
            }
            return NULL;
        }
    }
    return NULL;
}

static rc_exchange_t go_wrong(const fake_rc_fault_t *fault, fake_exchange_t *x,
                              const char **problem)
{
    *problem = fault->what == FAKE_UNREACHED ? "connection refused" : "time-out";
    switch (fault->what) {
    case FAKE_UNREACHED:
        return RC_EXCHANGE_UNREACHED;
    case FAKE_ANSWER:
        x->status = fault->status;
        x->text = fault->body;
        return RC_EXCHANGE_DONE;
    case FAKE_EMPTY: {
        json_t *list = base_json_parse(x->p, x->text, strlen(x->text), 64, 0, NULL);

        json_array_clear(json_object_get(list, "records"));
        x->text = base_json_text(x->p, list, NULL);
        return RC_EXCHANGE_DONE;
    }
    default:
        return RC_EXCHANGE_LOST;
    }
}

static void note(fake_rc_t *f, const char *op, const char *url, const char *body,
                 apr_size_t len)
{
    entry_t *entry = apr_array_push(f->journal);

    entry->op = op;
    entry->url = apr_pstrdup(f->p, url);
    entry->body = body ? base_json_parse(f->p, body, len, 64, 0, NULL) : NULL;
}

static rc_exchange_t carry_out(fake_rc_t *f, apr_pool_t *p,
                               const rc_http_request_t *request, fake_exchange_t *x,
                               const char **problem)
{
    const char *url = strchr(request->url + strlen("https://"), '/');
    char *query = strchr(apr_pstrdup(p, url), '?');
    const char *path = apr_pstrmemdup(p, url, strcspn(url, "?"));
    fake_rc_fault_t *fault;
    apr_size_t i = 0;

    x->query = read_query(p, query ? query + 1 : apr_pstrdup(p, ""));
    while (i < COUNT(operations) && (strcmp(operations[i].method, request->method) ||
                                     !path_fits(operations[i].path, path, &x->id))) {
        i++;
    }
    if (i == COUNT(operations)) {
        fake_refuse(x, 404, "CMN-120", "Invalid URI", NULL);
        return RC_EXCHANGE_DONE;
    }
    if (i > 0) { /* a token's form is nobody's business */
        note(f, operations[i].op, url, request->body, request->body_len);
        x->body = APR_ARRAY_IDX(f->journal, f->journal->nelts - 1, entry_t).body;
    }
    if (f->before) {
        f->before(f, operations[i].op, f->baton);
    }
    fake_run_tasks(f);
    fault = take_fault(f, operations[i].op);
    if (!fault || fault->what == FAKE_LOST || fault->what == FAKE_EMPTY) {
        operations[i].carry_out(x);
    }
    return fault ? go_wrong(fault, x, problem) : RC_EXCHANGE_DONE;
}

static const char *if_none_match(const rc_http_request_t *request)
{
    static const char name[] = "If-None-Match: ";
    int i;

    for (i = 0; i < request->headers->nelts; i++) {
        const char *header = APR_ARRAY_IDX(request->headers, i, const char *);

        if (!strncmp(header, name, sizeof name - 1)) {
            return header + sizeof name - 1;
        }
    }
    return NULL;
}

static rc_exchange_t perform(void *ctx, apr_pool_t *p, const rc_http_request_t *request,
                             rc_http_response_t *response, const char **problem)
{
    fake_rc_t *f = ctx;
    fake_exchange_t x;
    rc_exchange_t exchange;

    memset(&x, 0, sizeof x);
    x.f = f;
    x.p = p;
    x.if_none_match = if_none_match(request);
    f->env->sleep(f->env->ctx, f->takes / 2);
    apr_thread_mutex_lock(f->mutex);
    exchange = carry_out(f, p, request, &x, problem);
    response->headers = apr_table_make(p, 4);
    apr_table_set(response->headers, "RCRequestId",
                  apr_psprintf(p, "request-%d", ++f->next_request));
    if (x.etag) {
        apr_table_set(response->headers, "ETag", x.etag);
    }
    apr_thread_mutex_unlock(f->mutex);
    f->env->sleep(f->env->ctx, f->takes / 2);
    response->status = x.status;
    response->body = x.text ? x.text : "";
    response->body_len = strlen(response->body);
    return exchange;
}

fake_rc_t *fake_rc_create(apr_pool_t *p, const base_env_t *env)
{
    fake_rc_t *f = apr_pcalloc(p, sizeof *f);

    f->transport.ctx = f;
    f->transport.perform = perform;
    f->takes = apr_time_from_msec(20);
    f->token_life = 3600;
    f->owner = "1";
    f->account = "37439510";
    f->env = env;
    f->p = p;
    apr_thread_mutex_create(&f->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    f->mails = apr_array_make(p, 4, sizeof(const char *));
    f->extensions = apr_array_make(p, 64, sizeof(void *));
    f->faults = apr_array_make(p, 4, sizeof(fake_rc_fault_t));
    f->journal = apr_array_make(p, 16, sizeof(entry_t));
    f->tasks = apr_array_make(p, 4, sizeof(fake_task_t));
    f->subscriptions = base_json_own(p, json_array());
    f->next_id = 1001;
    f->next_number = 101;
    return f;
}

void fake_rc_fail(fake_rc_t *f, const fake_rc_fault_t *fault)
{
    APR_ARRAY_PUSH(f->faults, fake_rc_fault_t) = *fault;
}

void fake_rc_forget(fake_rc_t *f)
{
    apr_array_clear(f->journal);
}

const char *fake_rc_calls(const fake_rc_t *f)
{
    const char *all = "";
    int i;

    for (i = 0; i < f->journal->nelts; i++) {
        all = apr_pstrcat(f->p, all, i ? " " : "",
                          APR_ARRAY_IDX(f->journal, i, entry_t).op, NULL);
    }
    return all;
}

int fake_rc_called(const fake_rc_t *f, const char *op)
{
    int i, n = 0;

    for (i = 0; i < f->journal->nelts; i++) {
        n += !strcmp(APR_ARRAY_IDX(f->journal, i, entry_t).op, op);
    }
    return n;
}

static const entry_t *last(const fake_rc_t *f, const char *op)
{
    int i = f->journal->nelts;

    while (i-- > 0) {
        const entry_t *entry = &APR_ARRAY_IDX(f->journal, i, entry_t);

        if (!strcmp(entry->op, op)) {
            return entry;
        }
    }
    return NULL;
}

const json_t *fake_rc_sent(const fake_rc_t *f, const char *op)
{
    const entry_t *entry = last(f, op);

    return entry ? entry->body : NULL;
}

const char *fake_rc_url(const fake_rc_t *f, const char *op)
{
    const entry_t *entry = last(f, op);

    return entry ? entry->url : NULL;
}
