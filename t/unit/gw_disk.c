/* A disk that is full: nothing is asked of RingCentral that could not be kept
 * (gw_sync.c, gw_relist.c). */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_fixture.h"
#include "tap.h"

#define USERS 1100

static apr_pool_t *p;

/* No file may become longer than that. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};

    setrlimit(RLIMIT_FSIZE, &limit);
}

static world_t *with_users(void)
{
    world_t *w = world_make(p);
    int i;

    for (i = 0; i < USERS; i++) {
        fake_rc_user(w->rc, "Many", apr_itoa(p, i),
                     apr_psprintf(p, "many%d@example.com", i));
    }
    w->policy.patience = 0;
    return w;
}

static int total(world_t *w)
{
    answer_t *a = world_query(w, NULL, 1, 0);

    return a->status == 200 ? (int)a->total : -1;
}

static int lists(world_t *w)
{
    return fake_rc_called(w->rc, "listExtensions");
}

static void first_fill(void)
{
    world_t *w = with_users();
    int i;

    world_open(w);
    limit_files(256 * 1024);
    world_work(w);
    ok(world_logged(w, "SCIMRC0305"), "a copy that cannot be written is an error");
    ok(world_says(w,
                  "SCIMRC0115: account test: the directory was read from RingCentral "
                  "in vain: the copy cannot be written"),
       "as is what was read for it");
    ok(!world_logged(w, "SCIMRC0113"), "which is not RingCentral's fault");
    is_int(total(w), -1, "the copy is not complete");
    fake_rc_forget(w->rc);
    for (i = 0; i < 120; i++) {
        world_work(w);
        world_pass(w, 1);
    }
    ok(lists(w) >= 5 && lists(w) <= 8, "the next lists are further and further apart");
    limit_files(RLIM_INFINITY);
    world_pass(w, 60);
    world_work(w);
    is_int(total(w), USERS, "with room on the disk it is filled");
}

static void refresh(void)
{
    world_t *w = with_users();

    world_fill(w);
    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Boss'}}");
    limit_files(4096);
    world_refresh(w);
    fake_rc_forget(w->rc);
    world_work(w);
    is_str(fake_rc_calls(w->rc), "", "there is a pause after a refresh, too");
    is_int(total(w), USERS, "and what is known is answered");
    limit_files(RLIM_INFINITY);
    world_pass(w, 2);
    world_work(w);
    is_str(at(w, world_get(w, "1001")->user, "title"), "Boss", "the next one works");
}

/* A small disk of this process alone in place of the folder. 0: the system lets it have
 * none. */
static int mount_small(const char *folder)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, "size=600k") == 0;
}

static void full_disk(void)
{
    world_t *w = with_users();

    if (!mount_small(w->folder)) {
        ok(1, "a full disk # SKIP no folder can be mounted");
        return;
    }
    world_open(w);
    world_work(w);
    ok(world_says(w, "SCIMRC0305: cannot commit in '"), "a full disk is an error");
    ok(world_says(w, "/copy': No space left on device"), "called by its name");
    ok(world_logged(w, "SCIMRC0115"), "the list was in vain");
    apr_pool_destroy(w->account_pool);
    w->account_pool = NULL;
    umount(w->folder);
}

/* A list that requests make. */
static void relist(void)
{
    world_t *w = with_users();
    gw_session_t session;
    int done;

    world_fill(w);
    w->policy.patience = apr_time_from_sec(10);
    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Boss'}}");
    limit_files(4096);
    session = world_session(w);
    ok(gw_relist(&session, p, 0, &done) && !done, "a list of requests fails");
    is_int(lists(w), 1, "by its first page, or its last");
    session = world_session(w);
    ok(!gw_relist(&session, p, 0, &done) && !done, "the next request makes none");
    is_int(lists(w), 1, "and asks for nothing");
    limit_files(RLIM_INFINITY);
    world_pass(w, 15);
    session = world_session(w);
    ok(!gw_relist(&session, p, 0, &done) && done, "later there is one again");
}

int main(void)
{
    signal(SIGXFSZ, SIG_IGN);
    apr_initialize();
    apr_pool_create(&p, NULL);
    first_fill();
    refresh();
    relist();
    full_disk(); /* the last: from here on the process has mounts of its own */
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
