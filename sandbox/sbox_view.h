/* Extensions as clients see them. */
#ifndef SBOX_VIEW_H
#define SBOX_VIEW_H

#include "sbox.h"

typedef enum {
    SBOX_VIEW_LIST, /* a record of a list */
    SBOX_VIEW_READ  /* the single read */
} sbox_view_t;

/* A new reference. */
json_t *sbox_view_extension(sbox_call_t *call, const sbox_extension_t *e,
                            sbox_view_t view);

/* "First Last" of a user, the name of anything else, in the pool of the call. */
const char *sbox_view_name(sbox_call_t *call, const sbox_extension_t *e);

/* {id, uri, displayName, ...} of a role that an extension has. NULL: no such role. A
 * new reference to what other records of the answer may show too: not to be changed, as
 * that of a site. */
json_t *sbox_view_role(sbox_call_t *call, const char *id);
/* {id, uri, name, code} of a site. */
json_t *sbox_view_site(sbox_call_t *call, const char *id);

/* {homeCountry, timezone, ...} of an extension. */
json_t *sbox_view_regional(sbox_call_t *call, const sbox_extension_t *e);

#endif
