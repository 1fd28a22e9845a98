#include "gw_table.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_schema.h"

const gw_row_t gw_rows[GW_ROWS] = {
    {NULL, "userName", NULL, NULL, "contact.email", GW_LOGIN, GW_ROW_FIXED,
     "the work e-mail address, not used by anybody else in the account"},
    {NULL, "externalId", NULL, NULL, "CustomerDirectoryId", GW_REFERENCE, 0,
     "the identity provider's own id of the user"},
    {NULL, "name", NULL, "givenName", "contact.firstName", GW_TEXT, GW_ROW_FIXED,
     "1 to 64 characters"},
    {NULL, "name", NULL, "familyName", "contact.lastName", GW_TEXT, 0,
     "up to 64 characters"},
    {NULL, "title", NULL, NULL, "contact.jobTitle", GW_TEXT, 0, "up to 64 characters"},
    {NULL, "preferredLanguage", NULL, NULL, "regionalSettings.language", GW_LANGUAGE,
     GW_ROW_UNLISTED, "a language tag such as \"en-US\""},
    {NULL, "locale", NULL, NULL, "regionalSettings.formattingLocale", GW_LANGUAGE,
     GW_ROW_UNLISTED, "a language tag such as \"en-US\""},
    {NULL, "timezone", NULL, NULL, "regionalSettings.timezone", GW_TIMEZONE,
     GW_ROW_UNLISTED,
     "a time zone name that RingCentral knows, such as \"US/Pacific\""},
    {NULL, "active", NULL, NULL, "status", GW_ACTIVE, 0, "true or false"},
    {NULL, "password", NULL, NULL, "password", GW_PASSWORD, 0,
     "at least 8 characters with upper and lower case letters, a digit and a special "
     "character"},
    {NULL, "emails", "work", "value", "contact.email", GW_TEXT, GW_ROW_FIXED,
     "an e-mail address, not used by anybody else in the account"},
    {NULL, "phoneNumbers", "work", "value", "contact.businessPhone", GW_TEXT, 0,
     "a number in E.164 form such as \"+16505550100\""},
    {NULL, "phoneNumbers", "mobile", "value", "contact.mobilePhone", GW_TEXT, 0,
     "a number in E.164 form such as \"+16505550100\", not toll-free"},
    {NULL, "addresses", "work", "streetAddress", "contact.businessAddress.street",
     GW_TEXT, GW_ROW_DEFAULTED, "street and house number"},
    {NULL, "addresses", "work", "locality", "contact.businessAddress.city", GW_TEXT,
     GW_ROW_DEFAULTED, "the name of the city"},
    {NULL, "addresses", "work", "country", "contact.businessAddress.country",
     GW_COUNTRY, GW_ROW_DEFAULTED,
     "an ISO 3166-1 code such as \"US\" or the English name of the country"},
    {NULL, "addresses", "work", "region", "contact.businessAddress.state", GW_REGION,
     GW_ROW_DEFAULTED,
     "the ISO code or the English name of a state or province of the country; the "
     "United States, Canada and the United Kingdom need one"},
    {NULL, "addresses", "work", "postalCode", "contact.businessAddress.zip", GW_TEXT,
     GW_ROW_DEFAULTED, "the postal code"},
    {SCIM_URN_ENTERPRISE_USER, "department", NULL, NULL, "contact.department", GW_TEXT,
     0, "up to 64 characters"},
};

const gw_row_t *gw_row_of(gw_kind_t kind)
{
    const gw_row_t *row = gw_rows;

    while (row->kind != kind) {
        row++;
    }
    return row;
}

/* Are the steps of `field` the last ones of `name`, or the first ones? */
static int has_steps(const char *name, const char *field)
{
    apr_size_t len = strlen(name), flen = strlen(field);

    if (len < flen) {
        return 0;
    }
    if (!strncmp(name, field, flen) && strchr(".[", name[flen])) {
        return 1; /* strchr() also finds the end */
    }
    return !strcmp(name + len - flen, field) && name[len - flen - 1] == '.';
}

