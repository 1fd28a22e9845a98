#include "gw_stale.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>

#define VALUE "stale"

/* So many extensions are read one by one; of more a full list is made, which takes a
 * call for each 1,000 of the account. */
#define NOTES 200
#define LIST_PATIENCE apr_time_from_sec(300) /* while events go on coming */

/* An event that comes so soon after the answer to our own write may be its echo, or
 * may not: nothing in it tells. A few are looked into when it has become quiet, which
 * costs a read for many writes of one extension. More are left to the next list. */
#define ECHO_TIME apr_time_from_sec(15)
#define QUIET apr_time_from_sec(60)
#define LONGEST_QUIET apr_time_from_sec(300)
#define FEW_ECHOES 10

/* The answer to our own write is under way while its event comes; and more events of
 * the same extension mostly come at once. */
#define SETTLE_TIME apr_time_from_sec(2)

#define READ_PATIENCE apr_time_from_sec(2)
#define PAUSE apr_time_from_sec(15) /* after a read that failed */

typedef struct note_t {
    apr_uint64_t id;
    apr_time_t sent;         /* the newest event, by the platform's clock */
    apr_time_t noted, since; /* the newest and the first, by ours */
    apr_uint32_t deleted, unused;
} note_t;

/* As it stands in the copy, cut off behind the last note. Times of 0: never. */
typedef struct notes_t {
    apr_uint32_t n, unused;
    apr_time_t many_since, many; /* first and last event without a place for its note */
    apr_time_t echoes;           /* when echoes were left to the next list */
    apr_time_t numbers;          /* last event about numbers */
    note_t note[NOTES];
} notes_t;

static apr_size_t size_of(const notes_t *notes)
{
    return offsetof(notes_t, note) + notes->n * sizeof(note_t);
}

static int is_empty(const notes_t *notes)
{
    return !notes->n && !notes->many && !notes->echoes && !notes->numbers;
}

/* Anything that does not fit is no notes. */
static void decode(notes_t *notes, apr_status_t rv, const base_slice_t *value)
{
    memset(notes, 0, sizeof *notes);
    if (rv == APR_SUCCESS && value->len >= offsetof(notes_t, note) &&
        value->len <= sizeof *notes) {
        memcpy(notes, value->data, value->len);
        if (notes->n > NOTES || size_of(notes) != value->len) {
            memset(notes, 0, sizeof *notes);
        }
    }
}

/* NULL when there are none. */
static notes_t *load(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    base_slice_t value = {NULL, 0};
    apr_status_t rv = dir_value(account->store, p, VALUE, &value, env);
    notes_t *notes;

    if (rv != APR_SUCCESS) {
        return NULL;
    }
    notes = apr_palloc(p, sizeof *notes);
    decode(notes, rv, &value);
    return is_empty(notes) ? NULL : notes;
}

/* Without events there are those of our own making: where gateways have got into each
 * other's way. */
static int has_notes(const gw_account_t *account)
{
    return account->conf->webhook || account->conf->peers;
}

static note_t *find(notes_t *notes, apr_uint64_t id)
{
    apr_uint32_t i;

    for (i = 0; i < notes->n; i++) {
        if (notes->note[i].id == id) {
            return &notes->note[i];
        }
    }
    return NULL;
}

/* A change of the notes within a transaction. */
typedef void (*edit_fn)(notes_t *notes, const void *baton);

typedef struct edit_t {
    apr_pool_t *p;
    edit_fn edit;
    const void *baton;
} edit_t;

static apr_status_t edit_notes(void *baton, dir_txn_t *txn)
{
    const edit_t *edit = baton;
    notes_t *notes = apr_palloc(edit->p, sizeof *notes);
    base_slice_t value = {NULL, 0};
    apr_status_t rv = dir_txn_value(txn, VALUE, &value);

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        return rv;
    }
    decode(notes, rv, &value);
    edit->edit(notes, edit->baton);
    return is_empty(notes)
               ? dir_txn_set(txn, VALUE, NULL, 0)
               : dir_txn_set(txn, VALUE, (const char *)notes, size_of(notes));
}

static apr_status_t change(gw_account_t *account, apr_pool_t *p, edit_fn edit,
                           const void *baton, const base_env_t *env)
{
    edit_t e = {p, edit, baton};

    return dir_change(account->store, p, edit_notes, &e, env);
}

/* ---- an event comes ---- */

typedef struct arrival_t {
    const gw_stale_event_t *event;
    apr_time_t now;
} arrival_t;

