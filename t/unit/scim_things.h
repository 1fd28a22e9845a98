/* Resources made by chance, but the same ones in every run: of users, and of a type
 * with attributes of every kind. */
#ifndef T_SCIM_THINGS_H
#define T_SCIM_THINGS_H

#include <apr_pools.h>

#include "base_json.h"
#include "scim_schema.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static apr_pool_t *p;
static apr_uint64_t chance_state = APR_UINT64_C(88172645463325252);

/* A number below n. */
static unsigned chance(unsigned n)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (unsigned)(chance_state >> 33) % n;
}

/* ---- a type with attributes of every kind, beside that of users ---- */

static const scim_attr_t thing_parts[] = {
    {.name = "value"},
    {.name = "exact", .flags = SCIM_EXACT},
    {.name = "size", .kind = SCIM_INTEGER},
    {.name = "weight", .kind = SCIM_DECIMAL},
    {.name = "since", .kind = SCIM_DATETIME},
    {.name = "primary", .kind = SCIM_BOOLEAN},
    {.name = NULL},
};
static const scim_attr_t thing_attrs[] = {
    {.name = "label"},
    {.name = "code", .flags = SCIM_EXACT},
    {.name = "count", .kind = SCIM_INTEGER},
    {.name = "ratio", .kind = SCIM_DECIMAL},
    {.name = "made", .kind = SCIM_DATETIME},
    {.name = "on", .kind = SCIM_BOOLEAN},
    {.name = "link", .kind = SCIM_REFERENCE},
    {.name = "blob", .kind = SCIM_BINARY, .flags = SCIM_EXACT},
    {.name = "words", .flags = SCIM_MULTI},
    {.name = "numbers", .kind = SCIM_INTEGER, .flags = SCIM_MULTI},
    {.name = "parts", .kind = SCIM_COMPLEX, .flags = SCIM_MULTI, .sub = thing_parts},
    {.name = "core", .kind = SCIM_COMPLEX, .sub = thing_parts},
    {.name = NULL},
};
static const scim_attr_t more_attrs[] = {
    {.name = "label"},
    {.name = "parts", .kind = SCIM_COMPLEX, .flags = SCIM_MULTI, .sub = thing_parts},
    {.name = NULL},
};
static const scim_schema_t thing = {"urn:thing", "Thing", "A thing", thing_attrs,
                                    scim_common_attrs};
static const scim_schema_t more = {"urn:more", "More", "More", more_attrs, NULL};
static const scim_schema_t *const thing_extensions[] = {&more, NULL};
static const scim_type_t thing_type = {"Thing", "/Things", "A thing", &thing,
                                       thing_extensions};

/* ---- resources ---- */

static const char *const words[] = {
    "a",
    "A",
    "ab",
    "Abc",
    "ABCD",
    "b",
    "work",
    "home",
    "\xc3\x89ric",   /* an accent in one character */
    "e\xcc\x81RIC",  /* and in two */
    "stra\303\237e", /* folds to more letters */
    "STRASSE",
    "\xf0\x9f\x98\x80 x",
    "quote \" and \\ and \x01 and \n",
    "2026-03-01T10:00:00Z",
    "2026-03-01T11:00:00+01:00",
    "2026-03-01",
    "true",
    "7",
    "",
};
static const char *const times[] = {"2026-03-01T10:00:00Z", "2026-03-01T11:00:00+01:00",
                                    "2026-03-01T10:00:00.001Z", "2026-03-01",
                                    "1969-12-31T23:59:59Z"};
static const json_int_t integers[] = {
    -1, 0, 1, 7, APR_INT64_C(9007199254740993), APR_INT64_C(9007199254740992)};
static const double reals[] = {-0.5, 0, 0.5, 7, 9007199254740992.0};

static json_t *any_word(void)
{
    char longer[301];

    if (chance(40) == 0) { /* longer than buffers on the stack */
        memset(longer, 'Q', 300);
        longer[300] = '\0';
        return json_string(longer);
    }
    return json_string(words[chance(COUNT(words))]);
}

static json_t *any_simple(scim_kind_t kind)
{
    switch (kind) {
    case SCIM_BOOLEAN:
        return json_boolean(chance(2));
    case SCIM_INTEGER:
        return json_integer(integers[chance(COUNT(integers))]);
    case SCIM_DECIMAL:
        return chance(2) ? json_real(reals[chance(COUNT(reals))])
                         : any_simple(SCIM_INTEGER);
    case SCIM_DATETIME:
        return json_string(times[chance(COUNT(times))]);
    default:
        return any_word();
    }
}

static json_t *any_object(const scim_attr_t *attrs);

/* Mostly what the attribute should hold, now and then something else. */
static json_t *any_value(const scim_attr_t *attr)
{
    unsigned odd = chance(30);

    if (odd == 0) {
        return json_null();
    }
    if (odd == 1) {
        return any_simple(chance(SCIM_COMPLEX));
    }
    return attr->kind == SCIM_COMPLEX ? any_object(attr->sub) : any_simple(attr->kind);
}

static json_t *any_object(const scim_attr_t *attrs)
{
    json_t *object = json_object(), *list;
    const scim_attr_t *attr;
    unsigned n;

    for (attr = attrs; attr->name; attr++) {
        if (chance(3) == 0) {
            continue;
        }
        /* One where there should be several, and the other way round, now and then. */
        if (attr->flags & SCIM_MULTI ? !chance(20) : chance(60)) {
            json_object_set_new(object, attr->name, any_value(attr));
            continue;
        }
        list = json_array();
        for (n = chance(5); n > 0; n--) {
            json_array_append_new(list, any_value(attr));
        }
        json_object_set_new(object, attr->name, list);
    }
    return object;
}

/* Through text, as a stored one comes. */
static json_t *any_resource(const scim_type_t *type)
{
    json_t *json = base_json_own(p, any_object(type->core->attrs));
    const scim_schema_t *const *extension;
    apr_size_t len;
    const char *text;

    json_object_update(json, base_json_own(p, any_object(type->core->common)));
    for (extension = type->extensions; *extension; extension++) {
        if (chance(3)) {
            json_object_set_new(json, (*extension)->urn,
                                chance(10) ? any_object((*extension)->attrs)
                                           : any_word());
        }
    }
    text = base_json_text(p, json, &len);
    return base_json_parse(p, text, len, 32, 0, NULL);
}

#endif
