#include "sbox_event_filter.h"

#include <string.h>
#include <apr_strings.h>

#include "base_str.h"

#define ACCOUNT "/restapi/v1.0/account/"
#define REMINDER "/restapi/v1.0/subscription/~?"
#define SECONDS_MAX 315360000

/* Further events of RingCentral: taken, and never raised. */
static const char *const silent[] = {
    "/presence", "/message-store", "/message-store/instant", "/telephony/sessions",
    "/device",   "/favorite",      "/answering-rule",
};

static int is_silent(const char *rest)
{
    apr_size_t i, len = strcspn(rest, "?");

    for (i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        if (strlen(silent[i]) == len && !memcmp(silent[i], rest, len)) {
            return 1;
        }
    }
    return 0;
}

static int read_seconds(apr_table_t *query, const char *name, apr_interval_time_t *t)
{
    const char *text = apr_table_get(query, name);
    apr_int64_t n;

    if (!text || !base_str_to_int(text, 1, SECONDS_MAX, &n)) {
        return 0;
    }
    *t = apr_time_from_sec(n);
    return 1;
}

static int read_reminder(apr_pool_t *p, sbox_event_filter_t *filter, const char *text)
{
    apr_table_t *query = sbox_form_parse(p, text + sizeof(REMINDER) - 1);

    filter->kind = SBOX_FILTER_REMINDER;
    filter->text = apr_pstrdup(p, text);
    return read_seconds(query, "threshold", &filter->threshold) &&
           read_seconds(query, "interval", &filter->interval);
}

/* Behind ".../extension": nothing, or "/{id}", or "/{id}/presence". */
static int read_extension(sbox_call_t *call, apr_pool_t *p, sbox_event_filter_t *filter,
                          const char *rest)
{
    const char *id;
    apr_size_t len;

    if (!*rest) {
        filter->kind = SBOX_FILTER_EXTENSIONS;
        filter->text = apr_pstrcat(p, ACCOUNT, call->account_id, "/extension", NULL);
        return 1;
    }
    if (*rest++ != '/') {
        return 0;
    }
    len = strcspn(rest, "/");
    id = len == 1 && *rest == '~' ? call->user : apr_pstrmemdup(p, rest, len);
    rest += len;
    if (!base_str_to_int(id, 1, APR_INT64_MAX, &filter->extension)) {
        return 0;
    }
    filter->kind = *rest ? SBOX_FILTER_SILENT : SBOX_FILTER_EXTENSION;
    filter->text =
        apr_pstrcat(p, ACCOUNT, call->account_id, "/extension/", id, rest, NULL);
    return !*rest || is_silent(rest);
}

/* The problem's code; NULL: it is right. */
static const char *read_one(sbox_call_t *call, apr_pool_t *p,
                            sbox_event_filter_t *filter, const char *text)
{
    static const char directory[] = "/directory/entries", extension[] = "/extension";
    const char *account, *rest;

    if (!strncmp(text, REMINDER, sizeof(REMINDER) - 1)) {
        return read_reminder(p, filter, text) ? NULL : "SUB-508";
    }
    if (strncmp(text, ACCOUNT, sizeof(ACCOUNT) - 1)) {
        return "SUB-508";
    }
    account = text + sizeof(ACCOUNT) - 1;
    rest = account + strcspn(account, "/");
    account = apr_pstrmemdup(p, account, (apr_size_t)(rest - account));
    if (strcmp(account, "~") && strcmp(account, call->account_id)) {
        return "SUB-406";
    }
    if (!strcmp(rest, directory)) {
        filter->kind = SBOX_FILTER_DIRECTORY;
        filter->text = apr_pstrcat(p, ACCOUNT, call->account_id, directory, NULL);
        return NULL;
    }
    return !strncmp(rest, extension, sizeof(extension) - 1) &&
                   read_extension(call, p, filter, rest + sizeof(extension) - 1)
               ? NULL
               : "SUB-508";
}

apr_array_header_t *sbox_event_filters(sbox_call_t *call, apr_pool_t *p,
                                       const json_t *list,
                                       const sbox_problem_t **problem)
{
    apr_array_header_t *filters = apr_array_make(p, 4, sizeof(sbox_event_filter_t));
    int reminders = 0;
    json_t *one;
    size_t i;

    *problem = NULL;
    if (!json_array_size(list)) {
        *problem = sbox_problem_invalid(call->pool, "eventFilters");
        return NULL;
    }
    json_array_foreach(list, i, one)
    {
        sbox_event_filter_t *filter = apr_array_push(filters);
        const char *text = json_string_value(one), *code;

        memset(filter, 0, sizeof(*filter));
        code = text ? read_one(call, p, filter, text) : "SUB-508";
        if (code) {
            int named = text && !strcmp(code, "SUB-508");

            *problem = sbox_problem(call->pool, code,
                                    named ? apr_pstrdup(call->pool, text) : NULL);
            return NULL;
        }
        reminders += filter->kind == SBOX_FILTER_REMINDER;
    }
    if (reminders == filters->nelts) {
        *problem = sbox_problem(call->pool, "SUB-515", NULL);
        return NULL;
    }
    return filters;
}
