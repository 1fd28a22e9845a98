/* The fake platform's extensions. */
#include "fake_rc_private.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"

/* An extension, and what it was before, so that lists can lag. */
typedef struct extension_t {
    apr_uint64_t id;
    json_t *now;                 /* NULL: deleted */
    apr_array_header_t *history; /* of past_t, the last is `now` */
} extension_t;

typedef struct past_t {
    apr_time_t at;
    json_t *state;
} past_t;

static const char company[] =
    "{'type':'User','status':'Enabled','hidden':false,'setupWizardState':'NotStarted',"
    "'regionalSettings':{'language':{'id':'1033','localeCode':'en-US'},"
    "'formattingLocale':{'id':'1033','localeCode':'en-US'},"
    "'timezone':{'id':'58','name':'US/Pacific'}}}";

static const char company_address[] =
    "{'country':'United States','state':'CA','city':'Belmont','street':'20 Davis "
    "Drive',"
    "'zip':'94002'}";

static extension_t *find(const fake_rc_t *f, apr_uint64_t id)
{
    int i;

    for (i = 0; i < f->extensions->nelts; i++) {
        extension_t *e = APR_ARRAY_IDX(f->extensions, i, extension_t *);

        if (e->id == id && e->now) {
            return e;
        }
    }
    return NULL;
}

static void note(fake_rc_t *f, extension_t *e)
{
    past_t *past = apr_array_push(e->history);

    past->at = base_now(f->env);
    past->state = e->now ? base_json_own(f->p, json_deep_copy(e->now)) : NULL;
}

/* Takes `state`, which has no id yet. */
static extension_t *add(fake_rc_t *f, json_t *state)
{
    extension_t *e = apr_pcalloc(f->p, sizeof *e);

    e->id = f->next_id++;
    e->now = base_json_own(f->p, state);
    e->history = apr_array_make(f->p, 1, sizeof(past_t));
    json_object_set_new(state, "id", json_integer((json_int_t)e->id));
    if (!json_object_get(state, "creationTime")) {
        json_object_set_new(state, "creationTime",
                            json_string(base_time_format(f->p, base_now(f->env))));
    }
    APR_ARRAY_PUSH(f->extensions, extension_t *) = e;
    note(f, e);
    return e;
}

/* Adds to a list of references; of each type there is one. */
static void merge_references(json_t *into, const json_t *from)
{
    json_t *each;
    size_t i, j;

    json_array_foreach((json_t *)from, i, each)
    {
        for (j = json_array_size(into); j-- > 0;) {
            if (!strcmp(base_json_string(json_array_get(into, j), "type"),
                        base_json_string(each, "type"))) {
                json_array_remove(into, j);
            }
        }
        json_array_append(into, each);
    }
}

static void merge(fake_rc_t *f, json_t *into, const json_t *from)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)from, name, value)
    {
        json_t *old = json_object_get(into, name);

        if (json_is_object(value)) {
            if (!old) {
                json_object_set_new(into, name, json_object());
                old = json_object_get(into, name);
            }
            merge(f, old, value);
        }
        else if (json_is_null(value)) {
            json_object_del(into, name);
        }
        else if (json_is_string(value) && !*json_string_value(value)) {
            if (!f->keeps_cleared) {
                json_object_del(into, name);
            }
        }
        else if (json_is_array(old) && f->merges_references) {
            merge_references(old, value);
        }
        else {
            json_object_set_new(into, name, json_deep_copy(value));
        }
    }
}

static void give_number(fake_rc_t *f, json_t *state)
{
    if (!json_object_get(state, "extensionNumber")) {
        json_object_set_new(state, "extensionNumber",
                            json_string(apr_itoa(f->p, f->next_number++)));
    }
}

apr_uint64_t fake_rc_add(fake_rc_t *f, const char *members)
{
    json_t *state = json_deep_copy(fake_json(f->p, company));

    json_object_set_new(state, "contact", json_object());
    merge(f, state, fake_json(f->p, members));
    if (!base_str_same(base_json_string(state, "status"), "Unassigned")) {
        give_number(f, state);
    }
    return add(f, state)->id;
}

apr_uint64_t fake_rc_user(fake_rc_t *f, const char *first, const char *last,
                          const char *email)
{
    return fake_rc_add(
        f, apr_psprintf(f->p,
                        "{'contact':{'firstName':'%s','lastName':'%s','email':'%s'}}",
                        first, last, email));
}

apr_uint64_t fake_rc_unassigned(fake_rc_t *f)
{
    return fake_rc_add(f,
                       apr_psprintf(f->p,
                                    "{'status':'Unassigned','hidden':true,'_line':true,"
                                    "'_direct':'+1650555%04d'}",
                                    (int)(f->next_id % 10000)));
}

