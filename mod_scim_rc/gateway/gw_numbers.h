/* Direct numbers, which only the directory of the account shows. */
#ifndef GW_NUMBERS_H
#define GW_NUMBERS_H

#include "gw_account_private.h"

/* Reads the directory, as far as it has changed since it was last read, and brings the
 * numbers of the copy into line. Does nothing when no location shows them. */
rc_error_t *gw_numbers_read(gw_account_t *account, const rc_caller_t *who,
                            apr_pool_t *p);

/* Background work: does so when an event said that numbers have changed. */
void gw_numbers_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* The direct number of a directory entry (of a list or of an event), or NULL. */
const char *gw_numbers_direct(const json_t *entry);

#endif
