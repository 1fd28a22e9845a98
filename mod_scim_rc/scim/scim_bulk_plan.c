/* Which operation waits for which, and which comes next. */
#include "scim_bulk.h"

#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

/* --- The heap of those that are ready ------------------------------------------- */

static scim_bulk_op_t **heap_of(const scim_bulk_t *bulk)
{
    return (scim_bulk_op_t **)bulk->ready->elts;
}

void scim_bulk_put(scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    scim_bulk_op_t **heap;
    int i = bulk->ready->nelts;

    apr_array_push(bulk->ready);
    heap = heap_of(bulk);
    for (; i && heap[(i - 1) / 2]->order > op->order; i = (i - 1) / 2) {
        heap[i] = heap[(i - 1) / 2];
    }
    heap[i] = op;
}

static scim_bulk_op_t *take_first(scim_bulk_t *bulk)
{
    scim_bulk_op_t **heap = heap_of(bulk), *first, *last;
    const int n = bulk->ready->nelts - 1;
    int i = 0, child;

    if (n < 0) {
        return NULL;
    }
    first = heap[0];
    last = heap[n];
    bulk->ready->nelts = n;
    for (child = 1; child < n; child = 2 * i + 1) {
        child += child + 1 < n && heap[child + 1]->order < heap[child]->order;
        if (heap[child]->order >= last->order) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return first;
}

scim_bulk_op_t *scim_bulk_next(scim_bulk_t *bulk)
{
    scim_bulk_op_t *op = take_first(bulk);

    while (op && op->pause) {
        scim_bulk_done(bulk, op);
        op = take_first(bulk);
    }
    return op;
}

/* --- Needs ---------------------------------------------------------------------- */

static void need(scim_bulk_t *bulk, scim_bulk_op_t *op, scim_need_kind_t kind,
                 scim_bulk_op_t *on)
{
    scim_need_t *n = apr_pcalloc(bulk->p, sizeof *n);

    n->kind = kind;
    n->of = op;
    n->on = on;
    n->next = op->needs;
    op->needs = n;
    n->next_follower = on->followers;
    on->followers = n;
    op->waits++;
}

static void meet(scim_bulk_t *bulk, scim_need_t *n)
{
    scim_bulk_op_t *op = n->of;

    n->met = 1;
    if (op->deferred && n->kind == SCIM_NEED_ID) {
        op->open--;
        if (!op->open && op->state == SCIM_BULK_MADE) {
            scim_bulk_put(bulk, op);
        }
        return;
    }
    op->waits--;
    if (!op->waits) {
        scim_bulk_put(bulk, op);
    }
}

static void release(scim_bulk_t *bulk, scim_bulk_op_t *op, int end)
{
    scim_need_t *n;

    for (n = op->followers; n; n = n->next_follower) {
        if (!n->met && (end || n->kind == SCIM_NEED_ID)) {
            meet(bulk, n);
        }
    }
}

void scim_bulk_known(scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    release(bulk, op, 0);
    op->state = SCIM_BULK_MADE;
    if (!op->open) { /* the others became known in the same wave, or it means itself */
        scim_bulk_put(bulk, op);
    }
}

void scim_bulk_done(scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    op->state = SCIM_BULK_DONE;
    release(bulk, op, 1);
}

/* --- Setting up ----------------------------------------------------------------- */

/* The last operation of each resource, the last one to claim each name, and the DELETEs
 * since the last pause. */
typedef struct planner_t {
    scim_bulk_t *bulk;
    apr_hash_t *resources, *names;
    apr_array_header_t *removes; /* of scim_bulk_op_t * */
    scim_bulk_op_t *pause;
} planner_t;

/* Comes after the one that had `key` before it. */
static void follow(const planner_t *plan, apr_hash_t *last, const char *key,
                   scim_bulk_op_t *op, scim_need_kind_t kind)
{
    scim_bulk_op_t *before = apr_hash_get(last, key, APR_HASH_KEY_STRING);

    if (before) {
        need(plan->bulk, op, kind, before);
    }
    apr_hash_set(last, key, APR_HASH_KEY_STRING, op);
}

static void follow_resource(const planner_t *plan, scim_bulk_op_t *op)
{
    const char *id = op->subject ? op->subject->bulk_id : op->id;
    const char *key = apr_pstrcat(plan->bulk->p, op->binding->type->endpoint,
                                  op->subject ? "/bulkId:" : "/", id, NULL);

    if (op->subject) {
        need(plan->bulk, op, SCIM_NEED_END, op->subject);
    }
    follow(plan, plan->resources, key, op, SCIM_NEED_END);
}

/* A DELETE is waited for by way of a pause, which many share. */
static void follow_removes(planner_t *plan, scim_bulk_op_t *op)
{
    scim_bulk_op_t *pause = plan->pause;
    int i;

    if (plan->removes->nelts) {
        pause = apr_pcalloc(plan->bulk->p, sizeof *pause);
        pause->pause = 1;
        pause->order = op->order;
        if (plan->pause) {
            need(plan->bulk, pause, SCIM_NEED_END, plan->pause);
        }
        for (i = 0; i < plan->removes->nelts; i++) {
            need(plan->bulk, pause, SCIM_NEED_END,
                 APR_ARRAY_IDX(plan->removes, i, scim_bulk_op_t *));
        }
        apr_array_clear(plan->removes);
        plan->pause = pause;
    }
    if (pause) {
        need(plan->bulk, op, SCIM_NEED_ORDER, pause);
    }
}

/* The unique names that a POST or PUT claims; whether it claims any. A name within a
 * PATCH is not looked for: see repeat() in scim_bulk_run.c. */
static int follow_names(const planner_t *plan, scim_bulk_op_t *op)
{
    apr_pool_t *p = plan->bulk->p;
    const scim_attr_t *attr = op->binding->type->core->attrs;
    int claims = 0;

    for (; attr->name && op->act != SCIM_PATCH; attr++) {
        const char *name =
            attr->uniqueness == SCIM_UNIQUE_NONE
                ? NULL
                : json_string_value(base_json_member(op->data, attr->name));

        if (name) {
            follow(plan, plan->names,
                   apr_pstrcat(p, op->binding->type->endpoint, "?", attr->name, "=",
                               base_str_fold(p, name), NULL),
                   op, SCIM_NEED_ORDER);
            claims = 1;
        }
    }
    return claims;
}

static void plan_op(planner_t *plan, scim_bulk_op_t *op)
{
    int i;

    for (i = 0; op->refs && i < op->refs->nelts; i++) {
        need(plan->bulk, op, SCIM_NEED_ID,
             APR_ARRAY_IDX(op->refs, i, scim_bulk_op_t *));
    }
    if (op->act != SCIM_POST) {
        follow_resource(plan, op);
    }
    if (op->act == SCIM_DELETE) {
        APR_ARRAY_PUSH(plan->removes, scim_bulk_op_t *) = op;
    }
    else if (follow_names(plan, op) || op->act == SCIM_POST) {
        follow_removes(plan, op);
    }
}

void scim_bulk_plan(scim_bulk_t *bulk)
{
    planner_t plan = {bulk, apr_hash_make(bulk->p), apr_hash_make(bulk->p),
                      apr_array_make(bulk->p, 16, sizeof(scim_bulk_op_t *)), NULL};
    int i;

    bulk->stamp = bulk->n; /* scim_bulk_refer() uses those below */
    bulk->ready = apr_array_make(bulk->p, bulk->n, sizeof(scim_bulk_op_t *));
    for (i = 0; i < bulk->n; i++) {
        scim_bulk_refer(bulk, &bulk->ops[i]);
    }
    for (i = 0; i < bulk->n; i++) {
        if (!bulk->ops[i].wrong) {
            plan_op(&plan, &bulk->ops[i]);
        }
    }
    for (i = 0; i < bulk->n; i++) {
        if (!bulk->ops[i].waits) {
            scim_bulk_put(bulk, &bulk->ops[i]);
        }
    }
}

/* --- Circles -------------------------------------------------------------------- */

/* What `op` waits for. References come last, because plan_op() adds them first: of a
 * POST that waits for references alone all else is met. */
static scim_need_t *first_unmet(scim_bulk_op_t *op)
{
    while (op->needs && op->needs->met) {
        op->needs = op->needs->next;
    }
    return op->needs;
}

/* The POST is made at once, without what refers to others that are not there yet; that
 * follows when they are (section 3.7.1). */
static void defer(scim_bulk_t *bulk, scim_bulk_op_t *op)
{
    op->deferred = 1;
    op->open = op->waits;
    op->waits = 0;
    scim_bulk_put(bulk, op);
}

/* Opens the circle that `op` is part of. An order that is wished for is given up before
 * a resource is made in two steps. A circle of references alone always has a POST that
 * is not made yet: what can be referred to is a POST. */
static void open_circle(scim_bulk_t *bulk, scim_bulk_op_t *start)
{
    scim_bulk_op_t *op = start, *post = NULL;
    scim_need_t *n;

    do {
        n = first_unmet(op);
        if (n->kind == SCIM_NEED_ORDER) {
            meet(bulk, n);
            return;
        }
        if (n->kind == SCIM_NEED_ID && op->act == SCIM_POST && !op->deferred &&
            (!post || op->order < post->order)) {
            post = op;
        }
        op = n->on;
    } while (op != start);
    if (post) {
        defer(bulk, post);
    }
}

int scim_bulk_open_circles(scim_bulk_t *bulk)
{
    const int before = bulk->stamp;
    int i, opened = 0;

    for (i = 0; i < bulk->n; i++) {
        scim_bulk_op_t *op = &bulk->ops[i];
        const int mark = ++bulk->stamp;

        while (op->stamp <= before && first_unmet(op)) {
            op->stamp = mark;
            op = first_unmet(op)->on;
        }
        if (op->stamp == mark) {
            open_circle(bulk, op);
            opened++;
        }
    }
    return opened;
}
