/* News: a stream of sealed texts. The id of an entry is when the stream began (us) and
 * a number that grows by one, so a gap cannot be overlooked. A reader remembers also
 * which run of the Redis it was: what a restart lost, and what could not be told while
 * it was away, counts as a gap. */
#include "fleet_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

/* Entries kept, about; and for how long after the last one. */
#define KEPT 100000
#define KEPT_FOR apr_time_from_sec(30 * 86400)

/* In one command: words that are left beside those of the script. */
#define TELL_MAX 50

#define HEAR_MAX 10000
#define WAIT_MAX apr_time_from_sec(60)

/* Where a reader stands. */
typedef struct place_t {
    char run[FLEET_RUN_SIZE];
    apr_uint64_t began, number;
} place_t;

static const char *about(const fleet_t *fleet, apr_pool_t *p, const char *sender)
{
    return apr_pstrcat(p, "news:", fleet->conf->scope, ":", sender, NULL);
}

static const char *stream(const fleet_t *fleet, apr_pool_t *p)
{
    return fleet_key(fleet, p, "news", "1");
}

/* --- tell ------------------------------------------------------------------------- */

typedef struct message_t {
    fleet_t *fleet;
    const base_slice_t *texts;
    int n;
} message_t;

static apr_status_t tell(fleet_wire_t *wire, const base_env_t *env, void *baton)
{
    const message_t *message = baton;
    const fleet_t *fleet = message->fleet;
    const char *as = about(fleet, wire->p, fleet->shared->id);
    fleet_command_t command;
    redisReply *reply;
    apr_status_t rv = APR_SUCCESS;
    int i;

    fleet_script_begin(&fleet->scripts, FLEET_TELL, 1, &command);
    fleet_command_add(&command, stream(fleet, wire->p));
    fleet_command_add_number(&command, wire->p, KEPT);
    fleet_add_time(&command, wire->p, KEPT_FOR);
    fleet_command_add(&command, fleet->shared->id);
    for (i = 0; i < message->n && rv == APR_SUCCESS; i++) {
        base_slice_t sealed = {NULL, 0};

        rv = fleet_seal(wire->p, fleet->key, as, &message->texts[i], &sealed);
        fleet_command_add_slice(&command, &sealed);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return fleet_script_run(wire, FLEET_TELL, &command, fleet_clock() + FLEET_LIMIT,
                            &reply);
}

apr_status_t fleet_tell(void *ctx, const base_env_t *env, const base_slice_t *texts,
                        int n)
{
    fleet_t *fleet = ctx;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < n && rv == APR_SUCCESS; i += TELL_MAX) {
        message_t message = {fleet, texts + i, n - i < TELL_MAX ? n - i : TELL_MAX};

        rv = fleet_link_run(&fleet->link, env, FLEET_SHORT, tell, &message);
    }
    return rv;
}

/* --- Places ----------------------------------------------------------------------- */

/* "began-number" up to the end of the text. */
static int parse_id(const char *text, place_t *place)
{
    char *end;

    errno = 0;
    place->began = strtoull(text, &end, 10);
    if (errno || end == text || *end != '-') {
        return 0;
    }
    text = end + 1;
    place->number = strtoull(text, &end, 10);
    return !errno && end != text && !*end;
}

static int parse_place(const char *since, place_t *place)
{
    const char *colon = memchr(since, ':', BASE_NEWS_SIZE);

    if (!colon || colon - since != FLEET_RUN_SIZE - 1 ||
        !memchr(since, '\0', BASE_NEWS_SIZE)) {
        return 0;
    }
    apr_cpystrn(place->run, since, FLEET_RUN_SIZE);
    return parse_id(colon + 1, place);
}

static void write_place(const place_t *place, char since[BASE_NEWS_SIZE])
{
    apr_snprintf(since, BASE_NEWS_SIZE, "%s:%" APR_UINT64_T_FMT "-%" APR_UINT64_T_FMT,
                 place->run, place->began, place->number);
}

/* --- hear ------------------------------------------------------------------------- */

typedef struct hearing_t {
    fleet_t *fleet;
    apr_pool_t *p;
    char *since;
    int max;
    apr_interval_time_t wait;
    apr_array_header_t *news;
    int misread;
} hearing_t;

