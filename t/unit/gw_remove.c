/* Deleting, in its three ways, and coming back (gw_write.c, gw_create.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

/* A copy with one user. */
static world_t *with_ann(gw_delete_t policy, const char **id)
{
    world_t *w = world_make(p);

    *id = id_text(
        w, fake_rc_add(w->rc,
                       "{'_line':true,'contact':{'firstName':'Ann','lastName':'Archer',"
                       "'email':'ann@example.com','jobTitle':'Boss','mobilePhone':"
                       "'+16505550101'},'references':[{'type':'CustomerDirectoryId',"
                       "'ref':'x1'}]}"));
    w->policy.remove = policy;
    w->conf.disabled_may_be_gone = policy == GW_DELETE_DISABLE;
    world_fill(w);
    return w;
}

static void fail(world_t *w, const char *op, fake_rc_what_t what, int status,
                 const char *body)
{
    fake_rc_fault_t fault = {op, 0, what, status, body};

    fake_rc_fail(w->rc, &fault);
}

static void is_gone(world_t *w, const char *id, const char *how)
{
    const char *name = apr_pstrcat(p, how, ": ", NULL);

    is_int(world_get(w, id)->status, 404, apr_pstrcat(p, name, "not to be read", NULL));
    is_int((long long)world_query(w, NULL, 1, 10)->total, 0,
           apr_pstrcat(p, name, "in no list", NULL));
    is_int((long long)world_find(w, "ann@example.com")->total, 0,
           apr_pstrcat(p, name, "not found by name", NULL));
    is_int((long long)world_query(w, "externalId eq \"x1\"", 1, 10)->total, 0,
           apr_pstrcat(p, name, "nor by externalId", NULL));
    is_int(world_set(w, id, "title", "'x'")->status, 404,
           apr_pstrcat(p, name, "not to be changed", NULL));
    is_int(world_delete(w, id)->status, 404,
           apr_pstrcat(p, name, "not to be deleted again", NULL));
}

static void three_ways(void)
{
    static const struct {
        gw_delete_t policy;
        const char *name, *call;
        int stays;
    } ways[] = {{GW_DELETE_RELEASE, "release", "deleteExtension", 0},
                {GW_DELETE_REMOVE, "remove", "bulkDeleteUsersV2", 0},
                {GW_DELETE_DISABLE, "disable", "updateExtension", 1}};
    const char *id;
    apr_size_t i;

    for (i = 0; i < sizeof ways / sizeof *ways; i++) {
        world_t *w = with_ann(ways[i].policy, &id);

        is_int(world_delete(w, id)->status, 204, ways[i].name);
        is_str(fake_rc_calls(w->rc), ways[i].call, "one call");
        is_gone(w, id, ways[i].name);
        is_str(fake_rc_calls(w->rc), ways[i].call, "and no other for all that");
        ok(!fake_rc_extension(w->rc, gw_id_parse(id)) == !ways[i].stays,
           "the extension goes or stays");
        world_refresh(w);
        is_gone(w, id, apr_pstrcat(p, ways[i].name, " and a refresh", NULL));
        world_rebuild(w);
        is_gone(w, id, apr_pstrcat(p, ways[i].name, " and a rebuilt copy", NULL));
    }
}

static void lines(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_RELEASE, &id);

    world_delete(w, id);
    is_str(fake_rc_url(w->rc, "deleteExtension"),
           apr_pstrcat(p, "/restapi/v1.0/account/~/extension/", id,
                       "?savePhoneLines=true&savePhoneNumbers=true", NULL),
           "release keeps line and number");
    w = with_ann(GW_DELETE_REMOVE, &id);
    world_delete(w, id);
    is_str(sent(w, "bulkDeleteUsersV2", "records/0/id"), id, "remove names the user");
    is_str(sent(w, "bulkDeleteUsersV2", "keepAssetsInInventory"), "true",
           "and keeps the assets");
    w = with_ann(GW_DELETE_DISABLE, &id);
    world_delete(w, id);
    is_str(there(w, id, "status"), "Disabled", "disable disables");
    ok(!strncmp(there(w, id, "statusInfo/comment"), GW_GONE_MARK, 10),
       there(w, id, "statusInfo/comment"));
}

