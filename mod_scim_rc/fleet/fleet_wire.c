#include "fleet_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "fleet_state.h"
#include "fleet_trouble.h"

#define CHUNK 16384
#define ANSWER_MAX (64 * 1024 * 1024)

/* How often a long wait looks whether it still has a purpose. */
#define SLICE apr_time_from_msec(200)

void fleet_command_add_slice(fleet_command_t *command, const base_slice_t *slice)
{
    if (command->n < FLEET_WORDS) {
        command->word[command->n] = slice->data;
        command->len[command->n] = slice->len;
    }
    command->n++;
}

void fleet_command_add(fleet_command_t *command, const char *text)
{
    const base_slice_t slice = {text, strlen(text)};

    fleet_command_add_slice(command, &slice);
}

void fleet_command_add_number(fleet_command_t *command, apr_pool_t *p, apr_int64_t n)
{
    fleet_command_add(command, apr_psprintf(p, "%" APR_INT64_T_FMT, n));
}

/* --- Trouble ---------------------------------------------------------------------- */

static apr_status_t break_wire(fleet_wire_t *wire, apr_status_t rv, const char *why)
{
    apr_cpystrn(wire->why_text, why, sizeof wire->why_text);
    wire->why = wire->why_text;
    return rv;
}

static apr_status_t break_by_system(fleet_wire_t *wire, int error)
{
    char text[100];

    if (error == EPIPE || error == ECONNRESET || error == 0) {
        wire->hung_up = 1;
        return break_wire(wire, APR_EOF, "it has ended the connection");
    }
    return break_wire(wire, error, apr_strerror(error, text, sizeof text));
}

static apr_status_t break_by_time(fleet_wire_t *wire, const char *why)
{
    wire->timed_out = 1;
    return break_wire(wire, APR_TIMEUP, why);
}

apr_status_t fleet_wire_garbled(fleet_wire_t *wire)
{
    return break_wire(wire, APR_EGENERAL, "what it answers makes no sense");
}

static apr_status_t accept_reply(fleet_wire_t *wire, const redisReply *reply,
                                 int is_secret)
{
    if (reply->type != REDIS_REPLY_ERROR) {
        return APR_SUCCESS;
    }
    fleet_trouble_describe(reply->str, reply->len, is_secret, wire->why_text,
                           sizeof wire->why_text);
    wire->why = wire->why_text;
    return APR_EGENERAL;
}

apr_status_t fleet_wire_accept(fleet_wire_t *wire, const redisReply *reply)
{
    return accept_reply(wire, reply, 0);
}

apr_status_t fleet_wire_accept_secret(fleet_wire_t *wire, const redisReply *reply)
{
    return accept_reply(wire, reply, 1);
}

apr_status_t fleet_wire_check(fleet_wire_t *wire, const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && fleet_trouble_is_of_data(reply->str)
               ? FLEET_BAD_DATA
               : fleet_wire_accept(wire, reply);
}

/* --- Waiting ---------------------------------------------------------------------- */

/* 1: ready; 0: the time is over; -1: errno. */
static int wait_for(int fd, short events, apr_time_t deadline)
{
    struct pollfd ready = {.fd = fd, .events = events};

    for (;;) {
        const apr_interval_time_t left = deadline - fleet_clock();
        int n = poll(&ready, 1, left > 0 ? (int)((left + 999) / 1000) : 0);

        if (n > 0 || (n < 0 && errno != EINTR)) {
            return n;
        }
        if (left <= 0) {
            return 0;
        }
    }
}

static apr_status_t wait_for_answer(fleet_wire_t *wire, const base_env_t *env,
                                    apr_time_t deadline)
{
    for (;;) {
        const apr_time_t slice = fleet_clock() + SLICE;
        int n = wait_for(wire->fd, POLLIN, env && slice < deadline ? slice : deadline);

        if (n != 0) {
            return n > 0 ? APR_SUCCESS : break_by_system(wire, errno);
        }
        if (fleet_clock() >= deadline) {
            return break_by_time(wire, "no answer came in time");
        }
        if (env && base_sleep(env, 0) != APR_SUCCESS) {
            return break_wire(wire, APR_EINTR, "it was not waited for");
        }
    }
}

/* --- Commands and replies --------------------------------------------------------- */

static apr_status_t send_all(fleet_wire_t *wire, const char *data, size_t len,
                             apr_time_t deadline)
{
    while (len) {
        const ssize_t n = send(wire->fd, data, len, MSG_NOSIGNAL);

        if (n >= 0) {
            data += n;
            len -= (size_t)n;
        }
        else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            const int ready = wait_for(wire->fd, POLLOUT, deadline);

            if (ready <= 0) {
                return ready ? break_by_system(wire, errno)
                             : break_by_time(wire, "it takes no command in time");
            }
        }
        else if (errno != EINTR) {
            return break_by_system(wire, errno);
        }
    }
    return APR_SUCCESS;
}

/* What is to be sent; it may be a password, which stays nowhere. */
typedef struct text_t {
    char *data;
    size_t len;
} text_t;

static void forget_text(text_t *text)
{
    if (text->data) {
        base_secret_clear(text->data, text->len);
        free(text->data);
    }
}

