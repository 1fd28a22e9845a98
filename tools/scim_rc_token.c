/* scim-rc-token: makes and looks after the file of hashed bearer tokens. */
#include <stdio.h>
#include <string.h>
#include <apr_base64.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "auth_file.h"
#include "auth_scope.h"
#include "base_str.h"
#include "base_time.h"
#include "token_file.h"

#define SECRET_BYTES 32
#define TOKEN_PREFIX "scimrc_"
#define TOKEN_MAX 4096
#define OLD_SUFFIX ".old"

static const char usage[] =
    "Usage: scim-rc-token FILE add NAME [--scope SCOPES] [--expires WHEN]\n"
    "                               [--create] [--group GROUP]\n"
    "       scim-rc-token FILE rotate NAME [--expires WHEN] [--keep TIME]\n"
    "       scim-rc-token FILE remove NAME\n"
    "       scim-rc-token FILE list\n"
    "       scim-rc-token FILE verify < TOKEN\n"
    "       scim-rc-token --help | --version\n"
    "\n"
    "FILE holds the hashes of bearer tokens; ScimRCTokenFile names it to the server.\n"
    "\n"
    "  add        makes a token for NAME and prints it, once, to standard output\n"
    "  rotate     makes a new token for NAME, with the scopes of the old one\n"
    "  remove     takes the token of NAME out\n"
    "  list       shows names, scopes and expiry\n"
    "  verify     reads a token from standard input and says whose it is\n"
    "\n"
    "  --scope    read, write or read,write; write includes read; default: both\n"
    "  --expires  2027-01-31, 2027-01-31T08:00:00Z, 90d, 12h, or never (the default)\n"
    "  --create   makes the file when it is not there, mode 0640\n"
    "  --group    gives the new file to this group, the one that httpd runs as\n"
    "  --keep     lets the old token live on that long, e.g. 24h, as NAME.old\n"
    "\n"
    "The server sees a change within a second or two; no restart is needed.\n"
    "Exit status: 0 done; 1 no such token, or name taken; 2 usage; 3 file trouble.\n";

typedef enum {
    OPT_SCOPE,
    OPT_EXPIRES,
    OPT_CREATE,
    OPT_GROUP,
    OPT_KEEP,
    OPT_HELP,
    OPT_VERSION,
    OPTIONS
} option_t;

#define FIRST_OPTION 256 /* no option has a short form */
typedef struct job_t {
    apr_pool_t *p;
    const char *path, *name;
    const char *options[OPTIONS]; /* NULL: not given */
    apr_time_t now;
    auth_file_t file;
} job_t;

/* ---- times ---- */

static const struct {
    char letter;
    apr_int64_t seconds;
} units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};

/* "90d" */
static int parse_duration(apr_pool_t *p, const char *text, apr_interval_time_t *out)
{
    const apr_size_t len = strlen(text);
    apr_int64_t n;
    apr_size_t i;

    for (i = 0; len && i < sizeof units / sizeof *units; i++) {
        if (text[len - 1] == units[i].letter &&
            base_str_to_int(apr_pstrndup(p, text, len - 1), 1, 100000, &n)) {
            *out = apr_time_from_sec(n * units[i].seconds);
            return 1;
        }
    }
    return 0;
}

/* A time, a duration from now, or "never" (which NULL is, too). 0 and *expires, or an
 * exit status. */
static int parse_when(const job_t *job, const char *text, apr_time_t *expires)
{
    apr_interval_time_t after;

    *expires = 0;
    if (!text || base_str_same(text, "never")) {
        return 0;
    }
    if (parse_duration(job->p, text, &after)) {
        *expires = job->now + after;
    }
    else if (!base_time_parse(text, expires)) {
        return token_complain(EXIT_USAGE,
                              "--expires '%s' is no time; write 2027-01-31, "
                              "2027-01-31T08:00:00Z, 90d, 12h or never",
                              text);
    }
    if (*expires <= job->now) {
        return token_complain(EXIT_USAGE, "--expires '%s' is in the past", text);
    }
    return 0;
}

/* As the file has it: to the second, and nothing for never. */
static const char *format_time(apr_pool_t *p, apr_time_t t)
{
    const char *text = base_time_format(p, t);

    return t ? apr_pstrcat(p, apr_pstrndup(p, text, strlen(text) - 5), "Z", NULL) : "";
}

