/* The file of hashed tokens: what is valid, who is let in, when it is read again. */
#include "auth_token.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "auth_scope.h"
#include "base_str.h"
#include "base_time.h"
#include "tap.h"

static apr_time_t clock_now;
static char last_line[2048];
static int lines;

static apr_time_t test_now(void *ctx)
{
    return clock_now;
}

static apr_status_t test_sleep(void *ctx, apr_interval_time_t t)
{
    return APR_SUCCESS;
}

static void test_write(void *ctx, base_log_level_t level, apr_status_t rv,
                       const char *line)
{
    apr_cpystrn(last_line, line, sizeof last_line);
    lines++;
}

static const base_env_t env = {NULL, test_now, test_sleep, test_write};

static int logged(const char *text)
{
    int found = strstr(last_line, text) != NULL;

    *last_line = '\0';
    lines = 0;
    return found;
}

static const char *hash_of(apr_pool_t *p, const char *token)
{
    return base_sha256_hex(p, token, strlen(token));
}

/* Puts a new file in the place of the old one. */
static void write_file(apr_pool_t *p, const char *path, const char *text,
                       apr_size_t len)
{
    const char *temp = apr_pstrcat(p, path, ".new", NULL);
    apr_file_t *file;

    if (apr_file_open(&file, temp,
                      APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                      APR_FPROT_UREAD | APR_FPROT_UWRITE, p) != APR_SUCCESS ||
        apr_file_write_full(file, text, len, NULL) != APR_SUCCESS) {
        printf("Bail out! cannot write %s\n", temp);
        exit(1);
    }
    apr_file_close(file);
    rename(temp, path);
}

static void write_text(apr_pool_t *p, const char *path, const char *text)
{
    write_file(p, path, text, strlen(text));
}

#define HASH                                                                           \
    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae" /* foo */
#define HASH2                                                                          \
    "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9" /* bar */
#define UPPER "2C26B46B68FFC68FF99B453C1D30413413422D706483BFA0F98A5E886266E7AE"
#define LONG_NAME "a123456789b123456789c123456789d123456789e123456789f123456789g123"

