#include "base_json.h"
#include "rc_answer.h"
#include "rc_fake.h"

#define OK -1
#define V1(code)                                                                       \
    "{\"errorCode\":\"" code "\",\"message\":\"M\",\"errors\":[{\"errorCode\":\"" code \
    "\",\"message\":\"M\"}]}"
#define V1_OF(code, parameter)                                                         \
    "{\"errorCode\":\"X\",\"message\":\"M\",\"errors\":[{\"errorCode\":\"" code        \
    "\",\"message\":\"M\",\"parameterName\":\"" parameter "\"}]}"
#define HTML "<html><body><h1>Bad Gateway</h1></body></html>"

static const rc_endpoint_t reading = {"read",   "GET", "/x/{id}",
                                      RC_LIGHT, 0,     "extensionId"};
static const rc_endpoint_t listing = {"list", "GET", "/x", RC_MEDIUM, 0, NULL};
static const rc_endpoint_t writing = {"update",  "PUT",     "/x/{id}",
                                      RC_MEDIUM, RC_WRITES, "extensionId"};
static const rc_endpoint_t deleting = {
    "delete", "DELETE", "/x/{id}", RC_MEDIUM, RC_WRITES | RC_NO_ANSWER, "extensionId"};

static const struct {
    int status;
    const char *headers, *body;
    int read, write; /* kinds, or OK */
} cases[] = {
    {200, "", "{\"id\":1}", OK, OK},
    {201, "", "{}", OK, OK},
    {200, "", "", RC_PROTOCOL, RC_LOST},
    {200, "", "{\"id\":1", RC_PROTOCOL, RC_LOST},
    {200, "", "[1]", RC_PROTOCOL, RC_LOST},
    {200, "", HTML, RC_PROTOCOL, RC_LOST},
    {204, "", "", RC_PROTOCOL, RC_LOST},
    {301, "Location: /y", "", RC_PROTOCOL, RC_LOST},
    {302, "", HTML, RC_PROTOCOL, RC_LOST},
    {304, "", "", RC_PROTOCOL, RC_LOST},
    {400, "", V1_OF("CMN-101", "contact.email"), RC_INVALID, RC_INVALID},
    {400, "", HTML, RC_INVALID, RC_INVALID},
    {401, "", V1("OAU-149"), RC_CREDENTIALS, RC_CREDENTIALS},
    {401, "", "", RC_CREDENTIALS, RC_CREDENTIALS},
    {403, "", V1("CMN-401"), RC_FORBIDDEN, RC_FORBIDDEN},
    {403, "", HTML, RC_FORBIDDEN, RC_FORBIDDEN},
    {404, "", V1_OF("CMN-102", "extensionId"), RC_NOT_FOUND, RC_NOT_FOUND},
    {404, "", V1("CMN-102"), RC_NOT_FOUND, RC_NOT_FOUND},
    {404, "", V1_OF("CMN-102", "site.id"), RC_INVALID, RC_INVALID},
    {400, "", V1_OF("CMN-102", "site.id"), RC_INVALID, RC_INVALID},
    {404, "", V1("CMN-120"), RC_PROTOCOL, RC_PROTOCOL},
    {404, "", HTML, RC_PROTOCOL, RC_LOST},
    {404, "", "{\"detail\":\"no such route\"}", RC_PROTOCOL, RC_LOST},
    {405, "", V1("CMN-202"), RC_INVALID, RC_INVALID},
    {408, "", "", RC_UNAVAILABLE, RC_LOST},
    {409, "", V1("EXT-997"), RC_INVALID, RC_INVALID},
    {413, "", HTML, RC_PROTOCOL, RC_LOST},
    {429, "Retry-After: 60", V1("CMN-301"), RC_BUSY, RC_BUSY},
    {429, "", V1("CMN-304"), RC_BUSY, RC_BUSY},
    {429, "", V1("CMN-310"), RC_BUSY, RC_BUSY},
    {429, "", "", RC_BUSY, RC_BUSY},
    {500, "", V1("CMN-203"), RC_UNAVAILABLE, RC_LOST},
    {500, "", V1("CMN-201"), RC_UNAVAILABLE, RC_UNAVAILABLE},
    {500, "", HTML, RC_UNAVAILABLE, RC_LOST},
    {501, "", V1("CMN-202"), RC_UNAVAILABLE, RC_UNAVAILABLE},
    {502, "", HTML, RC_UNAVAILABLE, RC_LOST},
    {502, "Retry-After: 3", HTML, RC_UNAVAILABLE, RC_LOST},
    {503, "", V1("CMN-201"), RC_UNAVAILABLE, RC_UNAVAILABLE},
    {503, "", "{\"errors\":[{\"errorCode\":\"ADG-000\",\"message\":\"M\"}]}",
     RC_UNAVAILABLE, RC_UNAVAILABLE},
    {503, "", HTML, RC_UNAVAILABLE, RC_LOST},
    {503, "Retry-After: 5", HTML, RC_UNAVAILABLE, RC_UNAVAILABLE},
    {504, "", "", RC_UNAVAILABLE, RC_LOST},
    {599, "", "{\"errorCode\":", RC_UNAVAILABLE, RC_LOST},
    {999, "", "", RC_PROTOCOL, RC_LOST},
};

