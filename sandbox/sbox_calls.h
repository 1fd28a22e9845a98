/* What was asked: a log of the last calls, and counters. */
#ifndef SBOX_CALLS_H
#define SBOX_CALLS_H

#include "sbox.h"

#define SBOX_CALLS_KEPT 20000
#define SBOX_CALLS_BODY_MAX (256 * 1024) /* of one body, with record=1 */
#define SBOX_CALLS_BODIES_MAX (64 * 1024 * 1024)

sbox_calls_t *sbox_calls_create(apr_pool_t *p);

/* The number of the next call, which is also its rcrequestid. */
apr_uint64_t sbox_calls_next(sbox_calls_t *calls);

/* Logs an answered call. `fault` names what was done to it, or is NULL. */
void sbox_calls_add(sbox_call_t *call, apr_time_t began, const char *fault);

/* {calls:[...]}: those that the query's op, method, group, status, path, since and
 * limit leave, oldest first. A new reference. */
json_t *sbox_calls_json(sbox_calls_t *calls, apr_table_t *query);
/* {total, ops:{...}, groups:{...}, statuses:{...}}. A new reference. */
json_t *sbox_calls_counters(sbox_calls_t *calls);
void sbox_calls_clear(sbox_calls_t *calls);

#endif
