/* The sandbox without httpd: requests in, answers out. */
#include <stdlib.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "sbox.h"
#include "tap.h"

#define JWT "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
#define FORM "application/x-www-form-urlencoded"
#define LIST "/restapi/v1.0/account/~/extension"
#define PERSON "{\"contact\":{\"firstName\":\"A\",\"email\":\"a@b.example\"}}"

#define SCIM_PERSON                                                                    \
    "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],"                   \
    "\"userName\":\"s@b.example\",\"name\":{\"givenName\":\"S\",\"familyName\":\"C\"}" \
    ","                                                                                \
    "\"emails\":[{\"type\":\"work\",\"value\":\"s@b.example\"}]}"
#define SCIM_PATCH                                                                     \
    "{\"Operations\":[{\"op\":\"replace\",\"path\":\"title\",\"value\":\"x\"}]}"

typedef struct step_t {
    const char *name, *method, *path, *body;
    int status;
    const char *where, *what; /* a string of the answer, or NULL */
} step_t;

static const step_t steps[] = {
    {"about", "GET", "/_sandbox", NULL, 200, "name", "Demo Company"},
    {"list", "GET", LIST, NULL, 200, NULL, NULL},
    {"bad page", "GET", LIST "?page=0", NULL, 400, "parameterName", "page"},
    {"create", "POST", LIST, PERSON, 200, "status", "NotActivated"},
    {"create again", "POST", LIST, PERSON, 400, "errorCode", "EXT-997"},
    {"no JSON", "POST", LIST, "{\"a\":", 400, "errorCode", "CMN-103"},
    {"no object", "POST", LIST, "[]", 400, "errorCode", "CMN-103"},
    {"read", "GET", LIST "/~", NULL, 200, "type", "User"},
    {"read unknown", "GET", LIST "/7", NULL, 404, "errorCode", "CMN-102"},
    {"not there", "GET", "/restapi/v1.0/x", NULL, 404, "errorCode", "CMN-120"},
    {"not here", "GET", "/restapi/v2/accounts/~/cost-centers", NULL, 501, NULL, NULL},
    {"wrong method", "PATCH", LIST, NULL, 405, NULL, NULL},
    {"knob", "PATCH", "/_sandbox/config", "{\"list_lag_ms\":60000}", 200, NULL, NULL},
    {"update", "PUT", LIST "/~", "{\"contact\":{\"jobTitle\":\"X\"}}", 200,
     "contact.jobTitle", "X"},
    {"lagging list", "GET", LIST "?perPage=1000", NULL, 200, NULL, NULL},
    {"delete", "DELETE", LIST "/~", NULL, 403, "errorCode", "EXT-403"},
    {"order a fault", "POST", "/_sandbox/faults",
     "{\"match\":{\"path\":\"extension$\"},\"action\":\"truncate\",\"times\":1}", 200,
     "id", "f1"},
    {"damaged", "GET", LIST, NULL, 200, NULL, NULL},
    {"another fault", "POST", "/_sandbox/faults",
     "{\"match\":{\"path\":\"(\"},\"action\":\"close\"}", 400, NULL, NULL},
    {"cancel", "DELETE", "/_sandbox/faults", NULL, 200, NULL, NULL},
    {"bulk update", "POST", "/restapi/v1.0/account/~/extension-bulk-update",
     "{\"records\":[{\"id\":\"1\"}]}", 200, "status", "Accepted"},
    {"no records", "POST", "/restapi/v1.0/account/~/extension-bulk-update",
     "{\"records\":[]}", 400, "parameterName", "records"},
    {"an id twice", "POST", "/restapi/v1.0/account/~/extension-bulk-update",
     "{\"records\":[{\"id\":\"1\"},{\"id\":1}]}", 400, "errorCode", "CMN-406"},
    {"time", "POST", "/_sandbox/clock/advance", "{\"seconds\":1}", 200, NULL, NULL},
    {"tasks", "GET", "/_sandbox/tasks", NULL, 200, NULL, NULL},
    {"bad order", "POST", "/_sandbox/tasks", "{}", 400, NULL, NULL},
    {"credentials", "GET", "/_sandbox/credentials", NULL, 200, NULL, NULL},
    {"refused", "PATCH", "/_sandbox/credentials", "{\"refused\":403}", 200, NULL, NULL},
    {"read while refused", "GET", LIST "/~", NULL, 403, "errorCode", "CMN-408"},
    {"admitted", "PATCH", "/_sandbox/credentials", "{\"refused\":null}", 200, NULL,
     NULL},
    {"SCIM create", "POST", "/scim/v2/Users", SCIM_PERSON, 201, "userName",
     "s@b.example"},
    {"SCIM patch", "PATCH", "/scim/v2/Users/7", SCIM_PATCH, 404, "status", "404"},
    {"SCIM list", "GET", "/scim/v2/Users", NULL, 200, NULL, NULL},
    {"no subscription", "GET", "/restapi/v1.0/subscription/x", NULL, 404, "errorCode",
     "CMN-102"},
    {"nobody listens", "POST", "/restapi/v1.0/subscription",
     "{\"eventFilters\":[\"/restapi/v1.0/account/~/extension\"],\"deliveryMode\":"
     "{\"transportType\":\"WebHook\",\"address\":\"http://127.0.0.1:1/\"}}",
     400, "errorCode", "SUB-521"},
    {"events", "GET", "/_sandbox/events", NULL, 200, NULL, NULL},
    {"batch", "POST", "/restapi/v2/accounts/~/batch-provisioning/users",
     "{\"records\":[{}]}", 200, NULL, NULL},
    {"snapshot", "POST", "/_sandbox/snapshot", NULL, 200, "name", "default"},
    {"restore", "POST", "/_sandbox/restore", NULL, 200, NULL, NULL},
    {"bad restore", "POST", "/_sandbox/restore",
     "{\"document\":{\"accountId\":1,\"extensions\":[{\"id\":2}]}}", 400, NULL, NULL},
    {"directory", "GET", "/restapi/v1.0/account/~/directory/entries", NULL, 200, NULL,
     NULL},
    {"state", "GET", "/_sandbox/state", NULL, 200, NULL, NULL},
    {"calls", "GET", "/_sandbox/calls", NULL, 200, NULL, NULL},
    {"limits", "GET", "/_sandbox/ratelimit", NULL, 200, NULL, NULL},
    {"tokens", "GET", "/_sandbox/tokens", NULL, 200, NULL, NULL},
    {"reset", "POST", "/_sandbox/reset", "{\"knobs\":true}", 200, NULL, NULL},
    {"token after reset", "GET", LIST, NULL, 401, "errorCode", "TokenInvalid"},
};

