/* Budgets that several gateways spend of: never more than the limit in any window. */
#include "fleet_link.h"
#include "fleet_redis.h"

#include <apr_thread_proc.h>

#define SHORT apr_time_from_sec(1)
#define LONG apr_time_from_sec(100)

static apr_status_t take(const base_peers_t *peers, const base_budget_t *budget,
                         apr_interval_time_t longest, char *claim,
                         apr_interval_time_t *wait)
{
    *wait = -1;
    return peers->take(peers->ctx, &test_env, budget, longest, claim, wait);
}

static apr_status_t mark(const base_peers_t *peers, const base_budget_t *budget,
                         const char *claim, apr_interval_time_t time)
{
    return peers->mark(peers->ctx, &test_env, budget, claim, time);
}

static apr_status_t shut(const base_peers_t *peers, const char *name,
                         apr_interval_time_t time)
{
    return peers->close(peers->ctx, &test_env, name, time);
}

static void test_limit(apr_pool_t *p, redis_t *redis)
{
    const base_budget_t budget = {"limit", 3, LONG}, small = {"limit", 2, LONG};
    const base_budget_t other = {"limit-2", 3, LONG};
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    const base_peers_t *b = fleet_child(p, redis, fleet_server(p));
    char one[BASE_CLAIM_SIZE], two[BASE_CLAIM_SIZE], three[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;

    is_int(a->share, 40, "the share is known");
    is_int(take(a, &budget, LONG, one, &wait), APR_SUCCESS, "one");
    is_int(take(b, &budget, LONG, two, &wait), APR_SUCCESS, "two, by another gateway");
    ok(strcmp(one, two), "with another name");
    is_int(take(b, &small, LONG, three, &wait), APR_EAGAIN, "who may have less waits");
    ok(wait > 0 && wait <= LONG, "for a time");
    is_int(take(a, &budget, LONG, three, &wait), APR_SUCCESS, "three");
    is_int(take(b, &budget, LONG, three, &wait), APR_EAGAIN, "there is no more");
    is_int(take(b, &other, LONG, three, &wait), APR_SUCCESS,
           "of another name there is");
    is_int(mark(a, &budget, two, 0), APR_SUCCESS, "one is given back");
    is_int(take(b, &budget, LONG, three, &wait), APR_SUCCESS, "another one has it");
    is_int(take(b, &budget, LONG, three, &wait), APR_EAGAIN, "and that was all");
    is_int(take(a, &(base_budget_t){"limit", 0, LONG}, LONG, three, &wait), APR_EAGAIN,
           "a limit of nothing");
    is_int(take(a, &(base_budget_t){"none", 0, LONG}, LONG, three, &wait), APR_EAGAIN,
           "also where nothing was taken");
    is_int(wait, LONG, "it says to come again after the window");
    is_int(take(a, &(base_budget_t){apr_psprintf(p, "%0300d", 1), 1, LONG}, LONG, three,
                &wait),
           APR_EINVAL, "a name beyond measure");
}

static void test_window(apr_pool_t *p, redis_t *redis)
{
    const base_budget_t budget = {"window", 2, SHORT};
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    char one[BASE_CLAIM_SIZE], two[BASE_CLAIM_SIZE], more[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;

    take(a, &budget, 0, one, &wait);
    take(a, &budget, LONG, two, &wait);
    is_int(take(a, &budget, 0, more, &wait), APR_EAGAIN, "used up");
    ok(wait > 0 && wait <= SHORT, "until the first one's window is over");
    apr_sleep(wait + apr_time_from_msec(5));
    is_int(take(a, &budget, LONG, more, &wait), APR_SUCCESS, "then there is one");
    is_int(take(a, &budget, LONG, one, &wait), APR_EAGAIN, "and no second one");
    is_int(wait, SHORT, "a call under way ends at any time: its window counts");
    mark(a, &budget, two, SHORT);
    apr_sleep(SHORT + apr_time_from_msec(5));
    is_int(take(a, &budget, LONG, one, &wait), APR_SUCCESS,
           "one that has ended is free");
    redis_ask(redis, p, 1, "FLUSHALL");
    is_int(mark(a, &budget, two, LONG), APR_SUCCESS, "one that nobody knows any more");
    take(a, &budget, LONG, one, &wait);
    is_int(take(a, &budget, LONG, one, &wait), APR_EAGAIN, "counts again");
}

static void test_penalty(apr_pool_t *p, redis_t *redis)
{
    const base_budget_t budget = {"penalty", 10, SHORT},
                        other = {"no penalty", 1, SHORT};
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    const base_peers_t *b = fleet_child(p, redis, fleet_server(p));
    char claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;

    is_int(shut(a, "penalty", SHORT), APR_SUCCESS, "closed by one");
    is_int(take(b, &budget, 0, claim, &wait), APR_EAGAIN, "closed for the other");
    ok(wait > 0 && wait <= SHORT, "for that time");
    is_int(take(b, &other, 0, claim, &wait), APR_SUCCESS, "another one is not");
    is_int(shut(b, "penalty", apr_time_from_msec(1)), APR_SUCCESS, "a shorter one");
    is_int(take(a, &budget, 0, claim, &wait), APR_EAGAIN, "changes nothing");
    ok(wait > apr_time_from_msec(50), "of the time");
    apr_sleep(wait + apr_time_from_msec(5));
    is_int(take(a, &budget, 0, claim, &wait), APR_SUCCESS, "until it is over");
}

static void test_end(apr_pool_t *p, redis_t *redis)
{
    const base_budget_t budget = {"end", 10, SHORT};
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    char claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;
    const redisReply *reply;

    take(a, &budget, apr_time_from_sec(10), claim, &wait);
    reply = redis_ask(redis, p, 2, "PTTL", "test:{scope}:units:end");
    ok(reply && reply->integer > 10000 && reply->integer <= 12000,
       "what is kept goes by itself, a second after the last unit");
    mark(a, &budget, claim, SHORT);
    reply = redis_ask(redis, p, 2, "PTTL", "test:{scope}:units:end");
    ok(reply && reply->integer > 0 && reply->integer <= 2000, "also when marked");
}

/* --- Damaged data ----------------------------------------------------------------- */

static apr_uint32_t epoch(const base_peers_t *peers)
{
    return peers->epoch(peers->ctx);
}

static void test_damage(apr_pool_t *p, redis_t *redis)
{
    static const struct {
        const char *what, *command, *key, *word, *option, *value;
    } cases[] = {
        {"a unit without end", "ZADD", "units:damage", "inf", "x", NULL},
        {"a unit of the next century", "ZADD", "units:damage", "9e15", "x", NULL},
        {"units that are a text", "SET", "units:damage", "x", "PX", "99999"},
        {"a marker that is a list", "LPUSH", "marker:1", "x", "y", "z"},
        {"a pause without end", "SET", "shut:damage", "1", "PX", "9000000000000000000"},
    };
    const base_budget_t budget = {"damage", 2, LONG};
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    const int before = fleet_log.lines[4];
    char claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;
    unsigned i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *key = apr_pstrcat(p, "test:{scope}:", cases[i].key, NULL);
        const int words = cases[i].value ? 5 : 4;
        const redisReply *reply;
        apr_uint32_t then;

        take(a, &budget, LONG, claim, &wait);
        then = epoch(a);
        redis_ask(redis, p, 2, "DEL", key);
        reply = redis_ask(redis, p, words, cases[i].command, key, cases[i].word,
                          cases[i].option, cases[i].value);
        ok(reply && reply->type != REDIS_REPLY_ERROR, "there is something odd");
        is_int(take(a, &budget, LONG, claim, &wait), APR_SUCCESS, cases[i].what);
        ok(epoch(a) != then, "makes another epoch, for the units have gone too");
        take(a, &budget, LONG, claim, &wait);
        is_int(take(a, &budget, LONG, claim, &wait), APR_EAGAIN, "then all counts");
        redis_ask(redis, p, 2, "DEL", "test:{scope}:units:damage");
    }
    is_int(fleet_log.lines[4], before + 1, "that is logged once");
    ok(strstr(fleet_log.all, "SCIMRC0504: account 'x': a key in redis+unix://") &&
           strstr(fleet_log.all, "test:{scope}:units:damage: DAMAGED"),
       "with the key");
    redis_ask(redis, p, 3, "SET", "test:{scope}:units:damage", "x");
    is_int(mark(a, &budget, claim, SHORT), APR_SUCCESS, "also when one is marked");
    is_int(mark(a, &budget, claim, APR_INT64_C(0x7fffffffffffffff)), APR_SUCCESS,
           "our own times have an end");
    is_int(shut(a, "damage-2", APR_INT64_C(0x7fffffffffffffff)), APR_SUCCESS,
           "so has a pause");
    is_int(take(a, &(base_budget_t){"damage-2", 2, LONG}, LONG, claim, &wait),
           APR_EAGAIN, "which holds");
    ok(wait > 0 && wait <= apr_time_from_sec(86400), "for a day");
}

static void test_epoch(apr_pool_t *p, redis_t *redis)
{
    const base_budget_t budget = {"epoch", 1000, LONG};
    void *server = fleet_server(p);
    const base_peers_t *a = fleet_child(p, redis, server);
    const base_peers_t *sister = fleet_child(p, redis, server);
    const base_peers_t *b = fleet_child(p, redis, fleet_server(p));
    char claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;
    apr_uint32_t of_a, of_b;

    take(a, &budget, LONG, claim, &wait);
    of_a = epoch(a);
    take(b, &budget, LONG, claim, &wait);
    of_b = epoch(b);
    take(a, &budget, LONG, claim, &wait);
    take(sister, &budget, LONG, claim, &wait);
    take(b, &budget, LONG, claim, &wait);
    ok(epoch(a) == of_a && epoch(sister) == of_a && epoch(b) == of_b,
       "while nothing is lost it is one epoch");
    redis_ask(redis, p, 1, "FLUSHALL");
    take(b, &budget, LONG, claim, &wait);
    ok(epoch(b) != of_b, "a Redis that was emptied: who comes first sees it");
    take(a, &budget, LONG, claim, &wait);
    ok(epoch(a) != of_a, "and who comes later");
    is_int(epoch(sister), epoch(a), "all children know");
    of_a = epoch(a);
    take(b, &budget, LONG, claim, &wait);
    take(sister, &budget, LONG, claim, &wait);
    is_int(epoch(a), of_a, "then it is one epoch again");
}

/* --- Many at a time --------------------------------------------------------------- */

#define CROWD 8
#define TRIES 60

typedef struct crowd_t {
    const base_peers_t *peers;
    const base_budget_t *budget;
    apr_uint32_t may_repeat;
    volatile apr_uint32_t taken, refused, odd, repeated;
} crowd_t;

static void *APR_THREAD_FUNC spend(apr_thread_t *thread, void *data)
{
    crowd_t *crowd = data;
    char claim[BASE_CLAIM_SIZE];
    apr_interval_time_t wait;
    int i;

    for (i = 0; i < TRIES; i++) {
        apr_status_t rv = take(crowd->peers, crowd->budget, LONG, claim, &wait);

        /* On a busy machine a thread may not get a connection in time. */
        while (rv != APR_SUCCESS && rv != APR_EAGAIN &&
               apr_atomic_inc32(&crowd->repeated) < crowd->may_repeat) {
            rv = take(crowd->peers, crowd->budget, LONG, claim, &wait);
        }
        apr_atomic_inc32(rv == APR_SUCCESS  ? &crowd->taken
                         : rv == APR_EAGAIN ? &crowd->refused
                                            : &crowd->odd);
    }
    return NULL;
}

/* In a process of its own: a gateway with eight threads. How many it took. */
static int spend_in_threads(apr_pool_t *p, const redis_t *redis,
                            const base_budget_t *budget)
{
    crowd_t crowd = {fleet_child(p, redis, fleet_server(p)), budget, 0, 0, 0, 0, 0};
    apr_thread_t *threads[CROWD];
    apr_status_t rv;
    int i;

    for (i = 0; i < CROWD; i++) {
        apr_thread_create(&threads[i], NULL, spend, &crowd, p);
    }
    for (i = 0; i < CROWD; i++) {
        apr_thread_join(&rv, threads[i]);
    }
    return crowd.odd ? 255 : (int)crowd.taken;
}

static void test_crowd(apr_pool_t *p, redis_t *redis)
{
    const base_budget_t budget = {"crowd", 100, LONG};
    int i, sum = 0, status, most = 0;
    pid_t pid[3];

    for (i = 0; i < 3; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            apr_pool_t *own;

            apr_pool_create(&own, NULL);
            _exit(spend_in_threads(own, redis, &budget));
        }
    }
    for (i = 0; i < 3; i++) {
        waitpid(pid[i], &status, 0);
        ok(WIFEXITED(status) && WEXITSTATUS(status) < 255, "a gateway had no trouble");
        sum += WEXITSTATUS(status);
        most = WEXITSTATUS(status) > most ? WEXITSTATUS(status) : most;
    }
    is_int(sum, 100, "three gateways with eight threads each have taken what there is");
    printf("# one of them has taken %d\n", most);
}

