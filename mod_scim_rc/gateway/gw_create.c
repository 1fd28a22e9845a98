#include "gw_maker.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_batch.h"
#include "gw_carry.h"
#include "gw_error.h"
#include "gw_gather.h"
#include "gw_intake.h"

/* The deleted one for this request alone, and as RingCentral has it now. *is_gone 0: it
 * is not there any more. */
static const scim_error_t *claim(gw_maker_t *m, gw_item_t *gone, int *is_gone)
{
    gw_account_t *a = m->session->account;
    rc_caller_t who = gw_session_caller(m->session);
    base_lock_t *lock;
    const apr_uint64_t id = gone->id;
    const scim_error_t *error = gw_gather_lock(m->session, m->p, id, &lock);
    rc_error_t *e;
    int found;

    if (!error) { /* it may have taken a while */
        error = gw_maker_look(m, gone, is_gone);
    }
    if (!error && *is_gone && gone->id != id) {
        return gw_lock_busy(m->p); /* the next try finds that one */
    }
    if (error || !*is_gone ||
        gone->fetched + a->conf->max_age >= base_now(m->session->env)) {
        return error;
    }
    e = gw_copy_reread(a, &who, m->p, gone->id, &found);
    return e ? gw_error(m->p, e, NULL, m->session->env)
             : gw_maker_look(m, gone, is_gone);
}

/* Comes back under the same id: what the request does not name is cleared. */
static const scim_error_t *revive(gw_maker_t *m, const gw_item_t *gone, int *is_gone)
{
    json_t *old = base_json_own(m->p, json_object());
    const scim_error_t *error;
    rc_error_t *e;
    int i;

    m->item = *gone;
    for (i = 0; i < GW_ROWS; i++) {
        const char *text =
            gw_item_value(m->p, &m->session->account->style, &m->item, &gw_rows[i]);

        if (text) {
            gw_row_put(&gw_rows[i], old, text);
        }
    }
    error = gw_maker_plan(m, old);
    if (error) {
        return error;
    }
    /* The mark goes in either case. */
    if (!json_object_get(m->plan.body, "statusInfo")) {
        int on = json_object_get(m->plan.body, "status") != NULL;

        json_object_set_new(
            m->plan.body, "statusInfo",
            json_pack("{s:s}", "comment", on ? "" : GW_DISABLED_COMMENT));
    }
    e = gw_carry_update(m->session, m->p, &m->plan, &m->item, NULL);
    if (e && gw_maker_replace_password(m, e)) {
        e = gw_carry_update(m->session, m->p, &m->plan, &m->item, NULL);
    }
    if (e && e->kind == RC_NOT_FOUND) {
        *is_gone = 0;
        return NULL;
    }
    return e ? gw_maker_give_up(m, e) : NULL;
}

static const scim_error_t *make_new(gw_maker_t *m)
{
    const scim_error_t *error = gw_maker_plan_new(m);

    if (error) {
        return error;
    }
    return m->session->policy->create == GW_CREATE_UNASSIGNED ? gw_maker_fill(m)
                                                              : gw_maker_create(m);
}

static const scim_error_t *make(gw_maker_t *m)
{
    gw_item_t gone;
    int is_gone;
    const scim_error_t *error = gw_maker_must_be_free(m, &gone, &is_gone);

    if (!error && is_gone) {
        error = claim(m, &gone, &is_gone);
    }
    if (!error && is_gone) {
        error = revive(m, &gone, &is_gone);
        if (!is_gone) {
            gw_copy_bury(m->session->account, m->p, gone.id, m->session->env);
            memset(&m->item, 0, sizeof m->item);
        }
    }
    return error || is_gone ? error : make_new(m);
}

const scim_error_t *gw_maker_finish(gw_maker_t *m, apr_pool_t *p, scim_record_t *record,
                                    const char **id)
{
    const scim_error_t *error = make(m);

    return error ? error : gw_maker_store(m, p, record, id);
}

const scim_error_t *gw_create_alone(gw_session_t *session, apr_pool_t *p,
                                    const json_t *resource, scim_record_t *record,
                                    const char **id)
{
    gw_maker_t *m;
    const scim_error_t *error = gw_maker_begin(session, p, resource, &m);

    if (error) {
        return error;
    }
    error = gw_maker_finish(m, p, record, id);
    base_lock_release(m->lock);
    return error;
}

const scim_error_t *gw_create(void *ctx, apr_pool_t *p, const json_t *resource,
                              scim_record_t *record, const char **id)
{
    gw_session_t *session = ctx;
    const scim_error_t *error = gw_copy_wait(session, p);

    if (error) {
        return error;
    }
    return session->policy->gather && gw_batch_suits(session, resource)
               ? gw_intake_create(session, p, resource, record, id)
               : gw_create_alone(session, p, resource, record, id);
}
