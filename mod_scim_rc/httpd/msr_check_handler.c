#include "msr_module.h"
#include "msr_check_handler.h"

#include <string.h>
#include <apr_fnmatch.h>
#include <apr_strings.h>

#include "base_str.h"

typedef struct check_t {
    apr_pool_t *p;
    const msr_registry_t *registry;
    const char *handler;
    const msr_complaints_t *complaints;
    apr_array_header_t *found; /* msr_handled_t */
} check_t;

/* Where a directive stands. */
typedef struct place_t {
    const ap_directive_t *section; /* the outermost but <VirtualHost>, or NULL */
    const ap_directive_t *host;    /* the <VirtualHost>, or NULL */
    const char *path; /* of the <Location>, "/" for a whole server; NULL: a pattern or a
                       * condition, which cannot be compared with paths */
    int of_files;     /* it is about what lies on the disk */
} place_t;

const char *msr_check_names(apr_pool_t *p, const msr_registry_t *registry)
{
    const char *text = "the name of a <ScimRCAccount>";
    int i;

    for (i = 0; i < registry->accounts->nelts; i++) {
        const msr_account_t *account =
            APR_ARRAY_IDX(registry->accounts, i, msr_account_t *);

        text = apr_pstrcat(p, text, i ? ", " : ": ", account->conf.name, NULL);
    }
    return i ? text : apr_pstrcat(p, text, ", and there is none", NULL);
}

/* The first word behind a directive's name. */
static const char *first_word(apr_pool_t *p, const ap_directive_t *directive)
{
    const char *args = directive->args;
    const char *end = *directive->directive == '<' ? strrchr(args, '>') : NULL;

    args = end ? apr_pstrmemdup(p, args, (apr_size_t)(end - args)) : args;
    return ap_getword_conf(p, &args);
}

static void find_place(apr_pool_t *p, const ap_directive_t *directive, place_t *place)
{
    const ap_directive_t *section;

    *place = (place_t){.path = "/"};
    for (section = directive->parent; section; section = section->parent) {
        if (base_str_same(section->directive, "<VirtualHost")) {
            place->host = section;
            continue;
        }
        place->section = section;
        place->path = NULL;
        if (base_str_same(section->directive, "<Location")) {
            const char *path = first_word(p, section);

            place->path = *path != '/' || apr_fnmatch_test(path) ? NULL : path;
        }
        place->of_files |= !strncasecmp(section->directive, "<Directory", 10) ||
                           !strncasecmp(section->directive, "<Files", 6);
    }
}

/* May a ScimRCUse take effect there, as far as can be told? */
static int may_be_used(apr_pool_t *p, const msr_use_t *use, const place_t *place)
{
    const apr_size_t len = strlen(use->base);
    place_t other;

    find_place(p, use->where, &other);
    return (!other.host || !place->host || other.host == place->host) &&
           (!place->path || (!strncmp(place->path, use->base, len) &&
                             (!place->path[len] || place->path[len] == '/')));
}

static void note(const check_t *c, const ap_directive_t *where, const msr_use_t *use)
{
    msr_handled_t *handled = apr_array_push(c->found);

    handled->where = where;
    handled->use = use;
}

/* Notes which ScimRCUse take effect where the handler is set: of a path the one of the
 * longest path above it. 0: none. */
static int note_uses(const check_t *c, const ap_directive_t *where,
                     const place_t *place)
{
    const msr_use_t *nearest = NULL;
    int i;

    for (i = 0; i < c->registry->uses->nelts; i++) {
        const msr_use_t *use = APR_ARRAY_IDX(c->registry->uses, i, msr_use_t *);

        if (!may_be_used(c->p, use, place)) {
            continue;
        }
        if (!place->path) {
            note(c, where, use);
        }
        if (!nearest || strlen(use->base) >= strlen(nearest->base)) {
            nearest = use;
        }
    }
    if (nearest && place->path) {
        note(c, where, nearest);
    }
    return nearest != NULL;
}

static const char *problem_of(const check_t *c, const ap_directive_t *directive)
{
    const char *where = "outside of <Location>";
    place_t place;

    find_place(c->p, directive, &place);
    if (!place.of_files && note_uses(c, directive, &place)) {
        return NULL;
    }
    if (place.section) {
        where = apr_psprintf(c->p, "in %s %s", place.section->directive,
                             place.section->args);
    }
    if (place.of_files || !place.section) {
        return apr_psprintf(c->p,
                            "SetHandler: bad value '%s' %s; it must stand in the "
                            "<Location \"/path\"> that has a ScimRCUse",
                            c->handler, where);
    }
    return apr_psprintf(c->p,
                        "SetHandler: bad value '%s' %s, where no ScimRCUse is in "
                        "effect; there must be one, with %s",
                        c->handler, where, msr_check_names(c->p, c->registry));
}

static void look_for_handlers(const check_t *c, const ap_directive_t *directive)
{
    for (; directive; directive = directive->next) {
        if (base_str_same(directive->directive, "SetHandler") &&
            !strcmp(first_word(c->p, directive), c->handler)) {
            const char *problem = problem_of(c, directive);

            if (problem) {
                c->complaints->complain(c->complaints->baton, directive, problem);
            }
        }
        look_for_handlers(c, directive->first_child);
    }
}

apr_array_header_t *msr_check_handler(apr_pool_t *p, const msr_registry_t *registry,
                                      const char *handler,
                                      const msr_complaints_t *complaints)
{
    const check_t c = {p, registry, handler, complaints,
                       apr_array_make(p, 2, sizeof(msr_handled_t))};

    look_for_handlers(&c, ap_conftree);
    return c.found;
}
