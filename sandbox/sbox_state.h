/* The company in a file, from one start to the next. */
#ifndef SBOX_STATE_H
#define SBOX_STATE_H

#include "sbox.h"

/* Loads settings->state_file when there is one, and saves to it. NULL, or what is wrong
 * with it. */
const char *sbox_state_load(sbox_t *box);
const char *sbox_state_save(sbox_t *box);

/* Puts the account of a document in the place of the present one. NULL, or what is
 * wrong with the document, in `scratch`. */
const char *sbox_state_replace(sbox_t *box, apr_pool_t *scratch,
                               const json_t *document);

#endif
