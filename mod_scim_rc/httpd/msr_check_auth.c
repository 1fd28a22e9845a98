#include "msr_module.h"
#include "msr_check_auth.h"

#include <string.h>
#include <apr_strings.h>
#include <http_request.h>

#include "base_str.h"
#include "msr_check_place.h"

/* Modules that find out who is calling, but never by AuthType Bearer. */
static const char *const others[] = {"mod_scim_rc.c",    "mod_authn_core.c",
                                     "mod_auth_basic.c", "mod_auth_digest.c",
                                     "mod_auth_form.c",  "mod_ssl.c"};

/* What holds for the requests of one location. */
typedef struct scope_t {
    apr_pool_t *p;
    const ap_directive_t *host; /* the <VirtualHost>, or NULL */
    const char *path;
} scope_t;

static int knows_no_bearer(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof others / sizeof *others; i++) {
        if (!strcmp(name, others[i])) {
            return 1;
        }
    }
    return 0;
}

/* May a module beside this one check bearer tokens? Only request by request would it
 * tell whether it does. */
static int others_may_check(void)
{
    const apr_array_header_t *hooks = ap_hook_get_check_user_id();
    int i;

    for (i = 0; hooks && i < hooks->nelts; i++) {
        if (!knows_no_bearer(APR_ARRAY_IDX(hooks, i, ap_LINK_check_user_id_t).szName)) {
            return 1;
        }
    }
    return 0;
}

/* May a directive have effect on the requests of `scope`? Of a pattern or a condition
 * it cannot be told. */
static int reaches(const scope_t *scope, const ap_directive_t *directive)
{
    msr_place_t place;
    apr_size_t len;

    msr_place_find(scope->p, directive, &place);
    if (place.of_files || !msr_place_same_host(place.host, scope->host)) {
        return 0;
    }
    if (!place.section || !place.path) {
        return 1;
    }
    len = strlen(place.path);
    len -= place.path[len - 1] == '/';
    return msr_place_is_below(scope->path, apr_pstrmemdup(scope->p, place.path, len));
}

/* The directive of that name which is in effect: the last one, as httpd merges sections
 * in their order. */
static const ap_directive_t *
in_effect(const scope_t *scope, const ap_directive_t *directive, const char *name)
{
    const ap_directive_t *last = NULL, *inner;

    for (; directive; directive = directive->next) {
        if (base_str_same(directive->directive, name) && reaches(scope, directive)) {
            last = directive;
        }
        inner = in_effect(scope, directive->first_child, name);
        last = inner ? inner : last;
    }
    return last;
}

static void check_location(apr_pool_t *p, const msr_handled_t *location,
                           const msr_complaints_t *complaints)
{
    msr_place_t handler, use;
    const ap_directive_t *type;
    scope_t scope = {.p = p};

    msr_place_find(p, location->where, &handler);
    msr_place_find(p, location->use->where, &use);
    scope.host = handler.host ? handler.host : use.host;
    scope.path = handler.path && msr_place_is_below(handler.path, location->use->base)
                     ? handler.path
                     : location->use->base;
    type = in_effect(&scope, ap_conftree, "AuthType");
    if (!type || !base_str_same(msr_place_word(p, type), "Bearer") ||
        in_effect(&scope, ap_conftree, "ScimRCTokenFile")) {
        return;
    }
    complaints->complain(
        complaints->baton, type,
        apr_psprintf(p,
                     "AuthType: bad value 'Bearer'%s, where no ScimRCTokenFile is in "
                     "effect; add a ScimRCTokenFile with the file that scim-rc-token "
                     "makes, or load the module that is to check the tokens",
                     msr_place_text(p, handler.section ? &handler : &use)));
}

void msr_check_auth(apr_pool_t *p, const apr_array_header_t *locations,
                    const msr_complaints_t *complaints)
{
    int i;

    if (others_may_check()) {
        return;
    }
    for (i = 0; i < locations->nelts; i++) {
        check_location(p, &APR_ARRAY_IDX(locations, i, msr_handled_t), complaints);
    }
}
