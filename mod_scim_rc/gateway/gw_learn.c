#include "gw_learn.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"

#define DEPTH 32

/* News of one extension. */
typedef struct told_t {
    apr_uint64_t id;
    const char *how;
    apr_time_t at;             /* by the teller's clock */
    apr_time_t oldest, newest; /* by ours: the platform said so between these */
    unsigned flags;
    int gone, numbers;
    json_t *state, *memory; /* NULL when it is gone */
} told_t;

/* What the copy has of it. */
typedef struct known_t {
    int there; /* as a record or as a gravestone */
    dir_record_t record;
    gw_item_t item;            /* without a state when it is gone */
    apr_time_t oldest, newest; /* as above */
} known_t;

typedef enum { TAKE, KEEP, DOUBT } verdict_t;

static int is_how(const told_t *told, const char *how)
{
    return !strcmp(told->how, how);
}

/* 0 when it makes no sense. */
static int read_told(const gw_learning_t *l, const json_t *json, told_t *told)
{
    json_int_t age = base_json_int(json, "age", -1);

    memset(told, 0, sizeof *told);
    told->id = (apr_uint64_t)base_json_int(json, "id", 0);
    told->how = base_json_string(json, "how");
    told->at = (apr_time_t)base_json_int(json, "at", 0);
    told->oldest = l->after - (apr_time_t)age;
    told->newest = l->now - (apr_time_t)age;
    told->flags = (unsigned)base_json_int(json, "flags", 0) &
                  (DIR_LISTED | DIR_DETAILED | DIR_WRITTEN);
    told->gone = base_json_true(json, "gone");
    told->numbers = base_json_true(json, "numbers");
    told->state = base_json_at(json, "state");
    told->memory = base_json_at(json, "memory");
    return told->id && told->how && told->at > 0 && age >= 0 && age < l->after &&
           (is_how(told, GW_NEWS_WRITE) || is_how(told, GW_NEWS_READ) ||
            is_how(told, GW_NEWS_LIST)) &&
           (told->gone ||
            ((apr_uint64_t)base_json_int(told->state, "id", 0) == told->id &&
             json_is_object(told->memory)));
}

static apr_status_t look_up(dir_txn_t *txn, apr_pool_t *p, apr_uint64_t id,
                            known_t *known)
{
    apr_status_t rv = dir_txn_get(txn, id, &known->record);

    memset(&known->item, 0, sizeof known->item);
    known->there = 0;
    if (rv != APR_SUCCESS) {
        return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    }
    known->there = known->record.flags & DIR_GONE ||
                   gw_item_load(p, &known->record, &known->item) == APR_SUCCESS;
    known->oldest = known->record.fetched;
    known->newest =
        known->item.heard > known->oldest ? known->item.heard : known->oldest;
    return APR_SUCCESS;
}

/* ---- what of both is right ---- */

/* What only a single read shows. */
static const char *const details[] = {"regionalSettings", "statusInfo"};

#define DETAILS (sizeof details / sizeof *details)

/* A state without what need not be in both: the direct number is the directory's, and
 * news of its own. */
static json_t *comparable(const json_t *state, int detailed)
{
    json_t *copy = json_copy((json_t *)state);
    apr_size_t i;

    json_object_del(copy, "directNumber");
    for (i = 0; !detailed && i < DETAILS; i++) {
        json_object_del(copy, details[i]);
    }
    return copy;
}

static int is_same(const known_t *known, const told_t *told)
{
    int detailed = (known->record.flags & told->flags & DIR_DETAILED) != 0;
    json_t *a, *b;
    int same;

    if (told->gone || !known->item.state) {
        return known->there && told->gone == !known->item.state;
    }
    a = comparable(known->item.state, detailed);
    b = comparable(told->state, detailed);
    same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

/* Both have written, and the others hear of ours after this. */
static int is_overtaken(const known_t *known, const told_t *told)
{
    return is_how(told, GW_NEWS_WRITE) && known->record.flags & GW_UNTOLD;
}

static verdict_t judge(const known_t *known, const told_t *told, int same)
{
    unsigned laggard = DIR_GONE | DIR_DETAILED | DIR_WRITTEN;
    apr_interval_time_t lag =
        is_how(told, GW_NEWS_LIST) && known->record.flags & laggard ? GW_LIST_LAG : 0;

    if (!known->there || !known->record.fetched) {
        return TAKE;
    }
    if (same) {
        return told->oldest > known->newest && !is_overtaken(known, told) ? TAKE : KEEP;
    }
    if (known->oldest > told->newest) {
        return KEEP;
    }
    if (is_how(told, GW_NEWS_WRITE)) {
        return is_overtaken(known, told) ? DOUBT : TAKE;
    }
    return told->oldest > known->newest + lag ? TAKE : DOUBT;
}

/* ---- what only the copies know ---- */

static void add_missing(json_t *to, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);

    if (value && !json_object_get(to, name)) {
        json_object_set_new(to, name, json_deep_copy(value));
    }
}

