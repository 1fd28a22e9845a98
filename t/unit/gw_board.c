/* The board that all children see (gw_board.c), with real processes. */
#include "gw_board.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

#define CHILDREN 6
#define NOBODY ((APR_UINT64_C(1) << 61) + 1) /* no child has this sign of life */

/* What all processes see. */
typedef struct common_t {
    pthread_mutex_t mutex;
    gw_board_state_t state;
    int claimed[GW_BOARD_SLOTS]; /* how often, by id */
    int slot;
} common_t;

static apr_pool_t *p;
static common_t *common;
static base_shared_t shared;
static const char *lock_file;
static apr_uint64_t tickets[GW_BOARD_SLOTS]; /* of what was posted there last */

static int lock_fails;

static apr_status_t lock(void *ctx)
{
    return lock_fails ? APR_EGENERAL : pthread_mutex_lock(ctx);
}

static void unlock(void *ctx)
{
    pthread_mutex_unlock(ctx);
}

static void make_common(void)
{
    pthread_mutexattr_t attr;

    common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (common == MAP_FAILED) {
        abort();
    }
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&common->mutex, &attr);
    shared.memory = &common->state;
    shared.ctx = &common->mutex;
    shared.lock = lock;
    shared.unlock = unlock;
}

/* Nothing is on the board. */
static void clear(void)
{
    memset(&common->state, 0, sizeof common->state);
    memset(common->claimed, 0, sizeof common->claimed);
}

/* A child's view; two in one process are as good as two processes. */
static gw_board_t *open_board(void)
{
    gw_board_t *board;

    if (gw_board_open(&board, p, &shared, &common->state, lock_file) != APR_SUCCESS) {
        abort();
    }
    return board;
}

