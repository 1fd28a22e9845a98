/* Values that all gateways see, and who does something for all. */
#include "fleet_private.h"

#include <string.h>
#include <apr_strings.h>

/* More than anybody keeps; a garbled time must not become a garbled command. */
#define TIME_MAX apr_time_from_sec(366 * 86400)
#define LEAD_MAX apr_time_from_sec(86400)

typedef struct value_t {
    fleet_t *fleet;
    apr_pool_t *p;
    const char *name;
    base_slice_t value;
    int removes;
    apr_interval_time_t time;
    int misread;
} value_t;

static apr_interval_time_t bounded(apr_interval_time_t time, apr_interval_time_t max)
{
    return time < 1 ? 1 : time > max ? max : time;
}

/* What a value is sealed as: moved to another name it does not open. */
static const char *about(const value_t *value, apr_pool_t *p)
{
    return apr_pstrcat(p, "value:", value->fleet->conf->scope, ":", value->name, NULL);
}

/* --- get -------------------------------------------------------------------------- */

static apr_status_t get(fleet_wire_t *wire, const base_env_t *env, void *baton)
{
    value_t *value = baton;
    const char *key = fleet_key(value->fleet, wire->p, "value", value->name);
    const apr_time_t deadline = fleet_clock() + FLEET_LIMIT;
    fleet_command_t command = {.n = 0};
    base_slice_t sealed;
    redisReply *reply;
    apr_status_t rv;

    fleet_command_add(&command, "GET");
    fleet_command_add(&command, key);
    rv = fleet_wire_ask(wire, &command, deadline, &reply);
    if (rv == FLEET_BAD_DATA) {
        rv = fleet_wire_mend(wire, reply, &key, 1, deadline);
        return rv == APR_SUCCESS ? APR_NOTFOUND : rv;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (reply->type == REDIS_REPLY_NIL) {
        return APR_NOTFOUND;
    }
    if (reply->type != REDIS_REPLY_STRING) {
        return fleet_wire_garbled(wire);
    }
    sealed = (base_slice_t){reply->str, reply->len};
    rv = fleet_unseal(value->p, value->fleet->key, about(value, wire->p), &sealed,
                      &value->value);
    value->misread = rv != APR_SUCCESS;
    return value->misread ? APR_NOTFOUND : APR_SUCCESS;
}

apr_status_t fleet_get(void *ctx, const base_env_t *env, apr_pool_t *p,
                       const char *name, base_slice_t *value)
{
    value_t asked = {.fleet = ctx, .p = p, .name = name};
    apr_status_t rv;

    if (strlen(name) > FLEET_NAME_MAX) {
        return APR_EINVAL;
    }
    rv = fleet_link_run(&asked.fleet->link, env, FLEET_SHORT, get, &asked);
    if (asked.misread) {
        fleet_say_misread(asked.fleet, env);
    }
    *value = asked.value;
    return rv;
}

/* --- set -------------------------------------------------------------------------- */

static apr_status_t set(fleet_wire_t *wire, const base_env_t *env, void *baton)
{
    const value_t *value = baton;
    const char *key = fleet_key(value->fleet, wire->p, "value", value->name);
    fleet_command_t command = {.n = 0};
    base_slice_t sealed;
    redisReply *reply;
    apr_status_t rv = APR_SUCCESS;

    fleet_command_add(&command, value->removes ? "DEL" : "SET");
    fleet_command_add(&command, key);
    if (!value->removes) {
        rv = fleet_seal(wire->p, value->fleet->key, about(value, wire->p),
                        &value->value, &sealed);
        fleet_command_add_slice(&command, &sealed);
        fleet_command_add(&command, "PX");
        fleet_add_time(&command, wire->p, value->time);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return fleet_wire_ask(wire, &command, fleet_clock() + FLEET_LIMIT, &reply);
}

apr_status_t fleet_set(void *ctx, const base_env_t *env, const char *name,
                       const base_slice_t *value, apr_interval_time_t time)
{
    value_t asked = {.fleet = ctx,
                     .name = name,
                     .value = value ? *value : (base_slice_t){"", 0},
                     .removes = !value,
                     .time = bounded(time, TIME_MAX)};

    if (strlen(name) > FLEET_NAME_MAX) {
        return APR_EINVAL;
    }
    return fleet_link_run(&asked.fleet->link, env, FLEET_SHORT, set, &asked);
}

/* --- lead, resign ----------------------------------------------------------------- */

typedef struct office_t {
    fleet_t *fleet;
    fleet_script_t script;
    const char *what;
    apr_interval_time_t time;
    int leads;
} office_t;

static apr_status_t apply(fleet_wire_t *wire, const base_env_t *env, void *baton)
{
    office_t *office = baton;
    fleet_command_t command;
    redisReply *reply;
    apr_status_t rv;

    fleet_script_begin(&office->fleet->scripts, office->script, 1, &command);
    fleet_command_add(&command,
                      fleet_key(office->fleet, wire->p, "lead", office->what));
    fleet_command_add(&command, office->fleet->shared->id);
    if (office->script == FLEET_LEAD) {
        fleet_add_time(&command, wire->p, office->time);
    }
    rv = fleet_script_run(wire, office->script, &command, fleet_clock() + FLEET_LIMIT,
                          &reply);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (reply->type != REDIS_REPLY_INTEGER) {
        return fleet_wire_garbled(wire);
    }
    office->leads = reply->integer == 1;
    return APR_SUCCESS;
}

apr_status_t fleet_lead(void *ctx, const base_env_t *env, const char *what,
                        apr_interval_time_t time, int *leads)
{
    office_t office = {.fleet = ctx,
                       .script = FLEET_LEAD,
                       .what = what,
                       .time = bounded(time, LEAD_MAX)};
    apr_status_t rv;

    *leads = 0;
    if (strlen(what) > FLEET_NAME_MAX) {
        return APR_EINVAL;
    }
    rv = fleet_link_run(&office.fleet->link, env, FLEET_SHORT, apply, &office);
    *leads = rv == APR_SUCCESS && office.leads;
    return rv;
}

apr_status_t fleet_resign(void *ctx, const base_env_t *env, const char *what)
{
    office_t office = {.fleet = ctx, .script = FLEET_RESIGN, .what = what};

    if (strlen(what) > FLEET_NAME_MAX) {
        return APR_EINVAL;
    }
    return fleet_link_run(&office.fleet->link, env, FLEET_SHORT, apply, &office);
}
