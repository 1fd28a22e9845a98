/* mod_scim_rc: SCIM 2.0 in, RingCentral's REST API out. */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include "msr_auth.h"
#include "msr_check.h"
#include "msr_config.h"
#include "msr_error.h"
#include "msr_handler.h"
#include "msr_hook.h"
#include "msr_shm.h"
#include "msr_start.h"

static int pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    return msr_shm_register(pconf) == APR_SUCCESS ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static void register_hooks(apr_pool_t *p)
{
    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(msr_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(msr_start_parent, NULL, NULL, APR_HOOK_MIDDLE);
    /* First: mod_watchdog's threads use the accounts. */
    ap_hook_child_init(msr_start_child, NULL, NULL, APR_HOOK_FIRST);

    ap_hook_post_read_request(msr_error_keep_own, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(msr_error_keep_own, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* Last: rewritten and redirected paths are none of ours. */
    ap_hook_translate_name(msr_handler_translate, NULL, NULL, APR_HOOK_LAST);
    ap_hook_map_to_storage(msr_handler_no_storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_check_authn(msr_auth_check, NULL, NULL, APR_HOOK_MIDDLE,
                        AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(msr_auth_challenge, NULL, NULL, APR_HOOK_MIDDLE);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "scim-scope",
                              AUTHZ_PROVIDER_VERSION, &msr_auth_scope_provider,
                              AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_handler(msr_hook, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(msr_handler, NULL, NULL, APR_HOOK_MIDDLE);

    ap_register_output_filter(MSR_ERROR_FILTER, msr_error_filter, NULL,
                              AP_FTYPE_RESOURCE);
    ap_hook_insert_error_filter(msr_error_insert, NULL, NULL, APR_HOOK_LAST);
    ap_hook_insert_filter(msr_error_insert_redirected, NULL, NULL, APR_HOOK_LAST);
}

AP_DECLARE_MODULE(scim_rc) = {
    STANDARD20_MODULE_STUFF, msr_dir_create, msr_dir_merge,  msr_server_create,
    msr_server_merge,        msr_commands,   register_hooks, AP_MODULE_FLAG_NONE};
