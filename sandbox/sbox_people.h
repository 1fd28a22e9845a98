/* The operations on extensions (§5). */
#ifndef SBOX_PEOPLE_H
#define SBOX_PEOPLE_H

#include "sbox.h"

sbox_handler_t sbox_people_list;
sbox_handler_t sbox_people_read;
sbox_handler_t sbox_people_create;
sbox_handler_t sbox_people_update;
sbox_handler_t sbox_people_delete;
sbox_handler_t sbox_people_delete_many; /* v2 */
sbox_handler_t sbox_people_welcome;

/* The extension that the path names. NULL: there is none, and in *problem why. */
sbox_extension_t *sbox_people_named(sbox_call_t *call, const sbox_problem_t **problem);

/* What the extensions looked like `lag_ms` ago: calls `see` for each in the order of
 * the "order" knob until that returns 0. */
void sbox_people_each(sbox_call_t *call, int lag_ms,
                      int (*see)(void *ctx, const sbox_extension_t *e), void *ctx);

/* Puts a mail into the mailbox. */
void sbox_people_mail(sbox_t *box, const char *kind, const sbox_extension_t *e);

#endif
