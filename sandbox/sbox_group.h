/* Sites, roles, call queues and custom fields, to read. */
#ifndef SBOX_GROUP_H
#define SBOX_GROUP_H

#include "sbox.h"

sbox_handler_t sbox_group_sites;
sbox_handler_t sbox_group_site;
sbox_handler_t sbox_group_site_members;
sbox_handler_t sbox_group_roles;
sbox_handler_t sbox_group_role;
sbox_handler_t sbox_group_default_role;
sbox_handler_t sbox_group_assigned_roles;
sbox_handler_t sbox_group_roles_of;
sbox_handler_t sbox_group_queues;
sbox_handler_t sbox_group_queue;
sbox_handler_t sbox_group_queue_members;
sbox_handler_t sbox_group_custom_fields;
sbox_handler_t sbox_group_none; /* a list that is always empty */

#endif
