#include "msr_module.h"
#include "msr_io.h"

#include <string.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <util_filter.h>

#define FIRST_SIZE 8192

/* A text that grows in the request's pool, up to `max` bytes. */
typedef struct buffer_t {
    char *data;
    apr_size_t len, size, max;
} buffer_t;

static int buffer_append(buffer_t *b, apr_pool_t *p, const char *data, apr_size_t len)
{
    if (len > b->max - b->len) {
        return 0;
    }
    if (len >= b->size - b->len) {
        apr_size_t size =
            b->size * 2 > b->len + len + 1 ? b->size * 2 : b->len + len + 1;
        char *grown = apr_palloc(p, size);

        memcpy(grown, b->data, b->len);
        b->data = grown;
        b->size = size;
    }
    memcpy(b->data + b->len, data, len);
    b->len += len;
    return 1;
}

/* Moves the data of `bb` into the buffer. */
static int take(buffer_t *b, request_rec *r, apr_bucket_brigade *bb, int *end)
{
    apr_bucket *e;

    for (e = APR_BRIGADE_FIRST(bb); e != APR_BRIGADE_SENTINEL(bb);
         e = APR_BUCKET_NEXT(e)) {
        const char *data;
        apr_size_t len;
        apr_status_t rv;

        if (APR_BUCKET_IS_EOS(e)) {
            *end = 1;
            break;
        }
        if (APR_BUCKET_IS_METADATA(e)) {
            continue;
        }
        rv = apr_bucket_read(e, &data, &len, APR_BLOCK_READ);
        if (rv != APR_SUCCESS) {
            return ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        }
        if (!buffer_append(b, r->pool, data, len)) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
    }
    return OK;
}

int msr_io_read(request_rec *r, apr_size_t max, const char **body, apr_size_t *len)
{
    apr_bucket_brigade *bb;
    buffer_t b = {.size = FIRST_SIZE, .max = max};
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_int64_t announced;
    int status = OK, end = 0;

    *body = NULL;
    *len = 0;
    if (!ap_request_has_body(r)) {
        return OK;
    }
    if (length && base_str_to_int(length, 0, APR_INT64_MAX - 1, &announced)) {
        if (announced > (apr_int64_t)max) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
        b.size = (apr_size_t)announced + 1;
    }
    b.data = apr_palloc(r->pool, b.size);
    bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    while (status == OK && !end) {
        apr_status_t rv = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES,
                                         APR_BLOCK_READ, HUGE_STRING_LEN);

        status = rv == APR_SUCCESS ? take(&b, r, bb, &end)
                                   : ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        apr_brigade_cleanup(bb);
    }
    apr_brigade_destroy(bb);
    b.data[b.len] = '\0';
    *body = b.len ? b.data : NULL;
    *len = b.len;
    return status;
}

static void set_header(request_rec *r, const char *name, const char *value)
{
    if (value) {
        apr_table_setn(r->headers_out, name, value);
    }
}

void msr_io_answer(request_rec *r, const scim_response_t *response,
                   apr_bucket_brigade *bb)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    int i;

    r->status = response->status;
    r->status_line = NULL;
    /* mod_mime may have taken the end of an id for a file name's extension. */
    r->content_encoding = NULL;
    r->content_languages = NULL;
    set_header(r, "Location", response->location);
    set_header(r, "ETag", response->etag);
    set_header(r, "Allow", response->allow);
    set_header(r, "Cache-Control", "no-store");
    set_header(r, "X-Content-Type-Options", "nosniff");
    if (response->retry_after > 0) {
        set_header(r, "Retry-After", apr_itoa(r->pool, response->retry_after));
    }
    ap_set_content_type(r, response->content_type);
    if (response->content_type) {
        ap_set_content_length(r, (apr_off_t)response->length);
    }
    for (i = 0; i < response->pieces->nelts; i++) {
        const base_slice_t *piece = &APR_ARRAY_IDX(response->pieces, i, base_slice_t);

        /* The pieces live in the request's pool, which httpd keeps until they are
         * sent; pool buckets would need a cleanup each, which a long list pays for. */
        APR_BRIGADE_INSERT_TAIL(
            bb, apr_bucket_immortal_create(piece->data, piece->len, alloc));
    }
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(alloc));
}
