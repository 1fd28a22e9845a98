/* What leaves this machine: sealed, so that nobody without the key can read or change
 * it (AES-256-GCM, with a key that HKDF makes of a secret, RFC 5869). */
#ifndef FLEET_SEAL_H
#define FLEET_SEAL_H

#include <apr_pools.h>

#include "base_str.h"

#define FLEET_KEY_SIZE 32

/* The key for a secret of any length; other scopes have other keys. APR_SUCCESS, or
 * APR_EGENERAL when the library refuses. */
apr_status_t fleet_seal_key(const char *secret, const char *scope,
                            unsigned char key[FLEET_KEY_SIZE]);

/* Seals `plain` so that it opens only under the same key and as the same thing
 * (`about`, which is not part of it). *sealed in `p`. */
apr_status_t fleet_seal(apr_pool_t *p, const unsigned char key[FLEET_KEY_SIZE],
                        const char *about, const base_slice_t *plain,
                        base_slice_t *sealed);

/* The way back; a NUL follows *plain in `p`. APR_EINVAL when it was sealed under
 * another key, as something else, or not at all. */
apr_status_t fleet_unseal(apr_pool_t *p, const unsigned char key[FLEET_KEY_SIZE],
                          const char *about, const base_slice_t *sealed,
                          base_slice_t *plain);

#endif
