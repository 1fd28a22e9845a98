/* Secrets from text, files and programs, and what is said of those that are none. */
#include "base_secret.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "tap.h"

static const char *folder;

static const char *path_of(apr_pool_t *p, const char *name)
{
    return apr_pstrcat(p, folder, "/", name, NULL);
}

static void write_file(apr_pool_t *p, const char *name, const char *text,
                       apr_size_t len, mode_t mode)
{
    const char *path = path_of(p, name);
    apr_file_t *file;

    if (apr_file_open(&file, path,
                      APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                      APR_FPROT_UREAD | APR_FPROT_UWRITE, p) != APR_SUCCESS ||
        apr_file_write_full(file, text, len, NULL) != APR_SUCCESS) {
        printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
    apr_file_close(file);
    chmod(path, mode);
}

/* Reads `source`, with FOLDER standing for the folder. */
static const char *read_it(apr_pool_t *p, const char *source, const char **secret)
{
    const char *at = strstr(source, "FOLDER");

    if (at) {
        source = apr_pstrcat(p, apr_pstrndup(p, source, (apr_size_t)(at - source)),
                             folder, at + 6, NULL);
    }
    *secret = NULL;
    return base_secret_read(p, source, secret);
}

static void test_sources(apr_pool_t *p)
{
    static const struct {
        const char *source, *secret, *problem;
    } cases[] = {
        {"plain text", "plain text", NULL},
        {" kept as it is ", " kept as it is ", NULL},
        {"File:x", "File:x", NULL},
        {"", NULL, "empty"},
        {"file:FOLDER/good", "s3cret", NULL},
        {"file:FOLDER/lines", "a\nb", NULL},
        {"file:FOLDER/group", "s3cret", NULL},
        {"file:FOLDER/missing", NULL, "cannot open '"},
        {"file:FOLDER", NULL, "is no ordinary file"},
        {"file:", NULL, "cannot open ''"},
        {"file:FOLDER/empty", NULL, "gives an empty text"},
        {"file:FOLDER/white", NULL, "gives an empty text"},
        {"file:FOLDER/readable", NULL, "chmod o-rwx '"},
        {"file:FOLDER/writable", NULL, "chmod o-rwx '"},
        {"file:FOLDER/large", "", NULL},
        {"file:FOLDER/too-large", NULL, "longer than 65536 bytes"},
        {"exec:/bin/echo s3cret", "s3cret", NULL},
        {"exec:/bin/echo 's3 cret' $HOME", "s3 cret $HOME", NULL},
        {"exec:/bin/sh -c 'echo s3cret; exit 3'", NULL, "ended with status 3"},
        {"exec:/bin/sh -c 'kill -9 $$'", NULL, "ended with status 9"},
        {"exec:/bin/true", NULL, "gives an empty text"},
        {"exec:FOLDER/missing", NULL, "cannot start '"},
        {"exec:", NULL, "cannot start ''"},
        {"exec:/usr/bin/yes", NULL, "longer than 65536 bytes"},
    };
    char *large = apr_palloc(p, BASE_SECRET_MAX + 1);
    const char *secret;
    apr_size_t i;

    memset(large, 'x', BASE_SECRET_MAX + 1);
    write_file(p, "good", "s3cret\n", 7, 0600);
    write_file(p, "group", "s3cret \t\r\n\n", 11, 0640);
    write_file(p, "lines", "a\nb\n", 4, 0400);
    write_file(p, "empty", "", 0, 0600);
    write_file(p, "white", " \n", 2, 0600);
    write_file(p, "readable", "s3cret", 6, 0604);
    write_file(p, "writable", "s3cret", 6, 0602);
    write_file(p, "large", large, BASE_SECRET_MAX, 0600);
    write_file(p, "too-large", large, BASE_SECRET_MAX + 1, 0600);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem = read_it(p, cases[i].source, &secret);

        if (!ok(cases[i].problem ? problem && strstr(problem, cases[i].problem) != NULL
                                 : !problem,
                cases[i].source)) {
            printf("# %s\n", problem ? problem : "no problem");
        }
        ok(!problem || !strstr(problem, "s3cret") || strstr(cases[i].source, "s3cret"),
           "the secret is not shown");
        if (!problem && *cases[i].secret) {
            is_str(secret, cases[i].secret, "the secret");
        }
    }
    read_it(p, "file:FOLDER/large", &secret);
    is_int(strlen(secret), BASE_SECRET_MAX, "the longest");
}

static void test_inline(void)
{
    is_int(base_secret_is_inline("text"), 1, "text is inline");
    is_int(base_secret_is_inline("file:/x"), 0, "a file is not");
    is_int(base_secret_is_inline("exec:/x"), 0, "a program is not");
}

/* Both take 10 seconds, one because it writes now and then, one because it has closed
 * its output and lives on: run them side by side. */
static void test_slow(apr_pool_t *p)
{
    static const char *const sources[] = {
        "exec:/bin/sh -c 'while :; do echo x; sleep 1; done'",
        "exec:/bin/sh -c 'echo x; exec >&-; exec sleep 60'",
    };
    const apr_time_t begun = apr_time_now();
    int status = 0;
    const char *secret, *problem;
    pid_t pid;

    if ((pid = fork()) < 0) {
        printf("Bail out! no process\n");
        exit(1);
    }
    problem = read_it(p, sources[pid == 0], &secret);
    if (pid == 0) {
        _exit(problem && strstr(problem, "failed: ") ? 0 : 1);
    }
    ok(problem && strstr(problem, "failed: "), "a program that writes for ever");
    waitpid(pid, &status, 0);
    is_int(status, 0, "a program that never ends");
    ok(apr_time_now() - begun < apr_time_from_sec(15), "is killed after 10 seconds");
}

int main(void)
{
    static const char *const files[] = {"good",     "group",    "lines",
                                        "empty",    "white",    "large",
                                        "readable", "writable", "too-large"};
    apr_size_t i;
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    folder = mkdtemp(tap_temporary("scim-rc-secret-XXXXXX"));
    if (!folder) {
        printf("Bail out! no temporary folder\n");
        return 1;
    }
    test_inline();
    test_sources(p);
    test_slow(p);
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        unlink(path_of(p, files[i]));
    }
    rmdir(folder);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