/* Spellings that we do not know, from somebody who has not written: each says itself
 * which value it is of. */
static void add_spellings(json_t *memory, const json_t *told)
{
    json_t *theirs = json_object_get(told, "said"), *ours;
    const char *key;
    json_t *pair;

    if (!json_object_size(theirs)) {
        return;
    }
    if (!json_is_object(json_object_get(memory, "said"))) {
        json_object_set_new(memory, "said", json_object());
    }
    ours = json_object_get(memory, "said");
    json_object_foreach(theirs, key, pair)
    {
        add_missing(ours, theirs, key);
    }
}

/* Is version `x` of the one memory version `y` of the other? */
static int same_version(const json_t *a, const char *x, const json_t *b, const char *y)
{
    const char *one = base_json_string(a, x), *other = base_json_string(b, y);

    return one && other && !strcmp(one, other);
}

static void take_over(json_t *memory, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);

    if (value) {
        json_object_set(memory, name, value);
    }
    else {
        json_object_del(memory, name);
    }
}

/* Both know one state of the user: it has been so since the first of them saw it, and
 * under each version that either has shown. */
static void join_versions(json_t *memory, const json_t *ours, const json_t *told)
{
    if (same_version(ours, "version", told, "version")) {
        add_missing(memory, ours, GW_FORMER);
        add_missing(memory, told, GW_FORMER);
    }
    else if (!same_version(ours, "version", told, GW_FORMER)) {
        return;
    }
    if (base_json_int(ours, "modified", 0) <
        base_json_int(told, "modified", APR_INT64_MAX)) {
        take_over(memory, ours, "modified");
    }
}

/* Who has written knows how things are spelt; others may know what we do not. */
static json_t *merge_memory(apr_pool_t *p, const known_t *known, const told_t *told,
                            int same)
{
    const json_t *ours = known->item.memory;
    json_t *memory;

    if (!ours || is_how(told, GW_NEWS_WRITE)) {
        memory = base_json_own(p, json_deep_copy(told->memory));
    }
    else {
        memory = base_json_own(p, json_deep_copy(ours));
        add_spellings(memory, told->memory);
        add_missing(memory, told->memory, "was");
        if (!json_object_get(told->memory, GW_UNSEEN)) {
            json_object_del(memory, GW_UNSEEN);
        }
        if (!same) {
            take_over(memory, told->memory, "version");
            take_over(memory, told->memory, GW_FORMER);
            take_over(memory, told->memory, "modified");
        }
    }
    join_versions(memory, ours, told->memory);
    return memory;
}

static apr_status_t put(gw_learning_t *l, dir_txn_t *txn, apr_pool_t *p,
                        gw_item_t *item)
{
    dir_record_t record;

    if (!base_str_same(base_json_string(item->state, "status"), "Disabled")) {
        json_object_del(item->memory, "was");
    }
    gw_item_record(p, &l->account->style, item, l->now, &record);
    return dir_txn_put(txn, &record);
}

static void take_number(gw_item_t *item, const json_t *state)
{
    json_t *number = json_object_get(state, "directNumber");

    if (number) {
        json_object_set(item->state, "directNumber", number);
    }
    else {
        json_object_del(item->state, "directNumber");
    }
}

/* The other has read singly what is known here from lists. */
static int adds_details(const known_t *known, const told_t *told)
{
    return is_same(known, told) && !told->gone && known->item.state &&
           !(known->record.flags & DIR_DETAILED) && told->flags & DIR_DETAILED;
}

static void take_details(gw_item_t *item, const json_t *state)
{
    apr_size_t i;

    for (i = 0; i < DETAILS; i++) {
        json_t *member = json_object_get(state, details[i]);

        if (member) {
            json_object_set(item->state, details[i], member);
        }
    }
    item->flags |= DIR_DETAILED;
}

static apr_status_t bury(dir_txn_t *txn, const told_t *told)
{
    dir_record_t grave;

    memset(&grave, 0, sizeof grave);
    grave.id = told->id;
    grave.flags = DIR_GONE;
    grave.fetched = told->newest;
    return dir_txn_put(txn, &grave);
}

