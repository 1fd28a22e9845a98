/* The text fields of an extension: where they are in JSON and what is allowed. */
#ifndef SBOX_FIELD_H
#define SBOX_FIELD_H

#include "sbox_extension.h"

#define SBOX_F_REQUIRED 1    /* never empty */
#define SBOX_F_LIST 2        /* in lists and single reads */
#define SBOX_F_READ 4        /* in single reads only */
#define SBOX_F_CREATE_ONLY 8 /* later ignored */

typedef struct sbox_field_t {
    sbox_text_t slot;
    const char *path;
    int max; /* code points */
    int flags;
    const char *choices; /* "a|b", NULL: any text */
} sbox_field_t;

/* All of them and how many. Static. */
const sbox_field_t *sbox_field_all(int *n);
/* The dotted path of a field. */
const char *sbox_field_path(sbox_text_t slot);

#endif