/* Runs something in a process of its own that then dies, without any tidying up. */
static void in_child(void (*run)(gw_board_t *board))
{
    pid_t pid = fork();
    int status;

    if (pid < 0) {
        abort();
    }
    if (pid == 0) {
        run(open_board());
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (status != 0) {
        abort();
    }
}

static int post(gw_board_t *board, apr_uint64_t id, const char *body)
{
    gw_notice_t notice = {GW_BOARD_UPDATES, id, 0, body, body ? strlen(body) : 0};
    int slot;
    apr_uint64_t ticket = gw_board_post(board, &notice, 1000, &slot);

    if (slot >= 0) {
        tickets[slot] = ticket;
    }
    return slot;
}

static gw_crowd_t claim(gw_board_t *board, int max)
{
    gw_crowd_t crowd = {apr_palloc(p, (GW_BOARD_SLOTS + 1) * sizeof(gw_berth_t)), 0, 0};

    gw_board_claim(board, GW_BOARD_UPDATES, max, &crowd);
    return crowd;
}

static int posted(gw_board_t *board, gw_board_kind_t kind)
{
    gw_board_news_t news;

    gw_board_read(board, kind, &news);
    return news.posted;
}

/* Does the text stand anywhere in the shared memory? */
static int is_there(const char *text)
{
    return memmem(&common->state, sizeof common->state, text, strlen(text)) != NULL;
}

#define NOW 1000

/* Of what nobody waits for. */
static gw_wreck_t wreck;
static gw_litter_t litter;

/* Hands over that all went well. */
static int deliver(gw_board_t *carrier, int slot)
{
    static const gw_result_t good = {NULL, 0, 1};

    return gw_board_deliver(carrier, slot, &good, &wreck);
}

/* Of how many that the dead have left the copy is in doubt; they are cleared away. */
static int sweep(gw_board_t *board)
{
    int i;

    gw_board_sweep(board, NOW, &litter);
    for (i = 0; i < litter.n_wrecks; i++) {
        gw_board_dispose(board, &litter.wrecks[i]);
    }
    return litter.n_wrecks;
}

/* ---- posting and claiming ---- */

static void hand_over(void)
{
    gw_board_t *owner = open_board(), *carrier = open_board();
    gw_result_t good = {NULL, 0, 2}, bad = {rc_error(p, RC_INVALID, "not so"), 1, 2},
                result;
    int first = post(owner, 11, "{\"a\":\"hush\"}"), second = post(owner, 12, NULL);
    gw_crowd_t crowd;
    apr_uint64_t id;
    char *body;

    is_int(gw_board_look(owner, first, tickets[first]), GW_BOARD_WAITS,
           "what was posted waits");
    is_int(posted(carrier, GW_BOARD_UPDATES), 2, "and the other child sees it");
    is_int(posted(carrier, GW_BOARD_REMOVALS), 0, "as what it is");
    ok(!gw_board_collect(owner, first, tickets[first], p, &result),
       "there is no outcome yet");
    crowd = claim(carrier, 500);
    is_int(crowd.n, 2, "it can be claimed");
    is_int(posted(carrier, GW_BOARD_UPDATES), 0, "and waits no longer");
    is_int(claim(owner, 500).n, 0, "nor can it be claimed again");
    ok(!gw_board_take_down(owner, first, tickets[first]), "nor taken down");
    is_int(gw_board_look(owner, first, tickets[first]), GW_BOARD_SAILS,
           "it is on its way");
    ok(is_there("hush"), "the body is there");
    body = gw_board_take_body(carrier, crowd.berths[0].slot, p, &id);
    is_str(body, "{\"a\":\"hush\"}", "until it is taken");
    is_int((int)id, 11, "together with the id");
    ok(!is_there("hush"), "then it is gone");
    ok(!gw_board_take_body(carrier, crowd.berths[1].slot, p, &id), "one has none");
    bad.e->code = "CMN-101";
    bad.e->parameter = "name";
    bad.e->http_status = 400;
    bad.e->retry_after = 7;
    ok(gw_board_deliver(carrier, first, &good, &wreck), "an outcome is handed over");
    ok(gw_board_deliver(carrier, second, &bad, &wreck), "and another one");
    is_int(gw_board_look(owner, first, tickets[first]), GW_BOARD_ARRIVED,
           "and has arrived");
    ok(gw_board_collect(owner, first, tickets[first], p, &result) && !result.e &&
           result.n == 2,
       "it was carried out");
    ok(gw_board_collect(owner, second, tickets[second], p, &result) && result.e,
       "the other one was not");
    is_int(result.e->kind, RC_INVALID, "with its kind");
    is_int(result.e->http_status, 400, "status");
    is_int(result.e->retry_after, 7, "time");
    ok(result.whole, "extent");
    is_str(result.e->code, "CMN-101", "code");
    is_str(result.e->parameter, "name", "parameter");
    is_str(result.e->message, "not so", "and text");
    ok(!result.e->request_id, "and without what it had not");
    ok(!is_there("not so"), "and nothing is left of it");
}

static void order(void)
{
    static char its_own[] = "own", its_hidden[] = "hidden";
    gw_board_t *one = open_board(), *other = open_board();
    gw_notice_t notice = {GW_BOARD_UPDATES, 5, 2, NULL, 0};
    gw_crowd_t crowd = {apr_palloc(p, (GW_BOARD_SLOTS + 2) * sizeof(gw_berth_t)), 2, 0};
    int own, slot;
    apr_uint64_t hidden;

    clear();
    post(other, 2, NULL);
    own = post(one, 1, NULL);
    hidden = gw_board_post(one, NULL, 1000, &slot);
    is_int(slot, -1, "a ticket alone needs no slot");
    post(other, 3, NULL);
    crowd.berths[0] = (gw_berth_t){common->state.slots[own].ticket, 1, own, 0, its_own};
    crowd.berths[1] = (gw_berth_t){hidden, 4, -1, 0, its_hidden};
    gw_board_claim(one, GW_BOARD_UPDATES, 3, &crowd);
    is_int(crowd.n, 3, "no more than fit");
    ok(!crowd.berths[0].own, "in the order of their tickets: the other's first");
    is_str(crowd.berths[1].own, "own", "then its own");
    is_str(crowd.berths[2].own, "hidden", "also one that is not on the board");
    is_int(posted(one, GW_BOARD_UPDATES), 1, "the last one waits");
    clear();
    post(other, 2, NULL);
    post(other, 3, NULL);
    gw_board_post(other, &notice, 1000, &slot);
    is_int(claim(one, 500).n, 2,
           "who shares with one other does not come as the third");
    clear();
    gw_board_post(other, &notice, 1000, &slot);
    post(other, 2, NULL);
    post(other, 3, NULL);
    is_int(claim(one, 500).n, 2, "nor does it take more along");
}

static void full(void)
{
    static char longest[GW_BOARD_BODY + 2];
    gw_board_t *board = open_board();
    int i;

    clear();
    memset(longest, 'x', sizeof longest - 1);
    is_int(post(board, 1, longest), -1, "what is too long is not posted");
    longest[GW_BOARD_BODY] = '\0';
    ok(post(board, 1, longest) >= 0, "what just fits is");
    for (i = 1; i < GW_BOARD_SLOTS; i++) {
        post(board, (apr_uint64_t)i, NULL);
    }
    is_int(post(board, 1, NULL), -1, "nor what comes to a full board");
    is_int(posted(board, GW_BOARD_UPDATES), GW_BOARD_SLOTS, "all others are");
    ok(gw_board_take_down(board, 7, tickets[7]), "until one is taken down");
    is_int(post(board, 1, NULL), 7, "and leaves its place");
}

/* ---- processes ---- */

static void claim_some(gw_board_t *board)
{
    int n;

    do {
        gw_crowd_t crowd = claim(board, 3);
        int i;

        n = crowd.n;
        for (i = 0; i < n; i++) {
            apr_uint64_t id;
            int slot = crowd.berths[i].slot;

            gw_board_take_body(board, slot, p, &id);
            __atomic_add_fetch(&common->claimed[id], 1, __ATOMIC_SEQ_CST);
            deliver(board, slot);
        }
    } while (n);
}

static void exclusive(void)
{
    gw_board_t *board = open_board();
    int i, once = 0, arrived = 0, status;

    clear();
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        post(board, (apr_uint64_t)i, "{}");
    }
    for (i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            claim_some(open_board());
            _exit(0);
        }
    }
    for (i = 0; i < CHILDREN; i++) {
        wait(&status);
    }
    for (i = 0; i < GW_BOARD_SLOTS; i++) {
        once += common->claimed[i] == 1;
        arrived += gw_board_look(board, i, tickets[i]) == GW_BOARD_ARRIVED;
    }
    is_int(once, GW_BOARD_SLOTS, "several processes claim each once");
    is_int(arrived, GW_BOARD_SLOTS, "and hand each outcome over, also in the end");
}

