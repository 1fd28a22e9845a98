#include "msr_module.h"
#include "msr_check_handler.h"

#include <string.h>
#include <apr_strings.h>

#include "base_str.h"
#include "msr_check_place.h"

typedef struct check_t {
    apr_pool_t *p;
    const msr_registry_t *registry;
    const char *handler;
    const msr_complaints_t *complaints;
    apr_array_header_t *found; /* msr_handled_t */
} check_t;

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

/* May a ScimRCUse take effect there, as far as can be told? */
static int may_be_used(apr_pool_t *p, const msr_use_t *use, const msr_place_t *place)
{
    msr_place_t other;

    msr_place_find(p, use->where, &other);
    return msr_place_same_host(other.host, place->host) &&
           (!place->path || msr_place_is_below(place->path, use->base));
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
                     const msr_place_t *place)
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
    const char *where = " outside of <Location>";
    msr_place_t place;

    msr_place_find(c->p, directive, &place);
    if (!place.of_files && note_uses(c, directive, &place)) {
        return NULL;
    }
    if (place.section) {
        where = msr_place_text(c->p, &place);
    }
    if (place.of_files || !place.section) {
        return apr_psprintf(c->p,
                            "SetHandler: bad value '%s'%s; it must stand in the "
                            "<Location \"/path\"> that has a ScimRCUse",
                            c->handler, where);
    }
    return apr_psprintf(c->p,
                        "SetHandler: bad value '%s'%s, where no ScimRCUse is in "
                        "effect; there must be one, with %s",
                        c->handler, where, msr_check_names(c->p, c->registry));
}

static void look_for_handlers(const check_t *c, const ap_directive_t *directive)
{
    for (; directive; directive = directive->next) {
        if (base_str_same(directive->directive, "SetHandler") &&
            !strcmp(msr_place_word(c->p, directive), c->handler)) {
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
