/* The directives and what they set. */
#ifndef MSR_CONFIG_H
#define MSR_CONFIG_H

#include <httpd.h>
#include <http_config.h>

#include "auth_token.h"
#include "base_shared.h"
#include "gw_account.h"

#define MSR_HANDLER "scim-rc"

/* Who uses an account in a child. */
typedef enum { MSR_REQUEST, MSR_JOB, MSR_WORKS } msr_work_t;

/* A <ScimRCAccount>. Lives in pconf, and so does all that it points to. */
typedef struct msr_account_t {
    gw_account_conf_t conf;
    /* conf.credentials; the first is that of ScimRCClientId, ScimRCClientSecret and
     * ScimRCJWT. Hold what the directives say (file:, exec:) until
     * msr_start_parent(). */
    gw_credential_t credentials[GW_CREDENTIALS_MAX];
    const ap_directive_t *where;
    server_rec *server;        /* where it is defined: whose log it uses */
    base_shared_t shared;      /* set by msr_start_parent() */
    void *fleet;               /* the part of that memory for `peers`; set there too */
    struct msr_peers_t *peers; /* ScimRCShared; NULL: there is none */
    const char *problem;       /* why no child opens it, after a restart; or NULL */

    /* Of this child; see msr_account.h. */
    apr_pool_t *pool;
    gw_account_t *gateway; /* NULL: it could not be opened */
    volatile apr_uint32_t users[MSR_WORKS], closing, state;
    apr_time_t retry_at; /* when opening it again may be tried next */
} msr_account_t;

/* A ScimRCUse. */
typedef struct msr_use_t {
    const char *name;
    const char *base; /* path of the <Location> without a '/' at its end, "" for "/" */
    const ap_directive_t *where;
    msr_account_t *account; /* set by msr_check_config() */
} msr_use_t;

/* A token file: one for all directives that name the same path. */
typedef struct msr_tokens_t {
    const char *path;
    const ap_directive_t *where;
    auth_tokens_t *tokens; /* of this child */
} msr_tokens_t;

/* All that one reading of the configuration found; dies with it. */
typedef struct msr_registry_t {
    apr_array_header_t *accounts; /* of msr_account_t * */
    apr_array_header_t *uses;     /* of msr_use_t * */
    apr_array_header_t *tokens;   /* of msr_tokens_t * */
    msr_account_t *current;       /* the <ScimRCAccount> that is being read, or NULL */
    int deletes_by_disabling;     /* some ScimRCDelete says so */
} msr_registry_t;

/* What the names of accounts and credentials are made of. */
#define MSR_NAME_CHARS                                                                 \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

#define MSR_UNSET_SIZE ((apr_size_t)-1)

/* What can be said for a location: type, member, value when unset, default. */
#define MSR_DIR_MEMBERS(M)                                                             \
    M(const msr_use_t *, use, NULL, NULL)                                              \
    M(const msr_tokens_t *, tokens, NULL, NULL)                                        \
    M(const char *, public_url, NULL, NULL)                                            \
    M(const char *, documentation, NULL, NULL)                                         \
    M(int, tolerance, -1, SCIM_TOLERATE_ALL)                                           \
    M(int, patch_missing, -1, 0)                                                       \
    M(int, create, -1, GW_CREATE_EXTENSION)                                            \
    M(int, remove, -1, GW_DELETE_RELEASE)                                              \
    M(int, new_status, -1, GW_NEW_NOT_ACTIVATED)                                       \
    M(int, welcome_mail, -1, 0)                                                        \
    M(int, max_results, -1, 1000)                                                      \
    M(apr_size_t, max_body, MSR_UNSET_SIZE, 1048576)                                   \
    M(int, bulk_operations, -1, 1000)                                                  \
    M(apr_size_t, bulk_body, MSR_UNSET_SIZE, 4194304)                                  \
    M(apr_interval_time_t, patience, -1, apr_time_from_sec(25))                        \
    M(apr_interval_time_t, gather, -1, apr_time_from_sec(1))                           \
    M(apr_interval_time_t, bulk_patience, -1, apr_time_from_sec(300))                  \
    M(int, batch_provisioning, -1, 0)

typedef struct msr_dir_t {
#define MSR_MEMBER(type, member, unset, otherwise) type member;
    MSR_DIR_MEMBERS(MSR_MEMBER)
#undef MSR_MEMBER
} msr_dir_t;

extern const command_rec msr_commands[]; /* msr_directives.c */

void *msr_dir_create(apr_pool_t *p, char *path);
void *msr_dir_merge(apr_pool_t *p, void *base, void *add);
void *msr_server_create(apr_pool_t *p, server_rec *s);
void *msr_server_merge(apr_pool_t *p, void *base, void *add);

/* What is set for a request, with the defaults where nothing is. */
void msr_dir_get(const request_rec *r, msr_dir_t *conf);

/* The ScimRCUse in effect for a request, or NULL: then it is none of ours. */
const msr_use_t *msr_use_get(const request_rec *r);

/* Does any location of this server or virtual host use an account? */
void msr_server_set_scim(server_rec *s);
int msr_server_has_scim(const server_rec *s);

msr_registry_t *msr_registry_get(const server_rec *s);

/* NULL when a directive of accounts stands where it must. */
const char *msr_outside_account(const cmd_parms *cmd);

#endif
