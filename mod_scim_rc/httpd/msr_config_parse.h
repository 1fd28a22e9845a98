/* Values of directives: text in, value out. */
#ifndef MSR_CONFIG_PARSE_H
#define MSR_CONFIG_PARSE_H

#include <apr_pools.h>

typedef struct msr_choice_t {
    const char *name; /* NULL ends a table */
    int value;
} msr_choice_t;

/* How a value is read and where it goes. */
typedef struct msr_slot_t {
    /* Reads `arg` into *out. NULL, or what would be right, in `p`. */
    const char *(*parse)(apr_pool_t *p, const struct msr_slot_t *slot, const char *arg,
                         void *out);
    apr_size_t offset; /* of the member in its structure */
    apr_int64_t min;   /* of a number, size or duration (microseconds) */
    apr_int64_t max;
    const msr_choice_t *choices;
} msr_slot_t;

const char *msr_parse_choice(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                             void *out); /* int */
const char *msr_parse_number(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                             void *out); /* int */
const char *msr_parse_size(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                           void *out); /* apr_size_t; bytes, or with K or M */
const char *msr_parse_duration(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                               void *out); /* apr_interval_time_t; ms, s, min, h */
/* The others: const char *, in `p`. */
const char *msr_parse_link(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                           void *out); /* http or https, as it is */
const char *
msr_parse_base(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
               void *out); /* so that a path can follow: no '/' at its end */
const char *msr_parse_proxy(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                            void *out); /* the same */
const char *msr_parse_platform(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                               void *out); /* the same; http only to this machine */
const char *msr_parse_webhook(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                              void *out); /* as it is; http only to this machine */
const char *msr_parse_text(apr_pool_t *p, const msr_slot_t *slot, const char *arg,
                           void *out); /* not empty */

#endif
