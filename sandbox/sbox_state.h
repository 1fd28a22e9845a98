/* The company and the subscriptions to its events: as a document, and in a file, from
 * one start to the next. */
#ifndef SBOX_STATE_H
#define SBOX_STATE_H

#include "sbox.h"

/* A new reference. */
json_t *sbox_state_json(sbox_t *box);

/* Loads settings->state_file when there is one, and saves to it. NULL, or what is wrong
 * with it. */
const char *sbox_state_load(sbox_t *box);
const char *sbox_state_save(sbox_t *box);

/* Puts what a document has in the place of what is there. NULL, or what is wrong with
 * the document, in `scratch`; then nothing is changed. */
const char *sbox_state_replace(sbox_t *box, apr_pool_t *scratch,
                               const json_t *document);

#endif
