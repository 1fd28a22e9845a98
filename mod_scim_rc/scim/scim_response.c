#include "scim_response.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* Has the media range from `s` to `end` this type, and is it acceptable at all? */
static int accepts(const char *s, const char *end, const char *type)
{
    apr_size_t len = strlen(type);
    const char *q = s + len;

    if ((apr_size_t)(end - s) < len || strncasecmp(s, type, len) != 0 ||
        (q < end && *q != ';' && !apr_isspace(*q))) {
        return 0;
    }
    while (q < end && !(strncasecmp(q, "q=", 2) == 0 && !apr_isalnum(q[-1]))) {
        q++;
    }
    if (q >= end) {
        return 1;
    }
    for (q += 2; q < end && (*q == '0' || *q == '.'); q++) {
    }
    return q < end && apr_isdigit(*q);
}

const char *scim_media_type(const char *accept)
{
    static const char *const ours[] = {SCIM_MEDIA_TYPE, "application/*", "*/*"};
    int json = 0;

    while (accept && *accept) {
        const char *end = accept + strcspn(accept, ",");
        apr_size_t i;

        while (accept < end && apr_isspace(*accept)) {
            accept++;
        }
        for (i = 0; i < sizeof ours / sizeof *ours; i++) {
            if (accepts(accept, end, ours[i])) {
                return SCIM_MEDIA_TYPE;
            }
        }
        json |= accepts(accept, end, "application/json");
        accept = end + (*end == ',');
    }
    return json ? "application/json" : SCIM_MEDIA_TYPE;
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
    const int n = page->records->nelts;
    const char *head = apr_psprintf(
        p,
        "{\"schemas\":[\"" SCIM_LIST_URN "\"],\"totalResults\":%" APR_INT64_T_FMT
        ",\"startIndex\":%" APR_INT64_T_FMT ",\"itemsPerPage\":%d,\"Resources\":[",
        page->total, start_index, n);
    const scim_error_t *error = NULL;
    int i;

    scim_response_add(response, head, strlen(head));
    for (i = 0; i < n && !error; i++) {
        if (i) {
            scim_response_add(response, ",", 1);
        }
        error = scim_response_add_record(
            p, response, view, &APR_ARRAY_IDX(page->records, i, scim_record_t));
    }
    scim_response_add(response, "]}", 2);
    return error;
}
