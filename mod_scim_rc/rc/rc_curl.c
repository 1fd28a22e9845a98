#include "rc_curl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <curl/curl.h>

#include "base_str.h"

#define HEADERS_MAX_BYTES 65536
#define FIRST_ROOM 8192

/* Idle handles are a stack: the one used last has the warmest connection. */
typedef struct handles_t {
    rc_curl_conf_t conf;
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *returned;
    CURL **idle;
    int n_idle, n_busy;
} handles_t;

typedef struct exchange_t {
    apr_pool_t *p;
    CURL *curl;
    rc_http_response_t *response;
    struct curl_slist *lines;
    char *body;  /* in `p` as long as it fits into FIRST_ROOM, then by itself */
    char *grown; /* the same, or NULL */
    apr_size_t len, room, max, header_bytes;
    const char *refused; /* why we ended the exchange ourselves */
    char error[CURL_ERROR_SIZE];
} exchange_t;

void rc_curl_global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* A handle, or NULL when all are busy until `deadline`. */
static CURL *take_handle(handles_t *h, apr_time_t deadline)
{
    CURL *curl = NULL;
    apr_interval_time_t left;

    apr_thread_mutex_lock(h->mutex);
    while (h->n_idle == 0 && h->n_busy >= h->conf.max_handles &&
           (left = deadline - apr_time_now()) > 0) {
        apr_thread_cond_timedwait(h->returned, h->mutex, left);
    }
    if (h->n_idle > 0) {
        curl = h->idle[--h->n_idle];
    }
    else if (h->n_busy < h->conf.max_handles) {
        curl = curl_easy_init();
    }
    if (curl) {
        h->n_busy++;
    }
    apr_thread_mutex_unlock(h->mutex);
    return curl;
}

static void return_handle(handles_t *h, CURL *curl)
{
    curl_easy_reset(curl); /* forgets the request, keeps the connection */
    apr_thread_mutex_lock(h->mutex);
    h->idle[h->n_idle++] = curl;
    h->n_busy--;
    apr_thread_cond_signal(h->returned);
    apr_thread_mutex_unlock(h->mutex);
}

/* Has any byte of the request gone out? Bytes for a proxy's CONNECT do not count. */
static int is_sent(CURL *curl)
{
    long bytes = 0;
    double ready = 0;

    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &bytes);
    curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME, &ready);
    return bytes > 0 && ready > 0;
}

/* libcurl sends a request once more, whatever its method, when a kept connection was
 * closed before an answer. That could carry out a write twice and is not counted by
 * the pacer: so no second connection is opened once something was sent. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    exchange_t *x = ctx;

    if (is_sent(x->curl)) {
        x->refused = "the connection was closed before an answer";
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The text from `s` to `end` without the white space around it. */
static const char *trimmed(apr_pool_t *p, const char *s, const char *end)
{
    while (s < end && apr_isspace(*s)) {
        s++;
    }
    while (s < end && apr_isspace(end[-1])) {
        end--;
    }
    return apr_pstrmemdup(p, s, end - s);
}

static size_t take_header(char *line, size_t size, size_t count, void *ctx)
{
    exchange_t *x = ctx;
    apr_size_t len = size * count;
    char *colon = memchr(line, ':', len);

    x->header_bytes += len;
    if (x->header_bytes > HEADERS_MAX_BYTES) {
        x->refused = "the answer's headers are too large";
        return 0;
    }
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        apr_table_clear(x->response->headers); /* those of a 1xx */
    }
    else if (colon) {
        apr_table_setn(x->response->headers, apr_pstrmemdup(x->p, line, colon - line),
                       trimmed(x->p, colon + 1, line + len));
    }
    return len;
}

/* Room for `room` bytes. */
static int make_room(exchange_t *x, apr_size_t room)
{
    char *grown;

    if (room <= FIRST_ROOM) {
        x->body = apr_palloc(x->p, FIRST_ROOM);
        x->room = FIRST_ROOM;
        return 1;
    }
    grown = realloc(x->grown, room);
    if (!grown) {
        return 0;
    }
    if (!x->grown && x->len) {
        memcpy(grown, x->body, x->len);
        base_secret_clear(x->body, x->len);
    }
    x->body = x->grown = grown;
    x->room = room;
    return 1;
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    exchange_t *x = ctx;
    apr_size_t len = size * count;

    if (len > x->max - x->len) {
        x->refused = apr_psprintf(
            x->p, "the answer is larger than %" APR_SIZE_T_FMT " bytes", x->max);
        return 0;
    }
    if (x->len + len >= x->room) {
        apr_size_t room = x->room ? x->room : FIRST_ROOM;

        while (room <= x->len + len) {
            room *= 2;
        }
        if (!make_room(x, room)) {
            x->refused = "out of memory";
            return 0;
        }
    }
    memcpy(x->body + x->len, data, len);
    x->len += len;
    return len;
}

