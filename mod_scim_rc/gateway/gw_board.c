#include "gw_board.h"

#include <stdlib.h>
#include <string.h>
#include <apr_atomic.h>
#include <apr_strings.h>

#include "base_str.h"

enum { FREE, WAITS, SAILS, ARRIVED };

/* What calls carried lately: by this part with each that carried less. */
#define FORGETS 4

struct gw_board_t {
    const base_shared_t *shared;
    gw_board_state_t *state;
    gw_signs_t *signs;
};

apr_status_t gw_board_open(gw_board_t **board, apr_pool_t *p,
                           const base_shared_t *shared, gw_board_state_t *state,
                           const char *lock_file)
{
    gw_board_t *b = apr_palloc(p, sizeof *b);

    b->shared = shared;
    b->state = state;
    *board = b;
    return gw_signs_open(&b->signs, p, lock_file);
}

static int is_self(const gw_board_t *board, const gw_sign_t *child)
{
    return child->number == gw_signs_own(board->signs)->number;
}

/* ---- slots ---- */

static int lock(const gw_board_t *board)
{
    return board->shared->lock(board->shared->ctx) == APR_SUCCESS;
}

static void unlock(const gw_board_t *board)
{
    board->shared->unlock(board->shared->ctx);
}

/* Under the lock, like all that changes a state. */
static void release(gw_board_t *board, int slot)
{
    base_secret_clear(&board->state->texts[slot], sizeof board->state->texts[slot]);
    memset(&board->state->slots[slot], 0, sizeof board->state->slots[slot]);
}

/* May be asked without the lock. */
static apr_uint32_t state_of(const gw_board_t *board, int slot)
{
    return apr_atomic_read32(&board->state->slots[slot].state);
}

static void set_state(gw_board_t *board, int slot, apr_uint32_t state)
{
    apr_atomic_set32(&board->state->slots[slot].state, state);
}

/* ---- the owner ---- */

/* Is that still in the slot? */
static int is_posted(const gw_board_t *board, int slot, apr_uint64_t ticket)
{
    const gw_slot_t *s = &board->state->slots[slot];

    return s->state != FREE && s->ticket == ticket && is_self(board, &s->owner);
}

static int find_free(const gw_board_t *board)
{
    int i = 0;

    while (i < GW_BOARD_SLOTS && state_of(board, i) != FREE) {
        i++;
    }
    return i < GW_BOARD_SLOTS ? i : -1;
}

static void fill(gw_board_t *board, int i, const gw_notice_t *notice, apr_time_t now)
{
    gw_slot_t *slot = &board->state->slots[i];

    slot->kind = (apr_int32_t)notice->kind;
    slot->share = notice->share;
    slot->len = notice->body ? (apr_int32_t)notice->len : -1;
    slot->ticket = board->state->last_ticket;
    slot->id = notice->id;
    slot->owner = *gw_signs_own(board->signs);
    slot->since = now;
    if (notice->body) {
        memcpy(board->state->texts[i].body, notice->body, notice->len);
    }
    set_state(board, i, WAITS);
}

apr_uint64_t gw_board_post(gw_board_t *board, const gw_notice_t *notice, apr_time_t now,
                           int *slot)
{
    apr_uint64_t ticket;

    *slot = -1;
    if (!lock(board)) {
        return 0;
    }
    ticket = ++board->state->last_ticket;
    if (notice && (!notice->body || notice->len <= GW_BOARD_BODY)) {
        *slot = find_free(board);
    }
    if (*slot >= 0) {
        fill(board, *slot, notice, now);
    }
    unlock(board);
    return ticket;
}

int gw_board_take_down(gw_board_t *board, int slot, apr_uint64_t ticket)
{
    int waits;

    if (!lock(board)) {
        return -1;
    }
    waits = is_posted(board, slot, ticket) && state_of(board, slot) == WAITS;
    if (waits) {
        release(board, slot);
    }
    unlock(board);
    return waits;
}

static gw_board_fate_t look_at_carrier(gw_board_t *board, int slot)
{
    gw_board_fate_t fate = GW_BOARD_SAILS;
    const gw_sign_t carrier = board->state->slots[slot].carrier;

    if (carrier.number && !gw_signs_has_ended(board->signs, &carrier)) {
        return GW_BOARD_SAILS;
    }
    if (!lock(board)) {
        return GW_BOARD_SAILS;
    }
    if (state_of(board, slot) == ARRIVED) {
        fate = GW_BOARD_ARRIVED;
    }
    else if (board->state->slots[slot].carrier.number == carrier.number) {
        fate = board->state->slots[slot].noted ? GW_BOARD_ADRIFT : GW_BOARD_SUNK;
    }
    unlock(board);
    return fate;
}

