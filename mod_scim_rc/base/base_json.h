/* jansson on APR pools: every json_t has an owner and every document a limit. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <apr_pools.h>
#include <jansson.h>

/* Lets `p` release `json` when it is cleared. Returns `json`; NULL stays NULL. */
json_t *base_json_own(apr_pool_t *p, json_t *json);

#define BASE_JSON_UNIQUE 1 /* an object that names a member twice is an error */

/* Parses `len` bytes of UTF-8 that nest at most `max_depth` deep. Returns a document
 * owned by `p`, or NULL and in *problem (unless NULL) what is wrong and where, in
 * `p`. Any JSON value will do. */
json_t *base_json_parse(apr_pool_t *p, const char *data, apr_size_t len, int max_depth,
                        int flags, const char **problem);

/* Compact JSON text in `p`, NUL-terminated; its length in *len unless `len` is NULL. */
const char *base_json_text(apr_pool_t *p, const json_t *json, apr_size_t *len);

/* A new reference to a copy that shares no object and no array with `json`, but those
 * values that nobody changes once they are made; NULL stays NULL. */
json_t *base_json_copy(const json_t *json);

/* The member that a dotted path names, e.g. "contact.businessAddress.zip". Borrowed
 * from `json`; NULL when there is none or a step is no object. */
json_t *base_json_at(const json_t *json, const char *path);

/* The string, or number as int64, or truth at a dotted path; NULL, `otherwise` or 0
 * when there is none of that type. */
const char *base_json_string(const json_t *json, const char *path);
json_int_t base_json_int(const json_t *json, const char *path, json_int_t otherwise);
int base_json_true(const json_t *json, const char *path);

/* Sets what a dotted path names and makes the objects on the way. Takes the reference
 * to `value`. 0, or -1 when `json` is no object. */
int base_json_set_at(json_t *json, const char *path, json_t *value);

/* An object's member with `name` in any letter case (RFC 7643 section 2.1); an exact
 * match comes first. Borrowed; NULL when there is none. */
json_t *base_json_member(const json_t *object, const char *name);

/* `text` with the escapes that the inside of a JSON string needs, in `p`. */
const char *base_json_escape(apr_pool_t *p, const char *text);

#endif
