/* The order of lists: "insertion", "id" or "random_stable". */
#ifndef SBOX_ORDER_H
#define SBOX_ORDER_H

#include "sbox_account.h"

/* All extensions of the account: an array of sbox_extension_t * that is valid until one
 * comes or goes. */
const apr_array_header_t *sbox_order_all(sbox_account_t *account, const char *how);

/* Sorts some of them. */
void sbox_order_sort(apr_array_header_t *some, const char *how);

/* Keeps the array right: for the account. */
void sbox_order_add(sbox_account_t *account, sbox_extension_t *e);
void sbox_order_drop(sbox_account_t *account, const sbox_extension_t *e);

#endif
