#include "sbox_fault.h"

#include <regex.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_fault_kind.h"

#define FAULTS_MAX 1000

typedef struct fault_t {
    apr_pool_t *pool;
    const char *id;
    json_t *order;
    const sbox_fault_kind_t *kind;
    const char *op, *method, *user;
    regex_t *path;    /* or NULL */
    int nth, every;   /* 0: not asked for */
    json_int_t times; /* how often it may still hit; -1: for ever */
    double probability;
    apr_time_t from, until;
    int seen;
    struct fault_t *next;
} fault_t;

struct sbox_faults_t {
    apr_pool_t *pool;
    fault_t *first;
    int n, counter;
};

sbox_faults_t *sbox_faults_create(apr_pool_t *p)
{
    sbox_faults_t *faults = apr_pcalloc(p, sizeof(*faults));

    faults->pool = p;
    return faults;
}

static apr_status_t release_json(void *json)
{
    json_decref(json);
    return APR_SUCCESS;
}

static apr_status_t release_regex(void *regex)
{
    regfree(regex);
    return APR_SUCCESS;
}

static const char *read_match(fault_t *fault, apr_pool_t *p, const json_t *match)
{
    static const char *const known[] = {"op",    "method",      "path", "user", "nth",
                                        "every", "probability", "from", "until"};
    json_t *value, *members = (json_t *)match;
    const char *name, *path = base_json_string(match, "path");

    json_object_foreach(members, name, value)
    {
        apr_size_t i = 0;

        while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], name)) {
            i++;
        }
        if (i == sizeof(known) / sizeof(known[0])) {
            return apr_psprintf(p, "match has no \"%s\"", name);
        }
    }
    fault->op = base_json_string(match, "op");
    fault->method = base_json_string(match, "method");
    fault->user = base_json_string(match, "user");
    fault->nth = (int)base_json_int(match, "nth", 0);
    fault->every = (int)base_json_int(match, "every", 0);
    value = json_object_get(match, "probability");
    fault->probability = value ? json_number_value(value) : 1;
    if (path) {
        fault->path = apr_pcalloc(fault->pool, sizeof(*fault->path));
        if (regcomp(fault->path, path, REG_EXTENDED | REG_NOSUB)) {
            return "match.path is no regular expression";
        }
        apr_pool_cleanup_register(fault->pool, fault->path, release_regex,
                                  apr_pool_cleanup_null);
    }
    return NULL;
}

/* Seconds of the clock from now on; 0 when there are none. */
static apr_time_t moment(sbox_t *box, const json_t *match, const char *name)
{
    const json_t *seconds = json_object_get(match, name);

    return json_is_number(seconds)
               ? sbox_clock_now(&box->clock) +
                     (apr_time_t)(json_number_value(seconds) * APR_USEC_PER_SEC)
               : 0;
}

/* Is the pattern of records, if any, one? */
static const char *read_pattern(const json_t *action)
{
    const char *pattern = base_json_string(action, "pattern");
    regex_t regex;

    if (!pattern) {
        return NULL;
    }
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB)) {
        return "action.pattern is no regular expression";
    }
    regfree(&regex);
    return NULL;
}

static const char *read_order(sbox_t *box, fault_t *fault, apr_pool_t *p)
{
    const json_t *action = json_object_get(fault->order, "action");
    const json_t *match = json_object_get(fault->order, "match");
    const char *kind = json_is_string(action) ? json_string_value(action)
                                              : base_json_string(action, "kind");
    const char *wrong;

    fault->kind = kind ? sbox_fault_kind_find(kind) : NULL;
    if (!fault->kind) {
        return apr_pstrcat(p, "action.kind is one of ", sbox_fault_kind_names(p), NULL);
    }
    if (match && !json_is_object(match)) {
        return "match is an object";
    }
    wrong = read_match(fault, p, match);
    if (!wrong) {
        wrong = read_pattern(action);
    }
    fault->from = moment(box, match, "from");
    fault->until = moment(box, match, "until");
    fault->times = base_json_int(fault->order, "times", fault->nth ? 1 : -1);
    return wrong;
}

const char *sbox_fault_order(sbox_t *box, apr_pool_t *p, const json_t *order,
                             const char **id)
{
    sbox_faults_t *faults = box->faults;
    apr_pool_t *pool;
    fault_t *fault, **last;
    const char *wrong;

    if (!json_is_object(order)) {
        return "an object {match, action, times} is expected";
    }
    if (faults->n == FAULTS_MAX) {
        return "there are too many faults";
    }
    apr_pool_create(&pool, faults->pool);
    fault = apr_pcalloc(pool, sizeof(*fault));
    fault->pool = pool;
    fault->order = json_deep_copy(order);
    apr_pool_cleanup_register(pool, fault->order, release_json, apr_pool_cleanup_null);
    wrong = read_order(box, fault, p);
    if (wrong) {
        apr_pool_destroy(pool);
        return wrong;
    }
    fault->id = apr_psprintf(pool, "f%d", ++faults->counter);
    for (last = &faults->first; *last; last = &(*last)->next) {
    }
    *last = fault;
    faults->n++;
    *id = apr_pstrdup(p, fault->id);
    return NULL;
}

