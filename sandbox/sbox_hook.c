#include "sbox_hook_private.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_time.h"
#include "sbox_bulk.h"

#define HISTORY_MAX 1000
#define HISTORY_ROOM 100 /* records that go at once */
#define BLACKLIST_AFTER apr_time_from_sec(600)
#define RECOVERS_AFTER apr_time_from_sec(900)
#define WAIT_MIN apr_time_from_msec(5) /* the records of a bulk update come thick */

static apr_time_t now_of(const sbox_hooks_t *hooks)
{
    return sbox_clock_now(&hooks->box->clock);
}

static void free_delivery(sbox_delivery_t *delivery)
{
    json_decref(delivery->envelope);
    free(delivery);
}

static void drop_queue(sbox_subscription_t *s)
{
    while (s->first) {
        sbox_delivery_t *next = s->first->next;

        free_delivery(s->first);
        s->first = next;
    }
    s->last = NULL;
}

static apr_status_t release(void *data)
{
    drop_queue(data);
    return APR_SUCCESS;
}

apr_pool_t *sbox_hooks_pool(sbox_t *box)
{
    apr_pool_t *p;

    apr_pool_create(&p, box->hooks->pool);
    apr_pool_tag(p, "sandbox subscription");
    return p;
}

void sbox_hooks_add(sbox_t *box, sbox_subscription_t *s)
{
    sbox_subscription_t **link = &box->hooks->first;

    while (*link) {
        link = &(*link)->next;
    }
    *link = s;
    apr_pool_cleanup_register(s->pool, s, release, apr_pool_cleanup_null);
    sbox_hooks_start(box->hooks);
}

void sbox_hooks_cancel(sbox_t *box, sbox_subscription_t *s)
{
    sbox_subscription_t **link = &box->hooks->first;

    while (*link != s) {
        link = &(*link)->next;
    }
    *link = s->next;
    apr_pool_destroy(s->pool);
}

void sbox_hooks_reset(sbox_t *box)
{
    sbox_hooks_t *hooks = box->hooks;

    while (hooks->first) {
        sbox_hooks_cancel(box, hooks->first);
    }
    hooks->generation++;
    json_array_clear(hooks->history);
    sbox_hooks_wake(box);
}

const char *sbox_hooks_uuid(sbox_t *box, apr_pool_t *p)
{
    return apr_psprintf(p, "%08x-0000-4000-9000-%012" APR_UINT64_T_HEX_FMT,
                        (unsigned int)box->settings->seed, ++box->hooks->serial);
}

void sbox_hooks_note(sbox_hooks_t *hooks, json_t *record)
{
    json_t *history = hooks->history;
    apr_pool_t *p;

    apr_pool_create(&p, hooks->pool);
    json_object_set_new(record, "number", json_integer(++hooks->noted));
    json_object_set_new(record, "time",
                        json_string(base_time_format(p, apr_time_now())));
    apr_pool_destroy(p);
    if (json_array_size(history) >= HISTORY_MAX + HISTORY_ROOM) {
        json_t *kept = json_array(), *one;
        size_t i;

        json_array_foreach(history, i, one)
        {
            if (i >= HISTORY_ROOM) {
                json_array_append(kept, one);
            }
        }
        json_decref(history);
        hooks->history = history = kept;
    }
    json_array_append_new(history, record);
}

/* Does the share of a knob hit this time? */
static int hits(sbox_t *box, sbox_knob_t knob)
{
    double share = sbox_knob_number(box->knobs, knob);

    return share > 0 && sbox_dice(box) < share;
}

/* Behind all that are due before it. */
static void enqueue(sbox_subscription_t *s, sbox_delivery_t *delivery)
{
    sbox_delivery_t **link = &s->first;

    if (s->last && s->last->due <= delivery->due) {
        link = &s->last->next;
    }
    while (*link && (*link)->due <= delivery->due) {
        link = &(*link)->next;
    }
    delivery->next = *link;
    *link = delivery;
    if (!delivery->next) {
        s->last = delivery;
    }
}

static void send_later(sbox_t *box, sbox_subscription_t *s, json_t *envelope)
{
    sbox_delivery_t *delivery = calloc(1, sizeof(*delivery)), *last = s->last;

    if (!delivery) {
        abort();
    }
    delivery->envelope = json_incref(envelope);
    delivery->due = sbox_clock_now(&box->clock) +
                    (apr_time_t)sbox_knob_int(box->knobs, SBOX_K_HOOK_DELAY_MS) * 1000;
    if (last && hits(box, SBOX_K_HOOK_REORDER)) {
        /* The last one becomes the new one, and the other way round. */
        delivery->envelope = last->envelope;
        last->envelope = json_incref(envelope);
        json_decref(envelope);
    }
    enqueue(s, delivery);
}

static json_t *record_of(const char *subscription, const char *outcome,
                         json_t *envelope)
{
    return json_pack("{s:s, s:s, s:s, s:O}", "kind", "delivery", "subscriptionId",
                     subscription, "outcome", outcome, "event", envelope);
}

