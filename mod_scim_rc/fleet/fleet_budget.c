/* Budgets that all gateways spend of. */
#include "fleet_private.h"

#include <string.h>
#include <apr_escape.h>
#include <apr_strings.h>
#include <openssl/rand.h>

/* What is asked of a script that answers with a number. */
typedef struct question_t {
    fleet_t *fleet;
    fleet_script_t script;
    const char *budget, *claim;
    int limit;
    apr_interval_time_t window, time;
    long long answer;
} question_t;

static void compose(const question_t *question, apr_pool_t *p, fleet_command_t *command)
{
    const fleet_t *fleet = question->fleet;
    const char *units = fleet_key(fleet, p, "units", question->budget);
    const char *shut = fleet_key(fleet, p, "shut", question->budget);
    const char *marker = fleet_key(fleet, p, "marker", "1");
    const int n_keys = question->script == FLEET_TAKE   ? 3
                       : question->script == FLEET_MARK ? 2
                                                        : 1;

    fleet_script_begin(&fleet->scripts, question->script, n_keys, command);
    switch (question->script) {
    case FLEET_TAKE:
        fleet_command_add(command, units);
        fleet_command_add(command, marker);
        fleet_command_add(command, shut);
        fleet_command_add_number(command, p, question->limit);
        fleet_add_time(command, p, question->window);
        fleet_add_time(command, p, question->time);
        fleet_command_add(command, question->claim);
        break;
    case FLEET_MARK:
        fleet_command_add(command, units);
        fleet_command_add(command, marker);
        fleet_command_add(command, question->claim);
        fleet_add_time(command, p, question->time);
        break;
    default: /* FLEET_CLOSE */
        fleet_command_add(command, shut);
        fleet_add_time(command, p, question->time);
    }
}

static apr_status_t ask(fleet_wire_t *wire, const base_env_t *env, void *baton)
{
    question_t *question = baton;
    fleet_command_t command;
    redisReply *reply;
    apr_status_t rv;

    compose(question, wire->p, &command);
    rv = fleet_script_run(wire, question->script, &command, fleet_clock() + FLEET_LIMIT,
                          &reply);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (question->script == FLEET_TAKE) {
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
            reply->element[1]->type != REDIS_REPLY_STRING) {
            return fleet_wire_garbled(wire);
        }
        fleet_state_see_marker(question->fleet->shared, reply->element[1]->str);
        reply = reply->element[0];
    }
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0) {
        return fleet_wire_garbled(wire);
    }
    question->answer = reply->integer;
    return APR_SUCCESS;
}

static apr_interval_time_t bounded(apr_interval_time_t time)
{
    return time < 0 ? 0 : time > FLEET_BUDGET_MAX ? FLEET_BUDGET_MAX : time;
}

static apr_status_t run(question_t *question, const base_env_t *env)
{
    if (strlen(question->budget) > FLEET_NAME_MAX) {
        return APR_EINVAL;
    }
    return fleet_link_run(&question->fleet->link, env, FLEET_SHORT, ask, question);
}

static apr_status_t make_claim(char claim[BASE_CLAIM_SIZE])
{
    unsigned char bytes[16];

    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return APR_EGENERAL;
    }
    return apr_escape_hex(claim, bytes, sizeof bytes, 0, NULL);
}

apr_status_t fleet_take(void *ctx, const base_env_t *env, const base_budget_t *budget,
                        apr_interval_time_t longest, char claim[BASE_CLAIM_SIZE],
                        apr_interval_time_t *wait)
{
    question_t question = {.fleet = ctx,
                           .script = FLEET_TAKE,
                           .budget = budget->name,
                           .claim = claim,
                           .limit = budget->limit > 0 ? budget->limit : 0,
                           .window = bounded(budget->window),
                           .time = bounded(bounded(longest) + bounded(budget->window))};
    apr_status_t rv = make_claim(claim);

    rv = rv == APR_SUCCESS ? run(&question, env) : rv;
    if (rv != APR_SUCCESS || !question.answer) {
        return rv;
    }
    /* First in milliseconds: the Redis may say anything. */
    if (question.answer > FLEET_BUDGET_MAX / 1000) {
        question.answer = FLEET_BUDGET_MAX / 1000;
    }
    *wait = apr_time_from_msec(question.answer);
    return APR_EAGAIN;
}

apr_status_t fleet_mark(void *ctx, const base_env_t *env, const base_budget_t *budget,
                        const char *claim, apr_interval_time_t time)
{
    question_t question = {.fleet = ctx,
                           .script = FLEET_MARK,
                           .budget = budget->name,
                           .claim = claim,
                           .time = bounded(time)};

    return run(&question, env);
}

apr_status_t fleet_close(void *ctx, const base_env_t *env, const char *budget,
                         apr_interval_time_t time)
{
    question_t question = {
        .fleet = ctx, .script = FLEET_CLOSE, .budget = budget, .time = bounded(time)};

    return time > 0 ? run(&question, env) : APR_SUCCESS;
}
