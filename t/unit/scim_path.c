#include <apr_general.h>
#include <apr_strings.h>

#include "scim_filter.h"
#include "scim_path.h"
#include "tap.h"

#define USER SCIM_URN_USER
#define ENT SCIM_URN_ENTERPRISE_USER

static const struct {
    const char *text, *plain; /* `plain`: scim_path_text() */
    int filter;               /* has brackets */
} good[] = {
    {"userName", "userName", 0},
    {"USERNAME", "userName", 0},
    {" title ", "title", 0},
    {"name.givenName", "name.givenName", 0},
    {"Name.GIVENNAME", "name.givenName", 0},
    {"meta.lastModified", "meta.lastModified", 0},
    {"id", "id", 0},
    {"schemas", "schemas", 0},
    {"emails", "emails", 0},
    {"emails.value", "emails.value", 0},
    {"emails[type eq \"work\"]", "emails", 1},
    {"emails[type eq \"work\"].value", "emails.value", 1},
    {"EMAILS[TYPE EQ \"work\"].VALUE", "emails.value", 1},
    {"addresses[type eq \"work\" and primary eq true].region", "addresses.region", 1},
    {"phoneNumbers[not (type eq \"work\") or value sw \"+1\"]", "phoneNumbers", 1},
    {"roles[primary eq \"True\"].value", "roles.value", 1},
    {"ims[value pr].type", "ims.type", 1},
    {USER ":userName", "userName", 0},
    {USER ":name.familyName", "name.familyName", 0},
    {USER ":emails[type eq \"work\"].value", "emails.value", 1},
    {"urn:IETF:params:scim:schemas:CORE:2.0:user:title", "title", 0},
    {ENT, ENT, 0},
    {ENT ":department", ENT ":department", 0},
    {ENT ":manager", ENT ":manager", 0},
    {ENT ":manager.displayName", ENT ":manager.displayName", 0},
    {ENT ":manager.$ref", ENT ":manager.$ref", 0},
};

static const struct {
    const char *text;
    unsigned tolerance;
    int flags;
    scim_error_type_t type;
    const char *detail;
} bad[] = {
    {"", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 1 of the path: it ends where an attribute should be"},
    {"\"title\"", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 1 of the path: '\"title\"' stands where an attribute should be"},
    {"noSuchAttribute", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 1 of the path: User has no attribute 'noSuchAttribute'"},
    {"name.noSuchSub", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 6 of the path: name has no sub-attribute 'noSuchSub'; there are "
     "formatted, familyName, givenName"},
    {"name.", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 6 of the path: name has no sub-attribute ''; there are formatted, "
     "familyName, givenName"},
    {"title.value", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 7 of the path: title has no sub-attribute 'value'"},
    {".title", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 1 of the path: User has no attribute ''"},
    {"title x", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 7 of the path: 'x' stands where the end of the path should be"},
    {"department", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 1 of the path: write '" ENT ":department' for this attribute"},
    {"urn:other:User:title", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 1 of the path: 'urn:other:User:title' begins with no schema of User; "
     "there are " USER ", " ENT},
    {ENT ":userName", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 60 of the path: User has no attribute 'userName'"},
    {ENT ":", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 60 of the path: User has no attribute ''"},
    {USER, SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 1 of the path: this is a whole resource; name an attribute of it"},
    {"title[value pr]", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 6 of the path: a filter must follow a multi-valued attribute, which "
     "title is not"},
    {"emails.value[type pr]", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 13 of the path: a filter must follow a multi-valued attribute, which "
     "value is not"},
    {"schemas[value pr]", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_FILTER,
     "position 9 of the path: schemas has no sub-attribute 'value'"},
    {"emails[type eq \"work\"]", SCIM_TOLERATE_ALL, SCIM_PATH_NO_FILTER,
     SCIM_INVALID_PATH, "position 7 of the path: no filter is allowed here"},
    {"emails[type eq", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_FILTER,
     "position 15 of the path: it ends where a string in double quotes should be"},
    {"emails[type eq \"work\"", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_FILTER,
     "position 22 of the path: it ends where 'and', 'or' or ']' should be"},
    {"emails[]", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_FILTER,
     "position 8 of the path: ']' stands where an attribute, 'not' or '(' should be"},
    {"emails[userName eq \"x\"]", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_FILTER,
     "position 8 of the path: emails has no sub-attribute 'userName'; there are value, "
     "type, primary"},
    {"roles[primary eq \"True\"].value", 0, 0, SCIM_INVALID_FILTER,
     "position 18 of the path: '\"True\"' stands where true or false should be"},
    {"emails[type eq \"work\"].nope", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 24 of the path: emails has no sub-attribute 'nope'; there are value, "
     "type, primary"},
    {"emails[type eq \"work\"]value", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 23 of the path: 'value' stands where the end of the path should be"},
    {"emails[type eq \"work\"].value.x", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 24 of the path: emails has no sub-attribute 'value.x'; there are value, "
     "type, primary"},
    {"t\xfftle", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH, "the path is not UTF-8"},
    {"\xc3\xa9\xc3\xa9 title", SCIM_TOLERATE_ALL, 0, SCIM_INVALID_PATH,
     "position 1 of the path: User has no attribute '\xc3\xa9\xc3\xa9'"},
};

static void check_bad(apr_pool_t *p, size_t i)
{
    scim_path_t path;
    const scim_error_t *error = scim_path_parse(p, &scim_type_user, bad[i].text,
                                                bad[i].tolerance, bad[i].flags, &path);

    is_str(error ? error->detail : NULL, bad[i].detail, bad[i].text);
    is_int(error ? error->status : 0, 400, "status 400");
    is_str(error ? scim_error_type_name(error->type) : NULL,
           scim_error_type_name(bad[i].type), "scimType");
}

int main(void)
{
    apr_pool_t *p;
    scim_path_t path;
    const scim_error_t *error;
    char *text;
    size_t i;

    apr_initialize();
    apr_pool_create(&p, NULL);
    for (i = 0; i < sizeof good / sizeof *good; i++) {
        error = scim_path_parse(p, &scim_type_user, good[i].text, SCIM_TOLERATE_ALL, 0,
                                &path);
        is_str(error ? error->detail : NULL, NULL, good[i].text);
        if (!error) {
            is_str(scim_path_text(p, &scim_type_user, &path), good[i].plain, "plain");
            is_int(path.filter != NULL, good[i].filter, "filter or none");
        }
    }
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_bad(p, i);
    }

    text = apr_palloc(p, SCIM_FILTER_MAX_BYTES + 2);
    memset(text, 'a', SCIM_FILTER_MAX_BYTES + 1);
    text[SCIM_FILTER_MAX_BYTES + 1] = '\0';
    error = scim_path_parse(p, &scim_type_user, text, 0, 0, &path);
    is_str(error ? error->detail : NULL, "the path has 8193 bytes, 8192 are allowed",
           "too long");
    text[SCIM_FILTER_MAX_BYTES] = '\0';
    error = scim_path_parse(p, &scim_type_user, text, 0, 0, &path);
    is_str(error ? error->detail : NULL,
           "position 1 of the path: User has no attribute "
           "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'",
           "a long name is cut in the detail");
    memset(text, 'a', 59);
    memcpy(text + 59, "\xc3\xa9\xc3\xa9", 5);
    error = scim_path_parse(p, &scim_type_user, text, 0, 0, &path);
    is_str(error ? error->detail : NULL,
           "position 1 of the path: User has no attribute "
           "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'",
           "but not within a character");

    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
