/* What happened to an extension, told to those who subscribed (rule 133). */
#ifndef SBOX_EVENT_H
#define SBOX_EVENT_H

#include "sbox.h"

/* Watches the present account: from now on each extension that is added, replaced or
 * removed raises its events. To be called for each account that takes another's place.
 */
void sbox_event_watch(sbox_t *box);

/* Something about an extension changed that is kept elsewhere, as its numbers. `hint`
 * is one of RingCentral's: "CompanyNumbers", "Permissions", ... */
void sbox_event_raise(sbox_t *box, const sbox_extension_t *e, const char *hint);

#endif
