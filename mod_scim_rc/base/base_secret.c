#include "base_secret.h"

#include <signal.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "base_str.h"

#define EXEC_TIMEOUT apr_time_from_sec(10)

#define EXEC_LOOK apr_time_from_msec(5)
#define TOO_LONG APR_EGENERAL

static const char *why(apr_pool_t *p, apr_status_t rv)
{
    char text[120];

    return rv == TOO_LONG ? apr_psprintf(p, "longer than %d bytes", BASE_SECRET_MAX)
                          : apr_pstrdup(p, apr_strerror(rv, text, sizeof text));
}

/* Reads until the end of `file`, or until `deadline` unless that is 0. */
static apr_status_t slurp(apr_pool_t *p, apr_file_t *file, apr_time_t deadline,
                          const char **text)
{
    char *buffer = apr_palloc(p, BASE_SECRET_MAX + 2);
    apr_size_t used = 0;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && used <= BASE_SECRET_MAX) {
        apr_size_t n = BASE_SECRET_MAX + 1 - used;

        if (deadline) {
            const apr_interval_time_t left = deadline - apr_time_now();

            apr_file_pipe_timeout_set(file, left > 0 ? left : 1);
        }
        rv = apr_file_read(file, buffer + used, &n);
        used += n;
    }
    if (rv != APR_EOF) {
        base_secret_clear(buffer, used);
        return rv == APR_SUCCESS ? TOO_LONG : rv;
    }
    while (used && apr_isspace(buffer[used - 1])) {
        used--;
    }
    buffer[used] = '\0';
    *text = buffer;
    return APR_SUCCESS;
}

static const char *read_file(apr_pool_t *p, const char *path, const char **secret)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t rv = apr_stat(&info, path, APR_FINFO_TYPE, p);

    if (rv == APR_SUCCESS && info.filetype != APR_REG) {
        return apr_psprintf(p, "'%s' is no ordinary file", path);
    }
    rv = apr_file_open(&file, path, APR_FOPEN_READ, 0, p);
    if (rv != APR_SUCCESS) {
        return apr_psprintf(p, "cannot open '%s': %s", path, why(p, rv));
    }
    rv = apr_file_info_get(&info, APR_FINFO_PROT | APR_FINFO_TYPE, file);
    if (rv == APR_SUCCESS && (info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE))) {
        apr_file_close(file);
        return apr_psprintf(p,
                            "'%s' is open to everybody on this machine (mode %04x); "
                            "take that away: chmod o-rwx '%s'",
                            path, (unsigned)info.protection & 0xfff, path);
    }
    if (rv == APR_SUCCESS) {
        rv = slurp(p, file, 0, secret);
    }
    apr_file_close(file);
    return rv == APR_SUCCESS
               ? NULL
               : apr_psprintf(p, "cannot read '%s': %s", path, why(p, rv));
}

static apr_status_t start(apr_pool_t *p, apr_proc_t *proc, const char *command)
{
    apr_procattr_t *attr;
    char **argv;
    apr_status_t rv = apr_tokenize_to_argv(command, &argv, p);

    if (rv == APR_SUCCESS && !argv[0]) {
        rv = APR_EINVAL;
    }
    if (rv != APR_SUCCESS || (rv = apr_procattr_create(&attr, p)) != APR_SUCCESS) {
        return rv;
    }
    apr_procattr_cmdtype_set(attr, APR_PROGRAM);
    apr_procattr_io_set(attr, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    apr_procattr_error_check_set(attr, 1);
    return apr_proc_create(proc, argv[0], (const char *const *)argv, NULL, attr, p);
}

/* Waits for the program's end; at the deadline, kills it. */
static apr_status_t reap(apr_proc_t *proc, apr_time_t deadline, int *code,
                         apr_exit_why_e *reason)
{
    while (apr_proc_wait(proc, code, reason, APR_NOWAIT) == APR_CHILD_NOTDONE) {
        if (apr_time_now() >= deadline) {
            apr_proc_kill(proc, SIGKILL);
            apr_proc_wait(proc, code, reason, APR_WAIT);
            return APR_TIMEUP;
        }
        apr_sleep(EXEC_LOOK);
    }
    return APR_SUCCESS;
}

static const char *run_program(apr_pool_t *p, const char *command, const char **secret)
{
    const apr_time_t deadline = apr_time_now() + EXEC_TIMEOUT;
    apr_proc_t proc;
    int code = 0;
    apr_exit_why_e reason = APR_PROC_EXIT;
    apr_status_t ended, rv = start(p, &proc, command);

    if (rv != APR_SUCCESS) {
        return apr_psprintf(p, "cannot start '%s': %s", command, why(p, rv));
    }
    rv = slurp(p, proc.out, deadline, secret);
    apr_file_close(proc.out);
    ended = reap(&proc, rv == APR_SUCCESS ? deadline : 0, &code, &reason);
    if (rv == APR_SUCCESS) {
        rv = ended;
    }
    if (rv != APR_SUCCESS) {
        return apr_psprintf(p, "reading from '%s' failed: %s", command, why(p, rv));
    }
    if (reason != APR_PROC_EXIT || code != 0) {
        return apr_psprintf(p, "'%s' ended with status %d", command, code);
    }
    return NULL;
}

int base_secret_is_inline(const char *source)
{
    return strncmp(source, "file:", 5) != 0 && strncmp(source, "exec:", 5) != 0;
}

const char *base_secret_read(apr_pool_t *p, const char *source, const char **secret)
{
    const char *problem = NULL;

    if (base_secret_is_inline(source)) {
        *secret = apr_pstrdup(p, source);
    }
    else if (source[0] == 'f') {
        problem = read_file(p, source + 5, secret);
    }
    else {
        problem = run_program(p, source + 5, secret);
    }
    if (!problem && !**secret) {
        problem = apr_psprintf(p, "'%s' gives an empty text",
                               base_secret_is_inline(source) ? "" : source);
    }
    return problem;
}