static void set_method(CURL *curl, const rc_http_request_t *request)
{
    int is_get = strcmp(request->method, "GET") == 0;

    if (request->body || (!is_get && strcmp(request->method, "DELETE") != 0)) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)request->body_len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
    }
    if (!is_get || request->body) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    }
}

static void set_headers(exchange_t *x, const rc_http_request_t *request)
{
    int i;

    for (i = 0; request->headers && i < request->headers->nelts; i++) {
        x->lines = curl_slist_append(x->lines,
                                     APR_ARRAY_IDX(request->headers, i, const char *));
    }
    x->lines = curl_slist_append(x->lines, "Expect:");
    curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->lines);
}

static void set_network(CURL *curl, const rc_curl_conf_t *conf)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (conf->ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca_file);
    }
    curl_easy_setopt(curl, CURLOPT_PROXY, conf->proxy ? conf->proxy : "");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (conf->user_agent) {
        curl_easy_setopt(curl, CURLOPT_USERAGENT, conf->user_agent);
    }
}

static void set_times(CURL *curl, apr_interval_time_t connect, apr_interval_time_t left)
{
    apr_time_t least = apr_time_from_msec(1); /* 0 would mean: for ever */

    if (left < least) {
        left = least;
    }
    if (connect <= 0 || connect > left) {
        connect = left;
    }
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)apr_time_as_msec(left));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)apr_time_as_msec(connect < least ? least : connect));
}

static void set_callbacks(exchange_t *x)
{
    curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, x->error);
    curl_easy_setopt(x->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(x->curl, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
}

static apr_status_t free_body(void *body)
{
    free(body);
    return APR_SUCCESS;
}

static void finish(exchange_t *x)
{
    long status = 0;

    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    x->response->status = (int)status;
    x->response->body = "";
    x->response->body_len = x->len;
    if (x->body) {
        x->body[x->len] = '\0';
        x->response->body = x->body;
    }
    if (x->grown) {
        apr_pool_cleanup_register(x->p, x->grown, free_body, apr_pool_cleanup_null);
    }
}

static void clear_lines(struct curl_slist *lines)
{
    struct curl_slist *line;

    for (line = lines; line; line = line->next) {
        base_secret_clear(line->data, strlen(line->data));
    }
    curl_slist_free_all(lines);
}

static rc_exchange_t perform(void *ctx, apr_pool_t *p, const rc_http_request_t *request,
                             rc_http_response_t *response, const char **problem)
{
    handles_t *h = ctx;
    apr_time_t deadline = apr_time_now() + request->timeout;
    exchange_t x;
    rc_exchange_t result = RC_EXCHANGE_DONE;
    CURLcode code;

    memset(&x, 0, sizeof x);
    x.p = p;
    x.response = response;
    x.max = h->conf.max_answer;
    x.curl = take_handle(h, deadline);
    if (!x.curl) {
        *problem = "all connections to the platform are busy";
        return RC_EXCHANGE_UNREACHED;
    }
    response->headers = apr_table_make(p, 16);
    curl_easy_setopt(x.curl, CURLOPT_URL, request->url);
    set_network(x.curl, &h->conf);
    set_method(x.curl, request);
    set_headers(&x, request);
    set_times(x.curl, h->conf.connect_timeout, deadline - apr_time_now());
    set_callbacks(&x);
    code = curl_easy_perform(x.curl);
    if (code == CURLE_OK) {
        finish(&x);
    }
    else {
        result = is_sent(x.curl) ? RC_EXCHANGE_LOST : RC_EXCHANGE_UNREACHED;
        *problem = x.refused
                       ? x.refused
                       : apr_pstrdup(p, *x.error ? x.error : curl_easy_strerror(code));
        free(x.grown);
    }
    return_handle(h, x.curl);
    clear_lines(x.lines);
    return result;
}

static apr_status_t close_handles(void *data)
{
    handles_t *h = data;

    while (h->n_idle > 0) {
        curl_easy_cleanup(h->idle[--h->n_idle]);
    }
    return APR_SUCCESS;
}

static const char *copy(apr_pool_t *p, const char *s)
{
    return s ? apr_pstrdup(p, s) : NULL;
}

rc_transport_t *rc_curl_create(apr_pool_t *p, const rc_curl_conf_t *conf)
{
    rc_transport_t *transport = apr_palloc(p, sizeof *transport);
    handles_t *h = apr_pcalloc(p, sizeof *h);

    h->conf = *conf;
    h->conf.max_handles = conf->max_handles > 0 ? conf->max_handles : 1;
    h->conf.ca_file = copy(p, conf->ca_file);
    h->conf.proxy = copy(p, conf->proxy);
    h->conf.user_agent = copy(p, conf->user_agent);
    h->idle = apr_pcalloc(p, h->conf.max_handles * sizeof *h->idle);
    apr_thread_mutex_create(&h->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    apr_thread_cond_create(&h->returned, p);
    apr_pool_cleanup_register(p, h, close_handles, apr_pool_cleanup_null);
    transport->ctx = h;
    transport->perform = perform;
    return transport;
}
