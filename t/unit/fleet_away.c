/* A Redis that goes and comes back, answers too late, in a wrong way or not at all, and
 * one that refuses: no call takes longer than its time, and it is said once. */
#include "fleet_redis.h"

#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <apr_thread_proc.h>

/* What a call may take at the most: connecting and a command, on a busy machine. */
#define PATIENCE apr_time_from_msec(2500)

static const base_budget_t budget = {"b", 1000000, 1000};

static apr_status_t take(const base_peers_t *peers)
{
    char claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;

    return peers->take(peers->ctx, &test_env, &budget, 0, claim, &wait);
}

static int is_here(const base_peers_t *peers)
{
    return peers->is_here(peers->ctx);
}

/* Waits until another attempt may be made. */
static void wait_due(const base_peers_t *peers)
{
    const apr_time_t end = fleet_clock() + apr_time_from_sec(40);

    while (!is_here(peers) && fleet_clock() < end) {
        apr_sleep(apr_time_from_msec(20));
    }
}

/* --- Gone and back ---------------------------------------------------------------- */

static void test_back(apr_pool_t *p)
{
    redis_t redis = redis_start(p, NULL, NULL);
    void *server = fleet_server(p);
    const base_peers_t *a = fleet_child(p, &redis, server);
    const base_peers_t *sister = fleet_child(p, &redis, server);
    const int away = fleet_log.lines[0], back = fleet_log.lines[1];
    apr_uint32_t epoch;
    apr_time_t begin;
    int i;

    ok(is_here(a), "before the first call it counts as here");
    is_int(take(a), APR_SUCCESS, "a call");
    is_int(fleet_log.lines[2], 1, "the first success is logged");
    take(sister);
    is_int(fleet_log.lines[2], 1, "once for all children");

    epoch = a->epoch(a->ctx);
    redis_kill(&redis);
    redis_run(&redis, p);
    is_int(take(a), APR_SUCCESS, "a restart between two calls is not even noticed");
    is_int(fleet_log.lines[0], away, "nor logged");
    ok(a->epoch(a->ctx) != epoch, "but it is another epoch");
    is_int(sister->epoch(sister->ctx), a->epoch(a->ctx), "for all children");
    epoch = a->epoch(a->ctx);

    redis_kill(&redis);
    is_int(take(a), APR_ENOTIMPL, "it is away");
    is_int(fleet_log.lines[0], away + 1, "that is logged");
    ok(strstr(fleet_log.last, "redis+unix://") && strstr(fleet_log.last, "40 percent"),
       "with where it should be, and the share");
    ok(!is_here(a) && !is_here(sister), "all children know");
    begin = fleet_clock();
    for (i = 0; i < 1000; i++) {
        take(sister);
    }
    ok(fleet_clock() - begin < apr_time_from_msec(200), "calls cost nothing then");
    is_int(fleet_log.lines[0], away + 1, "and are not logged");

    wait_due(a);
    is_int(take(a), APR_ENOTIMPL, "it is tried again");
    ok(!is_here(sister), "by one, for all");
    redis_run(&redis, p);
    wait_due(a);
    is_int(take(sister), APR_SUCCESS, "it is back");
    ok(is_here(a), "for all");
    ok(a->epoch(a->ctx) != epoch, "another epoch");
    is_int(fleet_log.lines[0], away + 1, "it went once");
    is_int(fleet_log.lines[1], back + 1, "and came once");
    is_int(take(a), APR_SUCCESS, "all is well");
    redis_end(&redis);
}

