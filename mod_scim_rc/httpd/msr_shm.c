#include "msr_module.h"
#include "msr_shm.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
#include <apr_global_mutex.h>
#include <apr_hash.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <unixd.h>
#include <util_mutex.h>

#include "base_str.h"
#include "fleet_peers.h"

#define MUTEX_TYPE "scim-rc"

/* What lies in shared memory may lie elsewhere in another version, even where it has
 * the same size: who finds this key knows all of it. The number counts changes of the
 * layout (gw_shared_t, rc_shared_t, fleet_shared_t, and what is retained here) within a
 * version. */
#define LAYOUT "3"
#define RETAINED_KEY "mod_scim_rc:shared:" SCIMRC_VERSION ":" LAYOUT

/* Kept by httpd in the pool of the process, together with all that it points to; no
 * code of ours is among it, since the module may be loaded anew. */
typedef struct retained_t {
    apr_hash_t *segments; /* account name -> segment_t */
    apr_global_mutex_t *mutex;
} retained_t;

typedef struct segment_t {
    apr_shm_t *shm;
    apr_size_t size;
    const char *platform; /* that the content is about */
} segment_t;

apr_status_t msr_shm_register(apr_pool_t *pconf)
{
    return ap_mutex_register(pconf, MUTEX_TYPE, NULL, APR_LOCK_DEFAULT, 0);
}

static apr_status_t lock(void *ctx)
{
    const retained_t *retained = ctx;

    return apr_global_mutex_lock(retained->mutex);
}

static void unlock(void *ctx)
{
    const retained_t *retained = ctx;

    apr_global_mutex_unlock(retained->mutex);
}

/* A call takes the mutex several times, each for a moment: a mutex in memory costs a
 * tenth of a lock on a file, which distributions set for all modules. Where there is
 * none of that kind, it is as configured. */
static apr_status_t mutex_create(apr_global_mutex_t **mutex, server_rec *s)
{
    apr_pool_t *p = s->process->pool;

    return apr_global_mutex_create(mutex, NULL, APR_LOCK_PROC_PTHREAD, p) == APR_SUCCESS
               ? APR_SUCCESS
               : ap_global_mutex_create(mutex, NULL, MUTEX_TYPE, NULL, s, p, 0);
}

static apr_status_t retained_get(server_rec *s, retained_t **retained)
{
    retained_t *found = ap_retained_data_get(RETAINED_KEY);
    apr_status_t rv = APR_SUCCESS;

    if (!found) {
        found = ap_retained_data_create(RETAINED_KEY, sizeof *found);
        found->segments = apr_hash_make(s->process->pool);
    }
    if (!found->mutex) {
        rv = mutex_create(&found->mutex, s);
    }
    *retained = found;
    return rv;
}

/* Who the parent is while it is somebody else. */
typedef struct parent_t {
    int is_root;
    gid_t *groups; /* supplementary */
    int n_groups;
} parent_t;

/* The groups that mod_unixd gives to the children. */
static int take_children_groups(void)
{
    const char *name = ap_unixd_config.user_name;
    const struct passwd *user;

    if (*name == '#') {
        user = getpwuid(ap_unixd_config.user_id);
        if (!user) {
            return setgroups(1, &ap_unixd_config.group_id) == 0;
        }
        name = user->pw_name;
    }
    return initgroups(name, ap_unixd_config.group_id) == 0;
}

/* The state directory belongs to the children's user, and so does what lies in it:
 * whoever works there as root, or with root's groups, could be led astray by a link.
 * To be followed by become_parent_again(), also when it fails. */
static int become_children_user(apr_pool_t *p, parent_t *parent)
{
    *parent = (parent_t){.is_root = geteuid() == 0};
    if (!parent->is_root) {
        return 1;
    }
    parent->n_groups = getgroups(0, NULL);
    if (parent->n_groups >= 0) {
        parent->groups = apr_palloc(p, (parent->n_groups + 1) * sizeof(gid_t));
        parent->n_groups = getgroups(parent->n_groups, parent->groups);
    }
    return parent->n_groups >= 0 && take_children_groups() &&
           setegid(ap_unixd_config.group_id) == 0 &&
           seteuid(ap_unixd_config.user_id) == 0;
}

static int become_parent_again(const parent_t *parent)
{
    return !parent->is_root ||
           (seteuid(getuid()) == 0 && setegid(getgid()) == 0 && parent->n_groups >= 0 &&
            setgroups((size_t)parent->n_groups, parent->groups) == 0);
}

/* The gateway's part comes first, then that of the way to other gateways. */
static apr_size_t fleet_offset(void)
{
    return APR_ALIGN(gw_shared_size(), 64);
}

static apr_size_t segment_size(void)
{
    return fleet_offset() + fleet_shared_size();
}

