/* The transport against a small server of our own on a free port of 127.0.0.1. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <stdlib.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "rc_curl.h"
#include "tap.h"

#define MAX_ANSWER 50000
#define BUFFER 100000

/* '{"zipped":true}', and 60,000 spaces. */
static const unsigned char zipped[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xab, 0x56,
    0xaa, 0xca, 0x2c, 0x28, 0x48, 0x4d, 0x51, 0xb2, 0x2a, 0x29, 0x2a, 0x4d,
    0xad, 0x05, 0x00, 0x84, 0x28, 0xbc, 0x08, 0x0f, 0x00, 0x00, 0x00,
};
static const unsigned char bomb[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xed, 0xc1, 0x31, 0x01,
    0x00, 0x00, 0x00, 0xc2, 0xa0, 0x2a, 0xeb, 0x9f, 0xd2, 0x1a, 0x1e, 0x40, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x7c, 0x19, 0xfc, 0xc1, 0x9d, 0xc9, 0x60, 0xea, 0x00, 0x00,
};

/* What the server has seen, shared with its processes. */
typedef struct seen_t {
    volatile int connections, requests;
} seen_t;

static seen_t *seen;
static int port, dead_port, mute_port;

/* --- the server ------------------------------------------------------------------- */

static void put(int fd, const void *data, apr_size_t len)
{
    if (send(fd, data, len, MSG_NOSIGNAL) < 0) {
        _exit(0);
    }
}

static void put_text(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

static void put_body(int fd, const char *more_headers, const void *body, apr_size_t len)
{
    char head[300];

    apr_snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\nX-Connection: %d\r\n%sContent-Length: %d\r\n\r\n",
                 seen->connections, more_headers, (int)len);
    put_text(fd, head);
    put(fd, body, len);
}

static void put_large(int fd, apr_size_t len)
{
    char *body = malloc(len);

    memset(body, 'x', len);
    put_body(fd, "", body, len);
    free(body);
}

static void put_many_headers(int fd)
{
    int i;

    put_text(fd, "HTTP/1.1 200 OK\r\n");
    for (i = 0; i < 3000; i++) {
        put_text(fd, "X-Many: 01234567890123456789012345\r\n");
    }
    put_text(fd, "Content-Length: 0\r\n\r\n");
}

