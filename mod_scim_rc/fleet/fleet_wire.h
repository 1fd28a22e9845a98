/* One connection to a Redis: commands out, replies in, within a time limit. The parser
 * is hiredis; reading and writing is done here, because hiredis limits only each single
 * wait and not the whole, and looks names up without any limit. */
#ifndef FLEET_WIRE_H
#define FLEET_WIRE_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base_env.h"
#include "base_str.h"
#include "fleet_address.h"

#define FLEET_RUN_SIZE 9 /* with the NUL */
#define FLEET_WORDS 64

/* The Redis is well, but a key holds what nobody of us has put there. */
#define FLEET_BAD_DATA (APR_OS_START_USERERR + 601)
#define FLEET_DAMAGED "DAMAGED" /* how a script says so */

/* Where to connect to: an address of the host, looked up. */
typedef struct fleet_place_t {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } at;
    socklen_t len;
} fleet_place_t;

typedef struct fleet_wire_t {
    int fd;
    redisReader *reader;
    apr_pool_t *p;      /* for one use: cleared when it is over, and replies with it */
    const char *why;    /* it is broken, and this is the reason; NULL: it is sound */
    char why_text[200]; /* where that may lie */
    int hung_up;        /* it is broken because the other side had ended it */
    int timed_out;      /* it is broken because no answer came */
    int is_busy;        /* replies are still to come: not to be used again */
    char run[FLEET_RUN_SIZE]; /* which run of the Redis this is: another after a
                               * restart */
    apr_time_t used_at;       /* the end of the last use, fleet_clock() */
    apr_uint32_t losses;      /* of the state when it was made */
    char mended[300];         /* what was deleted in this use, and why; or "" */
} fleet_wire_t;

typedef struct fleet_command_t {
    int n;
    const char *word[FLEET_WORDS];
    size_t len[FLEET_WORDS];
} fleet_command_t;

/* Adds a word, which must live until the command is sent. What is too much is left
 * out; sending fails then. */
void fleet_command_add(fleet_command_t *command, const char *text);
void fleet_command_add_slice(fleet_command_t *command, const base_slice_t *slice);
void fleet_command_add_number(fleet_command_t *command, apr_pool_t *p, apr_int64_t n);

/* A wire that is not connected yet. APR_SUCCESS or APR_ENOMEM. */
apr_status_t fleet_wire_create(fleet_wire_t **wire);

/* Connects, signs in, and sees that a script can write: then *wire is ready. `probe` is
 * the name that it may write to for a moment. When this fails the wire is broken. */
apr_status_t fleet_wire_open(fleet_wire_t *wire, const fleet_place_t *place,
                             const fleet_address_t *address, const char *probe,
                             apr_time_t deadline);

/* Is there neither an end nor anything that nobody has asked for? */
int fleet_wire_is_quiet(const fleet_wire_t *wire);

/* Sends commands; as many replies have to be read. APR_SUCCESS, or the wire is broken.
 */
apr_status_t fleet_wire_send(fleet_wire_t *wire, const fleet_command_t *commands, int n,
                             apr_time_t deadline);

/* The next reply, of the wire's pool; be it an error. APR_SUCCESS; or the wire is
 * broken. With `env` also APR_EINTR as soon as env->sleep says so, which breaks it too.
 */
apr_status_t fleet_wire_read(fleet_wire_t *wire, const base_env_t *env,
                             apr_time_t deadline, redisReply **reply);

/* Both, for one command. An error reply breaks the wire, but for NOSCRIPT and for that
 * of FLEET_BAD_DATA. */
apr_status_t fleet_wire_ask(fleet_wire_t *wire, const fleet_command_t *command,
                            apr_time_t deadline, redisReply **reply);

/* Is the reply no error? Otherwise the wire is broken. */
apr_status_t fleet_wire_accept(fleet_wire_t *wire, const redisReply *reply);

/* As that, for a reply whose text may repeat a secret: wire->why does not. */
apr_status_t fleet_wire_accept_secret(fleet_wire_t *wire, const redisReply *reply);

/* As that, but FLEET_BAD_DATA leaves the wire sound. */
apr_status_t fleet_wire_check(fleet_wire_t *wire, const redisReply *reply);

/* Deletes keys, after such a reply. */
apr_status_t fleet_wire_mend(fleet_wire_t *wire, const redisReply *reply,
                             const char *const *keys, int n, apr_time_t deadline);

/* The reply makes no sense: breaks the wire. */
apr_status_t fleet_wire_garbled(fleet_wire_t *wire);

void fleet_wire_destroy(fleet_wire_t *wire);

#endif
