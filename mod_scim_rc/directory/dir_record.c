#include "dir_record.h"

#include <string.h>

typedef struct head_t {
    apr_int64_t fetched;
    apr_uint32_t flags, mark;
    apr_uint32_t doc_len, state_len, memory_len;
    apr_uint32_t key_len[DIR_INDEXES]; /* with the NUL; 0: none */
} head_t;

static apr_uint32_t key_len(const dir_record_t *record, int index)
{
    const char *key = record->keys[index];

    return key && *key && !(record->flags & DIR_GONE) ? (apr_uint32_t)strlen(key) + 1
                                                      : 0;
}

static char *append(char *to, const void *data, apr_size_t len)
{
    if (len) {
        memcpy(to, data, len);
    }
    return to + len;
}

apr_status_t dir_record_encode(apr_pool_t *p, const dir_record_t *record,
                               MDB_val *value)
{
    apr_uint64_t size = sizeof(head_t);
    head_t head;
    char *at;
    int i;

    memset(&head, 0, sizeof head);
    head.fetched = record->fetched;
    head.flags = record->flags;
    head.mark = record->mark;
    if (record->doc.len > DIR_RECORD_MAX || record->state.len > DIR_RECORD_MAX ||
        record->memory.len > DIR_RECORD_MAX) {
        return APR_EINVAL;
    }
    head.doc_len = (apr_uint32_t)record->doc.len;
    head.state_len = (apr_uint32_t)record->state.len;
    head.memory_len = (apr_uint32_t)record->memory.len;
    size += record->doc.len + record->state.len + record->memory.len;
    for (i = 0; i < DIR_INDEXES; i++) {
        head.key_len[i] = key_len(record, i);
        size += head.key_len[i];
    }
    if (size > DIR_RECORD_MAX) {
        return APR_EINVAL;
    }
    value->mv_size = (size_t)size;
    value->mv_data = apr_palloc(p, value->mv_size);
    at = append(value->mv_data, &head, sizeof head);
    at = append(at, record->doc.data, head.doc_len);
    at = append(at, record->state.data, head.state_len);
    at = append(at, record->memory.data, head.memory_len);
    for (i = 0; i < DIR_INDEXES; i++) {
        at = append(at, record->keys[i], head.key_len[i]);
    }
    return APR_SUCCESS;
}

/* The next `len` bytes of a value. */
static base_slice_t take(const char **at, apr_uint32_t len)
{
    base_slice_t slice = {*at, len};

    *at += len;
    return slice;
}

int dir_record_decode(const MDB_val *value, apr_uint64_t id, dir_record_t *record)
{
    const char *at = value->mv_data;
    apr_uint64_t size;
    head_t head;
    int i;

    if (value->mv_size < sizeof head) {
        return MDB_CORRUPTED;
    }
    memcpy(&head, at, sizeof head); /* LMDB aligns to 2 bytes only */
    at += sizeof head;
    size = sizeof head + (apr_uint64_t)head.doc_len + head.state_len + head.memory_len;
    for (i = 0; i < DIR_INDEXES; i++) {
        size += head.key_len[i];
    }
    if (size != value->mv_size) {
        return MDB_CORRUPTED;
    }
    record->id = id;
    record->flags = head.flags;
    record->fetched = head.fetched;
    record->mark = head.mark;
    record->doc = take(&at, head.doc_len);
    record->state = take(&at, head.state_len);
    record->memory = take(&at, head.memory_len);
    for (i = 0; i < DIR_INDEXES; i++) {
        base_slice_t key = take(&at, head.key_len[i]);

        if (key.len && key.data[key.len - 1]) {
            return MDB_CORRUPTED;
        }
        record->keys[i] = key.len ? key.data : NULL;
    }
    return 0;
}

void dir_key_make(dir_key_t *key, const char *text, apr_pool_t *scratch)
{
    const apr_size_t kept = DIR_KEY_MAX - BASE_SHA256_HEX_LEN;
    apr_size_t len = text ? strlen(text) : 0;

    if (len < DIR_KEY_MAX) {
        append(key->text, text, len);
        key->len = len;
    }
    else {
        append(key->text, text, kept);
        append(key->text + kept, base_sha256_hex(scratch, text, len),
               BASE_SHA256_HEX_LEN);
        key->len = DIR_KEY_MAX;
    }
}
