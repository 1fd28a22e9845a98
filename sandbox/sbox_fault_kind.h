/* The kinds of faults. */
#ifndef SBOX_FAULT_KIND_H
#define SBOX_FAULT_KIND_H

#include "sbox_fault.h"

typedef struct sbox_fault_kind_t {
    const char *name;
    sbox_fault_phase_t phase;
    void (*apply)(sbox_call_t *call, const json_t *action); /* NULL: WITHIN */
} sbox_fault_kind_t;

/* NULL when there is none of that name. Static. */
const sbox_fault_kind_t *sbox_fault_kind_find(const char *name);
/* All names, separated by ", ", in `p`. */
const char *sbox_fault_kind_names(apr_pool_t *p);

#endif
