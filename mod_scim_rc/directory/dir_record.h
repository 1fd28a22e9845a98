/* A record as bytes, and the keys under which it is filed. */
#ifndef DIR_RECORD_H
#define DIR_RECORD_H

#include <lmdb.h>

#include "dir_store.h"

#define DIR_RECORD_MAX (16 * 1024 * 1024)

/* A record is stored in three values, so that each kind of reading touches few bytes:
 * the record itself, its document, and its brief as it is. */

/* Is it found as a document, in lists and by queries? */
int dir_record_is_listed(const dir_record_t *record);

/* The bytes of `record` but its document and brief, in `p`; APR_EINVAL when there are
 * more than DIR_RECORD_MAX. A gravestone (DIR_GONE) has no keys. */
apr_status_t dir_record_encode(apr_pool_t *p, const dir_record_t *record,
                               MDB_val *value);

/* Makes `record`, but for its document and brief, point into `value`. An LMDB code:
 * MDB_CORRUPTED when the bytes do not fit together. */
int dir_record_decode(const MDB_val *value, apr_uint64_t id, dir_record_t *record);

/* The same for the document: doc, mark and version. */
apr_status_t dir_doc_encode(apr_pool_t *p, const dir_record_t *record, MDB_val *value);

/* *listed: dir_record_is_listed() of what was encoded. */
int dir_doc_decode(const MDB_val *value, dir_record_t *record, int *listed);

/* LMDB's limit of a key is 511 bytes. */
#define DIR_KEY_MAX 511

/* A key as it stands in an index. */
typedef struct dir_key_t {
    apr_size_t len; /* 0: not in the index */
    char text[DIR_KEY_MAX];
} dir_key_t;

/* Keys as long as the limit or longer are cut, with their hash in place of the rest.
 * `scratch` is used for that alone. */
void dir_key_make(dir_key_t *key, const char *text, apr_pool_t *scratch);

#endif
