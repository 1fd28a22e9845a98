#include "sbox_state.h"

#include <errno.h>
#include <stdio.h>
#include <apr_strings.h>

#include "sbox_event.h"
#include "sbox_hook_state.h"
#include "sbox_snapshot.h"

json_t *sbox_state_json(sbox_t *box)
{
    json_t *document = sbox_snapshot_json(box->account);

    sbox_hooks_save(box, document);
    return document;
}

const char *sbox_state_replace(sbox_t *box, apr_pool_t *scratch, const json_t *document)
{
    sbox_account_t *account;
    apr_pool_t *p;
    const char *wrong;

    apr_pool_create(&p, box->world);
    wrong = sbox_snapshot_load(&account, p, scratch, document);
    wrong = wrong ? wrong : sbox_hooks_load(box, scratch, document);
    if (wrong) {
        apr_pool_destroy(p);
        return wrong;
    }
    apr_pool_destroy(box->account->pool);
    box->account = account;
    sbox_event_watch(box);
    return NULL;
}

const char *sbox_state_load(sbox_t *box)
{
    const char *name = box->settings->state_file, *wrong;
    json_error_t error;
    json_t *document;
    FILE *file;

    if (!name) {
        return NULL;
    }
    file = fopen(name, "r");
    if (!file) {
        return errno == ENOENT ? NULL : "cannot be read";
    }
    document = json_loadf(file, 0, &error);
    fclose(file);
    apr_thread_mutex_lock(box->lock);
    wrong = document ? sbox_state_replace(box, box->pool, document)
                     : apr_pstrdup(box->pool, error.text);
    apr_thread_mutex_unlock(box->lock);
    json_decref(document);
    return wrong;
}

const char *sbox_state_save(sbox_t *box)
{
    const char *name = box->settings->state_file, *temporary;
    json_t *document;
    int failed;

    if (!name) {
        return NULL;
    }
    temporary = apr_pstrcat(box->pool, name, ".new", NULL);
    apr_thread_mutex_lock(box->lock);
    document = sbox_state_json(box);
    apr_thread_mutex_unlock(box->lock);
    failed = json_dump_file(document, temporary, JSON_COMPACT);
    json_decref(document);
    return failed || rename(temporary, name) ? "cannot be written" : NULL;
}
