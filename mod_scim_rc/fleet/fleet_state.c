#include "fleet_state.h"

#include <stdlib.h>
#include <time.h>
#include <apr_strings.h>

#define SECOND 10U
#define PAUSE_MIN (2 * SECOND)
#define PAUSE_MAX (30 * SECOND)

/* How long an attempt may take before another one is made beside it. */
#define LEASE (3 * SECOND)

/* Who goes away again so soon is not tried as eagerly as somebody new. */
#define CALM (60 * SECOND)

apr_time_t fleet_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (apr_time_t)t.tv_sec * APR_USEC_PER_SEC + t.tv_nsec / 1000;
}

static apr_uint32_t tenths(void)
{
    return (apr_uint32_t)(fleet_clock() * SECOND / APR_USEC_PER_SEC);
}

static int is_due(apr_uint32_t at, apr_uint32_t now)
{
    return (apr_int32_t)(now - at) >= 0;
}

static apr_uint32_t longer(apr_uint32_t pause)
{
    return pause < PAUSE_MIN       ? PAUSE_MIN
           : pause > PAUSE_MAX / 2 ? PAUSE_MAX
                                   : 2 * pause;
}

int fleet_state_is_open(fleet_shared_t *shared)
{
    return !apr_atomic_read32(&shared->away) ||
           is_due(apr_atomic_read32(&shared->retry_at), tenths());
}

int fleet_state_enter(fleet_shared_t *shared, int *probes)
{
    apr_uint32_t now, at;

    *probes = 0;
    if (!apr_atomic_read32(&shared->away)) {
        return 1;
    }
    now = tenths();
    at = apr_atomic_read32(&shared->retry_at);
    *probes =
        is_due(at, now) && apr_atomic_cas32(&shared->retry_at, now + LEASE, at) == at;
    return *probes;
}

int fleet_state_good(fleet_shared_t *shared, int probes, int *seconds)
{
    const apr_uint32_t now = tenths(), then = apr_atomic_read32(&shared->changed);

    if (!probes || !apr_atomic_read32(&shared->away)) {
        return 0;
    }
    /* First, so that nobody finds it here in the epoch of before. */
    apr_atomic_inc32(&shared->epoch);
    if (apr_atomic_cas32(&shared->away, 0, 1) != 1) {
        return 0;
    }
    apr_atomic_set32(&shared->changed, now);
    *seconds = (int)((now - then) / SECOND);
    return 1;
}

int fleet_state_bad(fleet_shared_t *shared, int probes, apr_uint32_t losses)
{
    const apr_uint32_t now = tenths(), pause = apr_atomic_read32(&shared->pause);
    int calm;

    if (probes) {
        apr_atomic_set32(&shared->pause, longer(pause));
        apr_atomic_set32(&shared->retry_at, now + longer(pause));
        return 0;
    }
    /* The end of a connection of before it went is no news. */
    if (apr_atomic_read32(&shared->away) ||
        apr_atomic_cas32(&shared->losses, losses + 1, losses) != losses) {
        return 0;
    }
    calm = !losses || now - apr_atomic_read32(&shared->changed) >= CALM;
    apr_atomic_set32(&shared->pause, calm ? PAUSE_MIN : longer(pause));
    apr_atomic_set32(&shared->retry_at, now + apr_atomic_read32(&shared->pause));
    apr_atomic_set32(&shared->changed, now);
    apr_atomic_set32(&shared->away, 1);
    return 1;
}

/* --- Epochs ----------------------------------------------------------------------- */

static void see(fleet_shared_t *shared, volatile apr_uint32_t *known,
                const char *digits)
{
    char first[9], *end;
    const apr_uint32_t old = apr_atomic_read32(known);
    apr_uint32_t seen;

    apr_cpystrn(first, digits, sizeof first);
    seen = (apr_uint32_t)strtoul(first, &end, 16);
    if (!*end && seen && seen != old && apr_atomic_cas32(known, seen, old) == old &&
        old) {
        apr_atomic_inc32(&shared->epoch);
    }
}

void fleet_state_see_run(fleet_shared_t *shared, const char *run)
{
    see(shared, &shared->run, run);
}

void fleet_state_see_marker(fleet_shared_t *shared, const char *marker)
{
    see(shared, &shared->marker, marker);
}
