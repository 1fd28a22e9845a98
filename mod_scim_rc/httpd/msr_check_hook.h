/* Do webhooks and their locations fit together? */
#ifndef MSR_CHECK_HOOK_H
#define MSR_CHECK_HOOK_H

#include "msr_check_handler.h"

void msr_check_hooks(apr_pool_t *p, const msr_registry_t *registry,
                     const msr_complaints_t *complaints);

#endif
