#include "rc_error.h"

#include <stdarg.h>
#include <apr_strings.h>

rc_error_t *rc_error(apr_pool_t *p, rc_error_kind_t kind, const char *fmt, ...)
{
    rc_error_t *error = apr_pcalloc(p, sizeof *error);
    va_list ap;

    error->kind = kind;
    error->code = "";
    va_start(ap, fmt);
    error->message = apr_pvsprintf(p, fmt, ap);
    va_end(ap);
    return error;
}