const gw_row_t *gw_row_of_parameter(const char *parameter)
{
    int i;

    if (!parameter) {
        return NULL;
    }
    if (strstr(parameter, "references")) {
        return gw_row_of(GW_REFERENCE);
    }
    /* The login row shares its field with the e-mail row, which names it better. */
    for (i = 0; i < GW_ROWS; i++) {
        if (gw_rows[i].kind != GW_LOGIN && has_steps(parameter, gw_rows[i].field)) {
            return &gw_rows[i];
        }
    }
    return NULL;
}

const char *gw_row_path(apr_pool_t *p, const gw_row_t *row)
{
    return apr_pstrcat(p, row->urn ? row->urn : "", row->urn ? ":" : "", row->attr,
                       row->type ? "[type eq \"" : "", row->type ? row->type : "",
                       row->type ? "\"]" : "", row->sub ? "." : "",
                       row->sub ? row->sub : "", NULL);
}

const char *gw_row_key(apr_pool_t *p, const gw_row_t *row)
{
    return apr_pstrcat(p, row->attr, row->type ? "/" : "", row->type ? row->type : "",
                       row->sub ? "/" : "", row->sub ? row->sub : "", NULL);
}

/* The element of a multi-valued attribute that a row means: RingCentral has room for
 * one of a type. The primary one, else the last, which an "add" has put there. */
static json_t *element_of(const gw_row_t *row, const json_t *elements)
{
    json_t *element, *found = NULL;
    size_t i;

    json_array_foreach((json_t *)elements, i, element)
    {
        if (base_str_same(json_string_value(json_object_get(element, "type")),
                          row->type) &&
            !json_is_true(json_object_get(found, "primary"))) {
            found = element;
        }
    }
    return found;
}

static const char *scalar(const json_t *value)
{
    const char *text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false")
                                              : json_string_value(value);

    return text && *text ? text : NULL;
}

const char *gw_row_get(const gw_row_t *row, const json_t *user)
{
    const json_t *at = row->urn ? json_object_get(user, row->urn) : user;

    at = json_object_get(at, row->attr);
    if (row->type) {
        at = element_of(row, at);
    }
    return scalar(row->sub ? json_object_get(at, row->sub) : at);
}

/* The member `name` of `object`, made as `fresh` when missing (which is taken). */
static json_t *need(json_t *object, const char *name, json_t *fresh)
{
    json_t *member = json_object_get(object, name);

    if (member) {
        json_decref(fresh);
        return member;
    }
    json_object_set_new(object, name, fresh);
    return fresh;
}

void gw_row_put(const gw_row_t *row, json_t *user, const char *value)
{
    json_t *at = row->urn ? need(user, row->urn, json_object()) : user;
    json_t *text = row->kind == GW_ACTIVE ? json_boolean(!strcmp(value, "true"))
                                          : json_string(value);

    if (row->type) {
        json_t *elements = need(at, row->attr, json_array());

        at = element_of(row, elements);
        if (!at) {
            at = json_object();
            json_object_set_new_nocheck(at, "type", json_string_nocheck(row->type));
            json_array_append_new(elements, at);
        }
    }
    else if (row->sub) {
        at = need(at, row->attr, json_object());
    }
    json_object_set_new(at, row->sub ? row->sub : row->attr, text);
}

static const char *reference(const json_t *extension, const char *type)
{
    json_t *each;
    size_t i;

    json_array_foreach(json_object_get(extension, "references"), i, each)
    {
        if (base_str_same(json_string_value(json_object_get(each, "type")), type)) {
            return scalar(json_object_get(each, "ref"));
        }
    }
    return NULL;
}

const char *gw_row_field(const gw_row_t *row, const json_t *extension)
{
    const json_t *at;

    switch (row->kind) {
    case GW_REFERENCE:
        return reference(extension, row->field);
    case GW_ACTIVE: {
        const char *status = base_json_string(extension, row->field);

        if (!status) {
            return NULL;
        }
        return base_str_same(status, "Enabled") || base_str_same(status, "NotActivated")
                   ? "true"
                   : "false";
    }
    case GW_LANGUAGE:
    case GW_TIMEZONE:
        at = base_json_at(extension, row->field);
        return scalar(
            json_object_get(at, row->kind == GW_LANGUAGE ? "localeCode" : "name"));
    case GW_PASSWORD:
        return NULL;
    default:
        return scalar(base_json_at(extension, row->field));
    }
}
