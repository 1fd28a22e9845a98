/* Names of scopes and lists of them. */
#include "auth_scope.h"

#include <apr_general.h>

#include "tap.h"

static void test_names(void)
{
    static const struct {
        const char *name;
        unsigned want;
    } cases[] = {
        {"read", AUTH_SCOPE_READ},
        {"write", AUTH_SCOPE_WRITE},
        {"Write", AUTH_SCOPE_WRITE},
        {"", 0},
        {"reader", 0},
        {"rea", 0},
        {"read write", 0},
        {NULL, 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_int(auth_scope_parse(cases[i].name), cases[i].want,
               cases[i].name ? cases[i].name : "NULL");
    }
}

static void test_lists(apr_pool_t *p)
{
    static const struct {
        const char *list;
        unsigned want;
    } cases[] = {
        {"read", AUTH_SCOPE_READ},      {"write", AUTH_SCOPE_ALL},
        {"read,write", AUTH_SCOPE_ALL}, {" read , ,read ", AUTH_SCOPE_READ},
        {"write read", AUTH_SCOPE_ALL}, {"", AUTH_SCOPE_ALL},
        {" , ", AUTH_SCOPE_ALL},
    };
    unsigned scopes = 99;
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        scopes = 99;
        is_str(auth_scope_parse_list(p, cases[i].list, &scopes), NULL, cases[i].list);
        is_int(scopes, cases[i].want, "its bits");
    }
    is_str(auth_scope_parse_list(p, "read,wirte", &scopes),
           "there is no scope 'wirte'; the scopes are: read write", "a wrong name");
    is_str(auth_scope_text(p, AUTH_SCOPE_READ), "read", "as text");
    is_str(auth_scope_text(p, AUTH_SCOPE_ALL), "read write", "all as text");
    is_str(auth_scope_text(p, 0), "", "none as text");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_names();
    test_lists(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
