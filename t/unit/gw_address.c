/* Countries and regions in any spelling, and the caller's own back (gw_plan.c,
 * gw_item.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_fixture.h"
#include "tap.h"

#define COUNTRY "contact/businessAddress/country"
#define STATE "contact/businessAddress/state"

static apr_pool_t *p;

static const char *address(const char *country, const char *region)
{
    return apr_pstrcat(p, "[{'type':'work'", country ? ",'country':'" : "",
                       country ? country : "", country ? "'" : "",
                       region ? ",'region':'" : "", region ? region : "",
                       region ? "'" : "", "}]", NULL);
}

static answer_t *create(world_t *w, const char *country, const char *region)
{
    return world_create(w, apr_pstrcat(p, "{" ANN ",'addresses':",
                                       address(country, region), "}", NULL));
}

static const char *named(const char *country, const char *region, const char *what)
{
    return apr_pstrcat(p, country ? country : "-", "/", region ? region : "-", ": ",
                       what, NULL);
}

static void any_spelling(void)
{
    static const struct {
        const char *country, *region, *to_country, *to_state;
    } cases[] = {
        {"US", "CA", "United States", "CA"},
        {"us", "California", "United States", "CA"},
        {"United States", "us-ca", "United States", "CA"},
        {"USA", "GEORGIA", "United States", "GA"},
        {"CAN", "Ontario", "Canada", "ON"},
        {"UK", "London", "United Kingdom", "LND"},
        {"germany", "Bayern", "Germany", "Bayern"}, /* its states are not listed */
        {"DE", NULL, "Germany", NULL},
        {"GE", NULL, "Georgia", NULL},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *country = cases[i].country, *region = cases[i].region;
        world_t *w = world_make(p);
        answer_t *a;

        world_fill(w);
        a = create(w, country, region);
        is_int(a->status, 201, named(country, region, "created"));
        is_str(sent(w, "createExtension", COUNTRY), cases[i].to_country,
               named(country, region, "the country that RingCentral is told"));
        is_str(sent(w, "createExtension", STATE), cases[i].to_state,
               named(country, region, "the state"));
        is_str(at(w, a->user, "addresses/0/country"), country,
               named(country, region, "the caller's country back"));
        is_str(at(w, a->user, "addresses/0/region"), region,
               named(country, region, "the caller's region back"));
        world_refresh(w);
        a = world_get(w, a->id);
        is_str(at(w, a->user, "addresses/0/region"), region,
               named(country, region, "and after a refresh"));
    }
}

static void two_spellings(void)
{
    world_t *w = world_make(p);
    answer_t *a, *b;
    const char *id;

    world_fill(w);
    a = create(w, "US", "CA");
    id = a->id;
    world_pass(w, 5);
    fake_rc_forget(w->rc);
    b = world_set(w, id, "addresses", address("United States", "California"));
    is_int(b->status, 200, "another spelling of the same place");
    is_str(fake_rc_calls(w->rc), "", "is no call");
    is_str(at(w, b->user, "addresses/0/country"), "United States", "and is given back");
    is_str(at(w, world_get(w, id)->user, "addresses/0/region"), "California",
           "and kept");
    is_str(at(w, b->user, "meta/version"), at(w, a->user, "meta/version"),
           "under the same version");
    is_str(at(w, b->user, "meta/lastModified"), at(w, a->user, "meta/lastModified"),
           "and time");
    world_pass(w, 500);
    b = world_put(
        w, id,
        apr_pstrcat(p, "{" ANN ",'addresses':", address("us", "us-ca"), "}", NULL));
    is_str(at(w, b->user, "addresses/0/region"), "us-ca",
           "the same in an old copy, by PUT");
    is_str(fake_rc_calls(w->rc), "", "is no call either");
    b = world_set(w, id, "addresses", address("US", "TX"));
    is_str(sent(w, "updateExtension", STATE), "TX", "another place is one");
    is_str(sent(w, "updateExtension", COUNTRY), "United States",
           "which names the country too");
    ok(strcmp(at(w, b->user, "meta/version"), at(w, a->user, "meta/version")) != 0,
       "and makes another version");
}

static void rebuilt_copy(void)
{
    static const struct {
        gw_address_form_t form;
        const char *country, *region;
    } forms[] = {{GW_ADDRESS_ISO, "US", "CA"},
                 {GW_ADDRESS_NAME, "United States", "California"}};
    apr_size_t i;

    for (i = 0; i < 2; i++) {
        world_t *w = world_make(p);
        answer_t *a;
        const char *id;

        w->conf.address_form = forms[i].form;
        world_fill(w);
        id = create(w, "USA", "us-ca")->id;
        world_rebuild(w);
        a = world_get(w, id);
        is_str(at(w, a->user, "addresses/0/country"), forms[i].country,
               "a rebuilt copy spells the country as it is told");
        is_str(at(w, a->user, "addresses/0/region"), forms[i].region, "and the region");
        a = world_set(w, id, "addresses", address("USA", "us-ca"));
        is_str(at(w, a->user, "addresses/0/region"), "us-ca",
               "until the caller speaks");
        is_str(fake_rc_calls(w->rc), "", "which is no call");
        fake_rc_edit(w->rc, gw_id_parse(id),
                     "{'contact':{'businessAddress':{'state':'TX'}}}");
        world_refresh(w);
        a = world_get(w, id);
        is_str(at(w, a->user, "addresses/0/region"), i ? "Texas" : "TX",
               "a change in the portal is spelt as told");
        is_str(at(w, a->user, "addresses/0/country"), "USA",
               "what did not change as the caller did");
    }
}

