/* A private redis-server on a unix socket, without persistence, and gateways that share
 * through it: for the tests of the fleet. */
#ifndef T_FLEET_REDIS_H
#define T_FLEET_REDIS_H

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "fleet_peers.h"
#include "fleet_state.h"
#include "fleet_wire.h"
#include "tap.h"

typedef struct redis_t {
    char dir[200], socket[230];
    const char *extra; /* further arguments of the program: two words, or NULL */
    const char *value;
    pid_t pid;
} redis_t;

/* --- The server ------------------------------------------------------------------- */

static inline const char *redis_program(apr_pool_t *p)
{
    static const char *const names[] = {"redis-server", "valkey-server"};
    const char *named = getenv("REDIS_SERVER");
    char *path = apr_pstrdup(p, getenv("PATH")), *state, *folder;
    unsigned i;

    if (named && *named) {
        return access(named, X_OK) == 0 ? named : NULL;
    }
    for (folder = apr_strtok(path, ":", &state); folder;
         folder = apr_strtok(NULL, ":", &state)) {
        for (i = 0; i < 2; i++) {
            const char *program = apr_pstrcat(p, folder, "/", names[i], NULL);

            if (access(program, X_OK) == 0) {
                return program;
            }
        }
    }
    return NULL;
}

static inline apr_status_t redis_forget(void *reply)
{
    freeReplyObject(reply);
    return APR_SUCCESS;
}

/* What the server answers, in the pool; or NULL when there is none. */
static inline redisReply *redis_ask(const redis_t *redis, apr_pool_t *p, int n, ...)
{
    const struct timeval limit = {5, 0};
    redisContext *context = redisConnectUnixWithTimeout(redis->socket, limit);
    const char *words[10];
    redisReply *reply = NULL;
    va_list list;
    int i;

    va_start(list, n);
    for (i = 0; i < n; i++) {
        words[i] = va_arg(list, const char *);
    }
    va_end(list);
    if (context && !context->err && redisSetTimeout(context, limit) == REDIS_OK) {
        reply = redisCommandArgv(context, n, words, NULL);
    }
    if (context) {
        redisFree(context);
    }
    if (reply) {
        apr_pool_cleanup_register(p, reply, redis_forget, apr_pool_cleanup_null);
    }
    return reply;
}

static inline int redis_is_up(const redis_t *redis, apr_pool_t *p)
{
    const redisReply *reply = redis_ask(redis, p, 1, "PING");

    return reply &&
           (reply->type != REDIS_REPLY_ERROR || !strncmp(reply->str, "NOAUTH", 6));
}

static inline void redis_run(redis_t *redis, apr_pool_t *p)
{
    const char *program = redis_program(p);
    int i;

    redis->pid = fork();
    if (redis->pid == 0) {
        const char *argv[] = {"redis-server",
                              "--port",
                              "0",
                              "--unixsocket",
                              redis->socket,
                              "--dir",
                              redis->dir,
                              "--save",
                              "",
                              "--appendonly",
                              "no",
                              "--logfile",
                              "redis.log",
                              redis->extra,
                              redis->value,
                              NULL};

        unsetenv("LD_PRELOAD");
        execv(program, (char *const *)argv);
        _exit(127);
    }
    for (i = 0; i < 2000 && !redis_is_up(redis, p); i++) {
        if (waitpid(redis->pid, NULL, WNOHANG) != 0) {
            break;
        }
        usleep(10000);
    }
    if (!redis_is_up(redis, p)) {
        printf("Bail out! redis-server does not start in %s\n", redis->dir);
        exit(1);
    }
}

/* As a crash: what it knew is lost. */
static inline void redis_kill(redis_t *redis)
{
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, NULL, 0);
    unlink(redis->socket);
}

