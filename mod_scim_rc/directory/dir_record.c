#include "dir_record.h"

#include <string.h>

typedef struct head_t {
    apr_int64_t fetched;
    apr_uint32_t flags;
    apr_uint32_t state_len, memory_len;
    apr_uint32_t key_len[DIR_INDEXES]; /* with the NUL; 0: none */
} head_t;

typedef struct doc_head_t {
    apr_uint32_t mark;
    apr_uint32_t listed;
    apr_uint32_t version_len; /* with the NUL; 0: none */
} doc_head_t;

int dir_record_is_listed(const dir_record_t *record)
{
    return (record->flags & (DIR_LISTED | DIR_GONE)) == DIR_LISTED;
}

static apr_uint32_t text_len(const char *text)
{
    return text && *text ? (apr_uint32_t)strlen(text) + 1 : 0;
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
    if (record->state.len > DIR_RECORD_MAX || record->memory.len > DIR_RECORD_MAX) {
        return APR_EINVAL;
    }
    head.state_len = (apr_uint32_t)record->state.len;
    head.memory_len = (apr_uint32_t)record->memory.len;
    size += record->state.len + record->memory.len;
    for (i = 0; i < DIR_INDEXES; i++) {
        head.key_len[i] = record->flags & DIR_GONE ? 0 : text_len(record->keys[i]);
        size += head.key_len[i];
    }
    if (size > DIR_RECORD_MAX) {
        return APR_EINVAL;
    }
    value->mv_size = (size_t)size;
    value->mv_data = apr_palloc(p, value->mv_size);
    at = append(value->mv_data, &head, sizeof head);
    at = append(at, record->state.data, head.state_len);
    at = append(at, record->memory.data, head.memory_len);
    for (i = 0; i < DIR_INDEXES; i++) {
        at = append(at, record->keys[i], head.key_len[i]);
    }
    return APR_SUCCESS;
}

/* The next text; 0 when it has no end. */
static int take_text(const char **at, apr_uint32_t len, const char **text)
{
    *text = len ? *at : NULL;
    *at += len;
    return !len || !(*at)[-1];
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
    size = sizeof head + (apr_uint64_t)head.state_len + head.memory_len;
    for (i = 0; i < DIR_INDEXES; i++) {
        size += head.key_len[i];
    }
    if (size != value->mv_size) {
        return MDB_CORRUPTED;
    }
    memset(record, 0, sizeof *record);
    record->id = id;
    record->flags = head.flags;
    record->fetched = head.fetched;
    record->state = take(&at, head.state_len);
    record->memory = take(&at, head.memory_len);
    for (i = 0; i < DIR_INDEXES; i++) {
        if (!take_text(&at, head.key_len[i], &record->keys[i])) {
            return MDB_CORRUPTED;
        }
    }
    return 0;
}

apr_status_t dir_doc_encode(apr_pool_t *p, const dir_record_t *record, MDB_val *value)
{
    doc_head_t head = {record->mark, (apr_uint32_t)dir_record_is_listed(record),
                       text_len(record->version)};
    char *at;

    if (record->doc.len > DIR_RECORD_MAX) {
        return APR_EINVAL;
    }
    value->mv_size = sizeof head + head.version_len + record->doc.len;
    value->mv_data = apr_palloc(p, value->mv_size);
    at = append(value->mv_data, &head, sizeof head);
    at = append(at, record->version, head.version_len);
    append(at, record->doc.data, record->doc.len);
    return APR_SUCCESS;
}

int dir_doc_decode(const MDB_val *value, dir_record_t *record, int *listed)
{
    const char *at = value->mv_data;
    doc_head_t head;

    if (value->mv_size < sizeof head) {
        return MDB_CORRUPTED;
    }
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    if (value->mv_size - sizeof head < head.version_len ||
        !take_text(&at, head.version_len, &record->version)) {
        return MDB_CORRUPTED;
    }
    *listed = head.listed != 0;
    record->mark = head.mark;
    record->doc =
        take(&at, (apr_uint32_t)(value->mv_size - sizeof head) - head.version_len);
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
