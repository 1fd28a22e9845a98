#include "sbox_account.h"

#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_json.h"
#include "sbox_order.h"
#include "sbox_spare.h"

#define FIRST_NUMBER 101
#define FIRST_PHONE APR_INT64_C(16505550100)

static apr_status_t release(void *data)
{
    sbox_account_t *account = data;

    while (account->first) {
        sbox_extension_t *next = account->first->next;

        sbox_extension_free(account->first);
        account->first = next;
    }
    while (account->first_number) {
        sbox_number_t *next = account->first_number->next;

        free(account->first_number);
        account->first_number = next;
    }
    sbox_account_forget(account, APR_INT64_MAX);
    json_decref(account->sites);
    json_decref(account->roles);
    json_decref(account->custom_fields);
    return APR_SUCCESS;
}

sbox_account_t *sbox_account_create(apr_pool_t *p, apr_int64_t id)
{
    sbox_account_t *account = apr_pcalloc(p, sizeof(*account));

    account->pool = p;
    account->id = account->next_id = id;
    account->next_number = FIRST_NUMBER;
    account->next_phone = FIRST_PHONE;
    account->name = "Demo Company";
    account->by_id = apr_hash_make(p);
    account->by_number = apr_hash_make(p);
    account->by_email = apr_hash_make(p);
    account->number_by_id = apr_hash_make(p);
    account->sites = json_array();
    account->roles = json_array();
    account->custom_fields = json_array();
    account->ordered = apr_array_make(p, 64, sizeof(sbox_extension_t *));
    account->spare = apr_array_make(p, 64, sizeof(apr_int64_t));
    apr_pool_cleanup_register(p, account, release, apr_pool_cleanup_null);
    return account;
}

apr_int64_t sbox_account_next_id(sbox_account_t *account)
{
    account->next_id += 1000;
    return account->next_id;
}

const char *sbox_account_free_number(sbox_account_t *account, apr_pool_t *p)
{
    const char *number;

    do {
        number = apr_itoa(p, account->next_number++);
    } while (sbox_account_by_number(account, number));
    return number;
}

sbox_extension_t *sbox_account_extension(const sbox_account_t *account, apr_int64_t id)
{
    return apr_hash_get(account->by_id, &id, sizeof(id));
}

sbox_extension_t *sbox_account_by_number(const sbox_account_t *account,
                                         const char *number)
{
    return apr_hash_get(account->by_number, number, APR_HASH_KEY_STRING);
}

#define EMAIL_MAX 320

static void fold(char key[EMAIL_MAX], const char *email)
{
    apr_cpystrn(key, email, EMAIL_MAX);
    while (*key) {
        *key = (char)apr_tolower(*key);
        key++;
    }
}

sbox_extension_t *sbox_account_by_email(const sbox_account_t *account,
                                        const char *email)
{
    char key[EMAIL_MAX];

    fold(key, email);
    return apr_hash_get(account->by_email, key, APR_HASH_KEY_STRING);
}

static void index_email(sbox_account_t *account, sbox_extension_t *e)
{
    char key[EMAIL_MAX];

    if (!e->text[SBOX_T_EMAIL]) {
        return;
    }
    fold(key, e->text[SBOX_T_EMAIL]);
    e->email_key = strdup(key);
    if (!e->email_key) {
        abort();
    }
    e->same_email = apr_hash_get(account->by_email, key, APR_HASH_KEY_STRING);
    /* A key that is there keeps its old memory, which may go before the entry. */
    apr_hash_set(account->by_email, key, APR_HASH_KEY_STRING, NULL);
    apr_hash_set(account->by_email, e->email_key, APR_HASH_KEY_STRING, e);
}

