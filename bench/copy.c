/* What reading costs inside, without httpd and RingCentral: fills a copy with so many
 * users as the arguments say and asks it. Times are processor time of one thread, for
 * other programs shall not count; the table shows the best and the median of RUNS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_time.h"
#include "dir_store.h"
#include "gw_item.h"
#include "scim_brief.h"

#define RUNS 9
#define LOOKUPS 20000 /* in a run */
#define PAGES 50
#define BATCH 100 /* users in a transaction, as the gateway does it */

static apr_pool_t *p;
static gw_style_t style;

static apr_time_t now(void *ctx)
{
    return apr_time_now();
}

static apr_status_t doze(void *ctx, apr_interval_time_t t)
{
    apr_sleep(t);
    return APR_SUCCESS;
}

static void print(void *ctx, base_log_level_t level, apr_status_t rv, const char *line)
{
    if (level < BASE_LOG_NOTICE) {
        fprintf(stderr, "%s\n", line);
    }
}

static const base_env_t env = {NULL, now, doze, print};

static void check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "bench/copy: %s failed\n", what);
        exit(1);
    }
}

/* Seconds on a clock. */
static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- filling ---- */

static const char *const given[] = {"Ann",    "Benedikt", "\xc3\x89ric", "Charlotte",
                                    "Dagmar", "Emil",     "Friederike"};
static const char *const family[] = {"Archer", "M\xc3\xbcller", "Smith", "O'Neill",
                                     "Nowak"};
static const char *const titles[] = {"Sales Manager", "Support Engineer",
                                     "Agent",         "Head of \"R&D\"",
                                     "Clerk",         "Team Lead"};

/* What RingCentral says of the n-th user. */
static json_t *extension_of(int n)
{
    const char *first = given[n % 7], *last = family[n % 5];
    json_t *contact =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "firstName", first, "lastName", last,
                  "jobTitle", titles[n % 6], "department", n % 3 ? "Sales" : "Support",
                  "email", apr_psprintf(p, "user%d@bench.example.com", n),
                  "businessPhone", apr_psprintf(p, "+1650%07d", n), "mobilePhone",
                  apr_psprintf(p, "+1415%07d", n));

    json_object_set_new(contact, "businessAddress",
                        json_pack("{s:s,s:s,s:s,s:s,s:s}", "street", "20 Davis Drive",
                                  "city", "Belmont", "state", "California", "zip",
                                  "94002", "country", "United States"));
    return json_pack(
        "{s:i,s:s,s:s,s:s,s:s,s:s,s:o,s:[{s:s,s:s}],s:{s:{s:s},s:{s:s}}}", "id",
        100001 + n, "extensionNumber", apr_psprintf(p, "%d", 100 + n), "name",
        apr_pstrcat(p, first, " ", last, NULL), "type", "User", "status",
        n % 20 ? "Enabled" : "Disabled", "creationTime",
        base_time_format(p, apr_time_from_sec(1790000000 + n)), "contact", contact,
        "references", "type", "CustomerDirectoryId", "ref",
        apr_psprintf(p, "00u%08x", (unsigned)n * 2654435761u), "regionalSettings",
        "timezone", "name", "America/Los_Angeles", "language", "localeCode", "en-US");
}

typedef struct batch_t {
    int first, n;
} batch_t;

static apr_status_t put_batch(void *baton, dir_txn_t *txn)
{
    const batch_t *b = baton;
    apr_pool_t *all = p;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < b->n && rv == APR_SUCCESS; i++) {
        dir_record_t record;
        gw_item_t item;

        apr_pool_create(&p, all);
        memset(&item, 0, sizeof item);
        gw_item_absorb(p, &item, base_json_own(p, extension_of(b->first + i)),
                       apr_time_now(), 0);
        gw_item_record(p, &style, &item, apr_time_now(), &record);
        rv = dir_txn_put(txn, &record);
        apr_pool_destroy(p);
        p = all;
    }
    return rv;
}

static void fill(dir_store_t *store, int users, int size)
{
    double begun = seconds(CLOCK_PROCESS_CPUTIME_ID), longest = 0;
    batch_t b = {0, size};

    for (; b.first < users; b.first += b.n) {
        double start = seconds(CLOCK_THREAD_CPUTIME_ID), took;

        b.n = users - b.first < size ? users - b.first : size;
        check(dir_change(store, p, put_batch, &b, &env) == APR_SUCCESS, "a write");
        took = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
        longest = took > longest ? took : longest;
    }
    printf("%-34s %10.2f us a user, longest transaction (%d users) %.1f ms\n", "fill",
           (seconds(CLOCK_PROCESS_CPUTIME_ID) - begun) / users * 1e6, size,
           longest * 1e3);
}

/* ---- asking ---- */

/* One thing to measure: what one run does, and into how many parts its time is
 * divided. */
