/* From a path to the operation and the function that carries it out. */
#ifndef SBOX_ROUTE_H
#define SBOX_ROUTE_H

#include "sbox.h"

/* Finds the operation of the call's path and method and sets call->operation and the
 * ids of the path. NULL, or 404 or 405. `method` is the one that counts. */
const sbox_problem_t *sbox_route(sbox_call_t *call, const char *method);

/* NULL: RingCentral has it, the sandbox has not. */
sbox_handler_t *sbox_route_handler(const sbox_operation_t *operation);

/* How errors look on this path. */
sbox_shape_t sbox_route_shape(const char *path);

#endif
