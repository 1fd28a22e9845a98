#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_carry.h"
#include "gw_error.h"

#define MAX_SAME_LOGIN 10
#define POST_TRIES 3
#define POOL_MAX 100 /* unassigned extensions that are looked at */

typedef struct maker_t {
    gw_session_t *session;
    apr_pool_t *p;
    const json_t *wanted;
    const char *login;  /* as sent */
    const char *folded; /* for comparison */
    gw_plan_t plan;
    gw_item_t item;
    rc_error_t *lost; /* the answer to a POST was */
} maker_t;

/* Looks for the name in the copy: 409 when a user has it. An extension that was deleted
 * by disabling goes into *gone. */
static const scim_error_t *look(maker_t *m, gw_item_t *gone, int *is_gone)
{
    apr_array_header_t *records;
    apr_status_t rv = dir_find(m->session->account->store, m->p, DIR_LOGIN, m->folded,
                               MAX_SAME_LOGIN, &records, m->session->env);
    int i;

    *is_gone = 0;
    for (i = 0; rv == APR_SUCCESS && i < records->nelts; i++) {
        const dir_record_t *record = &APR_ARRAY_IDX(records, i, dir_record_t);

        if (record->flags & DIR_LISTED) {
            return gw_error_taken(m->p, m->login, gw_id_text(m->p, record->id));
        }
        if (gw_item_load(m->p, record, gone) == APR_SUCCESS &&
            gw_item_is_marked(gone)) {
            *is_gone = 1;
        }
    }
    return rv == APR_SUCCESS ? NULL : gw_error_store(m->p, rv);
}

/* A 409 before RingCentral is asked for anything, where the copy knows; else one
 * question when the copy is too old to be trusted. */
static const scim_error_t *must_be_free(maker_t *m, gw_item_t *gone, int *is_gone)
{
    const scim_error_t *error = look(m, gone, is_gone);

    if (error || *is_gone) {
        return error;
    }
    error = gw_copy_ask(m->session, m->p, m->login);
    return error ? error : look(m, gone, is_gone);
}

static void give_password(maker_t *m)
{
    const char *password = gw_carry_password(m->p);

    if (password) { /* RingCentral enables nobody without one */
        json_object_set_new(m->plan.body, "password", json_string(password));
    }
}

static const scim_error_t *make_plan(maker_t *m, const json_t *current)
{
    const scim_error_t *error =
        gw_plan_make(m->session, m->p, &m->item, current, m->wanted, &m->plan);
    const char *active = gw_row_get(gw_row_of(GW_ACTIVE), m->wanted);

    if (error || (active && !strcmp(active, "false"))) {
        return error;
    }
    m->plan.turns_on = m->session->policy->new_status == GW_NEW_ENABLED;
    json_object_set_new(m->plan.body, "status",
                        json_string(m->plan.turns_on ? "Enabled" : "NotActivated"));
    if (m->plan.turns_on && !json_object_get(m->plan.body, "password")) {
        give_password(m);
    }
    return NULL;
}

/* Was the password refused? Identity providers send a random one with every create; it
 * must not keep the user from coming into being: 1, and there is another one or none.
 */
static int replace_password(maker_t *m, const rc_error_t *e)
{
    if (!json_object_get(m->plan.body, "password") || !gw_error_is_password(e)) {
        return 0;
    }
    base_log(
        m->session->env, BASE_LOG_NOTICE, APR_SUCCESS,
        "SCIMRC0108: RingCentral refuses the password sent for a new user (%s %s); "
        "the user gets another one",
        e->code, e->message);
    json_object_del(m->plan.body, "password");
    if (m->plan.turns_on) {
        give_password(m);
    }
    return 1;
}

/* The error for the client. Whoever repeats the request must find what may exist. */
static const scim_error_t *give_up(maker_t *m, const rc_error_t *e)
{
    if (e->kind == RC_LOST) {
        base_log(m->session->env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0109: the answer to a create was lost and the user is not to "
                 "be found (%s); the client is asked to repeat the request",
                 e->message);
    }
    if (e->kind == RC_LOST || gw_error_is_duplicate(e)) {
        gw_copy_doubt(m->session->account, m->login, m->p, m->session->env);
    }
    return gw_error(m->p, e, m->wanted, m->session->env);
}

