#include "gw_job.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "gw_carry.h"
#include "gw_error.h"
#include "gw_gather.h"
#include "gw_stale.h"
#include "gw_name.h"

gw_job_t *gw_job_make(gw_session_t *session, const char *id)
{
    apr_pool_t *p;
    gw_job_t *job;

    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_job");
    job = apr_pcalloc(p, sizeof *job);
    job->p = p;
    job->session = session;
    job->id_text = apr_pstrdup(p, id ? id : "");
    job->id = gw_id_parse(id);
    job->slot = -1;
    return job;
}

void gw_job_end(gw_job_t *job)
{
    int i;

    base_lock_release(job->name_lock);
    base_lock_release(job->lock);
    for (i = 0; i < 2; i++) {
        if (job->ids[i]) {
            base_lock_set_give(job->locks, job->ids[i]);
        }
    }
    apr_pool_destroy(job->p);
}

const scim_error_t *gw_job_keep(apr_pool_t *p, const scim_error_t *error)
{
    scim_error_t *kept;

    if (!error) {
        return NULL;
    }
    kept = scim_error(p, error->status, error->type, "%s", error->detail);
    kept->retry_after = error->retry_after;
    return kept;
}

/* ---- preparing ---- */

/* The user as the copy has it; 404 when SCIM does not know the id. */
static const scim_error_t *load(gw_job_t *job)
{
    apr_status_t rv = job->id ? gw_copy_get(job->session->account, job->p, job->id,
                                            &job->item, &job->record, job->session->env)
                              : APR_NOTFOUND;

    if (rv == APR_SUCCESS && job->record.flags & DIR_LISTED) {
        return NULL;
    }
    return rv == APR_SUCCESS || rv == APR_NOTFOUND
               ? gw_error_not_found(job->p, job->id_text)
               : gw_error_store(job->p, rv);
}

static const scim_error_t *reload(gw_job_t *job)
{
    rc_caller_t who = gw_session_caller(job->session);
    int found;
    rc_error_t *e =
        gw_copy_reread(job->session->account, &who, job->p, job->id, &found);

    return e ? gw_error(job->p, e, NULL, job->session->env) : load(job);
}

/* Takes a lock of the block's, which are not waited for. */
static const scim_error_t *take_of_set(gw_job_t *job, int which, apr_uint64_t id)
{
    apr_status_t rv;

    if (job->ids[which]) {
        return NULL; /* from an earlier look */
    }
    rv = base_lock_set_take(job->locks, id);
    if (rv == APR_SUCCESS) {
        job->ids[which] = id;
    }
    job->is_busy |= rv == APR_EBUSY;
    return rv == APR_SUCCESS || rv == APR_EBUSY ? NULL : gw_error_store(job->p, rv);
}

/* A job that is busy ends, and its locks with it. */
static const scim_error_t *take_user_of_set(gw_job_t *job)
{
    const scim_error_t *error = take_of_set(job, 0, job->id);

    job->is_busy |= job->ids[0] && !gw_gather_is_clear(job->session, job->id);
    return error;
}

static const scim_error_t *lock_user(gw_job_t *job)
{
    if (!job->id) {
        return NULL; /* nobody has such an id */
    }
    if (job->locks) {
        return take_user_of_set(job);
    }
    return job->lock ? NULL : gw_gather_lock(job->session, job->p, job->id, &job->lock);
}

/* Is the copy of the user young enough? A job of a block does nothing about it. */
static gw_age_verdict_t judge_age(gw_job_t *job)
{
    gw_session_t *session = job->session;
    apr_time_t known = job->item.fetched;
    int is_ours = job->item.flags & DIR_WRITTEN &&
                  known + session->account->conf->max_age > base_now(session->env);

    if (job->defers) {
        return gw_age_is_old(session, job->p, known) ? GW_ASK : GW_BELIEVE;
    }
    return gw_age_judge(session, job->p, known, !is_ours);
}

