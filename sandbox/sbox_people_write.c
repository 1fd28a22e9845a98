#include "sbox_people.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "sbox_edit.h"
#include "sbox_queue.h"
#include "sbox_view.h"

#define DELETE_MAX 50

void sbox_people_mail(sbox_t *box, const char *kind, const sbox_extension_t *e)
{
    apr_pool_t *p;

    apr_pool_create(&p, box->pool);
    json_array_append_new(box->mailbox,
                          json_pack("{s:s, s:s?, s:o, s:s}", "kind", kind, "to",
                                    e->text[SBOX_T_EMAIL], "extensionId",
                                    json_sprintf("%" APR_INT64_T_FMT, e->id), "time",
                                    base_time_format(p, apr_time_now())));
    apr_pool_destroy(p);
}

static const sbox_problem_t *edit(sbox_call_t *call, const sbox_extension_t *was,
                                  sbox_extension_t *to)
{
    sbox_edit_t edit = {0};

    if (!json_is_object(call->body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    edit.pool = call->pool;
    edit.knobs = call->box->knobs;
    edit.account = call->box->account;
    edit.body = call->body;
    edit.creating = was == NULL;
    edit.was = was;
    edit.to = to;
    return sbox_edit_apply(&edit);
}

/* What a new extension has when nobody says otherwise (rule 60): the settings of the
 * system extension. */
static sbox_extension_t *prepared(sbox_call_t *call)
{
    static const sbox_text_t inherited[] = {
        SBOX_T_HOME_COUNTRY, SBOX_T_TIMEZONE, SBOX_T_LANGUAGE,    SBOX_T_GREETING,
        SBOX_T_LOCALE,       SBOX_T_COUNTRY,  SBOX_T_STATE,       SBOX_T_CITY,
        SBOX_T_STREET,       SBOX_T_ZIP,      SBOX_T_TIME_FORMAT,
    };
    sbox_account_t *account = call->box->account;
    const sbox_extension_t *system = sbox_account_extension(account, account->id);
    sbox_extension_t *e =
        sbox_extension_new(sbox_account_next_id(account), sbox_type_find("User"));
    apr_size_t i;

    e->created = apr_time_now();
    e->status = SBOX_NOT_ACTIVATED;
    e->email_as_login =
        sbox_knob_is(call->box->knobs, SBOX_K_EMAIL_AS_LOGIN_DEFAULT, "true");
    for (i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
        sbox_extension_set(e, inherited[i], system->text[inherited[i]]);
    }
    sbox_extension_set(e, SBOX_T_SETUP_WIZARD, "NotStarted");
    sbox_extension_set(e, SBOX_T_SITE, "main-site");
    return e;
}

/* An address of its own does not mix with the company's. */
static void drop_company_address(sbox_call_t *call, sbox_extension_t *e)
{
    static const sbox_text_t address[] = {SBOX_T_COUNTRY, SBOX_T_STATE, SBOX_T_CITY,
                                          SBOX_T_STREET, SBOX_T_ZIP};
    apr_size_t i;

    if (json_object_size(base_json_at(call->body, "contact.businessAddress"))) {
        for (i = 0; i < sizeof(address) / sizeof(address[0]); i++) {
            sbox_extension_set(e, address[i], NULL);
        }
    }
}

static int n_users(const sbox_account_t *account)
{
    const sbox_extension_t *e;
    int n = 0;

    for (e = account->first; e; e = e->next) {
        n += sbox_type_is_user(e->type) && e->status != SBOX_UNASSIGNED;
    }
    return n;
}

const sbox_problem_t *sbox_people_create(sbox_call_t *call)
{
    sbox_t *box = call->box;
    int cap = sbox_knob_int(box->knobs, SBOX_K_ACCOUNT_CAP);
    sbox_extension_t *e = prepared(call);
    sbox_change_t change = sbox_change(box);
    const sbox_problem_t *problem;

    drop_company_address(call, e);
    problem = edit(call, NULL, e);
    if (!problem && cap && n_users(box->account) >= cap) {
        problem = sbox_problem_knob(call->pool, box->knobs, SBOX_K_LICENSE_LIMIT, NULL);
    }
    if (problem) {
        sbox_extension_free(e);
        return problem;
    }
    if (e->status == SBOX_UNASSIGNED) {
        e->hidden = 1;
    }
    else if (!e->number) {
        e->number = strdup(sbox_account_free_number(box->account, call->pool));
    }
    if (sbox_type_is_user(e->type)) {
        json_array_append_new(e->roles, json_string(box->account->default_role));
    }
    sbox_account_add(box->account, e, &change);
    sbox_answer_json(call->pool, call->answer, 200,
                     sbox_view_extension(call, e, SBOX_VIEW_READ));
    return NULL;
}

const sbox_problem_t *sbox_people_update(sbox_call_t *call)
{
    sbox_t *box = call->box;
    const sbox_problem_t *problem = NULL;
    sbox_extension_t *e = sbox_people_named(call, &problem), *to;
    sbox_status_t was;
    sbox_change_t change = sbox_change(box);

    if (!e) {
        return problem;
    }
    to = sbox_extension_copy(e);
    problem = edit(call, e, to);
    if (problem) {
        sbox_extension_free(to);
        return problem;
    }
    was = e->status;
    sbox_account_replace(box->account, e, to, &change);
    if (e->status != was &&
        (base_json_true(call->body, "transition.sendWelcomeEmail") ||
         base_json_true(call->body, "transition.sendWelcomeEmailsToUsers"))) {
        sbox_people_mail(box, "welcome", e);
    }
    sbox_answer_json(call->pool, call->answer, 200,
                     sbox_view_extension(call, e, SBOX_VIEW_READ));
    return NULL;
}

/* A line without its user: an Unassigned extension that owns it (rule 84). */
static void make_unassigned(sbox_call_t *call, sbox_number_t *number)
{
    sbox_account_t *account = call->box->account;
    sbox_extension_t *e =
        sbox_extension_new(sbox_account_next_id(account), sbox_type_find("User"));
    sbox_change_t change = sbox_change(call->box);

    e->created = apr_time_now();
    e->status = SBOX_UNASSIGNED;
    e->hidden = 1;
    sbox_extension_set(e, SBOX_T_SITE, "main-site");
    sbox_account_add(account, e, &change);
    sbox_number_assign(account, number, e->id);
}

static int is_true(sbox_call_t *call, const char *name, int otherwise)
{
    const char *text = apr_table_get(call->query, name);

    return text ? !strcmp(text, "true") : otherwise;
}

static void delete_one(sbox_call_t *call, sbox_extension_t *e)
{
    sbox_change_t change = sbox_change(call->box);

    sbox_queue_leave_all(call->box->account, e);
    sbox_account_remove(call->box->account, e, &change);
}

const sbox_problem_t *sbox_people_delete(sbox_call_t *call)
{
    sbox_account_t *account = call->box->account;
    const sbox_problem_t *problem = NULL;
    sbox_extension_t *e = sbox_people_named(call, &problem);
    int keep_lines = is_true(call, "savePhoneLines", 0);
    int keep_numbers = is_true(call, "savePhoneNumbers", 1);

    if (!e) {
        return problem;
    }
    if (e->id == account->id) {
        return sbox_problem(call->pool, "EXT-403", NULL);
    }
    while (e->numbers) {
        sbox_number_t *number = e->numbers;

        if (number->device && keep_lines) {
            make_unassigned(call, number);
        }
        else if (!number->device && keep_numbers) {
            number->usage = sbox_usage_find("CompanyNumber");
            sbox_number_assign(account, number, 0);
        }
        else {
            sbox_number_remove(account, number);
        }
    }
    delete_one(call, e);
    call->answer->status = 204;
    return NULL;
}

/* One record of the v2 deletion: its entry of the answer. */
static json_t *delete_record(sbox_call_t *call, const char *id, int keep)
{
    sbox_account_t *account = call->box->account;
    apr_int64_t number_id;
    sbox_extension_t *e = NULL;

    if (base_str_to_int(id, 1, APR_INT64_MAX, &number_id)) {
        e = sbox_account_extension(account, number_id);
    }
    if (!e || e->id == account->id ||
        (strcmp(e->type, "User") && strcmp(e->type, "Limited"))) {
        const sbox_problem_t *problem = sbox_problem(call->pool, "CMN-102", "id");

        return json_pack("{s:s, s:b, s:[{s:s, s:s}]}", "id", id, "bulkItemSuccessful",
                         0, "bulkItemErrors", "errorCode", problem->code, "message",
                         problem->message);
    }
    while (e->numbers) {
        sbox_number_t *number = e->numbers;

        if (keep) {
            number->usage = sbox_usage_find("Inventory");
            sbox_number_assign(account, number, 0);
        }
        else {
            sbox_number_remove(account, number);
        }
    }
    delete_one(call, e);
    return json_pack("{s:s, s:b}", "id", id, "bulkItemSuccessful", 1);
}

const sbox_problem_t *sbox_people_delete_many(sbox_call_t *call)
{
    const json_t *records = json_object_get(call->body, "records");
    const json_t *keep = json_object_get(call->body, "keepAssetsInInventory");
    json_t *results, *record;
    size_t i;

    if (!json_is_object(call->body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    if (!json_is_array(records) || !json_array_size(records)) {
        return sbox_problem_invalid(call->pool, "records");
    }
    if (json_array_size(records) > DELETE_MAX) {
        return sbox_problem(call->pool, "CMN-106", "50");
    }
    json_array_foreach(records, i, record)
    {
        if (!base_json_string(record, "id")) {
            return sbox_problem_invalid(call->pool, "records.id");
        }
    }
    results = json_array();
    json_array_foreach(records, i, record)
    {
        json_array_append_new(results,
                              delete_record(call, base_json_string(record, "id"),
                                            !keep || json_is_true(keep)));
    }
    sbox_answer_json(call->pool, call->answer, 200,
                     json_pack("{s:o}", "records", results));
    return NULL;
}

const sbox_problem_t *sbox_people_welcome(sbox_call_t *call)
{
    const char *email = base_json_string(call->body, "email");
    const sbox_extension_t *e =
        email ? sbox_account_by_email(call->box->account, email)
              : sbox_account_extension(call->box->account, call->box->account->id);

    while (e && e->status == SBOX_UNASSIGNED) {
        e = e->same_email;
    }
    if (!e) {
        return sbox_problem(call->pool, "CMN-102", "email");
    }
    sbox_people_mail(call->box,
                     strstr(call->operation->id, "Welcome") ? "welcome" : "activation",
                     e);
    call->answer->status = 200;
    return NULL;
}
