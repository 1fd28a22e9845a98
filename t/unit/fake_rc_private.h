/* What the files of the fake platform share. */
#ifndef FAKE_RC_PRIVATE_H
#define FAKE_RC_PRIVATE_H

#include "fake_rc.h"

/* One exchange on its way. */
typedef struct fake_exchange_t {
    fake_rc_t *f;
    apr_pool_t *p;
    apr_table_t *query;
    const json_t *body; /* or NULL */
    apr_uint64_t id;    /* of {id} in the path */
    int status;         /* of the answer */
    const char *text;   /* of the answer */
    const char *uri;    /* of a page of a list; or NULL */
    const char *if_none_match,
        *etag; /* headers of the call and of the answer; or NULL */
} fake_exchange_t;

/* A bulk update that was accepted. */
typedef struct fake_task_t {
    const char *id;
    apr_time_t due;
    json_t *records; /* still to be carried out; NULL: done */
    json_t *results;
} fake_task_t;

void fake_answer(fake_exchange_t *x, json_t *document); /* takes it; status 200 */
void fake_refuse(fake_exchange_t *x, int status, const char *code, const char *message,
                 const char *parameter);
void fake_refuse_value(fake_exchange_t *x, const char *parameter); /* CMN-101 */

/* Of `records` (taken) the page that the query asks for, each as `show` makes it (a new
 * reference) or, without, as it is. */
void fake_answer_page(fake_exchange_t *x, json_t *records, int per_page,
                      json_t *(*show)(const json_t *record));

/* The dictionaries: "country", "state", "language", "timezone"; a new reference. */
json_t *fake_dictionary(fake_rc_t *f, const char *name);

/* ---- operations on extensions (fake_rc_account.c) ---- */

void fake_list(fake_exchange_t *x);
void fake_read(fake_exchange_t *x);
void fake_create(fake_exchange_t *x);
void fake_update(fake_exchange_t *x);
void fake_release(fake_exchange_t *x);
void fake_remove(fake_exchange_t *x);
void fake_entries(fake_exchange_t *x);
void fake_welcome(fake_exchange_t *x);

/* ---- subscriptions (fake_rc_hook.c) ---- */

void fake_subscriptions(fake_exchange_t *x);
void fake_subscribe(fake_exchange_t *x);
void fake_subscription(fake_exchange_t *x);
void fake_renew(fake_exchange_t *x);
void fake_unsubscribe(fake_exchange_t *x);

/* Gives the answer an ETag that says what it is, and takes its body away when the
 * caller knows it. */
void fake_tag(fake_exchange_t *x);

/* ---- of many (fake_rc_bulk.c) ---- */

void fake_bulk_update(fake_exchange_t *x);
void fake_task(fake_exchange_t *x);
void fake_provision(fake_exchange_t *x);
void fake_run_tasks(fake_rc_t *f); /* carries out those that are due */

#endif
