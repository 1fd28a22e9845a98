/* What the errors of a Redis mean for whoever has to mend it. */
#ifndef FLEET_TROUBLE_H
#define FLEET_TROUBLE_H

#include <apr.h>

/* Is it about what a key holds, and not about the Redis? */
int fleet_trouble_is_of_data(const char *text);

/* Writes as much of an error as is needed, without what does not belong into a log,
 * into out[size]: the arguments of a command are no part of it. */
void fleet_trouble_clean(const char *text, apr_size_t len, char *out, apr_size_t size);

/* Writes what the error `text` means, and the text itself without what does not belong
 * into a log, into out[size]. `is_secret`: the text may repeat a secret, and nothing of
 * it is written but what it is known by. */
void fleet_trouble_describe(const char *text, apr_size_t len, int is_secret, char *out,
                            apr_size_t size);

#endif
