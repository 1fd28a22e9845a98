/* News between gateways: in order, without loss, and a gap is told. */
#include "fleet_redis.h"

#include <apr_thread_proc.h>

typedef struct listener_t {
    const base_peers_t *peers;
    char since[BASE_NEWS_SIZE];
    apr_array_header_t *news;
} listener_t;

static apr_status_t hear(listener_t *listener, apr_pool_t *p, int max,
                         apr_interval_time_t wait)
{
    return listener->peers->hear(listener->peers->ctx, &test_env, p, listener->since,
                                 max, wait, &listener->news);
}

/* All texts, with '+' before the own ones. */
static const char *heard(const listener_t *listener, apr_pool_t *p)
{
    const char *all = "";
    int i;

    for (i = 0; i < listener->news->nelts; i++) {
        const base_news_t *news = &APR_ARRAY_IDX(listener->news, i, base_news_t);

        all = apr_psprintf(p, "%s%s%s%.*s", all, i ? " " : "", news->is_mine ? "+" : "",
                           (int)news->text.len, news->text.data);
    }
    return all;
}

static apr_status_t tell(const base_peers_t *peers, const char *a, const char *b)
{
    const base_slice_t texts[2] = {{a, strlen(a)}, {b ? b : "", b ? strlen(b) : 0}};

    return peers->tell(peers->ctx, &test_env, texts, b ? 2 : 1);
}

static void test_order(apr_pool_t *p, redis_t *redis)
{
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    void *server = fleet_server(p);
    const base_peers_t *b = fleet_child(p, redis, server);
    const base_peers_t *sister = fleet_child(p, redis, server);
    listener_t one = {.peers = a}, two = {.peers = b};

    is_int(tell(a, "too early", NULL), APR_SUCCESS, "told before anybody listens");
    is_int(hear(&one, p, 10, 0), APR_SUCCESS, "a listener begins");
    is_int(one.news->nelts, 0, "and hears nothing of before");
    ok(*one.since, "but knows where it stands");
    is_int(hear(&two, p, 10, 0), APR_SUCCESS, "another begins");
    tell(a, "one", "two");
    tell(sister, "three", NULL);
    is_int(hear(&one, p, 10, 0), APR_SUCCESS, "it hears");
    is_str(heard(&one, p), "+one +two three", "all in order, and which is its own");
    is_int(hear(&two, p, 2, 0), APR_SUCCESS,
           "the other one hears no more than it wants");
    is_str(heard(&two, p), "one two", "the oldest first");
    hear(&two, p, 2, 0);
    is_str(heard(&two, p), "+three",
           "then the rest; what a sister child told is its own");
    hear(&two, p, 2, 0);
    is_str(heard(&two, p), "", "nothing twice");
}

static void test_many(apr_pool_t *p, redis_t *redis)
{
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    listener_t one = {.peers = a};
    base_slice_t texts[777];
    int i, next = 0, right = 1;

    for (i = 0; i < 777; i++) {
        texts[i].data = apr_psprintf(p, "%d", i);
        texts[i].len = strlen(texts[i].data);
    }
    hear(&one, p, 1, 0);
    is_int(a->tell(a->ctx, &test_env, texts, 777), APR_SUCCESS, "777 are told at once");
    while (next < 777 && hear(&one, p, 100, 0) == APR_SUCCESS && one.news->nelts) {
        for (i = 0; i < one.news->nelts; i++) {
            const base_news_t *news = &APR_ARRAY_IDX(one.news, i, base_news_t);

            right &= news->text.len == texts[next].len &&
                     !memcmp(news->text.data, texts[next].data, news->text.len);
            next++;
        }
    }
    is_int(next, 777, "777 are heard, a hundred at a time");
    ok(right, "in order");
    is_int(a->tell(a->ctx, &test_env, texts, 0), APR_SUCCESS, "nothing can be told");
}

/* --- Waiting ---------------------------------------------------------------------- */

static void *APR_THREAD_FUNC tell_later(apr_thread_t *thread, void *data)
{
    apr_sleep(apr_time_from_msec(150));
    tell(data, "late", NULL);
    return NULL;
}