/* How many connections the Redis has had. */
static long long connections(apr_pool_t *p, const redis_t *redis)
{
    static const char what[] = "total_connections_received:";
    const redisReply *reply = redis_ask(redis, p, 2, "INFO", "stats");
    const char *at = reply && reply->str ? strstr(reply->str, what) : NULL;

    return at ? apr_atoi64(at + sizeof what - 1) : -1;
}

static void test_connections(apr_pool_t *p, redis_t *redis)
{
    const base_budget_t budget = {"connections", 100000, LONG};
    crowd_t crowd = {fleet_child(p, redis, fleet_server(p)), &budget, 100, 0, 0, 0, 0};
    const long long before = connections(p, redis);
    apr_thread_t *threads[4 * CROWD];
    long long made;
    apr_status_t rv;
    int i;

    for (i = 0; i < 4 * CROWD; i++) {
        apr_thread_create(&threads[i], NULL, spend, &crowd, p);
    }
    for (i = 0; i < 4 * CROWD; i++) {
        apr_thread_join(&rv, threads[i]);
    }
    made = connections(p, redis) - before - 1; /* the question's own */
    is_int(crowd.taken, 4 * CROWD * TRIES, "32 threads get all that they ask for");
    ok(made >= 1 && made <= FLEET_WIRES, "through a few connections");
    printf("# connections: %lld\n", made);
}

