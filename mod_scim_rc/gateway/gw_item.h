/* One extension as the gateway holds it: what RingCentral said, what only the copy
 * knows, and the SCIM document that follows from both. */
#ifndef GW_ITEM_H
#define GW_ITEM_H

#include <apr_pools.h>
#include <apr_time.h>
#include <jansson.h>

#include "dir_store.h"
#include "gw_account.h"
#include "gw_dictionary.h"
#include "gw_table.h"
#include "scim_backend.h"

/* statusInfo.comment of an extension that was deleted by disabling begins so. */
#define GW_GONE_MARK "[scim-deleted]"

/* A member of an item's memory: RingCentral made the user without showing it. What its
 * first description has that nobody sent is filled in from the company. */
#define GW_UNSEEN "unseen"

/* Another: the version under which the user was shown before values that no list shows
 * became known, all others being what they are. Gone with the next change. */
#define GW_FORMER "former"

typedef struct gw_item_t {
    apr_uint64_t id;
    unsigned flags; /* DIR_LISTED, DIR_GONE, DIR_DETAILED */
    apr_time_t fetched;
    apr_time_t heard; /* when this came from another gateway, by our clock; 0: it did
                       * not */
    json_t *state;    /* the extension, cut down to what matters here */
    json_t *memory;   /* {"version", "former", "modified", "was", "said": {row key:
                       * [sent, was]}} */
    unsigned learnt;  /* bit n: the value of row n may always have been there, lists do
                       * not show it; until the next gw_item_record() */
} gw_item_t;

/* How documents are made for an account. */
typedef struct gw_style_t {
    gw_address_form_t address_form;
    unsigned numbers;
    int disabled_may_be_gone;
    gw_dictionaries_t *dictionaries;
} gw_style_t;

/* A listed record as the protocol takes it; points into `record`. */
void gw_item_show(const dir_record_t *record, scim_record_t *shown);

/* From the copy; the JSON is owned by `p`. APR_SUCCESS, or APR_EGENERAL when the record
 * makes no sense. */
apr_status_t gw_item_load(apr_pool_t *p, const dir_record_t *record, gw_item_t *item);

/* A new item, or `item` as it becomes, when RingCentral describes the extension at the
 * time `fetched`: singly (`detailed`), or in a list, which leaves out some members that
 * are then kept. */
void gw_item_absorb(apr_pool_t *p, gw_item_t *item, const json_t *extension,
                    apr_time_t fetched, int detailed);

/* GW_FORMER as the value of meta.version that it was, in `p`; NULL: there is none. */
const char *gw_item_former(apr_pool_t *p, const gw_item_t *item);

/* Is this extension a person that SCIM may know: of a user's type, with an e-mail, and
 * neither unassigned nor deleted by disabling? */
int gw_item_is_user(const gw_item_t *item);

/* Is it marked as deleted through SCIM? */
int gw_item_is_marked(const gw_item_t *item);

/* The record to be stored: decides whether it is listed, makes its document and keys,
 * and notes the time when something changed. */
void gw_item_record(apr_pool_t *p, const gw_style_t *style, gw_item_t *item,
                    apr_time_t now, dir_record_t *record);

/* The row's value as a client is to see it, or NULL; in `p`. */
const char *gw_item_value(apr_pool_t *p, const gw_style_t *style, const gw_item_t *item,
                          const gw_row_t *row);

/* Remembers how a client spelt what RingCentral holds as something else; `sent` NULL:
 * it sent nothing, and what RingCentral filled in is not to be shown. Forgets it when
 * both are the same text and no place. */
void gw_item_remember(apr_pool_t *p, gw_item_t *item, const gw_row_t *row,
                      const char *sent);
void gw_item_forget(apr_pool_t *p, gw_item_t *item, const gw_row_t *row);

/* The resource as JSON, owned by `p`, from a record's document; without
 * meta.location. */
json_t *gw_item_document(apr_pool_t *p, const base_slice_t *doc);

#endif
