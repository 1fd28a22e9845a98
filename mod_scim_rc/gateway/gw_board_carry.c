/* The side of who carries, and what the dead have left. */
#include "gw_board_private.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base_str.h"

/* What calls carried lately: by this part with each that carried less. */
#define FORGETS 4

/* ---- who has ended ---- */

/* Of all children of whom something is on the board. 0: it cannot be read. */
static int take_census(const gw_board_t *board, gw_census_t *census)
{
    int i;

    census->n = 0;
    if (!gw_board_lock(board)) {
        return 0;
    }
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        const gw_slot_t *slot = &board->state->slots[i];

        if (slot->state != GW_SLOT_FREE) {
            gw_census_add(census, &slot->owner);
            gw_census_add(census, &slot->carrier);
        }
    }
    gw_board_unlock(board);
    gw_census_take(census, board->signs); /* without the lock */
    return 1;
}

/* ---- the carrier ---- */

void gw_board_read(gw_board_t *board, gw_board_kind_t kind, gw_board_news_t *news)
{
    int i;

    memset(news, 0, sizeof *news);
    if (!gw_board_lock(board)) {
        return;
    }
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        const gw_slot_t *slot = &board->state->slots[i];

        if (slot->state == GW_SLOT_WAITS && slot->kind == (apr_int32_t)kind) {
            news->since =
                news->posted && news->since < slot->since ? news->since : slot->since;
            news->posted++;
        }
    }
    news->usual = board->state->kinds[kind].usual;
    news->barred_until = board->state->kinds[kind].barred_until;
    gw_board_unlock(board);
}

