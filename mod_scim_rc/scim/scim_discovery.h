/* What the service says of itself (RFC 7644 section 4, RFC 7643 sections 5 to 7), made
 * from the tables of the resource types that it is bound to. */
#ifndef SCIM_DISCOVERY_H
#define SCIM_DISCOVERY_H

#include <apr_pools.h>
#include <jansson.h>

#include "scim_service.h"

/* All documents are owned by `p`. A look-up of what is not there gives NULL. */
json_t *scim_discovery_config(apr_pool_t *p, const scim_service_t *service,
                              const char *base_url);

json_t *scim_discovery_schemas(apr_pool_t *p, const scim_service_t *service,
                               const char *base_url);
json_t *scim_discovery_schema(apr_pool_t *p, const scim_service_t *service,
                              const char *base_url, const char *urn);

json_t *scim_discovery_types(apr_pool_t *p, const scim_service_t *service,
                             const char *base_url);
json_t *scim_discovery_type(apr_pool_t *p, const scim_service_t *service,
                            const char *base_url, const char *name);

#endif
