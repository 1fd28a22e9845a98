/* Whose a userName is. */
#ifndef GW_NAME_H
#define GW_NAME_H

#include "gw_account_private.h"

/* May the user `id` get the name `login`? NULL, or the error in `p`: 409 when it is
 * another's, be it one who was deleted by disabling. RingCentral would refuse it too,
 * but only after a call, and only where it enforces unique names. The caller holds the
 * lock of the name, gw_name_lock(). */
const scim_error_t *gw_name_is_free(gw_session_t *session, apr_pool_t *p,
                                    const char *login, apr_uint64_t id);

#endif
