#include "sbox_entries.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_dictionary.h"
#include "sbox_page.h"
#include "sbox_people.h"
#include "sbox_view.h"

#define PER_PAGE_DEFAULT 1000
#define PER_PAGE_MAX 2000
#define ID "%" APR_INT64_T_FMT

static void set_text(json_t *to, const char *name, const char *text)
{
    if (text) {
        json_object_set_new(to, name, json_string(text));
    }
}

static json_t *phone(const char *number, const char *usage)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "phoneNumber", number,
                     "formattedPhoneNumber", number, "type", "VoiceFax", "usageType",
                     usage);
}

static json_t *phones(sbox_call_t *call, const sbox_extension_t *e)
{
    json_t *list = json_array();
    const sbox_extension_t *now = sbox_account_extension(call->box->account, e->id);
    const sbox_number_t *number = now ? now->numbers : NULL;

    for (; number; number = number->same_extension) {
        json_array_append_new(list, phone(number->phone, number->usage));
    }
    if (e->text[SBOX_T_MOBILE_PHONE]) {
        json_array_append_new(list,
                              phone(e->text[SBOX_T_MOBILE_PHONE], "MobileNumber"));
    }
    if (e->text[SBOX_T_BUSINESS_PHONE]) {
        json_array_append_new(list,
                              phone(e->text[SBOX_T_BUSINESS_PHONE], "ContactNumber"));
    }
    return list;
}

static json_t *custom_fields(sbox_call_t *call, const sbox_extension_t *e)
{
    json_t *list = json_array(), *one;
    size_t i;

    json_array_foreach(e->custom_fields, i, one)
    {
        const char *id = base_json_string(one, "id");
        const json_t *field = sbox_list_find(call->box->account->custom_fields, id);

        json_array_append_new(list, json_pack("{s:s, s:s?, s:s?}", "id", id, "name",
                                              base_json_string(field, "displayName"),
                                              "value", base_json_string(one, "value")));
    }
    return list;
}

/* User, DigitalUser, VirtualUser and FaxUser are all users in here. */
const char *sbox_entries_type(const sbox_extension_t *e)
{
    return sbox_type_is_user(e->type) && strcmp(e->type, "Limited") ? "User" : e->type;
}

json_t *sbox_entries_view(sbox_call_t *call, const sbox_extension_t *e)
{
    char *const *text = e->text;
    const json_t *site = sbox_list_find(call->box->account->sites, text[SBOX_T_SITE]);
    json_t *to = json_pack(
        "{s:o, s:s, s:s, s:{s:s, s:s}, s:b}", "id", json_sprintf(ID, e->id), "type",
        sbox_entries_type(e), "status", sbox_status_name(e->status), "account", "id",
        call->account_id, "companyName", call->box->account->name, "hidden", e->hidden);

    if (sbox_type_is_user(e->type)) {
        set_text(to, "firstName", text[SBOX_T_FIRST_NAME]);
        set_text(to, "lastName", text[SBOX_T_LAST_NAME]);
    }
    else {
        set_text(to, "name", sbox_view_name(call, e));
    }
    set_text(to, "email", text[SBOX_T_EMAIL]);
    set_text(to, "extensionNumber", e->number);
    set_text(to, "department", text[SBOX_T_DEPARTMENT]);
    set_text(to, "jobTitle", text[SBOX_T_JOB_TITLE]);
    json_object_set_new(to, "phoneNumbers", phones(call, e));
    if (site) {
        json_t *place = json_pack("{s:s, s:s}", "id", text[SBOX_T_SITE], "name",
                                  base_json_string(site, "name"));

        set_text(place, "code", base_json_string(site, "code"));
        json_object_set_new(to, "site", place);
    }
    if (json_array_size(e->custom_fields)) {
        json_object_set_new(to, "customFields", custom_fields(call, e));
    }
    return to;
}

typedef struct wanted_t {
    sbox_call_t *call;
    const char *type, *group, *site;
    int federated; /* with the account of each */
    sbox_page_t page;
    json_t *records;
} wanted_t;

int sbox_entries_listed(const sbox_call_t *call, const sbox_extension_t *e)
{
    return (e->status == SBOX_ENABLED || e->status == SBOX_DISABLED ||
            e->status == SBOX_NOT_ACTIVATED) &&
           strcmp(e->type, "ApplicationExtension") &&
           (!e->hidden ||
            sbox_knob_is(call->box->knobs, SBOX_K_DIRECTORY_HIDDEN, "show"));
}

