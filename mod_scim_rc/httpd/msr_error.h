/* SCIM errors in place of httpd's HTML, whatever module refuses a request. */
#ifndef MSR_ERROR_H
#define MSR_ERROR_H

#include <httpd.h>
#include <util_filter.h>

#define MSR_ERROR_FILTER "SCIM_RC_ERROR"

/* Output filter: takes the error page away and sends the SCIM error for r->status. */
apr_status_t msr_error_filter(ap_filter_t *f, apr_bucket_brigade *bb);

/* Hook insert_error_filter. */
void msr_error_insert(request_rec *r);

/* Hook insert_filter: an ErrorDocument that httpd fetches for a request of ours. */
void msr_error_insert_redirected(request_rec *r);

/* Hooks post_read_request and, when the path is decoded, translate_name: no
 * ErrorDocument in our locations, neither a page nor a redirect to another server. */
int msr_error_keep_own(request_rec *r);

#endif
