#include "sbox_control.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_bulk.h"
#include "sbox_calls.h"
#include "sbox_credential.h"
#include "sbox_event_control.h"
#include "sbox_fault.h"
#include "sbox_hook.h"
#include "sbox_limit.h"
#include "sbox_session.h"
#include "sbox_snapshot.h"
#include "sbox_specimen.h"
#include "sbox_state.h"

/* Answers a control request: NULL and call->answer is filled, or what is wrong with
 * it, in the pool of the call. */
typedef const char *control_t(sbox_call_t *call);

static void answer(sbox_call_t *call, json_t *body)
{
    sbox_answer_json(call->pool, call->answer, 200, body);
}

static const char *about(sbox_call_t *call)
{
    sbox_t *box = call->box;
    const sbox_account_t *account = box->account;

    answer(call,
           json_pack("{s:o, s:s, s:i, s:i, s:i, s:i, s:f, s:f}", "accountId",
                     json_sprintf("%" APR_INT64_T_FMT, account->id), "name",
                     account->name, "extensions", account->n_extensions, "phoneNumbers",
                     account->n_numbers, "roles", (int)json_array_size(account->roles),
                     "sites", (int)json_array_size(account->sites), "timeScale",
                     box->clock.scale, "clock",
                     (double)sbox_clock_now(&box->clock) / APR_USEC_PER_SEC));
    return NULL;
}

static const char *reset(sbox_call_t *call)
{
    sbox_reset(call->box, base_json_true(call->body, "knobs"));
    return about(call);
}

static const char *config(sbox_call_t *call)
{
    answer(call, sbox_knobs_json(call->box->knobs));
    return NULL;
}

static const char *config_patch(sbox_call_t *call)
{
    sbox_t *box = call->box;
    const char *wrong = sbox_knobs_patch(box->knobs, call->pool, call->body);

    if (wrong) {
        return wrong;
    }
    sbox_clock_scale(&box->clock, sbox_knob_number(box->knobs, SBOX_K_TIME_SCALE));
    sbox_hooks_wake(box);
    return config(call);
}

static const char *faults(sbox_call_t *call)
{
    answer(call, json_pack("{s:o}", "faults", sbox_faults_json(call->box->faults)));
    return NULL;
}

static const char *faults_post(sbox_call_t *call)
{
    const char *id = NULL;
    const char *wrong = sbox_fault_order(call->box, call->pool, call->body, &id);

    if (wrong) {
        return wrong;
    }
    answer(call, json_pack("{s:s}", "id", id));
    return NULL;
}

static const char *faults_delete(sbox_call_t *call)
{
    answer(call, json_pack("{s:i}", "cancelled",
                           sbox_fault_cancel(call->box->faults, call->id)));
    return NULL;
}

static const char *clock_now(sbox_call_t *call)
{
    sbox_t *box = call->box;

    answer(call, json_pack("{s:f, s:f}", "now",
                           (double)sbox_clock_now(&box->clock) / APR_USEC_PER_SEC,
                           "scale", box->clock.scale));
    return NULL;
}

static const char *clock_advance(sbox_call_t *call)
{
    const json_t *seconds = json_object_get(call->body, "seconds");
    double n = json_number_value(seconds);

    if (!json_is_number(seconds) || n < 0 || n > 1e9) {
        return "{\"seconds\":n} with n from 0 to 1e9 is expected";
    }
    sbox_clock_advance(&call->box->clock, (apr_interval_time_t)(n * APR_USEC_PER_SEC));
    sbox_hooks_wake(call->box);
    return clock_now(call);
}

static const char *calls(sbox_call_t *call)
{
    answer(call, sbox_calls_json(call->box->calls, call->query));
    return NULL;
}

static const char *counters(sbox_call_t *call)
{
    answer(call, sbox_calls_counters(call->box->calls));
    return NULL;
}

static const char *calls_delete(sbox_call_t *call)
{
    sbox_calls_clear(call->box->calls);
    return counters(call);
}

static const char *rate_limit(sbox_call_t *call)
{
    answer(call, sbox_limits_json(call->box));
    return NULL;
}

static const char *rate_limit_delete(sbox_call_t *call)
{
    call->box->limits = sbox_limits_create(call->box->world);
    return rate_limit(call);
}

static const char *tokens(sbox_call_t *call)
{
    answer(call, json_pack("{s:o}", "sessions", sbox_sessions_json(call->box)));
    return NULL;
}

static const char *tokens_post(sbox_call_t *call)
{
    const char *action = base_json_string(call->body, "action");
    const char *which = base_json_string(call->body, "token");

    if (!action || (strcmp(action, "expire") && strcmp(action, "invalidate"))) {
        return "{\"action\":\"expire\" or \"invalidate\", \"token\":...?} is expected";
    }
    answer(call,
           json_pack("{s:i}", "sessions",
                     sbox_sessions_spoil(call->box, which, !strcmp(action, "expire"))));
    return NULL;
}

static const char *credentials(sbox_call_t *call)
{
    answer(call, json_pack("{s:o}", "credentials",
                           sbox_credentials_json(call->box, call->pool)));
    return NULL;
}

static const char *credentials_post(sbox_call_t *call)
{
    const char *wrong = sbox_credential_add(call->box, call->body);

    return wrong ? wrong : credentials(call);
}

static const char *credentials_patch(sbox_call_t *call)
{
    const char *wrong = sbox_credential_refuse(call->box, call->pool, call->body);

    return wrong ? wrong : credentials(call);
}

static const char *tasks(sbox_call_t *call)
{
    answer(call, json_pack("{s:o}", "tasks", sbox_bulk_json(call->box)));
    return NULL;
}

