/* One extension: a user, a queue, an announcement, a menu, or an unassigned one. */
#ifndef SBOX_EXTENSION_H
#define SBOX_EXTENSION_H

#include <apr.h>
#include <apr_time.h>
#include <jansson.h>

typedef enum {
    SBOX_ENABLED,
    SBOX_DISABLED,
    SBOX_FROZEN,
    SBOX_NOT_ACTIVATED,
    SBOX_UNASSIGNED,
    SBOX_STATUSES
} sbox_status_t;

typedef enum {
    SBOX_T_FIRST_NAME,
    SBOX_T_LAST_NAME,
    SBOX_T_COMPANY,
    SBOX_T_JOB_TITLE,
    SBOX_T_EMAIL,
    SBOX_T_BUSINESS_PHONE,
    SBOX_T_MOBILE_PHONE,
    SBOX_T_COUNTRY, /* English name */
    SBOX_T_STATE,   /* ISO code where the country has such a state */
    SBOX_T_CITY,
    SBOX_T_STREET,
    SBOX_T_ZIP,
    SBOX_T_DEPARTMENT,
    SBOX_T_PRONOUNCED_TYPE,
    SBOX_T_PRONOUNCED_TEXT,
    SBOX_T_PARTNER_ID,
    SBOX_T_SUB_TYPE,
    SBOX_T_SETUP_WIZARD,
    SBOX_T_HOME_COUNTRY, /* ids of the dictionaries */
    SBOX_T_TIMEZONE,
    SBOX_T_LANGUAGE,
    SBOX_T_GREETING,
    SBOX_T_LOCALE,
    SBOX_T_TIME_FORMAT,
    SBOX_T_COMMENT,
    SBOX_T_REASON,
    SBOX_T_PASSWORD,
    SBOX_T_PIN,
    SBOX_T_SITE,
    SBOX_T_COST_CENTER,
    SBOX_T_NAME, /* of what is no user */
    SBOX_TEXTS
} sbox_text_t;

typedef struct sbox_extension_t {
    apr_int64_t id;
    apr_uint64_t rank; /* the account counts those that are added */
    apr_time_t created;
    const char *type; /* static */
    sbox_status_t status;
    int hidden, email_as_login, admin;
    int spare;       /* is its id in the account's heap of spare ones? */
    char *number;    /* or NULL */
    char *email_key; /* folded e-mail: the key of the index */
    char *text[SBOX_TEXTS];
    json_t *references;    /* array or NULL */
    json_t *custom_fields; /* array of {id, value} or NULL */
    json_t *roles;         /* array of role ids */
    json_t *queues;        /* of a user: array of queue ids, or NULL */
    json_t *members;       /* of a queue: object keyed by extension id, or NULL */
    struct sbox_number_t *numbers;            /* its own; kept by sbox_number */
    struct sbox_extension_t *same_email;      /* next one with this e-mail */
    struct sbox_extension_t *next, *previous; /* in order of creation */
} sbox_extension_t;

/* On the heap: malloc'd, to be freed with sbox_extension_free(). `text` of a slot is
 * copied; NULL clears it. */
sbox_extension_t *sbox_extension_new(apr_int64_t id, const char *type);
sbox_extension_t *sbox_extension_copy(const sbox_extension_t *e);
void sbox_extension_free(sbox_extension_t *e);
void sbox_extension_set(sbox_extension_t *e, sbox_text_t slot, const char *text);

const char *sbox_status_name(sbox_status_t status);
/* SBOX_STATUSES when there is none of that name. */
sbox_status_t sbox_status_find(const char *name);
/* The static name of a type, NULL when there is none such. */
const char *sbox_type_find(const char *name);
int sbox_type_is_user(const char *type);

#endif
