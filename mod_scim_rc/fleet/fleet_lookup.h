/* Where a Redis is. The system's resolver takes what time it likes to look a name up,
 * so a thread of its own waits for it. */
#ifndef FLEET_LOOKUP_H
#define FLEET_LOOKUP_H

#include "fleet_address.h"
#include "fleet_wire.h"

#define FLEET_PLACES 4

/* One that is under way. */
typedef struct fleet_lookup_t fleet_lookup_t;

/* The places of an address: how many, at most FLEET_PLACES. 0: *why says why there are
 * none; or it is NULL, for they are not known by `deadline`. *lookup, NULL at first, is
 * what is still under way then, and the next call goes on with it: one call at a time.
 */
int fleet_lookup(fleet_lookup_t **lookup, const fleet_address_t *address,
                 apr_time_t deadline, fleet_place_t *places, const char **why);

/* Nobody wants to know any more; NULL: nobody did. */
void fleet_lookup_forget(fleet_lookup_t *lookup);

#endif
