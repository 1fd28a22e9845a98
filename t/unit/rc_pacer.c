#include "rc_fake.h"

#define SECOND apr_time_from_sec(1)

static fake_t fake;
static rc_pacer_state_t state;
static const char *const names[] = {"main", "second"};
static rc_pacer_t pacer = {&fake.shared, &state, NULL, names, 50, 500, NULL};
static const apr_time_t never = 0;

static void fresh(apr_pool_t *p)
{
    fake_init(&fake, p);
    rc_pacer_init(&state, 1, NULL);
    pacer.plan = rc_plan_create(p, 1);
}

static rc_error_t *enter(rc_group_t group, rc_class_t work, apr_time_t deadline,
                         rc_pass_t *pass)
{
    rc_pacer_call_t call = {
        &fake.env, {RC_GROUP_BIT(group), 1, work, 20 * SECOND, 0}, deadline};

    memset(pass, 0, sizeof *pass);
    return rc_pacer_enter(&pacer, fake.p, &call, pass);
}

static int leave(const rc_pass_t *pass, const char *headers, rc_penalty_t penalty)
{
    rc_pacer_answer_t answer = {1, NULL, penalty};

    if (headers) {
        apr_table_t *table = apr_table_make(fake.p, 4);

        fake_headers(fake.p, table, headers);
        answer.headers = table;
    }
    return rc_pacer_leave(&pacer, &fake.env, pass, &answer);
}

static int leave_unsent(const rc_pass_t *pass)
{
    rc_pacer_answer_t answer = {0, NULL, RC_NO_PENALTY};

    return rc_pacer_leave(&pacer, &fake.env, pass, &answer);
}

/* How many calls are let through without waiting; each is answered at once. */
static int burst(rc_group_t group, rc_class_t work)
{
    rc_pass_t pass;
    int n = 0;

    while (n < 1000 && !enter(group, work, never, &pass)) {
        leave(&pass, "", RC_NO_PENALTY);
        n++;
    }
    return n;
}

static const char headers_40[] = "X-Rate-Limit-Group: medium\nX-Rate-Limit-Limit: 40\n"
                                 "X-Rate-Limit-Remaining: 39\nX-Rate-Limit-Window: 60";

static void test_window(apr_pool_t *p)
{
    rc_error_t *error;
    rc_pass_t pass;

    fresh(p);
    is_int(burst(RC_LIGHT, RC_INTERACTIVE), 50, "light: 50 calls at once");
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 40, "medium: 40");
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 10, "heavy: 10");
    is_int(burst(RC_AUTH, RC_INTERACTIVE), 5, "auth: 5");
    fake.now += 20 * SECOND;
    error = enter(RC_MEDIUM, RC_INTERACTIVE, fake.now + 10 * SECOND, &pass);
    ok(error && error->kind == RC_BUSY, "busy when the wait is longer than patience");
    is_int(error ? error->retry_after : 0, 41, "... with the seconds that it takes");
    is_int(fake.slept, 0, "... at once");
    ok(!enter(RC_MEDIUM, RC_INTERACTIVE, fake.now + 41 * SECOND, &pass),
       "admitted when the wait fits");
    ok(fake.now >= FAKE_START + 60 * SECOND && fake.now < FAKE_START + 61 * SECOND,
       "... right after the window of the oldest call");
    leave(&pass, "", RC_NO_PENALTY);
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 39, "and the others of that moment");
}

static void test_slow_answer(apr_pool_t *p)
{
    rc_pass_t slow, pass;

    fresh(p);
    state.quotas[0].buckets[RC_HEAVY].cold = 0;
    enter(RC_HEAVY, RC_INTERACTIVE, never, &slow);
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 9, "a call in flight counts");
    fake.now += 15 * SECOND;
    leave(&slow, NULL, RC_NO_PENALTY);
    fake.now = FAKE_START + 61 * SECOND;
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 9, "its window begins with its answer");
    enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 60 * SECOND, &pass);
    ok(fake.now >= FAKE_START + 75 * SECOND, "... and not with its start");
    fresh(p);
    enter(RC_HEAVY, RC_INTERACTIVE, never, &slow);
    leave_unsent(&slow);
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 10, "what was not sent does not count");
    is_int(state.quotas[0].buckets[RC_HEAVY].sent, 10, "... and is not counted");
}