static void claim_and_die(gw_board_t *board)
{
    claim(board, 500);
}

static void note_and_die(gw_board_t *board)
{
    gw_crowd_t crowd = claim(board, 500);
    gw_tow_t tow = {"task-1", 1, 2, 0};
    int i, slots[GW_BOARD_SLOTS];

    for (i = 0; i < crowd.n; i++) {
        apr_uint64_t id;

        slots[i] = crowd.berths[i].slot;
        gw_board_take_body(board, slots[i], p, &id);
    }
    gw_board_note(board, slots, crowd.n, &tow, NOW);
}

static void dead_carrier(void)
{
    gw_board_t *owner = open_board(), *other = open_board();
    int slots[GW_BOARD_SLOTS], first, second;
    apr_uint64_t ids[GW_BOARD_SLOTS];
    gw_result_t result;
    gw_tow_t tow;

    clear();
    first = post(owner, 1, "{\"a\":\"hush\"}");
    in_child(claim_and_die);
    is_int(gw_board_look(owner, first, tickets[first]), GW_BOARD_SUNK,
           "a carrier that dies: what it did is not known");
    ok(gw_board_collect(owner, first, tickets[first], p, &result) &&
           result.e->kind == RC_LOST,
       "which is what the owner learns");
    ok(!result.whole && !is_there("hush"), "and the slot is free");
    first = post(owner, 1, "{}");
    second = post(other, 2, "{}");
    in_child(note_and_die);
    is_int(gw_board_look(owner, first, tickets[first]), GW_BOARD_ADRIFT,
           "one that dies when it has said how to ask");
    ok(!gw_board_collect(owner, first, tickets[first], p, &result), "is no loss");
    is_int(gw_board_salvage(owner, first, slots, ids, &tow), 2, "another takes over");
    is_int((int)(ids[0] + ids[1]), 3, "all of them");
    is_str(tow.task, "task-1", "and can ask");
    ok(tow.credential == 1 && tow.n == 2, "in the right way");
    is_int(gw_board_look(other, second, tickets[second]), GW_BOARD_SAILS,
           "they are on their way again");
    is_int(gw_board_salvage(other, second, slots, ids, &tow), 0, "nobody else does");
    deliver(owner, second);
    ok(gw_board_collect(other, second, tickets[second], p, &result) && !result.e,
       "and they arrive");
    gw_board_set_adrift(owner, &first, 1, NOW);
    is_int(gw_board_look(owner, first, tickets[first]), GW_BOARD_ADRIFT,
           "whoever goes sets them adrift");
    is_int(gw_board_salvage(other, first, slots, ids, &tow), 1,
           "and another one comes");
}

