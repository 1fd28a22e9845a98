/* What the two sides of the board share: who owns (gw_board.c) and who carries
 * (gw_board_carry.c). */
#ifndef GW_BOARD_PRIVATE_H
#define GW_BOARD_PRIVATE_H

#include "gw_board.h"

/* Of a slot. */
enum { GW_SLOT_FREE, GW_SLOT_WAITS, GW_SLOT_SAILS, GW_SLOT_ARRIVED };

struct gw_board_t {
    const base_shared_t *shared;
    gw_board_state_t *state;
    gw_signs_t *signs;
};

int gw_board_is_self(const gw_board_t *board, const gw_sign_t *child);

/* 0: it failed. */
int gw_board_lock(const gw_board_t *board);
void gw_board_unlock(const gw_board_t *board);

/* Under the lock, like all that changes a state. The first: -1 if there is none. */
int gw_board_find_free(const gw_board_t *board);
void gw_board_release(gw_board_t *board, int slot);
void gw_board_set_state(gw_board_t *board, int slot, apr_uint32_t state);

/* May be asked without the lock. */
apr_uint32_t gw_board_state_of(const gw_board_t *board, int slot);

/* Is that still in the slot? */
int gw_board_is_posted(const gw_board_t *board, int slot, apr_uint64_t ticket);

gw_board_fate_t gw_board_fate_of(gw_board_t *board, int slot);

#endif
