#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "gw_carry.h"
#include "gw_error.h"

typedef struct writer_t {
    gw_session_t *session;
    apr_pool_t *p;
    const char *id_text;
    apr_uint64_t id;
    gw_item_t item;
    dir_record_t record;
    base_lock_t *name_lock; /* of the new name, when there is one */
} writer_t;

/* The user as the copy has it; 404 when SCIM does not know the id. */
static const scim_error_t *load(writer_t *w)
{
    apr_status_t rv = w->id ? gw_copy_get(w->session->account, w->p, w->id, &w->item,
                                          &w->record, w->session->env)
                            : APR_NOTFOUND;

    if (rv == APR_SUCCESS && w->record.flags & DIR_LISTED) {
        return NULL;
    }
    return rv == APR_SUCCESS || rv == APR_NOTFOUND
               ? gw_error_not_found(w->p, w->id_text)
               : gw_error_store(w->p, rv);
}

static const scim_error_t *reload(writer_t *w)
{
    rc_caller_t who = gw_session_caller(w->session);
    int found;
    rc_error_t *e = gw_copy_reread(w->session->account, &who, w->p, w->id, &found);

    return e ? gw_error(w->p, e, NULL, w->session->env) : load(w);
}

/* Would the plan be based on what is not known? A list does not show the language. */
static int is_blind(const writer_t *w, const gw_plan_t *plan)
{
    return !(w->item.flags & DIR_DETAILED) &&
           json_object_get(plan->body, "regionalSettings");
}

static int is_old(const writer_t *w)
{
    return w->item.fetched + w->session->account->conf->max_age <
           base_now(w->session->env);
}

#define NAME_WAIT apr_time_from_sec(2)

static const scim_error_t *lock_name(writer_t *w, const char *folded)
{
    gw_session_t brief = *w->session;
    apr_time_t end = base_now(brief.env) + NAME_WAIT;

    if (w->name_lock) {
        return NULL; /* from a first look at an older copy */
    }
    brief.deadline = end < brief.deadline ? end : brief.deadline;
    return gw_lock(&brief, w->p, gw_name_lock(folded), &w->name_lock);
}

#define MAX_SAME_LOGIN 10

/* Does a user who was deleted by disabling still have the name? An old record is not
 * believed: somebody may have removed the extension, or enabled it again. */
static const scim_error_t *not_of_the_deleted(writer_t *w, const char *login,
                                              const dir_record_t *record)
{
    gw_account_t *account = w->session->account;
    rc_caller_t who = gw_session_caller(w->session);
    dir_record_t now = *record;
    gw_item_t item;
    int found = 1;
    rc_error_t *e = NULL;

    if (gw_item_load(w->p, record, &item) != APR_SUCCESS || !gw_item_is_marked(&item)) {
        return NULL;
    }
    if (record->fetched + account->conf->max_age < base_now(w->session->env)) {
        e = gw_copy_reread(account, &who, w->p, record->id, &found);
    }
    if (e) {
        return gw_error(w->p, e, NULL, w->session->env);
    }
    if (!found || gw_copy_get(account, w->p, record->id, &item, &now,
                              w->session->env) != APR_SUCCESS) {
        return NULL;
    }
    if (now.flags & DIR_LISTED) {
        return gw_error_taken(w->p, login, gw_id_text(w->p, now.id));
    }
    return gw_item_is_marked(&item)
               ? gw_error_kept(w->p, login, gw_id_text(w->p, now.id))
               : NULL;
}

/* Another user may not have the new name. RingCentral would refuse it too, but only
 * after a call, and only where it enforces unique names. The lock of the name, which a
 * create holds as well, is kept to the end of the request. It is waited for but a
 * moment: who creates may be waiting for this user. */
static const scim_error_t *name_is_free(writer_t *w, const char *login)
{
    const char *folded = base_str_fold(w->p, login);
    const scim_error_t *error = lock_name(w, folded);
    apr_array_header_t *records;
    apr_status_t rv;
    int i;

    if (!error) {
        error = gw_copy_ask(w->session, w->p, login);
    }
    if (error) {
        return error;
    }
    rv = dir_find(w->session->account->store, w->p, DIR_LOGIN, folded, MAX_SAME_LOGIN,
                  &records, w->session->env);

    for (i = 0; !error && rv == APR_SUCCESS && i < records->nelts; i++) {
        const dir_record_t *other = &APR_ARRAY_IDX(records, i, dir_record_t);

        if (other->id != w->id) {
            error = other->flags & DIR_LISTED
                        ? gw_error_taken(w->p, login, gw_id_text(w->p, other->id))
                        : not_of_the_deleted(w, login, other);
        }
    }
    return error || rv == APR_SUCCESS ? error : gw_error_store(w->p, rv);
}

