/* The search in the company directory: searchDirectoryEntries (rule 103). */
#ifndef SBOX_SEARCH_H
#define SBOX_SEARCH_H

#include "sbox.h"

sbox_handler_t sbox_search_entries;

#endif
