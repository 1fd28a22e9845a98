#include "sbox_search.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base_json.h"
#include "base_str.h"
#include "sbox_entries.h"
#include "sbox_page.h"
#include "sbox_people.h"

#define PER_PAGE_DEFAULT 1000
#define PER_PAGE_MAX 2000
#define IDS_MAX 100
#define ORDERS_MAX 8

typedef enum { TEXT, BOOLEAN, NUMBER, TEXTS, ORDERS } kind_t;

#define FIELDS                                                                         \
    "|firstName|lastName|extensionNumber|phoneNumber|email|jobTitle|department|"

/* The members of the body. Members beside these are taken, and mean nothing. */
static const struct {
    const char *name;
    kind_t kind;
    const char *choices; /* or NULL */
} members[] = {
    {"searchString", TEXT, NULL},
    {"searchFields", TEXTS, FIELDS "customFieldValue|"},
    {"showFederated", BOOLEAN, NULL},
    {"extensionType", TEXT, NULL},
    {"extensionTypes", TEXTS, NULL},
    {"extensionStatuses", TEXTS, "|Enabled|Disabled|NotActivated|"},
    {"extensionIds", TEXTS, NULL},
    {"siteId", TEXT, NULL},
    {"siteIds", TEXTS, NULL},
    {"accountIds", TEXTS, NULL},
    {"department", TEXT, NULL},
    {"orderBy", ORDERS, NULL},
    {"page", NUMBER, NULL},
    {"perPage", NUMBER, NULL},
};

typedef struct order_t {
    const char *field;
    int descending;
    json_int_t index;
} order_t;

typedef struct search_t {
    sbox_call_t *call;
    const json_t *body;
    const char *text; /* or NULL */
    order_t orders[ORDERS_MAX];
    int n_orders;
    apr_array_header_t *found; /* of item_t */
} search_t;

typedef struct item_t {
    const search_t *search;
    json_t *record;
    int at; /* where it was found */
} item_t;

/* --- what is asked ---------------------------------------------------------------- */

static int is_choice(const char *choices, const json_t *value)
{
    const char *text = json_string_value(value), *at;
    const size_t len = text ? strlen(text) : 0;

    if (!text || !choices) {
        return text != NULL;
    }
    for (at = choices; (at = strchr(at, '|')) != NULL; at++) {
        if (len && !strncmp(at + 1, text, len) && at[len + 1] == '|') {
            return 1;
        }
    }
    return 0;
}

static int are_choices(const char *choices, const json_t *list)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (!is_choice(choices, one)) {
            return 0;
        }
    }
    return json_is_array(list);
}

static int are_orders(const json_t *list)
{
    const json_t *one, *way;
    size_t i;

    json_array_foreach(list, i, one)
    {
        way = json_object_get(one, "direction");
        if (!is_choice(FIELDS, json_object_get(one, "fieldName")) ||
            (way && !is_choice("|Asc|Desc|", way))) {
            return 0;
        }
    }
    return json_is_array(list) && json_array_size(list) <= ORDERS_MAX;
}

static int is_right(kind_t kind, const char *choices, const json_t *value)
{
    switch (kind) {
    case TEXT:
        return is_choice(choices, value);
    case BOOLEAN:
        return json_is_boolean(value);
    case NUMBER:
        return json_integer_value(value) > 0 &&
               json_integer_value(value) <= APR_INT32_MAX;
    case TEXTS:
        return are_choices(choices, value);
    case ORDERS:
        return are_orders(value);
    }
    return 0;
}

static const sbox_problem_t *check_body(sbox_call_t *call)
{
    const json_t *body = call->body;
    apr_size_t i;

    if (!json_is_object(body)) {
        return sbox_problem(call->pool, "ADG-112", NULL);
    }
    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const json_t *value = json_object_get(body, members[i].name);

        if (value && !json_is_null(value) &&
            !is_right(members[i].kind, members[i].choices, value)) {
            return sbox_problem(call->pool, "ADG-121", members[i].name);
        }
    }
    if (json_array_size(json_object_get(body, "extensionIds")) > IDS_MAX) {
        return sbox_problem(call->pool, "ADG-121", "extensionIds");
    }
    return base_json_int(body, "perPage", 1) > PER_PAGE_MAX
               ? sbox_problem(call->pool, "ADG-121", "perPage")
               : NULL;
}

static int by_index(const void *a, const void *b)
{
    const order_t *one = a, *other = b;

    return (one->index > other->index) - (one->index < other->index);
}

static void read_orders(search_t *search)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(search->body, "orderBy"), i, one)
    {
        const char *way = base_json_string(one, "direction");
        order_t *order = &search->orders[search->n_orders++];

        order->field = base_json_string(one, "fieldName");
        order->descending = way && !strcmp(way, "Desc");
        order->index = base_json_int(one, "index", 1);
    }
    qsort(search->orders, (size_t)search->n_orders, sizeof(order_t), by_index);
}

/* --- what fits ----------------------------------------------------------------------
 */

