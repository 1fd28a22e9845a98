/* The v2 operations on several people in one call: provisioning (rule 91) and deletion
 * (rules 85 and 86). */
#ifndef SBOX_BATCH_H
#define SBOX_BATCH_H

#include "sbox.h"

sbox_handler_t sbox_batch_provision;
sbox_handler_t sbox_batch_delete;

#endif