/* Is this extension, from a list, the user that was asked for? Others may have the same
 * e-mail: a queue, say. */
static int is_wanted(maker_t *m, const json_t *listed)
{
    const char *email = base_json_string(listed, "contact.email");
    gw_item_t item;

    memset(&item, 0, sizeof item);
    gw_item_absorb(m->p, &item, listed, 0, 0);
    return gw_item_is_user(&item) && !strcmp(base_str_fold(m->p, email), m->folded);
}

/* After a create whose answer was lost: did RingCentral carry it out? 1 and the
 * extension in *found, 0, or -1 when that cannot be told now. */
static int find_created(maker_t *m, json_t **found)
{
    rc_extension_query_t query = {1, MAX_SAME_LOGIN, m->login, NULL};
    rc_caller_t who = gw_session_caller(m->session);
    json_t *list, *each;
    size_t i;

    if (rc_extension_list(m->session->account->client, &who, m->p, &query, &list)) {
        return -1;
    }
    json_array_foreach(json_object_get(list, "records"), i, each)
    {
        if (is_wanted(m, each)) {
            *found = each;
            return 1;
        }
    }
    return 0;
}

/* Takes a lost answer's extension as this request's. Only a list has described it so
 * far: reading it singly brings the rest, and is not vital. */
static void adopt(maker_t *m, json_t *listed)
{
    rc_caller_t who = gw_session_caller(m->session);
    json_t *full = NULL;
    const char *id = gw_id_text(m->p, (apr_uint64_t)base_json_int(listed, "id", 0));
    rc_error_t *e =
        rc_extension_read(m->session->account->client, &who, m->p, id, &full);

    base_log(m->session->env, BASE_LOG_NOTICE, APR_SUCCESS,
             "SCIMRC0107: the answer to the create of extension %s was lost; it was "
             "found by its e-mail and taken over",
             id);
    gw_item_absorb(m->p, &m->item, e ? listed : full, base_now(m->session->env), !e);
}

/* One POST, and what follows when it goes wrong. *again 1: repeat it. */
static rc_error_t *post(maker_t *m, int *again)
{
    rc_caller_t who = gw_session_caller(m->session);
    json_t *extension;
    rc_error_t *e = rc_extension_create(m->session->account->client, &who, m->p,
                                        m->plan.body, &extension);
    int found;

    e = m->lost ? gw_error_after_loss(m->lost, e) : e;
    *again = 0;
    if (!e) {
        gw_item_absorb(m->p, &m->item, extension, base_now(m->session->env), 1);
    }
    else if (e->kind == RC_LOST || (m->lost && gw_error_is_duplicate(e))) {
        /* "Exists already" can be this request's own lost try. */
        found = find_created(m, &extension);
        if (found == 1) {
            adopt(m, extension);
            return NULL;
        }
        if (m->lost) {
            return m->lost; /* a list that lags: it is not another's name for sure */
        }
        *again = found == 0;
        m->lost = e;
    }
    else if (replace_password(m, e)) {
        *again = 1;
    }
    else if (m->plan.turns_on && gw_error_is_status(e)) {
        m->plan.turns_on = 0;
        json_object_set_new(m->plan.body, "status", json_string("NotActivated"));
        *again = 1;
    }
    return e;
}

static const scim_error_t *create_extension(maker_t *m)
{
    int again, tries = 0;
    rc_error_t *e;

    json_object_set_new(m->plan.body, "type", json_string("User"));
    do {
        e = post(m, &again);
    } while (again && ++tries < POST_TRIES);
    return e ? give_up(m, e) : NULL;
}

/* ---- filling an unassigned extension ---- */