static const auth_entry_t *find(const job_t *job, const char *name)
{
    int i;

    for (i = 0; i < job->file.entries->nelts; i++) {
        const auth_entry_t *entry = APR_ARRAY_IDX(job->file.entries, i, auth_entry_t *);

        if (!strcmp(entry->identity.name, name)) {
            return entry;
        }
    }
    return NULL;
}

static int find_or_complain(const job_t *job, const auth_entry_t **entry)
{
    *entry = find(job, job->name);
    return *entry ? 0
                  : token_complain(EXIT_NO, "there is no token named '%s' in '%s'",
                                   job->name, job->path);
}

static const char *line_of(apr_pool_t *p, const char *name, const char *hash,
                           unsigned scopes, apr_time_t expires)
{
    char *list = apr_pstrdup(p, auth_scope_text(p, scopes)), *space;

    while ((space = strchr(list, ' '))) {
        *space = ',';
    }
    return apr_psprintf(p, "%s:%s:%s:%s\n", name, hash, list, format_time(p, expires));
}

/* Puts `lines` in place of the line of `entry` (NULL: at the end), and takes out the
 * line of `dropped` (unless NULL). */
static int change(const job_t *job, const auth_entry_t *entry,
                  const auth_entry_t *dropped, const char *lines)
{
    return token_file_replace(job->p, job->path,
                              token_file_edit(job->p, job->file.text,
                                              entry ? entry->line : 0,
                                              dropped ? dropped->line : 0, lines));
}

/* ---- commands ---- */

/* A new token: 256 random bits, in characters that need no quoting anywhere. */
static int make_token(apr_pool_t *p, const char **token)
{
    unsigned char secret[SECRET_BYTES];
    char text[2 * SECRET_BYTES], *c;

    if (apr_generate_random_bytes(secret, sizeof secret) != APR_SUCCESS) {
        return token_complain(EXIT_FILE, "this machine gives no random numbers");
    }
    apr_base64_encode_binary(text, secret, sizeof secret);
    for (c = text; *c && *c != '='; c++) {
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    }
    *c = '\0';
    *token = apr_pstrcat(p, TOKEN_PREFIX, text, NULL);
    base_secret_clear(secret, sizeof secret);
    base_secret_clear(text, sizeof text);
    return 0;
}

static const char *hash_of(apr_pool_t *p, const char *token)
{
    return base_sha256_hex(p, token, strlen(token));
}

static int print_token(const job_t *job, const char *token, apr_time_t expires)
{
    if (puts(token) < 0 || fflush(stdout) != 0) {
        return token_complain(
            EXIT_FILE, "the token is stored but could not be printed; use 'rotate %s'",
            job->name);
    }
    fprintf(
        stderr,
        "This is the token of %s%s%s. It is shown only now: the file has its hash.\n",
        job->name, expires ? ", valid until " : "", format_time(job->p, expires));
    return 0;
}

static int cmd_add(job_t *job)
{
    unsigned scopes = AUTH_SCOPE_ALL;
    apr_time_t expires = 0;
    const char *token, *problem = NULL;
    int status;

    if (job->options[OPT_SCOPE]) {
        problem = auth_scope_parse_list(job->p, job->options[OPT_SCOPE], &scopes);
    }
    if (problem) {
        return token_complain(EXIT_USAGE, "--scope: %s", problem);
    }
    if ((status = parse_when(job, job->options[OPT_EXPIRES], &expires)) != 0) {
        return status;
    }
    if (find(job, job->name)) {
        return token_complain(EXIT_NO,
                              "'%s' has a token already; 'rotate' gives it a new one",
                              job->name);
    }
    if ((status = make_token(job->p, &token)) != 0) {
        return status;
    }
    status =
        change(job, NULL, NULL,
               line_of(job->p, job->name, hash_of(job->p, token), scopes, expires));
    return status ? status : print_token(job, token, expires);
}

/* The line of the old token, which lives on for a while. 0, or an exit status. */
static int keep_old(const job_t *job, const auth_entry_t *old, const char **line,
                    const auth_entry_t **dropped)
{
    const char *name = apr_pstrcat(job->p, job->name, OLD_SUFFIX, NULL);
    apr_interval_time_t keep;
    apr_time_t until;

    if (!parse_duration(job->p, job->options[OPT_KEEP], &keep)) {
        return token_complain(EXIT_USAGE, "--keep '%s' is no time; write 24h or 7d",
                              job->options[OPT_KEEP]);
    }
    if (!auth_name_valid(name)) {
        return token_complain(EXIT_USAGE, "'%s' is too long a name for --keep", name);
    }
    until = job->now + keep;
    if (old->identity.expires && old->identity.expires < until) {
        until = old->identity.expires;
    }
    *dropped = find(job, name);
    *line = line_of(job->p, name, old->hash, old->identity.scopes, until);
    return 0;
}

