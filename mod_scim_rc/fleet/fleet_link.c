#include "fleet_link.h"

#include <string.h>
#include <apr_strings.h>

/* A wire that was not used for so long is made anew: something between may have
 * forgotten it, and using it would take the time limit to find out. */
#define IDLE_MAX apr_time_from_sec(10)

/* One use of the link. */
typedef struct use_t {
    fleet_length_t length;
    int probes;          /* it finds out whether the Redis is back */
    int is_new;          /* the wire was made for it */
    apr_uint32_t losses; /* of the state when it began */
    char why[200];       /* why there is no wire; "": for no fault of the Redis */
} use_t;

struct fleet_waiter_t {
    fleet_waiter_t *next;
    apr_thread_cond_t *given;
    int has_turn;
};

/* --- Taking turns ----------------------------------------------------------------- */

static void enqueue(fleet_link_t *link, fleet_waiter_t *waiter)
{
    *waiter = (fleet_waiter_t){.given = link->given[link->ticket++ % FLEET_LANES]};
    *link->last = waiter;
    link->last = &waiter->next;
}

static void dequeue(fleet_link_t *link, const fleet_waiter_t *waiter)
{
    fleet_waiter_t **at = &link->first;

    while (*at != waiter) {
        at = &(*at)->next;
    }
    *at = waiter->next;
    link->last = *at ? link->last : at;
}

/* Who gives a wire back may not take it again before those who wait already: it would
 * win each time, being awake. 0: nobody has given one back in time. The link is
 * locked. */
static int wait_turn(fleet_link_t *link)
{
    const apr_time_t end = fleet_clock() + FLEET_LIMIT;
    fleet_waiter_t waiter;

    if (link->n_taken < FLEET_WIRES) {
        link->n_taken++;
        return 1;
    }
    enqueue(link, &waiter);
    while (!waiter.has_turn && fleet_clock() < end) {
        apr_thread_cond_timedwait(waiter.given, link->mutex, end - fleet_clock());
    }
    if (!waiter.has_turn) {
        dequeue(link, &waiter);
    }
    return waiter.has_turn;
}

/* The turn goes to whoever has waited longest. The link is locked. */
static void pass_turn(fleet_link_t *link)
{
    fleet_waiter_t *waiter = link->first;

    if (waiter) {
        dequeue(link, waiter);
        waiter->has_turn = 1;
        apr_thread_cond_broadcast(waiter->given);
    }
    else {
        link->n_taken--;
    }
}

/* --- Idle wires ------------------------------------------------------------------- */

static apr_status_t on_end(void *data)
{
    fleet_link_t *link = data;

    while (link->n_idle) {
        fleet_wire_destroy(link->idle[--link->n_idle]);
    }
    if (link->listener) {
        fleet_wire_destroy(link->listener);
        link->listener = NULL;
    }
    fleet_lookup_forget(link->lookup);
    link->lookup = NULL;
    return APR_SUCCESS;
}

