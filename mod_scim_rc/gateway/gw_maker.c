#include "gw_maker.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_carry.h"
#include "gw_error.h"

#define MAX_SAME_LOGIN 10
#define POST_TRIES 3

const scim_error_t *gw_maker_begin(gw_session_t *session, apr_pool_t *p,
                                   const json_t *resource, gw_maker_t **maker)
{
    const json_t *wanted = gw_plan_complete(session, p, (json_t *)resource);
    const scim_error_t *error = gw_plan_check(p, wanted);
    gw_maker_t *m = apr_pcalloc(p, sizeof *m);

    if (error) {
        return error;
    }
    m->session = session;
    m->p = p;
    m->wanted = wanted;
    m->login = gw_row_get(gw_row_of(GW_LOGIN), wanted);
    m->folded = base_str_fold(p, m->login);
    *maker = m;
    return gw_lock(session, p, gw_name_lock(m->folded), &m->lock);
}

const scim_error_t *gw_maker_look(gw_maker_t *m, gw_item_t *gone, int *is_gone)
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

const scim_error_t *gw_maker_must_be_free(gw_maker_t *m, gw_item_t *gone, int *is_gone)
{
    const scim_error_t *error = gw_maker_look(m, gone, is_gone);

    if (error || *is_gone) {
        return error;
    }
    error = gw_copy_ask(m->session, m->p, m->login);
    return error ? error : gw_maker_look(m, gone, is_gone);
}

static void give_password(gw_maker_t *m)
{
    const char *password = gw_carry_password(m->p);

    if (password) { /* RingCentral enables nobody without one */
        json_object_set_new(m->plan.body, "password", json_string(password));
    }
}

const scim_error_t *gw_maker_plan(gw_maker_t *m, const json_t *current)
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

const scim_error_t *gw_maker_plan_new(gw_maker_t *m)
{
    m->item.state = base_json_own(m->p, json_object());
    m->item.memory = base_json_own(m->p, json_object());
    return gw_maker_plan(m, m->item.state);
}

int gw_maker_replace_password(gw_maker_t *m, const rc_error_t *e)
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

const scim_error_t *gw_maker_give_up(gw_maker_t *m, const rc_error_t *e)
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
static int is_wanted(gw_maker_t *m, const json_t *listed)
{
    const char *email = base_json_string(listed, "contact.email");
    gw_item_t item;

    memset(&item, 0, sizeof item);
    gw_item_absorb(m->p, &item, listed, 0, 0);
    return gw_item_is_user(&item) && !strcmp(base_str_fold(m->p, email), m->folded);
}

int gw_maker_find(gw_maker_t *m, json_t **found)
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
void gw_maker_adopt(gw_maker_t *m, json_t *listed)
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
static rc_error_t *post(gw_maker_t *m, int *again)
{
    rc_caller_t who = gw_session_caller(m->session);
    json_t *extension;
    rc_error_t *e;
    int found;

    who.place = m->place;
    m->place = NULL;
    e = rc_extension_create(m->session->account->client, &who, m->p, m->plan.body,
                            &extension);
    e = m->lost ? gw_error_after_loss(m->lost, e) : e;
    *again = 0;
    if (!e) {
        gw_item_absorb(m->p, &m->item, extension, base_now(m->session->env), 1);
    }
    else if (e->kind == RC_LOST || (m->lost && gw_error_is_duplicate(e))) {
        /* "Exists already" can be this request's own lost try. */
        found = gw_maker_find(m, &extension);
        if (found == 1) {
            gw_maker_adopt(m, extension);
            return NULL;
        }
        if (m->lost) {
            return m->lost; /* a list that lags: it is not another's name for sure */
        }
        *again = found == 0;
        m->lost = e;
    }
    else if (gw_maker_replace_password(m, e)) {
        *again = 1;
    }
    else if (m->plan.turns_on && gw_error_is_status(e)) {
        m->plan.turns_on = 0;
        json_object_set_new(m->plan.body, "status", json_string("NotActivated"));
        *again = 1;
    }
    return e;
}

/* A mail that cannot be sent does not undo a user: it is logged. */
static void welcome(gw_maker_t *m)
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

const scim_error_t *gw_maker_create(gw_maker_t *m)
{
    int again, tries = 0;
    rc_error_t *e;

    json_object_set_new(m->plan.body, "type", json_string("User"));
    do {
        e = post(m, &again);
    } while (again && ++tries < POST_TRIES);
    if (!e && m->session->policy->welcome_mail) {
        welcome(m);
    }
    return e ? gw_maker_give_up(m, e) : NULL;
}

const scim_error_t *gw_maker_store(gw_maker_t *m, apr_pool_t *p, scim_record_t *record,
                                   const char **id)
{
    *id = gw_id_text(p, m->item.id);
    return gw_carry_store(m->session, p, &m->plan, &m->item, 1, record);
}