static void unindex_email(sbox_account_t *account, sbox_extension_t *e)
{
    sbox_extension_t *head, **link;

    if (!e->email_key) {
        return;
    }
    head = apr_hash_get(account->by_email, e->email_key, APR_HASH_KEY_STRING);
    for (link = &head; *link != e; link = &(*link)->same_email) {
    }
    *link = e->same_email;
    apr_hash_set(account->by_email, e->email_key, APR_HASH_KEY_STRING, NULL);
    if (head) {
        apr_hash_set(account->by_email, head->email_key, APR_HASH_KEY_STRING, head);
    }
    free(e->email_key);
    e->email_key = NULL;
    e->same_email = NULL;
}

static void index_all(sbox_account_t *account, sbox_extension_t *e)
{
    apr_hash_set(account->by_id, &e->id, sizeof(e->id), e);
    if (e->number) {
        apr_hash_set(account->by_number, e->number, APR_HASH_KEY_STRING, e);
    }
    index_email(account, e);
    sbox_spare_add(account, e);
}

static void unindex_all(sbox_account_t *account, sbox_extension_t *e)
{
    unindex_email(account, e);
    if (e->number) {
        apr_hash_set(account->by_number, e->number, APR_HASH_KEY_STRING, NULL);
    }
    apr_hash_set(account->by_id, &e->id, sizeof(e->id), NULL);
}

static void tell(const sbox_account_t *account, const sbox_extension_t *was,
                 const sbox_extension_t *now)
{
    if (account->watch) {
        account->watch(account->watch_ctx, was, now);
    }
}

/* Keeps `was` (NULL: nothing was there) for the lists that lag, or frees it. */
static void remember(sbox_account_t *account, apr_int64_t id, sbox_extension_t *was,
                     const sbox_change_t *change)
{
    sbox_past_t *past;

    if (!change->remembered) {
        sbox_extension_free(was);
        return;
    }
    past = calloc(1, sizeof(*past));
    if (!past) {
        abort();
    }
    past->until = change->now;
    past->id = id;
    past->was = was;
    if (was) {
        was->numbers = NULL;
    }
    if (account->last_past) {
        account->last_past->next = past;
    }
    else {
        account->past = past;
    }
    account->last_past = past;
}

void sbox_account_forget(sbox_account_t *account, apr_time_t before)
{
    while (account->past && account->past->until < before) {
        sbox_past_t *past = account->past;

        account->past = past->next;
        sbox_extension_free(past->was);
        free(past);
    }
    if (!account->past) {
        account->last_past = NULL;
    }
}

void sbox_account_add(sbox_account_t *account, sbox_extension_t *e,
                      const sbox_change_t *change)
{
    e->previous = account->last;
    e->next = NULL;
    if (account->last) {
        account->last->next = e;
    }
    else {
        account->first = e;
    }
    account->last = e;
    account->n_extensions++;
    e->rank = ++account->last_rank;
    sbox_order_add(account, e);
    index_all(account, e);
    tell(account, NULL, e);
    remember(account, e->id, NULL, change);
}

void sbox_account_replace(sbox_account_t *account, sbox_extension_t *e,
                          sbox_extension_t *with, const sbox_change_t *change)
{
    sbox_extension_t was;

    unindex_all(account, e);
    was = *e;
    with->next = e->next;
    with->previous = e->previous;
    *e = *with;
    *with = was;
    index_all(account, e);
    tell(account, with, e);
    remember(account, e->id, with, change);
}

void sbox_account_remove(sbox_account_t *account, sbox_extension_t *e,
                         const sbox_change_t *change)
{
    unindex_all(account, e);
    if (e->previous) {
        e->previous->next = e->next;
    }
    else {
        account->first = e->next;
    }
    if (e->next) {
        e->next->previous = e->previous;
    }
    else {
        account->last = e->previous;
    }
    account->n_extensions--;
    sbox_order_drop(account, e);
    tell(account, e, NULL);
    remember(account, e->id, e, change);
}

json_t *sbox_list_find(const json_t *list, const char *id)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *its = base_json_string(item, "id");

        if (id && its && !strcmp(its, id)) {
            return item;
        }
    }
    return NULL;
}
