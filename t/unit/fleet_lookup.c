/* Where a Redis is, with a resolver that takes its time: nobody waits for long. */
#include "fleet_redis.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>

#include "fleet_link.h"

#define PATIENCE apr_time_from_msec(1500)

/* --- The resolver, in place of the system's --------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int is_shut, error_now, asked, answered; /* of names */
static const char *socket_now;                  /* where all names lead to */

static void set(int *what, int value)
{
    pthread_mutex_lock(&mutex);
    *what = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static int get(const int *what)
{
    int value;

    pthread_mutex_lock(&mutex);
    value = *what;
    pthread_mutex_unlock(&mutex);
    return value;
}

static void wait_answered(int n)
{
    pthread_mutex_lock(&mutex);
    while (answered < n) {
        pthread_cond_wait(&changed, &mutex);
    }
    pthread_mutex_unlock(&mutex);
}

static struct addrinfo *make_answer(const void *address, socklen_t len, int next)
{
    struct addrinfo *one = calloc(1, sizeof *one);

    one->ai_addr = malloc(len);
    memcpy(one->ai_addr, address, len);
    one->ai_addrlen = len;
    one->ai_next = next ? make_answer(address, len, next - 1) : NULL;
    return one;
}

static int resolve_name(struct addrinfo **answer)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int error;

    pthread_mutex_lock(&mutex);
    asked++;
    pthread_cond_broadcast(&changed);
    while (is_shut) {
        pthread_cond_wait(&changed, &mutex);
    }
    error = error_now;
    apr_cpystrn(at.sun_path, socket_now, sizeof at.sun_path);
    answered++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    if (!error) {
        *answer = make_answer(&at, sizeof at, 6);
    }
    return error;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET};

    if (!(hints->ai_flags & AI_NUMERICHOST)) {
        return resolve_name(answer);
    }
    if (!inet_aton(node, &at.sin_addr)) {
        return EAI_NONAME;
    }
    at.sin_port = htons((unsigned short)apr_atoi64(service));
    *answer = make_answer(&at, sizeof at, 0);
    return 0;
}

void freeaddrinfo(struct addrinfo *answer)
{
    if (answer) {
        freeaddrinfo(answer->ai_next);
        free(answer->ai_addr);
        free(answer);
    }
}

/* --- Lookups ---------------------------------------------------------------------- */

static fleet_address_t address_of(apr_pool_t *p, const char *url)
{
    fleet_address_t address;

    ok(!fleet_address_parse(p, url, &address), url);
    return address;
}

static void test_places(apr_pool_t *p)
{
    fleet_address_t address = address_of(p, "redis://127.0.0.2:4711");
    fleet_place_t places[FLEET_PLACES];
    fleet_lookup_t *lookup = NULL;
    const char *why = NULL;
    char text[INET_ADDRSTRLEN];

    set(&is_shut, 1);
    is_int(fleet_lookup(&lookup, &address, 0, places, &why), 1, "has one place");
    is_str(inet_ntop(AF_INET, &places[0].at.v4.sin_addr, text, sizeof text),
           "127.0.0.2", "that address");
    is_int(ntohs(places[0].at.v4.sin_port), 4711, "and port");
    address = address_of(p, "redis+unix:///run/s");
    is_int(fleet_lookup(&lookup, &address, 0, places, &why), 1, "has one place, too");
    is_str(places[0].at.local.sun_path, "/run/s", "that path");
    ok(!lookup && !get(&asked), "and nobody is asked for either");
    set(&is_shut, 0);
    address = address_of(p, "redis://redis.test");
    is_int(fleet_lookup(&lookup, &address, fleet_clock() + PATIENCE, places, &why),
           FLEET_PLACES, "a name may have several");
    is_str(places[FLEET_PLACES - 1].at.local.sun_path, socket_now, "all of them");
    ok(!lookup, "and then nothing is under way");
}

