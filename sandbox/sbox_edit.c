#include "sbox_edit.h"

#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

#define NUMBER_MAX 8

/* May an extension go from the first status (row) to the second (column)? */
static const char transitions[SBOX_STATUSES][SBOX_STATUSES] = {
    /* to:            Enabled Disabled Frozen NotActivated Unassigned */
    /* Enabled      */ {1, 1, 0, 0, 0},
    /* Disabled     */ {1, 1, 0, 1, 0},
    /* Frozen       */ {0, 0, 1, 0, 0},
    /* NotActivated */ {1, 1, 0, 1, 0},
    /* Unassigned   */ {1, 1, 0, 1, 1},
};

static int may_become(const sbox_edit_t *edit, sbox_status_t to)
{
    sbox_status_t from = edit->was ? edit->was->status : SBOX_UNASSIGNED;

    if (sbox_knob_int(edit->knobs, SBOX_K_ALLOW_FROZEN) && to != SBOX_UNASSIGNED &&
        (from == SBOX_FROZEN || to == SBOX_FROZEN)) {
        return 1;
    }
    if (!transitions[from][to]) {
        return 0;
    }
    if (to == SBOX_ENABLED && (from == SBOX_NOT_ACTIVATED || !edit->was) &&
        sbox_knob_int(edit->knobs, SBOX_K_ENABLE_NEEDS_PASSWORD) &&
        !edit->to->text[SBOX_T_PASSWORD]) {
        return 0;
    }
    return to != SBOX_ENABLED || from == SBOX_ENABLED || from == SBOX_DISABLED ||
           !sbox_knob_int(edit->knobs, SBOX_K_ENABLE_NEEDS_PIN) ||
           edit->to->text[SBOX_T_PIN] != NULL;
}

static int site_has_number(const sbox_account_t *account, const char *number)
{
    json_t *site;
    size_t i;

    json_array_foreach(account->sites, i, site)
    {
        const char *its = base_json_string(site, "extensionNumber");

        if (its && !strcmp(its, number)) {
            return 1;
        }
    }
    return 0;
}

static void set_number(sbox_extension_t *e, const char *number)
{
    free(e->number);
    e->number = strdup(number);
}

static const sbox_problem_t *edit_number(sbox_edit_t *edit)
{
    const json_t *sent = json_object_get(edit->body, "extensionNumber");
    const char *number = json_string_value(sent);
    const sbox_extension_t *other;

    if (!sent || json_is_null(sent) || (number && !*number)) {
        return NULL;
    }
    if (json_is_integer(sent)) {
        number = apr_psprintf(edit->pool, "%" APR_INT64_T_FMT,
                              (apr_int64_t)json_integer_value(sent));
    }
    if (!number || strspn(number, "0123456789") != strlen(number) ||
        strlen(number) > NUMBER_MAX) {
        return sbox_problem_invalid(edit->pool, "extensionNumber");
    }
    other = sbox_account_by_number(edit->account, number);
    if (site_has_number(edit->account, number) ||
        (other && !sbox_type_is_user(other->type) && other->id != edit->to->id)) {
        return sbox_problem_knob(edit->pool, edit->knobs, SBOX_K_EXT_IN_USE,
                                 "extensionNumber");
    }
    if (other && other->id != edit->to->id) {
        return sbox_problem_knob(edit->pool, edit->knobs, SBOX_K_DUP_EXT_NUMBER,
                                 "extensionNumber");
    }
    set_number(edit->to, number);
    return NULL;
}

static const sbox_problem_t *edit_password(sbox_edit_t *edit)
{
    const char *password = base_json_string(edit->body, "password"), *c;
    int digits = 0, upper = 0, lower = 0, special = 0;

    if (!password || !*password) {
        return NULL;
    }
    for (c = password; *c; c++) {
        digits += apr_isdigit(*c) != 0;
        upper += apr_isupper(*c) != 0;
        lower += apr_islower(*c) != 0;
        special += !apr_isalnum(*c);
    }
    if ((int)strlen(password) < sbox_knob_int(edit->knobs, SBOX_K_PASSWORD_MIN)) {
        return sbox_problem(edit->pool, "PWD-001", "password");
    }
    return !digits    ? sbox_problem(edit->pool, "PWD-002", "password")
           : !upper   ? sbox_problem(edit->pool, "PWD-003", "password")
           : !lower   ? sbox_problem(edit->pool, "PWD-004", "password")
           : !special ? sbox_problem(edit->pool, "PWD-005", "password")
                      : NULL;
}

static const sbox_problem_t *edit_site(sbox_edit_t *edit)
{
    const char *id = base_json_string(edit->body, "site.id");

    if (!base_json_at(edit->body, "site.id")) {
        return NULL;
    }
    if (sbox_knob_is(edit->knobs, SBOX_K_SITE_FEATURE, "off")) {
        return sbox_problem(edit->pool, "CMN-109", NULL);
    }
    return sbox_list_find(edit->account->sites, id)
               ? NULL
               : sbox_problem_status(edit->pool, "CMN-102", 400, "site.id");
}