static int see(void *ctx, const sbox_extension_t *e)
{
    wanted_t *wanted = ctx;

    if (sbox_entries_listed(wanted->call, e) &&
        (!wanted->type || !strcmp(wanted->type, sbox_entries_type(e))) &&
        (!wanted->group ||
         !strcmp(wanted->group, "User") == !strcmp(sbox_entries_type(e), "User")) &&
        (!wanted->site ||
         (e->text[SBOX_T_SITE] && !strcmp(wanted->site, e->text[SBOX_T_SITE]))) &&
        sbox_page_take(&wanted->page)) {
        json_t *record = sbox_entries_view(wanted->call, e);

        if (!wanted->federated) {
            json_object_del(record, "account");
        }
        json_array_append_new(wanted->records, record);
    }
    return 1;
}

static const sbox_problem_t *read_page(sbox_call_t *call, sbox_page_t *page)
{
    const char *per_page = apr_table_get(call->query, "perPage");
    const char *number = apr_table_get(call->query, "page");
    apr_int64_t n = PER_PAGE_DEFAULT, at = 1;

    sbox_page_all(page);
    if (number && !base_str_to_int(number, 1, APR_INT32_MAX, &at)) {
        return sbox_problem(call->pool, "ADG-121", "page");
    }
    if (per_page && !strcmp(per_page, "all")) {
        return NULL;
    }
    if (per_page && !strcmp(per_page, "max")) {
        n = PER_PAGE_MAX;
    }
    else if (per_page && !base_str_to_int(per_page, 1, PER_PAGE_MAX, &n)) {
        return sbox_problem(call->pool, "ADG-121", "perPage");
    }
    page->page = (int)at;
    page->per_page = (int)n;
    return NULL;
}

/* What a parameter of the query may be. */
static const struct {
    const char *name, *choices;
} parameters[] = {
    {"showFederated", "|true|false|"},
    {"accessibleSitesOnly", "|true|false|"},
    {"typeGroup", "|User|NonUser|"},
    {"type", "|User|Department|Announcement|Voicemail|SharedLinesGroup|PagingOnly|"
             "IvrMenu|ParkLocation|Limited|External|DelegatedLinesGroup|TieLine|"},
};

static const sbox_problem_t *check_query(sbox_call_t *call)
{
    apr_size_t i;

    for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        const char *value = apr_table_get(call->query, parameters[i].name);

        if (value && (strchr(value, '|') ||
                      !strstr(parameters[i].choices,
                              apr_pstrcat(call->pool, "|", value, "|", NULL)))) {
            return sbox_problem(call->pool, "ADG-121", parameters[i].name);
        }
    }
    return NULL;
}

const sbox_problem_t *sbox_entries_list(sbox_call_t *call)
{
    wanted_t wanted = {0};
    const sbox_problem_t *problem = read_page(call, &wanted.page);
    const char *federated = apr_table_get(call->query, "showFederated");

    if (!problem) {
        problem = check_query(call);
    }
    if (problem) {
        return problem;
    }
    wanted.call = call;
    wanted.federated = !federated || !strcmp(federated, "true");
    wanted.type = apr_table_get(call->query, "type");
    wanted.group = apr_table_get(call->query, "typeGroup");
    wanted.site = apr_table_get(call->query, "siteId");
    wanted.records = json_array();
    sbox_people_each(call, sbox_knob_int(call->box->knobs, SBOX_K_DIRECTORY_LAG_MS),
                     see, &wanted);
    sbox_page_answer(call, &wanted.page, wanted.records, 0);
    sbox_etag(call);
    return NULL;
}

const sbox_problem_t *sbox_entries_read(sbox_call_t *call)
{
    apr_int64_t id;
    const sbox_extension_t *e = NULL;

    if (base_str_to_int(call->id, 1, APR_INT64_MAX, &id)) {
        e = sbox_people_then(call, id,
                             sbox_knob_int(call->box->knobs, SBOX_K_DIRECTORY_LAG_MS));
    }
    if (!e || !sbox_entries_listed(call, e)) {
        return sbox_problem(call->pool, "ADG-122", NULL);
    }
    sbox_answer_json(call->pool, call->answer, 200, sbox_entries_view(call, e));
    return NULL;
}
