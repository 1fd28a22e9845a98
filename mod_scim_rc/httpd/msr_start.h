/* From a configuration to accounts at work: in the parent, then in each child. */
#ifndef MSR_START_H
#define MSR_START_H

#include <httpd.h>

/* Hook post_config: secrets, state directories, shared memory, background jobs. */
int msr_start_parent(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *s);

/* Hook child_init: opens the accounts. One that cannot be opened is logged, and its
 * requests are answered 503. */
void msr_start_child(apr_pool_t *p, server_rec *s);

#endif
