#include "rc_common.h"

/* A unit may be given back before its time: one asks again that often. */
#define REFUSAL_IS_FRESH apr_time_from_sec(1)

/* Whatever the others say: not more often than this. */
#define SHORTEST_WAIT apr_time_from_msec(5)
#define LONGEST_WAIT apr_time_from_sec(86400)

/* Who asks for longer has died. */
#define LONGEST_QUESTION apr_time_from_sec(2)

int rc_common_is_full(const rc_common_t *common, rc_class_t work, apr_time_t now)
{
    return now < common->full_until[work] &&
           now < common->refused_at[work] + REFUSAL_IS_FRESH;
}

int rc_common_is_asked(const rc_common_t *common, apr_uint64_t ticket, apr_time_t now)
{
    return common->asker && common->asker != ticket && now < common->asked_until;
}

void rc_common_ask(rc_common_t *common, apr_uint64_t ticket, apr_time_t now)
{
    common->asker = ticket;
    common->asked_until = now + LONGEST_QUESTION;
}

static void end_question(rc_common_t *common, apr_uint64_t ticket)
{
    if (common->asker == ticket) {
        common->asker = 0;
    }
}

void rc_common_grant(rc_common_t *common, rc_class_t work, apr_uint64_t ticket)
{
    int i;

    end_question(common, ticket);
    for (i = 0; i <= (int)work; i++) {
        common->full_until[i] = 0; /* what is enough for this is enough for better */
    }
}

void rc_common_refuse(rc_common_t *common, const rc_refusal_t *refusal, apr_time_t now)
{
    apr_interval_time_t wait = refusal->wait;
    int i;

    if (wait < SHORTEST_WAIT) {
        wait = SHORTEST_WAIT;
    }
    if (wait > LONGEST_WAIT) {
        wait = LONGEST_WAIT;
    }
    end_question(common, refusal->ticket);
    common->scarce_until = now + refusal->span;
    common->full_until[refusal->work] = now + wait;
    common->refused_at[refusal->work] = now;
    for (i = (int)refusal->work + 1; i < RC_CLASSES; i++) {
        if (common->full_until[i] < now + wait) {
            common->full_until[i] = now + wait;
            common->refused_at[i] = now;
        }
    }
}

static apr_time_t plausible(apr_time_t until, apr_time_t now)
{
    return until > now && until <= now + LONGEST_WAIT ? until : 0;
}

void rc_common_load(rc_common_t *common, const rc_common_t *saved, apr_time_t now)
{
    int i;

    for (i = 0; i < RC_CLASSES; i++) {
        common->full_until[i] = plausible(saved->full_until[i], now);
    }
    common->alone_until = plausible(saved->alone_until, now);
    common->doubt_until = plausible(saved->doubt_until, now);
}
