#include "gw_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "base_json.h"
#include "base_str.h"
#include "scim_patch.h"
#include "scim_resource.h"

#define BASE_URL "https://base"
#define START APR_TIME_C(1795248000000000) /* 2026-11-21T08:00:00Z */

/* ---- the outside world ---- */

static apr_time_t now(void *ctx)
{
    world_t *w = ctx;
    apr_time_t t;

    apr_thread_mutex_lock(w->mutex);
    t = w->now;
    apr_thread_mutex_unlock(w->mutex);
    return t;
}

static apr_status_t pass(void *ctx, apr_interval_time_t t)
{
    world_t *w = ctx;

    apr_thread_mutex_lock(w->mutex);
    w->now += t;
    apr_thread_mutex_unlock(w->mutex);
    usleep(t > 10 ? 10 : 0); /* other threads want to get on */
    return w->stopping ? APR_EINTR : APR_SUCCESS;
}

static void write_log(void *ctx, base_log_level_t level, apr_status_t rv,
                      const char *line)
{
    world_t *w = ctx;

    apr_thread_mutex_lock(w->mutex);
    APR_ARRAY_PUSH(w->log, const char *) = apr_pstrdup(w->log->pool, line);
    apr_thread_mutex_unlock(w->mutex);
}

static apr_status_t lock(void *ctx)
{
    return apr_thread_mutex_lock(ctx);
}

static void unlock(void *ctx)
{
    apr_thread_mutex_unlock(ctx);
}

/* ---- the state folder ---- */

static void remove_folder(apr_pool_t *p, const char *path)
{
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, path, p) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        const char *name = apr_pstrcat(p, path, "/", info.name, NULL);

        if (info.filetype == APR_REG) {
            apr_file_remove(name, p);
        }
        else if (strcmp(info.name, ".") != 0 && strcmp(info.name, "..") != 0) {
            remove_folder(p, name);
        }
    }
    apr_dir_close(dir);
    apr_dir_remove(path, p);
}

static apr_status_t clean_up(void *data)
{
    world_t *w = data;

    if (w->account_pool) {
        apr_pool_destroy(w->account_pool);
    }
    remove_folder(w->p, w->folder);
    free(w->shared.memory);
    return APR_SUCCESS;
}

static const char *make_folder(apr_pool_t *p)
{
    const char *temp;
    char *folder;

    apr_temp_dir_get(&temp, p);
    folder = apr_pstrcat(p, temp, "/gw_test.XXXXXX", NULL);
    return mkdtemp(folder);
}

static void set_conf(gw_account_conf_t *conf, const char *folder)
{
    static const gw_credential_t credentials[] = {
        {"main", "client", "hush-client", "hush.jwt"}};

    conf->name = "test";
    conf->platform = "https://platform.example";
    conf->credentials = credentials;
    conf->n_credentials = 1;
    conf->max_waiting = 500;
    conf->state_dir = folder;
    conf->user_agent = "test";
    conf->timeout = apr_time_from_sec(5);
    conf->max_answer = 1024 * 1024;
    conf->background_percent = 100; /* and all limits 0: the quota has its own tests */
    conf->refresh = apr_time_from_sec(900);
    conf->max_age = apr_time_from_sec(60);
}

/* For what allocates under a lock of its own. */
static apr_pool_t *sub_pool(apr_pool_t *p)
{
    apr_pool_t *sub;

    apr_pool_create(&sub, p);
    return sub;
}

world_t *world_make(apr_pool_t *p)
{
    world_t *w = apr_pcalloc(p, sizeof *w);

    w->p = p;
    w->now = START;
    w->env.ctx = w;
    w->env.now = now;
    w->env.sleep = pass;
    w->env.log = write_log;
    w->log = apr_array_make(sub_pool(p), 16, sizeof(const char *));
    apr_thread_mutex_create(&w->mutex, APR_THREAD_MUTEX_DEFAULT, p);
    w->rc = fake_rc_create(sub_pool(p), &w->env);
    w->folder = make_folder(p);
    set_conf(&w->conf, w->folder);
    w->policy.patience = apr_time_from_sec(10);
    w->shared.memory = malloc(gw_shared_size());
    apr_thread_mutex_create((apr_thread_mutex_t **)&w->shared.ctx,
                            APR_THREAD_MUTEX_DEFAULT, p);
    w->shared.lock = lock;
    w->shared.unlock = unlock;
    gw_shared_init(w->shared.memory, p, &w->conf);
    apr_pool_pre_cleanup_register(p, w, clean_up);
    return w;
}

void world_open(world_t *w)
{
    apr_pool_create(&w->account_pool, NULL);
    if (gw_account_open_with(&w->account, w->account_pool, &w->conf, &w->shared,
                             &w->rc->transport, &w->env) != APR_SUCCESS) {
        abort();
    }
}

void world_fill(world_t *w)
{
    world_open(w);
    world_work(w);
    fake_rc_forget(w->rc);
}

void world_restart(world_t *w)
{
    apr_pool_destroy(w->account_pool);
    world_open(w);
}

