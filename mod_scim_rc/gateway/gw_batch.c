/* Creates in tens. What RingCentral's batch provisioning takes is little, and the users
 * are enabled at once: the rest of their data follows in a change of its own. */
#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_carry.h"
#include "gw_error.h"
#include "gw_many.h"

#define TEXT_MAX 64 /* characters of a name or an address there */

typedef struct candidate_t {
    int i; /* its number in the block */
    gw_maker_t *m;
} candidate_t;

typedef struct batch_t {
    gw_block_t *block;
    apr_pool_t *p;
    candidate_t candidates[RC_BATCH_PROVISION_MAX];
    rc_bulk_item_t items[RC_BATCH_PROVISION_MAX];
    int n;
    int alone[RC_BATCH_PROVISION_MAX]; /* those that turned out to need a way of their
                                        * own */
    int n_alone;
} batch_t;

static int fits(const char *text)
{
    apr_size_t characters = 0;

    for (; text && *text; text++) {
        characters += (*text & 0xc0) != 0x80;
    }
    return characters > 0 && characters <= TEXT_MAX;
}

int gw_batch_takes(const gw_block_t *block, const scim_write_t *write)
{
    const gw_policy_t *policy = block->session.policy;
    const char *active;
    json_t *name;

    if (write->verb != SCIM_CREATE || !policy->batch_provisioning ||
        policy->create != GW_CREATE_EXTENSION) {
        return 0;
    }
    active = gw_row_get(gw_row_of(GW_ACTIVE), write->resource);
    name = json_object_get(write->resource, "name");
    return (!active || strcmp(active, "false") != 0) &&
           fits(gw_row_get(gw_row_of(GW_LOGIN), write->resource)) &&
           fits(base_json_string(name, "givenName")) &&
           fits(base_json_string(name, "familyName"));
}

static const json_t *record_of(batch_t *b, const gw_maker_t *m)
{
    json_t *contact = base_json_own(b->p, json_object());
    json_t *from = json_object_get(m->plan.body, "contact");

    json_object_set(contact, "firstName", json_object_get(from, "firstName"));
    json_object_set(contact, "lastName", json_object_get(from, "lastName"));
    json_object_set(contact, "email", json_object_get(from, "email"));
    json_object_set_new(contact, "emailAsLoginName", json_true());
    base_json_set_at(contact, "transition.sendWelcomeEmail",
                     json_boolean(b->block->session.policy->welcome_mail));
    return base_json_own(
        b->p, json_pack("{s:s, s:O}", "status", "Enabled", "contact", contact));
}

/* Locks the name, without waiting: others of the batch are locked already. */
static void add(batch_t *b, int i)
{
    gw_session_t brief = b->block->session;
    scim_write_t *write = &b->block->writes[i];
    candidate_t *c = &b->candidates[b->n];
    int is_gone = 0;
    gw_item_t gone;

    brief.deadline = base_now(brief.env);
    c->i = i;
    c->m = NULL;
    write->error = gw_maker_begin(&brief, b->p, write->resource, &c->m);
    if (write->error && write->error->status == 503) {
        b->alone[b->n_alone++] = i; /* somebody else has the name locked */
        return;
    }
    if (!write->error) {
        c->m->session = &b->block->session;
        write->error = gw_maker_must_be_free(c->m, &gone, &is_gone);
    }
    if (!write->error && !is_gone) {
        c->m->item.state = base_json_own(b->p, json_object());
        c->m->item.memory = base_json_own(b->p, json_object());
        write->error = gw_maker_plan(c->m, c->m->item.state);
    }
    if (write->error || is_gone) {
        base_lock_release(c->m ? c->m->lock : NULL);
        if (is_gone) {
            b->alone[b->n_alone++] = i;
        }
        return;
    }
    b->items[b->n].body = record_of(b, c->m);
    b->n++;
}

/* The user is there, as far as we know. */
static void store(batch_t *b, candidate_t *c)
{
    scim_write_t *write = &b->block->writes[c->i];

    write->error = gw_carry_store(c->m->session, b->p, &c->m->plan, &c->m->item, 1,
                                  &write->record);
    write->id = gw_id_text(b->p, c->m->item.id);
}

