#include "gw_plan.h"

#include <string.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_error.h"

/* One value on its way to RingCentral. */
typedef struct wire_t {
    json_t *value;    /* to be sent; new reference, or NULL: this is not to be sent */
    const char *text; /* how it will read back: the row's field of the extension */
} wire_t;

typedef struct maker_t {
    gw_session_t *session;
    apr_pool_t *p;
    const gw_item_t *item;
    const json_t *desired;
    gw_plan_t *plan;
} maker_t;

static const gw_row_t work_email = {NULL, "emails", "work", "value",
                                    "",   GW_TEXT,  0,      ""};

static int is_same_name(apr_pool_t *p, const char *a, const char *b)
{
    return a && b && !strcmp(base_str_fold(p, a), base_str_fold(p, b));
}

/* May this e-mail stand for the work e-mail: because it is another one of that type,
 * which an "add" has put beside it, or there is none and the client is humoured? */
static int may_be_work(const gw_session_t *session, const json_t *email, int has_work)
{
    return base_str_same(base_json_string(email, "type"), work_email.type) ||
           (session->policy->tolerant && !has_work);
}

json_t *gw_plan_complete(const gw_session_t *session, apr_pool_t *p, json_t *desired)
{
    const char *login = gw_row_get(gw_row_of(GW_LOGIN), desired);
    const char *work = gw_row_get(&work_email, desired);
    json_t *each;
    size_t i;

    if (!login || is_same_name(p, login, work)) {
        return desired;
    }
    json_array_foreach(json_object_get(desired, "emails"), i, each)
    {
        const char *address = base_json_string(each, "value");

        if (is_same_name(p, login, address) &&
            may_be_work(session, each, work != NULL)) {
            desired = base_json_own(p, base_json_copy(desired));
            gw_row_put(&work_email, desired, address);
            return desired;
        }
    }
    return desired;
}

const scim_error_t *gw_plan_check(apr_pool_t *p, const json_t *desired)
{
    const char *login = gw_row_get(gw_row_of(GW_LOGIN), desired);
    const char *address = gw_row_get(&work_email, desired);

    if (!address) {
        return scim_error(
            p, 400, SCIM_INVALID_VALUE,
            "emails[type eq \"work\"].value is missing; RingCentral wants "
            "the work e-mail, equal to userName (\"%s\")",
            login ? login : "");
    }
    if (!login || strcmp(base_str_fold(p, login), base_str_fold(p, address))) {
        return scim_error(p, 400, SCIM_INVALID_VALUE,
                          "userName is \"%s\" and emails[type eq \"work\"].value is "
                          "\"%s\"; RingCentral signs people in with their work e-mail, "
                          "so both must be the same",
                          login ? login : "", address);
    }
    return NULL;
}

static const scim_error_t *need(maker_t *m, rc_dictionary_t which)
{
    gw_account_t *a = m->session->account;
    rc_caller_t who = gw_session_caller(m->session);
    rc_error_t *e = gw_dictionary_need(a->style.dictionaries, m->p, which, a->store,
                                       a->client, &who);

    return e ? gw_error(m->p, e, NULL, m->session->env) : NULL;
}

static const scim_error_t *unknown_place(maker_t *m, const gw_row_t *row,
                                         const char *text)
{
    return scim_error(m->p, 400, SCIM_INVALID_VALUE,
                      "%s: \"%s\" is not known to RingCentral; it wants %s",
                      gw_row_path(m->p, row), text, row->hint);
}

static const scim_error_t *make_country(maker_t *m, const gw_row_t *row,
                                        const char *text, wire_t *wire)
{
    const scim_error_t *error = need(m, RC_DICT_COUNTRIES);
    const gw_term_t *term;

    if (error) {
        return error;
    }
    term = gw_country(m->session->account->style.dictionaries, m->p, text);
    if (!term) {
        return unknown_place(m, row, text);
    }
    wire->text = term->name;
    wire->value = json_string(term->name);
    return NULL;
}