static void lost_answer(void)
{
    static const struct {
        gw_delete_t policy;
        const char *op;
    } ways[] = {{GW_DELETE_RELEASE, "deleteExtension"},
                {GW_DELETE_REMOVE, "bulkDeleteUsersV2"}};
    const char *id;
    apr_size_t i;

    for (i = 0; i < 2; i++) {
        const char *op = ways[i].op;
        world_t *w = with_ann(ways[i].policy, &id);

        fail(w, op, FAKE_LOST, 0, NULL);
        is_int(world_delete(w, id)->status, 204, "the answer to a delete is lost");
        is_str(fake_rc_calls(w->rc), apr_pstrcat(p, op, " readExtension", NULL),
               "a read tells that it was carried out");
        w = with_ann(ways[i].policy, &id);
        fail(w, op, FAKE_DROPPED, 0, NULL);
        is_int(world_delete(w, id)->status, 204, "or the request is");
        is_str(fake_rc_calls(w->rc), apr_pstrcat(p, op, " readExtension ", op, NULL),
               "then it is repeated");
        w = with_ann(ways[i].policy, &id);
        fail(w, op, FAKE_DROPPED, 0, NULL);
        fail(w, op, FAKE_DROPPED, 0, NULL);
        is_int(world_delete(w, id)->status, 503, "but once");
        is_int(world_get(w, id)->status, 200, "and the user is still there");
        is_int(world_delete(w, id)->status, 204, "for the client to repeat it");
    }
}

static void gone_there(void)
{
    static const gw_delete_t policies[] = {GW_DELETE_RELEASE, GW_DELETE_REMOVE,
                                           GW_DELETE_DISABLE};
    const char *id;
    apr_size_t i;

    for (i = 0; i < 3; i++) {
        world_t *w = with_ann(policies[i], &id);

        fake_rc_drop(w->rc, gw_id_parse(id));
        is_int(world_delete(w, id)->status, 404, "who is gone there is not found");
        is_gone(w, id, "and");
    }
}

static void refused(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_RELEASE, &id);
    answer_t *a;

    fail(w, "deleteExtension", FAKE_ANSWER, 400,
         fake_rc_error(p, "JWS-1736", "This mailbox has last device of SLG", NULL));
    a = world_delete(w, id);
    is_int(a->status, 400, "a delete that is refused");
    ok(strstr(a->detail, "shared line group") && strstr(a->detail, "JWS-1736"),
       a->detail);
    is_int(world_get(w, id)->status, 200, "leaves the user");

    w = with_ann(GW_DELETE_REMOVE, &id);
    fail(w, "bulkDeleteUsersV2", FAKE_ANSWER, 200,
         "{\"records\":[{\"id\":\"1001\",\"bulkItemSuccessful\":false,"
         "\"bulkItemErrors\":[{\"errorCode\":\"EXT-1\",\"message\":\"Not now\"}]}]}");
    a = world_delete(w, id);
    is_int(a->status, 400, "so does one in bulk");
    ok(strstr(a->detail, "EXT-1 Not now") != NULL, a->detail);
    is_int(world_get(w, id)->status, 200, "leaves the user");
    fail(w, "bulkDeleteUsersV2", FAKE_ANSWER, 200, "{\"records\":[]}");
    is_int(world_delete(w, id)->status, 204, "one without a word is sent again");

    w = with_ann(GW_DELETE_DISABLE, &id);
    w->rc->drops_comments = 1;
    a = world_delete(w, id);
    is_int(a->status, 502, "a mark that is not kept is no deletion");
}

