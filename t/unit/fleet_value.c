/* Values that all gateways see, who leads, and that the Redis can read none of it. */
#include "fleet_redis.h"

static apr_status_t set(const base_peers_t *peers, const char *name, const char *value,
                        apr_interval_time_t time)
{
    const base_slice_t slice = {value, value ? strlen(value) : 0};

    return peers->set(peers->ctx, &test_env, name, value ? &slice : NULL, time);
}

/* The value, or "-" when there is none. */
static const char *get(const base_peers_t *peers, apr_pool_t *p, const char *name)
{
    base_slice_t value;
    apr_status_t rv = peers->get(peers->ctx, &test_env, p, name, &value);

    return rv == APR_SUCCESS    ? apr_pstrmemdup(p, value.data, value.len)
           : rv == APR_NOTFOUND ? "-"
                                : "trouble";
}

static void test_values(apr_pool_t *p, redis_t *redis)
{
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    const base_peers_t *b = fleet_child(p, redis, fleet_server(p));
    const char *text = "eyJ0b2tlbi1vZi10aGUtYXBw";
    base_slice_t bytes = {"a\0b", 3}, again = {NULL, 0};
    const redisReply *reply;

    is_str(get(a, p, "token"), "-", "there is none");
    is_int(set(a, "token", text, apr_time_from_sec(60)), APR_SUCCESS, "one sets it");
    is_str(get(b, p, "token"), text, "the other one sees it");
    reply = redis_ask(redis, p, 2, "GET", "test:{scope}:value:token");
    ok(reply && reply->type == REDIS_REPLY_STRING, "the Redis has it");
    ok(reply && !memmem(reply->str, reply->len, text + 4, 8), "and cannot read it");
    reply = redis_ask(redis, p, 2, "PTTL", "test:{scope}:value:token");
    ok(reply && reply->integer > 50000 && reply->integer <= 60000, "for its time");

    redis_ask(redis, p, 3, "RENAME", "test:{scope}:value:token",
              "test:{scope}:value:other");
    is_str(get(b, p, "other"), "-", "moved to another name it does not open");
    is_int(set(b, "other", "new", apr_time_from_sec(60)), APR_SUCCESS, "set anew");
    is_str(get(a, p, "other"), "new", "it does");
    is_int(set(a, "other", NULL, 0), APR_SUCCESS, "taken away");
    is_str(get(b, p, "other"), "-", "it is gone");
    is_int(set(a, "empty", "", apr_time_from_sec(60)), APR_SUCCESS, "an empty one");
    is_str(get(b, p, "empty"), "", "is one");
    b->set(b->ctx, &test_env, "bytes", &bytes, apr_time_from_sec(60));
    a->get(a->ctx, &test_env, p, "bytes", &again);
    ok(again.len == 3 && !memcmp(again.data, "a\0b", 3), "with a NUL in it");

    set(a, "short", "x", apr_time_from_msec(30));
    apr_sleep(apr_time_from_msec(60));
    is_str(get(a, p, "short"), "-", "its time is over");
    is_int(set(a, apr_psprintf(p, "%0300d", 1), "x", 1), APR_EINVAL,
           "a name beyond measure");
}

static void test_strangers(apr_pool_t *p, redis_t *redis)
{
    const char *url = apr_pstrcat(p, "redis+unix://", redis->socket, NULL);
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    const base_peers_t *b = fleet_child_at(p, url, fleet_server(p), "another secret");
    const int before = fleet_log.lines[3];

    set(a, "sealed", "text", apr_time_from_sec(60));
    is_str(get(b, p, "sealed"), "-", "under another secret nothing is there");
    get(b, p, "sealed");
    is_int(fleet_log.lines[3], before + 1, "that is logged once");
    ok(strstr(fleet_log.last, "cannot be opened") != NULL, "as what it is");
    redis_ask(redis, p, 3, "SET", "test:{scope}:value:garbage", "garbage");
    is_str(get(a, p, "garbage"), "-", "and garbage is nothing either");
}

