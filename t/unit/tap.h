/* A TAP producer for the unit tests: ok(), is_str(), is_int(), done_testing(). */
#ifndef T_TAP_H
#define T_TAP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

/* "FOLDER/name", with the folder for temporary files. Lives till the next call. */
static inline char *tap_temporary(const char *name)
{
    static char path[1024];
    const char *folder = getenv("TMPDIR");

    snprintf(path, sizeof path, "%s/%s", folder && *folder ? folder : "/tmp", name);
    return path;
}

#define ok(cond, name) tap_ok(!!(cond), (name), __FILE__, __LINE__)
#define is_str(got, want, name) tap_is_str((got), (want), (name), __FILE__, __LINE__)
#define is_int(got, want, name)                                                        \
    tap_is_int((long long)(got), (long long)(want), (name), __FILE__, __LINE__)

static inline int tap_ok(int pass, const char *name, const char *file, int line)
{
    printf("%sok %d - %s\n", pass ? "" : "not ", ++tap_count, name);
    if (!pass) {
        tap_failed++;
        printf("# failed at %s:%d\n", file, line);
    }
    fflush(stdout);
    return pass;
}

static inline int tap_is_str(const char *got, const char *want, const char *name,
                             const char *file, int line)
{
    int pass = (got == want) || (got && want && !strcmp(got, want));

    tap_ok(pass, name, file, line);
    if (!pass) {
        printf("#   got:  %s\n#   want: %s\n", got ? got : "(null)",
               want ? want : "(null)");
    }
    return pass;
}

static inline int tap_is_int(long long got, long long want, const char *name,
                             const char *file, int line)
{
    tap_ok(got == want, name, file, line);
    if (got != want) {
        printf("#   got:  %lld\n#   want: %lld\n", got, want);
    }
    return got == want;
}

/* Prints the plan. Returns what main() should return. */
static inline int done_testing(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed ? 1 : 0;
}

#endif
