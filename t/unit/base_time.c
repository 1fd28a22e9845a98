/* Times as text, both ways. */
#include "base_time.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

#define NEVER APR_INT64_MIN

static void test_parse(apr_pool_t *p)
{
    static const struct {
        const char *in, *want; /* as base_time_format() has it; NULL: no such time */
    } cases[] = {
        {"2026-11-21T08:15:30.125Z", "2026-11-21T08:15:30.125Z"},
        {"2026-11-21T08:15:30Z", "2026-11-21T08:15:30.000Z"},
        {"2026-11-21t08:15:30z", "2026-11-21T08:15:30.000Z"},
        {"2026-11-21T08:15:30", "2026-11-21T08:15:30.000Z"},
        {"2026-11-21T08:15:30.1", "2026-11-21T08:15:30.100Z"},
        {"2026-11-21T08:15:30.1239999999999Z", "2026-11-21T08:15:30.123Z"},
        {"2026-11-21T08:15:30+02:00", "2026-11-21T06:15:30.000Z"},
        {"2026-11-21T08:15:30-08:00", "2026-11-21T16:15:30.000Z"},
        {"2026-11-21T08:15:30.5+05:30", "2026-11-21T02:45:30.500Z"},
        {"2026-11-21", "2026-11-21T00:00:00.000Z"},
        {"2024-02-29", "2024-02-29T00:00:00.000Z"},
        {"2000-02-29", "2000-02-29T00:00:00.000Z"},
        {"2026-12-31T24:00:00Z", "2027-01-01T00:00:00.000Z"},
        {"1970-01-01", "1970-01-01T00:00:00.000Z"},
        {"1969-12-31T23:59:59.750Z", "1969-12-31T23:59:59.750Z"},
        {"1900-03-01", "1900-03-01T00:00:00.000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
        {NULL, NULL},
        {"", NULL},
        {"2026", NULL},
        {"2026-11", NULL},
        {"2026-11-21T", NULL},
        {"2026-11-21T08:15", NULL},
        {"2026-11-21T08:15Z", NULL},
        {"2026-11-21 08:15:30Z", NULL},
        {"2026-11-21T08:15:30ZZ", NULL},
        {"2026-11-21T08:15:30.Z", NULL},
        {"2026-11-21T08:15:30+0200", NULL},
        {"2026-11-21T08:15:30+02", NULL},
        {"2026-11-21T08:15:30+15:00", NULL},
        {"2026-11-21T08:15:30+02:60", NULL},
        {"2026-11-21T8:15:30Z", NULL},
        {"2026-11-21T24:00:01Z", NULL},
        {"2026-11-21T24:30:00Z", NULL},
        {"2026-11-21T24:00:00.5Z", NULL},
        {"2026-11-21T25:00:00Z", NULL},
        {"2026-11-21T08:60:30Z", NULL},
        {"2026-11-21T08:15:61Z", NULL},
        {"2026-13-01", NULL},
        {"2026-00-01", NULL},
        {"2026-04-31", NULL},
        {"2026-02-29", NULL},
        {"1900-02-29", NULL},
        {"2026-01-00", NULL},
        {" 2026-11-21", NULL},
        {"2026-11-21 ", NULL},
        {"-2026-11-21", NULL},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        apr_time_t t = NEVER;
        int good = base_time_parse(cases[i].in, &t);

        is_str(good ? base_time_format(p, t) : NULL, cases[i].want,
               cases[i].in ? cases[i].in : "NULL");
    }
}

static void test_format(apr_pool_t *p)
{
    static const struct {
        apr_time_t t;
        const char *want;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {999, "1970-01-01T00:00:00.000Z"},
        {1000, "1970-01-01T00:00:00.001Z"},
        {APR_INT64_C(1795248930125999), "2026-11-21T08:15:30.125Z"},
        {-1000, "1969-12-31T23:59:59.999Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = base_time_format(p, cases[i].t);

        is_str(text, cases[i].want, cases[i].want);
        is_int(strlen(text), BASE_TIME_LEN, "its length");
    }
}

/* A day after the other over some centuries. */
static void test_days(apr_pool_t *p)
{
    apr_pool_t *sub;
    apr_time_t day, t;
    int wrong = 0;

    apr_pool_create(&sub, p);
    for (day = -60000; day < 100000; day += 7) {
        t = 0;
        wrong += !base_time_parse(base_time_format(sub, apr_time_from_sec(day * 86400)),
                                  &t) ||
                 t != apr_time_from_sec(day * 86400);
        apr_pool_clear(sub);
    }
    is_int(wrong, 0, "what is written is read back, from 1805 to 2243");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_parse(p);
    test_format(p);
    test_days(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