static const scim_error_t *make_region(maker_t *m, const gw_row_t *row,
                                       const char *text, wire_t *wire)
{
    gw_dictionaries_t *d = m->session->account->style.dictionaries;
    const gw_row_t *country_row = gw_row_of(GW_COUNTRY);
    const char *of = gw_row_get(country_row, m->desired);
    const gw_term_t *country, *term;
    const scim_error_t *error = need(m, RC_DICT_COUNTRIES);

    if (!error) {
        error = need(m, RC_DICT_STATES);
    }
    if (error) {
        return error;
    }
    if (!of) {
        of = gw_row_field(country_row, m->item->state);
    }
    country = of ? gw_country(d, m->p, of) : NULL;
    term = gw_state(d, m->p, country ? country->id : NULL, text);
    if (!term && country && gw_country_has_states(d, country->id)) {
        return unknown_place(m, row, text);
    }
    wire->text = term ? term->code : text;
    wire->value = json_string(wire->text);
    return NULL;
}

/* A language or time zone that RingCentral does not have is no reason to refuse a
 * person a telephone: it is left as it is. */
static const scim_error_t *make_regional(maker_t *m, const gw_row_t *row,
                                         const char *text, wire_t *wire)
{
    gw_dictionaries_t *d = m->session->account->style.dictionaries;
    int language = row->kind == GW_LANGUAGE;
    const scim_error_t *error =
        need(m, language ? RC_DICT_LANGUAGES : RC_DICT_TIMEZONES);
    const gw_term_t *term;

    if (error) {
        return error;
    }
    term = language ? gw_language(d, m->p, text) : gw_timezone(d, m->p, text);
    if (!term) {
        base_log(m->session->env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0102: %s \"%s\" is not offered by RingCentral; left as it is",
                 row->attr, text);
        m->plan->sent[row - gw_rows] = NULL;
        m->plan->changed[row - gw_rows] = 0;
        return NULL;
    }
    wire->text = term->code;
    wire->value = json_pack("{s:s}", "id", term->id);
    return NULL;
}

static const scim_error_t *make_status(maker_t *m, const char *text, wire_t *wire)
{
    const char *was = base_json_string(m->item->memory, "was");
    int on = !strcmp(text, "true");

    wire->text = text;
    wire->value = json_string(!on ? "Disabled" : was ? was : "Enabled");
    m->plan->turns_on = on && !was;
    if (!on) {
        json_object_set_new(m->plan->body, "statusInfo",
                            json_pack("{s:s}", "comment", GW_DISABLED_COMMENT));
    }
    return NULL;
}

static const scim_error_t *make_wire(maker_t *m, const gw_row_t *row, const char *text,
                                     wire_t *wire)
{
    memset(wire, 0, sizeof *wire);
    switch (row->kind) {
    case GW_LOGIN: /* goes with the e-mail */
        return NULL;
    case GW_COUNTRY:
        return text ? make_country(m, row, text, wire) : NULL;
    case GW_REGION:
        return text ? make_region(m, row, text, wire) : NULL;
    case GW_LANGUAGE:
    case GW_TIMEZONE:
        return text ? make_regional(m, row, text, wire) : NULL;
    case GW_ACTIVE:
        return text ? make_status(m, text, wire) : NULL;
    case GW_REFERENCE:
        wire->text = text;
        wire->value = text ? json_pack("[{s:s,s:s}]", "ref", text, "type", row->field)
                           : json_array();
        return NULL;
    default:
        wire->text = text;
        wire->value = text ? json_string(text) : NULL;
        return NULL;
    }
}

/* Other references than ours stay in the list, which RingCentral may replace. */
static void keep_other_references(maker_t *m, const gw_row_t *row, json_t *list)
{
    json_t *each;
    size_t i;

    json_array_foreach(json_object_get(m->item->state, "references"), i, each)
    {
        if (!base_str_same(base_json_string(each, "type"), row->field)) {
            json_array_append(list, each);
        }
    }
}

static int can_be_empty(const gw_row_t *row)
{
    return !(row->flags & GW_ROW_FIXED) &&
           (row->kind == GW_TEXT || row->kind == GW_COUNTRY || row->kind == GW_REGION);
}

