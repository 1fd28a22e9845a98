/* Carrying out a bulk request, wave by wave. */
#include "scim_bulk.h"

#include <limits.h>
#include <string.h>
#include <apr_strings.h>

#include "scim_etag.h"
#include "scim_resource.h"

/* An operation in a wave. */
typedef struct item_t {
    scim_bulk_op_t *op;
    scim_edit_t edit;
    scim_write_t write;
} item_t;

typedef struct wave_t {
    scim_bulk_t *bulk;
    apr_pool_t *p; /* cleared after each wave */
    item_t *items;
    int n;
    apr_hash_t *ids;          /* of the resources that are written in this wave */
    apr_array_header_t *held; /* of scim_bulk_op_t *: for the next one */
    int first_change;         /* the order of the first PUT, PATCH or DELETE in this
                               * wave */
} wave_t;

/* The resource is there, and the client has to know. */
static const scim_error_t *incomplete(apr_pool_t *p, const scim_bulk_op_t *op,
                                      const scim_error_t *error)
{
    return scim_error(
        p, error->status, error->type,
        "the resource was made with the id %s, but without what refers to "
        "other operations: %s",
        op->id, error->detail);
}

static void fail(wave_t *wave, scim_bulk_op_t *op, const scim_error_t *error)
{
    scim_bulk_t *bulk = wave->bulk;

    if (op->state == SCIM_BULK_MADE) {
        error = incomplete(wave->p, op, error);
    }
    op->status = error->status;
    op->failed = scim_error_body(bulk->p, error);
    bulk->errors++;
    if (!bulk->first_error) {
        bulk->first_error = apr_pstrdup(bulk->p, error->detail);
    }
    scim_bulk_done(bulk, op);
}

static void succeed(scim_bulk_t *bulk, scim_bulk_op_t *op, int status)
{
    op->status = status;
    scim_bulk_done(bulk, op);
}

/* --- Preparing ------------------------------------------------------------------ */

static const scim_error_t *refers_to_failure(apr_pool_t *p, const scim_bulk_op_t *post)
{
    return scim_error(p, 409, SCIM_TYPE_NONE,
                      "bulkId:%s cannot be resolved, because the POST with this bulkId "
                      "failed",
                      post->bulk_id);
}

/* Is a POST that `op` refers to one that failed? Section 3.7.1 has 409 for references
 * that cannot be resolved in the end. */
static const scim_error_t *check_refs(apr_pool_t *p, const scim_bulk_op_t *op)
{
    int i;

    if (op->subject && !op->subject->id) {
        return refers_to_failure(p, op->subject);
    }
    for (i = 0; op->refs && i < op->refs->nelts; i++) {
        const scim_bulk_op_t *post = APR_ARRAY_IDX(op->refs, i, scim_bulk_op_t *);

        if (post->state == SCIM_BULK_DONE && !post->id) {
            return refers_to_failure(p, post);
        }
    }
    return NULL;
}

/* A required attribute that refers back cannot be left for later: section 3.7.1 allows
 * 409 for it. */
static const scim_error_t *check_deferred(wave_t *wave, item_t *item,
                                          const scim_error_t *error)
{
    const scim_bulk_op_t *op = item->op;
    scim_write_t whole;

    if (!error || !op->later ||
        scim_edit_prepare(wave->p, &item->edit, op->data, &whole)) {
        return error;
    }
    return scim_error(wave->p, 409, SCIM_TYPE_NONE,
                      "this operation and others refer to each other, and it cannot be "
                      "carried out before them: %s",
                      error->detail);
}

static const scim_error_t *prepare(wave_t *wave, item_t *item)
{
    scim_bulk_op_t *op = item->op;
    const int second = op->state == SCIM_BULK_MADE;
    const scim_error_t *error = op->wrong ? op->wrong : check_refs(wave->p, op);
    const json_t *data;

    if (error) {
        return error;
    }
    if (op->subject) {
        op->id = op->subject->id;
    }
    data = second ? scim_bulk_resolve_later(wave->bulk, wave->p, op)
                  : scim_bulk_resolve(wave->bulk, wave->p, op);
    item->edit = (scim_edit_t){
        .act = second ? SCIM_PUT : op->act,
        .type = op->binding->type,
        .tolerance = wave->bulk->call->service->tolerance,
        .if_match = op->act == SCIM_POST ? NULL : scim_etag_condition(op->version),
    };
    error = scim_edit_prepare(wave->p, &item->edit, data, &item->write);
    item->write.id = op->id;
    return check_deferred(wave, item, error);
}

/* --- A wave --------------------------------------------------------------------- */

/* Two operations that named one resource in different ways, or not at all: a POST can
 * bring back one that was there before. They do not go out together. */
static int is_taken(wave_t *wave, const scim_bulk_op_t *op)
{
    const char *key;

    if (!op->id) {
        return 0;
    }
    key = apr_pstrcat(wave->p, op->binding->type->endpoint, "/", op->id, NULL);
    if (apr_hash_get(wave->ids, key, APR_HASH_KEY_STRING)) {
        return 1;
    }
    apr_hash_set(wave->ids, key, APR_HASH_KEY_STRING, op);
    return 0;
}

static void add(wave_t *wave, scim_bulk_op_t *op)
{
    item_t *item = &wave->items[wave->n];
    const scim_error_t *error;

    memset(item, 0, sizeof *item);
    item->op = op;
    error = prepare(wave, item);
    if (error) {
        fail(wave, op, error);
    }
    else if (is_taken(wave, op)) {
        APR_ARRAY_PUSH(wave->held, scim_bulk_op_t *) = op;
    }
    else {
        wave->n++;
        if (item->write.verb != SCIM_CREATE && op->order < wave->first_change) {
            wave->first_change = op->order;
        }
    }
}