void gw_board_bar(gw_board_t *board, gw_board_kind_t kind, apr_time_t until)
{
    if (gw_board_lock(board)) {
        board->state->kinds[kind].barred_until = until;
        gw_board_unlock(board);
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
    return slot->state == GW_SLOT_WAITS && slot->kind == (apr_int32_t)kind &&
           !slot->left && !gw_board_is_self(board, &slot->owner) &&
           !gw_census_has_ended(census, &slot->owner);
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

        if (berth->slot < 0 || (gw_board_is_posted(board, berth->slot, berth->ticket) &&
                                slots[berth->slot].state == GW_SLOT_WAITS)) {
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

    if (!take_census(board, &census) || !gw_board_lock(board)) {
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
            gw_board_set_state(board, slot, GW_SLOT_SAILS);
        }
        if (slot >= 0 && crowd->berths[i].own) { /* it has its body itself */
            base_secret_clear(&board->state->texts[slot],
                              sizeof board->state->texts[slot]);
        }
    }
    if (crowd->n) {
        learn(&board->state->kinds[kind].usual, crowd->n);
    }
    gw_board_unlock(board);
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
    return gw_board_state_of(board, slot) == GW_SLOT_SAILS &&
           gw_board_is_self(board, &board->state->slots[slot].carrier);
}

void gw_board_note(gw_board_t *board, const int *slots, int n, const gw_tow_t *tow,
                   apr_time_t now)
{
    int i;

    if (!gw_board_lock(board)) {
        return;
    }
    for (i = 0; i < n; i++) {
        if (is_ours(board, slots[i])) {
            board->state->texts[slots[i]].tow = *tow;
            board->state->slots[slots[i]].noted = 1;
            board->state->slots[slots[i]].since = now;
        }
    }
    gw_board_unlock(board);
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
                     gw_wreck_t *wreck)
{
    gw_slot_t *s = &board->state->slots[slot];
    const gw_sign_t owner = s->owner;
    int gone = gw_signs_has_ended(board->signs, &owner), is_taken = 1;

    if (!gw_board_lock(board)) {
        s->carrier.number = 0; /* only the carrier does so: it is adrift or lost */
        return 1;
    }
    if (is_ours(board, slot) && (gone || s->left)) {
        *wreck = (gw_wreck_t){slot, s->ticket, s->id};
        is_taken = 0;
    }
    else if (is_ours(board, slot)) {
        write_outcome(&board->state->texts[slot].outcome, result);
        gw_board_set_state(board, slot, GW_SLOT_ARRIVED);
    }
    gw_board_unlock(board);
    return is_taken;
}

void gw_board_dispose(gw_board_t *board, const gw_wreck_t *wreck)
{
    gw_slot_t *slot = &board->state->slots[wreck->slot];

    if (!gw_board_lock(board)) {
        slot->carrier.number = 0; /* somebody else has to, then */
        return;
    }
    if (slot->ticket == wreck->ticket && gw_board_is_self(board, &slot->carrier)) {
        gw_board_release(board, wreck->slot);
    }
    gw_board_unlock(board);
}

void gw_board_set_adrift(gw_board_t *board, const int *slots, int n, apr_time_t look_at)
{
    const int is_locked = gw_board_lock(board);
    int i;

    for (i = 0; i < n; i++) {
        gw_slot_t *slot = &board->state->slots[slots[i]];

        if (is_ours(board, slots[i])) {
            slot->look_at = look_at;
            slot->carrier.number = 0; /* only the carrier does so */
        }
    }
    if (is_locked) {
        gw_board_unlock(board);
    }
}

/* Under the lock. */
static void abandon(gw_board_t *board, int i, const gw_berth_t *berth,
                    const gw_abandoned_t *task)
{
    gw_slot_t *slot = &board->state->slots[i];

    gw_board_release(board, i);
    slot->kind = (apr_int32_t)task->kind;
    slot->len = -1;
    slot->left = slot->noted = 1;
    slot->ticket = ++board->state->last_ticket;
    slot->id = berth->id;
    slot->owner = *gw_signs_own(board->signs);
    slot->voyage = task->voyage;
    slot->since = slot->look_at = task->look_at;
    board->state->texts[i].tow = task->tow;
    gw_board_set_state(board, i, GW_SLOT_SAILS);
}

void gw_board_abandon(gw_board_t *board, const gw_berth_t *berth, gw_abandoned_t *task)
{
    int slot;

    if (!gw_board_lock(board)) {
        return;
    }
    slot = berth->slot >= 0 && gw_board_is_posted(board, berth->slot, berth->ticket)
               ? berth->slot
               : gw_board_find_free(board);
    if (!task->voyage) {
        task->voyage = ++board->state->last_voyage;
    }
    if (slot >= 0) {
        abandon(board, slot, berth, task);
    }
    gw_board_unlock(board);
}

int gw_board_salvage(gw_board_t *board, int slot, int *slots, apr_uint64_t *ids,
                     gw_tow_t *tow)
{
    const apr_uint64_t carrier = board->state->slots[slot].carrier.number;
    gw_slot_t *all = board->state->slots;
    int i, n = 0;

    if (gw_board_fate_of(board, slot) != GW_BOARD_ADRIFT || !gw_board_lock(board)) {
        return 0;
    }
    *tow = board->state->texts[slot].tow;
    if (all[slot].state == GW_SLOT_SAILS && all[slot].carrier.number == carrier) {
        for (i = 0; i < GW_BOARD_SLOTS; i++) {
            if (all[i].state == GW_SLOT_SAILS && all[i].carrier.number == carrier &&
                all[i].voyage == all[slot].voyage) {
                slots[n] = i;
                ids[n++] = all[i].id;
            }
        }
        for (i = 0; i < n; i++) {
            all[slots[i]].carrier = *gw_signs_own(board->signs);
        }
    }
    gw_board_unlock(board);
    return n;
}

/* ---- what the dead left behind ---- */

/* Does nobody come for it any more? */
static int is_litter(const gw_slot_t *slot, const gw_census_t *census)
{
    int is_left = slot->left || gw_census_has_ended(census, &slot->owner);

    if (slot->state == GW_SLOT_SAILS && slot->carrier.number) {
        return is_left && gw_census_has_ended(census, &slot->carrier);
    }
    return slot->state != GW_SLOT_FREE && is_left;
}

/* Can somebody still ask what becomes of it? */
static int is_loose(const gw_slot_t *slot, apr_time_t now)
{
    return slot->state == GW_SLOT_SAILS && slot->noted &&
           now < slot->since + GW_BOARD_TASK_LIFE;
}

/* From now on it is the caller's: nobody else clears it up, or goes on with it. Under
 * the lock. */
static gw_wreck_t seize(gw_board_t *board, int i)
{
    gw_slot_t *slot = &board->state->slots[i];

    base_secret_clear(&board->state->texts[i], sizeof board->state->texts[i]);
    slot->left = 1;
    slot->noted = 0;
    slot->carrier = *gw_signs_own(board->signs);
    slot->voyage = ++board->state->last_voyage;
    gw_board_set_state(board, i, GW_SLOT_SAILS);
    return (gw_wreck_t){i, slot->ticket, slot->id};
}

/* One slot of each call is enough. */
static void note_loose(const gw_board_t *board, int slot, gw_litter_t *litter)
{
    const gw_slot_t *slots = board->state->slots;
    int i = 0;

    while (i < litter->n_loose &&
           slots[litter->loose[i]].voyage != slots[slot].voyage) {
        i++;
    }
    if (i == litter->n_loose) {
        litter->loose[litter->n_loose++] = slot;
    }
}

void gw_board_sweep(gw_board_t *board, apr_time_t now, gw_litter_t *litter)
{
    gw_census_t census;
    int i;

    litter->n_wrecks = litter->n_loose = 0;
    if (!take_census(board, &census) || !census.n || !gw_board_lock(board)) {
        return;
    }
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        const gw_slot_t *slot = &board->state->slots[i];

        if (!is_litter(slot, &census)) {
            continue;
        }
        if (slot->state == GW_SLOT_WAITS) {
            gw_board_release(board, i);
        }
        else if (is_loose(slot, now)) {
            if (slot->look_at <= now) {
                note_loose(board, i, litter);
            }
        }
        else {
            litter->wrecks[litter->n_wrecks++] = seize(board, i);
        }
    }
    gw_board_unlock(board);
}