apr_status_t fleet_link_init(fleet_link_t *link, apr_pool_t *p)
{
    apr_status_t rv =
        apr_thread_mutex_create(&link->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    int i;

    for (i = 0; i < FLEET_LANES && rv == APR_SUCCESS; i++) {
        rv = apr_thread_cond_create(&link->given[i], p);
    }
    link->last = &link->first;
    if (rv == APR_SUCCESS) {
        apr_pool_cleanup_register(p, link, on_end, apr_pool_cleanup_null);
    }
    return rv;
}

/* May this wire be used again? */
static int is_fresh(const fleet_link_t *link, const fleet_wire_t *wire)
{
    return wire->losses == apr_atomic_read32(&link->shared->losses) &&
           fleet_clock() - wire->used_at < IDLE_MAX && fleet_wire_is_quiet(wire);
}

/* An idle wire or NULL. The link is locked. */
static fleet_wire_t *pop(fleet_link_t *link, fleet_length_t length)
{
    fleet_wire_t *wire = NULL;

    if (length == FLEET_LONG) {
        wire = link->listener;
        link->listener = NULL;
    }
    else if (link->n_idle) {
        wire = link->idle[--link->n_idle];
    }
    return wire;
}

/* Waits until this use may have a wire of its own; takes an idle one if there is any.
 * 0: nobody has given one back in time, or somebody has found the Redis away. */
static int take_idle(fleet_link_t *link, use_t *use, fleet_wire_t **wire)
{
    int taken;

    apr_thread_mutex_lock(link->mutex);
    taken = use->length == FLEET_LONG || wait_turn(link);
    if (taken && !use->probes && apr_atomic_read32(&link->shared->away)) {
        taken = 0;
        if (use->length == FLEET_SHORT) {
            pass_turn(link);
        }
    }
    if (taken) {
        for (*wire = pop(link, use->length); *wire && !is_fresh(link, *wire);
             *wire = pop(link, use->length)) {
            fleet_wire_destroy(*wire);
        }
    }
    apr_thread_mutex_unlock(link->mutex);
    return taken;
}

/* The use is over. NULL: it has no wire any more. */
static void give_back(fleet_link_t *link, const use_t *use, fleet_wire_t *wire)
{
    const int keep = wire && !wire->why && !wire->is_busy;
    fleet_wire_t *spare = wire;

    if (wire) {
        apr_pool_clear(wire->p);
        wire->used_at = fleet_clock();
    }
    apr_thread_mutex_lock(link->mutex);
    if (use->length == FLEET_SHORT) {
        if (keep && link->n_idle < FLEET_WIRES) {
            link->idle[link->n_idle++] = wire;
            spare = NULL;
        }
        pass_turn(link);
    }
    else if (keep && !link->listener) {
        link->listener = wire;
        spare = NULL;
    }
    apr_thread_mutex_unlock(link->mutex);
    if (spare) {
        fleet_wire_destroy(spare);
    }
}

/* --- New wires -------------------------------------------------------------------- */

/* Copies where the Redis was found last into `places`: how many. */
static int known_places(fleet_link_t *link, fleet_place_t *places)
{
    int n;

    apr_thread_mutex_lock(link->mutex);
    n = link->n_places;
    memcpy(places, link->places, sizeof link->places);
    apr_thread_mutex_unlock(link->mutex);
    return n;
}

/* Looks up where it is. Only the first waits for that; as long as it is under way the
 * others go without. */
static int find_places(fleet_link_t *link, use_t *use, fleet_place_t *places)
{
    const char *why = NULL;
    int n, is_first;

    apr_thread_mutex_lock(link->mutex);
    is_first = !link->looks_up;
    link->looks_up = 1;
    apr_thread_mutex_unlock(link->mutex);
    if (!is_first) {
        return 0;
    }
    n = fleet_lookup(&link->lookup, link->address,
                     link->lookup ? 0 : fleet_clock() + FLEET_LIMIT, places, &why);
    apr_thread_mutex_lock(link->mutex);
    link->looks_up = 0;
    if (n) {
        link->n_places = n;
        memcpy(link->places, places, sizeof link->places);
    }
    apr_thread_mutex_unlock(link->mutex);
    if (!n && why) {
        apr_cpystrn(use->why, why, sizeof use->why);
    }
    return n;
}

static void say_reached(fleet_link_t *link, const base_env_t *env)
{
    if (!apr_atomic_read32(&link->shared->reached) &&
        !apr_atomic_cas32(&link->shared->reached, 1, 0)) {
        base_log(env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0502: %s: shared with the others through %s", link->name,
                 link->address->name);
    }
}

/* Each address in turn: the first that can be reached is the one. */
static fleet_wire_t *connect_any(fleet_link_t *link, use_t *use,
                                 const fleet_place_t *places, int n)
{
    const apr_time_t begin = fleet_clock();
    fleet_wire_t *wire = NULL;
    int i;

    for (i = 0; i < n && !wire; i++) {
        if (fleet_wire_create(&wire) != APR_SUCCESS) {
            apr_cpystrn(use->why, "no memory", sizeof use->why);
            return NULL;
        }
        wire->losses = use->losses;
        if (fleet_wire_open(wire, &places[i], link->address, link->probe,
                            begin + FLEET_LIMIT * (i + 1) / n) != APR_SUCCESS) {
            apr_cpystrn(use->why, wire->why, sizeof use->why);
            fleet_wire_destroy(wire);
            wire = NULL;
        }
    }
    return wire;
}

/* Who probes looks again where it is, if it is not where it was: it may have moved. */
static fleet_wire_t *connect_new(fleet_link_t *link, const base_env_t *env, use_t *use)
{
    fleet_place_t places[FLEET_PLACES];
    int n = known_places(link, places);
    fleet_wire_t *wire = connect_any(link, use, places, n);

    if (!wire && (!n || use->probes)) {
        n = find_places(link, use, places);
        wire = connect_any(link, use, places, n);
    }
    if (wire) {
        apr_pool_clear(wire->p);
        use->is_new = 1;
        fleet_state_see_run(link->shared, wire->run);
        say_reached(link, env);
    }
    return wire;
}

/* --- Here or away ----------------------------------------------------------------- */

static void say_good(fleet_link_t *link, const base_env_t *env, const use_t *use)
{
    int seconds = 0;

    if (fleet_state_good(link->shared, use->probes, &seconds)) {
        base_log(env, BASE_LOG_NOTICE, APR_SUCCESS,
                 "SCIMRC0501: %s: %s is back after %d s; all is shared with the others "
                 "again",
                 link->name, link->address->name, seconds);
    }
}

static void say_bad(fleet_link_t *link, const base_env_t *env, const use_t *use,
                    const char *why)
{
    if (!*why) {
        return;
    }
    if (fleet_state_bad(link->shared, use->probes, use->losses)) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0500: %s: %s cannot be used: %s; until it is back nothing is "
                 "shared with the others, and each call keeps to %d percent of its "
                 "limit",
                 link->name, link->address->name, why, link->share);
    }
    else {
        base_log(env, BASE_LOG_DEBUG, APR_SUCCESS, "%s: %s cannot be used: %s",
                 link->name, link->address->name, why);
    }
}

