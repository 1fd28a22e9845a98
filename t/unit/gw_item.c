/* Documents: what a client reads of an extension (gw_item.c). */
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "gw_fixture.h"
#include "scim_edit.h"
#include "scim_schema.h"
#include "tap.h"

static apr_pool_t *p;

static const char full[] =
    "{'creationTime':'2024-02-03T04:05:06.000Z','extensionNumber':'146','_direct':"
    "'+16505550199','contact':{'firstName':'Ann','lastName':'Archer','email':"
    "'ann@example.com','jobTitle':'Boss','department':'Sales','company':'Ours',"
    "'businessPhone':'+16505550101','mobilePhone':'+16505550102','businessAddress':{"
    "'country':'United States','state':'CA','city':'Belmont','street':'20 Davis',"
    "'zip':'94002'}},'references':[{'type':'CustomerDirectoryId','ref':'x\\u00e91'}],"
    "'site':{'id':'main-site'}}";

static const char document[] =
    "{'schemas':['" SCIM_URN_USER "','" SCIM_URN_ENTERPRISE_USER "'],'id':'1001',"
    "'name':{'givenName':'Ann','familyName':'Archer','formatted':'Ann Archer'},"
    "'userName':'ann@example.com','externalId':'x\xc3\xa9"
    "1','title':'Boss',"
    "'active':true,'emails':[{'type':'work','value':'ann@example.com','primary':true}],"
    "'phoneNumbers':[{'type':'work','value':'+16505550101'},{'type':'mobile','value':"
    "'+16505550102'},{'type':'other','value':'146'}],'addresses':[{'type':'work',"
    "'streetAddress':'20 Davis','locality':'Belmont','country':'US','region':'CA',"
    "'postalCode':'94002'}],'" SCIM_URN_ENTERPRISE_USER "':{'department':'Sales'},"
    "'displayName':'Ann Archer','meta':{'resourceType':'User','created':"
    "'2024-02-03T04:05:06.000Z','lastModified':'2026-11-21T08:00:00.080Z','version':";

