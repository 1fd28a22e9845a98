#include "gw_gather.h"

/* Sends what was prepared, alone or with others, and ends the job. */
static const scim_error_t *carry_out(gw_job_t *job, apr_pool_t *p,
                                     scim_record_t *record)
{
    gw_session_t *session = job->session;
    const scim_error_t *error;

    if (job->ask == GW_ASK_RELEASE) {
        gw_job_send(job, NULL);
    }
    else if (job->ask != GW_ASK_NOTHING) {
        gw_gather_send(session, &job, 1);
    }
    if (!job) {
        return gw_job_left(session, p);
    }
    error = gw_job_finish(job, p, record);
    gw_job_end(job);
    return error;
}

const scim_error_t *gw_update(void *ctx, apr_pool_t *p, const char *id,
                              scim_change_fn change, void *baton, scim_record_t *record)
{
    const scim_error_t *error = gw_copy_wait(ctx, p);
    gw_job_t *job;

    if (error) {
        return error;
    }
    job = gw_job_make(ctx, id);
    error = gw_job_update(job, p, change, baton);
    if (error) {
        gw_job_end(job);
        return error;
    }
    return carry_out(job, p, record);
}

const scim_error_t *gw_remove(void *ctx, apr_pool_t *p, const char *id,
                              scim_change_fn condition, void *baton)
{
    const scim_error_t *error = gw_copy_wait(ctx, p);
    gw_job_t *job;

    if (error) {
        return error;
    }
    job = gw_job_make(ctx, id);
    error = gw_job_remove(job, p, condition, baton);
    if (error) {
        gw_job_end(job);
        return error;
    }
    return carry_out(job, p, NULL);
}
