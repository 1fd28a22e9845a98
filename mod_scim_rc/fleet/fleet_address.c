#include "fleet_address.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base_str.h"

#define PORT 6379
#define HOST_MAX 253
#define DB_MAX 999999

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, apr_tolower(c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Takes the percent-encoding away. NULL when it is none, or hides a NUL. */
static const char *decode(apr_pool_t *p, const char *text, apr_size_t len)
{
    char *out = apr_palloc(p, len + 1);
    apr_size_t i, n = 0;

    for (i = 0; i < len; i++) {
        int c = (unsigned char)text[i];

        if (c == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

            c = low < 0 ? 0 : high * 16 + low;
            i += 2;
        }
        if (!c) {
            return NULL;
        }
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return out;
}

static const char *parse_login(apr_pool_t *p, const char *text, apr_size_t len,
                               fleet_address_t *address)
{
    const char *colon = memchr(text, ':', len);
    const char *user, *password;

    if (!colon) {
        return "with a ':' before the password (redis://:password@host)";
    }
    user = decode(p, text, (apr_size_t)(colon - text));
    password = decode(p, colon + 1, len - (apr_size_t)(colon - text) - 1);
    if (!user || !password || !*password) {
        return "with a password before the '@' that is not empty; its special "
               "characters stand there percent-encoded (%40 for '@')";
    }
    address->user = *user ? user : NULL;
    address->password = password;
    return NULL;
}

static int parse_db(const char *text, int *db)
{
    apr_int64_t number;

    if (!base_str_to_int(text, 0, DB_MAX, &number)) {
        return 0;
    }
    *db = (int)number;
    return 1;
}

/* "host", "host:port", "[::1]:port". */
static int parse_host(apr_pool_t *p, const char *text, fleet_address_t *address)
{
    const int is_v6 = *text == '[';
    const char *begin = text + is_v6, *rest;
    apr_int64_t port = PORT;
    apr_size_t len = is_v6 ? strcspn(begin, "]") : strcspn(begin, ":");

    rest = begin + len + (is_v6 && begin[len]);
    if (!len || len > HOST_MAX || (is_v6 && !begin[len]) ||
        strspn(begin, is_v6 ? "0123456789abcdefABCDEF:."
                            : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                              "0123456789._-") < len) {
        return 0;
    }
    if (*rest && (*rest != ':' || !base_str_to_int(rest + 1, 1, 65535, &port))) {
        return 0;
    }
    address->host = apr_pstrmemdup(p, begin, len);
    address->port = (int)port;
    return 1;
}

static const char *parse_tcp(apr_pool_t *p, const char *at, const char *path,
                             fleet_address_t *address)
{
    const char *host = apr_pstrmemdup(p, at, (apr_size_t)(path - at));

    if (!parse_host(p, host, address) || (*path && *path != '/') ||
        (*path && path[1] && !parse_db(path + 1, &address->db))) {
        return FLEET_ADDRESS_RIGHT;
    }
    address->name = apr_psprintf(
        p, strchr(address->host, ':') ? "redis://[%s]:%d" : "redis://%s:%d",
        address->host, address->port);
    return NULL;
}

static const char *parse_unix(apr_pool_t *p, const char *at, const char *path,
                              fleet_address_t *address)
{
    static const struct sockaddr_un limit;
    const char *query = strchr(path, '?');
    apr_size_t len = query ? (apr_size_t)(query - path) : strlen(path);

    if (at != path || len < 2 || memchr(path, '#', len) ||
        (query && (strncmp(query, "?db=", 4) || !parse_db(query + 4, &address->db)))) {
        return FLEET_ADDRESS_RIGHT;
    }
    address->path = decode(p, path, len);
    if (!address->path || strlen(address->path) >= sizeof limit.sun_path) {
        return apr_psprintf(p,
                            "redis+unix:// and the path of a socket, of %d bytes at "
                            "most",
                            (int)sizeof limit.sun_path - 1);
    }
    address->name = apr_pstrcat(p, "redis+unix://", address->path, NULL);
    return NULL;
}

const char *fleet_address_parse(apr_pool_t *p, const char *url,
                                fleet_address_t *address)
{
    static const char tcp[] = "redis://", local[] = "redis+unix://", tls[] = "rediss:";
    const int is_tcp = !strncasecmp(url, tcp, sizeof tcp - 1);
    const char *at, *path, *login, *problem = NULL;

    *address = (fleet_address_t){0};
    if (!strncasecmp(url, tls, sizeof tls - 1)) {
        return "redis://...: TLS is not spoken here. Let a tunnel such as stunnel on "
               "this machine do that, and name the tunnel's near end: "
               "redis://127.0.0.1:6380";
    }
    if (!is_tcp && strncasecmp(url, local, sizeof local - 1) != 0) {
        return FLEET_ADDRESS_RIGHT;
    }
    at = url + (is_tcp ? sizeof tcp : sizeof local) - 1;
    /* A password may hold what ends a host, but no '/': that is percent-encoded. */
    path = at + strcspn(at, is_tcp ? "/?#" : "/");
    for (login = path; login > at && login[-1] != '@'; login--) {
    }
    if (login > at) {
        problem = parse_login(p, at, (apr_size_t)(login - at) - 1, address);
        at = login;
    }
    if (!problem) {
        problem =
            is_tcp ? parse_tcp(p, at, path, address) : parse_unix(p, at, path, address);
    }
    if (!problem && address->db) {
        address->name =
            apr_psprintf(p, is_tcp ? "%s/%d" : "%s?db=%d", address->name, address->db);
    }
    return problem;
}
