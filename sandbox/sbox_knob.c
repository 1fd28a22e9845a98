#include "sbox_knob.h"

#include <string.h>
#include <apr_strings.h>

typedef enum { NUMBER, CHOICE, TEXT, ERROR, LIST } kind_t;

typedef struct row_t {
    const char *name;
    kind_t kind;
    const char *initial; /* JSON */
    const char *choices; /* of a CHOICE, separated by '|' */
    double min, max;     /* of a NUMBER; "off" is 0 */
} row_t;

#define OFF_ON "off|on"
#define MS_MAX 3600000

/* In the order of sbox_knob_t. */
static const row_t rows[SBOX_KNOBS] = {
    {"time_scale", NUMBER, "1", NULL, 0.001, 100000},
    {"debug_headers", NUMBER, "0", NULL, 0, 1},
    {"record", NUMBER, "0", NULL, 0, 1},
    {"date_skew_s", NUMBER, "0", NULL, -1e9, 1e9},
    {"maintenance", CHOICE, "\"off\"", OFF_ON, 0, 0},

    {"bad_jwt_code", TEXT, "\"OAU-000\"", NULL, 0, 0},
    {"refresh_tokens", CHOICE, "\"on\"", OFF_ON, 0, 0},
    {"max_sessions", NUMBER, "5", NULL, 1, 1000},
    {"auth_key", CHOICE, "\"app\"", "app|user_app", 0, 0},
    {"expired_outer", CHOICE, "\"TokenExpired\"", "TokenExpired|TokenInvalid", 0, 0},
    {"api_401_www", CHOICE, "\"off\"", OFF_ON, 0, 0},
    {"token_ttl_s", NUMBER, "0", NULL, 0, 31536000},
    {"jwt_grant", CHOICE, "\"on\"", OFF_ON, 0, 0},
    {"missing_app_permissions", TEXT, "\"\"", NULL, 0, 0},
    {"missing_user_permissions", TEXT, "\"\"", NULL, 0, 0},

    {"cmn201_status", NUMBER, "503", NULL, 500, 503},
    {"dup_ext_number", ERROR,
     "{\"status\":400,\"code\":\"EXT-999\","
     "\"message\":\"Extension number is duplicate\","
     "\"parameterName\":\"extensionNumber\"}",
     NULL, 0, 0},
    {"ext_in_use", ERROR,
     "{\"status\":400,\"code\":\"EXT-998\",\"message\":\"Extension already in use\","
     "\"parameterName\":null}",
     NULL, 0, 0},
    {"dup_login_email", ERROR,
     "{\"status\":400,\"code\":\"EXT-997\","
     "\"message\":\"Contact email already in use\","
     "\"parameterName\":\"contact.email\"}",
     NULL, 0, 0},
    {"license_limit", ERROR,
     "{\"status\":403,\"code\":\"EXT-996\","
     "\"message\":\"License limit has been reached.\",\"parameterName\":null}",
     NULL, 0, 0},
    {"bad_transition", ERROR,
     "{\"status\":400,\"code\":\"CMN-101\","
     "\"message\":\"Parameter [status] value is invalid.\","
     "\"parameterName\":\"status\"}",
     NULL, 0, 0},
    {"unclearable", ERROR,
     "{\"status\":400,\"code\":\"CMN-101\",\"message\":null,\"parameterName\":null}",
     NULL, 0, 0},

    {"perpage_over", CHOICE, "\"clamp\"", "clamp|reject", 0, 0},
    {"order", CHOICE, "\"random_stable\"", "insertion|id|random_stable", 0, 0},
    {"email_case", CHOICE, "\"insensitive\"", "insensitive|sensitive", 0, 0},
    {"list_lag_ms", NUMBER, "0", NULL, 0, MS_MAX},
    {"filter_lag_ms", NUMBER, "0", NULL, 0, MS_MAX},
    {"multi_id_extension", CHOICE, "\"off\"", OFF_ON, 0, 0},
    {"multi_id_max", NUMBER, "30", NULL, 1, 1000},
    {"multi_id_cost", CHOICE, "\"n\"", "1|n", 0, 0},
    {"email_as_login_default", CHOICE, "\"true\"", "false|true", 0, 0},
    {"enable_needs_password", NUMBER, "1", NULL, 0, 1},
    {"enable_needs_pin", NUMBER, "0", NULL, 0, 1},
    {"unknown_body", CHOICE, "\"ignore\"", "ignore|reject", 0, 0},
    {"account_cap", NUMBER, "\"off\"", NULL, 0, 1e7},
    {"references_unique", NUMBER, "0", NULL, 0, 1},
    {"references_writable", NUMBER, "1", NULL, 0, 1},
    {"references_merge", CHOICE, "\"replace\"", "replace|merge", 0, 0},
    {"null_semantics", CHOICE, "\"ignore\"", "ignore|clear|reject", 0, 0},
    {"allow_frozen", NUMBER, "0", NULL, 0, 1},
    {"password_min", NUMBER, "8", NULL, 1, 64},
    {"state_out", CHOICE, "\"iso\"", "iso|name", 0, 0},
    {"site_feature", CHOICE, "\"on\"", OFF_ON, 0, 0},
    {"cmn304", NUMBER, "0", NULL, 0, 1},
    {"assigned_role_paging", CHOICE, "\"ignored\"", "ignored|honoured", 0, 0},

    {"bulk_start_ms", NUMBER, "500", NULL, 0, MS_MAX},
    {"bulk_item_ms", NUMBER, "20", NULL, 0, MS_MAX},
    {"bulk_parallel", NUMBER, "1", NULL, 1, 1000},
    {"task_ttl_s", NUMBER, "3600", NULL, 0, 1e6},
    {"affected_items", CHOICE, "\"array\"", "array|object", 0, 0},
    {"bulk_unassigned", CHOICE, "\"off\"", OFF_ON, 0, 0},
    {"licenses", NUMBER, "\"off\"", NULL, 0, 1e7},

    {"directory_lag_ms", NUMBER, "0", NULL, 0, MS_MAX},
    {"directory_hidden", CHOICE, "\"show\"", "omit|show", 0, 0},

    {"scim_rest_lag_ms", NUMBER, "0", NULL, 0, MS_MAX},
    {"scim_count_max", NUMBER, "1000", NULL, 1, 1e6},

    {"allow_http_hooks", NUMBER, "1", NULL, 0, 1},
    {"hook_tls_verify", NUMBER, "1", NULL, 0, 1},
    {"hook_ca_file", TEXT, "\"\"", NULL, 0, 0},
    {"hook_header", CHOICE, "\"Verification-Token\"",
     "Verification-Token|Validation-Token|both", 0, 0},
    {"event_shape", CHOICE, "\"list\"", "list|single", 0, 0},
    {"hook_delay_ms", NUMBER, "200", NULL, 0, MS_MAX},
    {"hook_dup", NUMBER, "0", NULL, 0, 1},
    {"hook_drop", NUMBER, "0", NULL, 0, 1},
    {"hook_reorder", NUMBER, "0", NULL, 0, 1},
    {"hook_retries", NUMBER, "0", NULL, 0, 100},
    {"hook_retry_ms", NUMBER, "1000", NULL, 0, MS_MAX},
    {"blacklist_recovers", NUMBER, "0", NULL, 0, 1},

    {"limits", CHOICE, "\"real\"", "real|off", 0, 0},
    {"limit_light", NUMBER, "50", NULL, 1, 1e6},
    {"limit_medium", NUMBER, "40", NULL, 1, 1e6},
    {"limit_heavy", NUMBER, "10", NULL, 1, 1e6},
    {"limit_auth", NUMBER, "5", NULL, 1, 1e6},
    {"window_s", NUMBER, "60", NULL, 1, 86400},
    {"penalty_s", NUMBER, "60", NULL, 0, 86400},
    {"limit_overrides", LIST, "[]", NULL, 0, 0},
    {"after_penalty", CHOICE, "\"empty\"", "empty|sliding", 0, 0},
    {"count_rejected", NUMBER, "0", NULL, 0, 1},
    {"omit_headers", NUMBER, "0", NULL, 0, 1},
    {"omit_retry_after", NUMBER, "0", NULL, 0, 1},
    {"account_limit", NUMBER, "\"off\"", NULL, 0, 1e6},
    {"ip_limit", NUMBER, "\"off\"", NULL, 0, 1e6},

    {"latency", CHOICE, "\"off\"", OFF_ON, 0, 0},
    {"latency_read_ms", LIST, "[80,400]", NULL, 0, 0},
    {"latency_write_ms", LIST, "[250,1500]", NULL, 0, 0},
    {"latency_list_ms", LIST, "[900,3000]", NULL, 0, 0},
    {"max_conns", NUMBER, "\"off\"", NULL, 0, 10000},
};

