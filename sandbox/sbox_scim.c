#include "sbox_scim.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_people.h"
#include "sbox_queue.h"
#include "sbox_scim_user.h"
#include "sbox_spare.h"

#define MIB ((apr_size_t)1024 * 1024)

int sbox_scim_is(const char *path)
{
    return !strncmp(path, "/scim/", 6);
}

apr_size_t sbox_scim_body_max(const sbox_operation_t *operation)
{
    return operation->group == SBOX_GROUP_HEAVY ? 10 * MIB : MIB;
}

void sbox_scim_answer(sbox_call_t *call, int status, json_t *json)
{
    const char *accept = apr_table_get(call->request->headers, "Accept");

    sbox_answer_json(call->pool, call->answer, status, json);
    if (accept && strstr(accept, SBOX_SCIM_TYPE)) {
        call->answer->content_type = SBOX_SCIM_TYPE ";charset=UTF-8";
    }
}

static const sbox_problem_t *not_found(sbox_call_t *call)
{
    return sbox_problem_scim(
        call->pool, 404, NULL,
        apr_psprintf(call->pool, "User [%s] is not found.", call->id));
}

/* The person that the path names; NULL: none. */
static sbox_extension_t *named(sbox_call_t *call)
{
    apr_int64_t id;
    sbox_extension_t *e = NULL;

    if (base_str_to_int(call->id, 1, APR_INT64_MAX, &id)) {
        e = sbox_account_extension(call->box->account, id);
    }
    return e && sbox_scim_is_user(e) ? e : NULL;
}

/* What it looked like as long ago as the service lags behind; NULL: it was not there.
 */
static const sbox_extension_t *lagging(sbox_call_t *call)
{
    sbox_t *box = call->box;
    apr_time_t lag =
        (apr_time_t)sbox_knob_int(box->knobs, SBOX_K_SCIM_REST_LAG_MS) * 1000;
    const sbox_past_t *past;
    apr_int64_t id;

    if (lag && base_str_to_int(call->id, 1, APR_INT64_MAX, &id)) {
        for (past = box->account->past; past; past = past->next) {
            if (past->id == id && past->until > sbox_clock_now(&box->clock) - lag) {
                return past->was && sbox_scim_is_user(past->was) ? past->was : NULL;
            }
        }
    }
    return named(call);
}

const sbox_problem_t *sbox_scim_read(sbox_call_t *call)
{
    const sbox_extension_t *e = lagging(call);

    if (!e) {
        return not_found(call);
    }
    sbox_scim_answer(call, 200, sbox_scim_view(call, e, SBOX_SCIM_FULL));
    return NULL;
}

static const sbox_problem_t *invalid(sbox_call_t *call, const char *name)
{
    return sbox_problem_scim(
        call->pool, 400, "invalidValue",
        apr_psprintf(call->pool, "Parameter [%s] value is invalid.", name));
}

static int has_schema(const json_t *body)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(body, "schemas"), i, one)
    {
        if (base_str_same(json_string_value(one), SBOX_SCIM_USER)) {
            return 1;
        }
    }
    return 0;
}

/* Rule 151. */
static const sbox_problem_t *check_user(sbox_call_t *call, const json_t *user)
{
    const json_t *active = json_object_get(user, "active");
    const char *name = base_json_string(user, "userName"), *work;

    if (active && !json_is_boolean(active)) {
        return invalid(call, "active");
    }
    work = base_json_string(sbox_scim_typed(json_object_get(user, "emails"), "work"),
                            "value");
    return base_str_same(name, work)
               ? NULL
               : sbox_problem_scim(call->pool, 400, "invalidValue",
                                   "userName must be equal to the work email.");
}

