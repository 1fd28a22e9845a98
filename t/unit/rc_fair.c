/* Many threads of several processes, of one gateway or of two, one quota, a platform
 * that counts strictly, and a clock of their own that moves on when all of them sleep:
 * who comes first goes first, no call is refused, and each window is used to the full.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "rc_fake.h"
#include "rc_fake_peers.h"

#define SECOND apr_time_from_sec(1)
#define PROCESSES 4
#define GATEWAYS_MAX 2
#define THREADS 16
#define WORKERS (PROCESSES * THREADS)
#define LIMIT 40
#define WINDOW (60 * SECOND)
#define WINDOWS 5
#define AWAY_FROM (WINDOW * 3 / 2)
#define AWAY_TO (WINDOW * 13 / 4)
#define MOMENT apr_time_from_msec(100)
#define TRIPS_MAX 6000

/* One call, as its worker saw it. */
typedef struct trip_t {
    apr_time_t came, went;
    int background, gateway;
} trip_t;

typedef struct shared_t {
    pthread_mutex_t clock, peers, quota[GATEWAYS_MAX];
    pthread_cond_t moved;
    apr_time_t now, wakes[WORKERS]; /* 0: awake or gone */
    int running, asleep;
    int fails; /* the gateways lose sight of each other for a while */
    rc_pacer_state_t states[GATEWAYS_MAX];
    peers_common_t common;
    apr_time_t arrivals[LIMIT]; /* ring */
    int at, served, refused, busy;
    apr_time_t last; /* when the first call after WINDOWS full windows came */
    trip_t trips[TRIPS_MAX];
    int n_trips;
} shared_t;

static shared_t *shared;
static const char *const names[] = {"main"};

/* --- a clock for all ------------------------------------------------------------- */

/* Everybody sleeps: the next one is woken. Under the clock's lock. */
static void move_on(void)
{
    apr_time_t next = 0;
    int i;

    if (shared->asleep < shared->running || !shared->running) {
        return;
    }
    for (i = 0; i < WORKERS; i++) {
        if (shared->wakes[i] && (!next || shared->wakes[i] < next)) {
            next = shared->wakes[i];
        }
    }
    shared->now = next;
    for (i = 0; i < WORKERS; i++) {
        if (shared->wakes[i] && shared->wakes[i] <= next) {
            shared->wakes[i] = 0;
            shared->asleep--;
        }
    }
    pthread_cond_broadcast(&shared->moved);
}

static apr_time_t clock_now(void *ctx)
{
    apr_time_t now;

    pthread_mutex_lock(&shared->clock);
    now = shared->now;
    pthread_mutex_unlock(&shared->clock);
    return now;
}

static apr_status_t clock_sleep(void *ctx, apr_interval_time_t t)
{
    int self = *(int *)ctx;

    pthread_mutex_lock(&shared->clock);
    shared->wakes[self] = shared->now + (t > 0 ? t : 1);
    shared->asleep++;
    move_on();
    while (shared->wakes[self]) {
        pthread_cond_wait(&shared->moved, &shared->clock);
    }
    pthread_mutex_unlock(&shared->clock);
    return APR_SUCCESS;
}

static void clock_leave(void)
{
    pthread_mutex_lock(&shared->clock);
    shared->running--;
    move_on();
    pthread_mutex_unlock(&shared->clock);
}

static void no_log(void *ctx, base_log_level_t level, apr_status_t rv, const char *line)
{
}

static apr_status_t quota_lock(void *ctx)
{
    return pthread_mutex_lock(ctx);
}

static void quota_unlock(void *ctx)
{
    pthread_mutex_unlock(ctx);
}

static apr_status_t peers_lock(void)
{
    return pthread_mutex_lock(&shared->peers);
}

static int peers_are_away(void)
{
    const apr_time_t now = clock_now(NULL);

    return shared->fails && now > FAKE_START + AWAY_FROM && now < FAKE_START + AWAY_TO;
}

static void peers_unlock(void)
{
    pthread_mutex_unlock(&shared->peers);
}

/* --- the work -------------------------------------------------------------------- */

/* What the platform has left after this call, or -1: refused. */
static int serve(apr_time_t now)
{
    int i, used = 0, left = -1;

    pthread_mutex_lock(&shared->clock);
    if (shared->arrivals[shared->at] > now - WINDOW) {
        shared->refused++;
    }
    else {
        shared->arrivals[shared->at] = now;
        shared->at = (shared->at + 1) % LIMIT;
        if (shared->served++ == WINDOWS * LIMIT) {
            shared->last = now;
        }
        for (i = 0; i < LIMIT; i++) {
            used += shared->arrivals[i] > now - WINDOW;
        }
        left = LIMIT - used;
    }
    pthread_mutex_unlock(&shared->clock);
    return left;
}

static void note(const trip_t *trip)
{
    pthread_mutex_lock(&shared->clock);
    if (shared->n_trips < TRIPS_MAX) {
        shared->trips[shared->n_trips++] = *trip;
    }
    pthread_mutex_unlock(&shared->clock);
}

static void call(const base_env_t *env, const rc_pacer_t *pacer, apr_pool_t *p,
                 unsigned *random, rc_pass_t *pass)
{
    apr_table_t *headers = apr_table_make(p, 4);
    rc_pacer_answer_t answer = {1, headers, RC_NO_PENALTY};
    int left;

    base_sleep(env, rand_r(random) % 50000);
    left = serve(base_now(env));
    base_sleep(env, rand_r(random) % 150000);
    fake_headers(p, headers,
                 apr_psprintf(p,
                              "X-Rate-Limit-Group: medium\nX-Rate-Limit-Limit: %d\n"
                              "X-Rate-Limit-Window: 60\nX-Rate-Limit-Remaining: %d",
                              LIMIT, left < 0 ? 0 : left));
    answer.penalty = left < 0 ? RC_GROUP_PENALTY : RC_NO_PENALTY;
    rc_pacer_leave(pacer, env, pass, &answer);
}

