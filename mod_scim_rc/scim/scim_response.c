#include "scim_response.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* The q of a media range, in thousandths; its parameters begin at `s`. */
static int quality(const char *s, const char *end)
{
    int q = 0, unit = 1000;

    while (s < end && !(strncasecmp(s, "q=", 2) == 0 && !apr_isalnum(s[-1]))) {
        s++;
    }
    if (s >= end) {
        return 1000;
    }
    for (s += 2; s < end && (apr_isdigit(*s) || *s == '.'); s++) {
        if (*s != '.') {
            q += (*s - '0') * unit;
            unit /= 10;
        }
    }
    return q;
}

/* Is the media range from `s` to `end` this one? Then *q is set. */
static int is_range(const char *s, const char *end, const char *range, int *q)
{
    apr_size_t len = strlen(range);

    if ((apr_size_t)(end - s) < len || strncasecmp(s, range, len) != 0 ||
        (s + len < end && s[len] != ';' && !apr_isspace(s[len]))) {
        return 0;
    }
    *q = quality(s + len, end);
    return 1;
}

/* How much the client likes `type`, in thousandths: what the range says that names it
 * most exactly (RFC 9110 section 12.5.1). */
static int preference(const char *accept, const char *type)
{
    const char *const ranges[] = {type, "application/*", "*/*"};
    int q[] = {-1, -1, -1}, i;

    while (*accept) {
        const char *end = accept + strcspn(accept, ",");

        while (accept < end && apr_isspace(*accept)) {
            accept++;
        }
        for (i = 0; i < 3 && !is_range(accept, end, ranges[i], &q[i]); i++) {
        }
        accept = end + (*end == ',');
    }
    return q[0] >= 0 ? q[0] : q[1] >= 0 ? q[1] : q[2] >= 0 ? q[2] : 0;
}

const char *scim_media_type(const char *accept)
{
    return accept && preference(accept, "application/json") >
                         preference(accept, SCIM_MEDIA_TYPE)
               ? "application/json"
               : SCIM_MEDIA_TYPE;
}

void scim_response_start(apr_pool_t *p, scim_response_t *response, int status,
                         const char *accept)
{
    memset(response, 0, sizeof *response);
    response->status = status;
    response->content_type = scim_media_type(accept);
    response->pieces = apr_array_make(p, 4, sizeof(base_slice_t));
}

void scim_response_add(scim_response_t *response, const char *data, apr_size_t len)
{
    base_slice_t *piece = apr_array_push(response->pieces);

    piece->data = data;
    piece->len = len;
    response->length += len;
}

void scim_response_error(apr_pool_t *p, const scim_error_t *error, const char *accept,
                         scim_response_t *response)
{
    const char *body = scim_error_body(p, error);

    scim_response_start(p, response, error->status, accept);
    scim_response_add(response, body, strlen(body));
    response->allow = error->allow;
    response->retry_after = error->retry_after;
    response->error_detail = error->detail;
}

const scim_error_t *scim_response_add_record(apr_pool_t *p, scim_response_t *response,
                                             const scim_view_t *view,
                                             const scim_record_t *record)
{
    const scim_error_t *error;
    const char *text;
    apr_size_t len;

    if (!view->projection) {
        scim_response_add(response, record->text, record->mark);
        scim_response_add(response, view->escaped_url, strlen(view->escaped_url));
        scim_response_add(response, record->text + record->mark,
                          record->len - record->mark);
        return NULL;
    }
    error = scim_resource_project(p, view->type, record, view->base_url,
                                  view->projection, &text, &len);
    if (!error) {
        scim_response_add(response, text, len);
    }
    return error;
}

const scim_error_t *scim_response_add_list(apr_pool_t *p, scim_response_t *response,
                                           const scim_view_t *view,
                                           const scim_page_t *page,
                                           apr_int64_t start_index)
{
    const int n = page->pieces ? page->n : page->records->nelts;
    const char *head = apr_psprintf(
        p,
        "{\"schemas\":[\"" SCIM_LIST_URN "\"],\"totalResults\":%" APR_INT64_T_FMT
        ",\"startIndex\":%" APR_INT64_T_FMT ",\"itemsPerPage\":%d,\"Resources\":[",
        page->total, start_index, n);
    const scim_error_t *error = NULL;
    int i;

    scim_response_add(response, head, strlen(head));
    for (i = 0; page->pieces && i < page->pieces->nelts; i++) {
        const base_slice_t *piece = &APR_ARRAY_IDX(page->pieces, i, base_slice_t);

        scim_response_add(response, piece->data, piece->len);
    }
    for (i = 0; !page->pieces && i < n && !error; i++) {
        if (i) {
            scim_response_add(response, ",", 1);
        }
        error = scim_response_add_record(
            p, response, view, &APR_ARRAY_IDX(page->records, i, scim_record_t));
    }
    scim_response_add(response, "]}", 2);
    return error;
}
