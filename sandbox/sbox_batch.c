#include "sbox_batch.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_fault.h"
#include "sbox_people.h"

#define PROVISION_MAX 10
#define DELETE_MAX 50
#define EMAIL_MAX 64
#define NUMBER_MIN 3
#define ID "%" APR_INT64_T_FMT

/* The array "records" with 1 to `max` members, or what is wrong with it. */
static const sbox_problem_t *check_records(sbox_call_t *call, int max)
{
    const json_t *records = json_object_get(call->body, "records");

    if (!json_is_object(call->body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    if (!json_is_array(records) || !json_array_size(records)) {
        return sbox_problem_invalid(call->pool, "records");
    }
    return json_array_size(records) > (size_t)max
               ? sbox_problem(call->pool, "CMN-106", apr_itoa(call->pool, max))
               : NULL;
}

static const sbox_problem_t *fault_of(sbox_call_t *call, const char *key)
{
    return call->hit ? sbox_fault_record(call->hit->action, call->pool, key ? key : "")
                     : NULL;
}

/* --- provisioning --- */

/* A person of the batch, with the line asked for. */
typedef struct person_t {
    sbox_call_t *call;
    const json_t *record;
    const json_t *device;  /* deviceInfo, or NULL */
    sbox_number_t *number; /* one that is there, NULL: a new one */
    const char *role;      /* NULL: the default */
    int lines;             /* that are taken already */
} person_t;

static int n_lines(const sbox_account_t *account)
{
    const sbox_number_t *number;
    int n = 0;

    for (number = account->first_number; number; number = number->next) {
        n += number->device && number->extension;
    }
    return n;
}

static const sbox_problem_t *check_person(person_t *person)
{
    static const char *const required[] = {"contact.firstName", "contact.lastName",
                                           "contact.email"};
    apr_pool_t *p = person->call->pool;
    const char *status = base_json_string(person->record, "status");
    const char *number = base_json_string(person->record, "extensionNumber");
    apr_size_t i;

    if (!status || strcmp(status, "Enabled")) {
        return sbox_problem_invalid(p, "status");
    }
    for (i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        const char *text = base_json_string(person->record, required[i]);

        if (!text || !*text) {
            return sbox_problem_invalid(p, required[i]);
        }
    }
    if (strlen(base_json_string(person->record, "contact.email")) > EMAIL_MAX) {
        return sbox_problem_invalid(p, "contact.email");
    }
    return number && strlen(number) < NUMBER_MIN
               ? sbox_problem_invalid(p, "extensionNumber")
               : NULL;
}

static const sbox_problem_t *check_role(person_t *person)
{
    apr_pool_t *p = person->call->pool;
    const json_t *roles = json_object_get(person->record, "roles");

    if (!roles) {
        return NULL;
    }
    if (!json_is_array(roles) || json_array_size(roles) > 1) {
        return sbox_problem_invalid(p, "roles");
    }
    person->role = base_json_string(json_array_get(roles, 0), "id");
    return !json_array_size(roles) ||
                   sbox_list_find(person->call->box->account->roles, person->role)
               ? NULL
               : sbox_problem_status(p, "CMN-102", 400, "roles.id");
}

/* A number that the record names: one of the inventory. */
static const sbox_problem_t *find_number(person_t *person)
{
    static const char path[] = "devices.deviceInfo.phoneInfo";
    const sbox_account_t *account = person->call->box->account;
    const char *id = base_json_string(person->device, "phoneInfo.phoneNumberId");
    const char *phone = base_json_string(person->device, "phoneInfo.phoneNumber");
    sbox_number_t *number = NULL;

    if (!id && !phone) {
        return NULL;
    }
    if (id) {
        number = sbox_number_find(account, apr_atoi64(id));
    }
    else {
        number = account->first_number;
        while (number && strcmp(number->phone, phone)) {
            number = number->next;
        }
    }
    person->number = number;
    return number && !number->extension && !strcmp(number->usage, "Inventory")
               ? NULL
               : sbox_problem_status(person->call->pool, "CMN-102", 400, path);
}

static const sbox_problem_t *check_device(person_t *person)
{
    const sbox_call_t *call = person->call;
    const json_t *devices = json_object_get(person->record, "devices");
    int licenses = sbox_knob_int(call->box->knobs, SBOX_K_LICENSES);
    const char *type;

    if (!devices || (json_is_array(devices) && !json_array_size(devices))) {
        return NULL;
    }
    if (!json_is_array(devices) || json_array_size(devices) > 1) {
        return sbox_problem_invalid(call->pool, "devices");
    }
    person->device = json_object_get(json_array_get(devices, 0), "deviceInfo");
    type = base_json_string(person->device, "type");
    if (!type || (strcmp(type, "OtherPhone") && strcmp(type, "WebRTC"))) {
        return sbox_problem_invalid(call->pool, "devices.deviceInfo.type");
    }
    if (!base_json_string(person->device, "emergency.location.id") &&
        !json_is_object(base_json_at(person->device, "emergency.address"))) {
        return sbox_problem_invalid(call->pool, "devices.deviceInfo.emergency");
    }
    if (!json_object_size(json_object_get(person->device, "phoneInfo"))) {
        return sbox_problem_invalid(call->pool, "devices.deviceInfo.phoneInfo");
    }
    if (licenses && person->lines >= licenses) {
        return sbox_problem_knob(call->pool, call->box->knobs, SBOX_K_LICENSE_LIMIT,
                                 NULL);
    }
    return find_number(person);
}

/* The record as the creation of one extension knows it. A new reference. */
static json_t *creation_of(const person_t *person)
{
    json_t *contact = json_deep_copy(json_object_get(person->record, "contact"));
    json_t *mobile = json_object_get(contact, "mobileNumber");
    json_t *body;

    if (mobile) {
        json_object_set(contact, "mobilePhone", mobile);
    }
    if (!json_object_get(contact, "emailAsLoginName")) {
        json_object_set_new(contact, "emailAsLoginName", json_true());
    }
    json_object_del(contact, "mobileNumber");
    body = json_pack("{s:o}", "contact", contact);
    json_object_set(body, "extensionNumber",
                    json_object_get(person->record, "extensionNumber"));
    json_object_set(body, "costCenter", json_object_get(person->record, "costCenter"));
    return body;
}

static const sbox_problem_t *create(person_t *person, sbox_extension_t *e)
{
    sbox_call_t *call = person->call;
    sbox_wish_t wish;
    const sbox_problem_t *problem;

    wish.box = call->box;
    wish.pool = call->pool;
    wish.body = base_json_own(call->pool, creation_of(person));
    problem = sbox_people_edit(&wish, NULL, e);
    if (problem) {
        return problem;
    }
    e->status = SBOX_ENABLED;
    if (person->role) {
        json_array_append_new(e->roles, json_string(person->role));
    }
    return sbox_people_add(call->box, call->pool, e);
}

static json_t *add_line(person_t *person, const sbox_extension_t *e)
{
    sbox_account_t *account = person->call->box->account;
    sbox_number_t *number = person->number;

    if (!number) {
        number = sbox_number_add(account, sbox_usage_find("DirectNumber"), e->id, 1);
    }
    else {
        number->usage = sbox_usage_find("DirectNumber");
        if (!number->device) {
            number->device = sbox_account_next_id(account);
        }
        sbox_number_assign(account, number, e->id);
    }
    return json_pack("{s:o, s:s}", "id", json_sprintf(ID, number->device),
                     "phoneNumber", number->phone);
}

static json_t *failed(const sbox_problem_t *problem)
{
    return json_pack("{s:b, s:[o]}", "successful", 0, "errors",
                     sbox_problem_json(problem));
}

static json_t *provision(person_t *person)
{
    sbox_call_t *call = person->call;
    const char *email = base_json_string(person->record, "contact.email");
    const json_t *mail =
        base_json_at(person->record, "contact.transition.sendWelcomeEmail");
    const sbox_problem_t *problem = fault_of(call, email);
    json_t *devices;
    sbox_extension_t *e;

    problem = problem ? problem : check_person(person);
    problem = problem ? problem : check_role(person);
    problem = problem ? problem : check_device(person);
    if (problem) {
        return failed(problem);
    }
    e = sbox_people_prepared(call->box);
    problem = create(person, e);
    if (problem) {
        sbox_extension_free(e);
        return failed(problem);
    }
    if (!json_is_false(mail)) {
        sbox_people_mail(call->box, "welcome", e);
    }
    devices = json_array();
    if (person->device) {
        json_array_append_new(devices, add_line(person, e));
    }
    return json_pack("{s:b, s:{s:o, s:o}}", "successful", 1, "extension", "id",
                     json_sprintf(ID, e->id), "devices", devices);
}

const sbox_problem_t *sbox_batch_provision(sbox_call_t *call)
{
    const sbox_problem_t *problem = check_records(call, PROVISION_MAX);
    json_t *results, *record;
    int lines;
    size_t i;

    if (problem) {
        return problem;
    }
    lines = n_lines(call->box->account);
    results = json_array();
    json_array_foreach(json_object_get(call->body, "records"), i, record)
    {
        person_t person = {0};
        json_t *result;

        person.call = call;
        person.record = record;
        person.lines = lines;
        result = provision(&person);
        lines += person.device && base_json_true(result, "successful");
        json_array_append_new(results, result);
    }
    sbox_answer_json(call->pool, call->answer, 200,
                     json_pack("{s:o}", "results", results));
    return NULL;
}

/* --- deletion --- */

static const sbox_problem_t *delete_one(sbox_call_t *call, const char *id, int keep)
{
    sbox_account_t *account = call->box->account;
    const sbox_problem_t *problem = fault_of(call, id);
    apr_int64_t number_id;
    sbox_extension_t *e = NULL;

    if (problem) {
        return problem;
    }
    if (base_str_to_int(id, 1, APR_INT64_MAX, &number_id)) {
        e = sbox_account_extension(account, number_id);
    }
    if (!e || e->id == account->id ||
        (strcmp(e->type, "User") && strcmp(e->type, "Limited"))) {
        return sbox_problem(call->pool, "CMN-102", "id");
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
    sbox_people_remove(call->box, e);
    return NULL;
}

static json_t *delete_record(sbox_call_t *call, const char *id, int keep)
{
    const sbox_problem_t *problem = delete_one(call, id, keep);
    json_t *to = json_pack("{s:s, s:b}", "id", id, "bulkItemSuccessful", !problem);

    if (problem) {
        json_object_set_new(to, "bulkItemErrors",
                            json_pack("[{s:s, s:s}]", "errorCode", problem->code,
                                      "message", problem->message));
    }
    return to;
}

const sbox_problem_t *sbox_batch_delete(sbox_call_t *call)
{
    const sbox_problem_t *problem = check_records(call, DELETE_MAX);
    const json_t *records = json_object_get(call->body, "records");
    const json_t *keep = json_object_get(call->body, "keepAssetsInInventory");
    json_t *results, *record;
    size_t i;

    if (problem) {
        return problem;
    }
    if (keep && !json_is_boolean(keep)) {
        return sbox_problem_invalid(call->pool, "keepAssetsInInventory");
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