static const scim_error_t *pool_is_empty(maker_t *m)
{
    return scim_error(
        m->p, 403, SCIM_TYPE_NONE,
        "the RingCentral account has no unassigned extension left for "
        "\"%s\"; buy a line (a licence with a number) in the admin portal, "
        "or release one by deleting a user who is not needed any more",
        m->login);
}

/* Asks the platform which extensions are unassigned. */
static const scim_error_t *refresh_pool(maker_t *m)
{
    gw_account_t *a = m->session->account;
    rc_extension_query_t query = {1, POOL_MAX, NULL, "Unassigned"};
    rc_caller_t who = gw_session_caller(m->session);
    apr_time_t sent = base_now(m->session->env);
    json_t *list;
    rc_error_t *e = rc_extension_list(a->client, &who, m->p, &query, &list);
    apr_status_t rv;

    if (e) {
        return gw_error(m->p, e, NULL, m->session->env);
    }
    rv = gw_copy_absorb(a, m->p, json_object_get(list, "records"), sent, 0,
                        m->session->env);
    return rv == APR_SUCCESS ? NULL : gw_error_store(m->p, rv);
}

/* The extension as it is, if it is still unassigned: what another has been given must
 * not be overwritten, so the copy is not believed, however new it is. */
static const scim_error_t *load_unassigned(maker_t *m, apr_uint64_t id, int *free)
{
    gw_account_t *a = m->session->account;
    rc_caller_t who = gw_session_caller(m->session);
    dir_record_t record;
    int found;
    rc_error_t *e = gw_copy_reread(a, &who, m->p, id, &found);
    apr_status_t rv;

    if (e) {
        return gw_error(m->p, e, NULL, m->session->env);
    }
    rv = gw_copy_get(a, m->p, id, &m->item, &record, m->session->env);
    *free = rv == APR_SUCCESS &&
            base_str_same(base_json_string(m->item.state, "status"), "Unassigned");
    return rv == APR_SUCCESS || rv == APR_NOTFOUND ? NULL : gw_error_store(m->p, rv);
}

/* Fills one unassigned extension. *filled 0 without an error: it was not free any
 * more. */
static const scim_error_t *fill(maker_t *m, apr_uint64_t id, int *filled)
{
    gw_account_t *a = m->session->account;
    const scim_error_t *error;
    base_lock_t *lock;
    rc_error_t *e;
    int is_free = 0;

    *filled = 0;
    if (base_lock_acquire(&lock, m->p, a->lock_file, id, 0, m->session->env) !=
        APR_SUCCESS) {
        return NULL; /* somebody is filling it at this moment */
    }
    error = load_unassigned(m, id, &is_free);
    if (error || !is_free) {
        base_lock_release(lock);
        return error;
    }
    e = gw_carry_update(m->session, m->p, &m->plan, &m->item);
    if (e && replace_password(m, e)) {
        e = gw_carry_update(m->session, m->p, &m->plan, &m->item);
    }
    if (e && e->kind == RC_NOT_FOUND) {
        gw_copy_bury(a, m->p, id, m->session->env);
        base_lock_release(lock);
        return NULL;
    }
    *filled = !e;
    return e ? give_up(m, e) : NULL; /* the lock is held until the copy knows it */
}

/* Fills the first of the copy's unassigned extensions that can be had. */
static const scim_error_t *fill_any(maker_t *m, int *filled)
{
    apr_array_header_t *records;
    const scim_error_t *error = NULL;
    apr_status_t rv = dir_find(m->session->account->store, m->p, DIR_STATUS,
                               "Unassigned", POOL_MAX, &records, m->session->env);
    int i;

    *filled = 0;
    if (rv != APR_SUCCESS) {
        return gw_error_store(m->p, rv);
    }
    for (i = 0; i < records->nelts && !error && !*filled; i++) {
        error = fill(m, APR_ARRAY_IDX(records, i, dir_record_t).id, filled);
    }
    return error;
}

