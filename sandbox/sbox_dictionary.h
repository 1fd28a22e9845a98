/* The dictionaries: countries, states, languages, time zones. */
#ifndef SBOX_DICTIONARY_H
#define SBOX_DICTIONARY_H

#include "sbox.h"
#include "sbox_country.h"
#include "sbox_locale.h"

sbox_handler_t sbox_country_list;
sbox_handler_t sbox_country_read;
sbox_handler_t sbox_province_list;
sbox_handler_t sbox_province_read;
sbox_handler_t sbox_language_list;
sbox_handler_t sbox_timezone_list;

/* {id, uri, name, isoCode, callingCode}, {id, uri, name, description, bias}: new
 * references. A NULL time zone gives NULL. */
json_t *sbox_dictionary_country(sbox_call_t *call, const sbox_country_t *country);
json_t *sbox_dictionary_timezone(sbox_call_t *call, const sbox_timezone_t *zone);

/* Gives a filled answer an ETag, and makes it a 304 when the caller has that. */
void sbox_etag(sbox_call_t *call);

#endif
