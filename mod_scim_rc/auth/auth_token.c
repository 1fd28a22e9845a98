#include "auth_token.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "auth_file.h"
#include "base_str.h"

#define LOOK_EVERY apr_time_from_sec(1)
#define TOKEN_MAX 4096

struct auth_tokens_t {
    const char *path;
    apr_thread_mutex_t *lock; /* of what follows */
    apr_time_t looked;
    int unreadable;    /* when last looked at */
    apr_finfo_t seen;  /* the file that was read last, valid or not */
    auth_file_t *file; /* the valid one that counts; NULL: nobody is let in */
    apr_pool_t *pool;  /* of `file` */
};

const char *auth_tokens_check(apr_pool_t *p, const char *path)
{
    auth_file_t file;

    return auth_file_load(p, path, &file);
}

static apr_status_t forget(void *data)
{
    auth_tokens_t *tokens = data;

    if (tokens->file) {
        apr_pool_destroy(tokens->pool);
        tokens->file = NULL;
    }
    return APR_SUCCESS;
}

auth_tokens_t *auth_tokens_create(apr_pool_t *p, const char *path)
{
    auth_tokens_t *tokens = apr_pcalloc(p, sizeof *tokens);

    tokens->path = apr_pstrdup(p, path);
    apr_thread_mutex_create(&tokens->lock, APR_THREAD_MUTEX_DEFAULT, p);
    apr_pool_cleanup_register(p, tokens, forget, apr_pool_cleanup_null);
    return tokens;
}

static int same_file(const apr_finfo_t *a, const apr_finfo_t *b)
{
    return a->mtime == b->mtime && a->ctime == b->ctime && a->size == b->size &&
           a->inode == b->inode && a->device == b->device;
}

/* Logs why a file is not used; once while it cannot be read. */
static void complain(const auth_tokens_t *tokens, int was_unreadable, apr_status_t rv,
                     const char *problem, const base_env_t *env)
{
    if (tokens->file) {
        base_log(env, BASE_LOG_ERROR, APR_SUCCESS,
                 "SCIMRC0401: the token file was changed and is not valid any more, "
                 "what it said before goes on: %s",
                 problem);
    }
    else if (!rv || !was_unreadable) {
        base_log(env, BASE_LOG_ERROR, rv, "SCIMRC0400: nobody is let in by a token: %s",
                 problem);
    }
}

static void load(auth_tokens_t *tokens, const base_env_t *env)
{
    const int was_unreadable = tokens->unreadable;
    apr_pool_t *pool;
    auth_file_t *file;
    const char *problem;

    apr_pool_create(&pool, NULL);
    apr_pool_tag(pool, "auth_tokens");
    file = apr_palloc(pool, sizeof *file);
    problem = auth_file_load(pool, tokens->path, file);
    tokens->unreadable = file->unreadable != APR_SUCCESS;
    tokens->seen = file->info;
    if (!problem || tokens->unreadable) {
        forget(tokens);
    }
    if (problem) {
        complain(tokens, was_unreadable, file->unreadable, problem, env);
        apr_pool_destroy(pool);
        return;
    }
    tokens->file = file;
    tokens->pool = pool;
    base_log(env, BASE_LOG_INFO, APR_SUCCESS, "SCIMRC0402: read %d tokens from '%s'",
             file->entries->nelts, tokens->path);
}

/* Reads the file when it has changed. */
static void look(auth_tokens_t *tokens, apr_pool_t *p, const base_env_t *env)
{
    const apr_time_t now = base_now(env);
    apr_finfo_t info;

    if (tokens->looked && now >= tokens->looked && now < tokens->looked + LOOK_EVERY) {
        return;
    }
    tokens->looked = now;
    memset(&info, 0, sizeof info);
    if (tokens->unreadable || apr_stat(&info, tokens->path, APR_FINFO_NORM, p) != 0 ||
        !same_file(&info, &tokens->seen)) {
        load(tokens, env);
    }
}

/* The entry of a token, or NULL. It takes as long whichever it is. */
static const auth_entry_t *find(const auth_file_t *file, const char *hash)
{
    const auth_entry_t *found = NULL;
    int i;

    for (i = 0; i < file->entries->nelts; i++) {
        const auth_entry_t *entry = APR_ARRAY_IDX(file->entries, i, auth_entry_t *);

        if (base_secret_equal(entry->hash, hash, BASE_SHA256_HEX_LEN)) {
            found = entry;
        }
    }
    return found;
}

auth_verdict_t auth_tokens_verify(auth_tokens_t *tokens, apr_pool_t *p,
                                  const char *token, const base_env_t *env,
                                  auth_identity_t *identity)
{
    const apr_size_t len = token ? strnlen(token, TOKEN_MAX + 1) : 0;
    const char *hash = base_sha256_hex(p, token, len);
    const auth_entry_t *entry = NULL;
    auth_verdict_t verdict = AUTH_BROKEN;

    apr_thread_mutex_lock(tokens->lock);
    look(tokens, p, env);
    if (tokens->file) {
        entry = len && len <= TOKEN_MAX ? find(tokens->file, hash) : NULL;
        verdict = AUTH_UNKNOWN;
    }
    if (entry) {
        *identity = entry->identity;
        identity->name = apr_pstrdup(p, entry->identity.name);
        verdict = entry->identity.expires && entry->identity.expires <= base_now(env)
                      ? AUTH_EXPIRED
                      : AUTH_OK;
    }
    apr_thread_mutex_unlock(tokens->lock);
    return verdict;
}
