/* The operations on extensions (§5). */
#ifndef SBOX_PEOPLE_H
#define SBOX_PEOPLE_H

#include "sbox.h"

sbox_handler_t sbox_people_list;
sbox_handler_t sbox_people_read;
sbox_handler_t sbox_people_create;
sbox_handler_t sbox_people_update;
sbox_handler_t sbox_people_delete;
sbox_handler_t sbox_people_welcome;

/* The extension that the path names. NULL: there is none, and in *problem why. */
sbox_extension_t *sbox_people_named(sbox_call_t *call, const sbox_problem_t **problem);

/* What the extensions looked like `lag_ms` ago: calls `see` for each in the order of
 * the "order" knob until that returns 0. */
void sbox_people_each(sbox_call_t *call, int lag_ms,
                      int (*see)(void *ctx, const sbox_extension_t *e), void *ctx);

/* What the extension of this id looked like `lag_ms` ago. NULL: there was none. */
const sbox_extension_t *sbox_people_then(sbox_call_t *call, apr_int64_t id, int lag_ms);

/* What a client wants an extension to be. */
typedef struct sbox_wish_t {
    sbox_t *box;
    apr_pool_t *pool; /* of problems */
    const json_t *body;
} sbox_wish_t;

/* Applies a wish to `to`: a new one (`was` is NULL), or a copy of `was`. */
const sbox_problem_t *sbox_people_edit(const sbox_wish_t *wish,
                                       const sbox_extension_t *was,
                                       sbox_extension_t *to);
/* Changes one that is there, as PUT does. */
const sbox_problem_t *sbox_people_change(const sbox_wish_t *wish, sbox_extension_t *e,
                                         const sbox_change_t *change);
/* A new user with what everybody has (rule 60). The caller's until it is added. */
sbox_extension_t *sbox_people_prepared(const sbox_t *box);
/* Takes `e` over with a number and a role, unless there is a problem, in `p`. */
const sbox_problem_t *sbox_people_add(sbox_t *box, apr_pool_t *p, sbox_extension_t *e);
/* Ends one whose numbers are gone. */
void sbox_people_remove(sbox_t *box, sbox_extension_t *e);

/* Puts a mail into the mailbox. */
void sbox_people_mail(sbox_t *box, const char *kind, const sbox_extension_t *e);

#endif
