/* What RingCentral's batch provisioning takes is little, and the users are enabled at
 * once: the rest of their data follows in a change of its own. */
#include "gw_batch.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_carry.h"
#include "gw_error.h"
#include "gw_many.h"

#define TEXT_MAX 64 /* characters of a name or an address there */

/* ---- one user ---- */

static int fits(const char *text)
{
    apr_size_t characters = 0;

    for (; text && *text; text++) {
        characters += (*text & 0xc0) != 0x80;
    }
    return characters > 0 && characters <= TEXT_MAX;
}

int gw_batch_suits(const gw_session_t *session, const json_t *resource)
{
    const gw_policy_t *policy = session->policy;
    const char *active;
    json_t *name;

    if (!policy->batch_provisioning || policy->create != GW_CREATE_EXTENSION) {
        return 0;
    }
    active = gw_row_get(gw_row_of(GW_ACTIVE), resource);
    name = json_object_get(resource, "name");
    return (!active || strcmp(active, "false") != 0) &&
           fits(gw_row_get(gw_row_of(GW_LOGIN), resource)) &&
           fits(base_json_string(name, "givenName")) &&
           fits(base_json_string(name, "familyName"));
}

/* What a record of a batch has. */
static int is_carried(const gw_row_t *row)
{
    static const char *const fields[] = {"contact.firstName", "contact.lastName",
                                         "contact.email", "status"};
    apr_size_t i;

    for (i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (base_str_same(row->field, fields[i])) {
            return 1;
        }
    }
    return 0;
}

int gw_batch_has_more(const json_t *resource)
{
    int i = 0;

    while (i < GW_ROWS &&
           (is_carried(&gw_rows[i]) || !gw_row_get(&gw_rows[i], resource))) {
        i++;
    }
    return i < GW_ROWS;
}

int gw_batch_lacks(const gw_maker_t *m)
{
    int i;

    for (i = 0; i < GW_ROWS; i++) {
        if (m->plan.sent[i] && !is_carried(&gw_rows[i])) {
            return 1;
        }
    }
    return 0;
}

/* The members of the contact that a batch carries. */
static json_t *contact_of(const gw_maker_t *m)
{
    json_t *from = json_object_get(m->plan.body, "contact");

    return json_pack("{s:O, s:O, s:O}", "firstName", json_object_get(from, "firstName"),
                     "lastName", json_object_get(from, "lastName"), "email",
                     json_object_get(from, "email"));
}

const json_t *gw_batch_record(apr_pool_t *p, const gw_maker_t *m)
{
    json_t *contact = contact_of(m);

    json_object_set_new(contact, "emailAsLoginName", json_true());
    base_json_set_at(contact, "transition.sendWelcomeEmail",
                     json_boolean(m->session->policy->welcome_mail));
    return base_json_own(
        p, json_pack("{s:s, s:o}", "status", "Enabled", "contact", contact));
}

rc_error_t *gw_batch_send(gw_session_t *session, apr_pool_t *p,
                          const rc_bulk_request_t *request, rc_place_t *place)
{
    rc_caller_t who = gw_session_caller(session);
    rc_error_t *whole;

    who.place = place;
    whole = rc_batch_provision(session->account->client, &who, p, request);
    if (whole) {
        base_log(session->env, BASE_LOG_NOTICE, APR_SUCCESS,
                 "SCIMRC0121: account %s: a batch of %d new users did not succeed: "
                 "%s%s%s",
                 session->account->conf->name, request->n, whole->code,
                 *whole->code ? " " : "", whole->message);
    }
    return whole;
}

/* ---- what came of it ---- */

int gw_batch_is_barred(const rc_error_t *whole)
{
    return whole && (whole->kind == RC_FORBIDDEN || whole->kind == RC_PROTOCOL);
}

gw_batch_verdict_t gw_batch_judge(const rc_bulk_item_t *item, const rc_error_t *whole)
{
    if (!item->error) {
        return GW_BATCH_MADE;
    }
    if (item->error->kind == RC_LOST) {
        return GW_BATCH_LOST;
    }
    return gw_batch_is_barred(whole) ||
                   (whole && (whole->kind == RC_INVALID || gw_error_is_passing(whole)))
               ? GW_BATCH_ALONE
               : GW_BATCH_REFUSED;
}

/* RingCentral does not show whom it made: as far as is known. */
static void absorb(gw_maker_t *m, const char *id)
{
    json_t *extension = base_json_own(
        m->p, json_pack("{s:I, s:s, s:s, s:{}, s:o}", "id", (json_int_t)gw_id_parse(id),
                        "type", "User", "status", "Enabled", "regionalSettings",
                        "contact", contact_of(m)));

    gw_item_absorb(m->p, &m->item, extension, base_now(m->session->env), 1);
    json_object_set_new(m->item.memory, GW_UNSEEN, json_true());
}

/* The user may be there: nothing is repeated before that was looked up. */
static const scim_error_t *look_up(gw_maker_t *m, rc_error_t *e, int *partly)
{
    json_t *listed;

    m->lost = e;
    switch (gw_maker_find(m, &listed)) {
    case 1:
        gw_maker_adopt(m, listed);
        *partly = 1;
        return NULL;
    case 0:
        return gw_maker_create(m);
    default:
        return gw_maker_give_up(m, e);
    }
}

