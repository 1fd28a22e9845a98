/* An account whose lock file cannot be used (gw_account.c, gw_copy.c); and what the
 * settings of an account promise of the quota. */
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

/* Nobody can open a folder as the file of the locks, root neither. */
static const char *spoil(const world_t *w)
{
    const char *path = apr_pstrcat(p, w->conf.state_dir, "/locks", NULL);

    apr_file_remove(path, p);
    apr_dir_make(path, APR_FPROT_OS_DEFAULT, p);
    return path;
}

static void at_the_beginning(void)
{
    world_t *w = world_make(p);
    const char *path = spoil(w);
    gw_account_t *account;
    apr_pool_t *own;

    apr_pool_create(&own, p);
    ok(gw_account_open_with(&account, own, &w->conf, &w->shared, &w->rc->transport,
                            &w->env) != APR_SUCCESS,
       "without its locks an account is not opened");
    ok(world_says(
           w, apr_psprintf(p, "SCIMRC0104: the lock file '%s' cannot be used", path)),
       "and the log names the file");
    apr_pool_destroy(own);
    apr_dir_remove(path, p);
    world_fill(w);
    is_int(world_query(w, NULL, 1, 1)->status, 200, "with them it is");
}

static void later(void)
{
    world_t *w = world_make(p);

    fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com");
    world_fill(w);
    spoil(w);
    is_int(world_set(w, "1001", "title", "'x'")->status, 503, "changes need them too");
    ok(world_logged(w, "SCIMRC0104"), "and say the same");
    is_int(world_get(w, "1001")->status, 200, "reads do not");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    at_the_beginning();
    later();
    is_int(GW_CALLS_MAX, RC_WINDOW_SLOTS, "the largest limit is one that is kept");
    apr_pool_destroy(p);
    return done_testing();
}
