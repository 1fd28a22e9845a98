/* One change of a PATCH on a multi-valued attribute. */
#ifndef SCIM_PATCH_LIST_H
#define SCIM_PATCH_LIST_H

#include <jansson.h>

#include "scim_patch_apply.h"

/* Carries out `change`, whose path names a multi-valued attribute, elements of it or
 * a sub-attribute of them, on the list that `holder` has of it. */
const scim_error_t *scim_patch_list(const scim_patch_t *patch,
                                    const scim_change_t *change, json_t *holder);

/* Puts the members of `from` into `into`. What is unassigned there is left alone by
 * ADD and taken out by REPLACE. */
void scim_patch_merge(scim_patch_op_t op, json_t *into, const json_t *from);

#endif
