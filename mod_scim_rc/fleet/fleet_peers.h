/* The way to the other gateways through a Redis: what base_peers.h asks for. */
#ifndef FLEET_PEERS_H
#define FLEET_PEERS_H

#include <apr_pools.h>

#include "base_peers.h"
#include "fleet_address.h"

typedef struct fleet_conf_t {
    const char *name; /* of what is shared, for the log */
    const fleet_address_t *address;
    int share;          /* percent, while the Redis is away: 1..100 */
    const char *scope;  /* what all names in the Redis begin with: the same in all
                         * gateways that share, and in no others */
    const char *secret; /* what values and news are sealed under: the same too */
} fleet_conf_t;

/* Memory that all children of this server see: made ready in the parent. `old`: the
 * memory in whose place it comes, or NULL. This server keeps its name among the others
 * for as long as either lives. APR_EGENERAL: no random bytes. */
apr_size_t fleet_shared_size(void);
apr_status_t fleet_shared_init(void *memory, const void *old);

/* In the parent, at each start and restart: what is known of another address is no
 * use. */
void fleet_shared_settle(void *memory, const fleet_address_t *address);

/* In each child, after the fork. Connects to nothing yet. `conf` (but its secret) and
 * `memory` outlive `p`; with `p` all connections end, and *peers with them. */
apr_status_t fleet_open(const base_peers_t **peers, apr_pool_t *p,
                        const fleet_conf_t *conf, void *memory);

#endif
