/* The control interface of events and webhooks, below /_sandbox/events. */
#ifndef SBOX_EVENT_CONTROL_H
#define SBOX_EVENT_CONTROL_H

#include "sbox.h"

/* Each fills call->answer and returns NULL, or says what is wrong with the request. */
const char *sbox_event_control_show(sbox_call_t *call);
const char *sbox_event_control_clear(sbox_call_t *call);
/* Delivers all that waits; gives the lock back meanwhile. */
const char *sbox_event_control_flush(sbox_call_t *call);
/* Raises the event of a change that nobody made. */
const char *sbox_event_control_raise(sbox_call_t *call);

#endif