static void add(notes_t *notes, const void *baton)
{
    const arrival_t *a = baton;
    int i;

    for (i = 0; i < a->event->ids->nelts; i++) {
        const gw_stale_id_t *said = &APR_ARRAY_IDX(a->event->ids, i, gw_stale_id_t);
        note_t *note = find(notes, said->id);

        if (!note && notes->n == NOTES) {
            notes->many_since = notes->many_since ? notes->many_since : a->now;
            notes->many = a->now;
            continue;
        }
        if (!note) {
            note = &notes->note[notes->n++];
            memset(note, 0, sizeof *note);
            note->id = said->id;
            note->since = a->now;
        }
        note->sent = a->event->sent > note->sent ? a->event->sent : note->sent;
        note->noted = a->now;
        note->deleted |= said->deleted != 0;
    }
    if (a->event->numbers) {
        notes->numbers = a->now;
    }
}

apr_status_t gw_stale_note(gw_account_t *account, apr_pool_t *p,
                           const gw_stale_event_t *event, const base_env_t *env)
{
    arrival_t a = {event, base_now(env)};

    return event->ids->nelts || event->numbers ? change(account, p, add, &a, env)
                                               : APR_SUCCESS;
}

/* ---- what a note means now ---- */

typedef enum { NOTHING, READ, ECHO } verdict_t;

/* Our own clock decides, for the platform's may differ; only an event that says to be
 * older than it looks is taken at its word. `record` is NULL when the copy has none. */
static verdict_t judge(const note_t *note, const dir_record_t *record)
{
    apr_time_t at = note->sent < note->noted ? note->sent : note->noted;
    int near;

    if (!record) {
        return note->deleted ? NOTHING : READ;
    }
    near = at <= record->fetched + ECHO_TIME;
    if (record->flags & DIR_GONE) {
        return note->deleted || near ? NOTHING : READ;
    }
    return near && record->flags & DIR_WRITTEN && !note->deleted ? ECHO : READ;
}

int gw_stale_is(gw_session_t *session, apr_pool_t *p, const dir_record_t *record)
{
    gw_account_t *account = session->account;
    notes_t *notes = has_notes(account) ? load(account, p, session->env) : NULL;
    const note_t *note = notes ? find(notes, record->id) : NULL;

    /* What was read since, be it in a list that may lag behind, is new enough here; the
     * note stays. */
    return note ? note->noted >= record->fetched && judge(note, record) == READ
                : notes && notes->many >= record->fetched;
}

#define MAX_FRESHENED 5

void gw_stale_freshen(gw_session_t *session, apr_pool_t *p, const dir_query_t *query)
{
    gw_account_t *account = session->account;
    const base_env_t *env = session->env;
    rc_caller_t who = {env, base_now(env), RC_INTERACTIVE, NULL};
    apr_array_header_t *records;
    rc_error_t *e = NULL;
    int i, found;

    if (!has_notes(account) || !load(account, p, env)) {
        return;
    }
    records = apr_array_make(p, 1, sizeof(dir_record_t));
    if (query->id ? dir_get(account->store, p, query->id, apr_array_push(records), env)
                  : dir_find(account->store, p, query->index, query->key, MAX_FRESHENED,
                             &records, env)) {
        return;
    }
    for (i = 0; !e && i < records->nelts; i++) {
        const dir_record_t *record = &APR_ARRAY_IDX(records, i, dir_record_t);

        if (gw_stale_is(session, p, record)) {
            e = gw_copy_reread(account, &who, p, record->id, &found);
        }
    }
}

typedef struct read_t {
    apr_uint64_t id;
    apr_time_t sent;
} read_t;

static void remove_at(notes_t *notes, note_t *note)
{
    *note = notes->note[--notes->n];
}

static void forget(notes_t *notes, const void *baton)
{
    const read_t *read = baton;
    note_t *note = find(notes, read->id);

    if (note && note->noted <= read->sent) {
        remove_at(notes, note);
    }
}

void gw_stale_forget(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                     apr_time_t sent, const base_env_t *env)
{
    notes_t *notes = has_notes(account) ? load(account, p, env) : NULL;
    const note_t *note = notes ? find(notes, id) : NULL;
    read_t read = {id, sent};

    if (note && note->noted <= sent) {
        change(account, p, forget, &read, env);
    }
}

/* ---- background work ---- */

typedef struct round_t {
    gw_account_t *account;
    apr_pool_t *p;
    const base_env_t *env;
    apr_array_header_t *dropped; /* of note_t */
    int left_to_list;            /* the echoes are dropped as well */
} round_t;

static verdict_t look(round_t *r, apr_pool_t *p, const note_t *note, apr_time_t *due)
{
    dir_record_t record;
    apr_status_t rv = dir_get(r->account->store, p, note->id, &record, r->env);
    verdict_t verdict = judge(note, rv == APR_SUCCESS ? &record : NULL);
    apr_time_t last;

    *due = note->noted + SETTLE_TIME;
    if (verdict == ECHO) {
        last = note->noted > record.fetched ? note->noted : record.fetched;
        *due = last + QUIET < note->since + LONGEST_QUIET ? last + QUIET
                                                          : note->since + LONGEST_QUIET;
    }
    return verdict;
}

