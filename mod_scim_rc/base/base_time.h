/* Times as RFC 3339 writes them. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <apr_pools.h>
#include <apr_time.h>

#define BASE_TIME_LEN 24

/* "2026-11-21T08:15:30.125Z": UTC, milliseconds, in `p`. */
const char *base_time_format(apr_pool_t *p, apr_time_t t);

/* Reads an xsd:dateTime (RFC 7643 section 2.3.5): 'T' and 'Z' in either case, any
 * number of fraction digits, "Z", an offset, or nothing (taken as UTC). A date alone
 * is midnight. 1 and *out, or 0 when `s` is no such time. */
int base_time_parse(const char *s, apr_time_t *out);

#endif
