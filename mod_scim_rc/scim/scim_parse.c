#include "scim_parse.h"

#include <stdarg.h>
#include <string.h>
#include <apr_cstr.h>
#include <apr_strings.h>

#include "base_str.h"

#define QUOTE_MAX 60

const scim_error_t *scim_parse_start(scim_parse_t *parse, const char *text)
{
    apr_size_t len = strlen(text);
    json_t *probe;

    parse->text = parse->start = text;
    parse->len = 0;
    if (len > SCIM_FILTER_MAX_BYTES) {
        return scim_error(parse->p, 400, parse->type,
                          "the %s has %" APR_SIZE_T_FMT " bytes, %d are allowed",
                          parse->what, len, SCIM_FILTER_MAX_BYTES);
    }
    probe = json_stringn(text, len);
    if (!probe) {
        return scim_error(parse->p, 400, parse->type, "the %s is not UTF-8",
                          parse->what);
    }
    json_decref(probe);
    scim_parse_next(parse);
    return NULL;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Also true for the end of the text. */
static int ends_word(char c)
{
    return is_blank(c) || strchr("()[]\"", c) != NULL;
}

/* Behind the string's closing quote, or the end of the text when there is none. */
static const char *skip_string(const char *c)
{
    for (c++; *c && *c != '"'; c++) {
        if (*c == '\\' && c[1]) {
            c++;
        }
    }
    return *c ? c + 1 : c;
}

void scim_parse_next(scim_parse_t *parse)
{
    const char *c = parse->start + parse->len;

    while (is_blank(*c)) {
        c++;
    }
    parse->start = c;
    parse->kind = *c;
    if (*c == '"') {
        c = skip_string(c);
    }
    else if (!ends_word(*c)) {
        parse->kind = SCIM_TOKEN_WORD;
        while (!ends_word(*c)) {
            c++;
        }
    }
    else if (*c) {
        c++;
    }
    parse->len = c - parse->start;
}

static int characters(const char *from, const char *to)
{
    int n = 0;

    for (; from < to; from++) {
        n += (*from & 0xc0) != 0x80;
    }
    return n;
}

scim_error_t *scim_parse_error(const scim_parse_t *parse, const char *at,
                               const char *fmt, ...)
{
    const char *detail;
    va_list ap;

    va_start(ap, fmt);
    detail = apr_pvsprintf(parse->p, fmt, ap);
    va_end(ap);
    return scim_error(parse->p, 400, parse->type, "position %d of the %s: %s",
                      characters(parse->text, at) + 1, parse->what, detail);
}

scim_error_t *scim_parse_unexpected(const scim_parse_t *parse, const char *wanted)
{
    if (parse->kind == SCIM_TOKEN_END) {
        return scim_parse_error(parse, parse->start, "it ends where %s should be",
                                wanted);
    }
    return scim_parse_error(parse, parse->start, "%s stands where %s should be",
                            scim_parse_quote(parse, scim_parse_word(parse)), wanted);
}

const char *scim_parse_quote(const scim_parse_t *parse, const char *text)
{
    apr_size_t len = strlen(text), cut = QUOTE_MAX;

    if (len <= QUOTE_MAX) {
        return apr_pstrcat(parse->p, "'", text, "'", NULL);
    }
    while ((text[cut] & 0xc0) == 0x80) {
        cut--;
    }
    return apr_pstrcat(parse->p, "'", apr_pstrndup(parse->p, text, cut), "...'", NULL);
}

char *scim_parse_word(const scim_parse_t *parse)
{
    return apr_pstrndup(parse->p, parse->start, parse->len);
}

int scim_parse_is(const scim_parse_t *parse, const char *word)
{
    return parse->kind == SCIM_TOKEN_WORD && parse->len == strlen(word) &&
           !apr_cstr_casecmpn(parse->start, word, parse->len);
}

static int begins_with_urn(const char *word, const scim_schema_t *schema)
{
    apr_size_t len = strlen(schema->urn);

    return !apr_cstr_casecmpn(word, schema->urn, len) &&
           (word[len] == '\0' || word[len] == ':');
}

/* The schema with the longest URN that `word` begins with. */
static const scim_schema_t *schema_of(const scim_type_t *type, const char *word)
{
    const scim_schema_t *found = begins_with_urn(word, type->core) ? type->core : NULL;
    const scim_schema_t *const *each;

    for (each = type->extensions; *each; each++) {
        if (begins_with_urn(word, *each) &&
            (!found || strlen((*each)->urn) > strlen(found->urn))) {
            found = *each;
        }
    }
    return found;
}

static scim_error_t *unknown_urn(const scim_parse_t *parse, const scim_type_t *type,
                                 const char *word)
{
    const char *urns = type->core->urn;
    const scim_schema_t *const *each;

    for (each = type->extensions; *each; each++) {
        urns = apr_pstrcat(parse->p, urns, ", ", (*each)->urn, NULL);
    }
    return scim_parse_error(parse, parse->start,
                            "%s begins with no schema of %s; there are %s",
                            scim_parse_quote(parse, word), type->name, urns);
}

static scim_error_t *unknown_attr(const scim_parse_t *parse, const scim_type_t *type,
                                  const char *name, const char *at)
{
    const scim_schema_t *const *each;

    for (each = type->extensions; *each; each++) {
        if (scim_schema_attr(*each, name)) {
            return scim_parse_error(parse, at, "write '%s:%s' for this attribute",
                                    (*each)->urn, name);
        }
    }
    return scim_parse_error(parse, at, "%s has no attribute %s", type->name,
                            scim_parse_quote(parse, name));
}

const scim_error_t *scim_parse_sub(const scim_parse_t *parse, const scim_attr_t *attr,
                                   const char *name, const char *at,
                                   const scim_attr_t **sub)
{
    const char *known = "";
    const scim_attr_t *each;

    *sub = scim_attr_sub(attr, name);
    if (*sub) {
        return NULL;
    }
    for (each = attr->sub; each && each->name; each++) {
        if (!(each->flags & SCIM_IGNORED)) {
            known = apr_pstrcat(parse->p, known, *known ? ", " : "; there are ",
                                each->name, NULL);
        }
    }
    return scim_parse_error(parse, at, "%s has no sub-attribute %s%s", attr->name,
                            scim_parse_quote(parse, name), known);
}

const scim_error_t *scim_parse_name(scim_parse_t *parse, const scim_type_t *type,
                                    scim_path_t *path)
{
    char *word = scim_parse_word(parse), *name = word, *dot;
    const scim_error_t *error = NULL;

    memset(path, 0, sizeof *path);
    path->schema = type->core;
    if (strchr(word, ':')) {
        path->schema = schema_of(type, word);
        if (!path->schema) {
            return unknown_urn(parse, type, word);
        }
        name += strlen(path->schema->urn);
        if (!*name++) {
            scim_parse_next(parse);
            return NULL;
        }
    }
    dot = strchr(name, '.');
    if (dot) {
        *dot++ = '\0';
    }
    path->attr = scim_schema_attr(path->schema, name);
    if (!path->attr) {
        return unknown_attr(parse, type, name, parse->start + (name - word));
    }
    if (dot) {
        error = scim_parse_sub(parse, path->attr, dot, parse->start + (dot - word),
                               &path->sub);
    }
    scim_parse_next(parse);
    return error;
}
