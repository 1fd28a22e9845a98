/* Lines of the gateway's own: writes that wait to share a call. For all of a line one
 * request stands in the line for the quota (rc_line.h), which so knows neither how many
 * there are nor when one more would have its turn. */
#ifndef GW_TURN_H
#define GW_TURN_H

#include "gw_account_private.h"

typedef struct gw_turn_t {
    unsigned groups; /* of the calls that are waited for, with RC_FOR_LINE() */
    rc_share_t share;
} gw_turn_t;

/* The numbers of these lines; that of creates is each process's own. */
#define GW_LINE_UPDATES 1
#define GW_LINE_REMOVALS 2
int gw_line_of_creates(void);

/* When would one more have its turn? NULL: now, RC_BUSY: after retry_after; or what
 * keeps every credential from being used. In `p`. */
rc_error_t *gw_turn_peek(gw_session_t *session, apr_pool_t *p, const gw_turn_t *turn);

/* The same for one that is not served: RC_BUSY with the time after which it is worth
 * while to come again, and with `why` if it could have its turn now. */
rc_error_t *gw_turn_come_again(gw_session_t *session, apr_pool_t *p,
                               const gw_turn_t *turn, const char *why);

/* Does that say that its turn would come before the session's deadline? */
int gw_turn_is_in_time(const gw_session_t *session, const rc_error_t *e);

/* Do as many wait as may? */
int gw_turn_is_full(const gw_session_t *session, int waiting);

/* What one more is told then. */
rc_error_t *gw_turn_refuse(gw_session_t *session, apr_pool_t *p, const gw_turn_t *turn);

#endif
