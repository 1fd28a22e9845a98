/* Entity tags of conditional requests (RFC 7644 section 3.14, RFC 9110 section 13). */
#ifndef SCIM_ETAG_H
#define SCIM_ETAG_H

/* Does `list`, the value of If-Match or If-None-Match, name `version`, or any version
 * by "*"? NULL names nothing, and nothing names a version that is NULL but "*".
 *
 * The comparison is weak for both headers, W/"x" is "x". RFC 9110 wants the strong one
 * for If-Match, which no weak tag could ever pass, and RFC 7644 sends weak ones in
 * If-Match: ours are weak because one resource has many forms (attributes=, the base
 * URL of the client), and they are exact all the same, another tag for every change of
 * a value.
 *
 * A tag that lost its quotes on the way is compared by its text. What is no tag at all
 * names nothing: a write is then refused and a read answered in full, so that nothing
 * is overwritten because of a header that could not be understood. */
int scim_etag_listed(const char *list, const char *version);

/* `list`, or NULL when it is NULL or blank: then there is no condition. */
const char *scim_etag_condition(const char *list);

#endif