static void say_mended(fleet_link_t *link, const base_env_t *env, fleet_wire_t *wire)
{
    if (*wire->mended && !apr_atomic_cas32(&link->shared->mended, 1, 0)) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0504: %s: a key in %s held what no gateway puts there, and was "
                 "deleted: %s",
                 link->name, link->address->name, wire->mended);
    }
    *wire->mended = '\0';
}

/* --- Running a job ---------------------------------------------------------------- */

/* What happens to a connection while nobody uses it says nothing of the Redis. */
static apr_status_t run_on(fleet_link_t *link, const base_env_t *env, use_t *use,
                           fleet_wire_t **wire, const fleet_job_t job, void *baton)
{
    apr_status_t rv = job(*wire, env, baton);

    if ((*wire)->why && !use->is_new && (*wire)->hung_up) {
        fleet_wire_destroy(*wire);
        *wire = connect_new(link, env, use);
        return *wire ? job(*wire, env, baton) : APR_ENOTIMPL;
    }
    if ((*wire)->why && !use->is_new && use->length == FLEET_LONG &&
        (*wire)->timed_out) {
        /* The time is over: the next one tries a new connection. */
        fleet_wire_destroy(*wire);
        *wire = NULL;
    }
    return rv;
}

apr_status_t fleet_link_run(fleet_link_t *link, const base_env_t *env,
                            fleet_length_t length, fleet_job_t job, void *baton)
{
    use_t use = {.length = length, .losses = apr_atomic_read32(&link->shared->losses)};
    fleet_wire_t *wire = NULL;
    apr_status_t rv = APR_ENOTIMPL;

    if (!fleet_state_enter(link->shared, &use.probes) ||
        !take_idle(link, &use, &wire)) {
        return APR_ENOTIMPL;
    }
    wire = wire ? wire : connect_new(link, env, &use);
    if (wire) {
        rv = run_on(link, env, &use, &wire, job, baton);
    }
    if (wire) {
        say_mended(link, env, wire);
    }
    if (wire && !wire->why) {
        say_good(link, env, &use);
    }
    else if (rv != APR_EINTR) {
        say_bad(link, env, &use, wire ? wire->why : use.why);
        rv = APR_ENOTIMPL;
    }
    give_back(link, &use, wire);
    return rv;
}