/* The mark is in RingCentral; without the option nobody looks for it. */
static void marks(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_DISABLE, &id);
    apr_uint64_t bob =
        fake_rc_add(w->rc, "{'status':'Disabled','contact':{'firstName':'Bob','email':"
                           "'bob@example.com'},'statusInfo':{'comment':'On leave'}}");

    world_delete(w, id);
    world_rebuild(w);
    is_str(world_query(w, NULL, 1, 10)->id, id_text(w, bob),
           "a copy made anew shows who is disabled for another reason");
    is_str(at(w, world_get(w, id_text(w, bob))->user, "active"), "false", "as such");
    is_int(world_get(w, id)->status, 404, "and not who was deleted");
    w->conf.disabled_may_be_gone = 0;
    world_rebuild(w);
    is_int(world_get(w, id)->status, 200, "unless it is not told to look");
}

/* The copy is not complete before each disabled one was read. */
static void fill_waits(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_DISABLE, &id);

    world_delete(w, id);
    fail(w, "readExtension", FAKE_UNREACHED, 0, NULL);
    world_rebuild(w);
    is_int(world_query(w, NULL, 1, 10)->status, 503, "a fill that could not read all");
    world_pass(w, 60);
    world_work(w);
    is_int((long long)world_query(w, NULL, 1, 10)->total, 0, "is ended later");
}

static void comes_back(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_DISABLE, &id);
    answer_t *a;
    int rebuilt;

    for (rebuilt = 0; rebuilt < 2; rebuilt++) {
        world_delete(w, id);
        if (rebuilt) {
            world_rebuild(w);
        }
        fake_rc_forget(w->rc);
        a = world_create(
            w, "{" USER("Anne", "Archer",
                        "ANN@example.com") ",'externalId':'x2','title':'Chief'}");
        is_int(a->status, 201, "who was deleted by disabling is made again");
        is_str(a->id, id, "under the same id");
        is_str(fake_rc_calls(w->rc), "updateExtension", "by a change");
        is_str(there(w, id, "status"), "NotActivated", "in a new user's status");
        is_str(at(w, a->user, "name/givenName"), "Anne", "as the request says");
        is_str(at(w, a->user, "userName"), "ANN@example.com", "to the letter");
        is_str(at(w, a->user, "title"), "Chief", "with its values");
        ok(!there(w, id, "contact/mobilePhone"), "and without those it does not name");
        is_str(there(w, id, "references/0/ref"), "x2", "and its own id");
        is_int((long long)world_query(w, NULL, 1, 10)->total, 1, "to be seen again");
        world_refresh(w);
        is_int(world_get(w, id)->status, 200, "for good");
    }
    is_int(fake_rc_called(w->rc, "createExtension"), 0, "and never a second one");
    world_delete(w, id);
    a = world_create(w, "{" ANN ",'active':false}");
    is_str(a->id, id, "inactive too");
    is_str(there(w, id, "status"), "Disabled", "disabled as before");
    world_rebuild(w);
    is_str(at(w, world_get(w, id)->user, "active"), "false", "but without the mark");
}

static void comes_back_enabled(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_DISABLE, &id);
    answer_t *a;

    w->policy.new_status = GW_NEW_ENABLED;
    world_delete(w, id);
    a = world_create(w, "{" ANN ",'password':'Random-hush'}");
    is_str(a->id, id, "a password that is refused keeps nobody away");
    is_str(there(w, id, "status"), "Enabled", "nor disabled");
    ok(there(w, id, "_password") != NULL, "there is another");
}

