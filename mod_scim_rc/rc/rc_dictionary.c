#include "base_json.h"
#include "rc_call.h"

#define V1 "/restapi/v1.0/dictionary/"

static const struct {
    rc_endpoint_t endpoint;
    const char *query; /* NULL: it comes whole, without pages */
} dictionaries[] = {
    [RC_DICT_COUNTRIES] = {{"listCountries", "GET", V1 "country", RC_LIGHT, 0, NULL},
                           "?perPage=1000"},
    [RC_DICT_STATES] = {{"listStates", "GET", V1 "state", RC_LIGHT, 0, NULL},
                        "?allCountries=true&perPage=1000"},
    [RC_DICT_LANGUAGES] = {{"listLanguages", "GET", V1 "language", RC_LIGHT, 0, NULL},
                           NULL},
    [RC_DICT_TIMEZONES] = {{"listTimezones", "GET", V1 "timezone", RC_LIGHT, 0, NULL},
                           "?perPage=1000"},
};

rc_error_t *rc_dictionary_read(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                               rc_dictionary_t which, json_t **records)
{
    rc_call_t call = {&dictionaries[which].endpoint, NULL, dictionaries[which].query,
                      NULL};
    json_t *all = json_array();

    *records = base_json_own(p, json_pack("{s:o}", "records", all));
    return call.query ? rc_call_pages(c, who, p, &call, all)
                      : rc_call(c, who, p, &call, records);
}
