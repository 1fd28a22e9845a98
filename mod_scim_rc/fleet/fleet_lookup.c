#include "fleet_lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "fleet_state.h"

/* What was found, or the resolver's error. */
typedef struct finding_t {
    fleet_place_t places[FLEET_PLACES];
    int n, error;
} finding_t;

struct fleet_lookup_t {
    char *host;
    int port;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    int users; /* its thread, and who wants to know: the last one frees it */
    int is_done;
    finding_t finding;
};

static void find(const char *host, int port, int flags, finding_t *finding)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | flags};
    struct addrinfo *all = NULL, *one;
    char service[8];

    memset(finding, 0, sizeof *finding);
    apr_snprintf(service, sizeof service, "%d", port);
    finding->error = getaddrinfo(host, service, &hints, &all);
    if (finding->error) {
        return;
    }
    for (one = all; one && finding->n < FLEET_PLACES; one = one->ai_next) {
        fleet_place_t *place = &finding->places[finding->n];

        if (one->ai_addrlen <= sizeof place->at) {
            memcpy(&place->at, one->ai_addr, one->ai_addrlen);
            place->len = one->ai_addrlen;
            finding->n++;
        }
    }
    freeaddrinfo(all);
}

/* --- In a thread of its own ------------------------------------------------------- */

static void free_lookup(fleet_lookup_t *lookup)
{
    pthread_cond_destroy(&lookup->changed);
    pthread_mutex_destroy(&lookup->mutex);
    free(lookup->host);
    free(lookup);
}

void fleet_lookup_forget(fleet_lookup_t *lookup)
{
    int users;

    if (!lookup) {
        return;
    }
    pthread_mutex_lock(&lookup->mutex);
    users = --lookup->users;
    pthread_mutex_unlock(&lookup->mutex);
    if (!users) {
        free_lookup(lookup);
    }
}

static void *run(void *data)
{
    fleet_lookup_t *lookup = data;
    finding_t finding;

    find(lookup->host, lookup->port, 0, &finding);
    pthread_mutex_lock(&lookup->mutex);
    lookup->finding = finding;
    lookup->is_done = 1;
    pthread_cond_signal(&lookup->changed);
    pthread_mutex_unlock(&lookup->mutex);
    fleet_lookup_forget(lookup);
    return NULL;
}

/* Signals are for the threads of the server. */
static int start_thread(fleet_lookup_t *lookup)
{
    pthread_attr_t attr;
    sigset_t all, before;
    pthread_t thread;
    int error;

    if (pthread_attr_init(&attr)) {
        return 0;
    }
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&thread, &attr, run, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return !error;
}

/* NULL: there is no memory or no thread for it. */
static fleet_lookup_t *begin(const fleet_address_t *address)
{
    fleet_lookup_t *lookup = calloc(1, sizeof *lookup);
    pthread_condattr_t by_clock; /* of fleet_clock() */

    if (!lookup) {
        return NULL;
    }
    pthread_condattr_init(&by_clock);
    pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC);
    pthread_cond_init(&lookup->changed, &by_clock);
    pthread_condattr_destroy(&by_clock);
    pthread_mutex_init(&lookup->mutex, NULL);
    lookup->host = strdup(address->host);
    lookup->port = address->port;
    lookup->users = 2;
    if (lookup->host && start_thread(lookup)) {
        return lookup;
    }
    free_lookup(lookup);
    return NULL;
}

/* 0: it was not done by then. */
static int wait_done(fleet_lookup_t *lookup, apr_time_t deadline, finding_t *finding)
{
    const struct timespec until = {(time_t)apr_time_sec(deadline),
                                   (long)apr_time_usec(deadline) * 1000};
    int is_done, error = 0;

    pthread_mutex_lock(&lookup->mutex);
    while (!lookup->is_done && !error) {
        error = pthread_cond_timedwait(&lookup->changed, &lookup->mutex, &until);
    }
    is_done = lookup->is_done;
    *finding = lookup->finding;
    pthread_mutex_unlock(&lookup->mutex);
    return is_done;
}

/* --- For who asks ----------------------------------------------------------------- */

static int find_local(const fleet_address_t *address, fleet_place_t *place)
{
    place->at.local.sun_family = AF_UNIX;
    apr_cpystrn(place->at.local.sun_path, address->path,
                sizeof place->at.local.sun_path);
    place->len = sizeof place->at.local;
    return 1;
}

static const char *explain(const finding_t *finding)
{
    return finding->error ? gai_strerror(finding->error) : "the name has no address";
}

static int find_by_name(fleet_lookup_t **lookup, const fleet_address_t *address,
                        apr_time_t deadline, finding_t *finding, const char **why)
{
    *lookup = *lookup ? *lookup : begin(address);
    if (!*lookup) {
        *why = "its name cannot be looked up for lack of memory";
        return 0;
    }
    if (!wait_done(*lookup, deadline, finding)) {
        *why = NULL;
        return 0;
    }
    fleet_lookup_forget(*lookup);
    *lookup = NULL;
    *why = explain(finding);
    return finding->n;
}

int fleet_lookup(fleet_lookup_t **lookup, const fleet_address_t *address,
                 apr_time_t deadline, fleet_place_t *places, const char **why)
{
    finding_t finding;
    int n;

    memset(places, 0, FLEET_PLACES * sizeof *places);
    if (address->path) {
        return find_local(address, places);
    }
    find(address->host, address->port, AI_NUMERICHOST, &finding);
    n = finding.n ? finding.n : find_by_name(lookup, address, deadline, &finding, why);
    memcpy(places, finding.places, (apr_size_t)n * sizeof *places);
    return n;
}
