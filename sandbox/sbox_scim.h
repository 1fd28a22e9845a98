/* RingCentral's own SCIM service below /scim/v2 (rules 33, 150 to 155): what a gateway
 * is measured against. It works on the same account, with the same tokens and limits.
 */
#ifndef SBOX_SCIM_H
#define SBOX_SCIM_H

#include "sbox.h"

#define SBOX_SCIM_TYPE "application/scim+json"
#define SBOX_SCIM_USER "urn:ietf:params:scim:schemas:core:2.0:User"
#define SBOX_SCIM_ENTERPRISE                                                           \
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define SBOX_SCIM_LIST "urn:ietf:params:scim:api:messages:2.0:ListResponse"

sbox_handler_t sbox_scim_config;
sbox_handler_t sbox_scim_resource_types;
sbox_handler_t sbox_scim_resource_type;
sbox_handler_t sbox_scim_schemas;
sbox_handler_t sbox_scim_schema;
sbox_handler_t sbox_scim_list;
sbox_handler_t sbox_scim_search;
sbox_handler_t sbox_scim_create;
sbox_handler_t sbox_scim_read;
sbox_handler_t sbox_scim_replace;
sbox_handler_t sbox_scim_patch;
sbox_handler_t sbox_scim_delete;

/* Is this a path of the service? */
int sbox_scim_is(const char *path);
/* How many bytes of a body the operation takes. */
apr_size_t sbox_scim_body_max(const sbox_operation_t *operation);

/* Makes `json` the answer, in the media type that the client asks for. Takes the
 * reference. */
void sbox_scim_answer(sbox_call_t *call, int status, json_t *json);

#endif