static void test_state(apr_pool_t *p)
{
    fleet_shared_t *shared = fleet_server(p);
    int probes, seconds;

    is_int(fleet_state_enter(shared, &probes), 1, "at the beginning it may be tried");
    is_int(probes, 0, "as always");
    is_int(fleet_state_bad(shared, 0, 0), 1, "one finds that it has gone");
    is_int(fleet_state_bad(shared, 0, 0), 0, "for the next one that is nothing new");
    is_int(fleet_state_enter(shared, &probes), 0, "it is left alone");
    is_int(shared->pause, 20, "for two seconds");
    shared->retry_at -= 20;
    is_int(fleet_state_enter(shared, &probes), 1, "then one may try");
    is_int(probes, 1, "and says how it went");
    is_int(fleet_state_enter(shared, &probes), 0, "while others wait");
    is_int(fleet_state_bad(shared, 1, 1), 0, "in vain");
    is_int(shared->pause, 40, "then the pause is longer");
    shared->retry_at -= 40;
    fleet_state_enter(shared, &probes);
    is_int(fleet_state_good(shared, 0, &seconds), 0, "an old success says nothing");
    is_int(fleet_state_good(shared, 1, &seconds), 1, "a new one does");
    is_int(fleet_state_good(shared, 1, &seconds), 0, "once");
    is_int(fleet_state_bad(shared, 0, 0), 0, "the end of an old connection is no loss");
    is_int(fleet_state_bad(shared, 0, 1), 1, "that of a new one is");
    is_int(shared->pause, 80, "who goes again so soon is not tried as eagerly");
    shared->pause = 290;
    fleet_state_bad(shared, 1, 2);
    fleet_state_bad(shared, 1, 2);
    is_int(shared->pause, 300, "but every half minute");
}

/* --- No answer -------------------------------------------------------------------- */

typedef struct waiter_t {
    const base_peers_t *peers;
    apr_status_t rv;
    apr_interval_time_t time;
} waiter_t;

static void *APR_THREAD_FUNC take_in_thread(apr_thread_t *thread, void *data)
{
    waiter_t *waiter = data;
    const apr_time_t begin = fleet_clock();

    waiter->rv = take(waiter->peers);
    waiter->time = fleet_clock() - begin;
    return NULL;
}

#define CROWD 24

static void test_paused(apr_pool_t *p)
{
    redis_t redis = redis_start(p, NULL, NULL);
    const base_peers_t *a = fleet_child(p, &redis, fleet_server(p));
    const int away = fleet_log.lines[0], back = fleet_log.lines[1];
    apr_interval_time_t longest = 0;
    apr_uint32_t epoch;
    waiter_t waiters[CROWD];
    apr_thread_t *threads[CROWD];
    apr_status_t rv;
    int i, refused = 0;

    take(a);
    epoch = a->epoch(a->ctx);
    kill(redis.pid, SIGSTOP);
    for (i = 0; i < CROWD; i++) {
        waiters[i] = (waiter_t){.peers = a};
        apr_thread_create(&threads[i], NULL, take_in_thread, &waiters[i], p);
    }
    for (i = 0; i < CROWD; i++) {
        apr_thread_join(&rv, threads[i]);
        refused += waiters[i].rv == APR_ENOTIMPL;
        longest = waiters[i].time > longest ? waiters[i].time : longest;
    }
    is_int(refused, CROWD, "nobody gets an answer from a Redis that sleeps");
    ok(longest < PATIENCE, "nobody waits for long");
    printf("# the longest wait: %d ms\n", (int)(longest / 1000));
    is_int(fleet_log.lines[0], away + 1, "one line for all");
    ok(!is_here(a), "it is away");
    kill(redis.pid, SIGCONT);
    wait_due(a);
    is_int(take(a), APR_SUCCESS, "it wakes up");
    is_int(fleet_log.lines[1], back + 1, "and is back");
    ok(a->epoch(a->ctx) != epoch, "another epoch: it may not have heard all");
    redis_end(&redis);
}

static void test_hear_paused(apr_pool_t *p)
{
    redis_t redis = redis_start(p, NULL, NULL);
    const base_peers_t *a = fleet_child(p, &redis, fleet_server(p));
    char since[BASE_NEWS_SIZE] = "";
    apr_array_header_t *news;
    const apr_interval_time_t wait = apr_time_from_msec(100);
    apr_time_t begin;
    int i;

    a->hear(a->ctx, &test_env, p, since, 10, wait, &news);
    kill(redis.pid, SIGSTOP);
    begin = fleet_clock();
    is_int(a->hear(a->ctx, &test_env, p, since, 10, wait, &news), APR_ENOTIMPL,
           "nothing is heard");
    ok(fleet_clock() - begin < PATIENCE, "in a short time");
    ok(is_here(a), "but an old connection that is silent proves nothing");
    kill(redis.pid, SIGCONT);
    wait_due(a);
    for (i = 0; i < 10 && a->hear(a->ctx, &test_env, p, since, 10, wait, &news); i++) {
        wait_due(a);
    }
    is_int(i, 0, "then it goes on at once where it was");
    redis_kill(&redis);
    is_int(a->hear(a->ctx, &test_env, p, since, 10, wait, &news), APR_ENOTIMPL,
           "nothing is heard of who is gone");
    ok(!is_here(a), "and that is known to all");
    redis_run(&redis, p);
    wait_due(a);
    is_int(a->hear(a->ctx, &test_env, p, since, 10, wait, &news), APR_EGENERAL,
           "then there is a gap");
    redis_end(&redis);
}

