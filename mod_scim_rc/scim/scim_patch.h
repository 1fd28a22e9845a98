/* PATCH (RFC 7644 section 3.5.2). */
#ifndef SCIM_PATCH_H
#define SCIM_PATCH_H

#include <apr_pools.h>
#include <jansson.h>

#include "scim_error.h"
#include "scim_path.h"

#define SCIM_PATCH_URN "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define SCIM_PATCH_MAX_OPERATIONS 1000

/* Applies all operations of `body`, a PatchOp message, to a copy of `current` (in
 * canonical form) and gives that copy in `p`: all or nothing, the result still to be
 * judged by scim_resource_settle(). `current` is not changed. Write-only attributes
 * that an operation sets are in the result. Errors as table 9 of RFC 7644 names them:
 * invalidSyntax (no PatchOp, op unknown, no Operations), invalidPath, noTarget,
 * mutability, invalidValue, invalidFilter, and 413 for too many operations; each detail
 * says which operation.
 *
 * Where the RFC is silent:
 * - "remove" of what is not there, by a filter too, succeeds and changes nothing, so
 *   that a request can be repeated; section 3.5.2.3 wants noTarget of "replace" alone.
 * - "remove" of a multi-valued attribute with a value removes what the value lists.
 * - "add" of null, "" or [] adds nothing; "replace" by them removes.
 * - "add" through a filter that matches nothing makes the element that the filter
 *   describes by eq and and; when it does not describe one, that is noTarget.
 * - SCIM_TOLERATE_OP also forgives a message without the PatchOp URN. */
const scim_error_t *scim_patch_apply(apr_pool_t *p, const scim_type_t *type,
                                     const json_t *current, const json_t *body,
                                     unsigned tolerance, json_t **desired);

#endif
