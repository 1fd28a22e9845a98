#include "sbox_scim_user.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_scim.h"

/* "emails[type eq \"work\"].value", "name.familyName", "urn:...:User:department". */
typedef struct target_t {
    const char *attribute;
    const char *type; /* of the value filter; NULL: none */
    const char *sub;  /* NULL: the whole attribute */
} target_t;

static const sbox_problem_t *bad_path(apr_pool_t *p, const char *path)
{
    return sbox_problem_scim(
        p, 400, "invalidPath",
        apr_psprintf(p, "Path [%s] is not supported.", path ? path : ""));
}

/* The name that the service has for an attribute; NULL: it has none such. */
static const char *known(const char *name)
{
    static const char *const names[] = {
        "active",       "addresses", "emails", "externalId", "name",
        "phoneNumbers", "photos",    "title",  "userName",   SBOX_SCIM_ENTERPRISE,
    };
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (base_str_same(names[i], name)) {
            return names[i];
        }
    }
    return NULL;
}

static int is_list(const char *attribute)
{
    return !strcmp(attribute, "addresses") || !strcmp(attribute, "emails") ||
           !strcmp(attribute, "phoneNumbers") || !strcmp(attribute, "photos");
}

/* Cuts `rest`, "[type eq \"x\"].sub" or ".sub" or nothing. */
static int read_rest(target_t *target, char *rest)
{
    static const char filter[] = "[type eq \"";

    if (!strncasecmp(rest, filter, sizeof(filter) - 1)) {
        char *end = strstr(rest, "\"]");

        if (!end || !is_list(target->attribute)) {
            return 0;
        }
        *end = '\0';
        target->type = rest + sizeof(filter) - 1;
        rest = end + 2;
    }
    if (*rest == '.') {
        target->sub = rest + 1;
        return rest[1] != '\0';
    }
    return !*rest;
}

static int read_path(apr_pool_t *p, target_t *target, const char *path)
{
    static const apr_size_t core = sizeof(SBOX_SCIM_USER) - 1,
                            enterprise = sizeof(SBOX_SCIM_ENTERPRISE) - 1;
    apr_size_t len;

    memset(target, 0, sizeof(*target));
    if (!strncasecmp(path, SBOX_SCIM_USER ":", core + 1)) {
        path += core + 1;
    }
    if (!strncasecmp(path, SBOX_SCIM_ENTERPRISE, enterprise)) {
        target->attribute = SBOX_SCIM_ENTERPRISE;
        target->sub = path[enterprise] == ':' ? path + enterprise + 1 : NULL;
        return target->sub || !path[enterprise];
    }
    len = strcspn(path, "[.");
    target->attribute = known(apr_pstrmemdup(p, path, len));
    return target->attribute && read_rest(target, apr_pstrdup(p, path + len));
}

/* Puts one value of a list into the place of that with the same type. */
static void merge_typed(json_t *list, json_t *value)
{
    const char *type = base_json_string(value, "type");
    json_t *old = type ? sbox_scim_typed(list, type) : NULL;

    if (old) {
        json_object_update(old, value);
    }
    else {
        json_array_append(list, value);
    }
}

static json_t *list_of(json_t *user, const char *attribute)
{
    json_t *list = json_object_get(user, attribute);

    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(user, attribute, list);
    }
    return list;
}

static void put_list(json_t *user, const target_t *target, json_t *value, int replace)
{
    json_t *list = list_of(user, target->attribute), *one;
    size_t i;

    if (target->type || target->sub) {
        const char *type = target->type ? target->type : "work";

        one = sbox_scim_typed(list, type);
        if (!one) {
            one = json_pack("{s:s}", "type", type);
            json_array_append_new(list, one);
        }
        if (target->sub) {
            json_object_set(one, target->sub, value);
        }
        else {
            json_object_update(one, value);
        }
        return;
    }
    if (replace) {
        json_array_clear(list);
    }
    if (json_is_object(value)) {
        merge_typed(list, value);
    }
    json_array_foreach(value, i, one)
    {
        merge_typed(list, one);
    }
}

