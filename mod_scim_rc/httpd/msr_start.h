/* From a configuration to accounts at work: in the parent, then in each child. */
#ifndef MSR_START_H
#define MSR_START_H

#include <httpd.h>

/* Is a server that runs reading its configuration anew, be it gracefully or not? Then
 * what is wrong with one account or with a file of tokens must not end it. */
int msr_start_is_restart(void);

/* Hook post_config: secrets, state directories, shared memory, background jobs. An
 * account that lacks any of it ends the server at its start; at a restart it is logged
 * and no child opens it. */
int msr_start_parent(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *s);

/* Hook child_init: opens the accounts that the parent has prepared. One that cannot be
 * opened is logged, and its requests are answered 503. */
void msr_start_child(apr_pool_t *p, server_rec *s);

#endif