/* --- In order of arrival ---------------------------------------------------------- */

#define QUEUE 5

typedef struct order_t {
    fleet_link_t link;
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *changed;
    int n_held; /* wires that are kept busy */
    int gate;   /* so many of them have been let go */
    int n_served, served[QUEUE + 1];
} order_t;

typedef struct use_t {
    order_t *order;
    int number;
} use_t;

static apr_status_t hold(fleet_wire_t *wire, const base_env_t *env, void *baton)
{
    order_t *order = baton;

    apr_thread_mutex_lock(order->mutex);
    order->n_held++;
    apr_thread_cond_broadcast(order->changed);
    while (!order->gate) {
        apr_thread_cond_wait(order->changed, order->mutex);
    }
    apr_thread_mutex_unlock(order->mutex);
    return APR_SUCCESS;
}

static apr_status_t be_served(fleet_wire_t *wire, const base_env_t *env, void *baton)
{
    const use_t *use = baton;

    apr_thread_mutex_lock(use->order->mutex);
    use->order->served[use->order->n_served++] = use->number;
    apr_thread_mutex_unlock(use->order->mutex);
    return APR_SUCCESS;
}

/* Holds a wire, and wants one again as soon as it has given it back. */
static void *APR_THREAD_FUNC hold_and_return(apr_thread_t *thread, void *data)
{
    order_t *order = data;
    use_t use = {order, QUEUE};

    fleet_link_run(&order->link, &test_env, FLEET_SHORT, hold, order);
    fleet_link_run(&order->link, &test_env, FLEET_SHORT, be_served, &use);
    return NULL;
}

