/* HTTP as the sandbox sees it: no httpd in here. */
#ifndef SBOX_HTTP_H
#define SBOX_HTTP_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <jansson.h>

/* Limits of what comes in. */
#define SBOX_BODY_MAX (16 * 1024 * 1024)
#define SBOX_JSON_DEPTH_MAX 32

typedef struct sbox_request_t {
    apr_pool_t *pool; /* lives until the answer is sent */
    const char *method;
    const char *path;     /* decoded, without the query */
    const char *query;    /* as sent, "" when there is none */
    const char *base_uri; /* "http://127.0.0.1:8080" */
    apr_table_t *headers;
    const char *body; /* NUL-terminated */
    apr_size_t body_len;
} sbox_request_t;

typedef enum {
    SBOX_SEND_ALL,
    SBOX_SEND_NOTHING, /* close the connection instead of answering */
    SBOX_SEND_PART,    /* announce all of the body, send `part` bytes, close */
    SBOX_SEND_DRIP,    /* send `part` bytes at a time, `pause` between them */
    SBOX_SEND_RESET    /* like SBOX_SEND_NOTHING, with a TCP reset */
} sbox_sending_t;

typedef struct sbox_answer_t {
    int status;
    const char *content_type; /* NULL: no body */
    apr_table_t *headers;
    const char *body;
    apr_size_t body_len;
    apr_interval_time_t delay; /* real time to wait before sending */
    sbox_sending_t sending;
    apr_size_t part;
    apr_interval_time_t pause;
} sbox_answer_t;

#define SBOX_JSON_TYPE "application/json;charset=UTF-8"

sbox_answer_t *sbox_answer_create(apr_pool_t *p);

/* Makes `json` the body. Takes the reference. */
void sbox_answer_json(apr_pool_t *p, sbox_answer_t *answer, int status, json_t *json);
void sbox_answer_text(apr_pool_t *p, sbox_answer_t *answer, int status,
                      const char *content_type, const char *text);

/* The parameters of a query or of a form: a table that keeps repeated names. */
apr_table_t *sbox_form_parse(apr_pool_t *p, const char *text);

#endif
