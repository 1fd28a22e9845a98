/* The handler of a location that RingCentral sends events to. */
#ifndef MSR_HOOK_H
#define MSR_HOOK_H

#include <httpd.h>

#define MSR_HOOK_HANDLER "scim-rc-hook"

/* Anybody can reach it, so it says nothing but a status: 200 to RingCentral's check of
 * the address and to an event that carries the account's token, which is noted and no
 * more. */
int msr_hook(request_rec *r);

#endif
