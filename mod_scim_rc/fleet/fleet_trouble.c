#include "fleet_trouble.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "fleet_wire.h"

#define TEXT_MAX 80

/* So a Redis begins to repeat what it was sent. */
#define ARGUMENTS ", with args"

/* How an error begins, and what it means. */
static const struct {
    const char *begin, *meaning;
} meanings[] = {
    {"NOAUTH", "it asks for a password, and the URL has none"},
    {"WRONGPASS", "it refuses the user or the password of the URL"},
    {"ERR invalid password", "it refuses the password of the URL"},
    {"ERR AUTH", "it refuses the password of the URL, for it has none"},
    {"ERR Client sent AUTH", "it refuses the password of the URL, for it has none"},
    {"ERR wrong number of arguments for 'auth'",
     "it knows no users, only a password: redis://:password@host"},
    {"NOPERM", "its user lacks a permission"},
    {"ERR The user executing the script", "its user lacks a permission"},
    {"DENIED", "it lets nobody in from outside without a password"},
    {"LOADING", "it is still loading its data"},
    {"READONLY", "it is a replica; the URL must name the primary"},
    {"MASTERDOWN", "it is a replica without its primary; the URL must name the "
                   "primary"},
    {"MOVED", "it is part of a cluster; the URL must name a Redis that is none"},
    {"ASK", "it is part of a cluster; the URL must name a Redis that is none"},
    {"CLUSTERDOWN", "it is part of a cluster; the URL must name a Redis that is none"},
    {"OOM", "it has no memory left (maxmemory)"},
    {"MISCONF", "it takes no writes, because it cannot save its data"},
    {"NOREPLICAS", "it takes no writes, because it lacks replicas"},
    {"ERR DB index", "it has no database of that number"},
    {"ERR invalid DB index", "it has no database of that number"},
    {"ERR SELECT is not allowed", "it has no database of that number"},
    {"ERR max number of clients", "it has no connection left (maxclients)"},
    {"ERR unknown command 'AUTH'", "it knows no AUTH; the URL must have no password"},
    {"ERR unknown command `AUTH`", "it knows no AUTH; the URL must have no password"},
    {"ERR unknown command", "it lacks a command; it must be Redis 5 or later"},
};

/* What is part of an error that tells of damaged data: in a script something stands
 * before it, which depends on the version. */
static const char *const damages[] = {
    FLEET_DAMAGED,
    "WRONGTYPE",
    "not an integer",
    "not a valid float",
    "Invalid stream ID",
    "equal or smaller",
    "exhausted the last possible ID",
};

int fleet_trouble_is_of_data(const char *text)
{
    apr_size_t i;

    for (i = 0; i < sizeof damages / sizeof *damages; i++) {
        if (strstr(text, damages[i])) {
            return 1;
        }
    }
    return 0;
}

void fleet_trouble_clean(const char *text, apr_size_t len, char *out, apr_size_t size)
{
    apr_size_t i, n = len < TEXT_MAX ? len : TEXT_MAX;
    char *arguments;

    n = n < size ? n : size - 1;
    for (i = 0; i < n; i++) {
        out[i] = apr_isprint(text[i]) && !(text[i] & 0x80) ? text[i] : '?';
    }
    out[n] = '\0';
    arguments = strstr(out, ARGUMENTS);
    if (arguments) {
        *arguments = '\0';
    }
}

void fleet_trouble_describe(const char *text, apr_size_t len, int is_secret, char *out,
                            apr_size_t size)
{
    char clean[TEXT_MAX + 1];
    const char *meaning = "it refuses to work", *known = "in words not repeated here";
    apr_size_t i;

    fleet_trouble_clean(text, len, clean, sizeof clean);
    for (i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (!strncmp(clean, meanings[i].begin, strlen(meanings[i].begin))) {
            meaning = meanings[i].meaning;
            known = meanings[i].begin;
            break;
        }
    }
    apr_snprintf(out, size, "%s (%s)", meaning, is_secret ? known : clean);
}
