/* The account's indexes against a plain search, under random changes. */
#include <stdlib.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "sbox_account.h"
#include "sbox_order.h"
#include "sbox_queue.h"
#include "sbox_spare.h"
#include "tap.h"

#define ROUNDS 4000
#define MAILS 40

static unsigned int seed = 7;

static unsigned int roll(unsigned int n)
{
    seed = seed * 1103515245U + 12345U;
    return (seed >> 16) % n;
}

static int count_email(const sbox_account_t *account, const char *email)
{
    const sbox_extension_t *e;
    int n = 0;

    for (e = account->first; e; e = e->next) {
        n += e->text[SBOX_T_EMAIL] && !strcasecmp(e->text[SBOX_T_EMAIL], email);
    }
    return n;
}

static int indexed_email(const sbox_account_t *account, const char *email)
{
    const sbox_extension_t *e;
    int n = 0;

    for (e = sbox_account_by_email(account, email); e; e = e->same_email) {
        n++;
    }
    return n;
}

static int is_sound(sbox_account_t *account, apr_pool_t *p)
{
    const sbox_extension_t *e, *before = NULL, *spare = NULL;
    int i, n = 0;

    for (e = account->first; e; before = e, e = e->next) {
        n++;
        if (e->status == SBOX_UNASSIGNED && (!spare || e->id < spare->id)) {
            spare = e;
        }
        if (e->previous != before || sbox_account_extension(account, e->id) != e ||
            (e->number && sbox_account_by_number(account, e->number) != e)) {
            return 0;
        }
    }
    for (i = 0; i < MAILS; i++) {
        const char *email = apr_psprintf(p, "MAIL%d@example.com", i);

        if (count_email(account, email) != indexed_email(account, email)) {
            return 0;
        }
    }
    return n == account->n_extensions && account->last == before &&
           sbox_spare_lowest(account) == spare &&
           (int)apr_hash_count(account->by_id) == n;
}

static void set_mail(sbox_extension_t *e, apr_pool_t *p)
{
    sbox_extension_set(e, SBOX_T_EMAIL,
                       apr_psprintf(p, "mail%d@example.com", (int)roll(MAILS)));
}

static sbox_extension_t *any(const sbox_account_t *account)
{
    sbox_extension_t *e = account->first;
    int n = account->n_extensions ? (int)roll((unsigned int)account->n_extensions) : 0;

    while (e && n--) {
        e = e->next;
    }
    return e;
}

static void change(sbox_account_t *account, apr_pool_t *p, const sbox_change_t *how)
{
    sbox_extension_t *e = any(account), *to;

    switch (e ? roll(4) : 0) {
    case 1:
        sbox_account_remove(account, e, how);
        break;
    case 2:
        to = sbox_extension_copy(e);
        to->status = roll(3) ? SBOX_ENABLED : SBOX_UNASSIGNED;
        set_mail(to, p);
        free(to->number);
        to->number = strdup(sbox_account_free_number(account, p));
        sbox_account_replace(account, e, to, how);
        break;
    default:
        to = sbox_extension_new(sbox_account_next_id(account), sbox_type_find("User"));
        to->status = roll(3) ? SBOX_ENABLED : SBOX_UNASSIGNED;
        to->number = strdup(sbox_account_free_number(account, p));
        set_mail(to, p);
        sbox_account_add(account, to, how);
    }
}

static void test_indexes(apr_pool_t *p, int remembered)
{
    sbox_account_t *account = sbox_account_create(p, 1000);
    apr_pool_t *scratch;
    sbox_change_t how = {0, 0};
    int i, sound = 1;

    how.remembered = remembered;
    apr_pool_create(&scratch, p);
    for (i = 0; i < ROUNDS; i++) {
        how.now = i;
        change(account, scratch, &how);
        if (i % 50 == 0) {
            sound = sound && is_sound(account, scratch);
            apr_pool_clear(scratch);
            sbox_account_forget(account, i - 100);
        }
    }
    ok(sound, remembered ? "indexes hold, with a memory" : "indexes hold");
    ok(account->n_extensions > 0, "something is left");
}

