#include "sbox_view.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_time.h"
#include "sbox_country.h"
#include "sbox_dictionary.h"
#include "sbox_field.h"
#include "sbox_locale.h"
#include "sbox_page.h"
#include "sbox_province.h"

#define ID "%" APR_INT64_T_FMT

static void set_text(json_t *to, const char *path, const char *text)
{
    if (text) {
        base_json_set_at(to, path, json_string(text));
    }
}

const char *sbox_view_name(sbox_call_t *call, const sbox_extension_t *e)
{
    const char *first = e->text[SBOX_T_FIRST_NAME], *last = e->text[SBOX_T_LAST_NAME];

    if (!sbox_type_is_user(e->type) && e->text[SBOX_T_NAME]) {
        return e->text[SBOX_T_NAME];
    }
    return apr_pstrcat(call->pool, first ? first : "", first && last ? " " : "",
                       last ? last : "", NULL);
}

/* A part that is the same in many records, made once for each answer. */
static json_t *shared(sbox_call_t *call, const char *kind, const char *id,
                      json_t *(*make)(sbox_call_t *call, const char *id))
{
    const char *key = apr_pstrcat(call->pool, kind, id, NULL);
    json_t *part;

    if (!call->shared) {
        call->shared = base_json_own(call->pool, json_object());
    }
    part = json_object_get(call->shared, key);
    if (!part) {
        part = make(call, id);
        json_object_set_new(call->shared, key, part);
    }
    return json_incref(part);
}

static json_t *make_role(sbox_call_t *call, const char *id)
{
    const sbox_account_t *account = call->box->account;
    const json_t *role = sbox_list_find(account->roles, id);

    return json_pack("{s:s, s:s, s:b, s:s, s:b, s:b}", "uri",
                     sbox_uri(call, "account/" ID "/user-role/%s", account->id, id),
                     "id", id, "autoAssigned", 0, "displayName",
                     base_json_string(role, "displayName"), "siteCompatible",
                     base_json_true(role, "siteCompatible"), "siteRestricted", 0);
}

json_t *sbox_view_role(sbox_call_t *call, const char *id)
{
    return sbox_list_find(call->box->account->roles, id)
               ? shared(call, "role ", id, make_role)
               : NULL;
}

static json_t *make_site(sbox_call_t *call, const char *id)
{
    const sbox_account_t *account = call->box->account;
    const json_t *site = sbox_list_find(account->sites, id);
    json_t *shown =
        json_pack("{s:s, s:s, s:s}", "id", id, "uri",
                  sbox_uri(call, "account/" ID "/sites/%s", account->id, id), "name",
                  base_json_string(site, "name"));

    set_text(shown, "code", base_json_string(site, "code"));
    return shown;
}

json_t *sbox_view_site(sbox_call_t *call, const char *id)
{
    return sbox_list_find(call->box->account->sites, id)
               ? shared(call, "site ", id, make_site)
               : NULL;
}

static json_t *make_permissions(sbox_call_t *call, const char *admin)
{
    return json_pack("{s:{s:b}, s:{s:b}}", "admin", "enabled", !strcmp(admin, "admin"),
                     "internationalCalling", "enabled", 0);
}

static json_t *view_language(const char *id)
{
    const sbox_language_t *language = sbox_language_by_id(id);

    return language ? json_pack("{s:s, s:s, s:s}", "id", language->id, "localeCode",
                                language->locale, "name", language->name)
                    : NULL;
}

json_t *sbox_view_regional(sbox_call_t *call, const sbox_extension_t *e)
{
    char *const *text = e->text;
    json_t *regional = json_object();
    const sbox_country_t *country =
        text[SBOX_T_HOME_COUNTRY]
            ? sbox_country_by_id((int)apr_atoi64(text[SBOX_T_HOME_COUNTRY]))
            : NULL;

    if (country) {
        json_object_set_new(regional, "homeCountry",
                            sbox_dictionary_country(call, country));
    }
    json_object_set_new(
        regional, "timezone",
        sbox_dictionary_timezone(call, sbox_timezone_by_id(text[SBOX_T_TIMEZONE])));
    json_object_set_new(regional, "language", view_language(text[SBOX_T_LANGUAGE]));
    json_object_set_new(regional, "greetingLanguage",
                        view_language(text[SBOX_T_GREETING]));
    json_object_set_new(regional, "formattingLocale",
                        view_language(text[SBOX_T_LOCALE]));
    set_text(regional, "timeFormat", text[SBOX_T_TIME_FORMAT]);
    return regional;
}

/* Country and state in the language of the caller (rules 78 and 79). */
static void view_place(sbox_call_t *call, json_t *to, const sbox_extension_t *e)
{
    const char *country = e->text[SBOX_T_COUNTRY], *state = e->text[SBOX_T_STATE];
    const sbox_country_t *known = country ? sbox_country_find(country) : NULL;
    const sbox_province_t *province =
        known && state ? sbox_province_find(known->iso, state) : NULL;

    if (known) {
        country = !strcmp(call->language, "de") ? known->name_de : known->name;
    }
    if (province && sbox_knob_is(call->box->knobs, SBOX_K_STATE_OUT, "name")) {
        state = !strcmp(call->language, "de") && province->name_de ? province->name_de
                                                                   : province->name;
    }
    set_text(to, sbox_field_path(SBOX_T_COUNTRY), country);
    set_text(to, sbox_field_path(SBOX_T_STATE), state);
}

static void view_lists(sbox_call_t *call, json_t *to, const sbox_extension_t *e)
{
    json_t *roles = json_array(), *id;
    size_t i;

    json_array_foreach(e->roles, i, id)
    {
        json_t *role = sbox_view_role(call, json_string_value(id));

        if (role) {
            json_array_append_new(roles, role);
        }
    }
    json_object_set_new(to, "roles", roles);
    if (json_array_size(e->references)) {
        json_object_set(to, "references", e->references);
    }
}

