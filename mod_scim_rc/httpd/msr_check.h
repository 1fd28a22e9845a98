/* Hook check_config: what single directives cannot know. Also part of httpd -t. */
#ifndef MSR_CHECK_H
#define MSR_CHECK_H

#include <httpd.h>

int msr_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *s);

#endif