static const scim_error_t *create_unassigned(maker_t *m)
{
    const scim_error_t *error;
    int filled;

    /* RingCentral would send the mail unless told not to. */
    base_json_set_at(m->plan.body, "transition.sendWelcomeEmail",
                     json_boolean(m->session->policy->welcome_mail));
    error = fill_any(m, &filled);
    if (error || filled) {
        return error;
    }
    error = refresh_pool(m);
    if (!error) {
        error = fill_any(m, &filled);
    }
    return error || filled ? error : pool_is_empty(m);
}

/* A mail that cannot be sent does not undo a user: it is logged. */
static void welcome(maker_t *m)
{
    rc_caller_t who = gw_session_caller(m->session);
    rc_error_t *e = rc_welcome_send(m->session->account->client, &who, m->p, m->login);

    if (e) {
        base_log(
            m->session->env, BASE_LOG_WARNING, APR_SUCCESS,
            "SCIMRC0110: the welcome mail for extension %s was not sent (%s); send "
            "it from the RingCentral admin portal",
            gw_id_text(m->p, m->item.id), e->message);
    }
}

/* ---- bringing back who was deleted by disabling ---- */

/* The deleted one for this request alone, and as RingCentral has it now. *is_gone 0: it
 * is not there any more. */
static const scim_error_t *claim(maker_t *m, gw_item_t *gone, int *is_gone)
{
    gw_account_t *a = m->session->account;
    rc_caller_t who = gw_session_caller(m->session);
    base_lock_t *lock;
    const scim_error_t *error = gw_lock(m->session, m->p, gone->id, &lock);
    rc_error_t *e;
    int found;

    if (error || gone->fetched + a->conf->max_age >= base_now(m->session->env)) {
        return error;
    }
    e = gw_copy_reread(a, &who, m->p, gone->id, &found);
    return e ? gw_error(m->p, e, NULL, m->session->env) : look(m, gone, is_gone);
}

/* Comes back under the same id: what the request does not name is cleared. */
static const scim_error_t *revive(maker_t *m, const gw_item_t *gone, int *is_gone)
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
    error = make_plan(m, old);
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
    e = gw_carry_update(m->session, m->p, &m->plan, &m->item);
    if (e && replace_password(m, e)) {
        e = gw_carry_update(m->session, m->p, &m->plan, &m->item);
    }
    if (e && e->kind == RC_NOT_FOUND) {
        *is_gone = 0;
        return NULL;
    }
    return e ? give_up(m, e) : NULL;
}

static const scim_error_t *make_new(maker_t *m)
{
    const scim_error_t *error;

    m->item.state = base_json_own(m->p, json_object());
    m->item.memory = base_json_own(m->p, json_object());
    error = make_plan(m, m->item.state);
    if (error) {
        return error;
    }
    if (m->session->policy->create == GW_CREATE_UNASSIGNED) {
        return create_unassigned(m);
    }
    error = create_extension(m);
    if (!error && m->session->policy->welcome_mail) {
        welcome(m);
    }
    return error;
}

static const scim_error_t *make(maker_t *m)
{
    gw_item_t gone;
    int is_gone;
    const scim_error_t *error = must_be_free(m, &gone, &is_gone);

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

const scim_error_t *gw_create(void *ctx, apr_pool_t *p, const json_t *resource,
                              scim_record_t *record, const char **id)
{
    gw_session_t *session = ctx;
    const scim_error_t *error = gw_copy_wait(session, p);
    maker_t *m = apr_pcalloc(p, sizeof *m);
    base_lock_t *lock;

    if (!error) {
        resource = gw_plan_complete(session, p, (json_t *)resource);
        error = gw_plan_check(p, resource);
    }
    if (error) {
        return error;
    }
    m->session = session;
    m->p = p;
    m->wanted = resource;
    m->login = gw_row_get(gw_row_of(GW_LOGIN), resource);
    m->folded = base_str_fold(p, m->login);
    error = gw_lock(session, p, gw_name_lock(m->folded), &lock);
    if (error) {
        return error;
    }
    error = make(m);
    if (!error) {
        error = gw_carry_store(session, p, &m->plan, &m->item, 1, record);
        *id = gw_id_text(p, m->item.id);
    }
    base_lock_release(lock);
    return error;
}
