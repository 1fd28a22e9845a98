/* The SCIM service: one request in, one response out. The only place that knows the
 * whole way (RFC 7644 section 3). */
#ifndef SCIM_SERVICE_H
#define SCIM_SERVICE_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base_str.h"
#include "scim_backend.h"
#include "scim_error.h"
#include "scim_path.h"
#include "scim_schema.h"

#define SCIM_JSON_MAX_DEPTH 64
#define SCIM_MEDIA_TYPE "application/scim+json"

/* A resource type and who keeps it: another type is another row. */
typedef struct scim_binding_t {
    const scim_type_t *type;
    const scim_backend_t *backend;
    void *ctx;
} scim_binding_t;

typedef struct scim_service_t {
    const scim_binding_t *bindings;
    int n_bindings;
    unsigned tolerance;        /* SCIM_TOLERATE_..., SCIM_PATCH_CREATES */
    apr_int64_t max_results;   /* of one page, and of a list without count */
    int max_operations;        /* of a bulk request; 0: there are no bulk requests */
    apr_int64_t max_bulk_body; /* bytes of a bulk request */
    const char *documentation; /* URL for ServiceProviderConfig, or NULL */
    const char *auth_scheme;   /* type of authenticationSchemes, "oauthbearertoken" */
} scim_service_t;

typedef struct scim_request_t {
    const char *method;
    const char *path;  /* below the base URL, still percent-encoded: "/Users/1001" */
    const char *query; /* still percent-encoded, without '?', or NULL */
    const char *content_type; /* header values as they came, or NULL */
    const char *accept;
    const char *if_none_match;
    const char *if_match;
    const char *body; /* NULL when there is none */
    apr_size_t body_len;
    const char *base_url; /* what locations begin with: "https://host/scim/v2" */
} scim_request_t;

/* The body is a row of pieces in memory, to be written one after the other. */
typedef struct scim_response_t {
    int status;
    const char *content_type;   /* NULL without a body */
    const char *location;       /* or NULL */
    const char *etag;           /* or NULL */
    const char *allow;          /* of a 405, or NULL */
    int retry_after;            /* seconds, 0: none */
    const char *error_detail;   /* of an error, for the log; or NULL */
    apr_array_header_t *pieces; /* of base_slice_t, never NULL */
    apr_size_t length;          /* of all pieces */
} scim_response_t;

/* Carries out `request`. Every outcome, errors too, is a response; all of it lives in
 * `p`. */
void scim_service_handle(const scim_service_t *service, apr_pool_t *p,
                         const scim_request_t *request, scim_response_t *response);

/* What may be done with `method` on `path`: 1 when the request can change something
 * (for scopes), 0 when it only reads. POST .search reads. */
int scim_request_writes(const char *method, const char *path);

/* Is this a bulk request, whose body may be larger than that of others? */
int scim_request_is_bulk(const char *method, const char *path);

/* The response to an error, in the form that the client accepts. */
void scim_response_error(apr_pool_t *p, const scim_error_t *error, const char *accept,
                         scim_response_t *response);

/* "application/scim+json", or "application/json" for a client that likes that better
 * (`accept` NULL: any). */
const char *scim_media_type(const char *accept);

#endif
