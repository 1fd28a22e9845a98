/* Where a directive stands, as far as the text of the configuration tells. */
#ifndef MSR_CHECK_PLACE_H
#define MSR_CHECK_PLACE_H

#include <httpd.h>
#include <http_config.h>

typedef struct msr_place_t {
    const ap_directive_t *section; /* the outermost but <VirtualHost>, or NULL */
    const ap_directive_t *host;    /* the <VirtualHost>, or NULL */
    const char *path; /* of the <Location>, "/" for a whole server; NULL: a pattern or a
                       * condition, which cannot be compared with paths */
    int of_files;     /* it is about what lies on the disk */
} msr_place_t;

void msr_place_find(apr_pool_t *p, const ap_directive_t *directive, msr_place_t *place);

/* " in <Location "/path">", for a message; "" outside of all sections. */
const char *msr_place_text(apr_pool_t *p, const msr_place_t *place);

/* Can a request be of both hosts? */
int msr_place_same_host(const ap_directive_t *host, const ap_directive_t *other);

/* Is `path` the path `base` or below it? `base` has no '/' at its end. */
int msr_place_is_below(const char *path, const char *base);

/* The first word behind a directive's name. */
const char *msr_place_word(apr_pool_t *p, const ap_directive_t *directive);

#endif