static void test_killed(apr_pool_t *p)
{
    rc_pass_t lost, pass;
    int i;

    fresh(p);
    state.quotas[0].buckets[RC_HEAVY].cold = 0;
    enter(RC_HEAVY, RC_INTERACTIVE, never, &lost);
    for (i = 0; i < 9; i++) {
        enter(RC_HEAVY, RC_INTERACTIVE, never, &pass);
    }
    fake.now += 79 * SECOND;
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 0,
           "calls of a killed process count until they must have ended");
    fake.now += 2 * SECOND;
    for (i = 0; i < 8; i++) {
        ok(!enter(RC_HEAVY, RC_INTERACTIVE, never, &pass),
           "... and are forgotten then");
    }
    leave(&lost, NULL, RC_NO_PENALTY);
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 1,
           "an answer that comes even later does not free the slot of another");
}

static void test_background(apr_pool_t *p)
{
    fresh(p);
    is_int(burst(RC_MEDIUM, RC_BACKGROUND), 20, "background work leaves a reserve");
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 20, "... to interactive work");
    pacer.background_percent = 1;
    is_int(burst(RC_HEAVY, RC_BACKGROUND), 1, "but never stands still");
    pacer.background_percent = 50;
}

static void test_no_limit(apr_pool_t *p)
{
    rc_limit_t limits[RC_GROUPS] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
    rc_pass_t pass;

    fake_init(&fake, p);
    rc_pacer_init(&state, 1, limits);
    pacer.plan = rc_plan_create(p, 1);
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 1000, "no limit");
    enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass);
    leave(&pass, headers_40, RC_NO_PENALTY);
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 1000, "... whatever the headers say");
    enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass);
    is_int(leave(&pass, "Retry-After: 60", RC_GROUP_PENALTY), 60, "a penalty is");
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 0, "... heeded all the same");
}

static void test_cold(apr_pool_t *p)
{
    rc_pass_t first, second;
    rc_error_t *error;
    int i;

    fresh(p);
    enter(RC_MEDIUM, RC_INTERACTIVE, never, &first);
    error = enter(RC_MEDIUM, RC_INTERACTIVE, fake.now + SECOND, &second);
    ok(error && error->kind == RC_BUSY && error->retry_after == 1,
       "cold: one call at a time");
    ok(fake.now > FAKE_START && fake.now <= FAKE_START + SECOND,
       "... the others wait as long as they can");
    leave(&first, headers_40, RC_NO_PENALTY);
    ok(!enter(RC_MEDIUM, RC_INTERACTIVE, never, &first) &&
           !enter(RC_MEDIUM, RC_INTERACTIVE, never, &second),
       "warm after one answer with headers");
    fresh(p);
    for (i = 0; i < 3; i++) {
        enter(RC_MEDIUM, RC_INTERACTIVE, never, &first);
        ok(enter(RC_MEDIUM, RC_INTERACTIVE, never, &second) != NULL, "still cold");
        leave(&first, "", RC_NO_PENALTY);
    }
    ok(!enter(RC_MEDIUM, RC_INTERACTIVE, never, &first) &&
           !enter(RC_MEDIUM, RC_INTERACTIVE, never, &second),
       "... and warm after three without");
    fresh(p);
    burst(RC_MEDIUM, RC_INTERACTIVE);
    fake.now += 61 * SECOND;
    ok(!enter(RC_MEDIUM, RC_INTERACTIVE, never, &first) &&
           enter(RC_MEDIUM, RC_INTERACTIVE, never, &second),
       "cold again after a window without an answer");
    fake.now += 6 * SECOND;
    ok(!enter(RC_MEDIUM, RC_INTERACTIVE, never, &second),
       "... but nobody waits long for a first call that hangs");
    leave(&second, "", RC_NO_PENALTY);
    ok(!enter(RC_MEDIUM, RC_INTERACTIVE, never, &first) &&
           !enter(RC_MEDIUM, RC_INTERACTIVE, never, &second),
       "... and warm after one answer");
}