struct sbox_knobs_t {
    json_t *values[SBOX_KNOBS];
};

static json_t *initial(const row_t *row)
{
    return json_loads(row->initial, JSON_DECODE_ANY, NULL);
}

static apr_status_t release(void *data)
{
    sbox_knobs_t *knobs = data;
    int i;

    for (i = 0; i < SBOX_KNOBS; i++) {
        json_decref(knobs->values[i]);
    }
    return APR_SUCCESS;
}

sbox_knobs_t *sbox_knobs_create(apr_pool_t *p)
{
    sbox_knobs_t *knobs = apr_pcalloc(p, sizeof(*knobs));

    apr_pool_cleanup_register(p, knobs, release, apr_pool_cleanup_null);
    sbox_knobs_reset(knobs);
    return knobs;
}

void sbox_knobs_reset(sbox_knobs_t *knobs)
{
    int i;

    for (i = 0; i < SBOX_KNOBS; i++) {
        json_decref(knobs->values[i]);
        knobs->values[i] = initial(&rows[i]);
    }
}

double sbox_knob_number(const sbox_knobs_t *knobs, sbox_knob_t knob)
{
    return json_number_value(knobs->values[knob]);
}

int sbox_knob_int(const sbox_knobs_t *knobs, sbox_knob_t knob)
{
    return (int)sbox_knob_number(knobs, knob);
}

