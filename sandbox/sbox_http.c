#include "sbox_http.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

sbox_answer_t *sbox_answer_create(apr_pool_t *p)
{
    sbox_answer_t *answer = apr_pcalloc(p, sizeof(*answer));

    answer->status = 200;
    answer->headers = apr_table_make(p, 12);
    return answer;
}

static apr_status_t release_text(void *text)
{
    free(text);
    return APR_SUCCESS;
}

void sbox_answer_json(apr_pool_t *p, sbox_answer_t *answer, int status, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    if (!text) {
        abort();
    }
    apr_pool_cleanup_register(p, text, release_text, apr_pool_cleanup_null);
    answer->status = status;
    answer->content_type = SBOX_JSON_TYPE;
    answer->body = text;
    answer->body_len = strlen(text);
}

void sbox_answer_text(apr_pool_t *p, sbox_answer_t *answer, int status,
                      const char *content_type, const char *text)
{
    answer->status = status;
    answer->content_type = content_type;
    answer->body = apr_pstrdup(p, text);
    answer->body_len = strlen(text);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static char *decoded(apr_pool_t *p, const char *text, apr_size_t len)
{
    char *out = apr_palloc(p, len + 1), *to = out;
    const char *end = text + len;

    while (text < end) {
        if (*text == '%' && end - text > 2 && hex_digit(text[1]) >= 0 &&
            hex_digit(text[2]) >= 0) {
            *to++ = (char)(hex_digit(text[1]) * 16 + hex_digit(text[2]));
            text += 3;
        }
        else {
            *to++ = *text == '+' ? ' ' : *text;
            text++;
        }
    }
    *to = '\0';
    return out;
}

apr_table_t *sbox_form_parse(apr_pool_t *p, const char *text)
{
    apr_table_t *form = apr_table_make(p, 8);

    while (*text) {
        apr_size_t len = strcspn(text, "&");
        const char *equals = memchr(text, '=', len);
        apr_size_t name_len = equals ? (apr_size_t)(equals - text) : len;

        if (name_len) {
            apr_table_addn(form, decoded(p, text, name_len),
                           equals ? decoded(p, equals + 1, len - name_len - 1) : "");
        }
        text += len;
        text += *text == '&';
    }
    return form;
}