static void test_learning(apr_pool_t *p)
{
    static const struct {
        const char *name, *headers;
        int n; /* further calls that are let through */
    } cases[] = {
        {"the limit",
         "X-Rate-Limit-Group: medium\nX-Rate-Limit-Limit: 20\n"
         "X-Rate-Limit-Remaining: 19\nX-Rate-Limit-Window: 60",
         19},
        {"calls of others",
         "X-Rate-Limit-Group: medium\nX-Rate-Limit-Limit: 40\n"
         "X-Rate-Limit-Remaining: 7\nX-Rate-Limit-Window: 60",
         7},
        {"nothing left",
         "X-Rate-Limit-Group: medium\nX-Rate-Limit-Limit: 40\n"
         "X-Rate-Limit-Remaining: 0\nX-Rate-Limit-Window: 60",
         0},
        {"more left than we think",
         "X-Rate-Limit-Limit: 40\n"
         "X-Rate-Limit-Remaining: 40",
         39},
        {"no headers", "", 39},
        {"headers without sense",
         "X-Rate-Limit-Limit: many\nX-Rate-Limit-Window: -3\n"
         "X-Rate-Limit-Remaining: -1",
         39},
        {"letter case",
         "x-rate-limit-group: Medium\nx-rate-limit-limit: 30\n"
         "x-rate-limit-remaining: 10",
         10},
        {"an unknown group is the one we expected",
         "X-Rate-Limit-Group: provisioning\nX-Rate-Limit-Limit: 12\n"
         "X-Rate-Limit-Remaining: 11",
         11},
        {"a limit larger than the ring", "X-Rate-Limit-Limit: 100000", 511},
        {"another group's answer is its own",
         "X-Rate-Limit-Group: heavy\nX-Rate-Limit-Limit: 10\n"
         "X-Rate-Limit-Remaining: 4",
         40},
    };
    rc_pass_t pass;
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fresh(p);
        enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass);
        leave(&pass, cases[i].headers, RC_NO_PENALTY);
        is_int(burst(RC_MEDIUM, RC_INTERACTIVE), cases[i].n, cases[i].name);
    }
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 4, "... and counts there");
}

static void test_learning_in_flight(apr_pool_t *p)
{
    rc_pass_t pass[4];
    int i;

    fresh(p);
    state.quotas[0].buckets[RC_MEDIUM].cold = 0;
    for (i = 0; i < 4; i++) {
        enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass[i]);
    }
    leave(&pass[3],
          "X-Rate-Limit-Group: medium\nX-Rate-Limit-Limit: 40\n"
          "X-Rate-Limit-Remaining: 36\nX-Rate-Limit-Window: 60",
          RC_NO_PENALTY);
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 36,
           "our own calls in flight are not taken for those of others");
    fresh(p);
    enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass[0]);
    leave(&pass[0], "X-Rate-Limit-Limit: 5\nX-Rate-Limit-Window: 2", RC_NO_PENALTY);
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 4, "a short window is learned");
    fake.now += 2 * SECOND + apr_time_from_msec(30);
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 5, "... and is over soon");
    ok(strstr(fake.log, "SCIMRC0201: RingCentral allows 5 medium calls in 2 s") != NULL,
       "... and logged");
}

static void test_penalty(apr_pool_t *p)
{
    static const struct {
        const char *name, *headers;
        rc_penalty_t penalty;
        int medium, light; /* seconds until they are open again */
    } cases[] = {
        {"Retry-After rules", "Retry-After: 90", RC_GROUP_PENALTY, 90, 0},
        {"never less than the window", "Retry-After: 5", RC_GROUP_PENALTY, 60, 0},
        {"no Retry-After, short window",
         "X-Rate-Limit-Limit: 9\nX-Rate-Limit-Window: 1", RC_GROUP_PENALTY, 30, 0},
        {"short window",
         "X-Rate-Limit-Limit: 9\nX-Rate-Limit-Window: 1\nRetry-After: 1",
         RC_GROUP_PENALTY, 1, 0},
        {"no header at all", "", RC_GROUP_PENALTY, 60, 0},
        {"Retry-After beyond all bounds", "Retry-After: 2000000000", RC_GROUP_PENALTY,
         86400, 0},
        {"the whole account", "Retry-After: 70", RC_ACCOUNT_PENALTY, 70, 70},
        {"none", "Retry-After: 70", RC_NO_PENALTY, 0, 0},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rc_error_t *error;
        rc_pass_t pass;

        fresh(p);
        enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass);
        is_int(leave(&pass, cases[i].headers, cases[i].penalty), cases[i].medium,
               cases[i].name);
        error = enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass);
        is_int(error ? error->retry_after : 0, cases[i].medium, "... the group");
        error = enter(RC_LIGHT, RC_INTERACTIVE, never, &pass);
        is_int(error ? error->retry_after : 0, cases[i].light, "... another group");
        ok(!enter(RC_AUTH, RC_INTERACTIVE, never, &pass),
           "... a token is still to be had");
        ok(!enter(RC_MEDIUM, RC_INTERACTIVE, fake.now + 90000 * SECOND, &pass) &&
               fake.now >= FAKE_START + cases[i].medium * SECOND,
           "... a patient caller is sent after it");
    }
}

