#include "gw_voyage.h"

#include <apr_strings.h>

#include "gw_error.h"

#define LONGEST_LOOK apr_time_from_sec(2)
#define TRIES 4 /* of a record whose call was refused for reasons of the quota */

int gw_voyage_max(gw_ask_t ask)
{
    return ask == GW_ASK_REMOVE ? RC_BULK_REMOVE_MAX : RC_BULK_UPDATE_MAX;
}

gw_voyage_t *gw_voyage_make(apr_pool_t *p, gw_ask_t ask, int n)
{
    gw_voyage_t *v = apr_pcalloc(p, sizeof *v);

    v->p = p;
    v->ask = ask;
    v->jobs = apr_pcalloc(p, n * sizeof *v->jobs);
    v->items = apr_pcalloc(p, n * sizeof *v->items);
    return v;
}

static const char *name_of(const gw_voyage_t *v)
{
    return v->ask == GW_ASK_REMOVE ? "deletion" : "change";
}

/* A missing permission costs the economy of bulk calls for good: that is the
 * administrator's to mend. */
static base_log_level_t level_of(const rc_error_t *e)
{
    return e->kind == RC_FORBIDDEN ? BASE_LOG_WARNING
           : e->kind == RC_LOST    ? BASE_LOG_NOTICE
                                   : BASE_LOG_INFO;
}

int gw_voyage_sail(gw_voyage_t *v, gw_session_t *session, rc_place_t *place)
{
    rc_client_t *client = session->account->client;
    rc_bulk_request_t request = {v->items, v->n};
    rc_caller_t who = gw_session_caller(session);
    int i;

    who.place = place;
    for (i = 0; i < v->n; i++) {
        v->items[i].id = v->jobs[i]->id_text;
        v->items[i].body = v->jobs[i]->plan.body;
    }
    v->e = v->ask == GW_ASK_REMOVE
               ? rc_bulk_remove(client, &who, v->p, &request)
               : rc_bulk_update(client, &who, v->p, &request, &v->task);
    for (i = 0; v->e && i < v->n; i++) {
        v->items[i].error = v->e;
    }
    if (v->e) {
        base_log(session->env, level_of(v->e), APR_SUCCESS,
                 "SCIMRC0120: account %s: a call for the %s of %d extensions did not "
                 "succeed: %s%s%s",
                 session->account->conf->name, name_of(v), v->n, v->e->code,
                 *v->e->code ? " " : "", v->e->message);
    }
    return v->e || !v->task;
}

int gw_voyage_poll(gw_voyage_t *v, gw_session_t *session)
{
    rc_caller_t who = gw_session_caller(session);
    const apr_time_t soon = base_now(session->env) + LONGEST_LOOK;
    apr_pool_t *p;
    int ended = 0;
    rc_error_t *e;

    /* The request may have better to do than to wait for a Light call: others ask, too.
     */
    who.deadline = soon < who.deadline ? soon : who.deadline;

    apr_pool_create(&p, v->p); /* its results stay with the voyage */
    e = rc_bulk_poll(session->account->client, &who, p, v->task, &ended);
    if (!ended) {
        if (e) {
            base_log(session->env, BASE_LOG_DEBUG, APR_SUCCESS,
                     "the task of a bulk update could not be looked at: %s",
                     e->message);
        }
        apr_pool_destroy(p);
    }
    return ended;
}

void gw_voyage_give_up(gw_voyage_t *v)
{
    rc_bulk_give_up(v->task, v->p);
}

int gw_voyage_is_barred(const gw_voyage_t *v)
{
    return v->ask == GW_ASK_UPDATE && v->e &&
           (v->e->kind == RC_FORBIDDEN || v->e->kind == RC_PROTOCOL);
}

rc_error_t *gw_voyage_keep(apr_pool_t *p, const rc_error_t *e)
{
    rc_error_t *kept = rc_error(p, e->kind, "%s", e->message);

    kept->http_status = e->http_status;
    kept->code = apr_pstrdup(p, e->code);
    kept->parameter = apr_pstrdup(p, e->parameter);
    kept->request_id = apr_pstrdup(p, e->request_id);
    kept->retry_after = e->retry_after;
    return kept;
}

/* The call was refused as a whole: who of them is to blame shows in smaller calls. */
static gw_verdict_t split(gw_voyage_t *v, gw_job_t *job)
{
    if (v->n == 1) {
        return v->ask == GW_ASK_UPDATE ? GW_VOYAGE_ALONE : GW_VOYAGE_OVER;
    }
    job->share = v->n / 2;
    return GW_VOYAGE_AGAIN;
}

/* Nothing was sent, for a reason that concerns the leader alone or passes: its client
 * left, its patience ended, the quota was used up. */
static int is_passing(const rc_error_t *e)
{
    return e->kind == RC_BUSY || e->kind == RC_INTERRUPTED ||
           (e->kind == RC_UNAVAILABLE && !e->http_status);
}

gw_verdict_t gw_voyage_judge(gw_voyage_t *v, int i)
{
    gw_job_t *job = v->jobs[i];
    rc_error_t *e = v->items[i].error;
    int was_lost = job->lost != NULL;

    if (!e) {
        job->e = NULL;
        return GW_VOYAGE_OVER;
    }
    e = gw_voyage_keep(job->p, e);
    job->e = was_lost ? gw_error_after_loss(job->lost, e) : e;
    if (gw_voyage_is_barred(v)) {
        return GW_VOYAGE_ALONE;
    }
    if (v->e && e->kind == RC_INVALID) {
        return split(v, job);
    }
    if (e->kind == RC_LOST && !was_lost) {
        job->lost = e;
        return GW_VOYAGE_AGAIN;
    }
    if (is_passing(e) && ++job->tries < TRIES) {
        return GW_VOYAGE_AGAIN;
    }
    return gw_job_is_second_try(job, e) ? GW_VOYAGE_ALONE : GW_VOYAGE_OVER;
}
