/* What runs inside of the Redis, each in one step and by its clock. */
#ifndef FLEET_SCRIPT_H
#define FLEET_SCRIPT_H

#include "fleet_wire.h"

typedef enum {
    /* KEYS: units, marker, shut; ARGV: limit, window, life (ms), claim. A list: 0:
     * taken, else the ms until asking again makes sense; and the marker, which is
     * another one when the Redis has lost what it knew. */
    FLEET_TAKE,
    FLEET_MARK,   /* KEYS: units, marker; ARGV: claim, ms */
    FLEET_CLOSE,  /* KEYS: shut; ARGV: ms */
    FLEET_LEAD,   /* KEYS: what; ARGV: who, ms. 1: leads */
    FLEET_RESIGN, /* KEYS: what; ARGV: who */
    /* KEYS: stream; ARGV: length, life (ms), sender, texts. */
    FLEET_TELL,
    /* KEYS: stream; ARGV: life (ms). The id of the last entry, which there is then. */
    FLEET_BEGIN,
    FLEET_SCRIPTS
} fleet_script_t;

#define FLEET_SHA_SIZE 41

/* Nothing that concerns a budget lasts longer: what says so is damaged. */
#define FLEET_BUDGET_MAX apr_time_from_sec(86400)

typedef struct fleet_scripts_t {
    char sha[FLEET_SCRIPTS][FLEET_SHA_SIZE];
} fleet_scripts_t;

/* Once, before any is called. APR_SUCCESS, or APR_EGENERAL when there is no SHA-1. */
apr_status_t fleet_scripts_init(fleet_scripts_t *scripts);

/* Begins a call: what follows are its keys and arguments. */
void fleet_script_begin(const fleet_scripts_t *scripts, fleet_script_t script,
                        int n_keys, fleet_command_t *command);

/* Runs what was begun so and completed; teaches the script where it is not known.
 * Deletes all its keys and tries once more when one of them holds what no script has
 * put there. As fleet_wire_ask() else, but never FLEET_BAD_DATA. */
apr_status_t fleet_script_run(fleet_wire_t *wire, fleet_script_t script,
                              const fleet_command_t *command, apr_time_t deadline,
                              redisReply **reply);

#endif
