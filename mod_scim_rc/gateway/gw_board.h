/* The board that all children see: writes that wait for the quota, so that a bulk call
 * of one child carries those of others as well, and what came of them.
 *
 * Whoever posts a write owns it: it holds the locks, judges the outcome, brings it into
 * the copy and answers its client. Whoever claims it carries it in a call. Each child
 * has a sign of life (gw_sign.h); so either side notices when the other has gone. */
#ifndef GW_BOARD_H
#define GW_BOARD_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base_shared.h"
#include "gw_sign.h"
#include "rc_error.h"

#define GW_BOARD_SLOTS 512
#define GW_BOARD_BODY 2048 /* bytes; a longer one is not posted */
#define GW_BOARD_TASK 128  /* bytes of the name of a task, with the NUL */

/* What is posted: each kind shares calls with its own. */
typedef enum { GW_BOARD_UPDATES, GW_BOARD_REMOVALS, GW_BOARD_KINDS } gw_board_kind_t;

/* What came of a record in a bulk call. */
typedef struct gw_result_t {
    rc_error_t *e; /* NULL: carried out */
    int whole;     /* the call as a whole did not succeed */
    int n;         /* records that it had */
} gw_result_t;

/* In shared memory, without a pointer: gw_result_t with texts that may be cut off. */
typedef struct gw_outcome_t {
    apr_int32_t failed, whole, n, kind, http_status, retry_after, has_parameter;
    char code[64], parameter[128], request_id[128], message[1024];
} gw_outcome_t;

/* A bulk call that is under way: whoever has this can ask how it gets on. */
typedef struct gw_tow_t {
    char task[GW_BOARD_TASK];
    apr_int32_t credential;
    apr_int32_t n; /* records of the call */
    apr_time_t begun;
} gw_tow_t;

typedef struct gw_slot_t {
    volatile apr_uint32_t state; /* 0: free */
    apr_int32_t kind, share, len;
    apr_int32_t left;  /* its request has gone */
    apr_int32_t noted; /* how the call gets on can be asked */
    apr_uint64_t ticket, id;
    gw_sign_t owner;
    gw_sign_t carrier;   /* nobody's: nobody attends to it */
    apr_uint64_t voyage; /* of the call */
    apr_time_t since;    /* it was posted, or could be asked about */
    apr_time_t look_at;  /* adrift: nobody asks before */
} gw_slot_t;

/* A body may hold a password: it is overwritten as soon as somebody has read it. */
typedef union gw_slot_text_t {
    char body[GW_BOARD_BODY];
    gw_tow_t tow;
    gw_outcome_t outcome;
} gw_slot_text_t;

/* In shared memory; zeroed when fresh. */
typedef struct gw_board_state_t {
    apr_uint64_t last_ticket, last_voyage;
    struct {
        apr_int32_t usual; /* how many bulk calls carried lately */
        apr_time_t barred_until;
    } kinds[GW_BOARD_KINDS];
    gw_slot_t slots[GW_BOARD_SLOTS];
    gw_slot_text_t texts[GW_BOARD_SLOTS];
} gw_board_state_t;

/* A child's view of it; all threads may use it. */
typedef struct gw_board_t gw_board_t;

/* `state` lies in memory that `shared` guards; signs of life are locks in `lock_file`.
 * Ends with `p`. APR_SUCCESS, or why there is no sign of life. */
apr_status_t gw_board_open(gw_board_t **board, apr_pool_t *p,
                           const base_shared_t *shared, gw_board_state_t *state,
                           const char *lock_file);

/* ---- the owner ---- */

typedef struct gw_notice_t {
    gw_board_kind_t kind;
    apr_uint64_t id;
    int share;        /* at most so many in one call; 0: any number */
    const char *body; /* JSON; may be NULL */
    apr_size_t len;
} gw_notice_t;

/* A ticket: later than all before it. Posts what it is for unless `notice` is NULL.
 * *slot is -1 when it was not posted: there is no room, or the body is too long. */
apr_uint64_t gw_board_post(gw_board_t *board, const gw_notice_t *notice, apr_time_t now,
                           int *slot);

/* All below is about what was posted in `slot` for `ticket`. What is not there any more
 * has sunk. */

/* Takes down what waits. 0: somebody has claimed it; -1: that cannot be told now, and
 * it may still be sent. */
int gw_board_take_down(gw_board_t *board, int slot, apr_uint64_t ticket);

/* How it is with what was posted. */
typedef enum {
    GW_BOARD_WAITS,
    GW_BOARD_SAILS,   /* a child carries it */
    GW_BOARD_ADRIFT,  /* that child has gone: see gw_board_salvage() */
    GW_BOARD_ARRIVED, /* see gw_board_collect() */
    GW_BOARD_SUNK     /* that child has gone, and what it did is not known */
} gw_board_fate_t;
gw_board_fate_t gw_board_look(gw_board_t *board, int slot, apr_uint64_t ticket);

/* Takes the outcome of what has arrived or sunk (RC_LOST then), in `p`, and the slot is
 * free. 0: neither is the case. */
int gw_board_collect(gw_board_t *board, int slot, apr_uint64_t ticket, apr_pool_t *p,
                     gw_result_t *result);

