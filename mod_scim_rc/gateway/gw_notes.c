#include "gw_notes.h"

#include <stddef.h>
#include <string.h>

#define VALUE "stale"

static apr_size_t size_of(const gw_notes_t *notes)
{
    return offsetof(gw_notes_t, note) + notes->n * sizeof(gw_note_t);
}

static int is_empty(const gw_notes_t *notes)
{
    return !notes->n && !notes->many && !notes->echoes && !notes->numbers;
}

/* Anything that does not fit is no notes. */
static void decode(gw_notes_t *notes, apr_status_t rv, const base_slice_t *value)
{
    memset(notes, 0, sizeof *notes);
    if (rv == APR_SUCCESS && value->len >= offsetof(gw_notes_t, note) &&
        value->len <= sizeof *notes) {
        memcpy(notes, value->data, value->len);
        if (notes->n > GW_NOTES_MAX || size_of(notes) != value->len) {
            memset(notes, 0, sizeof *notes);
        }
    }
}

gw_notes_t *gw_notes_load(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    base_slice_t value = {NULL, 0};
    apr_status_t rv = dir_value(account->store, p, VALUE, &value, env);
    gw_notes_t *notes;

    if (rv != APR_SUCCESS) {
        return NULL;
    }
    notes = apr_palloc(p, sizeof *notes);
    decode(notes, rv, &value);
    return is_empty(notes) ? NULL : notes;
}

gw_note_t *gw_notes_find(gw_notes_t *notes, apr_uint64_t id)
{
    apr_uint32_t i;

    for (i = 0; i < notes->n; i++) {
        if (notes->note[i].id == id) {
            return &notes->note[i];
        }
    }
    return NULL;
}

void gw_notes_remove(gw_notes_t *notes, gw_note_t *note)
{
    *note = notes->note[--notes->n];
}

apr_status_t gw_notes_change_in(dir_txn_t *txn, apr_pool_t *p, gw_notes_edit_fn edit,
                                const void *baton)
{
    gw_notes_t *notes = apr_palloc(p, sizeof *notes);
    base_slice_t value = {NULL, 0};
    apr_status_t rv = dir_txn_value(txn, VALUE, &value);

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        return rv;
    }
    decode(notes, rv, &value);
    edit(notes, txn, baton);
    return is_empty(notes)
               ? dir_txn_set(txn, VALUE, NULL, 0)
               : dir_txn_set(txn, VALUE, (const char *)notes, size_of(notes));
}

typedef struct change_t {
    apr_pool_t *p;
    gw_notes_edit_fn edit;
    const void *baton;
} change_t;

static apr_status_t change(void *baton, dir_txn_t *txn)
{
    const change_t *c = baton;

    return gw_notes_change_in(txn, c->p, c->edit, c->baton);
}

apr_status_t gw_notes_change(gw_account_t *account, apr_pool_t *p,
                             gw_notes_edit_fn edit, const void *baton,
                             const base_env_t *env)
{
    change_t c = {p, edit, baton};

    return dir_change(account->store, p, change, &c, env);
}