/* A text where the path of its field says. Most are in the contact: `contact` saves the
 * way there. */
static void set_field(json_t *to, json_t *contact, const char *path, const char *text)
{
    static const char prefix[] = "contact.";

    if (text && !strncmp(path, prefix, sizeof(prefix) - 1)) {
        set_text(contact, path + sizeof(prefix) - 1, text);
    }
    else {
        set_text(to, path, text);
    }
}

static void view_common(sbox_call_t *call, json_t *to, const sbox_extension_t *e,
                        sbox_view_t view)
{
    int i, n;
    const sbox_field_t *fields = sbox_field_all(&n);
    json_t *contact = json_object();

    json_object_set_new(to, "contact", contact);
    for (i = 0; i < n; i++) {
        if (fields[i].flags & SBOX_F_LIST ||
            (fields[i].flags & SBOX_F_READ && view == SBOX_VIEW_READ)) {
            set_field(to, contact, fields[i].path, e->text[fields[i].slot]);
        }
    }
    view_place(call, to, e);
    if (sbox_type_is_user(e->type)) {
        base_json_set_at(to, "contact.emailAsLoginName",
                         json_boolean(e->email_as_login));
        view_lists(call, to, e);
    }
    set_text(to, "extensionNumber", e->number);
    json_object_set_new(to, "name", json_string(sbox_view_name(call, e)));
    json_object_set_new(to, "hidden", json_boolean(e->hidden));
    json_object_set_new(
        to, "permissions",
        shared(call, "permissions ", e->admin ? "admin" : "user", make_permissions));
    if (e->text[SBOX_T_SITE]) {
        json_object_set_new(to, "site", sbox_view_site(call, e->text[SBOX_T_SITE]));
    }
    if (e->text[SBOX_T_COST_CENTER]) {
        set_text(to, "costCenter.id", e->text[SBOX_T_COST_CENTER]);
    }
    if (!strcmp(e->type, "Department")) {
        json_object_set_new(to, "callQueueInfo",
                            json_pack("{s:i, s:i, s:b}", "slaGoal", 80,
                                      "slaThresholdSeconds", 30,
                                      "includeAbandonedCalls", 1));
    }
    json_object_set_new(to, "creationTime",
                        json_string(base_time_format(call->pool, e->created)));
}

static json_t *view_departments(sbox_call_t *call, const sbox_extension_t *e)
{
    const sbox_account_t *account = call->box->account;
    json_t *departments = json_array(), *id;
    size_t i;

    json_array_foreach(e->queues, i, id)
    {
        const sbox_extension_t *queue =
            sbox_account_extension(account, apr_atoi64(json_string_value(id)));

        if (queue) {
            json_array_append_new(
                departments,
                json_pack("{s:s, s:s, s:s?}", "id", json_string_value(id), "uri",
                          sbox_uri(call, "account/" ID "/extension/" ID, account->id,
                                   queue->id),
                          "extensionNumber", queue->number));
        }
    }
    return departments;
}

static json_t *view_features(void)
{
    return json_pack("[{s:s, s:b}, {s:s, s:b}, {s:s, s:b, s:s}]", "featureName",
                     "VoipCalling", "enabled", 1, "featureName", "UserManagement",
                     "enabled", 1, "featureName", "SiteCodes", "enabled", 0, "reason",
                     "AccountLimitation");
}

static void view_single(sbox_call_t *call, json_t *to, const sbox_extension_t *e)
{
    const sbox_account_t *account = call->box->account;
    const char *account_id = apr_psprintf(call->pool, ID, account->id);

    json_object_set_new(to, "account",
                        json_pack("{s:s, s:s}", "id", account_id, "uri",
                                  sbox_uri(call, "account/%s", account_id)));
    json_object_set_new(to, "extensionNumbers",
                        e->number ? json_pack("[s]", e->number) : json_array());
    if (sbox_type_is_user(e->type)) {
        json_object_set_new(to, "departments", view_departments(call, e));
        json_object_set(to, "customFields", e->custom_fields);
        json_object_set_new(to, "siteAccess",
                            json_string(e->admin ? "Unlimited" : "Limited"));
    }
    json_object_set_new(to, "regionalSettings", sbox_view_regional(call, e));
    if (e->status == SBOX_DISABLED &&
        (e->text[SBOX_T_COMMENT] || e->text[SBOX_T_REASON])) {
        set_text(to, "statusInfo.comment", e->text[SBOX_T_COMMENT]);
        set_text(to, "statusInfo.reason", e->text[SBOX_T_REASON]);
    }
    if (call->user && apr_atoi64(call->user) == e->id) {
        json_object_set_new(to, "serviceFeatures", view_features());
    }
}

json_t *sbox_view_extension(sbox_call_t *call, const sbox_extension_t *e,
                            sbox_view_t view)
{
    const char *uri =
        sbox_uri(call, "account/" ID "/extension/" ID, call->box->account->id, e->id);
    json_t *to = json_pack("{s:I, s:s, s:s, s:s, s:{s:s}}", "id", (json_int_t)e->id,
                           "uri", uri, "type", e->type, "status",
                           sbox_status_name(e->status), "profileImage", "uri",
                           apr_pstrcat(call->pool, uri, "/profile-image", NULL));

    if (e->status == SBOX_UNASSIGNED) {
        if (view == SBOX_VIEW_LIST) {
            json_object_set_new(to, "hidden", json_boolean(e->hidden));
        }
        return to;
    }
    view_common(call, to, e, view);
    if (view == SBOX_VIEW_READ) {
        view_single(call, to, e);
    }
    return to;
}