/* The owner does not wait for it. What waits is taken down. */
typedef enum {
    GW_BOARD_COLLECT, /* there is an outcome */
    GW_BOARD_LEFT,    /* its carrier looks after the copy, or whoever sweeps */
    GW_BOARD_UNSENT   /* nobody sends it any more */
} gw_board_left_t;
gw_board_left_t gw_board_leave(gw_board_t *board, int slot, apr_uint64_t ticket);

/* What the owner itself has carried is over: its slot is free. */
void gw_board_free(gw_board_t *board, int slot, apr_uint64_t ticket);

/* ---- the carrier ---- */

/* What all children have waiting. */
typedef struct gw_board_news_t {
    int posted;
    apr_time_t since; /* when the first of them was posted */
    int usual;        /* how many bulk calls carried lately, about */
    apr_time_t barred_until;
} gw_board_news_t;
void gw_board_read(gw_board_t *board, gw_board_kind_t kind, gw_board_news_t *news);

/* No bulk call of this kind until then. */
void gw_board_bar(gw_board_t *board, gw_board_kind_t kind, apr_time_t until);

/* Who may go aboard. */
typedef struct gw_berth_t {
    apr_uint64_t ticket, id;
    int slot; /* -1: it is not on the board */
    int share;
    void *own; /* the caller's; NULL: another child's */
} gw_berth_t;

typedef struct gw_crowd_t {
    gw_berth_t *berths; /* with room for GW_BOARD_SLOTS more than `n` */
    int n;
    apr_uint64_t voyage; /* result */
} gw_crowd_t;

/* The caller comes with all that it has waiting of this kind; what is posted joins, and
 * as many as may share a call of `max` records, in order of their tickets, are those in
 * the end. What another child has claimed before is not among them, nor whose owner has
 * ended, nor anybody twice. The caller's own slots are kept until gw_board_free(), so
 * that others know what is in doubt when it ends. */
void gw_board_claim(gw_board_t *board, gw_board_kind_t kind, int max,
                    gw_crowd_t *crowd);

/* Of a slot that was claimed: the extension, and the body in `p` (NULL: none), to be
 * cleared after use; once. */
char *gw_board_take_body(gw_board_t *board, int slot, apr_pool_t *p, apr_uint64_t *id);

/* What sails in these slots can be asked about. */
void gw_board_note(gw_board_t *board, const int *slots, int n, const gw_tow_t *tow,
                   apr_time_t now);

/* A write that was sent and of whose outcome nobody waits for any more. */
typedef struct gw_wreck_t {
    int slot;
    apr_uint64_t ticket, id;
} gw_wreck_t;

/* Hands the outcome over. 0: nobody takes it, and what the copy has is in doubt. */
int gw_board_deliver(gw_board_t *board, int slot, const gw_result_t *result,
                     gw_wreck_t *wreck);

/* The copy is known to be in doubt now: the slot is free. Not before, as the next write
 * of the same extension would be judged by the copy. */
void gw_board_dispose(gw_board_t *board, const gw_wreck_t *wreck);

/* The carrier does not look after them any more; nobody needs to before `look_at`. */
void gw_board_set_adrift(gw_board_t *board, const int *slots, int n,
                         apr_time_t look_at);

/* A task that its carrier has given up. */
typedef struct gw_abandoned_t {
    gw_board_kind_t kind;
    apr_uint64_t voyage; /* 0: it becomes a new one with the first record */
    gw_tow_t tow;
    apr_time_t look_at;
} gw_abandoned_t;

/* The same for what the carrier owns itself, and whose request has gone: `slot` and
 * `ticket`, or -1 if it is not on the board, where it goes if there is room. */
void gw_board_abandon(gw_board_t *board, const gw_berth_t *berth, gw_abandoned_t *task);

/* The caller carries from now on what is adrift together with `slot`: how many, into
 * `slots` and `ids`, which have room for GW_BOARD_SLOTS. 0: somebody else was first. */
int gw_board_salvage(gw_board_t *board, int slot, int *slots, apr_uint64_t *ids,
                     gw_tow_t *tow);

/* ---- who comes after those that have gone ---- */

#define GW_BOARD_TASK_LIFE apr_time_from_sec(3600) /* no task takes that long */

/* What is left on the board of an extension whose lock the caller has. What was not
 * sent is taken down. */
typedef enum {
    GW_BOARD_NOTHING,
    GW_BOARD_UNDER_WAY, /* a child carries it, or somebody clears it up */
    GW_BOARD_LOOSE,     /* adrift, and it is time to look: see gw_board_salvage() */
    GW_BOARD_WRECKED    /* what became of it is not known: it is the caller's now, until
                         * gw_board_dispose() */
} gw_board_rest_t;
gw_board_rest_t gw_board_find_rest(gw_board_t *board, apr_uint64_t id, apr_time_t now,
                                   gw_wreck_t *wreck);

/* What is left of all. */
typedef struct gw_litter_t {
    gw_wreck_t wrecks[GW_BOARD_SLOTS]; /* the caller's, until gw_board_dispose() */
    int n_wrecks;
    int loose[GW_BOARD_SLOTS]; /* of each call that is adrift and due, one slot */
    int n_loose;
} gw_litter_t;
void gw_board_sweep(gw_board_t *board, apr_time_t now, gw_litter_t *litter);

#endif
