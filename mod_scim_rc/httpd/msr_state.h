/* The state directory of an account: is it as it must be? */
#ifndef MSR_STATE_H
#define MSR_STATE_H

#include <apr_pools.h>

/* NULL, or why msr_state_prepare() would refuse the directory, as far as can be seen
 * without changing anything. */
const char *msr_state_check(apr_pool_t *p, const char *path);

/* In the parent: makes the directory, with parents that are missing, and gives it to
 * the children's user; one that is there must belong to that user, and nobody else may
 * write to it. NULL, or what is wrong. */
const char *msr_state_prepare(apr_pool_t *p, const char *path);

#endif