static void post_and_die(gw_board_t *board)
{
    common->slot = post(board, 9, "{\"a\":\"hush\"}");
}

static void carry_own_and_die(gw_board_t *board)
{
    static char its_own[] = "own";
    gw_crowd_t crowd = {apr_palloc(p, (GW_BOARD_SLOTS + 1) * sizeof(gw_berth_t)), 1, 0};
    int slot = post(board, 8, "{\"a\":\"hush\"}");

    crowd.berths[0] = (gw_berth_t){tickets[slot], 8, slot, 0, its_own};
    gw_board_claim(board, GW_BOARD_UPDATES, 500, &crowd);
}

static void dead_owner(void)
{
    gw_board_t *board = open_board(), *other = open_board();
    int slot;

    clear();
    in_child(post_and_die);
    is_int(posted(board, GW_BOARD_UPDATES), 1, "an owner that dies leaves it behind");
    is_int(sweep(board), 0, "what was not sent is in no doubt");
    is_int(posted(board, GW_BOARD_UPDATES), 0, "and is swept away");
    ok(!is_there("hush"), "altogether");
    in_child(post_and_die);
    is_int(claim(board, 500).n, 0, "nor sent: somebody else may have the lock now");
    clear();
    slot = post(other, 9, "{}");
    is_int(claim(board, 500).n, 1, "one that is on its way");
    common->state.slots[slot].owner.number = NOBODY;
    is_int(sweep(board), 0, "stays with its carrier");
    ok(!deliver(board, slot) && wreck.id == 9, "who learns that it is in doubt");
    ok(common->state.slots[slot].state, "the slot is not free before the copy knows");
    gw_board_dispose(board, &wreck);
    is_int(common->state.slots[slot].state, 0, "but then");
    slot = post(other, 9, "{}");
    in_child(claim_and_die);
    common->state.slots[slot].owner.number = NOBODY;
    is_int(sweep(board), 1, "when both die it is in doubt");
    is_int((int)litter.wrecks[0].id, 9, "by its name");
    slot = post(board, 3, NULL);
    in_child(note_and_die);
    is_int(gw_board_leave(board, slot, tickets[slot]), GW_BOARD_LEFT,
           "an owner that leaves after its carrier has died");
    is_int(sweep(board), 0, "leaves it to who asks");
    clear();
    in_child(carry_own_and_die);
    ok(!is_there("hush"), "one that carries its own write keeps no body");
    is_int(sweep(board), 1, "and its death is noticed");
    is_int((int)litter.wrecks[0].id, 8, "by the name of its user");
}

static void leaving(void)
{
    gw_board_t *owner = open_board(), *carrier = open_board();
    gw_result_t result;
    int slot;

    clear();
    slot = post(owner, 4, "{}");
    ok(gw_board_take_down(owner, slot, tickets[slot]), "what waits can be taken down");
    is_int(claim(carrier, 500).n, 0, "and nobody sends it");
    slot = post(owner, 4, "{}");
    claim(carrier, 500);
    is_int(gw_board_leave(owner, slot, tickets[slot]), GW_BOARD_LEFT,
           "what is on its way can be left");
    is_int(sweep(owner), 0, "and stays with its carrier");
    ok(!deliver(carrier, slot) && wreck.id == 4, "who knows that it is in doubt");
    gw_board_dispose(carrier, &wreck);
    slot = post(owner, 4, "{}");
    claim(carrier, 500);
    deliver(carrier, slot);
    is_int(gw_board_leave(owner, slot, tickets[slot]), GW_BOARD_COLLECT,
           "but not when it has arrived");
    ok(gw_board_collect(owner, slot, tickets[slot], p, &result),
       "then there is an outcome");
    slot = post(owner, 4, "{\"a\":\"hush\"}");
    lock_fails = 1;
    is_int(gw_board_take_down(owner, slot, tickets[slot]), -1,
           "a lock that fails leaves the question open");
    lock_fails = 0;
    is_int(gw_board_leave(owner, slot, tickets[slot]), GW_BOARD_UNSENT,
           "what waits when it is left");
    is_int(claim(carrier, 500).n, 0, "is not sent");
    ok(!is_there("hush"), "and nothing is left of it");
    slot = post(owner, 4, "{}");
    lock_fails = 1;
    is_int(gw_board_leave(owner, slot, tickets[slot]), GW_BOARD_LEFT,
           "even when the lock fails");
    lock_fails = 0;
    is_int(claim(carrier, 500).n, 0, "it is not sent");
    sweep(carrier);
    is_int(common->state.slots[slot].state, 0, "and swept away");
}

