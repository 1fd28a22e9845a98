/* Making a user: the steps that all ways of it share. */
#ifndef GW_MAKER_H
#define GW_MAKER_H

#include "gw_plan.h"

typedef struct gw_maker_t {
    gw_session_t *session;
    apr_pool_t *p;
    const json_t *wanted;
    const char *login;  /* as sent */
    const char *folded; /* for comparison */
    base_lock_t *lock;  /* of the name */
    gw_plan_t plan;
    gw_item_t item;
    rc_error_t *lost;  /* the answer to a POST was */
    rc_place_t *place; /* for the first POST, or NULL */
} gw_maker_t;

/* A maker in `p`, with the lock of the name: NULL and *maker, or an error. */
const scim_error_t *gw_maker_begin(gw_session_t *session, apr_pool_t *p,
                                   const json_t *resource, gw_maker_t **maker);

/* Looks for the name in the copy: 409 when a user has it. An extension that was deleted
 * by disabling goes into *gone. */
const scim_error_t *gw_maker_look(gw_maker_t *m, gw_item_t *gone, int *is_gone);

/* A 409 before RingCentral is asked for anything, where the copy knows; else one
 * question when the copy is too old to be trusted. */
const scim_error_t *gw_maker_must_be_free(gw_maker_t *m, gw_item_t *gone, int *is_gone);

/* m->plan: what turns m->item, which the client sees as `current`, into the user. */
const scim_error_t *gw_maker_plan(gw_maker_t *m, const json_t *current);

/* The same for an extension that is not there yet. */
const scim_error_t *gw_maker_plan_new(gw_maker_t *m);

/* Was the password refused? Identity providers send a random one with every create; it
 * must not keep the user from coming into being: 1, and there is another one or none.
 */
int gw_maker_replace_password(gw_maker_t *m, const rc_error_t *e);

/* The error for the client. Whoever repeats the request must find what may exist. */
const scim_error_t *gw_maker_give_up(gw_maker_t *m, const rc_error_t *e);

/* After a create whose answer was lost: did RingCentral carry it out? 1 and the
 * extension in *found, 0, or -1 when that cannot be told now. */
int gw_maker_find(gw_maker_t *m, json_t **found);

/* Takes a lost answer's extension as this request's. */
void gw_maker_adopt(gw_maker_t *m, json_t *listed);

/* By a POST, and the welcome mail where that is wanted; or by filling an unassigned
 * extension. */
const scim_error_t *gw_maker_create(gw_maker_t *m);
const scim_error_t *gw_maker_fill(gw_maker_t *m);

/* Stores the user who came into being. *record and *id in `p`. */
const scim_error_t *gw_maker_store(gw_maker_t *m, apr_pool_t *p, scim_record_t *record,
                                   const char **id);

/* All that remains when the name is locked and the data is sound: brings the user into
 * being, in whatever way, and stores it. *record and *id in `p`. */
const scim_error_t *gw_maker_finish(gw_maker_t *m, apr_pool_t *p, scim_record_t *record,
                                    const char **id);

/* A create in a call of its own, the copy being there. *record and *id in `p`. */
const scim_error_t *gw_create_alone(gw_session_t *session, apr_pool_t *p,
                                    const json_t *resource, scim_record_t *record,
                                    const char **id);

#endif
