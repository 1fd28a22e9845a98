#include "sbox_dictionary.h"

#include <string.h>
#include <apr_strings.h>

#include "base_str.h"
#include "sbox_page.h"
#include "sbox_province.h"

void sbox_etag(sbox_call_t *call)
{
    sbox_answer_t *answer = call->answer;
    const char *known = apr_table_get(call->request->headers, "If-None-Match");
    const char *etag =
        apr_psprintf(call->pool, "\"%.32s\"",
                     base_sha256_hex(call->pool, answer->body, answer->body_len));

    apr_table_setn(answer->headers, "ETag", etag);
    if (known && (strstr(known, etag) || !strcmp(known, "*"))) {
        answer->status = 304;
        answer->content_type = NULL;
        answer->body_len = 0;
    }
}

static int is_german(const sbox_call_t *call)
{
    return !strcmp(call->language, "de");
}

json_t *sbox_dictionary_country(sbox_call_t *call, const sbox_country_t *c)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:s}", "id", json_sprintf("%d", c->id),
                     "uri", sbox_uri(call, "dictionary/country/%d", c->id), "name",
                     is_german(call) ? c->name_de : c->name, "isoCode", c->iso,
                     "callingCode", c->calling_code);
}

static json_t *country_entry(sbox_call_t *call, const sbox_country_t *c)
{
    json_t *entry = sbox_dictionary_country(call, c);

    json_object_set_new(entry, "emergencyCalling", json_boolean(c->numbers_sold));
    json_object_set_new(entry, "numberSelling", json_boolean(c->numbers_sold));
    json_object_set_new(entry, "loginAllowed", json_true());
    json_object_set_new(entry, "signupAllowed", json_boolean(c->numbers_sold));
    json_object_set_new(entry, "freeSoftphoneLine", json_boolean(c->numbers_sold));
    json_object_set_new(entry, "localDialing", json_false());
    return entry;
}

/* Does "true" or "false" in the query, if it is there, agree with `value`? */
static int agrees(const sbox_call_t *call, const char *name, int value)
{
    const char *wanted = apr_table_get(call->query, name);

    return !wanted || !strcmp(wanted, value ? "true" : "false");
}

const sbox_problem_t *sbox_country_list(sbox_call_t *call)
{
    json_t *records;
    sbox_page_t page;
    const sbox_problem_t *problem = sbox_page_read(call, &page);
    int i, n;
    const sbox_country_t *all = sbox_country_all(&n);

    if (problem) {
        return problem;
    }
    records = json_array();
    for (i = 0; i < n; i++) {
        if (agrees(call, "numberSelling", all[i].numbers_sold) &&
            agrees(call, "signupAllowed", all[i].numbers_sold) &&
            agrees(call, "loginAllowed", 1) && sbox_page_take(&page)) {
            json_array_append_new(records, country_entry(call, &all[i]));
        }
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    sbox_etag(call);
    return NULL;
}

const sbox_problem_t *sbox_country_read(sbox_call_t *call)
{
    const sbox_country_t *country = sbox_country_by_id((int)apr_atoi64(call->id));

    if (!country) {
        return sbox_problem(call->pool, "CMN-102", "countryId");
    }
    sbox_answer_json(call->pool, call->answer, 200, country_entry(call, country));
    sbox_etag(call);
    return NULL;
}

static json_t *province_entry(sbox_call_t *call, const sbox_province_t *s)
{
    const sbox_country_t *country = sbox_country_find(s->country);

    return json_pack(
        "{s:o, s:s, s:{s:o, s:s}, s:s, s:s}", "id", json_sprintf("%d", s->id), "uri",
        sbox_uri(call, "dictionary/state/%d", s->id), "country", "id",
        json_sprintf("%d", country->id), "uri",
        sbox_uri(call, "dictionary/country/%d", country->id), "isoCode", s->iso, "name",
        is_german(call) && s->name_de ? s->name_de : s->name);
}

const sbox_problem_t *sbox_province_list(sbox_call_t *call)
{
    const char *country_id = apr_table_get(call->query, "countryId");
    const char *everywhere = apr_table_get(call->query, "allCountries");
    const sbox_country_t *country = NULL;
    json_t *records;
    sbox_page_t page;
    const sbox_problem_t *problem = sbox_page_read(call, &page);
    int i, n;
    const sbox_province_t *all = sbox_province_all(&n);

    if (problem) {
        return problem;
    }
    if (country_id) {
        country = sbox_country_by_id((int)apr_atoi64(country_id));
    }
    if (!country && (country_id || !everywhere || strcmp(everywhere, "true"))) {
        return sbox_problem_invalid(call->pool, "countryId");
    }
    records = json_array();
    for (i = 0; i < n; i++) {
        if ((!country || !strcmp(country->iso, all[i].country)) &&
            sbox_page_take(&page)) {
            json_array_append_new(records, province_entry(call, &all[i]));
        }
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    sbox_etag(call);
    return NULL;
}

const sbox_problem_t *sbox_province_read(sbox_call_t *call)
{
    apr_int64_t id = apr_atoi64(call->id);
    int i, n;
    const sbox_province_t *all = sbox_province_all(&n);

    for (i = 0; i < n && all[i].id != id; i++) {
    }
    if (i == n) {
        return sbox_problem(call->pool, "CMN-102", "stateId");
    }
    sbox_answer_json(call->pool, call->answer, 200, province_entry(call, &all[i]));
    sbox_etag(call);
    return NULL;
}

const sbox_problem_t *sbox_language_list(sbox_call_t *call)
{
    json_t *records = json_array();
    sbox_page_t page;
    int i, n;
    const sbox_language_t *all = sbox_language_all(&n);

    sbox_page_all(&page);
    for (i = 0; i < n && sbox_page_take(&page); i++) {
        json_array_append_new(
            records,
            json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:b}", "id", all[i].id,
                      "uri", sbox_uri(call, "dictionary/language/%s", all[i].id),
                      "name", all[i].name, "localeCode", all[i].locale, "isoCode",
                      json_stringn(all[i].locale, 2), "ui", all[i].ui, "greeting",
                      all[i].greeting, "formattingLocale", all[i].formatting));
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    sbox_etag(call);
    return NULL;
}

json_t *sbox_dictionary_timezone(sbox_call_t *call, const sbox_timezone_t *zone)
{
    return zone ? json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", zone->id, "uri",
                            sbox_uri(call, "dictionary/timezone/%s", zone->id), "name",
                            zone->name, "description", zone->description, "bias",
                            json_sprintf("%d", zone->bias))
                : NULL;
}

const sbox_problem_t *sbox_timezone_list(sbox_call_t *call)
{
    json_t *records;
    sbox_page_t page;
    const sbox_problem_t *problem = sbox_page_read(call, &page);
    int i, n;
    const sbox_timezone_t *all = sbox_timezone_all(&n);

    if (problem) {
        return problem;
    }
    records = json_array();
    for (i = 0; i < n; i++) {
        if (sbox_page_take(&page)) {
            json_array_append_new(records, sbox_dictionary_timezone(call, &all[i]));
        }
    }
    sbox_page_answer(call, &page, records, SBOX_PAGE_V1);
    sbox_etag(call);
    return NULL;
}