static void take_made(batch_t *b, candidate_t *c, const char *id)
{
    const json_t *contact = json_object_get(c->m->plan.body, "contact");
    json_t *extension = base_json_own(
        b->p, json_pack("{s:I, s:s, s:s, s:{}, s:{s:O, s:O, s:O}}", "id",
                        (json_int_t)gw_id_parse(id), "type", "User", "status",
                        "Enabled", "regionalSettings", "contact", "firstName",
                        json_object_get(contact, "firstName"), "lastName",
                        json_object_get(contact, "lastName"), "email",
                        json_object_get(contact, "email")));

    gw_item_absorb(b->p, &c->m->item, extension, base_now(&b->block->env), 1);
    json_object_set_new(c->m->item.memory, GW_UNSEEN, json_true());
    store(b, c);
    b->block->made[c->i] = b->block->writes[c->i].id;
}

/* By a POST of its own. */
static void create_alone(batch_t *b, candidate_t *c)
{
    scim_write_t *write = &b->block->writes[c->i];

    write->error = gw_maker_create(c->m);
    if (!write->error) {
        store(b, c);
    }
    if (!write->error && b->block->session.policy->welcome_mail) {
        gw_maker_welcome(c->m);
    }
}

/* It may be there: nothing is repeated before that was looked up. */
static void after_loss(batch_t *b, candidate_t *c, rc_error_t *e)
{
    json_t *listed;

    c->m->lost = e;
    switch (gw_maker_find(c->m, &listed)) {
    case 1:
        gw_maker_adopt(c->m, listed);
        store(b, c);
        b->block->made[c->i] = b->block->writes[c->i].id;
        break;
    case 0:
        create_alone(b, c);
        break;
    default:
        b->block->writes[c->i].error = gw_maker_give_up(c->m, e);
        break;
    }
}

static int is_barred(const rc_error_t *e)
{
    return e && (e->kind == RC_FORBIDDEN || e->kind == RC_PROTOCOL);
}

static void take_result(batch_t *b, int at, const rc_error_t *whole)
{
    candidate_t *c = &b->candidates[at];
    rc_error_t *e = b->items[at].error;

    if (!e) {
        take_made(b, c, b->items[at].id);
    }
    else if (e->kind == RC_LOST) {
        after_loss(b, c, e);
    }
    else if (is_barred(whole) ||
             (whole && (whole->kind == RC_INVALID || whole->kind == RC_BUSY))) {
        create_alone(b, c);
    }
    else {
        b->block->writes[c->i].error = gw_maker_give_up(c->m, e);
    }
    base_lock_release(c->m->lock);
}

static void create_others(batch_t *b)
{
    int i;

    for (i = 0; i < b->n_alone; i++) {
        scim_write_t *write = &b->block->writes[b->alone[i]];

        write->error = gw_create(&b->block->session, b->p, write->resource,
                                 &write->record, &write->id);
    }
}

int gw_batch_create(gw_block_t *block, apr_pool_t *p, const int *which, int n,
                    rc_place_t *place)
{
    batch_t *b = apr_pcalloc(p, sizeof *b);
    rc_bulk_request_t request = {b->items, 0};
    rc_caller_t who = gw_session_caller(&block->session);
    rc_error_t *whole = NULL;
    int i;

    b->block = block;
    b->p = p;
    for (i = 0; i < n; i++) {
        add(b, which[i]);
    }
    request.n = b->n;
    who.place = place;
    if (b->n) {
        whole = rc_batch_provision(block->session.account->client, &who, p, &request);
    }
    if (whole) {
        base_log(&block->env, BASE_LOG_NOTICE, APR_SUCCESS,
                 "SCIMRC0121: account %s: a batch of %d new users did not succeed: "
                 "%s%s%s; they are made one by one",
                 block->session.account->conf->name, b->n, whole->code,
                 *whole->code ? " " : "", whole->message);
    }
    for (i = 0; i < b->n; i++) {
        take_result(b, i, whole);
    }
    create_others(b);
    return !is_barred(whole);
}
