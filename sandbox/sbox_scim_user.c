#include "sbox_scim_user.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "sbox_country.h"
#include "sbox_edit.h"
#include "sbox_scim.h"

#define ID "%" APR_INT64_T_FMT
#define DIRECTORY_ID "CustomerDirectoryId"

/* What the account gives a person who was not given one by hand. */
#define GIVEN_PASSWORD "Given!Passw0rd"
#define GIVEN_PIN "739184"

static const struct {
    const char *scim, *rest;
    sbox_text_t slot;
} parts[] = {
    {"country", "country", SBOX_T_COUNTRY}, {"region", "state", SBOX_T_STATE},
    {"locality", "city", SBOX_T_CITY},      {"streetAddress", "street", SBOX_T_STREET},
    {"postalCode", "zip", SBOX_T_ZIP},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

int sbox_scim_is_user(const sbox_extension_t *e)
{
    return e->status != SBOX_UNASSIGNED && sbox_type_is_user(e->type) &&
           e->text[SBOX_T_EMAIL];
}

json_t *sbox_scim_typed(const json_t *list, const char *type)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (base_str_same(base_json_string(one, "type"), type)) {
            return one;
        }
    }
    return NULL;
}

static void add_typed(json_t *list, const char *type, const char *value)
{
    if (value) {
        json_array_append_new(list,
                              json_pack("{s:s, s:s}", "type", type, "value", value));
    }
}

/* The extension of the account now has the numbers: an older copy has none. */
static const char *direct_number(sbox_call_t *call, const sbox_extension_t *e)
{
    const sbox_extension_t *now = sbox_account_extension(call->box->account, e->id);
    const sbox_number_t *number = now ? now->numbers : NULL;

    while (number && strcmp(number->usage, "DirectNumber")) {
        number = number->same_extension;
    }
    return number ? number->phone : NULL;
}

static json_t *view_numbers(sbox_call_t *call, const sbox_extension_t *e)
{
    json_t *list = json_array();
    const char *direct = direct_number(call, e);

    add_typed(list, "work", direct ? direct : e->text[SBOX_T_BUSINESS_PHONE]);
    add_typed(list, "mobile", e->text[SBOX_T_MOBILE_PHONE]);
    add_typed(list, "other", e->number);
    return list;
}

static json_t *view_address(const sbox_extension_t *e)
{
    json_t *address = json_pack("{s:s}", "type", "work");
    apr_size_t i;

    for (i = 0; i < PARTS; i++) {
        const char *text = e->text[parts[i].slot];

        if (text) {
            json_object_set_new(address, parts[i].scim, json_string(text));
        }
    }
    return address;
}

static json_t *view_meta(sbox_call_t *call, const sbox_extension_t *e)
{
    const char *created = base_time_format(call->pool, e->created);

    return json_pack(
        "{s:s, s:s, s:s, s:o}", "resourceType", "User", "created", created,
        "lastModified", created, "location",
        json_sprintf("%s/scim/v2/Users/" ID, call->request->base_uri, e->id));
}

json_t *sbox_scim_view(sbox_call_t *call, const sbox_extension_t *e,
                       sbox_scim_view_t view)
{
    char *const *text = e->text;
    const char *first = text[SBOX_T_FIRST_NAME], *last = text[SBOX_T_LAST_NAME];
    json_t *user = json_pack(
        "{s:[s], s:o, s:s, s:{s:s, s:s}, s:[{s:s, s:s}], s:b, s:o}", "schemas",
        SBOX_SCIM_USER, "id", json_sprintf(ID, e->id), "userName", text[SBOX_T_EMAIL],
        "name", "givenName", first ? first : "", "familyName", last ? last : "",
        "emails", "type", "work", "value", text[SBOX_T_EMAIL], "active",
        e->status == SBOX_ENABLED, "meta", view_meta(call, e));
    const json_t *reference = sbox_scim_typed(e->references, DIRECTORY_ID);

    if (reference) {
        json_object_set(user, "externalId", json_object_get(reference, "ref"));
    }
    if (text[SBOX_T_JOB_TITLE]) {
        json_object_set_new(user, "title", json_string(text[SBOX_T_JOB_TITLE]));
    }
    if (text[SBOX_T_DEPARTMENT]) {
        json_object_set_new(user, SBOX_SCIM_ENTERPRISE,
                            json_pack("{s:s}", "department", text[SBOX_T_DEPARTMENT]));
    }
    if (view == SBOX_SCIM_FULL) {
        json_t *address = view_address(e);

        if (json_object_size(address) > 1) {
            json_object_set_new(user, "addresses", json_pack("[O]", address));
        }
        json_decref(address);
        json_object_set_new(user, "phoneNumbers", view_numbers(call, e));
    }
    return user;
}

/* The string at a path of a user, "" when there is none: what clears a field. */
static const char *text_at(const json_t *object, const char *path)
{
    const char *text = base_json_string(object, path);

    return text ? text : "";
}

static void set(json_t *body, const char *path, const char *text)
{
    base_json_set_at(body, path, json_string(text));
}