void world_rebuild(world_t *w)
{
    apr_pool_destroy(w->account_pool);
    remove_folder(w->p, apr_pstrcat(w->p, w->folder, "/copy", NULL));
    world_fill(w);
}

void world_work(world_t *w)
{
    apr_pool_t *p;

    apr_pool_create(&p, w->p);
    gw_account_work(w->account, p, &w->env);
    apr_pool_destroy(p);
}

gw_board_t *world_board(world_t *w)
{
    gw_shared_t *shared = w->shared.memory;
    gw_board_t *board;

    if (gw_board_open(&board, w->account_pool, &w->shared, &shared->board,
                      w->account->lock_file) != APR_SUCCESS) {
        abort();
    }
    return board;
}

void world_refresh(world_t *w)
{
    w->now += w->conf.refresh;
    world_work(w);
}

void world_pass(world_t *w, int seconds)
{
    w->now += apr_time_from_sec(seconds);
}

int world_says(const world_t *w, const char *text)
{
    int i;

    for (i = 0; i < w->log->nelts; i++) {
        if (strstr(APR_ARRAY_IDX(w->log, i, const char *), text)) {
            return 1;
        }
    }
    return 0;
}

int world_logged(const world_t *w, const char *tag)
{
    return world_says(w, apr_pstrcat(w->p, tag, ": ", NULL));
}

/* ---- what a client asks ---- */

gw_session_t world_session(world_t *w)
{
    gw_session_t session = {w->account, &w->policy, &w->env,
                            now(w) + w->policy.patience};

    return session;
}

/* The life of one request. */
static apr_pool_t *begin(world_t *w)
{
    apr_pool_t *r;

    apr_pool_create(&r, w->p);
    return r;
}

/* The record as the protocol would send it, parsed. */
static json_t *parse_record(world_t *w, const scim_record_t *record, const char **text)
{
    *text = apr_pstrcat(
        w->p, apr_pstrndup(w->p, record->text, record->mark), BASE_URL,
        apr_pstrndup(w->p, record->text + record->mark, record->len - record->mark),
        NULL);
    return base_json_parse(w->p, *text, strlen(*text), 64, BASE_JSON_UNIQUE, NULL);
}

/* What is kept of the request, which ends here. */
static answer_t *end(world_t *w, apr_pool_t *r, int status, const scim_error_t *error,
                     const scim_record_t *record)
{
    answer_t *a = apr_pcalloc(w->p, sizeof *a);

    a->status = status;
    if (error) {
        a->status = error->status;
        a->type = scim_error_type_name(error->type);
        a->detail = apr_pstrdup(w->p, error->detail);
        a->retry_after = error->retry_after;
    }
    else if (record) {
        a->user = parse_record(w, record, &a->text);
        a->id = base_json_string(a->user, "id");
    }
    apr_pool_destroy(r);
    return a;
}

answer_t *world_create(world_t *w, const char *user)
{
    apr_pool_t *r = begin(w);
    gw_session_t session = world_session(w);
    const char *id = NULL;
    scim_record_t record;
    json_t *resource;
    const scim_error_t *error = scim_resource_read(
        r, &scim_type_user, fake_json(r, user), SCIM_TOLERATE_ALL, &resource);

    if (!error) {
        error = scim_resource_finish(r, &scim_type_user, resource);
    }
    if (!error) {
        error = gw_user_backend.create(&session, r, resource, &record, &id);
    }
    return end(w, r, 201, error, &record);
}

answer_t *world_get(world_t *w, const char *id)
{
    apr_pool_t *r = begin(w);
    gw_session_t session = world_session(w);
    scim_record_t record;
    const scim_error_t *error = gw_user_backend.get(&session, r, id, &record);

    return end(w, r, 200, error, &record);
}

typedef struct change_t {
    const json_t *put, *patch;
} change_t;

static const scim_error_t *change(void *baton, apr_pool_t *p, const scim_current_t *now,
                                  json_t **desired)
{
    const json_t *current = now->resource;
    const change_t *c = baton;
    const scim_type_t *type = &scim_type_user;
    const scim_error_t *error;
    json_t *body;

    if (c->patch) {
        error =
            scim_patch_apply(p, type, current, c->patch, SCIM_TOLERATE_ALL, desired);
    }
    else {
        error = scim_resource_read(p, type, c->put, SCIM_TOLERATE_ALL, &body);
        if (!error) {
            error = scim_resource_replace(p, type, current, body, desired);
        }
    }
    return error ? error : scim_resource_settle(p, type, current, *desired);
}

static answer_t *update(world_t *w, apr_pool_t *r, const char *id, change_t *c)
{
    gw_session_t session = world_session(w);
    scim_record_t record;
    const scim_error_t *error =
        gw_user_backend.update(&session, r, id, change, c, &record);

    return end(w, r, 200, error, &record);
}

answer_t *world_put(world_t *w, const char *id, const char *user)
{
    apr_pool_t *r = begin(w);
    change_t c = {fake_json(r, user), NULL};

    return update(w, r, id, &c);
}

static json_t *patch_op(apr_pool_t *p, const char *operations)
{
    return fake_json(
        p, apr_pstrcat(p,
                       "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],"
                       "'Operations':",
                       operations, "}", NULL));
}

