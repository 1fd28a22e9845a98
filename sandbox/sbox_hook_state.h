/* The subscriptions as a part of a snapshot. */
#ifndef SBOX_HOOK_STATE_H
#define SBOX_HOOK_STATE_H

#include "sbox.h"

/* Adds the subscriptions that are there. What waits for them is no part of it, nor are
 * reminders that were sent. */
void sbox_hooks_save(sbox_t *box, json_t *document);

/* Puts those of a document in the place of the present ones, and forgets what waits for
 * these. A document that says nothing of subscriptions changes nothing. NULL, or what
 * is wrong with it, in `scratch`; then nothing is changed. */
const char *sbox_hooks_load(sbox_t *box, apr_pool_t *scratch, const json_t *document);

#endif
