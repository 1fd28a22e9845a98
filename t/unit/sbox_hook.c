/* Deliveries of the sandbox to a receiver in this process: the threads that carry them
 * out, and their end while a receiver keeps one waiting. */
#include <string.h>
#include <apr_general.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "base_json.h"
#include "sbox.h"
#include "sbox_hook.h"
#include "tap.h"

#define JWT "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
#define EXTENSION "/restapi/v1.0/account/~/extension"
#define MANY 50

typedef struct receiver_t {
    apr_socket_t *socket;
    apr_port_t port;
    apr_thread_t *thread;
    int handshakes, deliveries; /* read after the thread ended */
} receiver_t;

/* The head of a request in `p`, NULL when there is none. Its body is of no interest. */
static const char *read_head(apr_socket_t *from, apr_pool_t *p)
{
    apr_size_t size = 8192, used = 0;
    char *text = apr_pcalloc(p, size + 1);

    while (used < size && !strstr(text, "\r\n\r\n")) {
        apr_size_t n = size - used;

        if (apr_socket_recv(from, text + used, &n) != APR_SUCCESS || !n) {
            return NULL;
        }
        used += n;
    }
    return text;
}

static const char *token_in(const char *head, apr_pool_t *p)
{
    const char *at = strstr(head, "Validation-Token: ");

    return at ? apr_pstrmemdup(p, at + 18, strcspn(at + 18, "\r")) : NULL;
}

/* One connection: 1 when the receiver is to go on. */
static int serve(receiver_t *r, apr_socket_t *from, apr_pool_t *p)
{
    const char *head = read_head(from, p), *token, *answer;
    apr_size_t len;

    if (!head) {
        return 1;
    }
    if (!strncmp(head, "POST /hang", 10) && strstr(head, "Content-Length: ") &&
        !strstr(head, "Content-Length: 0\r")) {
        /* until the other side gives up */
        len = 1;
        while (apr_socket_recv(from, apr_palloc(p, 4096), &len) == APR_SUCCESS) {
            len = 4096;
        }
        return 1;
    }
    token = token_in(head, p);
    r->handshakes += token != NULL;
    r->deliveries += token == NULL && !strncmp(head, "POST ", 5);
    answer = apr_pstrcat(p, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
                         token ? "Validation-Token: " : "X: ", token ? token : "-",
                         "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", NULL);
    len = strlen(answer);
    apr_socket_send(from, answer, &len);
    return strncmp(head, "GET /end", 8) != 0;
}

static void *APR_THREAD_FUNC receive(apr_thread_t *thread, void *data)
{
    receiver_t *r = data;
    apr_pool_t *p;
    int more = 1;

    apr_pool_create(&p, apr_thread_pool_get(thread));
    while (more) {
        apr_socket_t *from;

        if (apr_socket_accept(&from, r->socket, p) == APR_SUCCESS) {
            more = serve(r, from, p);
            apr_socket_close(from);
        }
        apr_pool_clear(p);
    }
    return NULL;
}

static apr_sockaddr_t *listen_on(receiver_t *r, apr_pool_t *p)
{
    apr_sockaddr_t *address;

    apr_sockaddr_info_get(&address, "127.0.0.1", APR_INET, 0, 0, p);
    apr_socket_create(&r->socket, APR_INET, SOCK_STREAM, APR_PROTO_TCP, p);
    apr_socket_bind(r->socket, address);
    apr_socket_listen(r->socket, 64);
    apr_socket_addr_get(&address, APR_LOCAL, r->socket);
    r->port = address->port;
    return address;
}

static void end(receiver_t *r, apr_sockaddr_t *address, apr_pool_t *p)
{
    apr_socket_t *socket;
    apr_size_t len = 16;
    apr_status_t rv;

    apr_socket_create(&socket, APR_INET, SOCK_STREAM, APR_PROTO_TCP, p);
    apr_socket_connect(socket, address);
    apr_socket_send(socket, "GET /end X\r\n\r\n ", &len);
    apr_thread_join(&rv, r->thread);
    apr_socket_close(socket);
    apr_socket_close(r->socket);
}

