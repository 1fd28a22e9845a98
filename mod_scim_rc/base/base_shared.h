/* A piece of memory that all children see, and the lock that guards it. */
#ifndef BASE_SHARED_H
#define BASE_SHARED_H

#include <apr_errno.h>

/* Made by whoever owns the memory; lent for the life of the process. What lies in
 * `memory` holds no pointer. The lock is held for a few instructions, never over a
 * call that can wait. */
typedef struct base_shared_t {
    void *memory;
    void *ctx;
    apr_status_t (*lock)(void *ctx);
    void (*unlock)(void *ctx);
} base_shared_t;

#endif
