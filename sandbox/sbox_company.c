#include "sbox_company.h"

#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "sbox_queue.h"
#include "sbox_sample.h"

/* 1 January 2024, and what lies between two people. */
#define FIRST_DAY APR_INT64_C(1704067200000000)
#define BETWEEN (APR_INT64_C(37) * 60 * APR_USEC_PER_SEC)

static const sbox_change_t silent = {0, 0};

typedef struct builder_t {
    sbox_account_t *account;
    const sbox_settings_t *settings;
    apr_pool_t *p; /* cleared after each person */
    apr_uint64_t dice;
    int made;
    apr_hash_t *emails; /* local part -> how often it was given */
    sbox_extension_t **queues;
} builder_t;

static unsigned int roll(builder_t *b, unsigned int n)
{
    b->dice = b->dice * APR_UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (unsigned int)((b->dice >> 33) % n);
}

static const char *const *pick(builder_t *b, const sbox_words_t *words)
{
    return &words->word[roll(b, (unsigned int)words->n)];
}

static sbox_extension_t *begin(builder_t *b, const char *type)
{
    sbox_extension_t *e =
        sbox_extension_new(sbox_account_next_id(b->account), sbox_type_find(type));

    e->created = FIRST_DAY + BETWEEN * b->made++;
    e->status = SBOX_ENABLED;
    sbox_extension_set(e, SBOX_T_SITE, "main-site");
    sbox_extension_set(e, SBOX_T_SETUP_WIZARD, "Completed");
    return e;
}

static void set_number(builder_t *b, sbox_extension_t *e)
{
    e->number = strdup(sbox_account_free_number(b->account, b->p));
}

static void set_place(sbox_extension_t *e, const sbox_place_t *place)
{
    sbox_extension_set(e, SBOX_T_COUNTRY, place->country);
    sbox_extension_set(e, SBOX_T_STATE, place->state);
    sbox_extension_set(e, SBOX_T_CITY, place->city);
    sbox_extension_set(e, SBOX_T_STREET, place->street);
    sbox_extension_set(e, SBOX_T_ZIP, place->zip);
    sbox_extension_set(e, SBOX_T_HOME_COUNTRY, place->country_id);
    sbox_extension_set(e, SBOX_T_TIMEZONE, place->timezone);
    sbox_extension_set(e, SBOX_T_LANGUAGE, place->language);
    sbox_extension_set(e, SBOX_T_GREETING, place->language);
    sbox_extension_set(e, SBOX_T_LOCALE, place->language);
    sbox_extension_set(e, SBOX_T_TIME_FORMAT, place->time_format);
}

/* "Müller" -> "mueller": what IT departments make of names. */
static const char *ascii(builder_t *b, const char *name)
{
    static const char *const spelling[][2] = {
        {"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"}, {"é", "e"},  {"è", "e"},
        {"ç", "c"},  {"ñ", "n"},  {"ø", "oe"}, {"å", "aa"}, {"Ö", "oe"}, {"Å", "aa"},
        {"É", "e"},  {"ł", "l"},  {"ń", "n"},  {"í", "i"},  {"ó", "o"},  {"á", "a"},
        {"ë", "e"},  {"ï", "i"},  {"ú", "u"},  {"ã", "a"},  {"Ç", "c"},  {"ô", "o"},
        {"î", "i"},  {"à", "a"},  {"Ü", "ue"},
    };
    char *out = apr_pcalloc(b->p, strlen(name) * 2 + 1), *to = out;

    while (*name) {
        apr_size_t i = 0;

        while (i < sizeof(spelling) / sizeof(spelling[0]) &&
               strncmp(name, spelling[i][0], strlen(spelling[i][0]))) {
            i++;
        }
        if (i < sizeof(spelling) / sizeof(spelling[0])) {
            memcpy(to, spelling[i][1], strlen(spelling[i][1]));
            to += strlen(spelling[i][1]);
            name += strlen(spelling[i][0]);
        }
        else {
            if (apr_isalnum(*name)) {
                *to++ = (char)apr_tolower(*name);
            }
            name++;
        }
    }
    return out;
}

