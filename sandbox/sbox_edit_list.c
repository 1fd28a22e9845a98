#include "sbox_edit.h"

#include <string.h>

#include "base_json.h"

#define REFERENCES_MAX 20
#define REF_MAX 256

static int is_reference(const json_t *one)
{
    const char *ref = base_json_string(one, "ref");
    const char *type = base_json_string(one, "type");

    return ref && *ref && strlen(ref) <= REF_MAX && type &&
           (!strcmp(type, "PartnerId") || !strcmp(type, "CustomerDirectoryId"));
}

static int same_text(const json_t *a, const json_t *b, const char *name)
{
    const char *x = base_json_string(a, name), *y = base_json_string(b, name);

    return x && y && !strcmp(x, y);
}

static int in_use(const sbox_edit_t *edit, const json_t *reference)
{
    const sbox_extension_t *e;
    json_t *one;
    size_t i;

    for (e = edit->account->first; e; e = e->next) {
        json_array_foreach(e->references, i, one)
        {
            if (e->id != edit->to->id && same_text(one, reference, "ref") &&
                same_text(one, reference, "type")) {
                return 1;
            }
        }
    }
    return 0;
}

/* Puts `one` into `list`, in the place of one with the same `key`. */
static void put(json_t *list, json_t *one, const char *key)
{
    json_t *other;
    size_t i;

    json_array_foreach(list, i, other)
    {
        if (same_text(one, other, key)) {
            json_array_set(list, i, one);
            return;
        }
    }
    json_array_append(list, one);
}

static const sbox_problem_t *set_references(sbox_edit_t *edit)
{
    const json_t *sent = json_object_get(edit->body, "references");
    int unique = sbox_knob_int(edit->knobs, SBOX_K_REFERENCES_UNIQUE);
    json_t *kept, *one;
    size_t i;

    if (!sent || !sbox_knob_int(edit->knobs, SBOX_K_REFERENCES_WRITABLE)) {
        return NULL;
    }
    if (json_is_null(sent)) {
        if (sbox_knob_is(edit->knobs, SBOX_K_NULL_SEMANTICS, "reject")) {
            return sbox_problem_knob(edit->pool, edit->knobs, SBOX_K_UNCLEARABLE,
                                     "references");
        }
        if (sbox_knob_is(edit->knobs, SBOX_K_NULL_SEMANTICS, "ignore")) {
            return NULL;
        }
    }
    else if (!json_is_array(sent) || json_array_size(sent) > REFERENCES_MAX) {
        return sbox_problem_invalid(edit->pool, "references");
    }
    json_array_foreach(sent, i, one)
    {
        if (!is_reference(one) || (unique && in_use(edit, one))) {
            return sbox_problem_invalid(edit->pool, "references");
        }
    }
    if (!sbox_knob_is(edit->knobs, SBOX_K_REFERENCES_MERGE, "merge") ||
        !edit->to->references) {
        json_decref(edit->to->references);
        edit->to->references = json_array();
    }
    kept = edit->to->references;
    json_array_foreach(sent, i, one)
    {
        put(kept, one, "type");
    }
    return NULL;
}

static const sbox_problem_t *set_custom_fields(sbox_edit_t *edit)
{
    const json_t *sent = json_object_get(edit->body, "customFields");
    json_t *one;
    size_t i;

    if (!sent || json_is_null(sent)) {
        return NULL;
    }
    if (!json_is_array(sent)) {
        return sbox_problem_invalid(edit->pool, "customFields");
    }
    if (!edit->to->custom_fields) {
        edit->to->custom_fields = json_array();
    }
    json_array_foreach(sent, i, one)
    {
        const char *id = base_json_string(one, "id");
        const char *value = base_json_string(one, "value");
        json_t *pair;

        if (!sbox_list_find(edit->account->custom_fields, id)) {
            return sbox_problem_status(edit->pool, "CMN-102", 400, "customFields.id");
        }
        pair = json_pack("{s:s, s:s}", "id", id, "value", value ? value : "");
        put(edit->to->custom_fields, pair, "id");
        json_decref(pair);
    }
    return NULL;
}

const sbox_problem_t *sbox_edit_lists(sbox_edit_t *edit)
{
    const sbox_problem_t *problem = set_references(edit);

    return problem ? problem : set_custom_fields(edit);
}