/* --- A Redis that refuses --------------------------------------------------------- */

static void refuses(apr_pool_t *p, const redis_t *redis, const char *login,
                    const char *why)
{
    const char *url = apr_pstrcat(p, "redis+unix://", login, redis->socket, NULL);
    const base_peers_t *a = fleet_child_at(p, url, fleet_server(p), SECRET);

    is_int(take(a), APR_ENOTIMPL, why);
    if (!ok(strstr(fleet_log.last, why) != NULL, "and the log says so")) {
        printf("#   got: %s\n", fleet_log.last);
    }
}

static void test_login(apr_pool_t *p)
{
    redis_t redis = redis_start(p, "--requirepass", "right");
    const char *url = apr_pstrcat(p, "redis+unix://:right@", redis.socket, NULL);
    const base_peers_t *a = fleet_child_at(p, url, fleet_server(p), SECRET);

    is_int(take(a), APR_SUCCESS, "with the password");
    url = apr_pstrcat(p, "redis+unix://default:right@", redis.socket, "?db=3", NULL);
    a = fleet_child_at(p, url, fleet_server(p), SECRET);
    is_int(take(a), APR_SUCCESS, "with user, password and database");
    refuses(p, &redis, "", "it asks for a password, and the URL has none");
    refuses(p, &redis, ":wrong-one@", "it refuses the user or the password of the URL");
    ok(!strstr(fleet_log.all, "wrong-one") && !strstr(fleet_log.all, "right@"),
       "no password in the log");
    redis_end(&redis);
}

static void test_no_writing(apr_pool_t *p)
{
    redis_t redis = redis_start(p, "--maxmemory", "1");
    const char *url;

    refuses(p, &redis, "", "it has no memory left (maxmemory)");
    redis_ask(&redis, p, 4, "CONFIG", "SET", "maxmemory", "0");
    redis_ask(&redis, p, 7, "ACL", "SETUSER", "ada", "on", ">pw", "~*", "+@all");
    url = apr_pstrcat(p, "redis+unix://ada:pw@", redis.socket, NULL);
    is_int(take(fleet_child_at(p, url, fleet_server(p), SECRET)), APR_SUCCESS,
           "a user of its own");
    redis_ask(&redis, p, 4, "ACL", "SETUSER", "ada", "-@write");
    refuses(p, &redis, "ada:pw@", "its user lacks a permission");
    redis_ask(&redis, p, 3, "REPLICAOF", "127.0.0.1", "1");
    refuses(p, &redis, "", "it is a replica; the URL must name the primary");
    url = apr_pstrcat(p, "redis+unix://", redis.socket, "?db=99", NULL);
    ok(take(fleet_child_at(p, url, fleet_server(p), SECRET)) == APR_ENOTIMPL &&
           strstr(fleet_log.last, "it has no database of that number"),
       "a database that is not there");
    redis_end(&redis);
}

static void test_becomes_replica(apr_pool_t *p)
{
    redis_t redis = redis_start(p, NULL, NULL);
    const base_peers_t *a = fleet_child(p, &redis, fleet_server(p));
    const int away = fleet_log.lines[0];

    take(a);
    redis_ask(&redis, p, 2, "SCRIPT", "FLUSH");
    is_int(take(a), APR_SUCCESS, "a Redis that has forgotten the scripts learns them");
    redis_ask(&redis, p, 3, "REPLICAOF", "127.0.0.1", "1");
    is_int(take(a), APR_ENOTIMPL, "one that takes no writes any more");
    is_int(fleet_log.lines[0], away + 1, "is away");
    ok(strstr(fleet_log.last, "it is a replica") != NULL, "for that reason");
    wait_due(a);
    is_int(take(a), APR_ENOTIMPL, "and does not come back");
    is_int(fleet_log.lines[0], away + 1, "only to go again");
    redis_ask(&redis, p, 3, "REPLICAOF", "NO", "ONE");
    wait_due(a);
    is_int(take(a), APR_SUCCESS, "until it takes them");
    redis_end(&redis);
}

