/* Accounts: what is shared, what is kept, and that they never meet (gw_account.c). */
#include <string.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

/* The quota outlives the server. */
static void quota_kept(void)
{
    world_t *w = world_make(p);
    const char *file = apr_pstrcat(p, w->conf.state_dir, "/quota", NULL);
    answer_t *a;
    apr_finfo_t info;

    w->conf.limits[GW_MEDIUM].calls = 3;
    w->conf.limits[GW_MEDIUM].window = apr_time_from_sec(86400);
    gw_shared_init(w->shared.memory, p, &w->conf);
    w->now = apr_time_now(); /* what the memory reads its file by */
    world_fill(w);
    is_int(world_create(w, "{" ANN "}")->status, 201, "a call within the quota");
    is_int(gw_shared_save(w->shared.memory, p, &w->conf), APR_SUCCESS, "it is kept");
    is_int(apr_stat(&info, file, APR_FINFO_PROT, p), APR_SUCCESS, "in a file");
    is_int(info.protection & (APR_FPROT_GREAD | APR_FPROT_WREAD), 0, "of our own");
    memset(w->shared.memory, 0xff, gw_shared_size());
    gw_shared_init(w->shared.memory, p, &w->conf);
    w->now = apr_time_now();
    world_restart(w);
    is_int(world_set(w, "1001", "title", "'x'")->status, 200, "the last call of three");
    a = world_set(w, "1001", "title", "'y'");
    is_int(a->status, 429, "and the next server knows of them");
    ok(a->retry_after > 3600, "and when there is another");
    is_int(fake_rc_called(w->rc, "updateExtension"), 1, "without a call");
}

static void damaged_quota(void)
{
    static const char *const contents[] = {"", "rubbish"};
    apr_size_t i, len;

    for (i = 0; i < 2; i++) {
        world_t *w = world_make(p);
        apr_file_t *file;

        apr_file_open(&file, apr_pstrcat(p, w->conf.state_dir, "/quota", NULL),
                      APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_FPROT_OS_DEFAULT, p);
        len = strlen(contents[i]);
        apr_file_write(file, contents[i], &len);
        apr_file_close(file);
        gw_shared_init(w->shared.memory, p, &w->conf);
        world_fill(w);
        is_int(world_query(w, NULL, 1, 1)->status, 200, "a damaged file is no matter");
    }
}

static void no_folder(void)
{
    world_t *w = world_make(p);
    gw_account_t *account;
    apr_pool_t *own;

    apr_pool_create(&own, p);
    w->conf.state_dir = "/dev/null/folder";
    ok(gw_account_open_with(&account, own, &w->conf, &w->shared, &w->rc->transport,
                            &w->env) != APR_SUCCESS,
       "a folder that cannot be made is an error");
    ok(gw_shared_save(w->shared.memory, p, &w->conf) != APR_SUCCESS,
       "for the quota too");
    apr_pool_destroy(own);
}

/* Two accounts in one process. */
static void two_accounts(void)
{
    world_t *a = world_make(p), *b = world_make(p);

    fake_rc_user(a->rc, "Ann", "Archer", "ann@example.com");
    fake_rc_user(b->rc, "Bob", "Baker", "bob@example.com");
    world_fill(a);
    world_fill(b);
    is_str(at(a, world_get(a, "1001")->user, "userName"), "ann@example.com",
           "one account");
    is_str(at(b, world_get(b, "1001")->user, "userName"), "bob@example.com",
           "and another");
    world_delete(a, "1001");
    is_int(world_get(b, "1001")->status, 200, "do not meet");
}

/* Secrets go to RingCentral and nowhere else. */
static void secrets(void)
{
    world_t *w = world_make(p);
    fake_rc_fault_t refused = {"getToken", 0, FAKE_ANSWER, 400,
                               "{\"error\":\"invalid_client\",\"error_description\":"
                               "\"Invalid client: hush.jwt\"}"};
    answer_t *a;

    fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    fake_rc_fail(w->rc, &refused);
    world_open(w);
    world_work(w);
    ok(!world_says(w, "hush"), "a secret is not logged");
    w->policy.patience = 0;
    a = world_query(w, NULL, 1, 1);
    is_int(a->status, 503, "without a token there is no copy");
    ok(!strstr(a->detail, "hush"), "and no secret in the answer");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    quota_kept();
    damaged_quota();
    no_folder();
    two_accounts();
    secrets();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