static const char *unique_email(builder_t *b, const char *first, const char *last)
{
    const char *local = apr_pstrcat(b->p, ascii(b, first), ".", ascii(b, last), NULL);
    const int *before = apr_hash_get(b->emails, local, APR_HASH_KEY_STRING);
    int *n = (int *)before;

    if (!n) {
        n = apr_pcalloc(b->account->pool, sizeof(*n));
        apr_hash_set(b->emails, apr_pstrdup(b->account->pool, local),
                     APR_HASH_KEY_STRING, n);
    }
    return ++*n == 1 ? apr_pstrcat(b->p, local, "@" SBOX_SAMPLE_DOMAIN, NULL)
                     : apr_psprintf(b->p, "%s%d@" SBOX_SAMPLE_DOMAIN, local, *n);
}

/* Most people work; some have left, some have not begun. */
static void set_status(builder_t *b, sbox_extension_t *e)
{
    unsigned int fate = roll(b, 100);

    if (fate < 6) {
        e->status = SBOX_DISABLED;
        sbox_extension_set(e, SBOX_T_REASON, "Voluntarily");
    }
    else if (fate < 14) {
        e->status = SBOX_NOT_ACTIVATED;
        sbox_extension_set(e, SBOX_T_SETUP_WIZARD, "NotStarted");
    }
    else {
        sbox_extension_set(e, SBOX_T_PASSWORD, "Sample!Passw0rd");
    }
}

static void join_groups(builder_t *b, sbox_extension_t *e)
{
    const sbox_account_t *account = b->account;
    size_t n_roles = json_array_size(account->roles);
    size_t n_sites = json_array_size(account->sites);
    const json_t *site;

    if (n_roles > 1 && roll(b, 5) == 0) {
        json_t *role = json_array_get(account->roles, roll(b, (unsigned int)n_roles));

        json_array_append(e->roles, json_object_get(role, "id"));
    }
    else {
        json_array_append_new(e->roles, json_string(account->default_role));
    }
    site = json_array_get(account->sites, roll(b, (unsigned int)n_sites));
    sbox_extension_set(e, SBOX_T_SITE, json_string_value(json_object_get(site, "id")));
    if (b->settings->queues && roll(b, 3) == 0) {
        sbox_queue_join(b->queues[roll(b, (unsigned int)b->settings->queues)], e);
    }
}

static void add_user(builder_t *b)
{
    const sbox_place_t *place = sbox_sample_place(roll(b, 100));
    const char *first = *pick(b, place->first_names);
    const char *last = *pick(b, place->last_names);
    sbox_extension_t *e = begin(b, "User");

    sbox_extension_set(e, SBOX_T_FIRST_NAME, first);
    sbox_extension_set(e, SBOX_T_LAST_NAME, last);
    sbox_extension_set(e, SBOX_T_EMAIL, unique_email(b, first, last));
    sbox_extension_set(e, SBOX_T_COMPANY, b->account->name);
    sbox_extension_set(e, SBOX_T_JOB_TITLE, *pick(b, &sbox_sample_titles));
    sbox_extension_set(e, SBOX_T_DEPARTMENT, *pick(b, &sbox_sample_departments));
    set_place(e, place);
    set_number(b, e);
    set_status(b, e);
    e->email_as_login = 1;
    if (roll(b, 3)) {
        sbox_extension_set(e, SBOX_T_MOBILE_PHONE,
                           apr_psprintf(b->p, "+%s%07u", place->mobile,
                                        1000000 + (unsigned int)b->made));
    }
    if (roll(b, 2)) {
        e->references = json_pack("[{s:o, s:s}]", "ref",
                                  json_sprintf("00u%08x", 0x10000u + (unsigned)b->made),
                                  "type", "CustomerDirectoryId");
    }
    join_groups(b, e);
    sbox_account_add(b->account, e, &silent);
    if (roll(b, 5)) {
        sbox_number_add(b->account, sbox_usage_find("DirectNumber"), e->id, 1);
    }
}

static void add_unassigned(builder_t *b)
{
    sbox_extension_t *e = begin(b, "User");

    e->status = SBOX_UNASSIGNED;
    e->hidden = 1;
    json_array_append_new(e->roles, json_string(b->account->default_role));
    set_place(e, sbox_sample_place(0));
    sbox_account_add(b->account, e, &silent);
    sbox_number_add(b->account, sbox_usage_find("DirectNumber"), e->id, 1);
}

/* The account's own extension, the first of its people. A company without people has it
 * all the same, with nobody's name and address. */