static rc_error_t *read_again(round_t *r, apr_pool_t *p, const note_t *note)
{
    rc_caller_t who = {r->env, base_now(r->env) + READ_PATIENCE, RC_BACKGROUND, NULL};
    int found;

    return gw_copy_reread(r->account, &who, p, note->id, &found);
}

/* NULL, or why there is no use in going on. */
static rc_error_t *work_at(round_t *r, const note_t *note)
{
    rc_error_t *e = NULL;
    apr_pool_t *p;
    apr_time_t due;
    verdict_t verdict;

    apr_pool_create(&p, r->p);
    apr_pool_tag(p, "gw_stale");
    verdict = look(r, p, note, &due);
    if (verdict == NOTHING || (verdict == ECHO && r->left_to_list)) {
        APR_ARRAY_PUSH(r->dropped, note_t) = *note;
    }
    else if (due <= base_now(r->env)) {
        e = read_again(r, p, note);
    }
    if (!e) {
        apr_pool_destroy(p); /* an error lives in it */
    }
    return e;
}

static void drop(notes_t *notes, const void *baton)
{
    const round_t *r = baton;
    int i;

    for (i = 0; i < r->dropped->nelts; i++) {
        const note_t *dropped = &APR_ARRAY_IDX(r->dropped, i, note_t);
        note_t *note = find(notes, dropped->id);

        if (note && note->noted == dropped->noted) {
            remove_at(notes, note);
        }
    }
    if (r->left_to_list) {
        notes->echoes = base_now(r->env);
    }
}

static int count_echoes(round_t *r, const notes_t *notes)
{
    apr_pool_t *p;
    apr_time_t due;
    apr_uint32_t i;
    int n = 0;

    apr_pool_create(&p, r->p);
    for (i = 0; i < notes->n; i++) {
        n += look(r, p, &notes->note[i], &due) == ECHO;
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return n;
}

void gw_stale_work(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    notes_t *notes = has_notes(account) ? load(account, p, env) : NULL;
    round_t r = {account, p, env, NULL, 0};
    rc_error_t *e = NULL;
    apr_uint32_t i;

    if (!notes || notes->many || base_now(env) < account->stale_not_before) {
        return; /* of many a list is made */
    }
    r.dropped = apr_array_make(p, 8, sizeof(note_t));
    r.left_to_list = count_echoes(&r, notes) > FEW_ECHOES;
    for (i = 0; !e && i < notes->n && base_sleep(env, 0) == APR_SUCCESS; i++) {
        e = work_at(&r, &notes->note[i]);
    }
    if (r.dropped->nelts) {
        change(account, p, drop, &r, env);
    }
    if (e && e->kind != RC_BUSY && e->kind != RC_INTERRUPTED) {
        account->stale_not_before = base_now(env) + PAUSE;
        base_log(env, BASE_LOG_DEBUG, APR_SUCCESS,
                 "a changed extension could not be read: %s", e->message);
    }
}

/* ---- full lists ---- */

void gw_stale_need(gw_account_t *account, apr_pool_t *p, gw_stale_need_t *need,
                   const base_env_t *env)
{
    const notes_t *notes = load(account, p, env);
    apr_time_t now = base_now(env);

    need->now =
        notes && notes->many &&
        (notes->many + GW_LIST_LAG <= now || notes->many_since + LIST_PATIENCE <= now);
    need->soon = notes && notes->echoes;
}

static void settle(notes_t *notes, const void *baton)
{
    apr_time_t sure = *(const apr_time_t *)baton - GW_LIST_LAG;
    apr_uint32_t i = 0;

    while (i < notes->n) {
        if (notes->note[i].noted <= sure) {
            remove_at(notes, &notes->note[i]);
        }
        else {
            i++;
        }
    }
    if (notes->many <= sure) {
        notes->many = notes->many_since = 0;
    }
    else if (notes->many) {
        notes->many_since = notes->many;
    }
    notes->echoes = notes->echoes <= sure ? 0 : notes->echoes;
}

apr_status_t gw_stale_settle(dir_txn_t *txn, apr_pool_t *p, apr_time_t begun)
{
    edit_t e = {p, settle, &begun};

    return edit_notes(&e, txn);
}

/* ---- numbers ---- */

apr_time_t gw_stale_numbers(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    const notes_t *notes = has_notes(account) ? load(account, p, env) : NULL;

    return notes ? notes->numbers : 0;
}

static void numbers_read(notes_t *notes, const void *baton)
{
    if (notes->numbers <= *(const apr_time_t *)baton) {
        notes->numbers = 0;
    }
}

void gw_stale_numbers_read(gw_account_t *account, apr_pool_t *p, apr_time_t begun,
                           const base_env_t *env)
{
    if (gw_stale_numbers(account, p, env)) {
        change(account, p, numbers_read, &begun, env);
    }
}
