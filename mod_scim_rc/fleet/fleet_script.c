#include "fleet_script.h"

#include <string.h>
#include <apr_escape.h>
#include <openssl/evp.h>

#define NOW                                                                            \
    "local t = redis.call('TIME')\n"                                                   \
    "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

/* In microseconds, by which no two streams begin at the same time. */
#define BEGAN                                                                          \
    "local t = redis.call('TIME')\n"                                                   \
    "local began = whole(t[1] * 1000000 + t[2])\n"

/* A whole number as text: Lua would write large ones with an exponent. */
#define WHOLE "local function whole(n) return string.format('%.0f', n) end\n"

/* The set goes when its last unit has; a second more, for the clock. */
#define KEEP                                                                           \
    "local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')\n"               \
    "redis.call('PEXPIREAT', KEYS[1],\n"                                               \
    "  whole(math.min(last[2], now + day) + 1000))\n"

/* FLEET_BUDGET_MAX in milliseconds, and FLEET_DAMAGED of the wire. */
#define DAY "local day = 86400000\n"
#define DAMAGED(what) "return redis.error_reply('" FLEET_DAMAGED " " what "')\n"
#define DAMAGED_PAUSE DAMAGED("a pause without end")
#define DAMAGED_LEAD DAMAGED("a lead without end")

/* No unit of ours lasts so long, even if the clock was set back. */
#define CHECK                                                                          \
    "if redis.call('ZCOUNT', KEYS[1], whole(now + 2 * day), '+inf') > 0 then\n"        \
    "  " DAMAGED("a unit without end") "end\n"

/* A unit is a member of a sorted set; its score is when it stops to count. */
static const char *const texts[FLEET_SCRIPTS] = {
    [FLEET_TAKE] = NOW WHOLE DAY CHECK
    "local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
    "local marker = redis.call('GET', KEYS[2])\n"
    "if not marker then\n"
    "  marker = ARGV[4]\n"
    "  redis.call('SET', KEYS[2], marker, 'PX', day)\n"
    "elseif redis.call('PTTL', KEYS[2]) < day / 2 then\n"
    "  redis.call('PEXPIRE', KEYS[2], day)\n"
    "end\n"
    "local shut = redis.call('PTTL', KEYS[3])\n"
    "if shut > 2 * day then " DAMAGED_PAUSE "end\n"
    "if shut > 0 then return {shut, marker} end\n"
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(now))\n"
    "local used = redis.call('ZCARD', KEYS[1])\n"
    "if used >= limit then\n"
    "  local first = redis.call('ZRANGE', KEYS[1], used - limit, used - limit,\n"
    "    'WITHSCORES')\n"
    "  local wait = first[2] and first[2] - now or window\n"
    /* A call under way may end at any time; only then its window begins. */
    "  return {math.max(1, math.min(wait, window)), marker}\n"
    "end\n"
    "redis.call('ZADD', KEYS[1], whole(now + ARGV[3]), ARGV[4])\n" KEEP
    "return {0, marker}\n",

    /* The marker is here only to be deleted with the units, so that all know. */
    [FLEET_MARK] = NOW WHOLE DAY CHECK
    "if ARGV[2] == '0' then\n"
    "  redis.call('ZREM', KEYS[1], ARGV[1])\n"
    "else\n"
    "  redis.call('ZADD', KEYS[1], whole(now + ARGV[2]), ARGV[1])\n" KEEP "end\n"
    "return 0\n",

    [FLEET_CLOSE] = "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then\n"
                    "  redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])\n"
                    "end\n"
                    "return 0\n",

    [FLEET_LEAD] = DAY "local who = redis.call('GET', KEYS[1])\n"
                       "local left = redis.call('PTTL', KEYS[1])\n"
                       "if who and (left < 0 or left > 2 * day) then\n"
                       "  " DAMAGED_LEAD "end\n"
                       "if who and who ~= ARGV[1] then return 0 end\n"
                       "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
                       "return 1\n",

    [FLEET_RESIGN] = "if redis.call('GET', KEYS[1]) == ARGV[1] then\n"
                     "  redis.call('DEL', KEYS[1])\n"
                     "end\n"
                     "return 0\n",

    /* The id of an entry is when the stream began and a number without gaps: whoever
     * hears sees when something is missing. */
    [FLEET_TELL] = WHOLE BEGAN
    "local n = 0\n"
    "local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)\n"
    "if last[1] then began, n = string.match(last[1][1], '^(%d+)-(%d+)$') end\n"
    "for i = 4, #ARGV do\n"
    "  n = n + 1\n"
    "  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], began .. '-' .. whole(n),\n"
    "    's', ARGV[3], 't', ARGV[i])\n"
    "end\n"
    "redis.call('PEXPIRE', KEYS[1], ARGV[2])\n"
    "return 0\n",

    [FLEET_BEGIN] = WHOLE BEGAN
    "local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)\n"
    "if last[1] then return last[1][1] end\n"
    "local id = redis.call('XADD', KEYS[1], began .. '-1', 's', '', 't', '')\n"
    "redis.call('PEXPIRE', KEYS[1], ARGV[1])\n"
    "return id\n",
};

apr_status_t fleet_scripts_init(fleet_scripts_t *scripts)
{
    int i;

    for (i = 0; i < FLEET_SCRIPTS; i++) {
        unsigned char sha[EVP_MAX_MD_SIZE];

        if (!EVP_Digest(texts[i], strlen(texts[i]), sha, NULL, EVP_sha1(), NULL)) {
            return APR_EGENERAL;
        }
        apr_escape_hex(scripts->sha[i], sha, FLEET_SHA_SIZE / 2, 0, NULL);
    }
    return APR_SUCCESS;
}

void fleet_script_begin(const fleet_scripts_t *scripts, fleet_script_t script,
                        int n_keys, fleet_command_t *command)
{
    static const char *const numbers[] = {"0", "1", "2", "3"};

    *command = (fleet_command_t){.n = 0};
    fleet_command_add(command, "EVALSHA");
    fleet_command_add(command, scripts->sha[script]);
    fleet_command_add(command, numbers[n_keys]);
}

static apr_status_t run(fleet_wire_t *wire, fleet_script_t script,
                        const fleet_command_t *command, apr_time_t deadline,
                        redisReply **reply)
{
    apr_status_t rv = fleet_wire_ask(wire, command, deadline, reply);

    if (rv == APR_SUCCESS && (*reply)->type == REDIS_REPLY_ERROR) {
        fleet_command_t whole = *command;

        whole.word[0] = "EVAL";
        whole.len[0] = strlen(whole.word[0]);
        whole.word[1] = texts[script];
        whole.len[1] = strlen(texts[script]);
        rv = fleet_wire_ask(wire, &whole, deadline, reply);
        rv = rv == APR_SUCCESS ? fleet_wire_accept(wire, *reply) : rv;
    }
    return rv;
}

apr_status_t fleet_script_run(fleet_wire_t *wire, fleet_script_t script,
                              const fleet_command_t *command, apr_time_t deadline,
                              redisReply **reply)
{
    apr_status_t rv = run(wire, script, command, deadline, reply);

    if (rv == FLEET_BAD_DATA) {
        rv = fleet_wire_mend(wire, *reply, command->word + 3, *command->word[2] - '0',
                             deadline);
        rv = rv == APR_SUCCESS ? run(wire, script, command, deadline, reply) : rv;
    }
    return rv == FLEET_BAD_DATA ? fleet_wire_accept(wire, *reply) : rv;
}