/* Truth also comes as text. */
static json_t *as_truth(const json_t *value)
{
    const char *text = json_string_value(value);
    int is_true = json_is_true(value) || base_str_same(text, "true");

    return is_true || json_is_false(value) || base_str_same(text, "false")
               ? json_boolean(is_true)
               : NULL;
}

static const sbox_problem_t *put(apr_pool_t *p, json_t *user, const target_t *target,
                                 json_t *value, int replace)
{
    if (!strcmp(target->attribute, "active")) {
        json_t *truth = as_truth(value);

        if (!truth) {
            return sbox_problem_scim(p, 400, "invalidValue",
                                     "Parameter [active] value is invalid.");
        }
        json_object_set_new(user, "active", truth);
        return NULL;
    }
    if (is_list(target->attribute)) {
        put_list(user, target, value, replace);
    }
    else if (target->sub) {
        json_t *object = json_object_get(user, target->attribute);

        if (!json_is_object(object)) {
            object = json_object();
            json_object_set_new(user, target->attribute, object);
        }
        json_object_set(object, target->sub, value);
    }
    else if (json_is_object(value) &&
             json_is_object(json_object_get(user, target->attribute))) {
        json_object_update(json_object_get(user, target->attribute), value);
    }
    else {
        json_object_set(user, target->attribute, value);
    }
    return NULL;
}

static void drop(json_t *user, const target_t *target)
{
    json_t *value = json_object_get(user, target->attribute), *one;
    size_t i;

    if (!target->type && !target->sub) {
        json_object_del(user, target->attribute);
        return;
    }
    if (json_is_object(value)) {
        json_object_del(value, target->sub);
        return;
    }
    for (i = json_array_size(value); i-- > 0;) {
        one = json_array_get(value, i);
        if (target->type &&
            !base_str_same(base_json_string(one, "type"), target->type)) {
            continue;
        }
        if (target->sub) {
            json_object_del(one, target->sub);
        }
        else {
            json_array_remove(value, i);
        }
    }
}

/* An operation without a path: each member of its value is one. */
static const sbox_problem_t *put_all(apr_pool_t *p, json_t *user, json_t *value,
                                     int replace)
{
    const sbox_problem_t *problem = NULL;
    const char *name;
    json_t *one;

    if (!json_is_object(value)) {
        return sbox_problem_scim(p, 400, "invalidSyntax", "An object is expected.");
    }
    json_object_foreach(value, name, one)
    {
        target_t target;

        if (!read_path(p, &target, name)) {
            return bad_path(p, apr_pstrdup(p, name));
        }
        problem = put(p, user, &target, one, replace);
        if (problem) {
            return problem;
        }
    }
    return NULL;
}

static const sbox_problem_t *carry_out(apr_pool_t *p, json_t *user, const json_t *one)
{
    const char *op = base_json_string(one, "op"), *path = base_json_string(one, "path");
    json_t *value = json_object_get(one, "value");
    int replace = base_str_same(op, "replace");
    target_t target;

    if (!replace && !base_str_same(op, "add") && !base_str_same(op, "remove")) {
        return sbox_problem_scim(p, 400, "invalidSyntax",
                                 "Parameter [op] value is invalid.");
    }
    if (path && !read_path(p, &target, path)) {
        return bad_path(p, apr_pstrdup(p, path));
    }
    if (base_str_same(op, "remove")) {
        if (!path) {
            return sbox_problem_scim(p, 400, "noTarget", "A path is expected.");
        }
        drop(user, &target);
        return NULL;
    }
    if (!value) {
        return sbox_problem_scim(p, 400, "invalidSyntax", "A value is expected.");
    }
    return path ? put(p, user, &target, value, replace)
                : put_all(p, user, value, replace);
}

const sbox_problem_t *sbox_scim_patch_apply(apr_pool_t *p, json_t *user,
                                            const json_t *patch)
{
    const json_t *operations = json_object_get(patch, "Operations");
    const sbox_problem_t *problem = NULL;
    json_t *one;
    size_t i;

    if (!json_array_size(operations)) {
        return sbox_problem_scim(p, 400, "invalidSyntax", "Operations are expected.");
    }
    json_array_foreach(operations, i, one)
    {
        problem = carry_out(p, user, one);
        if (problem) {
            return problem;
        }
    }
    return NULL;
}
