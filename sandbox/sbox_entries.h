/* The company directory (rule 103). */
#ifndef SBOX_ENTRIES_H
#define SBOX_ENTRIES_H

#include "sbox.h"

sbox_handler_t sbox_entries_list;
sbox_handler_t sbox_entries_read;

#endif
