/* The operations of RingCentral's REST API, as its OpenAPI document lists them. */
#ifndef SBOX_OPERATION_H
#define SBOX_OPERATION_H

typedef enum {
    SBOX_GROUP_NO, /* not limited */
    SBOX_GROUP_LIGHT,
    SBOX_GROUP_MEDIUM,
    SBOX_GROUP_HEAVY,
    SBOX_GROUP_AUTH,
    SBOX_GROUPS
} sbox_group_t;

typedef struct sbox_operation_t {
    const char *method;
    const char *path; /* with {parameters} */
    const char *id;
    sbox_group_t group;
    const char *app_permission;  /* or NULL */
    const char *user_permission; /* or NULL */
} sbox_operation_t;

/* All of them and how many; a fixed path comes before one with a parameter in the
 * same place. Static. */
const sbox_operation_t *sbox_operation_all(int *n);

/* "light", "medium", "heavy", "auth"; "none" for SBOX_GROUP_NO. */
const char *sbox_group_name(sbox_group_t group);

#endif