static void *fleet_part(const segment_t *segment)
{
    return (char *)apr_shm_baseaddr_get(segment->shm) + fleet_offset();
}

static apr_status_t init_memory(void *memory, apr_pool_t *p,
                                const gw_account_conf_t *conf)
{
    parent_t parent;
    int became = become_children_user(p, &parent);

    if (became) {
        gw_shared_init(memory, p, conf);
    }
    return become_parent_again(&parent) && became ? APR_SUCCESS : APR_EACCES;
}

static void save_memory(const void *memory, apr_pool_t *p, const msr_account_t *account)
{
    parent_t parent;
    apr_status_t rv = become_children_user(p, &parent)
                          ? gw_shared_save(memory, p, &account->conf)
                          : APR_EACCES;

    if (!become_parent_again(&parent)) {
        rv = APR_EACCES;
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, rv, account->server,
            "SCIMRC0005: account '%s': what is known of the quota could not be "
            "kept in %s",
            account->conf.name, account->conf.state_dir);
    }
}

static segment_t *segment_create(const char *name, apr_pool_t *p, apr_status_t *rv)
{
    segment_t *segment = apr_pcalloc(p, sizeof *segment);

    segment->size = segment_size();
    *rv = apr_shm_create(&segment->shm, segment->size, NULL, p);
    if (APR_STATUS_IS_ENOTIMPL(*rv)) {
        const char *file =
            ap_runtime_dir_relative(p, apr_pstrcat(p, "scim-rc-", name, ".shm", NULL));

        apr_shm_remove(file, p);
        *rv = apr_shm_create(&segment->shm, segment->size, file, p);
    }
    return segment;
}

/* New memory for an account, and for the way to other gateways, which `old` (or NULL)
 * knows. That one stays, for the children that still use it. */
static segment_t *segment_make(const segment_t *old, const msr_account_t *account,
                               server_rec *s, apr_pool_t *ptemp, apr_status_t *rv)
{
    const gw_account_conf_t *conf = &account->conf;
    segment_t *segment = segment_create(conf->name, s->process->pool, rv);

    if (*rv == APR_SUCCESS) {
        *rv = init_memory(apr_shm_baseaddr_get(segment->shm), ptemp, conf);
    }
    if (*rv == APR_SUCCESS) {
        *rv = fleet_shared_init(fleet_part(segment), old ? fleet_part(old) : NULL);
    }
    segment->platform = apr_pstrdup(s->process->pool, conf->platform);
    return segment;
}

/* Children of an earlier configuration go on while those of the new one begin: all of
 * them have one memory, as the platform has one quota and their changes have one
 * order. */
apr_status_t msr_shm_attach(msr_account_t *account, server_rec *s, apr_pool_t *ptemp)
{
    const gw_account_conf_t *conf = &account->conf;
    retained_t *retained;
    segment_t *segment, *old;
    apr_status_t rv = retained_get(s, &retained);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    old = apr_hash_get(retained->segments, conf->name, APR_HASH_KEY_STRING);
    old = old && old->size == segment_size() ? old : NULL;
    segment = old;
    if (!old || strcmp(old->platform, conf->platform) != 0) {
        segment = segment_make(old, account, s, ptemp, &rv);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    account->shared = (base_shared_t){
        .memory = apr_shm_baseaddr_get(segment->shm),
        .ctx = retained,
        .lock = lock,
        .unlock = unlock,
    };
    account->fleet = fleet_part(segment);
    if (segment == old) {
        rv = gw_shared_adopt(&account->shared, conf);
    }
    else {
        apr_hash_set(retained->segments, apr_pstrdup(s->process->pool, conf->name),
                     APR_HASH_KEY_STRING, segment);
    }
    return rv;
}

apr_status_t msr_shm_child_init(apr_pool_t *p, server_rec *s)
{
    retained_t *retained = ap_retained_data_get(RETAINED_KEY);

    return apr_global_mutex_child_init(&retained->mutex,
                                       apr_global_mutex_lockfile(retained->mutex), p);
}

/* What an earlier configuration knew of an account that this one does not open. */
static const void *earlier_memory(const gw_account_conf_t *conf)
{
    const retained_t *retained = ap_retained_data_get(RETAINED_KEY);
    const segment_t *segment =
        retained ? apr_hash_get(retained->segments, conf->name, APR_HASH_KEY_STRING)
                 : NULL;

    return segment && segment->size == segment_size() &&
                   !strcmp(segment->platform, conf->platform)
               ? apr_shm_baseaddr_get(segment->shm)
               : NULL;
}

void msr_shm_save(const msr_account_t *account, apr_pool_t *p)
{
    const void *memory = account->shared.memory ? account->shared.memory
                                                : earlier_memory(&account->conf);

    if (memory) {
        save_memory(memory, p, account);
    }
}
