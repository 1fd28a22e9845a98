/* From the user as a client wants it to what RingCentral must be told. */
#ifndef GW_PLAN_H
#define GW_PLAN_H

#include <apr_pools.h>
#include <jansson.h>

#include "gw_account_private.h"
#include "gw_item.h"

/* statusInfo.comment of who is disabled: it takes the place of the mark that an earlier
 * deletion may have left. */
#define GW_DISABLED_COMMENT "Disabled through SCIM"

typedef struct gw_plan_t {
    json_t *body;              /* what to send; an empty object: nothing to send */
    int changed[GW_ROWS];      /* the client's value differs from what it saw */
    const char *sent[GW_ROWS]; /* the client's value, NULL: none */
    int turns_on;              /* the status becomes Enabled */
} gw_plan_t;

/* The user as it is meant, where the session tolerates that: of who has no work e-mail,
 * the e-mail of another type that equals userName is the one. `desired`
 * itself when nothing is to be added, else a copy that `p` owns. */
json_t *gw_plan_complete(const gw_session_t *session, apr_pool_t *p, json_t *desired);

/* Judges the final state of a user: userName is the work e-mail. */
const scim_error_t *gw_plan_check(apr_pool_t *p, const json_t *desired);

/* What turns the extension `item`, which the client sees as `current`, into `desired`.
 * For a create `current` is an empty object and `item` has an empty state. Fetches the
 * dictionaries that it needs. */
const scim_error_t *gw_plan_make(gw_session_t *session, apr_pool_t *p,
                                 const gw_item_t *item, const json_t *current,
                                 const json_t *desired, gw_plan_t *plan);

/* After RingCentral answered and `item` absorbed it: remembers spellings. `created`:
 * hides what RingCentral filled in by itself. Logs what could not be cleared. */
void gw_plan_remember(gw_session_t *session, apr_pool_t *p, const gw_plan_t *plan,
                      gw_item_t *item, int created);

#endif