static rc_http_response_t answer(apr_pool_t *p, int status, const char *headers,
                                 const char *body)
{
    rc_http_response_t response = {status, apr_table_make(p, 4), body, strlen(body)};

    fake_headers(p, response.headers, headers);
    return response;
}

static int judge(apr_pool_t *p, const rc_endpoint_t *endpoint,
                 const rc_http_response_t *response)
{
    json_t *document = NULL;
    rc_error_t *error = rc_answer_judge(p, endpoint, response, &document);

    return error ? (int)error->kind : OK;
}

static void test_table(apr_pool_t *p)
{
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rc_http_response_t r =
            answer(p, cases[i].status, cases[i].headers, cases[i].body);

        is_int(judge(p, &reading, &r), cases[i].read,
               apr_psprintf(p, "read: %d %.60s", r.status, r.body));
        is_int(judge(p, &writing, &r), cases[i].write,
               apr_psprintf(p, "write: %d %.60s", r.status, r.body));
    }
}

static void test_rest(apr_pool_t *p)
{
    rc_http_response_t r = answer(p, 404, "", V1("CMN-102"));

    is_int(judge(p, &listing, &r), RC_INVALID, "404 where the path names no thing");
    r = answer(p, 204, "", "");
    is_int(judge(p, &deleting, &r), OK, "204 where nothing is expected");
    r = answer(p, 200, "", "[]");
    is_int(judge(p, &deleting, &r), RC_LOST, "... but a document");
    r = answer(p, 200, "",
               "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]"
               "]]]]]]]]]]]]]]]]}");
    is_int(judge(p, &reading, &r), RC_PROTOCOL, "an answer that nests too deep");
}

static void test_members(apr_pool_t *p)
{
    static const struct {
        const char *name, *body, *code, *message, *parameter;
        int explained;
    } shapes[] = {
        {"v1",
         "{\"errorCode\":\"InvalidParameter\",\"message\":\"outer\",\"errors\":[{"
         "\"errorCode\":\"CMN-101\",\"message\":\"inner\",\"parameterName\":\"status\"}"
         "],\"parameterName\":\"outer\"}",
         "CMN-101", "inner", "status", 1},
        {"v1 without errors", "{\"errorCode\":\"CMN-201\",\"message\":\"outer\"}",
         "CMN-201", "outer", NULL, 1},
        {"v2", "{\"errors\":[{\"errorCode\":\"CMN-106\",\"message\":\"m\"}]}",
         "CMN-106", "m", NULL, 1},
        {"oauth",
         "{\"error\":\"invalid_client\",\"error_description\":\"Invalid client: x\"}",
         "invalid_client", "Invalid client: x", NULL, 1},
        {"oauth with errors",
         "{\"error\":\"invalid_client\",\"error_description\":\"d\",\"errors\":[{"
         "\"errorCode\":\"OAU-153\",\"message\":\"m\"}]}",
         "OAU-153", "m", NULL, 1},
        {"no words", "{\"errorCode\":\"CMN-203\",\"message\":\"\"}", "CMN-203",
         "HTTP status 500 without an explanation", NULL, 1},
        {"numbers for strings",
         "{\"errorCode\":7,\"message\":7,\"errors\":[{\"errorCode\":7}]}", "",
         "HTTP status 500 without an explanation", NULL, 0},
        {"errors is no array", "{\"errors\":{\"errorCode\":\"X\"}}", "",
         "HTTP status 500 without an explanation", NULL, 0},
        {"HTML", HTML, "", "HTTP status 500 without an explanation", NULL, 0},
        {"nothing", "", "", "HTTP status 500 without an explanation", NULL, 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        rc_http_response_t r =
            answer(p, 500, "RCRequestId: abc-1\nRetry-After: 12", shapes[i].body);
        int explained;
        rc_error_t *error = rc_answer_error(p, &r, &explained);

        is_str(error->code, shapes[i].code, shapes[i].name);
        is_str(error->message, shapes[i].message, "... message");
        is_str(error->parameter, shapes[i].parameter, "... parameter");
        is_int(explained, shapes[i].explained, "... whose");
        ok(error->http_status == 500 && error->retry_after == 12 &&
               strcmp(error->request_id, "abc-1") == 0,
           "... status, Retry-After, request id");
    }
}

static void test_clipping(apr_pool_t *p)
{
    char *text = apr_palloc(p, 3001);
    rc_http_response_t r;
    rc_error_t *error;
    int explained, i;

    for (i = 0; i < 3000; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    text[3000] = '\0';
    r = answer(
        p, 400, "",
        apr_pstrcat(p, "{\"errorCode\":\"X\",\"message\":\"", text, "\"}", NULL));
    error = rc_answer_error(p, &r, &explained);
    is_int(strlen(error->message), 999, "a long message is cut between characters");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_table(p);
    test_rest(p);
    test_members(p);
    test_clipping(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