void fake_rc_edit(fake_rc_t *f, apr_uint64_t id, const char *members)
{
    extension_t *e = find(f, id);

    merge(f, e->now, fake_json(f->p, members));
    note(f, e);
}

void fake_rc_drop(fake_rc_t *f, apr_uint64_t id)
{
    extension_t *e = find(f, id);

    e->now = NULL;
    note(f, e);
}

const json_t *fake_rc_extension(const fake_rc_t *f, apr_uint64_t id)
{
    const extension_t *e = find(f, id);

    return e ? e->now : NULL;
}

int fake_rc_count(const fake_rc_t *f, const char *email)
{
    int i, n = 0;

    for (i = 0; i < f->extensions->nelts; i++) {
        const extension_t *e = APR_ARRAY_IDX(f->extensions, i, extension_t *);

        n += base_str_same(base_json_string(e->now, "contact.email"), email);
    }
    return n;
}

/* ---- lists and reads ---- */

/* What is shown of an extension; a list leaves some out. A new reference. */
static json_t *shown(const json_t *state, int single)
{
    int unassigned = base_str_same(base_json_string(state, "status"), "Unassigned");
    json_t *out = json_object(), *value;
    const char *name;

    json_object_foreach((json_t *)state, name, value)
    {
        int detail = !strcmp(name, "regionalSettings") || !strcmp(name, "statusInfo") ||
                     !strcmp(name, "setupWizardState");
        int bare = !strcmp(name, "id") || !strcmp(name, "type") ||
                   !strcmp(name, "status") || (!single && !detail);

        if (*name != '_' && (unassigned ? bare : single || !detail)) {
            json_object_set_new(out, name, json_deep_copy(value));
        }
    }
    return out;
}

static json_t *shown_in_list(const json_t *state)
{
    return shown(state, 0);
}

/* As it was at that time; NULL when it was not there. */
static const json_t *as_of(const extension_t *e, apr_time_t when)
{
    int i = e->history->nelts;

    while (i-- > 0) {
        const past_t *past = &APR_ARRAY_IDX(e->history, i, past_t);

        if (past->at <= when) {
            return past->state;
        }
    }
    return NULL;
}

void fake_list(fake_exchange_t *x)
{
    fake_rc_t *f = x->f;
    const char *email = apr_table_get(x->query, "email");
    const char *status = apr_table_get(x->query, "status");
    json_t *records = json_array();
    int i = f->extensions->nelts;

    while (i-- > 0) { /* the newest first, so that nobody takes it for sorted */
        const json_t *state = as_of(APR_ARRAY_IDX(f->extensions, i, extension_t *),
                                    base_now(f->env) - f->list_lag);

        if (state &&
            (!email ||
             base_str_same(base_json_string(state, "contact.email"), email)) &&
            (!status || base_str_same(base_json_string(state, "status"), status))) {
            json_array_append(records, (json_t *)state);
        }
    }
    if (f->account) {
        x->uri = apr_pstrcat(x->p, "https://platform.example/restapi/v1.0/account/",
                             f->account, "/extension?page=1&perPage=1000", NULL);
    }
    fake_answer_page(x, records, 100, shown_in_list);
}

static extension_t *find_or_refuse(fake_exchange_t *x)
{
    extension_t *e = find(x->f, x->id);

    if (!e) {
        fake_refuse(x, 404, "CMN-102",
                    "Resource for parameter [extensionId] is not found", "extensionId");
    }
    return e;
}

void fake_read(fake_exchange_t *x)
{
    extension_t *e = find_or_refuse(x);

    if (e) {
        fake_answer(x, shown(e->now, 1));
    }
}

void fake_entries(fake_exchange_t *x)
{
    fake_rc_t *f = x->f;
    json_t *records = json_array();
    int i;

    for (i = 0; i < f->extensions->nelts; i++) {
        const extension_t *e = APR_ARRAY_IDX(f->extensions, i, extension_t *);
        const char *direct = base_json_string(e->now, "_direct");
        json_t *entry;

        if (!e->now ||
            base_str_same(base_json_string(e->now, "status"), "Unassigned")) {
            continue;
        }
        entry =
            json_pack("{s:s, s:[{s:s, s:s}]}", "id",
                      apr_psprintf(x->p, "%" APR_UINT64_T_FMT, e->id), "phoneNumbers",
                      "phoneNumber", "+18005550100", "usageType", "CompanyNumber");
        if (direct) {
            json_array_append_new(json_object_get(entry, "phoneNumbers"),
                                  json_pack("{s:s, s:s}", "phoneNumber", direct,
                                            "usageType", "DirectNumber"));
        }
        json_array_append_new(records, entry);
    }
    fake_answer_page(x, records, 1000, NULL);
    if (f->tags) {
        fake_tag(x);
    }
}

