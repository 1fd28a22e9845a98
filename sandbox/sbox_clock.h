/* A clock that can run faster than the world and be put forward. Windows, penalties
 * and life times are measured with it; dates in answers are the world's. */
#ifndef SBOX_CLOCK_H
#define SBOX_CLOCK_H

#include <apr_time.h>

typedef struct sbox_clock_t {
    apr_time_t real;    /* when the scale was last set */
    apr_time_t virtual; /* what the clock showed then */
    double scale;       /* virtual seconds for each real one, > 0 */
} sbox_clock_t;

void sbox_clock_start(sbox_clock_t *clock, double scale);
apr_time_t sbox_clock_now(const sbox_clock_t *clock);
void sbox_clock_scale(sbox_clock_t *clock, double scale);
void sbox_clock_advance(sbox_clock_t *clock, apr_interval_time_t t);

/* How long `t` of the clock lasts in the world. */
apr_interval_time_t sbox_clock_real(const sbox_clock_t *clock, apr_interval_time_t t);
/* The same in whole seconds, rounded up, at least 1: what a header says. */
int sbox_clock_real_seconds(const sbox_clock_t *clock, apr_interval_time_t t);

#endif
