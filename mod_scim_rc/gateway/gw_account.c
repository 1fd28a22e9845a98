#include "gw_account.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "gw_account_private.h"
#include "gw_gather.h"
#include "gw_hear.h"
#include "gw_numbers.h"
#include "gw_intake.h"
#include "gw_stale.h"
#include "gw_subscription.h"
#include "gw_sync.h"
#include "rc_curl.h"
#include "scim_brief.h"

/* Another layout of the records, or of their briefs, or another platform, whose ids
 * mean nothing here: the copy is made anew. */
#define FORMAT "mod_scim_rc 2"

#define QUOTA_FILE "quota"

/* So long an end of the process may be late. */
#define LISTEN apr_time_from_msec(300)

void gw_global_init(void)
{
    rc_curl_global_init();
}

apr_size_t gw_shared_size(void)
{
    return APR_ALIGN_DEFAULT(sizeof(gw_shared_t)) + rc_client_shared_size();
}

static void *client_memory(void *memory)
{
    return (char *)memory + APR_ALIGN_DEFAULT(sizeof(gw_shared_t));
}

/* What of the account's settings the client needs; `credentials` lives as long. */
static void client_conf(const gw_account_conf_t *conf, const char *lock_file,
                        rc_credential_t credentials[RC_CREDENTIALS_MAX],
                        rc_client_conf_t *out)
{
    int i;

    for (i = 0; i < conf->n_credentials; i++) {
        credentials[i].name = conf->credentials[i].name;
        credentials[i].client_id = conf->credentials[i].client_id;
        credentials[i].client_secret = conf->credentials[i].client_secret;
        credentials[i].jwt = conf->credentials[i].jwt;
    }
    memset(out, 0, sizeof *out);
    out->name = conf->name;
    out->platform = conf->platform;
    out->credentials = credentials;
    out->n_credentials = conf->n_credentials;
    out->max_waiting = conf->max_waiting;
    out->lock_file = lock_file;
    out->timeout = conf->timeout;
    out->background_percent = conf->background_percent;
    out->peers = conf->peers;
    for (i = 0; i < RC_GROUPS; i++) { /* the groups are in the same order */
        out->limits[i].limit = conf->limits[i].calls;
        out->limits[i].window = conf->limits[i].window;
    }
}

static const char *in_state_dir(apr_pool_t *p, const gw_account_conf_t *conf,
                                const char *name)
{
    return apr_pstrcat(p, conf->state_dir, "/", name, NULL);
}

void gw_shared_init(void *memory, apr_pool_t *p, const gw_account_conf_t *conf)
{
    rc_credential_t credentials[RC_CREDENTIALS_MAX];
    rc_client_conf_t client;
    rc_pacer_image_t *image = apr_palloc(p, sizeof *image);
    apr_size_t len = 0;
    apr_file_t *file;
    apr_status_t rv;

    memset(memory, 0, gw_shared_size());
    client_conf(conf, "", credentials, &client);
    rc_client_shared_init(client_memory(memory), &client);
    if (apr_file_open(&file, in_state_dir(p, conf, QUOTA_FILE),
                      APR_FOPEN_READ | APR_FOPEN_BINARY, 0, p) != APR_SUCCESS) {
        return;
    }
    rv = apr_file_read_full(file, image, sizeof *image, &len);
    if (rv == APR_SUCCESS || rv == APR_EOF) { /* shorter, with less credentials */
        rc_pacer_load(rc_client_quota(client_memory(memory)), image, len,
                      apr_time_now());
    }
    apr_file_close(file);
}

apr_status_t gw_shared_adopt(const base_shared_t *shared, const gw_account_conf_t *conf)
{
    rc_credential_t credentials[RC_CREDENTIALS_MAX];
    base_shared_t of_client = *shared;
    rc_client_conf_t client;

    of_client.memory = client_memory(shared->memory);
    client_conf(conf, "", credentials, &client);
    return rc_client_shared_adopt(&of_client, &client, apr_time_now());
}

