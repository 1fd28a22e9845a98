/* The platform and the account themselves. */
#ifndef SBOX_ABOUT_H
#define SBOX_ABOUT_H

#include "sbox.h"

sbox_handler_t sbox_about_versions;
sbox_handler_t sbox_about_version;
sbox_handler_t sbox_about_account;
sbox_handler_t sbox_about_account_v2;
sbox_handler_t sbox_about_service;
sbox_handler_t sbox_about_profile;
sbox_handler_t sbox_about_permission;
sbox_handler_t sbox_about_features;

#endif
