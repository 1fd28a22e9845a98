/* One call of each kind: for a comparison of everything that a test saw with
 * RingCentral's own description, without keeping everything. */
#ifndef SBOX_SPECIMEN_H
#define SBOX_SPECIMEN_H

#include "sbox.h"

/* None are kept yet. They outlive a reset. */
sbox_specimens_t *sbox_specimens_create(apr_pool_t *p);

/* Begins to keep them, or stops; forgets those that are there. */
void sbox_specimens_keep(sbox_t *box, int keep);

/* Looks at an answered call: kept when none had such members, types and codes. Of a
 * list one element of each kind is kept. */
void sbox_specimen_see(sbox_call_t *call);

/* {keep, keys:[...]}. A new reference. */
json_t *sbox_specimens_json(const sbox_t *box);
/* {op, status, method, path, query, userAgent, requestBody, responseBody}, borrowed;
 * NULL: no such key. */
json_t *sbox_specimen(const sbox_t *box, const char *key);

#endif