static void test_waiting(apr_pool_t *p, redis_t *redis)
{
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    listener_t one = {.peers = a};
    apr_thread_t *thread;
    apr_status_t rv;
    apr_time_t begin;

    hear(&one, p, 10, 0);
    begin = fleet_clock();
    is_int(hear(&one, p, 10, apr_time_from_msec(300)), APR_SUCCESS,
           "waited for nothing");
    is_int(one.news->nelts, 0, "there is nothing");
    ok(fleet_clock() - begin >= apr_time_from_msec(290), "after the whole time");

    begin = fleet_clock();
    apr_thread_create(&thread, NULL, tell_later, (void *)a, p);
    is_int(hear(&one, p, 10, apr_time_from_sec(20)), APR_SUCCESS,
           "waited for something");
    is_str(heard(&one, p), "+late", "it came");
    ok(fleet_clock() - begin < apr_time_from_sec(10), "and ended the wait");
    apr_thread_join(&rv, thread);

    fleet_log.hurries = 1;
    begin = fleet_clock();
    is_int(hear(&one, p, 10, apr_time_from_sec(20)), APR_EINTR,
           "a wait without purpose");
    ok(fleet_clock() - begin < apr_time_from_sec(10), "ends early");
    fleet_log.hurries = 0;
    tell(a, "after", NULL);
    is_int(hear(&one, p, 10, apr_time_from_sec(5)), APR_SUCCESS, "the next one hears");
    is_str(heard(&one, p), "+after", "what came meanwhile");
}

/* One member of what the Redis says of itself. */
static long info(const redis_t *redis, apr_pool_t *p, const char *name)
{
    const redisReply *reply = redis_ask(redis, p, 1, "INFO");
    const char *at = reply ? strstr(reply->str, name) : NULL;

    return at ? (long)apr_atoi64(at + strlen(name)) : -1;
}

static void *APR_THREAD_FUNC listen_long(apr_thread_t *thread, void *data)
{
    hear(data, apr_thread_pool_get(thread), 10, apr_time_from_sec(20));
    return NULL;
}

/* Who asks what there is has no use for the connection of who waits. */
static void test_two_listeners(apr_pool_t *p, redis_t *redis)
{
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    listener_t job = {.peers = a}, waiter = {.peers = a};
    apr_thread_t *thread;
    apr_status_t rv;
    long before;
    int i, round;

    hear(&job, p, 10, 0);
    hear(&waiter, p, 10, 0);
    hear(&waiter, p, 10, 1000);
    before = info(redis, p, "total_connections_received:");
    for (round = 0; round < 3; round++) {
        apr_thread_create(&thread, NULL, listen_long, &waiter, p);
        for (i = 0; i < 1000 && info(redis, p, "blocked_clients:") != 1; i++) {
            before++;
            apr_sleep(10000);
        }
        is_int(hear(&job, p, 10, 0), APR_SUCCESS, "one asks while another waits");
        tell(a, "enough", NULL);
        apr_thread_join(&rv, thread);
        before++; /* the last question */
    }
    is_int(info(redis, p, "total_connections_received:") - before, 1,
           "neither makes another connection for that, but this question its own");
}

/* --- Gaps ------------------------------------------------------------------------- */

static void test_gaps(apr_pool_t *p, redis_t *redis)
{
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    listener_t one = {.peers = a}, two = {.peers = a};

    hear(&one, p, 10, 0);
    tell(a, "lost", "lost too");
    tell(a, "kept", NULL);
    ok(redis_ask(redis, p, 4, "XTRIM", "test:{scope}:news:1", "MAXLEN", "1") != NULL,
       "the oldest are forgotten");
    is_int(hear(&one, p, 10, 0), APR_EGENERAL,
           "who has not heard them learns of the gap");
    *one.since = '\0';
    is_int(hear(&one, p, 10, 0), APR_SUCCESS, "and begins anew");
    hear(&two, p, 10, 0);

    tell(a, "heard", NULL);
    hear(&one, p, 10, 0);
    two = one;
    two.since[0] = two.since[0] == '0' ? '1' : '0';
    is_int(hear(&two, p, 10, 0), APR_EGENERAL, "another run of the Redis is a gap");
    *two.since = '\0';
    hear(&two, p, 10, 0);
    redis_ask(redis, p, 3, "XDEL", "test:{scope}:news:1", strchr(one.since, ':') + 1);
    is_int(hear(&one, p, 10, 0), APR_EGENERAL,
           "a stream that ends earlier than before");
    redis_ask(redis, p, 1, "FLUSHALL");
    *one.since = *two.since = '\0';
    hear(&one, p, 10, 0);
    hear(&two, p, 10, 0);

    tell(a, "flushed", NULL);
    redis_ask(redis, p, 1, "FLUSHALL");
    is_int(hear(&one, p, 10, 0), APR_EGENERAL, "all was thrown away");
    tell(a, "new", NULL);
    is_int(hear(&two, p, 10, 0), APR_EGENERAL, "also when there is something new");
    *one.since = '\0';
    hear(&one, p, 10, 0);
    tell(a, "on", NULL);
    is_int(hear(&one, p, 10, 0), APR_SUCCESS, "then it goes on");
    is_str(heard(&one, p), "+on", "with what comes");

    redis_kill(redis);
    redis_run(redis, p);
    is_int(hear(&one, p, 10, 0), APR_EGENERAL, "a restarted Redis is a gap");
    apr_cpystrn(one.since, "nonsense", sizeof one.since);
    is_int(hear(&one, p, 10, 0), APR_EGENERAL, "and so is a place that is none");
}