/* What RingCentral has now: from the list that was just made, or read singly. */
static const scim_error_t *freshen(gw_job_t *job, gw_age_verdict_t *verdict)
{
    if (*verdict == GW_LOOK_AGAIN) {
        const scim_error_t *error = load(job);

        if (error || gw_age_was_listed(job->session, job->p, job->item.fetched)) {
            return error;
        }
    }
    *verdict = GW_ASK;
    return reload(job);
}

/* May the call be in vain? A list does not show the language. Along with other changes,
 * or in one call with those of others, it costs less to send it than to look. */
static int is_blind(const gw_job_t *job)
{
    return json_object_get(job->plan.body, "regionalSettings") &&
           json_object_size(job->plan.body) == 1 && !job->in_block &&
           !(job->item.flags & DIR_DETAILED &&
             json_object_get(job->item.state, "regionalSettings"));
}

#define NAME_WAIT apr_time_from_sec(2)

static const scim_error_t *lock_name(gw_job_t *job, const char *folded)
{
    gw_session_t brief = *job->session;
    apr_time_t end = base_now(brief.env) + NAME_WAIT;

    if (job->locks) {
        return take_of_set(job, 1, gw_name_lock(folded));
    }
    if (job->name_lock) {
        return NULL; /* from a first look at an older copy */
    }
    brief.deadline = end < brief.deadline ? end : brief.deadline;
    return gw_lock(&brief, job->p, gw_name_lock(folded), &job->name_lock);
}

/* Another user may not have the new name. Its lock, which a create holds as well, is
 * kept to the end of the request. It is waited for but a moment: who creates may be
 * waiting for this user. */
static const scim_error_t *name_is_free(gw_job_t *job, const char *login)
{
    const scim_error_t *error = lock_name(job, base_str_fold(job->p, login));

    return error || job->is_busy
               ? error
               : gw_name_is_free(job->session, job->p, login, job->id);
}

/* Nobody takes the gateway's own users away from it: that would be its last call. */
static const scim_error_t *not_our_own(gw_job_t *job)
{
    rc_caller_t who = gw_session_caller(job->session);
    int owns = 0;
    rc_error_t *e = rc_client_owns(job->session->account->client, &who, job->p,
                                   job->id_text, &owns);

    if (e) {
        return gw_error(job->p, e, NULL, job->session->env);
    }
    if (!owns) {
        return NULL;
    }
    return scim_error(
        job->p, 403, SCIM_TYPE_NONE,
        "user %s is the one whose JWT credential this gateway signs in to "
        "RingCentral with; it can be neither disabled nor deleted here",
        job->id_text);
}

/* The user as the copy has it; NULL when the record cannot be read. */
static const scim_current_t *current_user(gw_job_t *job)
{
    scim_current_t *current = apr_palloc(job->p, sizeof *current);

    current->resource = gw_item_document(job->p, &job->record.doc);
    current->former = gw_item_former(job->p, &job->item);
    return current->resource ? current : NULL;
}

/* What the client wants of the user as the copy has it. */
static const scim_error_t *want(gw_job_t *job, scim_change_fn change, void *baton)
{
    const scim_current_t *current = current_user(job);
    const scim_error_t *error;

    if (!current) {
        return gw_error_store(job->p, APR_EGENERAL);
    }
    error = change(baton, job->p, current, &job->desired);
    if (!error) {
        job->desired = gw_plan_complete(job->session, job->p, job->desired);
        error = gw_plan_check(job->p, job->desired);
    }
    if (!error) {
        error = gw_plan_make(job->session, job->p, &job->item, current->resource,
                             job->desired, &job->plan);
    }
    if (!error && job->plan.changed[gw_row_of(GW_LOGIN) - gw_rows]) {
        error = name_is_free(job, gw_row_get(gw_row_of(GW_LOGIN), job->desired));
    }
    return error;
}

static int says_disabled(const gw_job_t *job)
{
    return base_str_same(base_json_string(job->plan.body, "status"), "Disabled");
}

