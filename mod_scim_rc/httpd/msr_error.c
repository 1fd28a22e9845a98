#include "msr_module.h"
#include "msr_error.h"

#include <string.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include "msr_auth.h"
#include "msr_config.h"
#include "msr_io.h"
#include "scim_service.h"

static const struct {
    int status;
    const char *detail;
} sentences[] = {
    {HTTP_BAD_REQUEST,
     "The server cannot read the request: its first line, a header or "
     "the form of its body is not valid or too long"},
    {HTTP_UNAUTHORIZED, "The request carries no valid credentials"},
    {HTTP_FORBIDDEN, "The server's configuration does not permit this request"},
    {HTTP_NOT_FOUND, "There is nothing at this path"},
    {HTTP_METHOD_NOT_ALLOWED, "The server does not permit this method here"},
    {HTTP_NOT_ACCEPTABLE,
     "The server has nothing of the media type in the Accept header"},
    {HTTP_REQUEST_TIME_OUT, "The request did not arrive in time"},
    {HTTP_LENGTH_REQUIRED, "The request needs a Content-Length header"},
    {HTTP_GONE, "There is nothing at this path any more"},
    {HTTP_PRECONDITION_FAILED, "A condition of the request is not met"},
    {HTTP_REQUEST_ENTITY_TOO_LARGE, "The request body is larger than the server takes"},
    {HTTP_REQUEST_URI_TOO_LARGE,
     "The URL is longer than the server takes; a filter can "
     "be sent with POST .search instead"},
    {HTTP_UNSUPPORTED_MEDIA_TYPE, "The server does not take a body of this type or "
                                  "encoding"},
    {HTTP_EXPECTATION_FAILED, "The server cannot meet the Expect header; only "
                              "100-continue is possible"},
    {HTTP_TOO_MANY_REQUESTS, "Too many requests; try again later"},
    {431, "The request's headers are larger than the server takes"},
    {HTTP_INTERNAL_SERVER_ERROR, "Something went wrong inside of the server; its error "
                                 "log says what"},
    {HTTP_NOT_IMPLEMENTED, "The server does not know this method"},
    {HTTP_BAD_GATEWAY, "A server behind this one gave no valid answer"},
    {HTTP_SERVICE_UNAVAILABLE, "The server cannot carry out the request now; try again "
                               "later"},
    {HTTP_GATEWAY_TIME_OUT, "A server behind this one did not answer in time"},
    {HTTP_VERSION_NOT_SUPPORTED, "The server does not speak this version of HTTP"},
};

static const char *sentence(const request_rec *r)
{
    const char *detail = msr_auth_detail(r);
    apr_size_t i;

    for (i = 0; !detail && i < sizeof sentences / sizeof *sentences; i++) {
        if (sentences[i].status == r->status) {
            detail = sentences[i].detail;
        }
    }
    return detail ? detail : ap_get_status_line(r->status);
}

/* The walk is made anew for a request that was refused before httpd had looked for
 * its location, for example because of an encoded slash. */
static int is_below_location(request_rec *r)
{
    ap_conf_vector_t *found = r->per_dir_config;
    int ours = msr_server_has_scim(r->server);

    if (msr_use_get(r) || (r->handler && !strcmp(r->handler, MSR_HANDLER))) {
        return 1;
    }
    if (ours && r->uri) {
        ap_location_walk(r);
        ours = msr_use_get(r) != NULL;
        r->per_dir_config = found;
    }
    return ours;
}

static int is_ours(request_rec *r)
{
    for (; r; r = r->prev) {
        if (is_below_location(r)) {
            return 1;
        }
    }
    return 0;
}

static void replace_page(request_rec *r)
{
    ap_add_output_filter(MSR_ERROR_FILTER, NULL, r, r->connection);
}

void msr_error_insert(request_rec *r)
{
    if (ap_is_HTTP_ERROR(r->status) && is_ours(r)) {
        r->status = msr_auth_status(r);
        replace_page(r);
    }
}

void msr_error_insert_redirected(request_rec *r)
{
    if (r->prev && ap_is_HTTP_ERROR(r->status) && is_ours(r->prev)) {
        replace_page(r);
    }
}

int msr_error_keep_own(request_rec *r)
{
    apr_size_t i;

    if (is_below_location(r)) {
        for (i = 0; i < sizeof sentences / sizeof *sentences; i++) {
            ap_custom_response(r, sentences[i].status, sentences[i].detail);
        }
    }
    return DECLINED;
}

apr_status_t msr_error_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    scim_response_t response;
    const scim_error_t *error;
    apr_bucket *last = APR_BRIGADE_LAST(bb);
    int end = !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(last);

    apr_brigade_cleanup(bb);
    if (!end) {
        return APR_SUCCESS;
    }
    error = scim_error(r->pool, r->status, SCIM_TYPE_NONE, "%s", sentence(r));
    scim_response_error(r->pool, error, apr_table_get(r->headers_in, "Accept"),
                        &response);
    apr_table_unset(r->headers_out, "ETag");
    apr_table_unset(r->headers_out, "Last-Modified");
    apr_table_unset(r->headers_out, "Accept-Ranges");
    msr_io_answer(r, &response, bb);
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}
