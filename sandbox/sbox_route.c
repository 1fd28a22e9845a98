#include "sbox_route.h"

#include <string.h>
#include <apr_strings.h>

#include "sbox_about.h"
#include "sbox_batch.h"
#include "sbox_bulk.h"
#include "sbox_dictionary.h"
#include "sbox_entries.h"
#include "sbox_group.h"
#include "sbox_oauth.h"
#include "sbox_people.h"
#include "sbox_phone.h"
#include "sbox_scim.h"
#include "sbox_search.h"
#include "sbox_subscription.h"

static const struct {
    const char *operation;
    sbox_handler_t *handler;
} handlers[] = {
    {"getToken", sbox_oauth_token},
    {"revokeToken", sbox_oauth_revoke},
    {"authJwks", sbox_oauth_jwks},
    {"readAPIVersions", sbox_about_versions},
    {"readAPIVersion", sbox_about_version},
    {"readAccountInfo", sbox_about_account},
    {"getAccountInfoV2", sbox_about_account_v2},
    {"readAccountServiceInfo", sbox_about_service},
    {"readAuthorizationProfile", sbox_about_profile},
    {"checkUserPermission", sbox_about_permission},
    {"readExtensionFeatures", sbox_about_features},
    {"listExtensions", sbox_people_list},
    {"createExtension", sbox_people_create},
    {"readExtension", sbox_people_read},
    {"updateExtension", sbox_people_update},
    {"deleteExtension", sbox_people_delete},
    {"extensionBulkUpdate", sbox_bulk_start},
    {"getExtensionBulkUpdateTask", sbox_bulk_read},
    {"bulkDeleteUsersV2", sbox_batch_delete},
    {"postBatchProvisionUsers", sbox_batch_provision},
    {"sendWelcomeEmailV2", sbox_people_welcome},
    {"sendActivationEmailV2", sbox_people_welcome},
    {"listExtensionPhoneNumbers", sbox_phone_of_extension},
    {"listAccountPhoneNumbers", sbox_phone_list},
    {"listAccountPhoneNumbersV2", sbox_phone_list_v2},
    {"assignPhoneNumberV2", sbox_phone_assign},
    {"listDirectoryEntries", sbox_entries_list},
    {"readDirectoryEntry", sbox_entries_read},
    {"searchDirectoryEntries", sbox_search_entries},
    {"listCallQueues", sbox_group_queues},
    {"readCallQueueInfo", sbox_group_queue},
    {"listCallQueueMembers", sbox_group_queue_members},
    {"listCallMonitoringGroups", sbox_group_none},
    {"listUserTemplates", sbox_group_none},
    {"listUserRoles", sbox_group_roles},
    {"readUserRole", sbox_group_role},
    {"readDefaultRole", sbox_group_default_role},
    {"listAssignedRoles", sbox_group_assigned_roles},
    {"listUserAssignedRoles", sbox_group_roles_of},
    {"listSites", sbox_group_sites},
    {"readSite", sbox_group_site},
    {"listSiteMembers", sbox_group_site_members},
    {"listCustomFields", sbox_group_custom_fields},
    {"listCountries", sbox_country_list},
    {"readCountry", sbox_country_read},
    {"listStates", sbox_province_list},
    {"readState", sbox_province_read},
    {"listLanguages", sbox_language_list},
    {"listTimezones", sbox_timezone_list},
    {"listSubscriptions", sbox_subscription_list},
    {"createSubscription", sbox_subscription_create},
    {"readSubscription", sbox_subscription_read},
    {"updateSubscription", sbox_subscription_update},
    {"renewSubscription", sbox_subscription_renew},
    {"deleteSubscription", sbox_subscription_delete},
    {"scimGetProviderConfig2", sbox_scim_config},
    {"scimListResourceTypes2", sbox_scim_resource_types},
    {"scimGetResourceType2", sbox_scim_resource_type},
    {"scimListSchemas2", sbox_scim_schemas},
    {"scimGetSchema2", sbox_scim_schema},
    {"scimSearchViaGet2", sbox_scim_list},
    {"scimSearchViaPost2", sbox_scim_search},
    {"scimCreateUser2", sbox_scim_create},
    {"scimGetUser2", sbox_scim_read},
    {"scimUpdateUser2", sbox_scim_replace},
    {"scimPatchUser2", sbox_scim_patch},
    {"scimDeleteUser2", sbox_scim_delete},
};

sbox_handler_t *sbox_route_handler(const sbox_operation_t *operation)
{
    apr_size_t i;

    for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (!strcmp(handlers[i].operation, operation->id)) {
            return handlers[i].handler;
        }
    }
    return NULL;
}

sbox_shape_t sbox_route_shape(const char *path)
{
    return !strncmp(path, "/scim/", 6)          ? SBOX_SHAPE_SCIM
           : strstr(path, "/directory/entries") ? SBOX_SHAPE_DIRECTORY
           : !strncmp(path, "/restapi/v2/", 12) ? SBOX_SHAPE_V2
                                                : SBOX_SHAPE_V1;
}

/* Keeps what stands in the place of a {parameter}. */
static void keep(sbox_call_t *call, const char *name, apr_size_t len, const char *value)
{
    if (len == 11 && !memcmp(name, "{accountId}", 11)) {
        call->account_id = value;
    }
    else if (len == 13 && !memcmp(name, "{extensionId}", 13)) {
        call->extension_id = value;
    }
    else {
        call->id = value;
    }
}

static int matches(sbox_call_t *call, const char *template)
{
    const char *path = call->request->path;

    call->account_id = call->extension_id = call->id = NULL;
    while (*template && *path) {
        apr_size_t wanted, found;

        wanted = strcspn(++template, "/");
        found = strcspn(++path, "/");
        if (*template == '{' && found) {
            keep(call, template, wanted, apr_pstrmemdup(call->pool, path, found));
        }
        else if (wanted != found || memcmp(template, path, found)) {
            return 0;
        }
        template += wanted;
        path += found;
    }
    return !*template && !*path;
}

/* "~" is the account, or the user, of the token (rule 7). */
static const sbox_problem_t *resolve(sbox_call_t *call)
{
    const char *own =
        apr_psprintf(call->pool, "%" APR_INT64_T_FMT, call->box->account->id);

    if (call->account_id && strcmp(call->account_id, "~") &&
        strcmp(call->account_id, own)) {
        return sbox_problem(call->pool, "CMN-102", "accountId");
    }
    call->account_id = own;
    return NULL;
}

const sbox_problem_t *sbox_route(sbox_call_t *call, const char *method)
{
    int i, n, known = 0;
    const sbox_operation_t *all = sbox_operation_all(&n);

    for (i = 0; i < n; i++) {
        if (matches(call, all[i].path) &&
            (strcmp(all[i].id, "readAPIVersion") || !strcmp(call->id, "v1.0"))) {
            if (!strcmp(all[i].method, method)) {
                call->operation = &all[i];
                return resolve(call);
            }
            known = 1;
        }
    }
    return sbox_problem(call->pool, known ? "CMN-110" : "CMN-120", NULL);
}
