/* The URLs of a Redis, and what is said of those that are none. */
#include "fleet_address.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

/* "host port path user password db", with '-' for what is not there. */
static const char *describe(apr_pool_t *p, const fleet_address_t *address)
{
    return apr_psprintf(p, "%s %d %s %s %s %d", address->host ? address->host : "-",
                        address->port, address->path ? address->path : "-",
                        address->user ? address->user : "-",
                        address->password ? address->password : "-", address->db);
}

static void test_right(apr_pool_t *p)
{
    static const struct {
        const char *url, *means, *name;
    } cases[] = {
        {"redis://localhost", "localhost 6379 - - - 0", "redis://localhost:6379"},
        {"REDIS://Redis-1.example.com:1/", "Redis-1.example.com 1 - - - 0",
         "redis://Redis-1.example.com:1"},
        {"redis://10.0.0.1:65535/15", "10.0.0.1 65535 - - - 15",
         "redis://10.0.0.1:65535/15"},
        {"redis://[::1]", "::1 6379 - - - 0", "redis://[::1]:6379"},
        {"redis://[fe80::1:2]:7000/1", "fe80::1:2 7000 - - - 1",
         "redis://[fe80::1:2]:7000/1"},
        {"redis://:secret@h", "h 6379 - - secret 0", "redis://h:6379"},
        {"redis://ada:s%40c%2Fr%25t@h/3", "h 6379 - ada s@c/r%t 3", "redis://h:6379/3"},
        {"redis://:a:b@c@h", "h 6379 - - a:b@c 0", "redis://h:6379"},
        {"redis+unix:///run/redis.sock", "- 0 /run/redis.sock - - 0",
         "redis+unix:///run/redis.sock"},
        {"redis+unix:///a%20b?db=7", "- 0 /a b - - 7", "redis+unix:///a b?db=7"},
        {"redis+unix://u:p@/run/s", "- 0 /run/s u p 0", "redis+unix:///run/s"},
    };
    unsigned i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        fleet_address_t address;
        const char *wrong = fleet_address_parse(p, cases[i].url, &address);

        is_str(wrong, NULL, cases[i].url);
        if (!wrong) {
            is_str(describe(p, &address), cases[i].means, "it means");
            is_str(address.name, cases[i].name, "without login");
        }
    }
}

static void test_wrong(apr_pool_t *p)
{
    static const struct {
        const char *url, *right;
    } cases[] = {
        {"", "redis://[["},
        {"localhost", "redis://[["},
        {"http://localhost", "redis://[["},
        {"redis:", "redis://[["},
        {"redis://", "redis://[["},
        {"redis:///1", "redis://[["},
        {"redis://h:0", "redis://[["},
        {"redis://h:65536", "redis://[["},
        {"redis://h:", "redis://[["},
        {"redis://h:1x", "redis://[["},
        {"redis://h/x", "redis://[["},
        {"redis://h/-1", "redis://[["},
        {"redis://h/1/2", "redis://[["},
        {"redis://h/1000000", "redis://[["},
        {"redis://h?db=1", "redis://[["},
        {"redis://h?", "redis://[["},
        {"redis://h#1", "redis://[["},
        {"redis://h h", "redis://[["},
        {"redis://[::1", "redis://[["},
        {"redis://[]", "redis://[["},
        {"redis://[::1]x", "redis://[["},
        {"redis://[host]", "redis://[["},
        {"redis://secret@h", "with a ':' before the password"},
        {"redis://:@h", "with a password before the '@'"},
        {"redis://:%4@h", "with a password before the '@'"},
        {"redis://:%zz@h", "with a password before the '@'"},
        {"redis://:a%00b@h", "with a password before the '@'"},
        {"rediss://h", "redis://...: TLS is not spoken here"},
        {"redis+unix://host/run/s", "redis://[["},
        {"redis+unix://run/s", "redis://[["},
        {"redis+unix:///", "redis://[["},
        {"redis+unix:///s?db=x", "redis://[["},
        {"redis+unix:///s?x=1", "redis://[["},
        {"redis+unix:///%", "redis+unix:// and the path of a socket"},
    };
    const char *longest = apr_psprintf(p, "redis+unix:///%0200d", 1);
    fleet_address_t address;
    unsigned i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *right = fleet_address_parse(p, cases[i].url, &address);

        ok(right && !strncmp(right, cases[i].right, strlen(cases[i].right)),
           apr_pstrcat(p, "refused: ", cases[i].url, NULL));
        ok(right && !strstr(right, "secret"), "without a word of it");
    }
    ok(fleet_address_parse(p, longest, &address) != NULL, "a path that is too long");
    ok(fleet_address_parse(p, apr_psprintf(p, "redis://%0300d", 1), &address) != NULL,
       "a host that is too long");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_right(p);
    test_wrong(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