static gw_board_fate_t fate_of(gw_board_t *board, int slot)
{
    switch (state_of(board, slot)) {
    case WAITS:
        return GW_BOARD_WAITS;
    case ARRIVED:
        return GW_BOARD_ARRIVED;
    default:
        return look_at_carrier(board, slot);
    }
}

gw_board_fate_t gw_board_look(gw_board_t *board, int slot, apr_uint64_t ticket)
{
    return is_posted(board, slot, ticket) ? fate_of(board, slot) : GW_BOARD_SUNK;
}

static char *text_or(apr_pool_t *p, const char *text, char *otherwise)
{
    return *text ? apr_pstrdup(p, text) : otherwise;
}

static void read_outcome(apr_pool_t *p, const gw_outcome_t *outcome,
                         gw_result_t *result)
{
    rc_error_t *e = NULL;

    if (outcome->failed) {
        e = rc_error(p, (rc_error_kind_t)outcome->kind, "%s", outcome->message);
        e->http_status = outcome->http_status;
        e->retry_after = outcome->retry_after;
        e->code = apr_pstrdup(p, outcome->code);
        e->request_id = text_or(p, outcome->request_id, NULL);
        e->parameter =
            outcome->has_parameter ? apr_pstrdup(p, outcome->parameter) : NULL;
    }
    *result = (gw_result_t){e, outcome->whole, outcome->n};
}

int gw_board_collect(gw_board_t *board, int slot, apr_uint64_t ticket, apr_pool_t *p,
                     gw_result_t *result)
{
    gw_board_fate_t fate = gw_board_look(board, slot, ticket);
    int is_there;

    if ((fate != GW_BOARD_ARRIVED && fate != GW_BOARD_SUNK) || !lock(board)) {
        return 0;
    }
    is_there = is_posted(board, slot, ticket);
    if (is_there && state_of(board, slot) == ARRIVED) {
        read_outcome(p, &board->state->texts[slot].outcome, result);
    }
    else {
        *result = (gw_result_t){
            rc_error(p, RC_LOST, "the process that made the bulk call has ended"), 0,
            1};
    }
    if (is_there) {
        release(board, slot);
    }
    unlock(board);
    return 1;
}

gw_board_left_t gw_board_leave(gw_board_t *board, int slot, apr_uint64_t ticket)
{
    gw_board_left_t left = GW_BOARD_COLLECT;
    int is_locked = lock(board), is_there = is_posted(board, slot, ticket);

    if (is_there && is_locked && state_of(board, slot) == WAITS) {
        release(board, slot);
        left = GW_BOARD_UNSENT;
    }
    else if (is_there && (!is_locked || state_of(board, slot) == SAILS)) {
        board->state->slots[slot].left = 1; /* only the owner says so */
        left = GW_BOARD_LEFT;
    }
    if (is_locked) {
        unlock(board);
    }
    return left;
}

void gw_board_free(gw_board_t *board, int slot, apr_uint64_t ticket)
{
    if (lock(board)) {
        if (is_posted(board, slot, ticket)) {
            release(board, slot);
        }
        unlock(board);
    }
}

/* ---- who has ended ---- */

/* Of all children of whom something is on the board. 0: it cannot be read. */
static int take_census(const gw_board_t *board, gw_census_t *census)
{
    int i;

    census->n = 0;
    if (!lock(board)) {
        return 0;
    }
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        const gw_slot_t *slot = &board->state->slots[i];

        if (slot->state != FREE) {
            gw_census_add(census, &slot->owner);
            gw_census_add(census, &slot->carrier);
        }
    }
    unlock(board);
    gw_census_take(census, board->signs); /* without the lock */
    return 1;
}

/* ---- the carrier ---- */

void gw_board_read(gw_board_t *board, gw_board_kind_t kind, gw_board_news_t *news)
{
    int i;

    memset(news, 0, sizeof *news);
    if (!lock(board)) {
        return;
    }
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        const gw_slot_t *slot = &board->state->slots[i];

        if (slot->state == WAITS && slot->kind == (apr_int32_t)kind) {
            news->since =
                news->posted && news->since < slot->since ? news->since : slot->since;
            news->posted++;
        }
    }
    news->usual = board->state->kinds[kind].usual;
    news->barred_until = board->state->kinds[kind].barred_until;
    unlock(board);
}

