#include "gw_turn.h"

#include <unistd.h>

/* Two processes with one number would but be told of an earlier turn than they have. */
int gw_line_of_creates(void)
{
    return 16 + (int)(getpid() % 240);
}

rc_error_t *gw_turn_peek(gw_session_t *session, apr_pool_t *p, const gw_turn_t *turn)
{
    rc_caller_t who = gw_session_caller(session);

    return rc_place_peek(session->account->client, &who, p, turn->groups, &turn->share);
}

static rc_error_t *busy(apr_pool_t *p, const char *why, int retry_after)
{
    rc_error_t *e = rc_error(p, RC_BUSY, "%s", why);

    e->retry_after = retry_after;
    return e;
}

rc_error_t *gw_turn_come_again(gw_session_t *session, apr_pool_t *p,
                               const gw_turn_t *turn, const char *why)
{
    rc_error_t *e = gw_turn_peek(session, p, turn);

    return e ? e : busy(p, why, 1);
}

int gw_turn_is_in_time(const gw_session_t *session, const rc_error_t *e)
{
    const apr_time_t soonest =
        base_now(session->env) + apr_time_from_sec(e->retry_after - 1);

    return e->kind == RC_BUSY && soonest < session->deadline;
}

int gw_turn_is_full(const gw_session_t *session, int waiting)
{
    return waiting >= session->account->conf->max_waiting;
}

rc_error_t *gw_turn_refuse(gw_session_t *session, apr_pool_t *p, const gw_turn_t *turn)
{
    static const char many[] = "too many wait already for RingCentral's quota";
    rc_error_t *e = gw_turn_come_again(session, p, turn, many);

    return e->kind == RC_BUSY ? busy(p, many, e->retry_after) : e;
}
