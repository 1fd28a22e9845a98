#include "sbox_group.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_page.h"
#include "sbox_people.h"
#include "sbox_view.h"

#define ID "%" APR_INT64_T_FMT

static void answer(sbox_call_t *call, json_t *body)
{
    sbox_answer_json(call->pool, call->answer, 200, body);
}

static json_t *site(sbox_call_t *call, const json_t *s)
{
    json_t *shown = sbox_view_site(call, base_json_string(s, "id"));
    json_t *to = json_copy(shown);
    const char *number = base_json_string(s, "extensionNumber");
    const sbox_extension_t *system =
        sbox_account_extension(call->box->account, call->box->account->id);

    json_decref(shown);
    if (number) {
        json_object_set_new(to, "extensionNumber", json_string(number));
    }
    json_object_set_new(to, "regionalSettings", sbox_view_regional(call, system));
    json_object_set_new(to, "siteAccess", json_string("Unlimited"));
    return to;
}

const sbox_problem_t *sbox_group_sites(sbox_call_t *call)
{
    json_t *records = json_array(), *one;
    sbox_page_t page;
    size_t i;

    sbox_page_all(&page);
    json_array_foreach(call->box->account->sites, i, one)
    {
        sbox_page_take(&page);
        json_array_append_new(records, site(call, one));
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    return NULL;
}

const sbox_problem_t *sbox_group_site(sbox_call_t *call)
{
    const json_t *one = sbox_list_find(call->box->account->sites, call->id);

    if (!one) {
        return sbox_problem(call->pool, "CMN-102", "siteId");
    }
    answer(call, site(call, one));
    return NULL;
}

const sbox_problem_t *sbox_group_site_members(sbox_call_t *call)
{
    const sbox_account_t *account = call->box->account;
    const sbox_extension_t *e;
    json_t *records;
    sbox_page_t page;

    if (!strcmp(call->id, "main-site") || !sbox_list_find(account->sites, call->id)) {
        return sbox_problem(call->pool, "CMN-102", "siteId");
    }
    sbox_page_all(&page);
    records = json_array();
    for (e = account->first; e; e = e->next) {
        const char *its = e->text[SBOX_T_SITE];

        if (e->status != SBOX_UNASSIGNED && its && !strcmp(its, call->id)) {
            sbox_page_take(&page);
            json_array_append_new(
                records,
                json_pack(
                    "{s:I, s:s, s:s?, s:s, s:s}", "id", (json_int_t)e->id, "uri",
                    sbox_uri(call, "account/" ID "/extension/" ID, account->id, e->id),
                    "extensionNumber", e->number, "type", e->type, "name",
                    sbox_view_name(call, e)));
        }
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    return NULL;
}

static json_t *role(sbox_call_t *call, const json_t *r)
{
    json_t *to = json_deep_copy(r);

    json_object_set_new(
        to, "uri",
        json_string(sbox_uri(call, "account/" ID "/user-role/%s",
                             call->box->account->id, base_json_string(r, "id"))));
    json_object_set_new(to, "hidden", json_false());
    return to;
}

const sbox_problem_t *sbox_group_roles(sbox_call_t *call)
{
    const char *custom = apr_table_get(call->query, "custom");
    sbox_page_t page;
    const sbox_problem_t *problem = sbox_page_read(call, &page);
    json_t *records, *one;
    size_t i;

    if (problem) {
        return problem;
    }
    records = json_array();
    json_array_foreach(call->box->account->roles, i, one)
    {
        if ((!custom ||
             !strcmp(custom, base_json_true(one, "custom") ? "true" : "false")) &&
            sbox_page_take(&page)) {
            json_array_append_new(records, role(call, one));
        }
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    return NULL;
}

const sbox_problem_t *sbox_group_role(sbox_call_t *call)
{
    const json_t *one = sbox_list_find(call->box->account->roles, call->id);

    if (!one) {
        return sbox_problem(call->pool, "CMN-102", "roleId");
    }
    answer(call, role(call, one));
    return NULL;
}

const sbox_problem_t *sbox_group_default_role(sbox_call_t *call)
{
    const sbox_account_t *account = call->box->account;
    json_t *to = role(call, sbox_list_find(account->roles, account->default_role));

    json_object_del(to, "custom");
    json_object_del(to, "scope");
    json_object_del(to, "hidden");
    answer(call, to);
    return NULL;
}

static json_t *roles_of(sbox_call_t *call, const sbox_extension_t *e)
{
    json_t *list = json_array(), *id;
    size_t i;

    json_array_foreach(e->roles, i, id)
    {
        json_t *one = sbox_view_role(call, json_string_value(id));

        if (one) {
            json_array_append_new(list, one);
        }
    }
    return list;
}

const sbox_problem_t *sbox_group_assigned_roles(sbox_call_t *call)
{
    const sbox_account_t *account = call->box->account;
    const sbox_problem_t *problem = NULL;
    const sbox_extension_t *e;
    json_t *records;
    sbox_page_t page;

    sbox_page_all(&page);
    if (sbox_knob_is(call->box->knobs, SBOX_K_ASSIGNED_ROLE_PAGING, "honoured")) {
        problem = sbox_page_read(call, &page);
    }
    if (problem) {
        return problem;
    }
    records = json_array();
    for (e = account->first; e; e = e->next) {
        if (sbox_type_is_user(e->type) && e->status != SBOX_UNASSIGNED &&
            sbox_page_take(&page)) {
            json_array_append_new(
                records,
                json_pack("{s:s, s:o, s:o}", "uri",
                          sbox_uri(call,
                                   "account/" ID "/extension/" ID "/assigned-role",
                                   account->id, e->id),
                          "extensionId", json_sprintf(ID, e->id), "roles",
                          roles_of(call, e)));
        }
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    return NULL;
}

const sbox_problem_t *sbox_group_roles_of(sbox_call_t *call)
{
    const sbox_problem_t *problem = NULL;
    const sbox_extension_t *e = sbox_people_named(call, &problem);

    if (e) {
        answer(call,
               json_pack("{s:s, s:o}", "uri",
                         sbox_uri(call, "account/%s/extension/" ID "/assigned-role",
                                  call->account_id, e->id),
                         "records", roles_of(call, e)));
    }
    return problem;
}

static json_t *queue(sbox_call_t *call, const sbox_extension_t *e)
{
    const char *site_id = e->text[SBOX_T_SITE];
    const json_t *at = sbox_list_find(call->box->account->sites, site_id);
    json_t *to =
        json_pack("{s:s, s:o, s:s?, s:s, s:s}", "uri",
                  sbox_uri(call, "account/%s/call-queues/" ID, call->account_id, e->id),
                  "id", json_sprintf(ID, e->id), "extensionNumber", e->number, "name",
                  sbox_view_name(call, e), "status", sbox_status_name(e->status));

    if (at) {
        json_object_set_new(to, "site",
                            json_pack("{s:s, s:s}", "id", site_id, "name",
                                      base_json_string(at, "name")));
    }
    return to;
}

const sbox_problem_t *sbox_group_queues(sbox_call_t *call)
{
    const char *member = apr_table_get(call->query, "memberExtensionId");
    sbox_page_t page;
    const sbox_problem_t *problem = sbox_page_read(call, &page);
    const sbox_extension_t *e;
    json_t *records;

    if (problem) {
        return problem;
    }
    records = json_array();
    for (e = call->box->account->first; e; e = e->next) {
        if (!strcmp(e->type, "Department") &&
            (!member || json_object_get(e->members, member)) && sbox_page_take(&page)) {
            json_array_append_new(records, queue(call, e));
        }
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    return NULL;
}

static const sbox_extension_t *queue_named(sbox_call_t *call,
                                           const sbox_problem_t **problem)
{
    apr_int64_t id;
    const sbox_extension_t *e = NULL;

    if (base_str_to_int(call->id, 1, APR_INT64_MAX, &id)) {
        e = sbox_account_extension(call->box->account, id);
    }
    if (!e || strcmp(e->type, "Department")) {
        *problem = sbox_problem(call->pool, "CMN-102", "groupId");
        return NULL;
    }
    return e;
}

const sbox_problem_t *sbox_group_queue(sbox_call_t *call)
{
    const sbox_problem_t *problem = NULL;
    const sbox_extension_t *e = queue_named(call, &problem);
    json_t *to;

    if (e) {
        to = queue(call, e);
        json_object_set_new(to, "editableMemberStatus", json_true());
        json_object_set_new(to, "serviceLevelSettings",
                            json_pack("{s:i, s:i, s:b}", "slaGoal", 80,
                                      "slaThresholdSeconds", 30,
                                      "includeAbandonedCalls", 1));
        answer(call, to);
    }
    return problem;
}

const sbox_problem_t *sbox_group_queue_members(sbox_call_t *call)
{
    const sbox_account_t *account = call->box->account;
    sbox_page_t page;
    const sbox_problem_t *problem = sbox_page_read(call, &page);
    const sbox_extension_t *e = problem ? NULL : queue_named(call, &problem);
    json_t *records, *value;
    const char *id;

    if (!e) {
        return problem;
    }
    records = json_array();
    json_object_foreach(e->members, id, value)
    {
        const sbox_extension_t *member =
            sbox_account_extension(account, apr_atoi64(id));

        if (member && sbox_page_take(&page)) {
            json_array_append_new(
                records,
                json_pack("{s:I, s:s, s:s?}", "id", (json_int_t)member->id, "uri",
                          sbox_uri(call, "account/" ID "/extension/" ID, account->id,
                                   member->id),
                          "extensionNumber", member->number));
        }
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    return NULL;
}

const sbox_problem_t *sbox_group_custom_fields(sbox_call_t *call)
{
    answer(call, json_pack("{s:O}", "records", call->box->account->custom_fields));
    return NULL;
}

const sbox_problem_t *sbox_group_none(sbox_call_t *call)
{
    sbox_page_t page;
    const sbox_problem_t *problem = sbox_page_read(call, &page);

    if (!problem) {
        sbox_page_answer(call, &page, json_array(), SBOX_PAGE_V1);
    }
    return problem;
}