/* The copy may be old when somebody comes back. */
static void comes_back_late(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_DISABLE, &id);
    answer_t *a;

    world_delete(w, id);
    world_pass(w, 100);
    a = world_create(w, "{" ANN "}");
    is_str(fake_rc_calls(w->rc), "updateExtension readExtension updateExtension",
           "an old record is read anew");
    is_str(a->id, id, "before it is used");

    world_delete(w, id);
    world_pass(w, 100);
    fake_rc_drop(w->rc, gw_id_parse(id));
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 201, "who was removed in the portal");
    ok(strcmp(a->id, id) != 0, "is made as a new one");

    w = with_ann(GW_DELETE_DISABLE, &id);
    world_delete(w, id);
    fake_rc_drop(w->rc, gw_id_parse(id));
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 201, "even if the copy is young");
    ok(a->id && strcmp(a->id, id) != 0, "and does not know");

    w = with_ann(GW_DELETE_DISABLE, &id);
    world_delete(w, id);
    world_pass(w, 100);
    fake_rc_edit(w->rc, gw_id_parse(id), "{'status':'Enabled','statusInfo':null}");
    a = world_create(w, "{" ANN "}");
    is_int(a->status, 409, "who was enabled in the portal is there");
    is_int(world_get(w, id)->status, 200, "and seen");
}

/* A platform that keeps the comment of who is enabled again. */
/* Another child carries what somebody has asked for that has gone. */
static void comes_back_after_another(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_DISABLE, &id);
    gw_board_t *owner = world_board(w), *carrier = world_board(w);
    gw_notice_t notice = {GW_BOARD_UPDATES, gw_id_parse(id), 0, "{}", 2};
    gw_berth_t berths[GW_BOARD_SLOTS];
    gw_crowd_t crowd = {berths, 0, 0};
    apr_uint64_t ticket;
    int slot;

    is_int(world_delete(w, id)->status, 204, "one that was deleted");
    ticket = gw_board_post(owner, &notice, w->now, &slot);
    gw_board_claim(carrier, GW_BOARD_UPDATES, 500, &crowd);
    gw_board_leave(owner, slot, ticket);
    is_int(world_create(w, "{" ANN "}")->status, 503,
           "does not come back before that call ends");
    gw_board_set_adrift(carrier, &slot, 1, 0);
    is_int(world_create(w, "{" ANN "}")->status, 201, "but then");
}

static void old_mark(void)
{
    const char *id;
    world_t *w = with_ann(GW_DELETE_DISABLE, &id);
    answer_t *a;

    w->rc->keeps_comments = 1;
    world_delete(w, id);
    fake_rc_edit(w->rc, gw_id_parse(id), "{'status':'Enabled'}");
    world_refresh(w);
    a = world_set(w, id, "active", "false");
    is_str(at(w, a->user, "active"), "false", "a user is turned off after all that");
    ok(strncmp(there(w, id, "statusInfo/comment"), GW_GONE_MARK, 10) != 0,
       "which takes an old mark away");
    world_rebuild(w);
    is_int(world_get(w, id)->status, 200, "so that the user stays");
}

/* Another gateway deletes: the mark is found as soon as a list shows the change. */
static void deleted_elsewhere(void)
{
    static const char mark[] =
        "{'status':'Disabled','statusInfo':{'comment':'" GW_GONE_MARK " elsewhere'}}";
    const char *id;
    world_t *w = with_ann(GW_DELETE_DISABLE, &id);
    apr_uint64_t other;

    world_set(w, id, "title", "'Chief'"); /* so that it has been read singly */
    fake_rc_edit(w->rc, gw_id_parse(id), mark);
    world_refresh(w);
    is_gone(w, id, "deleted elsewhere");
    other = fake_rc_user(w->rc, "Bob", "Baker", "bob@example.com");
    fake_rc_edit(w->rc, other, mark);
    fail(w, "readExtension", FAKE_UNREACHED, 0, NULL);
    world_refresh(w);
    is_int(world_get(w, id_text(w, other))->status, 404,
           "who is new and disabled is not shown before it is known why");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    three_ways();
    lines();
    lost_answer();
    gone_there();
    refused();
    marks();
    fill_waits();
    comes_back();
    comes_back_enabled();
    comes_back_late();
    comes_back_after_another();
    old_mark();
    deleted_elsewhere();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
