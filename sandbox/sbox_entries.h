/* The company directory (rule 103). */
#ifndef SBOX_ENTRIES_H
#define SBOX_ENTRIES_H

#include "sbox.h"

sbox_handler_t sbox_entries_list;
sbox_handler_t sbox_entries_read;

/* An extension as the directory shows it: a new reference. Needs of the call its box,
 * pool, account_id and language. */
json_t *sbox_entries_view(sbox_call_t *call, const sbox_extension_t *e);
/* Does the directory show it? */
int sbox_entries_listed(const sbox_call_t *call, const sbox_extension_t *e);
/* The type that it has there. */
const char *sbox_entries_type(const sbox_extension_t *e);

#endif
