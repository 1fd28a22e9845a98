#include "gw_stale.h"

#include <string.h>

#include "base_lock.h"
#include "gw_notes.h"

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
#define PAUSE apr_time_from_sec(15)          /* of all, after a read that failed */
#define REFUSED_PAUSE apr_time_from_sec(300) /* of that extension */

/* The time of what is left to a list is not written more often: at the end of a bulk
 * call each of its users would be a transaction. */
#define MERGES_STEP apr_time_from_sec(5)

/* ---- what a note means now ---- */

typedef enum { NOTHING, READ, ECHO } verdict_t;

/* Our own clock decides, for the platform's may differ; only an event that says to be
 * older than it looks is taken at its word. `record` is NULL when the copy has none. */
static verdict_t judge(const gw_note_t *note, const dir_record_t *record)
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

/* The same, but a call of ours may be on its way: whoever changes a user has its lock,
 * in whatever process, until the copy has the answer. A record in doubt is read. */
static verdict_t judge_now(const gw_account_t *account, const gw_note_t *note,
                           const dir_record_t *record)
{
    verdict_t verdict = judge(note, record);
    int is_there = record && record->fetched && !(record->flags & DIR_GONE);

    return verdict == READ && is_there &&
                   base_lock_is_held(account->lock_file, note->id)
               ? ECHO
               : verdict;
}

/* ---- an event comes ---- */

typedef struct arrival_t {
    const gw_account_t *account;
    const gw_stale_event_t *event;
    apr_time_t now;
} arrival_t;

/* NULL: there is no place. */
static gw_note_t *place_for(gw_notes_t *notes, const arrival_t *a,
                            const gw_stale_id_t *said)
{
    gw_note_t *note = gw_notes_find(notes, said->id);

    if (!note && notes->n < GW_NOTES_MAX) {
        note = &notes->note[notes->n++];
        memset(note, 0, sizeof *note);
        note->id = said->id;
        note->since = a->now;
    }
    return note;
}

static void leave_to_list(gw_notes_t *notes, dir_txn_t *txn, const arrival_t *a,
                          const gw_stale_id_t *said)
{
    const gw_note_t note = {
        said->id, a->event->sent, a->now, a->now, (apr_uint32_t)said->deleted, 0};
    dir_record_t record;
    int known = dir_txn_get(txn, said->id, &record) == APR_SUCCESS;

    switch (judge_now(a->account, &note, known ? &record : NULL)) {
    case NOTHING:
        break;
    case ECHO:
        notes->echoes = a->now;
        break;
    case READ:
        notes->many_since = notes->many_since ? notes->many_since : a->now;
        notes->many = a->now;
        break;
    }
}