static void test_damage(apr_pool_t *p, redis_t *redis)
{
    const base_peers_t *a = fleet_child(p, redis, fleet_server(p));
    const int before = fleet_log.lines[4];
    int leads = 0;

    redis_ask(redis, p, 3, "LPUSH", "test:{scope}:value:list", "x");
    is_str(get(a, p, "list"), "-", "what is no text is nothing");
    is_int(fleet_log.lines[4], before + 1, "and is said to be damaged");
    is_int(redis_ask(redis, p, 2, "EXISTS", "test:{scope}:value:list")->integer, 0,
           "and has gone");
    redis_ask(redis, p, 3, "LPUSH", "test:{scope}:lead:damage", "x");
    a->lead(a->ctx, &test_env, "damage", apr_time_from_sec(1), &leads);
    is_int(leads, 1, "the same where it is about who leads");
    redis_ask(redis, p, 3, "SET", "test:{scope}:lead:damage", "x");
    a->lead(a->ctx, &test_env, "damage", apr_time_from_sec(1), &leads);
    is_int(leads, 1, "nobody leads for ever");
    redis_ask(redis, p, 2, "DEL", "test:{scope}:lead:damage");
    redis_ask(redis, p, 3, "LPUSH", "test:{scope}:lead:damage", "x");
    is_int(a->resign(a->ctx, &test_env, "damage"), APR_SUCCESS, "nor is it a trouble");
    is_int(fleet_log.lines[4], before + 1, "said once");
}

static int leads(const base_peers_t *peers, apr_interval_time_t time)
{
    int is_leader = -1;

    return peers->lead(peers->ctx, &test_env, "jobs", time, &is_leader) == APR_SUCCESS
               ? is_leader
               : -2;
}

static void test_lead(apr_pool_t *p, redis_t *redis)
{
    const apr_interval_time_t moment = apr_time_from_sec(1);
    void *server = fleet_server(p);
    const base_peers_t *a = fleet_child(p, redis, server);
    const base_peers_t *sister = fleet_child(p, redis, server);
    const base_peers_t *b = fleet_child(p, redis, fleet_server(p));

    is_int(leads(a, apr_time_from_sec(60)), 1, "who comes first leads");
    is_int(leads(b, moment), 0, "the other one does not");
    is_int(leads(sister, moment), 1, "all children of a server are one");
    is_int(b->resign(b->ctx, &test_env, "jobs"), APR_SUCCESS, "who does not lead");
    is_int(leads(b, moment), 0, "cannot take it from who does");
    apr_sleep(moment + apr_time_from_msec(50));
    is_int(leads(b, apr_time_from_sec(60)), 1, "who does not say so again in time");
    is_int(leads(a, moment), 0, "leads no more");
    is_int(b->resign(b->ctx, &test_env, "jobs"), APR_SUCCESS, "who gives it up");
    is_int(leads(a, moment), 1, "lets another one at once");
}

static void test_server(apr_pool_t *p, redis_t *redis)
{
    fleet_shared_t *a = fleet_server(p), *b = fleet_server(p);
    fleet_shared_t *moved = apr_palloc(p, fleet_shared_size());
    fleet_address_t one, two;

    fleet_address_parse(p, "redis://one", &one);
    fleet_address_parse(p, "redis://two", &two);
    is_int(strlen(a->id), FLEET_ID_SIZE - 1, "a server has a name");
    ok(strcmp(a->id, b->id), "another one another");
    fleet_shared_settle(a, &one);
    fleet_state_bad(a, 0, 0);
    fleet_shared_init(moved, a);
    is_str(moved->id, a->id, "new memory keeps the name");
    is_int(moved->away, 1, "and what is known");
    fleet_shared_settle(moved, &one);
    is_int(moved->away, 1, "also after a restart");
    fleet_shared_settle(moved, &two);
    is_int(moved->away, 0, "but not of another address");
}

int main(void)
{
    static fleet_test_t *const tests[] = {test_values, test_strangers, test_damage,
                                          test_lead, test_server};

    return fleet_main(tests, sizeof tests / sizeof *tests);
}
