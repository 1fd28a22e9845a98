/* The outside world as the pure layers see it: a clock, a sleep and a log. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <apr.h>
#include <apr_errno.h>
#include <apr_time.h>

typedef enum {
    BASE_LOG_ERROR,
    BASE_LOG_WARNING,
    BASE_LOG_NOTICE,
    BASE_LOG_INFO,
    BASE_LOG_DEBUG
} base_log_level_t;

/* Made by whoever starts a piece of work (a request, a background job, a test)
 * and lent to it: no layer keeps it after the call that it was passed to. */
typedef struct base_env_t {
    void *ctx;
    /* Wall clock, microseconds since 1970. */
    apr_time_t (*now)(void *ctx);
    /* Sleeps for `t` microseconds. APR_SUCCESS, or APR_EINTR at once when the work
     * has lost its purpose: the client went away or the process is stopping. */
    apr_status_t (*sleep)(void *ctx, apr_interval_time_t t);
    /* Writes one line. From level info up `line` begins with its tag
     * "SCIMRCnnnn: " (docs/messages.md). `rv` is APR_SUCCESS when there is none. */
    void (*log)(void *ctx, base_log_level_t level, apr_status_t rv, const char *line);
} base_env_t;

apr_time_t base_now(const base_env_t *env);
apr_status_t base_sleep(const base_env_t *env, apr_interval_time_t t);

/* Formats and writes one log line, cut at 2,000 bytes. Never pass a secret. */
void base_log(const base_env_t *env, base_log_level_t level, apr_status_t rv,
              const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
