/* The module record, for every file of the module but the one that defines it. */
#ifndef MSR_MODULE_H
#define MSR_MODULE_H

/* Before APR: then APR_OFFSETOF is offsetof, which all compilers like. */
#include <stddef.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

extern module AP_MODULE_DECLARE_DATA scim_rc_module;
APLOG_USE_MODULE(scim_rc);

#endif
