#include "fake_rc_private.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

/* When it ends is a member of its own, "_ends". */
static json_int_t left(const fake_exchange_t *x, const json_t *s)
{
    apr_time_t now = x->f->env->now(x->f->env->ctx);

    return base_json_int(s, "_ends", 0) - (json_int_t)apr_time_sec(now);
}

static void prolong(const fake_exchange_t *x, json_t *s)
{
    apr_time_t now = x->f->env->now(x->f->env->ctx);

    json_object_set_new(s, "_ends",
                        json_integer((json_int_t)apr_time_sec(now) +
                                     base_json_int(s, "_life", 604799)));
}

static json_t *show(const fake_exchange_t *x, const json_t *s)
{
    json_t *shown = json_deep_copy(s);

    json_object_del(shown, "_ends");
    json_object_del(shown, "_life");
    json_object_del(json_object_get(shown, "deliveryMode"), "verificationToken");
    json_object_set_new(shown, "expiresIn", json_integer(left(x, s)));
    return shown;
}

/* The place of the subscription that the path names; -1 and refused. */
static int find(fake_exchange_t *x)
{
    const char *id = apr_psprintf(x->p, "%" APR_UINT64_T_FMT, x->id);
    json_t *each;
    size_t i;

    json_array_foreach(x->f->subscriptions, i, each)
    {
        if (base_str_same(base_json_string(each, "id"), id) && left(x, each) > 0) {
            return (int)i;
        }
    }
    fake_refuse(x, 404, "CMN-102",
                "Resource for parameter [subscriptionId] is not found",
                "subscriptionId");
    return -1;
}

void fake_subscriptions(fake_exchange_t *x)
{
    json_t *records = json_array(), *each;
    size_t i;

    json_array_foreach(x->f->subscriptions, i, each)
    {
        if (left(x, each) > 0) {
            json_array_append_new(records, show(x, each));
        }
    }
    fake_answer(x, json_pack("{s:o}", "records", records));
}

void fake_subscribe(fake_exchange_t *x)
{
    json_t *s = json_deep_copy(x->body);

    json_object_set_new(s, "id",
                        json_string(apr_itoa(x->p, ++x->f->next_subscription)));
    json_object_set_new(s, "status", json_string("Active"));
    json_object_set(s, "_life", json_object_get(s, "expiresIn"));
    if (x->f->stops_events) {
        json_object_set_new(s, "disabledFilters",
                            json_pack("[{s:s}]", "filter", "/restapi/v1.0/account/~"));
    }
    prolong(x, s);
    json_array_append_new(x->f->subscriptions, s);
    fake_answer(x, show(x, s));
}

void fake_subscription(fake_exchange_t *x)
{
    int i = find(x);

    if (i >= 0) {
        fake_answer(x, show(x, json_array_get(x->f->subscriptions, (size_t)i)));
    }
}

void fake_renew(fake_exchange_t *x)
{
    int i = find(x);

    if (i >= 0) {
        prolong(x, json_array_get(x->f->subscriptions, (size_t)i));
        fake_subscription(x);
    }
}

void fake_unsubscribe(fake_exchange_t *x)
{
    int i = find(x);

    if (i >= 0) {
        json_array_remove(x->f->subscriptions, (size_t)i);
        x->status = 204;
        x->text = "";
    }
}

void fake_tag(fake_exchange_t *x)
{
    x->etag = apr_psprintf(x->p, "\"%016" APR_UINT64_T_HEX_FMT "\"",
                           base_sha256_u64(x->text, strlen(x->text)));
    if (x->if_none_match && !strcmp(x->if_none_match, x->etag)) {
        x->f->unchanged++;
        x->status = 304;
        x->text = "";
    }
}
