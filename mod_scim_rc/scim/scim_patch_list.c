#include "scim_patch_list.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_filter.h"
#include "scim_resource.h"
#include "scim_value.h"

/* A change on its way through one list. */
typedef struct work_t {
    const scim_patch_t *patch;
    const scim_change_t *change;
    const scim_attr_t *attr;
    json_t *list;
    const json_t *members; /* of the elements addressed, as they shall be; NULL: none */
} work_t;

void scim_patch_merge(scim_patch_op_t op, json_t *into, const json_t *from)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)from, name, value)
    {
        if (!scim_value_is_unset(value)) {
            json_object_set_new(into, name, base_json_copy(value));
        }
        else if (op == SCIM_PATCH_REPLACE) {
            json_object_del(into, name);
        }
    }
}

/* Only one element can be the primary one: the one that became it last. */
static void claim_primary(const work_t *w, json_t *element)
{
    json_t *other;
    size_t i;

    if (!json_is_true(json_object_get(element, "primary"))) {
        return;
    }
    json_array_foreach(w->list, i, other)
    {
        if (other != element && json_is_true(json_object_get(other, "primary"))) {
            json_object_set_new(other, "primary", json_false());
        }
    }
}

/* Does `element` have all that `wanted` has? */
static int has_members(const json_t *element, const json_t *wanted)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)wanted, name, value)
    {
        if (!json_equal(json_object_get(element, name), value)) {
            return 0;
        }
    }
    return 1;
}

/* Are these the same "value", regarding letter case where the schema does? */
static int is_same_value(const work_t *w, const json_t *a, const json_t *b)
{
    const scim_attr_t *value = scim_attr_sub(w->attr, "value");

    if (value && (value->flags & SCIM_EXACT)) {
        return json_equal(a, b);
    }
    return json_equal(a, b) ||
           base_str_same(json_string_value(a), json_string_value(b));
}

/* Is `element`, to be added, there as `old` already? One with a value is when that is
 * the same, and the type, so far as both say one; another when `old` has all of it. */
static int is_there(const work_t *w, const json_t *old, const json_t *element)
{
    const json_t *value = json_object_get(element, "value");
    const json_t *old_type = json_object_get(old, "type");
    const json_t *type = json_object_get(element, "type");

    if (!json_is_object(element)) {
        return json_equal(old, element);
    }
    if (!value) {
        return has_members(old, element);
    }
    return is_same_value(w, json_object_get(old, "value"), value) &&
           (!old_type || !type || json_equal(old_type, type));
}

/* Adds an element, or adds to the one that has its value already. */
static void add_element(const work_t *w, const json_t *element)
{
    json_t *old;
    size_t i;

    json_array_foreach(w->list, i, old)
    {
        if (is_there(w, old, element)) {
            scim_patch_merge(SCIM_PATCH_ADD, old, element);
            claim_primary(w, old);
            return;
        }
    }
    old = base_json_copy(element);
    json_array_append_new(w->list, old);
    claim_primary(w, old);
}

/* Is `element` the one that an item in the value of a "remove" means? By "value" alone
 * where there is one: clients send it bare, or with members that do not matter. */
static int is_listed(const work_t *w, const json_t *element, const json_t *item)
{
    const json_t *value = json_is_object(item) ? base_json_member(item, "value") : item;

    if (!value) {
        return json_object_size(item) && has_members(element, item);
    }
    return is_same_value(
        w, json_is_object(element) ? json_object_get(element, "value") : element,
        value);
}

/* Removes what the value lists, and not the whole attribute (the RFC does not foresee
 * a value here, but that is how members of groups are taken out). */
static void remove_listed(const work_t *w, const json_t *value)
{
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    size_t i = json_array_size(w->list), k;

    while (i--) {
        const json_t *element = json_array_get(w->list, i);

        for (k = 0; k < n; k++) {
            if (is_listed(w, element,
                          json_is_array(value) ? json_array_get(value, k) : value)) {
                json_array_remove(w->list, i);
                break;
            }
        }
    }
}

/* The list as a whole. */
static const scim_error_t *change_whole(const work_t *w)
{
    const scim_patch_t *patch = w->patch;
    const json_t *value = w->change->value;
    json_t *read, *element;
    const scim_error_t *error;
    size_t i;

    if (w->change->op == SCIM_PATCH_REMOVE) {
        if (value && !json_is_null(value)) {
            remove_listed(w, value);
        }
        else {
            json_array_clear(w->list);
        }
        return NULL;
    }
    error = scim_value_read(patch->p, w->attr, value,
                            scim_path_text(patch->p, patch->type, &w->change->path),
                            patch->tolerance, &read);
    if (error) {
        return error;
    }
    if (w->change->op == SCIM_PATCH_REPLACE) {
        json_array_clear(w->list);
        json_array_extend(w->list, read);
        return NULL;
    }
    json_array_foreach(read, i, element)
    {
        add_element(w, element);
    }
    return NULL;
}

/* What an element must have to pass `filter`, so far as it says so: the values that it
 * compares with eq, outside of OR and NOT. */
