#include "rc_fake.h"

#define SECOND apr_time_from_sec(1)
#define NOW FAKE_START
#define LONGEST (20 * SECOND)
#define SPAN (60 * SECOND + 60 * SECOND / 100) /* of a window of a minute */
#define CREDENTIALS 3

static rc_bucket_t buckets[CREDENTIALS][RC_GROUPS];
static rc_line_t line;
static rc_plan_t *plan;

static rc_bucket_t *bucket_of(void *ctx, int credential, int group)
{
    return &buckets[credential][group];
}

static const rc_outlook_t outlook = {bucket_of, NULL, NOW, {100, 50}, RC_SINGLE, 100};

/* `n` calls, a second apart, the last one a second ago. */
static void use(rc_bucket_t *b, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        b->slots[i].time = NOW - (n - i) * SECOND;
        b->slots[i].in_flight = 0;
    }
}

static void fresh(apr_pool_t *p)
{
    int k, i;

    memset(&line, 0, sizeof line);
    for (k = 0; k < CREDENTIALS; k++) {
        for (i = 0; i < RC_GROUPS; i++) {
            rc_bucket_init(&buckets[k][i], (rc_group_t)i, NULL);
            buckets[k][i].cold = 0;
        }
    }
    plan = rc_plan_create(p, CREDENTIALS);
}

static rc_wish_t wish_of(unsigned groups, unsigned credentials, rc_class_t work)
{
    return (rc_wish_t){groups, credentials, work, LONGEST, 0};
}

static apr_uint64_t join(unsigned groups, unsigned credentials, rc_class_t work)
{
    rc_waiter_t waiter = {rc_line_ticket(&line), NOW + SECOND, (apr_uint16_t)groups,
                          work, credentials};

    rc_line_join(&line, RC_WAITERS_MAX, &waiter);
    return waiter.ticket;
}

static const char *order(apr_pool_t *p)
{
    const char *text = "";
    int i;

    for (i = 0; i < line.n; i++) {
        text = apr_psprintf(p, "%s %d", text, (int)line.waiters[i].ticket);
    }
    return text;
}

/* "group/credential after seconds" */
static const char *turn(apr_pool_t *p, rc_wish_t wish, apr_uint64_t ticket)
{
    rc_turn_t t = rc_line_turn(&line, plan, &outlook, &wish, ticket);
    double seconds = (double)(t.when - NOW) / APR_USEC_PER_SEC;

    return t.group < 0
               ? "never"
               : apr_psprintf(p, "%s/%d after %.2f", rc_group_name((rc_group_t)t.group),
                              t.credential, seconds);
}

static void test_order(apr_pool_t *p)
{
    rc_waiter_t again = {2, NOW + 2 * SECOND, 1, RC_BACKGROUND, 1};
    int i;

    fresh(p);
    join(1, 1, RC_INTERACTIVE);
    join(1, 1, RC_BACKGROUND);
    join(1, 1, RC_INTERACTIVE);
    join(1, 1, RC_BACKGROUND);
    join(1, 1, RC_INTERACTIVE);
    is_str(order(p), " 1 3 5 2 4", "interactive work first, then in order of arrival");
    is_int(rc_line_join(&line, 5, &again), 1, "who stands there may stay");
    is_str(order(p), " 1 3 5 2 4", "... where it is");
    rc_line_leave(&line, RC_INTERACTIVE, 3);
    rc_line_leave(&line, RC_INTERACTIVE, 3);
    rc_line_leave(&line, RC_INTERACTIVE, 4);
    is_str(order(p), " 1 5 2 4", "one leaves, once");
    again.ticket = 3;
    again.work = RC_INTERACTIVE;
    is_int(rc_line_join(&line, 5, &again), 1, "one comes back");
    is_str(order(p), " 1 3 5 2 4", "... to its old place");
    again.ticket = 6;
    is_int(rc_line_join(&line, 5, &again), 0, "there is no room for one more");
    rc_line_prune(&line, NOW + SECOND);
    is_str(order(p), " 1 3 5 2 4", "nobody is late");
    rc_line_prune(&line, NOW + SECOND + 1);
    is_str(order(p), " 3 2", "who does not come back is taken out");
    for (i = line.n; i < RC_WAITERS_MAX; i++) {
        join(1, 1, RC_INTERACTIVE);
    }
    again.ticket = rc_line_ticket(&line);
    is_int(rc_line_join(&line, RC_WAITERS_MAX + 1, &again), 0,
           "there is no room beyond the memory");
    is_int(line.n, RC_WAITERS_MAX, "... and nobody in it");
}

