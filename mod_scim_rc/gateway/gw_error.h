/* The platform's errors in the words of the SCIM client: the one place where one kind
 * becomes the other. */
#ifndef GW_ERROR_H
#define GW_ERROR_H

#include <apr_pools.h>
#include <jansson.h>

#include "base_env.h"
#include "rc_error.h"
#include "scim_error.h"

/* `user`: what the client wanted (its values go into the detail), or NULL. Errors that
 * an administrator must act on are logged. */
const scim_error_t *gw_error(apr_pool_t *p, const rc_error_t *error, const json_t *user,
                             const base_env_t *env);

/* Does the platform say that the thing exists already? It has no code for that, so
 * its English text decides. */
int gw_error_is_duplicate(const rc_error_t *error);

/* Does it refuse the password, or the status, that was sent? */
int gw_error_is_password(const rc_error_t *error);
int gw_error_is_status(const rc_error_t *error);

/* Was nothing sent, for a reason that passes or concerns alone who made the call: its
 * client left, its patience ended, the quota was used up? */
int gw_error_is_passing(const rc_error_t *error);

/* The answer to a call was `lost`, and `error` came of trying it again: what is known
 * now. Only RingCentral's own word settles whether the first one was carried out. */
rc_error_t *gw_error_after_loss(rc_error_t *lost, rc_error_t *error);

/* 409: the user with this id has the name. */
const scim_error_t *gw_error_taken(apr_pool_t *p, const char *login, const char *id);

/* 409: the extension with this id, which is there only disabled, keeps the name. */
const scim_error_t *gw_error_kept(apr_pool_t *p, const char *login, const char *id);

/* 404: there is no such user. */
const scim_error_t *gw_error_not_found(apr_pool_t *p, const char *id);

/* 503: the copy of the directory could not be read or written. */
const scim_error_t *gw_error_store(apr_pool_t *p, apr_status_t rv);

#endif
