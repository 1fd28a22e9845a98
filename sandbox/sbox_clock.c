#include "sbox_clock.h"

void sbox_clock_start(sbox_clock_t *clock, double scale)
{
    clock->real = clock->virtual = apr_time_now();
    clock->scale = scale;
}

apr_time_t sbox_clock_now(const sbox_clock_t *clock)
{
    return clock->virtual +
           (apr_time_t)((double)(apr_time_now() - clock->real) * clock->scale);
}

void sbox_clock_scale(sbox_clock_t *clock, double scale)
{
    clock->virtual = sbox_clock_now(clock);
    clock->real = apr_time_now();
    clock->scale = scale;
}

void sbox_clock_advance(sbox_clock_t *clock, apr_interval_time_t t)
{
    clock->virtual += t;
}

apr_interval_time_t sbox_clock_real(const sbox_clock_t *clock, apr_interval_time_t t)
{
    return (apr_interval_time_t)((double)t / clock->scale);
}

int sbox_clock_real_seconds(const sbox_clock_t *clock, apr_interval_time_t t)
{
    apr_interval_time_t real = sbox_clock_real(clock, t);

    return real <= APR_USEC_PER_SEC
               ? 1
               : (int)((real + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC);
}