/* Who was not activated yet does not become so by being turned off and on. */
static void note_status(gw_job_t *job)
{
    if (says_disabled(job) &&
        base_str_same(base_json_string(job->item.state, "status"), "NotActivated")) {
        json_object_set_new(job->item.memory, "was", json_string("NotActivated"));
    }
}

/* May the plan (or why there is none) be believed, when the user was looked up as
 * `done` says? A change that changes nothing in an old copy is not worth a call. */
static gw_age_verdict_t judge_plan(gw_job_t *job, const scim_error_t *error,
                                   gw_age_verdict_t done)
{
    if (done == GW_ASK) {
        return GW_BELIEVE;
    }
    /* What is in doubt is not believed, even if it says that nothing is to be done. */
    if ((!error && is_blind(job)) || !job->item.fetched ||
        gw_stale_is(job->session, job->p, &job->record)) {
        return GW_ASK;
    }
    if (done == GW_LOOK_AGAIN || (!error && !json_object_size(job->plan.body))) {
        return GW_BELIEVE;
    }
    return judge_age(job);
}

/* By the copy; if that will not do by a list, and by a single read in the end. */
static const scim_error_t *plan_by_what_is(gw_job_t *job, scim_change_fn change,
                                           void *baton)
{
    gw_age_verdict_t verdict = GW_BELIEVE;
    const scim_error_t *error, *failed;

    do {
        error = want(job, change, baton);
        verdict = judge_plan(job, error, verdict);
        job->is_stale = job->defers && verdict != GW_BELIEVE;
        if (verdict == GW_BELIEVE || job->is_stale) {
            return job->is_stale ? NULL : error;
        }
        failed = freshen(job, &verdict);
    } while (!failed);
    return failed;
}

static const scim_error_t *plan_update(gw_job_t *job, scim_change_fn change,
                                       void *baton)
{
    const scim_error_t *error = lock_user(job);

    if (!error && !job->is_busy) {
        error = load(job);
    }
    if (error || job->is_busy) {
        return error;
    }
    error = plan_by_what_is(job, change, baton);
    if (!error && !job->is_stale && !job->is_busy && says_disabled(job)) {
        error = not_our_own(job);
    }
    return error;
}

const scim_error_t *gw_job_update(gw_job_t *job, apr_pool_t *p, scim_change_fn change,
                                  void *baton)
{
    const scim_error_t *error;

    job->is_busy = job->is_stale = 0;
    job->ask = GW_ASK_NOTHING;
    error = plan_update(job, change, baton);
    if (!error && json_object_size(job->plan.body)) {
        job->ask = GW_ASK_UPDATE;
        note_status(job);
    }
    return gw_job_keep(p, error);
}

/* The extension is disabled and marked, so that a copy made anew knows it too. */
static void plan_disable(gw_job_t *job)
{
    memset(&job->plan, 0, sizeof job->plan);
    job->plan.body = base_json_own(
        job->p,
        json_pack("{s:s, s:{s:s, s:s}}", "status", "Disabled", "statusInfo", "reason",
                  "Voluntarily", "comment",
                  apr_psprintf(job->p,
                               GW_GONE_MARK " Deleted by the identity provider on %s. "
                                            "Leave this text as it is.",
                               base_time_format(job->p, base_now(job->session->env)))));
    note_status(job);
}

/* Does the condition hold for the user as the copy has it? */
static const scim_error_t *meets(gw_job_t *job, scim_change_fn condition, void *baton)
{
    const scim_current_t *current;
    json_t *ignored = NULL;

    if (!condition) {
        return NULL;
    }
    current = current_user(job);
    return current ? condition(baton, job->p, current, &ignored)
                   : gw_error_store(job->p, APR_EGENERAL);
}