/* Where something of this extension is, or -1; and what. */
static int look_for(gw_board_t *board, apr_uint64_t id, gw_slot_t *found)
{
    int i = 0;

    if (!gw_board_lock(board)) {
        return -1;
    }
    while (i < GW_BOARD_SLOTS && (board->state->slots[i].state == GW_SLOT_FREE ||
                                  board->state->slots[i].id != id)) {
        i++;
    }
    if (i < GW_BOARD_SLOTS) {
        *found = board->state->slots[i];
    }
    gw_board_unlock(board);
    return i < GW_BOARD_SLOTS ? i : -1;
}

/* It belongs to nobody: takes it down, or over. 0: somebody was faster. */
static int clear_rest(gw_board_t *board, int i, const gw_slot_t *seen,
                      gw_wreck_t *wreck)
{
    gw_slot_t *slot = &board->state->slots[i];
    int is_same;

    if (!gw_board_lock(board)) {
        return 0;
    }
    is_same = slot->state == seen->state && slot->ticket == seen->ticket &&
              slot->carrier.number == seen->carrier.number;
    if (is_same && slot->state == GW_SLOT_WAITS) {
        gw_board_release(board, i);
    }
    else if (is_same) {
        *wreck = seize(board, i);
    }
    gw_board_unlock(board);
    return is_same;
}

gw_board_rest_t gw_board_find_rest(gw_board_t *board, apr_uint64_t id, apr_time_t now,
                                   gw_wreck_t *wreck)
{
    gw_slot_t seen;
    int i;

    while ((i = look_for(board, id, &seen)) >= 0) {
        if (!seen.left && !gw_signs_has_ended(board->signs, &seen.owner)) {
            return GW_BOARD_UNDER_WAY; /* its lock is in a file that was deleted */
        }
        if (seen.state == GW_SLOT_SAILS && seen.carrier.number &&
            !gw_signs_has_ended(board->signs, &seen.carrier)) {
            return GW_BOARD_UNDER_WAY;
        }
        if (is_loose(&seen, now)) {
            *wreck = (gw_wreck_t){i, seen.ticket, id};
            return now < seen.look_at ? GW_BOARD_UNDER_WAY : GW_BOARD_LOOSE;
        }
        if (!clear_rest(board, i, &seen, wreck)) {
            return GW_BOARD_UNDER_WAY;
        }
        if (seen.state != GW_SLOT_WAITS) {
            return GW_BOARD_WRECKED;
        }
    }
    return GW_BOARD_NOTHING;
}
