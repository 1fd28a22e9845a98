/* What an account signs in to RingCentral with: ScimRCClientId, ScimRCClientSecret and
 * ScimRCJWT, and each ScimRCCredential. */
#ifndef MSR_CREDENTIAL_H
#define MSR_CREDENTIAL_H

#include "msr_config.h"

/* A value that is a secret or holds one, named by file: or exec:, or written there
 * itself where that is allowed. All return NULL, or what is wrong or would be right,
 * which never repeats what may be the secret. */
/* In a directive: *source is what names the value, or the value. */
const char *msr_source_parse(apr_pool_t *p, const char *arg, int inline_allowed,
                             const char **source);
/* Can it be read, as far as can be seen without starting a program? *value, in `p`, is
 * NULL when it is a program's; to be cleared after use. */
const char *msr_source_check(apr_pool_t *p, const char *source, const char **value);
/* At the start: puts the value in the place of what names it, cleared when `pconf`
 * ends. */
const char *msr_source_read(apr_pool_t *pconf, apr_pool_t *ptemp, const char **source);

#define MSR_INLINE_ALLOWED 1 /* a slot's `min`: the value itself may stand there */

/* Directives: where a value comes from; a further credential. */
const char *msr_credential_set(cmd_parms *cmd, void *dir, const char *args);
const char *msr_credential_add(cmd_parms *cmd, void *dir, int argc, char *const argv[]);

/* NULL, or why the values cannot be read or two credentials have the same, as far as
 * can be seen without starting a program. */
const char *msr_credential_check(apr_pool_t *p, const gw_account_conf_t *conf);

/* Puts the values in the place of what names them, cleared when `pconf` ends. NULL, or
 * what is wrong. */
const char *msr_credential_read(msr_account_t *account, apr_pool_t *pconf,
                                apr_pool_t *ptemp);

#endif