/* May one more be carried out without a risk of more errors than are accepted? */
static int has_room(const wave_t *wave)
{
    const scim_bulk_t *bulk = wave->bulk;

    return !bulk->max_errors || bulk->errors + wave->n < bulk->max_errors;
}

/* When errors are counted, an operation does not overtake one before it that may be
 * ready after this wave: what is carried out before the last error that is accepted is
 * then what the client expects. */
static int overtakes(const wave_t *wave, const scim_bulk_op_t *last,
                     const scim_bulk_op_t *op)
{
    const scim_bulk_t *bulk = wave->bulk;
    int i;

    for (i = last ? last->order + 1 : bulk->n; i < op->order; i++) {
        if (bulk->ops[i].state != SCIM_BULK_DONE) {
            return bulk->max_errors > 0;
        }
    }
    return 0;
}

static void gather(wave_t *wave)
{
    scim_bulk_t *bulk = wave->bulk;
    scim_bulk_op_t *op, *last = NULL;
    int i;

    wave->n = 0;
    wave->first_change = INT_MAX;
    wave->ids = apr_hash_make(wave->p);
    wave->held = apr_array_make(wave->p, 4, sizeof(scim_bulk_op_t *));
    while (has_room(wave) && (op = scim_bulk_next(bulk)) != NULL) {
        if (overtakes(wave, last, op)) {
            scim_bulk_put(bulk, op);
            break;
        }
        add(wave, op);
        last = op;
    }
    for (i = 0; i < wave->held->nelts; i++) {
        scim_bulk_put(bulk, APR_ARRAY_IDX(wave->held, i, scim_bulk_op_t *));
    }
}

/* Hands each backend what is for it. */
static void hand_over(wave_t *wave)
{
    const scim_service_t *service = wave->bulk->call->service;
    scim_write_t *writes = apr_palloc(wave->p, (apr_size_t)wave->n * sizeof *writes);
    int b, i, n;

    for (b = 0; b < service->n_bindings; b++) {
        const scim_binding_t *binding = &service->bindings[b];

        for (i = n = 0; i < wave->n; i++) {
            if (wave->items[i].op->binding == binding) {
                writes[n++] = wave->items[i].write;
            }
        }
        if (n) {
            binding->backend->write_many(binding->ctx, wave->p, writes, n);
        }
        for (i = n = 0; i < wave->n; i++) {
            if (wave->items[i].op->binding == binding) {
                wave->items[i].write = writes[n++];
            }
        }
    }
}

/* --- Results -------------------------------------------------------------------- */

/* A name that was taken may have been given up, by a PUT, PATCH or DELETE that stands
 * before this operation and went out beside it: it is tried once more. */
static int repeat(wave_t *wave, const item_t *item)
{
    scim_bulk_op_t *op = item->op;

    if (item->write.error->type != SCIM_UNIQUENESS || op->repeated ||
        wave->first_change >= op->order) {
        return 0;
    }
    op->repeated = 1;
    scim_bulk_put(wave->bulk, op);
    return 1;
}

static void conclude(wave_t *wave, item_t *item)
{
    scim_bulk_t *bulk = wave->bulk;
    scim_bulk_op_t *op = item->op;
    const scim_write_t *write = &item->write;

    if (write->error) {
        if (!repeat(wave, item)) {
            fail(wave, op, write->error);
        }
        return;
    }
    op->etag =
        write->verb == SCIM_REMOVE ? NULL : apr_pstrdup(bulk->p, write->record.version);
    if (write->verb == SCIM_CREATE) {
        op->id = apr_pstrdup(bulk->p, write->id);
    }
    if (write->verb == SCIM_CREATE && op->later) {
        scim_bulk_known(bulk, op);
    }
    else {
        succeed(bulk, op,
                op->act == SCIM_POST     ? 201
                : op->act == SCIM_DELETE ? 204
                                         : 200);
    }
}

/* What was made and cannot be completed, because the request ends before. */
static void give_up(wave_t *wave)
{
    const scim_bulk_t *bulk = wave->bulk;
    const scim_error_t *error = scim_error(
        wave->p, 409, SCIM_TYPE_NONE,
        "the request was ended by failOnErrors before they were carried out");
    int i;

    for (i = 0; i < bulk->n; i++) {
        if (bulk->ops[i].state == SCIM_BULK_MADE) {
            fail(wave, &bulk->ops[i], error);
        }
    }
}

void scim_bulk_run(scim_bulk_t *bulk)
{
    wave_t wave = {.bulk = bulk};
    int i;

    wave.items = apr_palloc(bulk->p, (apr_size_t)bulk->n * sizeof *wave.items);
    apr_pool_create(&wave.p, bulk->p);
    apr_pool_tag(wave.p, "scim_bulk_wave");
    while (!bulk->max_errors || bulk->errors < bulk->max_errors) {
        while (!bulk->ready->nelts && scim_bulk_open_circles(bulk)) {
        }
        if (!bulk->ready->nelts) {
            break;
        }
        gather(&wave);
        hand_over(&wave);
        for (i = 0; i < wave.n; i++) {
            conclude(&wave, &wave.items[i]);
        }
        apr_pool_clear(wave.p);
    }
    give_up(&wave);
    apr_pool_destroy(wave.p);
}