static void test_nobody(apr_pool_t *p)
{
    const base_peers_t *a =
        fleet_child_at(p, "redis://no-such-host.invalid", fleet_server(p), SECRET);

    is_int(take(a), APR_ENOTIMPL, "a host that has no address");
    ok(strstr(fleet_log.last, "redis://no-such-host.invalid:6379 cannot be used") !=
           NULL,
       "is named");
    a = fleet_child_at(p, "redis://127.0.0.1:1", fleet_server(p), SECRET);
    is_int(take(a), APR_ENOTIMPL, "a port where nobody listens");
    ok(strstr(fleet_log.last, "Connection refused") != NULL, "is said to be one");
}

/* --- Somebody who is no Redis ----------------------------------------------------- */

/* Answers each connection with `text`, byte by byte when it is slow, as often as asked.
 */
static pid_t fake_start(const char *path, const char *text, int times, int is_slow)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    pid_t pid;

    apr_cpystrn(at.sun_path, path, sizeof at.sun_path);
    unlink(path);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(listener, 10) != 0) {
        printf("Bail out! cannot listen on %s\n", path);
        exit(1);
    }
    pid = fork();
    while (pid == 0) {
        int i, k, fd = accept(listener, NULL, NULL);

        for (i = 0; i < times; i++) {
            for (k = 0; text[k]; k += is_slow ? 1 : (int)strlen(text)) {
                if (send(fd, text + k, is_slow ? 1 : strlen(text), MSG_NOSIGNAL) < 0) {
                    break;
                }
                if (is_slow) {
                    usleep(50000);
                }
            }
        }
        if (times) {
            char rest[4096];

            while (recv(fd, rest, sizeof rest, 0) > 0) {
            }
        }
        close(fd);
    }
    close(listener);
    return pid;
}

#define FLOOD                                                                          \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_strangers(apr_pool_t *p)
{
    static const struct {
        const char *what, *text;
        int times, is_slow;
        const char *why;
    } cases[] = {
        {"who hangs up", "", 0, 0, "ended the connection"},
        {"who says nothing", "", 1, 0, "no answer came in time"},
        {"a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", 1, 0, "makes no sense"},
        {"nonsense", "\x01\x02\xff\xfe\r\n", 3, 0, "makes no sense"},
        {"who speaks slowly", "+OK and so on and so on and so on and so on", 3, 1,
         "in time"},
        {"who never ends", "+" FLOOD FLOOD FLOOD FLOOD, 1000000, 0,
         "did not end in time"},
        {"an error with control characters", "-ERR \x1b[31mred\r\n", 3, 0,
         "it refuses to work (ERR ?[31mred)"},
        {"lists in lists",
         "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", 9, 0,
         "makes no sense"},
        {"a length below nothing", "$-5\r\n", 3, 0, "makes no sense"},
        {"a string without end", "$999999999\r\nabc", 1, 0, "no answer came in time"},
        {"half a list", "*2\r\n:1\r\n", 1, 0, "no answer came in time"},
        {"a wrong type in time", "+OK\r\n", 5, 0, "makes no sense"},
        {"a number in place of text", ":5\r\n", 2, 0, "no answer came in time"},
        {"a cluster", "-MOVED 1234 10.0.0.1:6379\r\n", 2, 0, "it is part of a cluster"},
        {"who is loading", "-LOADING Redis is loading\r\n", 2, 0, "still loading"},
        {"who is too old", "-ERR unknown command 'EVAL'\r\n", 2, 0, "Redis 5 or later"},
    };
    char path[200];
    unsigned i;

    apr_snprintf(path, sizeof path, "%s", tap_temporary("scim-rc-fake"));
    apr_snprintf(path + strlen(path), 20, "-%d", (int)getpid());
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t pid = fake_start(path, cases[i].text, cases[i].times, cases[i].is_slow);
        const base_peers_t *a = fleet_child_at(
            p, apr_pstrcat(p, "redis+unix://", path, NULL), fleet_server(p), SECRET);
        const apr_time_t begin = fleet_clock();

        is_int(take(a), APR_ENOTIMPL, cases[i].what);
        ok(fleet_clock() - begin < PATIENCE, "is given up in time");
        if (!ok(strstr(fleet_log.last, cases[i].why) != NULL, cases[i].why)) {
            printf("#   got: %s\n", fleet_log.last);
        }
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    unlink(path);
}

/* --- Somebody who repeats what he was sent ---------------------------------------- */

