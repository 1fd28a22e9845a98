#include "gw_carry.h"

#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_error.h"

typedef struct put_t {
    rc_place_t *place; /* for the first call, or NULL */
    json_t *extension; /* the answer */
} put_t;

static rc_error_t *send_put(gw_session_t *session, apr_pool_t *p, const gw_plan_t *plan,
                            const gw_item_t *item, put_t *put)
{
    rc_caller_t who = gw_session_caller(session);
    const char *id = gw_id_text(p, item->id);
    rc_error_t *e, *lost;

    who.place = put->place;
    e = rc_extension_update(session->account->client, &who, p, id, plan->body,
                            &put->extension);
    lost = e && e->kind == RC_LOST ? e : NULL;
    who.place = put->place = NULL;

    if (lost && base_now(session->env) < session->deadline) {
        base_log(session->env, BASE_LOG_NOTICE, APR_SUCCESS,
                 "SCIMRC0105: the answer to a change of extension %s was lost (%s); "
                 "sending it again",
                 id, e->message);
        e = gw_error_after_loss(lost,
                                rc_extension_update(session->account->client, &who, p,
                                                    id, plan->body, &put->extension));
    }
    if (e && e->kind == RC_LOST) {
        gw_copy_settle(session->account, &who, p, item->id);
    }
    return e;
}

rc_error_t *gw_carry_update(gw_session_t *session, apr_pool_t *p, gw_plan_t *plan,
                            gw_item_t *item, rc_place_t *place)
{
    put_t put = {place, NULL};
    rc_error_t *e = send_put(session, p, plan, item, &put);

    if (e && plan->turns_on && gw_error_is_status(e)) {
        base_log(session->env, BASE_LOG_INFO, APR_SUCCESS,
                 "SCIMRC0106: RingCentral does not enable extension %s (%s %s); it "
                 "becomes NotActivated",
                 gw_id_text(p, item->id), e->code, e->message);
        plan->turns_on = 0;
        json_object_set_new(plan->body, "status", json_string("NotActivated"));
        e = send_put(session, p, plan, item, &put);
    }
    if (!e) {
        gw_item_absorb(p, item, put.extension, base_now(session->env), 1);
    }
    return e;
}

const scim_error_t *gw_carry_store(gw_session_t *session, apr_pool_t *p,
                                   const gw_plan_t *plan, gw_item_t *item, int created,
                                   scim_record_t *record)
{
    rc_caller_t who = gw_session_caller(session);
    dir_record_t stored;
    apr_status_t rv;

    gw_copy_need_places(session->account, p, &who);
    gw_plan_remember(session, p, plan, item, created);
    rv = gw_copy_put(session->account, p, item, &stored, session->env);
    if (rv != APR_SUCCESS) {
        return gw_error_store(p, rv);
    }
    if (!stored.doc.len) {
        return scim_error(p, 502, SCIM_TYPE_NONE,
                          "RingCentral made the change, but extension %s is not an "
                          "ordinary user there now",
                          gw_id_text(p, item->id));
    }
    gw_item_show(&stored, record);
    return NULL;
}

#define PASSWORD_LEN 20

const char *gw_carry_password(apr_pool_t *p)
{
    static const char *const classes[] = {"abcdefghijkmnopqrstuvwxyz",
                                          "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789",
                                          "!$%*+-=?"};
    unsigned char random[PASSWORD_LEN];
    char *password = apr_pcalloc(p, PASSWORD_LEN + 1);
    int i;

    if (apr_generate_random_bytes(random, sizeof random) != APR_SUCCESS) {
        return NULL;
    }
    for (i = 0; i < PASSWORD_LEN; i++) { /* in turn, so that no class is missing */
        const char *chars = classes[i % 4];

        password[i] = chars[random[i] % strlen(chars)];
    }
    base_secret_clear(random, sizeof random);
    return password;
}
