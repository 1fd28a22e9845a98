/* What a client wants an extension to be, judged and carried out (rules 59 to 82). */
#ifndef SBOX_EDIT_H
#define SBOX_EDIT_H

#include "sbox.h"

typedef struct sbox_edit_t {
    apr_pool_t *pool;
    const sbox_knobs_t *knobs;
    sbox_account_t *account;
    const json_t *body;
    int creating;
    const sbox_extension_t *was; /* NULL when creating */
    sbox_extension_t *to;        /* a copy that is changed */
} sbox_edit_t;

/* Applies the body to edit->to. NULL, or what is wrong with it; then edit->to is of no
 * more use. */
const sbox_problem_t *sbox_edit_apply(sbox_edit_t *edit);

/* Parts of it, each in a file of its own. */
const sbox_problem_t *sbox_edit_texts(sbox_edit_t *edit);
const sbox_problem_t *sbox_edit_address(sbox_edit_t *edit);
const sbox_problem_t *sbox_edit_regional(sbox_edit_t *edit);
const sbox_problem_t *sbox_edit_lists(sbox_edit_t *edit);

#endif
