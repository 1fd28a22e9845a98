#include "gw_voyage.h"

#include <string.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "gw_error.h"

#define LONGEST_LOOK apr_time_from_sec(2)
#define BODY_DEPTH 16
#define TRIES 4 /* of a record whose call was refused for reasons of the quota */
#define LATEST apr_time_from_sec(120) /* a task that nobody can ask for has ended */

int gw_voyage_max(gw_ask_t ask)
{
    return ask == GW_ASK_REMOVE ? RC_BULK_REMOVE_MAX : RC_BULK_UPDATE_MAX;
}

gw_voyage_t *gw_voyage_make(apr_pool_t *p, gw_ask_t ask, gw_board_t *board, int n)
{
    gw_voyage_t *v = apr_pcalloc(p, sizeof *v);

    v->p = p;
    v->ask = ask;
    v->board = board;
    v->jobs = apr_pcalloc(p, n * sizeof *v->jobs);
    v->slots = apr_pcalloc(p, n * sizeof *v->slots);
    v->items = apr_pcalloc(p, n * sizeof *v->items);
    return v;
}

void gw_voyage_add(gw_voyage_t *v, gw_job_t *job)
{
    v->slots[v->n] = -1;
    v->jobs[v->n++] = job;
    v->passengers++;
}

void gw_voyage_invite(gw_voyage_t *v, int slot)
{
    v->slots[v->n++] = slot;
    v->guests++;
}

static const char *name_of(const gw_voyage_t *v)
{
    return v->ask == GW_ASK_REMOVE ? "deletion" : "change";
}

/* A missing permission costs the economy of bulk calls for good: that is the
 * administrator's to mend. */
static base_log_level_t level_of(const rc_error_t *e)
{
    return e->kind == RC_FORBIDDEN ? BASE_LOG_WARNING
           : e->kind == RC_LOST    ? BASE_LOG_NOTICE
                                   : BASE_LOG_INFO;
}

/* Reads what another child has posted. 0: it makes no sense. */
static int read_guest(gw_voyage_t *v, int i)
{
    apr_uint64_t id;
    char *body = gw_board_take_body(v->board, v->slots[i], v->p, &id);

    v->items[i].id = gw_id_text(v->p, id);
    if (body) {
        v->items[i].body =
            base_json_parse(v->p, body, strlen(body), BODY_DEPTH, 0, NULL);
        base_secret_clear(body, strlen(body));
    }
    return v->ask == GW_ASK_REMOVE || v->items[i].body;
}

/* Every record as it is sent. A call with one that cannot be read is as good as
 * refused: in the end that one goes alone. */
static rc_error_t *fill_items(gw_voyage_t *v)
{
    int i, is_right = 1;

    for (i = 0; i < v->n; i++) {
        if (v->jobs[i]) {
            v->items[i].id = v->jobs[i]->id_text;
            v->items[i].body = v->jobs[i]->plan.body;
        }
        else {
            is_right &= read_guest(v, i);
        }
    }
    return is_right ? NULL : rc_error(v->p, RC_INVALID, "a record cannot be read");
}

/* The slots of the guests, in `slots`; how many. */
static int list_guests(const gw_voyage_t *v, int *slots)
{
    int i, n = 0;

    for (i = 0; i < v->n; i++) {
        if (v->slots[i] >= 0) {
            slots[n++] = v->slots[i];
        }
    }
    return n;
}

/* ... and those of its own that are on the board. */
static int list_all(const gw_voyage_t *v, int *slots)
{
    int i, n = list_guests(v, slots);

    for (i = 0; i < v->n; i++) {
        if (v->jobs[i] && v->jobs[i]->slot >= 0) {
            slots[n++] = v->jobs[i]->slot;
        }
    }
    return n;
}

/* 0: its name is too long. */
static int read_tow(const rc_bulk_task_t *task, int whole, gw_tow_t *tow)
{
    const rc_bulk_name_t name = rc_bulk_name(task);

    memset(tow, 0, sizeof *tow);
    tow->credential = name.credential;
    tow->begun = name.begun;
    tow->n = whole;
    apr_cpystrn(tow->task, name.task, sizeof tow->task);
    return strlen(name.task) < sizeof tow->task;
}

/* Lets other children know how to ask for the task. One with a name that is too long
 * is lost with this child. */
static void note_task(gw_voyage_t *v, const base_env_t *env)
{
    int *slots = apr_palloc(v->p, v->n * sizeof *slots), n = list_all(v, slots);
    gw_tow_t tow;

    if (n && read_tow(v->task, v->whole, &tow)) {
        gw_board_note(v->board, slots, n, &tow, base_now(env));
    }
}

