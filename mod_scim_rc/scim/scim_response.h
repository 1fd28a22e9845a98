/* Putting a response together from pieces. */
#ifndef SCIM_RESPONSE_H
#define SCIM_RESPONSE_H

#include <apr_pools.h>

#include "scim_resource.h"
#include "scim_service.h"

#define SCIM_LIST_URN "urn:ietf:params:scim:api:messages:2.0:ListResponse"

/* How the resources of one type are shown to one client. */
typedef struct scim_view_t {
    const scim_type_t *type;
    const char *base_url;
    const char *escaped_url;             /* base_url inside of a JSON string */
    const scim_projection_t *projection; /* NULL: as they are */
} scim_view_t;

/* An empty response of `status` in the form that `accept` asks for. */
void scim_response_start(apr_pool_t *p, scim_response_t *response, int status,
                         const char *accept);

/* Appends `len` bytes, which are not copied. */
void scim_response_add(scim_response_t *response, const char *data, apr_size_t len);

/* Appends a resource as `view` shows it. */
const scim_error_t *scim_response_add_record(apr_pool_t *p, scim_response_t *response,
                                             const scim_view_t *view,
                                             const scim_record_t *record);

/* Appends a ListResponse (RFC 7644 section 3.4.2) of `page`. */
const scim_error_t *scim_response_add_list(apr_pool_t *p, scim_response_t *response,
                                           const scim_view_t *view,
                                           const scim_page_t *page,
                                           apr_int64_t start_index);

#endif