typedef struct measure_t {
    const char *name;
    void (*run)(const struct measure_t *m, dir_store_t *store, apr_pool_t *scratch);
    const char *filter, *sort;
    int users, count, repeat;
    apr_int64_t parts;
    const char *unit;
} measure_t;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(const measure_t *m, dir_store_t *store)
{
    double took[RUNS];
    apr_pool_t *scratch;
    int i;

    apr_pool_create(&scratch, p);
    for (i = 0; i < RUNS; i++) {
        double start = seconds(CLOCK_THREAD_CPUTIME_ID);

        m->run(m, store, scratch);
        took[i] = (seconds(CLOCK_THREAD_CPUTIME_ID) - start) / (double)m->parts * 1e6;
        apr_pool_clear(scratch);
    }
    qsort(took, RUNS, sizeof *took, by_size);
    printf("%-34s %10.3f %10.3f us %s\n", m->name, took[0], took[RUNS / 2], m->unit);
    apr_pool_destroy(scratch);
}

static apr_uint64_t some_id(const measure_t *m, int i)
{
    return 100001 + (apr_uint64_t)i * 7919 % (apr_uint64_t)m->users;
}

static void by_id(const measure_t *m, dir_store_t *store, apr_pool_t *scratch)
{
    dir_record_t record;
    int i;

    for (i = 0; i < LOOKUPS; i++) {
        check(dir_get_doc(store, scratch, some_id(m, i), &record, &env) == APR_SUCCESS,
              "a lookup");
        apr_pool_clear(scratch);
    }
}

/* What to find and in which order: the baton of a query. */
typedef struct sieve_t {
    const scim_search_t *search;
    const scim_sort_t *sort;
    char room[SCIM_SORT_ROOM];
} sieve_t;

static base_slice_t order_key(void *baton, const base_slice_t *brief,
                              const base_slice_t *doc)
{
    sieve_t *sieve = baton;

    check(!doc, "a brief");
    return scim_sort_key(sieve->sort, brief, sieve->room);
}

static int passes(void *baton, const base_slice_t *brief, const base_slice_t *doc)
{
    check(!doc, "a brief");
    return scim_search_match(((const sieve_t *)baton)->search, brief);
}

/* A filter made ready; `id` is that of the user whom an indexed one finds. */
static void ask(const measure_t *m, dir_store_t *store, apr_pool_t *scratch,
                apr_uint64_t id, int skip)
{
    dir_query_t query = {.skip = skip,
                         .max = m->count,
                         .test = m->filter ? passes : NULL,
                         .order = m->sort ? order_key : NULL,
                         .insert = "https://a.example"};
    sieve_t sieve = {NULL, NULL, ""};
    const scim_filter_t *filter;
    char key[64];

    if (m->filter) {
        check(!scim_filter_parse(scratch, &scim_type_user, m->filter, 0, &filter),
              m->filter);
        sieve.search = scim_search_make(scratch, &scim_type_user, filter);
    }
    if (m->sort) {
        check(!scim_sort_parse(scratch, &scim_type_user, m->sort, NULL, 0, &sieve.sort),
              m->sort);
    }
    query.baton = &sieve;
    if (id) {
        apr_snprintf(key, sizeof key, "user%d@bench.example.com", (int)(id - 100001));
        query.index = DIR_LOGIN;
        query.key = key;
    }
    check(dir_query(store, scratch, &query, &env) == APR_SUCCESS, "a query");
    check(!id || query.seen == 1, "an indexed query");
}

static void by_name(const measure_t *m, dir_store_t *store, apr_pool_t *scratch)
{
    int i;

    for (i = 0; i < LOOKUPS; i++) {
        ask(m, store, scratch, some_id(m, i), 0);
        apr_pool_clear(scratch);
    }
}

static void pages(const measure_t *m, dir_store_t *store, apr_pool_t *scratch)
{
    int i;

    for (i = 0; i < m->repeat; i++) {
        ask(m, store, scratch, 0, 0);
        apr_pool_clear(scratch);
    }
}

static void pages_anywhere(const measure_t *m, dir_store_t *store, apr_pool_t *scratch)
{
    int i;

    for (i = 0; i < m->repeat; i++) {
        ask(m, store, scratch, 0,
            (int)((some_id(m, i) - 100001) * (apr_uint64_t)(m->users - m->count) /
                  (apr_uint64_t)m->users));
        apr_pool_clear(scratch);
    }
}

static void last_page(const measure_t *m, dir_store_t *store, apr_pool_t *scratch)
{
    ask(m, store, scratch, 0, m->users - m->count);
}

static apr_status_t look(void *baton, const dir_record_t *record)
{
    *(apr_size_t *)baton += record->id;
    return APR_SUCCESS;
}

static void walk(const measure_t *m, dir_store_t *store, apr_pool_t *scratch)
{
    apr_size_t sum = 0;

    dir_scan(store, 0, look, &sum, &env);
    check(sum > 0, "a walk");
}