static int cmd_rotate(job_t *job)
{
    const auth_entry_t *old, *dropped = NULL;
    const char *token, *line, *kept = "";
    apr_time_t expires;
    int status = find_or_complain(job, &old);

    if (status) {
        return status;
    }
    expires = old->identity.expires;
    if (job->options[OPT_EXPIRES] &&
        (status = parse_when(job, job->options[OPT_EXPIRES], &expires)) != 0) {
        return status;
    }
    if (expires && expires <= job->now) {
        return token_complain(EXIT_USAGE,
                              "'%s' has expired; say how long the new token is to "
                              "be valid: --expires",
                              job->name);
    }
    if (job->options[OPT_KEEP] && (status = keep_old(job, old, &kept, &dropped)) != 0) {
        return status;
    }
    if ((status = make_token(job->p, &token)) != 0) {
        return status;
    }
    line = line_of(job->p, job->name, hash_of(job->p, token), old->identity.scopes,
                   expires);
    status = change(job, old, dropped, apr_pstrcat(job->p, line, kept, NULL));
    return status ? status : print_token(job, token, expires);
}

static int cmd_remove(job_t *job)
{
    const auth_entry_t *entry;
    int status = find_or_complain(job, &entry);

    return status ? status : change(job, entry, NULL, "");
}

static int is_over(const job_t *job, const auth_entry_t *entry)
{
    return entry->identity.expires && entry->identity.expires <= job->now;
}

#define ROW "%-24s %-12s %-21s %s\n"

static int cmd_list(job_t *job)
{
    int i;

    printf(ROW, "NAME", "SCOPES", "EXPIRES", "STATE");
    for (i = 0; i < job->file.entries->nelts; i++) {
        const auth_entry_t *entry = APR_ARRAY_IDX(job->file.entries, i, auth_entry_t *);

        printf(ROW, entry->identity.name,
               auth_scope_text(job->p, entry->identity.scopes),
               entry->identity.expires ? format_time(job->p, entry->identity.expires)
                                       : "never",
               is_over(job, entry) ? "expired" : "valid");
    }
    return 0;
}

static int cmd_verify(job_t *job)
{
    char token[TOKEN_MAX + 2];
    apr_size_t len = fread(token, 1, sizeof token - 1, stdin);
    const char *hash;
    int i;

    while (len && apr_isspace(token[len - 1])) {
        len--;
    }
    if (!len || len > TOKEN_MAX) {
        return token_complain(
            EXIT_USAGE, "give a token of 1 to %d bytes on standard input", TOKEN_MAX);
    }
    hash = base_sha256_hex(job->p, token, len);
    base_secret_clear(token, sizeof token);
    for (i = 0; i < job->file.entries->nelts; i++) {
        const auth_entry_t *entry = APR_ARRAY_IDX(job->file.entries, i, auth_entry_t *);

        if (base_secret_equal(entry->hash, hash, BASE_SHA256_HEX_LEN)) {
            printf("%s: %s, %s%s\n", entry->identity.name,
                   auth_scope_text(job->p, entry->identity.scopes),
                   !entry->identity.expires ? "never expires"
                   : is_over(job, entry)    ? "expired "
                                            : "valid until ",
                   format_time(job->p, entry->identity.expires));
            return is_over(job, entry) ? EXIT_NO : 0;
        }
    }
    return token_complain(EXIT_NO, "nobody has this token");
}

/* ---- the command line ---- */

static const apr_getopt_option_t options[] = {
    {"scope", FIRST_OPTION + OPT_SCOPE, 1, NULL},
    {"expires", FIRST_OPTION + OPT_EXPIRES, 1, NULL},
    {"create", FIRST_OPTION + OPT_CREATE, 0, NULL},
    {"group", FIRST_OPTION + OPT_GROUP, 1, NULL},
    {"keep", FIRST_OPTION + OPT_KEEP, 1, NULL},
    {"help", FIRST_OPTION + OPT_HELP, 0, NULL},
    {"version", FIRST_OPTION + OPT_VERSION, 0, NULL},
    {NULL, 0, 0, NULL},
};

#define BIT(option) (1u << (option))