/* Another child has not loaded a dictionary when it brings a user into the copy. */
static void fresh_process(void)
{
    world_t *w = world_make(p);
    answer_t *a;
    apr_uint64_t id;

    world_fill(w);
    id = fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    fake_rc_edit(w->rc, id,
                 "{'contact':{'businessAddress':{'country':'Germany','city':'Ulm'}}}");
    world_pass(w, 100);
    world_restart(w);
    a = world_find(w, "ann@example.com");
    is_str(at(w, a->user, "addresses/0/country"), "DE",
           "a process that is new spells countries right");
    is_str(fake_rc_calls(w->rc), "listExtensions", "by the dictionaries of the copy");
}

static void refused(void)
{
    static const struct {
        const char *country, *region, *says, *says_too;
    } cases[] = {
        {"US", "Atlantis", "addresses[type eq \"work\"].region: \"Atlantis\"",
         "it wants the ISO code or the English name"},
        {"Canada", "TX", "addresses[type eq \"work\"].region: \"TX\"", "province"},
        {"Atlantis", NULL, "addresses[type eq \"work\"].country: \"Atlantis\"",
         "ISO 3166-1"},
        {"US", NULL, "addresses[type eq \"work\"].region", "need one"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *country = cases[i].country, *region = cases[i].region;
        world_t *w = world_make(p);
        answer_t *a;

        world_fill(w);
        a = create(w, country, region);
        is_int(a->status, 400, named(country, region, "refused"));
        is_str(a->type, "invalidValue", named(country, region, "scimType"));
        ok(a->detail && strstr(a->detail, cases[i].says) &&
               strstr(a->detail, cases[i].says_too),
           named(country, region, a->detail));
        is_int(fake_rc_count(w->rc, "ann@example.com"), 0,
               named(country, region, "nobody was made"));
    }
}

static void sent_together(void)
{
    world_t *w = world_make(p);
    const char *id;

    world_fill(w);
    id = create(w, "Germany", "ON")->id;
    world_set(w, id, "addresses", address("Canada", "ON"));
    is_str(sent(w, "updateExtension", COUNTRY), "Canada", "a new country");
    is_str(sent(w, "updateExtension", STATE), "ON", "goes with the region that stays");
    world_set(w, id, "addresses", address("Canada", "QC"));
    is_str(sent(w, "updateExtension", STATE), "QC", "a new region");
    is_str(sent(w, "updateExtension", COUNTRY), "Canada",
           "goes with the country that stays");
    world_set(w, id, "addresses", address("Germany", NULL));
    is_str(sent(w, "updateExtension", STATE), "", "a region is cleared");
    ok(!there(w, id, STATE), "which RingCentral does");
}

static void company_default(void)
{
    world_t *w = world_make(p);
    answer_t *a;
    const char *id;

    world_fill(w);
    a = world_create(w, "{" ANN "}");
    id = a->id;
    is_str(there(w, id, COUNTRY), "United States", "RingCentral fills an address in");
    ok(!json_object_get(a->user, "addresses"), "which the caller is not shown");
    world_refresh(w);
    ok(!json_object_get(world_get(w, id)->user, "addresses"), "nor after a refresh");
    world_pass(w, 500);
    fake_rc_forget(w->rc);
    world_put(w, id, "{" ANN "}");
    is_str(fake_rc_calls(w->rc), "", "and the same user again is no change");
    a = world_set(w, id, "addresses", "[{'type':'work','locality':'Dallas'}]");
    is_str(at(w, a->user, "addresses/0/locality"), "Dallas", "a city of its own");
    ok(!at(w, a->user, "addresses/0/country"), "does not bring the rest to light");
    a = world_set(w, id, "addresses", address("US", "CA"));
    is_str(at(w, a->user, "addresses/0/country"), "US", "but the same place sent does");
    fake_rc_edit(w->rc, gw_id_parse(id),
                 "{'contact':{'businessAddress':{'zip':'75001'}}}");
    world_refresh(w);
    is_str(at(w, world_get(w, id)->user, "addresses/0/postalCode"), "75001",
           "and what the portal changes is shown");
}

/* A platform that shows states by name. */
static void state_names(void)
{
    world_t *w = world_make(p);
    answer_t *a;

    w->rc->state_names = 1;
    world_fill(w);
    a = create(w, "US", "CA");
    is_str(there(w, a->id, STATE), "California", "a platform that names states");
    is_str(at(w, a->user, "addresses/0/region"), "CA",
           "changes nothing for the caller");
    fake_rc_forget(w->rc);
    world_put(w, a->id,
              apr_pstrcat(p, "{" ANN ",'addresses':", address("US", "CA"), "}", NULL));
    is_str(fake_rc_calls(w->rc), "", "who may repeat it");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    any_spelling();
    two_spellings();
    rebuilt_copy();
    fresh_process();
    refused();
    sent_together();
    company_default();
    state_names();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
