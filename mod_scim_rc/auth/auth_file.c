#include "auth_file.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "auth_scope.h"
#include "base_str.h"
#include "base_time.h"

#define LOOKED_AT                                                                      \
    (APR_FINFO_MTIME | APR_FINFO_CTIME | APR_FINFO_SIZE | APR_FINFO_IDENT |            \
     APR_FINFO_PROT | APR_FINFO_TYPE | APR_FINFO_OWNER)
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-"
#define HEX_DIGITS "0123456789abcdef"

int auth_name_valid(const char *name)
{
    apr_size_t len = strspn(name, NAME_CHARS);

    return len >= 1 && len <= AUTH_NAME_MAX && !name[len];
}

static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (apr_isspace(*text)) {
        text++;
    }
    while (end > text && apr_isspace(end[-1])) {
        *--end = '\0';
    }
    return text;
}

/* The field that *line begins with; *line is moved behind the ':' that ends it. */
static char *next_field(char **line)
{
    char *field = *line, *colon = strchr(field, ':');

    if (colon) {
        *colon = '\0';
        *line = colon + 1;
    }
    else {
        *line = field + strlen(field);
    }
    return trim(field);
}

static const char *parse_hash(char *hash)
{
    char *c;

    for (c = hash; *c; c++) {
        *c = (char)apr_tolower(*c);
    }
    return strspn(hash, HEX_DIGITS) == BASE_SHA256_HEX_LEN && !hash[BASE_SHA256_HEX_LEN]
               ? hash
               : NULL;
}

static int parse_expiry(const char *text, apr_time_t *expires)
{
    *expires = 0;
    if (!*text) {
        return 1;
    }
    if (!base_time_parse(text, expires)) {
        return 0;
    }
    if (*expires <= 0) {
        *expires = 1; /* 0 would be never */
    }
    return 1;
}

/* Takes a line to pieces. NULL, or what is wrong with it. */
static const char *parse_line(apr_pool_t *p, char *line, auth_entry_t *entry)
{
    char *name = next_field(&line), *hash = next_field(&line);
    char *scopes = next_field(&line), *expiry = trim(line);
    const char *problem;

    if (!*hash) {
        return "it is not of the form name:sha256:scopes:expiry";
    }
    if (!auth_name_valid(name)) {
        return "the name before the first ':' is not 1 to 64 of A-Z a-z 0-9 . _ @ -";
    }
    entry->identity.name = name;
    entry->hash = parse_hash(hash);
    if (!entry->hash) {
        return "what follows the name is not the SHA-256 of a token, 64 hex digits";
    }
    problem = auth_scope_parse_list(p, scopes, &entry->identity.scopes);
    if (!problem && !parse_expiry(expiry, &entry->identity.expires)) {
        problem = apr_psprintf(p,
                               "'%.64s' is no time; write it as 2027-01-31 or "
                               "2027-01-31T08:00:00Z",
                               expiry);
    }
    return problem;
}

/* Remembers a line's name and hash, which must be new. */
static const char *check_unique(apr_pool_t *p, apr_hash_t *seen,
                                const auth_entry_t *entry)
{
    const char *const keys[] = {apr_pstrcat(p, entry->identity.name, ":", NULL),
                                entry->hash};
    static const char *const what[] = {"name", "token"};
    apr_size_t i;

    for (i = 0; i < 2; i++) {
        const auth_entry_t *other = apr_hash_get(seen, keys[i], APR_HASH_KEY_STRING);

        if (other) {
            return apr_psprintf(p, "it has the %s of line %d once more", what[i],
                                other->line);
        }
        apr_hash_set(seen, keys[i], APR_HASH_KEY_STRING, entry);
    }
    return NULL;
}

static const char *parse(apr_pool_t *p, const char *path, auth_file_t *file)
{
    char *at = apr_pstrdup(p, file->text), *line;
    apr_hash_t *seen = apr_hash_make(p);
    int number = 0;

    file->entries = apr_array_make(p, 16, sizeof(auth_entry_t *));
    while (at) {
        const char *problem;
        auth_entry_t *entry;

        line = at;
        at = strchr(line, '\n');
        if (at) {
            *at++ = '\0';
        }
        number++;
        line = trim(line);
        if (!*line || *line == '#') {
            continue;
        }
        entry = apr_palloc(p, sizeof *entry);
        entry->line = number;
        problem = parse_line(p, line, entry);
        if (!problem) {
            problem = check_unique(p, seen, entry);
        }
        if (problem) {
            return apr_psprintf(p, "'%s', line %d: %s", path, number, problem);
        }
        APR_ARRAY_PUSH(file->entries, auth_entry_t *) = entry;
    }
    return NULL;
}

static apr_status_t read_all(apr_pool_t *p, apr_file_t *f, auth_file_t *file)
{
    apr_size_t size = (apr_size_t)file->info.size, got = 0;
    char *text = apr_palloc(p, size + 1);
    apr_status_t rv = size ? apr_file_read_full(f, text, size, &got) : APR_SUCCESS;

    text[got] = '\0';
    file->text = text;
    return rv == APR_EOF ? APR_SUCCESS : rv;
}

/* What is wrong with a file before its content is looked at, or NULL. */
static const char *check_info(apr_pool_t *p, const char *path, const apr_finfo_t *info)
{
    if (info->filetype != APR_REG) {
        return apr_psprintf(p, "'%s' is not a file", path);
    }
    if (info->protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE)) {
        return apr_psprintf(p,
                            "'%s' is open to everybody on this machine; take that "
                            "away: chmod o-rw '%s'",
                            path, path);
    }
    if (info->size > AUTH_FILE_MAX) {
        return apr_psprintf(p, "'%s' is larger than %d bytes", path, AUTH_FILE_MAX);
    }
    return NULL;
}

static const char *unreadable(apr_pool_t *p, const char *path, auth_file_t *file,
                              apr_status_t rv)
{
    char text[120];

    file->unreadable = rv;
    return apr_psprintf(
        p, "cannot read '%s': %s%s", path, apr_strerror(rv, text, sizeof text),
        APR_STATUS_IS_EACCES(rv) ? "; let the server's group read it: chgrp, chmod g+r"
                                 : "");
}

const char *auth_file_load(apr_pool_t *p, const char *path, auth_file_t *file)
{
    const char *problem;
    apr_file_t *f;
    apr_status_t rv;

    memset(file, 0, sizeof *file);
    /* Not to wait for ever for the writer of a pipe. */
    rv = apr_file_open(&f, path, APR_FOPEN_READ | APR_FOPEN_NONBLOCK, 0, p);
    if (rv != APR_SUCCESS) {
        return unreadable(p, path, file, rv);
    }
    rv = apr_file_info_get(&file->info, LOOKED_AT, f);
    problem = rv == APR_SUCCESS ? check_info(p, path, &file->info) : NULL;
    if (rv == APR_SUCCESS && !problem) {
        rv = read_all(p, f, file);
    }
    apr_file_close(f);
    if (rv != APR_SUCCESS) {
        return unreadable(p, path, file, rv);
    }
    if (!problem && strlen(file->text) != (apr_size_t)file->info.size) {
        problem = apr_psprintf(p, "'%s' is no text or changed while it was read", path);
    }
    return problem ? problem : parse(p, path, file);
}
