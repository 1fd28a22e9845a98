#include "sbox_scim.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_people.h"
#include "sbox_scim_user.h"

#define COUNT_DEFAULT 100

typedef struct wanted_t {
    sbox_call_t *call;
    const char *email;         /* of the filter; NULL: everybody */
    apr_int64_t start, count;  /* startIndex, from 1 */
    apr_int64_t total, listed; /* that matched, and are on the page */
    json_t *resources;
} wanted_t;

static int see(void *ctx, const sbox_extension_t *e)
{
    wanted_t *wanted = ctx;

    if (sbox_scim_is_user(e) &&
        (!wanted->email || base_str_same(wanted->email, e->text[SBOX_T_EMAIL])) &&
        ++wanted->total >= wanted->start && wanted->listed < wanted->count) {
        wanted->listed++;
        json_array_append_new(wanted->resources,
                              sbox_scim_view(wanted->call, e, SBOX_SCIM_SHORT));
    }
    return 1;
}

static const sbox_problem_t *bad_filter(sbox_call_t *call)
{
    return sbox_problem_scim(call->pool, 400, "invalidFilter",
                             "Only 'userName' and 'email' are supported in a filter.");
}

static const char *skip(const char *text)
{
    while (apr_isspace(*text)) {
        text++;
    }
    return text;
}

/* One word of the filter, behind which it goes on. */
static const char *word(apr_pool_t *p, const char **text)
{
    const char *from = skip(*text);

    *text = from + strcspn(from, " \t");
    return apr_pstrmemdup(p, from, (apr_size_t)(*text - from));
}

/* `userName eq "x"`, and the same of email and emails (rule 152). */
static const sbox_problem_t *read_filter(sbox_call_t *call, const char *filter,
                                         wanted_t *wanted)
{
    const char *attribute = word(call->pool, &filter), *op = word(call->pool, &filter);
    const json_t *value;
    json_error_t error;

    filter = skip(filter);
    value = base_json_own(call->pool, json_loads(filter, JSON_DECODE_ANY, &error));
    wanted->email = json_string_value(value);
    return wanted->email && base_str_same(op, "eq") &&
                   (base_str_same(attribute, "userName") ||
                    base_str_same(attribute, "email") ||
                    base_str_same(attribute, "emails") ||
                    base_str_same(attribute, "emails.value"))
               ? NULL
               : bad_filter(call);
}

static const sbox_problem_t *list(sbox_call_t *call, wanted_t *wanted,
                                  const char *filter)
{
    const sbox_knobs_t *knobs = call->box->knobs;
    int lag = sbox_knob_int(knobs, SBOX_K_SCIM_REST_LAG_MS);
    const sbox_extension_t *e;
    const sbox_problem_t *problem =
        filter && *filter ? read_filter(call, filter, wanted) : NULL;

    if (problem) {
        return problem;
    }
    wanted->start = wanted->start < 1 ? 1 : wanted->start;
    wanted->count = wanted->count < 0 ? 0 : wanted->count;
    if (wanted->count > sbox_knob_int(knobs, SBOX_K_SCIM_COUNT_MAX)) {
        wanted->count = sbox_knob_int(knobs, SBOX_K_SCIM_COUNT_MAX);
    }
    wanted->call = call;
    wanted->resources = json_array();
    if (wanted->email && !lag) {
        for (e = sbox_account_by_email(call->box->account, wanted->email); e;
             e = e->same_email) {
            see(wanted, e);
        }
    }
    else {
        sbox_people_each(call, lag, see, wanted);
    }
    sbox_scim_answer(call, 200,
                     json_pack("{s:[s], s:I, s:I, s:I, s:o}", "schemas", SBOX_SCIM_LIST,
                               "totalResults", (json_int_t)wanted->total, "startIndex",
                               (json_int_t)wanted->start, "itemsPerPage",
                               (json_int_t)wanted->listed, "Resources",
                               wanted->resources));
    return NULL;
}

static const sbox_problem_t *bad_number(sbox_call_t *call, const char *name)
{
    return sbox_problem_scim(
        call->pool, 400, "invalidValue",
        apr_psprintf(call->pool, "Parameter [%s] value is invalid.", name));
}

const sbox_problem_t *sbox_scim_list(sbox_call_t *call)
{
    wanted_t wanted = {0};
    const char *start = apr_table_get(call->query, "startIndex");
    const char *count = apr_table_get(call->query, "count");

    wanted.start = 1;
    wanted.count = COUNT_DEFAULT;
    if (start && !base_str_to_int(start, APR_INT32_MIN, APR_INT32_MAX, &wanted.start)) {
        return bad_number(call, "startIndex");
    }
    if (count && !base_str_to_int(count, APR_INT32_MIN, APR_INT32_MAX, &wanted.count)) {
        return bad_number(call, "count");
    }
    return list(call, &wanted, apr_table_get(call->query, "filter"));
}

const sbox_problem_t *sbox_scim_search(sbox_call_t *call)
{
    wanted_t wanted = {0};
    const json_t *body = call->body, *count = json_object_get(body, "count");
    const json_t *start = json_object_get(body, "startIndex");

    if (!json_is_object(body)) {
        return sbox_problem(call->pool, "CMN-103", NULL);
    }
    if (start && !json_is_integer(start)) {
        return bad_number(call, "startIndex");
    }
    if (count && !json_is_integer(count)) {
        return bad_number(call, "count");
    }
    wanted.start = base_json_int(body, "startIndex", 1);
    wanted.count = base_json_int(body, "count", COUNT_DEFAULT);
    return list(call, &wanted, base_json_string(body, "filter"));
}