apr_status_t gw_shared_save(const void *memory, apr_pool_t *p,
                            const gw_account_conf_t *conf)
{
    rc_pacer_image_t *image = apr_palloc(p, sizeof *image);
    const char *path = in_state_dir(p, conf, QUOTA_FILE);
    const char *fresh = apr_pstrcat(p, path, ".new", NULL);
    apr_file_t *file;
    apr_size_t len;
    apr_status_t rv;

    len = rc_pacer_save(rc_client_quota(client_memory((void *)memory)), image);
    rv = apr_file_open(&file, fresh,
                       APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE |
                           APR_FOPEN_BINARY,
                       APR_FPROT_UREAD | APR_FPROT_UWRITE, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = apr_file_write_full(file, image, len, NULL);
    apr_file_close(file);
    return rv == APR_SUCCESS ? apr_file_rename(fresh, path, p) : rv;
}

static rc_transport_t *make_transport(apr_pool_t *p, const gw_account_conf_t *conf)
{
    rc_curl_conf_t curl;

    memset(&curl, 0, sizeof curl);
    curl.max_handles = conf->max_connections;
    curl.connect_timeout = conf->connect_timeout;
    curl.max_answer = conf->max_answer;
    curl.ca_file = conf->ca_file;
    curl.proxy = conf->proxy;
    curl.user_agent = conf->user_agent;
    return rc_curl_create(p, &curl);
}

apr_status_t gw_account_open_with(gw_account_t **account, apr_pool_t *p,
                                  const gw_account_conf_t *conf,
                                  const base_shared_t *shared,
                                  const rc_transport_t *transport,
                                  const base_env_t *env)
{
    gw_account_t *a = apr_pcalloc(p, sizeof *a);
    rc_credential_t credentials[RC_CREDENTIALS_MAX];
    rc_client_conf_t client;
    apr_status_t rv;

    a->conf = conf;
    a->shared = shared;
    a->lock_file = in_state_dir(p, conf, "locks");
    rv =
        dir_store_open(&a->store, p, in_state_dir(p, conf, "copy"),
                       apr_pstrcat(p, FORMAT " ", scim_brief_format(p, &scim_type_user),
                                   " ", conf->platform, NULL),
                       env);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    a->client_shared = *shared;
    a->client_shared.memory = client_memory(shared->memory);
    client_conf(conf, in_state_dir(p, conf, "token.lock"), credentials, &client);
    a->client = rc_client_create(p, &client, transport, &a->client_shared);
    a->style.address_form = conf->address_form;
    a->style.numbers = conf->numbers;
    a->style.disabled_may_be_gone = conf->disabled_may_be_gone;
    a->style.dictionaries = gw_dictionaries_create(p);
    a->intake = gw_intake_make(p);
    *account = a;
    rv = apr_thread_mutex_create(&a->news_mutex, APR_THREAD_MUTEX_DEFAULT, p);
    if (rv == APR_SUCCESS) {
        rv = gw_gather_create(&a->gather, p, a); /* begins with a lock */
        if (rv != APR_SUCCESS) {
            gw_lock_log(a->lock_file, rv, env);
        }
    }
    return rv;
}

apr_status_t gw_account_open(gw_account_t **account, apr_pool_t *p,
                             const gw_account_conf_t *conf, const base_shared_t *shared,
                             const base_env_t *env)
{
    return gw_account_open_with(account, p, conf, shared, make_transport(p, conf), env);
}

int gw_account_is_lost(const gw_account_t *account)
{
    return dir_is_lost(account->store);
}

void gw_account_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    gw_subscription_work(account, p, env); /* first: a list after it misses nothing */
    gw_sync_work(account, p, env);
    gw_gather_work(account->gather, account, p, env);
    gw_stale_work(account, p, env);
    gw_numbers_work(account, p, env);
    dir_flush(account->store, env);
}

int gw_account_listen(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    int more;
    apr_status_t rv = gw_hear(account, p, LISTEN, &more, env);

    gw_news_keep_lead(account, env);
    if (rv == APR_SUCCESS && more) {
        gw_hear_all(account, p, env);
    }
    if (rv == APR_SUCCESS) {
        gw_news_repeat(account, p, env);
    }
    return rv == APR_SUCCESS;
}

void gw_account_resign(gw_account_t *account, const base_env_t *env)
{
    if (account->conf->peers) {
        gw_news_resign(account, env);
    }
}
