#include "sbox_people.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_time.h"
#include "sbox_edit.h"
#include "sbox_queue.h"
#include "sbox_view.h"

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

const sbox_problem_t *sbox_people_edit(const sbox_wish_t *wish,
                                       const sbox_extension_t *was,
                                       sbox_extension_t *to)
{
    sbox_edit_t edit = {0};

    if (!json_is_object(wish->body)) {
        return sbox_problem(wish->pool, "CMN-103", NULL);
    }
    edit.pool = wish->pool;
    edit.knobs = wish->box->knobs;
    edit.account = wish->box->account;
    edit.body = wish->body;
    edit.creating = was == NULL;
    edit.was = was;
    edit.to = to;
    return sbox_edit_apply(&edit);
}

static sbox_wish_t wish_of(sbox_call_t *call)
{
    sbox_wish_t wish;

    wish.box = call->box;
    wish.pool = call->pool;
    wish.body = call->body;
    return wish;
}

/* What a new extension has when nobody says otherwise (rule 60): the settings of the
 * system extension. */
sbox_extension_t *sbox_people_prepared(const sbox_t *box)
{
    static const sbox_text_t inherited[] = {
        SBOX_T_HOME_COUNTRY, SBOX_T_TIMEZONE, SBOX_T_LANGUAGE,    SBOX_T_GREETING,
        SBOX_T_LOCALE,       SBOX_T_COUNTRY,  SBOX_T_STATE,       SBOX_T_CITY,
        SBOX_T_STREET,       SBOX_T_ZIP,      SBOX_T_TIME_FORMAT,
    };
    sbox_account_t *account = box->account;
    const sbox_extension_t *system = sbox_account_extension(account, account->id);
    sbox_extension_t *e =
        sbox_extension_new(sbox_account_next_id(account), sbox_type_find("User"));
    apr_size_t i;

    e->created = apr_time_now();
    e->status = SBOX_NOT_ACTIVATED;
    e->email_as_login = sbox_knob_is(box->knobs, SBOX_K_EMAIL_AS_LOGIN_DEFAULT, "true");
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

const sbox_problem_t *sbox_people_add(sbox_t *box, apr_pool_t *p, sbox_extension_t *e)
{
    int cap = sbox_knob_int(box->knobs, SBOX_K_ACCOUNT_CAP);
    sbox_change_t change = sbox_change(box);

    if (cap && n_users(box->account) >= cap) {
        return sbox_problem_knob(p, box->knobs, SBOX_K_LICENSE_LIMIT, NULL);
    }
    if (e->status == SBOX_UNASSIGNED) {
        e->hidden = 1;
    }
    else if (!e->number) {
        e->number = strdup(sbox_account_free_number(box->account, p));
    }
    if (sbox_type_is_user(e->type) && !json_array_size(e->roles)) {
        json_array_append_new(e->roles, json_string(box->account->default_role));
    }
    sbox_account_add(box->account, e, &change);
    return NULL;
}

const sbox_problem_t *sbox_people_create(sbox_call_t *call)
{
    sbox_extension_t *e = sbox_people_prepared(call->box);
    sbox_wish_t wish = wish_of(call);
    const sbox_problem_t *problem;

    drop_company_address(call, e);
    problem = sbox_people_edit(&wish, NULL, e);
    if (!problem) {
        problem = sbox_people_add(call->box, call->pool, e);
    }
    if (problem) {
        sbox_extension_free(e);
        return problem;
    }
    sbox_answer_json(call->pool, call->answer, 200,
                     sbox_view_extension(call, e, SBOX_VIEW_READ));
    return NULL;
}

const sbox_problem_t *sbox_people_change(const sbox_wish_t *wish, sbox_extension_t *e,
                                         const sbox_change_t *change)
{
    sbox_extension_t *to = sbox_extension_copy(e);
    const sbox_problem_t *problem = sbox_people_edit(wish, e, to);
    sbox_status_t was = e->status;

    if (problem) {
        sbox_extension_free(to);
        return problem;
    }
    sbox_account_replace(wish->box->account, e, to, change);
    if (e->status != was &&
        (base_json_true(wish->body, "transition.sendWelcomeEmail") ||
         base_json_true(wish->body, "transition.sendWelcomeEmailsToUsers"))) {
        sbox_people_mail(wish->box, "welcome", e);
    }
    return NULL;
}

const sbox_problem_t *sbox_people_update(sbox_call_t *call)
{
    const sbox_problem_t *problem = NULL;
    sbox_extension_t *e = sbox_people_named(call, &problem);
    sbox_change_t change = sbox_change(call->box);
    sbox_wish_t wish = wish_of(call);

    if (e) {
        problem = sbox_people_change(&wish, e, &change);
    }
    if (!problem) {
        sbox_answer_json(call->pool, call->answer, 200,
                         sbox_view_extension(call, e, SBOX_VIEW_READ));
    }
    return problem;
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

void sbox_people_remove(sbox_t *box, sbox_extension_t *e)
{
    sbox_change_t change = sbox_change(box);

    sbox_queue_leave_all(box->account, e);
    sbox_account_remove(box->account, e, &change);
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
    sbox_people_remove(call->box, e);
    call->answer->status = 204;
    return NULL;
}

const sbox_problem_t *sbox_people_welcome(sbox_call_t *call)
{
    const json_t *sent = json_object_get(call->body, "email");
    const char *email = json_string_value(sent);
    const sbox_extension_t *e =
        email ? sbox_account_by_email(call->box->account, email)
              : sbox_account_extension(call->box->account, call->box->account->id);

    if (call->body && (!json_is_object(call->body) || (sent && !email))) {
        return sbox_problem_invalid(call->pool, "email");
    }
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