static void test_waiting(apr_pool_t *p)
{
    rc_error_t *error;
    rc_pass_t pass;

    fresh(p);
    burst(RC_HEAVY, RC_INTERACTIVE);
    fake.interrupted = 1;
    error = enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 90 * SECOND, &pass);
    ok(error && error->kind == RC_INTERRUPTED, "a waiting caller can be interrupted");
    fake.lock_fails = 1;
    error = enter(RC_LIGHT, RC_INTERACTIVE, never, &pass);
    ok(error && error->kind == RC_UNAVAILABLE, "a broken lock lets nothing through");
    leave(&pass, "", RC_NO_PENALTY);
    fake.lock_fails = 0;
}

/* Somebody of another process who says that it will be back within `seconds`. */
static void stand_in_line(rc_group_t group, double seconds)
{
    rc_waiter_t waiter = {rc_line_ticket(&state.line),
                          fake.now + (apr_time_t)(seconds * APR_USEC_PER_SEC),
                          RC_GROUP_BIT(group), RC_INTERACTIVE, 1};

    rc_line_join(&state.line, RC_WAITERS_MAX, &waiter);
}

static void test_line(apr_pool_t *p)
{
    rc_error_t *error;
    rc_pass_t pass;
    int i;

    fresh(p);
    burst(RC_HEAVY, RC_INTERACTIVE);
    for (i = 0; i < 14; i++) {
        stand_in_line(RC_HEAVY, 1000);
    }
    error = enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 100 * SECOND, &pass);
    is_int(error ? error->retry_after : 0, 122, "a newcomer is told its own turn");
    is_int(fake.slept, 0, "... at once, when it is too late for it");
    is_int(state.line.n, 14, "... and does not stand in the line");
    pacer.max_waiting = 14;
    error = enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 300 * SECOND, &pass);
    ok(error && error->kind == RC_BUSY && error->retry_after == 122 &&
           strstr(error->message, "too many"),
       "the line is not longer than it may be");
    pacer.max_waiting = 500;
    ok(!enter(RC_LIGHT, RC_INTERACTIVE, never, &pass),
       "who wants something else need not wait");

    fresh(p);
    burst(RC_HEAVY, RC_INTERACTIVE);
    stand_in_line(RC_HEAVY, 61.5);
    state.quotas[0].buckets[RC_HEAVY].heard += 30 * SECOND; /* so that it stays warm */
    ok(!enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 300 * SECOND, &pass),
       "nine more may go beside one that waits");
    is_int(fake.now - FAKE_START < 61 * SECOND, 1, "... at their time");
    is_int(state.line.n, 1, "... which does not take its place");
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 8, "... and no more than those");
    error = enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 100 * SECOND, &pass);
    ok(!error && fake.now > FAKE_START + 61.5 * SECOND &&
           fake.now < FAKE_START + 64 * SECOND,
       "when it does not come back another has its place, soon");
    is_int(state.line.n, 0, "... and the line empty");
}

static apr_status_t sleep_and_close(void *ctx, apr_interval_time_t t)
{
    state.quotas[0].buckets[RC_HEAVY].closed_until = fake.now + 900 * SECOND;
    return fake_sleep(ctx, t);
}