static const scim_error_t *add_row(maker_t *m, const gw_row_t *row, const char *text)
{
    const char *now = gw_row_field(row, m->item->state);
    const scim_error_t *error;
    const char *field = row->field;
    wire_t wire;

    error = make_wire(m, row, text, &wire);
    if (error) {
        return error;
    }
    if (row->kind == GW_REFERENCE) {
        keep_other_references(m, row, wire.value);
        field = "references";
    }
    if (!text && can_be_empty(row)) {
        wire.text = NULL;
        wire.value = json_string("");
    }
    if (!wire.value) {
        return NULL;
    }
    if (row->kind != GW_PASSWORD &&
        (now == wire.text || (now && wire.text && !strcmp(now, wire.text)))) {
        json_decref(wire.value); /* another spelling of what is there */
        return NULL;
    }
    base_json_set_at(m->plan->body, field, wire.value);
    return NULL;
}

/* Sends `row` too, as it stays, when `partner` is sent. */
static const scim_error_t *add_partner(maker_t *m, const gw_row_t *partner,
                                       const gw_row_t *row)
{
    const char *sent = base_json_string(m->plan->body, partner->field);
    const char *text = gw_row_get(row, m->desired);
    const scim_error_t *error;
    wire_t wire;

    if (!sent || !*sent || !text || base_json_at(m->plan->body, row->field)) {
        return NULL;
    }
    error = make_wire(m, row, text, &wire);
    if (!error) {
        base_json_set_at(m->plan->body, row->field, wire.value);
    }
    return error;
}

/* RingCentral wants a state with the country where there are states: with one of the
 * two it gets both. */
static const scim_error_t *pair_places(maker_t *m)
{
    const gw_row_t *country = gw_row_of(GW_COUNTRY), *region = gw_row_of(GW_REGION);
    const scim_error_t *error = add_partner(m, country, region);

    return error ? error : add_partner(m, region, country);
}

static int differ(const char *a, const char *b)
{
    return (a || b) && (!a || !b || strcmp(a, b));
}

const scim_error_t *gw_plan_make(gw_session_t *session, apr_pool_t *p,
                                 const gw_item_t *item, const json_t *current,
                                 const json_t *desired, gw_plan_t *plan)
{
    maker_t m = {session, p, item, desired, plan};
    const scim_error_t *error = NULL;
    int i;

    memset(plan, 0, sizeof *plan);
    plan->body = base_json_own(p, json_object());
    for (i = 0; !error && i < GW_ROWS; i++) {
        plan->sent[i] = gw_row_get(&gw_rows[i], desired);
        plan->changed[i] = differ(gw_row_get(&gw_rows[i], current), plan->sent[i]);
        if (plan->changed[i]) {
            error = add_row(&m, &gw_rows[i], plan->sent[i]);
        }
    }
    if (!error) {
        error = pair_places(&m);
    }
    if (!error && base_json_at(plan->body, "contact.email")) {
        /* The platform's own default is documented both ways, so it is always said. */
        base_json_set_at(plan->body, "contact.emailAsLoginName", json_true());
    }
    return error;
}

void gw_plan_remember(gw_session_t *session, apr_pool_t *p, const gw_plan_t *plan,
                      gw_item_t *item, int created)
{
    int i;

    for (i = 0; i < GW_ROWS; i++) {
        const gw_row_t *row = &gw_rows[i];

        if (row->kind == GW_ACTIVE || row->kind == GW_PASSWORD) {
            continue;
        }
        if (plan->sent[i] && (plan->changed[i] || created)) {
            gw_item_remember(p, item, row, plan->sent[i]);
        }
        else if (created && row->flags & GW_ROW_DEFAULTED) {
            gw_item_remember(p, item, row, NULL);
        }
        else if (plan->changed[i]) {
            gw_item_forget(p, item, row);
            if (gw_row_field(row, item->state)) {
                base_log(session->env, BASE_LOG_NOTICE, APR_SUCCESS,
                         "SCIMRC0103: RingCentral keeps the %s of extension %s, which "
                         "the client cleared; the client is shown the value that stays",
                         gw_row_path(p, row), gw_id_text(p, item->id));
            }
        }
    }
}
