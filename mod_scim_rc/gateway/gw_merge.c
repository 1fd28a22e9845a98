/* What an extension is after a change that RingCentral accepted without showing the
 * result. */
#include "base_json.h"
#include "base_str.h"
#include "gw_job.h"

/* PUT is a deep merge: "" clears, lists are replaced. */
static void merge(json_t *into, const json_t *from)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)from, name, value)
    {
        json_t *old = json_object_get(into, name);

        if (json_is_object(value) && json_is_object(old)) {
            merge(old, value);
        }
        else if (json_is_string(value) && !*json_string_value(value)) {
            json_object_del(into, name);
        }
        else {
            json_object_set_new(into, name, base_json_copy(value));
        }
    }
}

void gw_item_merge(apr_pool_t *p, gw_item_t *item, const json_t *body, apr_time_t now)
{
    json_t *after = base_json_own(p, base_json_copy(item->state));
    int known, unseen = json_object_get(item->memory, GW_UNSEEN) != NULL;

    if (json_object_get(body, "status")) {
        json_object_del(after, "statusInfo"); /* it spoke of the status before */
    }
    merge(after, body);
    /* What a list does not show is known as well as before, and of somebody who was
     * disabled now it is known by whom. */
    known = item->flags & DIR_DETAILED || json_object_get(after, "statusInfo");
    json_object_del(item->memory, GW_UNSEEN);
    gw_item_absorb(p, item, after, now, known);
    if (json_object_get(body, "regionalSettings")) { /* the rest of it may be unknown */
        json_object_set(item->state, "regionalSettings",
                        json_object_get(after, "regionalSettings"));
    }
    if (unseen) { /* RingCentral itself has still not described it */
        json_object_set_new(item->memory, GW_UNSEEN, json_true());
    }
}
