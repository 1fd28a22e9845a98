/* SetHandler scim-rc: a request_rec becomes a SCIM request, the answer an answer. */
#ifndef MSR_HANDLER_H
#define MSR_HANDLER_H

#include <httpd.h>

/* Hook handler. */
int msr_handler(request_rec *r);

/* Hooks translate_name and map_to_storage: a location of ours has no files. */
int msr_handler_translate(request_rec *r);
int msr_handler_no_storage(request_rec *r);

#endif