static void test_leaving_the_line(apr_pool_t *p)
{
    rc_error_t *error;
    rc_pass_t pass;

    fresh(p);
    burst(RC_HEAVY, RC_INTERACTIVE);
    fake.env.sleep = sleep_and_close;
    error = enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 90 * SECOND, &pass);
    ok(error && error->kind == RC_BUSY && error->retry_after > 890,
       "a penalty that begins meanwhile ends the wait");
    ok(fake.slept <= 2 * SECOND, "... soon");
    is_int(state.line.n, 0, "... and nobody is left in the line");
    fresh(p);
    burst(RC_HEAVY, RC_INTERACTIVE);
    fake.interrupted = 1;
    enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 90 * SECOND, &pass);
    is_int(state.line.n, 0, "nor who was interrupted");
    is_int(state.line.last_ticket, 12, "... having stood there");
}

static void test_tickets(apr_pool_t *p)
{
    rc_pacer_call_t call = {&fake.env,
                            {RC_GROUP_BIT(RC_HEAVY), 1, RC_INTERACTIVE, 20 * SECOND, 0},
                            FAKE_START + 200 * SECOND};
    rc_pass_t first, pass;
    int i;

    fresh(p);
    enter(RC_HEAVY, RC_INTERACTIVE, never, &first);
    leave_unsent(&first);
    burst(RC_HEAVY, RC_INTERACTIVE);
    for (i = 0; i < 10; i++) {
        stand_in_line(RC_HEAVY, 1000);
    }
    ok(!rc_pacer_enter(&pacer, p, &call, &first) && fake.now < FAKE_START + 61 * SECOND,
       "who comes again goes before those who came after it");
    ok(enter(RC_HEAVY, RC_INTERACTIVE, FAKE_START + 70 * SECOND, &pass) != NULL,
       "... and no other does");
    call.wish.groups = 0;
    ok(rc_pacer_enter(&pacer, p, &call, &pass) != NULL, "a call of no group");
    call.wish.groups = 1;
    call.wish.credentials = 2;
    ok(rc_pacer_enter(&pacer, p, &call, &pass) != NULL, "... of no credential");
}

static void test_renewal(apr_pool_t *p)
{
    rc_pass_t pass, other;
    int i;

    fresh(p);
    state.quotas[0].buckets[RC_HEAVY].cold = 0;
    enter(RC_HEAVY, RC_INTERACTIVE, never, &pass);
    fake.now += 10 * SECOND;
    is_int(rc_pacer_renew(&pacer, &fake.env, 20 * SECOND, &pass), 1,
           "a pass is renewed");
    fake.now = FAKE_START + 81 * SECOND;
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 9, "... and counts from then on");
    is_int(rc_pacer_renew(&pacer, &fake.env, 20 * SECOND, &pass), 1, "... again");
    leave_unsent(&pass);
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 1, "... until it is given back");

    fresh(p);
    state.quotas[0].buckets[RC_HEAVY].cold = 0;
    enter(RC_HEAVY, RC_INTERACTIVE, never, &pass);
    fake.now += 81 * SECOND;
    for (i = 0; i < 10; i++) {
        enter(RC_HEAVY, RC_INTERACTIVE, fake.now + 6 * SECOND, &other);
    }
    is_int(rc_pacer_renew(&pacer, &fake.env, 20 * SECOND, &pass), 0,
           "one that was forgotten has lapsed");

    fresh(p);
    state.quotas[0].buckets[RC_HEAVY].cold = 0;
    enter(RC_HEAVY, RC_INTERACTIVE, never, &pass);
    enter(RC_HEAVY, RC_INTERACTIVE, never, &other);
    leave(&other, "Retry-After: 15", RC_GROUP_PENALTY);
    is_int(rc_pacer_renew(&pacer, &fake.env, 20 * SECOND, &pass), 0,
           "nor is one used in a penalty that began meanwhile");
}

static const rc_limit_t small[RC_GROUPS] = {
    {2, 60 * SECOND}, {2, 60 * SECOND}, {2, 60 * SECOND}, {2, 60 * SECOND}};

static void fresh_pair(apr_pool_t *p)
{
    fake_init(&fake, p);
    rc_pacer_init(&state, 2, small);
    pacer.plan = rc_plan_create(p, 2);
}

static rc_error_t *enter_any(rc_group_t group, rc_pass_t *pass)
{
    rc_pacer_call_t call = {
        &fake.env, {RC_GROUP_BIT(group), 3, RC_INTERACTIVE, 20 * SECOND, 0}, never};

    memset(pass, 0, sizeof *pass);
    return rc_pacer_enter(&pacer, fake.p, &call, pass);
}