static void collect_eq(const work_t *w, const scim_filter_t *filter, json_t *members)
{
    const scim_attr_t *sub = filter->path.attr;
    json_t *value;

    if (filter->kind == SCIM_AND) {
        collect_eq(w, filter->left, members);
        collect_eq(w, filter->right, members);
    }
    else if (filter->kind == SCIM_COMPARE && filter->op == SCIM_EQ &&
             !scim_attr_is_dropped(sub) &&
             !scim_value_read(w->patch->p, sub, filter->value, sub->name,
                              w->patch->tolerance, &value)) {
        json_object_set(members, sub->name, value);
    }
}

/* A new element, a new reference: what the filter says of it, and then the members
 * that the change wants. *passes: is the filter content with its own words? */
static json_t *make_element(const work_t *w, int *passes)
{
    const scim_filter_t *filter = w->change->path.filter;
    json_t *element = json_object();

    *passes = 1;
    if (filter) {
        collect_eq(w, filter, element);
        *passes = scim_filter_match_value(w->patch->p, filter, element);
    }
    scim_patch_merge(w->change->op, element, w->members);
    scim_element_settle(w->attr, element);
    return element;
}

/* Makes the element that the path addresses and does not find. */
static const scim_error_t *append_made(const work_t *w)
{
    int passes;
    json_t *element = make_element(w, &passes);

    if (!passes) {
        json_decref(element);
        return scim_error(w->patch->p, 400, SCIM_NO_TARGET,
                          "no value of %s passes the filter, and the filter does not "
                          "say what a new one would have to be",
                          w->attr->name);
    }
    json_array_append_new(w->list, element);
    claim_primary(w, element);
    return NULL;
}

/* Changes one element in place, or takes it out. */
static void change_element(const work_t *w, size_t i)
{
    const scim_change_t *change = w->change;
    const scim_attr_t *sub = change->path.sub;
    json_t *element = json_array_get(w->list, i);
    int passes;

    if (change->op == SCIM_PATCH_REMOVE && sub) {
        json_object_del(element, sub->name);
    }
    else if (!w->members) {
        json_array_remove(w->list, i);
    }
    else if (change->op == SCIM_PATCH_REPLACE && !sub && change->path.filter) {
        element = make_element(w, &passes);
        json_array_set_new(w->list, i, element);
        claim_primary(w, element);
    }
    else {
        scim_patch_merge(change->op, element, w->members);
        claim_primary(w, element);
    }
}

/* Reads the value of the change as members of an element. */
static const scim_error_t *read_members(work_t *w)
{
    const scim_patch_t *patch = w->patch;
    const scim_change_t *change = w->change;
    const json_t *value = change->value;
    const char *name = scim_path_text(patch->p, patch->type, &change->path);
    const scim_error_t *error;
    json_t *read;

    if (!change->path.sub) {
        if (json_array_size(value) == 1) {
            value = json_array_get(value, 0);
        }
        if (scim_value_is_unset(value)) {
            return NULL;
        }
        error = scim_element_read(patch->p, w->attr, value, patch->tolerance, &read);
        w->members = read;
        return error;
    }
    error = scim_value_read(patch->p, change->path.sub, value, name, patch->tolerance,
                            &read);
    if (!error) {
        json_t *members = base_json_own(patch->p, json_object());

        json_object_set(members, change->path.sub->name, read);
        w->members = members;
    }
    return error;
}

/* The elements that pass the filter, or all of them. */
static const scim_error_t *change_elements(work_t *w)
{
    const scim_change_t *change = w->change;
    const scim_filter_t *filter = change->path.filter;
    const scim_error_t *error =
        change->op == SCIM_PATCH_REMOVE ? NULL : read_members(w);
    size_t i = json_array_size(w->list);
    int found = 0;

    if (error) {
        return error;
    }
    while (i--) {
        if (!filter ||
            scim_filter_match_value(w->patch->p, filter, json_array_get(w->list, i))) {
            found = 1;
            change_element(w, i);
        }
    }
    if (found || change->op == SCIM_PATCH_REMOVE) {
        return NULL;
    }
    if (change->op == SCIM_PATCH_REPLACE && filter &&
        !(w->patch->tolerance & SCIM_PATCH_CREATES)) {
        return scim_error(w->patch->p, 400, SCIM_NO_TARGET,
                          "no value of %s passes the filter", w->attr->name);
    }
    return w->members ? append_made(w) : NULL;
}

const scim_error_t *scim_patch_list(const scim_patch_t *patch,
                                    const scim_change_t *change, json_t *holder)
{
    const char *name = change->path.attr->name;
    work_t w = {patch, change, change->path.attr, json_object_get(holder, name), NULL};

    if (!json_is_array(w.list)) {
        if (change->op == SCIM_PATCH_REMOVE) {
            return NULL;
        }
        json_object_set_new(holder, name, json_array());
        w.list = json_object_get(holder, name);
    }
    return change->path.filter || change->path.sub ? change_elements(&w)
                                                   : change_whole(&w);
}