/* Nobody takes the gateway's own user away from it: that would be its last call. */
static const scim_error_t *not_our_own(writer_t *w)
{
    rc_caller_t who = gw_session_caller(w->session);
    const char *owner;
    rc_error_t *e = rc_client_owner(w->session->account->client, &who, w->p, &owner);

    if (e) {
        return gw_error(w->p, e, NULL, w->session->env);
    }
    if (gw_id_parse(owner) != w->id) {
        return NULL;
    }
    return scim_error(
        w->p, 403, SCIM_TYPE_NONE,
        "user %s is the one whose JWT credential this gateway signs in to "
        "RingCentral with; it can be neither disabled nor deleted here",
        w->id_text);
}

/* What the client wants of the user as the copy has it. */
static const scim_error_t *want(writer_t *w, scim_change_fn change, void *baton,
                                gw_plan_t *plan, json_t **desired)
{
    json_t *current = gw_item_document(w->p, &w->record.doc);
    const scim_error_t *error;

    if (!current) {
        return gw_error_store(w->p, APR_EGENERAL);
    }
    error = change(baton, w->p, current, desired);
    if (!error) {
        *desired = gw_plan_complete(w->session, w->p, *desired);
        error = gw_plan_check(w->p, *desired);
    }
    if (!error) {
        error = gw_plan_make(w->session, w->p, &w->item, current, *desired, plan);
    }
    if (!error && plan->changed[gw_row_of(GW_LOGIN) - gw_rows]) {
        error = name_is_free(w, gw_row_get(gw_row_of(GW_LOGIN), *desired));
    }
    return error;
}

static int only_spelling(const gw_plan_t *plan)
{
    int i, changed = 0;

    for (i = 0; i < GW_ROWS; i++) {
        changed |= plan->changed[i];
    }
    return changed && !json_object_size(plan->body);
}

/* Who was not activated yet does not become so by being turned off and on. */
static void note_status(writer_t *w, const gw_plan_t *plan)
{
    if (base_str_same(base_json_string(plan->body, "status"), "Disabled") &&
        base_str_same(base_json_string(w->item.state, "status"), "NotActivated")) {
        json_object_set_new(w->item.memory, "was", json_string("NotActivated"));
    }
}

/* RingCentral does not have the user any more; nor does the copy from now on. */
static const scim_error_t *bury(writer_t *w)
{
    gw_copy_bury(w->session->account, w->p, w->id, w->session->env);
    return gw_error_not_found(w->p, w->id_text);
}

static const scim_error_t *carry_out(writer_t *w, gw_plan_t *plan,
                                     const json_t *desired, scim_record_t *record)
{
    rc_error_t *e;

    note_status(w, plan);
    e = gw_carry_update(w->session, w->p, plan, &w->item);
    if (!e) {
        return gw_carry_store(w->session, w->p, plan, &w->item, 0, record);
    }
    return e->kind == RC_NOT_FOUND ? bury(w)
                                   : gw_error(w->p, e, desired, w->session->env);
}

static const scim_error_t *update_locked(writer_t *w, scim_change_fn change,
                                         void *baton, scim_record_t *record)
{
    const scim_error_t *error = load(w);
    json_t *desired = NULL;
    gw_plan_t plan;

    if (error) {
        return error;
    }
    error = want(w, change, baton, &plan, &desired);
    if ((is_old(w) && (error || json_object_size(plan.body))) ||
        (!error && is_blind(w, &plan))) {
        /* Judged by what RingCentral has now. A change that changes nothing in an old
         * copy is not worth a call. */
        error = reload(w);
        if (!error) {
            error = want(w, change, baton, &plan, &desired);
        }
    }
    if (error) {
        return error;
    }
    if (base_str_same(base_json_string(plan.body, "status"), "Disabled")) {
        error = not_our_own(w);
        if (error) {
            return error;
        }
    }
    if (json_object_size(plan.body)) {
        return carry_out(w, &plan, desired, record);
    }
    if (only_spelling(&plan)) {
        return gw_carry_store(w->session, w->p, &plan, &w->item, 0, record);
    }
    record->text = w->record.doc.data;
    record->len = w->record.doc.len;
    record->mark = w->record.mark;
    return NULL;
}

static const scim_error_t *begin(writer_t *w, gw_session_t *session, apr_pool_t *p,
                                 const char *id)
{
    memset(w, 0, sizeof *w);
    w->session = session;
    w->p = p;
    w->id_text = id;
    w->id = gw_id_parse(id);
    return gw_copy_wait(session, p);
}

const scim_error_t *gw_update(void *ctx, apr_pool_t *p, const char *id,
                              scim_change_fn change, void *baton, scim_record_t *record)
{
    base_lock_t *lock = NULL;
    writer_t w;
    const scim_error_t *error = begin(&w, ctx, p, id);

    if (!error) {
        error = gw_lock(ctx, p, w.id, &lock);
    }
    if (!error) {
        error = update_locked(&w, change, baton, record);
    }
    base_lock_release(w.name_lock);
    base_lock_release(lock);
    return error;
}

