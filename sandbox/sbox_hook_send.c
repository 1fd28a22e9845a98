#include "sbox_hook_send.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <curl/curl.h>

#define TIMEOUT_MS 3000L

struct sbox_sender_t {
    CURL *curl;
};

typedef struct exchange_t {
    apr_pool_t *p;
    const sbox_letter_t *letter;
    sbox_sent_t *sent;
    apr_size_t received;
} exchange_t;

static apr_status_t end(void *unused)
{
    curl_global_cleanup();
    return APR_SUCCESS;
}

void sbox_hook_send_init(apr_pool_t *p)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    apr_pool_cleanup_register(p, NULL, end, apr_pool_cleanup_null);
}

static apr_status_t close_sender(void *data)
{
    sbox_sender_t *sender = data;

    curl_easy_cleanup(sender->curl);
    return APR_SUCCESS;
}

sbox_sender_t *sbox_sender_create(apr_pool_t *p)
{
    sbox_sender_t *sender = apr_pcalloc(p, sizeof(*sender));

    sender->curl = curl_easy_init();
    apr_pool_cleanup_register(p, sender, close_sender, apr_pool_cleanup_null);
    return sender;
}

/* The value of the header line when it has this name; NULL. */
static const char *value_of(apr_pool_t *p, const char *line, apr_size_t len,
                            const char *name)
{
    apr_size_t n = strlen(name);

    if (len <= n || line[n] != ':' || strncasecmp(line, name, n)) {
        return NULL;
    }
    line += n + 1;
    len -= n + 1;
    while (len && apr_isspace(*line)) {
        line++;
        len--;
    }
    while (len && apr_isspace(line[len - 1])) {
        len--;
    }
    return apr_pstrmemdup(p, line, len);
}

static int is_too_much(exchange_t *x, apr_size_t len)
{
    x->received += len;
    if (x->received > x->letter->max_answer) {
        x->sent->kind = SBOX_SENT_ANSWER_LARGE;
        return 1;
    }
    return 0;
}

static size_t take_header(char *line, size_t size, size_t count, void *ctx)
{
    exchange_t *x = ctx;
    apr_size_t len = size * count;
    const char *value = value_of(x->p, line, len, "Validation-Token");

    if (value) {
        x->sent->validation_token = value;
    }
    value = value_of(x->p, line, len, "Content-Type");
    if (value) {
        x->sent->content_type = value;
    }
    return is_too_much(x, len) ? 0 : len;
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    return is_too_much(ctx, size * count) ? 0 : size * count;
}

static int is_ending(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    exchange_t *x = ctx;

    return x->letter->ending && apr_atomic_read32(x->letter->ending);
}

static void set_network(CURL *curl, const sbox_letter_t *letter)
{
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, letter->verify_tls ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, letter->verify_tls ? 2L : 0L);
    if (letter->ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, letter->ca_file);
    }
}

static void set_callbacks(CURL *curl, exchange_t *x)
{
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_ending);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, x);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static struct curl_slist *headers_of(const sbox_letter_t *letter)
{
    struct curl_slist *lines =
        curl_slist_append(NULL, "Content-Type: application/json;charset=UTF-8");
    int i;

    lines = curl_slist_append(lines, "Expect:");
    for (i = 0; i < 2; i++) {
        if (letter->header[i]) {
            lines = curl_slist_append(lines, letter->header[i]);
        }
    }
    return lines;
}

static sbox_sent_kind_t kind_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return SBOX_SENT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
        return SBOX_SENT_UNTRUSTED;
    default:
        return SBOX_SENT_UNREACHED;
    }
}

void sbox_sender_post(sbox_sender_t *sender, apr_pool_t *p, const sbox_letter_t *letter,
                      sbox_sent_t *sent)
{
    CURL *curl = sender->curl;
    struct curl_slist *lines = headers_of(letter);
    exchange_t x = {0};
    CURLcode code;
    long status = 0;

    memset(sent, 0, sizeof(*sent));
    x.p = p;
    x.letter = letter;
    x.sent = sent;
    curl_easy_reset(curl); /* the connection stays */
    curl_easy_setopt(curl, CURLOPT_URL, letter->address);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "RingCentral-Webhook/8.3");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, letter->body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(letter->body));
    set_network(curl, letter);
    set_callbacks(curl, &x);
    code = curl_easy_perform(curl);
    if (sent->kind == SBOX_SENT) {
        sent->kind = kind_of(code);
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    sent->status = (int)status;
    sent->problem = sent->kind == SBOX_SENT_ANSWER_LARGE ? "The answer is too large"
                    : code == CURLE_OK                   ? NULL
                                       : apr_pstrdup(p, curl_easy_strerror(code));
    curl_slist_free_all(lines);
}
