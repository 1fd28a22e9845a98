/* Two gateways of one account that hear of each other, with clocks that differ, for
 * tests. */
#ifndef GW_PAIR_H
#define GW_PAIR_H

#include "fake_peers.h"
#include "gw_fixture.h"

typedef struct pair_t {
    fake_fleet_t *fleet;
    world_t *a, *b; /* b's clock is ahead */
} pair_t;

/* Of one platform; not opened yet. */
pair_t *pair_make(apr_pool_t *p);

/* With so many users "Ann Archer0" and so on, filled; the first one leads. */
pair_t *pair_fill(apr_pool_t *p, int users);

/* Hears what there is. */
void pair_hear(world_t *w);

/* Time goes by while both listen; until nothing is under way; until a list is due, with
 * the first one leading. */
void pair_pass(pair_t *t, int seconds);
void pair_calm(pair_t *t);
void pair_pass_refresh(pair_t *t);

/* What a gateway shows of a user. */
const char *pair_version(world_t *w, const char *id);
const char *pair_title(world_t *w, const char *id);
const char *pair_country(world_t *w, const char *id);

/* A place as clients spell it in different ways. */
#define PLACE(country, region)                                                         \
    "[{'type':'work','country':'" country "','region':'" region "'}]"
#define USA "'addresses':" PLACE("USA", "GEORGIA")

#endif
