#include "scim_path.h"

#include <apr_strings.h>

#include "scim_parse.h"

static const scim_error_t *parse_filter(scim_parse_t *parse, int flags,
                                        scim_path_t *path)
{
    if (flags & SCIM_PATH_NO_FILTER) {
        return scim_parse_error(parse, parse->start, "no filter is allowed here");
    }
    if (path->sub || !(path->attr->flags & SCIM_MULTI)) {
        return scim_parse_error(parse, parse->start,
                                "a filter must follow a multi-valued attribute, "
                                "which %s is not",
                                path->sub ? path->sub->name : path->attr->name);
    }
    return scim_parse_brackets(parse, path);
}

static const scim_error_t *parse_path(scim_parse_t *parse, const scim_type_t *type,
                                      int flags, scim_path_t *path)
{
    const scim_error_t *error;

    if (parse->kind != SCIM_TOKEN_WORD) {
        return scim_parse_unexpected(parse, "an attribute");
    }
    error = scim_parse_name(parse, type, path);
    if (error) {
        return error;
    }
    if (!path->attr && path->schema == type->core && !(flags & SCIM_PATH_WHOLE)) {
        return scim_parse_error(parse, parse->text,
                                "this is a whole resource; name an attribute of it");
    }
    if (path->attr && parse->kind == '[') {
        error = parse_filter(parse, flags, path);
    }
    if (!error && parse->kind != SCIM_TOKEN_END) {
        error = scim_parse_unexpected(parse, "the end of the path");
    }
    return error;
}

const scim_error_t *scim_path_parse(apr_pool_t *p, const scim_type_t *type,
                                    const char *text, unsigned tolerance, int flags,
                                    scim_path_t *path)
{
    scim_parse_t parse = {
        .p = p, .what = "path", .type = SCIM_INVALID_PATH, .tolerance = tolerance};
    const scim_error_t *error = scim_parse_start(&parse, text);

    return error ? error : parse_path(&parse, type, flags, path);
}

const char *scim_path_text(apr_pool_t *p, const scim_type_t *type,
                           const scim_path_t *path)
{
    const char *text = path->attr ? path->attr->name : NULL;

    if (path->sub) {
        text = apr_pstrcat(p, text, ".", path->sub->name, NULL);
    }
    if (path->schema == type->core) {
        return text;
    }
    return text ? apr_pstrcat(p, path->schema->urn, ":", text, NULL)
                : path->schema->urn;
}
