#include "gw_dictionary.h"

#include <string.h>
#include <apr_allocator.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_iso3166.h"

#define DICTIONARIES 4
#define JSON_DEPTH 16

struct gw_dictionaries_t {
    apr_pool_t *pool;                /* of what is loaded; under the mutex */
    apr_thread_mutex_t *mutex;       /* over loading; what is loaded never changes */
    apr_hash_t *terms[DICTIONARIES]; /* spelling -> gw_term_t, NULL: not loaded */
};

/* How each dictionary is kept in the copy and where a record has its code. */
static const struct {
    const char *value_name;
    const char *code;
} kinds[DICTIONARIES] = {
    {"dictionary/countries", "isoCode"},
    {"dictionary/states", "isoCode"},
    {"dictionary/languages", "localeCode"},
    {"dictionary/timezones", "name"},
};

gw_dictionaries_t *gw_dictionaries_create(apr_pool_t *p)
{
    gw_dictionaries_t *d = apr_pcalloc(p, sizeof *d);
    apr_allocator_t *allocator;

    /* Loading happens while other threads use `p`, so it needs memory of its own. */
    apr_allocator_create(&allocator);
    apr_pool_create_ex(&d->pool, p, NULL, allocator);
    apr_allocator_owner_set(allocator, d->pool);
    apr_pool_tag(d->pool, "gw_dictionaries");
    apr_thread_mutex_create(&d->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    return d;
}

static const char *id_text(apr_pool_t *p, const json_t *id)
{
    return json_is_integer(id)
               ? apr_psprintf(p, "%" JSON_INTEGER_FORMAT, json_integer_value(id))
               : apr_pstrdup(p, json_string_value(id));
}

/* The first record with a spelling keeps it: dictionaries are in order of weight. */
static void add_spelling(apr_pool_t *p, apr_hash_t *terms, const char *spelling,
                         const gw_term_t *term)
{
    const char *key = base_str_fold(p, spelling);

    if (key && !apr_hash_get(terms, key, APR_HASH_KEY_STRING)) {
        apr_hash_set(terms, apr_pstrdup(p, key), APR_HASH_KEY_STRING, term);
    }
}

static void add_state(apr_pool_t *p, apr_hash_t *terms, const gw_term_t *term)
{
    /* "1" alone says that country 1 has states; "/ca" finds one without country. */
    add_spelling(p, terms, term->of, term);
    add_spelling(p, terms, apr_pstrcat(p, term->of, "/", term->code, NULL), term);
    add_spelling(p, terms, apr_pstrcat(p, term->of, "/", term->name, NULL), term);
    add_spelling(p, terms, apr_pstrcat(p, "/", term->code, NULL), term);
    add_spelling(p, terms, apr_pstrcat(p, "/", term->name, NULL), term);
}

static apr_hash_t *build(apr_pool_t *p, rc_dictionary_t which, const json_t *records)
{
    apr_hash_t *terms = apr_hash_make(p);
    json_t *record;
    size_t i;

    json_array_foreach((json_t *)records, i, record)
    {
        gw_term_t *term = apr_pcalloc(p, sizeof *term);

        term->id = id_text(p, json_object_get(record, "id"));
        term->code = apr_pstrdup(p, base_json_string(record, kinds[which].code));
        term->name = apr_pstrdup(p, base_json_string(record, "name"));
        if (!term->id || !term->code || !term->name) {
            continue;
        }
        if (which == RC_DICT_STATES) {
            term->of = id_text(p, base_json_at(record, "country.id"));
            if (term->of) {
                add_state(p, terms, term);
            }
            continue;
        }
        add_spelling(p, terms, term->code, term);
        add_spelling(p, terms, term->name, term);
        add_spelling(p, terms, base_json_string(record, "description"), term);
    }
    return terms;
}

static json_t *from_copy(apr_pool_t *p, rc_dictionary_t which, dir_store_t *store,
                         const base_env_t *env)
{
    base_slice_t text;

    if (dir_value(store, p, kinds[which].value_name, &text, env) != APR_SUCCESS) {
        return NULL;
    }
    return base_json_parse(p, text.data, text.len, JSON_DEPTH, 0, NULL);
}

typedef struct keep_t {
    const char *name;
    base_slice_t text;
} keep_t;

static apr_status_t keep(void *baton, dir_txn_t *txn)
{
    keep_t *k = baton;

    return dir_txn_set(txn, k->name, k->text.data, k->text.len);
}

rc_error_t *gw_dictionary_need(gw_dictionaries_t *d, apr_pool_t *p,
                               rc_dictionary_t which, dir_store_t *store,
                               rc_client_t *client, const rc_caller_t *who)
{
    json_t *records;
    rc_error_t *e;
    keep_t k;
    int loaded;

    apr_thread_mutex_lock(d->mutex);
    loaded = d->terms[which] != NULL;
    apr_thread_mutex_unlock(d->mutex);
    if (loaded) {
        return NULL;
    }
    records = from_copy(p, which, store, who->env);
    if (!json_array_size(records)) {
        e = rc_dictionary_read(client, who, p, which, &records);
        if (e) {
            return e;
        }
        if (json_is_object(records)) {
            records = json_object_get(records, "records");
        }
        if (!json_array_size(records)) {
            return rc_error(p, RC_PROTOCOL, "a dictionary of RingCentral is empty");
        }
        k.name = kinds[which].value_name;
        k.text.data = base_json_text(p, records, &k.text.len);
        dir_change(store, p, keep, &k, who->env); /* it logs; next time anew */
    }
    apr_thread_mutex_lock(d->mutex);
    if (!d->terms[which]) {
        d->terms[which] = build(d->pool, which, records);
    }
    apr_thread_mutex_unlock(d->mutex);
    return NULL;
}

static const gw_term_t *find(gw_dictionaries_t *d, rc_dictionary_t which,
                             const char *key)
{
    apr_hash_t *terms;

    apr_thread_mutex_lock(d->mutex);
    terms = d->terms[which];
    apr_thread_mutex_unlock(d->mutex);
    return terms ? apr_hash_get(terms, key, APR_HASH_KEY_STRING) : NULL;
}

const gw_term_t *gw_country(gw_dictionaries_t *d, apr_pool_t *p, const char *text)
{
    const char *folded = base_str_fold(p, text);
    const gw_term_t *term = find(d, RC_DICT_COUNTRIES, folded);
    char code[3];

    if (!term && gw_iso3166_code(folded, code)) {
        term = find(d, RC_DICT_COUNTRIES, base_str_fold(p, code));
    }
    return term;
}

const gw_term_t *gw_state(gw_dictionaries_t *d, apr_pool_t *p, const char *country_id,
                          const char *text)
{
    const char *folded = base_str_fold(p, text);
    const char *in = country_id ? country_id : "";
    const gw_term_t *term =
        find(d, RC_DICT_STATES, apr_pstrcat(p, in, "/", folded, NULL));

    if (!term && strlen(folded) > 3 && folded[2] == '-') {
        term = find(d, RC_DICT_STATES, apr_pstrcat(p, in, "/", folded + 3, NULL));
    }
    return term;
}

int gw_country_has_states(gw_dictionaries_t *d, const char *country_id)
{
    return find(d, RC_DICT_STATES, country_id) != NULL;
}

const gw_term_t *gw_language(gw_dictionaries_t *d, apr_pool_t *p, const char *text)
{
    char *tag = apr_pstrdup(p, base_str_fold(p, text)), *c;
    const gw_term_t *term;
    apr_hash_index_t *hi;

    for (c = tag; *c; c++) {
        *c = *c == '_' ? '-' : *c;
    }
    term = find(d, RC_DICT_LANGUAGES, tag);
    if (term || strchr(tag, '-') || !d->terms[RC_DICT_LANGUAGES]) {
        return term;
    }
    tag = apr_pstrcat(p, tag, "-", NULL);
    for (hi = apr_hash_first(p, d->terms[RC_DICT_LANGUAGES]); hi;
         hi = apr_hash_next(hi)) {
        const gw_term_t *each = apr_hash_this_val(hi);

        /* The order of a hash is none: of several take the first tag. */
        if (!strncmp(apr_hash_this_key(hi), tag, strlen(tag)) &&
            (!term || strcmp(each->code, term->code) < 0)) {
            term = each;
        }
    }
    return term;
}

/* Names of the tz database and the older links to them that RingCentral uses. */
static const struct {
    const char *zone, *link;
} zone_links[] = {
    {"america/los_angeles", "us/pacific"},
    {"america/denver", "us/mountain"},
    {"america/chicago", "us/central"},
    {"america/new_york", "us/eastern"},
    {"america/phoenix", "us/arizona"},
    {"america/anchorage", "us/alaska"},
    {"pacific/honolulu", "us/hawaii"},
    {"america/indianapolis", "us/east-indiana"},
    {"america/toronto", "canada/eastern"},
    {"america/winnipeg", "canada/central"},
    {"america/edmonton", "canada/mountain"},
    {"america/vancouver", "canada/pacific"},
    {"america/halifax", "canada/atlantic"},
    {"america/st_johns", "canada/newfoundland"},
};

const gw_term_t *gw_timezone(gw_dictionaries_t *d, apr_pool_t *p, const char *text)
{
    const char *folded = base_str_fold(p, text);
    const gw_term_t *term = find(d, RC_DICT_TIMEZONES, folded);
    apr_size_t i;

    for (i = 0; !term && i < sizeof zone_links / sizeof *zone_links; i++) {
        if (!strcmp(folded, zone_links[i].zone)) {
            term = find(d, RC_DICT_TIMEZONES, zone_links[i].link);
        }
        else if (!strcmp(folded, zone_links[i].link)) {
            term = find(d, RC_DICT_TIMEZONES, zone_links[i].zone);
        }
    }
    return term;
}