/* Is `text` in the list? A list that was not sent, or is empty, has everything. */
static int list_has(const search_t *search, const char *name, const char *text)
{
    const json_t *list = json_object_get(search->body, name), *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (text && !strcmp(json_string_value(one), text)) {
            return 1;
        }
    }
    return !json_array_size(list);
}

static int member_is(const search_t *search, const char *name, const char *text)
{
    const char *wanted = base_json_string(search->body, name);

    return !wanted || (text && base_str_same(wanted, text));
}

static int contains(const char *text, const char *part)
{
    const size_t len = strlen(part);

    for (; text && strlen(text) >= len; text++) {
        if (!strncasecmp(text, part, len)) {
            return 1;
        }
    }
    return 0;
}

/* Does one of the elements' members contain the text? */
static int elements_contain(const json_t *list, const char *member, const char *part)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (contains(base_json_string(one, member), part)) {
            return 1;
        }
    }
    return 0;
}

static int has_text(const search_t *search, const json_t *record)
{
    static const char *const plain[] = {"firstName", "lastName", "extensionNumber",
                                        "email",     "jobTitle", "department"};
    const char *part = search->text;
    apr_size_t i;

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (list_has(search, "searchFields", plain[i]) &&
            contains(base_json_string(record, plain[i]), part)) {
            return 1;
        }
    }
    return (list_has(search, "searchFields", "phoneNumber") &&
            elements_contain(json_object_get(record, "phoneNumbers"), "phoneNumber",
                             part)) ||
           (list_has(search, "searchFields", "customFieldValue") &&
            elements_contain(json_object_get(record, "customFields"), "value", part));
}

static int see(void *ctx, const sbox_extension_t *e)
{
    search_t *search = ctx;
    const char *site = e->text[SBOX_T_SITE], *type = sbox_entries_type(e);
    json_t *record;
    item_t *item;

    if (!sbox_entries_listed(search->call, e) ||
        !member_is(search, "extensionType", type) ||
        !list_has(search, "extensionTypes", type) ||
        !list_has(search, "extensionStatuses", sbox_status_name(e->status)) ||
        !member_is(search, "siteId", site) || !list_has(search, "siteIds", site) ||
        !member_is(search, "department", e->text[SBOX_T_DEPARTMENT])) {
        return 1;
    }
    record = sbox_entries_view(search->call, e);
    if (!list_has(search, "extensionIds", base_json_string(record, "id")) ||
        (search->text && !has_text(search, record))) {
        json_decref(record);
        return 1;
    }
    item = apr_array_push(search->found);
    item->search = search;
    item->record = record;
    item->at = search->found->nelts;
    return 1;
}

/* --- the answer ---------------------------------------------------------------------
 */

static const char *sort_key(const json_t *record, const char *field)
{
    const char *text =
        strcmp(field, "phoneNumber")
            ? base_json_string(record, field)
            : base_json_string(
                  json_array_get(json_object_get(record, "phoneNumbers"), 0), field);

    return text ? text : "";
}

static int by_order(const void *a, const void *b)
{
    const item_t *one = a, *other = b;
    int i;

    for (i = 0; i < one->search->n_orders; i++) {
        const order_t *order = &one->search->orders[i];
        const int way = strcasecmp(sort_key(one->record, order->field),
                                   sort_key(other->record, order->field));

        if (way) {
            return order->descending ? -way : way;
        }
    }
    return one->at - other->at;
}

static void answer(search_t *search)
{
    const json_t *federated = json_object_get(search->body, "showFederated");
    apr_array_header_t *found = search->found;
    sbox_records_t records = {0};
    sbox_page_t page;
    int i;

    sbox_page_all(&page);
    page.page = (int)base_json_int(search->body, "page", 1);
    page.per_page = (int)base_json_int(search->body, "perPage", PER_PAGE_DEFAULT);
    qsort(found->elts, (size_t)found->nelts, sizeof(item_t), by_order);
    for (i = 0; i < found->nelts; i++) {
        json_t *record = APR_ARRAY_IDX(found, i, item_t).record;

        if (json_is_false(federated)) {
            json_object_del(record, "account");
        }
        if (sbox_page_take(&page)) {
            sbox_records_add(&records, record);
        }
        else {
            json_decref(record);
        }
    }
    sbox_page_answer_text(search->call, &page, &records, 0);
}

const sbox_problem_t *sbox_search_entries(sbox_call_t *call)
{
    search_t search = {.call = call, .body = call->body};
    const sbox_problem_t *problem = check_body(call);

    if (problem) {
        return problem;
    }
    search.text = base_json_string(call->body, "searchString");
    search.found = apr_array_make(call->pool, 64, sizeof(item_t));
    read_orders(&search);
    if (list_has(&search, "accountIds", call->account_id)) {
        sbox_people_each(call, sbox_knob_int(call->box->knobs, SBOX_K_DIRECTORY_LAG_MS),
                         see, &search);
    }
    answer(&search);
    return NULL;
}
