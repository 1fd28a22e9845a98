/* How a brief looks inside, for those who write and read it.
 *
 * A count (16 bits), so many entries of BRIEF_ENTRY bytes, then the values. An entry is
 * the number of an attribute (16 bits), the number of an element of a multi-valued
 * attribute (8 bits; 0 for what is single), the kind of value (8 bits), and where the
 * value begins (16 bits, from the start of the brief); it ends where the next begins.
 * Entries are in order of attribute, then element. Numbers are as the machine has
 * them.
 *
 * Each element of an attribute that the resource names has an entry of its own; its
 * sub-attributes have one where there is a value. */
#ifndef SCIM_BRIEF_PRIVATE_H
#define SCIM_BRIEF_PRIVATE_H

#include <string.h>

#include "scim_brief.h"

#define BRIEF_MAX 65535
#define BRIEF_MAX_ELEMENTS 255
#define BRIEF_HEAD 2
#define BRIEF_ENTRY 6

typedef enum {
    BRIEF_NOTHING, /* an element that is complex, null or empty */
    BRIEF_TEXT,    /* folded unless the attribute is caseExact */
    BRIEF_TRUE,
    BRIEF_FALSE,
    BRIEF_INTEGER, /* json_int_t */
    BRIEF_REAL,    /* double */
    BRIEF_TIME,    /* apr_time_t */
    BRIEF_OTHER    /* there, and equal to nothing */
} brief_kind_t;

typedef struct brief_entry_t {
    apr_uint16_t attr;
    unsigned char element, kind;
    apr_uint16_t at;
} brief_entry_t;

/* The attributes of a type are numbered from 0: those of the core schema, the common
 * ones, those of each extension; each followed by its sub-attributes. The number of
 * `attr` of `schema`, or of its sub-attribute `sub` unless that is NULL. */
unsigned scim_brief_number(const scim_type_t *type, const scim_schema_t *schema,
                           const scim_attr_t *attr, const scim_attr_t *sub);

/* How many sub-attributes it has. */
unsigned scim_brief_subs(const scim_attr_t *attr);

#endif
