/* The platform's dictionaries: countries, states, languages, time zones. */
#ifndef GW_DICTIONARY_H
#define GW_DICTIONARY_H

#include <apr_pools.h>
#include <jansson.h>

#include "base_env.h"
#include "dir_store.h"
#include "rc_client.h"

typedef struct gw_dictionaries_t gw_dictionaries_t;

/* One place of the platform's dictionaries. */
typedef struct gw_term_t {
    const char *id;
    const char *code; /* ISO code of a country or state, locale code, time zone name */
    const char *name; /* English name */
    const char *of;   /* of a state: the id of its country; else NULL */
} gw_term_t;

/* In each process: holds what has been loaded, for all threads. */
gw_dictionaries_t *gw_dictionaries_create(apr_pool_t *p);

/* Makes `which` available: from memory, else from the copy, else from the platform
 * (which is then kept in the copy). NULL, or why not. */
rc_error_t *gw_dictionary_need(gw_dictionaries_t *d, apr_pool_t *p,
                               rc_dictionary_t which, dir_store_t *store,
                               rc_client_t *client, const rc_caller_t *who);

/* Lookups by any spelling, without letter case; NULL when there is no such term or
 * the dictionary was not made available. Terms live as long as the process.
 *
 * A country by ISO 3166-1 code (two or three letters), English name, or a common
 * other name ("UK", "USA"). */
const gw_term_t *gw_country(gw_dictionaries_t *d, apr_pool_t *p, const char *text);
/* A state of a country by ISO 3166-2 code (with or without "US-") or English name.
 * `country_id` NULL: of any country, if only one fits. */
const gw_term_t *gw_state(gw_dictionaries_t *d, apr_pool_t *p, const char *country_id,
                          const char *text);
/* Does the dictionary list any state of this country? */
int gw_country_has_states(gw_dictionaries_t *d, const char *country_id);
/* A language by tag: "en-US", "en_us", or "en" for the first that begins so. */
const gw_term_t *gw_language(gw_dictionaries_t *d, apr_pool_t *p, const char *text);
/* A time zone by name or description. */
const gw_term_t *gw_timezone(gw_dictionaries_t *d, apr_pool_t *p, const char *text);

#endif