static const char *tasks_post(sbox_call_t *call)
{
    if (sbox_bulk_order(call->box, call->body) < 0) {
        return "{\"action\":\"hold\", \"release\" or \"fail\", \"task\":...?, "
               "\"after\":n?} is expected";
    }
    sbox_bulk_run(call->box);
    return tasks(call);
}

static const char *specimens(sbox_call_t *call)
{
    answer(call, sbox_specimens_json(call->box));
    return NULL;
}

static const char *specimen(sbox_call_t *call)
{
    json_t *kept = sbox_specimen(call->box, call->id);

    if (!kept) {
        return "there is no such specimen";
    }
    answer(call, json_incref(kept));
    return NULL;
}

static const char *specimens_post(sbox_call_t *call)
{
    sbox_specimens_keep(call->box, base_json_true(call->body, "keep"));
    return specimens(call);
}

static const char *mailbox(sbox_call_t *call)
{
    answer(call, json_pack("{s:O}", "mails", call->box->mailbox));
    return NULL;
}

static const char *mailbox_delete(sbox_call_t *call)
{
    json_array_clear(call->box->mailbox);
    return mailbox(call);
}

static const char *state(sbox_call_t *call)
{
    answer(call, sbox_state_json(call->box));
    return NULL;
}

static const char *state_extensions(sbox_call_t *call)
{
    answer(call, json_pack("{s:o}", "extensions",
                           sbox_snapshot_extensions(call->box->account, call->query)));
    return NULL;
}

static const char *name_of(const sbox_call_t *call)
{
    const char *name = base_json_string(call->body, "name");

    return name ? name : "default";
}

/* Kept as text: that is much smaller than the document in memory. */
static const char *snapshot(sbox_call_t *call)
{
    json_t *document = sbox_state_json(call->box);
    char *text = json_dumps(document, JSON_COMPACT);

    json_object_set_new(call->box->snapshots, name_of(call), json_string(text));
    free(text);
    json_decref(document);
    answer(call, json_pack("{s:s}", "name", name_of(call)));
    return NULL;
}

static const char *restore(sbox_call_t *call)
{
    const json_t *document = json_object_get(call->body, "document");
    const char *text =
        json_string_value(json_object_get(call->box->snapshots, name_of(call)));
    const char *wrong;

    if (!document && text) {
        document = base_json_own(call->pool, json_loads(text, 0, NULL));
    }
    if (!document) {
        return "there is no snapshot of that name";
    }
    wrong = sbox_state_replace(call->box, call->pool, document);
    return wrong ? wrong : about(call);
}

static const struct {
    const char *method, *path; /* behind /_sandbox; '*' at its end: an id */
    control_t *control;
} controls[] = {
    {"GET", "", about},
    {"POST", "/reset", reset},
    {"GET", "/config", config},
    {"PATCH", "/config", config_patch},
    {"GET", "/faults", faults},
    {"POST", "/faults", faults_post},
    {"DELETE", "/faults", faults_delete},
    {"DELETE", "/faults/*", faults_delete},
    {"GET", "/clock", clock_now},
    {"POST", "/clock/advance", clock_advance},
    {"GET", "/calls", calls},
    {"DELETE", "/calls", calls_delete},
    {"GET", "/counters", counters},
    {"GET", "/ratelimit", rate_limit},
    {"DELETE", "/ratelimit", rate_limit_delete},
    {"GET", "/tokens", tokens},
    {"POST", "/tokens", tokens_post},
    {"GET", "/credentials", credentials},
    {"POST", "/credentials", credentials_post},
    {"PATCH", "/credentials", credentials_patch},
    {"GET", "/tasks", tasks},
    {"POST", "/tasks", tasks_post},
    {"GET", "/specimens", specimens},
    {"GET", "/specimens/*", specimen},
    {"POST", "/specimens", specimens_post},
    {"GET", "/mailbox", mailbox},
    {"DELETE", "/mailbox", mailbox_delete},
    {"POST", "/snapshot", snapshot},
    {"POST", "/restore", restore},
    {"GET", "/events", sbox_event_control_show},
    {"POST", "/events", sbox_event_control_raise},
    {"DELETE", "/events", sbox_event_control_clear},
    {"POST", "/events/flush", sbox_event_control_flush},
    {"GET", "/state", state},
    {"GET", "/state/extensions", state_extensions},
};

static void refuse(sbox_call_t *call, int status, const char *why)
{
    sbox_answer_json(call->pool, call->answer, status,
                     json_pack("{s:s}", "error", why));
}

static int fits(sbox_call_t *call, const char *pattern, const char *path)
{
    apr_size_t len = strlen(pattern);

    if (len && pattern[len - 1] == '*') {
        if (strncmp(pattern, path, len - 1) || !path[len - 1]) {
            return 0;
        }
        call->id = path + len - 1;
        return 1;
    }
    return !strcmp(pattern, path);
}

void sbox_control(sbox_call_t *call)
{
    const sbox_request_t *request = call->request;
    const char *path = request->path + sizeof(SBOX_CONTROL_PREFIX) - 1;
    const char *wrong = "there is no such control";
    apr_size_t i;

    if (!strcmp(path, "/")) {
        path = "";
    }
    for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        if (!strcmp(controls[i].method, request->method) &&
            fits(call, controls[i].path, path)) {
            if (request->body_len) {
                call->body =
                    base_json_parse(call->pool, request->body, request->body_len,
                                    SBOX_JSON_DEPTH_MAX, 0, &wrong);
                if (!call->body) {
                    refuse(call, 400, wrong);
                    return;
                }
            }
            wrong = controls[i].control(call);
            if (wrong) {
                refuse(call, 400, wrong);
            }
            return;
        }
    }
    refuse(call, 404, wrong);
}