/* Answers one request; 0 when the connection is to be closed. */
static int answer(int fd, const char *request)
{
    const char *path = strchr(request, ' ') + 1;

    if (strncmp(path, "http://rc.test", 14) == 0) { /* we are the proxy */
        path += 14;
    }

    if (strncmp(path, "/ok", 3) == 0) {
        put_body(fd, "rcRequestId:  abc \r\n", "{}", 2);
    }
    else if (strncmp(path, "/echo", 5) == 0) {
        put_body(fd, "", request, strlen(request));
    }
    else if (strncmp(path, "/last", 5) == 0) {
        put_body(fd, "", "{}", 2);
        return 0;
    }
    else if (strncmp(path, "/nothing", 8) == 0) {
        put_text(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    }
    else if (strncmp(path, "/early", 6) == 0) {
        put_text(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
        put_body(fd, "", "{}", 2);
    }
    else if (strncmp(path, "/redirect", 9) == 0) {
        put_text(fd,
                 "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    }
    else if (strncmp(path, "/slow", 5) == 0) {
        put_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
        sleep(5);
    }
    else if (strncmp(path, "/hang", 5) == 0) {
        sleep(5);
    }
    else if (strncmp(path, "/pause", 6) == 0) {
        usleep(400000);
        put_body(fd, "", "{}", 2);
    }
    else if (strncmp(path, "/cut", 4) == 0) {
        put_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
        return 0;
    }
    else if (strncmp(path, "/large", 6) == 0) {
        put_large(fd, MAX_ANSWER + 1);
    }
    else if (strncmp(path, "/full", 5) == 0) {
        put_large(fd, MAX_ANSWER);
    }
    else if (strncmp(path, "/headers", 8) == 0) {
        put_many_headers(fd);
    }
    else if (strncmp(path, "/zipped", 7) == 0) {
        put_body(fd, "Content-Encoding: gzip\r\n", zipped, sizeof zipped);
    }
    else if (strncmp(path, "/bomb", 5) == 0) {
        put_body(fd, "Content-Encoding: gzip\r\n", bomb, sizeof bomb);
    }
    else if (strncmp(path, "/broken", 7) == 0) {
        put_body(fd, "Content-Encoding: gzip\r\n", "this is not gzip", 16);
    }
    else if (strncmp(path, "/noise", 6) == 0) {
        put_text(fd, "this is not HTTP\r\n\r\n");
        return 0;
    }
    else if (strncmp(request, "CONNECT", 7) == 0) {
        put_text(fd, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        return 0;
    }
    else { /* "/close" */
        return 0;
    }
    return 1;
}

/* How long the body is, by the headers. */
static apr_size_t length_of(const char *headers)
{
    const char *line = strstr(headers, "Content-Length: ");
    apr_size_t len = 0;

    if (!line) {
        return 0;
    }
    for (line += 16; apr_isdigit(*line); line++) {
        len = 10 * len + (*line - '0');
    }
    return len;
}

/* Reads one request into `buffer`. 0 at the end of the connection. */
static int read_request(int fd, char *buffer)
{
    apr_size_t used = 0, wanted = 0;

    do {
        ssize_t n = recv(fd, buffer + used, BUFFER - 1 - used, 0);
        const char *end;

        if (n <= 0) {
            return 0;
        }
        used += n;
        buffer[used] = '\0';
        end = strstr(buffer, "\r\n\r\n");
        wanted = end ? end + 4 - buffer + length_of(buffer) : 0;
    } while (!wanted || used < wanted);
    return 1;
}

static void serve(int listener)
{
    static char buffer[BUFFER];

    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        seen->connections++;
        if (fork() == 0) {
            while (read_request(fd, buffer)) {
                seen->requests++;
                if (!answer(fd, buffer)) {
                    break;
                }
            }
            _exit(0);
        }
        close(fd);
    }
}

static int listen_somewhere(int *at)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, 50) ||
        getsockname(fd, (struct sockaddr *)&address, &len)) {
        perror("listen");
        exit(1);
    }
    *at = ntohs(address.sin_port);
    return fd;
}

static pid_t start_server(void)
{
    int fd = listen_somewhere(&port);
    pid_t pid;

    close(listen_somewhere(&dead_port));
    listen_somewhere(&mute_port); /* connects, and nobody accepts */
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    pid = fork();
    if (pid == 0) {
        serve(fd);
    }
    close(fd);
    return pid;
}

/* --- the tests -------------------------------------------------------------------- */

static rc_curl_conf_t conf = {4,    apr_time_from_sec(2), MAX_ANSWER, NULL,
                              NULL, "mod_scim_rc/test"};

static const char *url_of(apr_pool_t *p, int to, const char *path)
{
    return apr_psprintf(p, "http://127.0.0.1:%d%s", to, path);
}

static rc_exchange_t send_to(rc_transport_t *t, apr_pool_t *p, rc_http_request_t *r,
                             rc_http_response_t *response, const char **problem)
{
    memset(response, 0, sizeof *response);
    *problem = NULL;
    if (!r->timeout) {
        r->timeout = apr_time_from_sec(5);
    }
    return t->perform(t->ctx, p, r, response, problem);
}

static rc_exchange_t get(rc_transport_t *t, apr_pool_t *p, const char *path,
                         rc_http_response_t *response)
{
    rc_http_request_t r = {"GET", url_of(p, port, path), NULL, NULL, 0, 0};
    const char *problem;

    return send_to(t, p, &r, response, &problem);
}

static void test_good(rc_transport_t *t, apr_pool_t *p)
{
    rc_http_response_t r;
    const char *first;

    is_int(get(t, p, "/ok", &r), RC_EXCHANGE_DONE, "an answer");
    is_int(r.status, 200, "... status");
    is_str(r.body, "{}", "... body");
    is_int(r.body_len, 2, "... its length");
    is_str(apr_table_get(r.headers, "RCREQUESTID"), "abc", "... headers");
    first = apr_table_get(r.headers, "X-Connection");
    get(t, p, "/ok", &r);
    is_str(apr_table_get(r.headers, "X-Connection"), first, "the connection is kept");
    get(t, p, "/last", &r);
    apr_sleep(50000);
    is_int(get(t, p, "/ok", &r), RC_EXCHANGE_DONE, "one that was closed is made anew");
    is_int(get(t, p, "/nothing", &r), RC_EXCHANGE_DONE, "an answer without a body");
    is_str(r.body, "", "... is the empty text");
    is_int(get(t, p, "/redirect", &r), RC_EXCHANGE_DONE, "a redirect");
    is_int(r.status, 302, "... is not followed");
    is_int(get(t, p, "/early", &r), RC_EXCHANGE_DONE, "an early hint");
    ok(!apr_table_get(r.headers, "X-Early") && r.status == 200,
       "... is not part of the answer");
    is_int(get(t, p, "/full", &r), RC_EXCHANGE_DONE, "an answer as large as allowed");
    is_int(r.body_len, MAX_ANSWER, "... arrives whole");
    is_int(r.body[MAX_ANSWER], 0, "... and ends with NUL");
    get(t, p, "/zipped", &r);
    is_str(r.body, "{\"zipped\":true}", "gzip is undone");
}

static void test_requests(rc_transport_t *t, apr_pool_t *p)
{
    static const struct {
        const char *method, *body, *begins;
        const char *has[3];
    } cases[] = {
        {"GET",
         NULL,
         "GET /echo HTTP/1.1\r\n",
         {"User-Agent: mod_scim_rc/test\r\n", "X-One: 1\r\n", "gzip"}},
        {"POST",
         "{\"a\":1}",
         "POST /echo HTTP/1.1\r\n",
         {"Content-Length: 7\r\n", "Content-Type: application/json\r\n", "{\"a\":1}"}},
        {"POST",
         NULL,
         "POST /echo HTTP/1.1\r\n",
         {"Content-Length: 0\r\n", "X-One", "X-One"}},
        {"PUT", "{}", "PUT /echo HTTP/1.1\r\n", {"Content-Length: 2\r\n", "{}", "{}"}},
        {"PATCH",
         "{}",
         "PATCH /echo HTTP/1.1\r\n",
         {"Content-Length: 2\r\n", "{}", "{}"}},
        {"DELETE", NULL, "DELETE /echo HTTP/1.1\r\n", {"X-One", "X-One", "X-One"}},
        {"DELETE",
         "{\"records\":[]}",
         "DELETE /echo HTTP/1.1\r\n",
         {"Content-Length: 14\r\n", "{\"records\":[]}", "X-One"}},
    };
    apr_array_header_t *headers = apr_array_make(p, 2, sizeof(const char *));
    apr_size_t i;
    int j;

    APR_ARRAY_PUSH(headers, const char *) = "X-One: 1";
    APR_ARRAY_PUSH(headers, const char *) = "Content-Type: application/json";
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rc_http_request_t request = {cases[i].method,
                                     url_of(p, port, "/echo"),
                                     headers,
                                     cases[i].body,
                                     cases[i].body ? strlen(cases[i].body) : 0,
                                     0};
        rc_http_response_t r;
        const char *problem;

        is_int(send_to(t, p, &request, &r, &problem), RC_EXCHANGE_DONE,
               apr_psprintf(p, "%s %s", cases[i].method,
                            cases[i].body ? cases[i].body : ""));
        ok(strncmp(r.body, cases[i].begins, strlen(cases[i].begins)) == 0,
           "... its first line");
        for (j = 0; j < 3; j++) {
            ok(strstr(r.body, cases[i].has[j]) != NULL, cases[i].has[j]);
        }
        ok(!strstr(r.body, "Expect"), "... expects nothing");
    }
}

