#include <apr_strings.h>

#include "base_json.h"
#include "rc_call.h"

#define PAGES_MAX 1000

static const rc_endpoint_t list_entries = {"listDirectoryEntries",
                                           "GET",
                                           "/restapi/v1.0/account/~/directory/entries",
                                           RC_MEDIUM,
                                           0,
                                           NULL};

static const char *known_tag(const apr_array_header_t *etags, int page)
{
    const char *tag =
        page <= etags->nelts ? APR_ARRAY_IDX(etags, page - 1, const char *) : "";

    return *tag ? tag : NULL;
}

static void set_tag(apr_array_header_t *etags, int page, const char *tag)
{
    while (etags->nelts < page) {
        APR_ARRAY_PUSH(etags, const char *) = "";
    }
    APR_ARRAY_IDX(etags, page - 1, const char *) =
        tag ? apr_pstrdup(etags->pool, tag) : "";
}

rc_error_t *rc_directory_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                              apr_array_header_t *etags, json_t **entries)
{
    const char *query = "?showFederated=false&type=User&perPage=2000";
    apr_pool_t *of_page;
    int page = 0, more = 1;

    *entries = base_json_own(p, json_array());
    apr_pool_create(&of_page, p);
    while (more && page < PAGES_MAX) {
        rc_call_t call = {&list_entries, NULL, NULL, NULL};
        rc_tagged_t tagged = {&call, known_tag(etags, ++page), NULL, 0};
        json_t *document;
        rc_error_t *error;

        apr_pool_clear(of_page);
        call.query = rc_query_add(of_page, query, "page", apr_itoa(of_page, page));
        error = rc_call_tagged(c, who, of_page, &tagged, &document);
        if (error) {
            return error; /* lives in of_page, which lives as long as `p` */
        }
        if (tagged.unchanged) {
            more = page < etags->nelts;
            continue;
        }
        if (json_array_extend(*entries, json_object_get(document, "records"))) {
            return rc_error(p, RC_PROTOCOL, "the answer to %s has no records",
                            call.endpoint->name);
        }
        more = rc_call_has_next(document, page);
        set_tag(etags, page, tagged.current);
    }
    apr_pool_destroy(of_page);
    etags->nelts = page < etags->nelts ? page : etags->nelts;
    return NULL;
}