json_t *sbox_faults_json(const sbox_faults_t *faults)
{
    json_t *list = json_array();
    const fault_t *fault;

    for (fault = faults->first; fault; fault = fault->next) {
        json_t *shown = json_copy(fault->order);

        json_object_set_new(shown, "id", json_string(fault->id));
        json_object_set_new(shown, "seen", json_integer(fault->seen));
        json_object_set_new(shown, "left", json_integer(fault->times));
        json_array_append_new(list, shown);
    }
    return list;
}

int sbox_fault_cancel(sbox_faults_t *faults, const char *id)
{
    fault_t **link = &faults->first;
    int n = 0;

    while (*link) {
        fault_t *fault = *link;

        if (!id || !strcmp(id, fault->id)) {
            *link = fault->next;
            apr_pool_destroy(fault->pool);
            faults->n--;
            n++;
        }
        else {
            link = &fault->next;
        }
    }
    return n;
}

static int concerns(const fault_t *fault, const sbox_call_t *call, apr_time_t now)
{
    return fault->times &&
           (!fault->op ||
            (call->operation && !strcmp(fault->op, call->operation->id))) &&
           (!fault->method || base_str_same(fault->method, call->request->method)) &&
           (!fault->user || (call->user && !strcmp(fault->user, call->user))) &&
           (!fault->path || !regexec(fault->path, call->request->path, 0, NULL, 0)) &&
           (!fault->from || now >= fault->from) &&
           (!fault->until || now < fault->until);
}

static int hits(sbox_t *box, fault_t *fault)
{
    fault->seen++;
    return (!fault->nth || fault->seen == fault->nth) &&
           (!fault->every || fault->seen % fault->every == 0) &&
           (fault->probability >= 1 || sbox_dice(box) < fault->probability);
}

const sbox_hit_t *sbox_fault_find(sbox_call_t *call)
{
    apr_time_t now = sbox_clock_now(&call->box->clock);
    const json_t *action;
    sbox_hit_t *hit;
    fault_t *fault;

    for (fault = call->box->faults->first; fault; fault = fault->next) {
        if (concerns(fault, call, now) && hits(call->box, fault)) {
            break;
        }
    }
    if (!fault) {
        return NULL;
    }
    if (fault->times > 0) {
        fault->times--;
    }
    action = json_object_get(fault->order, "action");
    hit = apr_pcalloc(call->pool, sizeof(*hit));
    hit->kind = fault->kind->name;
    hit->phase =
        base_json_at(action, "edge")
            ? (base_json_true(action, "edge") ? SBOX_FAULT_EDGE : SBOX_FAULT_INSTEAD)
            : fault->kind->phase;
    hit->action =
        base_json_own(call->pool, json_is_object(action)
                                      ? json_deep_copy(action)
                                      : json_pack("{s:s}", "kind", fault->kind->name));
    return hit;
}

void sbox_fault_apply(sbox_call_t *call, const sbox_hit_t *hit)
{
    const sbox_fault_kind_t *kind = sbox_fault_kind_find(hit->kind);

    if (kind->apply) {
        kind->apply(call, hit->action);
    }
}

static int is_named(const json_t *keys, const char *key)
{
    json_t *one;
    size_t i;

    json_array_foreach(keys, i, one)
    {
        if (json_is_string(one) && base_str_same(json_string_value(one), key)) {
            return 1;
        }
    }
    return 0;
}

static int fits_pattern(const char *pattern, const char *key)
{
    regex_t regex;
    int fits;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB)) {
        return 0;
    }
    fits = !regexec(&regex, key, 0, NULL, 0);
    regfree(&regex);
    return fits;
}

const sbox_problem_t *sbox_fault_record(const json_t *action, apr_pool_t *p,
                                        const char *key)
{
    const char *kind = base_json_string(action, "kind");
    const json_t *keys = json_object_get(action, "keys");
    const char *pattern = base_json_string(action, "pattern");
    const char *code = base_json_string(action, "code");
    const char *message = base_json_string(action, "message");
    sbox_problem_t *problem;

    if (!kind || strcmp(kind, "fail_records") || (keys && !is_named(keys, key)) ||
        (pattern && !fits_pattern(pattern, key))) {
        return NULL;
    }
    problem = apr_pmemdup(p,
                          sbox_problem(p, code ? code : "CMN-203",
                                       base_json_string(action, "parameterName")),
                          sizeof(*problem));
    problem->code = code ? code : problem->code;
    problem->message = message ? message : problem->message;
    return problem;
}
