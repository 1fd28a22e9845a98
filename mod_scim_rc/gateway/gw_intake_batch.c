/* A batch on its way. */
#include "gw_intake_private.h"

#include <apr_strings.h>

#include "gw_error.h"

struct gw_intake_batch_t {
    apr_pool_t *p;
    rc_place_t *place;
    gw_entry_t *entries[RC_BATCH_PROVISION_MAX];
    rc_bulk_item_t items[RC_BATCH_PROVISION_MAX];
    int n;
};

void gw_entry_end_coming(gw_intake_t *n, gw_entry_t *b)
{
    n->coming -= b->coming;
    b->coming = 0;
}

/* Its client is not waited for any more. */
void gw_entry_end_under_way(gw_intake_t *n, gw_entry_t *b)
{
    n->under_way -= b->under_way;
    b->under_way = 0;
}

void gw_entry_end_session(gw_entry_t *b)
{
    b->m->session = NULL;
    if (b->job) {
        b->job->session = NULL;
    }
}

/* The change that follows, prepared; NULL: there is none. */
gw_job_t *gw_entry_prepare(gw_session_t *session, gw_entry_t *b, apr_pool_t *p,
                           const scim_error_t **error)
{
    gw_job_t *job = gw_job_make(session, gw_id_text(b->p, b->m->item.id));

    job->must_go = 1;
    *error = gw_job_update(job, p, gw_batch_complete, (void *)b->m->wanted);
    if (!*error && job->ask == GW_ASK_UPDATE) {
        return job;
    }
    gw_job_end(job);
    return NULL;
}

/* The first ten; under the mutex. Takes `p` over. */
gw_intake_batch_t *gw_intake_batch_embark(gw_intake_t *n, apr_pool_t *p,
                                          rc_place_t *place)
{
    gw_intake_batch_t *batch = apr_pcalloc(p, sizeof *batch);
    gw_entry_t *b;

    batch->p = p;
    batch->place = place;
    while (batch->n < RC_BATCH_PROVISION_MAX && (b = gw_line_next(n))) {
        b->state = GW_ENTRY_ABOARD;
        b->under_way = b->coming = 1;
        n->under_way++;
        n->coming++;
        batch->entries[batch->n++] = b;
    }
    n->last = batch->n;
    return batch;
}

/* The request of this one has gone: whom the batch has made is stored, and the change
 * follows with those of others. */
static void end_late(gw_request_t *r, gw_entry_t *b)
{
    const scim_error_t *error = NULL;
    scim_record_t record;
    const char *id;
    int partly;

    b->m->session = r->session;
    if (b->verdict == GW_BATCH_LOST) {
        gw_copy_doubt(r->session->account, b->m->login, b->p, r->session->env);
    }
    else if (b->verdict == GW_BATCH_MADE) {
        gw_batch_take(b->m, b->verdict, &b->item, &partly);
        error = gw_maker_store(b->m, b->p, &record, &id);
        b->job = error ? NULL : gw_entry_prepare(r->session, b, b->p, &error);
        base_lock_release(b->m->lock);
    }
    if (error) {
        gw_batch_incomplete(r->session, b->p, b->item.id, error);
    }
    apr_thread_mutex_lock(r->n->mutex);
    gw_entry_end_coming(r->n, b);
    gw_entry_end_session(b);
    if (b->job) {
        gw_rest_hold(r->n, b, r->session);
    }
    apr_thread_mutex_unlock(r->n->mutex);
    if (!b->job) {
        gw_entry_end(b);
    }
}

/* What came of it for one, in its own pool: the batch's ends here. */
static void keep_result(gw_entry_t *b, const rc_bulk_item_t *item,
                        const rc_error_t *whole)
{
    b->verdict = gw_batch_judge(item, whole);
    b->item.id = apr_pstrdup(b->p, item->id);
    b->item.error = item->error ? gw_voyage_keep(b->p, item->error) : NULL;
}

/* Hands the results out. */
static void land(gw_request_t *r, gw_entry_t **entries, int n, int barred)
{
    gw_entry_t *late = NULL, *b;
    int i;

    apr_thread_mutex_lock(r->n->mutex);
    if (barred) {
        r->n->barred_until = base_now(r->session->env) + GW_INTAKE_BARRED;
    }
    for (i = 0; i < n; i++) {
        b = entries[i];
        b->state = GW_ENTRY_LANDED;
        if (b->verdict != GW_BATCH_MADE) {
            gw_entry_end_coming(r->n, b);
        }
        if (b->gone) {
            b->next = late;
            late = b;
        }
    }
    apr_thread_mutex_unlock(r->n->mutex);
    while ((b = late)) {
        late = b->next;
        end_late(r, b);
    }
}

void gw_intake_batch_deliver(gw_request_t *r, gw_intake_batch_t *batch)
{
    rc_bulk_request_t request = {batch->items, batch->n};
    rc_caller_t who = gw_session_caller(r->session);
    gw_entry_t *entries[RC_BATCH_PROVISION_MAX];
    rc_error_t *whole;
    int i, barred, n = batch->n;

    for (i = 0; i < n; i++) {
        entries[i] = batch->entries[i];
        batch->items[i].body = entries[i]->item.body;
    }
    whole = gw_batch_send(r->session, batch->p, &request, batch->place);
    rc_place_return(r->session->account->client, &who, batch->place);
    for (i = 0; i < n; i++) {
        keep_result(entries[i], &batch->items[i], whole);
    }
    barred = gw_batch_is_barred(whole);
    apr_pool_destroy(batch->p); /* before anybody else uses what its records share */
    land(r, entries, n, barred);
}
