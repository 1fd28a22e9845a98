/* Carrying a change out at RingCentral: repeats what is safe to repeat, falls back
 * where the platform refuses, and brings the answer into the copy. */
#ifndef GW_CARRY_H
#define GW_CARRY_H

#include "gw_plan.h"

/* PUT of plan->body on the extension `item`, repeated once when its answer was lost
 * (the same values twice are the same). An Enabled that is refused becomes
 * NotActivated. On success the item has absorbed the answer. `place` (or NULL) is for
 * the first call. */
rc_error_t *gw_carry_update(gw_session_t *session, apr_pool_t *p, gw_plan_t *plan,
                            gw_item_t *item, rc_place_t *place);

/* Remembers spellings and stores the item: NULL and *record, or 503. */
const scim_error_t *gw_carry_store(gw_session_t *session, apr_pool_t *p,
                                   const gw_plan_t *plan, gw_item_t *item, int created,
                                   scim_record_t *record);

/* A password that satisfies RingCentral's known rules, for users who get one of their
 * own later; in `p`. */
const char *gw_carry_password(apr_pool_t *p);

#endif