void sbox_hook_post(sbox_t *box, sbox_subscription_t *s, const char *event,
                    json_t *body)
{
    apr_pool_t *p;
    json_t *envelope;

    apr_pool_create(&p, box->hooks->pool);
    envelope =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "uuid", sbox_hooks_uuid(box, p),
                  "event", event, "timestamp", base_time_format(p, apr_time_now()),
                  "subscriptionId", s->id, "ownerId", s->user, "body", body);
    apr_pool_destroy(p);
    if (hits(box, SBOX_K_HOOK_DROP)) {
        sbox_hooks_note(box->hooks, record_of(s->id, "dropped", envelope));
    }
    else {
        send_later(box, s, envelope);
        if (hits(box, SBOX_K_HOOK_DUP)) {
            send_later(box, s, envelope);
        }
        apr_thread_cond_signal(box->hooks->work);
    }
    json_decref(envelope);
}

static apr_time_t reminder_time(const sbox_subscription_t *s,
                                const sbox_event_filter_t *filter)
{
    return filter->reminded ? filter->reminded + filter->interval
                            : s->until - filter->threshold;
}

static void remind(sbox_hooks_t *hooks, sbox_subscription_t *s, apr_time_t now)
{
    int i;

    for (i = 0; i < s->filters->nelts; i++) {
        sbox_event_filter_t *filter =
            &APR_ARRAY_IDX(s->filters, i, sbox_event_filter_t);

        if (filter->kind == SBOX_FILTER_REMINDER && !s->blacklisted &&
            reminder_time(s, filter) <= now) {
            filter->reminded = now;
            sbox_hook_post(hooks->box, s, filter->text,
                           sbox_subscription_json(hooks->box, s));
        }
    }
}

void sbox_hooks_tick(sbox_hooks_t *hooks)
{
    int recovers = sbox_knob_int(hooks->box->knobs, SBOX_K_BLACKLIST_RECOVERS);
    apr_time_t now = now_of(hooks);
    sbox_subscription_t *s = hooks->first, *next;

    for (; s; s = next) {
        next = s->next;
        if (s->until <= now) {
            sbox_hooks_cancel(hooks->box, s);
            continue;
        }
        if (recovers && s->blacklisted && s->blacklisted + RECOVERS_AFTER <= now) {
            s->blacklisted = s->failing = 0;
        }
        remind(hooks, s, now);
    }
}

sbox_subscription_t *sbox_hooks_first(sbox_t *box)
{
    sbox_hooks_tick(box->hooks);
    return box->hooks->first;
}

/* When the clock alone will bring something about for it. */
static apr_time_t next_event(const sbox_subscription_t *s)
{
    apr_time_t next = s->until;
    int i;

    if (s->first && !s->busy && s->first->due < next) {
        next = s->first->due;
    }
    for (i = 0; i < s->filters->nelts && !s->blacklisted; i++) {
        const sbox_event_filter_t *filter =
            &APR_ARRAY_IDX(s->filters, i, sbox_event_filter_t);

        if (filter->kind == SBOX_FILTER_REMINDER && reminder_time(s, filter) < next) {
            next = reminder_time(s, filter);
        }
    }
    return next;
}

void sbox_letter_init(sbox_letter_t *letter, apr_pool_t *p, const sbox_t *box)
{
    const char *ca = sbox_knob_text(box->knobs, SBOX_K_HOOK_CA_FILE);

    memset(letter, 0, sizeof(*letter));
    letter->verify_tls = sbox_knob_int(box->knobs, SBOX_K_HOOK_TLS_VERIFY);
    letter->ca_file = *ca ? apr_pstrdup(p, ca) : NULL;
    letter->ending = &box->hooks->ending;
}

#define ANSWER_MAX 65536

static void write_letter(sbox_hooks_t *hooks, sbox_job_t *job,
                         const sbox_subscription_t *s)
{
    static const char *const names[] = {"Verification-Token", "Validation-Token"};
    const sbox_knobs_t *knobs = hooks->box->knobs;
    sbox_letter_t *letter = &job->letter;
    int i, both = sbox_knob_is(knobs, SBOX_K_HOOK_HEADER, "both");

    sbox_letter_init(letter, job->pool, hooks->box);
    letter->address = apr_pstrdup(job->pool, s->address);
    letter->body = base_json_text(job->pool, job->delivery->envelope, NULL);
    letter->max_answer = ANSWER_MAX;
    for (i = 0; i < 2 && s->token; i++) {
        if (both || sbox_knob_is(knobs, SBOX_K_HOOK_HEADER, names[i])) {
            letter->header[i] = apr_pstrcat(job->pool, names[i], ": ", s->token, NULL);
        }
    }
}

/* The sooner of two moments, each of which may be 0: never. */
static apr_time_t sooner(apr_time_t a, apr_time_t b)
{
    return !a || (b && b < a) ? b : a;
}

