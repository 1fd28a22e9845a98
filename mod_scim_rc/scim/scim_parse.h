/* What the parsers of paths and of filters share: tokens, positions, names. Not for
 * use outside of scim_path.c, scim_sort.c, scim_filter_parse.c and scim_filter_value.c.
 */
#ifndef SCIM_PARSE_H
#define SCIM_PARSE_H

#include <apr_pools.h>
#include <jansson.h>

#include "scim_filter.h"
#include "scim_path.h"

/* Kinds of token: these, or one of ( ) [ ] itself. */
#define SCIM_TOKEN_END '\0'
#define SCIM_TOKEN_STRING '"'
#define SCIM_TOKEN_WORD 'w' /* up to a blank, a bracket or a quote */

typedef struct scim_parse_t {
    apr_pool_t *p;
    const char *text;
    const char *what;       /* "filter", say, for details */
    scim_error_type_t type; /* of an error found now */
    unsigned tolerance;
    int depth; /* of open brackets */
    /* The current token; `start` points into `text`. */
    char kind;
    const char *start;
    apr_size_t len;
} scim_parse_t;

/* Begins with the first token. An error when `text` is too long or no UTF-8. */
const scim_error_t *scim_parse_start(scim_parse_t *parse, const char *text);

/* Goes on to the next token; behind the last there is only SCIM_TOKEN_END. */
void scim_parse_next(scim_parse_t *parse);

/* 400 with the position of `at` in front of what the format says. */
scim_error_t *scim_parse_error(const scim_parse_t *parse, const char *at,
                               const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The current token where `wanted` should have been. */
scim_error_t *scim_parse_unexpected(const scim_parse_t *parse, const char *wanted);

/* "'text'" for a detail, cut when it is long; in the parse's pool. */
const char *scim_parse_quote(const scim_parse_t *parse, const char *text);

/* The current token as text. */
char *scim_parse_word(const scim_parse_t *parse);

/* Is the current token the word `word`, in any letter case? */
int scim_parse_is(const scim_parse_t *parse, const char *word);

/* Takes the current token, a word, as attr, attr.sub, either behind a schema's URN, or
 * such a URN alone. */
const scim_error_t *scim_parse_name(scim_parse_t *parse, const scim_type_t *type,
                                    scim_path_t *path);

/* `name`, which stands at `at` in the text, as a sub-attribute of `attr`. */
const scim_error_t *scim_parse_sub(const scim_parse_t *parse, const scim_attr_t *attr,
                                   const char *name, const char *at,
                                   const scim_attr_t **sub);

/* Takes "[" valFilter "]" behind path->attr, and ".sub" behind that if it is there,
 * into `path`. In scim_filter_parse.c. */
const scim_error_t *scim_parse_brackets(scim_parse_t *parse, scim_path_t *path);

/* Takes an operator, and its value unless it is pr, into `filter`, whose path is
 * complete. In scim_filter_value.c. */
const scim_error_t *scim_parse_op(scim_parse_t *parse, scim_filter_t *filter);

#endif
