/* Spellings of countries that the platform's dictionary does not know itself. */
#ifndef GW_ISO3166_H
#define GW_ISO3166_H

/* The two-letter ISO 3166-1 code of a country given by its three-letter code or a
 * common name, in folded form. 1 and `code`, or 0. */
int gw_iso3166_code(const char *folded, char code[3]);

#endif