static void add(gw_notes_t *notes, dir_txn_t *txn, const void *baton)
{
    const arrival_t *a = baton;
    int i;

    for (i = 0; i < a->event->ids->nelts; i++) {
        const gw_stale_id_t *said = &APR_ARRAY_IDX(a->event->ids, i, gw_stale_id_t);
        gw_note_t *note = place_for(notes, a, said);

        if (!note) {
            leave_to_list(notes, txn, a, said);
            continue;
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
    arrival_t a = {account, event, base_now(env)};

    return event->ids->nelts || event->numbers
               ? gw_notes_change(account, p, add, &a, env)
               : APR_SUCCESS;
}

/* ---- who meets what has changed ---- */

/* Its note, if that says that it has changed since. What was read since, be it in a
 * list that may lag behind, is new enough here; the note stays. */
static const gw_note_t *find_stale(gw_notes_t *notes, const dir_record_t *record)
{
    const gw_note_t *note = gw_notes_find(notes, record->id);

    return note && note->noted >= record->fetched && judge(note, record) == READ ? note
                                                                                 : NULL;
}

int gw_stale_is(gw_session_t *session, apr_pool_t *p, const dir_record_t *record)
{
    gw_account_t *account = session->account;
    gw_notes_t *notes = gw_notes_load(account, p, session->env);

    return notes && find_stale(notes, record);
}

int gw_stale_lacks(gw_account_t *account, apr_pool_t *p, apr_time_t known,
                   const base_env_t *env)
{
    const gw_notes_t *notes = gw_notes_load(account, p, env);

    return notes && notes->many >= known && notes->many;
}

/* Is it of use to read it now? */
static int may_be_tried(const gw_note_t *note, apr_time_t now)
{
    return apr_time_from_sec((apr_time_t)note->not_before) <= now;
}

#define MAX_FRESHENED 5

void gw_stale_freshen(gw_session_t *session, apr_pool_t *p, const dir_query_t *query)
{
    gw_account_t *account = session->account;
    const base_env_t *env = session->env;
    rc_caller_t who = {env, base_now(env), RC_INTERACTIVE, NULL};
    gw_notes_t *notes = gw_notes_load(account, p, env);
    apr_array_header_t *records;
    rc_error_t *e = NULL;
    int i, found;

    if (!notes) {
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
        const gw_note_t *note = find_stale(notes, record);

        if (note && may_be_tried(note, base_now(env)) &&
            judge_now(account, note, record) == READ) {
            e = gw_copy_reread(account, &who, p, record->id, &found);
        }
    }
}

typedef struct read_t {
    apr_uint64_t id;
    apr_time_t sent;
} read_t;

static void forget(gw_notes_t *notes, dir_txn_t *txn, const void *baton)
{
    const read_t *read = baton;
    gw_note_t *note = gw_notes_find(notes, read->id);

    if (note && note->noted <= read->sent) {
        gw_notes_remove(notes, note);
    }
}

void gw_stale_forget(gw_account_t *account, apr_pool_t *p, apr_uint64_t id,
                     apr_time_t sent, const base_env_t *env)
{
    gw_notes_t *notes = gw_notes_load(account, p, env);
    const gw_note_t *note = notes ? gw_notes_find(notes, id) : NULL;
    read_t read = {id, sent};

    if (note && note->noted <= sent) {
        gw_notes_change(account, p, forget, &read, env);
    }
}

static int must_move(const gw_notes_t *notes, apr_time_t now)
{
    return (notes->many || notes->echoes) && notes->echoes + MERGES_STEP <= now;
}

static void move_echoes(gw_notes_t *notes, dir_txn_t *txn, const void *baton)
{
    const apr_time_t now = *(const apr_time_t *)baton;

    if (must_move(notes, now)) {
        notes->echoes = now;
    }
}

void gw_stale_merges(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    const gw_notes_t *notes = gw_notes_load(account, p, env);
    apr_time_t now = base_now(env);

    if (notes && must_move(notes, now)) {
        gw_notes_change(account, p, move_echoes, &now, env);
    }
}

/* ---- background work ---- */

typedef struct round_t {
    gw_account_t *account;
    apr_pool_t *p;
    const base_env_t *env;
    apr_array_header_t *dropped; /* of gw_note_t */
    apr_array_header_t *refused; /* of gw_note_t */
    int left_to_list;            /* the echoes are dropped as well */
} round_t;

static verdict_t look(round_t *r, apr_pool_t *p, const gw_note_t *note, apr_time_t *due)
{
    dir_record_t record;
    apr_status_t rv = dir_get(r->account->store, p, note->id, &record, r->env);
    verdict_t verdict = judge_now(r->account, note, rv == APR_SUCCESS ? &record : NULL);
    apr_time_t last;

    *due = note->noted + SETTLE_TIME;
    if (verdict == ECHO) {
        last = note->noted > record.fetched ? note->noted : record.fetched;
        *due = last + QUIET < note->since + LONGEST_QUIET ? last + QUIET
                                                          : note->since + LONGEST_QUIET;
    }
    return verdict;
}

static rc_error_t *read_again(round_t *r, apr_pool_t *p, const gw_note_t *note)
{
    rc_caller_t who = {r->env, base_now(r->env) + READ_PATIENCE, RC_BACKGROUND, NULL};
    int found;

    return gw_copy_reread(r->account, &who, p, note->id, &found);
}

/* Does the error speak of this extension alone, and the next one is worth a call? */
static int is_its_own(const rc_error_t *e)
{
    return e->kind == RC_INVALID || e->kind == RC_FORBIDDEN || e->kind == RC_PROTOCOL;
}

/* Whatever refuses it, it does not keep the others waiting again and again. */
static void put_off(round_t *r, const gw_note_t *note, const rc_error_t *e)
{
    if (e->kind != RC_UNAVAILABLE && e->kind != RC_LOST && !is_its_own(e)) {
        return;
    }
    APR_ARRAY_PUSH(r->refused, gw_note_t) = *note;
    if (is_its_own(e) && !note->not_before) {
        base_log(r->env, BASE_LOG_WARNING, APR_SUCCESS,
                 "SCIMRC0146: account %s: extension %" APR_UINT64_T_FMT
                 " has changed and cannot be read: %s%s%s; until the next full reading "
                 "it is shown as it was, and tried every %d s",
                 r->account->conf->name, note->id, e->code, *e->code ? " " : "",
                 e->message, (int)apr_time_sec(REFUSED_PAUSE));
    }
}

/* NULL, or why there is no use in going on. */
static rc_error_t *work_at(round_t *r, const gw_note_t *note)
{
    rc_error_t *e = NULL;
    apr_pool_t *p;
    apr_time_t due;
    verdict_t verdict;

    apr_pool_create(&p, r->p);
    apr_pool_tag(p, "gw_stale");
    verdict = look(r, p, note, &due);
    if (verdict == NOTHING || (verdict == ECHO && r->left_to_list)) {
        APR_ARRAY_PUSH(r->dropped, gw_note_t) = *note;
    }
    else if (due <= base_now(r->env) && may_be_tried(note, base_now(r->env))) {
        e = read_again(r, p, note);
    }
    if (e) {
        put_off(r, note, e);
    }
    if (e && !is_its_own(e)) {
        return e; /* it lives in the pool */
    }
    apr_pool_destroy(p);
    return NULL;
}

static void end_round(gw_notes_t *notes, dir_txn_t *txn, const void *baton)
{
    const round_t *r = baton;
    apr_time_t until = base_now(r->env) + REFUSED_PAUSE;
    int i;

    for (i = 0; i < r->refused->nelts; i++) {
        gw_note_t *note =
            gw_notes_find(notes, APR_ARRAY_IDX(r->refused, i, gw_note_t).id);

        if (note) {
            note->not_before = (apr_uint32_t)apr_time_sec(until);
        }
    }
    for (i = 0; i < r->dropped->nelts; i++) {
        const gw_note_t *dropped = &APR_ARRAY_IDX(r->dropped, i, gw_note_t);
        gw_note_t *note = gw_notes_find(notes, dropped->id);

        if (note && note->noted == dropped->noted) {
            gw_notes_remove(notes, note);
        }
    }
    if (r->left_to_list && r->dropped->nelts) {
        notes->echoes = base_now(r->env);
    }
}

static int count_echoes(round_t *r, const gw_notes_t *notes)
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
    gw_notes_t *notes = gw_notes_load(account, p, env);
    round_t r = {account, p, env, NULL, NULL, 0};
    rc_error_t *e = NULL;
    apr_uint32_t i;

    if (!notes || notes->many || base_now(env) < account->stale_not_before) {
        return; /* of many a list is made */
    }
    r.dropped = apr_array_make(p, 8, sizeof(gw_note_t));
    r.refused = apr_array_make(p, 1, sizeof(gw_note_t));
    r.left_to_list = count_echoes(&r, notes) > FEW_ECHOES;
    for (i = 0; !e && i < notes->n && base_sleep(env, 0) == APR_SUCCESS; i++) {
        e = work_at(&r, &notes->note[i]);
    }
    if (r.dropped->nelts || r.refused->nelts) {
        gw_notes_change(account, p, end_round, &r, env);
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
    const gw_notes_t *notes = gw_notes_load(account, p, env);
    apr_time_t now = base_now(env);

    need->now =
        notes && notes->many &&
        (notes->many + GW_LIST_LAG <= now || notes->many_since + LIST_PATIENCE <= now);
    need->soon = notes && notes->echoes;
}

/* Was it written so lately that the list has left it as it was? What it was made of
 * then may be older than the event. */
static int was_written_since(dir_txn_t *txn, apr_uint64_t id, apr_time_t sure)
{
    dir_record_t record;

    return dir_txn_get(txn, id, &record) == APR_SUCCESS && record.flags & DIR_WRITTEN &&
           record.fetched > sure;
}

static void settle(gw_notes_t *notes, dir_txn_t *txn, const void *baton)
{
    apr_time_t sure = *(const apr_time_t *)baton - GW_LIST_LAG;
    apr_uint32_t i = 0;

    while (i < notes->n) {
        const gw_note_t *note = &notes->note[i];

        if (note->noted <= sure && !was_written_since(txn, note->id, sure)) {
            gw_notes_remove(notes, &notes->note[i]);
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
    notes->echoes = notes->echoes <= sure - MERGES_STEP ? 0 : notes->echoes;
}

apr_status_t gw_stale_settle(dir_txn_t *txn, apr_pool_t *p, apr_time_t begun)
{
    return gw_notes_change_in(txn, p, settle, &begun);
}

/* ---- numbers ---- */

apr_time_t gw_stale_numbers(gw_account_t *account, apr_pool_t *p, const base_env_t *env)
{
    const gw_notes_t *notes = gw_notes_load(account, p, env);

    return notes ? notes->numbers : 0;
}

static void numbers_read(gw_notes_t *notes, dir_txn_t *txn, const void *baton)
{
    if (notes->numbers <= *(const apr_time_t *)baton) {
        notes->numbers = 0;
    }
}

void gw_stale_numbers_read(gw_account_t *account, apr_pool_t *p, apr_time_t begun,
                           const base_env_t *env)
{
    if (gw_stale_numbers(account, p, env)) {
        gw_notes_change(account, p, numbers_read, &begun, env);
    }
}
