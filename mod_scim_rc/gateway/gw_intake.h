/* Creates that wait for the quota at the same time share batches. */
#ifndef GW_INTAKE_H
#define GW_INTAKE_H

#include "gw_account_private.h"

/* Where creates wait: one for each account and child; ends with `p`. */
typedef struct gw_intake_t gw_intake_t;
gw_intake_t *gw_intake_make(apr_pool_t *p);

/* Creates a user who suits a batch (gw_batch_suits()), in a call of its own when the
 * quota allows that at once and nobody waits already, else with others who wait. One
 * that fails does not fail another. *record and *id in `p`.
 *
 * Returns early when the session's deadline comes or its client goes: 429 or 503. What
 * was not sent until then never will be; what is on its way belongs to who stays, and
 * the copy will be right in any case. */
const scim_error_t *gw_intake_create(gw_session_t *session, apr_pool_t *p,
                                     const json_t *resource, scim_record_t *record,
                                     const char **id);

#endif
