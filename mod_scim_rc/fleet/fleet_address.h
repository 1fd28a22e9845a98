/* Where a Redis is, as a URL says it. */
#ifndef FLEET_ADDRESS_H
#define FLEET_ADDRESS_H

#include <apr_pools.h>

typedef struct fleet_address_t {
    const char *host; /* a name, or an address without brackets; NULL: see `path` */
    int port;
    const char *path;            /* of a unix socket */
    const char *user, *password; /* NULL: none */
    int db;
    const char *name; /* for the log: the URL without user and password */
} fleet_address_t;

#define FLEET_ADDRESS_RIGHT                                                            \
    "redis://[[user]:password@]host[:port][/database] or "                             \
    "redis+unix://[[user]:password@]/path/of/the/socket[?db=database]"

/* Reads such a URL; user, password and path may be percent-encoded. NULL and *address,
 * all of it in `p`; or what the URL must be, which never repeats any of it. */
const char *fleet_address_parse(apr_pool_t *p, const char *url,
                                fleet_address_t *address);

#endif
