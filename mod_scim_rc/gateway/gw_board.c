#include "gw_board_private.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_strings.h>

#include "base_str.h"

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

int gw_board_is_self(const gw_board_t *board, const gw_sign_t *child)
{
    return child->number == gw_signs_own(board->signs)->number;
}

/* ---- slots ---- */

int gw_board_lock(const gw_board_t *board)
{
    return board->shared->lock(board->shared->ctx) == APR_SUCCESS;
}

void gw_board_unlock(const gw_board_t *board)
{
    board->shared->unlock(board->shared->ctx);
}

void gw_board_release(gw_board_t *board, int slot)
{
    base_secret_clear(&board->state->texts[slot], sizeof board->state->texts[slot]);
    memset(&board->state->slots[slot], 0, sizeof board->state->slots[slot]);
}

apr_uint32_t gw_board_state_of(const gw_board_t *board, int slot)
{
    return apr_atomic_read32(&board->state->slots[slot].state);
}

void gw_board_set_state(gw_board_t *board, int slot, apr_uint32_t state)
{
    apr_atomic_set32(&board->state->slots[slot].state, state);
}

/* ---- the owner ---- */

int gw_board_is_posted(const gw_board_t *board, int slot, apr_uint64_t ticket)
{
    const gw_slot_t *s = &board->state->slots[slot];

    return s->state != GW_SLOT_FREE && s->ticket == ticket &&
           gw_board_is_self(board, &s->owner);
}

int gw_board_find_free(const gw_board_t *board)
{
    int i = 0;

    while (i < GW_BOARD_SLOTS && gw_board_state_of(board, i) != GW_SLOT_FREE) {
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
    gw_board_set_state(board, i, GW_SLOT_WAITS);
}

apr_uint64_t gw_board_post(gw_board_t *board, const gw_notice_t *notice, apr_time_t now,
                           int *slot)
{
    apr_uint64_t ticket;

    *slot = -1;
    if (!gw_board_lock(board)) {
        return 0;
    }
    ticket = ++board->state->last_ticket;
    if (notice && (!notice->body || notice->len <= GW_BOARD_BODY)) {
        *slot = gw_board_find_free(board);
    }
    if (*slot >= 0) {
        fill(board, *slot, notice, now);
    }
    gw_board_unlock(board);
    return ticket;
}

int gw_board_take_down(gw_board_t *board, int slot, apr_uint64_t ticket)
{
    int waits;

    if (!gw_board_lock(board)) {
        return -1;
    }
    waits = gw_board_is_posted(board, slot, ticket) &&
            gw_board_state_of(board, slot) == GW_SLOT_WAITS;
    if (waits) {
        gw_board_release(board, slot);
    }
    gw_board_unlock(board);
    return waits;
}

static gw_board_fate_t look_at_carrier(gw_board_t *board, int slot)
{
    gw_board_fate_t fate = GW_BOARD_SAILS;
    const gw_sign_t carrier = board->state->slots[slot].carrier;

    if (carrier.number && !gw_signs_has_ended(board->signs, &carrier)) {
        return GW_BOARD_SAILS;
    }
    if (!gw_board_lock(board)) {
        return GW_BOARD_SAILS;
    }
    if (gw_board_state_of(board, slot) == GW_SLOT_ARRIVED) {
        fate = GW_BOARD_ARRIVED;
    }
    else if (board->state->slots[slot].carrier.number == carrier.number) {
        fate = board->state->slots[slot].noted ? GW_BOARD_ADRIFT : GW_BOARD_SUNK;
    }
    gw_board_unlock(board);
    return fate;
}

gw_board_fate_t gw_board_fate_of(gw_board_t *board, int slot)
{
    switch (gw_board_state_of(board, slot)) {
    case GW_SLOT_WAITS:
        return GW_BOARD_WAITS;
    case GW_SLOT_ARRIVED:
        return GW_BOARD_ARRIVED;
    default:
        return look_at_carrier(board, slot);
    }
}

gw_board_fate_t gw_board_look(gw_board_t *board, int slot, apr_uint64_t ticket)
{
    return gw_board_is_posted(board, slot, ticket) ? gw_board_fate_of(board, slot)
                                                   : GW_BOARD_SUNK;
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

    if ((fate != GW_BOARD_ARRIVED && fate != GW_BOARD_SUNK) || !gw_board_lock(board)) {
        return 0;
    }
    is_there = gw_board_is_posted(board, slot, ticket);
    if (is_there && gw_board_state_of(board, slot) == GW_SLOT_ARRIVED) {
        read_outcome(p, &board->state->texts[slot].outcome, result);
    }
    else {
        *result = (gw_result_t){
            rc_error(p, RC_LOST, "the process that made the bulk call has ended"), 0,
            1};
    }
    if (is_there) {
        gw_board_release(board, slot);
    }
    gw_board_unlock(board);
    return 1;
}

gw_board_left_t gw_board_leave(gw_board_t *board, int slot, apr_uint64_t ticket)
{
    gw_board_left_t left = GW_BOARD_COLLECT;
    int is_locked = gw_board_lock(board),
        is_there = gw_board_is_posted(board, slot, ticket);

    if (is_there && is_locked && gw_board_state_of(board, slot) == GW_SLOT_WAITS) {
        gw_board_release(board, slot);
        left = GW_BOARD_UNSENT;
    }
    else if (is_there) {
        board->state->slots[slot].left = 1; /* only the owner says so */
        if (!is_locked || gw_board_state_of(board, slot) == GW_SLOT_SAILS) {
            left = GW_BOARD_LEFT;
        }
    }
    if (is_locked) {
        gw_board_unlock(board);
    }
    return left;
}

void gw_board_free(gw_board_t *board, int slot, apr_uint64_t ticket)
{
    gw_slot_t *s = &board->state->slots[slot];

    if (!gw_board_lock(board)) {
        s->left = 1; /* only its owner, who carries it, does so: it is swept away */
        s->noted = 0;
        s->carrier.number = 0;
        return;
    }
    if (gw_board_is_posted(board, slot, ticket)) {
        gw_board_release(board, slot);
    }
    gw_board_unlock(board);
}
