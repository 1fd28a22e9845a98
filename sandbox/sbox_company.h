/* The sample company: the same for the same settings. */
#ifndef SBOX_COMPANY_H
#define SBOX_COMPANY_H

#include "sbox_account.h"
#include "sbox_settings.h"

/* Fills an empty account. */
void sbox_company_build(sbox_account_t *account, const sbox_settings_t *settings);

#endif
