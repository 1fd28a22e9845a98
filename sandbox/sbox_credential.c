#include "sbox_credential.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_session.h"

struct sbox_credentials_t {
    apr_pool_t *pool;
    sbox_credential_t *first, **end;
    int n_refused;
};

static void add(sbox_credentials_t *all, const sbox_credential_t *from)
{
    sbox_credential_t *c = apr_pcalloc(all->pool, sizeof(*c));

    c->app = apr_pstrdup(all->pool, from->app);
    c->secret = apr_pstrdup(all->pool, from->secret);
    c->permissions = apr_pstrdup(all->pool, from->permissions);
    c->jwt = apr_pstrdup(all->pool, from->jwt);
    c->owner = apr_pstrdup(all->pool, from->owner);
    *all->end = c;
    all->end = &c->next;
}

/* An app goes with each JWT that is not bound to another one. */
static void add_app(sbox_credentials_t *all, const sbox_app_t *app,
                    const apr_array_header_t *jwts)
{
    sbox_credential_t c = {0};
    int i;

    c.app = app->client_id;
    c.secret = app->client_secret;
    c.permissions = app->permissions;
    if (!jwts->nelts) {
        add(all, &c);
    }
    for (i = 0; i < jwts->nelts; i++) {
        c.jwt = APR_ARRAY_IDX(jwts, i, sbox_jwt_t).token;
        c.owner = APR_ARRAY_IDX(jwts, i, sbox_jwt_t).owner;
        add(all, &c);
    }
}

sbox_credentials_t *sbox_credentials_create(apr_pool_t *p,
                                            const sbox_settings_t *settings)
{
    sbox_credentials_t *all = apr_pcalloc(p, sizeof(*all));
    int i;

    all->pool = p;
    all->end = &all->first;
    for (i = 0; i < settings->apps->nelts; i++) {
        add_app(all, &APR_ARRAY_IDX(settings->apps, i, sbox_app_t), settings->jwts);
    }
    for (i = 0; settings->pairs && i < settings->pairs->nelts; i++) {
        const sbox_pair_t *pair = &APR_ARRAY_IDX(settings->pairs, i, sbox_pair_t);
        sbox_credential_t c = {0};

        c.app = pair->app.client_id;
        c.secret = pair->app.client_secret;
        c.permissions = pair->app.permissions;
        c.jwt = pair->jwt.token;
        c.owner = pair->jwt.owner;
        add(all, &c);
    }
    return all;
}

const sbox_credential_t *sbox_credential_of_app(const sbox_t *box, const char *app)
{
    const sbox_credential_t *c = app ? box->credentials->first : NULL;

    while (c && strcmp(c->app, app)) {
        c = c->next;
    }
    return c;
}

static int same_secret(const char *a, const char *b)
{
    apr_size_t len = strlen(a);

    return strlen(b) == len && base_secret_equal(a, b, len);
}

const sbox_credential_t *sbox_credential_of_jwt(const sbox_t *box, const char *app,
                                                const char *jwt)
{
    const sbox_credential_t *c = app && jwt ? box->credentials->first : NULL;

    while (c && (strcmp(c->app, app) || !c->jwt || !same_secret(c->jwt, jwt))) {
        c = c->next;
    }
    return c;
}

static apr_int64_t user_of(const sbox_t *box, const sbox_credential_t *c)
{
    const sbox_extension_t *owner =
        c->owner ? sbox_account_by_number(box->account, c->owner) : NULL;

    return owner ? owner->id : box->account->id;
}

const char *sbox_credential_user(const sbox_t *box, const sbox_credential_t *c,
                                 apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT, user_of(box, c));
}

int sbox_credential_refused(const sbox_t *box, const char *app, const char *user)
{
    const sbox_credential_t *c;
    apr_int64_t id;

    if (!box->credentials->n_refused || !app || !user) {
        return 0;
    }
    id = apr_atoi64(user);
    for (c = box->credentials->first; c; c = c->next) {
        if (c->refused && !strcmp(c->app, app) && user_of(box, c) == id) {
            return c->refused;
        }
    }
    return 0;
}

const char *sbox_credential_add(sbox_t *box, const json_t *order)
{
    const sbox_credential_t *app;
    sbox_credential_t c = {0};

    c.app = base_json_string(order, "app");
    c.secret = base_json_string(order, "secret");
    c.jwt = base_json_string(order, "jwt");
    c.owner = base_json_string(order, "extensionNumber");
    c.permissions = base_json_string(order, "permissions");
    if (!c.app || !*c.app || !c.secret || !c.jwt || !sbox_jwt_looks_right(c.jwt)) {
        return "{\"app\":..., \"secret\":..., \"jwt\":..., \"extensionNumber\":...?, "
               "\"permissions\":...?} is expected; a JWT has three parts";
    }
    app = sbox_credential_of_app(box, c.app);
    if (app && strcmp(app->secret, c.secret)) {
        return "the app is there, with another secret";
    }
    if (sbox_credential_of_jwt(box, c.app, c.jwt)) {
        return "the app has this JWT";
    }
    if (c.owner && !sbox_account_by_number(box->account, c.owner)) {
        return "nobody has this extension number";
    }
    add(box->credentials, &c);
    return NULL;
}

/* Is it meant by {app, user}? */
static int is_meant(const sbox_t *box, const sbox_credential_t *c, const json_t *order)
{
    const char *app = base_json_string(order, "app");
    const char *user = base_json_string(order, "user");

    return (!app || !strcmp(app, c->app)) &&
           (!user || (c->owner && !strcmp(user, c->owner)) ||
            apr_atoi64(user) == user_of(box, c));
}

static void refuse(sbox_t *box, sbox_credential_t *c, int status, apr_pool_t *scratch)
{
    box->credentials->n_refused += (status != 0) - (c->refused != 0);
    c->refused = status;
    if (status == 401) {
        sbox_sessions_end(box, c->app, sbox_credential_user(box, c, scratch));
    }
}

const char *sbox_credential_refuse(sbox_t *box, apr_pool_t *scratch,
                                   const json_t *order)
{
    const json_t *refused = json_object_get(order, "refused");
    json_int_t status = json_integer_value(refused);
    sbox_credential_t *c;
    int n = 0;

    if (!refused || (!json_is_null(refused) && status != 401 && status != 403)) {
        return "{\"app\":...?, \"user\":...?, \"refused\":401, 403 or null} is "
               "expected";
    }
    for (c = box->credentials->first; c; c = c->next) {
        if (is_meant(box, c, order)) {
            refuse(box, c, (int)status, scratch);
            n++;
        }
    }
    return n ? NULL : "there is no such credential";
}

json_t *sbox_credentials_json(const sbox_t *box, apr_pool_t *scratch)
{
    json_t *list = json_array();
    const sbox_credential_t *c;

    for (c = box->credentials->first; c; c = c->next) {
        json_t *one =
            json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?, s:i}", "app", c->app, "secret",
                      c->secret, "jwt", c->jwt, "user",
                      sbox_credential_user(box, c, scratch), "extensionNumber",
                      c->owner, "permissions", c->permissions, "refused", c->refused);

        if (!c->refused) {
            json_object_set_new(one, "refused", json_null());
        }
        json_array_append_new(list, one);
    }
    return list;
}