static const sbox_problem_t *edit_status(sbox_edit_t *edit)
{
    const json_t *sent = json_object_get(edit->body, "status");
    sbox_status_t to = sbox_status_find(json_string_value(sent));

    if (!sent || json_is_null(sent)) {
        return NULL;
    }
    if (to == SBOX_STATUSES || (to == SBOX_UNASSIGNED && edit->was)) {
        return sbox_problem_invalid(edit->pool, "status");
    }
    if (!may_become(edit, to)) {
        return sbox_problem_knob(edit->pool, edit->knobs, SBOX_K_BAD_TRANSITION,
                                 "status");
    }
    edit->to->status = to;
    if (to != SBOX_DISABLED) {
        sbox_extension_set(edit->to, SBOX_T_COMMENT, NULL);
        sbox_extension_set(edit->to, SBOX_T_REASON, NULL);
    }
    if (edit->was && edit->was->status == SBOX_UNASSIGNED) {
        edit->to->hidden = 0;
        if (!edit->to->number) {
            set_number(edit->to, sbox_account_free_number(edit->account, edit->pool));
        }
    }
    return NULL;
}

static const sbox_problem_t *edit_type(sbox_edit_t *edit)
{
    const json_t *sent = json_object_get(edit->body, "type");
    const char *type = sbox_type_find(json_string_value(sent));

    if (!sent || json_is_null(sent)) {
        return NULL;
    }
    if (!type ||
        (edit->was && sbox_type_is_user(type) != sbox_type_is_user(edit->was->type))) {
        return sbox_problem_invalid(edit->pool, "type");
    }
    edit->to->type = type;
    return NULL;
}

/* A true or false at `path`, if it is there. */
static const sbox_problem_t *edit_flag(sbox_edit_t *edit, const char *path, int *flag)
{
    const json_t *sent = base_json_at(edit->body, path);

    if (!sent || json_is_null(sent)) {
        return NULL;
    }
    if (!json_is_boolean(sent)) {
        return sbox_problem_invalid(edit->pool, path);
    }
    *flag = json_is_true(sent);
    return NULL;
}

static const sbox_problem_t *check_login(sbox_edit_t *edit)
{
    const sbox_extension_t *to = edit->to, *other;

    if (!to->email_as_login || !to->text[SBOX_T_EMAIL] ||
        to->status == SBOX_UNASSIGNED) {
        return NULL;
    }
    for (other = sbox_account_by_email(edit->account, to->text[SBOX_T_EMAIL]); other;
         other = other->same_email) {
        if (other->id != to->id && other->email_as_login &&
            other->status != SBOX_UNASSIGNED) {
            return sbox_problem_knob(edit->pool, edit->knobs, SBOX_K_DUP_LOGIN_EMAIL,
                                     "contact.email");
        }
    }
    return NULL;
}

/* Members that the documentation knows; `create` has some more. */
static const sbox_problem_t *check_members(sbox_edit_t *edit)
{
    static const char *const known[] = {
        "id",
        "uri",
        "contact",
        "extensionNumber",
        "customFields",
        "password",
        "references",
        "regionalSettings",
        "partnerId",
        "ivrPin",
        "setupWizardState",
        "site",
        "status",
        "statusInfo",
        "type",
        "subType",
        "transition",
        "callQueueInfo",
        "permissions",
        "roles",
        "hidden",
        "costCenter",
        "name",
        "departments",
        "comment",
        "reason",
    };
    json_t *value, *body = (json_t *)edit->body;
    const char *name;

    if (edit->creating && json_object_get(body, "roles")) {
        return sbox_problem_invalid(edit->pool, "roles");
    }
    if (!edit->creating && json_object_get(body, "hidden")) {
        return sbox_problem_invalid(edit->pool, "hidden");
    }
    if (sbox_knob_is(edit->knobs, SBOX_K_UNKNOWN_BODY, "ignore")) {
        return NULL;
    }
    json_object_foreach(body, name, value)
    {
        apr_size_t i = 0;

        while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], name)) {
            i++;
        }
        if (i == sizeof(known) / sizeof(known[0])) {
            return sbox_problem_invalid(edit->pool, apr_pstrdup(edit->pool, name));
        }
    }
    return NULL;
}

/* A user needs a first name and an e-mail; others have no last name. */
static const sbox_problem_t *check_contact(sbox_edit_t *edit)
{
    const sbox_extension_t *to = edit->to;
    const char *last = base_json_string(edit->body, "contact.lastName");

    if (!sbox_type_is_user(to->type)) {
        return last && *last ? sbox_problem(edit->pool, "EXT-356", NULL) : NULL;
    }
    if (to->status == SBOX_UNASSIGNED) {
        return NULL;
    }
    if (!to->text[SBOX_T_FIRST_NAME]) {
        return sbox_problem_invalid(edit->pool, "contact.firstName");
    }
    return to->text[SBOX_T_EMAIL] ? NULL
                                  : sbox_problem_invalid(edit->pool, "contact.email");
}

static const sbox_problem_t *edit_flags(sbox_edit_t *edit)
{
    const sbox_problem_t *problem =
        edit_flag(edit, "contact.emailAsLoginName", &edit->to->email_as_login);

    return problem || !edit->creating ? problem
                                      : edit_flag(edit, "hidden", &edit->to->hidden);
}

const sbox_problem_t *sbox_edit_apply(sbox_edit_t *edit)
{
    static const sbox_problem_t *(*const steps[])(sbox_edit_t *) = {
        check_members,   edit_type,          sbox_edit_texts, sbox_edit_address,
        edit_flags,      sbox_edit_regional, edit_password,   edit_site,
        sbox_edit_lists, edit_number,        edit_status,     check_contact,
        check_login,
    };
    const sbox_problem_t *problem = NULL;
    apr_size_t i;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !problem; i++) {
        problem = steps[i](edit);
    }
    return problem;
}