void gw_board_bar(gw_board_t *board, gw_board_kind_t kind, apr_time_t until)
{
    if (lock(board)) {
        board->state->kinds[kind].barred_until = until;
        unlock(board);
    }
}

static int by_ticket(const void *a, const void *b)
{
    const gw_berth_t *one = a, *other = b;

    return one->ticket < other->ticket ? -1 : one->ticket > other->ticket;
}

/* May another child's write go aboard? A dead owner's lock has gone, and somebody else
 * may have changed the user since. */
static int may_come(const gw_board_t *board, const gw_slot_t *slot,
                    gw_board_kind_t kind, const gw_census_t *census)
{
    return slot->state == WAITS && slot->kind == (apr_int32_t)kind && !slot->left &&
           !is_self(board, &slot->owner) && !gw_census_has_ended(census, &slot->owner);
}

/* Of several writes of one user only the first goes: a call has no order. */
static int is_twin(const gw_crowd_t *crowd, apr_uint64_t id)
{
    int i = 0;

    while (i < crowd->n && crowd->berths[i].id != id) {
        i++;
    }
    return i < crowd->n;
}

static void send_home_twins(gw_crowd_t *crowd)
{
    const int all = crowd->n;
    int i;

    for (i = crowd->n = 0; i < all; i++) {
        if (!is_twin(crowd, crowd->berths[i].id)) {
            crowd->berths[crowd->n++] = crowd->berths[i];
        }
    }
}

/* Takes those out whom another child has claimed, and adds what other children have
 * posted. */
static void assemble(const gw_board_t *board, gw_board_kind_t kind,
                     const gw_census_t *census, gw_crowd_t *crowd)
{
    const gw_slot_t *slots = board->state->slots;
    int i, n = 0;

    for (i = 0; i < crowd->n; i++) {
        const gw_berth_t *berth = &crowd->berths[i];

        if (berth->slot < 0 || (is_posted(board, berth->slot, berth->ticket) &&
                                slots[berth->slot].state == WAITS)) {
            crowd->berths[n++] = *berth;
        }
    }
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        if (may_come(board, &slots[i], kind, census)) {
            crowd->berths[n++] =
                (gw_berth_t){slots[i].ticket, slots[i].id, i, slots[i].share, NULL};
        }
    }
    crowd->n = n;
    qsort(crowd->berths, (size_t)n, sizeof *crowd->berths, by_ticket);
    send_home_twins(crowd);
}

/* How many from the first on may share a call. */
static int count_mates(const gw_crowd_t *crowd, int max)
{
    int n = 0;

    while (n < crowd->n && n < max &&
           (!crowd->berths[n].share || n < crowd->berths[n].share)) {
        const int share = crowd->berths[n++].share;

        max = share && share < max ? share : max;
    }
    return n;
}

/* One call that few have come for does not mean that few will come for the next. */
static void learn(apr_int32_t *usual, int n)
{
    *usual = n >= *usual ? n : *usual - (*usual - n + FORGETS - 1) / FORGETS;
}

void gw_board_claim(gw_board_t *board, gw_board_kind_t kind, int max, gw_crowd_t *crowd)
{
    gw_census_t census;
    int i;

    if (!take_census(board, &census) || !lock(board)) {
        crowd->n = 0;
        return;
    }
    assemble(board, kind, &census, crowd);
    crowd->n = count_mates(crowd, max);
    crowd->voyage = ++board->state->last_voyage;
    for (i = 0; i < crowd->n; i++) {
        const int slot = crowd->berths[i].slot;

        if (slot >= 0) {
            board->state->slots[slot].carrier = *gw_signs_own(board->signs);
            board->state->slots[slot].voyage = crowd->voyage;
            set_state(board, slot, SAILS);
        }
        if (slot >= 0 && crowd->berths[i].own) { /* it has its body itself */
            base_secret_clear(&board->state->texts[slot],
                              sizeof board->state->texts[slot]);
        }
    }
    if (crowd->n) {
        learn(&board->state->kinds[kind].usual, crowd->n);
    }
    unlock(board);
}

char *gw_board_take_body(gw_board_t *board, int slot, apr_pool_t *p, apr_uint64_t *id)
{
    gw_slot_t *s = &board->state->slots[slot];
    gw_slot_text_t *text = &board->state->texts[slot];
    char *body = s->len >= 0 ? apr_pstrmemdup(p, text->body, (apr_size_t)s->len) : NULL;

    *id = s->id;
    base_secret_clear(text, sizeof *text);
    return body;
}

