/* The Unassigned extensions, so that the lowest is at hand however many there are. */
#ifndef SBOX_SPARE_H
#define SBOX_SPARE_H

#include "sbox_account.h"

/* To be called when an extension was made or changed: keeps it when it is Unassigned.
 */
void sbox_spare_add(sbox_account_t *account, sbox_extension_t *e);

/* The Unassigned one with the lowest id; NULL when there is none. */
sbox_extension_t *sbox_spare_lowest(sbox_account_t *account);

#endif
