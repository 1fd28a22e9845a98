#include "gw_item.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "base_time.h"
#include "scim_brief.h"
#include "scim_schema.h"

#define DOC_DEPTH 32
#define HEARD "heard" /* item->heard, as a member of a record's memory */

/* What is kept of an extension; the rest of RingCentral's answer is left out. */
static const char *const kept[] = {"id",     "extensionNumber", "name",      "type",
                                   "status", "creationTime",    "references"};
/* Members that only a single read shows. */
static const char *const detail_only[] = {"regionalSettings", "statusInfo"};
static const char *const contact_kept[] = {
    "firstName",  "lastName",      "jobTitle",    "email",
    "department", "businessPhone", "mobilePhone", "businessAddress"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

void gw_item_show(const dir_record_t *record, scim_record_t *shown)
{
    shown->text = record->doc.data;
    shown->len = record->doc.len;
    shown->mark = record->mark;
    shown->version = record->version;
}

apr_status_t gw_item_load(apr_pool_t *p, const dir_record_t *record, gw_item_t *item)
{
    memset(item, 0, sizeof *item);
    item->id = record->id;
    item->flags = record->flags;
    item->fetched = record->fetched;
    item->state =
        base_json_parse(p, record->state.data, record->state.len, DOC_DEPTH, 0, NULL);
    item->memory =
        base_json_parse(p, record->memory.data, record->memory.len, DOC_DEPTH, 0, NULL);
    if (!json_is_object(item->memory)) {
        item->memory = base_json_own(p, json_object());
    }
    item->heard = (apr_time_t)base_json_int(item->memory, HEARD, 0);
    json_object_del(item->memory, HEARD);
    return json_is_object(item->state) ? APR_SUCCESS : APR_EGENERAL;
}

/* What is in them is shared from then on: neither changes it. */
static void share_members(json_t *to, const json_t *from, const char *const *names,
                          apr_size_t n)
{
    apr_size_t i;

    for (i = 0; i < n; i++) {
        json_t *member = json_object_get(from, names[i]);

        if (member && !json_is_null(member)) {
            json_object_set(to, names[i], member);
        }
    }
}

/* Has the status stayed, so that an older statusInfo still holds? */
static int same_status(const json_t *a, const json_t *b)
{
    return base_str_same(base_json_string(a, "status"), base_json_string(b, "status"));
}

/* Values that were filled in from the company are not shown. */
static void hide_filled(apr_pool_t *p, gw_item_t *item, const json_t *before)
{
    int i;

    for (i = 0; i < GW_ROWS; i++) {
        const gw_row_t *row = &gw_rows[i];

        if (row->flags & GW_ROW_DEFAULTED && !gw_row_field(row, before)) {
            gw_item_remember(p, item, row, NULL);
        }
    }
    json_object_del(item->memory, GW_UNSEEN);
}

/* Of a single read: which values come to light that no list has shown? A record that
 * nobody believes may have lost a change, and a single read has shown all. */
static unsigned newly_known(const gw_item_t *item, const json_t *state)
{
    int complete =
        item->flags & DIR_DETAILED && json_object_get(item->state, "regionalSettings");
    unsigned learnt = 0;
    int i;

    if (!item->state || !item->fetched || complete) {
        return 0;
    }
    for (i = 0; i < GW_ROWS; i++) {
        if (gw_rows[i].flags & GW_ROW_UNLISTED && gw_row_field(&gw_rows[i], state) &&
            !gw_row_field(&gw_rows[i], item->state)) {
            learnt |= 1u << i;
        }
    }
    return learnt;
}

void gw_item_absorb(apr_pool_t *p, gw_item_t *item, const json_t *extension,
                    apr_time_t fetched, int detailed)
{
    const json_t *before = item->state;
    json_t *state = base_json_own(p, json_object()), *contact = json_object();

    share_members(state, extension, kept, COUNT(kept));
    share_members(contact, json_object_get(extension, "contact"), contact_kept,
                  COUNT(contact_kept));
    json_object_set_new(state, "contact", contact);
    share_members(state, detailed ? extension : item->state, detail_only,
                  COUNT(detail_only));
    if (item->state) {
        json_t *direct = json_object_get(item->state, "directNumber");

        if (direct) {
            json_object_set(state, "directNumber", direct);
        }
    }
    item->learnt = detailed ? newly_known(item, state) : 0;
    if (detailed) {
        item->flags |= DIR_DETAILED;
    }
    else if (!item->state || !same_status(item->state, state)) {
        json_object_del(state, "statusInfo");
        item->flags &= ~(unsigned)DIR_DETAILED;
    }
    item->flags &= ~(unsigned)(DIR_GONE | DIR_WRITTEN);
    item->id = (apr_uint64_t)json_integer_value(json_object_get(extension, "id"));
    item->fetched = fetched;
    item->state = state;
    if (!item->memory) {
        item->memory = base_json_own(p, json_object());
    }
    if (!base_str_same(base_json_string(state, "status"), "Disabled")) {
        json_object_del(item->memory, "was");
    }
    if (json_object_get(item->memory, GW_UNSEEN)) {
        hide_filled(p, item, before);
    }
}

int gw_item_is_marked(const gw_item_t *item)
{
    const char *comment = base_json_string(item->state, "statusInfo.comment");

    return base_str_same(base_json_string(item->state, "status"), "Disabled") &&
           comment && !strncmp(comment, GW_GONE_MARK, sizeof GW_GONE_MARK - 1);
}

int gw_item_is_user(const gw_item_t *item)
{
    static const char *const person_types[] = {"User", "DigitalUser", "VirtualUser",
                                               "FlexibleUser", "Limited"};
    const char *type = base_json_string(item->state, "type");
    const char *email = base_json_string(item->state, "contact.email");
    apr_size_t i;

    if (!email || !*email || item->flags & DIR_GONE || gw_item_is_marked(item) ||
        base_str_same(base_json_string(item->state, "status"), "Unassigned")) {
        return 0;
    }
    for (i = 0; i < COUNT(person_types); i++) {
        if (base_str_same(type, person_types[i])) {
            return 1;
        }
    }
    return 0;
}

static int is_place(const gw_row_t *row)
{
    return row->kind == GW_COUNTRY || row->kind == GW_REGION;
}

/* A place as the account's form has it, for a client whose own spelling is unknown. */
static const char *place_text(apr_pool_t *p, const gw_style_t *style,
                              const gw_item_t *item, const gw_row_t *row)
{
    const char *text = gw_row_field(row, item->state);
    const gw_term_t *term = NULL, *country;

    if (row->kind == GW_COUNTRY) {
        term = gw_country(style->dictionaries, p, text);
    }
    else {
        const char *of = gw_row_field(gw_row_of(GW_COUNTRY), item->state);

        country = of ? gw_country(style->dictionaries, p, of) : NULL;
        term = gw_state(style->dictionaries, p, country ? country->id : NULL, text);
    }
    if (!term) {
        return text;
    }
    return style->address_form == GW_ADDRESS_ISO ? term->code : term->name;
}

static const char *plain_value(apr_pool_t *p, const gw_style_t *style,
                               const gw_item_t *item, const gw_row_t *row)
{
    const char *text = gw_row_field(row, item->state);

    return text && is_place(row) ? place_text(p, style, item, row) : text;
}

static json_t *said(apr_pool_t *p, const gw_item_t *item, const gw_row_t *row)
{
    const json_t *all = json_object_get(item->memory, "said");

    return json_object_size(all) ? json_object_get(all, gw_row_key(p, row)) : NULL;
}

const char *gw_item_value(apr_pool_t *p, const gw_style_t *style, const gw_item_t *item,
                          const gw_row_t *row)
{
    const char *text = gw_row_field(row, item->state);
    json_t *pair;

    if (!text) {
        return NULL;
    }
    pair = said(p, item, row);
    if (pair && !strcmp(json_string_value(json_array_get(pair, 1)), text)) {
        return json_string_value(json_array_get(pair, 0));
    }
    return plain_value(p, style, item, row);
}

void gw_item_forget(apr_pool_t *p, gw_item_t *item, const gw_row_t *row)
{
    json_object_del(json_object_get(item->memory, "said"), gw_row_key(p, row));
}

void gw_item_remember(apr_pool_t *p, gw_item_t *item, const gw_row_t *row,
                      const char *sent)
{
    const char *now = gw_row_field(row, item->state);
    json_t *all = json_object_get(item->memory, "said");

    /* How a place is spelt to others may change. */
    if (!now || (sent && !is_place(row) && !strcmp(sent, now))) {
        gw_item_forget(p, item, row);
        return;
    }
    if (!all) {
        all = json_object();
        json_object_set_new(item->memory, "said", all);
    }
    json_object_set_new(all, gw_row_key(p, row), json_pack("[s?s]", sent, now));
}

/* Was it filled in by RingCentral and is not shown? */
static int is_hidden(apr_pool_t *p, const gw_item_t *item, const gw_row_t *row,
                     const char *text)
{
    const json_t *pair = said(p, item, row);

    return pair && json_is_null(json_array_get(pair, 0)) &&
           !strcmp(json_string_value(json_array_get(pair, 1)), text);
}

/* The version speaks of what RingCentral holds: two spellings of one place are one
 * version (a weak one, RFC 9110 section 8.8.1). As it is without the rows `unknown`. */
static const char *version_of(apr_pool_t *p, const gw_style_t *style,
                              const gw_item_t *item, unsigned unknown)
{
    static const struct {
        unsigned shown_by;
        const char *member;
    } numbers[] = {{GW_NUMBER_DIRECT, "directNumber"},
                   {GW_NUMBER_EXTENSION, "extensionNumber"}};
    apr_array_header_t *parts = apr_array_make(p, GW_ROWS + 3, sizeof(char *));
    const char *all, *text;
    apr_size_t i;

    for (i = 0; i < GW_ROWS; i++) {
        text = unknown & 1u << i ? NULL : gw_row_field(&gw_rows[i], item->state);
        APR_ARRAY_PUSH(parts, const char *) =
            text && !is_hidden(p, item, &gw_rows[i], text) ? text : "";
    }
    for (i = 0; i < COUNT(numbers); i++) {
        text = style->numbers & numbers[i].shown_by
                   ? base_json_string(item->state, numbers[i].member)
                   : NULL;
        APR_ARRAY_PUSH(parts, const char *) = text ? text : "";
    }
    APR_ARRAY_PUSH(parts, const char *) =
        apr_psprintf(p, "%" APR_UINT64_T_FMT, item->id);
    all = apr_array_pstrcat(p, parts, '\n');
    return apr_pstrndup(p, base_sha256_hex(p, all, strlen(all)), 16);
}

static void note_change(apr_pool_t *p, const gw_style_t *style, gw_item_t *item,
                        apr_time_t now)
{
    const char *version = version_of(p, style, item, 0);
    json_t *last = json_object_get(item->memory, "version");
    unsigned learnt = item->learnt;

    item->learnt = 0;
    if (base_str_same(json_string_value(last), version)) {
        return;
    }
    if (learnt &&
        base_str_same(json_string_value(last), version_of(p, style, item, learnt))) {
        json_object_set(item->memory, GW_FORMER, last);
    }
    else {
        json_object_del(item->memory, GW_FORMER);
        json_object_set_new(item->memory, "modified", json_integer(now));
    }
    json_object_set_new(item->memory, "version", json_string(version));
}

const char *gw_item_former(apr_pool_t *p, const gw_item_t *item)
{
    const char *former = base_json_string(item->memory, GW_FORMER);

    return former ? apr_psprintf(p, "W/\"%s\"", former) : NULL;
}

static void add_numbers(const gw_style_t *style, const gw_item_t *item, json_t *user)
{
    static const gw_row_t work = {NULL, "phoneNumbers", "work", "value",
                                  "",   GW_TEXT,        0,      ""};
    static const gw_row_t other = {NULL, "phoneNumbers", "other", "value",
                                   "",   GW_TEXT,        0,       ""};
    const char *direct = base_json_string(item->state, "directNumber");
    const char *number = base_json_string(item->state, "extensionNumber");

    if (style->numbers & GW_NUMBER_DIRECT && direct && !gw_row_get(&work, user)) {
        gw_row_put(&work, user, direct);
    }
    if (style->numbers & GW_NUMBER_EXTENSION && number) {
        gw_row_put(&other, user, number);
    }
}

static json_t *user_json(apr_pool_t *p, const gw_style_t *style, const gw_item_t *item)
{
    json_t *user = base_json_own(p, json_object()), *name = json_object();
    const char *text, *last;
    int i;

    json_object_set_new(user, "schemas", json_pack("[s]", SCIM_URN_USER));
    json_object_set_new(user, "id", json_sprintf("%" APR_UINT64_T_FMT, item->id));
    json_object_set_new(user, "name", name);
    for (i = 0; i < GW_ROWS; i++) {
        text = gw_item_value(p, style, item, &gw_rows[i]);
        if (text) {
            gw_row_put(&gw_rows[i], user, text);
        }
    }
    text = base_json_string(name, "givenName");
    last = base_json_string(name, "familyName");
    text = apr_pstrcat(p, text ? text : "", text && last ? " " : "", last ? last : "",
                       NULL);
    if (*text) {
        json_object_set_new(name, "formatted", json_string(text));
        json_object_set_new(user, "displayName", json_string(text));
    }
    else {
        json_object_del(user, "name");
    }
    add_numbers(style, item, user);
    json_object_set_new(json_array_get(json_object_get(user, "emails"), 0), "primary",
                        json_true());
    if (json_object_get(user, SCIM_URN_ENTERPRISE_USER)) {
        json_array_append_new(json_object_get(user, "schemas"),
                              json_string(SCIM_URN_ENTERPRISE_USER));
    }
    return user;
}

static void make_document(apr_pool_t *p, const gw_style_t *style, const gw_item_t *item,
                          dir_record_t *record)
{
    apr_time_t modified = (apr_time_t)base_json_int(item->memory, "modified", 0);
    apr_time_t created = modified;
    json_t *user = user_json(p, style, item);
    const char *text, *tail;
    apr_size_t len;

    base_time_parse(base_json_string(item->state, "creationTime"), &created);
    if (modified < created) { /* the platform's clock is ahead of ours */
        modified = created;
    }
    record->version =
        apr_psprintf(p, "W/\"%s\"", base_json_string(item->memory, "version"));
    json_object_set_new(
        user, "meta",
        json_pack("{s:s,s:s,s:s,s:s}", "resourceType", scim_type_user.name, "created",
                  base_time_format(p, created), "lastModified",
                  base_time_format(p, modified), "version", record->version));
    record->brief = scim_brief_make(p, &scim_type_user, user);
    /* The location goes in where meta, and with it the whole, ends. */
    text = base_json_text(p, user, &len);
    text = apr_pstrmemdup(p, text, len - 2);
    text = apr_pstrcat(p, text, ",\"location\":\"", NULL);
    tail = apr_psprintf(p, "%s/%" APR_UINT64_T_FMT "\"}}", scim_type_user.endpoint,
                        item->id);
    record->mark = (apr_uint32_t)strlen(text);
    record->doc.data = apr_pstrcat(p, text, tail, NULL);
    record->doc.len = strlen(record->doc.data);
}

static void set_keys(apr_pool_t *p, const gw_item_t *item, dir_record_t *record)
{
    const char *email = base_json_string(item->state, "contact.email");

    record->keys[DIR_STATUS] = base_json_string(item->state, "status");
    record->keys[DIR_NUMBER] = base_json_string(item->state, "extensionNumber");
    /* A marked one keeps its name, by which a later create finds and revives it. */
    if (record->flags & DIR_LISTED || gw_item_is_marked(item)) {
        record->keys[DIR_LOGIN] = record->keys[DIR_EMAIL] = base_str_fold(p, email);
        record->keys[DIR_FOREIGN] = gw_row_field(gw_row_of(GW_REFERENCE), item->state);
    }
}

/* A disabled extension of which only a list told may have been deleted through SCIM.
 * Until it was read singly it stays as visible as it was. */
static int must_wait(const gw_style_t *style, const gw_item_t *item)
{
    return style->disabled_may_be_gone &&
           !(item->flags & (DIR_DETAILED | DIR_LISTED)) &&
           base_str_same(base_json_string(item->state, "status"), "Disabled");
}

void gw_item_record(apr_pool_t *p, const gw_style_t *style, gw_item_t *item,
                    apr_time_t now, dir_record_t *record)
{
    memset(record, 0, sizeof *record);
    if (gw_item_is_user(item) && !must_wait(style, item)) {
        item->flags |= DIR_LISTED;
    }
    else {
        item->flags &= ~(unsigned)DIR_LISTED;
    }
    record->id = item->id;
    record->flags = item->flags;
    record->fetched = item->fetched;
    if (item->flags & DIR_LISTED) {
        note_change(p, style, item, now);
        make_document(p, style, item, record);
    }
    record->state.data = base_json_text(p, item->state, &record->state.len);
    if (item->heard) {
        json_object_set_new(item->memory, HEARD, json_integer(item->heard));
    }
    record->memory.data = base_json_text(p, item->memory, &record->memory.len);
    json_object_del(item->memory, HEARD);
    set_keys(p, item, record);
}

json_t *gw_item_document(apr_pool_t *p, const base_slice_t *doc)
{
    json_t *user = base_json_parse(p, doc->data, doc->len, DOC_DEPTH, 0, NULL);

    json_object_del(json_object_get(user, "meta"), "location");
    return user;
}
