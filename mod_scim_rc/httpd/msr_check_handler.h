/* Does each SetHandler of ours stand where an account is known? */
#ifndef MSR_CHECK_HANDLER_H
#define MSR_CHECK_HANDLER_H

#include <httpd.h>
#include <http_config.h>

#include "msr_config.h"

/* Who is told of a problem, with the directive that is to be mended. */
typedef struct msr_complaints_t {
    void (*complain)(void *baton, const ap_directive_t *where, const char *problem);
    void *baton;
} msr_complaints_t;

/* A SetHandler and a ScimRCUse that takes effect there. Of a pattern or a condition it
 * cannot be told which one does: there is one for each that may. */
typedef struct msr_handled_t {
    const ap_directive_t *where;
    const msr_use_t *use;
} msr_handled_t;

/* "the name of a <ScimRCAccount>: a, b": what ScimRCUse may say. */
const char *msr_check_names(apr_pool_t *p, const msr_registry_t *registry);

/* Looks for SetHandler `handler` in the whole configuration, and complains where no
 * ScimRCUse takes effect. Returns those where one does, msr_handled_t. */
apr_array_header_t *msr_check_handler(apr_pool_t *p, const msr_registry_t *registry,
                                      const char *handler,
                                      const msr_complaints_t *complaints);

#endif