static void add_system(builder_t *b)
{
    sbox_extension_t *e = begin(b, "User");

    e->id = b->account->id;
    if (b->settings->users) {
        sbox_extension_set(e, SBOX_T_FIRST_NAME, "Alex");
        sbox_extension_set(e, SBOX_T_LAST_NAME, "Admin");
        sbox_extension_set(e, SBOX_T_EMAIL, "admin@" SBOX_SAMPLE_DOMAIN);
    }
    sbox_extension_set(e, SBOX_T_COMPANY, b->account->name);
    sbox_extension_set(e, SBOX_T_PASSWORD, "Sample!Passw0rd");
    set_place(e, sbox_sample_place(0));
    set_number(b, e);
    e->admin = e->email_as_login = 1;
    json_array_append(e->roles,
                      json_object_get(json_array_get(b->account->roles, 0), "id"));
    sbox_account_add(b->account, e, &silent);
    sbox_number_add(b->account, sbox_usage_find("MainCompanyNumber"), 0, 0);
    sbox_number_add(b->account, sbox_usage_find("CompanyNumber"), 0, 0);
    sbox_number_add(b->account, sbox_usage_find("DirectNumber"), e->id, 1);
}

static sbox_extension_t *add_other(builder_t *b, const char *type, const char *name)
{
    sbox_extension_t *e = begin(b, type);

    sbox_extension_set(e, SBOX_T_NAME, name);
    sbox_extension_set(e, SBOX_T_FIRST_NAME, name);
    set_place(e, sbox_sample_place(0));
    set_number(b, e);
    sbox_account_add(b->account, e, &silent);
    return e;
}

static void add_roles(builder_t *b)
{
    int i, n = b->settings->roles + SBOX_SAMPLE_FIXED_ROLES;

    for (i = 0; i < n; i++) {
        const char *name = i < sbox_sample_roles.n
                               ? sbox_sample_roles.word[i]
                               : apr_psprintf(b->p, "Custom Role %d", i);

        json_array_append_new(
            b->account->roles,
            json_pack("{s:o, s:s, s:b, s:b, s:s}", "id", json_sprintf("%d", i + 1),
                      "displayName", name, "custom", i >= SBOX_SAMPLE_FIXED_ROLES,
                      "siteCompatible", i > 1, "scope", i ? "Self" : "Account"));
    }
    b->account->default_role = "4";
}

static void add_sites(builder_t *b)
{
    int i;

    json_array_append_new(b->account->sites, json_pack("{s:s, s:s}", "id", "main-site",
                                                       "name", "Main Site"));
    for (i = 0; i < b->settings->sites; i++) {
        const char *name = i < sbox_sample_sites.n
                               ? sbox_sample_sites.word[i]
                               : apr_psprintf(b->p, "Site %d", i + 1);

        json_array_append_new(b->account->sites,
                              json_pack("{s:o, s:s, s:o, s:s}", "id",
                                        json_sprintf("%" APR_INT64_T_FMT,
                                                     sbox_account_next_id(b->account)),
                                        "name", name, "code",
                                        json_sprintf("%d", 10 + i), "extensionNumber",
                                        sbox_account_free_number(b->account, b->p)));
    }
}

static void add_queues(builder_t *b)
{
    int i;

    b->queues = apr_pcalloc(b->account->pool,
                            sizeof(*b->queues) * ((apr_size_t)b->settings->queues + 1));
    for (i = 0; i < b->settings->queues; i++) {
        b->queues[i] =
            add_other(b, "Department",
                      i < sbox_sample_queues.n ? sbox_sample_queues.word[i]
                                               : apr_psprintf(b->p, "Queue %d", i + 1));
    }
}

static void add_custom_fields(builder_t *b)
{
    static const char *const names[] = {"Employee number", "Building"};
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_array_append_new(b->account->custom_fields,
                              json_pack("{s:o, s:s, s:s}", "id",
                                        json_sprintf("%d", 900 + (int)i), "category",
                                        "User", "displayName", names[i]));
    }
}

void sbox_company_build(sbox_account_t *account, const sbox_settings_t *settings)
{
    builder_t b = {0};
    int i;

    b.account = account;
    b.settings = settings;
    b.dice = settings->seed * 2654435761U + 1;
    apr_pool_create(&b.p, account->pool);
    b.emails = apr_hash_make(account->pool);
    add_roles(&b);
    add_system(&b);
    add_sites(&b);
    add_custom_fields(&b);
    add_other(&b, "IvrMenu", "Main Menu");
    add_other(&b, "Announcement", "Closed on Holidays");
    add_queues(&b);
    for (i = 1; i < settings->users; i++) {
        add_user(&b);
        apr_pool_clear(b.p);
    }
    for (i = 0; i < settings->unassigned; i++) {
        add_unassigned(&b);
    }
    apr_pool_destroy(b.p);
}