static void set_numbers(sbox_call_t *call, const json_t *user,
                        const sbox_extension_t *e, json_t *body)
{
    const json_t *list = json_object_get(user, "phoneNumbers");
    const char *work = text_at(sbox_scim_typed(list, "work"), "value");
    const char *other = text_at(sbox_scim_typed(list, "other"), "value");
    const char *direct = direct_number(call, e);

    set(body, "contact.mobilePhone", text_at(sbox_scim_typed(list, "mobile"), "value"));
    if (!direct || strcmp(direct, work)) {
        set(body, "contact.businessPhone", work);
    }
    if (*other && (!e->number || strcmp(e->number, other))) {
        set(body, "extensionNumber", other);
    }
}

/* The body of a REST update that says the same as `user`. A new reference. */
static json_t *rest_body(sbox_call_t *call, const json_t *user,
                         const sbox_extension_t *e)
{
    json_t *body = json_object();
    const json_t *work = sbox_scim_typed(json_object_get(user, "addresses"), "work");
    const json_t *active = json_object_get(user, "active");
    apr_size_t i;

    set(body, "contact.firstName", text_at(user, "name.givenName"));
    set(body, "contact.lastName", text_at(user, "name.familyName"));
    set(body, "contact.email", text_at(user, "userName"));
    set(body, "contact.jobTitle", text_at(user, "title"));
    set(body, "contact.department",
        text_at(json_object_get(user, SBOX_SCIM_ENTERPRISE), "department"));
    set_numbers(call, user, e, body);
    /* A new person without an address keeps the company's. */
    for (i = 0; i < PARTS && (work || e->status != SBOX_UNASSIGNED); i++) {
        set(body,
            apr_pstrcat(call->pool, "contact.businessAddress.", parts[i].rest, NULL),
            text_at(work, parts[i].scim));
    }
    if (active) {
        set(body, "status", json_is_true(active) ? "Enabled" : "Disabled");
    }
    else if (e->status == SBOX_UNASSIGNED) {
        set(body, "status", "NotActivated");
    }
    return body;
}

/* externalId takes the place of the CustomerDirectoryId (rule 154). */
static void set_external_id(const json_t *user, sbox_extension_t *to)
{
    const char *id = base_json_string(user, "externalId");
    json_t *kept = json_array(), *one;
    size_t i;

    json_array_foreach(to->references, i, one)
    {
        if (!base_str_same(base_json_string(one, "type"), DIRECTORY_ID)) {
            json_array_append(kept, one);
        }
    }
    if (id && *id) {
        json_array_append_new(kept,
                              json_pack("{s:s, s:s}", "ref", id, "type", DIRECTORY_ID));
    }
    json_decref(to->references);
    to->references = kept;
}

/* A problem of the REST API in the words of this service. */
static const sbox_problem_t *translated(sbox_call_t *call,
                                        const sbox_problem_t *problem)
{
    static const sbox_knob_t duplicates[] = {SBOX_K_DUP_EXT_NUMBER, SBOX_K_EXT_IN_USE,
                                             SBOX_K_DUP_LOGIN_EMAIL};
    apr_size_t i;

    for (i = 0; i < sizeof(duplicates) / sizeof(duplicates[0]); i++) {
        const json_t *how = sbox_knob_json(call->box->knobs, duplicates[i]);

        if (strcmp(problem->code, "CMN-101") &&
            !strcmp(problem->code, text_at(how, "code"))) {
            return sbox_problem_scim(call->pool, 409, "uniqueness", problem->message);
        }
    }
    if (!problem->parameter) {
        return problem;
    }
    return sbox_problem_scim(call->pool, problem->status, "invalidValue",
                             apr_psprintf(call->pool,
                                          "Parameter [extension.%s] value is invalid.",
                                          problem->parameter));
}

const sbox_problem_t *sbox_scim_apply(sbox_call_t *call, const json_t *user,
                                      const sbox_extension_t *e, sbox_extension_t *to)
{
    json_t *body = base_json_own(call->pool, rest_body(call, user, e));
    sbox_edit_t edit = {0};
    const sbox_problem_t *problem;

    edit.pool = call->pool;
    edit.knobs = call->box->knobs;
    edit.account = call->box->account;
    edit.body = body;
    edit.was = e;
    edit.to = to;
    /* People get their own by mail: the service asks for none. */
    if (!to->text[SBOX_T_PASSWORD]) {
        sbox_extension_set(to, SBOX_T_PASSWORD, GIVEN_PASSWORD);
    }
    if (!to->text[SBOX_T_PIN]) {
        sbox_extension_set(to, SBOX_T_PIN, GIVEN_PIN);
    }
    problem = sbox_edit_apply(&edit);
    if (problem) {
        return translated(call, problem);
    }
    set_external_id(user, to);
    if (e->status == SBOX_UNASSIGNED) {
        to->email_as_login = 1;
    }
    if (!json_array_size(to->roles)) {
        json_array_append_new(to->roles, json_string(call->box->account->default_role));
    }
    return NULL;
}