static void test_forms(apr_pool_t *p, const char *path)
{
    static const struct {
        const char *text, *problem; /* NULL: valid */
    } cases[] = {
        {"", NULL},
        {"# nothing\n\n  # more\n", NULL},
        {"ann:" HASH "\n", NULL},
        {"ann:" HASH ":\n", NULL},
        {"ann:" HASH "::", NULL},
        {"ann:" UPPER ":read:2027-01-31\n", NULL},
        {"ann:" HASH ":read,write:2027-01-31T08:00:00Z\n", NULL},
        {"ann:" HASH "::2027-01-31T08:00:00+02:00\r\n", NULL},
        {"  ann : " HASH " : read : 2027-01-31 \n", NULL},
        {"A.b_c@d-9:" HASH "\nann:" HASH2 "\n", NULL},
        {LONG_NAME ":" HASH "\n", NULL},
        {"x" LONG_NAME ":" HASH "\n", "line 1: the name before"},
        {"#\nsecret-token\n",
         "line 2: it is not of the form name:sha256:scopes:expiry"},
        {":" HASH "\n", "line 1: the name before the first ':'"},
        {"a b:" HASH "\n", "line 1: the name before the first ':'"},
        {"ann:secret-token\n", "line 1: what follows the name is not the SHA-256"},
        {"ann:" HASH "0\n", "line 1: what follows the name is not the SHA-256"},
        {"ann:" HASH ":raed\n",
         "line 1: there is no scope 'raed'; the scopes are: read"},
        {"ann:" HASH "::tomorrow\n", "line 1: 'tomorrow' is no time; write it as 2027"},
        {"ann:" HASH "::2027-02-30\n", "line 1: '2027-02-30' is no time"},
        {"ann:" HASH ":read:2027-01-31:x\n", "line 1: '2027-01-31:x' is no time"},
        {"ann:" HASH "\n\nann:" HASH2 "\n", "line 3: it has the name of line 1 once"},
        {"ann:" HASH "\nbob:" UPPER "\n", "line 2: it has the token of line 1 once"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem;

        write_text(p, path, cases[i].text);
        problem = auth_tokens_check(p, path);
        if (!ok(cases[i].problem ? problem && strstr(problem, cases[i].problem) != NULL
                                 : !problem,
                cases[i].problem ? cases[i].problem : "valid")) {
            printf("# %s: %s\n", cases[i].text, problem ? problem : "valid");
        }
        ok(!problem || !strstr(problem, "secret-token"), "shows no secret");
    }
}

static void test_files(apr_pool_t *p, const char *path)
{
    const char *problem;
    char *big = apr_palloc(p, (1 << 20) + 1);

    unlink(path);
    problem = auth_tokens_check(p, path);
    ok(problem && strstr(problem, "cannot read"), "no file");
    problem = auth_tokens_check(p, "/");
    ok(problem && strstr(problem, "is not a file"), "a folder");
    mkfifo(path, 0600);
    problem = auth_tokens_check(p, path);
    ok(problem && strstr(problem, "is not a file"), "a pipe that nobody writes to");
    unlink(path);
    memset(big, '#', (1 << 20) + 1);
    write_file(p, path, big, 1 << 20);
    is_str(auth_tokens_check(p, path), NULL, "the largest file");
    write_file(p, path, big, (1 << 20) + 1);
    problem = auth_tokens_check(p, path);
    ok(problem && strstr(problem, "larger than 1048576 bytes"), "too large a file");
    write_file(p, path, "#\n\0x", 4);
    problem = auth_tokens_check(p, path);
    ok(problem && strstr(problem, "no text"), "a NUL in the file");
    write_text(p, path, "ann:" HASH "\n");
    chmod(path, 0604);
    problem = auth_tokens_check(p, path);
    ok(problem && strstr(problem, "chmod o-rw '"), "everybody may read it");
    chmod(path, 0602);
    ok(auth_tokens_check(p, path) != NULL, "everybody may write it");
    chmod(path, 0640);
    is_str(auth_tokens_check(p, path), NULL, "the group may read it");
}

static auth_verdict_t verify(auth_tokens_t *tokens, apr_pool_t *p, const char *token,
                             auth_identity_t *who)
{
    clock_now += apr_time_from_sec(2);
    return auth_tokens_verify(tokens, p, token, &env, who);
}

static void test_verdicts(apr_pool_t *p, const char *path)
{
    static const struct {
        const char *token;
        auth_verdict_t want;
        const char *name;
        unsigned scopes;
    } cases[] = {
        {"alpha", AUTH_OK, "ann", AUTH_SCOPE_ALL},
        {"beta", AUTH_OK, "bob", AUTH_SCOPE_READ},
        {"gamma", AUTH_OK, "cy", AUTH_SCOPE_ALL},
        {"delta", AUTH_EXPIRED, "dee", AUTH_SCOPE_ALL},
        {"epsilon", AUTH_EXPIRED, "eve", AUTH_SCOPE_ALL},
        {"alph", AUTH_UNKNOWN, NULL, 0},
        {"alpha ", AUTH_UNKNOWN, NULL, 0},
        {"ALPHA", AUTH_UNKNOWN, NULL, 0},
        {"", AUTH_UNKNOWN, NULL, 0},
        {NULL, AUTH_UNKNOWN, NULL, 0},
    };
    char *longest = apr_pcalloc(p, 4097), *too_long = apr_pcalloc(p, 4098);
    auth_tokens_t *tokens;
    apr_size_t i;

    memset(longest, 't', 4096);
    memset(too_long, 't', 4097);
    base_time_parse("2027-01-30T23:59:00Z", &clock_now);
    write_text(p, path,
               apr_pstrcat(p, "ann:", hash_of(p, "alpha"), "\nbob:", hash_of(p, "beta"),
                           ":read:2027-01-31\n#\ncy:", hash_of(p, "gamma"),
                           ":write:\ndee:", hash_of(p, "delta"),
                           "::2027-01-30\neve:", hash_of(p, "epsilon"),
                           "::1970-01-01\nempty:", hash_of(p, ""),
                           "\nlong:", hash_of(p, longest), "\nlonger:",
                           base_sha256_hex(p, too_long, 4097), "\n", NULL));
    tokens = auth_tokens_create(p, path);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        auth_identity_t who = {NULL, 0, 0};

        is_int(verify(tokens, p, cases[i].token, &who), cases[i].want,
               cases[i].token ? cases[i].token : "NULL");
        is_str(who.name, cases[i].name, "its name");
        is_int(who.scopes, cases[i].scopes, "its scopes");
    }
    {
        auth_identity_t who = {NULL, 0, 0};

        is_int(verify(tokens, p, longest, &who), AUTH_OK, "4,096 bytes");
        is_int(verify(tokens, p, too_long, &who), AUTH_UNKNOWN, "4,097 bytes");
        base_time_parse("2027-01-31", &clock_now);
        is_int(verify(tokens, p, "beta", &who), AUTH_EXPIRED, "from that day on");
    }
}

