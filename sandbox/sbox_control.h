/* The control interface under /_sandbox/ (rule 3). */
#ifndef SBOX_CONTROL_H
#define SBOX_CONTROL_H

#include "sbox.h"

#define SBOX_CONTROL_PREFIX "/_sandbox"

/* Answers a request to the control interface. */
void sbox_control(sbox_call_t *call);

#endif