/* ---- writes ---- */

/* The record of a dictionary that has `text` as its code or name; borrowed. */
static const json_t *lookup(fake_rc_t *f, const char *dictionary, const char *text,
                            const char *country)
{
    json_t *records = base_json_own(f->p, fake_dictionary(f, dictionary)), *each;
    size_t i;

    json_array_foreach(records, i, each)
    {
        if ((base_str_same(base_json_string(each, "isoCode"), text) ||
             base_str_same(base_json_string(each, "name"), text)) &&
            (!country || !strcmp(base_json_string(each, "country.id"), country))) {
            return each;
        }
    }
    return NULL;
}

/* Brings the address into the platform's form; NULL, or the parameter that is wrong. */
static const char *settle_address(fake_rc_t *f, json_t *state)
{
    json_t *address = base_json_at(state, "contact.businessAddress");
    const char *region = base_json_string(address, "state");
    const json_t *country, *found;
    const char *code;

    if (!address) {
        return NULL;
    }
    country = lookup(f, "country", base_json_string(address, "country"), NULL);
    if (!country) {
        return "contact.businessAddress.country";
    }
    json_object_set(address, "country", json_object_get(country, "name"));
    found = lookup(f, "state", region, base_json_string(country, "id"));
    code = base_json_string(country, "isoCode");
    if (!found && (!strcmp(code, "US") || !strcmp(code, "CA") || !strcmp(code, "GB"))) {
        return "contact.businessAddress.state";
    }
    if (found) {
        json_object_set(address, "state",
                        json_object_get(found, f->state_names ? "name" : "isoCode"));
    }
    return NULL;
}

/* Regional settings are given by id and shown with what the dictionary says. */
static const char *settle_region(fake_rc_t *f, json_t *state)
{
    static const struct {
        const char *member, *dictionary;
    } settings[] = {{"language", "language"},
                    {"formattingLocale", "language"},
                    {"timezone", "timezone"}};
    json_t *region = json_object_get(state, "regionalSettings"), *each;
    apr_size_t s;
    size_t i;

    for (s = 0; s < sizeof settings / sizeof *settings; s++) {
        const char *id =
            base_json_string(json_object_get(region, settings[s].member), "id");
        json_t *records =
            base_json_own(f->p, fake_dictionary(f, settings[s].dictionary));

        json_array_foreach(records, i, each)
        {
            if (!strcmp(base_json_string(each, "id"), id)) {
                json_object_set(region, settings[s].member, each);
                break;
            }
        }
        if (i == json_array_size(records)) {
            return "regionalSettings";
        }
    }
    return NULL;
}

/* May `from` become what `state` says? Refuses if not. */
static int may_become(fake_exchange_t *x, const char *from, const json_t *state)
{
    const char *to = base_json_string(state, "status");
    int enables = !strcmp(to, "Enabled") && strcmp(from, "Enabled") != 0;

    if (enables && (x->f->refuses_enabled || (!base_str_same(from, "Disabled") &&
                                              !json_object_get(state, "_password")))) {
        fake_refuse(x, 400, "CMN-101", "Parameter [status] value is invalid.",
                    x->f->names_status ? "status" : NULL);
        return 0;
    }
    if (!strcmp(to, "NotActivated") && !strcmp(from, "Enabled")) {
        fake_refuse_value(x, "status");
        return 0;
    }
    return 1;
}

/* Puts a password where nobody sees it. Refuses a bad one. */
static int take_password(fake_exchange_t *x, json_t *state)
{
    const char *password = base_json_string(state, "password");

    if (password && !strpbrk(password, "0123456789")) {
        fake_refuse(x, 400, "PWD-002", "Password must contain at least one number",
                    "password");
        return 0;
    }
    if (password) {
        json_object_set(state, "_password", json_object_get(state, "password"));
        json_object_del(state, "password");
    }
    return 1;
}

/* Judges what an extension would become. */
static int is_sound(fake_exchange_t *x, const extension_t *self, const char *from,
                    json_t *state)
{
    fake_rc_t *f = x->f;
    const char *email = base_json_string(state, "contact.email"), *wrong = NULL;
    int i;

    if (!base_json_string(state, "contact.firstName")) {
        wrong = "contact.firstName";
    }
    else if (!email || !strchr(email, '@')) {
        wrong = "contact.email";
    }
    wrong = wrong ? wrong : settle_address(f, state);
    wrong = wrong ? wrong : settle_region(f, state);
    if (wrong) {
        fake_refuse_value(x, wrong);
        return 0;
    }
    for (i = 0; i < f->extensions->nelts && !f->allows_same_login; i++) {
        const extension_t *other = APR_ARRAY_IDX(f->extensions, i, extension_t *);

        if (other != self && other->now &&
            base_json_true(state, "contact.emailAsLoginName") &&
            base_str_same(base_json_string(other->now, "contact.email"), email)) {
            fake_refuse(x, 400, "EXT-997", "The login email already in use",
                        "contact.email");
            return 0;
        }
    }
    return take_password(x, state) && may_become(x, from, state);
}