static void test_credentials(apr_pool_t *p)
{
    rc_pass_t pass;
    rc_error_t *error;
    int i, n = 0, of_second = 0;

    fresh_pair(p);
    while (n < 10 && !enter_any(RC_MEDIUM, &pass)) {
        leave(&pass, "", RC_NO_PENALTY);
        of_second += pass.credential;
        n++;
    }
    is_int(n, 4, "two credentials may send twice as much");
    is_int(of_second, 2, "... one half each");
    enter_any(RC_HEAVY, &pass);
    leave(&pass, "X-Rate-Limit-Limit: 7\nX-Rate-Limit-Remaining: 6", RC_NO_PENALTY);
    is_int(state.quotas[pass.credential].buckets[RC_HEAVY].limit, 7,
           "a limit is learned");
    is_int(state.quotas[!pass.credential].buckets[RC_HEAVY].limit, 2,
           "... of one credential");
    ok(strstr(fake.log, "to the credential 'main'") != NULL, "... and logged");
    enter_any(RC_HEAVY, &pass);
    is_int(leave(&pass, "Retry-After: 70", RC_GROUP_PENALTY), 70, "a penalty");
    i = pass.credential;
    ok(!enter_any(RC_HEAVY, &pass) && pass.credential == !i,
       "... of one credential too");
    ok(strstr(fake.log, "of the credential 'second'") != NULL, "... and logged");
    is_int(leave(&pass, "Retry-After: 80", RC_ACCOUNT_PENALTY), 80,
           "one of the whole account");
    error = enter_any(RC_LIGHT, &pass);
    is_int(error ? error->retry_after : 0, 80, "... closes both");
    ok(!enter_any(RC_AUTH, &pass), "... but for tokens");
}

static void test_seats(apr_pool_t *p)
{
    char key[RC_KEY_SIZE];
    int i, seat;

    fake_init(&fake, p);
    rc_pacer_init(&state, 0, small);
    is_int(rc_pacer_find_seat(&state, "key 0"), -1, "nobody has a seat");
    for (i = 0; i < RC_SEATS; i++) {
        apr_snprintf(key, sizeof key, "key %d", i);
        seat = rc_pacer_take_seat(&state, key, 0);
        state.quotas[i].buckets[RC_LIGHT].heard = fake.now + i;
        if (seat != i || rc_pacer_find_seat(&state, key) != i) {
            ok(0, apr_psprintf(p, "credential %d takes seat %d", i, seat));
        }
    }
    is_int(rc_pacer_find_seat(&state, "key 17"), 17, "each has one of its own");
    is_int(state.quotas[17].buckets[RC_MEDIUM].limit, 2, "... with the limits");
    seat = rc_pacer_take_seat(&state, "new", 1 | 2 | 8);
    is_int(seat, 2, "when there are no more, that which was silent for longest");
    is_int(rc_pacer_find_seat(&state, "key 2"), -1, "... has none any more");
    is_int((int)state.quotas[seat].buckets[RC_LIGHT].heard, 0, "... and is forgotten");
}

static void test_new_limits(apr_pool_t *p)
{
    static const rc_limit_t other[RC_GROUPS] = {
        {2, 60 * SECOND}, {2, 60 * SECOND}, {4, 60 * SECOND}, {2, 60 * SECOND}};
    rc_pass_t pass;

    fresh_pair(p);
    pacer.plan = rc_plan_create(p, 1);
    enter(RC_HEAVY, RC_INTERACTIVE, never, &pass);
    leave(&pass, "", RC_NO_PENALTY);
    enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass);
    leave(&pass, "X-Rate-Limit-Limit: 7\nX-Rate-Limit-Remaining: 6", RC_NO_PENALTY);
    rc_pacer_set_limits(&state, small, fake.now);
    is_int(state.quotas[0].buckets[RC_MEDIUM].cold, 0,
           "the same limits change nothing");
    rc_pacer_set_limits(&state, other, fake.now);
    state.quotas[0].buckets[RC_HEAVY].cold = 0;
    is_int(state.quotas[0].buckets[RC_MEDIUM].limit, 7, "what was learned stays");
    is_int((int)state.quotas[0].buckets[RC_HEAVY].sent, 1, "and what was sent");
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 3, "... which counts against a new limit");
    is_int(state.quotas[1].buckets[RC_HEAVY].limit, 4, "... of every credential");
}

