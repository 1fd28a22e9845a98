/* ScimRCShared: the way to other gateways of the same account. */
#ifndef MSR_PEERS_H
#define MSR_PEERS_H

#include "msr_config.h"

/* Directive: where the Redis is; percent of each limit while it is away. */
const char *msr_peers_set(cmd_parms *cmd, void *dir, const char *arg,
                          const char *percent);

/* NULL, or why the URL that is written somewhere else cannot be read or is none, as far
 * as can be seen without starting a program. */
const char *msr_peers_check(apr_pool_t *p, const msr_account_t *account);

/* In the parent, once the account's credentials are read: the URL, and what else the
 * children need. NULL, or what is wrong. */
const char *msr_peers_read(msr_account_t *account, apr_pool_t *pconf,
                           apr_pool_t *ptemp);
/* And once account->fleet is there. */
void msr_peers_settle(const msr_account_t *account);

/* In each child, before the gateway: sets account->conf.peers, which stay until
 * msr_peers_close(). Nothing happens without ScimRCShared. */
apr_status_t msr_peers_open(msr_account_t *account);
/* When nobody uses them any more. */
void msr_peers_close(msr_account_t *account);

#endif