const scim_error_t *gw_batch_take(gw_maker_t *m, gw_batch_verdict_t verdict,
                                  const rc_bulk_item_t *item, int *partly)
{
    *partly = verdict == GW_BATCH_MADE;
    switch (verdict) {
    case GW_BATCH_MADE:
        absorb(m, item->id);
        return NULL;
    case GW_BATCH_LOST:
        return look_up(m, item->error, partly);
    case GW_BATCH_ALONE:
        return gw_maker_create(m);
    default:
        return gw_maker_give_up(m, item->error);
    }
}

const scim_error_t *gw_batch_complete(void *baton, apr_pool_t *p,
                                      const scim_current_t *current, json_t **desired)
{
    const json_t *wanted = baton;
    int i;

    *desired = base_json_own(p, json_deep_copy(current->resource));
    for (i = 0; i < GW_ROWS; i++) {
        const char *text = gw_row_get(&gw_rows[i], wanted);

        if (text) {
            gw_row_put(&gw_rows[i], *desired, text);
        }
    }
    return NULL;
}

const scim_error_t *gw_batch_incomplete(gw_session_t *session, apr_pool_t *p,
                                        const char *id, const scim_error_t *error)
{
    scim_error_t *told;

    base_log(session->env, BASE_LOG_WARNING, APR_SUCCESS,
             "SCIMRC0122: account %s: the new user %s lacks what batch provisioning "
             "cannot carry, for the change after it failed: %s",
             session->account->conf->name, id, error->detail);
    told = scim_error(p, error->status, error->type,
                      "the user was made with the id %s, but without what batch "
                      "provisioning cannot carry: %s",
                      id, error->detail);
    told->retry_after = error->retry_after;
    return told;
}

/* ---- creates of a block ---- */

typedef struct batch_t {
    gw_block_t *block;
    apr_pool_t *p;
    int which[RC_BATCH_PROVISION_MAX]; /* their numbers in the block */
    gw_maker_t *makers[RC_BATCH_PROVISION_MAX];
    rc_bulk_item_t items[RC_BATCH_PROVISION_MAX];
    int n;
    int alone[RC_BATCH_PROVISION_MAX]; /* those that turned out to need a way of their
                                        * own */
    int n_alone;
} batch_t;

/* Locks the name, without waiting: others of the batch are locked already. */
static void add(batch_t *b, int i)
{
    gw_session_t brief = b->block->session;
    scim_write_t *write = &b->block->writes[i];
    gw_maker_t *m = NULL;
    int is_gone = 0;
    gw_item_t gone;

    brief.deadline = base_now(brief.env);
    write->error = gw_maker_begin(&brief, b->p, write->resource, &m);
    if (write->error && write->error->status == 503) {
        b->alone[b->n_alone++] = i; /* somebody else has the name locked */
        return;
    }
    if (!write->error) {
        m->session = &b->block->session;
        write->error = gw_maker_must_be_free(m, &gone, &is_gone);
    }
    if (!write->error && !is_gone) {
        write->error = gw_maker_plan_new(m);
    }
    if (write->error || is_gone) {
        base_lock_release(m ? m->lock : NULL);
        if (is_gone) {
            b->alone[b->n_alone++] = i;
        }
        return;
    }
    b->which[b->n] = i;
    b->makers[b->n] = m;
    b->items[b->n++].body = gw_batch_record(b->p, m);
}

static void take_result(batch_t *b, int at, const rc_error_t *whole)
{
    gw_maker_t *m = b->makers[at];
    scim_write_t *write = &b->block->writes[b->which[at]];
    int partly;

    write->error =
        gw_batch_take(m, gw_batch_judge(&b->items[at], whole), &b->items[at], &partly);
    if (!write->error) {
        write->error = gw_maker_store(m, b->p, &write->record, &write->id);
    }
    if (!write->error && partly) {
        gw_sequel_add(b->block, b->which[at], write->id);
    }
    base_lock_release(m->lock);
}

static void create_others(batch_t *b)
{
    int i;

    for (i = 0; i < b->n_alone; i++) {
        scim_write_t *write = &b->block->writes[b->alone[i]];

        write->error = gw_create_alone(&b->block->session, b->p, write->resource,
                                       &write->record, &write->id);
    }
}

int gw_batch_create(gw_block_t *block, apr_pool_t *p, const int *which, int n,
                    rc_place_t *place)
{
    batch_t *b = apr_pcalloc(p, sizeof *b);
    rc_bulk_request_t request = {b->items, 0};
    rc_error_t *whole = NULL;
    int i;

    b->block = block;
    b->p = p;
    for (i = 0; i < n; i++) {
        add(b, which[i]);
    }
    request.n = b->n;
    if (b->n) {
        whole = gw_batch_send(&block->session, p, &request, place);
    }
    for (i = 0; i < b->n; i++) {
        take_result(b, i, whole);
    }
    create_others(b);
    return !gw_batch_is_barred(whole);
}