/* The extension is disabled and marked, so that a copy made anew knows it too. */
static const scim_error_t *disable(writer_t *w)
{
    dir_record_t stored;
    apr_status_t rv;
    gw_plan_t plan;
    rc_error_t *e;

    memset(&plan, 0, sizeof plan);
    plan.body = base_json_own(
        w->p,
        json_pack("{s:s, s:{s:s, s:s}}", "status", "Disabled", "statusInfo", "reason",
                  "Voluntarily", "comment",
                  apr_psprintf(w->p,
                               GW_GONE_MARK " Deleted by the identity provider on %s. "
                                            "Leave this text as it is.",
                               base_time_format(w->p, base_now(w->session->env)))));
    note_status(w, &plan);
    e = gw_carry_update(w->session, w->p, &plan, &w->item);
    if (e) {
        return e->kind == RC_NOT_FOUND ? bury(w)
                                       : gw_error(w->p, e, NULL, w->session->env);
    }
    if (!gw_item_is_marked(&w->item)) {
        return scim_error(w->p, 502, SCIM_TYPE_NONE,
                          "RingCentral disabled extension %s but did not keep the mark "
                          "of its deletion",
                          w->id_text);
    }
    rv = gw_copy_put(w->session->account, w->p, &w->item, &stored, w->session->env);
    return rv == APR_SUCCESS ? NULL : gw_error_store(w->p, rv);
}

static rc_error_t *remove_v2(writer_t *w, const rc_caller_t *who)
{
    json_t *result, *failed;
    rc_error_t *e, *item;
    const char *code;
    e = rc_extension_remove(w->session->account->client, who, w->p, &w->id_text, 1,
                            &result);

    if (e) {
        return e;
    }
    result = json_array_get(json_object_get(result, "records"), 0);
    if (!result) {
        return rc_error(w->p, RC_LOST, "the answer to the deletion is empty");
    }
    if (base_json_true(result, "bulkItemSuccessful")) {
        return NULL;
    }
    failed = json_array_get(json_object_get(result, "bulkItemErrors"), 0);
    code = base_json_string(failed, "errorCode");
    item = rc_error(
        w->p, base_str_same(code, "CMN-102") ? RC_NOT_FOUND : RC_INVALID, "%s",
        base_json_string(failed, "message") ? base_json_string(failed, "message")
                                            : "the deletion was refused");
    item->http_status = 400;
    item->code = code ? code : "";
    return item;
}

static int is_unassigned(writer_t *w)
{
    return gw_copy_get(w->session->account, w->p, w->id, &w->item, &w->record,
                       w->session->env) == APR_SUCCESS &&
           base_str_same(base_json_string(w->item.state, "status"), "Unassigned");
}

static const scim_error_t *delete_extension(writer_t *w)
{
    gw_account_t *account = w->session->account;
    rc_caller_t who = gw_session_caller(w->session);
    int try;
    rc_error_t *e = NULL, *lost = NULL;

    for (try = 0; try < 2; try++) {
        e = w->session->policy->remove == GW_DELETE_REMOVE
                ? remove_v2(w, &who)
                : rc_extension_release(account->client, &who, w->p, w->id_text);
        e = lost ? gw_error_after_loss(lost, e) : e;
        if (!e || e->kind != RC_LOST) {
            break;
        }
        /* An extension that is there but nobody's is the line that was released: a
         * second deletion would take it out of the pool. */
        if (!gw_copy_settle(account, &who, w->p, w->id) || is_unassigned(w)) {
            return NULL;
        }
        lost = e;
    }
    if (!e || e->kind == RC_NOT_FOUND) {
        apr_status_t rv = gw_copy_bury(account, w->p, w->id, w->session->env);

        if (rv != APR_SUCCESS) {
            return gw_error_store(w->p, rv);
        }
        return e && !lost ? gw_error_not_found(w->p, w->id_text) : NULL;
    }
    return gw_error(w->p, e, NULL, w->session->env);
}

const scim_error_t *gw_remove(void *ctx, apr_pool_t *p, const char *id)
{
    gw_session_t *session = ctx;
    base_lock_t *lock = NULL;
    writer_t w;
    const scim_error_t *error = begin(&w, session, p, id);

    if (!error) {
        error = gw_lock(session, p, w.id, &lock);
    }
    if (!error) {
        error = load(&w);
    }
    if (!error && is_old(&w)) {
        error = reload(&w);
    }
    if (!error) {
        error = not_our_own(&w);
    }
    if (!error) {
        error = session->policy->remove == GW_DELETE_DISABLE ? disable(&w)
                                                             : delete_extension(&w);
    }
    base_lock_release(lock);
    return error;
}
