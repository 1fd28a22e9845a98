/* Other gateways without a Redis between them: what base_peers.h asks for, in memory,
 * for tests of two gateways in one process. */
#ifndef FAKE_PEERS_H
#define FAKE_PEERS_H

#include <apr_tables.h>

#include "base_peers.h"

/* What all share. */
typedef struct fake_fleet_t {
    apr_pool_t *p;
    apr_array_header_t *news;           /* of fake_news_t */
    int lost;                           /* so many of the first are not kept any more */
    int is_away;                        /* nobody reaches the others */
    apr_array_header_t *leads, *values; /* of fake_value_t */
} fake_fleet_t;

typedef struct fake_news_t {
    const void *sender;
    const char *text;
} fake_news_t;

typedef struct fake_value_t {
    const char *name, *text; /* of a lead: NULL */
    const void *holder;
    apr_time_t until; /* by the clock of who has set it */
} fake_value_t;

fake_fleet_t *fake_fleet_make(apr_pool_t *p);

/* A gateway of it. */
const base_peers_t *fake_peers_make(fake_fleet_t *fleet);

/* What somebody tells who is no gateway of ours. */
void fake_fleet_tell(fake_fleet_t *fleet, const char *text);

/* How many of the news that are kept contain this text. */
int fake_fleet_count(const fake_fleet_t *fleet, const char *text);

#endif