static const struct failure_t {
    const char *name, *path;
    int *to;
    rc_exchange_t result;
    const char *problem; /* a part of it */
} failures[] = {
    {"nobody listens", "/ok", &dead_port, RC_EXCHANGE_UNREACHED, "onnect"},
    {"closed before an answer", "/close", &port, RC_EXCHANGE_LOST,
     "closed before an answer"},
    {"closed amid the answer", "/cut", &port, RC_EXCHANGE_LOST, "transfer closed"},
    {"slow answer", "/slow", &port, RC_EXCHANGE_LOST, "timed out"},
    {"no answer", "/hang", &port, RC_EXCHANGE_LOST, "timed out"},
    {"nobody accepts", "/ok", &mute_port, RC_EXCHANGE_LOST, "timed out"},
    {"too large", "/large", &port, RC_EXCHANGE_LOST, "larger than 50000 bytes"},
    {"too large once unpacked", "/bomb", &port, RC_EXCHANGE_LOST,
     "larger than 50000 bytes"},
    {"too many headers", "/headers", &port, RC_EXCHANGE_LOST, "headers are too large"},
    {"packed badly", "/broken", &port, RC_EXCHANGE_LOST, ""},
    {"no HTTP", "/noise", &port, RC_EXCHANGE_LOST, ""},
};

static void test_failures(rc_transport_t *t, apr_pool_t *p)
{
    apr_size_t i;
    int writes;

    for (i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        const struct failure_t *f = &failures[i];

        for (writes = 0; writes < 2; writes++) {
            rc_http_request_t request = {writes ? "POST" : "GET",
                                         url_of(p, *f->to, f->path),
                                         NULL,
                                         writes ? "{}" : NULL,
                                         writes ? 2 : 0,
                                         300000};
            rc_http_response_t r;
            const char *problem;
            int before = seen->requests;

            get(t, p, "/ok", &r); /* a kept connection */
            is_int(send_to(t, p, &request, &r, &problem), f->result,
                   apr_psprintf(p, "%s: %s", request.method, f->name));
            ok(problem && strstr(problem, f->problem), "... and why");
            printf("# %s\n", problem ? problem : "(none)");
            if (*f->to == port) {
                is_int(seen->requests - before, 2, "... sent once");
            }
        }
    }
}

