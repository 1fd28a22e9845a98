/* What an account signs in to RingCentral with: ScimRCClientId, ScimRCClientSecret and
 * ScimRCJWT, and each ScimRCCredential. */
#ifndef MSR_CREDENTIAL_H
#define MSR_CREDENTIAL_H

#include "msr_config.h"

#define MSR_INLINE_ALLOWED 1 /* a slot's `min`: the value itself may stand there */

/* Directives: where a value comes from; a further credential. */
const char *msr_credential_set(cmd_parms *cmd, void *dir, const char *args);
const char *msr_credential_add(cmd_parms *cmd, void *dir, int argc, char *const argv[]);

/* NULL, or why the values cannot be read, as far as can be seen without starting a
 * program. */
const char *msr_credential_check(apr_pool_t *p, const gw_account_conf_t *conf);

/* Puts the values in the place of what names them, cleared when `pconf` ends. NULL, or
 * what is wrong. */
const char *msr_credential_read(msr_account_t *account, apr_pool_t *pconf,
                                apr_pool_t *ptemp);

#endif
