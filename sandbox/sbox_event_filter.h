/* The event filters of a subscription: which events it wants. */
#ifndef SBOX_EVENT_FILTER_H
#define SBOX_EVENT_FILTER_H

#include "sbox.h"

typedef enum {
    SBOX_FILTER_EXTENSIONS, /* .../extension: any of them */
    SBOX_FILTER_EXTENSION,  /* .../extension/{id}: this one */
    SBOX_FILTER_DIRECTORY,  /* .../directory/entries */
    SBOX_FILTER_REMINDER,   /* .../subscription/~?threshold=&interval= */
    SBOX_FILTER_SILENT      /* RingCentral knows it, the sandbox raises no such event */
} sbox_filter_kind_t;

typedef struct sbox_event_filter_t {
    sbox_filter_kind_t kind;
    const char *text; /* with the ids in the place of "~" */
    apr_int64_t extension;
    apr_interval_time_t threshold, interval; /* of a reminder */
    apr_time_t reminded;                     /* 0: not yet, since the last renewal */
} sbox_event_filter_t;

/* Reads an array of strings. An array of sbox_event_filter_t in `p`; NULL and *problem
 * when it is not right. */
apr_array_header_t *sbox_event_filters(sbox_call_t *call, apr_pool_t *p,
                                       const json_t *list,
                                       const sbox_problem_t **problem);

#endif