static int is_string(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
}

static int is_list(const redisReply *reply, size_t n)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == n;
}

/* The end of the stream, which begins now if it is not there. */
static apr_status_t begin(fleet_wire_t *wire, hearing_t *hearing)
{
    const fleet_t *fleet = hearing->fleet;
    fleet_command_t command;
    redisReply *reply;
    place_t place;
    apr_status_t rv;

    fleet_script_begin(&fleet->scripts, FLEET_BEGIN, 1, &command);
    fleet_command_add(&command, stream(fleet, wire->p));
    fleet_add_time(&command, wire->p, KEPT_FOR);
    rv = fleet_script_run(wire, FLEET_BEGIN, &command, fleet_clock() + FLEET_LIMIT,
                          &reply);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!is_string(reply) || !parse_id(reply->str, &place)) {
        return fleet_wire_garbled(wire);
    }
    apr_cpystrn(place.run, wire->run, sizeof place.run);
    write_place(&place, hearing->since);
    return APR_SUCCESS;
}

/* Asks for the last entry, to see that it is the stream that the reader knows, and for
 * what follows. */
static apr_status_t send_questions(fleet_wire_t *wire, const hearing_t *hearing,
                                   const place_t *place)
{
    const char *key = stream(hearing->fleet, wire->p);
    fleet_command_t both[2] = {{0}};

    fleet_command_add(&both[0], "XREVRANGE");
    fleet_command_add(&both[0], key);
    fleet_command_add(&both[0], "+");
    fleet_command_add(&both[0], "-");
    fleet_command_add(&both[0], "COUNT");
    fleet_command_add(&both[0], "1");

    fleet_command_add(&both[1], "XREAD");
    fleet_command_add(&both[1], "COUNT");
    fleet_command_add_number(&both[1], wire->p, hearing->max);
    if (hearing->wait > 0) { /* BLOCK 0 is for ever */
        fleet_command_add(&both[1], "BLOCK");
        fleet_add_time(&both[1], wire->p, hearing->wait);
    }
    fleet_command_add(&both[1], "STREAMS");
    fleet_command_add(&both[1], key);
    fleet_command_add(&both[1],
                      apr_psprintf(wire->p, "%" APR_UINT64_T_FMT "-%" APR_UINT64_T_FMT,
                                   place->began, place->number));
    return fleet_wire_send(wire, both, 2, fleet_clock() + FLEET_LIMIT);
}

/* Does the reader's place belong to the stream that ends so? */
static apr_status_t check_last(fleet_wire_t *wire, const redisReply *reply,
                               const place_t *place)
{
    apr_status_t rv = fleet_wire_check(wire, reply);
    place_t last;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (is_list(reply, 0)) {
        return APR_EGENERAL;
    }
    if (!is_list(reply, 1) || !is_list(reply->element[0], 2) ||
        !is_string(reply->element[0]->element[0]) ||
        !parse_id(reply->element[0]->element[0]->str, &last)) {
        return fleet_wire_garbled(wire);
    }
    return last.began == place->began && last.number >= place->number ? APR_SUCCESS
                                                                      : APR_EGENERAL;
}

/* One entry: [id, [s, sender, t, text]]. */
static apr_status_t take_entry(fleet_wire_t *wire, hearing_t *hearing,
                               const redisReply *entry, place_t *place)
{
    const fleet_t *fleet = hearing->fleet;
    const redisReply *fields, *sender;
    base_slice_t sealed, text;
    place_t here;

    if (!is_list(entry, 2) || !is_string(entry->element[0]) ||
        !parse_id(entry->element[0]->str, &here)) {
        return fleet_wire_garbled(wire);
    }
    if (here.began != place->began || here.number != place->number + 1) {
        return APR_EGENERAL;
    }
    place->number++;
    fields = entry->element[1];
    if (!is_list(fields, 4) || !is_string(fields->element[1]) ||
        !is_string(fields->element[3])) {
        hearing->misread = 1; /* not put there by one of us */
        return APR_SUCCESS;
    }
    sender = fields->element[1];
    sealed = (base_slice_t){fields->element[3]->str, fields->element[3]->len};
    if (fleet_unseal(hearing->p, fleet->key, about(fleet, wire->p, sender->str),
                     &sealed, &text) != APR_SUCCESS) {
        hearing->misread = 1;
        return APR_SUCCESS;
    }
    APR_ARRAY_PUSH(hearing->news, base_news_t) =
        (base_news_t){text, !strcmp(sender->str, fleet->shared->id)};
    return APR_SUCCESS;
}