answer_t *world_patch(world_t *w, const char *id, const char *operations)
{
    apr_pool_t *r = begin(w);
    change_t c = {NULL, patch_op(r, operations)};

    return update(w, r, id, &c);
}

const scim_error_t *world_patch_in(gw_session_t *session, apr_pool_t *p, const char *id,
                                   const char *operations)
{
    change_t c = {NULL, patch_op(p, operations)};
    scim_record_t record;

    return gw_user_backend.update(session, p, id, change, &c, &record);
}

answer_t *world_set(world_t *w, const char *id, const char *path, const char *value)
{
    return world_patch(w, id,
                       apr_psprintf(w->p, "[{'op':'%s','path':'%s'%s%s}]",
                                    value ? "replace" : "remove", path,
                                    value ? ",'value':" : "", value ? value : ""));
}

answer_t *world_delete(world_t *w, const char *id)
{
    apr_pool_t *r = begin(w);
    gw_session_t session = world_session(w);
    const scim_error_t *error = gw_user_backend.remove(&session, r, id, NULL, NULL);

    return end(w, r, 204, error, NULL);
}

static void keep_page(world_t *w, answer_t *a, const scim_page_t *page)
{
    int i;

    a->total = page->total;
    a->users = base_json_own(w->p, json_array());
    for (i = 0; i < page->records->nelts; i++) {
        json_t *user =
            parse_record(w, &APR_ARRAY_IDX(page->records, i, scim_record_t), &a->text);

        json_array_append(a->users, user);
    }
    a->user = json_array_get(a->users, 0);
    a->id = base_json_string(a->user, "id");
}

answer_t *world_query(world_t *w, const char *filter, int start_index, int count)
{
    return world_sorted(w, NULL, filter, start_index, count);
}

answer_t *world_sorted(world_t *w, const char *by, const char *filter, int start_index,
                       int count)
{
    const int descends = by && *by == '-';
    apr_pool_t *r = begin(w);
    gw_session_t session = world_session(w);
    scim_query_t query = {.start_index = start_index, .count = count};
    const scim_error_t *error = NULL;
    scim_page_t page = {0, NULL, NULL, 0};
    answer_t kept, *a;

    memset(&kept, 0, sizeof kept);
    if (filter) {
        error = scim_filter_parse(r, &scim_type_user, filter, SCIM_TOLERATE_ALL,
                                  &query.filter);
    }
    if (!error && by) {
        error = scim_sort_parse(r, &scim_type_user, by + descends,
                                descends ? "descending" : NULL, 0, &query.sort);
    }
    if (!error) {
        error = gw_user_backend.query(&session, r, &query, &page);
    }
    if (!error) {
        keep_page(w, &kept, &page);
    }
    a = end(w, r, 200, error, NULL);
    if (a->status == 200) {
        *a = kept;
        a->status = 200;
    }
    return a;
}

answer_t *world_find(world_t *w, const char *user_name)
{
    return world_query(w, apr_psprintf(w->p, "userName eq \"%s\"", user_name), 1, 100);
}

const char *at(world_t *w, const json_t *json, const char *path)
{
    char *copy = apr_pstrdup(w->p, path), *next, *step;

    for (step = apr_strtok(copy, "/", &next); step;
         step = apr_strtok(NULL, "/", &next)) {
        apr_int64_t i;

        json = json_is_array(json) && base_str_to_int(step, 0, APR_INT32_MAX, &i)
                   ? json_array_get(json, (size_t)i)
                   : json_object_get(json, step);
    }
    if (json_is_boolean(json)) {
        return json_is_true(json) ? "true" : "false";
    }
    return json_is_integer(json)
               ? apr_psprintf(w->p, "%" JSON_INTEGER_FORMAT, json_integer_value(json))
               : json_string_value(json);
}

const char *id_text(world_t *w, apr_uint64_t id)
{
    return gw_id_text(w->p, id);
}

apr_uint64_t id_of(const answer_t *a)
{
    return gw_id_parse(a->id);
}

void world_fault(world_t *w, const char *op, fake_rc_what_t what, int status,
                 const char *body)
{
    const fake_rc_fault_t f = {op, 0, what, status, body};

    fake_rc_fail(w->rc, &f);
}

const world_trouble_t *world_trouble(world_t *w, const char *op, int i)
{
    static const world_trouble_t troubles[WORLD_TROUBLES] = {
        {FAKE_LOST, 0, "", "a lost answer"},
        {FAKE_DROPPED, 0, "", "a lost request"},
        {FAKE_ANSWER, 403, "CMN-401", "no permission"},
        {FAKE_ANSWER, 400, "CMN-101", "a refusal as a whole"}};
    const world_trouble_t *t = &troubles[i];

    world_fault(w, op, t->what, t->status, fake_rc_error(w->p, t->code, "no", NULL));
    return t;
}

const char *there(world_t *w, const char *id, const char *path)
{
    return at(w, fake_rc_extension(w->rc, gw_id_parse(id)), path);
}

const char *sent(world_t *w, const char *op, const char *path)
{
    return at(w, fake_rc_sent(w->rc, op), path);
}
