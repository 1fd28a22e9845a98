/* One request on its way through the service, and the operations on resources. */
#ifndef SCIM_CALL_H
#define SCIM_CALL_H

#include <apr_pools.h>

#include "scim_error.h"
#include "scim_request.h"
#include "scim_service.h"

typedef struct scim_call_t {
    apr_pool_t *p;
    const scim_service_t *service;
    const scim_request_t *request;
    scim_response_t *response;
    scim_target_t target;
    const scim_binding_t *binding; /* of the resource type, NULL for discovery */
    const char *id;                /* the second segment, or NULL */
    scim_params_t params;          /* of the query */
} scim_call_t;

typedef const scim_error_t *(*scim_handler_fn)(scim_call_t *call);

/* Begins the response. */
void scim_call_answer(scim_call_t *call, int status);

/* The body of the request, which must be an object: 415 or 400. */
const scim_error_t *scim_call_body(scim_call_t *call, const json_t **body);

/* Finds who carries out `method` on `path` and fills target, binding and id: 400 for a
 * path that cannot be read, 404, 405 or 501. */
const scim_error_t *scim_call_find(scim_call_t *call, const char *method,
                                   const char *path, scim_handler_fn *handler);

/* Each fills the response or says why not (RFC 7644 sections 3.3 to 3.7). */
const scim_error_t *scim_op_create(scim_call_t *call);
const scim_error_t *scim_op_get(scim_call_t *call);
const scim_error_t *scim_op_list(scim_call_t *call);
const scim_error_t *scim_op_search(scim_call_t *call);
const scim_error_t *scim_op_replace(scim_call_t *call);
const scim_error_t *scim_op_patch(scim_call_t *call);
const scim_error_t *scim_op_remove(scim_call_t *call);
const scim_error_t *scim_op_bulk(scim_call_t *call);

#endif