/* Is it under way with the caller as its carrier? Under the lock. */
static int is_ours(const gw_board_t *board, int slot)
{
    return state_of(board, slot) == SAILS &&
           is_self(board, &board->state->slots[slot].carrier);
}

void gw_board_note(gw_board_t *board, const int *slots, int n, const gw_tow_t *tow)
{
    int i;

    if (!lock(board)) {
        return;
    }
    for (i = 0; i < n; i++) {
        if (is_ours(board, slots[i])) {
            board->state->texts[slots[i]].tow = *tow;
            board->state->slots[slots[i]].noted = 1;
        }
    }
    unlock(board);
}

static void write_outcome(gw_outcome_t *outcome, const gw_result_t *result)
{
    const rc_error_t *e = result->e;

    memset(outcome, 0, sizeof *outcome);
    outcome->whole = result->whole;
    outcome->n = result->n;
    if (e) {
        outcome->failed = 1;
        outcome->kind = (apr_int32_t)e->kind;
        outcome->http_status = e->http_status;
        outcome->retry_after = e->retry_after;
        outcome->has_parameter = e->parameter != NULL;
        apr_cpystrn(outcome->code, e->code, sizeof outcome->code);
        apr_cpystrn(outcome->message, e->message, sizeof outcome->message);
        apr_cpystrn(outcome->parameter, e->parameter ? e->parameter : "",
                    sizeof outcome->parameter);
        apr_cpystrn(outcome->request_id, e->request_id ? e->request_id : "",
                    sizeof outcome->request_id);
    }
}

int gw_board_deliver(gw_board_t *board, int slot, const gw_result_t *result,
                     apr_uint64_t *id)
{
    gw_slot_t *s = &board->state->slots[slot];
    const gw_sign_t owner = s->owner;
    int gone = gw_signs_has_ended(board->signs, &owner), is_taken = 1;

    if (!lock(board)) {
        return 1; /* whoever waits finds it adrift when this child has ended */
    }
    if (is_ours(board, slot) && (gone || s->left)) {
        *id = s->id;
        is_taken = 0;
        release(board, slot);
    }
    else if (is_ours(board, slot)) {
        write_outcome(&board->state->texts[slot].outcome, result);
        set_state(board, slot, ARRIVED);
    }
    unlock(board);
    return is_taken;
}

void gw_board_set_adrift(gw_board_t *board, const int *slots, int n)
{
    int i;

    if (!lock(board)) {
        return;
    }
    for (i = 0; i < n; i++) {
        if (is_ours(board, slots[i])) {
            board->state->slots[slots[i]].carrier.number = 0;
        }
    }
    unlock(board);
}

int gw_board_salvage(gw_board_t *board, int slot, int *slots, apr_uint64_t *ids,
                     gw_tow_t *tow)
{
    const apr_uint64_t carrier = board->state->slots[slot].carrier.number;
    gw_slot_t *all = board->state->slots;
    int i, n = 0;

    if (fate_of(board, slot) != GW_BOARD_ADRIFT || !lock(board)) {
        return 0;
    }
    *tow = board->state->texts[slot].tow;
    if (all[slot].state == SAILS && all[slot].carrier.number == carrier) {
        for (i = 0; i < GW_BOARD_SLOTS; i++) {
            if (all[i].state == SAILS && all[i].carrier.number == carrier &&
                all[i].voyage == all[slot].voyage) {
                slots[n] = i;
                ids[n++] = all[i].id;
            }
        }
        for (i = 0; i < n; i++) {
            all[slots[i]].carrier = *gw_signs_own(board->signs);
        }
    }
    unlock(board);
    return n;
}

/* ---- what the dead left behind ---- */

/* Does nobody come for it any more? */
static int is_litter(const gw_slot_t *slot, const gw_census_t *census)
{
    int is_left = slot->left || gw_census_has_ended(census, &slot->owner);

    if (slot->state == SAILS && slot->carrier.number) {
        return is_left && gw_census_has_ended(census, &slot->carrier);
    }
    return slot->state != FREE && is_left;
}

int gw_board_sweep(gw_board_t *board, apr_uint64_t *ids)
{
    gw_census_t census;
    int i, n_ids = 0;

    if (!take_census(board, &census) || !census.n || !lock(board)) {
        return 0;
    }
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        const gw_slot_t *slot = &board->state->slots[i];

        if (is_litter(slot, &census)) {
            ids[n_ids] = slot->id;
            n_ids += slot->state != WAITS; /* that was not sent */
            release(board, i);
        }
    }
    unlock(board);
    return n_ids;
}
