/* Several requests at the same time, in threads and as of several processes: changes
 * of one user come one after the other and none is lost. */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "tap.h"

#define THREADS 4
#define ROUNDS 6

static apr_pool_t *p;

typedef struct runner_t {
    world_t *w;
    int number;
    const char *id;
    int status; /* the worst */
    int created, conflicts;
} runner_t;

typedef void (*work_fn)(runner_t *runner, gw_session_t *session, apr_pool_t *own);

typedef struct job_t {
    runner_t runner;
    work_fn work;
} job_t;

/* A process of its own as far as one can tell: only the folder, the shared memory and
 * the platform are common. */
static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    job_t *job = data;
    world_t *w = job->runner.w;
    apr_pool_t *own;
    gw_account_t *account;
    gw_session_t session;

    apr_pool_create(&own, NULL);
    if (gw_account_open_with(&account, own, &w->conf, &w->shared, &w->rc->transport,
                             &w->env) == APR_SUCCESS) {
        session = world_session(w);
        session.account = account;
        session.deadline += apr_time_from_sec(36000);
        job->work(&job->runner, &session, own);
    }
    apr_pool_destroy(own);
    return NULL;
}

static void run_all(world_t *w, const char *id, work_fn work, job_t jobs[THREADS])
{
    apr_thread_t *threads[THREADS];
    apr_pool_t *own;
    apr_status_t rv;
    int i;

    apr_pool_create(&own, NULL);
    memset(jobs, 0, THREADS * sizeof *jobs);
    for (i = 0; i < THREADS; i++) {
        jobs[i].runner.w = w;
        jobs[i].runner.number = i;
        jobs[i].runner.id = id;
        jobs[i].work = work;
        apr_thread_create(&threads[i], NULL, run, &jobs[i], own);
    }
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&rv, threads[i]);
    }
    apr_pool_destroy(own);
}

/* Each runner changes an attribute of its own, many times. */
static void change_own(runner_t *runner, gw_session_t *session, apr_pool_t *own)
{
    static const char *const paths[THREADS] = {"title", "name.familyName", "externalId",
                                               "name.givenName"};
    apr_pool_t *r;
    int i;

    apr_pool_create(&r, own);
    for (i = 1; i <= ROUNDS; i++) {
        const scim_error_t *error;

        apr_pool_clear(r);
        error = world_patch_in(
            session, r, runner->id,
            apr_psprintf(r, "[{'op':'replace','path':'%s','value':'%d'}]",
                         paths[runner->number], i));
        if (error) {
            runner->status = error->status;
        }
    }
}

static void changes(void)
{
    static const char *const shown[THREADS] = {"title", "name/familyName", "externalId",
                                               "name/givenName"};
    world_t *w = world_make(p);
    const char *id =
        id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
    job_t jobs[THREADS];
    answer_t *a;
    int i;

    w->conf.max_age = apr_time_from_sec(36000);
    world_fill(w);
    run_all(w, id, change_own, jobs);
    a = world_get(w, id);
    for (i = 0; i < THREADS; i++) {
        is_int(jobs[i].runner.status, 0, "each change is carried out");
        is_str(at(w, a->user, shown[i]), apr_itoa(p, ROUNDS), "and the last one stays");
    }
    is_int(fake_rc_called(w->rc, "updateExtension"), THREADS * ROUNDS,
           "with a call for each");
    is_str(there(w, id, "contact/jobTitle"), apr_itoa(p, ROUNDS),
           "and RingCentral agrees");
    is_str(there(w, id, "references/0/ref"), apr_itoa(p, ROUNDS), "in all");
}

/* All add a value to the same list, of what the one before has left. */
static void add_phone(runner_t *runner, gw_session_t *session, apr_pool_t *own)
{
    const scim_error_t *error = world_patch_in(
        session, own, runner->id,
        runner->number % 2
            ? "[{'op':'add','path':'phoneNumbers','value':[{'type':'mobile','value':"
              "'+16505550101'}]}]"
            : "[{'op':'add','path':'phoneNumbers','value':[{'type':'work','value':"
              "'+16505550102'}]}]");

    runner->status = error ? error->status : 0;
}

static void same_list(void)
{
    world_t *w = world_make(p);
    const char *id =
        id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
    job_t jobs[THREADS];

    w->conf.max_age = apr_time_from_sec(36000);
    world_fill(w);
    run_all(w, id, add_phone, jobs);
    is_str(there(w, id, "contact/mobilePhone"), "+16505550101",
           "neither of two values");
    is_str(there(w, id, "contact/businessPhone"), "+16505550102", "is lost");
    is_int(fake_rc_called(w->rc, "updateExtension"), 2, "and none is sent twice");
}

static void create_user(runner_t *runner, gw_session_t *session, apr_pool_t *own)
{
    const char *name = runner->id ? apr_psprintf(own, "user%d", runner->number) : "ann";
    json_t *user =
        base_json_own(own, json_pack("{s:o, s:{s:s}, s:[{s:s, s:o}]}", "userName",
                                     json_sprintf("%s@example.com", name), "name",
                                     "givenName", name, "emails", "type", "work",
                                     "value", json_sprintf("%s@example.com", name)));
    scim_record_t record;
    const char *id;
    const scim_error_t *error =
        gw_user_backend.create(session, own, user, &record, &id);

    runner->created += !error;
    runner->conflicts += error && error->status == 409;
    runner->status = error ? error->status : 0;
}

/* One name, or (`each`) a name for each runner. */
static void creates(gw_create_t policy, int each, int unassigned)
{
    world_t *w = world_make(p);
    int i, created = 0, conflicts = 0;
    job_t jobs[THREADS];

    w->policy.create = policy;
    w->conf.max_age = apr_time_from_sec(36000);
    for (i = 0; i < unassigned; i++) {
        fake_rc_unassigned(w->rc);
    }
    world_fill(w);
    w->rc->allows_same_login = 1;
    run_all(w, each ? "" : NULL, create_user, jobs);
    for (i = 0; i < THREADS; i++) {
        created += jobs[i].runner.created;
        conflicts += jobs[i].runner.conflicts;
    }
    is_int(created, each ? THREADS : 1, each ? "all are made" : "one is made");
    is_int(conflicts, each ? 0 : THREADS - 1, "and the others are told");
    is_int((long long)world_query(w, NULL, 1, 10)->total, created, "as the copy knows");
}

static void delete_user(runner_t *runner, gw_session_t *session, apr_pool_t *own)
{
    const scim_error_t *error =
        gw_user_backend.remove(session, own, runner->id, NULL, NULL);

    runner->created += !error;
    runner->conflicts += error && error->status == 404;
}

static void deletes(void)
{
    world_t *w = world_make(p);
    const char *id =
        id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
    int i, deleted = 0, missed = 0;
    job_t jobs[THREADS];

    world_fill(w);
    run_all(w, id, delete_user, jobs);
    for (i = 0; i < THREADS; i++) {
        deleted += jobs[i].runner.created;
        missed += jobs[i].runner.conflicts;
    }
    is_int(deleted, 1, "one of several deletes");
    is_int(missed, THREADS - 1, "finds the user");
    is_str(fake_rc_calls(w->rc), "deleteExtension", "and calls");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    changes();
    same_list();
    creates(GW_CREATE_EXTENSION, 0, 0);
    creates(GW_CREATE_EXTENSION, 1, 0);
    creates(GW_CREATE_UNASSIGNED, 0, 4);
    creates(GW_CREATE_UNASSIGNED, 1, 4);
    deletes();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
