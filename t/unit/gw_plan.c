/* What of a user is sent to RingCentral, and how it comes back (gw_plan.c,
 * gw_carry.c). Addresses have a test of their own. */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "gw_fixture.h"
#include "scim_schema.h"
#include "tap.h"

static apr_pool_t *p;

static world_t *filled(void)
{
    world_t *w = world_make(p);

    world_fill(w);
    return w;
}

static const char *user_with(const char *members)
{
    return apr_pstrcat(p, "{" ANN ",", members, "}", NULL);
}

/* The name to sign in with is the work e-mail. */
static void login(void)
{
    static const struct {
        const char *user, *says;
    } refused[] = {
        {"{'userName':'ann','name':{'givenName':'Ann'},"
         "'emails':[{'type':'work','value':'ann@example.com'}]}",
         "both must be the same"},
        {"{'userName':'ann@example.com','name':{'givenName':'Ann'}}",
         "emails[type eq \"work\"].value is missing"},
        {"{'userName':'ann@example.com','name':{'givenName':'Ann'},"
         "'emails':[{'type':'home','value':'ann@example.com'}]}",
         "emails[type eq \"work\"].value is missing"},
    };
    world_t *w = filled();
    apr_size_t i;
    answer_t *a;

    for (i = 0; i < sizeof refused / sizeof *refused; i++) {
        a = world_create(w, refused[i].user);
        is_int(a->status, 400, "a user whose name is not the work e-mail");
        is_str(a->type, "invalidValue", "is of an invalid value");
        ok(strstr(a->detail, refused[i].says) != NULL, a->detail);
    }
    is_str(fake_rc_calls(w->rc), "", "without a call");
    a = world_create(w, "{'userName':'ANN@Example.com','name':{'givenName':'Ann'},"
                        "'emails':[{'type':'work','value':'ann@example.com'}]}");
    is_int(a->status, 201, "the case of letters does not matter");
    is_str(at(w, a->user, "userName"), "ANN@Example.com",
           "the name comes back as sent");
    is_str(at(w, a->user, "emails/0/value"), "ann@example.com", "and the e-mail too");
    is_str(sent(w, "createExtension", "contact/emailAsLoginName"), "true",
           "it is a login name");
    ok(!strcmp(world_find(w, "ann@example.com")->id, a->id), "it is found by either");
    world_pass(w, 61);
    a = world_set(w, a->id, "userName", "'ann.baker@example.com'");
    is_int(a->status, 400, "to change the name alone is refused");
    a = world_patch(w, world_find(w, "ann@example.com")->id,
                    "[{'op':'replace','value':{'userName':'baker@example.com',"
                    "'emails':[{'type':'work','value':'baker@example.com'}]}}]");
    is_int(a->status, 200, "both at once are judged in the end");
    is_str(sent(w, "updateExtension", "contact/email"), "baker@example.com",
           "and sent");
    is_str(sent(w, "updateExtension", "contact/emailAsLoginName"), "true",
           "as a login name");
    is_int((long long)world_find(w, "ann@example.com")->total, 0,
           "the old one is free");
    is_str(world_find(w, "baker@example.com")->id, a->id, "the new one leads there");
}

/* Beside what others keep in the same list. */
static void references(void)
{
    world_t *w = filled();
    apr_uint64_t id = fake_rc_add(w->rc, "{'contact':{'firstName':'Ann',"
                                         "'email':'ann@example.com'},'references':"
                                         "[{'type':'PartnerId','ref':'partner'}]}");
    const char *text = id_text(w, id);
    answer_t *a;
    int merges;

    world_refresh(w);
    for (merges = 0; merges < 2; merges++) {
        w->rc->merges_references = merges;
        a = world_set(w, text, "externalId", "'ext 1'");
        is_str(at(w, a->user, "externalId"), "ext 1", "an externalId is kept");
        is_int(json_array_size(
                   json_object_get(fake_rc_extension(w->rc, id), "references")),
               2, "beside the partner's");
        world_set(w, text, "externalId", "'ext 2'");
        is_str(world_query(w, "externalId eq \"ext 2\"", 1, 10)->id, text,
               "and can be changed");
        is_int((long long)world_query(w, "externalId eq \"ext 1\"", 1, 10)->total, 0,
               "to be found by that alone");
        is_int((long long)world_query(w, "externalId eq \"EXT 2\"", 1, 10)->total, 0,
               "in these letters alone");
    }
    w->rc->merges_references = 0;
    a = world_set(w, text, "externalId", NULL);
    ok(!at(w, a->user, "externalId"), "and be cleared");
    is_str(there(w, text, "references/0/ref"), "partner", "but not the partner's");
    world_refresh(w);
    is_str(world_query(w, "externalId eq \"ext 2\"", 1, 10)->id, NULL, "for good");
}

