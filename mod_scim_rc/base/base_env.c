#include "base_env.h"

#include <stdarg.h>
#include <apr_strings.h>

#define LINE_MAX_BYTES 2000

apr_time_t base_now(const base_env_t *env)
{
    return env->now(env->ctx);
}

apr_status_t base_sleep(const base_env_t *env, apr_interval_time_t t)
{
    return env->sleep(env->ctx, t);
}

void base_log(const base_env_t *env, base_log_level_t level, apr_status_t rv,
              const char *fmt, ...)
{
    char line[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    apr_vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    env->log(env->ctx, level, rv, line);
}
