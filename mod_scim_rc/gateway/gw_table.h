/* What of a SCIM user is kept where in a RingCentral extension: a row each. */
#ifndef GW_TABLE_H
#define GW_TABLE_H

#include <apr_pools.h>
#include <jansson.h>

typedef enum {
    GW_TEXT,      /* the same text on both sides */
    GW_LOGIN,     /* the work e-mail once more, as the name to sign in with */
    GW_COUNTRY,   /* a country, by the platform's dictionary */
    GW_REGION,    /* a state or province of that country */
    GW_LANGUAGE,  /* {id, localeCode}, by dictionary */
    GW_TIMEZONE,  /* {id, name}, by dictionary */
    GW_REFERENCE, /* one of references[], by type */
    GW_ACTIVE,    /* the status */
    GW_PASSWORD   /* written, never read */
} gw_kind_t;

#define GW_ROW_FIXED 1     /* RingCentral needs it: it cannot be cleared */
#define GW_ROW_DEFAULTED 2 /* filled by RingCentral from the company when not sent */
#define GW_ROW_UNLISTED 4  /* only a single read shows it, a list does not */

typedef struct gw_row_t {
    const char *urn;   /* of the extension schema, NULL: core */
    const char *attr;  /* SCIM attribute */
    const char *type;  /* the element of a multi-valued attribute, or NULL */
    const char *sub;   /* sub-attribute, or NULL */
    const char *field; /* dotted path in the extension; of a reference: its type */
    gw_kind_t kind;
    unsigned flags;
    const char *hint; /* what would be right, for an error */
} gw_row_t;

/* Region comes after country. */
#define GW_ROWS 19
extern const gw_row_t gw_rows[GW_ROWS];

/* The row of this kind (the first); never NULL. */
const gw_row_t *gw_row_of(gw_kind_t kind);

/* The row whose field an upstream parameter name means ("contact.email", also behind
 * prefixes such as "extension." or "records[0]."); NULL when there is none. */
const gw_row_t *gw_row_of_parameter(const char *parameter);

/* "addresses[type eq \"work\"].region": for people, in `p`; and a short key. */
const char *gw_row_path(apr_pool_t *p, const gw_row_t *row);
const char *gw_row_key(apr_pool_t *p, const gw_row_t *row);

/* The row's value in a SCIM user (borrowed), NULL when there is none. Booleans are
 * "true" and "false". Of several elements of one type the primary, else the last. */
const char *gw_row_get(const gw_row_t *row, const json_t *user);

/* Puts `value` into a SCIM user, making what is needed around it. */
void gw_row_put(const gw_row_t *row, json_t *user, const char *value);

/* The row's value in an extension (borrowed), NULL when there is none or it is "". */
const char *gw_row_field(const gw_row_t *row, const json_t *extension);

#endif