typedef struct command_t {
    const char *name;
    int words; /* FILE, the command itself, and NAME if it needs one */
    int changes;
    unsigned options; /* that it knows */
    int (*run)(job_t *job);
} command_t;

static const command_t commands[] = {
    {"add", 3, 1, BIT(OPT_SCOPE) | BIT(OPT_EXPIRES) | BIT(OPT_CREATE) | BIT(OPT_GROUP),
     cmd_add},
    {"rotate", 3, 1, BIT(OPT_EXPIRES) | BIT(OPT_KEEP), cmd_rotate},
    {"remove", 3, 1, 0, cmd_remove},
    {"list", 2, 0, 0, cmd_list},
    {"verify", 2, 0, 0, cmd_verify},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static int see_help(const char *problem)
{
    return token_complain(EXIT_USAGE, "%s; see scim-rc-token --help", problem);
}

/* Reads options, which may stand anywhere, and moves the words to the end of argv. */
static int read_options(job_t *job, apr_getopt_t *line)
{
    const char *value;
    apr_status_t rv;
    int option;

    line->interleave = 1;
    while ((rv = apr_getopt_long(line, options, &option, &value)) == APR_SUCCESS) {
        job->options[option - FIRST_OPTION] = value ? value : "";
    }
    return rv == APR_EOF ? 0 : see_help("the command line is not understood");
}

/* The command that the words name, if everything goes with it; or NULL, and said why.
 */
static const command_t *find_command(const job_t *job, const char *const *words,
                                     int count)
{
    const command_t *command = NULL;
    apr_size_t i;

    for (i = 0; count >= 2 && i < COMMANDS; i++) {
        if (!strcmp(words[1], commands[i].name)) {
            command = &commands[i];
        }
    }
    if (!command || command->words != count) {
        see_help(!command ? "say FILE and one of add, rotate, remove, list, verify"
                 : command->words == 3 ? "say FILE, the command and one NAME"
                                       : "say FILE and the command, and no more");
        return NULL;
    }
    for (i = 0; i < OPTIONS; i++) {
        if (job->options[i] && !(command->options & BIT(i))) {
            see_help(apr_psprintf(job->p, "--%s does not go with '%s'", options[i].name,
                                  command->name));
            return NULL;
        }
    }
    return command;
}

static int open_file(job_t *job, const command_t *command)
{
    const char *problem;
    int status = 0;

    if (job->options[OPT_GROUP] && !job->options[OPT_CREATE]) {
        return see_help("--group goes with --create");
    }
    if (job->options[OPT_CREATE]) {
        status = token_file_create(job->p, job->path, job->options[OPT_GROUP]);
    }
    if (status) {
        return status;
    }
    job->path = token_file_resolve(job->p, job->path);
    if (!job->path) {
        return EXIT_FILE;
    }
    if (command->changes && (status = token_file_lock(job->p, job->path)) != 0) {
        return status;
    }
    problem = auth_file_load(job->p, job->path, &job->file);
    return problem ? token_complain(EXIT_FILE, "%s", problem) : 0;
}

static int run(job_t *job, int argc, const char *const *argv)
{
    const command_t *command;
    apr_getopt_t *line;
    int status;

    apr_getopt_init(&line, job->p, argc, argv);
    status = read_options(job, line);
    if (status) {
        return status;
    }
    if (job->options[OPT_HELP] || job->options[OPT_VERSION]) {
        fputs(job->options[OPT_HELP] ? usage : "scim-rc-token " SCIMRC_VERSION "\n",
              stdout);
        return 0;
    }
    command = find_command(job, line->argv + line->ind, argc - line->ind);
    if (!command) {
        return EXIT_USAGE;
    }
    job->path = line->argv[line->ind];
    job->name = command->words == 3 ? line->argv[line->ind + 2] : NULL;
    if (job->name && !auth_name_valid(job->name)) {
        return token_complain(EXIT_USAGE,
                              "the name '%s' is not 1 to 64 of A-Z a-z 0-9 . _ @ -",
                              job->name);
    }
    status = open_file(job, command);
    return status ? status : command->run(job);
}

int main(int argc, const char *const *argv)
{
    job_t job;
    int status;

    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS) {
        return EXIT_FILE;
    }
    memset(&job, 0, sizeof job);
    apr_pool_create(&job.p, NULL);
    job.now = apr_time_now();
    status = run(&job, argc, argv);
    apr_terminate();
    return status;
}
