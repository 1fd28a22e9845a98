#include "base_json.h"
#include "rc_call.h"

static const rc_endpoint_t list_entries = {"listDirectoryEntries",
                                           "GET",
                                           "/restapi/v1.0/account/~/directory/entries",
                                           RC_MEDIUM,
                                           0,
                                           NULL};

rc_error_t *rc_directory_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              json_t **entries)
{
    rc_call_t call = {&list_entries, NULL,
                      "?showFederated=false&type=User&perPage=2000", NULL};

    *entries = base_json_own(p, json_array());
    return rc_call_pages(c, who, p, &call, *entries);
}