static gw_board_rest_t find_rest(gw_board_t *board, apr_uint64_t id)
{
    return gw_board_find_rest(board, id, NOW, &wreck);
}

/* Who takes the lock of a user after somebody else has gone. */
static void rests(void)
{
    gw_board_t *owner = open_board(), *carrier = open_board(), *next = open_board();
    int slot;

    clear();
    is_int(find_rest(next, 7), GW_BOARD_NOTHING, "nothing is left of nobody");
    slot = post(owner, 7, "{}");
    claim(carrier, 500);
    is_int(find_rest(next, 8), GW_BOARD_NOTHING, "nor of somebody else");
    gw_board_leave(owner, slot, tickets[slot]);
    is_int(find_rest(next, 7), GW_BOARD_UNDER_WAY, "what was left is under way");
    is_int(find_rest(owner, 7), GW_BOARD_UNDER_WAY, "for all");
    lock_fails = 1;
    is_int(find_rest(next, 7), GW_BOARD_NOTHING, "unless that cannot be told");
    lock_fails = 0;
    deliver(carrier, slot);
    is_int(find_rest(next, 7), GW_BOARD_UNDER_WAY,
           "until the copy is known to be wrong");
    gw_board_dispose(carrier, &wreck);
    is_int(find_rest(next, 7), GW_BOARD_NOTHING, "then it is not any more");
    slot = post(owner, 7, "{}");
    claim(carrier, 500);
    deliver(carrier, slot);
    is_int(find_rest(next, 7), GW_BOARD_UNDER_WAY,
           "what its owner still looks at is its");
    gw_board_leave(owner, slot, tickets[slot]);
    is_int(find_rest(next, 7), GW_BOARD_WRECKED, "an outcome that nobody takes");
    clear();
    in_child(post_and_die);
    is_int(find_rest(next, 9), GW_BOARD_NOTHING, "what was never sent is nothing");
    ok(!common->state.slots[common->slot].state && !is_there("hush"),
       "and is taken down");
}

/* What is in doubt belongs to one who sees to it. */
static void wrecks(void)
{
    gw_board_t *owner = open_board(), *next = open_board(), *other = open_board();
    int slot;

    clear();
    slot = post(owner, 7, "{}");
    in_child(claim_and_die);
    gw_board_leave(owner, slot, tickets[slot]);
    is_int(find_rest(next, 7), GW_BOARD_WRECKED,
           "what a dead child carried is in doubt");
    ok(wreck.slot == slot && wreck.ticket == tickets[slot] && wreck.id == 7,
       "by its name");
    is_int(find_rest(other, 7), GW_BOARD_UNDER_WAY, "one sees to it, others wait");
    is_int(sweep(other), 0, "and do not do so as well");
    gw_board_dispose(other, &wreck);
    is_int(find_rest(other, 7), GW_BOARD_UNDER_WAY, "nor end it");
    gw_board_dispose(next, &wreck);
    is_int(find_rest(other, 7), GW_BOARD_NOTHING, "then it is over");
    is_int(post(owner, 7, "{}"), slot, "where another one comes");
    gw_board_dispose(next, &wreck);
    is_int(claim(other, 500).n, 1, "nobody ends it twice");
    gw_board_leave(owner, slot, tickets[slot]);
    lock_fails = 1;
    deliver(other, slot);
    lock_fails = 0;
    is_int(find_rest(next, 7), GW_BOARD_WRECKED, "what could not be handed over");
    lock_fails = 1;
    gw_board_dispose(next, &wreck);
    lock_fails = 0;
    is_int(find_rest(other, 7), GW_BOARD_WRECKED, "or not be ended, does not stay");
    gw_board_dispose(other, &wreck);
    slot = post(owner, 7, NULL);
    in_child(note_and_die);
    is_int(sweep(next), 0, "what its owner waits for is no litter");
    common->state.slots[slot].owner.number = NOBODY;
    common->state.slots[slot].since = NOW - GW_BOARD_TASK_LIFE;
    is_int(sweep(next), 1, "no task is asked about for ever");
}