static void *APR_THREAD_FUNC stand_in_line(apr_thread_t *thread, void *data)
{
    const use_t *use = data;

    fleet_link_run(&use->order->link, &test_env, FLEET_SHORT, be_served, data);
    return NULL;
}

/* How many stand in line. */
static int in_line(order_t *order)
{
    int n;

    apr_thread_mutex_lock(order->link.mutex);
    n = (int)order->link.ticket;
    apr_thread_mutex_unlock(order->link.mutex);
    return n;
}

static void test_order(apr_pool_t *p, redis_t *redis)
{
    order_t *order = apr_pcalloc(p, sizeof *order);
    fleet_address_t *address = apr_palloc(p, sizeof *address);
    apr_thread_t *holder, *line[QUEUE];
    use_t uses[QUEUE];
    apr_status_t rv;
    int i, wrong = 0;

    fleet_address_parse(p, apr_pstrcat(p, "redis+unix://", redis->socket, NULL),
                        address);
    order->link = (fleet_link_t){
        .address = address, .name = "x", .share = 40, .probe = "test:{scope}:probe"};
    order->link.shared = fleet_server(p);
    fleet_link_init(&order->link, p);
    apr_thread_mutex_create(&order->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    apr_thread_cond_create(&order->changed, p);
    order->link.n_taken = FLEET_WIRES - 1; /* the others are never given back */
    apr_thread_create(&holder, NULL, hold_and_return, order, p);
    apr_thread_mutex_lock(order->mutex);
    while (!order->n_held) {
        apr_thread_cond_wait(order->changed, order->mutex);
    }
    apr_thread_mutex_unlock(order->mutex);
    for (i = 0; i < QUEUE; i++) {
        uses[i] = (use_t){order, i};
        apr_thread_create(&line[i], NULL, stand_in_line, &uses[i], p);
        while (in_line(order) <= i) {
            apr_thread_yield();
        }
    }
    apr_thread_mutex_lock(order->mutex);
    order->gate = 1;
    apr_thread_cond_broadcast(order->changed);
    apr_thread_mutex_unlock(order->mutex);
    apr_thread_join(&rv, holder);
    for (i = 0; i < QUEUE; i++) {
        apr_thread_join(&rv, line[i]);
    }
    is_int(order->n_served, QUEUE + 1, "all are served with one wire");
    for (i = 0; i < order->n_served; i++) {
        wrong += order->served[i] != i;
    }
    is_int(wrong, 0, "in order of arrival; who has just had it comes last");
}

int main(void)
{
    static fleet_test_t *const tests[] = {test_limit, test_window,      test_penalty,
                                          test_end,   test_damage,      test_epoch,
                                          test_crowd, test_connections, test_order};

    return fleet_main(tests, sizeof tests / sizeof *tests);
}