/* Ends the test well where there is no redis-server. */
static inline redis_t redis_start(apr_pool_t *p, const char *extra, const char *value)
{
    redis_t redis = {.extra = extra, .value = value};

    if (!redis_program(p)) {
        printf("1..0 # SKIP no redis-server on this machine\n");
        exit(0);
    }
    apr_snprintf(redis.dir, sizeof redis.dir, "%s",
                 tap_temporary("scim-rc-redis-XXXXXX"));
    if (!mkdtemp(redis.dir)) {
        printf("Bail out! no temporary folder\n");
        exit(1);
    }
    apr_snprintf(redis.socket, sizeof redis.socket, "%s/s", redis.dir);
    redis_run(&redis, p);
    return redis;
}

static inline void redis_end(redis_t *redis)
{
    char path[260];

    redis_kill(redis);
    apr_snprintf(path, sizeof path, "%s/redis.log", redis->dir);
    unlink(path);
    rmdir(redis->dir);
}

/* --- Gateways --------------------------------------------------------------------- */

typedef struct log_t {
    int lines[5]; /* of SCIMRC0500 to SCIMRC0504 */
    char last[2000], all[20000];
    int hurries; /* sleeping ends at once */
} log_t;

static log_t fleet_log;

static inline apr_time_t test_now(void *ctx)
{
    return apr_time_now();
}

static inline apr_status_t test_sleep(void *ctx, apr_interval_time_t t)
{
    apr_sleep(t);
    return fleet_log.hurries ? APR_EINTR : APR_SUCCESS;
}

static inline void test_log(void *ctx, base_log_level_t level, apr_status_t rv,
                            const char *line)
{
    size_t used = strlen(fleet_log.all);

    if (level == BASE_LOG_DEBUG) {
        return;
    }
    if (!strncmp(line, "SCIMRC050", 9) && line[9] >= '0' && line[9] <= '4') {
        __atomic_add_fetch(&fleet_log.lines[line[9] - '0'], 1, __ATOMIC_SEQ_CST);
    }
    apr_snprintf(fleet_log.last, sizeof fleet_log.last, "%s", line);
    apr_snprintf(fleet_log.all + used, sizeof fleet_log.all - used, "%s\n", line);
}

static const base_env_t test_env = {NULL, test_now, test_sleep, test_log};

#define SECRET "the-secret-of-the-app"

/* A server among the gateways; its children are what fleet_child() opens. */
static inline void *fleet_server(apr_pool_t *p)
{
    void *memory = apr_palloc(p, fleet_shared_size());

    if (fleet_shared_init(memory, NULL) != APR_SUCCESS) {
        printf("Bail out! no random bytes\n");
        exit(1);
    }
    return memory;
}

static inline const base_peers_t *fleet_child_at(apr_pool_t *p, const char *url,
                                                 void *memory, const char *secret)
{
    fleet_address_t *address = apr_palloc(p, sizeof *address);
    fleet_conf_t *conf = apr_palloc(p, sizeof *conf);
    const base_peers_t *peers = NULL;
    const char *wrong = fleet_address_parse(p, url, address);

    *conf = (fleet_conf_t){"account 'x'", address, 40, "test:{scope}", secret};
    if (wrong || fleet_open(&peers, p, conf, memory) != APR_SUCCESS) {
        printf("Bail out! cannot open %s: %s\n", url, wrong ? wrong : "no peers");
        exit(1);
    }
    fleet_shared_settle(memory, address);
    return peers;
}

static inline const base_peers_t *fleet_child(apr_pool_t *p, const redis_t *redis,
                                              void *memory)
{
    return fleet_child_at(p, apr_pstrcat(p, "redis+unix://", redis->socket, NULL),
                          memory, SECRET);
}

/* --- A whole test ----------------------------------------------------------------- */

typedef void fleet_test_t(apr_pool_t *p, redis_t *redis);

/* What main() does where one Redis is there all the time. */
static inline int fleet_main(fleet_test_t *const *tests, int n)
{
    apr_pool_t *p;
    redis_t redis;
    int i;

    apr_initialize();
    apr_pool_create(&p, NULL);
    redis = redis_start(p, NULL, NULL);
    for (i = 0; i < n; i++) {
        tests[i](p, &redis);
    }
    is_int(fleet_log.lines[0], 0, "the Redis was there all the time");
    apr_pool_destroy(p);
    redis_end(&redis);
    apr_terminate();
    return done_testing();
}

#endif
