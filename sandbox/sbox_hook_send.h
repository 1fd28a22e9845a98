/* HTTP from the sandbox to the address of a webhook. */
#ifndef SBOX_HOOK_SEND_H
#define SBOX_HOOK_SEND_H

#include <apr_pools.h>
#include <apr_time.h>

typedef enum {
    SBOX_SENT,
    SBOX_SENT_UNREACHED,   /* no connection, no answer, or not in time */
    SBOX_SENT_UNTRUSTED,   /* TLS failed, as with a bad certificate */
    SBOX_SENT_ANSWER_LARGE /* more than `max_answer` came back */
} sbox_sent_kind_t;

typedef struct sbox_letter_t {
    const char *address;
    const char *header[2]; /* "Name: value" each, or NULL */
    const char *body;
    apr_size_t max_answer; /* bytes of headers and body */
    int verify_tls;
    const char *ca_file;           /* or NULL */
    volatile apr_uint32_t *ending; /* ends the exchange when not 0; or NULL */
} sbox_letter_t;

typedef struct sbox_sent_t {
    sbox_sent_kind_t kind;
    int status;                   /* of HTTP; 0: none */
    const char *validation_token; /* header of the answer, or NULL */
    const char *content_type;     /* or NULL */
    const char *problem;          /* when it was not SBOX_SENT */
} sbox_sent_t;

/* Before any thread: makes libcurl ready. Once for each sandbox. */
void sbox_hook_send_init(apr_pool_t *p);

typedef struct sbox_sender_t sbox_sender_t;

/* Keeps its connection from one letter to the next; for one thread at a time. */
sbox_sender_t *sbox_sender_create(apr_pool_t *p);

/* Posts the letter. The strings of *sent are in `p`. */
void sbox_sender_post(sbox_sender_t *sender, apr_pool_t *p, const sbox_letter_t *letter,
                      sbox_sent_t *sent);

#endif