static void regional(void)
{
    static const struct {
        const char *attr, *value, *setting, *id;
    } cases[] = {
        {"preferredLanguage", "de-DE", "language", "1031"},
        {"preferredLanguage", "de", "language", "1031"},
        {"locale", "en_GB", "formattingLocale", "2057"},
        {"timezone", "Europe/Berlin", "timezone", "29"},
        {"timezone", "America/New_York", "timezone", "61"},
    };
    apr_size_t i;
    answer_t *a;
    world_t *w;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        w = filled();
        a = world_create(w, user_with(apr_pstrcat(p, "'", cases[i].attr, "':'",
                                                  cases[i].value, "'", NULL)));
        is_str(sent(w, "createExtension",
                    apr_pstrcat(p, "regionalSettings/", cases[i].setting, "/id", NULL)),
               cases[i].id, apr_pstrcat(p, cases[i].attr, " ", cases[i].value, NULL));
        is_str(at(w, a->user, cases[i].attr), cases[i].value, "comes back as sent");
        fake_rc_forget(w->rc);
        a = world_set(w, a->id, cases[i].attr,
                      apr_pstrcat(p, "'", cases[i].value, "'", NULL));
        is_str(fake_rc_calls(w->rc), "", "and is no change the next time");
    }
    w = filled();
    a = world_create(w, user_with("'locale':'xx-YY','timezone':'Mars/Olympus'"));
    is_int(a->status, 201, "a locale that is not offered keeps nobody out");
    ok(!fake_rc_sent(w->rc, "createExtension") ||
           !json_object_get(fake_rc_sent(w->rc, "createExtension"), "regionalSettings"),
       "and is not sent");
    is_str(at(w, a->user, "locale"), "en-US", "the company's stays");
    ok(world_logged(w, "SCIMRC0102"), "which is logged");
}

/* A list does not show the language, so it is looked up before it is changed. */
static void regional_unseen(void)
{
    world_t *w = world_make(p);
    const char *id =
        id_text(w, fake_rc_user(w->rc, "Ann", "Archer", "ann@example.com"));
    answer_t *a;

    world_fill(w);
    a = world_set(w, id, "locale", "'en-US'");
    is_str(at(w, a->user, "locale"), "en-US", "a locale that it has, unseen");
    is_str(fake_rc_calls(w->rc), "listLanguages readExtension", "is read and not sent");
    fake_rc_forget(w->rc);
    a = world_set(w, id, "locale", "'de-DE'");
    is_str(at(w, a->user, "locale"), "de-DE", "another one");
    is_str(fake_rc_calls(w->rc), "updateExtension", "is sent");
    world_refresh(w);
    is_str(at(w, world_get(w, id)->user, "locale"), "de-DE", "and outlives a list");
    world_rebuild(w);
    fake_rc_forget(w->rc);
    a = world_patch(w, id, "[{'op':'add','value':{'title':'Boss','locale':'en-US'}}]");
    is_str(at(w, a->user, "locale"), "en-US", "with another change");
    is_str(fake_rc_calls(w->rc), "listLanguages updateExtension",
           "it is sent without a look");
}

