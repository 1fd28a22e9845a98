#include "sbox_event_control.h"

#include "base_json.h"
#include "base_str.h"
#include "sbox_event.h"
#include "sbox_hook_private.h"

#define FLUSH_MS 10000

static json_t *subscriptions(sbox_t *box)
{
    json_t *list = json_array();
    const sbox_subscription_t *s;

    for (s = sbox_hooks_first(box); s; s = s->next) {
        json_t *one = sbox_subscription_json(box, s);

        json_object_set_new(one, "ownerId", json_string(s->user));
        json_object_set_new(one, "app", json_string(s->app));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *all(sbox_call_t *call)
{
    const char *text = apr_table_get(call->query, "since");
    apr_int64_t since = 0;

    if (text && !base_str_to_int(text, 0, APR_INT64_MAX, &since)) {
        since = 0;
    }
    return json_pack("{s:o, s:o, s:o}", "subscriptions", subscriptions(call->box),
                     "queue", sbox_hooks_queue(call->box), "history",
                     sbox_hooks_history(call->box, since));
}

const char *sbox_event_control_show(sbox_call_t *call)
{
    sbox_answer_json(call->pool, call->answer, 200, all(call));
    return NULL;
}

const char *sbox_event_control_clear(sbox_call_t *call)
{
    sbox_hooks_clear(call->box);
    return sbox_event_control_show(call);
}

const char *sbox_event_control_flush(sbox_call_t *call)
{
    json_int_t ms = base_json_int(call->body, "timeoutMs", FLUSH_MS);
    json_t *answer;
    int done;

    if (ms < 0 || ms > 600000) {
        return "{\"timeoutMs\":n} with n from 0 to 600000 is expected";
    }
    done = sbox_hooks_flush(call->box, apr_time_from_msec(ms));
    answer = all(call);
    json_object_set_new(answer, "done", json_boolean(done));
    sbox_answer_json(call->pool, call->answer, 200, answer);
    return NULL;
}

const char *sbox_event_control_raise(sbox_call_t *call)
{
    const char *text = base_json_string(call->body, "extensionId");
    const char *hint = base_json_string(call->body, "hint");
    const sbox_extension_t *e = NULL;
    apr_int64_t id;

    if (base_str_to_int(text, 1, APR_INT64_MAX, &id)) {
        e = sbox_account_extension(call->box->account, id);
    }
    if (!e) {
        return "{\"extensionId\":\"...\", \"hint\":...?} of an extension is expected";
    }
    sbox_event_raise(call->box, e, hint ? hint : "ExtensionInfo");
    return sbox_event_control_show(call);
}