const char *sbox_knob_text(const sbox_knobs_t *knobs, sbox_knob_t knob)
{
    return json_string_value(knobs->values[knob]);
}

int sbox_knob_is(const sbox_knobs_t *knobs, sbox_knob_t knob, const char *value)
{
    const char *now = sbox_knob_text(knobs, knob);

    return now && !strcmp(now, value);
}

const json_t *sbox_knob_json(const sbox_knobs_t *knobs, sbox_knob_t knob)
{
    return knobs->values[knob];
}

json_t *sbox_knobs_json(const sbox_knobs_t *knobs)
{
    json_t *all = json_object();
    int i;

    for (i = 0; i < SBOX_KNOBS; i++) {
        json_object_set(all, rows[i].name, knobs->values[i]);
    }
    return all;
}

static int is_choice(const char *choices, const char *value)
{
    apr_size_t len = strlen(value);

    while (*choices) {
        apr_size_t n = strcspn(choices, "|");

        if (n == len && !memcmp(choices, value, len)) {
            return 1;
        }
        choices += n;
        choices += *choices == '|';
    }
    return 0;
}

static int fits(const row_t *row, const json_t *value)
{
    double number = json_number_value(value);
    const char *text = json_string_value(value);

    switch (row->kind) {
    case NUMBER:
        return json_is_number(value) ? number >= row->min && number <= row->max
                                     : text && row->min <= 0 && !strcmp(text, "off");
    case CHOICE:
        return text && is_choice(row->choices, text);
    case TEXT:
        return text != NULL;
    case ERROR:
        return json_is_object(value) &&
               json_is_integer(json_object_get(value, "status")) &&
               json_is_string(json_object_get(value, "code"));
    default:
        return json_is_array(value);
    }
}

static const char *wanted(apr_pool_t *p, const row_t *row)
{
    switch (row->kind) {
    case NUMBER:
        return apr_psprintf(p, "a number from %g to %g%s", row->min, row->max,
                            row->min <= 0 ? " (or \"off\")" : "");
    case CHOICE:
        return apr_pstrcat(p, "one of ", row->choices, NULL);
    case TEXT:
        return "a string";
    case ERROR:
        return "{\"status\":...,\"code\":...,\"message\":...,\"parameterName\":...}";
    default:
        return "an array";
    }
}

static int find(const char *name)
{
    int i = 0;

    while (i < SBOX_KNOBS && strcmp(rows[i].name, name)) {
        i++;
    }
    return i;
}

const char *sbox_knobs_patch(sbox_knobs_t *knobs, apr_pool_t *p, const json_t *patch)
{
    const char *name;
    json_t *value, *members = (json_t *)patch;

    if (!json_is_object(patch)) {
        return "an object of knobs is expected";
    }
    json_object_foreach(members, name, value)
    {
        int i = find(name);

        if (i == SBOX_KNOBS) {
            return apr_psprintf(p, "there is no knob \"%s\"", name);
        }
        if (!json_is_null(value) && !fits(&rows[i], value)) {
            return apr_psprintf(p, "knob \"%s\" takes %s", name, wanted(p, &rows[i]));
        }
    }
    json_object_foreach(members, name, value)
    {
        int i = find(name);

        json_decref(knobs->values[i]);
        knobs->values[i] = json_is_null(value) ? initial(&rows[i]) : json_incref(value);
    }
    return NULL;
}