static void test_image_of_several(apr_pool_t *p)
{
    static rc_pacer_image_t image;
    rc_pass_t pass;
    apr_size_t len;

    fresh_pair(p);
    apr_cpystrn(state.quotas[0].key, "one", RC_KEY_SIZE);
    apr_cpystrn(state.quotas[1].key, "two", RC_KEY_SIZE);
    enter_any(RC_HEAVY, &pass);
    leave(&pass, "Retry-After: 100", RC_GROUP_PENALTY);
    len = rc_pacer_save(&state, &image);
    ok(len < sizeof image, "an image is as long as it has credentials");
    fresh_pair(p);
    apr_cpystrn(state.quotas[0].key, "new", RC_KEY_SIZE);
    apr_cpystrn(state.quotas[1].key, "one", RC_KEY_SIZE);
    is_int(rc_pacer_load(&state, &image, len, fake.now), 1, "it is read");
    ok(!state.quotas[0].buckets[RC_HEAVY].closed_until &&
           state.quotas[1].buckets[RC_HEAVY].closed_until,
       "... by what the credentials are, not by their order");
}

static void test_image(apr_pool_t *p)
{
    static rc_pacer_image_t image;
    rc_pass_t pass;
    apr_size_t len;
    int i;

    fresh(p);
    enter(RC_MEDIUM, RC_INTERACTIVE, never, &pass);
    leave(&pass, "X-Rate-Limit-Limit: 30\nX-Rate-Limit-Remaining: 20", RC_NO_PENALTY);
    burst(RC_HEAVY, RC_INTERACTIVE);
    enter(RC_LIGHT, RC_INTERACTIVE, never, &pass);
    leave(&pass, "Retry-After: 100", RC_GROUP_PENALTY);
    enter(RC_AUTH, RC_INTERACTIVE, never, &pass); /* in flight */
    len = rc_pacer_save(&state, &image);

    fake.now += 10 * SECOND;
    rc_pacer_init(&state, 1, NULL);
    is_int(rc_pacer_load(&state, &image, len, fake.now), 1, "an image is read");
    is_int(burst(RC_MEDIUM, RC_INTERACTIVE), 20, "... with learned limits and calls");
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 0, "... with a full window");
    is_int(burst(RC_LIGHT, RC_INTERACTIVE), 0, "... with a penalty");
    is_int(burst(RC_AUTH, RC_INTERACTIVE), 4, "... and what was in flight");
    rc_pacer_init(&state, 1, NULL);
    rc_pacer_load(&state, &image, len, fake.now + 3600 * SECOND);
    fake.now += 3600 * SECOND;
    is_int(burst(RC_HEAVY, RC_INTERACTIVE), 10, "an old image takes nothing away");
    is_int(burst(RC_LIGHT, RC_INTERACTIVE), 50, "... and keeps nothing closed");

    rc_pacer_init(&state, 1, NULL);
    is_int(rc_pacer_load(&state, &image, len - 1, fake.now), 0, "cut short");
    image.version++;
    is_int(rc_pacer_load(&state, &image, len, fake.now), 0, "other version");
    image.version--;
    for (i = 0; i < RC_GROUPS; i++) {
        memset(&image.quotas[0].buckets[i], 0x7f, sizeof image.quotas[0].buckets[i]);
    }
    is_int(rc_pacer_load(&state, &image, len, fake.now), 1, "wild values");
    fake.now += 61 * SECOND;
    is_int(burst(RC_LIGHT, RC_INTERACTIVE), 50, "... do no lasting harm");
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    test_window(p);
    test_slow_answer(p);
    test_killed(p);
    test_background(p);
    test_no_limit(p);
    test_cold(p);
    test_learning(p);
    test_learning_in_flight(p);
    test_penalty(p);
    test_waiting(p);
    test_line(p);
    test_leaving_the_line(p);
    test_tickets(p);
    test_renewal(p);
    test_credentials(p);
    test_image(p);
    test_seats(p);
    test_new_limits(p);
    test_image_of_several(p);
    fake_done(&fake);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
