#include "msr_config_parse.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <apr_uri.h>

#include "base_str.h"

#define TEXT_MAX 2000

typedef struct unit_t {
    const char *name; /* NULL ends a table */
    apr_int64_t factor;
} unit_t;

/* The unit that stands alone comes first: it is the one of a bare number. */
static const unit_t size_units[] = {
    {"", 1}, {"K", 1024}, {"M", 1024 * 1024}, {NULL, 0}};

static const unit_t time_units[] = {
    {"", APR_USEC_PER_SEC},         {"ms", 1000},
    {"s", APR_USEC_PER_SEC},        {"min", 60 * APR_USEC_PER_SEC},
    {"h", 3600 * APR_USEC_PER_SEC}, {NULL, 0}};

/* A number and a unit, from slot->min to slot->max. */
static int parse_quantity(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                          const unit_t *unit, apr_int64_t *value)
{
    apr_size_t digits = strspn(arg, "0123456789");
    apr_int64_t n;

    while (unit->name && !base_str_same(unit->name, arg + digits)) {
        unit++;
    }
    if (!unit->name || !base_str_to_int(apr_pstrmemdup(p, arg, digits), 0,
                                        slot->max / unit->factor, &n)) {
        return 0;
    }
    *value = n * unit->factor;
    return *value >= slot->min;
}

/* With the largest unit that leaves a whole number; the smallest always does. */
static const char *quantity_text(apr_pool_t *p, apr_int64_t value, const unit_t *unit)
{
    const unit_t *best = NULL;

    if (value == 0) {
        return "0";
    }
    for (; unit->name; unit++) {
        if (value % unit->factor == 0 && (!best || unit->factor >= best->factor)) {
            best = unit;
        }
    }
    return apr_psprintf(p, "%" APR_INT64_T_FMT "%s", value / best->factor, best->name);
}

const char *msr_parse_choice(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                             void *out)
{
    const msr_choice_t *choice;
    const char *names = NULL;

    for (choice = slot->choices; choice->name; choice++) {
        if (base_str_same(choice->name, arg)) {
            *(int *)out = choice->value;
            return NULL;
        }
        names = names ? apr_pstrcat(p, names, ", ", choice->name, NULL) : choice->name;
    }
    return apr_pstrcat(p, "one of ", names, NULL);
}

const char *msr_parse_number(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                             void *out)
{
    apr_int64_t n;

    if (base_str_to_int(arg, slot->min, slot->max, &n)) {
        *(int *)out = (int)n;
        return NULL;
    }
    return apr_psprintf(p,
                        "a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
                        slot->min, slot->max);
}

const char *msr_parse_size(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                           void *out)
{
    apr_int64_t n;

    if (parse_quantity(p, slot, arg, size_units, &n)) {
        *(apr_size_t *)out = (apr_size_t)n;
        return NULL;
    }
    return apr_psprintf(p, "a number of bytes (or with K or M behind it) from %s to %s",
                        quantity_text(p, slot->min, size_units),
                        quantity_text(p, slot->max, size_units));
}

const char *msr_parse_duration(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                               void *out)
{
    apr_int64_t n;

    if (parse_quantity(p, slot, arg, time_units, &n)) {
        *(apr_interval_time_t *)out = n;
        return NULL;
    }
    return apr_psprintf(
        p, "a number with ms, s, min or h behind it (none: seconds), from %s to %s",
        quantity_text(p, slot->min, time_units),
        quantity_text(p, slot->max, time_units));
}

/* 1 and the parts of a web address without a user's name. */
static int parse_web(apr_pool_t *p, const char *arg, apr_uri_t *uri)
{
    return strlen(arg) <= TEXT_MAX && !strpbrk(arg, " \t") &&
           apr_uri_parse(p, arg, uri) == APR_SUCCESS && uri->scheme && uri->hostname &&
           *uri->hostname && !uri->user &&
           (base_str_same(uri->scheme, "https") || base_str_same(uri->scheme, "http"));
}

static int is_loopback(const char *host)
{
    return base_str_same(host, "localhost") || !strcmp(host, "::1") ||
           (!strncmp(host, "127.", 4) && !host[strspn(host, "0123456789.")]);
}

static const char *without_slash(apr_pool_t *p, const char *arg)
{
    apr_size_t len = strlen(arg);

    while (len && arg[len - 1] == '/') {
        len--;
    }
    return apr_pstrmemdup(p, arg, len);
}

const char *msr_parse_link(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                           void *out)
{
    apr_uri_t uri;

    if (!parse_web(p, arg, &uri)) {
        return "a URL such as https://intranet.example.com/scim";
    }
    *(const char **)out = apr_pstrdup(p, arg);
    return NULL;
}

const char *msr_parse_base(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                           void *out)
{
    apr_uri_t uri;

    if (!parse_web(p, arg, &uri) || uri.query || uri.fragment) {
        return "a URL such as https://scim.example.com/scim/v2, without '?' and '#'";
    }
    *(const char **)out = without_slash(p, arg);
    return NULL;
}

const char *msr_parse_proxy(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                            void *out)
{
    return msr_parse_base(p, slot, arg, out)
               ? "a URL such as http://proxy.example.com:3128"
               : NULL;
}

const char *msr_parse_platform(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                               void *out)
{
    apr_uri_t uri;

    if (!parse_web(p, arg, &uri) || uri.query || uri.fragment ||
        (!base_str_same(uri.scheme, "https") && !is_loopback(uri.hostname))) {
        return "an https URL such as https://platform.ringcentral.com (http only for "
               "a sandbox on 127.0.0.1, ::1 or localhost)";
    }
    *(const char **)out = without_slash(p, arg);
    return NULL;
}

const char *msr_parse_webhook(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                              void *out)
{
    apr_uri_t uri;

    if (!parse_web(p, arg, &uri) || uri.query || uri.fragment || !uri.path ||
        (!base_str_same(uri.scheme, "https") && !is_loopback(uri.hostname))) {
        return "an https URL with a path, such as https://gateway.example.com/rc-hook "
               "(http only for a sandbox, to 127.0.0.1, ::1 or localhost)";
    }
    *(const char **)out = apr_pstrdup(p, arg);
    return NULL;
}

const char *msr_parse_text(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                           void *out)
{
    if (!*arg || strlen(arg) > TEXT_MAX) {
        return "1 to 2000 bytes of text";
    }
    *(const char **)out = apr_pstrdup(p, arg);
    return NULL;
}