static void test_changes(apr_pool_t *p, const char *path)
{
    const char *first = apr_pstrcat(p, "ann:", hash_of(p, "one"), "\n", NULL);
    const char *second = apr_pstrcat(p, "ann:", hash_of(p, "two"), "\n", NULL);
    auth_identity_t who;
    auth_tokens_t *tokens;

    unlink(path);
    logged("");
    tokens = auth_tokens_create(p, path);
    is_int(verify(tokens, p, "one", &who), AUTH_BROKEN, "no file, nobody is let in");
    ok(logged("SCIMRC0400"), "which is logged");
    verify(tokens, p, "one", &who);
    is_int(lines, 0, "once");
    write_text(p, path, first);
    is_int(verify(tokens, p, "one", &who), AUTH_OK, "the file comes");
    ok(logged("SCIMRC0402: read 1 tokens"), "which is logged");

    write_text(p, path, second);
    clock_now += apr_time_from_msec(900);
    is_int(auth_tokens_verify(tokens, p, "one", &env, &who), AUTH_OK,
           "within a second it is not looked at");
    is_int(verify(tokens, p, "one", &who), AUTH_UNKNOWN, "then the old token is out");
    is_int(verify(tokens, p, "two", &who), AUTH_OK, "and the new one in");

    logged("");
    write_text(p, path, "ann:nonsense\n");
    is_int(verify(tokens, p, "two", &who), AUTH_OK, "an invalid file changes nothing");
    ok(logged("SCIMRC0401"), "and is logged");
    verify(tokens, p, "two", &who);
    is_int(lines, 0, "once");
    write_text(p, path, first);
    is_int(verify(tokens, p, "one", &who), AUTH_OK, "a valid one does");
    chmod(path, 0644);
    is_int(verify(tokens, p, "one", &who), AUTH_OK, "opened to everybody: goes on");
    ok(logged("SCIMRC0401"), "with a complaint");

    unlink(path);
    is_int(verify(tokens, p, "one", &who), AUTH_BROKEN, "the file is gone: nobody");
    ok(logged("SCIMRC0400"), "which is logged");
    write_text(p, path, "ann:nonsense\n");
    is_int(verify(tokens, p, "one", &who), AUTH_BROKEN, "nor by what was long ago");
    clock_now -= apr_time_from_sec(3600);
    write_text(p, path, first);
    is_int(verify(tokens, p, "one", &who), AUTH_OK, "a clock that was set back");
}

#define THREADS 4

typedef struct worker_t {
    auth_tokens_t *tokens;
    int wrong;
} worker_t;

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *data)
{
    worker_t *w = data;
    auth_identity_t who;
    apr_pool_t *p;
    int i;

    apr_pool_create(&p, NULL);
    for (i = 0; i < 2000; i++) {
        w->wrong += auth_tokens_verify(w->tokens, p, "one", &env, &who) != AUTH_OK ||
                    strcmp(who.name, "ann") != 0;
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return NULL;
}

static void test_threads(apr_pool_t *p, const char *path)
{
    apr_thread_t *threads[THREADS];
    worker_t workers[THREADS];
    auth_tokens_t *tokens = auth_tokens_create(p, path);
    apr_status_t rv;
    int i, wrong = 0;

    write_text(p, path, apr_pstrcat(p, "ann:", hash_of(p, "one"), "\n", NULL));
    for (i = 0; i < THREADS; i++) {
        workers[i].tokens = tokens;
        workers[i].wrong = 0;
        apr_thread_create(&threads[i], NULL, work, &workers[i], p);
    }
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&rv, threads[i]);
        wrong += workers[i].wrong;
    }
    is_int(wrong, 0, "several threads at once");
}

int main(void)
{
    char *folder = tap_temporary("scim-rc-auth-XXXXXX");
    const char *path;
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    if (!mkdtemp(folder)) {
        printf("Bail out! no temporary folder\n");
        return 1;
    }
    path = apr_pstrcat(p, folder, "/tokens", NULL);
    test_forms(p, path);
    test_files(p, path);
    test_verdicts(p, path);
    test_changes(p, path);
    test_threads(p, path);
    unlink(path);
    rmdir(folder);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
