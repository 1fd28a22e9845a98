/* Between httpd and the sandbox. */
#ifndef SBOX_HTTPD_H
#define SBOX_HTTPD_H

#include <httpd.h>

#include "sbox.h"

/* Reads a request, has the sandbox answer it, and sends the answer. What a handler
 * returns. */
int sbox_httpd_serve(sbox_t *box, request_rec *r);

#endif