/* The way that a scan without briefs would go. */
static int passes_parsed(void *baton, const base_slice_t *brief,
                         const base_slice_t *doc)
{
    return 0;
}

static void walk_briefs(const measure_t *m, dir_store_t *store, apr_pool_t *scratch)
{
    dir_query_t query = {.test = passes_parsed};

    check(dir_query(store, scratch, &query, &env) == APR_SUCCESS, "a walk");
}

static void ask_all(dir_store_t *store, int users)
{
    static const char *const filters[] = {
        "title co \"zzz\"",
        "title co \"manager\"",
        "name.familyName sw \"m\xc3\xbc\"",
        "userName ew \"9@bench.example.com\"",
        "not (active eq true)",
        "emails[type eq \"work\" and value co \"77\"]",
        "meta.lastModified gt \"2020-01-01T00:00:00Z\"",
        "title co \"x\" or displayName co \"y\" or phoneNumbers.value co \"000\"",
    };
    const measure_t fixed[] = {
        {"by id", by_id, NULL, NULL, users, 1, 0, LOOKUPS, "a request"},
        {"userName eq", by_name, "userName pr", NULL, users, 1, 0, LOOKUPS,
         "a request"},
        {"a page of 100", pages, NULL, NULL, users, 100, PAGES, PAGES, "a request"},
        {"a page of 100, anywhere", pages_anywhere, NULL, NULL, users, 100, 1000, 1000,
         "a request"},
        {"a page of 1,000", pages, NULL, NULL, users, 1000, PAGES, PAGES, "a request"},
        {"100 by userName", pages, NULL, "userName", users, 100, 1, 1, "a request"},
        {"100 by name.familyName", pages, NULL, "name.familyName", users, 100, 1, 1,
         "a request"},
        {"100 by meta.created", pages, NULL, "meta.created", users, 100, 1, 1,
         "a request"},
        {"100 active ones by title", pages, "active eq true", "title", users, 100, 1, 1,
         "a request"},
        {"the last 100 by userName", last_page, NULL, "userName", users, 100, 1, 1,
         "a request"},
        {"the last 100 by meta.created", last_page, NULL, "meta.created", users, 100, 1,
         1, "a request"},
        {"all briefs, untouched", walk_briefs, NULL, NULL, users, 0, 1, users,
         "a user"},
        {"all records, untouched", walk, NULL, NULL, users, 0, 1, users, "a user"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        measure(&fixed[i], store);
    }
    for (i = 0; i < sizeof filters / sizeof *filters; i++) {
        measure_t m = {filters[i], pages, filters[i], NULL,    users,
                       10,         1,     users,      "a user"};

        m.name = apr_pstrndup(p, filters[i], 33);
        measure(&m, store);
    }
}

static void remove_folder(const char *path)
{
    apr_dir_t *folder;
    apr_finfo_t entry;

    check(apr_dir_open(&folder, path, p) == APR_SUCCESS, "cleaning up");
    while (apr_dir_read(&entry, APR_FINFO_NAME, folder) == APR_SUCCESS) {
        if (*entry.name != '.') {
            apr_file_remove(apr_pstrcat(p, path, "/", entry.name, NULL), p);
        }
    }
    apr_dir_close(folder);
    check(apr_dir_remove(path, p) == APR_SUCCESS, "cleaning up");
}

static void bench(const char *folder, int users)
{
    dir_store_t *store;
    apr_pool_t *outer = p;

    apr_pool_create(&p, outer);
    printf("\n%d users                                best     median\n", users);
    check(dir_store_open(&store, p, folder, "bench", &env) == APR_SUCCESS, "opening");
    check(dir_clear(store, &env) == APR_SUCCESS, "clearing");
    fill(store, users, BATCH);
    printf("%-34s %10.0f bytes a user\n", "on disk", (double)dir_size(store) / users);
    ask_all(store, users);
    apr_pool_destroy(p);
    p = outer;
    remove_folder(folder);
}

int main(int argc, char **argv)
{
    const char *base = getenv("TMPDIR");
    char *folder;
    int i;

    apr_initialize();
    apr_pool_create(&p, NULL);
    style.dictionaries = gw_dictionaries_create(p);
    folder = apr_pstrcat(p, base ? base : "/tmp", "/scim-rc-bench-XXXXXX", NULL);
    check(mkdtemp(folder) != NULL, "making a folder");
    for (i = 1; i < argc; i++) {
        char *end;
        long users = strtol(argv[i], &end, 10);

        check(!*end && users > 0 && users <= 10000000, "reading a number of users");
        bench(apr_psprintf(p, "%s/%ld", folder, users), (int)users);
    }
    remove_folder(folder);
    apr_pool_destroy(p);
    apr_terminate();
    return 0;
}