static const scim_error_t *plan_remove(gw_job_t *job, scim_change_fn condition,
                                       void *baton)
{
    static const gw_ask_t asks[] = {[GW_DELETE_RELEASE] = GW_ASK_RELEASE,
                                    [GW_DELETE_DISABLE] = GW_ASK_UPDATE,
                                    [GW_DELETE_REMOVE] = GW_ASK_REMOVE};
    const scim_error_t *error = lock_user(job);
    gw_age_verdict_t verdict = GW_BELIEVE;

    if (!error && !job->is_busy) {
        error = load(job);
    }
    if (!error && !job->is_busy) {
        verdict =
            gw_stale_is(job->session, job->p, &job->record) ? GW_ASK : judge_age(job);
    }
    if (verdict != GW_BELIEVE && job->defers) {
        job->is_stale = 1;
    }
    else if (verdict != GW_BELIEVE) {
        error = freshen(job, &verdict);
    }
    if (error || job->is_busy || job->is_stale) {
        return error;
    }
    error = meets(job, condition, baton);
    if (!error) {
        error = not_our_own(job);
    }
    if (!error) {
        job->ask = asks[job->session->policy->remove];
    }
    if (job->ask == GW_ASK_UPDATE) {
        plan_disable(job);
    }
    return error;
}

const scim_error_t *gw_job_remove(gw_job_t *job, apr_pool_t *p,
                                  scim_change_fn condition, void *baton)
{
    job->deletes = 1;
    job->is_busy = job->is_stale = 0;
    job->ask = GW_ASK_NOTHING;
    return gw_job_keep(p, plan_remove(job, condition, baton));
}

/* ---- sending alone ---- */

static rc_error_t *remove_one(gw_job_t *job, rc_place_t *place)
{
    rc_bulk_item_t item = {job->id_text, NULL, NULL};
    rc_bulk_request_t request = {&item, 1};
    rc_caller_t who = gw_session_caller(job->session);
    rc_client_t *client = job->session->account->client;
    rc_error_t *e;

    who.place = place;
    if (job->ask == GW_ASK_RELEASE) {
        return rc_extension_release(client, &who, job->p, job->id_text);
    }
    e = rc_bulk_remove(client, &who, job->p, &request);
    return e ? e : item.error;
}

static int is_unassigned(gw_job_t *job)
{
    return gw_copy_get(job->session->account, job->p, job->id, &job->item, &job->record,
                       job->session->env) == APR_SUCCESS &&
           base_str_same(base_json_string(job->item.state, "status"), "Unassigned");
}

static void send_removal(gw_job_t *job, rc_place_t *place)
{
    gw_account_t *account = job->session->account;
    rc_caller_t who = gw_session_caller(job->session);
    int try;

    for (try = 0; try < 2; try++) {
        job->e = remove_one(job, try ? NULL : place);
        job->e = job->lost ? gw_error_after_loss(job->lost, job->e) : job->e;
        if (!job->e || job->e->kind != RC_LOST) {
            return;
        }
        job->settled = 1;
        /* An extension that is there but nobody's is the line that was released: a
         * second deletion would take it out of the pool. */
        if (!gw_copy_settle(account, &who, job->p, job->id)) {
            job->e = NULL;
            return;
        }
        if (is_unassigned(job)) {
            job->e = NULL;
            job->absorbed = 1;
            return;
        }
        job->lost = job->e;
    }
}

void gw_job_send(gw_job_t *job, rc_place_t *place)
{
    if (job->ask != GW_ASK_UPDATE) {
        send_removal(job, place);
        return;
    }
    job->e = gw_carry_update(job->session, job->p, &job->plan, &job->item, place);
    if (job->lost) {
        job->e = gw_error_after_loss(job->lost, job->e);
    }
    job->absorbed = !job->e;
    job->settled = 1;
}

int gw_job_is_second_try(const gw_job_t *job, const rc_error_t *e)
{
    if (job->ask != GW_ASK_UPDATE) {
        return 0;
    }
    return e->kind == RC_NOT_FOUND || (job->plan.turns_on && gw_error_is_status(e));
}