/* What nobody attends to, and can be asked about. */
static void adrift(void)
{
    gw_board_t *owner = open_board(), *carrier = open_board(), *next = open_board();
    gw_abandoned_t task = {GW_BOARD_UPDATES, 0, {"task-2", 0, 2, NOW}, NOW + 5};
    gw_berth_t hidden = {0, 12, -1, 0, NULL};
    int slots[GW_BOARD_SLOTS], slot;
    apr_uint64_t ids[GW_BOARD_SLOTS];
    gw_crowd_t crowd;
    gw_tow_t read;

    clear();
    slot = post(owner, 11, "{}");
    crowd = claim(carrier, 500);
    gw_board_leave(owner, slot, tickets[slot]);
    gw_board_note(carrier, &slot, 1, &task.tow, NOW);
    gw_board_set_adrift(carrier, &slot, 1, NOW + 5);
    task.voyage = crowd.voyage;
    gw_board_abandon(carrier, &hidden, &task);
    is_int(find_rest(next, 11), GW_BOARD_UNDER_WAY, "what is adrift is under way");
    is_int(find_rest(next, 12), GW_BOARD_UNDER_WAY, "also if it was not on the board");
    ok(gw_board_find_rest(next, 11, NOW + 5, &wreck) == GW_BOARD_LOOSE &&
           wreck.slot == slot,
       "in time somebody may look");
    is_int(sweep(next), 0, "it is not swept away");
    is_int(litter.n_loose, 0, "nor looked at before it is time");
    gw_board_sweep(next, NOW + 5, &litter);
    ok(litter.n_loose == 1 && litter.loose[0] == slot, "and then once");
    is_int(gw_board_salvage(next, slot, slots, ids, &read), 2, "for both");
    ok(!strcmp(read.task, "task-2") && ids[0] + ids[1] == 23, "with the same question");
    is_int(gw_board_find_rest(owner, 12, NOW + 5, &wreck), GW_BOARD_UNDER_WAY,
           "who asks has them");
    ok(!deliver(next, slots[1]) && wreck.id == ids[1], "and nobody takes the outcome");
    gw_board_dispose(next, &wreck);
    is_int(find_rest(owner, ids[1]), GW_BOARD_NOTHING, "so it is over");
    slot = post(owner, 13, "{\"a\":\"hush\"}");
    hidden = (gw_berth_t){tickets[slot], 13, slot, 0, NULL};
    task.voyage = 0;
    task.look_at = NOW;
    gw_board_abandon(owner, &hidden, &task);
    ok(task.voyage > 0, "a task that was no call of the board becomes one");
    is_int(find_rest(next, 13), GW_BOARD_LOOSE, "one that was keeps its slot");
    ok(wreck.slot == slot && !is_there("hush"), "but not its body");
}

static void twins(void)
{
    gw_board_t *one = open_board(), *other = open_board(), *carrier = open_board();
    gw_crowd_t crowd;
    int first, second;

    clear();
    first = post(one, 5, "{}");
    second = post(other, 5, "{}");
    crowd = claim(carrier, 500);
    ok(crowd.n == 1 && crowd.berths[0].slot == first,
       "of two writes of one user the first is sent");
    is_int(gw_board_look(other, second, tickets[second]), GW_BOARD_WAITS,
           "the other one waits");
    is_int(claim(carrier, 500).n, 1, "for the next call");
}

/* ---- a slot that is somebody else's now ---- */

