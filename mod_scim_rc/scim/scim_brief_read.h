/* Reading briefs. All of it inline, for it is what a scan spends its time with. Wrong
 * bytes are read as something else, never beyond their end. */
#ifndef SCIM_BRIEF_READ_H
#define SCIM_BRIEF_READ_H

#include "scim_brief_private.h"

/* A brief while it is read. */
typedef struct brief_reader_t {
    const char *bytes;
    size_t len;
    unsigned n; /* entries */
} brief_reader_t;

/* A value that was found. */
typedef struct brief_found_t {
    brief_kind_t kind;
    const char *bytes;
    size_t len;
} brief_found_t;

static inline unsigned brief_read_16(const char *bytes)
{
    apr_uint16_t number;

    memcpy(&number, bytes, sizeof number);
    return number;
}

static inline brief_reader_t brief_open(const base_slice_t *brief)
{
    brief_reader_t r = {brief->data, brief->len, 0};

    if (brief->len >= BRIEF_HEAD) {
        r.n = brief_read_16(brief->data);
        if (r.n > (brief->len - BRIEF_HEAD) / BRIEF_ENTRY) {
            r.n = 0;
        }
    }
    return r;
}

static inline const char *brief_entry_at(const brief_reader_t *r, unsigned i)
{
    return r->bytes + BRIEF_HEAD + (size_t)i * BRIEF_ENTRY;
}

static inline unsigned brief_attr_at(const brief_reader_t *r, unsigned i)
{
    return brief_read_16(brief_entry_at(r, i));
}

static inline unsigned brief_element_at(const brief_reader_t *r, unsigned i)
{
    return (unsigned char)brief_entry_at(r, i)[2];
}

/* The first entry from `i` on whose attribute is `attr` or behind it. */
static inline unsigned brief_skip_to(const brief_reader_t *r, unsigned i, unsigned attr)
{
    while (i < r->n && brief_attr_at(r, i) < attr) {
        i++;
    }
    return i;
}

/* The entry of `attr` in this element; r->n when there is none. */
static inline unsigned brief_find(const brief_reader_t *r, unsigned from, unsigned attr,
                                  unsigned element)
{
    unsigned i = brief_skip_to(r, from, attr);

    while (i < r->n && brief_attr_at(r, i) == attr) {
        if (brief_element_at(r, i) == element) {
            return i;
        }
        i++;
    }
    return r->n;
}

static inline brief_found_t brief_value_at(const brief_reader_t *r, unsigned i)
{
    const char *entry = brief_entry_at(r, i);
    const size_t begin = brief_read_16(entry + 4);
    const size_t end = i + 1 < r->n ? brief_read_16(entry + BRIEF_ENTRY + 4) : r->len;
    brief_found_t found = {(unsigned char)entry[3], r->bytes + begin, end - begin};

    if (begin > end || end > r->len) {
        found.kind = BRIEF_OTHER;
    }
    return found;
}

#endif
