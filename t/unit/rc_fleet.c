/* Several processes with one quota against a platform that counts strictly. */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "rc_fake.h"

#define PROCESSES 4
#define LIMIT 20
#define WINDOW apr_time_from_sec(1)
#define DURATION apr_time_from_msec(3300)

typedef struct shared_t {
    pthread_mutex_t mutex, platform;
    rc_pacer_state_t state;
    apr_time_t arrivals[LIMIT]; /* ring */
    int at, served, refused;
} shared_t;

static shared_t *shared;
static const char *const names[] = {"main"};

static apr_time_t real_now(void *ctx)
{
    return apr_time_now();
}

static apr_status_t real_sleep(void *ctx, apr_interval_time_t t)
{
    apr_sleep(t);
    return APR_SUCCESS;
}

static void no_log(void *ctx, base_log_level_t level, apr_status_t rv, const char *line)
{
}

static apr_status_t real_lock(void *ctx)
{
    return pthread_mutex_lock(&shared->mutex);
}

static void real_unlock(void *ctx)
{
    pthread_mutex_unlock(&shared->mutex);
}

/* What the platform has left after this call, or -1: refused. */
static int serve(void)
{
    apr_time_t now = apr_time_now();
    int i, used = 1, left = -1;

    pthread_mutex_lock(&shared->platform);
    if (shared->arrivals[shared->at] > now - WINDOW) {
        shared->refused++;
    }
    else {
        shared->arrivals[shared->at] = now;
        shared->at = (shared->at + 1) % LIMIT;
        shared->served++;
        for (i = 0, used = 0; i < LIMIT; i++) {
            used += shared->arrivals[i] > now - WINDOW;
        }
        left = LIMIT - used;
    }
    pthread_mutex_unlock(&shared->platform);
    return left;
}

static void work(apr_pool_t *p, int seed, apr_time_t end)
{
    base_env_t env = {NULL, real_now, real_sleep, no_log};
    base_shared_t memory = {shared, NULL, real_lock, real_unlock};
    rc_pacer_t pacer = {&memory, &shared->state, rc_plan_create(p, 1), names, 50, 500,
                        NULL};
    unsigned random = (unsigned)seed;

    while (apr_time_now() < end) {
        rc_pacer_call_t call = {
            &env, {RC_GROUP_BIT(RC_MEDIUM), 1, RC_INTERACTIVE, WINDOW, 0}, end};
        apr_table_t *headers = apr_table_make(p, 4);
        rc_pacer_answer_t answer = {1, headers, RC_NO_PENALTY};
        rc_pass_t pass = {0};
        int left;

        if (rc_pacer_enter(&pacer, p, &call, &pass)) {
            break;
        }
        apr_sleep(rand_r(&random) % 8000);
        left = serve();
        apr_sleep(rand_r(&random) % 8000);
        fake_headers(p, headers,
                     apr_psprintf(p,
                                  "X-Rate-Limit-Group: medium\nX-Rate-Limit-Limit: %d\n"
                                  "X-Rate-Limit-Window: 1\nX-Rate-Limit-Remaining: %d",
                                  LIMIT, left < 0 ? 0 : left));
        answer.penalty = left < 0 ? RC_GROUP_PENALTY : RC_NO_PENALTY;
        rc_pacer_leave(&pacer, &env, &pass, &answer);
    }
}

int main(void)
{
    pthread_mutexattr_t attr;
    apr_pool_t *p;
    apr_time_t end;
    int i, status, failed = 0;

    apr_initialize();
    apr_pool_create(&p, NULL);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&shared->mutex, &attr);
    pthread_mutex_init(&shared->platform, &attr);
    rc_pacer_init(&shared->state, 1, NULL);
    end = apr_time_now() + DURATION;
    for (i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            work(p, i, end);
            _exit(0);
        }
    }
    for (i = 0; i < PROCESSES; i++) {
        failed |= wait(&status) < 0 || status != 0;
    }
    ok(!failed, "all processes end well");
    is_int(shared->refused, 0, "no call of any process is refused");
    ok(shared->served >= 3 * LIMIT, "... and the quota of each window is used");
    printf("# served %d\n", shared->served);
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