/* --- Secrecy ---------------------------------------------------------------------- */

static void test_secrecy(apr_pool_t *p, redis_t *redis)
{
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    const base_peers_t *stranger =
        fleet_child_at(p, apr_pstrcat(p, "redis+unix://", redis->socket, NULL),
                       fleet_server(p), "another secret");
    listener_t one = {.peers = stranger};
    const redisReply *reply;
    apr_array_header_t *found = apr_array_make(p, 4, sizeof(const char *));
    int misread = fleet_log.lines[3];
    size_t i;

    hear(&one, p, 10, 0);
    tell(a, "ada@example.com", "grace@example.com");
    tell(stranger, "mine", NULL);
    tell(a, "ada@example.com", NULL);
    is_int(hear(&one, p, 10, 0), APR_SUCCESS, "under another secret");
    is_str(heard(&one, p), "+mine", "nothing can be heard");
    is_int(fleet_log.lines[3], misread + 1, "that is logged once");
    tell(stranger, "more", NULL);
    hear(&one, p, 10, 0);
    is_str(heard(&one, p), "+more", "and it goes on behind it");

    reply = redis_ask(redis, p, 4, "XRANGE", "test:{scope}:news:1", "-", "+");
    for (i = 0; reply && i < reply->elements; i++) {
        const redisReply *text = reply->element[i]->element[1]->element[3];

        if (memmem(text->str, text->len, "example", 7)) {
            APR_ARRAY_PUSH(found, const char *) = text->str;
        }
    }
    ok(reply && reply->elements > 3, "the Redis has it all");
    is_int(found->nelts, 0, "and can read nothing");
}

static void test_damage(apr_pool_t *p, redis_t *redis)
{
    static const char key[] = "test:{scope}:news:1";
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    const int before = fleet_log.lines[4];
    listener_t one = {.peers = a}, two = {.peers = a};

    redis_ask(redis, p, 2, "DEL", key);
    redis_ask(redis, p, 5, "XADD", key, "18446744073709551615-18446744073709551615",
              "a", "b");
    is_int(hear(&one, p, 10, 0), APR_SUCCESS, "a stream that is full");
    is_int(tell(a, "one", NULL), APR_SUCCESS, "begins anew");
    is_int(fleet_log.lines[4], before + 1, "which is logged");
    is_int(hear(&one, p, 10, 0), APR_EGENERAL, "and a gap for who listened");
    redis_ask(redis, p, 3, "SET", key, "text");
    is_int(tell(a, "two", NULL), APR_SUCCESS, "what is no stream at all");
    redis_ask(redis, p, 3, "SET", key, "text");
    is_int(hear(&two, p, 10, 0), APR_SUCCESS, "also to who listens");
    redis_ask(redis, p, 3, "SET", key, "text");
    is_int(hear(&two, p, 10, 0), APR_EGENERAL, "later it is a gap");
    *two.since = '\0';
    is_int(hear(&two, p, 10, 0), APR_SUCCESS, "then all begins anew");
    redis_ask(redis, p, 5, "XADD", key, "*", "a", "b");
    tell(a, "three", NULL);
    is_int(hear(&two, p, 10, 0), APR_SUCCESS, "an entry of somebody else");
    is_str(heard(&two, p), "+three", "is passed over");
    is_int(fleet_log.lines[4], before + 1, "all that is said once");
}

int main(void)
{
    static fleet_test_t *const tests[] = {
        test_order,   test_many, test_waiting, test_two_listeners,
        test_secrecy, test_gaps, test_damage};

    return fleet_main(tests, sizeof tests / sizeof *tests);
}