/* `text` with " for '. */
static const char *quoted(const char *text)
{
    char *copy = apr_pstrdup(p, text), *c;

    for (c = copy; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    return copy;
}

static void text(void)
{
    world_t *w = world_make(p);
    gw_session_t session;
    scim_record_t record;
    answer_t *a;

    w->conf.numbers = GW_NUMBER_DIRECT | GW_NUMBER_EXTENSION;
    fake_rc_add(w->rc, full);
    world_fill(w);
    a = world_get(w, "1001");
    is_str(apr_pstrndup(p, a->text, sizeof document - 1), quoted(document),
           "a document is the same to the byte");
    ok(strstr(a->text, "\"version\":\"W/\\\"") != NULL, "with a weak version");
    session = world_session(w);
    ok(!gw_user_backend.get(&session, p, "1001", &record), "a record");
    is_str(apr_pstrndup(p, record.text + record.mark, record.len - record.mark),
           "/Users/1001\"}}", "is marked where its location's base belongs");
    is_str(at(w, a->user, "meta/location"), "https://base/Users/1001",
           "and so makes a whole one");
    world_refresh(w);
    is_str(world_get(w, "1001")->text, a->text, "a refresh leaves it");
    world_restart(w);
    is_str(world_get(w, "1001")->text, a->text, "and another process too");
}

static void sparse(void)
{
    static const struct {
        const char *extension, *path, *value;
    } cases[] = {
        {"{'contact':{'firstName':'Ann','email':'a@b.c'}}", "displayName", "Ann"},
        {"{'contact':{'firstName':'Ann','email':'a@b.c'}}", "name/formatted", "Ann"},
        {"{'contact':{'lastName':'Archer','email':'a@b.c'}}", "displayName", "Archer"},
        {"{'contact':{'email':'a@b.c'}}", "displayName", NULL},
        {"{'contact':{'email':'a@b.c'}}", "name/formatted", NULL},
        {"{'contact':{'email':'a@b.c'}}", "schemas/1", NULL},
        {"{'contact':{'email':'a@b.c','jobTitle':''}}", "title", NULL},
        {"{'contact':{'email':'a@b.c','firstName':'\\\\ '}}", "name/givenName", "\\ "},
        {"{'contact':{'email':'a@b.c','firstName':'<`>'}}", "name/givenName", "<\">"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_t *w = world_make(p);
        answer_t *a;

        fake_rc_add(w->rc, cases[i].extension);
        world_fill(w);
        a = world_get(w, "1001");
        is_str(at(w, a->user, cases[i].path), cases[i].value,
               apr_pstrcat(p, cases[i].path, " of ", cases[i].extension, NULL));
        ok(!json_object_get(a->user, "phoneNumbers") &&
               !json_object_get(a->user, "addresses") &&
               !json_object_get(a->user, "externalId"),
           "and nothing that is not there");
    }
}

/* Who is a user at all. */
static void persons(void)
{
    static const struct {
        const char *members;
        int is;
    } cases[] = {
        {"'type':'User'", 1},
        {"'type':'DigitalUser'", 1},
        {"'type':'VirtualUser'", 1},
        {"'type':'FlexibleUser'", 1},
        {"'type':'Limited'", 1},
        {"'type':'Department'", 0},
        {"'type':'Announcement'", 0},
        {"'type':'SharedLinesGroup'", 0},
        {"'status':'Unassigned'", 0},
        {"'status':'Frozen'", 1},
        {"'hidden':true", 1},
        {"'status':'Disabled','statusInfo':{'comment':'[scim-deleted] x'}", 0},
        {"'status':'Disabled','statusInfo':{'comment':'x [scim-deleted]'}", 1},
        {"'status':'Enabled','statusInfo':{'comment':'[scim-deleted] x'}", 1},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_t *w = world_make(p);

        w->conf.disabled_may_be_gone = 1;
        fake_rc_add(w->rc, apr_pstrcat(p, "{", cases[i].members,
                                       ",'contact':{'firstName':'Ann','email':"
                                       "'ann@example.com'}}",
                                       NULL));
        world_fill(w);
        is_int((long long)world_query(w, NULL, 1, 10)->total, cases[i].is,
               cases[i].members);
    }
}

static void versions(void)
{
    world_t *w = world_make(p);
    const char *version, *modified;
    answer_t *a;

    fake_rc_add(w->rc, full);
    fake_rc_user(w->rc, "Ann", "Archer", "other@example.com");
    world_fill(w);
    a = world_get(w, "1001");
    version = at(w, a->user, "meta/version");
    modified = at(w, a->user, "meta/lastModified");
    ok(strcmp(version, at(w, world_get(w, "1002")->user, "meta/version")) != 0,
       "another user has another version");
    fake_rc_edit(w->rc, 1001,
                 "{'contact':{'company':'Others'},'hidden':true,"
                 "'extensionNumber':'147'}");
    world_refresh(w);
    is_str(at(w, world_get(w, "1001")->user, "meta/version"), version,
           "what SCIM does not know of changes no version");
    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Chief'}}");
    world_refresh(w);
    a = world_get(w, "1001");
    ok(strcmp(at(w, a->user, "meta/version"), version) != 0, "what it knows does");
    ok(strcmp(at(w, a->user, "meta/lastModified"), modified) > 0, "and the time");
    is_str(at(w, a->user, "meta/created"), "2024-02-03T04:05:06.000Z",
           "but not that of its creation");
    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Boss'}}");
    world_refresh(w);
    is_str(at(w, world_get(w, "1001")->user, "meta/version"), version,
           "and the old state has the old version");
    w = world_make(p);
    fake_rc_add(w->rc, "{'creationTime':'2030-01-01T00:00:00Z','contact':{'firstName':"
                       "'Ann','email':'ann@example.com'}}");
    world_fill(w);
    a = world_get(w, "1001");
    is_str(at(w, a->user, "meta/lastModified"), "2030-01-01T00:00:00.000Z",
           "nobody was changed before being made");
}

static const char *meta(world_t *w, const char *name)
{
    return at(w, world_get(w, "1001")->user, apr_pstrcat(p, "meta/", name, NULL));
}

static scim_edit_t edit_if(const char *version)
{
    scim_edit_t edit;

    memset(&edit, 0, sizeof edit);
    edit.act = SCIM_PATCH;
    edit.type = &scim_type_user;
    edit.tolerance = SCIM_TOLERATE_ALL;
    edit.if_match = version;
    return edit;
}

static const json_t *replaces(const char *path, const char *value)
{
    return fake_json(p, apr_pstrcat(p, "{'Operations':[{'op':'replace','path':'", path,
                                    "','value':'", value, "'}]}", NULL));
}

/* What becomes of a PATCH with If-Match. */
static int patch_if(world_t *w, const char *version, const char *path,
                    const char *value)
{
    gw_session_t session = world_session(w);
    scim_edit_t edit = edit_if(version);
    const scim_error_t *error;
    scim_record_t record;
    scim_write_t write;

    error = scim_edit_prepare(p, &edit, replaces(path, value), &write);
    if (!error) {
        error = gw_user_backend.update(&session, p, "1001", write.change, write.baton,
                                       &record);
    }
    return error ? error->status : 200;
}

/* A copy with one user, of whom only a list has told, that has grown old. */
static world_t *listed(void)
{
    world_t *w = world_make(p);

    fake_rc_add(w->rc, full);
    world_fill(w);
    world_pass(w, 100);
    fake_rc_forget(w->rc);
    return w;
}

/* A single read shows more than a list. That is another document of the same user. */
static void mere_reads(void)
{
    world_t *w = listed();
    const char *tag = meta(w, "version"), *modified = meta(w, "lastModified"), *fuller;

    is_int(patch_if(w, "W/\"0\"", "title", "Chief"), 412,
           "not what the client expects");
    is_str(fake_rc_calls(w->rc), "readExtension", "nor after a read");
    fuller = meta(w, "version");
    ok(strcmp(fuller, tag) != 0, "which makes a fuller document with its own version");
    is_str(at(w, world_get(w, "1001")->user, "preferredLanguage"), "en-US", "indeed");
    is_str(meta(w, "lastModified"), modified, "of a user whom nobody has changed");
    world_refresh(w);
    is_str(meta(w, "version"), fuller, "a list takes nothing away");
    is_str(meta(w, "lastModified"), modified, "and changes nothing");
    world_restart(w);
    is_int(patch_if(w, tag, "title", "Boss"), 200, "the former version is not refused");
    is_str(meta(w, "version"), fuller, "as long as nothing is changed");
    is_int(patch_if(w, tag, "title", "Chief"), 200, "then a change passes");
    ok(strcmp(meta(w, "lastModified"), modified) > 0, "and has its time");
    is_int(patch_if(w, tag, "title", "Queen"), 412, "after which it is an old version");
    is_int(patch_if(w, fuller, "title", "Queen"), 412, "and so is the other");

    w = listed();
    is_int(patch_if(w, meta(w, "version"), "title", "Chief"), 200,
           "a read before the write does not refuse it");
    is_str(fake_rc_calls(w->rc), "readExtension updateExtension", "in one go");
}

/* But what is changed is refused, also when it is seen by such a read. */
static void changes_seen(void)
{
    world_t *w = listed();
    const char *tag = meta(w, "version"), *modified = meta(w, "lastModified");

    fake_rc_edit(w->rc, 1001, "{'contact':{'jobTitle':'Queen'}}");
    is_int(patch_if(w, tag, "department", "HR"), 412, "a change by somebody else");
    ok(strcmp(meta(w, "lastModified"), modified) > 0, "has its time");
    tag = meta(w, "version");
    modified = meta(w, "lastModified");
    world_pass(w, 100);
    fake_rc_edit(w->rc, 1001,
                 "{'regionalSettings':{'formattingLocale':{'localeCode':'de-DE'}}}");
    is_int(patch_if(w, tag, "title", "Chief"), 412, "one of what was known as well");
    ok(strcmp(meta(w, "lastModified"), modified) > 0, "has its time too");
}

/* Nor is our own write a mere read, though its answer shows more. */
static void own_writes(void)
{
    world_t *w = listed();
    const char *tag = meta(w, "version"), *modified = meta(w, "lastModified");
    gw_session_t session = world_session(w);
    scim_edit_t edit = edit_if(NULL);
    scim_write_t write;

    ok(!scim_edit_prepare(p, &edit, replaces("preferredLanguage", "de-DE"), &write),
       "a change of what no list shows");
    write.id = "1001";
    w->conf.max_age = apr_time_from_sec(36000);
    gw_user_backend.write_many(&session, p, &write, 1);
    ok(!write.error, "is made");
    is_int(fake_rc_called(w->rc, "readExtension"), 0, "blindly");
    ok(strcmp(meta(w, "lastModified"), modified) > 0, "it has its time");
    is_int(patch_if(w, tag, "title", "Chief"), 412, "and makes the version an old one");
}

static void numbers(void)
{
    static const struct {
        unsigned numbers;
        const char *business, *numbers_shown;
    } cases[] = {
        {0, NULL, ""},
        {GW_NUMBER_DIRECT, NULL, "work +16505550199 "},
        {GW_NUMBER_DIRECT, "+16505550101", "work +16505550101 "},
        {GW_NUMBER_EXTENSION, NULL, "other 146 "},
        {GW_NUMBER_DIRECT | GW_NUMBER_EXTENSION, NULL, "work +16505550199 other 146 "},
    };
    apr_size_t i, j;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_t *w = world_make(p);
        const char *shown = "";
        json_t *each;
        answer_t *a;

        w->conf.numbers = cases[i].numbers;
        fake_rc_add(w->rc,
                    apr_psprintf(p,
                                 "{'extensionNumber':'146','_direct':'+16505550199',"
                                 "'contact':{'firstName':'Ann','email':'a@b.c'%s%s%s}}",
                                 cases[i].business ? ",'businessPhone':'" : "",
                                 cases[i].business ? cases[i].business : "",
                                 cases[i].business ? "'" : ""));
        world_fill(w);
        a = world_get(w, "1001");
        json_array_foreach(json_object_get(a->user, "phoneNumbers"), j, each)
        {
            shown = apr_pstrcat(p, shown, at(w, each, "type"), " ",
                                at(w, each, "value"), " ", NULL);
        }
        is_str(shown, cases[i].numbers_shown, "numbers as they are asked for");
        fake_rc_forget(w->rc);
        a = world_put(w, "1001", a->text);
        is_str(fake_rc_calls(w->rc), "", "and sent back they are no change");
        is_int(a->status, 200, "nor an error");
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&p, NULL);
    text();
    sparse();
    persons();
    versions();
    mere_reads();
    changes_seen();
    own_writes();
    numbers();
    apr_pool_destroy(p);
    apr_terminate();
    return done_testing();
}
