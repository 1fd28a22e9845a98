/* The phone numbers of the account. */
#ifndef SBOX_NUMBER_H
#define SBOX_NUMBER_H

#include <apr.h>

struct sbox_account_t;

typedef struct sbox_number_t {
    apr_int64_t id;
    char phone[20];        /* E.164 */
    const char *usage;     /* static: "DirectNumber", ... */
    apr_int64_t extension; /* 0: nobody's */
    apr_int64_t device;    /* 0: no line */
    struct sbox_number_t *next, *previous;
    struct sbox_number_t *same_extension;
} sbox_number_t;

/* The static name of a usage type, NULL when there is none such. */
const char *sbox_usage_find(const char *name);

/* A new number, the next free one. `usage` is static. */
sbox_number_t *sbox_number_add(struct sbox_account_t *account, const char *usage,
                               apr_int64_t extension, int with_device);
sbox_number_t *sbox_number_find(const struct sbox_account_t *account, apr_int64_t id);
/* Gives it to an extension; 0 takes it away. */
void sbox_number_assign(struct sbox_account_t *account, sbox_number_t *number,
                        apr_int64_t extension);
void sbox_number_remove(struct sbox_account_t *account, sbox_number_t *number);

#endif