static void test_turns(apr_pool_t *p)
{
    const unsigned heavy = RC_GROUP_BIT(RC_HEAVY);
    const rc_wish_t mine = wish_of(heavy, 1, RC_INTERACTIVE);
    rc_share_t share = {5, heavy, 5};
    rc_wish_t others = mine;
    apr_uint64_t first = 0, ticket;
    int i;

    fresh(p);
    use(&buckets[0][RC_HEAVY], 8);
    is_str(turn(p, mine, rc_line_ticket(&line)), "heavy/0 after 0.00", "there is room");
    first = join(heavy, 1, RC_INTERACTIVE);
    is_str(turn(p, mine, rc_line_ticket(&line)), "heavy/0 after 0.00",
           "... for two: who waits leaves room to another");
    is_str(turn(p, mine, first), "heavy/0 after 0.00", "... and goes itself");
    join(heavy, 1, RC_INTERACTIVE);
    ticket = rc_line_ticket(&line);
    is_str(turn(p, mine, ticket), "heavy/0 after 52.60",
           "a third one gets the first that becomes free");
    is_str(turn(p, wish_of(RC_GROUP_BIT(RC_LIGHT), 1, RC_INTERACTIVE), ticket),
           "light/0 after 0.00", "... and does not wait for those of another group");
    for (i = 0; i < 7; i++) {
        join(heavy, 1, RC_INTERACTIVE);
    }
    ticket = rc_line_ticket(&line);
    is_str(turn(p, mine, ticket), "heavy/0 after 59.60", "the last of this window");
    join(heavy, 1, RC_INTERACTIVE);
    join(heavy, 1, RC_INTERACTIVE);
    join(heavy, 1, RC_INTERACTIVE);
    ticket = rc_line_ticket(&line);
    is_str(turn(p, mine, ticket), "heavy/0 after 113.20",
           "the third one of the next window");
    others.share = &share;
    is_str(turn(p, others, ticket), "heavy/0 after 114.20",
           "... the fourth one if a call's worth of others goes first");
    share.before = 4;
    is_str(turn(p, others, ticket), "heavy/0 after 113.20",
           "... the same if that call has room");
    line.waiters[1].groups |= RC_FOR_LINE(3);
    is_str(turn(p, others, ticket), "heavy/0 after 113.20",
           "who stands for another line stands before it");
    others.groups |= RC_FOR_LINE(3);
    is_str(turn(p, others, ticket), "heavy/0 after 60.60",
           "who stands for the same line does so for it, too");
    line.waiters[1].groups = (apr_uint16_t)heavy;
    rc_line_leave(&line, RC_INTERACTIVE, first);
    is_str(turn(p, mine, ticket), "heavy/0 after 60.60",
           "when one leaves the others move up");
    is_str(turn(p, mine, line.waiters[0].ticket), "heavy/0 after 0.00",
           "... each by one");
    buckets[0][RC_HEAVY].closed_until = NOW + 58 * SECOND;
    is_str(turn(p, mine, line.waiters[0].ticket), "heavy/0 after 58.00",
           "a penalty is waited for");
    is_str(turn(p, mine, line.waiters[8].ticket), "heavy/0 after 58.60",
           "... and moves only those before its end");
    is_str(turn(p, wish_of(0, 1, RC_INTERACTIVE), ticket), "never", "no wish, no turn");
}

static void test_classes(apr_pool_t *p)
{
    const unsigned heavy = RC_GROUP_BIT(RC_HEAVY);
    const rc_wish_t background = wish_of(heavy, 1, RC_BACKGROUND);

    fresh(p);
    use(&buckets[0][RC_HEAVY], 4);
    is_str(turn(p, background, rc_line_ticket(&line)), "heavy/0 after 0.00",
           "background work has its share");
    join(heavy, 1, RC_BACKGROUND);
    is_str(turn(p, background, rc_line_ticket(&line)), "heavy/0 after 56.60",
           "... and no more");
    is_str(turn(p, wish_of(heavy, 1, RC_INTERACTIVE), rc_line_ticket(&line)),
           "heavy/0 after 0.00", "... which is no matter to interactive work");
    join(heavy, 1, RC_INTERACTIVE);
    is_str(turn(p, background, line.waiters[1].ticket), "heavy/0 after 56.60",
           "interactive work that waits goes before it");
}