typedef struct worker_t {
    int self; /* first: the env's ctx */
    apr_time_t end;
    pthread_t thread;
    int gateway;
    const rc_pacer_t *pacer;
} worker_t;

static void *work(void *data)
{
    worker_t *w = data;
    base_env_t env = {w, clock_now, clock_sleep, no_log};
    rc_class_t class = w->self % 8 == 7 ? RC_BACKGROUND : RC_INTERACTIVE;
    unsigned random = (unsigned)w->self;
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    base_sleep(&env, rand_r(&random) % 1000000);
    while (base_now(&env) < w->end) {
        /* some lose their patience before their turn */
        apr_time_t patience = (rand_r(&random) % 4 ? 300 : 60) * SECOND;
        trip_t trip = {base_now(&env), 0, class == RC_BACKGROUND, w->gateway};
        rc_pacer_call_t entry = {
            &env, {RC_GROUP_BIT(RC_MEDIUM), 1, class, WINDOW, 0}, trip.came + patience};
        rc_pass_t pass = {0};

        if (rc_pacer_enter(w->pacer, p, &entry, &pass)) {
            __sync_fetch_and_add(&shared->busy, 1);
            base_sleep(&env, SECOND + rand_r(&random) % 5000000);
        }
        else {
            trip.went = base_now(&env);
            note(&trip);
            call(&env, w->pacer, p, &random, &pass);
        }
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    clock_leave();
    return NULL;
}

static void process(apr_pool_t *p, int nth, int gateways)
{
    const int gateway = nth % gateways;
    base_shared_t memory = {NULL, &shared->quota[gateway], quota_lock, quota_unlock};
    peers_view_t view = {.common = &shared->common,
                         .id = gateway + 1,
                         .lock = peers_lock,
                         .unlock = peers_unlock,
                         .is_away = peers_are_away};
    base_peers_t peers = peers_of(&view, 50);
    rc_pacer_t pacer = {
        &memory, &shared->states[gateway],    rc_plan_create(p, 1), names, 50,
        500,     gateways > 1 ? &peers : NULL};
    worker_t workers[THREADS];
    int i;

    for (i = 0; i < THREADS; i++) {
        workers[i].self = nth * THREADS + i;
        workers[i].end = FAKE_START + (WINDOWS + 1) * WINDOW;
        workers[i].gateway = gateway;
        workers[i].pacer = &pacer;
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
}

/* --- the judgement --------------------------------------------------------------- */

/* Those who came before and went after somebody of their class; but for the moment that
 * it takes to wake up when there is room for both. */
static int overtaken(int background)
{
    int i, k, n = 0;

    for (i = 0; i < shared->n_trips; i++) {
        const trip_t *a = &shared->trips[i];

        for (k = 0; k < shared->n_trips; k++) {
            const trip_t *b = &shared->trips[k];

            n += a->gateway == b->gateway && a->background == background &&
                 b->background == background && a->came < b->came &&
                 b->went + MOMENT < a->went;
        }
    }
    return n;
}

/* Background trips that began while somebody else waited. */
static int pushed_in(void)
{
    int i, k, n = 0;

    for (i = 0; i < shared->n_trips; i++) {
        const trip_t *b = &shared->trips[i];

        for (k = 0; b->background && k < shared->n_trips; k++) {
            const trip_t *a = &shared->trips[k];

            n += a->gateway == b->gateway && !a->background && a->came < b->went &&
                 b->went < a->went;
        }
    }
    return n;
}

static void init(void)
{
    pthread_mutexattr_t attr;
    pthread_condattr_t cond;
    int i;

    memset(shared, 0, sizeof *shared);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&shared->clock, &attr);
    pthread_mutex_init(&shared->peers, &attr);
    pthread_condattr_init(&cond);
    pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&shared->moved, &cond);
    shared->now = FAKE_START;
    shared->running = WORKERS;
    for (i = 0; i < GATEWAYS_MAX; i++) {
        pthread_mutex_init(&shared->quota[i], &attr);
        rc_pacer_init(&shared->states[i], 1, NULL);
        apr_cpystrn(shared->states[i].quotas[0].key, "main", RC_KEY_SIZE);
    }
}

static void run(apr_pool_t *p, int gateways, int fails)
{
    apr_interval_time_t late;
    int i, status, failed = 0;

    init();
    shared->fails = fails;
    for (i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            process(p, i, gateways);
            _exit(0);
        }
    }
    for (i = 0; i < PROCESSES; i++) {
        failed |= wait(&status) < 0 || status != 0;
    }
    printf("# %d gateways%s\n", gateways, fails ? ", alone for a while" : "");
    ok(!failed, "all processes end well");
    is_int(shared->refused, 0, "no call of 64 threads is refused");
    late = shared->last - FAKE_START - WINDOWS * WINDOW;
    ok(shared->last && late * 100 <= 3 * WINDOWS * WINDOW,
       "... and of 100 possible calls 97 are made");
    is_int(overtaken(0), 0, "nobody is overtaken");
    is_int(overtaken(1), 0, "... nor in the background");
    is_int(pushed_in(), 0, "no background work goes before others that wait");
    ok(shared->busy > 0, "some went away when they heard how long it takes");
    is_int(shared->states[0].line.n + shared->states[1].line.n, 0,
           "nobody is left in the line");
    printf("# %d windows of %d calls took %d ms more than the platform asks for\n",
           WINDOWS, LIMIT, (int)apr_time_as_msec(late));
}

int main(void)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    run(p, 1, 0);
    run(p, 2, 0);
    run(p, 2, 1);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