static void passwords(void)
{
    world_t *w = filled();
    const char *version;
    answer_t *a = world_create(w, user_with("'password':'Hush-1234'"));
    base_slice_t value;

    is_str(there(w, a->id, "_password"), "Hush-1234", "a password goes to RingCentral");
    ok(!strstr(a->text, "assword") && !strstr(a->text, "Hush"),
       "but not into the user");
    version = at(w, a->user, "meta/version");
    fake_rc_forget(w->rc);
    a = world_set(w, a->id, "password", "'Hush-5678'");
    is_str(there(w, a->id, "_password"), "Hush-5678", "another one does too");
    is_int(json_object_size(fake_rc_sent(w->rc, "updateExtension")), 1, "alone");
    is_str(at(w, a->user, "meta/version"), version, "and is no other version");
    a = world_set(w, a->id, "password", "'Nodigit-hush'");
    is_int(a->status, 400, "one that RingCentral refuses is an error");
    is_str(a->type, "invalidValue", "of the value");
    ok(!strncmp(a->detail, "password ", 9) && !strstr(a->detail, "Nodigit"), a->detail);
    ok(!world_says(w, "Hush") && !world_says(w, "hush"), "none is logged");
    dir_flush(w->account->store, &w->env);
    ok(dir_value(w->account->store, p, "synced", &value, &w->env) == APR_SUCCESS,
       "the copy is there");
}

/* What is cleared with "". */
static void clearing(void)
{
    static const struct {
        const char *path, *member, *field;
    } cases[] = {
        {"title", "'title':'Boss'", "contact/jobTitle"},
        {"name.familyName", "'displayName':'x'", "contact/lastName"},
        {"phoneNumbers", "'phoneNumbers':[{'type':'mobile','value':'+16505550101'}]",
         "contact/mobilePhone"},
        {SCIM_URN_ENTERPRISE_USER ":department",
         "'" SCIM_URN_ENTERPRISE_USER "':{'department':'Sales'}", "contact/department"},
        {"addresses", "'addresses':[{'type':'work','country':'DE','locality':'Ulm'}]",
         "contact/businessAddress/city"},
    };
    apr_size_t i;
    int keeps;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (keeps = 0; keeps < 2; keeps++) {
            world_t *w = filled();
            answer_t *a = world_create(w, user_with(cases[i].member));

            w->rc->keeps_cleared = keeps;
            a = world_set(w, a->id, cases[i].path, NULL);
            is_str(sent(w, "updateExtension", cases[i].field), "",
                   apr_pstrcat(p, cases[i].path, " is cleared", NULL));
            ok(!there(w, a->id, cases[i].field) == !keeps,
               "as far as RingCentral does");
            ok(world_logged(w, "SCIMRC0103") == keeps, "or it is logged");
            fake_rc_forget(w->rc);
            world_put(w, a->id,
                      "{'userName':'ann@example.com','name':{'givenName':'Ann'},"
                      "'emails':[{'type':'work','value':'ann@example.com'}]}");
            is_str(fake_rc_calls(w->rc), "", "and nothing is repeated");
        }
    }
}

/* Only what differs is sent. */
static void only_changes(void)
{
    world_t *w = filled();
    answer_t *a = world_create(
        w, user_with("'title':'Engineer','active':true,'externalId':'x',"
                     "'phoneNumbers':[{'type':'work','value':'+16505550101'}]"));
    const json_t *body;

    fake_rc_forget(w->rc);
    world_set(w, a->id, "title", "'Boss'");
    body = fake_rc_sent(w->rc, "updateExtension");
    is_str(base_json_text(p, body, NULL), "{\"contact\":{\"jobTitle\":\"Boss\"}}",
           "a change sends no more than it must");
    is_str(fake_rc_calls(w->rc), "updateExtension", "in one call");
    a = world_get(w, a->id);
    world_pass(w, 3600);
    fake_rc_forget(w->rc);
    world_put(w, a->id, apr_pstrdup(p, "{" ANN ",'title':'Boss'}"));
    is_str(fake_rc_calls(w->rc), "", "and none for nothing, though the copy is old");
    is_str(world_get(w, a->id)->text, a->text, "which leaves every byte as it was");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    login();
    references();
    regional();
    regional_unseen();
    passwords();
    clearing();
    only_changes();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
