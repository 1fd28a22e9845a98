/* A bulk request on its way (RFC 7644 section 3.7): read, linked, carried out in waves,
 * answered. Shared by the scim_bulk*.c files.
 *
 * A wave is handed to the backends whole and is as large as the operations allow. One
 * waits for another (a "need") when
 * - its data or its path refers to the other by bulkId,
 * - both are of one resource, and the other stands before it,
 * - both claim one unique name (userName), and the other stands before it,
 * - it makes a resource or claims a name, and the other is a DELETE before it: a name
 *   may become free.
 * A name that a PATCH claims is not looked for: if it is taken, the operation comes
 * once more after the wave in which one before it may have given it up.
 *
 * Everything lives in the request's pool but for what one wave needs. All costs are
 * proportional to the operations and to the size of the body. */
#ifndef SCIM_BULK_H
#define SCIM_BULK_H

#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "scim_call.h"
#include "scim_edit.h"

typedef struct scim_bulk_op_t scim_bulk_op_t;

/* What must have happened to the other operation. */
typedef enum {
    SCIM_NEED_ID,   /* its resource is made and the id known, or it has failed */
    SCIM_NEED_END,  /* nothing of it is left to do */
    SCIM_NEED_ORDER /* the same, but given up when operations wait in a circle */
} scim_need_kind_t;

typedef struct scim_need_t {
    scim_need_kind_t kind;
    int met;
    scim_bulk_op_t *of, *on;
    struct scim_need_t *next;          /* of the same `of` */
    struct scim_need_t *next_follower; /* of the same `on` */
} scim_need_t;

typedef enum {
    SCIM_BULK_WAITS,
    SCIM_BULK_MADE, /* the resource of a POST is there but for the attributes `later` */
    SCIM_BULK_DONE
} scim_bulk_state_t;

struct scim_bulk_op_t {
    int order; /* in the request */
    int pause; /* no operation but the end of all DELETEs before `order` */

    /* What was asked; NULL where the request has nothing (usable). */
    const char *method, *path, *bulk_id, *version;
    const json_t *data;
    scim_act_t act;
    const scim_binding_t *binding;
    scim_bulk_op_t *subject;  /* the POST that makes the resource of `path`, or NULL */
    apr_array_header_t *refs; /* of scim_bulk_op_t *: the POSTs that `data` refers to */
    const scim_error_t *wrong; /* why it cannot be carried out, or NULL */

    scim_need_t *needs, *followers;
    int waits;    /* needs that are not met */
    int deferred; /* made without the references that are not resolved yet; how many of
                   * them there are is `open` */
    int open;
    int repeated;
    json_t *later; /* the attributes with these references, as the client sent them */
    int stamp;     /* marks of walks */

    scim_bulk_state_t state;
    const char *id;     /* of the resource, NULL as long as it is not known */
    const char *etag;   /* its version afterwards, or NULL */
    int status;         /* 0: not carried out */
    const char *failed; /* the body of the error, or NULL */
};

typedef struct scim_bulk_t {
    scim_call_t *call;
    apr_pool_t *p;
    scim_bulk_op_t *ops;
    int n;
    int max_errors; /* failOnErrors, 0: any number */
    int errors;
    int stamp;                 /* the last mark of a walk */
    const char *first_error;   /* its detail, or NULL */
    apr_hash_t *posts;         /* bulkId -> scim_bulk_op_t * */
    apr_array_header_t *ready; /* of scim_bulk_op_t *: a heap, lowest order first */
} scim_bulk_t;

/* Reads one element of Operations; what is wrong with it goes into op->wrong. */
void scim_bulk_read(scim_bulk_t *bulk, scim_bulk_op_t *op, const json_t *element);

/* After all were read: finds the POSTs behind the bulkIds that `op` names. */
void scim_bulk_refer(scim_bulk_t *bulk, scim_bulk_op_t *op);

/* Is the resource of its path named by a bulkId, and the POST with that is not known,
 * or has made none? */
int scim_bulk_is_unresolved(const scim_bulk_op_t *op);

/* op->data with ids in place of the bulkIds, as far as they are known, owned by `p`.
 * What refers to others is left out, and op->later then holds the attributes that it
 * was left out of; else op->later is NULL. */
const json_t *scim_bulk_resolve(scim_bulk_t *bulk, apr_pool_t *p, scim_bulk_op_t *op);

/* The same for op->later, when all ids are known. */
const json_t *scim_bulk_resolve_later(scim_bulk_t *bulk, apr_pool_t *p,
                                      const scim_bulk_op_t *op);

/* Sets up the needs of all operations. */
void scim_bulk_plan(scim_bulk_t *bulk);

/* The next operation that needs to wait for nothing, NULL: none, for now. */
scim_bulk_op_t *scim_bulk_next(scim_bulk_t *bulk);

/* Gives an operation back, to come again. */
void scim_bulk_put(scim_bulk_t *bulk, scim_bulk_op_t *op);

/* The id of `op` is known, or will never be; nothing of it is left to do. */
void scim_bulk_known(scim_bulk_t *bulk, scim_bulk_op_t *op);
void scim_bulk_done(scim_bulk_t *bulk, scim_bulk_op_t *op);

/* When none is ready: opens each circle in which some wait. Their number; one that
 * waits in several may have to be helped again. */
int scim_bulk_open_circles(scim_bulk_t *bulk);

/* Carries out the operations, all or until there are too many errors. */
void scim_bulk_run(scim_bulk_t *bulk);

#endif
