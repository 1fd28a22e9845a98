#include "sbox_edit.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_json.h"
#include "sbox_country.h"
#include "sbox_field.h"
#include "sbox_locale.h"
#include "sbox_province.h"

static int code_points(const char *text)
{
    int n = 0;

    while (*text) {
        n += (*text++ & 0xc0) != 0x80;
    }
    return n;
}

static int is_choice(const char *choices, const char *text)
{
    const char *at = strstr(choices, text);
    apr_size_t len = strlen(text);

    return at && (at == choices || at[-1] == '|') && (!at[len] || at[len] == '|');
}

static const sbox_problem_t *clear(sbox_edit_t *edit, const sbox_field_t *field)
{
    if (field->flags & SBOX_F_REQUIRED) {
        return sbox_problem_invalid(edit->pool, field->path);
    }
    sbox_extension_set(edit->to, field->slot, NULL);
    return NULL;
}

static const sbox_problem_t *set_null(sbox_edit_t *edit, const sbox_field_t *field)
{
    if (sbox_knob_is(edit->knobs, SBOX_K_NULL_SEMANTICS, "reject")) {
        return sbox_problem_knob(edit->pool, edit->knobs, SBOX_K_UNCLEARABLE,
                                 field->path);
    }
    return sbox_knob_is(edit->knobs, SBOX_K_NULL_SEMANTICS, "clear")
               ? clear(edit, field)
               : NULL;
}

static const sbox_problem_t *set_text(sbox_edit_t *edit, const sbox_field_t *field)
{
    const json_t *value = base_json_at(edit->body, field->path);
    const char *text;

    if (!value || (!edit->creating && field->flags & SBOX_F_CREATE_ONLY)) {
        return NULL;
    }
    if (json_is_null(value)) {
        return set_null(edit, field);
    }
    text = json_is_integer(value) ? apr_psprintf(edit->pool, "%" APR_INT64_T_FMT,
                                                 (apr_int64_t)json_integer_value(value))
                                  : json_string_value(value);
    if (!text || code_points(text) > field->max ||
        (*text && field->choices && !is_choice(field->choices, text))) {
        return sbox_problem_invalid(edit->pool, field->path);
    }
    if (!*text) {
        return clear(edit, field);
    }
    sbox_extension_set(edit->to, field->slot, text);
    return NULL;
}

/* Does a member on the way to a field exist without being an object? */
static const sbox_problem_t *check_objects(sbox_edit_t *edit)
{
    static const char *const objects[] = {
        "contact",
        "contact.businessAddress",
        "contact.pronouncedName",
        "regionalSettings",
        "statusInfo",
        "site",
        "transition",
        "costCenter",
    };
    apr_size_t i;

    for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        const json_t *value = base_json_at(edit->body, objects[i]);

        if (value && !json_is_object(value) && !json_is_null(value)) {
            return sbox_problem_invalid(edit->pool, objects[i]);
        }
    }
    return NULL;
}

static int is_email(const char *text)
{
    const char *at = strchr(text, '@'), *c;

    for (c = text; *c; c++) {
        if (apr_isspace(*c) || apr_iscntrl(*c) || strchr("<>(),;:\"\\[]", *c)) {
            return 0;
        }
    }
    return at && at > text && !strchr(at + 1, '@') && strchr(at + 1, '.') &&
           at[1] != '.' && c[-1] != '.';
}

static int is_phone(const char *text)
{
    return !text || (strspn(text, "+0123456789 ().-") == strlen(text) &&
                     strpbrk(text, "0123456789"));
}

const sbox_problem_t *sbox_edit_texts(sbox_edit_t *edit)
{
    const sbox_problem_t *problem = check_objects(edit);
    char **text = edit->to->text;
    int i, n;
    const sbox_field_t *fields = sbox_field_all(&n);

    for (i = 0; i < n && !problem; i++) {
        problem = set_text(edit, &fields[i]);
    }
    if (problem) {
        return problem;
    }
    if (base_json_at(edit->body, "contact.email") && text[SBOX_T_EMAIL] &&
        !is_email(text[SBOX_T_EMAIL])) {
        return sbox_problem_invalid(edit->pool, "contact.email");
    }
    if (!is_phone(text[SBOX_T_MOBILE_PHONE])) {
        return sbox_problem_invalid(edit->pool, "contact.mobilePhone");
    }
    if (!is_phone(text[SBOX_T_BUSINESS_PHONE])) {
        return sbox_problem_invalid(edit->pool, "contact.businessPhone");
    }
    return NULL;
}

/* Countries in which the state is mandatory and must be one of theirs (rule 78). */
static int has_states(const char *iso)
{
    return !strcmp(iso, "US") || !strcmp(iso, "CA") || !strcmp(iso, "GB");
}

const sbox_problem_t *sbox_edit_address(sbox_edit_t *edit)
{
    char **text = edit->to->text;
    const char *country_sent =
        base_json_string(edit->body, "contact.businessAddress.country");
    const char *state_sent =
        base_json_string(edit->body, "contact.businessAddress.state");
    const sbox_country_t *country;
    const sbox_province_t *state;

    if (!country_sent && !state_sent) {
        return NULL;
    }
    country = text[SBOX_T_COUNTRY] ? sbox_country_find(text[SBOX_T_COUNTRY]) : NULL;
    if (!country) {
        return country_sent && *country_sent
                   ? sbox_problem_invalid(edit->pool, "contact.businessAddress.country")
                   : NULL;
    }
    sbox_extension_set(edit->to, SBOX_T_COUNTRY, country->name);
    state = text[SBOX_T_STATE] ? sbox_province_find(country->iso, text[SBOX_T_STATE])
                               : NULL;
    if (state) {
        sbox_extension_set(edit->to, SBOX_T_STATE, state->iso);
    }
    else if (has_states(country->iso) && (text[SBOX_T_STATE] || country_sent)) {
        return sbox_problem_invalid(edit->pool, "contact.businessAddress.state");
    }
    return NULL;
}

const sbox_problem_t *sbox_edit_regional(sbox_edit_t *edit)
{
    static const sbox_text_t languages[] = {SBOX_T_LANGUAGE, SBOX_T_GREETING,
                                            SBOX_T_LOCALE};
    char **text = edit->to->text;
    const char *home = text[SBOX_T_HOME_COUNTRY];
    apr_size_t i;

    if (home && !sbox_country_by_id((int)apr_atoi64(home))) {
        return sbox_problem(edit->pool, "EXT-262", NULL);
    }
    if (text[SBOX_T_TIMEZONE] && !sbox_timezone_by_id(text[SBOX_T_TIMEZONE])) {
        return sbox_problem_status(edit->pool, "CMN-102", 400,
                                   "regionalSettings.timezone.id");
    }
    for (i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
        const char *id = text[languages[i]];

        if (id && !sbox_language_by_id(id)) {
            return sbox_problem_status(edit->pool, "CMN-102", 400,
                                       sbox_field_path(languages[i]));
        }
    }
    return NULL;
}
