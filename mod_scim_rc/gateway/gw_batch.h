/* New users in tens, by RingCentral's batch provisioning: how one user goes into a
 * batch and what comes of it. */
#ifndef GW_BATCH_H
#define GW_BATCH_H

#include "gw_maker.h"

/* May the user be made so? */
int gw_batch_suits(const gw_session_t *session, const json_t *resource);

/* Has the user, or the user of m->plan, more than a batch can carry? */
int gw_batch_has_more(const json_t *resource);
int gw_batch_lacks(const gw_maker_t *m);

/* The record for the user of m->plan, in `p`. */
const json_t *gw_batch_record(apr_pool_t *p, const gw_maker_t *m);

/* Makes 1 to 10 users; `place` is of a Heavy call. Results in `p`. Returns the error of
 * the call as a whole, which is logged. */
rc_error_t *gw_batch_send(gw_session_t *session, apr_pool_t *p,
                          const rc_bulk_request_t *request, rc_place_t *place);

/* Does RingCentral not let us have such calls? */
int gw_batch_is_barred(const rc_error_t *whole);

typedef enum {
    GW_BATCH_MADE,
    GW_BATCH_LOST,  /* perhaps made */
    GW_BATCH_ALONE, /* not made, and the record is not to blame: not in a batch, then */
    GW_BATCH_REFUSED
} gw_batch_verdict_t;
gw_batch_verdict_t gw_batch_judge(const rc_bulk_item_t *item, const rc_error_t *whole);

/* Brings the outcome into m->item: takes over whom the batch has made (`item` has the
 * id), looks up by e-mail whose answer was lost, and makes alone who has to be. *partly
 * 1: the user is there, without what a batch cannot carry. Not stored yet. */
const scim_error_t *gw_batch_take(gw_maker_t *m, gw_batch_verdict_t verdict,
                                  const rc_bulk_item_t *item, int *partly);

/* The change that follows: the user as m->wanted, its baton, wants it. */
const scim_error_t *gw_batch_complete(void *baton, apr_pool_t *p,
                                      const scim_current_t *current, json_t **desired);

/* When that change failed: logs it. The error for the client, in `p`: to call that a
 * success would keep the client from mending what is missing. */
const scim_error_t *gw_batch_incomplete(gw_session_t *session, apr_pool_t *p,
                                        const char *id, const scim_error_t *error);

#endif