/* [[key, [entry, ...]]], or nothing. */
static apr_status_t take_entries(fleet_wire_t *wire, hearing_t *hearing,
                                 const redisReply *reply, place_t *place)
{
    apr_status_t rv = fleet_wire_check(wire, reply);
    const redisReply *entries;
    size_t i;

    if (rv != APR_SUCCESS || reply->type == REDIS_REPLY_NIL) {
        return rv;
    }
    if (!is_list(reply, 1) || !is_list(reply->element[0], 2) ||
        reply->element[0]->element[1]->type != REDIS_REPLY_ARRAY) {
        return fleet_wire_garbled(wire);
    }
    entries = reply->element[0]->element[1];
    for (i = 0; i < entries->elements && rv == APR_SUCCESS; i++) {
        rv = take_entry(wire, hearing, entries->element[i], place);
    }
    return rv;
}

/* What stands where the stream should cannot be heard: a gap. */
static apr_status_t begin_anew(fleet_wire_t *wire, const hearing_t *hearing,
                               const redisReply *reply)
{
    const char *key = stream(hearing->fleet, wire->p);
    apr_status_t rv =
        fleet_wire_mend(wire, reply, &key, 1, fleet_clock() + FLEET_LIMIT);

    return rv == APR_SUCCESS ? APR_EGENERAL : rv;
}

static apr_status_t hear(fleet_wire_t *wire, const base_env_t *env, void *baton)
{
    hearing_t *hearing = baton;
    redisReply *reply;
    place_t place;
    apr_status_t rv;

    apr_array_clear(hearing->news);
    if (!*hearing->since) {
        return begin(wire, hearing);
    }
    if (!parse_place(hearing->since, &place) || strcmp(place.run, wire->run) != 0) {
        return APR_EGENERAL;
    }
    rv = send_questions(wire, hearing, &place);
    rv = rv == APR_SUCCESS
             ? fleet_wire_read(wire, NULL, fleet_clock() + FLEET_LIMIT, &reply)
             : rv;
    rv = rv == APR_SUCCESS ? check_last(wire, reply, &place) : rv;
    if (rv != APR_SUCCESS && rv != FLEET_BAD_DATA) {
        wire->is_busy = 1; /* with the second question */
        return rv;
    }
    /* Also after bad data, which both questions find. */
    rv =
        fleet_wire_read(wire, env, fleet_clock() + hearing->wait + FLEET_LIMIT, &reply);
    rv = rv == APR_SUCCESS ? take_entries(wire, hearing, reply, &place) : rv;
    if (rv == APR_SUCCESS) {
        write_place(&place, hearing->since);
    }
    return rv == FLEET_BAD_DATA ? begin_anew(wire, hearing, reply) : rv;
}

apr_status_t fleet_hear(void *ctx, const base_env_t *env, apr_pool_t *p,
                        char since[BASE_NEWS_SIZE], int max, apr_interval_time_t wait,
                        apr_array_header_t **news)
{
    hearing_t hearing = {.fleet = ctx,
                         .p = p,
                         .since = since,
                         .max = max < 1          ? 1
                                : max > HEAR_MAX ? HEAR_MAX
                                                 : max,
                         .wait = wait < 0          ? 0
                                 : wait > WAIT_MAX ? WAIT_MAX
                                                   : wait};
    apr_status_t rv;

    hearing.news = apr_array_make(p, 4, sizeof(base_news_t));
    rv = fleet_link_run(&hearing.fleet->link, env,
                        hearing.wait > 0 ? FLEET_LONG : FLEET_SHORT, hear, &hearing);
    if (hearing.misread) {
        fleet_say_misread(hearing.fleet, env);
    }
    *news = hearing.news;
    return rv;
}
