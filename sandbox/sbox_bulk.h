/* Bulk updates: tasks that change one record after the other while time passes (rules
 * 87 to 90). Nothing runs on its own: what is due is done when somebody looks. Where
 * there are subscriptions, their threads look, so that events come when a record is
 * done. */
#ifndef SBOX_BULK_H
#define SBOX_BULK_H

#include "sbox.h"

/* No tasks. They end with `p`. */
sbox_tasks_t *sbox_tasks_create(apr_pool_t *p);

/* Does what is due by now. To be called before anything of the account is looked at or
 * changed. */
void sbox_bulk_run(sbox_t *box);
/* When there will be something to do, by the sandbox's clock; 0: not by itself. */
apr_time_t sbox_bulk_due(const sbox_t *box);

sbox_handler_t sbox_bulk_start; /* extensionBulkUpdate */
sbox_handler_t sbox_bulk_read;  /* getExtensionBulkUpdateTask */

/* For the control interface: all tasks that are still readable. A new reference. */
json_t *sbox_bulk_json(const sbox_t *box);
/* {action: "hold", "release" or "fail", task: id or all that are not finished, after:
 * records to do before (now)}. How many tasks were meant; -1: the order is wrong. */
int sbox_bulk_order(sbox_t *box, const json_t *order);

#endif
