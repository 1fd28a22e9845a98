#include "scim_etag.h"

#include <string.h>
#include <apr_lib.h>

#include "base_str.h"

/* The text of the next tag of a list, without W/ and its quotes; 0 at the end. */
static int next_tag(const char **list, base_slice_t *tag)
{
    const char *s = *list + strspn(*list, ", \t"), *end;

    if (!*s) {
        return 0;
    }
    if ((*s == 'W' || *s == 'w') && s[1] == '/') {
        s += 2;
    }
    if (*s == '"') {
        s++;
        end = s + strcspn(s, "\"");
        *list = end + (*end == '"');
    }
    else {
        end = s + strcspn(s, ",");
        *list = end;
        while (end > s && apr_isspace(end[-1])) {
            end--;
        }
    }
    tag->data = s;
    tag->len = (apr_size_t)(end - s);
    return 1;
}

static int is_any(const base_slice_t *tag)
{
    return tag->len == 1 && tag->data[0] == '*' && tag->data[1] != '"';
}

int scim_etag_listed(const char *list, const char *version)
{
    base_slice_t tag, ours = {NULL, 0};

    if (version) {
        next_tag(&version, &ours);
    }
    while (list && next_tag(&list, &tag)) {
        if (is_any(&tag) || (ours.data && tag.len == ours.len &&
                             memcmp(tag.data, ours.data, tag.len) == 0)) {
            return 1;
        }
    }
    return 0;
}

const char *scim_etag_condition(const char *list)
{
    return list && list[strspn(list, " \t")] ? list : NULL;
}
