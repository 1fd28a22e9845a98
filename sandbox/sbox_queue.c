#include "sbox_queue.h"

#include <string.h>
#include <apr_strings.h>

#define ID_MAX 24

static void id_text(char text[ID_MAX], const sbox_extension_t *e)
{
    apr_snprintf(text, ID_MAX, "%" APR_INT64_T_FMT, e->id);
}

static void drop(json_t *ids, const char *id)
{
    json_t *one;
    size_t i;

    json_array_foreach(ids, i, one)
    {
        if (!strcmp(json_string_value(one), id)) {
            json_array_remove(ids, i);
            return;
        }
    }
}

void sbox_queue_join(sbox_extension_t *queue, sbox_extension_t *member)
{
    char queue_id[ID_MAX], member_id[ID_MAX];

    id_text(queue_id, queue);
    id_text(member_id, member);
    if (!queue->members) {
        queue->members = json_object();
    }
    if (!member->queues) {
        member->queues = json_array();
    }
    if (!json_object_get(queue->members, member_id)) {
        json_object_set_new(queue->members, member_id, json_true());
        json_array_append_new(member->queues, json_string(queue_id));
    }
}

void sbox_queue_leave(sbox_extension_t *queue, sbox_extension_t *member)
{
    char queue_id[ID_MAX], member_id[ID_MAX];

    id_text(queue_id, queue);
    id_text(member_id, member);
    json_object_del(queue->members, member_id);
    drop(member->queues, queue_id);
}

void sbox_queue_leave_all(sbox_account_t *account, sbox_extension_t *e)
{
    const char *id;
    void *next;
    json_t *value;

    while (json_array_size(e->queues)) {
        sbox_extension_t *queue = sbox_account_extension(
            account, apr_atoi64(json_string_value(json_array_get(e->queues, 0))));

        if (queue) {
            sbox_queue_leave(queue, e);
        }
        else {
            json_array_remove(e->queues, 0);
        }
    }
    json_object_foreach_safe(e->members, next, id, value)
    {
        sbox_extension_t *member = sbox_account_extension(account, apr_atoi64(id));

        if (member) {
            sbox_queue_leave(e, member);
        }
    }
}
