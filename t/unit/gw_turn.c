/* What one is told whose turn is far away, in a line of the gateway's own (gw_turn.c).
 */
#include "gw_turn.h"

#include <apr_general.h>

#include "gw_crowd.h"
#include "tap.h"

#define HEAVY RC_GROUP_BIT(RC_HEAVY)
#define MEDIUM RC_GROUP_BIT(RC_MEDIUM)
#define LINE 7

static apr_pool_t *p;

/* After how many windows from `first` on; -1: at once. */
static int windows(gw_session_t *session, int waiting, unsigned groups, int room,
                   int first)
{
    const gw_turn_t turn = {groups | RC_FOR_LINE(LINE), {waiting, HEAVY, room}};
    const rc_error_t *e = gw_turn_peek(session, p, &turn);

    return e ? (e->retry_after - first) / (int)apr_time_sec(WINDOW) : -1;
}

static void turns(void)
{
    world_t *w = world_make(p);
    gw_session_t session;
    gw_turn_t turn = {HEAVY, {0, HEAVY, 50}};
    rc_error_t *e;
    int first;

    crowd_make(w, 1);
    world_fill(w);
    crowd_limit(w, 1, 1);
    session = world_session(w);
    is_int(windows(&session, 0, HEAVY, 50, 0), -1, "nobody waits, and there is quota");
    crowd_use_up(w, 0);
    session = world_session(w);
    e = gw_turn_peek(&session, p, &turn);
    first = e ? e->retry_after : 0;
    ok(e && e->kind == RC_BUSY && first > 0, "the first call is some time away");
    is_int(windows(&session, 49, HEAVY, 50, first), 0, "it has room for one more");
    is_int(windows(&session, 50, HEAVY, 50, first), 1, "for two in the next one");
    is_int(windows(&session, 99, HEAVY, 50, first), 1, "as long as there is room");
    is_int(windows(&session, 120, HEAVY, 50, first), 2, "and so on");
    is_int(windows(&session, 1, HEAVY | MEDIUM, 50, first), 0,
           "a call of another kind carries one");
    is_int(windows(&session, 51, HEAVY | MEDIUM, 50, first), 1, "and no more");
    ok(!gw_turn_is_in_time(&session, e), "patience ends before");
    session.deadline = w->now + apr_time_from_sec(first);
    ok(gw_turn_is_in_time(&session, e), "or it does not");
    e->kind = RC_FORBIDDEN;
    ok(!gw_turn_is_in_time(&session, e), "there is no turn at all");
}

static void full(void)
{
    world_t *w = world_make(p);
    gw_turn_t turn = {HEAVY, {0, HEAVY, 50}};
    gw_session_t session;
    rc_error_t *e;

    w->conf.max_waiting = 3;
    crowd_make(w, 1);
    world_fill(w);
    session = world_session(w);
    ok(!gw_turn_is_full(&session, 2), "one more may wait");
    ok(gw_turn_is_full(&session, 3), "and then nobody");
    e = gw_turn_refuse(&session, p, &turn);
    ok(e->kind == RC_BUSY && e->retry_after == 1, "who may come soon");
    is_str(e->message, "too many wait already for RingCentral's quota",
           "and knows why");
    crowd_limit(w, 1, 1);
    crowd_use_up(w, 0);
    session = world_session(w);
    e = gw_turn_refuse(&session, p, &turn);
    ok(e->kind == RC_BUSY && e->retry_after > 1, "or later");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    turns();
    full();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