static void test_unreached(rc_transport_t *t, apr_pool_t *p)
{
    rc_curl_conf_t through = conf;
    rc_http_request_t request = {"POST", NULL, NULL, "{}", 2, 300000};
    rc_http_response_t r;
    const char *problem;

    request.url = apr_psprintf(p, "https://127.0.0.1:%d/ok", port);
    is_int(send_to(t, p, &request, &r, &problem), RC_EXCHANGE_UNREACHED,
           "no TLS there");
    request.url = apr_psprintf(p, "https://127.0.0.1:%d/ok", mute_port);
    is_int(send_to(t, p, &request, &r, &problem), RC_EXCHANGE_UNREACHED,
           "TLS handshake without an answer");
    request.url = "http://no-such-host.invalid/";
    is_int(send_to(t, p, &request, &r, &problem), RC_EXCHANGE_UNREACHED,
           "no such host");
    request.url = "ftp://127.0.0.1/";
    is_int(send_to(t, p, &request, &r, &problem), RC_EXCHANGE_UNREACHED,
           "another protocol");
    through.proxy = url_of(p, port, "");
    t = rc_curl_create(p, &through);
    request.url = "https://rc.test/ok";
    is_int(send_to(t, p, &request, &r, &problem), RC_EXCHANGE_UNREACHED,
           "a proxy that does not let us through");
    request.url = "http://rc.test/echo";
    is_int(send_to(t, p, &request, &r, &problem), RC_EXCHANGE_DONE,
           "a proxy that does");
    ok(r.body && strncmp(r.body, "POST http://rc.test/echo ", 25) == 0,
       "... is asked for the whole address");
}

static void test_environment(apr_pool_t *p)
{
    rc_http_response_t r;
    char proxy[80];

    apr_snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", dead_port);
    setenv("http_proxy", proxy, 1);
    setenv("all_proxy", proxy, 1);
    is_int(get(rc_curl_create(p, &conf), p, "/ok", &r), RC_EXCHANGE_DONE,
           "a proxy in the environment is ignored");
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

static rc_transport_t *narrow;

static void *APR_THREAD_FUNC get_slowly(apr_thread_t *thread, void *p)
{
    rc_http_response_t r;

    return get(narrow, p, "/pause", &r) == RC_EXCHANGE_DONE ? p : NULL;
}

static void test_pool(apr_pool_t *p)
{
    rc_curl_conf_t one = conf;
    rc_http_request_t request = {"GET", url_of(p, port, "/ok"), NULL, NULL, 0, 100000};
    rc_http_response_t r;
    const char *problem;
    apr_thread_t *thread;
    apr_pool_t *of_thread;
    apr_status_t rv;
    int before = seen->connections, waiting = seen->requests;

    one.max_handles = 1;
    narrow = rc_curl_create(p, &one);
    apr_pool_create_unmanaged(&of_thread);
    apr_thread_create(&thread, NULL, get_slowly, of_thread, of_thread);
    while (seen->requests == waiting) {
        apr_sleep(1000);
    }
    is_int(send_to(narrow, p, &request, &r, &problem), RC_EXCHANGE_UNREACHED,
           "all handles are busy");
    ok(problem && strstr(problem, "busy"), "... and that is said");
    request.timeout = apr_time_from_sec(5);
    is_int(send_to(narrow, p, &request, &r, &problem), RC_EXCHANGE_DONE,
           "... until one comes back");
    is_int(seen->connections - before, 1, "... with its connection");
    apr_thread_join(&rv, thread);
    apr_pool_destroy(of_thread);
}

int main(void)
{
    apr_pool_t *p, *of_transport;
    rc_transport_t *t;
    pid_t server;

    apr_initialize();
    apr_pool_create(&p, NULL);
    server = start_server();
    rc_curl_global_init();
    apr_pool_create(&of_transport, p);
    t = rc_curl_create(of_transport, &conf);
    test_good(t, p);
    test_requests(t, p);
    test_failures(t, p);
    test_unreached(t, p);
    test_environment(of_transport);
    test_pool(of_transport);
    apr_pool_destroy(p);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    apr_terminate();
    return done_testing();
}
