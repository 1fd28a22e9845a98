#include "sbox_page.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_str.h"

#define PER_PAGE_DEFAULT 100
#define RECORDS_ROOM 65536

static int whole(apr_table_t *query, const char *name, int otherwise, int *n)
{
    const char *text = apr_table_get(query, name);
    apr_int64_t value = otherwise;

    if (text && !base_str_to_int(text, 1, APR_INT32_MAX, &value)) {
        return 0;
    }
    *n = (int)value;
    return 1;
}

const sbox_problem_t *sbox_page_read(sbox_call_t *call, sbox_page_t *page)
{
    page->total = 0;
    if (!whole(call->query, "page", 1, &page->page)) {
        return sbox_problem_invalid(call->pool, "page");
    }
    if (!whole(call->query, "perPage", PER_PAGE_DEFAULT, &page->per_page)) {
        return sbox_problem_invalid(call->pool, "perPage");
    }
    if (page->per_page > SBOX_PER_PAGE_MAX) {
        if (sbox_knob_is(call->box->knobs, SBOX_K_PERPAGE_OVER, "reject")) {
            return sbox_problem_invalid(call->pool, "perPage");
        }
        page->per_page = SBOX_PER_PAGE_MAX;
    }
    return NULL;
}

void sbox_page_all(sbox_page_t *page)
{
    page->page = 1;
    page->per_page = APR_INT32_MAX;
    page->total = 0;
}

int sbox_page_take(sbox_page_t *page)
{
    int at = page->total++;

    return at / page->per_page == page->page - 1;
}

/* The uri of one page: the call's own, with all that it asked for. */
static json_t *page_uri(sbox_call_t *call, const sbox_page_t *page, int number)
{
    const char *query = call->request->query, *kept = "";
    const char *path = call->request->path, *own = strstr(path, "/~");

    if (own && call->account_id) {
        path = apr_pstrcat(
            call->pool, apr_pstrmemdup(call->pool, path, (apr_size_t)(own - path) + 1),
            call->account_id, own + 2, NULL);
    }

    while (*query) {
        apr_size_t len = strcspn(query, "&");

        if (len && strncmp(query, "page=", 5) && strncmp(query, "perPage=", 8)) {
            kept = apr_pstrcat(call->pool, kept, "&",
                               apr_pstrmemdup(call->pool, query, len), NULL);
        }
        query += len;
        query += *query == '&';
    }
    return json_sprintf("%s%s?page=%d&perPage=%d%s", call->request->base_uri, path,
                        number, page->per_page, kept);
}

static json_t *navigation(sbox_call_t *call, const sbox_page_t *page, int pages)
{
    json_t *to = json_object();

    json_object_set_new(to, "firstPage",
                        json_pack("{s:o}", "uri", page_uri(call, page, 1)));
    if (page->page > 1 && page->page <= pages) {
        json_object_set_new(
            to, "previousPage",
            json_pack("{s:o}", "uri", page_uri(call, page, page->page - 1)));
    }
    if (page->page < pages) {
        json_object_set_new(
            to, "nextPage",
            json_pack("{s:o}", "uri", page_uri(call, page, page->page + 1)));
    }
    json_object_set_new(to, "lastPage",
                        json_pack("{s:o}", "uri", page_uri(call, page, pages)));
    return to;
}

/* With the place of `n` records, which are not there yet. */
static json_t *page_json(sbox_call_t *call, const sbox_page_t *page, int n, int with)
{
    sbox_page_t shown = *page;
    json_t *body = json_object(), *paging = json_object();
    json_int_t start;
    int pages;

    if (shown.per_page == APR_INT32_MAX) {
        shown.per_page = shown.total ? shown.total : 1;
    }
    pages = shown.total ? (shown.total - 1) / shown.per_page + 1 : 1;
    start = (json_int_t)(shown.page - 1) * shown.per_page;
    if (with & SBOX_PAGE_URI) {
        json_object_set_new(body, "uri", page_uri(call, &shown, shown.page));
    }
    json_object_set_new(paging, "perPage", json_integer(shown.per_page));
    if (shown.page <= pages) {
        json_object_set_new(paging, "page", json_integer(shown.page));
    }
    if (shown.page <= pages && shown.total) {
        json_object_set_new(paging, "pageStart", json_integer(start));
        json_object_set_new(paging, "pageEnd", json_integer(start + n - 1));
    }
    json_object_set_new(paging, "totalPages", json_integer(pages));
    json_object_set_new(paging, "totalElements", json_integer(shown.total));
    json_object_set_new(body, "records", json_array());
    json_object_set_new(body, "paging", paging);
    if (with & SBOX_PAGE_NAVIGATION) {
        json_object_set_new(body, "navigation", navigation(call, &shown, pages));
    }
    return body;
}

json_t *sbox_page_json(sbox_call_t *call, const sbox_page_t *page, json_t *records,
                       int with)
{
    json_t *body = page_json(call, page, (int)json_array_size(records), with);

    json_object_set_new(body, "records", records);
    return body;
}

static void need(sbox_records_t *records, size_t more)
{
    if (records->size - records->len >= more) {
        return;
    }
    records->size = 2 * records->size + more + RECORDS_ROOM;
    records->text = realloc(records->text, records->size);
    if (!records->text) {
        abort();
    }
}

void sbox_records_add(sbox_records_t *records, json_t *record)
{
    size_t len;

    need(records, 2);
    if (records->n++) {
        records->text[records->len++] = ',';
    }
    len = json_dumpb(record, records->text + records->len, records->size - records->len,
                     JSON_COMPACT);
    if (len > records->size - records->len) {
        need(records, len);
        len = json_dumpb(record, records->text + records->len, len, JSON_COMPACT);
    }
    records->len += len;
    json_decref(record);
}

void sbox_page_answer_text(sbox_call_t *call, const sbox_page_t *page,
                           sbox_records_t *records, int with)
{
    static const char none[] = "\"records\":[]";
    sbox_answer_t *answer = call->answer;
    const char *frame, *end;
    char *text, *to;

    sbox_answer_json(call->pool, answer, 200, page_json(call, page, records->n, with));
    frame = answer->body;
    end = strstr(frame, none) + sizeof(none) - 2;
    text = to = apr_palloc(call->pool, answer->body_len + records->len + 1);
    to = (char *)memcpy(to, frame, (size_t)(end - frame)) + (end - frame);
    if (records->n) {
        to = (char *)memcpy(to, records->text, records->len) + records->len;
    }
    memcpy(to, end, strlen(end) + 1);
    answer->body = text;
    answer->body_len += records->len;
    free(records->text);
}

void sbox_page_answer(sbox_call_t *call, const sbox_page_t *page, json_t *records,
                      int with)
{
    sbox_answer_json(call->pool, call->answer, 200,
                     sbox_page_json(call, page, records, with));
}

const char *sbox_uri(sbox_call_t *call, const char *format, ...)
{
    va_list args;
    const char *path;

    va_start(args, format);
    path = apr_pvsprintf(call->pool, format, args);
    va_end(args);
    return apr_pstrcat(call->pool, call->request->base_uri, "/restapi/v1.0/", path,
                       NULL);
}
