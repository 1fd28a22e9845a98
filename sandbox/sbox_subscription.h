/* Subscriptions to events: the operations below /restapi/v1.0/subscription (rules 130
 * to 132, 137). */
#ifndef SBOX_SUBSCRIPTION_H
#define SBOX_SUBSCRIPTION_H

#include "sbox.h"

sbox_handler_t sbox_subscription_list;
/* Lets go of the sandbox's lock while it tries the address. */
sbox_handler_t sbox_subscription_create;
sbox_handler_t sbox_subscription_read;
sbox_handler_t sbox_subscription_update;
sbox_handler_t sbox_subscription_renew;
sbox_handler_t sbox_subscription_delete;

#endif