int gw_voyage_sail(gw_voyage_t *v, gw_session_t *session, rc_place_t *place)
{
    rc_client_t *client = session->account->client;
    rc_bulk_request_t request = {v->items, v->n};
    rc_caller_t who = gw_session_caller(session);
    int i;

    who.place = place;
    v->whole = v->n;
    v->e = fill_items(v);
    if (!v->e) {
        v->e = v->ask == GW_ASK_REMOVE
                   ? rc_bulk_remove(client, &who, v->p, &request)
                   : rc_bulk_update(client, &who, v->p, &request, &v->task);
    }
    for (i = 0; v->e && i < v->n; i++) {
        v->items[i].error = v->e;
    }
    if (v->e) {
        base_log(session->env, level_of(v->e), APR_SUCCESS,
                 "SCIMRC0120: account %s: a call for the %s of %d extensions did not "
                 "succeed: %s%s%s",
                 session->account->conf->name, name_of(v), v->n, v->e->code,
                 *v->e->code ? " " : "", v->e->message);
    }
    else if (v->task) {
        note_task(v, session->env);
    }
    return v->e || !v->task;
}

gw_voyage_t *gw_voyage_salvage(apr_pool_t *p, gw_session_t *session, gw_board_t *board,
                               int slot)
{
    gw_voyage_t *v = gw_voyage_make(p, GW_ASK_UPDATE, board, GW_BOARD_SLOTS);
    int *slots = apr_palloc(p, GW_BOARD_SLOTS * sizeof *slots), i;
    apr_uint64_t *ids = apr_palloc(p, GW_BOARD_SLOTS * sizeof *ids);
    rc_caller_t who = gw_session_caller(session);
    rc_bulk_name_t name;
    gw_tow_t tow;
    int n = gw_board_salvage(board, slot, slots, ids, &tow);
    const rc_bulk_request_t request = {v->items, n};

    if (!n) {
        return NULL;
    }
    for (i = 0; i < n; i++) {
        gw_voyage_invite(v, slots[i]);
        v->items[i].id = gw_id_text(p, ids[i]);
    }
    v->whole = tow.n;
    name = (rc_bulk_name_t){tow.task, tow.credential, tow.begun};
    v->task = rc_bulk_resume(session->account->client, &who, p, &request, &name);
    return v;
}

/* Does nobody know the name of its task? */
static int is_nameless(const gw_voyage_t *v)
{
    return !*rc_bulk_name(v->task).task;
}

int gw_voyage_poll(gw_voyage_t *v, gw_session_t *session)
{
    rc_caller_t who = gw_session_caller(session);
    const apr_time_t soon = base_now(session->env) + LONGEST_LOOK;
    apr_pool_t *p;
    int ended = 0;
    rc_error_t *e;

    /* The request may have better to do than to wait for a Light call: others ask, too.
     */
    who.deadline = soon < who.deadline ? soon : who.deadline;

    if (is_nameless(v)) {
        rc_bulk_give_up(v->task, v->p);
        return 1;
    }
    apr_pool_create(&p, v->p); /* its results stay with the voyage */
    e = rc_bulk_poll(session->account->client, &who, p, v->task, &ended);
    if (!ended) {
        if (e) {
            base_log(session->env, BASE_LOG_DEBUG, APR_SUCCESS,
                     "the task of a bulk update could not be looked at: %s",
                     e->message);
        }
        apr_pool_destroy(p);
    }
    return ended;
}

void gw_voyage_abandon(gw_board_t *board, const rc_bulk_task_t *task, int whole,
                       gw_job_t *const *jobs, int n, apr_uint64_t number)
{
    gw_abandoned_t abandoned = {
        GW_BOARD_UPDATES, number, {"", 0, 0, 0}, rc_bulk_next(task)};
    int i, is_known = read_tow(task, whole, &abandoned.tow);

    for (i = 0; i < n; i++) {
        if (jobs[i] && is_known) {
            const gw_berth_t berth = {jobs[i]->ticket, jobs[i]->id, jobs[i]->slot, 0,
                                      NULL};

            gw_board_abandon(board, &berth, &abandoned);
        }
        else if (jobs[i] && jobs[i]->slot >= 0) {
            gw_board_free(board, jobs[i]->slot, jobs[i]->ticket);
        }
    }
}

void gw_voyage_give_up(gw_voyage_t *v)
{
    int *slots = apr_palloc(v->p, v->n * sizeof *slots);

    gw_voyage_abandon(v->board, v->task, v->whole, v->jobs, v->n, v->number);
    gw_board_set_adrift(v->board, slots, list_guests(v, slots), rc_bulk_next(v->task));
    rc_bulk_give_up(v->task, v->p);
    v->guests = 0;
    v->given_up = 1;
}

void gw_voyage_await(gw_board_t *board, apr_uint64_t id, const base_env_t *env)
{
    const gw_berth_t berth = {0, id, -1, 0, NULL};
    gw_abandoned_t late = {GW_BOARD_UPDATES, 0, {"", 0, 1, 0}, base_now(env) + LATEST};

    gw_board_abandon(board, &berth, &late);
}