static void test_order(apr_pool_t *p)
{
    static const sbox_change_t silent = {0, 0};
    sbox_account_t *account = sbox_account_create(p, 1000);
    const apr_array_header_t *order;
    sbox_extension_t *first;
    int i;

    for (i = 0; i < 100; i++) {
        sbox_account_add(account,
                         sbox_extension_new(sbox_account_next_id(account), "User"),
                         &silent);
    }
    order = sbox_order_all(account, "insertion");
    ok(APR_ARRAY_IDX(order, 0, sbox_extension_t *) == account->first, "insertion");
    order = sbox_order_all(account, "random_stable");
    first = APR_ARRAY_IDX(order, 0, sbox_extension_t *);
    ok(first != account->first, "random is another order");
    order = sbox_order_all(account, "id");
    ok(APR_ARRAY_IDX(order, 0, sbox_extension_t *)->id == 2000, "id");
    order = sbox_order_all(account, "random_stable");
    ok(APR_ARRAY_IDX(order, 0, sbox_extension_t *) == first, "and stable");
    sbox_account_remove(account, first, &silent);
    order = sbox_order_all(account, "random_stable");
    ok(order->nelts == 99, "a change makes it anew");
}

/* Counts what it is told: created, changed, gone. */
static void watch(void *ctx, const sbox_extension_t *was, const sbox_extension_t *now)
{
    int *told = ctx;

    told[!was ? 0 : now ? 1 : 2]++;
    if (was && now) {
        ok(was->id == now->id && was->status == SBOX_ENABLED &&
               now->status == SBOX_DISABLED,
           "told before and after");
    }
}

static void test_watch(apr_pool_t *p)
{
    static const sbox_change_t silent = {0, 0};
    sbox_account_t *account = sbox_account_create(p, 1000);
    sbox_extension_t *e = sbox_extension_new(1, "User"), *to;
    int told[3] = {0};

    account->watch = watch;
    account->watch_ctx = told;
    sbox_account_add(account, e, &silent);
    to = sbox_extension_copy(e);
    to->status = SBOX_DISABLED;
    sbox_account_replace(account, e, to, &silent);
    sbox_account_remove(account, e, &silent);
    ok(told[0] == 1 && told[1] == 1 && told[2] == 1, "each change is told once");
}

static void test_numbers(apr_pool_t *p)
{
    static const sbox_change_t silent = {0, 0};
    sbox_account_t *account = sbox_account_create(p, 1000);
    sbox_extension_t *a = sbox_extension_new(1, "User"),
                     *b = sbox_extension_new(2, "User");
    sbox_number_t *one, *two;

    sbox_account_add(account, a, &silent);
    sbox_account_add(account, b, &silent);
    one = sbox_number_add(account, sbox_usage_find("DirectNumber"), 1, 1);
    two = sbox_number_add(account, sbox_usage_find("DirectNumber"), 1, 0);
    ok(one->device && !two->device, "a device when asked for");
    ok(strcmp(one->phone, two->phone) != 0, "two numbers");
    sbox_number_assign(account, one, 2);
    ok(a->numbers == two && b->numbers == one, "given to another");
    sbox_account_replace(account, b, sbox_extension_copy(b), &silent);
    ok(b->numbers == one, "a changed extension keeps its numbers");
    sbox_number_remove(account, one);
    ok(!b->numbers && account->n_numbers == 1, "removed");
    ok(sbox_usage_find("Nonsense") == NULL, "no such usage");
}

static void test_queues(apr_pool_t *p)
{
    static const sbox_change_t silent = {0, 0};
    sbox_account_t *account = sbox_account_create(p, 1000);
    sbox_extension_t *queue = sbox_extension_new(1, "Department"),
                     *member = sbox_extension_new(2, "User");

    sbox_account_add(account, queue, &silent);
    sbox_account_add(account, member, &silent);
    sbox_queue_join(queue, member);
    sbox_queue_join(queue, member);
    ok(json_object_size(queue->members) == 1 && json_array_size(member->queues) == 1,
       "joined once");
    sbox_queue_leave_all(account, queue);
    ok(json_array_size(member->queues) == 0, "a queue that goes");
    sbox_queue_join(queue, member);
    sbox_queue_leave_all(account, member);
    ok(json_object_size(queue->members) == 0, "a member that goes");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_indexes(p, 0);
    test_indexes(p, 1);
    test_order(p);
    test_watch(p);
    test_numbers(p);
    test_queues(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