static apr_status_t take(gw_learning_t *l, dir_txn_t *txn, apr_pool_t *p,
                         known_t *known, const told_t *told)
{
    json_t *memory;
    gw_item_t *item = &known->item;
    int is_new = !item->state;

    if (told->gone) {
        return bury(txn, told);
    }
    memory = merge_memory(p, known, told,
                          is_same(known, told) && !adds_details(known, told));
    item->memory = base_json_own(p, json_object());
    gw_item_absorb(p, item, told->state, told->oldest,
                   (told->flags & DIR_DETAILED) != 0);
    item->memory = memory;
    item->flags = (item->flags & ~GW_UNTOLD) | told->flags;
    item->heard = l->now;
    if (is_new || told->numbers) {
        take_number(item, told->state);
    }
    return put(l, txn, p, item);
}

/* The state stays; what the other remembers of it may be new. */
static apr_status_t keep(gw_learning_t *l, dir_txn_t *txn, apr_pool_t *p,
                         known_t *known, const told_t *told)
{
    gw_item_t *item = &known->item;
    json_t *memory, *before;
    int adds = adds_details(known, told);

    if (told->gone || !item->state ||
        (is_overtaken(known, told) && known->record.flags & DIR_WRITTEN)) {
        return APR_SUCCESS;
    }
    memory = merge_memory(p, known, told, !adds);
    before = base_json_own(p, json_copy(item->state));
    if (told->numbers) {
        take_number(item, told->state);
    }
    if (adds) {
        take_details(item, told->state);
    }
    if (!adds && json_equal(memory, item->memory) && json_equal(before, item->state)) {
        return APR_SUCCESS;
    }
    item->memory = memory;
    return put(l, txn, p, item);
}

/* Nobody believes it before it is read anew. */
static apr_status_t doubt(gw_learning_t *l, dir_txn_t *txn, apr_uint64_t id, int ours)
{
    dir_record_t record;
    apr_status_t rv = dir_txn_get(txn, id, &record);

    if (rv != APR_SUCCESS) {
        return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    }
    if (ours) {
        APR_ARRAY_PUSH(l->doubts, apr_uint64_t) = id;
    }
    record.fetched = 0;
    record.flags &= ~(unsigned)DIR_DETAILED;
    return dir_txn_put(txn, &record);
}

static apr_status_t learn_one(gw_learning_t *l, dir_txn_t *txn, apr_pool_t *p,
                              const told_t *told)
{
    known_t known;
    apr_status_t rv = look_up(txn, p, told->id, &known);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    switch (judge(&known, told, is_same(&known, told))) {
    case TAKE:
        return take(l, txn, p, &known, told);
    case KEEP:
        return keep(l, txn, p, &known, told);
    default:
        return doubt(l, txn, told->id, 1);
    }
}

/* Our own: from now on the others have what the record holds, unless it is another by
 * now. */
static apr_status_t come_back(dir_txn_t *txn, const told_t *told)
{
    dir_record_t record;
    apr_status_t rv = dir_txn_get(txn, told->id, &record);

    if (rv != APR_SUCCESS || record.fetched != told->at ||
        !(record.flags & GW_UNTOLD)) {
        return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    }
    record.flags &= ~GW_UNTOLD;
    return dir_txn_put(txn, &record);
}

static void learn_listed(gw_learning_t *l, json_int_t age)
{
    if (age < 0 || age >= l->after) {
        l->malformed++;
    }
    else if (l->listed < l->after - (apr_time_t)age) {
        l->listed = l->after - (apr_time_t)age;
    }
}

apr_status_t gw_learn(gw_learning_t *l, dir_txn_t *txn, apr_pool_t *p,
                      const base_news_t *news)
{
    const json_t *json =
        base_json_parse(p, news->text.data, news->text.len, DEPTH, 0, NULL);
    told_t told;

    if (base_json_int(json, "v", 0) != GW_NEWS_FORMAT) {
        l->malformed++;
    }
    else if (json_object_get(json, "listed")) {
        if (!news->is_mine) {
            learn_listed(l, base_json_int(json, "listed", -1));
        }
    }
    else if (base_json_string(json, "anew")) {
        if (!news->is_mine) {
            apr_cpystrn(l->anew, base_json_string(json, "anew"), sizeof l->anew);
        }
    }
    else if (!json_object_get(json, "id")) {
        l->numbers |= base_json_true(json, "numbers");
        l->malformed += !base_json_true(json, "numbers");
    }
    else if (base_json_true(json, "doubt")) {
        return news->is_mine
                   ? APR_SUCCESS
                   : doubt(l, txn, (apr_uint64_t)base_json_int(json, "id", 0), 0);
    }
    else if (!read_told(l, json, &told)) {
        l->malformed++;
    }
    else {
        return news->is_mine ? come_back(txn, &told) : learn_one(l, txn, p, &told);
    }
    return APR_SUCCESS;
}