#define PASSWORD "S3cr3t-word"

static void test_repeaters(apr_pool_t *p)
{
    static const struct {
        const char *what, *text, *why;
    } cases[] = {
        {"without AUTH",
         "-ERR unknown command 'AUTH', with args beginning with: '" PASSWORD "' \r\n",
         "it knows no AUTH; the URL must have no password (ERR unknown command "
         "'AUTH')"},
        {"without AUTH, and old",
         "-ERR unknown command `AUTH`, with args beginning with: `" PASSWORD "`, \r\n",
         "it knows no AUTH; the URL must have no password (ERR unknown command "
         "`AUTH`)"},
        {"a proxy that repeats half of it", "-ERR what is AUTH S3cr3t...?\r\n",
         "it refuses to work (in words not repeated here)"},
        {"who greets", "+OK\r\n-ERR what is AUTH " PASSWORD "?\r\n",
         "it refuses to work (in words not repeated here)"},
        {"another command",
         "+OK\r\n-ERR unknown command 'EVAL', with args beginning with: 'x' \r\n",
         "Redis 5 or later (ERR unknown command 'EVAL')"},
        {"a permission", "+OK\r\n-NOPERM for ada: 'eval'\r\n",
         "its user lacks a permission (NOPERM for ada: 'eval')"},
    };
    char path[200];
    unsigned i;

    apr_snprintf(path, sizeof path, "%s", tap_temporary("scim-rc-repeater"));
    apr_snprintf(path + strlen(path), 20, "-%d", (int)getpid());
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t pid = fake_start(path, cases[i].text, 1, 0);
        const char *url = apr_pstrcat(p, "redis+unix://:" PASSWORD "@", path, NULL);
        const base_peers_t *a = fleet_child_at(p, url, fleet_server(p), SECRET);

        is_int(take(a), APR_ENOTIMPL, cases[i].what);
        if (!ok(strstr(fleet_log.last, cases[i].why) != NULL, cases[i].why)) {
            printf("#   got: %s\n", fleet_log.last);
        }
        ok(!strstr(fleet_log.last, "S3cr3t"), "and no password");
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    unlink(path);
}

/* --- A number beyond measure ------------------------------------------------------ */

static void test_number(apr_pool_t *p)
{
    static const char text[] =
        "+OK\r\n+OK\r\n*2\r\n:9223372036854775807\r\n$1\r\n1\r\n";
    char path[200], claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait = 0;
    const base_peers_t *a;
    pid_t pid;

    apr_snprintf(path, sizeof path, "%s", tap_temporary("scim-rc-number"));
    apr_snprintf(path + strlen(path), 20, "-%d", (int)getpid());
    pid = fake_start(path, text, 1, 0);
    a = fleet_child_at(p, apr_pstrcat(p, "redis+unix://", path, NULL), fleet_server(p),
                       SECRET);
    is_int(a->take(a->ctx, &test_env, &budget, 0, claim, &wait), APR_EAGAIN,
           "who says to come again after the end of time");
    is_int(wait, apr_time_from_sec(86400), "is asked again after a day");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(path);
}

/* --- Passwords in memory ---------------------------------------------------------- */

static int n_freed, n_left;

/* In place of the library's: what a command leaves behind. */
void redisFreeCommand(char *command)
{
    const size_t len = malloc_usable_size(command);
    size_t i;

    n_freed++;
    for (i = 0; i + 11 <= len; i++) {
        n_left += !memcmp(command + i, "forgettable", 11);
    }
    free(command);
}

static void test_cleared(apr_pool_t *p)
{
    redis_t redis = redis_start(p, "--requirepass", "forgettable");
    const char *url = apr_pstrcat(p, "redis+unix://:forgettable@", redis.socket, NULL);
    const base_peers_t *a = fleet_child_at(p, url, fleet_server(p), SECRET);
    const int before = n_freed;

    is_int(take(a), APR_SUCCESS, "with a password");
    ok(n_freed > before, "commands were freed");
    is_int(n_left, 0, "no password was left in them");
    redis_end(&redis);
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_back(p);
    test_state(p);
    test_paused(p);
    test_hear_paused(p);
    test_login(p);
    test_no_writing(p);
    test_becomes_replica(p);
    test_nobody(p);
    test_strangers(p);
    test_repeaters(p);
    test_number(p);
    test_cleared(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
