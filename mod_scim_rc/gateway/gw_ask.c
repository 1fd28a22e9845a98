#include <string.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_account_private.h"
#include "gw_error.h"

#define MAX_ASKED 20 /* users with one e-mail address that a question may bring */

typedef enum { SETTLED, DOUBTED, UNKNOWN } lately_t;

/* What came of asking the platform for this address a short while ago? */
static lately_t asked_lately(gw_account_t *account, const char *folded, apr_time_t now)
{
    gw_shared_t *shared = account->shared->memory;
    apr_uint64_t hash = base_sha256_u64(folded, strlen(folded));
    apr_uint64_t slot = hash % GW_ASKED_SLOTS;
    lately_t lately = UNKNOWN;

    if (account->shared->lock(account->shared->ctx) != APR_SUCCESS) {
        return UNKNOWN;
    }
    if (shared->asked[slot].hash == hash) {
        if (!shared->asked[slot].asked || now < shared->asked[slot].doubted_until) {
            lately = DOUBTED;
        }
        else if (shared->asked[slot].asked + account->conf->max_age > now) {
            lately = SETTLED;
        }
    }
    account->shared->unlock(account->shared->ctx);
    return lately;
}

/* Must the platform be asked for this address? */
static int must_ask(gw_session_t *session, apr_pool_t *p, const char *folded)
{
    gw_account_t *account = session->account;
    lately_t lately = asked_lately(account, folded, base_now(session->env));
    apr_time_t complete;

    if (lately != UNKNOWN) {
        return lately == DOUBTED;
    }
    complete = gw_age_complete(account, p, session->env);
    return gw_age_judge(session, p, complete, 1) == GW_ASK;
}

/* The copy has what the platform answered to a question at the time `asked`. Another
 * address that is in doubt keeps its place. */
static void note_asked(gw_account_t *account, const char *folded, apr_time_t asked)
{
    gw_shared_t *shared = account->shared->memory;
    apr_uint64_t hash = base_sha256_u64(folded, strlen(folded));
    apr_uint64_t slot = hash % GW_ASKED_SLOTS;
    int known;

    if (account->shared->lock(account->shared->ctx) != APR_SUCCESS) {
        return;
    }
    known = shared->asked[slot].hash == hash;
    if (known || shared->asked[slot].doubted_until < asked) {
        shared->asked[slot].doubted_until =
            known ? shared->asked[slot].doubted_until : 0;
        shared->asked[slot].hash = hash;
        shared->asked[slot].asked = asked;
    }
    account->shared->unlock(account->shared->ctx);
}

void gw_copy_doubt(gw_account_t *account, const char *email, apr_pool_t *p,
                   const base_env_t *env)
{
    gw_shared_t *shared = account->shared->memory;
    const char *folded = base_str_fold(p, email);
    apr_uint64_t hash = base_sha256_u64(folded, strlen(folded));
    apr_uint64_t slot = hash % GW_ASKED_SLOTS;

    if (account->shared->lock(account->shared->ctx) == APR_SUCCESS) {
        shared->asked[slot].hash = hash;
        shared->asked[slot].asked = 0;
        shared->asked[slot].doubted_until = base_now(env) + GW_LIST_LAG;
        account->shared->unlock(account->shared->ctx);
    }
}

/* A disabled one that the list brought may have been deleted through SCIM: only a
 * single read tells. */
static rc_error_t *look_closer(gw_account_t *account, const rc_caller_t *who,
                               apr_pool_t *p, const json_t *records)
{
    rc_error_t *e = NULL;
    json_t *extension;
    size_t i;

    json_array_foreach((json_t *)records, i, extension)
    {
        if (!e && account->conf->disabled_may_be_gone &&
            base_str_same(base_json_string(extension, "status"), "Disabled")) {
            int found;

            e = gw_copy_reread(account, who, p,
                               (apr_uint64_t)base_json_int(extension, "id", 0), &found);
        }
    }
    return e;
}

const scim_error_t *gw_copy_ask(gw_session_t *session, apr_pool_t *p, const char *email)
{
    gw_account_t *account = session->account;
    rc_extension_query_t query = {1, MAX_ASKED, email, NULL};
    rc_caller_t who = gw_session_caller(session);
    apr_time_t now;
    json_t *list, *records;
    rc_error_t *e;
    apr_status_t rv;

    if (!must_ask(session, p, base_str_fold(p, email))) {
        return NULL;
    }
    now = base_now(session->env);
    e = rc_extension_list(account->client, &who, p, &query, &list);
    if (!e) {
        records = json_object_get(list, "records");
        gw_copy_need_places(account, p, &who);
        rv = gw_copy_absorb(account, p, records, now, 0, session->env);
        if (rv != APR_SUCCESS) {
            return gw_error_store(p, rv);
        }
        e = look_closer(account, &who, p, records);
    }
    if (!e || e->kind == RC_INVALID) { /* nobody has such an address */
        note_asked(account, base_str_fold(p, email), now);
        return NULL;
    }
    gw_copy_doubt(account, email, p, session->env);
    return gw_error(p, e, NULL, session->env);
}
