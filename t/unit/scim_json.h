/* JSON in tables of cases: written with ' in place of ". */
#ifndef T_SCIM_JSON_H
#define T_SCIM_JSON_H

#include <stdlib.h>
#include <apr_strings.h>

#include "base_json.h"
#include "scim_error.h"
#include "tap.h"

/* `text` with each ' made a ". */
static inline const char *quoted(apr_pool_t *p, const char *text)
{
    char *copy = apr_pstrdup(p, text), *c;

    for (c = copy; *c; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return copy;
}

static inline json_t *json_of(apr_pool_t *p, const char *text)
{
    const char *problem, *data = quoted(p, text);
    json_t *json = base_json_parse(p, data, strlen(data), 64, 0, &problem);

    if (!json) {
        fprintf(stderr, "a case's JSON is wrong: %s: %s\n", problem, data);
        exit(2);
    }
    return json;
}

static inline void is_json(apr_pool_t *p, const json_t *got, const char *want,
                           const char *name)
{
    if (!ok(got && json_equal(got, json_of(p, want)), name)) {
        printf("#   got:  %s\n#   want: %s\n",
               got ? base_json_text(p, got, NULL) : "nothing", quoted(p, want));
    }
}

/* Is `error` of this kind, and does its detail hold `part`? `want` is "invalidValue:
 * part", or "404: part" for an error without a scimType. */
static inline void is_error(apr_pool_t *p, const scim_error_t *error, const char *want,
                            const char *name)
{
    const char *colon = strstr(want, ": ");
    const char *type = error ? scim_error_type_name(error->type) : "success";
    int pass;

    if (error && !type) {
        type = apr_psprintf(p, "%d", error->status);
    }
    pass = colon && strlen(type) == (size_t)(colon - want) &&
           !strncmp(type, want, strlen(type)) && error &&
           strstr(error->detail, quoted(p, colon + 2));
    if (!ok(pass, name)) {
        printf("#   got:  %s: %s\n#   want: %s\n", type, error ? error->detail : "",
               quoted(p, want));
    }
}

#endif
