/* What the files of fleet_peers.h share. */
#ifndef FLEET_PRIVATE_H
#define FLEET_PRIVATE_H

#include "base_peers.h"
#include "fleet_link.h"
#include "fleet_peers.h"
#include "fleet_script.h"
#include "fleet_seal.h"

/* The longest name of a budget, a value or a job. */
#define FLEET_NAME_MAX 256

typedef struct fleet_t {
    base_peers_t peers;
    fleet_link_t link;
    const fleet_conf_t *conf;
    fleet_shared_t *shared;
    fleet_scripts_t scripts;
    unsigned char key[FLEET_KEY_SIZE];
} fleet_t;

/* SCOPE:KIND:NAME, in `p`. */
const char *fleet_key(const fleet_t *fleet, apr_pool_t *p, const char *kind,
                      const char *name);

/* Adds a time in whole milliseconds, rounded up, at least 0. */
void fleet_add_time(fleet_command_t *command, apr_pool_t *p, apr_interval_time_t t);

/* Says once for all children that `what` was sealed under another secret. */
void fleet_say_misread(fleet_t *fleet, const base_env_t *env);

/* fleet_budget.c */
apr_status_t fleet_take(void *ctx, const base_env_t *env, const base_budget_t *budget,
                        apr_interval_time_t longest, char claim[BASE_CLAIM_SIZE],
                        apr_interval_time_t *wait);
apr_status_t fleet_mark(void *ctx, const base_env_t *env, const base_budget_t *budget,
                        const char *claim, apr_interval_time_t time);
apr_status_t fleet_close(void *ctx, const base_env_t *env, const char *budget,
                         apr_interval_time_t time);

/* fleet_value.c */
apr_status_t fleet_get(void *ctx, const base_env_t *env, apr_pool_t *p,
                       const char *name, base_slice_t *value);
apr_status_t fleet_set(void *ctx, const base_env_t *env, const char *name,
                       const base_slice_t *value, apr_interval_time_t time);
apr_status_t fleet_lead(void *ctx, const base_env_t *env, const char *what,
                        apr_interval_time_t time, int *leads);
apr_status_t fleet_resign(void *ctx, const base_env_t *env, const char *what);

/* fleet_news.c */
apr_status_t fleet_tell(void *ctx, const base_env_t *env, const base_slice_t *texts,
                        int n);
apr_status_t fleet_hear(void *ctx, const base_env_t *env, apr_pool_t *p,
                        char since[BASE_NEWS_SIZE], int max, apr_interval_time_t wait,
                        apr_array_header_t **news);

#endif
