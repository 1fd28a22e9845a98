#include "auth_scope.h"

#include <string.h>
#include <apr_strings.h>

#include "base_str.h"

#define SEPARATORS ", \t"

static const struct {
    const char *name;
    unsigned bit;
} scopes_table[] = {
    {"read", AUTH_SCOPE_READ},
    {"write", AUTH_SCOPE_WRITE},
};
#define SCOPES (sizeof scopes_table / sizeof *scopes_table)

unsigned auth_scope_parse(const char *name)
{
    apr_size_t i;

    for (i = 0; i < SCOPES; i++) {
        if (base_str_same(name, scopes_table[i].name)) {
            return scopes_table[i].bit;
        }
    }
    return 0;
}

/* The scope and what it implies. */
static unsigned with_implied(unsigned scope)
{
    return scope & AUTH_SCOPE_WRITE ? scope | AUTH_SCOPE_READ : scope;
}

const char *auth_scope_parse_list(apr_pool_t *p, const char *list, unsigned *scopes)
{
    unsigned all = 0;

    list += strspn(list, SEPARATORS);
    while (*list) {
        apr_size_t len = strcspn(list, SEPARATORS);
        const char *name = apr_pstrndup(p, list, len);
        unsigned bits = with_implied(auth_scope_parse(name));

        if (!bits) {
            return apr_psprintf(p, "there is no scope '%.64s'; the scopes are: %s",
                                name, auth_scope_text(p, AUTH_SCOPE_ALL));
        }
        all |= bits;
        list += len;
        list += strspn(list, SEPARATORS);
    }
    *scopes = all ? all : AUTH_SCOPE_ALL;
    return NULL;
}

const char *auth_scope_text(apr_pool_t *p, unsigned scopes)
{
    const char *text = "";
    apr_size_t i;

    for (i = 0; i < SCOPES; i++) {
        if (scopes & scopes_table[i].bit) {
            text = apr_pstrcat(p, text, *text ? " " : "", scopes_table[i].name, NULL);
        }
    }
    return text;
}
