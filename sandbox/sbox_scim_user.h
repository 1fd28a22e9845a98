/* An extension as a SCIM user, and back. */
#ifndef SBOX_SCIM_USER_H
#define SBOX_SCIM_USER_H

#include "sbox.h"

typedef enum {
    SBOX_SCIM_SHORT, /* of a list: without addresses and phone numbers */
    SBOX_SCIM_FULL
} sbox_scim_view_t;

/* Does the service show this extension as a user? */
int sbox_scim_is_user(const sbox_extension_t *e);

/* A new reference. */
json_t *sbox_scim_view(sbox_call_t *call, const sbox_extension_t *e,
                       sbox_scim_view_t view);

/* Makes `to`, a copy of `e`, what `user` says. What `user` leaves out is cleared, but
 * for the status and the extension number. NULL, or what is wrong. */
const sbox_problem_t *sbox_scim_apply(sbox_call_t *call, const json_t *user,
                                      const sbox_extension_t *e, sbox_extension_t *to);

/* Carries out the Operations of a PATCH on a user in its full view. NULL, or what is
 * wrong with them. */
const sbox_problem_t *sbox_scim_patch_apply(apr_pool_t *p, json_t *user,
                                            const json_t *patch);

/* The member of `list` whose "type" is `type`; NULL. Borrowed. */
json_t *sbox_scim_typed(const json_t *list, const char *type);

#endif
