/* Signs of life: each child has one, by which the others notice when it has ended. */
#ifndef GW_SIGN_H
#define GW_SIGN_H

#include <apr_pools.h>

/* In shared memory. It is a lock in a file; somebody may have deleted that file
 * meanwhile, and then it says nothing to who has opened the next one. */
typedef struct gw_sign_t {
    apr_uint64_t number;        /* unique; 0: nobody's */
    apr_uint64_t device, inode; /* of the lock file */
    apr_int64_t pid;
} gw_sign_t;

/* A child's own sign, and what it needs to look at those of others. All threads may use
 * it. */
typedef struct gw_signs_t gw_signs_t;

/* Gives a sign of life, a lock in `lock_file`, until `p` ends. APR_SUCCESS, or why
 * there is none. */
apr_status_t gw_signs_open(gw_signs_t **signs, apr_pool_t *p, const char *lock_file);

const gw_sign_t *gw_signs_own(const gw_signs_t *signs);

/* Has the child with this sign ended? When that cannot be told, it has not. */
int gw_signs_has_ended(const gw_signs_t *signs, const gw_sign_t *child);

/* Many children, each looked at once. Starts with n = 0. */
#define GW_CENSUS_MAX 1024
typedef struct gw_census_t {
    struct {
        gw_sign_t sign;
        int has_ended;
    } children[GW_CENSUS_MAX];
    int n;
} gw_census_t;

/* Does nothing when the child is in it already, or is nobody. */
void gw_census_add(gw_census_t *census, const gw_sign_t *child);

/* Looks at them. */
void gw_census_take(gw_census_t *census, const gw_signs_t *signs);

/* Had it ended then? A child that is not in the census had not. */
int gw_census_has_ended(const gw_census_t *census, const gw_sign_t *child);

#endif