static void test_slow(apr_pool_t *p)
{
    const fleet_address_t address = address_of(p, "redis://redis.test");
    const apr_time_t begin = fleet_clock();
    const int before = get(&asked), then = get(&answered);
    fleet_place_t places[FLEET_PLACES];
    fleet_lookup_t *lookup = NULL;
    const char *why = "";

    set(&is_shut, 1);
    is_int(fleet_lookup(&lookup, &address, begin + 100000, places, &why), 0,
           "a name that nobody knows yet");
    ok(!why, "is no fault");
    ok(fleet_clock() >= begin + 100000, "is waited for");
    ok(fleet_clock() < begin + PATIENCE, "but not for long");
    is_int(fleet_lookup(&lookup, &address, 0, places, &why), 0, "it takes its time");
    is_int(get(&asked), before + 1, "and is not asked for again");
    set(&is_shut, 0);
    wait_answered(then + 1);
    is_int(fleet_lookup(&lookup, &address, fleet_clock() + PATIENCE, places, &why),
           FLEET_PLACES, "in the end it is there");
    is_int(get(&asked), before + 1, "for one question");

    set(&error_now, EAI_AGAIN);
    is_int(fleet_lookup(&lookup, &address, fleet_clock() + PATIENCE, places, &why), 0,
           "a resolver that fails");
    is_str(why, gai_strerror(EAI_AGAIN), "says why");
    set(&error_now, 0);
    is_int(fleet_lookup(&lookup, &address, fleet_clock() + PATIENCE, places, &why),
           FLEET_PLACES, "and is asked anew");

    set(&is_shut, 1);
    fleet_lookup(&lookup, &address, 0, places, &why);
    fleet_lookup_forget(lookup);
    set(&is_shut, 0);
    wait_answered(then + 4);
    ok(1, "one that is forgotten comes to its end");
}

/* --- What calls see of it --------------------------------------------------------- */

static apr_status_t take(const base_peers_t *peers)
{
    const base_budget_t budget = {"b", 1000000, 1000};
    char claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;

    return peers->take(peers->ctx, &test_env, &budget, 0, claim, &wait);
}

static void test_calls(apr_pool_t *p)
{
    const base_peers_t *a =
        fleet_child_at(p, "redis://redis.test", fleet_server(p), SECRET);
    const int before = get(&asked), then = get(&answered);
    apr_time_t begin = fleet_clock(), end;

    set(&is_shut, 1);
    is_int(take(a), APR_ENOTIMPL, "the first call, and no address yet");
    ok(fleet_clock() < begin + PATIENCE, "ends soon");
    begin = fleet_clock();
    is_int(take(a), APR_ENOTIMPL, "the next one");
    ok(fleet_clock() < begin + FLEET_LIMIT / 2, "does not wait at all");
    is_int(get(&asked), before + 1, "the resolver is asked once");
    is_int(fleet_log.lines[0], 0, "and nothing is said");
    ok(a->is_here(a->ctx), "nor believed of the Redis");
    set(&is_shut, 0);
    wait_answered(then + 1);
    end = fleet_clock() + apr_time_from_sec(20);
    while (take(a) != APR_SUCCESS && fleet_clock() < end) {
        apr_sleep(1000);
    }
    is_int(take(a), APR_SUCCESS, "with the address calls go");
    is_int(get(&asked), before + 1, "for that one question");

    set(&error_now, EAI_AGAIN);
    a = fleet_child_at(p, "redis://redis.test", fleet_server(p), SECRET);
    is_int(take(a), APR_ENOTIMPL, "a name that cannot be found");
    ok(fleet_log.lines[0] == 1 && strstr(fleet_log.last, gai_strerror(EAI_AGAIN)),
       "that is said");
    set(&error_now, 0);
}

int main(void)
{
    apr_pool_t *p;
    redis_t redis;

    apr_initialize();
    apr_pool_create(&p, NULL);
    redis = redis_start(p, NULL, NULL);
    socket_now = redis.socket;
    test_places(p);
    test_slow(p);
    test_calls(p);
    apr_pool_destroy(p);
    redis_end(&redis);
    apr_terminate();
    return done_testing();
}