static const sbox_answer_t *ask(sbox_t *box, apr_pool_t *p, const step_t *step,
                                const char *token)
{
    sbox_request_t *request = apr_pcalloc(p, sizeof(*request));
    char *path = apr_pstrdup(p, step->path), *query = strchr(path, '?');

    if (query) {
        *query++ = '\0';
    }
    request->pool = p;
    request->method = step->method;
    request->path = path;
    request->query = query ? query : "";
    request->base_uri = "http://sandbox.example";
    request->headers = apr_table_make(p, 4);
    request->body = step->body ? step->body : "";
    request->body_len = strlen(request->body);
    if (token) {
        apr_table_set(request->headers, "Authorization",
                      apr_pstrcat(p, "Bearer ", token, NULL));
    }
    else {
        apr_table_set(request->headers, "Authorization", "Basic aWQ6c2VjcmV0");
        apr_table_set(request->headers, "Content-Type", FORM);
    }
    return sbox_serve(box, request);
}

static const char *token_of(sbox_t *box, apr_pool_t *p)
{
    static const step_t grant = {"grant",
                                 "POST",
                                 "/restapi/oauth/token",
                                 "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%"
                                 "3Ajwt-bearer&assertion=" JWT,
                                 200,
                                 NULL,
                                 NULL};
    const sbox_answer_t *answer = ask(box, p, &grant, NULL);
    json_t *body = base_json_parse(p, answer->body, answer->body_len,
                                   SBOX_JSON_DEPTH_MAX, 0, NULL);

    ok(answer->status == 200, "a token");
    return base_json_string(body, "access_token");
}

static sbox_t *made(apr_pool_t *p, sbox_settings_t *settings)
{
    sbox_app_t *app;
    sbox_jwt_t *jwt;

    memset(settings, 0, sizeof(*settings));
    settings->users = 30;
    settings->unassigned = 5;
    settings->sites = settings->queues = settings->roles = 2;
    settings->seed = 3;
    settings->time_scale = 1;
    settings->limits = 1;
    settings->apps = apr_array_make(p, 1, sizeof(*app));
    settings->jwts = apr_array_make(p, 1, sizeof(*jwt));
    app = apr_array_push(settings->apps);
    app->client_id = "id";
    app->client_secret = "secret";
    app->permissions = NULL;
    jwt = apr_array_push(settings->jwts);
    jwt->token = JWT;
    jwt->owner = NULL;
    return sbox_create(p, settings);
}

static void test_steps(apr_pool_t *p)
{
    sbox_settings_t settings;
    sbox_t *box = made(p, &settings);
    const char *token = token_of(box, p);
    apr_size_t i;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const step_t *step = &steps[i];
        const sbox_answer_t *answer = ask(box, p, step, token);
        json_t *body = base_json_parse(p, answer->body, answer->body_len,
                                       SBOX_JSON_DEPTH_MAX, 0, NULL);

        ok(answer->status == step->status,
           apr_psprintf(p, "%s: %d", step->name, answer->status));
        if (step->where) {
            is_str(base_json_string(body, step->where), step->what, step->name);
        }
    }
}

static void test_forms(apr_pool_t *p)
{
    apr_table_t *form = sbox_form_parse(p, "a=1&b=x%20y+z&a=2&=no&c&d=%4&e=%zz");

    is_str(apr_table_get(form, "b"), "x y z", "decoded");
    is_str(apr_table_get(form, "c"), "", "no value");
    is_str(apr_table_get(form, "d"), "%4", "a broken escape is left");
    is_str(apr_table_get(form, "e"), "%zz", "another one");
    ok(apr_table_elts(form)->nelts == 6, "a repeated name is kept");
}

static void test_jwts(void)
{
    static const struct {
        const char *text;
        int right;
    } cases[] = {
        {"a.b.c", 1}, {"a-_.b9.c", 1}, {"a.b", 0},    {"a.b.c.d", 0}, {"", 0},
        {"..", 0},    {"a..c", 0},     {"a.b.c ", 0}, {"a.b=.c", 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(sbox_jwt_looks_right(cases[i].text) == cases[i].right, cases[i].text);
    }
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_steps(p);
    test_forms(p);
    test_jwts();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
