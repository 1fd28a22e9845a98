#include "sbox_phone.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_event.h"
#include "sbox_page.h"
#include "sbox_people.h"
#include "sbox_view.h"

#define ID "%" APR_INT64_T_FMT

static const char usage_list[] = "usageType";

typedef struct wanted_t {
    sbox_call_t *call;
    apr_array_header_t *usages; /* of const char *, empty: all */
    sbox_status_t status;       /* of the extension; SBOX_STATUSES: any */
    sbox_page_t page;
} wanted_t;

static int keep_usage(void *data, const char *name, const char *value)
{
    wanted_t *wanted = data;

    if (!strcmp(name, usage_list)) {
        APR_ARRAY_PUSH(wanted->usages, const char *) = sbox_usage_find(value);
    }
    return 1;
}

static const sbox_problem_t *read_query(sbox_call_t *call, wanted_t *wanted)
{
    const char *status = apr_table_get(call->query, "extensionStatus");
    int i;

    wanted->call = call;
    wanted->usages = apr_array_make(call->pool, 2, sizeof(const char *));
    wanted->status = status ? sbox_status_find(status) : SBOX_STATUSES;
    if (status && wanted->status == SBOX_STATUSES) {
        return sbox_problem_invalid(call->pool, "extensionStatus");
    }
    apr_table_do(keep_usage, wanted, call->query, NULL);
    for (i = 0; i < wanted->usages->nelts; i++) {
        if (!APR_ARRAY_IDX(wanted->usages, i, const char *)) {
            return sbox_problem_invalid(call->pool, usage_list);
        }
    }
    return sbox_page_read(call, &wanted->page);
}

static int is_wanted(const wanted_t *wanted, const sbox_number_t *number)
{
    const sbox_extension_t *e =
        sbox_account_extension(wanted->call->box->account, number->extension);
    int i;

    if (wanted->status != SBOX_STATUSES && (!e || e->status != wanted->status)) {
        return 0;
    }
    for (i = 0; i < wanted->usages->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(wanted->usages, i, const char *), number->usage)) {
            return 1;
        }
    }
    return !wanted->usages->nelts;
}

static json_t *view_v1(sbox_call_t *call, const sbox_number_t *number)
{
    const sbox_account_t *account = call->box->account;
    const sbox_extension_t *e = sbox_account_extension(account, number->extension);
    json_t *to = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)number->id, "uri",
        sbox_uri(call, "account/" ID "/phone-number/" ID, account->id, number->id),
        "phoneNumber", number->phone, "paymentType", "Local", "type", "VoiceFax",
        "usageType", number->usage, "status", "Normal");

    if (e) {
        json_t *owner = json_pack(
            "{s:I, s:s, s:s?}", "id", (json_int_t)e->id, "uri",
            sbox_uri(call, "account/" ID "/extension/" ID, account->id, e->id),
            "extensionNumber", e->number);

        if (e->status == SBOX_UNASSIGNED || !e->number) {
            json_object_del(owner, "extensionNumber");
        }
        else {
            json_object_set_new(owner, "name", json_string(sbox_view_name(call, e)));
        }
        json_object_set_new(to, "extension", owner);
    }
    return to;
}

static json_t *view_v2(sbox_call_t *call, const sbox_number_t *number)
{
    const sbox_extension_t *e =
        sbox_account_extension(call->box->account, number->extension);
    json_t *to =
        json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "id", json_sprintf(ID, number->id),
                  "phoneNumber", number->phone, "type", "VoiceFax", "tollType", "Toll",
                  "usageType", number->usage, "status", "Normal");

    if (e) {
        json_t *owner = json_pack("{s:o}", "id", json_sprintf(ID, e->id));

        if (e->number) {
            json_object_set_new(owner, "extensionNumber", json_string(e->number));
        }
        json_object_set_new(to, "extension", owner);
    }
    return to;
}

static const sbox_problem_t *
list(sbox_call_t *call, json_t *(*view)(sbox_call_t *, const sbox_number_t *), int with)
{
    wanted_t wanted = {0};
    const sbox_problem_t *problem = read_query(call, &wanted);
    const sbox_number_t *number;
    json_t *records;

    if (problem) {
        return problem;
    }
    records = json_array();
    for (number = call->box->account->first_number; number; number = number->next) {
        if (is_wanted(&wanted, number) && sbox_page_take(&wanted.page)) {
            json_array_append_new(records, view(call, number));
        }
    }
    sbox_page_answer(call, &wanted.page, records, with);
    return NULL;
}

const sbox_problem_t *sbox_phone_list(sbox_call_t *call)
{
    return list(call, view_v1, SBOX_PAGE_V1);
}

const sbox_problem_t *sbox_phone_list_v2(sbox_call_t *call)
{
    return list(call, view_v2, 0);
}

/* Its own numbers and those of the company (rule 101). */
const sbox_problem_t *sbox_phone_of_extension(sbox_call_t *call)
{
    wanted_t wanted = {0};
    const sbox_problem_t *problem = read_query(call, &wanted);
    const sbox_extension_t *e = sbox_people_named(call, &problem);
    const sbox_number_t *number;
    json_t *records;

    if (problem || !e) {
        return problem;
    }
    records = json_array();
    for (number = e->numbers; number; number = number->same_extension) {
        if (is_wanted(&wanted, number) && sbox_page_take(&wanted.page)) {
            json_array_append_new(records, view_v1(call, number));
        }
    }
    for (number = call->box->account->first_number; number; number = number->next) {
        if (!number->extension && strstr(number->usage, "CompanyNumber") &&
            is_wanted(&wanted, number) && sbox_page_take(&wanted.page)) {
            json_array_append_new(records, view_v1(call, number));
        }
    }
    sbox_page_answer(call, &wanted.page, records, SBOX_PAGE_V1);
    return NULL;
}

const sbox_problem_t *sbox_phone_assign(sbox_call_t *call)
{
    sbox_account_t *account = call->box->account;
    const char *usage = base_json_string(call->body, "usageType");
    const char *extension = base_json_string(call->body, "extension.id");
    sbox_number_t *number = NULL;
    const sbox_extension_t *e = NULL, *before;
    apr_int64_t id;

    if (!json_is_object(call->body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    if (base_str_to_int(call->id, 1, APR_INT64_MAX, &id)) {
        number = sbox_number_find(account, id);
    }
    if (!number) {
        return sbox_problem(call->pool, "CMN-102", "phoneNumberId");
    }
    if (!sbox_usage_find(usage)) {
        return sbox_problem_invalid(call->pool, usage_list);
    }
    if (extension && base_str_to_int(extension, 1, APR_INT64_MAX, &id)) {
        e = sbox_account_extension(account, id);
    }
    if ((extension || !strcmp(usage, "DirectNumber")) && !e) {
        return sbox_problem_status(call->pool, "CMN-102", 400, "extension.id");
    }
    number->usage = sbox_usage_find(usage);
    before = sbox_account_extension(account, number->extension);
    sbox_number_assign(account, number, e ? e->id : 0);
    if (before && before != e) {
        sbox_event_raise(call->box, before, "CompanyNumbers");
    }
    if (e) {
        sbox_event_raise(call->box, e, "CompanyNumbers");
    }
    sbox_answer_json(call->pool, call->answer, 200, view_v2(call, number));
    return NULL;
}