static int append(text_t *text, const fleet_command_t *command)
{
    char *more = NULL;
    text_t longer;
    const long long size =
        command->n > FLEET_WORDS
            ? -1
            : redisFormatCommandArgv(&more, command->n, (const char **)command->word,
                                     command->len);

    if (size <= 0) {
        return 0;
    }
    longer = (text_t){malloc(text->len + (size_t)size), text->len + (size_t)size};
    if (longer.data) {
        if (text->len) {
            memcpy(longer.data, text->data, text->len);
        }
        memcpy(longer.data + text->len, more, (size_t)size);
        forget_text(text);
        *text = longer;
    }
    base_secret_clear(more, (size_t)size);
    redisFreeCommand(more);
    return longer.data != NULL;
}

/* All in one piece: the commands of a call make one way to the Redis and back. */
apr_status_t fleet_wire_send(fleet_wire_t *wire, const fleet_command_t *commands, int n,
                             apr_time_t deadline)
{
    text_t text = {NULL, 0};
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < n && rv == APR_SUCCESS; i++) {
        rv = append(&text, &commands[i])
                 ? APR_SUCCESS
                 : break_wire(wire, APR_ENOMEM, "a command is too long");
    }
    rv = rv == APR_SUCCESS ? send_all(wire, text.data, text.len, deadline) : rv;
    forget_text(&text);
    return rv;
}

static apr_status_t forget_reply(void *reply)
{
    freeReplyObject(reply);
    return APR_SUCCESS;
}

static apr_status_t feed(fleet_wire_t *wire, size_t *fed)
{
    char chunk[CHUNK];
    const ssize_t n = recv(wire->fd, chunk, sizeof chunk, 0);

    if (n == 0) {
        return break_by_system(wire, 0);
    }
    if (n < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
                   ? APR_SUCCESS
                   : break_by_system(wire, errno);
    }
    *fed += (size_t)n;
    if (*fed > ANSWER_MAX ||
        redisReaderFeed(wire->reader, chunk, (size_t)n) != REDIS_OK) {
        return break_wire(wire, APR_ENOMEM, "what it answers is too long");
    }
    return APR_SUCCESS;
}

apr_status_t fleet_wire_read(fleet_wire_t *wire, const base_env_t *env,
                             apr_time_t deadline, redisReply **reply)
{
    apr_status_t rv = APR_SUCCESS;
    size_t fed = 0;

    while (rv == APR_SUCCESS) {
        void *found = NULL;

        if (redisReaderGetReply(wire->reader, &found) != REDIS_OK) {
            return fleet_wire_garbled(wire);
        }
        if (found) {
            apr_pool_cleanup_register(wire->p, found, forget_reply,
                                      apr_pool_cleanup_null);
            *reply = found;
            return APR_SUCCESS;
        }
        /* Also between two pieces: who sends one byte at a time gains no time. */
        rv = wait_for_answer(wire, env, deadline);
        if (rv == APR_SUCCESS) {
            rv = feed(wire, &fed);
        }
        if (rv == APR_SUCCESS && fleet_clock() > deadline) {
            rv = break_by_time(wire, "its answer did not end in time");
        }
    }
    return rv;
}

apr_status_t fleet_wire_ask(fleet_wire_t *wire, const fleet_command_t *command,
                            apr_time_t deadline, redisReply **reply)
{
    apr_status_t rv = fleet_wire_send(wire, command, 1, deadline);

    rv = rv == APR_SUCCESS ? fleet_wire_read(wire, NULL, deadline, reply) : rv;
    if (rv != APR_SUCCESS || ((*reply)->type == REDIS_REPLY_ERROR &&
                              !strncmp((*reply)->str, "NOSCRIPT", 8))) {
        return rv;
    }
    return fleet_wire_check(wire, *reply);
}

int fleet_wire_is_quiet(const fleet_wire_t *wire)
{
    char byte;

    return wire->reader->pos == wire->reader->len &&
           recv(wire->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

apr_status_t fleet_wire_mend(fleet_wire_t *wire, const redisReply *reply,
                             const char *const *keys, int n, apr_time_t deadline)
{
    fleet_command_t command = {.n = 0};
    char why[120];
    redisReply *deleted;
    int i;

    fleet_command_add(&command, "DEL");
    for (i = 0; i < n; i++) {
        fleet_command_add(&command, keys[i]);
    }
    fleet_trouble_clean(reply->str, reply->len, why, sizeof why);
    apr_snprintf(wire->mended, sizeof wire->mended, "%.160s: %s", keys[0], why);
    return fleet_wire_ask(wire, &command, deadline, &deleted);
}

/* --- Beginning and end ------------------------------------------------------------ */

apr_status_t fleet_wire_create(fleet_wire_t **wire)
{
    apr_pool_t *p;
    apr_allocator_t *allocator;

    /* A pool of no parent and with an allocator of its own: wires come and go in all
     * threads. */
    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return APR_ENOMEM;
    }
    if (apr_pool_create_ex(&p, NULL, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return APR_ENOMEM;
    }
    apr_allocator_owner_set(allocator, p);
    *wire = calloc(1, sizeof **wire);
    if (*wire) {
        **wire = (fleet_wire_t){.fd = -1, .p = p, .reader = redisReaderCreate()};
        if ((*wire)->reader) {
            return APR_SUCCESS;
        }
    }
    free(*wire);
    apr_pool_destroy(p);
    return APR_ENOMEM;
}

void fleet_wire_destroy(fleet_wire_t *wire)
{
    if (wire->fd >= 0) {
        close(wire->fd);
    }
    redisReaderFree(wire->reader);
    apr_pool_destroy(wire->p);
    free(wire);
}
