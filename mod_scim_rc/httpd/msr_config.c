#include "msr_module.h"
#include "msr_config.h"

#include <apr_strings.h>

#include "scim_path.h"

#define REGISTRY_KEY "mod_scim_rc:registry"

typedef struct msr_server_t {
    msr_registry_t *registry; /* the same one for all */
    int has_scim;
} msr_server_t;

static msr_registry_t *registry_of_pool(apr_pool_t *p)
{
    void *data = NULL;
    msr_registry_t *registry;

    apr_pool_userdata_get(&data, REGISTRY_KEY, p);
    if (data) {
        return data;
    }
    registry = apr_pcalloc(p, sizeof *registry);
    registry->accounts = apr_array_make(p, 2, sizeof(msr_account_t *));
    registry->uses = apr_array_make(p, 2, sizeof(msr_use_t *));
    registry->tokens = apr_array_make(p, 2, sizeof(msr_tokens_t *));
    apr_pool_userdata_setn(registry, REGISTRY_KEY, NULL, p);
    return registry;
}

void *msr_server_create(apr_pool_t *p, server_rec *s)
{
    msr_server_t *server = apr_pcalloc(p, sizeof *server);

    server->registry = registry_of_pool(p);
    return server;
}

/* A virtual host has the locations of the main server too. */
void *msr_server_merge(apr_pool_t *p, void *base, void *add)
{
    const msr_server_t *b = base, *a = add;
    msr_server_t *server = apr_pmemdup(p, a, sizeof *a);

    server->has_scim = a->has_scim || b->has_scim;
    return server;
}

static msr_server_t *server_conf(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &scim_rc_module);
}

msr_registry_t *msr_registry_get(const server_rec *s)
{
    return server_conf(s)->registry;
}

const char *msr_outside_account(const cmd_parms *cmd)
{
    return msr_registry_get(cmd->server)->current
               ? NULL
               : apr_psprintf(cmd->pool,
                              "%s: must stand inside of <ScimRCAccount name> ... "
                              "</ScimRCAccount>",
                              cmd->cmd->name);
}

void msr_server_set_scim(server_rec *s)
{
    server_conf(s)->has_scim = 1;
}

int msr_server_has_scim(const server_rec *s)
{
    return server_conf(s)->has_scim;
}

void *msr_dir_create(apr_pool_t *p, char *path)
{
    msr_dir_t *dir = apr_palloc(p, sizeof *dir);

#define UNSET(type, member, unset, otherwise) dir->member = unset;
    MSR_DIR_MEMBERS(UNSET)
#undef UNSET
    return dir;
}

void *msr_dir_merge(apr_pool_t *p, void *base, void *add)
{
    const msr_dir_t *b = base, *a = add;
    msr_dir_t *dir = apr_palloc(p, sizeof *dir);

#define MERGE(type, member, unset, otherwise)                                          \
    dir->member = a->member == unset ? b->member : a->member;
    MSR_DIR_MEMBERS(MERGE)
#undef MERGE
    return dir;
}

void msr_dir_get(const request_rec *r, msr_dir_t *conf)
{
    const msr_dir_t *dir = ap_get_module_config(r->per_dir_config, &scim_rc_module);

#define SETTLE(type, member, unset, otherwise)                                         \
    conf->member = dir->member == unset ? otherwise : dir->member;
    MSR_DIR_MEMBERS(SETTLE)
#undef SETTLE
}

const msr_use_t *msr_use_get(const request_rec *r)
{
    const msr_dir_t *dir = ap_get_module_config(r->per_dir_config, &scim_rc_module);

    return dir->use;
}