static json_t *ask(sbox_t *box, apr_pool_t *p, const char *what, const char *body)
{
    static const char *token;
    sbox_request_t *request = apr_pcalloc(p, sizeof(*request));
    const char *space = strchr(what, ' ');
    const sbox_answer_t *answer;
    json_t *json;

    request->pool = p;
    request->method = apr_pstrmemdup(p, what, (apr_size_t)(space - what));
    request->path = space + 1;
    request->query = "";
    request->base_uri = "http://sandbox.example";
    request->headers = apr_table_make(p, 4);
    request->body = body ? body : "";
    request->body_len = strlen(request->body);
    apr_table_set(request->headers, "Authorization",
                  strstr(what, "oauth") ? "Basic aWQ6c2VjcmV0"
                                        : apr_pstrcat(p, "Bearer ", token, NULL));
    apr_table_set(request->headers, "Content-Type",
                  strstr(what, "oauth") ? "application/x-www-form-urlencoded"
                                        : "application/json");
    answer = sbox_serve(box, request);
    json = base_json_parse(p, answer->body, answer->body_len, SBOX_JSON_DEPTH_MAX, 0,
                           NULL);
    if (strstr(what, "oauth")) {
        token = base_json_string(json, "access_token");
    }
    return json;
}

static sbox_t *made(apr_pool_t *p, sbox_settings_t *settings)
{
    static const sbox_app_t app = {"id", "secret", NULL};
    static const sbox_jwt_t jwt = {JWT, NULL};

    memset(settings, 0, sizeof(*settings));
    settings->users = 3;
    settings->seed = 1;
    settings->time_scale = 1;
    settings->apps = apr_array_make(p, 1, sizeof(app));
    settings->jwts = apr_array_make(p, 1, sizeof(jwt));
    settings->pairs = apr_array_make(p, 1, sizeof(sbox_pair_t));
    *(sbox_app_t *)apr_array_push(settings->apps) = app;
    *(sbox_jwt_t *)apr_array_push(settings->jwts) = jwt;
    return sbox_create(p, settings);
}

static const char *subscribe(sbox_t *box, apr_pool_t *p, const receiver_t *r,
                             const char *path)
{
    return base_json_string(
        ask(box, p, "POST /restapi/v1.0/subscription",
            apr_psprintf(p,
                         "{\"eventFilters\":[\"%s\"],\"deliveryMode\":"
                         "{\"transportType\":\"WebHook\",\"address\":"
                         "\"http://127.0.0.1:%d%s\"}}",
                         EXTENSION, (int)r->port, path)),
        "status");
}

static void rename_admin(sbox_t *box, apr_pool_t *p, int n)
{
    ask(box, p, "PUT " EXTENSION "/~",
        apr_psprintf(p, "{\"contact\":{\"jobTitle\":\"Title %d\"}}", n));
}

int main(void)
{
    receiver_t receiver = {0};
    sbox_settings_t settings;
    apr_sockaddr_t *address;
    apr_pool_t *p, *sandbox;
    sbox_t *box;
    json_t *events;
    int i;

    apr_initialize();
    apr_pool_create(&p, NULL);
    apr_pool_create(&sandbox, p);
    address = listen_on(&receiver, p);
    apr_thread_create(&receiver.thread, NULL, receive, &receiver, p);
    box = made(sandbox, &settings);
    ask(box, p, "POST /restapi/oauth/token",
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&"
        "assertion=" JWT);
    is_str(subscribe(box, p, &receiver, "/a"), "Active", "a subscription");
    is_str(subscribe(box, p, &receiver, "/b"), "Active", "another one");
    for (i = 0; i < MANY; i++) {
        rename_admin(box, p, i);
    }
    events = ask(box, p, "POST /_sandbox/events/flush", NULL);
    ok(base_json_true(events, "done"), "all is delivered");
    ok(json_array_size(json_object_get(events, "history")) == 2 * MANY + 2,
       "and stands in the history");
    is_str(subscribe(box, p, &receiver, "/hang"), "Active", "one that will hang");
    ask(box, p, "PATCH /_sandbox/config", "{\"hook_delay_ms\":0}");
    rename_admin(box, p, MANY);
    events = ask(box, p, "POST /_sandbox/events/flush", "{\"timeoutMs\":100}");
    ok(events && !base_json_true(events, "done"), "it keeps a delivery waiting");
    ask(box, p, "POST /_sandbox/reset", NULL);
    apr_pool_destroy(sandbox);
    ok(1, "the end comes with a delivery under way");
    end(&receiver, address, p);
    ok(receiver.handshakes == 3, "three handshakes");
    ok(receiver.deliveries >= 2 * MANY, "every delivery came");
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