int gw_voyage_tend(gw_session_t *session, gw_board_t *board, int slot)
{
    gw_voyage_t *v;
    apr_pool_t *p;
    int asked;

    apr_pool_create(&p, NULL);
    apr_pool_tag(p, "gw_voyage");
    v = gw_voyage_salvage(p, session, board, slot);
    asked = v && !is_nameless(v);
    if (v && gw_voyage_poll(v, session)) {
        gw_voyage_deliver(v, session);
    }
    else if (v) {
        gw_voyage_give_up(v);
    }
    apr_pool_destroy(p);
    return asked;
}

void gw_voyage_doubt(gw_session_t *session, gw_board_t *board, const gw_wreck_t *wreck)
{
    apr_pool_t *p;
    gw_job_t *job;

    apr_pool_create(&p, NULL);
    job = gw_job_make(session, gw_id_text(p, wreck->id));
    job->ask = GW_ASK_UPDATE;
    job->e = rc_error(job->p, RC_LOST, "nobody waits for it");
    gw_job_finish_late(job, session);
    gw_board_dispose(board, wreck);
    apr_pool_destroy(p);
}

void gw_voyage_clear_up(gw_session_t *session, gw_board_t *board, apr_pool_t *p,
                        int tends)
{
    gw_litter_t *litter = apr_palloc(p, sizeof *litter);
    int i;

    gw_board_sweep(board, base_now(session->env), litter);
    for (i = 0; i < litter->n_wrecks; i++) {
        gw_voyage_doubt(session, board, &litter->wrecks[i]);
    }
    for (i = 0; tends && i < litter->n_loose; i++) {
        if (gw_voyage_tend(session, board, litter->loose[i])) {
            break; /* one at a time: each may take long */
        }
    }
}

void gw_voyage_deliver(gw_voyage_t *v, gw_session_t *session)
{
    gw_wreck_t wreck;
    int i;

    for (i = 0; v->guests && i < v->n; i++) {
        gw_result_t result = gw_voyage_result(v, i);

        if (v->slots[i] < 0 ||
            gw_board_deliver(v->board, v->slots[i], &result, &wreck)) {
            continue;
        }
        if (result.whole && result.e->kind == RC_LOST) {
            gw_voyage_await(v->board, wreck.id, session->env);
        }
        gw_voyage_doubt(session, v->board, &wreck);
    }
}

gw_result_t gw_voyage_result(const gw_voyage_t *v, int i)
{
    return (gw_result_t){v->items[i].error, v->e != NULL, v->whole};
}

int gw_voyage_is_barred(gw_ask_t ask, const gw_result_t *result)
{
    return ask == GW_ASK_UPDATE && result->whole &&
           (result->e->kind == RC_FORBIDDEN || result->e->kind == RC_PROTOCOL);
}

rc_error_t *gw_voyage_keep(apr_pool_t *p, const rc_error_t *e)
{
    rc_error_t *kept = rc_error(p, e->kind, "%s", e->message);

    kept->http_status = e->http_status;
    kept->code = apr_pstrdup(p, e->code);
    kept->parameter = apr_pstrdup(p, e->parameter);
    kept->request_id = apr_pstrdup(p, e->request_id);
    kept->retry_after = e->retry_after;
    return kept;
}

/* The call was refused as a whole: who of them is to blame shows in smaller calls. */
static gw_verdict_t split(gw_job_t *job, const gw_result_t *result)
{
    if (result->n == 1) {
        return job->ask == GW_ASK_UPDATE ? GW_VOYAGE_ALONE : GW_VOYAGE_OVER;
    }
    job->share = result->n / 2;
    return GW_VOYAGE_AGAIN;
}

gw_verdict_t gw_voyage_judge(gw_job_t *job, const gw_result_t *result)
{
    rc_error_t *e;
    int was_lost = job->lost != NULL;

    if (!result->e) {
        job->e = NULL;
        return GW_VOYAGE_OVER;
    }
    e = gw_voyage_keep(job->p, result->e);
    job->e = was_lost ? gw_error_after_loss(job->lost, e) : e;
    if (gw_voyage_is_barred(job->ask, result)) {
        return GW_VOYAGE_ALONE;
    }
    if (result->whole && e->kind == RC_INVALID) {
        return split(job, result);
    }
    if (e->kind == RC_LOST && !was_lost) {
        job->lost = e;
        return GW_VOYAGE_AGAIN;
    }
    if (gw_error_is_passing(e) && ++job->tries < TRIES) {
        return GW_VOYAGE_AGAIN;
    }
    return gw_job_is_second_try(job, e) ? GW_VOYAGE_ALONE : GW_VOYAGE_OVER;
}
