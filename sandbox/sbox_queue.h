/* Who is in which call queue. */
#ifndef SBOX_QUEUE_H
#define SBOX_QUEUE_H

#include "sbox_account.h"

/* Both sides are kept: the queue's members and the member's queues. */
void sbox_queue_join(sbox_extension_t *queue, sbox_extension_t *member);
void sbox_queue_leave(sbox_extension_t *queue, sbox_extension_t *member);
/* Before an extension goes: as a member of queues, and as a queue with members. */
void sbox_queue_leave_all(sbox_account_t *account, sbox_extension_t *e);

#endif
