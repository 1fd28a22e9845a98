/* The end of a job: its outcome goes into the copy. */
#include <apr_atomic.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_carry.h"
#include "gw_error.h"
#include "gw_gather.h"
#include "gw_job.h"
#include "gw_stale.h"
#include "gw_voyage.h"

/* RingCentral does not have the user any more; nor does the copy from now on. */
static const scim_error_t *bury(gw_job_t *job, apr_pool_t *p)
{
    apr_status_t rv =
        gw_copy_bury(job->session->account, job->p, job->id, job->session->env);

    return rv == APR_SUCCESS ? NULL : gw_error_store(p, rv);
}

/* After a bulk update languages and time zones are known by their ids alone. */
static void name_regions(gw_job_t *job)
{
    gw_dictionaries_t *d = job->session->account->style.dictionaries;
    json_t *state = job->item.state;
    int i;

    for (i = 0; i < GW_ROWS; i++) {
        const gw_row_t *row = &gw_rows[i];
        const char *sent = job->plan.sent[i];
        int language = row->kind == GW_LANGUAGE;
        const gw_term_t *term;

        if ((!language && row->kind != GW_TIMEZONE) || !sent ||
            !base_json_at(job->plan.body, row->field)) {
            continue;
        }
        term = language ? gw_language(d, job->p, sent) : gw_timezone(d, job->p, sent);
        if (term) {
            base_json_set_at(state,
                             apr_pstrcat(job->p, row->field,
                                         language ? ".localeCode" : ".name", NULL),
                             json_string(term->code));
        }
    }
}

static const scim_error_t *store(gw_job_t *job, apr_pool_t *p, scim_record_t *record)
{
    scim_record_t stored;
    const scim_error_t *error =
        gw_carry_store(job->session, job->p, &job->plan, &job->item, 0, &stored);

    if (error) {
        return gw_job_keep(p, error);
    }
    *record = stored;
    record->text = apr_pstrmemdup(p, stored.text, stored.len);
    record->version = apr_pstrdup(p, stored.version);
    return NULL;
}

/* A bulk update does not show whether it kept the mark of a deletion: the first of a
 * process is read. */
static void look_for_mark(gw_job_t *job)
{
    gw_account_t *account = job->session->account;
    rc_caller_t who = gw_session_caller(job->session);
    json_t *extension;

    if (job->absorbed || apr_atomic_read32(&account->keeps_marks) ||
        rc_extension_read(account->client, &who, job->p, job->id_text, &extension)) {
        return;
    }
    gw_item_absorb(job->p, &job->item, extension, base_now(job->session->env), 1);
    apr_atomic_set32(&account->keeps_marks,
                     (apr_uint32_t)gw_item_is_marked(&job->item));
}

static const scim_error_t *store_disabled(gw_job_t *job, apr_pool_t *p)
{
    dir_record_t stored;
    apr_status_t rv;

    look_for_mark(job);
    if (!gw_item_is_marked(&job->item)) {
        return scim_error(p, 502, SCIM_TYPE_NONE,
                          "RingCentral disabled extension %s but did not keep the mark "
                          "of its deletion",
                          job->id_text);
    }
    rv = gw_copy_put(job->session->account, job->p, &job->item, &stored,
                     job->session->env);
    return rv == APR_SUCCESS ? NULL : gw_error_store(p, rv);
}

/* What the copy has learnt since the job was prepared stays: lists and events do not
 * ask for the lock of the user. */
static void look_again(gw_job_t *job)
{
    json_t *was = json_object_get(job->item.memory, "was");
    dir_record_t record;
    gw_item_t item;

    if (gw_copy_get(job->session->account, job->p, job->id, &item, &record,
                    job->session->env) != APR_SUCCESS) {
        return; /* what was known then will do */
    }
    if (was) {
        json_object_set(item.memory, "was", was);
    }
    item.heard = job->item.heard; /* what came in between is not in the answer */
    job->item = item;
}

static const scim_error_t *finish_update(gw_job_t *job, apr_pool_t *p,
                                         scim_record_t *record)
{
    if (!job->absorbed) {
        gw_stale_merges(job->session->account, job->p, job->session->env);
        look_again(job);
        gw_item_merge(job->p, &job->item, job->plan.body, base_now(job->session->env));
        name_regions(job);
    }
    return job->deletes ? store_disabled(job, p) : store(job, p, record);
}

/* Of so many a read for each would take too long: the background work finds the best
 * way to learn what has become of them. */
static void leave_to_background(gw_job_t *job)
{
    const base_env_t *env = job->session->env;
    gw_account_t *account = job->session->account;
    gw_stale_event_t doubt = {base_now(env),
                              apr_array_make(job->p, 1, sizeof(gw_stale_id_t)), 0};
    gw_stale_id_t *about = apr_array_push(doubt.ids);

    about->id = job->id;
    about->deleted = 0;
    gw_copy_distrust(account, job->p, job->id, env);
    gw_stale_note(account, job->p, &doubt, env);
}

static void settle(gw_job_t *job)
{
    rc_caller_t who = gw_session_caller(job->session);

    if (job->e->kind == RC_LOST && job->lost && job->ask == GW_ASK_UPDATE) {
        gw_voyage_await(gw_gather_board(job->session), job->id, job->session->env);
    }
    if (job->e->kind != RC_LOST || job->settled) {
        return;
    }
    if (job->in_block) {
        leave_to_background(job);
    }
    else {
        gw_copy_settle(job->session->account, &who, job->p, job->id);
    }
}

static const scim_error_t *finish_failed(gw_job_t *job, apr_pool_t *p)
{
    const scim_error_t *error;

    if (job->e->kind != RC_NOT_FOUND) {
        settle(job);
        return gw_error(p, job->e, job->desired, job->session->env);
    }
    error = bury(job, p);
    /* Gone after a try whose answer was lost: that try did it. */
    if (error || (job->deletes && job->ask != GW_ASK_UPDATE && job->lost)) {
        return error;
    }
    return gw_error_not_found(p, job->id_text);
}

static int only_spelling(const gw_plan_t *plan)
{
    int i, changed = 0;

    for (i = 0; i < GW_ROWS; i++) {
        changed |= plan->changed[i];
    }
    return changed;
}

const scim_error_t *gw_job_finish(gw_job_t *job, apr_pool_t *p, scim_record_t *record)
{
    switch (job->ask) {
    case GW_ASK_NOTHING:
        if (only_spelling(&job->plan)) {
            return store(job, p, record);
        }
        gw_item_show(&job->record, record);
        record->text = apr_pstrmemdup(p, record->text, record->len);
        record->version = apr_pstrdup(p, record->version);
        return NULL;
    case GW_ASK_UPDATE:
        return job->e ? finish_failed(job, p) : finish_update(job, p, record);
    default:
        if (job->e) {
            return finish_failed(job, p);
        }
        return job->absorbed ? NULL : bury(job, p);
    }
}

void gw_job_finish_late(gw_job_t *job, gw_session_t *session)
{
    scim_record_t record;

    job->session = session;
    job->in_block = 1;
    gw_job_finish(job, job->p, &record);
    gw_job_end(job);
}

const scim_error_t *gw_job_left(gw_session_t *session, apr_pool_t *p)
{
    return gw_error(p,
                    rc_error(p, RC_LOST, "the request ended before the bulk call did"),
                    NULL, session->env);
}
