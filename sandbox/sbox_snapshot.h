/* The whole account as one JSON document, and back. */
#ifndef SBOX_SNAPSHOT_H
#define SBOX_SNAPSHOT_H

#include <apr_tables.h>

#include "sbox_account.h"

/* A new reference. */
json_t *sbox_snapshot_json(const sbox_account_t *account);
/* The extensions as they are, without lag or view; only that with the query's id,
 * extensionNumber or email when it has one. A new reference. */
json_t *sbox_snapshot_extensions(const sbox_account_t *account, apr_table_t *query);

/* Makes an account in `p` from such a document. NULL, or what is wrong with it, in
 * `scratch`. */
const char *sbox_snapshot_load(sbox_account_t **account, apr_pool_t *p,
                               apr_pool_t *scratch, const json_t *document);

#endif
