#include "gw_sign.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <apr_general.h>

#include "base_lock.h"

/* Where the signs are among the locks: far from the ids of users. */
#define PLACE (APR_UINT64_C(1) << 61)

struct gw_signs_t {
    gw_sign_t own;
    base_lock_set_t *locks; /* the own one is held in it */
};

static apr_status_t close_signs(void *data)
{
    gw_signs_t *signs = data;

    base_lock_set_give(signs->locks, signs->own.number);
    base_lock_set_close(signs->locks);
    return APR_SUCCESS;
}

/* Takes the lock of a number that nobody has. */
static apr_status_t give_sign(gw_signs_t *signs)
{
    gw_sign_t *own = &signs->own;
    apr_status_t rv;

    do {
        rv = apr_generate_random_bytes((unsigned char *)&own->number,
                                       sizeof own->number);
        own->number = (own->number & (PLACE - 1)) | PLACE;
        rv = rv == APR_SUCCESS ? base_lock_set_take(signs->locks, own->number) : rv;
    } while (rv == APR_EBUSY);
    if (rv == APR_SUCCESS) {
        rv = base_lock_set_file(signs->locks, &own->device, &own->inode);
    }
    own->pid = getpid();
    return rv;
}

apr_status_t gw_signs_open(gw_signs_t **signs, apr_pool_t *p, const char *lock_file)
{
    gw_signs_t *s = apr_pcalloc(p, sizeof *s);
    apr_status_t rv = base_lock_set_open(&s->locks, lock_file);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = give_sign(s);
    if (rv != APR_SUCCESS) {
        base_lock_set_give(s->locks, s->own.number);
        base_lock_set_close(s->locks);
        return rv;
    }
    apr_pool_cleanup_register(p, s, close_signs, apr_pool_cleanup_null);
    *signs = s;
    return APR_SUCCESS;
}

const gw_sign_t *gw_signs_own(const gw_signs_t *signs)
{
    return &signs->own;
}

static int is_process_gone(apr_int64_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

int gw_signs_has_ended(const gw_signs_t *signs, const gw_sign_t *child)
{
    apr_status_t rv = ESTALE;

    if (child->number == signs->own.number) {
        return 0;
    }
    if (child->device == signs->own.device && child->inode == signs->own.inode) {
        rv = base_lock_set_take(signs->locks, child->number);
    }
    if (rv == APR_SUCCESS) {
        base_lock_set_give(signs->locks, child->number);
        return 1;
    }
    /* Its lock is in another file, or the file is not where it was. */
    return rv == ESTALE && is_process_gone(child->pid);
}

static int find(const gw_census_t *census, const gw_sign_t *child)
{
    int i = 0;

    while (i < census->n && census->children[i].sign.number != child->number) {
        i++;
    }
    return i;
}

void gw_census_add(gw_census_t *census, const gw_sign_t *child)
{
    if (child->number && census->n < GW_CENSUS_MAX &&
        find(census, child) == census->n) {
        census->children[census->n].sign = *child;
        census->children[census->n++].has_ended = 0;
    }
}

void gw_census_take(gw_census_t *census, const gw_signs_t *signs)
{
    int i;

    for (i = 0; i < census->n; i++) {
        census->children[i].has_ended =
            gw_signs_has_ended(signs, &census->children[i].sign);
    }
}

int gw_census_has_ended(const gw_census_t *census, const gw_sign_t *child)
{
    const int i = find(census, child);

    return i < census->n && census->children[i].has_ended;
}
