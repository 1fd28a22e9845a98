/* active: the status of an extension, and its way back (gw_plan.c, gw_write.c,
 * gw_carry.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_fixture.h"
#include "tap.h"

static apr_pool_t *p;

static world_t *with_user(const char *status, const char **id)
{
    world_t *w = world_make(p);

    *id = id_text(w, fake_rc_add(w->rc, apr_psprintf(p,
                                                     "{'status':'%s','contact':{"
                                                     "'firstName':'Ann','email':"
                                                     "'ann@example.com'}}",
                                                     status)));
    world_fill(w);
    return w;
}

static void shown(void)
{
    static const struct {
        const char *status, *active;
    } cases[] = {{"Enabled", "true"},
                 {"NotActivated", "true"},
                 {"Disabled", "false"},
                 {"Frozen", "false"}};
    const char *id;
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_t *w = with_user(cases[i].status, &id);

        is_str(at(w, world_get(w, id)->user, "active"), cases[i].active,
               cases[i].status);
        world_set(w, id, "active", apr_pstrdup(p, cases[i].active));
        is_str(fake_rc_calls(w->rc), "", "and to say so again is no call");
    }
}

static void there_and_back(void)
{
    static const char *const statuses[] = {"Enabled", "NotActivated"};
    const char *id;
    int i;

    for (i = 0; i < 2; i++) {
        world_t *w = with_user(statuses[i], &id);
        answer_t *a = world_set(w, id, "active", "false");

        is_str(at(w, a->user, "active"), "false", "a user is turned off");
        is_str(there(w, id, "status"), "Disabled", "which is Disabled");
        world_refresh(w);
        fake_rc_forget(w->rc);
        a = world_set(w, id, "active", "true");
        is_str(at(w, a->user, "active"), "true", "and turned on");
        is_str(there(w, id, "status"), statuses[i], "as it was");
        is_str(fake_rc_calls(w->rc), "updateExtension", "at the first try");
    }
}

/* What a user was is not remembered beyond another's change. */
static void was_forgotten(void)
{
    const char *id;
    world_t *w = with_user("NotActivated", &id);

    world_set(w, id, "active", "false");
    fake_rc_edit(w->rc, gw_id_parse(id), "{'status':'Enabled','_password':'x1'}");
    world_refresh(w);
    fake_rc_edit(w->rc, gw_id_parse(id), "{'status':'Disabled'}");
    world_refresh(w);
    world_set(w, id, "active", "true");
    is_str(there(w, id, "status"), "Enabled",
           "whom the portal has enabled meanwhile is enabled again");
}

static void fallback(void)
{
    const char *id;
    int names;

    for (names = 0; names < 2; names++) {
        world_t *w = with_user("Disabled", &id);
        answer_t *a;

        w->rc->refuses_enabled = 1;
        w->rc->names_status = names;
        a = world_set(w, id, "active", "true");
        is_int(a->status, 200, "who cannot be enabled");
        is_str(there(w, id, "status"), "NotActivated", "becomes NotActivated");
        is_str(at(w, a->user, "active"), "true", "which is active");
        is_int(fake_rc_called(w->rc, "updateExtension"), 2, "at the second try");
        ok(world_logged(w, "SCIMRC0106"), "and logged");
    }
}

/* An error about something else is no reason to try another status. */
static void no_fallback(void)
{
    const char *id;
    world_t *w = with_user("Disabled", &id);
    fake_rc_fault_t fault = {"updateExtension", 0, FAKE_ANSWER, 400, NULL};
    answer_t *a;

    fault.body = fake_rc_error(p, "CMN-101", "Parameter [contact.jobTitle] is invalid",
                               "contact.jobTitle");
    fake_rc_fail(w->rc, &fault);
    a = world_patch(w, id,
                    "[{'op':'add','path':'title','value':'x'},"
                    "{'op':'replace','path':'active','value':true}]");
    is_int(a->status, 400, "another error is an error");
    ok(!strncmp(a->detail, "title: \"x\" ", 11), a->detail);
    is_int(fake_rc_called(w->rc, "updateExtension"), 1, "and not tried again");
    is_str(at(w, world_get(w, id)->user, "active"), "false", "nothing has changed");
}

static void new_users(void)
{
    static const struct {
        gw_new_status_t new_status;
        const char *active, *status, *shown;
    } cases[] = {
        {GW_NEW_NOT_ACTIVATED, NULL, "NotActivated", "true"},
        {GW_NEW_NOT_ACTIVATED, "true", "NotActivated", "true"},
        {GW_NEW_NOT_ACTIVATED, "false", "Disabled", "false"},
        {GW_NEW_ENABLED, NULL, "Enabled", "true"},
        {GW_NEW_ENABLED, "true", "Enabled", "true"},
        {GW_NEW_ENABLED, "false", "Disabled", "false"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_t *w = world_make(p);
        answer_t *a;

        w->policy.new_status = cases[i].new_status;
        world_fill(w);
        a = world_create(w, apr_pstrcat(p, "{" ANN, cases[i].active ? ",'active':" : "",
                                        cases[i].active ? cases[i].active : "", "}",
                                        NULL));
        is_str(there(w, a->id, "status"), cases[i].status,
               apr_psprintf(p, "a new user, active %s, policy %d",
                            cases[i].active ? cases[i].active : "not said",
                            cases[i].new_status));
        is_str(at(w, a->user, "active"), cases[i].shown, "is shown so");
        ok(!there(w, a->id, "_password") == (strcmp(cases[i].status, "Enabled") != 0),
           "who is enabled has a password");
        is_int(fake_rc_called(w->rc, "createExtension"), 1, "from the one call");
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    shown();
    there_and_back();
    was_forgotten();
    fallback();
    no_fallback();
    new_users();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
