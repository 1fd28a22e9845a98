/* Bodies: in, up to a limit, and out without a copy. */
#ifndef MSR_IO_H
#define MSR_IO_H

#include <httpd.h>
#include <apr_buckets.h>

#include "scim_service.h"

/* Reads the request's body. OK, and *body NUL-terminated in r->pool or NULL when there
 * is none; HTTP_REQUEST_ENTITY_TOO_LARGE above `max` bytes; or what the handler has
 * to return. */
int msr_io_read(request_rec *r, apr_size_t max, const char **body, apr_size_t *len);

/* Sets the status and the headers of `r` and appends the body and the end of the
 * stream to `bb`. `response` lives as long as `r`. */
void msr_io_answer(request_rec *r, const scim_response_t *response,
                   apr_bucket_brigade *bb);

#endif
