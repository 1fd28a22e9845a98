#include "msr_module.h"
#include "msr_check_place.h"

#include <string.h>
#include <apr_fnmatch.h>
#include <apr_strings.h>

#include "base_str.h"

const char *msr_place_word(apr_pool_t *p, const ap_directive_t *directive)
{
    const char *args = directive->args;
    const char *end = *directive->directive == '<' ? strrchr(args, '>') : NULL;

    args = end ? apr_pstrmemdup(p, args, (apr_size_t)(end - args)) : args;
    return ap_getword_conf(p, &args);
}

void msr_place_find(apr_pool_t *p, const ap_directive_t *directive, msr_place_t *place)
{
    const ap_directive_t *section;

    *place = (msr_place_t){.path = "/"};
    for (section = directive->parent; section; section = section->parent) {
        if (base_str_same(section->directive, "<VirtualHost")) {
            place->host = section;
            continue;
        }
        place->section = section;
        place->path = NULL;
        if (base_str_same(section->directive, "<Location")) {
            const char *path = msr_place_word(p, section);

            place->path = *path != '/' || apr_fnmatch_test(path) ? NULL : path;
        }
        place->of_files |= !strncasecmp(section->directive, "<Directory", 10) ||
                           !strncasecmp(section->directive, "<Files", 6);
    }
}

const char *msr_place_text(apr_pool_t *p, const msr_place_t *place)
{
    return place->section ? apr_psprintf(p, " in %s %s", place->section->directive,
                                         place->section->args)
                          : "";
}

int msr_place_same_host(const ap_directive_t *host, const ap_directive_t *other)
{
    return !host || !other || host == other;
}

int msr_place_is_below(const char *path, const char *base)
{
    const apr_size_t len = strlen(base);

    return !strncmp(path, base, len) && (!path[len] || path[len] == '/');
}
