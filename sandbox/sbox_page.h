/* Pages of lists: page, perPage, paging and navigation. */
#ifndef SBOX_PAGE_H
#define SBOX_PAGE_H

#include "sbox.h"

#define SBOX_PER_PAGE_MAX 1000

typedef struct sbox_page_t {
    int page, per_page;
    int total; /* how many matched, counted with sbox_page_take() */
} sbox_page_t;

/* Reads page and perPage from the query. CMN-101 when they are wrong. */
const sbox_problem_t *sbox_page_read(sbox_call_t *call, sbox_page_t *page);
/* Everything on one page. */
void sbox_page_all(sbox_page_t *page);
/* Counts one match: does it belong on the page? */
int sbox_page_take(sbox_page_t *page);

#define SBOX_PAGE_URI 1        /* with "uri" */
#define SBOX_PAGE_NAVIGATION 2 /* with "navigation" */
#define SBOX_PAGE_V1 3

/* {uri, records, paging, navigation}; takes the reference to `records`. */
/* The records of a page as text. One after the other is written and let go, which is
 * much quicker than a page of a thousand as JSON. */
typedef struct sbox_records_t {
    char *text; /* of malloc(): the records with commas between them */
    size_t len, size;
    int n;
} sbox_records_t;

/* Takes the reference to `record`. */
void sbox_records_add(sbox_records_t *records, json_t *record);
/* sbox_page_answer() with such records; lets them go. */
void sbox_page_answer_text(sbox_call_t *call, const sbox_page_t *page,
                           sbox_records_t *records, int with);

json_t *sbox_page_json(sbox_call_t *call, const sbox_page_t *page, json_t *records,
                       int with);
/* The same as the 200 of the call. */
void sbox_page_answer(sbox_call_t *call, const sbox_page_t *page, json_t *records,
                      int with);

/* An absolute URI of the v1 API: "account/~/..." behind /restapi/v1.0/, in the pool
 * of the call. */
const char *sbox_uri(sbox_call_t *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
