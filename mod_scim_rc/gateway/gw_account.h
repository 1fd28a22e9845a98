/* A RingCentral account behind a SCIM service: what httpd needs to know of the
 * gateway. */
#ifndef GW_ACCOUNT_H
#define GW_ACCOUNT_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base_env.h"
#include "base_peers.h"
#include "base_shared.h"
#include "scim_backend.h"

/* How a country or region is spelt to a client whose own spelling is not known. */
typedef enum { GW_ADDRESS_ISO, GW_ADDRESS_NAME } gw_address_form_t;

/* Numbers that RingCentral gave and that phoneNumbers also shows, read-only. */
#define GW_NUMBER_DIRECT 1    /* type work, when no business phone is set */
#define GW_NUMBER_EXTENSION 2 /* type other */

typedef enum { GW_LIGHT, GW_MEDIUM, GW_HEAVY, GW_AUTH, GW_GROUPS } gw_group_t;

#define GW_CALLS_MAX 512 /* more in a window cannot be remembered one by one */

typedef struct gw_limit_t {
    int calls; /* in a window, 1..GW_CALLS_MAX; 0: no limit */
    apr_interval_time_t window;
} gw_limit_t;

#define GW_CREDENTIALS_MAX 16
#define GW_WAITING_MAX 2000

/* A service user of the account in an app: what the gateway signs in with. */
typedef struct gw_credential_t {
    const char *name; /* for the log */
    const char *client_id, *client_secret, *jwt;
} gw_credential_t;

typedef struct gw_account_conf_t {
    const char *name;
    const char *platform; /* "https://platform.ringcentral.com" */
    const gw_credential_t *credentials;
    int n_credentials;     /* 1..GW_CREDENTIALS_MAX */
    int max_waiting;       /* calls that may wait for the quota at a time */
    const char *state_dir; /* absolute; the children's user must own it */
    const char *ca_file;   /* NULL: the system's */
    const char *proxy;     /* NULL: none */
    const char *user_agent;
    int max_connections; /* to the platform, of each child */
    apr_interval_time_t connect_timeout, timeout;
    apr_size_t max_answer;        /* bytes */
    gw_limit_t limits[GW_GROUPS]; /* to start from; headers teach better */
    int background_percent;       /* of the limits, for background work: 1..100 */
    apr_interval_time_t refresh;  /* from one full list to the next */
    const char *webhook; /* the address that RingCentral is to send events to; NULL:
                          * there is none, and lists tell what has changed */
    apr_interval_time_t webhook_refresh; /* in place of `refresh` while events come */
    apr_interval_time_t max_age; /* a copy older than this is not trusted by a miss
                                  * or by a write */
    gw_address_form_t address_form;
    unsigned numbers;          /* GW_NUMBER_... */
    int disabled_may_be_gone;  /* some location deletes by disabling: the copy is not
                                * complete before each disabled extension was read */
    const base_peers_t *peers; /* other gateways of the account; NULL: there are none */
} gw_account_conf_t;

typedef enum { GW_CREATE_EXTENSION, GW_CREATE_UNASSIGNED } gw_create_t;
typedef enum { GW_DELETE_RELEASE, GW_DELETE_DISABLE, GW_DELETE_REMOVE } gw_delete_t;
typedef enum { GW_NEW_NOT_ACTIVATED, GW_NEW_ENABLED } gw_new_status_t;

/* What one location wants done. */
typedef struct gw_policy_t {
    gw_create_t create;
    gw_delete_t remove;
    gw_new_status_t new_status;
    int welcome_mail;
    int tolerant; /* of users that lack what their other attributes say */
    apr_interval_time_t patience; /* how long a request may wait for the quota, for the
                                   * first fill of the copy or for another writer */
    apr_interval_time_t gather;   /* how long a write at hand may wait for others to
                                   * share a bulk call with; 0: it never shares one */
    apr_interval_time_t bulk_patience; /* `patience` of a request with many writes */
    int batch_provisioning; /* such a request may create users in tens, enabled at
                             * once whatever new_status says */
} gw_policy_t;

/* Before any thread and any fork, once for a process. */
void gw_global_init(void);

/* The shared memory of one account, and how fresh memory is prepared: with what the
 * last run of the server knew of the quota, if its file is still there. */
apr_size_t gw_shared_size(void);
void gw_shared_init(void *memory, apr_pool_t *p, const gw_account_conf_t *conf);

/* Prepares memory that processes of an earlier configuration of the account still use:
 * what they know stays known, of the quota as of changes that are under way. An error:
 * the lock failed, and nothing is changed. */
apr_status_t gw_shared_adopt(const base_shared_t *shared,
                             const gw_account_conf_t *conf);

/* When the server stops for good: keeps what is known of the quota (no secret) in the
 * state folder for the next run. */
apr_status_t gw_shared_save(const void *memory, apr_pool_t *p,
                            const gw_account_conf_t *conf);

typedef struct gw_account_t gw_account_t;

/* In each child, after the fork. `conf` and `shared` outlive `p`. APR_SUCCESS, or what
 * went wrong (logged). */
apr_status_t gw_account_open(gw_account_t **account, apr_pool_t *p,
                             const gw_account_conf_t *conf, const base_shared_t *shared,
                             const base_env_t *env);

/* One request's view of an account: the `ctx` of gw_user_backend. */
typedef struct gw_session_t {
    gw_account_t *account;
    const gw_policy_t *policy;
    const base_env_t *env;
    apr_time_t deadline; /* the request's arrival + patience */
} gw_session_t;

/* Was the account's copy deleted under the server? Then all operations fail, and the
 * account has to be closed and opened again. */
int gw_account_is_lost(const gw_account_t *account);

extern const scim_backend_t gw_user_backend;

/* Background work: fills and refreshes the copy as far as that is due and the quota
 * allows. To be called about once a second by one process at a time; may take minutes
 * and ends soon after env->sleep says APR_EINTR. */
void gw_account_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* Background work beside that, where the account has peers: waits a moment for news of
 * other gateways and takes them in. To be called again and again, by one process at a
 * time; 0: not before a second has passed. */
int gw_account_listen(gw_account_t *account, apr_pool_t *p, const base_env_t *env);

/* When a process will do no more background work: another gateway takes it over. */
void gw_account_resign(gw_account_t *account, const base_env_t *env);

#endif
