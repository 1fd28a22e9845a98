/* The platform's dictionaries and the spellings that lead to them (gw_dictionary.c,
 * gw_iso3166.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_str.h"
#include "gw_fixture.h"
#include "gw_iso3166.h"
#include "tap.h"

static apr_pool_t *p;

static rc_error_t *need(world_t *w, rc_dictionary_t which)
{
    gw_session_t session = world_session(w);
    rc_caller_t who = gw_session_caller(&session);

    return gw_dictionary_need(w->account->style.dictionaries, p, which,
                              w->account->store, w->account->client, &who);
}

static void other_countries(void)
{
    static const struct {
        const char *spelling, *code;
    } cases[] = {
        {"usa", "US"}, {"deu", "DE"}, {"gbr", "GB"},     {"zwe", "ZW"},
        {"and", "AD"}, {"uk", "GB"},  {"holland", "NL"}, {"south korea", "KR"},
        {"xxx", NULL}, {"us", NULL},  {"", NULL},        {"atlantis", NULL},
        {"dad", NULL}, /* across two entries */
    };
    char code[3];
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        int found = gw_iso3166_code(cases[i].spelling, code);

        is_str(found ? code : NULL, cases[i].code,
               apr_pstrcat(p, "the country \"", cases[i].spelling, "\"", NULL));
    }
}

/* Which term each spelling leads to. */
static const struct {
    rc_dictionary_t which;
    const char *country, *spelling, *code;
} spellings[] = {
    {RC_DICT_COUNTRIES, NULL, "US", "US"},
    {RC_DICT_COUNTRIES, NULL, "us", "US"},
    {RC_DICT_COUNTRIES, NULL, "united STATES", "US"},
    {RC_DICT_COUNTRIES, NULL, "USA", "US"},
    {RC_DICT_COUNTRIES, NULL, "UK", "GB"},
    {RC_DICT_COUNTRIES, NULL, "GBR", "GB"},
    {RC_DICT_COUNTRIES, NULL, "FR", NULL},
    {RC_DICT_COUNTRIES, NULL, "", NULL},
    {RC_DICT_STATES, "1", "CA", "CA"},
    {RC_DICT_STATES, "1", "california", "CA"},
    {RC_DICT_STATES, "1", "US-CA", "CA"},
    {RC_DICT_STATES, "1", "Ontario", NULL},
    {RC_DICT_STATES, "39", "on", "ON"},
    {RC_DICT_STATES, NULL, "Ontario", "ON"},
    {RC_DICT_STATES, NULL, "Georgia", "GA"},
    {RC_DICT_STATES, "1", "", NULL},
    {RC_DICT_STATES, NULL, "", NULL},
    {RC_DICT_STATES, "1", "US-", NULL},
    {RC_DICT_LANGUAGES, NULL, "en-US", "en-US"},
    {RC_DICT_LANGUAGES, NULL, "EN_us", "en-US"},
    {RC_DICT_LANGUAGES, NULL, "en", "en-GB"}, /* the first in order */
    {RC_DICT_LANGUAGES, NULL, "de", "de-DE"},
    {RC_DICT_LANGUAGES, NULL, "German", "de-DE"},
    {RC_DICT_LANGUAGES, NULL, "xx", NULL},
    {RC_DICT_LANGUAGES, NULL, "en-AU", NULL},
    {RC_DICT_TIMEZONES, NULL, "us/pacific", "US/Pacific"},
    {RC_DICT_TIMEZONES, NULL, "America/Los_Angeles", "US/Pacific"},
    {RC_DICT_TIMEZONES, NULL, "Amsterdam, Berlin, Rome", "Europe/Berlin"},
    {RC_DICT_TIMEZONES, NULL, "Mars/Olympus", NULL},
};

static const gw_term_t *look_up(gw_dictionaries_t *d, int i)
{
    switch (spellings[i].which) {
    case RC_DICT_COUNTRIES:
        return gw_country(d, p, spellings[i].spelling);
    case RC_DICT_STATES:
        return gw_state(d, p, spellings[i].country, spellings[i].spelling);
    case RC_DICT_LANGUAGES:
        return gw_language(d, p, spellings[i].spelling);
    default:
        return gw_timezone(d, p, spellings[i].spelling);
    }
}

static void terms(void)
{
    world_t *w = world_make(p);
    gw_dictionaries_t *d;
    int i, n = (int)(sizeof spellings / sizeof *spellings);

    world_open(w);
    d = w->account->style.dictionaries;
    ok(!gw_country(d, p, "US") && !gw_language(d, p, "en"),
       "nothing is known at first");
    for (i = RC_DICT_COUNTRIES; i <= RC_DICT_TIMEZONES; i++) {
        ok(!need(w, (rc_dictionary_t)i), "a dictionary is made available");
    }
    for (i = 0; i < n; i++) {
        const gw_term_t *term = look_up(d, i);

        is_str(term ? term->code : NULL, spellings[i].code,
               apr_psprintf(p, "\"%s\" in the dictionary %d", spellings[i].spelling,
                            spellings[i].which));
    }
    ok(gw_country_has_states(d, "1"), "the United States have states");
    ok(!gw_country_has_states(d, "75"), "Germany's are not listed");
    ok(!gw_country_has_states(d, ""), "nor those of nowhere");
}

static void kept(void)
{
    world_t *w = world_make(p);
    static const fake_rc_fault_t down = {"listCountries", 0, FAKE_UNREACHED, 0, NULL};
    rc_error_t *e;

    world_open(w);
    fake_rc_fail(w->rc, &down);
    e = need(w, RC_DICT_COUNTRIES);
    is_int(e ? (int)e->kind : -1, RC_UNREACHED, "a dictionary that cannot be had");
    ok(!need(w, RC_DICT_COUNTRIES) && !need(w, RC_DICT_COUNTRIES), "... a while later");
    is_str(fake_rc_calls(w->rc), "listCountries listCountries", "is got once");
    world_restart(w);
    ok(!need(w, RC_DICT_COUNTRIES), "another process has it too");
    is_str(fake_rc_calls(w->rc), "listCountries listCountries", "from the copy");
    ok(gw_country(w->account->style.dictionaries, p, "us") != NULL, "with its terms");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    other_countries();
    terms();
    kept();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