static void test_groups(apr_pool_t *p)
{
    const unsigned both = RC_GROUP_BIT(RC_MEDIUM) | RC_GROUP_BIT(RC_HEAVY);
    const rc_wish_t mine = wish_of(both, 1, RC_INTERACTIVE);

    fresh(p);
    is_str(turn(p, mine, rc_line_ticket(&line)), "medium/0 after 0.00",
           "of two groups that are free the first");
    use(&buckets[0][RC_MEDIUM], 40);
    is_str(turn(p, mine, rc_line_ticket(&line)), "heavy/0 after 0.00",
           "... else the one that is free");
    use(&buckets[0][RC_HEAVY], 10);
    is_str(turn(p, mine, rc_line_ticket(&line)), "medium/0 after 20.60",
           "... else the one that becomes free first");
    join(RC_GROUP_BIT(RC_MEDIUM), 1, RC_INTERACTIVE);
    join(both, 1, RC_INTERACTIVE);
    is_str(turn(p, mine, rc_line_ticket(&line)), "medium/0 after 22.60",
           "who waits for one of two takes the place of another in one of them");
    is_str(turn(p, wish_of(RC_GROUP_BIT(RC_HEAVY), 1, RC_INTERACTIVE),
                rc_line_ticket(&line)),
           "heavy/0 after 50.60", "... and in no other");
}

static void test_credentials(apr_pool_t *p)
{
    const unsigned light = RC_GROUP_BIT(RC_LIGHT);
    const rc_wish_t any = wish_of(light, 7, RC_INTERACTIVE);

    fresh(p);
    is_str(turn(p, any, rc_line_ticket(&line)), "light/0 after 0.00",
           "of equal credentials the first");
    use(&buckets[0][RC_LIGHT], 10);
    is_str(turn(p, any, rc_line_ticket(&line)), "light/1 after 0.00",
           "the one with the most room");
    buckets[2][RC_LIGHT].limit = 500;
    use(&buckets[1][RC_LIGHT], 1);
    use(&buckets[2][RC_LIGHT], 9);
    is_str(turn(p, any, rc_line_ticket(&line)), "light/2 after 0.00",
           "... in parts of its limit");
    buckets[2][RC_LIGHT].closed_until = NOW + 90 * SECOND;
    use(&buckets[0][RC_LIGHT], 50);
    use(&buckets[1][RC_LIGHT], 50);
    buckets[1][RC_LIGHT].slots[0].time -= SECOND / 2;
    is_str(turn(p, any, rc_line_ticket(&line)), "light/1 after 10.10",
           "none has room: the first that has");
    is_str(turn(p, wish_of(light, 5, RC_INTERACTIVE), rc_line_ticket(&line)),
           "light/0 after 10.60", "... of those that can be used");
    join(light, 7, RC_INTERACTIVE);
    join(light, 7, RC_INTERACTIVE);
    is_str(turn(p, any, rc_line_ticket(&line)), "light/0 after 11.60",
           "the next one of two credentials");
    is_str(turn(p, wish_of(light, 4, RC_INTERACTIVE), rc_line_ticket(&line)),
           "light/2 after 90.00", "... and one that needs another");
}

static void test_cold(apr_pool_t *p)
{
    const unsigned light = RC_GROUP_BIT(RC_LIGHT);
    const rc_wish_t any = wish_of(light, 3, RC_INTERACTIVE);
    const rc_slot_t call = {NOW + LONGEST, 1, RC_CALL_KNOWN};

    fresh(p);
    buckets[0][RC_LIGHT].cold = buckets[1][RC_LIGHT].cold = 1;
    join(light, 3, RC_INTERACTIVE);
    is_str(turn(p, any, rc_line_ticket(&line)), "light/1 after 0.00",
           "cold: who waits is the one that may go; another credential is free");
    join(light, 3, RC_INTERACTIVE);
    is_str(turn(p, any, rc_line_ticket(&line)), "light/0 after 0.02",
           "... then both have one call, and nobody knows for how long");
    rc_bucket_take(&buckets[0][RC_LIGHT], NOW, &call);
    is_str(turn(p, wish_of(light, 1, RC_INTERACTIVE), line.waiters[0].ticket),
           "light/0 after 0.02", "a call is under way");
}

/* As long as it can get: what the lock is held for. */
static void test_full(apr_pool_t *p)
{
    const unsigned light = RC_GROUP_BIT(RC_LIGHT);
    int i;

    fresh(p);
    for (i = 0; i < CREDENTIALS; i++) {
        buckets[i][RC_LIGHT].limit = RC_WINDOW_SLOTS;
        use(&buckets[i][RC_LIGHT], RC_WINDOW_SLOTS);
    }
    for (i = 0; i < RC_WAITERS_MAX; i++) {
        join(light, 7, RC_INTERACTIVE);
    }
    /* 3 * 512 calls go before the first of them is a window old. */
    is_str(turn(p, wish_of(light, 7, RC_INTERACTIVE), rc_line_ticket(&line)),
           "light/2 after 60.60", "a long line");
    rc_line_leave(&line, RC_INTERACTIVE, 1);
    is_int(line.waiters[0].ticket, 2, "... with a first one");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_order(p);
    test_turns(p);
    test_classes(p);
    test_groups(p);
    test_credentials(p);
    test_cold(p);
    test_full(p);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
