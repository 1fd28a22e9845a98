#include "base_time.h"

#include <stdio.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

const char *base_time_format(apr_pool_t *p, apr_time_t t)
{
    apr_time_exp_t e;
    int usec = (int)(t % APR_USEC_PER_SEC);

    if (usec < 0) {
        usec += APR_USEC_PER_SEC; /* before 1970 */
    }
    apr_time_exp_gmt(&e, t - usec);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", e.tm_year + 1900,
                        e.tm_mon + 1, e.tm_mday, e.tm_hour, e.tm_min, e.tm_sec,
                        usec / 1000);
}

/* Exactly `digits` digits, then `after` (0: nothing required). */
static int number(const char **s, int digits, char after, int *out)
{
    int n = 0;

    while (digits-- > 0) {
        if (!apr_isdigit(**s)) {
            return 0;
        }
        n = n * 10 + (*(*s)++ - '0');
    }
    if (after && *(*s)++ != after) {
        return 0;
    }
    *out = n;
    return 1;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static int parse_date(const char **s, apr_time_exp_t *e)
{
    int year, month, day;

    if (!number(s, 4, '-', &year) || !number(s, 2, '-', &month) ||
        !number(s, 2, 0, &day) || year < 1 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month)) {
        return 0;
    }
    e->tm_year = year - 1900;
    e->tm_mon = month - 1;
    e->tm_mday = day;
    return 1;
}

static void parse_fraction(const char **s, apr_time_exp_t *e)
{
    int scale = 100000;

    for (++*s; apr_isdigit(**s); ++*s) {
        e->tm_usec += (**s - '0') * scale;
        scale /= 10;
    }
}

static int parse_clock(const char **s, apr_time_exp_t *e)
{
    if (!number(s, 2, ':', &e->tm_hour) || !number(s, 2, ':', &e->tm_min) ||
        !number(s, 2, 0, &e->tm_sec) || e->tm_hour > 24 || e->tm_min > 59 ||
        e->tm_sec > 60) {
        return 0;
    }
    if (**s == '.' && apr_isdigit((*s)[1])) {
        parse_fraction(s, e);
    }
    /* 24 is midnight at the end of the day, and nothing after it. */
    return e->tm_hour < 24 || (!e->tm_min && !e->tm_sec && !e->tm_usec);
}

static int parse_zone(const char *s, apr_time_exp_t *e)
{
    int sign, hours, minutes;

    if (!*s || ((*s == 'Z' || *s == 'z') && !s[1])) {
        return 1;
    }
    if (*s != '+' && *s != '-') {
        return 0;
    }
    sign = *s++ == '-' ? -1 : 1;
    if (!number(&s, 2, ':', &hours) || !number(&s, 2, 0, &minutes) || *s ||
        hours > 14 || minutes > 59) {
        return 0;
    }
    e->tm_gmtoff = sign * (hours * 3600 + minutes * 60);
    return 1;
}

/* What apr_time_exp_gmt_get() does, but before 1970 as well. Years are taken to begin
 * with March, so that the leap day is their last; March 1 of the year 0 is 719,468 days
 * before 1970, and a month's first day is 1. */
static apr_time_t to_time(const apr_time_exp_t *e)
{
    const int early = e->tm_mon < 2;
    const apr_int64_t year = e->tm_year + 1900 - early;
    const apr_int64_t days = 365 * year + year / 4 - year / 100 + year / 400 +
                             (153 * (e->tm_mon + (early ? 10 : -2)) + 2) / 5 +
                             e->tm_mday - 719469;
    const apr_int64_t seconds =
        ((days * 24 + e->tm_hour) * 60 + e->tm_min) * 60 + e->tm_sec - e->tm_gmtoff;

    return apr_time_from_sec(seconds) + e->tm_usec;
}

int base_time_parse(const char *s, apr_time_t *out)
{
    apr_time_exp_t e;

    memset(&e, 0, sizeof e);
    if (!s || !parse_date(&s, &e)) {
        return 0;
    }
    if (*s) {
        if (*s != 'T' && *s != 't') {
            return 0;
        }
        s++;
        if (!parse_clock(&s, &e) || !parse_zone(s, &e)) {
            return 0;
        }
    }
    *out = to_time(&e);
    return 1;
}