int sbox_hook_take(sbox_hooks_t *hooks, sbox_job_t *job, apr_interval_time_t *wait)
{
    apr_time_t now, soonest;
    sbox_subscription_t *s;

    sbox_hooks_tick(hooks);
    if (hooks->first) {
        sbox_bulk_run(hooks->box);
    }
    soonest = hooks->first ? sbox_bulk_due(hooks->box) : 0;
    now = now_of(hooks);
    for (s = hooks->first; s; s = s->next) {
        if (s->first && !s->busy && s->first->due <= now) {
            break;
        }
        soonest = sooner(soonest, next_event(s));
    }
    if (!s) {
        *wait = soonest ? sbox_clock_real(&hooks->box->clock, soonest - now) : 0;
        *wait = soonest && *wait < WAIT_MIN ? WAIT_MIN : *wait;
        return 0;
    }
    job->generation = hooks->generation;
    job->subscription = apr_pstrdup(job->pool, s->id);
    job->delivery = s->first;
    s->first = s->first->next;
    s->last = s->first ? s->last : NULL;
    s->busy = 1;
    hooks->n_busy++;
    job->delivery->attempts++;
    write_letter(hooks, job, s);
    return 1;
}

static sbox_subscription_t *find(const sbox_hooks_t *hooks, const sbox_job_t *job)
{
    sbox_subscription_t *s = job->generation == hooks->generation ? hooks->first : NULL;

    while (s && strcmp(s->id, job->subscription)) {
        s = s->next;
    }
    return s;
}

/* One more delivery failed: does that do for the black list (rule 136)? */
static void fail(sbox_hooks_t *hooks, sbox_subscription_t *s, const sbox_sent_t *sent)
{
    apr_time_t now = now_of(hooks);

    if (!s->failing) {
        s->failing = now;
    }
    if (s->blacklisted || now - s->failing < BLACKLIST_AFTER) {
        return;
    }
    s->blacklisted = now;
    s->blacklisted_at = apr_time_now();
    s->reason = sent->problem
                    ? apr_psprintf(s->pool, "I/O operation is failed. Details: [%s]",
                                   sent->problem)
                    : apr_psprintf(s->pool, "Incorrect HTTP status: %d", sent->status);
    drop_queue(s);
}

void sbox_hook_done(sbox_hooks_t *hooks, sbox_job_t *job, const sbox_sent_t *sent)
{
    sbox_subscription_t *s = find(hooks, job);
    sbox_delivery_t *delivery = job->delivery;
    int good = sent->kind == SBOX_SENT && sent->status / 100 == 2;
    const sbox_knobs_t *knobs = hooks->box->knobs;
    json_t *record =
        record_of(job->subscription, good ? "delivered" : "failed", delivery->envelope);

    json_object_set_new(record, "status", json_integer(sent->status));
    json_object_set_new(record, "attempt", json_integer(delivery->attempts));
    if (sent->problem) {
        json_object_set_new(record, "problem", json_string(sent->problem));
    }
    if (job->generation == hooks->generation) {
        sbox_hooks_note(hooks, record);
    }
    else {
        json_decref(record);
    }
    hooks->n_busy--;
    if (s) {
        s->busy = 0;
        if (good) {
            s->failing = 0;
        }
        else {
            fail(hooks, s, sent);
        }
        if (!good && !s->blacklisted &&
            delivery->attempts <= sbox_knob_int(knobs, SBOX_K_HOOK_RETRIES)) {
            delivery->due =
                now_of(hooks) +
                (apr_time_t)sbox_knob_int(knobs, SBOX_K_HOOK_RETRY_MS) * 1000;
            enqueue(s, delivery);
            delivery = NULL;
        }
    }
    if (delivery) {
        free_delivery(delivery);
    }
    apr_thread_cond_broadcast(hooks->progress);
}

json_t *sbox_hooks_queue(sbox_t *box)
{
    json_t *queue = json_array();
    const sbox_subscription_t *s;
    const sbox_delivery_t *delivery;

    for (s = box->hooks->first; s; s = s->next) {
        for (delivery = s->first; delivery; delivery = delivery->next) {
            double left = (double)(delivery->due - sbox_clock_now(&box->clock)) / 1000;

            json_array_append_new(queue, json_pack("{s:s, s:f, s:i, s:O}",
                                                   "subscriptionId", s->id, "dueMs",
                                                   left, "attempts", delivery->attempts,
                                                   "event", delivery->envelope));
        }
    }
    return queue;
}

json_t *sbox_hooks_history(sbox_t *box, apr_int64_t since)
{
    json_t *list = json_array(), *one;
    size_t i;

    json_array_foreach(box->hooks->history, i, one)
    {
        if (base_json_int(one, "number", 0) > since) {
            json_array_append(list, one);
        }
    }
    return list;
}

void sbox_hooks_clear(sbox_t *box)
{
    sbox_subscription_t *s;

    for (s = box->hooks->first; s; s = s->next) {
        drop_queue(s);
    }
    json_array_clear(box->hooks->history);
}