/* statusInfo is there for disabled ones alone. */
static void settle_status(fake_rc_t *f, json_t *state)
{
    int disabled = base_str_same(base_json_string(state, "status"), "Disabled");

    if (f->drops_comments || (!disabled && !f->keeps_comments)) {
        json_object_del(state, "statusInfo");
    }
}

static void send_mail(fake_rc_t *f, const json_t *state)
{
    APR_ARRAY_PUSH(f->mails, const char *) =
        apr_pstrdup(f->p, base_json_string(state, "contact.email"));
}

void fake_create(fake_exchange_t *x)
{
    fake_rc_t *f = x->f;
    json_t *state = base_json_own(x->p, json_deep_copy(fake_json(x->p, company)));
    extension_t *e;

    json_object_set_new(state, "status", json_string("NotActivated"));
    merge(f, state, x->body);
    if (!base_json_at(state, "contact.businessAddress")) {
        base_json_set_at(state, "contact.businessAddress",
                         json_deep_copy(fake_json(x->p, company_address)));
    }
    if (!is_sound(x, NULL, "", state)) {
        return;
    }
    settle_status(f, state);
    give_number(f, state);
    e = add(f, json_deep_copy(state));
    fake_answer(x, shown(e->now, 1));
}

void fake_update(fake_exchange_t *x)
{
    fake_rc_t *f = x->f;
    extension_t *e = find_or_refuse(x);
    json_t *state;
    const char *from;

    if (!e) {
        return;
    }
    state = base_json_own(f->p, json_deep_copy(e->now));
    from = base_json_string(e->now, "status");
    merge(f, state, x->body);
    json_object_del(state, "transition");
    if (!is_sound(x, e, from, state)) {
        return;
    }
    if (!strcmp(from, "Unassigned") &&
        strcmp(base_json_string(state, "status"), "Unassigned") != 0) {
        const json_t *mail = base_json_at(x->body, "transition.sendWelcomeEmail");

        json_object_set_new(state, "hidden", json_false());
        give_number(f, state);
        if (!json_is_false(mail)) {
            send_mail(f, state);
        }
    }
    settle_status(f, state);
    e->now = state;
    note(f, e);
    fake_answer(x, shown(e->now, 1));
}

void fake_release(fake_exchange_t *x)
{
    extension_t *e = find_or_refuse(x);
    int line;

    if (!e) {
        return;
    }
    line = base_json_true(e->now, "_line") &&
           base_str_same(apr_table_get(x->query, "savePhoneLines"), "true");
    fake_rc_drop(x->f, x->id);
    if (line) {
        fake_rc_unassigned(x->f);
    }
    x->status = 204;
}

void fake_remove(fake_exchange_t *x)
{
    json_t *results = json_array(), *each;
    apr_int64_t id;
    size_t i;

    json_array_foreach(json_object_get(x->body, "records"), i, each)
    {
        const char *text = base_json_string(each, "id");
        json_t *result = json_pack("{s:s, s:b}", "id", text, "bulkItemSuccessful", 1);

        if (base_str_to_int(text, 1, APR_INT64_MAX, &id) &&
            find(x->f, (apr_uint64_t)id)) {
            fake_rc_drop(x->f, (apr_uint64_t)id);
        }
        else {
            json_object_set_new(result, "bulkItemSuccessful", json_false());
            json_object_set_new(
                result, "bulkItemErrors",
                json_pack("[{s:s, s:s}]", "errorCode", "CMN-102", "message",
                          "Resource for parameter [extensionId] is not found"));
        }
        json_array_append_new(results, result);
    }
    fake_answer(x, json_pack("{s:o}", "records", results));
}

void fake_welcome(fake_exchange_t *x)
{
    const char *email = base_json_string(x->body, "email");

    if (!fake_rc_count(x->f, email)) {
        fake_refuse(x, 404, "CMN-102", "Resource for parameter [email] is not found",
                    "email");
        return;
    }
    APR_ARRAY_PUSH(x->f->mails, const char *) = apr_pstrdup(x->f->p, email);
    x->status = 200;
    x->text = "{}";
}