/* A user that is sent whole has all that it cannot do without. */
static const sbox_problem_t *check_body(sbox_call_t *call)
{
    static const char *const required[] = {"userName", "name.givenName",
                                           "name.familyName"};
    const json_t *user = call->body;
    apr_size_t i;

    if (!json_is_object(user)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    if (!has_schema(user)) {
        return invalid(call, "schemas");
    }
    for (i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        const char *text = base_json_string(user, required[i]);

        if (!text || !*text) {
            return invalid(call, required[i]);
        }
    }
    return check_user(call, user);
}

/* Has somebody else this e-mail (rule 151)? */
static const sbox_problem_t *check_unique(sbox_call_t *call, const json_t *user,
                                          const sbox_extension_t *self)
{
    const json_t *how = sbox_knob_json(call->box->knobs, SBOX_K_DUP_LOGIN_EMAIL);
    const sbox_extension_t *other =
        sbox_account_by_email(call->box->account, base_json_string(user, "userName"));

    while (other && (other == self || other->status == SBOX_UNASSIGNED)) {
        other = other->same_email;
    }
    return other ? sbox_problem_scim(call->pool, 409, "uniqueness",
                                     base_json_string(how, "message"))
                 : NULL;
}

/* Makes `e` what `user` says and answers with it. */
static const sbox_problem_t *change(sbox_call_t *call, const json_t *user,
                                    sbox_extension_t *e, int status)
{
    sbox_change_t how = sbox_change(call->box);
    const sbox_problem_t *problem = check_unique(call, user, e);
    sbox_extension_t *to;

    if (problem) {
        return problem;
    }
    to = sbox_extension_copy(e);
    problem = sbox_scim_apply(call, user, e, to);
    if (problem) {
        sbox_extension_free(to);
        return problem;
    }
    sbox_account_replace(call->box->account, e, to, &how);
    sbox_scim_answer(call, status, sbox_scim_view(call, e, SBOX_SCIM_FULL));
    return NULL;
}

const sbox_problem_t *sbox_scim_create(sbox_call_t *call)
{
    const sbox_problem_t *problem = check_body(call);
    sbox_extension_t *e;

    if (!problem) {
        problem = check_unique(call, call->body, NULL);
    }
    if (problem) {
        return problem;
    }
    e = sbox_spare_lowest(call->box->account);
    if (!e) {
        return sbox_problem_knob(call->pool, call->box->knobs, SBOX_K_LICENSE_LIMIT,
                                 NULL);
    }
    problem = change(call, call->body, e, 201);
    if (!problem) {
        apr_table_setn(call->answer->headers, "Location",
                       apr_psprintf(call->pool, "%s/scim/v2/Users/%" APR_INT64_T_FMT,
                                    call->request->base_uri, e->id));
    }
    return problem;
}

const sbox_problem_t *sbox_scim_replace(sbox_call_t *call)
{
    const sbox_problem_t *problem = check_body(call);
    sbox_extension_t *e = named(call);

    if (problem) {
        return problem;
    }
    return e ? change(call, call->body, e, 200) : not_found(call);
}

const sbox_problem_t *sbox_scim_patch(sbox_call_t *call)
{
    sbox_extension_t *e = named(call);
    const sbox_problem_t *problem;
    json_t *user;

    if (!json_is_object(call->body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    if (!e) {
        return not_found(call);
    }
    user = base_json_own(call->pool, sbox_scim_view(call, e, SBOX_SCIM_FULL));
    /* Only when it is sent does it change the status. */
    json_object_del(user, "active");
    problem = sbox_scim_patch_apply(call->pool, user, call->body);
    if (!problem) {
        problem = check_user(call, user);
    }
    return problem ? problem : change(call, user, e, 200);
}

/* Keeps the line of the licence and gives other numbers to the account. 1, or 0 when
 * there is no line. */
static int release_numbers(sbox_account_t *account, sbox_extension_t *e)
{
    sbox_number_t *number, *next, *line = NULL;

    for (number = e->numbers; number && !line; number = number->same_extension) {
        line = number->device ? number : NULL;
    }
    for (number = e->numbers; number; number = next) {
        next = number->same_extension;
        if (number != line) {
            number->usage = sbox_usage_find("CompanyNumber");
            number->device = 0;
            sbox_number_assign(account, number, 0);
        }
    }
    return line != NULL;
}

/* The Unassigned extension that is left of `e`: its line, and the company's settings.
 */
static sbox_extension_t *left_over(const sbox_account_t *account,
                                   const sbox_extension_t *e)
{
    static const sbox_text_t company[] = {
        SBOX_T_COUNTRY, SBOX_T_STATE,        SBOX_T_CITY,     SBOX_T_STREET,
        SBOX_T_ZIP,     SBOX_T_HOME_COUNTRY, SBOX_T_TIMEZONE, SBOX_T_LANGUAGE,
        SBOX_T_LOCALE,  SBOX_T_TIME_FORMAT,  SBOX_T_GREETING,
    };
    const sbox_extension_t *system = sbox_account_extension(account, account->id);
    sbox_extension_t *left = sbox_extension_new(e->id, e->type);
    apr_size_t i;

    left->created = e->created;
    left->status = SBOX_UNASSIGNED;
    left->hidden = 1;
    left->numbers = e->numbers;
    left->spare = e->spare;
    for (i = 0; i < sizeof(company) / sizeof(company[0]); i++) {
        sbox_extension_set(left, company[i], system->text[company[i]]);
    }
    sbox_extension_set(left, SBOX_T_SETUP_WIZARD, "NotStarted");
    sbox_extension_set(left, SBOX_T_SITE, "main-site");
    json_array_append_new(left->roles, json_string(account->default_role));
    return left;
}

const sbox_problem_t *sbox_scim_delete(sbox_call_t *call)
{
    sbox_account_t *account = call->box->account;
    sbox_extension_t *e = named(call);
    sbox_change_t how = sbox_change(call->box);

    if (!e) {
        return not_found(call);
    }
    if (e->id == account->id) {
        return sbox_problem(call->pool, "EXT-403", NULL);
    }
    sbox_queue_leave_all(account, e);
    if (release_numbers(account, e)) {
        sbox_account_replace(account, e, left_over(account, e), &how);
    }
    else {
        sbox_account_remove(account, e, &how);
    }
    call->answer->status = 204;
    return NULL;
}
