/* The operations on phone numbers (rules 100 to 102). */
#ifndef SBOX_PHONE_H
#define SBOX_PHONE_H

#include "sbox.h"

sbox_handler_t sbox_phone_list;
sbox_handler_t sbox_phone_list_v2;
sbox_handler_t sbox_phone_of_extension;
sbox_handler_t sbox_phone_assign;

#endif
