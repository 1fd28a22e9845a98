#include "sbox_about.h"

#include <string.h>
#include <apr_strings.h>

#include "sbox_dictionary.h"
#include "sbox_page.h"
#include "sbox_people.h"
#include "sbox_view.h"

#define ID "%" APR_INT64_T_FMT

static json_t *version(sbox_call_t *call)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s}", "uri",
        apr_pstrcat(call->pool, call->request->base_uri, "/restapi/v1.0", NULL),
        "versionString", "1.0.60", "releaseDate", "2026-08-13T00:00:00.000Z",
        "uriString", "v1.0");
}

const sbox_problem_t *sbox_about_version(sbox_call_t *call)
{
    sbox_answer_json(call->pool, call->answer, 200, version(call));
    return NULL;
}

const sbox_problem_t *sbox_about_versions(sbox_call_t *call)
{
    const char *uri =
        apr_pstrcat(call->pool, call->request->base_uri, "/restapi", NULL);

    sbox_answer_json(call->pool, call->answer, 200,
                     json_pack("{s:s, s:[o], s:s, s:s}", "uri", uri, "apiVersions",
                               version(call), "serverVersion", "sandbox",
                               "serverRevision", "1"));
    return NULL;
}

static json_t *home_country(sbox_call_t *call)
{
    return sbox_dictionary_country(call, sbox_country_by_id(1));
}

static json_t *service_info(sbox_call_t *call)
{
    return json_pack(
        "{s:s, s:{s:s, s:s, s:o}, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:i, s:s, s:i}}",
        "uri", sbox_uri(call, "account/%s/service-info", call->account_id), "brand",
        "id", "1210", "name", "RingCentral", "homeCountry", home_country(call),
        "servicePlan", "id", "1", "name", "RingEX", "edition", "Ultra", "billingPlan",
        "id", "1", "name", "Sandbox", "durationUnit", "Month", "duration", 1, "type",
        "Regular", "includedPhoneLines", 100);
}

static const sbox_extension_t *system_extension(const sbox_call_t *call)
{
    return sbox_account_extension(call->box->account, call->box->account->id);
}

static const char *main_number(const sbox_call_t *call)
{
    const sbox_number_t *number = call->box->account->first_number;

    while (number && strcmp(number->usage, "MainCompanyNumber")) {
        number = number->next;
    }
    return number ? number->phone : NULL;
}

const sbox_problem_t *sbox_about_account(sbox_call_t *call)
{
    const sbox_account_t *account = call->box->account;
    const sbox_extension_t *system = system_extension(call);
    json_t *body = json_pack(
        "{s:I, s:s, s:s?, s:s, s:s, s:{s:I, s:s, s:s?}, s:o, s:o, s:{s:i, s:i, s:i}}",
        "id", (json_int_t)account->id, "uri",
        sbox_uri(call, "account/" ID, account->id), "mainNumber", main_number(call),
        "status", "Confirmed", "setupWizardState", "Completed", "operator", "id",
        (json_int_t)system->id, "uri",
        sbox_uri(call, "account/" ID "/extension/" ID, account->id, system->id),
        "extensionNumber", system->number, "serviceInfo", service_info(call),
        "regionalSettings", sbox_view_regional(call, system), "limits",
        "maxExtensionNumberLength", 8, "siteCodeLength", 2,
        "shortExtensionNumberLength", 6);

    sbox_answer_json(call->pool, call->answer, 200, body);
    return NULL;
}

const sbox_problem_t *sbox_about_account_v2(sbox_call_t *call)
{
    json_t *body = json_pack(
        "{s:s, s:s?, s:s, s:s, s:{s:{s:s, s:s}}}", "id", call->account_id, "mainNumber",
        main_number(call), "status", "Confirmed", "companyName",
        call->box->account->name, "serviceInfo", "package", "id", "1", "version", "1");

    sbox_answer_json(call->pool, call->answer, 200, body);
    return NULL;
}

const sbox_problem_t *sbox_about_service(sbox_call_t *call)
{
    json_t *body = service_info(call);

    json_object_set_new(
        body, "serviceFeatures",
        json_pack("[{s:s, s:b}]", "featureName", "UserManagement", "enabled", 1));
    sbox_answer_json(call->pool, call->answer, 200, body);
    return NULL;
}

static json_t *grant(sbox_call_t *call, const char *id)
{
    return json_pack(
        "{s:{s:s, s:s}, s:{s:s, s:s}, s:[s]}", "permission", "uri",
        sbox_uri(call, "dictionary/permission/%s", id), "id", id, "effectiveRole", "id",
        "1", "uri",
        sbox_uri(call, "account/" ID "/user-role/1", call->box->account->id), "scopes",
        "Account");
}

static int lacks(const sbox_call_t *call, const char *permission)
{
    return strstr(sbox_knob_text(call->box->knobs, SBOX_K_MISSING_USER_PERMISSIONS),
                  permission) != NULL;
}

const sbox_problem_t *sbox_about_profile(sbox_call_t *call)
{
    json_t *permissions, *seen = json_object();
    const sbox_problem_t *problem = NULL;
    int i, n;
    const sbox_operation_t *all = sbox_operation_all(&n);

    if (!sbox_people_named(call, &problem)) {
        json_decref(seen);
        return problem;
    }
    permissions = json_array();
    for (i = 0; i < n; i++) {
        const char *id = all[i].user_permission;

        if (id && !json_object_get(seen, id) && !lacks(call, id)) {
            json_object_set_new(seen, id, json_true());
            json_array_append_new(permissions, grant(call, id));
        }
    }
    json_decref(seen);
    sbox_answer_json(call->pool, call->answer, 200,
                     json_pack("{s:s, s:o}", "uri",
                               sbox_uri(call, "account/%s/extension/%s/authz-profile",
                                        call->account_id, call->extension_id),
                               "permissions", permissions));
    return NULL;
}

const sbox_problem_t *sbox_about_permission(sbox_call_t *call)
{
    const char *id = apr_table_get(call->query, "permissionId");
    const sbox_problem_t *problem = NULL;
    json_t *body;

    if (!sbox_people_named(call, &problem)) {
        return problem;
    }
    if (!id) {
        return sbox_problem_invalid(call->pool, "permissionId");
    }
    body = json_pack("{s:s, s:b}", "uri",
                     sbox_uri(call, "account/%s/extension/%s/authz-profile/check",
                              call->account_id, call->extension_id),
                     "successful", !lacks(call, id));
    if (!lacks(call, id)) {
        json_object_set_new(body, "details", grant(call, id));
    }
    sbox_answer_json(call->pool, call->answer, 200, body);
    return NULL;
}

const sbox_problem_t *sbox_about_features(sbox_call_t *call)
{
    const sbox_problem_t *problem = NULL;

    if (!sbox_people_named(call, &problem)) {
        return problem;
    }
    sbox_answer_json(
        call->pool, call->answer, 200,
        json_pack("{s:[{s:s, s:b}, {s:s, s:b}]}", "records", "id", "UserManagement",
                  "available", 1, "id", "MultiSite", "available",
                  sbox_knob_is(call->box->knobs, SBOX_K_SITE_FEATURE, "on")));
    return NULL;
}