static void stale(void)
{
    gw_board_t *one = open_board(), *other = open_board(), *carrier = open_board();
    gw_result_t result = {NULL, 0, 0};
    apr_uint64_t ticket;
    int slot;

    clear();
    slot = post(one, 1, "{}");
    ticket = tickets[slot];
    memset(&common->state.slots[slot], 0, sizeof common->state.slots[slot]);
    is_int(post(other, 2, "{}"), slot, "a slot may become another child's");
    is_int(gw_board_take_down(one, slot, ticket), 0, "whose write stays where it is");
    is_int(gw_board_leave(one, slot, ticket), GW_BOARD_COLLECT, "also");
    gw_board_free(one, slot, ticket);
    is_int(gw_board_look(other, slot, tickets[slot]), GW_BOARD_WAITS, "in the end");
    claim(carrier, 500);
    deliver(carrier, slot);
    is_int(gw_board_look(one, slot, ticket), GW_BOARD_SUNK, "what was there is lost");
    ok(gw_board_collect(one, slot, ticket, p, &result) && result.e &&
           result.e->kind == RC_LOST,
       "the first owner is not told of another's success");
    ok(gw_board_collect(other, slot, tickets[slot], p, &result) && !result.e,
       "the second one is");
    slot = post(one, 1, "{}");
    ticket = tickets[slot];
    gw_board_take_down(one, slot, ticket);
    post(one, 2, "{}");
    is_int(gw_board_look(one, slot, ticket), GW_BOARD_SUNK,
           "nor does a child take one of its writes for another");
}

static void open_and_die(gw_board_t *board)
{
    claim(board, 500);
    common->slot = post(board, 6, "{}");
}

/* A deleted state directory: children that open the account anew have another file. */
static void replaced(void)
{
    gw_board_t *old = open_board(), *fresh;
    int mine, theirs;

    clear();
    in_child(open_and_die);
    mine = post(old, 1, "{}");
    unlink(lock_file);
    fresh = open_board();
    is_int(sweep(fresh), 0, "in another lock file nobody seems dead");
    is_int(gw_board_look(old, mine, tickets[mine]), GW_BOARD_WAITS, "who is alive");
    is_int(common->state.slots[common->slot].state, 0,
           "but whose process has ended is dead");
    theirs = post(fresh, 2, "{}");
    is_int(claim(old, 500).n, 1, "both sides carry for each other");
    is_int(gw_board_look(fresh, theirs, tickets[theirs]), GW_BOARD_SAILS,
           "and neither believes the other lost");
    ok(deliver(old, theirs), "nor gone");
    is_int(gw_board_look(fresh, theirs, tickets[theirs]), GW_BOARD_ARRIVED,
           "so it arrives");
}

static void news(void)
{
    gw_board_t *board = open_board();
    gw_board_news_t seen;
    int i;

    clear();
    post(board, 1, NULL);
    post(board, 2, NULL);
    common->state.slots[0].since = 2000;
    gw_board_bar(board, GW_BOARD_UPDATES, 77);
    gw_board_read(board, GW_BOARD_UPDATES, &seen);
    ok(seen.posted == 2 && seen.since == 1000 && seen.usual == 0 &&
           seen.barred_until == 77,
       "what there is to know");
    claim(open_board(), 500);
    gw_board_read(board, GW_BOARD_UPDATES, &seen);
    ok(!seen.posted && seen.usual == 2, "and what the last call had");
    post(board, 1, NULL);
    claim(open_board(), 500);
    gw_board_read(board, GW_BOARD_UPDATES, &seen);
    is_int(seen.usual, 1, "which is forgotten");
    for (i = 0; i < 40; i++) {
        post(board, (apr_uint64_t)i, NULL);
    }
    claim(open_board(), 500);
    post(board, 1, NULL);
    claim(open_board(), 500);
    gw_board_read(board, GW_BOARD_UPDATES, &seen);
    is_int(seen.usual, 30, "by and by");
    gw_board_read(board, GW_BOARD_REMOVALS, &seen);
    ok(!seen.usual && !seen.barred_until, "of each kind for itself");
}

int main(void)
{
    char *name = tap_temporary("gw_board.XXXXXX");
    int fd = mkstemp(name);

    apr_initialize();
    apr_pool_create(&p, NULL);
    lock_file = name;
    make_common();
    hand_over();
    order();
    full();
    exclusive();
    dead_carrier();
    dead_owner();
    leaving();
    news();
    rests();
    wrecks();
    adrift();
    twins();
    stale();
    replaced();
    apr_pool_destroy(p);
    close(fd);
    unlink(name);
    apr_terminate();
    return done_testing();
}
