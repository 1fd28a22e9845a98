/* Does each location of ours with AuthType Bearer have tokens? */
#ifndef MSR_CHECK_AUTH_H
#define MSR_CHECK_AUTH_H

#include "msr_check_handler.h"

/* `locations`: msr_handled_t. Where another module may be the one that checks Bearer,
 * nothing is complained of. */
void msr_check_auth(apr_pool_t *p, const apr_array_header_t *locations,
                    const msr_complaints_t *complaints);

#endif
