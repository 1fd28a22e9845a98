#include "rc_call.h"

rc_error_t *rc_place_take(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          unsigned groups, rc_place_t **place)
{
    const rc_choice_t any = {NULL, 0};
    rc_pacer_call_t entry = {
        who->env, {groups, 0, who->work, c->conf.timeout, NULL}, who->deadline};
    rc_place_t *taken = apr_pcalloc(p, sizeof *taken);
    rc_error_t *error;

    entry.wish.credentials = rc_credential_choose(c, who, p, &any, &error);
    if (entry.wish.credentials) {
        error = rc_pacer_enter(&c->pacer, p, &entry, &taken->pass);
    }
    *place = error ? NULL : taken;
    return error;
}

rc_error_t *rc_place_peek(rc_client_t *c, const rc_caller_t *who, apr_pool_t *p,
                          unsigned groups, const rc_share_t *share)
{
    const rc_choice_t any = {NULL, 0};
    rc_pacer_call_t entry = {
        who->env, {groups, 0, who->work, c->conf.timeout, share}, 0};
    rc_error_t *error;

    entry.wish.credentials = rc_credential_choose(c, who, p, &any, &error);
    return entry.wish.credentials ? rc_pacer_peek(&c->pacer, p, &entry) : error;
}

rc_group_t rc_place_group(const rc_place_t *place)
{
    return place->pass.group;
}

void rc_place_return(rc_client_t *c, const rc_caller_t *who, rc_place_t *place)
{
    const rc_pacer_answer_t nothing = {0, NULL, RC_NO_PENALTY};

    if (!place->used) {
        place->used = 1;
        rc_pacer_leave(&c->pacer, who->env, &place->pass, &nothing);
    }
}
