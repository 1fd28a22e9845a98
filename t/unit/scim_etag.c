#include <apr_general.h>
#include <apr_strings.h>

#include "scim_etag.h"
#include "tap.h"

#define OURS "W/\"a1\""

static const struct {
    const char *list, *version;
    int listed;
} cases[] = {
    {NULL, OURS, 0},
    {"", OURS, 0},
    {" , ", OURS, 0},
    {OURS, OURS, 1},
    {"\"a1\"", OURS, 1},
    {"w/\"a1\"", OURS, 1},
    {"W/\"a1\"", "\"a1\"", 1},
    {"W/\"a2\"", OURS, 0},
    {"W/\"a\"", OURS, 0},
    {"W/\"a11\"", OURS, 0},
    {"\"A1\"", OURS, 0},
    {"\"x\", W/\"a1\"", OURS, 1},
    {"\"x\",W/\"a1\",\"y\"", OURS, 1},
    {"\"x\" , \"y\"", OURS, 0},
    {"\"x,a1\"", OURS, 0},
    {"\"x,\", \"a1\"", OURS, 1},
    {"*", OURS, 1},
    {" * ", OURS, 1},
    {"*", NULL, 1},
    {"\"x\", *", OURS, 1},
    {"\"*\"", OURS, 0},
    {"**", OURS, 0},
    {OURS, NULL, 0},
    {"\"\"", NULL, 0},
    /* not as the RFC has it */
    {"a1", OURS, 1},
    {"W/a1 ", OURS, 1},
    {"x, a1", OURS, 1},
    {"\"a1", OURS, 1},
    {"a1\"", OURS, 0},
    {"junk", OURS, 0},
    {"W/", OURS, 0},
};

int main(void)
{
    apr_pool_t *p;
    size_t i;

    apr_initialize();
    apr_pool_create(&p, NULL);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_int(scim_etag_listed(cases[i].list, cases[i].version), cases[i].listed,
               apr_psprintf(p, "%s in %s",
                            cases[i].version ? cases[i].version : "nothing",
                            cases[i].list ? cases[i].list : "no list"));
    }
    ok(!scim_etag_condition(NULL) && !scim_etag_condition("") &&
           !scim_etag_condition(" \t"),
       "a blank header is no condition");
    is_str(scim_etag_condition(" x"), " x", "another one is");
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
