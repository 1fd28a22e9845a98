#include "gw_owner.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

/* "hash of the JWT, a space, the account's id", which is "" when it is not known. */
#define VALUE "owner"

/* The hash of a JWT with which RingCentral could not be asked. */
#define UNPROVEN "owner-unproven"

typedef struct owner_t {
    const char *jwt, *id;
} owner_t;

static const char *hash_of(apr_pool_t *p, const gw_account_t *account, int credential)
{
    const char *jwt = account->conf->credentials[credential].jwt;

    return base_sha256_hex(p, jwt, strlen(jwt));
}

static const char *hash_jwt(apr_pool_t *p, const gw_account_t *account)
{
    return hash_of(p, account, 0);
}

/* All credentials are of one account, in whatever order they are configured. */
static int is_configured(apr_pool_t *p, const gw_account_t *account, const char *jwt)
{
    int i = 0;

    while (i < account->conf->n_credentials && strcmp(hash_of(p, account, i), jwt)) {
        i++;
    }
    return i < account->conf->n_credentials;
}

static owner_t decode(apr_pool_t *p, const base_slice_t *value)
{
    char *text = apr_pstrmemdup(p, value->data, value->len), *space = strchr(text, ' ');
    owner_t owner = {text, ""};

    if (space) {
        *space = '\0';
        owner.id = space + 1;
    }
    return owner;
}

static apr_status_t load(gw_account_t *account, apr_pool_t *p, owner_t *owner,
                         const base_env_t *env)
{
    base_slice_t value;
    apr_status_t rv = dir_value(account->store, p, VALUE, &value, env);

    if (rv == APR_SUCCESS) {
        *owner = decode(p, &value);
    }
    return rv;
}

static apr_status_t store(dir_txn_t *txn, apr_pool_t *p, const owner_t *owner)
{
    const char *text = apr_pstrcat(p, owner->jwt, " ", owner->id, NULL);
    apr_status_t rv = dir_txn_set(txn, UNPROVEN, NULL, 0);

    return rv == APR_SUCCESS ? dir_txn_set(txn, VALUE, text, strlen(text)) : rv;
}

int gw_owner_is_known(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    owner_t owner;

    return load(account, p, &owner, env) == APR_SUCCESS &&
           is_configured(p, account, owner.jwt);
}

int gw_owner_is_believed(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    const char *jwt = hash_jwt(p, account);
    base_slice_t value;

    return gw_owner_is_known(account, p, env) ||
           (dir_value(account->store, p, UNPROVEN, &value, env) == APR_SUCCESS &&
            value.len == strlen(jwt) && !memcmp(value.data, jwt, value.len));
}

static apr_status_t set_unproven(void *baton, dir_txn_t *txn)
{
    const char *jwt = baton;

    return dir_txn_set(txn, UNPROVEN, jwt, strlen(jwt));
}

void gw_owner_trust(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    owner_t owner;

    if (load(account, p, &owner, env) == APR_SUCCESS &&
        !gw_owner_is_believed(account, p, env)) {
        dir_change(account->store, p, set_unproven, (void *)hash_jwt(p, account), env);
    }
}

/* The id in ".../account/{id}/extension..."; "" when there is none. */
static const char *id_in(apr_pool_t *p, const char *uri)
{
    static const char before[] = "/account/";
    const char *at = uri ? strstr(uri, before) : NULL;

    at = at ? at + sizeof before - 1 : "";
    return apr_pstrmemdup(p, at, strspn(at, "0123456789"));
}

static const char *id_of(apr_pool_t *p, const json_t *list)
{
    const char *id = id_in(p, base_json_string(list, "uri"));

    return *id ? id
               : id_in(p,
                       base_json_string(
                           json_array_get(json_object_get(list, "records"), 0), "uri"));
}

typedef struct keep_t {
    apr_pool_t *p;
    owner_t owner;
} keep_t;

static apr_status_t keep(void *baton, dir_txn_t *txn)
{
    const keep_t *k = baton;

    return store(txn, k->p, &k->owner);
}

apr_status_t gw_owner_learn(gw_account_t *account, apr_pool_t *p, const json_t *list,
                            const base_env_t *env)
{
    keep_t k = {p, {hash_jwt(p, account), id_of(p, list)}};
    owner_t before;
    apr_status_t rv = load(account, p, &before, env);

    if (rv == APR_SUCCESS && (!*before.id || !*k.owner.id)) {
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS && strcmp(before.id, k.owner.id) != 0) {
        base_log(env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0117: account %s: the copy is of the RingCentral account %s, "
                 "and the configured JWT belongs to %s: it is thrown away and filled "
                 "anew",
                 account->conf->name, before.id, k.owner.id);
        rv = dir_clear(account->store, env);
    }
    else if (rv == APR_NOTFOUND) {
        rv = APR_SUCCESS;
    }
    return rv == APR_SUCCESS ? dir_change(account->store, p, keep, &k, env) : rv;
}

apr_status_t gw_owner_settle(dir_txn_t *txn, apr_pool_t *p, const gw_account_t *account)
{
    owner_t owner = {hash_jwt(p, account), ""};
    base_slice_t value;
    apr_status_t rv = dir_txn_value(txn, VALUE, &value);

    if (rv == APR_SUCCESS && is_configured(p, account, decode(p, &value).jwt)) {
        return APR_SUCCESS;
    }
    return rv == APR_SUCCESS || rv == APR_NOTFOUND ? store(txn, p, &owner) : rv;
}
